//! The reports among what a commit's workflows uploaded.

use std::fs::File;
use std::path::Path;

use globset::Glob;
use shipway_checks::policy::shown::Source;
use shipway_core::config::gates::ReportSource;
use shipway_core::ids::RunId;
use shipway_evidence::gates::ReportFile;
use shipway_results::archive::{self, Modes};
use shipway_results::{ArtifactRecord, Storage};

use super::{GateError, Judging};

/// Bytes that the artifacts of a run may unpack to, as far as they are searched for reports.
const MOST_UNPACKED: u64 = 4 << 30;

/// Unpacks into `to` what may have reports in it: what `sources` name; all without any.
pub(super) fn files(
    judging: &Judging<'_>,
    runs: &[RunId],
    sources: &[ReportSource],
    to: &Path,
) -> Result<Vec<ReportFile>, GateError> {
    let storage = Storage::new(judging.folders.results());
    let mut files = Vec::new();
    for run in runs {
        let failed = |why: String| GateError::Artifacts { run: run.clone(), why };
        let mut records =
            storage.artifacts(run, judging.now).map_err(|error| failed(error.to_string()))?;
        // Of several attempts' artifacts of a name, the newest counts.
        records.reverse();
        records.sort_by(|a, b| a.name.cmp(&b.name));
        records.dedup_by(|older, newer| older.name == newer.name);
        for record in records {
            let about = about(&record.name, sources).map_err(failed)?;
            if about.is_empty() && !sources.is_empty() {
                continue;
            }
            let folder = to.join(run.as_str()).join(record.id.to_string());
            let found = storage.artifact(run, &record.name, judging.now);
            let found = found.map_err(|error| failed(error.to_string()))?;
            let Some((record, path)) = found else { continue };
            let artifact = Artifact { run, record: &record };
            if record.is_archive() {
                let open = File::open(&path).map_err(|error| failed(error.to_string()))?;
                archive::unpack(open, &folder, Modes::Usual, MOST_UNPACKED)
                    .map_err(|error| failed(format!("{}: {error}", record.name)))?;
                files.extend(artifact.unpacked(&folder, &about).map_err(failed)?);
            } else {
                files.push(artifact.file(path, &record.name, about.first().copied()));
            }
        }
    }
    Ok(files)
}

/// The sources that name this artifact.
fn about<'s>(name: &str, sources: &'s [ReportSource]) -> Result<Vec<&'s ReportSource>, String> {
    let mut about = Vec::new();
    for source in sources {
        let glob = Glob::new(&source.artifact).map_err(|error| error.to_string())?;
        if glob.compile_matcher().is_match(name) {
            about.push(source);
        }
    }
    Ok(about)
}

struct Artifact<'a> {
    run: &'a RunId,
    record: &'a ArtifactRecord,
}

impl Artifact<'_> {
    /// The files of an archive, by what the first source that fits says of them.
    fn unpacked(&self, folder: &Path, about: &[&ReportSource]) -> Result<Vec<ReportFile>, String> {
        let mut files = Vec::new();
        let below = shipway_evidence::tree::files_below(folder);
        for path in below.map_err(|error| error.to_string())? {
            let inner = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            let mut named = None;
            for source in about {
                let glob = Glob::new(source.files.as_deref().unwrap_or("**"));
                let glob = glob.map_err(|error| error.to_string())?;
                if glob.compile_matcher().is_match(&inner) {
                    named = Some(*source);
                    break;
                }
            }
            if named.is_some() || about.is_empty() {
                let name = format!("{}/{inner}", self.record.name);
                files.push(self.file(path, &name, named));
            }
        }
        Ok(files)
    }

    fn file(
        &self,
        path: std::path::PathBuf,
        name: &str,
        named: Option<&ReportSource>,
    ) -> ReportFile {
        let source = Source {
            file: name.to_owned(),
            tool: String::new(),
            from: format!("run {}", self.run),
            at: Some(self.record.created_at),
            digest: Some(self.record.digest),
        };
        ReportFile {
            path,
            source,
            artifact: Some(self.record.name.clone()),
            service: named.and_then(|of| of.service.clone()),
            flag: named.and_then(|of| of.flag.clone()),
            // A pattern of files says which are reports; a whole artifact may hold other files.
            named: named.is_some_and(|of| of.files.is_some()),
        }
    }
}
