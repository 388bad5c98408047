//! A service's release: built on a clean checkout, or taken from what a
//! workflow uploaded, and stored as an archive by digest.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use jiff::Timestamp;
use shipway_core::config::Source;
use shipway_core::effect::{BuildSpec, Done, EffectId, EffectKind, Failure, FailureCode, Outcome};
use shipway_core::release::Artifact;
use shipway_results::Storage;
use shipway_results::archive::{self, Modes};
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

use crate::bundle;
use crate::git;

use super::shell::Shell;
use super::{Performer, remove_work};

/// Bytes that an artifact may unpack to.
const MOST_UNPACKED: u64 = 256 << 30;

impl Performer {
    pub(super) async fn build(
        &self,
        id: &EffectId,
        spec: &BuildSpec,
        cancel: CancellationToken,
    ) -> Outcome {
        let work = self.build_work(spec);
        let outcome = self.build_in(&work, id, spec, cancel).await;
        // What is left of an earlier try is removed before the next one.
        remove_work(&work);
        outcome.unwrap_or_else(|outcome| outcome)
    }

    async fn build_in(
        &self,
        work: &Path,
        id: &EffectId,
        spec: &BuildSpec,
        cancel: CancellationToken,
    ) -> Result<Outcome, Outcome> {
        block_in_place(|| bundle::remove(work)).map_err(|error| failed(spec, &error))?;
        let folder = block_in_place(|| self.sources(spec, work))?;
        let Source::Build(build) = &spec.config.source else {
            return block_in_place(|| self.store_tree(spec, &folder, None));
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
        let outputs = match &build.outputs[..] {
            [] => None,
            some => Some(patterns(some).map_err(|error| failed(spec, &error))?),
        };
        block_in_place(|| self.store_tree(spec, &folder, outputs.as_ref()))
    }

    /// What the service is made from: an uploaded artifact, unpacked, or its
    /// folder of a clean checkout.
    fn sources(&self, spec: &BuildSpec, work: &Path) -> Result<PathBuf, Outcome> {
        if let Source::Artifact(name) = &spec.config.source {
            let archive = self.uploaded(spec, name)?;
            let file = File::open(&archive).map_err(|error| failed(spec, &error))?;
            // A release's programs stay executable.
            let unpacked = archive::unpack(file, work, Modes::Kept, MOST_UNPACKED);
            unpacked.map_err(|error| failed(spec, &error))?;
            return Ok(work.to_owned());
        }
        git::checkout(Path::new(&spec.repository), &spec.commit, work)
            .map_err(|error| failed(spec, &error))?;
        Ok(work.join(&spec.config.path))
    }

    /// The archive of an artifact that one of the runs uploaded, the last one's
    /// first.
    fn uploaded(&self, spec: &BuildSpec, name: &str) -> Result<PathBuf, Outcome> {
        let storage = Storage::new(self.folders.results());
        let now = Timestamp::now();
        for run in spec.runs.iter().rev() {
            let found = storage.artifact(run, name, now).map_err(|error| failed(spec, &error))?;
            match found {
                None => {}
                Some((record, path)) if record.is_archive() => return Ok(path),
                Some(_) => {
                    let why = format!("the artifact `{name}` is a single file, not an archive");
                    return Err(failed(spec, &why));
                }
            }
        }
        let why = format!("no workflow of this commit uploaded an artifact `{name}`");
        Err(failed(spec, &why))
    }

    /// Stores `outputs` of the folder; without any, all of it.
    fn store_tree(
        &self,
        spec: &BuildSpec,
        folder: &Path,
        outputs: Option<&GlobSet>,
    ) -> Result<Outcome, Outcome> {
        let seen = std::cell::Cell::new(false);
        let wanted = |path: &Path| {
            let is = outputs.is_none_or(|outputs| outputs.is_match(path));
            seen.set(seen.get() || is);
            is
        };
        let blob = self.store.blobs().writer().map_err(|error| failed(spec, &error))?;
        let blob = bundle::pack(folder, &wanted, blob).map_err(|error| failed(spec, &error))?;
        if !seen.get() {
            let why = match outputs {
                Some(_) => "it left none of the files that `outputs` names",
                None => "there is no file in its folder",
            };
            return Err(failed(spec, &why));
        }
        let stored = blob.finish().map_err(|error| failed(spec, &error))?;
        let artifact = Artifact::Tree { digest: stored.digest, bytes: stored.size };
        Ok(Outcome::Done { result: Done::Built { artifact } })
    }
}

/// As in a shell: `*` stays within a folder, `**` does not.
fn patterns(outputs: &[String]) -> Result<GlobSet, globset::Error> {
    let glob = |pattern: &str| GlobBuilder::new(pattern).literal_separator(true).build();
    let mut set = GlobSetBuilder::new();
    for pattern in outputs {
        let pattern = pattern.trim_end_matches('/');
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        if pattern == "." {
            set.add(glob("**")?);
        }
        set.add(glob(pattern)?);
        // A folder stands for all that is in it.
        set.add(glob(&format!("{pattern}/**"))?);
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
