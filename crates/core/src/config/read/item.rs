//! A node that is being read, and where its problems are reported.

use std::cell::RefCell;

use shipway_workflow::Span;
use shipway_workflow::diagnostic::{Diagnostic, nearest};
use shipway_workflow::yaml::{Mapping, Node, Scalar, Style};

use super::{Facts, code};

/// What reading one file needs everywhere.
pub(super) struct Reader<'a> {
    file: &'a str,
    /// What is in the repository.
    pub(super) facts: &'a dyn Facts,
    problems: RefCell<Vec<Diagnostic>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str, facts: &'a dyn Facts, problems: Vec<Diagnostic>) -> Self {
        Self { file, facts, problems: RefCell::new(problems) }
    }

    /// A problem at `span`; to be handed to [`Self::report`].
    pub(super) fn error(
        &self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::error(code, self.file, span, message)
    }

    pub(super) fn report(&self, problem: Diagnostic) {
        self.problems.borrow_mut().push(problem);
    }

    /// The value, if nothing was reported, else all that was, in the order of
    /// the file.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Diagnostic>> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.span.start);
        match value {
            Some(value) if problems.is_empty() => Ok(value),
            _ => Err(problems),
        }
    }
}

/// A node that is being read.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) reader: &'a Reader<'a>,
    pub(super) node: &'a Node,
    /// Where its key is, or itself for an item of a list: where a problem is
    /// shown that is about what is missing in it.
    pub(super) key: Span,
}

impl<'a> Item<'a> {
    pub(super) fn root(reader: &'a Reader<'a>, node: &'a Node) -> Self {
        Self { reader, node, key: Span::at(node.span.start) }
    }

    /// Reports a problem with the value.
    pub(super) fn error(self, code: &'static str, message: impl Into<String>) {
        self.reader.report(self.reader.error(code, self.node.at(), message));
    }

    /// Reports a problem with the value, and what to do.
    pub(super) fn error_with_help(
        self,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let problem = self.reader.error(code, self.node.at(), message).with_help(help);
        self.reader.report(problem);
    }

    /// Reports that something else is needed: `wanted` is like `a list`.
    pub(super) fn wrong_type(self, wanted: &str) {
        let found = self.node.describe();
        let (at, message) = if self.node.is_null() {
            (self.key, format!("expected {wanted}, and nothing is here"))
        } else {
            (self.node.at(), format!("expected {wanted}, found {found}"))
        };
        let mut problem = self.reader.error(code::WRONG_TYPE, at, message);
        if self.node.is_null() {
            problem = problem.with_help("give it a value, or remove the key");
        } else if wanted.ends_with("text") && self.node.as_scalar().is_some() {
            problem = problem.with_help("put it in quotes if it is meant as text");
        }
        self.reader.report(problem);
    }

    /// Whether it is the word `off`, unquoted: without what the key stands for.
    pub(super) fn is_off(self) -> bool {
        let off = |scalar: &Scalar| scalar.style == Style::Plain && scalar.text == "off";
        self.node.as_scalar().is_some_and(off)
    }

    /// The mapping that it has to be.
    pub(super) fn mapping(self) -> Option<&'a Mapping> {
        let mapping = self.node.as_mapping();
        if mapping.is_none() {
            self.wrong_type("a mapping");
        }
        mapping
    }

    /// The items of the list that it has to be, each read by `decode`.
    pub(super) fn list<T>(self, decode: impl Fn(Self) -> Option<T>) -> Option<Vec<T>> {
        let Some(items) = self.node.as_sequence() else {
            self.wrong_type("a list");
            return None;
        };
        let item = |node: &'a Node| Self { node, key: node.at(), ..self };
        Some(items.iter().filter_map(|node| decode(item(node))).collect())
    }

    /// The entries of the mapping that it has to be: each key's text, where it
    /// is, and the value.
    pub(super) fn entries(self) -> Option<impl Iterator<Item = (&'a str, Item<'a>)>> {
        let reader = self.reader;
        Some(self.mapping()?.iter().map(move |entry| {
            let item = Self { reader, node: &entry.value, key: entry.key.span };
            (entry.key.value.as_str(), item)
        }))
    }
}

/// Advice for a `name` that is none of `known`: the nearest, or all of them.
pub(super) fn did_you_mean(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "nothing is known here".to_owned(),
        None => {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("known here: {}", known.join(", "))
        }
    }
}
