//! Reading a tree into types, collecting every problem on the way.

use std::collections::HashMap;

use super::code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::expr::{Condition, Object, Parsed, Scope, Template, Value};
use crate::span::{Pos, Span, Spanned};
use crate::yaml::{Entry, Mapping, Node, NodeKind, Resolved, Scalar, SourceMap, Style};

/// What is being read, and what was found wrong with it.
pub(super) struct Reader<'a> {
    file: &'a str,
    source: &'a str,
    pub(super) problems: Vec<Diagnostic>,
    parsed: Parsed,
}

/// A mapping whose keys are known to be allowed.
pub(super) struct Fields<'n> {
    mapping: &'n Mapping,
    span: Span,
}

impl<'n> Fields<'n> {
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.mapping.get(key)
    }

    pub(super) fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.mapping.entry(key)
    }

    /// Where the mapping starts: the place of a problem with the whole.
    pub(super) fn span(&self) -> Span {
        self.mapping.iter().next().map_or(self.span, |entry| entry.key.span)
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'n, Entry> {
        self.mapping.iter()
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str, source: &'a str, problems: Vec<Diagnostic>) -> Self {
        Self { file, source, problems, parsed: Parsed::default() }
    }

    pub(super) fn problem(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.push(Diagnostic::error(code, self.file, span, message));
    }

    pub(super) fn problem_with_help(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Diagnostic::error(code, self.file, span, message).with_help(help));
    }

    /// The content of an anchor is read once for each alias; its problems are reported once.
    pub(super) fn push(&mut self, problem: Diagnostic) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// The problems in the order of the file.
    pub(super) fn sorted(mut self) -> Vec<Diagnostic> {
        self.problems.sort_by_key(|problem| problem.span.start);
        self.problems
    }

    pub(super) fn file(&self) -> &'a str {
        self.file
    }

    pub(super) fn wrong_kind(&mut self, node: &Node, what: &str, expected: &str) {
        let message = format!("{what} must be {expected}, not {}", node.describe());
        self.problem(code::WRONG_KIND, node.at(), message);
    }

    /// A mapping with any keys, none twice whatever their case.
    pub(super) fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> Option<Fields<'n>> {
        let Some(mapping) = node.as_mapping() else {
            self.wrong_kind(node, what, "a mapping");
            return None;
        };
        for (first, again) in in_another_case(mapping) {
            let message = format!("key `{}` is already defined in another case", *again.key);
            let code = crate::yaml::code::DUPLICATE_KEY;
            self.push(
                Diagnostic::error(code, self.file, again.key.span, message)
                    .with_label(first, "first defined here"),
            );
        }
        Some(Fields { mapping, span: node.at() })
    }

    /// A mapping with any keys, none of them computed.
    pub(super) fn plain_mapping<'n>(&mut self, node: &'n Node, what: &str) -> Option<Fields<'n>> {
        let fields = self.mapping(node, what)?;
        for entry in fields.iter().filter(|entry| entry.key.contains("${{")) {
            let message = format!("an expression as a key of {what} is not supported");
            self.problem(code::UNKNOWN_KEY, entry.key.span, message);
        }
        Some(fields)
    }

    /// The key of an entry, when it holds expressions.
    pub(super) fn computed_key(&mut self, entry: &Entry, scope: &Scope<'_>) -> Option<Template> {
        let key = &entry.key;
        if !key.contains("${{") {
            return None;
        }
        let style = Style::of_key(key.span.slice(self.source).unwrap_or_default());
        let mut map = SourceMap::new(key, style, key.span, self.source);
        let locate = |offset| map.locate(offset);
        match Template::parse(self.file, key, key.span, scope, &mut self.parsed, locate) {
            Ok(template) => Some(template),
            Err(problems) => {
                problems.into_iter().for_each(|problem| self.push(problem));
                None
            }
        }
    }

    /// A mapping with no other keys than these.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        keys: &[&str],
    ) -> Option<Fields<'n>> {
        let fields = self.mapping(node, what)?;
        for entry in fields.iter() {
            if !keys.contains(&entry.key.as_str()) {
                self.unknown_key(&entry.key, what, keys);
            }
        }
        Some(fields)
    }

    pub(super) fn unknown_key(&mut self, key: &Spanned<String>, what: &str, keys: &[&str]) {
        let help = if key.value == "<<" {
            "GitHub has anchors and aliases, but no merge keys; repeat the keys".into()
        } else {
            suggestion(key, keys)
        };
        let message = format!("unknown key `{}` in {what}", key.value);
        self.problem_with_help(code::UNKNOWN_KEY, key.span, message, help);
    }

    pub(super) fn require<'n>(
        &mut self,
        fields: &Fields<'n>,
        key: &str,
        what: &str,
    ) -> Option<&'n Node> {
        let node = fields.get(key);
        if node.is_none() {
            let message = format!("{what} has no `{key}`, which is required");
            self.problem(code::MISSING_KEY, fields.span(), message);
        }
        node
    }

    /// Text without expressions, as GitHub would print the scalar, not empty.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        let Some(scalar) = node.as_scalar() else {
            self.wrong_kind(node, what, "a string");
            return None;
        };
        let text = printed(scalar);
        if text.is_empty() {
            self.problem(code::WRONG_VALUE, node.at(), format!("{what} must not be empty"));
            return None;
        }
        if text.contains("${{") {
            let message = format!("{what} must not contain an expression");
            self.problem(code::WRONG_VALUE, node.at(), message);
            return None;
        }
        Some(Spanned::new(text, node.at()))
    }

    /// One text or a list of them, none empty.
    pub(super) fn texts(&mut self, node: &Node, what: &str) -> Vec<Spanned<String>> {
        match &node.kind {
            NodeKind::Sequence(items) => {
                items.iter().filter_map(|item| self.text(item, what)).collect()
            }
            _ => self.text(node, what).into_iter().collect(),
        }
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(
        &mut self,
        node: &Node,
        what: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(node, what)?;
        let found = words.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong_value(&text, what, &names);
        }
        found.map(|(_, value)| *value)
    }

    pub(super) fn wrong_value(&mut self, text: &Spanned<String>, what: &str, allowed: &[&str]) {
        let message = format!("`{}` is no {what}", text.value);
        self.problem_with_help(code::WRONG_VALUE, text.span, message, suggestion(text, allowed));
    }

    pub(super) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        let value = node.as_bool();
        if value.is_none() {
            self.wrong_kind(node, what, "`true` or `false`");
        }
        value
    }

    /// A scalar that may hold expressions.
    pub(super) fn template(
        &mut self,
        node: &Node,
        what: &str,
        scope: &Scope<'_>,
    ) -> Option<Template> {
        let Some(scalar) = node.as_scalar() else {
            self.wrong_kind(node, what, "a string");
            return None;
        };
        if scalar.value != Resolved::String {
            return Some(Template::value(value(scalar), node.at()));
        }
        if !scalar.text.contains("${{") {
            return Some(Template::literal(scalar.text.as_str(), node.at()));
        }
        let mut map = SourceMap::new(&scalar.text, scalar.style, node.span, self.source);
        let locate = |offset| map.locate(offset);
        let (file, parsed) = (self.file, &mut self.parsed);
        match Template::parse(file, &scalar.text, node.at(), scope, parsed, locate) {
            Ok(template) => Some(template),
            Err(problems) => {
                problems.into_iter().for_each(|problem| self.push(problem));
                None
            }
        }
    }

    /// The same, and not empty.
    pub(super) fn filled(
        &mut self,
        node: &Node,
        what: &str,
        scope: &Scope<'_>,
    ) -> Option<Template> {
        let template = self.template(node, what, scope)?;
        if template.text().is_empty() {
            self.problem(code::WRONG_VALUE, node.at(), format!("{what} must not be empty"));
            return None;
        }
        Some(template)
    }

    /// An `if:`; missing is `success()`.
    pub(super) fn condition(&mut self, node: Option<&Node>, scope: &Scope<'_>) -> Condition {
        let Some(node) = node else { return Condition::success() };
        let Some(scalar) = node.as_scalar() else {
            self.wrong_kind(node, "`if`", "an expression");
            return Condition::success();
        };
        let text = printed(scalar);
        let mut map = SourceMap::new(&text, scalar.style, node.span, self.source);
        let locate = |offset| -> Pos { map.locate(offset) };
        match Condition::parse(self.file, &text, node.at(), scope, &mut self.parsed, locate) {
            Ok(condition) => condition,
            Err(problems) => {
                problems.into_iter().for_each(|problem| self.push(problem));
                Condition::success()
            }
        }
    }

    /// The expression, when the scalar is one whole `${{ … }}`: that may stand for a list or a
    /// mapping. Inside is nothing if it cannot be parsed, which is reported.
    pub(super) fn whole_expression(
        &mut self,
        node: &Node,
        what: &str,
        scope: &Scope<'_>,
    ) -> Option<Option<Template>> {
        let text = node.as_str()?;
        if !(text.starts_with("${{") && text.ends_with("}}")) {
            return None;
        }
        match self.template(node, what, scope) {
            Some(template) if template.as_expression().is_none() => None,
            template => Some(template),
        }
    }
}

