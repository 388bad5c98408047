//! What happened: an event with its payload, the commit that it is about, and
//! what triggers ask of it. Made from git, as GitHub would send it, over which
//! goes what a person gives.
//!
//! Source: "Events that trigger workflows" and "Webhook events and payloads".

use serde_json::{Value, json};
use shipway_core::ids::CommitId;
use shipway_core::plan::{Commit, Trigger};
use shipway_workflow::model::Event;
use shipway_workflow::trigger::{GitRef, TriggerEvent, skip_instruction};

use crate::git::Repository;

use super::{PlanError, payload};

/// A diff says which workflows a push starts only up to so many commits; with
/// more, filters on paths hold nothing back.
const MOST_COMMITS: usize = 1_000;
/// Filters on paths see as many changed files.
const MOST_FILES: usize = 300;

/// An event as plans are made of it.
pub(super) struct Happening {
    pub(super) trigger: Trigger,
    pub(super) asked: TriggerEvent,
    /// The commit that runs are for.
    pub(super) commit: Commit,
    /// What the message of the commit that was pushed, or of the pull request's newest one, has
    /// so that nothing runs.
    pub(super) skip: Option<&'static str>,
}

/// What is known before git is asked.
pub(super) struct Known<'a> {
    pub(super) repository: &'a Repository,
    pub(super) commit: &'a Commit,
    pub(super) git_ref: &'a GitRef,
    /// The payload that a person gives, or parts of one.
    pub(super) given: Option<&'a Value>,
}

