//! What a report begins with: enough to recognise its format by.

use super::no_evidence::Fault;
use super::outline::Outline;
use super::source::Source;
use super::xml::{Element, Xml};

/// What a report begins with.
pub(super) enum Beginning {
    /// The root of an XML document.
    Xml(Element),
    /// What stands where in a JSON document.
    Json(Outline),
    /// Lines of text, the last of which may be cut.
    Text(String),
}

impl Beginning {
    /// Of these bytes.
    pub(super) fn of(mut bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(Fault::malformed("it is UTF-16: write it in UTF-8"));
        }
        match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None => Err(Fault::empty("nothing stands in it")),
            Some(b'<') => Xml::new(&mut Source::new(&mut bytes)?).root().map(Self::Xml),
            Some(b'{' | b'[') => Ok(Self::Json(Outline::of(bytes))),
            Some(_) => Ok(Self::Text(String::from_utf8_lossy(bytes).into_owned())),
        }
    }

    /// The root, if it is XML and the root has this name.
    pub(super) fn root(&self, name: &str) -> Option<&Element> {
        match self {
            Self::Xml(root) if root.name() == name => Some(root),
            _ => None,
        }
    }

    /// The outline, if it is JSON.
    pub(super) const fn json(&self) -> Option<&Outline> {
        match self {
            Self::Json(outline) => Some(outline),
            _ => None,
        }
    }

    /// Whether it is JSON that has something at all of these paths ([`Outline::has`]).
    pub(super) fn has(&self, paths: &[&str]) -> bool {
        self.json().is_some_and(|outline| paths.iter().all(|path| outline.has(path)))
    }

    /// The lines with something in them, if it is text.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        let text = match self {
            Self::Text(text) => text.as_str(),
            _ => "",
        };
        text.lines().map(str::trim).filter(|line| !line.is_empty())
    }
}
