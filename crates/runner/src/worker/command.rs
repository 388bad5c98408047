//! Workflow commands: lines of a step's output that speak to the job, such as
//! `::error file=a.rs,line=3::message` or, in the older form,
//! `##[error]message`.
//!
//! Source: GitHub's "Workflow commands for GitHub Actions", and how its runner
//! reads them.

use indexmap::IndexMap;

use crate::protocol::Level;

/// A line of output in the form of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its name, in lower case.
    pub(crate) name: String,
    /// `file=a.rs`; of two of the same name the last one, whatever its case.
    properties: IndexMap<String, String>,
    /// What is said.
    pub(crate) data: String,
}

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
    SaveState { name: String, value: String },
    /// `::set-env name=…::`, which GitHub disabled.
    SetEnv { name: String, value: String },
    /// `::add-path::`, which GitHub disabled.
    AddPath(String),
    /// `::add-matcher::` and the file that describes it.
    AddMatcher(String),
    /// `::remove-matcher owner=…::`, or by the file that describes it.
    RemoveMatcher { owner: Option<String>, file: Option<String> },
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

/// The names that are commands.
const KNOWN: [&str; 16] = [
    "notice",
    "warning",
    "error",
    "debug",
    "group",
    "endgroup",
    "add-mask",
    "stop-commands",
    "echo",
    "set-output",
    "save-state",
    "set-env",
    "add-path",
    "add-matcher",
    "remove-matcher",
    "internal-set-repo-path",
];

/// Whether `name` is that of a command.
pub(crate) fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a line, or its beginning, can be in the form of a command: the one
/// form begins with `::` behind white space, the other has `##[` anywhere.
pub(crate) fn may_be_command(line: &[u8]) -> bool {
    let start = line.trim_ascii_start();
    start.is_empty()
        || start == b":"
        || start.starts_with(b"::")
        || memchr::memmem::find(line, b"##[").is_some()
        || line.ends_with(b"#")
        || line.ends_with(b"##")
}

impl Line {
    /// `line` as a command whose name `is_command` accepts.
    pub(crate) fn parse(line: &str, is_command: impl Fn(&str) -> bool) -> Option<Self> {
        Self::colons(line, &is_command).or_else(|| Self::brackets(line, &is_command))
    }

