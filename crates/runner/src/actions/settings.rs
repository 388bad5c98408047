//! Where actions may come from.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where actions may come from, and how they run. It is part of a job's
/// message, so the worker needs nothing of the engine's environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// A folder of repositories: `owner/name` (or `owner/name.git`), a git
    /// repository, bare or not; or `owner/name@ref`, a folder of plain files.
    pub mirror: Option<PathBuf>,
    /// Where fetched actions are kept, by commit.
    pub cache: PathBuf,
    /// Where repositories are fetched from: `<server>/owner/name`. git's
    /// `insteadOf` applies.
    pub server: String,
    /// Nothing is asked of the server.
    pub offline: bool,
    /// `actions/checkout` and the others that are built in are fetched and run
    /// as released, too.
    pub released: bool,
    /// Only what `.github/actions.lock` pins may run.
    pub locked: bool,
    /// The program to run JavaScript actions with; `None`: as the PATH has it.
    pub node: Option<PathBuf>,
}

/// Where GitHub's own repositories are.
const GITHUB: &str = "https://github.com";

/// The settings name no folder to keep actions in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no folder to keep actions in: set HOME or XDG_CACHE_HOME to an absolute path")]
pub struct NoCache;

impl Settings {
    /// The plainest settings: everything from GitHub, kept in `cache`.
    pub fn new(cache: PathBuf) -> Self {
        Self {
            mirror: None,
            cache,
            server: GITHUB.to_owned(),
            offline: false,
            released: false,
            locked: false,
            node: None,
        }
    }

    /// The settings of a user's environment:
    ///
    /// | variable | what it is |
    /// |---|---|
    /// | `SHIPWAY_ACTIONS_MIRROR` | [`Settings::mirror`] |
    /// | `SHIPWAY_ACTIONS_SERVER` | [`Settings::server`] |
    /// | `SHIPWAY_ACTIONS_OFFLINE` | [`Settings::offline`], if `1` or `true` |
    /// | `SHIPWAY_ACTIONS_RELEASED` | [`Settings::released`], likewise |
    /// | `SHIPWAY_ACTIONS_LOCKED` | [`Settings::locked`], likewise |
    /// | `SHIPWAY_NODE` | [`Settings::node`] |
    /// | `XDG_CACHE_HOME`, `HOME` | where [`Settings::cache`] is |
    ///
    /// # Errors
    /// When no folder for the cache is named.
    pub fn from_env(get: impl Fn(&str) -> Option<OsString>) -> Result<Self, NoCache> {
        let set = |name: &str| get(name).filter(|value| !value.is_empty());
        let path = |name: &str| set(name).map(PathBuf::from);
        // Jobs work in other folders.
        let from_here = |name: &str| path(name).map(|p| std::path::absolute(&p).unwrap_or(p));
        let absolute = |name: &str| path(name).filter(|path| path.is_absolute());
        let flag = |name: &str| {
            set(name).is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
        };
        let cache = absolute("XDG_CACHE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
            .ok_or(NoCache)?;
        let server = set("SHIPWAY_ACTIONS_SERVER").and_then(|value| value.into_string().ok());
        Ok(Self {
            mirror: from_here("SHIPWAY_ACTIONS_MIRROR"),
            cache: cache.join("shipway/actions"),
            server: server.unwrap_or_else(|| GITHUB.to_owned()),
            offline: flag("SHIPWAY_ACTIONS_OFFLINE"),
            released: flag("SHIPWAY_ACTIONS_RELEASED"),
            locked: flag("SHIPWAY_ACTIONS_LOCKED"),
            node: from_here("SHIPWAY_NODE"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides() {
        let none = Settings::from_env(|_| None);
        assert_eq!(none, Err(NoCache));
        let get = |name: &str| {
            let value = match name {
                "HOME" => "/home/u",
                "XDG_CACHE_HOME" => "relative",
                "SHIPWAY_ACTIONS_OFFLINE" => "TRUE",
                "SHIPWAY_ACTIONS_SERVER" => "https://ghe.example.org",
                _ => "",
            };
            Some(value.into())
        };
        let settings = Settings::from_env(get).unwrap();
        assert_eq!(settings.cache, PathBuf::from("/home/u/.cache/shipway/actions"));
        assert_eq!(settings.server, "https://ghe.example.org");
        assert!(settings.offline && !settings.released);
        assert_eq!(settings.mirror, None);
    }
}
