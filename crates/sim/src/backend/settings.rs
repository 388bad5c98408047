//! How a backend behaves: read from a file of its release and its environment.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

/// The file of the release, in the working directory, that has `KEY=VALUE`
/// lines; the process's own environment wins over it.
pub const SETTINGS_FILE: &str = "backend.env";

/// What a backend does, by the names of the variables that say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `HOST` and `PORT`: where it listens; port 0 picks a free one.
    pub listen: SocketAddr,
    /// `VERSION`: the label in every answer.
    pub version: String,
    /// `START_DELAY`: milliseconds before it listens.
    pub start_delay: Duration,
    /// `CRASH_AT_START=1`: says so and ends with 3 before it listens.
    pub crash_at_start: bool,
    /// `NEVER_HEALTHY=1`: [`crate::wire::HEALTH`] answers 503.
    pub never_healthy: bool,
    /// `DIE_AFTER_MS`: ends with 4, in the middle of whatever it does.
    pub die_after: Option<Duration>,
    /// `ERROR_PERCENT`: the share of echo requests that get a 500, spread
    /// evenly: the same requests each time for the same order.
    pub error_percent: u8,
    /// `SLOW_MS`: every echo takes so much longer.
    pub slow: Duration,
    /// `EAT_MEMORY`: MiB a second that it takes and touches, without end.
    pub eat_memory: u32,
    /// `IGNORE_TERM=1`: SIGTERM does nothing.
    pub ignore_term: bool,
    /// `NO_LISTEN=1`: runs, and never listens.
    pub no_listen: bool,
    /// `PUSH_MS`: milliseconds between two events or frames of its own.
    pub push_every: Duration,
    /// `FINISH_MS`: how long open requests get after SIGTERM.
    pub finish: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            version: "dev".to_owned(),
            start_delay: Duration::ZERO,
            crash_at_start: false,
            never_healthy: false,
            die_after: None,
            error_percent: 0,
            slow: Duration::ZERO,
            eat_memory: 0,
            ignore_term: false,
            no_listen: false,
            push_every: Duration::from_millis(50),
            finish: Duration::from_secs(30),
        }
    }
}

/// Settings that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// A value of the wrong form.
    #[error("{key}={value}: expected {expected}")]
    Value {
        /// The variable.
        key: &'static str,
        /// What it is.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A line without `=`.
    #[error("{SETTINGS_FILE}:{line}: expected KEY=VALUE")]
    Line {
        /// From 1.
        line: usize,
    },
    /// The file is there and cannot be read.
    #[error("cannot read {SETTINGS_FILE}: {0}")]
    File(String),
}

impl Settings {
    /// Reads [`SETTINGS_FILE`] in `dir`, if there is one, and the process's
    /// environment.
    ///
    /// # Errors
    /// When the file cannot be read or a value has the wrong form.
    pub fn read(dir: &Path) -> Result<Self, BadSettings> {
        let mut vars = match std::fs::read_to_string(dir.join(SETTINGS_FILE)) {
            Ok(text) => parse_lines(&text)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(BadSettings::File(error.to_string())),
        };
        vars.extend(
            std::env::vars_os().filter_map(|(key, value)| {
                Some((key.into_string().ok()?, value.into_string().ok()?))
            }),
        );
        Self::from_vars(&vars)
    }

    /// The settings that `vars` say; other variables are of no concern.
    ///
    /// # Errors
    /// When a value has the wrong form.
    pub fn from_vars(vars: &BTreeMap<String, String>) -> Result<Self, BadSettings> {
        let vars = Vars(vars);
        let default = Self::default();
        let host = vars.get("HOST", "an IP address")?.unwrap_or(default.listen.ip());
        let port = vars.get("PORT", "a port")?.unwrap_or(default.listen.port());
        let percent: Option<u8> = vars.get("ERROR_PERCENT", "0 to 100")?;
        if let Some(over) = percent.filter(|percent| *percent > 100) {
            return vars.refuse("ERROR_PERCENT", over.to_string(), "0 to 100");
        }
        Ok(Self {
            listen: SocketAddr::new(host, port),
            version: vars.get("VERSION", "a label")?.unwrap_or(default.version),
            start_delay: vars.millis("START_DELAY")?.unwrap_or(default.start_delay),
            crash_at_start: vars.flag("CRASH_AT_START")?,
            never_healthy: vars.flag("NEVER_HEALTHY")?,
            die_after: vars.millis("DIE_AFTER_MS")?,
            error_percent: percent.unwrap_or(default.error_percent),
            slow: vars.millis("SLOW_MS")?.unwrap_or(default.slow),
            eat_memory: vars.get("EAT_MEMORY", "MiB a second")?.unwrap_or(default.eat_memory),
            ignore_term: vars.flag("IGNORE_TERM")?,
            no_listen: vars.flag("NO_LISTEN")?,
            push_every: vars.millis("PUSH_MS")?.unwrap_or(default.push_every),
            finish: vars.millis("FINISH_MS")?.unwrap_or(default.finish),
        })
    }