    /// `::name key=value,key=value::data`
    fn colons(line: &str, is_command: impl Fn(&str) -> bool) -> Option<Self> {
        let (head, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
        Self::new(head, data, ',', (&PROPERTY, &DATA), is_command)
    }

    /// `##[name key=value;key=value]data`, behind anything.
    fn brackets(line: &str, is_command: impl Fn(&str) -> bool) -> Option<Self> {
        let (head, data) = line.split_once("##[")?.1.split_once(']')?;
        Self::new(head, data, ';', (&OLD, &OLD), is_command)
    }

    fn new(
        head: &str,
        data: &str,
        separator: char,
        (property_escapes, data_escapes): (&[Escape], &[Escape]),
        is_command: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let (name, list) = head.split_once(' ').unwrap_or((head, ""));
        if !is_command(name) {
            return None;
        }
        let list = if separator == ',' { list.trim() } else { list };
        let pairs = list.split(separator).filter_map(|pair| pair.split_once('='));
        let pairs = pairs.filter(|(name, value)| !name.is_empty() && !value.is_empty());
        let properties = pairs
            .map(|(name, value)| (name.to_ascii_lowercase(), unescape(value, property_escapes)))
            .collect();
        Some(Self {
            name: name.to_ascii_lowercase(),
            properties,
            data: unescape(data, data_escapes),
        })
    }

    fn property(&mut self, name: &str) -> Option<String> {
        self.properties.swap_remove(name)
    }

    fn named(&mut self) -> Result<String, String> {
        self.property("name").ok_or_else(|| {
            format!("the `{}` command needs a `name`, which it does not have", self.name)
        })
    }

    fn place(&mut self) -> Place {
        let mut number = |name: &str| self.property(name).and_then(|n| n.trim().parse().ok());
        let mut place = Place {
            line: number("line"),
            end_line: number("endline"),
            column: number("col"),
            end_column: number("endcolumn"),
            file: None,
            title: None,
        };
        place.make_sense();
        Place { file: self.property("file"), title: self.property("title"), ..place }
    }

    /// What the line asks for.
    ///
    /// # Errors
    /// What it lacks; then the step fails.
    pub(crate) fn command(mut self) -> Result<Command, String> {
        let level = match self.name.as_str() {
            "notice" => Some(Level::Notice),
            "warning" => Some(Level::Warning),
            "error" => Some(Level::Error),
            _ => None,
        };
        if let Some(level) = level {
            return Ok(Command::Annotate { level, place: self.place(), message: self.data });
        }
        Ok(match self.name.as_str() {
            "debug" => Command::Debug(self.data),
            "group" => Command::Group(self.data),
            "endgroup" => Command::EndGroup,
            "add-mask" => Command::AddMask(self.data),
            "stop-commands" => Command::Stop(self.data),
            "echo" => match self.data.trim().to_ascii_lowercase().as_str() {
                "on" => Command::Echo(true),
                "off" => Command::Echo(false),
                _ => return Err(format!("`echo` is `on` or `off`, not `{}`", self.data)),
            },
            "set-output" => Command::SetOutput { name: self.named()?, value: self.data },
            "save-state" => Command::SaveState { name: self.named()?, value: self.data },
            "set-env" => Command::SetEnv { name: self.named()?, value: self.data },
            "add-path" => Command::AddPath(self.data),
            "add-matcher" => Command::AddMatcher(self.data),
            "remove-matcher" => Command::RemoveMatcher {
                owner: self.property("owner"),
                file: Some(self.data).filter(|file| !file.is_empty()),
            },
            name => return Err(format!("`{name}` is no command here")),
        })
    }
}

impl Place {
    /// Takes away what cannot be meant, as GitHub does: columns without a line
    /// or across lines, and ends before their beginnings.
    fn make_sense(&mut self) {
        self.line = self.line.or(self.end_line);
        self.column = self.column.or(self.end_column);
        let several = self.end_line.is_some_and(|end| self.line != Some(end));
        if self.line.is_none() || several {
            (self.column, self.end_column) = (None, None);
        }
        if self.end_line.zip(self.line).is_some_and(|(end, line)| end < line) {
            (self.line, self.end_line) = (None, None);
        }
        if self.end_column.zip(self.column).is_some_and(|(end, column)| end < column) {
            (self.column, self.end_column) = (None, None);
        }
    }
}

type Escape = (&'static str, &'static str);

const DATA: [Escape; 3] = [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")];
const PROPERTY: [Escape; 5] =
    [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")];
const OLD: [Escape; 5] = [("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%")];

/// `%25` comes last, so that `%250A` is `%0A` and no line feed.
fn unescape(text: &str, escapes: &[Escape]) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    escapes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(line: &str) -> Option<Command> {
        Line::parse(line, is_known).map(|line| line.command().unwrap())
    }

    fn place(line: &str) -> Place {
        match parse(line) {
            Some(Command::Annotate { place, .. }) => place,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_annotation_with_its_place() {
        let line =
            "  ::error file=src/a%2Cb.rs,line=3,endLine=3,col=1,title=Bad%3A::it%0Afails %2525";
        assert_eq!(
            parse(line),
            Some(Command::Annotate {
                level: Level::Error,
                place: Place {
                    file: Some("src/a,b.rs".to_owned()),
                    line: Some(3),
                    end_line: Some(3),
                    column: Some(1),
                    end_column: None,
                    title: Some("Bad:".to_owned()),
                },
                message: "it\nfails %25".to_owned(),
            })
        );
    }

    #[test]
    fn a_place_that_cannot_be_meant_is_mended() {
        let numbers = |line: &str| {
            let place = place(line);
            (place.line, place.end_line, place.column, place.end_column)
        };
        for (line, expected) in [
            ("::error endLine=4::", (Some(4), Some(4), None, None)),
            ("::error col=4::", (None, None, None, None)),
            ("::error line=1,endColumn=4::", (Some(1), None, Some(4), Some(4))),
            ("::error line=1,endLine=2,col=3::", (Some(1), Some(2), None, None)),
            ("::error line=2,endLine=1::", (None, None, None, None)),
            ("::error line=2,col=5,endColumn=4::", (Some(2), None, None, None)),
            ("::error line=x,col=y::", (None, None, None, None)),
        ] {
            assert_eq!(numbers(line), expected, "{line}");
        }
    }

    #[test]
    fn what_is_no_command_stays_output() {
        for line in [
            "",
            "::",
            "::x",
            "::unknown::x",
            "text ::error::x",
            ":: error::x",
            "error::x",
            "##[",
            "##[error",
            "##[section]Begin",
            "## [error]x",
        ] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn the_other_commands() {
        let text = str::to_owned;
        for (line, command) in [
            ("::ADD-MASK::a::b", Command::AddMask(text("a::b"))),
            ("::group::G", Command::Group(text("G"))),
            ("::endgroup::", Command::EndGroup),
            ("::echo::on", Command::Echo(true)),
            ("::stop-commands::tok", Command::Stop(text("tok"))),
            ("::set-env name=A::1", Command::SetEnv { name: text("A"), value: text("1") }),
            (
                "::set-output name=a::1=2",
                Command::SetOutput { name: text("a"), value: text("1=2") },
            ),
            (
                "::save-state NAME=a,name=b::1",
                Command::SaveState { name: text("b"), value: text("1") },
            ),
            ("::add-matcher::m.json", Command::AddMatcher(text("m.json"))),
            (
                "::remove-matcher owner=eslint::",
                Command::RemoveMatcher { owner: Some(text("eslint")), file: None },
            ),
        ] {
            assert_eq!(parse(line), Some(command), "{line}");
        }
        for line in ["::set-output::x", "::set-output name=::x", "::echo::loud"] {
            assert!(Line::parse(line, is_known).unwrap().command().is_err(), "{line}");
        }
    }

    #[test]
    fn the_older_form_may_stand_anywhere() {
        let text = str::to_owned;
        assert_eq!(parse("10:00 ##[group]G%5D"), Some(Command::Group(text("G]"))));
        let Some(Command::Annotate { level: Level::Warning, place, message }) =
            parse("##[warning file=a%3Bb;line=2]%3B%0A")
        else {
            panic!()
        };
        assert_eq!((place.file, place.line, message), (Some(text("a;b")), Some(2), text(";\n")));
    }

    #[test]
    fn names_of_properties_are_not_trimmed() {
        assert_eq!(place("::error file=a, line=3::").line, None);
    }

    #[test]
    fn a_token_is_a_command_while_it_counts() {
        let token = |name: &str| name.eq_ignore_ascii_case("tok");
        for line in ["::tok::", "  ::TOK x=1::rest", "##[tok]"] {
            assert!(Line::parse(line, token).is_some(), "{line}");
        }
        for line in ["::tok", "::token::", "::error::tok", "tok"] {
            assert!(Line::parse(line, token).is_none(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_a_trap(line in "[:a-z ,=%25#\\[\\];]{0,40}") {
            drop(Line::parse(&line, |_| true).map(Line::command));
        }

        #[test]
        fn what_is_a_command_may_be_one(line in "[: a#\\[\\]]{0,12}") {
            if Line::parse(&line, |_| true).is_some() {
                prop_assert!(may_be_command(line.as_bytes()));
            }
        }
    }
}
