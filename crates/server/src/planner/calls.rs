//! The workflows that a workflow calls: all of them are read when a run is
//! planned, so that it is self-contained.
//!
//! Source: "Reusing workflows", its limits: ten levels, the caller included, and
//! fifty workflows.

use std::path::Path;

use indexmap::IndexMap;
use shipway_core::ids::CommitId;
use shipway_core::run::{CalledFrom, CalledWorkflow, Granted, WorkflowText};
use shipway_runner::actions::{ActionError, ActionRef, Revision, Settings, Store};
use shipway_workflow::Span;
use shipway_workflow::model::{CallJob, Job, JobKind, Secrets, Workflow, WorkflowUses};

use crate::git::Repository;

/// GitHub's limits.
const MAX_LEVELS: usize = 10;
const MAX_WORKFLOWS: usize = 50;

/// A call that cannot be made: where it stands, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadCall {
    /// The file.
    pub file: String,
    /// Where in it.
    pub span: Span,
    /// Why, for people.
    pub why: String,
}

impl std::fmt::Display for BadCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = self.span.start;
        write!(f, "{}:{}:{}: {}", self.file, at.line, at.column, self.why)
    }
}

/// Where called workflows are found.
pub(super) struct Calls<'a> {
    pub(super) repository: &'a Repository,
    pub(super) commit: &'a CommitId,
    pub(super) actions: &'a Settings,
}

/// Why a workflow cannot be read.
enum Unread {
    /// Something is wrong here: the plan is refused.
    Wrong(String),
    /// Another repository does not have it, or is out of reach: the run that calls
    /// it fails, and no other.
    Missing(String),
}

impl From<String> for Unread {
    fn from(why: String) -> Self {
        Self::Wrong(why)
    }
}

impl From<ActionError> for Unread {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::NotFound { .. } => Self::Missing(error.to_string()),
            // What a lock file says, or this machine: not the other repository.
            _ => Self::Wrong(error.to_string()),
        }
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    called: IndexMap<String, CalledWorkflow>,
    problems: Vec<BadCall>,
}

/// A workflow that calls others.
struct Caller<'a> {
    workflow: &'a Workflow,
    from: Option<&'a CalledFrom>,
    /// The keys of the calls that led here, the outermost first.
    way: &'a [String],
    /// What the calls on the way allow, if they say.
    allowed: Option<Granted>,
}

