//! A service's release: built on a clean checkout, or taken from what a
//! workflow uploaded, and stored as an archive by digest.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use globset::{Glob, GlobSet, GlobSetBuilder};
use shipway_core::config::Source;
use shipway_core::effect::{BuildSpec, Done, EffectId, EffectKind, Failure, FailureCode, Outcome};
use shipway_core::release::Artifact;
use tokio_util::sync::CancellationToken;

use crate::bundle;
use crate::git;

use super::Performer;
use super::shell::Shell;

impl Performer {
    pub(super) async fn build(
        &self,
        id: &EffectId,
        spec: &BuildSpec,
        cancel: CancellationToken,
    ) -> Outcome {
        let work = self.folders.work(&format!("build-{}-{}", spec.plan, spec.service));
        let outcome = self.build_in(&work, id, spec, cancel).await;
        // What is left of an earlier try is removed before the next one.
        if let Err(error) = remove(&work) {
            tracing::warn!(%error, dir = %work.display(), "a workspace cannot be removed");
        }
        outcome.unwrap_or_else(|outcome| outcome)
    }

    async fn build_in(
        &self,
        work: &Path,
        id: &EffectId,
        spec: &BuildSpec,
        cancel: CancellationToken,
    ) -> Result<Outcome, Outcome> {
        remove(work).map_err(|error| failed(spec, &error))?;
        if let Source::Artifact(name) = &spec.config.source {
            let archive = self.uploaded(spec, name)?;
            let unpacked = File::open(&archive).and_then(|file| bundle::unpack(file, work));
            unpacked.map_err(|error| failed(spec, &error))?;
            return self.store_tree(spec, work, &GlobSet::empty(), true);
        }
        git::checkout(Path::new(&spec.repository), &spec.commit, work)
            .map_err(|error| failed(spec, &error))?;
        let folder = work.join(&spec.config.path);
        let Source::Build(build) = &spec.config.source else {
            return self.store_tree(spec, &folder, &GlobSet::empty(), true);
        };
        let shell = Shell {
            what: format!("the build of {}", spec.service),
            code: FailureCode::Build,
            kind: EffectKind::Build,
            run: &build.run,
            dir: &folder,
            env: build_env(spec),
            secrets: BTreeMap::new(),
            timeout: build.timeout,
        };
        self.shell(id, shell, cancel).await?;
        let outputs = patterns(&build.outputs).map_err(|error| failed(spec, &error))?;
        self.store_tree(spec, &folder, &outputs, build.outputs.is_empty())
    }

    /// The archive of an artifact that one of the runs uploaded: the runner's
    /// built-in `actions/upload-artifact` writes it.
    fn uploaded(&self, spec: &BuildSpec, name: &str) -> Result<PathBuf, Outcome> {
        let file = format!("{name}.tar");
        let archives = spec.runs.iter().map(|run| self.folders.artifacts(run).join(&file));
        let mut there = archives.filter(|archive| archive.is_file());
        there.next_back().ok_or_else(|| {
            let why = format!("no workflow of this commit uploaded an artifact `{name}`");
            failed(spec, &why)
        })
    }

    fn store_tree(
        &self,
        spec: &BuildSpec,
        folder: &Path,
        outputs: &GlobSet,
        everything: bool,
    ) -> Result<Outcome, Outcome> {
        let seen = std::cell::Cell::new(false);
        let wanted = |path: &Path| {
            let is = everything || outputs.is_match(path);
            seen.set(seen.get() || is);
            is
        };
        let blob = self.store.blobs().writer().map_err(|error| failed(spec, &error))?;
        let blob = bundle::pack(folder, &wanted, blob).map_err(|error| failed(spec, &error))?;
        if !seen.get() {
            let why = "it left none of the files that `outputs` names";
            return Err(failed(spec, &why));
        }
        let stored = blob.finish().map_err(|error| failed(spec, &error))?;
        let artifact = Artifact::Tree { digest: stored.digest, bytes: stored.size };
        Ok(Outcome::Done { result: Done::Built { artifact } })
    }
}

fn patterns(outputs: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in outputs {
        set.add(Glob::new(pattern)?);
        // A folder stands for all that is in it.
        set.add(Glob::new(&format!("{}/**", pattern.trim_end_matches('/')))?);
    }
    set.build()
}

fn build_env(spec: &BuildSpec) -> BTreeMap<String, String> {
    let passed = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "CARGO_HOME", "RUSTUP_HOME"];
    let passed = passed.into_iter().filter_map(|name| Some((name, std::env::var(name).ok()?)));
    let about = [
        ("CI", "true".to_owned()),
        ("SHIPWAY_COMMIT", spec.commit.to_string()),
        ("SHIPWAY_SERVICE", spec.service.to_string()),
    ];
    passed.chain(about).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn failed(spec: &BuildSpec, why: &dyn std::fmt::Display) -> Outcome {
    let message = format!("{} cannot be built: {why}", spec.service);
    Outcome::Failed { failure: Failure::new(FailureCode::Build, message) }
}

/// Removes a folder if it is there.
pub(super) fn remove(folder: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        // Jobs and unpacked artifacts leave folders that nobody may write to.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            bundle::make_writable(folder)?;
            fs::remove_dir_all(folder)
        }
        other => other,
    }
}
