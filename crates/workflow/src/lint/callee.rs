//! The actions and workflows that a file uses, as far as they are at hand.

use std::rc::Rc;

use indexmap::IndexMap;

use super::checking::Checking;
use super::known;
use super::surroundings::Found;
use super::types::Type;
use crate::model::{Action, Call, InputKind, Runs, Uses, Workflow, WorkflowUses};

/// What is known of what is used.
#[derive(Debug)]
pub(super) enum Callee {
    /// Nothing.
    Unknown,
    /// It should be in the repository, and is not.
    Missing,
    /// It is there, and cannot be read.
    Broken,
    /// An action.
    Action(Interface),
    /// A workflow that can be called.
    Workflow(Call),
    /// A workflow that does not say `workflow_call`.
    NotCallable,
}

/// What an action takes and returns.
#[derive(Debug)]
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) inputs: IndexMap<String, Taken>,
    /// The outputs there are; nothing when it may have any.
    pub(super) outputs: Option<Vec<String>>,
    /// It does something before the job's first step.
    pub(super) has_pre: bool,
}

/// An input of an action.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) required: bool,
    pub(super) deprecation: Option<String>,
}

impl Interface {
    fn of(action: &Action, name: String) -> Self {
        let inputs = action.inputs.iter().map(|(name, input)| {
            let required = input.required && input.default.is_none();
            (name.clone(), Taken { required, deprecation: input.deprecation.clone() })
        });
        // A program may set outputs that it does not declare; steps cannot.
        let declared = !action.outputs.is_empty() || matches!(action.runs, Runs::Composite(_));
        let outputs = declared.then(|| action.outputs.keys().cloned().collect());
        Self { name, inputs: inputs.collect(), outputs, has_pre: action.runs.has_pre() }
    }

    /// The type of `outputs`.
    pub(super) fn outputs(&self) -> Type {
        match &self.outputs {
            Some(names) => Type::strict(names.iter().map(|name| (name.as_str(), Type::String))),
            None => Type::map(Type::String),
        }
    }
}

impl Checking<'_> {
    /// What a step uses.
    pub(super) fn action(&self, uses: &Uses) -> Rc<Callee> {
        self.looked_up(format!("{uses:?}"), || match uses {
            Uses::Local { path } | Uses::SameRepository { path } => self.local_action(path),
            Uses::Docker { .. } => Callee::Unknown,
            Uses::Repository { owner, name, path, reference } => {
                match self.around.action(uses) {
                    Found::Text(text) => {
                        let full = format!("{owner}/{name}@{reference}");
                        return action(&full, &text);
                    }
                    Found::Missing | Found::Unknown => {}
                }
                match known::interface(owner, name, path, reference) {
                    Some(interface) => Callee::Action(interface),
                    None => Callee::Unknown,
                }
            }
        })
    }

    /// The workflow that a job calls.
    pub(super) fn called(&self, uses: &WorkflowUses) -> Rc<Callee> {
        let WorkflowUses::Local { path } = uses else { return Rc::new(Callee::Unknown) };
        self.looked_up(format!("workflow {path}"), || match self.around.file(path) {
            Found::Unknown => Callee::Unknown,
            Found::Missing => Callee::Missing,
            Found::Text(text) => match Workflow::read(path, &text) {
                Err(_) => Callee::Broken,
                Ok(workflow) => match workflow.on.call() {
                    Some(call) => Callee::Workflow(call.clone()),
                    None => Callee::NotCallable,
                },
            },
        })
    }

    fn local_action(&self, path: &str) -> Callee {
        let folder = path.trim_matches('/');
        let mut sure = true;
        for name in ["action.yml", "action.yaml"] {
            let file = if folder.is_empty() { name.into() } else { format!("{folder}/{name}") };
            match self.around.file(&file) {
                Found::Text(text) => return action(&format!("./{folder}"), &text),
                Found::Missing => {}
                Found::Unknown => sure = false,
            }
        }
        match self.around.file(&format!("{folder}/Dockerfile")) {
            // A folder with a Dockerfile alone is an action without inputs or outputs.
            Found::Text(_) => Callee::Unknown,
            Found::Missing if sure => Callee::Missing,
            Found::Missing | Found::Unknown => Callee::Unknown,
        }
    }

    fn looked_up(&self, key: String, look: impl FnOnce() -> Callee) -> Rc<Callee> {
        if let Some(known) = self.callees.borrow().get(&key) {
            return Rc::clone(known);
        }
        let callee = Rc::new(look());
        self.callees.borrow_mut().insert(key, Rc::clone(&callee));
        callee
    }
}

fn action(name: &str, text: &str) -> Callee {
    match Action::read(name, text) {
        Ok(action) => Callee::Action(Interface::of(&action, name.to_owned())),
        Err(_) => Callee::Broken,
    }
}

/// The type of what an input of a workflow holds.
pub(super) fn type_of(kind: &InputKind) -> Type {
    match kind {
        InputKind::Boolean => Type::Bool,
        InputKind::Number => Type::Number,
        InputKind::String | InputKind::Choice(_) | InputKind::Environment => Type::String,
    }
}
