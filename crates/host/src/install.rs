//! Making the host start at boot: a systemd unit, written once and enabled.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::arguments;
use crate::files;
use crate::paths::HostPaths;

/// The unit's name.
pub const UNIT: &str = "shipway-host.service";

/// Whose service it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One user's: starts with their first login, or at boot if they linger.
    User,
    /// The machine's, run by root.
    System,
}

/// What is to be installed.
#[derive(Debug, Clone)]
pub struct Install {
    /// Whose service it is.
    pub scope: Scope,
    /// The program that offers `host keeper` and `host stop`, at a path that
    /// stays; the keeper runs from a copy.
    pub executable: PathBuf,
    /// The host's files.
    pub paths: HostPaths,
    /// Where units are: `~/.config/systemd/user` or `/etc/systemd/system`.
    pub units: PathBuf,
    /// Whether systemd runs this machine (`sd_booted(3)`: there is a folder
    /// `/run/systemd/system`).
    pub systemd: bool,
}

/// How an installation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// The unit is written, and systemd starts it now and at boot.
    Enabled {
        /// The unit's file.
        unit: PathBuf,
    },
    /// It was there already, word for word; it is enabled again.
    Unchanged {
        /// The unit's file.
        unit: PathBuf,
    },
    /// Systemd does not run here: nothing was written.
    NoSystemd {
        /// What to do instead, for people.
        advice: String,
    },
}

/// An installation that failed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The unit cannot be written.
    #[error("cannot write {path}: {source}{hint}", path = path.display())]
    Write {
        /// The unit's file.
        path: PathBuf,
        /// What the system reported.
        source: io::Error,
        /// What to do.
        hint: &'static str,
    },
    /// A path that a unit cannot hold.
    #[error("{0:?} cannot stand in a systemd unit: use a path in UTF-8 without line breaks")]
    Path(PathBuf),
    /// `systemctl` failed.
    #[error("`systemctl {arguments}` failed: {reason}; the unit is {unit}", unit = unit.display())]
    Systemctl {
        /// Its arguments.
        arguments: String,
        /// What it said.
        reason: String,
        /// The unit's file.
        unit: PathBuf,
    },
}

impl Install {
    /// The unit's text.
    ///
    /// # Errors
    /// When a path cannot be written in a unit.
    pub fn unit(&self) -> Result<String, InstallError> {
        let word = |path: &Path| quoted(path).ok_or_else(|| InstallError::Path(path.to_owned()));
        let executable = word(&self.executable)?;
        let mut command = vec![executable.clone()];
        for argument in arguments::daemon("keeper", &self.paths) {
            command.push(word(Path::new(&argument))?);
        }
        command.push("--service".to_owned());
        // `host stop` finds the host by its environment.
        let state = self.paths.dir().parent().and_then(Path::parent);
        let environment = match state.filter(|home| self.paths.dir() == home.join("shipway/host")) {
            Some(home) => {
                let value = PathBuf::from(format!("XDG_STATE_HOME={}", home.display()));
                format!("Environment={}\n", word(&value)?)
            }
            None => String::new(),
        };
        let target = match self.scope {
            Scope::User => "default.target",
            Scope::System => "multi-user.target",
        };
        Ok(format!(
            "# Written by `shipway host install`.\n\
             [Unit]\n\
             Description=Shipway host: runs releases and routes traffic to them\n\
             After=network.target\n\
             \n\
             [Service]\n\
             Type=exec\n\
             {environment}\
             ExecStart={}\n\
             ExecStop={executable} host stop\n\
             # Releases and the proxy outlive a keeper that dies: the next one adopts them.\n\
             KillMode=process\n\
             Delegate=yes\n\
             Restart=on-failure\n\
             RestartSec=1\n\
             TimeoutStopSec=120\n\
             LimitNOFILE=1048576\n\
             \n\
             [Install]\n\
             WantedBy={target}\n",
            command.join(" ")
        ))
    }

    /// Writes the unit if it is not there as it shall be, and enables it.
    /// `systemctl` runs that program with the arguments it is given, and
    /// says what it printed if it failed. Doing it twice shows nothing.
    ///
    /// # Errors
    /// When the unit cannot be written or enabled.
    pub fn run(
        &self,
        systemctl: &dyn Fn(&[&str]) -> Result<(), String>,
    ) -> Result<Installed, InstallError> {
        let text = self.unit()?;
        if !self.systemd {
            return Ok(Installed::NoSystemd { advice: self.advice() });
        }
        let unit = self.units.join(UNIT);
        let unchanged = fs::read_to_string(&unit).is_ok_and(|there| there == text);
        if !unchanged {
            self.write(&unit, &text)?;
        }
        let user: &[&str] = match self.scope {
            Scope::User => &["--user"],
            Scope::System => &[],
        };
        for arguments in [&["daemon-reload"][..], &["enable", "--now", UNIT]] {
            let arguments = [user, arguments].concat();
            systemctl(&arguments).map_err(|reason| InstallError::Systemctl {
                arguments: arguments.join(" "),
                reason,
                unit: unit.clone(),
            })?;
        }
        Ok(if unchanged { Installed::Unchanged { unit } } else { Installed::Enabled { unit } })
    }

