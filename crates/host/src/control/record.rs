//! What shall be of one app, as it stands on the disk.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::boot_clock;
use crate::files;
use crate::paths::HostPaths;
use crate::protocol::{AppId, Desired, Fallback, Split, VersionId, VersionSpec};

/// The format this build writes; a newer one is refused.
const FORMAT: u32 = 1;

/// One app's durable state. Written before anything of it is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) format: u32,
    pub(super) app: AppId,
    pub(super) generation: u64,
    pub(super) effect: Option<String>,
    pub(super) desired: Desired,
    /// How traffic is divided now: as desired, or as the fallback says.
    pub(super) split: Split,
    pub(super) fell_back: bool,
    /// Where it listens, once a port was picked.
    pub(super) listening: Option<SocketAddr>,
    pub(super) term: Option<Term>,
}

/// Until when a lease holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Term {
    generation: u64,
    boot_id: String,
    /// Milliseconds since that boot.
    ends_ms: u64,
}

impl Term {
    /// Holds for `ttl_ms` from now.
    pub(super) fn starting_now(generation: u64, ttl_ms: u64) -> Self {
        let ends_ms = boot_clock::now_ms().saturating_add(ttl_ms);
        Self { generation, boot_id: boot_clock::boot_id(), ends_ms }
    }

    /// Milliseconds left; `None` when it is over, as after a reboot.
    pub(super) fn left_ms(&self) -> Option<u64> {
        let left = self.ends_ms.checked_sub(boot_clock::now_ms())?;
        (left > 0 && self.boot_id == boot_clock::boot_id()).then_some(left)
    }
}

/// A record that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadRecord {
    #[error("{path} cannot be read: {source}", path = path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} is torn or damaged ({source})", path = path.display())]
    Torn { path: PathBuf, source: serde_json::Error },
    #[error(
        "{path} was written by a newer Shipway (format {format}): upgrade the host again",
        path = path.display()
    )]
    Newer { path: PathBuf, format: u32 },
}

impl Record {
    /// An app of which nothing is known.
    pub(super) fn empty(app: AppId) -> Self {
        let nothing = Desired {
            versions: IndexMap::new(),
            route: None,
            split: Split::default(),
            lease: None,
        };
        Self {
            format: FORMAT,
            app,
            generation: 0,
            effect: None,
            desired: nothing,
            split: Split::default(),
            fell_back: false,
            listening: None,
            term: None,
        }
    }

    /// Writes the record; it lasts once this returns.
    pub(super) fn write(&self, paths: &HostPaths) -> io::Result<()> {
        let path = path(paths, &self.app);
        files::write_durably(&path, &serde_json::to_vec(self)?)
    }

    /// Notes that the lease was renewed. Not synced: what would lose it is a
    /// reboot, and a reboot ends the lease.
    pub(super) fn write_term(&self, paths: &HostPaths) -> io::Result<()> {
        let path = path(paths, &self.app).with_extension("term");
        files::write_atomically(&path, &serde_json::to_vec(&self.term)?)
    }

    /// What a version is said to be.
    pub(super) fn spec(&self, version: &VersionId) -> Option<&VersionSpec> {
        self.desired.versions.get(version)
    }

    /// Whether a version was found good before: it has traffic, or is what
    /// traffic goes back to.
    pub(super) fn trusts(&self, version: &VersionId) -> bool {
        let fallback = self.desired.lease.as_ref().map(|lease| &lease.fallback);
        let fallback = match fallback {
            Some(Fallback::Split { split }) => split.weight(version),
            Some(Fallback::Hold) | None => 0,
        };
        self.split.weight(version) > 0 || fallback > 0
    }
}

impl Split {
    /// Percent of the traffic that goes to `version`.
    pub(crate) fn weight(&self, version: &VersionId) -> u8 {
        self.weights.get(version).copied().unwrap_or_default()
    }

    /// The versions that get traffic by weight.
    pub(crate) fn serving(&self) -> impl Iterator<Item = &VersionId> {
        self.weights.iter().filter(|(_, weight)| **weight > 0).map(|(version, _)| version)
    }
}

/// An app's name as a file's: `/` is no part of a file name.
pub(super) fn file_name(app: &AppId) -> String {
    app.0.replace('/', "%")
}

