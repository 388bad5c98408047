//! `shipway gc`: what nothing needs any more.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::Serialize;
use shipway_core::digest::Digest;
use shipway_core::ids::RunId;
use shipway_results::{Collected, Limits, Storage};
use shipway_server::bundle;
use shipway_server::follow::Views;

use crate::args::Gc;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

const DAY: u64 = 24 * 60 * 60;

/// What was removed.
#[derive(Debug, Default, Serialize)]
struct Answer {
    blobs: u64,
    blob_bytes: u64,
    releases: u64,
    folders: u64,
    results: Collected,
}

pub(super) fn gc(args: &Gc) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let views = Views::load(&project.store)?;
    let age = Duration::from_secs(args.days.saturating_mul(DAY));
    let config = super::config::read()?;
    let needed = needed(&views, usize::from(config.limits.releases));
    let report = project.store.blobs().gc(&needed, age)?;
    let mut answer =
        Answer { blobs: report.removed, blob_bytes: report.freed, ..Answer::default() };
    let keep = |name: &str| needed.iter().any(|digest| digest.hex() == name);
    answer.releases = remove_old(&project.folders.releases(), age, &keep)?;
    // What runs is in the work folder; a plan that is not over may need the
    // artifacts of its runs. Those have their own time, and caches their limits.
    let open: Vec<String> = views.live.open_plans().map(|(id, _)| id.as_str().to_owned()).collect();
    let in_use = |name: &str| open.iter().any(|plan| name.contains(plan.as_str()));
    let logs = project.folders.state().join("logs");
    for folder in [project.folders.all_work(), logs] {
        answer.folders += remove_old(&folder, age, &in_use)?;
    }
    let results = Storage::new(project.folders.results());
    let keep = |run: &RunId| in_use(run.as_str());
    answer.results = results
        .collect(&Limits::default(), Timestamp::now(), &keep)
        .map_err(|error| CliError::trouble(error.to_string()))?;
    if args.json {
        print::json(&answer)?;
    } else {
        print::line(format!(
            "removed {} blobs ({} bytes), {} unpacked releases, {} folders of runs, {} artifacts, \
             {} caches",
            answer.blobs,
            answer.blob_bytes,
            answer.releases,
            answer.folders,
            answer.results.artifacts,
            answer.results.caches
        ));
    }
    Ok(Exit::Ok)
}

/// The releases that serve, that may be gone back to, or that are on their
/// way, and those that `deploy` could name: as many as `limits.releases` says.
fn needed(views: &Views, releases: usize) -> HashSet<Digest> {
    let mut needed = HashSet::new();
    for env in views.live.environments() {
        for deployed in env.current.iter().chain(env.history.iter().take(releases)) {
            needed.extend(deployed.services.values().map(|version| version.artifact.digest()));
        }
        let waiting = env.waiting.iter().map(|waiting| &waiting.candidate);
        let active = env.active.iter().map(|active| &active.candidate);
        for candidate in waiting.chain(&env.queued).chain(active) {
            needed.extend(candidate.wanted.values().map(|wanted| wanted.artifact.digest()));
        }
    }
    let recent = views.live.recent.iter().filter_map(|plan| plan.release.as_ref()).take(releases);
    let open = views.live.open_plans().filter_map(|(_, open)| open.release.as_ref());
    for release in recent.map(|(_, release)| release).chain(open) {
        needed.extend(release.services.values().map(shipway_core::release::Artifact::digest));
    }
    needed
}

fn remove_old(folder: &Path, age: Duration, keep: &dyn Fn(&str) -> bool) -> Result<u64, CliError> {
    let failed =
        |error: std::io::Error| CliError::trouble(format!("{}: {error}", folder.display()));
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        entries => entries.map_err(failed)?,
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let modified = entry.metadata().and_then(|metadata| metadata.modified()).map_err(failed)?;
        // A clock that went back makes nothing old.
        let is_old = SystemTime::now().duration_since(modified).is_ok_and(|since| since >= age);
        if is_old && !keep(&entry.file_name().to_string_lossy()) {
            bundle::make_writable(&entry.path()).map_err(failed)?;
            fs::remove_dir_all(entry.path()).map_err(failed)?;
            removed += 1;
        }
    }
    Ok(removed)
}