impl Calls<'_> {
    /// Every workflow that `workflow` calls, directly or not.
    pub(super) fn of(
        &self,
        workflow: &Workflow,
    ) -> Result<IndexMap<String, CalledWorkflow>, Vec<BadCall>> {
        let mut found = Found::default();
        let way = [workflow.file.clone()];
        self.walk(&Caller { workflow, from: None, way: &way, allowed: None }, &mut found);
        if found.problems.is_empty() { Ok(found.called) } else { Err(found.problems) }
    }

    fn walk(&self, caller: &Caller<'_>, found: &mut Found) {
        for job in caller.workflow.jobs.values() {
            let JobKind::Call(call) = &job.kind else { continue };
            if let Err(why) = self.call(caller, job, call, found) {
                let (file, span) = (caller.workflow.file.clone(), call.uses.span);
                found.problems.push(BadCall { file, span, why });
            }
        }
    }

    fn call(
        &self,
        caller: &Caller<'_>,
        job: &Job,
        call: &CallJob,
        found: &mut Found,
    ) -> Result<(), String> {
        let key = CalledWorkflow::key(caller.from, &call.uses);
        if caller.way.contains(&key) {
            let round = caller.way.iter().chain([&key]).map(String::as_str).collect::<Vec<_>>();
            return Err(format!("workflows call each other in a circle: {}", round.join(" → ")));
        }
        if caller.way.len() >= MAX_LEVELS {
            return Err(format!("workflows are nested more than {MAX_LEVELS} levels deep"));
        }
        if !found.called.contains_key(&key) {
            if found.called.len() >= MAX_WORKFLOWS {
                return Err(format!("more than {MAX_WORKFLOWS} workflows are called"));
            }
            let called = match self.read(caller.from, &call.uses) {
                Ok(called) => called,
                Err(Unread::Wrong(why)) => return Err(why),
                Err(Unread::Missing(why)) => missing(caller, call, why),
            };
            found.called.insert(key.clone(), called);
        }
        let called = found.called.get(&key).filter(|called| called.missing.is_none());
        let Some(called) = called.cloned() else { return Ok(()) };
        let workflow = called.text.read(&called.path).map_err(|problems| {
            let all: Vec<_> = problems.iter().map(|p| p.render(&called.text)).collect();
            format!("`{key}` is wrong:\n{}", all.join("\n"))
        })?;
        takes(&workflow, &key, call)?;
        let allowed = allowed(caller, job);
        if let Some(allowed) = &allowed {
            asks_for_no_more(&workflow, allowed)?;
        }
        let way: Vec<String> = caller.way.iter().cloned().chain([key]).collect();
        let from = called.from.as_ref();
        self.walk(&Caller { workflow: &workflow, from, way: &way, allowed }, found);
        Ok(())
    }

    fn read(
        &self,
        from: Option<&CalledFrom>,
        uses: &WorkflowUses,
    ) -> Result<CalledWorkflow, Unread> {
        match (uses, from) {
            (WorkflowUses::Local { path }, None) => {
                let text = self.repository.text(self.commit, path).map_err(|e| e.to_string())?;
                let text = text.ok_or_else(|| {
                    format!("commit {} has no file `{path}`", self.commit.short())
                })?;
                let (path, text) = (path.clone(), text.into());
                Ok(CalledWorkflow { path, text, from: None, missing: None })
            }
            (WorkflowUses::Local { path }, Some(from)) => {
                let CalledFrom { owner, name, reference, .. } = from.clone();
                self.fetch(&WorkflowUses::Repository { owner, name, path: path.clone(), reference })
            }
            (WorkflowUses::Repository { .. }, _) => self.fetch(uses),
        }
    }

    /// From another repository, through the store of actions.
    fn fetch(&self, uses: &WorkflowUses) -> Result<CalledWorkflow, Unread> {
        let (WorkflowUses::Repository { owner, name, reference, .. }, Some((action, path))) =
            (uses, ActionRef::of_workflow(uses))
        else {
            return Err(Unread::Wrong("it names no repository".to_owned()));
        };
        let lock = self.lock()?;
        let (commit, text) = wait_for(async {
            let store = Store::new(self.actions.clone(), lock);
            let resolved = store.resolve(&action).await?;
            let files = store.files(&resolved).await?;
            let text = read_file(&files.join(path)).await?;
            Ok((revision(&resolved.revision)?, text))
        })?;
        let (owner, name, reference) = (owner.clone(), name.clone(), reference.clone());
        let from = CalledFrom { owner, name, reference, commit };
        let (path, text) = (path.to_owned(), text.into());
        Ok(CalledWorkflow { path, text, from: Some(from), missing: None })
    }

    fn lock(&self) -> Result<Option<shipway_runner::actions::lock::Lock>, String> {
        use shipway_runner::actions::lock::{FILE, Lock};
        let text = self.repository.text(self.commit, FILE).map_err(|error| error.to_string())?;
        let Some(text) = text else { return Ok(None) };
        let lock = Lock::read(&text).map_err(|problems| {
            problems.iter().map(|p| p.render(&text)).collect::<Vec<_>>().join("\n")
        })?;
        Ok(Some(lock))
    }
}

/// What stands for a workflow that cannot be had.
fn missing(caller: &Caller<'_>, call: &CallJob, why: String) -> CalledWorkflow {
    let (file, span) = (caller.workflow.file.clone(), call.uses.span);
    let missing = Some(BadCall { file, span, why }.to_string());
    CalledWorkflow { path: String::new(), text: WorkflowText::default(), from: None, missing }
}

