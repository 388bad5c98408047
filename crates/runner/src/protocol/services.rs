//! How actions reach the results service: artifacts, caches, OIDC tokens.

use serde::{Deserialize, Serialize};
pub use shipway_results::CacheMode;

use super::Secret;

/// The results service as one job sees it. The tokens end with the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Services {
    /// `ACTIONS_RESULTS_URL`, for example `http://127.0.0.1:41234/`.
    pub url: String,
    /// `ACTIONS_RUNTIME_TOKEN`
    pub token: Secret,
    /// `ACTIONS_CACHE_MODE`: what the job may do with caches.
    pub cache_mode: CacheMode,
    /// How the job gets OIDC tokens, if it may.
    pub id_token: Option<IdTokens>,
}

/// How a job gets OIDC tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdTokens {
    /// `ACTIONS_ID_TOKEN_REQUEST_URL`
    pub url: String,
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`
    pub token: Secret,
}

/// What an outer runner may have set, which must not reach a job of this one.
pub const OF_OUTER_RUNNER: [&str; 8] = [
    "ACTIONS_RUNTIME_URL",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_RESULTS_URL",
    "ACTIONS_CACHE_URL",
    "ACTIONS_CACHE_SERVICE_V2",
    "ACTIONS_CACHE_MODE",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
];

impl Services {
    /// The variables that only JavaScript and docker actions get.
    pub fn action_variables(&self) -> Vec<(&'static str, String)> {
        let url = || self.url.clone();
        vec![
            ("ACTIONS_RUNTIME_URL", url()),
            ("ACTIONS_RUNTIME_TOKEN", self.token.reveal().to_owned()),
            ("ACTIONS_RESULTS_URL", url()),
            ("ACTIONS_CACHE_URL", url()),
            ("ACTIONS_CACHE_SERVICE_V2", "True".to_owned()),
            ("ACTIONS_CACHE_MODE", self.cache_mode.as_str().to_owned()),
        ]
    }

    /// The variables that every step gets.
    pub fn step_variables(&self) -> Vec<(&'static str, String)> {
        let Some(IdTokens { url, token }) = &self.id_token else { return Vec::new() };
        vec![
            ("ACTIONS_ID_TOKEN_REQUEST_URL", url.clone()),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", token.reveal().to_owned()),
        ]
    }

    /// What nobody may see of the variables of actions.
    pub fn action_secret(&self) -> &str {
        self.token.reveal()
    }

    /// What nobody may see of those of every step.
    pub fn step_secret(&self) -> Option<&str> {
        self.id_token.as_ref().map(|id_token| id_token.token.reveal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(id_token: Option<IdTokens>) -> Services {
        let token = Secret::new("runtime");
        let url = "http://127.0.0.1:1/".to_owned();
        Services { url, token, cache_mode: CacheMode::Read, id_token }
    }

    #[test]
    fn every_variable_is_kept_from_an_outer_runner() {
        let id_token = IdTokens { url: "u".to_owned(), token: Secret::new("id") };
        let services = services(Some(id_token));
        let mut all = services.action_variables();
        all.extend(services.step_variables());
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, OF_OUTER_RUNNER);
        assert_eq!((services.action_secret(), services.step_secret()), ("runtime", Some("id")));
    }

    #[test]
    fn without_permission_there_is_nothing_to_ask_with() {
        assert!(services(None).step_variables().is_empty());
        assert_eq!(services(None).step_secret(), None);
    }
}
