//! A job that stays as it is where a step's program failed, so that a person
//! can look around there.

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::body::Body;
use super::name;
use crate::protocol::{Event, Level};
use crate::worker::place::Place;

/// Where a program ran, and with what environment.
pub(super) struct Scene<'a> {
    pub(super) place: Place<'a>,
    pub(super) dir: PathBuf,
    pub(super) env: Vec<(OsString, OsString)>,
}

impl Scene<'_> {
    /// Holds the job until it is told to go on, or is stopped.
    pub(super) async fn hold(self, body: &Body<'_>) {
        let shared = body.shared;
        let script = shared.temp().join(format!("shell-{}.sh", body.index));
        if let Err(error) = self.write(&script) {
            let message = format!("no shell can be opened here: {}: {error}", script.display());
            return shared.reporter.annotate(Some(body.index), Level::Warning, &message).await;
        }
        let written = &body.run.at.step;
        // Its own name has been evaluated once already.
        let name = name::evaluated(written, &body.view()).unwrap_or_else(|_| name::fixed(written));
        let (step, name) = (body.index, shared.masker.mask(&name));
        shared.reporter.send(Event::Held { step, name, script: script.clone() }).await;
        tokio::select! {
            () = shared.go_on.notified() => {}
            () = shared.stop.stopped() => {}
        }
        if let Err(error) = fs::remove_file(&script) {
            tracing::warn!(%error, file = %script.display(), "a file with secrets is left");
        }
    }

    fn write(&self, script: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(script)?;
        file.write_all(&self.script())
    }

    /// Sets the variables that a shell can set, and becomes a shell.
    fn script(&self) -> Vec<u8> {
        let mut script = b"docker=$(command -v docker || command -v podman)\n".to_vec();
        let named = self.env.iter().filter(|(name, _)| is_name(name.as_bytes()));
        for (name, value) in named.clone() {
            script.extend_from_slice(b"export ");
            script.extend_from_slice(name.as_bytes());
            script.push(b'=');
            script.extend(quoted(value));
            script.push(b'\n');
        }
        match self.place {
            Place::Container(container) => {
                script.extend_from_slice(b"exec \"$docker\" exec --interactive --tty --workdir ");
                script.extend(quoted(OsStr::new(&self.place.there(&self.dir.to_string_lossy()))));
                for (name, _) in named {
                    script.extend_from_slice(b" --env ");
                    script.extend_from_slice(name.as_bytes());
                }
                script.extend_from_slice(format!(" {} sh\n", container.id()).as_bytes());
            }
            Place::Machine | Place::Nowhere => {
                script.extend_from_slice(b"cd ");
                script.extend(quoted(self.dir.as_os_str()));
                script.extend_from_slice(b" || exit\nexec bash --norc -i\n");
            }
        }
        script
    }
}

fn is_name(name: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    !name.is_empty() && name.iter().all(fits) && !name[0].is_ascii_digit()
}

fn quoted(text: &OsStr) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for byte in text.as_bytes() {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            byte => quoted.push(*byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_in_a_variable_stays_in_it() {
        let env = vec![
            ("PLAIN".into(), "it's $HOME\n`x`".into()),
            ("INPUT_A-B".into(), "no name of a shell".into()),
            ("1ST".into(), "nor this".into()),
        ];
        let scene = Scene { place: Place::Machine, dir: "/a b".into(), env };
        let script = String::from_utf8(scene.script()).unwrap();
        assert!(
            script.contains("export PLAIN='it'\\''s $HOME\n`x`'\ncd '/a b' || exit\n"),
            "{script}"
        );
        assert!(!script.contains("no name") && !script.contains("1ST"), "{script}");
    }
}
