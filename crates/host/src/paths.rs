//! Where the host keeps its files, as a pure function of the environment.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// A unix socket's path has at most this many bytes (`sun_path` less its NUL).
const SOCKET_PATH_MAX: usize = 107;

/// The values of the environment that decide where the host's files are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserEnv {
    /// `XDG_STATE_HOME`.
    pub state_home: Option<OsString>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<OsString>,
    /// `HOME`.
    pub home: Option<OsString>,
}

/// The host's files of one user.
///
/// Everything is in one folder, so that whoever finds the state finds the
/// daemons too; only a socket whose path would be too long for the kernel
/// moves to the runtime folder, under a name derived from the state folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPaths {
    dir: PathBuf,
    socket: PathBuf,
}

/// There is no folder to keep the host's state in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathsError {
    /// Neither `XDG_STATE_HOME` nor `HOME` names a folder.
    #[error("no folder for the host's state: set HOME or XDG_STATE_HOME to an absolute path")]
    NoHome,
    /// No place with a path short enough for a unix socket.
    #[error(
        "`{0}` is too long for a unix socket (107 bytes at most): set XDG_RUNTIME_DIR or \
         XDG_STATE_HOME to a folder with a shorter path"
    )]
    SocketTooLong(PathBuf),
}

impl HostPaths {
    /// The host of the user whose environment this is:
    /// `$XDG_STATE_HOME/shipway/host`, or `~/.local/state/shipway/host`.
    /// Relative values count as unset, as the XDG base directory
    /// specification says.
    ///
    /// # Errors
    /// When no folder is named, or every socket path would be too long.
    pub fn for_user(env: &UserEnv) -> Result<Self, PathsError> {
        let absolute = |value: &Option<OsString>| {
            value.as_ref().map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let state = absolute(&env.state_home)
            .or_else(|| absolute(&env.home).map(|home| home.join(".local/state")))
            .ok_or(PathsError::NoHome)?;
        Self::at(state.join("shipway/host"), absolute(&env.runtime_dir).as_deref())
    }

    /// The host whose state is in `dir`; `runtime` takes the socket if its
    /// path in `dir` would be too long.
    ///
    /// # Errors
    /// When both are too long.
    pub fn at(dir: PathBuf, runtime: Option<&Path>) -> Result<Self, PathsError> {
        let beside = dir.join("host.sock");
        let fits = |path: &Path| path.as_os_str().len() <= SOCKET_PATH_MAX;
        if fits(&beside) {
            return Ok(Self { dir, socket: beside });
        }
        let name = format!("shipway-{:016x}.sock", fnv1a(dir.as_os_str().as_bytes()));
        match runtime.map(|runtime| runtime.join(name)) {
            Some(socket) if fits(&socket) => Ok(Self { dir, socket }),
            _ => Err(PathsError::SocketTooLong(beside)),
        }
    }

    /// The same files, named by a daemon's arguments.
    pub(crate) const fn exact(dir: PathBuf, socket: PathBuf) -> Self {
        Self { dir, socket }
    }

    /// The folder with everything: state, logs, copied executables.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The socket the engine speaks to the host over.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Records of apps, one file each.
    pub fn apps(&self) -> PathBuf {
        self.dir.join("apps")
    }

    /// Executables by version, copied so that a rebuild never changes what runs.
    pub fn bin(&self) -> PathBuf {
        self.dir.join("bin")
    }

    /// What releases wrote, `<app>/<version>.log`.
    pub fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    /// Every applied effect, one JSON value a line.
    pub fn calls(&self) -> PathBuf {
        self.dir.join("calls.log")
    }

    /// One line for each request.
    pub fn access_log(&self) -> PathBuf {
        self.dir.join("access.log")
    }

    /// What the keeper writes when something is wrong.
    pub fn keeper_log(&self) -> PathBuf {
        self.dir.join("keeper.log")
    }

    /// What the proxy writes when something is wrong.
    pub fn proxy_log(&self) -> PathBuf {
        self.dir.join("proxy.log")
    }

    /// The keeper's processes, one file each, for its successor.
    pub fn processes(&self) -> PathBuf {
        self.dir.join("processes")
    }

    /// Begins the names of all containments of this host, so that two hosts on
    /// one machine never take each other's.
    pub(crate) fn containment_prefix(&self) -> String {
        format!("host-{:016x}", fnv1a(self.dir.as_os_str().as_bytes()))
    }

    /// Held by the one keeper for as long as it lives.
    pub fn keeper_lock(&self) -> PathBuf {
        self.dir.join("keeper.lock")
    }

    /// Held by the one proxy that is in charge of the apps.
    pub fn control_lock(&self) -> PathBuf {
        self.dir.join("control.lock")
    }

    /// Held by whoever starts the host.
    pub fn start_lock(&self) -> PathBuf {
        self.dir.join("start.lock")
    }
}

/// FNV-1a, 64 bits: a short name that stays the same between builds.
/// <http://www.isthe.com/chongo/tech/comp/fnv/>
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(state: Option<&str>, runtime: Option<&str>, home: Option<&str>) -> UserEnv {
        let os = |text: Option<&str>| text.map(OsString::from);
        UserEnv { state_home: os(state), runtime_dir: os(runtime), home: os(home) }
    }

    #[test]
    fn state_home_goes_before_home() {
        let paths = HostPaths::for_user(&env(Some("/s"), None, Some("/h"))).unwrap();
        assert_eq!(paths.dir(), Path::new("/s/shipway/host"));
        assert_eq!(paths.socket(), Path::new("/s/shipway/host/host.sock"));
        let paths = HostPaths::for_user(&env(None, Some("/run/user/7"), Some("/h"))).unwrap();
        assert_eq!(paths.dir(), Path::new("/h/.local/state/shipway/host"));
    }

    #[test]
    fn relative_values_count_as_unset() {
        let paths = HostPaths::for_user(&env(Some("s"), None, Some("/h"))).unwrap();
        assert_eq!(paths.dir(), Path::new("/h/.local/state/shipway/host"));
        assert_eq!(HostPaths::for_user(&env(Some("s"), None, None)), Err(PathsError::NoHome));
    }

    #[test]
    fn a_long_path_moves_the_socket_to_the_runtime_folder() {
        let long = format!("/{}", "x".repeat(120));
        let paths = HostPaths::for_user(&env(Some(&long), Some("/run/user/7"), None)).unwrap();
        assert!(paths.socket().starts_with("/run/user/7"), "{paths:?}");
        assert!(paths.dir().starts_with(&long));
        let other = format!("/{}", "y".repeat(120));
        let other = HostPaths::for_user(&env(Some(&other), Some("/run/user/7"), None)).unwrap();
        assert_ne!(paths.socket(), other.socket());
        assert!(matches!(
            HostPaths::for_user(&env(Some(&long), None, None)),
            Err(PathsError::SocketTooLong(_))
        ));
    }
}
