//! What a pull request says: its labels, and its reviews. One reader for what the hosting service
//! answers and for what somebody hands in.

use std::collections::BTreeMap;

use serde_json::Value;
use shipway_checks::policy::shown::PullRequest;
use shipway_core::ids::CommitId;
use shipway_hosting::PullRequestAnswer;

/// A pull request, as somebody tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldPullRequest {
    said: PullRequest,
    head: Option<CommitId>,
    base: Option<CommitId>,
}

/// What says nothing of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPayload {
    /// It is no JSON.
    #[error("it is no JSON: {0}")]
    Json(String),
    /// There is no pull request in it.
    #[error("there is no `pull_request` in it: it has to be the payload of such an event")]
    NoPullRequest,
    /// The reviews are no list.
    #[error(
        "the reviews are no list: `GET /repos/{{owner}}/{{repo}}/pulls/{{number}}/reviews` answers one"
    )]
    NoList,
    /// A commit of it is not named.
    #[error("it does not name the commit of its `{0}`")]
    NoCommit(&'static str),
}

/// Who tells of it.
enum Teller {
    /// Somebody who handed in files. Nobody vouches for them.
    Somebody,
    /// The hosting service itself; its address.
    Service(String),
}

impl ToldPullRequest {
    /// What files say that somebody hands in: an event's payload (`pull_request` or
    /// `pull_request_review`), and reviews as GitHub's API lists them.
    ///
    /// # Errors
    /// When they are of another form.
    pub fn handed_in(payload: &str, reviews: Option<&str>) -> Result<Self, BadPayload> {
        let json = |text: &str| {
            serde_json::from_str::<Value>(text).map_err(|e| BadPayload::Json(e.to_string()))
        };
        let payload = json(payload)?;
        let pull_request = payload.get("pull_request").ok_or(BadPayload::NoPullRequest)?;
        let mut all: Vec<Value> = payload.get("review").cloned().into_iter().collect();
        if let Some(reviews) = reviews {
            let listed = json(reviews)?;
            all.extend(listed.as_array().ok_or(BadPayload::NoList)?.iter().cloned());
        }
        Ok(Self::read(pull_request, &all, Teller::Somebody))
    }

    /// What the hosting service's API at `api` answers.
    ///
    /// # Errors
    /// When head or base are not in it: nothing could be compared.
    pub fn answered(answer: &PullRequestAnswer, api: &str) -> Result<Self, BadPayload> {
        let teller = Teller::Service(api.to_owned());
        let told = Self::read(&answer.pull_request, &answer.reviews, teller);
        for (side, commit) in [("head", &told.head), ("base", &told.base)] {
            if commit.is_none() {
                return Err(BadPayload::NoCommit(side));
            }
        }
        Ok(told)
    }

    /// Reads a pull request and its reviews (REST, "Get a pull request" and "List reviews for a pull
    /// request"; webhooks have the same form).
    ///
    /// A review counts for the commit that it was given for, and only the last of each person; one
    /// that was dismissed does not.
    fn read(pull_request: &Value, reviews: &[Value], teller: Teller) -> Self {
        let text = |path: &str| pull_request.pointer(path).and_then(Value::as_str);
        let commit = |path: &str| text(path).and_then(|sha| CommitId::new(sha).ok());
        let labels = pull_request.get("labels").and_then(Value::as_array);
        let name = |label: &Value| label.get("name").and_then(Value::as_str).map(str::to_owned);
        let (verified, by) = match teller {
            Teller::Somebody => (false, "a file".to_owned()),
            Teller::Service(api) => (true, api),
        };
        Self {
            said: PullRequest {
                labels: labels.into_iter().flatten().filter_map(name).collect(),
                approved_by: approvers(reviews, text("/head/sha"), text("/user/login")),
                verified,
                by,
            },
            head: commit("/head/sha"),
            base: commit("/base/sha"),
        }
    }

    pub(super) fn said(&self) -> PullRequest {
        self.said.clone()
    }

    pub(super) const fn head(&self) -> Option<&CommitId> {
        self.head.as_ref()
    }

    pub(super) const fn base(&self) -> Option<&CommitId> {
        self.base.as_ref()
    }
}

