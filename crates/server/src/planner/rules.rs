//! How runs are carried out here: what the configuration and the machine say.

use indexmap::IndexMap;
use shipway_core::config::{Config, Follows};
use shipway_core::run::{Rules, Wishes};

use crate::parallel;

/// Whether a job of a run with these texts may ask for an environment.
pub(super) fn may_ask<'a>(mut texts: impl Iterator<Item = &'a str>) -> bool {
    texts.any(|text| text.contains("environment"))
}

/// The rules of a run for `git_ref`. `environments` are recorded only where a job may
/// ask for one.
pub(super) fn of(config: Option<&Config>, git_ref: &str, environments: bool) -> Rules {
    let mut labels = machine_labels();
    let Some(config) = config else {
        return Rules { labels: Some(labels), jobs: Some(processors()), ..Rules::default() };
    };
    labels.extend(config.workflows.runs_on.iter().cloned());
    let follows = |branch: &String| git_ref == format!("refs/heads/{branch}");
    let protected = config
        .environments
        .values()
        .any(|rules| matches!(&rules.follows, Follows::Branch(branch) if follows(branch)));
    Rules {
        environments: Some(if environments {
            config.environments.clone()
        } else {
            IndexMap::new()
        }),
        labels: Some(labels),
        jobs: Some(config.limits.jobs),
        on_lost: config.workflows.on_lost,
        token: config.workflows.token.clone(),
        permissions: config.workflows.permissions,
        ref_protected: protected,
        wishes: Wishes::default(),
    }
}

/// As many jobs as this machine has processors, and two at least: one may wait
/// for something.
fn processors() -> u16 {
    let count = parallel::processors().unwrap_or(2);
    u16::try_from(count).unwrap_or(u16::MAX).max(2)
}

/// The labels that a runner of GitHub's on this machine would have, and those of
/// GitHub's own Linux runners, which it stands for.
fn machine_labels() -> Vec<String> {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "x86" => "x86",
        "aarch64" => "arm64",
        other => other,
    };
    let system =
        if cfg!(target_os = "macos") { ["macos", "macos-*"] } else { ["linux", "linux-*"] };
    let all = ["self-hosted", "ubuntu-*", arch].into_iter().chain(system);
    all.map(str::to_owned).collect()
}
