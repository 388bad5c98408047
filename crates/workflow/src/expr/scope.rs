//! Which contexts and functions an expression may use, which depends on where it stands.
//!
//! Source: the availability table of GitHub's "Contexts reference" and the schema of its
//! workflow parser.

use super::function::Function;
use crate::diagnostic::nearest;

/// What is known where an expression stands.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The names of contexts.
    pub contexts: &'a [&'a str],
    /// The status functions.
    pub status: StatusFunctions,
    /// Whether `hashFiles` is there.
    pub hash_files: bool,
}

/// Which form of `success()` and its like is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFunctions {
    /// None of them.
    None,
    /// In a job's `if`: `success` and `failure` may name jobs.
    OfJobs,
    /// In a step's `if`: without arguments.
    OfSteps,
}

impl Scope<'_> {
    pub(super) fn has_context(&self, name: &str) -> bool {
        self.contexts.iter().any(|context| context.eq_ignore_ascii_case(name))
    }

    pub(super) fn has_function(&self, function: Function) -> bool {
        match function {
            Function::HashFiles => self.hash_files,
            _ if function.is_status() => self.status != StatusFunctions::None,
            _ => true,
        }
    }

    /// What to say about a context that is not there.
    pub(super) fn suggest_context(&self, name: &str) -> String {
        match nearest(name, self.contexts.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.contexts.is_empty() => "no context is available here".into(),
            None => format!("available here: {}", self.contexts.join(", ")),
        }
    }

    /// What to say about a function that is not there.
    pub(super) fn suggest_function(&self, name: &str) -> String {
        let here = || Function::ALL.iter().filter(|function| self.has_function(**function));
        match nearest(name, here().map(|function| function.name())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let names: Vec<&str> = here().map(|function| function.name()).collect();
                format!("available here: {}", names.join(", "))
            }
        }
    }

    /// How many arguments a function takes here.
    pub(super) fn arity(&self, function: Function) -> (usize, usize) {
        if function.is_status() && self.status == StatusFunctions::OfSteps {
            (0, 0)
        } else {
            function.arity()
        }
    }
}

/// The scopes of the keys of workflows and actions.
pub mod key {
    use super::{Scope, StatusFunctions};

    const fn contexts(contexts: &'static [&'static str]) -> Scope<'static> {
        Scope { contexts, status: StatusFunctions::None, hash_files: false }
    }

    const STRATEGY: &[&str] = &["github", "inputs", "vars", "needs", "strategy", "matrix"];
    const STEP: &[&str] = &[
        "github", "inputs", "vars", "needs", "strategy", "matrix", "secrets", "steps", "job",
        "runner", "env",
    ];
    const STEP_WITHOUT_SECRETS: &[&str] = &[
        "github", "inputs", "vars", "needs", "strategy", "matrix", "steps", "job", "runner", "env",
    ];

    /// No expression may stand here.
    pub const NONE: Scope<'static> = contexts(&[]);
    /// `run-name`, `concurrency`, an input's `default`.
    pub const WORKFLOW: Scope<'static> = contexts(&["github", "inputs", "vars"]);
    /// `env` of the workflow.
    pub const WORKFLOW_ENV: Scope<'static> = contexts(&["github", "inputs", "vars", "secrets"]);
    /// `on.workflow_call.outputs.*.value`.
    pub const WORKFLOW_OUTPUT: Scope<'static> = contexts(&["github", "inputs", "vars", "jobs"]);
    /// `jobs.*.if`.
    pub const JOB_IF: Scope<'static> = Scope {
        contexts: &["github", "inputs", "vars", "needs"],
        status: StatusFunctions::OfJobs,
        hash_files: false,
    };
    /// `jobs.*.strategy`.
    pub const MATRIX: Scope<'static> = contexts(&["github", "inputs", "vars", "needs"]);
    /// `name`, `runs-on`, `container`, `environment` and most other keys of a job.
    pub const JOB: Scope<'static> = contexts(STRATEGY);
    /// `jobs.*.env` and `jobs.*.secrets`.
    pub const JOB_ENV: Scope<'static> =
        contexts(&["github", "inputs", "vars", "needs", "strategy", "matrix", "secrets"]);
    /// `jobs.*.defaults.run`.
    pub const JOB_DEFAULTS: Scope<'static> =
        contexts(&["github", "inputs", "vars", "needs", "strategy", "matrix", "env"]);
    /// `jobs.*.outputs` and `env` of a container.
    pub const JOB_OUTPUT: Scope<'static> = contexts(STEP);
    /// `jobs.*.environment.url`.
    pub const ENVIRONMENT_URL: Scope<'static> = contexts(STEP_WITHOUT_SECRETS);
    /// `credentials` of a container, with what its job adds.
    pub const CREDENTIALS: Scope<'static> =
        contexts(&["github", "inputs", "vars", "needs", "strategy", "matrix", "secrets", "env"]);
    /// `run`, `with`, `env`, `name` and the other keys of a step.
    pub const STEP_KEY: Scope<'static> =
        Scope { contexts: STEP, status: StatusFunctions::None, hash_files: true };
    /// `if` of a step.
    pub const STEP_IF: Scope<'static> = Scope {
        contexts: STEP_WITHOUT_SECRETS,
        status: StatusFunctions::OfSteps,
        hash_files: true,
    };

    const ACTION: &[&str] =
        &["github", "inputs", "strategy", "matrix", "steps", "job", "runner", "env"];

    /// The keys of a step of a composite action.
    pub const ACTION_STEP: Scope<'static> =
        Scope { contexts: ACTION, status: StatusFunctions::None, hash_files: true };
    /// `if` of a step of a composite action.
    pub const ACTION_STEP_IF: Scope<'static> =
        Scope { contexts: ACTION, status: StatusFunctions::OfSteps, hash_files: true };
    /// `value` of an action's output.
    pub const ACTION_OUTPUT: Scope<'static> = contexts(ACTION);
    /// `default` of an action's input.
    pub const ACTION_INPUT: Scope<'static> = Scope {
        contexts: &["github", "strategy", "matrix", "job", "runner"],
        status: StatusFunctions::None,
        hash_files: true,
    };
    /// `args` and `env` of a docker action.
    pub const ACTION_ARGS: Scope<'static> = contexts(&["inputs"]);
    /// `pre-if` and `post-if` of an action.
    pub const ACTION_IF: Scope<'static> = Scope {
        contexts: &["runner", "github", "job", "strategy", "matrix", "env", "inputs"],
        status: StatusFunctions::OfSteps,
        hash_files: true,
    };
}