impl Known<'_> {
    pub(super) fn happening(&self, event: Event) -> Result<Happening, PlanError> {
        match event {
            Event::Push => self.push(),
            Event::PullRequest | Event::PullRequestTarget => self.pull_request(event),
            _ => self.other(event),
        }
    }

    fn push(&self) -> Result<Happening, PlanError> {
        let mut trigger = payload::push(self.repository, self.commit, self.git_ref)?;
        self.complete(&mut trigger.payload);
        let id = |key: &str| trigger.payload.get(key).and_then(Value::as_str);
        let before = id("before").and_then(|id| CommitId::new(id).ok());
        let changed = match before.filter(|id| id.as_str() != payload::ZEROS) {
            Some(before) => self.changed(&before, &self.commit.id)?,
            None => None,
        };
        let git_ref = trigger.payload.get("ref").and_then(Value::as_str).and_then(GitRef::parse);
        let git_ref = git_ref.unwrap_or_else(|| self.git_ref.clone());
        trigger.git_ref = git_ref.full();
        let asked = TriggerEvent::push(git_ref, changed);
        let message = trigger.payload.pointer("/head_commit/message").and_then(Value::as_str);
        let skip = message.and_then(skip_instruction);
        Ok(Happening { trigger, asked, commit: self.commit.clone(), skip })
    }

    /// The files that differ; nothing where GitHub does not look.
    fn changed(&self, from: &CommitId, to: &CommitId) -> Result<Option<Vec<String>>, PlanError> {
        if !self.repository.has(from)? || self.repository.count_between(from, to)? > MOST_COMMITS {
            return Ok(None);
        }
        let mut files = self.repository.changed(from, to)?;
        files.truncate(MOST_FILES);
        Ok(Some(files))
    }

    /// Runs are for the merge of the head into the base, or for the base itself
    /// with `pull_request_target`. Files count that changed since the two parted.
    fn pull_request(&self, event: Event) -> Result<Happening, PlanError> {
        let given = |path: &str| self.given.and_then(|p| p.pointer(path)).and_then(Value::as_str);
        let base_name = match given("/pull_request/base/ref") {
            Some(name) => name.to_owned(),
            None => self.repository.default_branch()?.ok_or(PlanError::NoBase)?,
        };
        let base = match self.repository.upstream(&base_name)? {
            Some(base) => base,
            None => self.repository.local(&base_name)?.ok_or(PlanError::NoBase)?,
        };
        let head_name = given("/pull_request/head/ref").unwrap_or(self.git_ref.short());
        if head_name == base_name && self.given.is_none() {
            return Err(PlanError::BaseItself { base: base_name });
        }
        let head = &self.commit.id;
        let changed = match self.repository.merge_base(&base, head)? {
            Some(fork) => self.changed(&fork, head)?,
            None => None,
        };
        let number = self.given.and_then(|given| {
            let own = given.pointer("/pull_request/number").or(given.get("number"));
            own.and_then(Value::as_u64)
        });
        let number = number.unwrap_or(1);
        let (commit, git_ref) = if event == Event::PullRequestTarget {
            (self.repository.commit(base.as_str())?, format!("refs/heads/{base_name}"))
        } else {
            let message = format!("Merge {head} into {base}");
            let merged = self.repository.merged(&base, head, &message)?;
            let conflict = || PlanError::Conflict { base: base_name.clone() };
            (merged.ok_or_else(conflict)?, format!("refs/pull/{number}/merge"))
        };
        let sides = payload::Sides { base: (&base_name, &base), head: (head_name, head) };
        let mut payload = payload::pull_request(self.repository, self.commit, number, &sides)?;
        payload["pull_request"]["merge_commit_sha"] = json!(commit.id);
        self.complete(&mut payload);
        let activity = payload.get("action").and_then(Value::as_str).unwrap_or("opened");
        let mut asked = TriggerEvent::pull_request(&base_name, activity, changed);
        asked.event = event;
        let skip = match event {
            Event::PullRequest => skip_instruction(&self.repository.message(head)?),
            _ => None,
        };
        let trigger = Trigger { event: event.to_string(), git_ref, payload };
        Ok(Happening { trigger, asked, commit, skip })
    }

    fn other(&self, event: Event) -> Result<Happening, PlanError> {
        let mut payload = payload::common(self.repository, self.commit)?;
        if matches!(event, Event::WorkflowDispatch | Event::Create | Event::Delete) {
            payload["ref"] = json!(self.git_ref.full());
        }
        if let Some(activity) = usual_activity(event) {
            payload["action"] = json!(activity);
        }
        self.complete(&mut payload);
        let text = |path: &str| payload.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let tag = text("/release/tag_name").filter(|_| event == Event::Release);
        let git_ref = tag.map_or_else(|| self.git_ref.clone(), GitRef::Tag);
        let base = text("/merge_group/base_ref");
        let base = base.map(|full| full.trim_start_matches("refs/heads/").to_owned());
        let of_run = text("/workflow_run/head_branch").map(GitRef::Branch);
        let asked = TriggerEvent {
            git_ref: Some(of_run.unwrap_or_else(|| git_ref.clone())),
            base: base.or_else(|| Some(self.git_ref.short().to_owned())),
            activity: text("/action"),
            workflow: text("/workflow_run/name").or_else(|| text("/workflow/name")),
            cron: text("/schedule"),
            ..TriggerEvent::new(event)
        };
        let trigger = Trigger { event: event.to_string(), git_ref: git_ref.full(), payload };
        Ok(Happening { trigger, asked, commit: self.commit.clone(), skip: None })
    }

    /// What a person gives goes over what git tells.
    fn complete(&self, payload: &mut Value) {
        if let Some(given) = self.given {
            merge(payload, given);
        }
    }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// The activity that is meant by an event without one.
fn usual_activity(event: Event) -> Option<&'static str> {
    match event {
        Event::WorkflowRun => Some("completed"),
        Event::Release => Some("published"),
        Event::Issues | Event::Discussion => Some("opened"),
        Event::IssueComment
        | Event::PullRequestReviewComment
        | Event::DiscussionComment
        | Event::Label
        | Event::Milestone => Some("created"),
        Event::PullRequestReview => Some("submitted"),
        _ => match event.types() {
            [only] => Some(only),
            _ => None,
        },
    }
}
