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
    /// The workflow without its steps, if somebody has read it before.
    jobs: Option<Reading>,
}

#[derive(Clone)]
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
    /// A text that was read already, from the file `path`. Of many of them all that
    /// stands there would take much memory: their steps are forgotten.
    #[must_use]
    pub fn of(text: String, path: &str, workflow: Workflow) -> Self {
        let workflow = Ok(Arc::new(workflow.without_steps()));
        let jobs = Some(Reading { path: path.to_owned(), workflow });
        Self(Arc::new(Held { text, reading: OnceLock::new(), jobs }))
    }

    /// A copy for who asks for jobs and never for their steps, of which there may
    /// be none. It is forgotten with what was read of it: for who looks at many of
    /// them once.
    #[must_use]
    pub fn for_its_jobs(&self) -> Self {
        let jobs = self.0.jobs.clone();
        let reading = jobs.map_or_else(OnceLock::new, OnceLock::from);
        Self(Arc::new(Held { text: self.to_string(), reading, jobs: None }))
    }
}

impl Default for WorkflowText {
    fn default() -> Self {
        String::new().into()
    }
}

impl From<String> for WorkflowText {
    fn from(text: String) -> Self {
        Self(Arc::new(Held { text, reading: OnceLock::new(), jobs: None }))
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
    fn what_was_read_is_not_read_again_for_its_jobs() {
        let text = "on: push\njobs: {a: {runs-on: x, steps: [{run: a}]}}\n";
        let workflow = Workflow::read("w.yml", text).unwrap();
        // Were it read again, this would be an error.
        let known = WorkflowText::of("nothing".to_owned(), "w.yml", workflow.clone());
        assert!(known.read("w.yml").is_err());
        let jobs = known.for_its_jobs().read("w.yml").unwrap();
        assert_eq!(*jobs, workflow.clone().without_steps());
        assert_ne!(*jobs, workflow);
        assert_eq!(
            *WorkflowText::from(text.to_owned()).for_its_jobs().read("w.yml").unwrap(),
            workflow
        );
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