/// Who has approved the head commit. Nobody approves their own.
fn approvers(reviews: &[Value], head: Option<&str>, author: Option<&str>) -> Vec<String> {
    let text = |review: &Value, path: &str| {
        review.pointer(path).and_then(Value::as_str).map(str::to_owned)
    };
    let mut last: BTreeMap<String, (String, bool)> = BTreeMap::new();
    // In the order of their time; the API lists them so, and a payload's own may be among them.
    let mut ordered: Vec<&Value> = reviews.iter().collect();
    ordered.sort_by_key(|review| text(review, "/submitted_at").unwrap_or_default());
    for review in ordered {
        let (Some(by), Some(state)) = (text(review, "/user/login"), text(review, "/state")) else {
            continue;
        };
        let state = state.to_ascii_lowercase();
        // A comment takes no approval back.
        if state == "commented" || state == "pending" {
            continue;
        }
        let of_head = head.is_some() && text(review, "/commit_id").as_deref() == head;
        last.insert(by, (state, of_head));
    }
    let approves = |(by, (state, of_head)): (String, (String, bool))| {
        (state == "approved" && of_head && Some(by.as_str()) != author).then_some(by)
    };
    last.into_iter().filter_map(approves).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(labels: Value, reviews: Value) -> PullRequest {
        let payload = json!({"pull_request": {
            "labels": labels,
            "head": {"sha": "h1"},
            "base": {"sha": "b".repeat(40)},
            "user": {"login": "ann"},
        }});
        let read = ToldPullRequest::handed_in(&payload.to_string(), Some(&reviews.to_string()));
        let read = read.expect("a pull request");
        assert_eq!(read.base.as_ref().map(CommitId::as_str), Some("b".repeat(40).as_str()));
        read.said
    }

    fn review(by: &str, state: &str, commit: &str, at: &str) -> Value {
        json!({"user": {"login": by}, "state": state, "commit_id": commit, "submitted_at": at})
    }

    #[test]
    fn the_last_review_of_each_person_counts_and_for_the_head_alone() {
        let said = read(
            json!([{"name": "migration-destructive-approved"}]),
            json!([
                review("dora", "APPROVED", "h1", "2026-01-01T00:00:00Z"),
                review("dora", "COMMENTED", "h1", "2026-01-02T00:00:00Z"),
                review("ed", "APPROVED", "h0", "2026-01-01T00:00:00Z"),
                review("flo", "APPROVED", "h1", "2026-01-01T00:00:00Z"),
                review("flo", "DISMISSED", "h1", "2026-01-03T00:00:00Z"),
                review("gus", "CHANGES_REQUESTED", "h1", "2026-01-03T00:00:00Z"),
                review("gus", "APPROVED", "h1", "2026-01-02T00:00:00Z"),
                review("ann", "APPROVED", "h1", "2026-01-02T00:00:00Z"),
            ]),
        );
        assert_eq!(said.labels, ["migration-destructive-approved"]);
        assert_eq!(said.approved_by, ["dora"]);
        assert!(!said.verified);
    }

    #[test]
    fn both_ways_are_read_alike_and_one_is_vouched_for() {
        let (head, base) = ("a".repeat(40), "b".repeat(40));
        let pull_request = json!({
            "labels": [{"name": "fine"}], "user": {"login": "ann"},
            "head": {"sha": head}, "base": {"sha": base},
        });
        let reviews = vec![review("dora", "APPROVED", &head, "2026-01-01T00:00:00Z")];
        let payload = json!({"pull_request": pull_request}).to_string();
        let listed = json!(reviews).to_string();
        let handed_in = ToldPullRequest::handed_in(&payload, Some(&listed)).expect("a payload");
        let mut answer = PullRequestAnswer { pull_request, reviews };
        let answered = ToldPullRequest::answered(&answer, "https://api").expect("an answer");
        assert!(answered.said.verified && !handed_in.said.verified);
        assert_eq!(answered.said.by, "https://api");
        let as_handed_in =
            |said: PullRequest| PullRequest { by: "a file".into(), verified: false, ..said };
        assert_eq!(as_handed_in(answered.said), handed_in.said);
        assert_eq!((answered.head, answered.base), (handed_in.head, handed_in.base));

        answer.pull_request["base"]["sha"] = json!("main");
        let without = ToldPullRequest::answered(&answer, "https://api");
        assert_eq!(without, Err(BadPayload::NoCommit("base")));
        answer.pull_request = json!({"message": "hello"});
        let without = ToldPullRequest::answered(&answer, "https://api");
        assert_eq!(without, Err(BadPayload::NoCommit("head")));
    }

    #[test]
    fn what_is_no_pull_request_is_told() {
        assert_eq!(ToldPullRequest::handed_in("{}", None), Err(BadPayload::NoPullRequest));
        assert!(matches!(ToldPullRequest::handed_in("{", None), Err(BadPayload::Json(_))));
        let payload = r#"{"pull_request": {}}"#;
        assert_eq!(ToldPullRequest::handed_in(payload, Some("{}")), Err(BadPayload::NoList));
    }
}
