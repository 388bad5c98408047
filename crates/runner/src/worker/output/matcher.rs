//! Problem matchers: regular expressions that find annotations in what tools
//! write.
//!
//! Source: GitHub's "Problem matchers"
//! (github.com/actions/toolkit/blob/main/docs/problem-matchers.md).

use fancy_regex::{Captures, Regex};
use serde::Deserialize;

/// A file that describes matchers.
#[derive(Debug, Deserialize)]
struct File {
    #[serde(rename = "problemMatcher", default)]
    matchers: Vec<Described>,
}

/// A matcher as its author describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    #[serde(default)]
    owner: String,
    severity: Option<String>,
    from_path: Option<String>,
    #[serde(default)]
    pattern: Vec<DescribedPattern>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribedPattern {
    #[serde(default)]
    regexp: String,
    file: Option<usize>,
    line: Option<usize>,
    column: Option<usize>,
    severity: Option<usize>,
    code: Option<usize>,
    message: Option<usize>,
    from_path: Option<usize>,
    #[serde(default, rename = "loop")]
    repeats: bool,
}

/// What is wrong with a description.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MatcherError {
    #[error("it is no JSON of problem matchers: {0}")]
    Json(#[from] serde_json::Error),
    #[error("a matcher has no `owner`")]
    NoOwner,
    #[error("two matchers have the owner `{0}`")]
    Twice(String),
    #[error("the matcher `{0}` has no `pattern`")]
    NoPattern(String),
    #[error("the matcher `{owner}` has the severity `{severity}`, which is none")]
    Severity { owner: String, severity: String },
    #[error("in the matcher `{owner}`, `{regexp}` is no regular expression: {reason}")]
    Regexp { owner: String, regexp: String, reason: String },
    #[error(
        "in the matcher `{owner}`, `{field}` is group {group}, which the pattern does not have"
    )]
    Group { owner: String, field: &'static str, group: usize },
    #[error("in the matcher `{owner}`, two patterns say which group is `{field}`")]
    FieldTwice { owner: String, field: &'static str },
    #[error("in the matcher `{0}`, no pattern says which group is `message`")]
    NoMessage(String),
    #[error(
        "in the matcher `{0}`, only the last of several patterns may have `loop`, with a `message`"
    )]
    Loop(String),
}

/// A matcher that a job uses.
#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    /// What it is replaced and removed by.
    pub(crate) owner: String,
    severity: Option<String>,
    from_path: Option<String>,
    patterns: Vec<Pattern>,
    /// What each pattern but the last found, in the lines before this one.
    found: Vec<Option<Found>>,
}

#[derive(Debug, Clone)]
struct Pattern {
    regex: Regex,
    groups: [Option<usize>; 7],
    repeats: bool,
}

/// The names of what groups stand for, in the order of [`Pattern::groups`].
const FIELDS: [&str; 7] = ["file", "line", "column", "severity", "code", "message", "fromPath"];

/// What a matcher found in lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    values: [Option<String>; 7],
}

