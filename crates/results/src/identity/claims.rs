//! What a token says of its job.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::grant::Grant;

/// Who a job is. GitHub's values, all of them text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The `github` context: claims take what they need of it.
    pub github: IndexMap<String, String>,
    /// The environment that the job deploys to.
    pub environment: Option<String>,
    /// `owner/name/path@ref` of the workflow that the job stands in.
    pub job_workflow_ref: String,
    /// The commit that it is from.
    pub job_workflow_sha: String,
    /// `public`, `private` or `internal`.
    pub repository_visibility: String,
    /// `github-hosted` or `self-hosted`.
    pub runner_environment: String,
}

/// Of the `github` context, under the same name.
const OF_CONTEXT: [&str; 19] = [
    "actor",
    "actor_id",
    "base_ref",
    "event_name",
    "head_ref",
    "ref",
    "ref_protected",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "run_attempt",
    "run_id",
    "run_number",
    "sha",
    "workflow",
    "workflow_ref",
    "workflow_sha",
];

/// Every claim there may be.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    const BEFORE: [&str; 7] = ["sub", "aud", "exp", "iat", "nbf", "iss", "jti"];
    const AFTER: [&str; 5] = [
        "environment",
        "job_workflow_ref",
        "job_workflow_sha",
        "repository_visibility",
        "runner_environment",
    ];
    BEFORE.into_iter().chain(OF_CONTEXT).chain(AFTER)
}

/// As GitHub's: five minutes, and good for clocks that are ten minutes behind.
const LIFETIME_SECONDS: i64 = 5 * 60;
const BEHIND_SECONDS: i64 = 10 * 60;

impl Identity {
    fn of(&self, name: &str) -> &str {
        self.github.get(name).map_or("", String::as_str)
    }

    /// `sub`: who, in a form that trust is written for.
    fn subject(&self) -> String {
        let repository = self.of("repository");
        let what = match &self.environment {
            // `:` would look like the end of the name.
            Some(environment) => format!("environment:{}", environment.replace(':', "%3A")),
            None if self.of("event_name") == "pull_request" => "pull_request".to_owned(),
            None => format!("ref:{}", self.of("ref")),
        };
        format!("repo:{repository}:{what}")
    }

    /// All claims of a token.
    pub(super) fn claims(
        &self,
        grant: &Grant,
        issuer: &str,
        audience: Option<String>,
        jti: &str,
        now: Timestamp,
    ) -> Value {
        let server = Some(self.of("server_url")).filter(|server| !server.is_empty());
        let owner = self.of("repository_owner");
        let everybody = format!("{}/{owner}", server.unwrap_or("https://github.com"));
        let second = now.as_second();
        let mut claims = Map::new();
        let mut set = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
        set("jti", json!(jti));
        set("sub", json!(self.subject()));
        set("aud", json!(audience.unwrap_or(everybody)));
        for name in OF_CONTEXT {
            set(name, json!(self.of(name)));
        }
        set("run_id", json!(grant.job.run_id.to_string()));
        set("run_attempt", json!(grant.job.attempt.to_string()));
        if let Some(environment) = &self.environment {
            set("environment", json!(environment));
        }
        set("job_workflow_ref", json!(self.job_workflow_ref));
        set("job_workflow_sha", json!(self.job_workflow_sha));
        set("repository_visibility", json!(self.repository_visibility));
        set("runner_environment", json!(self.runner_environment));
        set("iss", json!(issuer));
        set("nbf", json!(second - BEHIND_SECONDS));
        set("exp", json!(second + LIFETIME_SECONDS));
        set("iat", json!(second));
        Value::Object(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::tests::grant;

    fn identity(event: &str, environment: Option<&str>) -> Identity {
        let github = [
            ("repository", "acme/shop"),
            ("repository_owner", "acme"),
            ("event_name", event),
            ("ref", "refs/heads/main"),
            ("server_url", "https://acme.ghe.com"),
        ];
        let github = github.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = environment.map(str::to_owned);
        Identity { github: github.into_iter().collect(), environment, ..Identity::default() }
    }

    #[test]
    fn subjects_have_githubs_forms() {
        let subject = |event, environment| identity(event, environment).subject();
        assert_eq!(subject("push", None), "repo:acme/shop:ref:refs/heads/main");
        assert_eq!(subject("pull_request", None), "repo:acme/shop:pull_request");
        let environment = "repo:acme/shop:environment:prod%3Aeu";
        assert_eq!(subject("pull_request", Some("prod:eu")), environment);
    }

    #[test]
    fn claims_are_those_that_discovery_names() {
        let now = Timestamp::from_second(10_000).unwrap();
        let identity = identity("push", Some("prod"));
        let claims = identity.claims(&grant(), "http://i", None, "j", now);
        let Value::Object(all) = &claims else { panic!("{claims}") };
        for name in all.keys() {
            assert!(names().any(|known| known == name), "{name}");
        }
        assert_eq!(all.len(), names().count());
        assert_eq!(claims["aud"], "https://acme.ghe.com/acme");
        assert_eq!(claims["run_id"], "7");
        assert_eq!([&claims["nbf"], &claims["iat"], &claims["exp"]], [9_400, 10_000, 10_300]);
        let asked = identity.claims(&grant(), "http://i", Some("vault".into()), "j", now);
        assert_eq!(asked["aud"], "vault");
    }
}
