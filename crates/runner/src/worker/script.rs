//! `run`: a script for a shell.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::worker::kept_file::{PRIVATE, overwrite};
use crate::worker::place::Place;

/// What scripts' files are called, before the ending.
pub(crate) const SCRIPT: &str = "script";

/// A shell as a workflow names it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    /// None is named: `bash -e {0}`, or `sh -e {0}` without bash and in containers.
    Default,
    /// `bash --noprofile --norc -eo pipefail {0}`
    Bash,
    /// `sh -e {0}`
    Sh,
    /// `python {0}`
    Python,
    /// `pwsh -command ". '{0}'"`
    Pwsh,
    /// A command line with `{0}` in it.
    Custom(Vec<String>),
}

/// What a shell option means nothing by.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ShellError {
    #[error(
        "Invalid shell option `{0}`. Shell must be a valid built-in (bash, sh, python, pwsh) or a \
         format string containing '{{0}}'"
    )]
    Unknown(String),
    #[error("`{0}` is a shell of Windows")]
    Windows(String),
    #[error("a quote in the shell option `{0}` is not closed")]
    Quote(String),
    #[error("there is no `{0}` in the PATH")]
    Missing(String),
}

impl Shell {
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, ShellError> {
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(Self::Default);
        };
        Ok(match text.to_ascii_lowercase().as_str() {
            "bash" => Self::Bash,
            "sh" => Self::Sh,
            "python" => Self::Python,
            "pwsh" => Self::Pwsh,
            "cmd" | "powershell" => return Err(ShellError::Windows(text.to_owned())),
            _ if text.contains("{0}") => {
                Self::Custom(words(text).ok_or_else(|| ShellError::Quote(text.to_owned()))?)
            }
            _ => return Err(ShellError::Unknown(text.to_owned())),
        })
    }

    /// The program as it is written, which says what language the script is in.
    fn program(&self) -> &str {
        match self {
            Self::Default | Self::Sh => "sh",
            Self::Bash => "bash",
            Self::Python => "python",
            Self::Pwsh => "pwsh",
            Self::Custom(words) => words.first().map_or("", String::as_str),
        }
    }

    /// The ending of the script's file.
    pub(crate) fn extension(&self) -> &'static str {
        match self.program().to_ascii_lowercase().as_str() {
            "bash" | "sh" => "sh",
            "python" => "py",
            "pwsh" | "powershell" => "ps1",
            _ => "",
        }
    }

    /// The script as the shell gets it.
    fn script(&self, text: &str) -> String {
        let text = text.replace("\r\n", "\n");
        match self.program() {
            "pwsh" | "powershell" => format!(
                "$ErrorActionPreference = 'stop'\n{text}\nif ((Test-Path -LiteralPath \
                 variable:\\LASTEXITCODE)) {{ exit $LASTEXITCODE }}\n"
            ),
            _ => text,
        }
    }

    /// The program and its arguments for a script in `file`.
    pub(crate) fn command(
        &self,
        place: Place<'_>,
        file: &Path,
        env: &[(OsString, OsString)],
    ) -> Result<(PathBuf, Vec<OsString>), ShellError> {
        let file = place.file(file).display().to_string();
        let find = |name: &str| place.find(name, env);
        if *self == Self::Default
            && let Some(bash) = find("bash").filter(|_| !place.is_container())
        {
            return Ok((bash, vec!["-e".into(), file.into()]));
        }
        let fixed: Vec<String> = match self {
            Self::Default => vec!["sh".into(), "-e".into(), file],
            Self::Bash => ["bash", "--noprofile", "--norc", "-eo", "pipefail", &file]
                .map(str::to_owned)
                .to_vec(),
            Self::Sh => vec!["sh".into(), "-e".into(), file],
            // Debian has no `python` by itself.
            Self::Python if find("python").is_none() => vec!["python3".into(), file],
            Self::Python => vec!["python".into(), file],
            Self::Pwsh => vec!["pwsh".into(), "-command".into(), format!(". '{file}'")],
            Self::Custom(words) => words.iter().map(|word| word.replace("{0}", &file)).collect(),
        };
        let mut words = fixed.into_iter();
        let name = words.next().unwrap_or_default();
        let program = find(&name).ok_or(ShellError::Missing(name))?;
        Ok((program, words.map(OsString::from).collect()))
    }

    /// Writes the script into `folder`, in the place of the last one there.
    ///
    /// # Errors
    /// When the disk is full or the folder is not there.
    pub(crate) fn write(&self, folder: &Path, text: &str) -> io::Result<PathBuf> {
        let file = match self.extension() {
            "" => folder.join(SCRIPT),
            extension => folder.join(format!("{SCRIPT}.{extension}")),
        };
        let script = self.script(text);
        // It is never without a content: see there.
        let script = if script.is_empty() { "\n" } else { script.as_str() };
        overwrite(&file, script.as_bytes(), PRIVATE)?;
        Ok(file)
    }
}

