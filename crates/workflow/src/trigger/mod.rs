//! Which workflows an event starts, and why.

mod glob;
mod skip;

pub use glob::{Pattern, PatternError};
pub use skip::skip_instruction;

use serde::Serialize;

use crate::model::{Details, Event, Filter, On, Trigger};
use crate::span::Spanned;

/// Something that happened, as far as triggers ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TriggerEvent {
    /// What it was.
    pub event: Event,
    /// The branch or tag that it is about: what was pushed, the head of a workflow run.
    pub git_ref: Option<GitRef>,
    /// The branch that a pull request or merge group goes to.
    pub base: Option<String>,
    /// The files that changed, with `/`, relative to the repository; nothing when that is not
    /// known (as for the first push of a branch), and then no filter on paths holds it back.
    pub changed: Option<Vec<String>>,
    /// What happened in particular, such as `opened`; for `repository_dispatch` its type.
    pub activity: Option<String>,
    /// For `workflow_run`, the name of the workflow that ran.
    pub workflow: Option<String>,
    /// For `schedule`, the line that came due.
    pub cron: Option<String>,
}

/// A branch or a tag, without `refs/heads/` or `refs/tags/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum GitRef {
    /// A branch.
    Branch(String),
    /// A tag.
    Tag(String),
}

impl GitRef {
    /// From a full name such as `refs/heads/main`.
    #[must_use]
    pub fn parse(full: &str) -> Option<Self> {
        if let Some(branch) = full.strip_prefix("refs/heads/") {
            return Some(Self::Branch(branch.into()));
        }
        full.strip_prefix("refs/tags/").map(|tag| Self::Tag(tag.into()))
    }

    /// Without `refs/heads/` or `refs/tags/`.
    #[must_use]
    pub fn short(&self) -> &str {
        match self {
            Self::Branch(name) | Self::Tag(name) => name,
        }
    }

    /// With it.
    #[must_use]
    pub fn full(&self) -> String {
        match self {
            Self::Branch(name) => format!("refs/heads/{name}"),
            Self::Tag(name) => format!("refs/tags/{name}"),
        }
    }
}

impl TriggerEvent {
    /// An event about which nothing else is known.
    #[must_use]
    pub fn new(event: Event) -> Self {
        Self {
            event,
            git_ref: None,
            base: None,
            changed: None,
            activity: None,
            workflow: None,
            cron: None,
        }
    }

    /// A push of a branch or tag.
    #[must_use]
    pub fn push(git_ref: GitRef, changed: Option<Vec<String>>) -> Self {
        Self { git_ref: Some(git_ref), changed, ..Self::new(Event::Push) }
    }

    /// Something about a pull request to `base`.
    #[must_use]
    pub fn pull_request(base: &str, activity: &str, changed: Option<Vec<String>>) -> Self {
        let (base, activity) = (Some(base.to_owned()), Some(activity.to_owned()));
        Self { base, activity, changed, ..Self::new(Event::PullRequest) }
    }
}

/// Whether an event starts a workflow. `why` is a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// It does.
    Yes {
        /// What it fits.
        why: String,
    },
    /// It does not.
    No {
        /// What holds it back.
        why: String,
    },
}

impl Match {
    /// Whether it does.
    #[must_use]
    pub fn is_yes(&self) -> bool {
        matches!(self, Self::Yes { .. })
    }

    /// What it fits, or what holds it back.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::Yes { why } | Self::No { why } => why,
        }
    }
}

impl On {
    /// Whether an event starts the workflow.
    #[must_use]
    pub fn matches(&self, event: &TriggerEvent) -> Match {
        let Some(trigger) = self.trigger(event.event) else {
            return Match::No { why: format!("it is not started by `{}`", event.event) };
        };
        let mut reasons = vec![format!("`{}`", event.event)];
        let tests = [activity, reference, paths, particulars];
        for test in tests {
            match test(trigger, event) {
                Ok(reason) => reasons.extend(reason),
                Err(why) => return Match::No { why },
            }
        }
        Match::Yes { why: reasons.join(", ") }
    }
}

/// What an event fits, if there was anything to fit, or what holds it back.
type Verdict = Result<Option<String>, String>;

/// The activity types that count when a workflow chooses none; for other events, all count.
const PULL_REQUEST_TYPES: [&str; 3] = ["opened", "synchronize", "reopened"];

fn activity(trigger: &Trigger, event: &TriggerEvent) -> Verdict {
    let defaults: Option<Vec<&str>> =
        matches!(trigger.event, Event::PullRequest | Event::PullRequestTarget)
            .then(|| PULL_REQUEST_TYPES.to_vec());
    let chosen = trigger.types.as_ref();
    let wanted = match chosen {
        Some(types) => types.iter().map(|name| name.as_str()).collect(),
        None => match defaults {
            Some(types) => types,
            None => return Ok(None),
        },
    };
    match event.activity.as_deref() {
        Some(activity) if wanted.contains(&activity) => Ok(Some(format!("type `{activity}`"))),
        Some(activity) => {
            Err(format!("type `{activity}` is none of its types: {}", wanted.join(", ")))
        }
        None if chosen.is_none() => Ok(None),
        None => Err(format!("the event has no type, and its types are: {}", wanted.join(", "))),
    }
}