/// Entries whose key is there before in another case, and where.
fn in_another_case(mapping: &Mapping) -> Vec<(Span, &Entry)> {
    // Nearly all mappings are small and plain, and then to compare is the quickest.
    let plain = mapping.len() <= 16 && mapping.iter().all(|entry| entry.key.is_ascii());
    if plain {
        let mut keys = mapping.iter().enumerate();
        let twice = |(at, entry): (usize, &Entry)| {
            mapping.iter().take(at).any(|other| other.key.eq_ignore_ascii_case(&entry.key))
        };
        if !keys.any(twice) {
            return Vec::new();
        }
    }
    let mut seen = HashMap::new();
    let mut again = |entry: &Entry| seen.insert(entry.key.to_uppercase(), entry.key.span);
    mapping.iter().filter_map(|entry| Some((again(entry)?, entry))).collect()
}

/// What was probably meant, or all there is.
fn suggestion(name: &str, allowed: &[&str]) -> String {
    match nearest(name, allowed.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let mut all = allowed.to_vec();
            all.sort_unstable();
            format!("one of: {}", all.join(", "))
        }
    }
}

/// What a scalar is to an expression.
pub(super) fn value(scalar: &Scalar) -> Value {
    scalar.into()
}

/// A scalar as GitHub prints it: `1.10` is `1.1`, nothing is the empty text.
pub(super) fn printed(scalar: &Scalar) -> String {
    value(scalar).to_text()
}

/// Keys and values of a computed mapping, as texts.
pub(super) fn texts_of(object: &Object) -> indexmap::IndexMap<String, String> {
    object.iter().map(|(key, value)| (key.to_owned(), value.to_text())).collect()
}
