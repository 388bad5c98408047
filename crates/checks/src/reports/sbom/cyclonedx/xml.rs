//! CycloneDX in XML.

use super::vulnerabilities::{Rating, Reference, Target, Told, Version};
use super::{Bom, Component, full_name};
use crate::reports::no_evidence::Fault;
use crate::reports::sbom::said;
use crate::reports::source::Source;
use crate::reports::xml::{Element, Node, Xml};

/// A document as far as it was read.
#[derive(Default)]
struct Reader {
    bom: Bom,
    /// The elements whose end has not come, the root first.
    path: Vec<String>,
    /// What stands in the innermost of them.
    text: String,
    /// Components whose end has not come, and their groups.
    open: Vec<(Component, String)>,
}

pub(super) fn read(source: &mut Source<'_>) -> Result<Bom, Fault> {
    let mut xml = Xml::new(source);
    let mut reader = Reader::default();
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(element) => reader.begin(&element)?,
            Node::Close(name) => reader.end(&name)?,
            Node::Text(text) => reader.text.push_str(&text),
        }
    }
    Ok(reader.bom)
}

impl Reader {
    fn begin(&mut self, element: &Element) -> Result<(), Fault> {
        self.text.clear();
        let name = element.name();
        if name == "component" && self.is_of_the_bom() {
            let kind = element.text("type")?.unwrap_or_default();
            let bom_ref = element.text("bom-ref")?;
            self.open.push((Component { kind, bom_ref, ..Component::default() }, String::new()));
        }
        self.path.push(name.to_owned());
        let names: Vec<&str> = self.path.iter().map(String::as_str).collect();
        if let ["bom", "vulnerabilities", "vulnerability", inner @ ..] = names.as_slice() {
            if inner.is_empty() {
                let bom_ref = element.text("bom-ref")?;
                self.bom.told.push(Told { bom_ref, ..Told::default() });
            } else if let Some(told) = self.bom.told.last_mut() {
                begin_of(told, inner);
            }
        }
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), Fault> {
        let text = std::mem::take(&mut self.text);
        self.leaf(text.trim())?;
        self.path.pop();
        if name == "component" && self.is_of_the_bom() {
            self.close_component();
        }
        Ok(())
    }

    /// Whether a component that stands here is one of the bill, or what it is about: those of tools
    /// and of vulnerabilities are not.
    fn is_of_the_bom(&self) -> bool {
        match self.path.as_slice() {
            [_, metadata] if metadata == "metadata" => true,
            [_, components, ..] => components == "components",
            _ => false,
        }
    }

    fn close_component(&mut self) {
        let Some((mut component, group)) = self.open.pop() else { return };
        let package = &mut component.package;
        package.name = full_name(Some(group), std::mem::take(&mut package.name));
        package.licences.retain(|licence| said(licence).is_some());
        match self.path.get(1).map(String::as_str) {
            Some("metadata") => self.bom.root = Some(component),
            _ => self.bom.components.push(component),
        }
    }

    /// An element ends, and this stands in it.
    fn leaf(&mut self, text: &str) -> Result<(), Fault> {
        if text.is_empty() {
            return Ok(());
        }
        let text = text.to_owned();
        let names: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match names.as_slice() {
            ["bom", "vulnerabilities", "vulnerability", inner @ ..] => {
                self.bom.told.last_mut().map_or(Ok(()), |told| leaf_of(told, inner, text))?;
            }
            ["bom", "metadata", "tools", "tool", "name"]
            | ["bom", "metadata", "tools", "components", "component", "name"] => {
                self.bom.tools.push(text);
            }
            ["bom", "metadata", "component", _] | ["bom", "components", ..] => {
                if let Some((component, group)) = self.open.last_mut() {
                    leaf_of_component(component, group, &names, text);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn leaf_of_component(of: &mut Component, group: &mut String, path: &[&str], text: String) {
    let package = &mut of.package;
    match path {
        [.., "component", "name"] => package.name = text,
        [.., "component", "group"] => *group = text,
        [.., "component", "version"] => package.version = Some(text),
        [.., "component", "purl"] => package.purl = Some(text),
        [.., "licenses", "license", "id" | "name"] | [.., "licenses", "expression"] => {
            package.licences.push(text);
        }
        _ => {}
    }
}

/// Something of a vulnerability begins, of which there may be several.
fn begin_of(told: &mut Told, path: &[&str]) {
    let targets = told.affects.get_or_insert_default();
    match path {
        ["references", "reference"] => {
            told.references.get_or_insert_default().push(Reference::default());
        }
        ["ratings", "rating"] => told.ratings.get_or_insert_default().push(Rating::default()),
        ["affects", "target"] => targets.push(Target::default()),
        ["affects", "target", "versions", "version"] => {
            if let Some(target) = targets.last_mut() {
                target.versions.get_or_insert_default().push(Version::default());
            }
        }
        _ => {}
    }
}

fn leaf_of(told: &mut Told, path: &[&str], text: String) -> Result<(), Fault> {
    match path {
        ["id"] => told.id = Some(text),
        ["description"] => told.description = Some(text),
        ["recommendation"] => told.recommendation = Some(text),
        ["references", "reference", "id"] => {
            if let Some(of) = told.references.iter_mut().flatten().last() {
                of.id = Some(text);
            }
        }
        ["ratings", "rating", what] => {
            if let Some(of) = told.ratings.iter_mut().flatten().last() {
                match *what {
                    "score" => {
                        let score = text.parse();
                        of.score = Some(score.map_err(|_| {
                            let text = crate::reports::shortened(&text);
                            Fault::malformed(format!("<score>: `{text}` is no number"))
                        })?);
                    }
                    "severity" => of.severity = Some(text),
                    "method" => of.method = Some(text),
                    "vector" => of.vector = Some(text),
                    _ => {}
                }
            }
        }
        ["analysis", what] => {
            let analysis = told.analysis.get_or_insert_default();
            match *what {
                "state" => analysis.state = Some(text),
                "justification" => analysis.justification = Some(text),
                "detail" => analysis.detail = Some(text),
                _ => {}
            }
        }
        ["affects", "target", "ref"] => {
            if let Some(of) = told.affects.iter_mut().flatten().last() {
                of.to = text;
            }
        }
        ["affects", "target", "versions", "version", what] => {
            let target = told.affects.iter_mut().flatten().last();
            if let Some(of) = target.and_then(|of| of.versions.as_mut()?.last_mut()) {
                match *what {
                    "version" => of.version = Some(text),
                    "status" => of.status = Some(text),
                    _ => {}
                }
            }
        }
        _ => {}
    }
    Ok(())
}
