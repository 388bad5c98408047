//! `fromJSON`: what GitHub takes for JSON, which is more than JSON.
//!
//! GitHub reads with Newtonsoft's `JsonTextReader`. Beside JSON that takes texts in single quotes,
//! names of members without quotes, comments, a comma before the end of a list or an object, `NaN`,
//! `Infinity` and `undefined`, and numbers such as `.5`, `0x1f` and `017` (octal). What is left out
//! between commas is an empty text, as `undefined` is. What follows the value is not looked at,
//! and a comment before it *is* the value. Only `new Name(…)` is refused here and read there.
//!
//! Source: `FromJson.cs` of actions/runner, `JsonTextReader.cs` of JamesNK/Newtonsoft.Json.

use std::borrow::Cow;

use super::object::Object;
use super::value::Value;

/// How deep lists and objects may be nested; GitHub's limit.
const MAX_DEPTH: usize = 64;

/// How long a whole number may be written; GitHub's limit.
const MAX_DIGITS: usize = 380;

/// Why a text is no JSON: what is wrong, and where in the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at line {line}, column {column}")]
pub(crate) struct JsonError {
    what: String,
    line: usize,
    column: usize,
}

/// The value that a text begins with.
///
/// # Errors
/// It begins with none.
pub(crate) fn read(text: &str) -> Result<Value, JsonError> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    reader.skip_blanks();
    match reader.peek() {
        Some('/') => reader.comment().map(Value::from),
        _ => reader.value(),
    }
}

struct Reader<'t> {
    text: &'t str,
    /// How many bytes are read.
    at: usize,
    /// How many lists and objects are open.
    depth: usize,
}

impl<'t> Reader<'t> {
    fn value(&mut self) -> Result<Value, JsonError> {
        match self.peek() {
            Some('[') => self.nested(Self::array),
            Some('{') => self.nested(Self::object),
            Some(quote @ ('"' | '\'')) => Ok(Value::String(self.string(quote)?.into())),
            Some('t') => self.word("true", true.into()),
            Some('f') => self.word("false", false.into()),
            Some('n') => self.word("null", Value::Null),
            Some('u') => self.word("undefined", "".into()),
            Some('N') => self.word("NaN", f64::NAN.into()),
            Some('I') => self.word("Infinity", f64::INFINITY.into()),
            Some('-') if self.rest().starts_with("-I") => {
                self.word("-Infinity", f64::NEG_INFINITY.into())
            }
            Some('-' | '.' | '0'..='9') => self.number().map(Value::from),
            // A value is left out; the comma ends it.
            Some(',') => Ok("".into()),
            _ => Err(self.expected("a value")),
        }
    }