    fn write(&self, unit: &Path, text: &str) -> Result<(), InstallError> {
        let written = fs::create_dir_all(&self.units)
            .and_then(|()| files::write_durably(unit, text.as_bytes()));
        written.map_err(|source| {
            let hint = match (source.kind(), self.scope) {
                (io::ErrorKind::PermissionDenied, Scope::System) => {
                    " (run this as root, or install it for your user)"
                }
                _ => "",
            };
            InstallError::Write { path: unit.to_owned(), source, hint }
        })
    }

    fn advice(&self) -> String {
        let executable = self.executable.display();
        format!(
            "systemd does not run this machine, so nothing was installed. The host starts by \
             itself with the next `shipway ship`. To start it at boot, have your init system \
             run, as this user: {executable} host keeper --dir {} --socket {} --service",
            self.paths.dir().display(),
            self.paths.socket().display()
        )
    }
}

/// A word of a unit's command line: systemd.service(5), "Command lines", and
/// `%` doubled because it begins a specifier.
fn quoted(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    if text.contains(['\n', '\r', '\0']) {
        return None;
    }
    let escaped =
        text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=%".contains(c);
    Some(if escaped.chars().all(plain) { escaped } else { format!("\"{escaped}\"") })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn install(dir: &Path, scope: Scope) -> Install {
        Install {
            scope,
            executable: "/usr/local/bin/shipway".into(),
            paths: HostPaths::at("/home/ann/.local/state/shipway/host".into(), None).unwrap(),
            units: dir.join("units"),
            systemd: true,
        }
    }

    #[test]
    fn the_unit_keeps_releases_alive_and_stops_in_good_order() {
        let unit = install(Path::new("/"), Scope::User).unit().unwrap();
        insta::assert_snapshot!(unit, @r"
        # Written by `shipway host install`.
        [Unit]
        Description=Shipway host: runs releases and routes traffic to them
        After=network.target

        [Service]
        Type=exec
        Environment=XDG_STATE_HOME=/home/ann/.local/state
        ExecStart=/usr/local/bin/shipway host keeper --dir /home/ann/.local/state/shipway/host --socket /home/ann/.local/state/shipway/host/host.sock --service
        ExecStop=/usr/local/bin/shipway host stop
        # Releases and the proxy outlive a keeper that dies: the next one adopts them.
        KillMode=process
        Delegate=yes
        Restart=on-failure
        RestartSec=1
        TimeoutStopSec=120
        LimitNOFILE=1048576

        [Install]
        WantedBy=default.target
        ");
        let unit = install(Path::new("/"), Scope::System).unit().unwrap();
        assert!(unit.contains("WantedBy=multi-user.target"));
    }

    #[test]
    fn odd_paths_are_quoted_and_impossible_ones_refused() {
        assert_eq!(quoted(Path::new("/a b/%h")).unwrap(), "\"/a b/%%h\"");
        assert_eq!(quoted(Path::new("/a$b\"")).unwrap(), "\"/a$$b\\\"\"");
        assert_eq!(quoted(Path::new("/a\nb")), None);
    }

    #[test]
    fn installing_twice_writes_once_and_enables_both_times() {
        let dir = tempfile::tempdir().unwrap();
        let install = install(dir.path(), Scope::User);
        let calls = RefCell::new(Vec::new());
        let systemctl = |arguments: &[&str]| {
            calls.borrow_mut().push(arguments.join(" "));
            Ok(())
        };
        let unit = install.units.join(UNIT);
        let enabled = Installed::Enabled { unit: unit.clone() };
        assert_eq!(install.run(&systemctl).unwrap(), enabled);
        let written = fs::metadata(&unit).unwrap().modified().unwrap();
        let unchanged = Installed::Unchanged { unit: unit.clone() };
        assert_eq!(install.run(&systemctl).unwrap(), unchanged);
        assert_eq!(fs::metadata(&unit).unwrap().modified().unwrap(), written);
        let both = ["--user daemon-reload", "--user enable --now shipway-host.service"];
        assert_eq!(calls.into_inner(), [both, both].concat());
    }

    #[test]
    fn without_systemd_nothing_is_written_and_the_way_out_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let install = Install { systemd: false, ..install(dir.path(), Scope::User) };
        let installed = install.run(&|_| panic!("no systemctl here")).unwrap();
        let Installed::NoSystemd { advice } = installed else { panic!("{installed:?}") };
        assert!(advice.contains("host keeper --dir"), "{advice}");
        assert!(!install.units.exists());
    }

    #[test]
    fn what_systemctl_says_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let error = install(dir.path(), Scope::User)
            .run(&|_| Err("Failed to connect to bus".to_owned()))
            .unwrap_err();
        let message = error.to_string();
        assert!(message.contains("`systemctl --user daemon-reload` failed"), "{message}");
        assert!(message.contains("Failed to connect to bus"), "{message}");
    }
}