async fn read_file(path: &Path) -> Result<String, Unread> {
    tokio::fs::read_to_string(path).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Unread::Missing("the repository has no such file at that ref".to_owned())
        }
        _ => Unread::Wrong(format!("{}: {error}", path.display())),
    })
}

/// A folder of the mirror is no commit; its digest stands for one.
fn revision(revision: &Revision) -> Result<CommitId, String> {
    match revision {
        Revision::Commit(commit) => Ok(commit.clone()),
        Revision::Tree(digest) => CommitId::new(digest.hex()).map_err(|error| error.to_string()),
    }
}

/// Plans are made where blocking is allowed, in a runtime or not.
fn wait_for<T: Send>(work: impl Future<Output = Result<T, Unread>> + Send) -> Result<T, Unread> {
    let blocking = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| error.to_string())?.block_on(work)
    };
    std::thread::scope(|scope| scope.spawn(blocking).join())
        .unwrap_or_else(|_| Err(Unread::Wrong("fetching it failed; please report this".to_owned())))
}

/// What a call gives has to be what its workflow takes.
fn takes(workflow: &Workflow, key: &str, call: &CallJob) -> Result<(), String> {
    let Some(takes) = workflow.on.call() else {
        return Err(format!("`{key}` cannot be called: it has no `on: workflow_call`"));
    };
    let given = |name: &str| match &call.secrets {
        Secrets::Inherit => true,
        Secrets::Named(named) => named.written().is_none() || named.get(name).is_some(),
    };
    let missing = takes.secrets.iter().find(|(name, secret)| secret.required && !given(name));
    if let Some((name, _)) = missing {
        return Err(format!("`{key}` requires the secret `{name}`"));
    }
    let named = match &call.secrets {
        Secrets::Inherit => None,
        Secrets::Named(named) => named.written(),
    };
    let defined = |name: &str| takes.secrets.keys().any(|key| key.eq_ignore_ascii_case(name));
    if let Some(name) = named.and_then(|named| named.keys().find(|name| !defined(name))) {
        return Err(format!("`{key}` has no secret `{name}`"));
    }
    let Some(with) = call.with.written() else { return Ok(()) };
    let has = |name: &str| takes.inputs.keys().any(|input| input.eq_ignore_ascii_case(name));
    if let Some(name) = with.keys().find(|name| !has(name)) {
        return Err(format!("`{key}` has no input `{name}`"));
    }
    let missing = takes.inputs.iter().find(|(name, i)| i.required && call.with.get(name).is_none());
    if let Some((name, _)) = missing {
        return Err(format!("`{key}` requires the input `{name}`"));
    }
    Ok(())
}

/// What a call's workflow may be allowed, where somebody on the way says.
fn allowed(caller: &Caller<'_>, job: &Job) -> Option<Granted> {
    let written = job.permissions.as_ref().or(caller.workflow.permissions.as_ref());
    match (written.map(Granted::written), &caller.allowed) {
        (Some(own), Some(allowed)) => Some(own.within(allowed)),
        (own, allowed) => own.or_else(|| allowed.clone()),
    }
}

/// As on GitHub, a called workflow that asks for more than it is allowed is
/// refused before anything runs.
fn asks_for_no_more(workflow: &Workflow, allowed: &Granted) -> Result<(), String> {
    let asked = workflow.permissions.iter().map(|written| (None, written));
    let of_jobs =
        workflow.jobs.iter().filter_map(|(key, job)| Some((Some(key), job.permissions.as_ref()?)));
    for (job, written) in asked.chain(of_jobs) {
        if let Some((scope, access)) = Granted::written(written).beyond(allowed) {
            let who =
                job.map_or("the workflow".to_owned(), |key| format!("the nested job `{key}`"));
            let has = allowed.0.get(scope).map_or("none", |access| access.as_str());
            return Err(format!(
                "{who} is requesting `{scope}: {}`, but is only allowed `{scope}: {has}`",
                access.as_str()
            ));
        }
    }
    Ok(())
}