    /// The text of a [`SETTINGS_FILE`] with everything that differs from the
    /// defaults, without the address, which the host sets.
    pub fn to_file(&self) -> String {
        let default = Self::default();
        let mut text = format!("VERSION={}\n", self.version);
        let mut line = |differs: bool, key: &str, value: u128| {
            if differs {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{key}={value}");
            }
        };
        line(self.start_delay != default.start_delay, "START_DELAY", self.start_delay.as_millis());
        line(self.crash_at_start, "CRASH_AT_START", 1);
        line(self.never_healthy, "NEVER_HEALTHY", 1);
        let die_after = self.die_after.unwrap_or_default();
        line(self.die_after.is_some(), "DIE_AFTER_MS", die_after.as_millis());
        line(self.error_percent > 0, "ERROR_PERCENT", self.error_percent.into());
        line(self.slow != default.slow, "SLOW_MS", self.slow.as_millis());
        line(self.eat_memory > 0, "EAT_MEMORY", self.eat_memory.into());
        line(self.ignore_term, "IGNORE_TERM", 1);
        line(self.no_listen, "NO_LISTEN", 1);
        line(self.push_every != default.push_every, "PUSH_MS", self.push_every.as_millis());
        line(self.finish != default.finish, "FINISH_MS", self.finish.as_millis());
        text
    }
}

fn parse_lines(text: &str) -> Result<BTreeMap<String, String>, BadSettings> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            let (key, value) = line.split_once('=').ok_or(BadSettings::Line { line: number })?;
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

struct Vars<'a>(&'a BTreeMap<String, String>);

impl Vars<'_> {
    fn get<T: std::str::FromStr>(
        &self,
        key: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, BadSettings> {
        let Some(value) = self.0.get(key).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        match value.parse() {
            Ok(parsed) => Ok(Some(parsed)),
            Err(_) => self.refuse(key, value.clone(), expected),
        }
    }

    fn millis(&self, key: &'static str) -> Result<Option<Duration>, BadSettings> {
        Ok(self.get(key, "milliseconds")?.map(Duration::from_millis))
    }

    fn flag(&self, key: &'static str) -> Result<bool, BadSettings> {
        match self.get::<u8>(key, "0 or 1")? {
            None | Some(0) => Ok(false),
            Some(1) => Ok(true),
            Some(other) => self.refuse(key, other.to_string(), "0 or 1"),
        }
    }

    fn refuse<T>(
        &self,
        key: &'static str,
        value: String,
        expected: &'static str,
    ) -> Result<T, BadSettings> {
        Err(BadSettings::Value { key, value, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_all_that_differs() {
        let settings = Settings {
            version: "green".to_owned(),
            start_delay: Duration::from_millis(5),
            crash_at_start: true,
            never_healthy: true,
            die_after: Some(Duration::from_millis(7)),
            error_percent: 10,
            slow: Duration::from_millis(3),
            eat_memory: 64,
            ignore_term: true,
            no_listen: true,
            push_every: Duration::from_millis(11),
            finish: Duration::from_millis(13),
            ..Settings::default()
        };
        let vars = parse_lines(&settings.to_file()).unwrap();
        assert_eq!(Settings::from_vars(&vars), Ok(settings));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (key, value) in [("PORT", "x"), ("ERROR_PERCENT", "101"), ("NO_LISTEN", "yes")] {
            let vars = BTreeMap::from([(key.to_owned(), value.to_owned())]);
            let error = Settings::from_vars(&vars).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{key}={value}: expected")), "{error}");
        }
        assert_eq!(parse_lines("# fine\n\nVERSION"), Err(BadSettings::Line { line: 3 }));
    }
}
