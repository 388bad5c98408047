//! CycloneDX 1.2 to 1.7 (ECMA-424), JSON and XML.

use serde::Deserialize;

use super::{Package, Sbom, said};
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::xml::{Node, Xml};
use crate::reports::{Report, json};

pub(super) const JSON: Format = Format {
    name: "CycloneDX",
    recognise: |beginning| {
        beginning.json().and_then(|outline| outline.scalar("bomFormat")) == Some("CycloneDX")
    },
    read: |source| read_json(source).map(Report::Sbom),
};

pub(super) const XML: Format = Format {
    name: "CycloneDX XML",
    recognise: |beginning| {
        let space = beginning.root("bom").and_then(|root| root.text("xmlns").ok()?);
        space.is_some_and(|space| space.contains("cyclonedx"))
    },
    read: |source| read_xml(source).map(Report::Sbom),
};

/// Kinds of component that are no packages and have no licence of their own.
const NO_PACKAGES: &[&str] = &["file", "operating-system", "device", "cryptographic-asset", "data"];

#[derive(Deserialize)]
struct Bom {
    components: Option<Vec<Component>>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "type")]
    kind: String,
    group: Option<String>,
    name: String,
    version: Option<String>,
    purl: Option<String>,
    licenses: Option<Vec<Choice>>,
    components: Option<Vec<Component>>,
}

#[derive(Deserialize)]
struct Choice {
    license: Option<Licence>,
    expression: Option<String>,
    acknowledgement: Option<Acknowledgement>,
}

#[derive(Deserialize)]
struct Licence {
    id: Option<String>,
    name: Option<String>,
    acknowledgement: Option<Acknowledgement>,
}

/// Who says so: the package's authors, or who examined it.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Acknowledgement {
    Declared,
    Concluded,
}

fn read_json(source: &mut Source<'_>) -> Result<Sbom, Fault> {
    let bom: Bom = json::document(source)?;
    let mut packages = Vec::new();
    collect(bom.components.unwrap_or_default(), &mut packages);
    Sbom::of(packages)
}

fn collect(components: Vec<Component>, packages: &mut Vec<Package>) {
    for component in components {
        if !NO_PACKAGES.contains(&component.kind.as_str()) {
            let name = full_name(component.group, component.name);
            let licences = licences(component.licenses.unwrap_or_default());
            let Component { version, purl, .. } = component;
            packages.push(Package { name, version, purl, licences });
        }
        collect(component.components.unwrap_or_default(), packages);
    }
}

fn full_name(group: Option<String>, name: String) -> String {
    match group.filter(|group| !group.is_empty()) {
        Some(group) => format!("{group}/{name}"),
        None => name,
    }
}

/// What was concluded counts more than what was declared.
fn licences(choices: Vec<Choice>) -> Vec<String> {
    let read = choices.into_iter().filter_map(|choice| {
        let (text, by) = match (choice.expression, choice.license) {
            (Some(expression), _) => (Some(expression), choice.acknowledgement),
            (None, Some(Licence { id, name, acknowledgement })) => (id.or(name), acknowledgement),
            (None, None) => (None, None),
        };
        Some((said(text.as_deref()?)?, by))
    });
    let all: Vec<(String, Option<Acknowledgement>)> = read.collect();
    let is_concluded = |by| by == Some(Acknowledgement::Concluded);
    let concluded = all.iter().any(|(_, by)| is_concluded(*by));
    all.into_iter()
        .filter(|(_, by)| !concluded || is_concluded(*by))
        .map(|(text, _)| text)
        .collect()
}

/// A component whose end has not come.
#[derive(Default)]
struct Open {
    kind: String,
    group: String,
    package: Package,
}

fn read_xml(source: &mut Source<'_>) -> Result<Sbom, Fault> {
    let mut xml = Xml::new(source);
    let mut path: Vec<String> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut packages = Vec::new();
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(element) => {
                let name = element.name().to_owned();
                // The component that it is all about stands under `metadata`.
                if name == "component" && path.get(1).map(String::as_str) != Some("metadata") {
                    let kind = element.text("type")?.unwrap_or_default();
                    open.push(Open { kind, ..Open::default() });
                }
                path.push(name);
            }
            Node::Close(name) => {
                let is_component = name == "component";
                path.pop();
                if is_component
                    && path.get(1).map(String::as_str) != Some("metadata")
                    && let Some(Open { kind, group, mut package }) = open.pop()
                    && !NO_PACKAGES.contains(&kind.as_str())
                {
                    package.name = full_name(Some(group), package.name);
                    package.licences.retain(|licence| said(licence).is_some());
                    packages.push(package);
                }
            }
            Node::Text(text) => {
                if let Some(open) = open.last_mut() {
                    open.text(&path, text.trim());
                }
            }
        }
    }
    Sbom::of(packages)
}

impl Open {
    /// Text that stands at this path.
    fn text(&mut self, path: &[String], text: &str) {
        let mut inner = path.iter().rev().map(String::as_str);
        let at = (inner.next().unwrap_or_default(), inner.next().unwrap_or_default(), inner.next());
        let package = &mut self.package;
        match at {
            ("name", "component", _) => package.name.push_str(text),
            ("group", "component", _) => self.group.push_str(text),
            ("version", "component", _) => {
                package.version.get_or_insert_default().push_str(text);
            }
            ("purl", "component", _) => package.purl.get_or_insert_default().push_str(text),
            ("id" | "name", "license", Some("licenses")) | ("expression", "licenses", _)
                if !text.is_empty() =>
            {
                package.licences.push(text.to_owned());
            }
            _ => {}
        }
    }
}
