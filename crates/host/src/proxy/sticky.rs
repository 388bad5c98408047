//! The cookie that keeps a client on the version it first got.

use http::header::{COOKIE, HeaderMap, HeaderValue};

use crate::protocol::VersionId;

/// A cookie by name; its value is a version's id.
#[derive(Debug)]
pub(crate) struct Sticky {
    name: String,
}

impl Sticky {
    /// `None` if `name` is not a token (RFC 6265 §4.1.1, RFC 9110 §5.6.2).
    pub(crate) fn new(name: &str) -> Option<Self> {
        let token = !name.is_empty() && name.bytes().all(is_token);
        token.then(|| Self { name: name.to_owned() })
    }

    /// The values that the client sent, in order.
    pub(crate) fn values<'h>(&'h self, headers: &'h HeaderMap) -> impl Iterator<Item = &'h str> {
        let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';'));
        pairs.filter_map(|pair| pair.trim().strip_prefix(&*self.name)?.strip_prefix('='))
    }

    /// What sets it; `None` if the version's id does not fit into a cookie.
    pub(crate) fn set(&self, version: &VersionId) -> Option<HeaderValue> {
        let fits = version.0.bytes().all(|b| b.is_ascii_graphic() && !b"\",;\\".contains(&b));
        let line = format!("{}={}; Path=/; HttpOnly; SameSite=Lax", self.name, version.0);
        HeaderValue::try_from(line).ok().filter(|_| fits)
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_its_cookie_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; va=no; v=one;v=two"));
        headers.append(COOKIE, HeaderValue::from_static("v=three"));
        let sticky = Sticky::new("v").unwrap();
        assert_eq!(sticky.values(&headers).collect::<Vec<_>>(), ["one", "two", "three"]);
    }

    #[test]
    fn sets_what_a_browser_keeps_to_itself() {
        let line = Sticky::new("v").unwrap().set(&VersionId("prod.7".into())).unwrap();
        assert_eq!(line, "v=prod.7; Path=/; HttpOnly; SameSite=Lax");
        assert!(Sticky::new("v").unwrap().set(&VersionId("a;b".into())).is_none());
    }

    #[test]
    fn a_name_is_a_token() {
        assert!(Sticky::new("").is_none());
        assert!(Sticky::new("a b").is_none());
        assert!(Sticky::new("a=b").is_none());
    }
}
