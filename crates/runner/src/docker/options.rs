//! `options` of a container: flags of `docker create`, as GitHub's runner hands
//! them on.
//!
//! Source: Docker's reference of `docker container create`.

mod table;
mod values;
mod words;

use bollard::models::{ContainerCreateBody, HealthConfig, HostConfig};

use super::{Port, Volume};
use table::{Set, find};
use words::{Word, split};

/// A command line in its words, as `args` of a step that is an image has them.
///
/// # Errors
/// When a quote is not closed.
pub(crate) fn arguments(text: &str) -> Result<Vec<String>, OptionError> {
    Ok(split(text)?.into_iter().map(|word| word.text).collect())
}

/// What is wrong with `options`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {} of the options)", at + 1)]
pub struct OptionError {
    /// How many bytes stand before it.
    pub at: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

/// What `options` ask for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct CreateOptions {
    /// What the API takes as it is.
    pub(crate) body: ContainerCreateBody,
    /// `--name`
    pub(crate) name: Option<String>,
    /// `--platform`
    pub(crate) platform: Option<String>,
    /// `--network-alias`
    pub(crate) aliases: Vec<String>,
    /// `--publish`
    pub(crate) ports: Vec<Port>,
    /// `--volume`
    pub(crate) volumes: Vec<Volume>,
}

impl CreateOptions {
    /// Reads a command line of flags.
    ///
    /// # Errors
    /// The first flag that is unknown, unsupported or without a good value.
    pub(crate) fn parse(text: &str) -> Result<Self, OptionError> {
        let mut options = Self::default();
        let mut words = split(text)?.into_iter();
        while let Some(word) = words.next() {
            options.take(&word, &mut words)?;
        }
        Ok(options)
    }

    /// Takes in one word, and the one behind it if that is its value.
    fn take(
        &mut self,
        word: &Word,
        rest: &mut impl Iterator<Item = Word>,
    ) -> Result<(), OptionError> {
        let wrong = |message: String| OptionError { at: word.at, message };
        let text = word.text.as_str();
        if let Some(long) = text.strip_prefix("--").filter(|long| !long.is_empty()) {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let flag = find(name).ok_or_else(|| wrong(unknown(&format!("--{name}"))))?;
            return self.set(flag.set, &format!("--{name}"), value, rest).map_err(wrong);
        }
        let Some(mut letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            return Err(wrong(format!(
                "`{text}` is no option. A value with spaces stands in double quotes"
            )));
        };
        // `-it` is `-i -t`; `-eNAME` is `-e NAME`.
        while let Some(letter) = letters.chars().next() {
            letters = &letters[letter.len_utf8()..];
            let name = format!("-{letter}");
            let flag = table::find_short(letter).ok_or_else(|| wrong(unknown(&name)))?;
            if let Set::Flag(_) = flag.set
                && !letters.starts_with('=')
            {
                self.set(flag.set, &name, None, rest).map_err(wrong)?;
                continue;
            }
            let value = Some(letters.strip_prefix('=').unwrap_or(letters));
            let value = value.filter(|value| !value.is_empty()).map(str::to_owned);
            return self.set(flag.set, &name, value, rest).map_err(wrong);
        }
        Ok(())
    }

    fn set(
        &mut self,
        set: Set,
        name: &str,
        value: Option<String>,
        rest: &mut impl Iterator<Item = Word>,
    ) -> Result<(), String> {
        match set {
            Set::Flag(set) => {
                let on = match value.as_deref() {
                    None | Some("1" | "t" | "T" | "true" | "TRUE" | "True") => true,
                    Some("0" | "f" | "F" | "false" | "FALSE" | "False") => false,
                    Some(other) => return Err(format!("{name} is true or false, not `{other}`")),
                };
                set(self, on);
                Ok(())
            }
            Set::Value(set) => {
                let value = value.or_else(|| rest.next().map(|word| word.text));
                let value = value.ok_or_else(|| format!("{name} needs a value"))?;
                set(self, &value).map_err(|why| format!("{name} {value}: {why}"))
            }
            Set::Refused(why) => Err(format!("{name} cannot be given: {why}")),
        }
    }

