//! Output of versions: where it is, and how much of it stays.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::control::record::file_name;
use crate::log_file;
use crate::paths::HostPaths;
use crate::protocol::{AppId, VersionId};

/// How many logs stay of versions that are gone.
const KEPT: usize = 10;

/// Where a version's output is.
pub(in crate::control) fn log_path(paths: &HostPaths, app: &AppId, version: &VersionId) -> PathBuf {
    paths.logs().join(file_name(app)).join(format!("{}.log", version.0))
}

/// Keeps every version's log within its bounds; called now and then.
pub(in crate::control) fn bound_logs(paths: &HostPaths) -> io::Result<()> {
    let folders = match fs::read_dir(paths.logs()) {
        Ok(folders) => folders,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for folder in folders {
        for (_, path) in logs(&folder?.path())? {
            log_file::bound(&path, log_file::LOG_MAX)?;
        }
    }
    Ok(())
}

/// Removes the logs of versions that are gone, but for the newest.
pub(super) fn remove_old(
    paths: &HostPaths,
    app: &AppId,
    there: impl Fn(&VersionId) -> bool,
) -> io::Result<()> {
    let mut gone = logs(&paths.logs().join(file_name(app)))?;
    gone.retain(|(_, path)| {
        let version = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        !there(&VersionId(version))
    });
    gone.sort();
    let surplus = gone.len().saturating_sub(KEPT);
    for (_, path) in gone.into_iter().take(surplus) {
        fs::remove_file(&path)?;
        match fs::remove_file(log_file::rotated(&path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The logs of one app, with when they were written last.
fn logs(folder: &Path) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let mut logs = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            logs.push((entry.metadata()?.modified()?, path));
        }
    }
    Ok(logs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logs_of_versions_that_are_there_and_the_newest_others_stay() {
        let dir = tempfile::tempdir().unwrap();
        let paths = HostPaths::at(dir.path().to_owned(), None).unwrap();
        let app = AppId("shop/production/api".to_owned());
        let version = |nr: usize| VersionId(format!("production.{nr}"));
        for nr in 0..15 {
            let file = log_file::open(&log_path(&paths, &app, &version(nr))).unwrap();
            let written = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(nr as u64);
            file.set_modified(written).unwrap();
        }
        remove_old(&paths, &app, |there| *there == version(0)).unwrap();
        let left: Vec<usize> =
            (0..15).filter(|nr| log_path(&paths, &app, &version(*nr)).exists()).collect();
        assert_eq!(left, [&[0][..], &(5..15).collect::<Vec<_>>()].concat());
    }
}
