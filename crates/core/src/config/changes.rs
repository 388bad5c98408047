//! Which services a change touches.

use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Config, FILE_NAME, Service};
use crate::ids::ServiceName;

/// Why a service is touched by a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Reason {
    /// A file of its own folder changed.
    Own {
        /// The first of them.
        file: String,
        /// How many changed.
        count: usize,
    },
    /// A file that it names under `uses` changed.
    Used {
        /// The first of them.
        file: String,
        /// How many changed.
        count: usize,
    },
    /// A service that it names under `uses` is touched.
    Service {
        /// That service.
        service: ServiceName,
    },
    /// `shipway.yaml` changed, and with it how services are built and run.
    Configuration,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = |f: &mut fmt::Formatter<'_>, file: &str, count: usize| match count {
            0 | 1 => write!(f, "{file} changed"),
            2 => write!(f, "{file} and 1 more file changed"),
            count => write!(f, "{file} and {} more files changed", count - 1),
        };
        match self {
            Self::Own { file, count } => files(f, file, *count),
            Self::Used { file, count } => {
                files(f, file, *count)?;
                f.write_str(", which it uses")
            }
            Self::Service { service } => write!(f, "it uses {service}"),
            Self::Configuration => write!(f, "{FILE_NAME} changed"),
        }
    }
}

/// The services that a change of `changed_files` (paths from the repository's
/// root) touches, in their declared order, each with the nearest reason.
pub fn affected(config: &Config, changed_files: &[String]) -> IndexMap<ServiceName, Reason> {
    let mut reasons: IndexMap<&ServiceName, Reason> = config
        .services
        .iter()
        .filter_map(|(name, service)| Some((name, direct(service, changed_files)?)))
        .collect();
    while let Some((name, service)) = config.services.iter().find_map(|(name, service)| {
        let used = reasons.keys().find(|used| service.uses.iter().any(|u| u == used.as_str()))?;
        (!reasons.contains_key(name)).then(|| (name, (*used).clone()))
    }) {
        reasons.insert(name, Reason::Service { service });
    }
    let in_order = config.services.keys();
    in_order.filter_map(|name| Some((name.clone(), reasons.get(name)?.clone()))).collect()
}

fn direct(service: &Service, changed_files: &[String]) -> Option<Reason> {
    let within = |folders: &[&str]| {
        let mut files =
            changed_files.iter().filter(|file| folders.iter().any(|folder| contains(folder, file)));
        files.next().map(|first| (first.clone(), files.count() + 1))
    };
    let uses: Vec<&str> = service.uses.iter().map(String::as_str).collect();
    if let Some((file, count)) = within(&[&service.path]) {
        Some(Reason::Own { file, count })
    } else if let Some((file, count)) = within(&uses) {
        Some(Reason::Used { file, count })
    } else if changed_files.iter().any(|file| file == FILE_NAME) {
        Some(Reason::Configuration)
    } else {
        None
    }
}

/// Whether `file` is `folder` or inside it. Service names under `uses` match
/// no file: a name that is also a path means the service.
fn contains(folder: &str, file: &str) -> bool {
    folder == "."
        || file.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
