//! What `github.action` calls the steps that have no id: `__run`, `__run_2`,
//! `__actions_checkout`, as GitHub's "Variables reference" documents it.

use std::collections::{HashMap, HashSet};

use shipway_workflow::model::{Step, StepKind, Uses};

/// The ids that are taken.
#[derive(Default)]
pub(super) struct Ids {
    taken: HashSet<String>,
    /// The number that is tried next, of each kind of step.
    next: HashMap<String, usize>,
}

impl Ids {
    /// The id of the next step.
    pub(super) fn of(&mut self, step: &Step) -> String {
        if let Some(id) = &step.id {
            self.taken.insert(id.value.to_lowercase());
            return id.value.clone();
        }
        let base = format!("__{}", base(&step.kind));
        let next = self.next.entry(base.clone()).or_insert(1);
        loop {
            let id = if *next == 1 { base.clone() } else { format!("{base}_{next}") };
            *next += 1;
            if self.taken.insert(id.to_lowercase()) {
                return id;
            }
        }
    }
}

fn base(kind: &StepKind) -> String {
    let text = match kind {
        StepKind::Run { .. } => return "run".to_owned(),
        StepKind::Uses { action, .. } => match &action.value {
            Uses::Local { .. } | Uses::SameRepository { .. } => return "self".to_owned(),
            Uses::Repository { owner, name, .. } => format!("{owner}/{name}"),
            Uses::Docker { image } => image.clone(),
        },
        StepKind::Wait(_) | StepKind::WaitAll => return "wait".to_owned(),
        StepKind::Cancel(_) => return "cancel".to_owned(),
        StepKind::Parallel(_) => return "parallel".to_owned(),
    };
    let legal = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    text.chars().map(legal).collect()
}

#[cfg(test)]
mod tests {
    use shipway_workflow::model::{JobKind, Workflow};

    use super::Ids;

    #[test]
    fn steps_without_an_id_are_told_apart() {
        let text = "
on: push
jobs:
  j:
    runs-on: x
    steps:
      - run: a
      - uses: actions/checkout@v4
      - {id: mine, run: b}
      - run: c
      - uses: actions/checkout/sub@v4
      - uses: ./local
      - uses: docker://alpine:3
";
        let workflow = Workflow::read("w.yml", text).unwrap();
        let JobKind::Steps(job) = &workflow.jobs["j"].kind else { panic!() };
        let mut ids = Ids::default();
        let found: Vec<String> = job.steps.iter().map(|step| ids.of(step)).collect();
        let expected = [
            "__run",
            "__actions_checkout",
            "mine",
            "__run_2",
            "__actions_checkout_2",
            "__self",
            "__alpine_3",
        ];
        assert_eq!(found, expected);
    }
}
