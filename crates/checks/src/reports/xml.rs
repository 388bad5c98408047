//! XML as reports need it: elements and text, streamed. DTDs, entities and deep nesting are
//! refused: a report has no use for them, and an attack has (XML 1.0, fifth edition).

use std::str::FromStr;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use super::no_evidence::Fault;
use super::source::Source;
use crate::finding::Pos;

/// How deep elements are in each other.
const DEEPEST: usize = 100;
/// Document types of formats that have one. Nothing is fetched: they are passed over.
const DOCUMENT_TYPES: &[&str] =
    &["-//JACOCO//DTD Report", "cobertura.sourceforge.net/xml/coverage"];

/// A document that is read from its beginning to its end.
pub(super) struct Xml<'x, 's> {
    reader: quick_xml::Reader<&'x mut Source<'s>>,
    buffer: Vec<u8>,
    depth: usize,
    /// Whether the root has been closed.
    done: bool,
}

/// What comes next in a document.
#[derive(Debug)]
pub(super) enum Node {
    /// An element begins.
    Open(Element),
    /// An element of this name, without a prefix, ends.
    Close(String),
    /// Text, with references resolved. It may come in several pieces.
    Text(String),
}

impl<'x, 's> Xml<'x, 's> {
    pub(super) fn new(source: &'x mut Source<'s>) -> Self {
        let mut reader = quick_xml::Reader::from_reader(source);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), depth: 0, done: false }
    }

    /// Where the reader stands.
    pub(super) fn pos(&self) -> Pos {
        self.reader.get_ref().pos()
    }

    /// What comes next; nothing behind the root. A document that ends before its root does is
    /// malformed.
    pub(super) fn next(&mut self) -> Result<Option<Node>, Fault> {
        loop {
            self.buffer.clear();
            let read = self.reader.read_event_into(&mut self.buffer).map(Event::into_owned);
            let at = self.pos();
            let event = match read {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) => {
                    return Err(self.reader.get_ref().failed(&error));
                }
                Err(error) => return Err(broken(&error).at(at)),
            };
            if matches!(event, Event::Eof) && self.done {
                return Ok(None);
            }
            if let Some(node) = self.node(event, at).map_err(|fault| fault.at(at))? {
                return Ok(Some(node));
            }
        }
    }

    /// The element that comes next: the root of a document that begins.
    pub(super) fn root(&mut self) -> Result<Element, Fault> {
        loop {
            match self.next()? {
                Some(Node::Open(element)) => return Ok(element),
                Some(_) => {}
                None => return Err(Fault::empty("there is no element in it")),
            }
        }
    }

    fn node(&mut self, event: Event<'static>, at: Pos) -> Result<Option<Node>, Fault> {
        Ok(match event {
            Event::Eof => return Err(Fault::malformed("it ends in the middle")),
            Event::Comment(_) | Event::PI(_) => None,
            Event::Decl(declaration) => {
                encoding(&declaration)?;
                None
            }
            Event::DocType(dtd) => {
                document_type(&dtd)?;
                None
            }
            Event::Start(tag) | Event::Empty(tag) => {
                if self.done {
                    return Err(Fault::malformed("a second root begins"));
                }
                self.depth += 1;
                if self.depth > DEEPEST {
                    let what = format!("elements are in each other more than {DEEPEST} deep");
                    return Err(Fault::hostile(what));
                }
                Some(Node::Open(Element { name: text(tag.local_name().as_ref())?, tag, at }))
            }
            Event::End(tag) => {
                self.depth = self.depth.saturating_sub(1);
                self.done = self.depth == 0;
                Some(Node::Close(text(tag.local_name().as_ref())?))
            }
            Event::Text(text) => {
                self.inside(text.xml10_content().map_err(not_utf8)?.into_owned())?
            }
            Event::CData(text) => {
                self.inside(text.xml10_content().map_err(not_utf8)?.into_owned())?
            }
            Event::GeneralRef(reference) => self.inside(resolved(&reference)?.to_string())?,
        })
    }

    /// Between the root and what stands around it is nothing.
    fn inside(&self, text: String) -> Result<Option<Node>, Fault> {
        match self.depth {
            0 if text.trim().is_empty() => Ok(None),
            0 => Err(Fault::malformed("text stands outside of the root element")),
            _ => Ok(Some(Node::Text(text))),
        }
    }
}

/// The beginning of an element.
#[derive(Clone, Debug)]
pub(super) struct Element {
    name: String,
    tag: BytesStart<'static>,
    /// Where its beginning ends.
    at: Pos,
}

impl Element {
    /// Its name, without a prefix.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// An attribute by its name, as it is written with its prefix; nothing if it has none.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        let mut found = None;
        for attribute in self.tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| self.wrong(error.to_string()))?;
            if attribute.key.as_ref() != name.as_bytes() {
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|error| broken(&error).at(self.at))?.into_owned();
            if found.replace(value).is_some() {
                return Err(self.wrong(format!("`{name}` stands twice")));
            }
        }
        Ok(found)
    }

    /// The same, where there has to be one.
    pub(super) fn needed(&self, name: &str) -> Result<String, Fault> {
        self.text(name)?.ok_or_else(|| self.wrong(format!("there is no `{name}`")))
    }

    /// A number; nothing if there is no such attribute.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let number = text.trim().parse();
        let what = || self.wrong(format!("`{name}` is `{}`", super::shortened(&text)));
        number.map(Some).map_err(|_| what())
    }

    /// The same, where there has to be one.
    pub(super) fn needed_number<T: FromStr>(&self, name: &str) -> Result<T, Fault> {
        self.number(name)?.ok_or_else(|| self.wrong(format!("there is no `{name}`")))
    }

    /// What is wrong with it.
    pub(super) fn wrong(&self, what: impl std::fmt::Display) -> Fault {
        Fault::malformed(format!("<{}>: {what}", self.name)).at(self.at)
    }
}

