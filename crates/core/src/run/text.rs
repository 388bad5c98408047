//! A workflow's text, as a run holds it.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shipway_workflow::Diagnostic;
use shipway_workflow::model::Workflow;

/// A workflow's text. However often it is copied, it is read once: to read it
/// takes longer than to decide what follows in a run.
#[derive(Clone)]
pub struct WorkflowText(Arc<Held>);

struct Held {
    text: String,
    reading: OnceLock<Reading>,
}

struct Reading {
    path: String,
    workflow: Result<Arc<Workflow>, Vec<Diagnostic>>,
}

impl WorkflowText {
    /// The workflow in it, which stands in the file `path`.
    ///
    /// # Errors
    /// As [`Workflow::read`].
    pub fn read(&self, path: &str) -> Result<Arc<Workflow>, Vec<Diagnostic>> {
        let read = || Workflow::read(path, self).map(Arc::new);
        let reading = self.0.reading.get_or_init(|| {
            let path = path.to_owned();
            Reading { workflow: read(), path }
        });
        if reading.path == path { reading.workflow.clone() } else { read() }
    }
}

impl WorkflowText {
    /// A copy that is read anew, and forgotten with what was read: for who looks
    /// at many of them once.
    #[must_use]
    pub fn afresh(&self) -> Self {
        self.to_string().into()
    }
}

impl From<String> for WorkflowText {
    fn from(text: String) -> Self {
        Self(Arc::new(Held { text, reading: OnceLock::new() }))
    }
}

impl Deref for WorkflowText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0.text
    }
}

impl PartialEq for WorkflowText {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || **self == **other
    }
}

impl Eq for WorkflowText {}

impl fmt::Debug for WorkflowText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl Serialize for WorkflowText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for WorkflowText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_read_once() {
        let text = "on: push\njobs: {a: {runs-on: x, steps: [{run: a}]}}\n";
        let one = WorkflowText::from(text.to_owned());
        let copy = one.clone();
        assert!(Arc::ptr_eq(&one.read("w.yml").unwrap(), &copy.read("w.yml").unwrap()));
        assert_eq!(copy.read("other.yml").unwrap().file, "other.yml");
        assert_eq!(one.read("w.yml").unwrap().file, "w.yml");
    }

    #[test]
    fn it_is_a_text_in_json() {
        let one = WorkflowText::from("a: b\n".to_owned());
        let json = serde_json::to_string(&one).unwrap();
        assert_eq!(json, r#""a: b\n""#);
        assert_eq!(serde_json::from_str::<WorkflowText>(&json).unwrap(), one);
        assert!(one.read("w.yml").is_err());
    }
}