fn path(paths: &HostPaths, app: &AppId) -> PathBuf {
    paths.apps().join(format!("{}.json", file_name(app)))
}

/// Every record, and what is wrong with those that cannot be used. These are
/// moved aside, to be looked at.
pub(super) fn read_all(paths: &HostPaths) -> io::Result<(Vec<Record>, Vec<String>)> {
    files::create_private_dir(&paths.apps())?;
    let (mut records, mut problems) = (Vec::new(), Vec::new());
    for file in fs::read_dir(paths.apps())? {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        match read(&path) {
            Ok(record) => records.push(record),
            Err(error) => {
                let aside = path.with_extension("torn");
                fs::rename(&path, &aside)?;
                problems.push(format!(
                    "{error}; it is kept as {}, and the app goes on with what runs",
                    aside.display()
                ));
            }
        }
    }
    records.sort_by(|a, b| a.app.cmp(&b.app));
    Ok((records, problems))
}

fn read(path: &Path) -> Result<Record, BadRecord> {
    let unreadable = |source| BadRecord::Unreadable { path: path.to_owned(), source };
    let torn = |source| BadRecord::Torn { path: path.to_owned(), source };
    let bytes = fs::read(path).map_err(unreadable)?;
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let Format { format } = serde_json::from_slice(&bytes).map_err(torn)?;
    if format > FORMAT {
        return Err(BadRecord::Newer { path: path.to_owned(), format });
    }
    let mut record: Record = serde_json::from_slice(&bytes).map_err(torn)?;
    let renewed = fs::read(path.with_extension("term")).ok();
    // Without a readable renewal the first term counts: it is the shorter one.
    let renewed = renewed.and_then(|bytes| serde_json::from_slice::<Option<Term>>(&bytes).ok());
    if let (Some(term), Some(Some(renewed))) = (&record.term, renewed)
        && renewed.generation == term.generation
        && renewed.boot_id == term.boot_id
        && renewed.ends_ms > term.ends_ms
    {
        record.term = Some(renewed);
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(dir: &tempfile::TempDir) -> HostPaths {
        let paths = HostPaths::at(dir.path().to_owned(), None).unwrap();
        files::create_private_dir(&paths.apps()).unwrap();
        paths
    }

    fn record() -> Record {
        let term = Some(Term::starting_now(4, 60_000));
        Record { generation: 4, term, ..Record::empty(AppId("shop/production/api".to_owned())) }
    }

    #[test]
    fn a_record_is_read_back_with_its_renewed_term() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        let mut record = record();
        record.write(&paths).unwrap();
        assert_eq!(read_all(&paths).unwrap(), (vec![record.clone()], vec![]));
        record.term = Some(Term::starting_now(4, 120_000));
        record.write_term(&paths).unwrap();
        assert_eq!(read_all(&paths).unwrap().0, [record.clone()]);
        // A term of an earlier generation is no renewal of this one.
        record.term = Some(Term::starting_now(3, 240_000));
        record.write_term(&paths).unwrap();
        assert_ne!(read_all(&paths).unwrap().0, [record]);
    }

    #[test]
    fn a_torn_record_is_shown_and_kept_aside() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        record().write(&paths).unwrap();
        let path = path(&paths, &record().app);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let (records, problems) = read_all(&paths).unwrap();
        assert_eq!(records, []);
        assert!(problems[0].contains("torn or damaged"), "{problems:?}");
        assert!(path.with_extension("torn").exists());
    }

    #[test]
    fn a_record_of_a_newer_format_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        fs::write(paths.apps().join("a.json"), r#"{"format": 2, "else": true}"#).unwrap();
        let (_, problems) = read_all(&paths).unwrap();
        assert!(problems[0].contains("newer Shipway (format 2)"), "{problems:?}");
    }

    #[test]
    fn a_term_ends_with_its_time_or_its_boot() {
        assert!(Term::starting_now(1, 60_000).left_ms().is_some());
        assert_eq!(Term::starting_now(1, 0).left_ms(), None);
        let other_boot = Term { boot_id: "other".to_owned(), ..Term::starting_now(1, 60_000) };
        assert_eq!(other_boot.left_ms(), None);
    }
}
