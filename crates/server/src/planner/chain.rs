//! The workflows that follow other workflows of a plan: `on: workflow_run`.
//!
//! Source: "Events that trigger workflows", `workflow_run`: the file, the commit
//! and the ref are those of the default branch, filters on branches are about
//! the head of the other run, and a chain has three levels behind its first run.

use serde_json::{Value, json};
use shipway_core::plan::{Activity, Chained, Commit, NotRun, PlannedRun, Trigger};
use shipway_core::run::run_number;
use shipway_workflow::model::{Event, Workflow};
use shipway_workflow::trigger::{GitRef, Match, TriggerEvent};

use crate::git::File;

use super::PlanError;
use super::calls::Calls;
use super::draft::Text;
use super::workflows::{FOLDER, Found, Triggered, is_workflow};

/// GitHub's limit.
const MAX_LEVELS: usize = 3;

/// A workflow that others may start.
pub(super) struct Follower {
    file: File,
    text: String,
    workflow: Workflow,
}

/// What a run follows.
pub(super) struct Link {
    /// Its place among the runs of the plan.
    after: usize,
    on: Activity,
    commit: Commit,
    pub(super) git_ref: String,
}

/// A plan's runs, and what follows them.
pub(super) struct Chain<'a> {
    pub(super) calls: &'a Calls<'a>,
    pub(super) commit: &'a Commit,
    pub(super) trigger: &'a Trigger,
}

/// The newest commit of the default branch.
struct Home {
    commit: Commit,
    git_ref: String,
}

impl Follower {
    /// The workflow, if others may start it.
    pub(super) fn of(file: &File, text: &str, workflow: &Workflow) -> Option<Self> {
        workflow.on.trigger(Event::WorkflowRun)?;
        let (file, text) = (file.clone(), text.to_owned());
        Some(Self { file, text, workflow: workflow.clone() })
    }
}

