//! GitHub's filter patterns: for branches, tags and paths.
//!
//! `*` any characters but `/`; `**` any characters; `?` none or one of the character before;
//! `+` one or more of it; `[abc]`, `[0-9]` one of these; `\` takes the next as it is; `!` at the
//! start negates. A `**/` also matches no folder at all. The whole name must match, case counts.
//! Source: "Filter pattern cheat sheet" of the workflow syntax reference.

/// A pattern, ready to match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    negative: bool,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    One(Atom),
    Optional(Atom),
    Many(Atom),
    /// `*`
    Star,
    /// `**`
    StarStar,
    /// `**/` at the start or behind a `/`: any folders, also none.
    Folders,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Atom {
    Char(char),
    Class(Vec<(char, char)>),
}

/// Why a pattern is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing at all, or only `!`.
    #[error("the pattern is empty")]
    Empty,
    /// A quantifier has no character before it.
    #[error("`{0}` must follow a character or `[…]`, not a special character")]
    NothingBefore(char),
    /// `[` without `]`.
    #[error("`[` has no closing `]`")]
    Unclosed,
    /// `[]`
    #[error("`[]` lists no character")]
    EmptyClass,
    /// `[9-1]`
    #[error("the range `{0}-{1}` is backwards")]
    Backwards(char, char),
    /// `\` at the end.
    #[error("`\\` at the end escapes nothing")]
    TrailingBackslash,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let (negative, rest) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if rest.is_empty() {
            return Err(PatternError::Empty);
        }
        Ok(Self { text: text.into(), negative, pieces: pieces(rest)? })
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it begins with `!`.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Whether the whole of `name` fits, the `!` aside. Takes time in proportion to the length
    /// of the pattern times that of the name.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        // `at[i]`: the first i pieces fit what was read so far.
        let mut at = vec![false; self.pieces.len() + 1];
        at[0] = true;
        self.skip(&mut at, true);
        for c in name.chars() {
            let mut next = vec![false; at.len()];
            for (i, piece) in self.pieces.iter().enumerate() {
                if !at[i] {
                    continue;
                }
                match piece {
                    Piece::One(atom) | Piece::Optional(atom) => next[i + 1] |= atom.is(c),
                    Piece::Many(atom) => {
                        if atom.is(c) {
                            next[i] = true;
                            next[i + 1] = true;
                        }
                    }
                    Piece::Star => next[i] |= c != '/',
                    Piece::StarStar | Piece::Folders => next[i] = true,
                }
            }
            at = next;
            self.skip(&mut at, c == '/');
        }
        at[self.pieces.len()]
    }

    /// Goes past the pieces that may match nothing.
    fn skip(&self, at: &mut [bool], folder_start: bool) {
        for (i, piece) in self.pieces.iter().enumerate() {
            let may_be_nothing = match piece {
                Piece::Star | Piece::StarStar | Piece::Optional(_) => true,
                Piece::Folders => folder_start,
                Piece::One(_) | Piece::Many(_) => false,
            };
            if at[i] && may_be_nothing {
                at[i + 1] = true;
            }
        }
    }
}

impl Atom {
    fn is(&self, c: char) -> bool {
        match self {
            Self::Char(own) => *own == c,
            Self::Class(ranges) => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)),
        }
    }
}

fn pieces(text: &str) -> Result<Vec<Piece>, PatternError> {
    let mut pieces = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let atom = match c {
            '*' => {
                let mut stars = 1;
                while chars.next_if_eq(&'*').is_some() {
                    stars += 1;
                }
                let starts = matches!(pieces.last(), None | Some(Piece::One(Atom::Char('/'))));
                pieces.push(if stars == 1 {
                    Piece::Star
                } else if starts && chars.next_if_eq(&'/').is_some() {
                    Piece::Folders
                } else {
                    Piece::StarStar
                });
                continue;
            }
            '?' | '+' => {
                let Some(Piece::One(atom)) = pieces.pop() else {
                    return Err(PatternError::NothingBefore(c));
                };
                pieces.push(if c == '?' { Piece::Optional(atom) } else { Piece::Many(atom) });
                continue;
            }
            '[' => class(&mut chars)?,
            '\\' => Atom::Char(chars.next().ok_or(PatternError::TrailingBackslash)?),
            other => Atom::Char(other),
        };
        pieces.push(Piece::One(atom));
    }
    Ok(pieces)
}

