//! A parsed expression.

use std::sync::Arc;

use super::function::Function;
use super::value::Value;

/// One expression and the text it was parsed from. Copies share both.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    pub(super) text: Arc<str>,
    pub(super) root: Arc<Node>,
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it starts: bytes from the start of the expression.
    pub offset: usize,
    /// What it is.
    pub kind: NodeKind,
    pub(super) depth: usize,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// `'text'`, `1`, `true`, `null`
    Literal(Value),
    /// `github`
    Context(String),
    /// `of.key` and `of['key']`
    Index {
        /// What is looked into.
        of: Box<Node>,
        /// The name or number looked for.
        key: Box<Node>,
    },
    /// `of.*` and `of[*]`
    All(Box<Node>),
    /// `!of`
    Not(Box<Node>),
    /// `left == right` and its like
    Binary {
        /// Which comparison.
        op: BinaryOp,
        /// The left side.
        left: Box<Node>,
        /// The right side.
        right: Box<Node>,
    },
    /// `a && b && c`
    And(Vec<Node>),
    /// `a || b || c`
    Or(Vec<Node>),
    /// `format('{0}', 1)`
    Call {
        /// Which function.
        function: Function,
        /// What it is given.
        arguments: Vec<Node>,
    },
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

impl Expression {
    /// The text between `${{` and `}}`, trimmed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Whether `success()`, `failure()`, `cancelled()` or `always()` occurs anywhere.
    #[must_use]
    pub fn uses_status(&self) -> bool {
        let mut found = false;
        self.root.visit(&mut |node| {
            if let NodeKind::Call { function, .. } = &node.kind {
                found |= function.is_status();
            }
        });
        found
    }
}

impl Node {
    pub(super) fn new(offset: usize, kind: NodeKind) -> Self {
        let mut node = Self { offset, kind, depth: 0 };
        node.depth = 1 + node.children().map(|child| child.depth).max().unwrap_or(0);
        node
    }

    /// The nodes directly below, from left to right.
    pub fn children(&self) -> impl Iterator<Item = &Node> {
        let (one, two, many): (Option<&Node>, Option<&Node>, &[Node]) = match &self.kind {
            NodeKind::Literal(_) | NodeKind::Context(_) => (None, None, &[]),
            NodeKind::Index { of, key } => (Some(of), Some(key), &[]),
            NodeKind::All(of) | NodeKind::Not(of) => (Some(of), None, &[]),
            NodeKind::Binary { left, right, .. } => (Some(left), Some(right), &[]),
            NodeKind::And(nodes) | NodeKind::Or(nodes) => (None, None, nodes),
            NodeKind::Call { arguments, .. } => (None, None, arguments),
        };
        one.into_iter().chain(two).chain(many)
    }

    /// Calls `f` for this node and every node below it.
    pub fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a Node)) {
        f(self);
        for child in self.children() {
            child.visit(f);
        }
    }
}
