//! Workflow commands: lines of a step's output that speak to the job, such as
//! `::error file=a.rs,line=3::message`.
//!
//! Source: GitHub's "Workflow commands for GitHub Actions".

use crate::protocol::Level;

/// A command in a line of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// `::notice`, `::warning`, `::error`
    Annotate { level: Level, place: Place, message: String },
    /// `::debug::`
    Debug(String),
    /// `::group::`
    Group(String),
    /// `::endgroup::`
    EndGroup,
    /// `::add-mask::`
    AddMask(String),
    /// `::stop-commands::` and the token that ends it.
    Stop(String),
    /// `::echo::on` and `off`
    Echo(bool),
    /// `::set-output name=…::`, deprecated.
    SetOutput { name: String, value: String },
    /// `::save-state name=…::`, deprecated.
    SaveState,
    /// `::set-env` and `::add-path`, which GitHub disabled.
    Disabled { name: &'static str },
    /// `::add-matcher::` and `::remove-matcher::`.
    Matcher,
    /// A command that lacks something.
    Wrong(String),
}

/// Where an annotation belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
    pub(crate) end_line: Option<u32>,
    pub(crate) column: Option<u32>,
    pub(crate) end_column: Option<u32>,
    pub(crate) title: Option<String>,
}

impl Command {
    /// The command in `line`, if it is one.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let inner = line.trim_start().strip_prefix("::")?;
        let (head, data) = inner.split_once("::")?;
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        let data = unescape(data, &DATA);
        let property = |wanted: &str| {
            properties.trim().split(',').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                name.trim().eq_ignore_ascii_case(wanted).then(|| unescape(value, &PROPERTY))
            })
        };
        let number = |wanted: &str| property(wanted).and_then(|text| text.trim().parse().ok());
        let annotate = |level| Self::Annotate {
            level,
            place: Place {
                file: property("file").filter(|file| !file.is_empty()),
                line: number("line"),
                end_line: number("endLine"),
                column: number("col"),
                end_column: number("endColumn"),
                title: property("title").filter(|title| !title.is_empty()),
            },
            message: data.clone(),
        };
        Some(match name.to_ascii_lowercase().as_str() {
            "notice" => annotate(Level::Notice),
            "warning" => annotate(Level::Warning),
            "error" => annotate(Level::Error),
            "debug" => Self::Debug(data),
            "group" => Self::Group(data),
            "endgroup" => Self::EndGroup,
            "add-mask" => Self::AddMask(data),
            "stop-commands" => Self::Stop(data),
            "echo" => match data.trim().to_ascii_lowercase().as_str() {
                "on" => Self::Echo(true),
                "off" => Self::Echo(false),
                _ => Self::Wrong(
                    "Invalid echo command value. Possible values can be: 'on', 'off'".to_owned(),
                ),
            },
            "set-output" => match property("name").filter(|name| !name.is_empty()) {
                Some(name) => Self::SetOutput { name, value: data },
                None => Self::Wrong(
                    "Required field 'name' is missing in ##[set-output] command.".to_owned(),
                ),
            },
            "save-state" => Self::SaveState,
            "set-env" => Self::Disabled { name: "set-env" },
            "add-path" => Self::Disabled { name: "add-path" },
            "add-matcher" | "remove-matcher" => Self::Matcher,
            _ => return None,
        })
    }
}

/// Whether `line` ends the pause that `token` began.
pub(crate) fn resumes(line: &str, token: &str) -> bool {
    let inner = line.trim_start().strip_prefix("::");
    inner.and_then(|inner| inner.split_once("::")).is_some_and(|(head, _)| {
        head.split_once(' ').map_or(head, |(name, _)| name).eq_ignore_ascii_case(token)
    })
}

const DATA: [(&str, &str); 3] = [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")];
const PROPERTY: [(&str, &str); 5] =
    [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")];

/// `%25` comes last, so that `%250A` is `%0A` and no line feed.
fn unescape(text: &str, escapes: &[(&str, &str)]) -> String {
    escapes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_annotation_with_its_place() {
        let line =
            "  ::error file=src/a%2Cb.rs,line=3,endLine=4,col=1,title=Bad%3A::it%0Afails %2525";
        assert_eq!(
            Command::parse(line),
            Some(Command::Annotate {
                level: Level::Error,
                place: Place {
                    file: Some("src/a,b.rs".to_owned()),
                    line: Some(3),
                    end_line: Some(4),
                    column: Some(1),
                    end_column: None,
                    title: Some("Bad:".to_owned()),
                },
                message: "it\nfails %25".to_owned(),
            })
        );
    }

    #[test]
    fn what_is_no_command_stays_output() {
        for line in ["", "::", "::x", "::unknown::x", "text ::error::x", ":: error::x", "error::x"]
        {
            assert_eq!(Command::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn the_other_commands() {
        for (line, command) in [
            ("::ADD-MASK::a::b", Command::AddMask("a::b".to_owned())),
            ("::group::G", Command::Group("G".to_owned())),
            ("::endgroup::", Command::EndGroup),
            ("::echo::on", Command::Echo(true)),
            ("::stop-commands::tok", Command::Stop("tok".to_owned())),
            ("::set-env name=A::1", Command::Disabled { name: "set-env" }),
            (
                "::set-output name=a::1=2",
                Command::SetOutput { name: "a".to_owned(), value: "1=2".to_owned() },
            ),
        ] {
            assert_eq!(Command::parse(line), Some(command), "{line}");
        }
        assert!(matches!(Command::parse("::set-output::x"), Some(Command::Wrong(_))));
    }

    #[test]
    fn only_its_token_ends_a_pause() {
        assert!(resumes("::tok::", "tok"));
        assert!(resumes(" ::TOK::rest", "tok"));
        assert!(!resumes("::token::", "tok"));
        assert!(!resumes("tok", "tok"));
    }

    proptest! {
        #[test]
        fn no_line_is_a_trap(line in "[: =,%0A25a-z]{0,40}") {
            let _ = Command::parse(&line);
        }
    }
}