macro_rules! field {
    ($($(#[$doc:meta])* $name:ident = $at:literal;)*) => {
        $($(#[$doc])* pub(crate) fn $name(&self) -> Option<&str> {
            self.values[$at].as_deref().filter(|text| !text.trim().is_empty())
        })*
    };
}

impl Found {
    field! {
        /// A path.
        file = 0;
        /// A number of a line.
        line = 1;
        /// A number of a column.
        column = 2;
        /// `error`, `warning`, `notice`, or something else.
        severity = 3;
        /// The message.
        message = 5;
        /// A path: the file is relative to its folder.
        base_path = 6;
    }
}

/// It takes too long to match.
pub(crate) struct TooSlow;

/// The matchers that `json` describes.
pub(crate) fn read(json: &str) -> Result<Vec<Matcher>, MatcherError> {
    let file: File = serde_json::from_str(json.trim_start_matches('\u{feff}'))?;
    let mut matchers: Vec<Matcher> = Vec::new();
    for described in file.matchers {
        let matcher = Matcher::new(described)?;
        if matchers.iter().any(|known| known.is_of(&matcher.owner)) {
            return Err(MatcherError::Twice(matcher.owner));
        }
        matchers.push(matcher);
    }
    Ok(matchers)
}

impl Matcher {
    fn new(described: Described) -> Result<Self, MatcherError> {
        let owner = described.owner;
        if owner.is_empty() {
            return Err(MatcherError::NoOwner);
        }
        if let Some(severity) = &described.severity
            && !["", "error", "warning", "notice"].contains(&severity.to_ascii_lowercase().as_str())
        {
            return Err(MatcherError::Severity { owner, severity: severity.clone() });
        }
        let count = described.pattern.len();
        let Some(last) = count.checked_sub(1) else {
            return Err(MatcherError::NoPattern(owner));
        };
        let mut patterns = Vec::with_capacity(count);
        let mut set = [false; 7];
        for (at, pattern) in described.pattern.into_iter().enumerate() {
            if pattern.repeats && (at == 0 || at != last || pattern.message.is_none()) {
                return Err(MatcherError::Loop(owner));
            }
            patterns.push(Pattern::new(pattern, &owner, &mut set)?);
        }
        if !set[5] {
            return Err(MatcherError::NoMessage(owner));
        }
        let (severity, from_path) = (described.severity, described.from_path);
        Ok(Self { owner, severity, from_path, patterns, found: vec![None; last] })
    }

    /// Whether it is `owner`'s; case does not matter.
    pub(crate) fn is_of(&self, owner: &str) -> bool {
        self.owner.eq_ignore_ascii_case(owner)
    }

    /// Forgets the lines so far.
    pub(crate) fn reset(&mut self) {
        self.found.fill(None);
    }

    /// What `line` completes, after the lines before it.
    ///
    /// # Errors
    /// When the expression takes too many steps.
    pub(crate) fn take(&mut self, line: &str) -> Result<Option<Found>, TooSlow> {
        let last = self.patterns.len() - 1;
        // From the last one: a line continues what was found before it, and
        // begins nothing that it continues itself.
        for at in (0..=last).rev() {
            let before = match at.checked_sub(1) {
                None => None,
                Some(before) => match &self.found[before] {
                    None => continue,
                    found => found.clone(),
                },
            };
            let pattern = &self.patterns[at];
            let matched = pattern.regex.captures(line).map_err(|_| TooSlow)?;
            let matched = matched.map(|captures| pattern.found(before.as_ref(), &captures));
            match matched {
                Some(found) if at == last => {
                    let repeats = pattern.repeats;
                    self.reset();
                    if repeats && at > 0 {
                        self.found[at - 1] = before;
                    }
                    return Ok(Some(self.with_defaults(found)));
                }
                Some(found) => self.found[at] = Some(found),
                None if at == last && at > 0 => self.found[at - 1] = None,
                None if at < last => self.found[at] = None,
                None => {}
            }
        }
        Ok(None)
    }

    fn with_defaults(&self, mut found: Found) -> Found {
        for (at, default) in [(3, &self.severity), (6, &self.from_path)] {
            if found.values[at].as_ref().is_none_or(String::is_empty) {
                found.values[at].clone_from(default);
            }
        }
        found
    }
}

impl Pattern {
    fn new(
        described: DescribedPattern,
        owner: &str,
        set: &mut [bool; 7],
    ) -> Result<Self, MatcherError> {
        let regex = Regex::new(&translated(&described.regexp)).map_err(|error| {
            let (regexp, reason) = (described.regexp.clone(), error.to_string());
            MatcherError::Regexp { owner: owner.to_owned(), regexp, reason }
        })?;
        let groups = [
            described.file,
            described.line,
            described.column,
            described.severity,
            described.code,
            described.message,
            described.from_path,
        ];
        for ((group, set), field) in groups.iter().zip(set).zip(FIELDS) {
            let (Some(group), owner) = (*group, owner.to_owned()) else { continue };
            if std::mem::replace(set, true) {
                return Err(MatcherError::FieldTwice { owner, field });
            }
            if group >= regex.captures_len() {
                return Err(MatcherError::Group { owner, field, group });
            }
        }
        Ok(Self { regex, groups, repeats: described.repeats })
    }

    /// What was found before counts more.
    fn found(&self, before: Option<&Found>, captures: &Captures<'_, str>) -> Found {
        let text = |group: usize| {
            captures.get(group).map_or_else(String::new, |group| group.as_str().to_owned())
        };
        let value = |at: usize| {
            let before = before.and_then(|before| before.values[at].clone());
            before.or_else(|| self.groups[at].map(text))
        };
        Found { values: std::array::from_fn(value) }
    }
}

/// An expression as ECMAScript has it in the form that the library takes: a
/// bracket inside of brackets is a character, and so is a brace that counts
/// nothing; `\u001b` is a character, too.
fn translated(regexp: &str) -> String {
    let mut out = String::with_capacity(regexp.len() + 8);
    let mut in_class = false;
    let mut rest = regexp.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                let digits: String = rest.as_str().chars().skip(1).take(4).collect();
                let is_code = rest.as_str().starts_with('u')
                    && digits.len() == 4
                    && digits.chars().all(|digit| digit.is_ascii_hexdigit());
                if is_code {
                    out.push_str(&format!("\\x{{{digits}}}"));
                    rest.nth(4);
                    continue;
                }
                out.push('\\');
                out.extend(rest.next());
            }
            '[' if in_class => out.push_str("\\["),
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            '[' => {
                in_class = true;
                out.push('[');
                if let Some(after) = rest.as_str().strip_prefix('^') {
                    out.push('^');
                    rest = after.chars();
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '{' if !in_class && !counts(rest.as_str()) => out.push_str("\\{"),
            c => out.push(c),
        }
    }
    out
}

/// Whether what follows a brace says how often: `2}`, `2,}`, `2,3}`.
fn counts(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else { return false };
    let (from, to) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !from.is_empty() && digits(from) && digits(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GCC: &str = r#"{"problemMatcher": [{"owner": "gcc", "pattern": [{
        "regexp": "^(.*):(\\d+):(\\d+):\\s+(warning|error):\\s+(.*)$",
        "file": 1, "line": 2, "column": 3, "severity": 4, "message": 5}]}]}"#;

    const ESLINT: &str = r#"{"problemMatcher": [{"owner": "eslint-stylish", "pattern": [
        {"regexp": "^([^\\s].*)$", "file": 1},
        {"regexp": "^\\s+(\\d+):(\\d+)\\s+(error|warning|info)\\s+(.*)\\s\\s+(.*)$",
         "line": 1, "column": 2, "severity": 3, "message": 4, "code": 5, "loop": true}]}]}"#;

    fn found(matcher: &mut Matcher, lines: &[&str]) -> Vec<String> {
        let mut all = Vec::new();
        for line in lines {
            if let Some(found) = matcher.take(line).ok().unwrap() {
                let text = |value: Option<&str>| value.unwrap_or("-").to_owned();
                let parts = [
                    text(found.file()),
                    text(found.line()),
                    text(found.column()),
                    text(found.severity()),
                    text(found.message()),
                    text(found.base_path()),
                ];
                all.push(parts.join("|"));
            }
        }
        all
    }

    #[test]
    fn one_line() {
        let mut matcher = read(GCC).unwrap().remove(0);
        let lines = ["cc main.c", "main.c:3:7: error: no such thing", "x"];
        assert_eq!(found(&mut matcher, &lines), ["main.c|3|7|error|no such thing|-"]);
    }

    #[test]
    fn several_lines_with_a_loop() {
        let mut matcher = read(ESLINT).unwrap().remove(0);
        let lines = [
            "a.js",
            "  1:0   error  Missing  rule-a",
            "  5:23  error  Other  rule-b",
            "",
            "  9:9   error  Of no file  rule-c",
            "b.js",
            "  2:2   warning  Third  rule-d",
        ];
        assert_eq!(
            found(&mut matcher, &lines),
            ["a.js|1|0|error|Missing|-", "a.js|5|23|error|Other|-", "b.js|2|2|warning|Third|-"]
        );
    }

    #[test]
    fn several_lines_without_a_loop_match_once() {
        let json = r#"{"problemMatcher": [{"owner": "o", "severity": "warning", "fromPath": "p/x.proj",
            "pattern": [{"regexp": "^file (.*)", "file": 1}, {"regexp": "^at (\\d+)", "line": 1},
            {"regexp": "^(.+)!", "message": 1}]}]}"#;
        let mut matcher = read(json).unwrap().remove(0);
        let lines = ["file a", "at 3", "bad!", "worse!", "file b", "no", "at 4", "lost!"];
        assert_eq!(found(&mut matcher, &lines), ["a|3|-|warning|bad|p/x.proj"]);
    }

    #[test]
    fn a_description_that_is_wrong_is_told() {
        let with = |owner: &str, more: &str| {
            format!(r#"{{"problemMatcher": [{{"owner": "{owner}", {more}}}]}}"#)
        };
        let pattern = |inside: &str| with("o", &format!(r#""pattern": [{inside}]"#));
        for (json, message) in [
            ("{".to_owned(), "it is no JSON of problem matchers"),
            (with("", r#""pattern": []"#), "a matcher has no `owner`"),
            (with("o", r#""pattern": []"#), "the matcher `o` has no `pattern`"),
            (with("o", r#""severity": "fatal""#), "the matcher `o` has the severity `fatal`"),
            (pattern(r#"{"regexp": "("}"#), "in the matcher `o`, `(` is no regular expression"),
            (
                pattern(r#"{"regexp": "(a)", "message": 2}"#),
                "in the matcher `o`, `message` is group 2",
            ),
            (pattern(r#"{"regexp": "(a)", "file": 1}"#), "in the matcher `o`, no pattern says"),
            (
                pattern(r#"{"regexp": "(a)", "message": 1}, {"regexp": "(b)", "message": 1}"#),
                "in the matcher `o`, two patterns say which group is `message`",
            ),
            (
                pattern(r#"{"regexp": "(a)", "message": 1, "loop": true}"#),
                "in the matcher `o`, only the last of several patterns may have `loop`",
            ),
        ] {
            let error = read(&json).unwrap_err().to_string();
            assert!(error.starts_with(message), "{json}: {error}");
        }
        let twice = GCC.replace(
            "]}]}",
            "]}, {\"owner\": \"GCC\", \"pattern\": [{\"regexp\": \"(.)\", \"message\": 1}]}]}",
        );
        assert!(matches!(read(&twice), Err(MatcherError::Twice(_))), "{twice}");
    }

    #[test]
    fn expressions_are_those_of_ecmascript() {
        for (regexp, line) in [
            (r"^[^[]+(x)$", "abx"),
            (r"(\u001b)", "\u{1b}"),
            (r"^{(x)}", "{x}"),
            (r"(a{2})", "aa"),
            (r"^(?!skip)(.*)$", "go"),
            (r"^(.)\1", "aa"),
            (r"[\[\]&&](x)", "&x"),
            (r"(\d+)\/x", "1/x"),
        ] {
            assert!(Regex::new(&translated(regexp)).unwrap().is_match(line).unwrap(), "{regexp}");
        }
    }
}
