//! What the address of `origin` says: the server, the owner and the name.
//!
//! Source: git-clone(1), "GIT URLS".

/// A repository elsewhere, as an address names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// `https://HOST`, where people see it; nothing if it is a folder.
    pub server: Option<String>,
    /// The last part but one.
    pub owner: String,
    /// The last part, without `.git`.
    pub name: String,
}

impl Remote {
    /// Reads an address such as `https://example.org/owner/name.git` or
    /// `git@example.org:owner/name`; nothing if it has no two parts.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let path = url.trim_end_matches('/').trim_end_matches(".git");
        let mut parts = path.rsplit(['/', ':']);
        let (name, owner) = (parts.next()?, parts.next()?);
        let fit = |text: &str| !text.is_empty() && !text.contains('@');
        (fit(name) && fit(owner)).then(|| Self {
            server: server(url),
            owner: owner.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// Where people see what git finds at `url`. What is reached by SSH has its pages on the usual port.
fn server(url: &str) -> Option<String> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest.split('/').next()?),
        // `[user@]host:path`, if no slash is before the colon.
        None => (
            "ssh".to_owned(),
            url.split_once(':').map(|(host, _)| host).filter(|h| !h.contains('/'))?,
        ),
    };
    // What may stand before it is nobody's business.
    let authority = rest.rsplit('@').next()?.to_ascii_lowercase();
    let (scheme, authority) = match scheme.as_str() {
        "https" => ("https", authority.strip_suffix(":443").unwrap_or(&authority)),
        "http" => ("http", authority.strip_suffix(":80").unwrap_or(&authority)),
        "ssh" | "git+ssh" | "ssh+git" | "git" => ("https", without_port(&authority)),
        _ => return None,
    };
    let host = match authority {
        // GitHub's "Using SSH over the HTTPS port".
        "ssh.github.com" | "www.github.com" => "github.com",
        host => host,
    };
    let fit = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
    (!host.is_empty() && host.chars().all(fit)).then(|| format!("{scheme}://{host}"))
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_owner_and_name_come_from_the_address() {
        let shop = |server: Option<&str>| {
            let (owner, name) = ("acme".to_owned(), "shop".to_owned());
            Some(Remote { server: server.map(str::to_owned), owner, name })
        };
        for (url, server) in [
            ("https://example.org/acme/shop.git", "https://example.org"),
            ("https://ann:secret@Example.org:8443/acme/shop/", "https://example.org:8443"),
            ("http://127.0.0.1:80/acme/shop", "http://127.0.0.1"),
            ("HTTPS://github.com:443/acme/shop", "https://github.com"),
            ("git@example.org:acme/shop", "https://example.org"),
            ("example.org:acme/shop.git", "https://example.org"),
            ("ssh://git@example.org:2222/acme/shop.git", "https://example.org"),
            ("ssh://git@ssh.github.com:443/acme/shop.git", "https://github.com"),
            ("git://example.org/acme/shop.git", "https://example.org"),
        ] {
            assert_eq!(Remote::parse(url), shop(Some(server)), "{url}");
        }
        for folder in ["/srv/acme/shop.git", "file:///srv/acme/shop.git", "../acme/shop"] {
            assert_eq!(Remote::parse(folder), shop(None), "{folder}");
        }
        assert_eq!(Remote::parse("shop"), None);
        assert_eq!(Remote::parse("https://a b/acme/shop"), shop(None));
        assert_eq!(
            Remote::parse("https://evil\\@github.com/acme/shop").unwrap().server,
            shop(Some("https://github.com")).unwrap().server
        );
    }
}
