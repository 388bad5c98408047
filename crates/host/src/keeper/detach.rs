//! Leaving the terminal and the caller behind.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::arguments;
use crate::executable;
use crate::files;
use crate::log_file;
use crate::paths::HostPaths;

/// The environment that the daemons keep of their caller's.
pub(crate) const KEPT_ENV: [&str; 5] = ["PATH", "HOME", "TZ", "RUST_LOG", "RUST_BACKTRACE"];

/// Starts a keeper that is nobody's child, with `channel` to the caller.
pub(crate) fn start_in_background(
    paths: &HostPaths,
    executable: &Path,
    channel: OwnedFd,
) -> io::Result<()> {
    let mut command = Command::new(executable);
    command.args(arguments::keeper(paths, true)).arg("--channel").stdin(channel);
    let output = command.output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!(
            "the keeper ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
    }
}

/// Starts the keeper itself and returns; as this process ends, the keeper is
/// nobody's child.
#[expect(
    clippy::disallowed_methods,
    reason = "the keeper shall outlive everybody; nothing contains it"
)]
pub(super) fn into_background(paths: &HostPaths, channel: bool) -> io::Result<()> {
    log_file::bound(&paths.keeper_log(), log_file::LOG_MAX)?;
    let log = log_file::open(&paths.keeper_log())?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments::keeper(paths, false));
    if channel {
        command.arg("--channel");
    }
    command.env_clear().envs(kept_env()).current_dir("/");
    command.stdin(if channel { Stdio::inherit() } else { Stdio::null() });
    command.stdout(log.try_clone()?).stderr(log);
    command.spawn().map(drop)
}

/// Goes on as a copy of this executable at a path of its own version, unless
/// this is one: what a service manager starts may be replaced at any time.
pub(super) fn run_from_copy(paths: &HostPaths) -> io::Result<()> {
    files::create_private_dir(paths.dir())?;
    let this = std::env::current_exe()?;
    let copy = executable::install(paths, &this)?;
    match copy == this {
        true => Ok(()),
        false => Err(Command::new(copy).args(std::env::args_os().skip(1)).exec()),
    }
}

/// The variables of [`KEPT_ENV`] that are set.
pub(super) fn kept_env() -> impl Iterator<Item = (&'static str, std::ffi::OsString)> {
    KEPT_ENV.into_iter().filter_map(|name| std::env::var_os(name).map(|value| (name, value)))
}

/// A session of its own, so that no terminal's signal comes here, and where
/// the system allows it a control group of its own, so that whoever cleans up
/// the caller's leaves the host alone. A keeper that a service manager started
/// (it leads its session already) stays where it was put.
pub(super) fn leave_caller() {
    if rustix::process::setsid().is_err() {
        return;
    }
    for group in foreign_groups() {
        if let Err(error) = move_into(&group) {
            tracing::debug!(group = %group.display(), %error, "stays in the caller's control group");
        }
    }
}

/// Where to go: a group below the root of version 2, the root of the freezer.
fn foreign_groups() -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mut groups = Vec::new();
    for mount in mounts.lines() {
        let mut fields = mount.split(' ').skip(1);
        match (fields.next(), fields.next(), fields.next()) {
            (Some(path), Some("cgroup2"), _) => groups.push(Path::new(path).join("shipway-host")),
            (Some(path), Some("cgroup"), Some(options))
                if options.split(',').any(|option| option == "freezer") =>
            {
                groups.push(path.into());
            }
            _ => {}
        }
    }
    groups
}

fn move_into(group: &Path) -> io::Result<()> {
    match fs::create_dir(group) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    fs::write(group.join("cgroup.procs"), std::process::id().to_string())
}
