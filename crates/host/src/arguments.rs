//! The daemons' command lines, the same for every executable that holds them:
//! `<executable> host keeper …` and `<executable> host proxy …`.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::paths::HostPaths;

/// What a daemon was started with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) paths: HostPaths,
    /// Leave the terminal and the caller's session, then return.
    pub(crate) background: bool,
    /// Standard input is the channel to the other daemon.
    pub(crate) channel: bool,
    /// A service manager started it: it waits until no other keeper runs.
    pub(crate) service: bool,
    /// Standard input holds the state of the keeper that this one replaces.
    pub(crate) resume: bool,
}

/// A daemon's command line that makes no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadArguments {
    #[error("unexpected argument `{0}`; this command is started by Shipway itself")]
    Unexpected(String),
    #[error("`{0}` needs a value; this command is started by Shipway itself")]
    NoValue(&'static str),
}

/// The arguments of a keeper.
pub(crate) fn keeper(paths: &HostPaths, background: bool) -> Vec<OsString> {
    let mut arguments = daemon("keeper", paths);
    if background {
        arguments.push("--background".into());
    }
    arguments
}

/// The arguments of a daemon: its command and where the host's files are.
pub(crate) fn daemon(name: &str, paths: &HostPaths) -> Vec<OsString> {
    vec![
        "host".into(),
        name.into(),
        "--dir".into(),
        paths.dir().into(),
        "--socket".into(),
        paths.socket().into(),
    ]
}

/// Reads what [`daemon`] wrote, after `host keeper` or `host proxy`.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Arguments, BadArguments> {
    let (mut dir, mut socket) = (None, None);
    let (mut background, mut channel, mut service, mut resume) = (false, false, false, false);
    let mut rest = arguments.into_iter();
    while let Some(argument) = rest.next() {
        match argument.to_str() {
            Some("--dir") => dir = Some(PathBuf::from(value(&mut rest, "--dir")?)),
            Some("--socket") => socket = Some(PathBuf::from(value(&mut rest, "--socket")?)),
            Some("--background") => background = true,
            Some("--channel") => channel = true,
            Some("--service") => service = true,
            Some("--resume") => resume = true,
            _ => return Err(BadArguments::Unexpected(argument.to_string_lossy().into_owned())),
        }
    }
    let paths = HostPaths::exact(
        dir.ok_or(BadArguments::NoValue("--dir"))?,
        socket.ok_or(BadArguments::NoValue("--socket"))?,
    );
    Ok(Arguments { paths, background, channel, service, resume })
}

fn value(
    rest: &mut impl Iterator<Item = OsString>,
    name: &'static str,
) -> Result<OsString, BadArguments> {
    rest.next().ok_or(BadArguments::NoValue(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_reads_the_arguments_it_is_given() {
        let paths = HostPaths::at("/s/host".into(), None).unwrap();
        let mut line = keeper(&paths, true);
        line.extend(["--resume".into(), "--channel".into()]);
        let read = parse(line.into_iter().skip(2)).unwrap();
        let (background, channel, service, resume) = (true, true, false, true);
        assert_eq!(read, Arguments { paths, background, channel, service, resume });
    }

    #[test]
    fn what_it_does_not_know_is_refused() {
        let refused = parse(["--dri".into()]).unwrap_err();
        assert_eq!(refused, BadArguments::Unexpected("--dri".into()));
        assert_eq!(parse(["--dir".into()]).unwrap_err(), BadArguments::NoValue("--dir"));
    }
}
