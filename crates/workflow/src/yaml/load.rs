//! From the parser's events to the tree.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use super::node::{Entry, Mapping, Node, NodeKind};
use super::scalar::{Resolved, Scalar, Style, number};
use super::{MAX_BYTES, MAX_DEPTH, MAX_NODES, code};
use crate::diagnostic::Diagnostic;
use crate::span::{Pos, Span, Spanned};

pub(super) fn load(file: &str, text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; at most {MAX_BYTES} are read", text.len());
        return (None, vec![Diagnostic::error(code::LIMIT, file, Span::default(), message)]);
    }
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut loader = Loader::new(file);
    for event in Parser::new_from_str_with_options(text, options) {
        let step = match event {
            Ok((event, span)) => loader.event(event, convert(span)),
            Err(error) => {
                let at = Span::at(position(*error.marker()));
                Err(loader.stop(code::SYNTAX, at, error.info()))
            }
        };
        if let Err(Stopped) = step {
            return (None, loader.problems);
        }
    }
    let empty = || Node {
        span: Span::default(),
        alias: None,
        kind: NodeKind::Scalar(Scalar {
            text: String::new(),
            style: Style::Plain,
            value: Resolved::Null,
        }),
    };
    let root = loader.root.take().map_or_else(empty, |built| built.node);
    (Some(root), loader.problems)
}

/// The problem that makes it pointless to go on is reported.
struct Stopped;

/// A finished node with what its repetition by an alias costs.
#[derive(Clone)]
struct Built {
    node: Node,
    nodes: usize,
    depth: usize,
}

/// A collection whose end has not been seen.
struct Open {
    start: Pos,
    anchor: usize,
    nodes: usize,
    depth: usize,
    kind: OpenKind,
}

enum OpenKind {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, seen: Seen, key: Option<Key> },
}

/// Where the keys of a mapping are, once they are many: few are looked through.
#[derive(Default)]
struct Seen(HashMap<String, Span>);

impl Seen {
    const FEW: usize = 16;

    /// Where `key` stands among the entries.
    fn first(&mut self, entries: &[Entry], key: &str) -> Option<Span> {
        if entries.len() <= Self::FEW {
            let entry = entries.iter().find(|entry| entry.key.value == key)?;
            return Some(entry.key.span);
        }
        for entry in &entries[self.0.len()..] {
            self.0.insert(entry.key.value.clone(), entry.key.span);
        }
        self.0.get(key).copied()
    }
}

/// A key that waits for its value; a repeated one is reported, and its value dropped.
struct Key {
    key: Spanned<String>,
    repeated: bool,
}

struct Loader<'a> {
    file: &'a str,
    problems: Vec<Diagnostic>,
    open: Vec<Open>,
    anchors: HashMap<usize, Built>,
    names: HashMap<usize, String>,
    nodes: usize,
    documents: usize,
    root: Option<Built>,
}

impl<'a> Loader<'a> {
    fn new(file: &'a str) -> Self {
        Self {
            file,
            problems: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            names: HashMap::new(),
            nodes: 0,
            documents: 0,
            root: None,
        }
    }