impl Chain<'_> {
    /// Adds what follows the runs that were found, and what follows that.
    pub(super) fn extend(&self, found: &mut Found) -> Result<(), PlanError> {
        let home = self.home()?;
        let followers = match home.commit.id == self.commit.id {
            true => std::mem::take(&mut found.followers),
            false => self.followers(&home)?,
        };
        if followers.is_empty() {
            return Ok(());
        }
        let calls = Calls { commit: &home.commit.id, ..*self.calls };
        let mut level: Vec<usize> = (0..found.runs.len()).collect();
        let mut too_far = Vec::new();
        for depth in 0..=MAX_LEVELS {
            let mut next = Vec::new();
            for (after, follower, on, why) in self.matching(&level, &followers, found) {
                if depth == MAX_LEVELS {
                    let why =
                        format!("{why}: a chain ends after {MAX_LEVELS} levels, as on GitHub");
                    too_far.push(NotRun { path: follower.file.path.clone(), why });
                    continue;
                }
                let (commit, git_ref) = (home.commit.clone(), home.git_ref.clone());
                next.push(found.runs.len());
                let Follower { file, text, workflow } = follower;
                let called = calls.of(workflow).map_err(PlanError::Calls)?;
                let run = Triggered::read(file, text, workflow.clone(), called, why);
                let link = Some(Link { after, on, commit, git_ref });
                found.runs.push(Triggered { link, ..run });
            }
            level = next;
        }
        let Found { runs, not_run, .. } = found;
        not_run.retain(|left| {
            let runs = runs.iter().any(|run| run.path == left.path);
            !runs && too_far.iter().all(|other| other.path != left.path)
        });
        not_run.extend(too_far);
        Ok(())
    }

    /// What follows the runs at these places: which, by what of it, and why.
    fn matching<'f>(
        &self,
        level: &[usize],
        followers: &'f [Follower],
        found: &Found,
    ) -> Vec<(usize, &'f Follower, Activity, String)> {
        let mut matching = Vec::new();
        for after in level {
            let Some(run) = found.runs.get(*after) else { continue };
            for follower in followers {
                for on in Activity::ALL {
                    let asked = TriggerEvent {
                        git_ref: Some(GitRef::Branch(self.head(run).branch)),
                        activity: Some(on.as_str().to_owned()),
                        workflow: Some(run.name.clone()),
                        ..TriggerEvent::new(Event::WorkflowRun)
                    };
                    if let Match::Yes { why } = follower.workflow.on.matches(&asked) {
                        matching.push((*after, follower, on, why));
                    }
                }
            }
        }
        matching
    }

    /// Says of each run that follows another one what GitHub would tell it.
    pub(super) fn link(&self, planned: &mut [PlannedRun<Text>], found: &[Triggered]) {
        for (place, run) in found.iter().enumerate() {
            let Some(link) = &run.link else { continue };
            let Some((other, triggered)) = planned.get(link.after).zip(found.get(link.after))
            else {
                continue;
            };
            let trigger = Trigger {
                event: Event::WorkflowRun.to_string(),
                git_ref: link.git_ref.clone(),
                payload: self.payload(other, triggered, link.on),
            };
            let chained = Chained {
                after: other.id.clone(),
                on: link.on,
                trigger,
                commit: link.commit.clone(),
            };
            if let Some(planned) = planned.get_mut(place) {
                planned.chained = Some(Box::new(chained));
            }
        }
    }

    fn home(&self) -> Result<Home, PlanError> {
        let own = || Home { commit: self.commit.clone(), git_ref: self.trigger.git_ref.clone() };
        let branch = self.trigger.payload.pointer("/repository/default_branch");
        let Some(branch) = branch.and_then(Value::as_str) else { return Ok(own()) };
        let git_ref = format!("refs/heads/{branch}");
        if self.trigger.git_ref == git_ref {
            return Ok(own());
        }
        let repository = self.calls.repository;
        let newest = match repository.local(branch)? {
            Some(local) => Some(local),
            None => repository.upstream(branch)?,
        };
        match newest {
            Some(id) => Ok(Home { commit: repository.commit(id.as_str())?, git_ref }),
            None => Ok(own()),
        }
    }

    /// The workflows of the default branch that others may start. A file there
    /// that is wrong starts nothing, as on GitHub.
    fn followers(&self, home: &Home) -> Result<Vec<Follower>, PlanError> {
        let (repository, commit) = (self.calls.repository, &home.commit.id);
        let files = repository.files_in(commit, FOLDER, is_workflow)?;
        let texts = repository.texts(commit, &files)?;
        let read = files.iter().zip(&texts).filter_map(|(file, text)| {
            let workflow = Workflow::read(&file.path, text).ok()?;
            Follower::of(file, text, &workflow)
        });
        Ok(read.collect())
    }

    /// What a run is about.
    fn head(&self, run: &Triggered) -> Head {
        if let Some(link) = &run.link {
            let branch = link.git_ref.trim_start_matches("refs/heads/").to_owned();
            return Head { branch, sha: link.commit.id.to_string() };
        }
        let text = |path: &str| self.trigger.payload.pointer(path).and_then(Value::as_str);
        let short = || {
            let git_ref = self.trigger.git_ref.as_str();
            GitRef::parse(git_ref).map_or(git_ref.to_owned(), |git_ref| git_ref.short().to_owned())
        };
        Head {
            branch: text("/pull_request/head/ref").map_or_else(short, str::to_owned),
            sha: text("/pull_request/head/sha").unwrap_or(self.commit.id.as_str()).to_owned(),
        }
    }

    /// The payload of `workflow_run`, without how the run ended:
    /// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run>.
    fn payload(&self, run: &PlannedRun<Text>, triggered: &Triggered, on: Activity) -> Value {
        let given = &self.trigger.payload;
        let head = self.head(triggered);
        let event = match &triggered.link {
            Some(_) => Event::WorkflowRun.to_string(),
            None => self.trigger.event.clone(),
        };
        let pull_request = given.get("pull_request").filter(|_| triggered.link.is_none());
        let pull_requests: Vec<Value> = pull_request
            .map(|pr| json!({"number": pr["number"], "head": pr["head"], "base": pr["base"]}))
            .into_iter()
            .collect();
        let repository = &given["repository"];
        let head_repository = given.pointer("/pull_request/head/repo").unwrap_or(repository);
        let web = repository["html_url"].as_str().unwrap_or_default();
        let id = run_number(&run.id);
        json!({
            "action": on.as_str(),
            "workflow": {"name": run.name, "path": run.path, "state": "active"},
            "workflow_run": {
                "id": id,
                "name": run.name,
                "path": run.path,
                "display_title": self.commit.subject,
                "event": event,
                "status": on.as_str(),
                "conclusion": null,
                "head_branch": head.branch,
                "head_sha": head.sha,
                "head_commit": {
                    "id": head.sha,
                    "message": self.commit.subject,
                    "timestamp": self.commit.at.to_string(),
                    "author": {"name": self.commit.author},
                },
                "run_number": run.number.max(1),
                "run_attempt": run.attempt.number,
                "html_url": format!("{web}/actions/runs/{id}"),
                "pull_requests": pull_requests,
                "actor": given["sender"],
                "triggering_actor": given["sender"],
                "repository": repository,
                "head_repository": head_repository,
            },
            "repository": repository,
            "sender": given["sender"],
        })
    }
}

/// The branch and the commit that a run is about.
struct Head {
    branch: String,
    sha: String,
}