fn text(bytes: &[u8]) -> Result<String, Fault> {
    String::from_utf8(bytes.to_vec()).map_err(not_utf8)
}

fn not_utf8(_: impl std::error::Error) -> Fault {
    Fault::malformed("it is no UTF-8")
}

/// What is written is UTF-8: of anything else, names would be read wrong.
fn encoding(declaration: &BytesDecl<'_>) -> Result<(), Fault> {
    let Some(encoding) = declaration.encoding() else { return Ok(()) };
    let encoding = encoding.map_err(|error| Fault::malformed(error.to_string()))?;
    if [&b"utf-8"[..], b"utf8", b"us-ascii", b"ascii"]
        .iter()
        .any(|known| encoding.eq_ignore_ascii_case(known))
    {
        return Ok(());
    }
    let encoding = String::from_utf8_lossy(&encoding);
    let encoding = super::shortened(&encoding);
    Err(Fault::malformed(format!("its encoding is {encoding}: write it in UTF-8")))
}

fn document_type(dtd: &[u8]) -> Result<(), Fault> {
    let dtd = String::from_utf8_lossy(dtd);
    let known = DOCUMENT_TYPES.iter().any(|known| dtd.contains(known));
    // Behind a bracket, entities are declared.
    if known && !dtd.contains('[') {
        return Ok(());
    }
    Err(Fault::hostile("it has a DTD"))
}

/// A character or one of the five entities that XML has of its own.
fn resolved(reference: &BytesRef<'_>) -> Result<char, Fault> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| broken(&error))? {
        return Ok(character);
    }
    let name = reference.decode().map_err(not_utf8)?;
    Ok(match &*name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => {
            return Err(Fault::hostile(format!(
                "it uses the entity `{}`",
                super::shortened(&name)
            )));
        }
    })
}

fn broken(error: &quick_xml::Error) -> Fault {
    use quick_xml::escape::EscapeError;
    match error {
        quick_xml::Error::Syntax(_) => Fault::malformed(format!("it ends in the middle: {error}")),
        quick_xml::Error::Escape(EscapeError::UnrecognizedEntity(..)) => {
            Fault::hostile(format!("it uses an entity of its own: {error}"))
        }
        _ => Fault::malformed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::no_evidence::Why;

    fn all(text: &str) -> Result<String, Fault> {
        let mut bytes = text.as_bytes();
        let mut source = Source::new(&mut bytes)?;
        let mut xml = Xml::new(&mut source);
        let mut said = String::new();
        while let Some(node) = xml.next()? {
            said += &match node {
                Node::Open(element) => {
                    let a = element.text("a")?.unwrap_or_default();
                    format!("<{} {a}>", element.name())
                }
                Node::Close(name) => format!("</{name}>"),
                Node::Text(text) => text,
            };
        }
        Ok(said)
    }

    #[test]
    fn elements_and_text_are_read() {
        let text = "\u{feff}<?xml version=\"1.0\" encoding='UTF-8'?>\n<!-- x --><x:r a=\"1&amp;&#10;\
                    2\">t&lt;<![CDATA[<&]]><e/></x:r>\n<!-- y -->\n";
        assert_eq!(all(text).unwrap(), "<r 1&\n2>t<<&<e ></e></r>");
    }

    #[test]
    fn what_attacks_is_refused() {
        let bomb = "<!DOCTYPE r [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><r>&b;</r>";
        let deep = "<a>".repeat(101);
        for text in [
            bomb,
            "<!DOCTYPE r SYSTEM \"file:///etc/passwd\"><r/>",
            "<!DOCTYPE r PUBLIC \"-//JACOCO//DTD Report 1.1//EN\" \"r\" [<!ENTITY a \"b\">]><r/>",
            "<r>&x;</r>",
            "<r a=\"&x;\"/>",
            &deep,
        ] {
            let fault = all(text).unwrap_err();
            assert!(matches!(fault.why, Why::Hostile(_)), "{text}: {fault:?}");
        }
        let known = "<!DOCTYPE r PUBLIC \"-//JACOCO//DTD Report 1.1//EN\" \"report.dtd\"><r/>";
        assert_eq!(all(known).unwrap(), "<r ></r>");
    }

    #[test]
    fn what_is_broken_is_told_with_its_place() {
        for (text, at, what) in [
            ("<r>\n<e>\n</r>", (3, 5), "expected `</e>`"),
            ("<r>\n<e", (2, 3), "ends in the middle"),
            ("<r>\n", (2, 1), "ends in the middle"),
            ("<r/>\n<s/>", (2, 5), "second root"),
            ("<r/> x", (1, 7), "outside of the root"),
            ("<r a='1' a='2'/>", (1, 17), "`a` stands twice"),
            ("<?xml version='1.0' encoding='ISO-8859-1'?><r/>", (1, 44), "ISO-8859-1"),
        ] {
            let fault = all(text).unwrap_err();
            let Why::Malformed(said) = &fault.why else { panic!("{text}: {fault:?}") };
            assert!(said.contains(what), "{text}: {said}");
            assert_eq!(fault.at, Some(Pos { line: at.0, column: at.1 }), "{text}");
        }
    }
}