    fn problem(&self, code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.file, span, message)
    }

    /// Reports what makes it pointless to go on.
    fn stop(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> Stopped {
        self.problems.push(self.problem(code, span, message));
        Stopped
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Stopped> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "a second document starts here; one file holds one document";
                    return Err(self.stop(code::UNSUPPORTED, span, message));
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = self.scalar(text.into_owned(), style, tag.as_deref(), span);
                let node = Node { span, alias: None, kind: NodeKind::Scalar(scalar) };
                self.finish(Built { node, nodes: 1, depth: 0 }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.collection_tag(tag.as_deref(), "seq", span);
                self.start(span, anchor, OpenKind::Sequence(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.collection_tag(tag.as_deref(), "map", span);
                let kind =
                    OpenKind::Mapping { entries: Vec::new(), seen: Seen::default(), key: None };
                self.start(span, anchor, kind)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Anchor(id, name) => {
                self.names.insert(id, name.into_owned());
                Ok(())
            }
            Event::Alias(id) => self.alias(id, span),
            Event::UnresolvedAlias(name) => {
                let message = format!("alias `*{name}` has no anchor `&{name}` before it");
                Err(self.stop(code::ALIAS, span, message))
            }
            _ => Ok(()),
        }
    }

    fn start(&mut self, span: Span, anchor: usize, kind: OpenKind) -> Result<(), Stopped> {
        self.count(1, self.open.len() + 1, span)?;
        if let Some(Open { kind: OpenKind::Mapping { key: None, .. }, .. }) = self.open.last() {
            let message = "a key must be plain text, not a list or a mapping";
            return Err(self.stop(code::UNSUPPORTED, span, message));
        }
        self.open.push(Open { start: span.start, anchor, nodes: 1, depth: 1, kind });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Stopped> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let (kind, last) = match open.kind {
            OpenKind::Sequence(items) => {
                let last = items.last().map(|item| item.at().end);
                (NodeKind::Sequence(items), last)
            }
            OpenKind::Mapping { entries, .. } => {
                let last = entries.last().map(|entry| entry.value.at().end);
                (NodeKind::Mapping(Mapping { entries }), last)
            }
        };
        // The end of a block collection is only noticed at the next token; its last child knows.
        let end = if span.start == span.end { last.unwrap_or(span.end) } else { span.end };
        let node = Node { span: Span::new(open.start, end.max(open.start)), alias: None, kind };
        self.nodes -= 1; // counted at its start
        self.finish(Built { node, nodes: open.nodes, depth: open.depth }, open.anchor)
    }

    /// Counts nodes where `depth` levels are in use, aliases followed.
    fn count(&mut self, nodes: usize, depth: usize, span: Span) -> Result<(), Stopped> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values, aliases followed");
            return Err(self.stop(code::LIMIT, span, message));
        }
        if depth > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels, aliases followed");
            return Err(self.stop(code::LIMIT, span, message));
        }
        Ok(())
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), Stopped> {
        let Some(built) = self.anchors.get(&id) else {
            let name = self.names.get(&id).map_or("", String::as_str);
            let message = format!("alias `*{name}` lies inside its own anchor `&{name}`");
            return Err(self.stop(code::ALIAS, span, message));
        };
        let (nodes, depth) = (built.nodes, built.depth);
        self.count(nodes, self.open.len() + depth, span)?;
        self.nodes -= nodes; // `finish` counts one node; the rest is added below
        let mut built = self.anchors[&id].clone();
        self.nodes += nodes - 1;
        built.node.alias = Some(span);
        self.finish(built, 0)
    }

    /// Puts a finished node where it belongs.
    fn finish(&mut self, built: Built, anchor: usize) -> Result<(), Stopped> {
        self.count(1, self.open.len() + built.depth, built.node.at())?;
        if anchor != 0 {
            self.anchors.insert(anchor, built.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(built);
            return Ok(());
        };
        open.nodes += built.nodes;
        open.depth = open.depth.max(built.depth + 1);
        match &mut open.kind {
            OpenKind::Sequence(items) => items.push(built.node),
            OpenKind::Mapping { entries, seen, key } => match key.take() {
                Some(Key { repeated: true, .. }) => {}
                Some(Key { key, repeated: false }) => {
                    entries.push(Entry { key, value: built.node });
                }
                None => {
                    let span = built.node.at();
                    let NodeKind::Scalar(scalar) = built.node.kind else {
                        let message = "a key must be plain text, not a list or a mapping";
                        return Err(self.stop(code::UNSUPPORTED, span, message));
                    };
                    let first = seen.first(entries, &scalar.text);
                    if let Some(first) = first {
                        self.problems.push(
                            Diagnostic::error(
                                code::DUPLICATE_KEY,
                                self.file,
                                span,
                                format!("key `{}` is already defined", scalar.text),
                            )
                            .with_label(first, "first defined here"),
                        );
                    }
                    *key = Some(Key {
                        key: Spanned::new(scalar.text, span),
                        repeated: first.is_some(),
                    });
                }
            },
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
    ) -> Scalar {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            _ => Style::Block,
        };
        let value = match tag {
            None if style == Style::Plain => Resolved::plain(&text),
            None => Resolved::String,
            Some(tag) => self.tagged(&text, tag, span),
        };
        Scalar { text, style, value }
    }

    fn tagged(&mut self, text: &str, tag: &Tag, span: Span) -> Resolved {
        // The non-specific tag `!` means: text.
        if tag.handle().is_empty() && tag.suffix() == "!" {
            return Resolved::String;
        }
        let plain = Resolved::plain(text);
        let value = match (tag.core_suffix(), plain) {
            (Some("str"), _) => Some(Resolved::String),
            (Some("null"), Resolved::Null)
            | (Some("bool"), Resolved::Bool(_))
            | (Some("int"), Resolved::Int(_)) => Some(plain),
            (Some("int" | "float"), _) => number(text),
            _ => None,
        };
        value.unwrap_or_else(|| {
            let message = format!("tag `{}` does not fit `{text}` here", tag.original());
            let help = "quote text that starts with `!`";
            self.problems.push(self.problem(code::UNSUPPORTED, span, message).with_help(help));
            Resolved::String
        })
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, expected: &str, span: Span) {
        if let Some(tag) = tag.filter(|tag| tag.core_suffix() != Some(expected)) {
            let message = format!("tag `{}` means nothing here", tag.original());
            self.problems.push(self.problem(code::UNSUPPORTED, span, message));
        }
    }
}

fn convert(span: granit_parser::Span) -> Span {
    Span::new(position(span.start), position(span.end))
}

fn position(mark: granit_parser::Marker) -> Pos {
    Pos {
        offset: mark.byte_offset().unwrap_or_default(),
        line: mark.line(),
        column: mark.col() + 1,
    }
}