/// Words of a command line; quotes keep spaces. `None`: a quote is not closed.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_split_as_quoted() {
        let shell = Shell::parse(Some("perl -e 'a b' \"\" {0}")).unwrap();
        let words = ["perl", "-e", "a b", "", "{0}"].map(str::to_owned).to_vec();
        assert_eq!(shell, Shell::Custom(words));
        assert_eq!(Shell::parse(Some("x '{0}")), Err(ShellError::Quote("x '{0}".to_owned())));
    }

    #[test]
    fn the_first_word_says_what_the_script_is_in() {
        let folder = tempfile::tempdir().unwrap();
        let written = |shell: &str| {
            let file = Shell::parse(Some(shell)).unwrap().write(folder.path(), "x").unwrap();
            let script = std::fs::read_to_string(&file).unwrap();
            (file.file_name().unwrap().to_str().unwrap().to_owned(), script)
        };
        for (shell, name) in [
            ("bash -x {0}", "script.sh"),
            ("python -u {0}", "script.py"),
            ("/bin/bash -x {0}", "script"),
            ("perl {0}", "script"),
        ] {
            assert_eq!(written(shell), (name.to_owned(), "x".to_owned()), "{shell}");
        }
        let (_, prepared) = written("pwsh");
        assert!(prepared.starts_with("$ErrorActionPreference = 'stop'\nx\nif ("), "{prepared}");
        for shell in ["pwsh -File {0}", "pwsh -command \". '{0}'\"", "powershell {0}"] {
            assert_eq!(written(shell), ("script.ps1".to_owned(), prepared.clone()), "{shell}");
        }
    }

    #[test]
    fn built_in_shells_ignore_case_and_others_need_a_place() {
        assert_eq!(Shell::parse(None), Ok(Shell::Default));
        assert_eq!(Shell::parse(Some(" Bash ")), Ok(Shell::Bash));
        assert_eq!(Shell::parse(Some("fish")), Err(ShellError::Unknown("fish".to_owned())));
        assert_eq!(Shell::parse(Some("cmd")), Err(ShellError::Windows("cmd".to_owned())));
    }

    #[test]
    fn bash_is_called_as_github_does() {
        let env = [(OsString::from("PATH"), OsString::from("/usr/bin:/bin"))];
        let line = |shell: &str| {
            let shell = Shell::parse(Some(shell)).unwrap();
            let (program, args) =
                shell.command(Place::Machine, Path::new("/t/s.sh"), &env).unwrap();
            let name = program.file_name().unwrap().to_owned();
            let all = std::iter::once(name).chain(args);
            all.map(|word| word.into_string().unwrap()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(line("bash"), "bash --noprofile --norc -eo pipefail /t/s.sh");
        assert_eq!(line("sh"), "sh -e /t/s.sh");
        assert_eq!(line(""), "bash -e /t/s.sh");
        assert_eq!(line("sed -f {0}"), "sed -f /t/s.sh");
    }
}
