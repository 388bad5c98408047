//! The types of the contexts at one place of a file.

use super::Type;

/// What is known of each context where an expression stands. Whether it may be used there at
/// all was checked when the expression was parsed.
#[derive(Clone, Debug, Default)]
pub(in crate::lint) struct Contexts {
    pub(in crate::lint) github: Type,
    pub(in crate::lint) env: Type,
    pub(in crate::lint) vars: Type,
    pub(in crate::lint) secrets: Type,
    pub(in crate::lint) inputs: Type,
    pub(in crate::lint) needs: Type,
    pub(in crate::lint) matrix: Type,
    pub(in crate::lint) strategy: Type,
    pub(in crate::lint) job: Type,
    pub(in crate::lint) runner: Type,
    pub(in crate::lint) steps: Type,
    pub(in crate::lint) jobs: Type,
}

impl Contexts {
    pub(super) fn get(&self, name: &str) -> Type {
        let known = match name.to_ascii_lowercase().as_str() {
            "github" => &self.github,
            "env" => &self.env,
            "vars" => &self.vars,
            "secrets" => &self.secrets,
            "inputs" => &self.inputs,
            "needs" => &self.needs,
            "matrix" => &self.matrix,
            "strategy" => &self.strategy,
            "job" => &self.job,
            "runner" => &self.runner,
            "steps" => &self.steps,
            "jobs" => &self.jobs,
            _ => return Type::Any,
        };
        known.clone()
    }
}