/// The rest of a `[…]`.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Atom, PatternError> {
    let mut ranges = Vec::new();
    loop {
        let from = match chars.next().ok_or(PatternError::Unclosed)? {
            ']' if ranges.is_empty() => return Err(PatternError::EmptyClass),
            ']' => return Ok(Atom::Class(ranges)),
            '\\' => chars.next().ok_or(PatternError::Unclosed)?,
            c => c,
        };
        if chars.next_if_eq(&'-').is_none() {
            ranges.push((from, from));
            continue;
        }
        match chars.next().ok_or(PatternError::Unclosed)? {
            // A `-` at the end stands for itself.
            ']' => {
                ranges.extend([(from, from), ('-', '-')]);
                return Ok(Atom::Class(ranges));
            }
            to if to < from => return Err(PatternError::Backwards(from, to)),
            to => ranges.push((from, to)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Pattern;

    fn fits(pattern: &str, name: &str) -> bool {
        Pattern::parse(pattern).unwrap().fits(name)
    }

    /// The tables of GitHub's cheat sheet.
    #[test]
    fn the_cheat_sheet() {
        let yes = [
            ("feature/*", "feature/my-branch feature/your-branch"),
            ("feature/**", "feature/beta-a/my-branch feature/your-branch feature/mona/the/octocat"),
            ("main", "main"),
            ("releases/mona-the-octocat", "releases/mona-the-octocat"),
            ("*", "main releases"),
            ("**", "all/the/branches every/tag"),
            ("*feature", "mona-feature feature ver-10-feature"),
            ("v2*", "v2 v2.0 v2.9"),
            ("v[12].[0-9]+.[0-9]+", "v1.10.1 v2.0.0"),
            ("*.jsx?", "page.js page.jsx"),
            ("*.js", "app.js index.js"),
            ("**.js", "index.js js/index.js src/js/app.js"),
            ("docs/*", "docs/README.md docs/file.txt"),
            ("docs/**", "docs/README.md docs/mona/octocat.txt"),
            ("docs/**/*.md", "docs/README.md docs/mona/hello-world.md docs/a/markdown/file.md"),
            ("**/docs/**", "docs/hello.md dir/docs/my-file.txt space/docs/plan/space.doc"),
            ("**/README.md", "README.md js/README.md"),
            ("**/*src/**", "a/src/app.js my-src/code/js/app.js"),
            ("**/*-post.md", "my-post.md path/their-post.md"),
            ("**/migrate-*.sql", "migrate-10909.sql db/migrate-v1.0.sql db/sept/migrate-v1.sql"),
            (r"v1\+", "v1+"),
        ];
        for (pattern, names) in yes {
            for name in names.split(' ') {
                assert!(fits(pattern, name), "{pattern} fits {name}");
            }
        }
        let no = [
            ("feature/*", "feature/a/b feature"),
            ("main", "Main mainline a/main"),
            ("*", "all/the/branches"),
            ("v[12].[0-9]+.[0-9]+", "v3.0.0 v1..1 v1.0"),
            ("*.jsx?", "page.jsxx js/page.js"),
            ("docs/*", "docs/a/b other/docs/a"),
            ("docs/**/*.md", "docsx.md docs/a.txt"),
            ("**/README.md", "xREADME.md"),
            ("**/docs/**", "mydocs/a docs"),
        ];
        for (pattern, names) in no {
            for name in names.split(' ') {
                assert!(!fits(pattern, name), "{pattern} does not fit {name}");
            }
        }
    }

    #[test]
    fn bad_patterns() {
        let messages = ["", "!", "*+", "?x", "v[9-1]", "[", "[]", "a\\", "+"]
            .map(|text| format!("{text:?}: {}", Pattern::parse(text).unwrap_err()))
            .join("\n");
        insta::assert_snapshot!(messages, @r#"
        "": the pattern is empty
        "!": the pattern is empty
        "*+": `+` must follow a character or `[…]`, not a special character
        "?x": `?` must follow a character or `[…]`, not a special character
        "v[9-1]": the range `9-1` is backwards
        "[": `[` has no closing `]`
        "[]": `[]` lists no character
        "a\\": `\` at the end escapes nothing
        "+": `+` must follow a character or `[…]`, not a special character
        "#);
    }

    #[test]
    fn a_long_pattern_takes_no_exponential_time() {
        let pattern = "*a".repeat(200);
        assert!(!fits(&pattern, &"a".repeat(5_000).replace("aaaaa", "aaaab")));
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern in "[a-c*?+!\\[\\]/\\\\-]{0,12}", name in "[a-c/]{0,12}") {
            if let Ok(pattern) = Pattern::parse(&pattern) {
                let _ = pattern.fits(&name);
            }
        }

        #[test]
        fn a_plain_name_fits_itself_only(name in "[a-z/]{1,12}", other in "[a-z/]{1,12}") {
            prop_assert!(fits(&name, &name));
            prop_assert_eq!(fits(&name, &other), name == other);
        }
    }
}
