//! Rust source without what is not code.

/// The source with comments and the insides of literals turned to spaces.
/// Lines stay where they are.
pub fn code_only(source: &str) -> String {
    let mut lexer = Lexer { rest: source, code: String::with_capacity(source.len()) };
    while !lexer.rest.is_empty() {
        lexer.step();
    }
    lexer.code
}

/// [`code_only`] without the modules that are compiled for tests alone.
pub fn product_code(source: &str) -> String {
    const TEST: &str = "#[cfg(test)]";
    let mut code = code_only(source);
    while let Some(start) = code.find(TEST) {
        let end = item_end(&code, start + TEST.len());
        let blank: String = code[start..end].chars().map(blank).collect();
        code.replace_range(start..end, &blank);
    }
    code
}

/// Where the item that begins at `from` ends: after its `;` or its block.
fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code[from..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return from + at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return from + at + 1,
            _ => {}
        }
    }
    code.len()
}

/// Every path in the code, such as `std::fs::read`, with its line from 1;
/// those of a `use` with braces are written out.
pub fn paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut rest = code;
    let line_of = |rest: &str| 1 + code[..code.len() - rest.len()].matches('\n').count();
    while let Some(start) = rest.find(is_ident_start) {
        rest = &rest[start..];
        let line = line_of(rest);
        let (path, after) = split_path(rest);
        rest = after;
        if path == "use" {
            let end = rest.find(';').unwrap_or(rest.len());
            let tree = &rest[..end];
            let mut expanded = Vec::new();
            expand(tree, "", &mut expanded);
            found.extend(expanded.into_iter().map(|path| (line, path)));
            rest = &rest[end..];
        } else {
            found.push((line, path));
        }
    }
    found
}

fn is_ident_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_ident(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `a::b` at the beginning of the text, and what is after it.
fn split_path(text: &str) -> (String, &str) {
    let mut path = String::new();
    let mut rest = text;
    loop {
        let end = rest.find(|c| !is_ident(c)).unwrap_or(rest.len());
        path.push_str(&rest[..end]);
        rest = &rest[end..];
        match rest.strip_prefix("::") {
            Some(after) if after.starts_with(is_ident_start) => {
                path.push_str("::");
                rest = after;
            }
            _ => return (path, rest),
        }
    }
}

/// Writes out a tree of a `use`: `a::{b, c::{d, e}}`.
fn expand(tree: &str, prefix: &str, found: &mut Vec<String>) {
    let tree = tree.trim();
    if let Some(open) = tree.find('{') {
        let inner = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
        let prefix = format!("{prefix}{}", tree[..open].trim());
        for part in split_at_commas(inner) {
            expand(part, &prefix, found);
        }
    } else if !tree.is_empty() {
        let name = tree.split(" as ").next().unwrap_or(tree).trim();
        let path = format!("{prefix}{name}");
        found.push(path.strip_suffix("::self").unwrap_or(&path).to_owned());
    }
}

fn split_at_commas(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn blank(c: char) -> char {
    if c == '\n' { '\n' } else { ' ' }
}

struct Lexer<'a> {
    rest: &'a str,
    code: String,
}

impl Lexer<'_> {
    fn step(&mut self) {
        if self.rest.starts_with("//") {
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.hide(end);
        } else if self.rest.starts_with("/*") {
            self.hide(block_comment(self.rest));
        } else if let Some(end) = raw_string(self.rest) {
            self.hide(end);
        } else if self.rest.starts_with('"') {
            self.hide(quoted(self.rest, '"'));
        } else if self.rest.starts_with('\'') && is_char_literal(self.rest) {
            self.hide(quoted(self.rest, '\''));
        } else {
            // A name as a whole, lest its last letter is taken for `r"`.
            let end = match self.rest.find(|c| !is_ident(c)) {
                Some(0) => self.rest.chars().next().map_or(1, char::len_utf8),
                Some(end) => end,
                None => self.rest.len(),
            };
            self.code.push_str(&self.rest[..end]);
            self.rest = &self.rest[end..];
        }
    }

    fn hide(&mut self, end: usize) {
        self.code.extend(self.rest[..end].chars().map(blank));
        self.rest = &self.rest[end..];
    }
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of `r"…"`, `r#"…"#`, and the same with `b` or `c`.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix(['b', 'c']).unwrap_or(text).strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let inside = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let begin = text.len() - inside.len();
    Some(inside.find(&end).map_or(text.len(), |at| begin + at + end.len()))
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `'a'` or `'\n'`, and not the lifetime `'a`.
fn is_char_literal(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_no_code() {
        let source = r##"a // x
/* x /* x */ x */ b "x \" x" c r#"x " x"# d 'x' e '\'' f<'g> br"x" h"##;
        let code = code_only(source);
        assert_eq!(code.split_whitespace().collect::<String>(), "abcdef<'g>h");
        assert_eq!(code.lines().count(), 2);
    }

    #[test]
    fn a_name_that_ends_in_r_does_not_begin_a_literal() {
        assert_eq!(code_only("for x in str\"a\" {}").trim_end(), "for x in str    {}");
    }

    #[test]
    fn what_is_compiled_for_tests_is_no_product() {
        let source =
            "a();\n#[cfg(test)]\nmod tests { fn f() { x() } }\nb();\n#[cfg(test)] use x;c();";
        let code = product_code(source);
        assert_eq!(code.split_whitespace().collect::<String>(), "a();b();c();");
    }

    #[test]
    fn paths_are_written_out() {
        let code = "use std::{fs::{self, read}, io as x};\nlet y = std::net::TcpStream::connect;";
        let paths: Vec<_> = paths(code).into_iter().filter(|(_, p)| p.contains("::")).collect();
        let expected = [
            (1, "std::fs".to_owned()),
            (1, "std::fs::read".to_owned()),
            (1, "std::io".to_owned()),
            (2, "std::net::TcpStream::connect".to_owned()),
        ];
        assert_eq!(paths, expected);
    }
}
