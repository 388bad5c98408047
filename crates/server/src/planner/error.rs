//! Why no plan was made.

use shipway_core::ids::{BadName, CommitId, EnvName};
use shipway_core::plan::NotRun;
use shipway_workflow::Diagnostic;

use crate::git::GitError;

/// Why no plan was made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// There is no configuration.
    #[error("commit {} has no shipway.yaml; `shipway init` writes one to begin with", .0.short())]
    NoConfig(CommitId),
    /// Files are wrong: each problem, with the text it stands in.
    #[error("{}", rendered(.0))]
    Wrong(Vec<(Diagnostic, String)>),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A name cannot be made.
    #[error(transparent)]
    Name(#[from] BadName),
    /// No such environment.
    #[error("there is no environment `{env}`{}; there are: {all}", nearest.as_ref().map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default())]
    UnknownEnvironment {
        /// What was asked for.
        env: String,
        /// What may have been meant.
        nearest: Option<String>,
        /// What there is.
        all: String,
    },
    /// Nothing follows the branch.
    #[error(
        "no environment follows the branch `{branch}`, so nothing would be deployed; `shipway run` \
         runs its workflows, `shipway ship --to ENV` names where it shall go ({all})"
    )]
    NothingFollows {
        /// The branch.
        branch: String,
        /// What there is.
        all: String,
    },
    /// The environment follows another branch.
    #[error(
        "`{env}` takes commits of the branch `{follows}`, and this is `{branch}`; merge it, or use \
         `shipway deploy` to deploy a release there on request"
    )]
    OtherBranch {
        /// Where it was to go.
        env: EnvName,
        /// What it follows.
        follows: String,
        /// What this is.
        branch: String,
    },
    /// Something newer is there.
    #[error(
        "{} is older than {} in `{env}`, and an older commit never follows a newer one by itself; \
         `shipway rollback {env}` goes back on request",
        older.short(), newer.short()
    )]
    Older {
        /// What was to be shipped.
        older: CommitId,
        /// What is there, or on its way.
        newer: CommitId,
        /// Where.
        env: EnvName,
    },
    /// No workflow is started.
    #[error("no workflow is started by `{event}`:{}", reasons(not_run))]
    NothingRuns {
        /// The event.
        event: String,
        /// Why each is not.
        not_run: Vec<NotRun>,
    },
    /// The commit asks for no runs, and some are required.
    #[error(
        "the commit's message has `{instruction}`, so these workflows do not run, and without them \
         nothing is released: {}; ship a commit without it, or name what is `required` under \
         `workflows` in shipway.yaml", required.join(", ")
    )]
    SkipsRequired {
        /// What the message has.
        instruction: &'static str,
        /// The files of what is required.
        required: Vec<String>,
    },
    /// No such workflow.
    #[error("there is no workflow `{name}` under .github/workflows; there are: {}", all.join(", "))]
    UnknownWorkflow {
        /// What was asked for.
        name: String,
        /// What there is.
        all: Vec<String>,
    },
    /// A pull request needs a base.
    #[error(
        "which branch does the pull request go to? There is neither `origin/HEAD`, `main` nor \
         `master` here; name it in the payload: `{{\"pull_request\": {{\"base\": {{\"ref\": …}}}}}}`"
    )]
    NoBase,
    /// The base is checked out.
    #[error("`{base}` is what pull requests go to; check out the branch of the pull request")]
    BaseItself {
        /// The branch.
        base: String,
    },
    /// GitHub runs nothing for a pull request that conflicts.
    #[error("it cannot be merged into `{base}` without conflicts, so no workflow is run for it")]
    Conflict {
        /// The branch.
        base: String,
    },
    /// There is no further attempt of a run.
    #[error(transparent)]
    NotAgain(#[from] shipway_core::run::NotAgain),
    /// Workflows cannot be called.
    #[error("{}", lines(.0))]
    Calls(Vec<super::BadCall>),
    /// Inputs of `workflow_dispatch` are wrong.
    #[error("{path}: {}", problems.join("; "))]
    Inputs {
        /// The workflow's file.
        path: String,
        /// What is wrong with them.
        problems: Vec<String>,
    },
    /// No such job.
    #[error("no workflow that runs has a job `{name}`; there are: {}", all.join(", "))]
    UnknownJob {
        /// What was asked for.
        name: String,
        /// What there is.
        all: Vec<String>,
    },
}

fn lines(problems: &[super::BadCall]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn rendered(problems: &[(Diagnostic, String)]) -> String {
    let each = problems.iter().map(|(problem, text)| problem.render(text));
    each.collect::<Vec<_>>().join("\n")
}

fn reasons(not_run: &[NotRun]) -> String {
    if not_run.is_empty() {
        return " there is none under .github/workflows".to_owned();
    }
    not_run.iter().map(|run| format!("\n  {}: {}", run.path, run.why)).collect()
}
