//! CycloneDX in JSON.

use serde::Deserialize;
use serde_json::Value;

use super::vulnerabilities::Told;
use super::{Bom, Component, full_name};
use crate::reports::json;
use crate::reports::no_evidence::Fault;
use crate::reports::sbom::{Package, said};
use crate::reports::source::Source;

#[derive(Deserialize)]
struct Document {
    /// Of any shape: little of it is used, and a list of packages is one without it.
    metadata: Option<Value>,
    components: Option<Vec<Element>>,
    vulnerabilities: Option<Vec<Told>>,
}

#[derive(Deserialize)]
struct Element {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "bom-ref")]
    bom_ref: Option<String>,
    group: Option<String>,
    name: String,
    version: Option<String>,
    purl: Option<String>,
    licenses: Option<Vec<Choice>>,
    components: Option<Vec<Element>>,
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

pub(super) fn read(source: &mut Source<'_>) -> Result<Bom, Fault> {
    let document: Document = json::document(source)?;
    let mut bom = Bom { told: document.vulnerabilities.unwrap_or_default(), ..Bom::default() };
    if let Some(metadata) = document.metadata {
        bom.root = metadata.get("component").and_then(root);
        bom.tools = metadata.get("tools").map(tools).unwrap_or_default();
    }
    collect(document.components.unwrap_or_default(), &mut bom.components);
    Ok(bom)
}

/// What it is all about.
fn root(of: &Value) -> Option<Component> {
    let text = |key| of.get(key).and_then(Value::as_str).map(str::to_owned);
    let name = full_name(text("group"), text("name")?);
    let package = Package { name, version: text("version"), ..Package::default() };
    Some(Component { kind: text("type").unwrap_or_default(), bom_ref: text("bom-ref"), package })
}

/// The names of the tools: until 1.4 of a list, since then of an object with components.
fn tools(of: &Value) -> Vec<String> {
    let tools = of.as_array().or_else(|| of.get("components")?.as_array());
    let names = tools.into_iter().flatten().filter_map(|tool| tool.get("name")?.as_str());
    names.map(str::to_owned).collect()
}

fn collect(elements: Vec<Element>, components: &mut Vec<Component>) {
    for element in elements {
        let (component, inner) = element.component();
        components.push(component);
        collect(inner, components);
    }
}

impl Element {
    /// The component, and those in it.
    fn component(self) -> (Component, Vec<Self>) {
        let Self { kind, bom_ref, group, name, version, purl, licenses, components } = self;
        let name = full_name(group, name);
        let licences = licences(licenses.unwrap_or_default());
        let package = Package { name, version, purl, licences };
        (Component { kind, bom_ref, package }, components.unwrap_or_default())
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