    fn host(&mut self) -> &mut HostConfig {
        self.body.host_config.get_or_insert_default()
    }

    fn health(&mut self) -> &mut HealthConfig {
        self.body.healthcheck.get_or_insert_default()
    }
}

fn unknown(name: &str) -> String {
    match table::nearest(name.trim_start_matches('-')) {
        Some(near) => format!("the option {name} is not known. Did you mean --{near}?"),
        None => format!("the option {name} is not known"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> ContainerCreateBody {
        CreateOptions::parse(text).unwrap().body
    }

    fn error(text: &str) -> String {
        CreateOptions::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn the_health_options_of_githubs_pages_are_understood() {
        let health = body(
            "--health-cmd \"redis-cli ping\"\n --health-interval 10s --health-timeout=1m30s \
             --health-retries 5 --health-start-period 500ms",
        );
        let health = health.healthcheck.unwrap();
        let test = ["CMD-SHELL", "redis-cli ping"].map(str::to_owned).to_vec();
        assert_eq!(health.test, Some(test));
        assert_eq!(health.interval, Some(10_000_000_000));
        assert_eq!(health.timeout, Some(90_000_000_000));
        assert_eq!(health.retries, Some(5));
        assert_eq!(health.start_period, Some(500_000_000));
    }

    #[test]
    fn resources_are_numbers() {
        let host = body(
            "--cpus 1.5 -m 512m --memory-swap=-1 --shm-size 1g --ulimit nofile=1024:2048 \
             --pids-limit 100 --cpu-shares=512",
        );
        let host = host.host_config.unwrap();
        assert_eq!(host.nano_cpus, Some(1_500_000_000));
        assert_eq!(host.memory, Some(512 << 20));
        assert_eq!(host.memory_swap, Some(-1));
        assert_eq!(host.shm_size, Some(1 << 30));
        assert_eq!(host.pids_limit, Some(100));
        let ulimit = &host.ulimits.unwrap()[0];
        assert_eq!((ulimit.soft, ulimit.hard), (Some(1024), Some(2048)));
    }

    #[test]
    fn short_flags_join_and_take_values() {
        let body = body("-it -eA=1 -e B=2 -u 1001:121 -h box --privileged=false --init");
        assert_eq!(body.env, Some(vec!["A=1".to_owned(), "B=2".to_owned()]));
        assert_eq!(body.tty, Some(true));
        assert_eq!(body.user.as_deref(), Some("1001:121"));
        assert_eq!(body.hostname.as_deref(), Some("box"));
        let host = body.host_config.unwrap();
        assert_eq!((host.privileged, host.init), (Some(false), Some(true)));
    }

    #[test]
    fn what_is_not_understood_is_said_with_its_place() {
        insta::assert_snapshot!(error("--cpus 1 --network host"), @"--network cannot be given: the job has a network of its own, which every container of it is in (at character 10 of the options)");
        insta::assert_snapshot!(error("--memori 1g"), @"the option --memori is not known. Did you mean --memory? (at character 1 of the options)");
        insta::assert_snapshot!(error("--cpus"), @"--cpus needs a value (at character 1 of the options)");
        insta::assert_snapshot!(error("--memory lots"), @"--memory lots: a size is a number of bytes, or one with b, k, m or g (at character 1 of the options)");
        insta::assert_snapshot!(error("--health-cmd redis-cli ping"), @"`ping` is no option. A value with spaces stands in double quotes (at character 24 of the options)");
        insta::assert_snapshot!(error("--hostname \"a"), @"a double quote is not closed (at character 12 of the options)");
        insta::assert_snapshot!(error("--init=maybe"), @"--init is true or false, not `maybe` (at character 1 of the options)");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_within_itself(text in "[-a-z=\"\\\\ 0-9:]{0,60}") {
            if let Err(error) = CreateOptions::parse(&text) {
                proptest::prop_assert!(error.at < text.len());
            }
        }
    }
}
