//! A case: a folder with a repository's files and `expected.yml`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use shipway_workflow::yaml::{self, Node, NodeKind};

use super::expected::Expected;

/// One case.
pub(crate) struct Case {
    /// `area/case`.
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) expected: Expected,
}

impl Case {
    pub(crate) fn read(root: &Path, folder: &Path) -> Self {
        let name = folder.strip_prefix(root).unwrap().display().to_string();
        let file = folder.join("expected.yml");
        let text = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let node = yaml::parse(&file.display().to_string(), &text).unwrap_or_else(|problems| {
            let told: Vec<_> = problems.iter().map(|problem| problem.render(&text)).collect();
            panic!("{}", told.join("\n"))
        });
        let expected = serde_json::from_value(json(&node))
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Self { name, folder: folder.to_owned(), expected }
    }
}

/// Every scalar as it is written: `1.0` is a text here.
fn json(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar(scalar) => scalar.text.clone().into(),
        NodeKind::Sequence(items) => items.iter().map(json).collect(),
        NodeKind::Mapping(mapping) => {
            let pair = |entry: &yaml::Entry| (entry.key.value.clone(), json(&entry.value));
            Value::Object(mapping.iter().map(pair).collect::<Map<_, _>>())
        }
    }
}