fn reference(trigger: &Trigger, event: &TriggerEvent) -> Verdict {
    let (branches, tags) = (trigger.branches.as_ref(), trigger.tags.as_ref());
    if branches.is_none() && tags.is_none() {
        return Ok(None);
    }
    let of_base =
        matches!(event.event, Event::PullRequest | Event::PullRequestTarget | Event::MergeGroup);
    let branch = |name: &str| match branches {
        Some(filter) => filter.judge("branch", name).map(Some),
        None => Err(format!("`{name}` is a branch, and only tags start it")),
    };
    match (&event.base, &event.git_ref) {
        (Some(base), _) if of_base => branch(base),
        (_, Some(GitRef::Branch(name))) if !of_base => branch(name),
        (_, Some(GitRef::Tag(name))) if !of_base => match tags {
            Some(filter) => filter.judge("tag", name).map(Some),
            None => Err(format!("`{name}` is a tag, and only branches start it")),
        },
        _ => Err("the event names no branch, and its branches are filtered".into()),
    }
}

fn paths(trigger: &Trigger, event: &TriggerEvent) -> Verdict {
    let Some(filter) = &trigger.paths else { return Ok(None) };
    if matches!(event.git_ref, Some(GitRef::Tag(_))) && event.event == Event::Push {
        return Ok(None); // Filters on paths are not evaluated for pushes of tags.
    }
    match &event.changed {
        None => Ok(Some("what changed is not known".into())),
        Some(changed) => filter.judge_paths(changed).map(Some),
    }
}

fn particulars(trigger: &Trigger, event: &TriggerEvent) -> Verdict {
    match &trigger.details {
        Details::Follows(names) if !names.is_empty() => match &event.workflow {
            Some(name) if names.iter().any(|own| own.as_str() == name) => {
                Ok(Some(format!("workflow `{name}`")))
            }
            Some(name) => Err(format!("it does not follow the workflow `{name}`")),
            None => Err("the event names no workflow".into()),
        },
        Details::Schedule(lines) => match &event.cron {
            Some(due) if lines.iter().any(|line| line.expression.as_str() == due) => {
                Ok(Some(format!("at `{due}`")))
            }
            Some(due) => Err(format!("`{due}` is not in its schedule")),
            None => Ok(None),
        },
        Details::Images { names, versions } if !(names.is_empty() && versions.is_empty()) => {
            Err("filters on images are not evaluated".into())
        }
        _ => Ok(None),
    }
}

/// The last pattern that fits a name: whether it says yes, and how it is written.
fn last_fit<'a>(patterns: &'a [Spanned<Pattern>], name: &str) -> Option<&'a Pattern> {
    patterns.iter().rev().map(|pattern| &pattern.value).find(|pattern| pattern.fits(name))
}

impl Filter {
    /// Whether a branch or tag passes.
    fn judge(&self, what: &str, name: &str) -> Result<String, String> {
        match self {
            Self::Only(patterns) => match last_fit(patterns, name) {
                Some(pattern) if !pattern.is_negative() => {
                    Ok(format!("{what} `{name}` fits `{}`", pattern.as_str()))
                }
                Some(pattern) => {
                    Err(format!("{what} `{name}` is excluded by `{}`", pattern.as_str()))
                }
                None => Err(format!("{what} `{name}` fits none of: {}", list(patterns))),
            },
            Self::Ignore(patterns) => match ignored(patterns, name) {
                Some(pattern) => {
                    Err(format!("{what} `{name}` is ignored by `{}`", pattern.as_str()))
                }
                None => Ok(format!("{what} `{name}` is not ignored")),
            },
        }
    }

    /// Whether at least one changed file passes. A change without any file does not pass `paths`,
    /// and does pass `paths-ignore`: nothing of it is ignored.
    fn judge_paths(&self, changed: &[String]) -> Result<String, String> {
        match self {
            Self::Only(patterns) => changed
                .iter()
                .find(|path| last_fit(patterns, path).is_some_and(|p| !p.is_negative()))
                .map(|path| format!("`{path}` changed"))
                .ok_or_else(|| format!("no changed file fits: {}", list(patterns))),
            Self::Ignore(patterns) if changed.is_empty() => {
                Ok(format!("nothing changed that is ignored by: {}", list(patterns)))
            }
            Self::Ignore(patterns) => changed
                .iter()
                .find(|path| ignored(patterns, path).is_none())
                .map(|path| format!("`{path}` changed"))
                .ok_or_else(|| format!("all changed files are ignored by: {}", list(patterns))),
        }
    }
}

fn ignored<'a>(patterns: &'a [Spanned<Pattern>], name: &str) -> Option<&'a Pattern> {
    last_fit(patterns, name).filter(|pattern| !pattern.is_negative())
}

fn list(patterns: &[Spanned<Pattern>]) -> String {
    patterns.iter().map(|pattern| pattern.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
