//! Where the API is.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

/// Where the API is: `https://api.github.com`, `https://HOST/api/v3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api(Url);

/// An address that no token is sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It is no URL, or more than the URL of a place.
    #[error("the API's address has to be like `https://api.github.com`")]
    Form,
    /// Anybody on the way could read the token, and answer.
    #[error("the API has to be asked by https, unless it is on this machine")]
    Plain,
}

impl Api {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none, or a token is not safe on the way there.
    pub fn new(address: &str) -> Result<Self, BadAddress> {
        let url = Url::parse(address.trim_end_matches('/')).map_err(|_| BadAddress::Form)?;
        let bare = url.username().is_empty() && url.password().is_none();
        if !bare || url.query().is_some() || url.fragment().is_some() || !url.has_host() {
            return Err(BadAddress::Form);
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_here(&url) => Ok(Self(url)),
            "http" => Err(BadAddress::Plain),
            _ => Err(BadAddress::Form),
        }
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_here(&self) -> bool {
        is_here(&self.0)
    }

    /// Whether it is on this machine, and asked without TLS.
    pub(crate) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// The address of `parts` in it.
    pub(crate) fn at(&self, parts: &[&str]) -> Url {
        let mut url = self.0.clone();
        // It has a host, so that it has a path.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    /// Whether `url` is of the same server: scheme, host and port (RFC 6454, section 4).
    pub(crate) fn has(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Whether its host is this machine (RFC 6761, section 6.3 for the name).
fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_by_https_or_stays_here() {
        let shown = |address| Api::new(address).map(|api| api.to_string());
        for good in [
            "https://api.github.com",
            "https://ghe.example.org:8443/api/v3",
            "http://127.0.0.1:8080",
            "http://[::1]:8080/api/v3",
            "http://localhost",
        ] {
            assert_eq!(shown(good).as_deref(), Ok(good));
        }
        assert_eq!(shown("https://api.github.com/").as_deref(), Ok("https://api.github.com"));
        for plain in ["http://api.github.com", "http://10.0.0.1", "http://127.0.0.1.evil.example"] {
            assert_eq!(shown(plain), Err(BadAddress::Plain), "{plain}");
        }
        for other in [
            "",
            "api.github.com",
            "ftp://api.github.com",
            "https://user@api.github.com",
            "https://:secret@api.github.com",
            "https://api.github.com/?x=y",
            "https://api.github.com/#x",
            "unix:/run/api",
        ] {
            assert_eq!(shown(other), Err(BadAddress::Form), "{other}");
        }
    }

    #[test]
    fn parts_are_parts_whatever_is_in_them() {
        let api = Api::new("https://ghe.example.org/api/v3").unwrap();
        let at = |parts: &[&str]| api.at(parts).to_string();
        assert_eq!(at(&["repos", "a", "b"]), "https://ghe.example.org/api/v3/repos/a/b");
        assert_eq!(at(&["a/b?c#d"]), "https://ghe.example.org/api/v3/a%2Fb%3Fc%23d");
        let api = Api::new("https://api.github.com").unwrap();
        assert_eq!(api.at(&["repos"]).as_str(), "https://api.github.com/repos");
    }

    #[test]
    fn a_server_is_scheme_host_and_port() {
        let api = Api::new("https://api.github.com").unwrap();
        let has = |url: &str| api.has(&url.parse().unwrap());
        assert!(has("https://api.github.com/x") && has("https://API.GitHub.com:443/"));
        for other in [
            "http://api.github.com/",
            "https://api.github.com:444/",
            "https://github.com/",
            "https://api.github.com@evil.example/",
        ] {
            assert!(!has(other), "{other}");
        }
    }
}
