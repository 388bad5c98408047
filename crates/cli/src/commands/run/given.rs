//! What is given on the command line by name: variables, secrets, inputs, each
//! alone or in a file.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::error::CliError;

/// `NAME=VALUE` of files and of the command line, which goes before.
pub(super) fn pairs(
    files: &[PathBuf],
    given: &[String],
) -> Result<IndexMap<String, String>, CliError> {
    let mut pairs = from_files(files)?;
    for text in given {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => (name.to_owned(), value.to_owned()),
            _ => return Err(CliError::usage(format!("`{text}` is not NAME=VALUE"))),
        };
        pairs.insert(name, value);
    }
    Ok(pairs)
}

/// The same, where `NAME` alone takes the value from the environment.
pub(in crate::commands) fn secrets(
    files: &[PathBuf],
    given: &[String],
) -> Result<IndexMap<String, String>, CliError> {
    let mut secrets = from_files(files)?;
    for text in given {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => {
                let value = std::env::var(text).map_err(|_| {
                    CliError::usage(format!("the secret {text} is not in the environment"))
                        .hint(format!("set {text}, or write --secret {text}=VALUE"))
                })?;
                (text.clone(), value)
            }
        };
        secrets.insert(name, value);
    }
    Ok(secrets)
}

fn from_files(files: &[PathBuf]) -> Result<IndexMap<String, String>, CliError> {
    let mut pairs = IndexMap::new();
    for file in files {
        let text = std::fs::read_to_string(file)
            .map_err(|error| CliError::usage(format!("{}: {error}", file.display())))?;
        pairs.extend(parse(&text).map_err(|wrong| wrong.in_file(file))?);
    }
    Ok(pairs)
}

/// A line that is no `NAME=VALUE`.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    /// From 1.
    line: usize,
    why: &'static str,
}

impl Wrong {
    fn in_file(&self, file: &Path) -> CliError {
        CliError::usage(format!("{}:{}: {}", file.display(), self.line, self.why))
    }
}

/// Lines of `NAME=VALUE`, as `.env` files have them: empty lines and those that
/// begin with `#` say nothing, `export ` before a name is passed over, a value
/// in single quotes stands as it is, one in double quotes knows `\n`, `\r`,
/// `\t`, `\"` and `\\`; either may go on over several lines.
fn parse(text: &str) -> Result<IndexMap<String, String>, Wrong> {
    let mut pairs = IndexMap::new();
    let mut rest = text;
    let line_of = |rest: &str| text[..text.len() - rest.len()].matches('\n').count() + 1;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            rest = after;
            continue;
        }
        let wrong = |why| Wrong { line: line_of(rest), why };
        let (name, _) = line.split_once('=').ok_or_else(|| wrong("is not NAME=VALUE"))?;
        let value = rest[name.len() + 1..].trim_start_matches([' ', '\t']);
        let name = name.trim();
        let name = name.strip_prefix("export ").unwrap_or(name).trim();
        if name.is_empty() {
            return Err(wrong("has no name before `=`"));
        }
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let (value, after) = quoted(&value[1..], quote)
                    .ok_or_else(|| wrong("has a quote that does not end"))?;
                let (end, after) = after.split_once('\n').unwrap_or((after, ""));
                if !matches!(end.trim().chars().next(), None | Some('#')) {
                    return Err(wrong("has text behind its quotes"));
                }
                (value, after)
            }
            _ => {
                let (value, after) = value.split_once('\n').unwrap_or((value, ""));
                let value = value.split_once(" #").map_or(value, |(value, _)| value);
                (value.trim_end().to_owned(), after)
            }
        };
        pairs.insert(name.to_owned(), value);
        rest = after;
    }
    Ok(pairs)
}

/// The text as far as the quote that ends it, and what follows.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Some((value, &text[at + c.len_utf8()..])),
            '\\' if quote == '"' => match chars.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                same @ ('"' | '\\' | '$') => value.push(same),
                other => value.extend(['\\', other]),
            },
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap().into_iter().collect()
    }

    #[test]
    fn what_dotenv_files_have() {
        let text = "# names\nA=1\n\nexport B = two words # said\nC=\"a\\nb \\\"c\\\"\"\nD='x\\n\ny'\n\
                    E=\nURL=https://x/#y\nF=a=b";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            parsed(text),
            [
                pair("A", "1"),
                pair("B", "two words"),
                pair("C", "a\nb \"c\""),
                pair("D", "x\\n\ny"),
                pair("E", ""),
                pair("URL", "https://x/#y"),
                pair("F", "a=b"),
            ]
        );
    }

    #[test]
    fn mistakes_name_their_line() {
        assert_eq!(parse("A=1\nB\n"), Err(Wrong { line: 2, why: "is not NAME=VALUE" }));
        assert_eq!(parse("A=1\n\n=2"), Err(Wrong { line: 3, why: "has no name before `=`" }));
        assert_eq!(parse("A=\"x\n"), Err(Wrong { line: 1, why: "has a quote that does not end" }));
        assert_eq!(parse("A='x' y"), Err(Wrong { line: 1, why: "has text behind its quotes" }));
    }

    #[test]
    fn the_command_line_goes_before_files() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "A=1\nB=2\n").unwrap();
        let pairs = pairs(&[file.path().to_owned()], &["B=3".to_owned()]).unwrap();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(a, b)| (&**a, &**b)).collect();
        assert_eq!(pairs, [("A", "1"), ("B", "3")]);
    }

    proptest! {
        #[test]
        fn no_file_is_a_trap(text in "[A=\"'\\\\#\n é]{0,40}") {
            let _ = parse(&text);
        }
    }
}