    /// A list or an object, from its bracket on.
    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Value, JsonError>,
    ) -> Result<Value, JsonError> {
        if self.depth == MAX_DEPTH {
            let what = format!("more than {MAX_DEPTH} lists and objects in each other");
            return Err(self.error(self.at, what));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Value, JsonError> {
        let mut items = Vec::new();
        loop {
            self.skip()?;
            if self.eat(']') {
                return Ok(items.into());
            }
            items.push(self.value()?);
            if self.ends(']')? {
                return Ok(items.into());
            }
        }
    }

    fn object(&mut self) -> Result<Value, JsonError> {
        let mut object = Object::new();
        loop {
            self.skip()?;
            if self.eat('}') {
                return Ok(object.into());
            }
            let name = self.name()?;
            self.skip_blanks();
            if !self.eat(':') {
                return Err(self.expected("`:`"));
            }
            self.skip()?;
            object.insert(name, self.value()?);
            if self.ends('}')? {
                return Ok(object.into());
            }
        }
    }

    /// What follows a value inside of a list or an object: its end, or a comma.
    fn ends(&mut self, close: char) -> Result<bool, JsonError> {
        self.skip()?;
        if self.eat(close) {
            return Ok(true);
        }
        if self.eat(',') { Ok(false) } else { Err(self.expected(&format!("`,` or `{close}`"))) }
    }

    /// The name of a member: a string, or letters and digits without quotes.
    fn name(&mut self) -> Result<Cow<'t, str>, JsonError> {
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.string(quote),
            Some(c) if is_of_name(c) => Ok(self.take_while(is_of_name).into()),
            _ => Err(self.expected("the name of a member")),
        }
    }

    fn string(&mut self, quote: char) -> Result<Cow<'t, str>, JsonError> {
        let start = self.at;
        self.at += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let plain = self.take_while(|c| c != quote && c != '\\');
            if text.is_empty() {
                text = plain.into();
            } else {
                text.to_mut().push_str(plain);
            }
            if self.eat(quote) {
                return Ok(text);
            }
            if !self.eat('\\') {
                return Err(self.error(start, "a text that does not end"));
            }
            self.escape(text.to_mut())?;
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self, text: &mut String) -> Result<(), JsonError> {
        let start = self.at - 1;
        let escaped = self.peek();
        self.at += escaped.map_or(0, char::len_utf8);
        text.push(match escaped {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some(c @ ('"' | '\'' | '\\' | '/')) => c,
            Some('u') => return self.unicode(text),
            Some(c) => return Err(self.error(start, format!("an unknown escape `\\{c}`"))),
            None => return Err(self.error(start, "a text that does not end")),
        });
        Ok(())
    }

    /// What stands behind `\u`. Half of a pair without the other becomes U+FFFD.
    fn unicode(&mut self, text: &mut String) -> Result<(), JsonError> {
        let mut unit = self.four_digits()?;
        while (0xd800..0xdc00).contains(&unit) && self.rest().starts_with("\\u") {
            self.at += 2;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                unit = 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
            } else {
                text.push(char::REPLACEMENT_CHARACTER);
                unit = second;
            }
        }
        text.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        Ok(())
    }

    fn four_digits(&mut self) -> Result<u32, JsonError> {
        let digits =
            self.rest().get(..4).filter(|four| four.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(unit) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return Err(self.error(self.at, "`\\u` without four hexadecimal digits"));
        };
        self.at += 4;
        Ok(unit)
    }

    /// A word that is a value, if nothing but a separator follows it.
    fn word(&mut self, word: &str, value: Value) -> Result<Value, JsonError> {
        let Some(after) = self.rest().strip_prefix(word) else {
            return Err(self.expected("a value"));
        };
        let is_comment = after.starts_with("//") || after.starts_with("/*");
        if !is_comment && after.starts_with(|c| !is_blank(c) && !matches!(c, ',' | ']' | '}')) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<f64, JsonError> {
        let start = self.at;
        let of_number = |c: char| c.is_ascii_hexdigit() || matches!(c, '-' | '+' | '.' | 'x' | 'X');
        let digits = self.take_while(of_number);
        let may_follow = |c: char| is_blank(c) || matches!(c, ',' | ']' | '}' | ')' | '/');
        if self.peek().is_some_and(|c| !may_follow(c)) {
            return Err(self.expected("the end of the number"));
        }
        number(digits).ok_or_else(|| self.error(start, format!("no number, `{}`", short(digits))))
    }

    /// Passes over blanks and comments.
    fn skip(&mut self) -> Result<(), JsonError> {
        self.skip_blanks();
        while self.peek() == Some('/') {
            self.comment()?;
            self.skip_blanks();
        }
        Ok(())
    }

    fn skip_blanks(&mut self) {
        self.take_while(is_blank);
    }

    /// The text of a comment.
    fn comment(&mut self) -> Result<&'t str, JsonError> {
        let unended = || self.error(self.at, "a comment that does not end");
        if let Some(after) = self.rest().strip_prefix("/*") {
            let (comment, _) = after.split_once("*/").ok_or_else(unended)?;
            self.at += comment.len() + "/**/".len();
            return Ok(comment);
        }
        match self.rest().strip_prefix("//") {
            Some("") => Err(unended()),
            Some(_) => {
                self.at += "//".len();
                Ok(self.take_while(|c| c != '\n' && c != '\r'))
            }
            None => Err(self.expected("a value")),
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, c: char) -> bool {
        let is_next = self.peek() == Some(c);
        if is_next {
            self.at += c.len_utf8();
        }
        is_next
    }

    fn take_while(&mut self, of: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !of(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn expected(&self, what: &str) -> JsonError {
        let found = match self.peek() {
            Some(c) => format!("`{c}` where {what} was expected"),
            None => format!("the end where {what} was expected"),
        };
        self.error(self.at, found)
    }

    fn error(&self, at: usize, what: impl Into<String>) -> JsonError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        JsonError {
            what: what.into(),
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }
}

/// White space, and the character 0, which is passed over like it.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\0'
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// A number as it is written: decimal, or after a 0 hexadecimal or octal, of 64 bits.
fn number(text: &str) -> Option<f64> {
    match text.strip_prefix('0') {
        Some(after) if !after.is_empty() && !after.starts_with(['.', 'e', 'E']) => {
            match after.strip_prefix(['x', 'X']) {
                Some(digits) => sixty_four_bits(digits, 16),
                None => sixty_four_bits(after, 8),
            }
        }
        _ if text.len() > MAX_DIGITS && is_whole(text) => None,
        _ => text.parse().ok(),
    }
}

fn is_whole(text: &str) -> bool {
    text.strip_prefix('-').unwrap_or(text).bytes().all(|b| b.is_ascii_digit())
}

/// The highest bit is the sign, so `0xffffffffffffffff` is -1.
#[expect(clippy::cast_precision_loss, reason = "every number is a float here")]
fn sixty_four_bits(digits: &str, radix: u32) -> Option<f64> {
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok().map(|bits| bits.cast_signed() as f64)
}

/// The beginning of what may be long.
fn short(text: &str) -> &str {
    text.get(..20).unwrap_or(text)
}

#[cfg(test)]
mod tests;
