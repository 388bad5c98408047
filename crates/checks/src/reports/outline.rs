//! What stands where in the beginning of a JSON document, as far as it goes.

/// How deep an outline looks.
const DEEPEST: usize = 5;
/// How many places it keeps.
const MOST: usize = 4096;

/// What stands where in the beginning of a JSON document. What is broken further on is not its
/// concern: a reader that is chosen by it will tell.
#[derive(Debug, Default)]
pub(super) struct Outline {
    places: Vec<Place>,
}

#[derive(Debug)]
struct Place {
    path: Vec<Step>,
    /// What stands there, if it is a text, a number or a word.
    scalar: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Element,
}

impl Outline {
    /// Of the beginning of a document.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut outline = Self::default();
        // What cannot be read further ends it.
        let _ended = Walk { bytes, at: 0, path: Vec::new(), outline: &mut outline }.document();
        outline
    }

    /// Whether something stands at a path: keys with `.` between them, `*` for any key, `[]` for
    /// an element of a list. `runs.[].tool` is the tool of a run.
    pub(super) fn has(&self, path: &str) -> bool {
        self.places.iter().any(|place| fits(path, &place.path))
    }

    /// The first text, number or word at a path.
    pub(super) fn scalar(&self, path: &str) -> Option<&str> {
        let mut there = self.places.iter().filter(|place| fits(path, &place.path));
        there.find_map(|place| place.scalar.as_deref())
    }
}

fn fits(pattern: &str, path: &[Step]) -> bool {
    let mut steps = path.iter();
    let all = pattern.split('.').all(|wanted| match steps.next() {
        Some(Step::Element) => wanted == "[]",
        Some(Step::Key(key)) => wanted == "*" || wanted == key,
        None => false,
    });
    all && steps.next().is_none()
}

/// The document ended, or is broken.
struct End;

struct Walk<'w> {
    bytes: &'w [u8],
    at: usize,
    path: Vec<Step>,
    outline: &'w mut Outline,
}

/// What is open around a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Object,
    List,
}

impl Walk<'_> {
    /// Without recursion, so that depth costs a byte a level.
    fn document(&mut self) -> Result<(), End> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            match self.byte()? {
                b'{' => open.push(Open::Object),
                b'[' => open.push(Open::List),
                b'}' | b']' => {
                    open.pop();
                }
                b',' => {}
                first => {
                    self.at -= 1;
                    let scalar = self.scalar(first)?;
                    self.note(open.len(), Some(scalar));
                }
            }
            // Behind a value: the next one's place.
            let Some(innermost) = open.last().copied() else { return Ok(()) };
            let next = self.byte()?;
            self.at -= 1;
            self.path.truncate(open.len() - 1);
            match (innermost, next) {
                (_, b'}' | b']') => continue,
                (Open::Object, b',') => self.at += 1,
                (Open::List, b',') => self.at += 1,
                _ => {}
            }
            match innermost {
                Open::Object => {
                    let quote = self.byte()?;
                    self.at -= 1;
                    let key = self.scalar(quote)?;
                    if self.byte()? != b':' {
                        return Err(End);
                    }
                    self.path.push(Step::Key(key));
                }
                Open::List => self.path.push(Step::Element),
            }
            let value = self.byte()?;
            self.at -= 1;
            if matches!(value, b'{' | b'[') {
                self.note(open.len(), None);
            }
        }
    }

    fn note(&mut self, depth: usize, scalar: Option<String>) {
        if depth <= DEEPEST && self.outline.places.len() < MOST {
            self.outline.places.push(Place { path: self.path.clone(), scalar });
        }
    }

    /// The next byte that is no white space.
    fn byte(&mut self) -> Result<u8, End> {
        loop {
            let byte = *self.bytes.get(self.at).ok_or(End)?;
            self.at += 1;
            if !byte.is_ascii_whitespace() {
                return Ok(byte);
            }
        }
    }

    /// A text, a number or a word.
    fn scalar(&mut self, first: u8) -> Result<String, End> {
        let rest = self.bytes.get(self.at..).ok_or(End)?;
        let length = if first == b'"' {
            let mut escaped = true;
            let end = rest.iter().position(|byte| {
                let ends = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                ends
            });
            end.ok_or(End)? + 1
        } else {
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
            rest.iter().position(ends).filter(|length| *length > 0).ok_or(End)?
        };
        let token = rest.get(..length).ok_or(End)?;
        self.at += length;
        if first == b'"' {
            return serde_json::from_slice(token).map_err(|_| End);
        }
        Ok(String::from_utf8_lossy(token).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"a": {"b.c": [1, {"d": "x\"y"}], "e": []}, "version": "2.1.0",
        "f": [[true]], "n": -1.5e3, "last": {"cut": "of"#;

    #[test]
    fn what_stands_where_is_known_as_far_as_it_goes() {
        let outline = Outline::of(TEXT.as_bytes());
        for path in ["a", "a.e", "a.*.[]", "a.*.[].d", "version", "f.[].[]", "last"] {
            assert!(outline.has(path), "{path}: {outline:?}");
        }
        for path in ["b", "a.e.[]", "f.[]", "last.cut", "a.b", "[]"] {
            assert_eq!(outline.has(path), path == "f.[]", "{path}: {outline:?}");
        }
        assert_eq!(outline.scalar("version"), Some("2.1.0"));
        assert_eq!(outline.scalar("a.*.[].d"), Some("x\"y"));
        assert_eq!(outline.scalar("n"), Some("-1.5e3"));
        assert!(Outline::of(b"[{\"a\": 1}]").has("[].a"));
    }

    #[test]
    fn what_is_broken_ends_it() {
        for text in
            ["{", "[", "{\"a\"", "{\"a\":", "]", "{]", "[}", ",,,", "{\"a\" 1}", "\"", "{1:2}"]
        {
            drop(Outline::of(text.as_bytes()));
        }
        assert!(!Outline::of("[".repeat(100_000).as_bytes()).has("a"));
    }
}
