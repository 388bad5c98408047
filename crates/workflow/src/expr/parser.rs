//! From tokens to a tree.

use super::ast::{BinaryOp, Expression, Node, NodeKind};
use super::function::Function;
use super::lexer::{SyntaxError, Token, TokenKind, tokens};
use super::scope::Scope;
use super::value::Value;

/// How deep the tree of an expression may be; GitHub's limit.
pub const MAX_DEPTH: usize = 50;
/// How many UTF-16 units an expression may have; GitHub's limit.
pub const MAX_LENGTH: usize = 21_000;
/// How deep parentheses, which leave no node, may be nested.
const MAX_NESTING: usize = 200;

impl Expression {
    /// Parses the text between `${{` and `}}`. Nothing at all is null here; a template refuses it.
    ///
    /// # Errors
    /// The first thing that is wrong, in GitHub's words, and where.
    pub fn parse(text: &str, scope: &Scope<'_>) -> Result<Self, SyntaxError> {
        let tokens = tokens(text)?;
        let mut parser = Parser { text, tokens: &tokens, at: 0, nesting: 0, scope };
        if tokens.is_empty() {
            let root = Node::new(0, NodeKind::Literal(Value::Null));
            return Ok(Self { text: text.into(), root: root.into() });
        }
        let root = parser.or()?;
        match parser.peek() {
            Some(extra) => Err(parser.unexpected(extra)),
            None => Ok(Self { text: text.into(), root: root.into() }),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    at: usize,
    nesting: usize,
    scope: &'a Scope<'a>,
}

/// A node, or what is wrong where one should be.
type Grown = Result<Node, SyntaxError>;

impl<'a> Parser<'a> {
    fn or(&mut self) -> Grown {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(self.too_deep());
        }
        let node = self.chain(TokenKind::Or, Self::and, NodeKind::Or);
        self.nesting -= 1;
        node
    }

    fn and(&mut self) -> Grown {
        self.chain(TokenKind::And, Self::equality, NodeKind::And)
    }

    /// `next (token next)*`, flat.
    fn chain(
        &mut self,
        token: TokenKind,
        next: fn(&mut Self) -> Grown,
        kind: fn(Vec<Node>) -> NodeKind,
    ) -> Grown {
        let first = next(self)?;
        if self.peek().is_none_or(|t| t.kind != token) {
            return Ok(first);
        }
        let offset = first.offset;
        let mut nodes = vec![first];
        while self.take(&token).is_some() {
            nodes.push(next(self)?);
        }
        self.node(offset, kind(nodes))
    }

    fn equality(&mut self) -> Grown {
        let mut left = self.comparison()?;
        loop {
            let op = match self.peek().map(|t| &t.kind) {
                Some(TokenKind::Equal) => BinaryOp::Equal,
                Some(TokenKind::NotEqual) => BinaryOp::NotEqual,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.comparison()?;
            left = self.binary(op, left, right)?;
        }
    }

    fn comparison(&mut self) -> Grown {
        let mut left = self.unary()?;
        loop {
            let op = match self.peek().map(|t| &t.kind) {
                Some(TokenKind::Less) => BinaryOp::Less,
                Some(TokenKind::LessEqual) => BinaryOp::LessEqual,
                Some(TokenKind::Greater) => BinaryOp::Greater,
                Some(TokenKind::GreaterEqual) => BinaryOp::GreaterEqual,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.unary()?;
            left = self.binary(op, left, right)?;
        }
    }

    fn binary(&self, op: BinaryOp, left: Node, right: Node) -> Grown {
        let kind = NodeKind::Binary { op, left: Box::new(left), right: Box::new(right) };
        let offset = match &kind {
            NodeKind::Binary { left, .. } => left.offset,
            _ => 0,
        };
        self.node(offset, kind)
    }

    fn unary(&mut self) -> Grown {
        let mut bangs = Vec::new();
        while let Some(token) = self.take(&TokenKind::Not) {
            bangs.push(token.offset);
        }
        let mut node = self.postfix()?;
        for offset in bangs.into_iter().rev() {
            node = self.node(offset, NodeKind::Not(Box::new(node)))?;
        }
        Ok(node)
    }

    fn postfix(&mut self) -> Grown {
        let grouped = self.peek().is_some_and(|t| t.kind == TokenKind::OpenParen);
        let mut node = self.primary()?;
        if !grouped && matches!(node.kind, NodeKind::Literal(_)) {
            return Ok(node);
        }
        loop {
            let offset = node.offset;
            let of = if self.take(&TokenKind::Dot).is_some() {
                self.member(node)?
            } else if self.take(&TokenKind::OpenBracket).is_some() {
                self.subscript(node)?
            } else {
                return Ok(node);
            };
            node = self.node(offset, of)?;
        }
    }

    fn member(&mut self, of: Node) -> Result<NodeKind, SyntaxError> {
        if self.take(&TokenKind::Star).is_some() {
            return Ok(NodeKind::All(Box::new(of)));
        }
        let name = self.expect(&TokenKind::Name)?;
        let key = Node::new(name.offset, NodeKind::Literal(Value::from(name.lexeme)));
        Ok(NodeKind::Index { of: Box::new(of), key: Box::new(key) })
    }

    fn subscript(&mut self, of: Node) -> Result<NodeKind, SyntaxError> {
        let kind = if self.take(&TokenKind::Star).is_some() {
            NodeKind::All(Box::new(of))
        } else {
            NodeKind::Index { of: Box::new(of), key: Box::new(self.or()?) }
        };
        self.expect(&TokenKind::CloseBracket)?;
        Ok(kind)
    }

    fn primary(&mut self) -> Grown {
        let Some(token) = self.peek() else { return Err(self.ended()) };
        let literal = match &token.kind {
            TokenKind::Null => Value::Null,
            TokenKind::Bool(value) => Value::Bool(*value),
            TokenKind::Number(value) => Value::Number(*value),
            TokenKind::String(text) => Value::from(text.as_str()),
            TokenKind::OpenParen => {
                self.at += 1;
                let inner = self.or()?;
                self.expect(&TokenKind::CloseParen)?;
                return Ok(inner);
            }
            TokenKind::Name => {
                self.at += 1;
                return self.named(token);
            }
            _ => return Err(self.unexpected(token)),
        };
        self.at += 1;
        self.node(token.offset, NodeKind::Literal(literal))
    }

    /// A context, or a call.
    fn named(&mut self, name: &Token<'a>) -> Grown {
        if self.take(&TokenKind::OpenParen).is_none() {
            if !self.scope.has_context(name.lexeme) {
                let error = self.error("Unrecognized named-value", name);
                let help = self.scope.suggest_context(name.lexeme);
                return Err(SyntaxError { help: Some(help), ..error });
            }
            return self.node(name.offset, NodeKind::Context(name.lexeme.into()));
        }
        let function = Function::named(name.lexeme)
            .filter(|function| self.scope.has_function(*function))
            .ok_or_else(|| {
                let help = Some(self.scope.suggest_function(name.lexeme));
                SyntaxError { help, ..self.error("Unrecognized function", name) }
            })?;
        let arguments = self.arguments()?;
        let (least, most) = self.scope.arity(function);
        if arguments.len() < least {
            return Err(self.error("Too few parameters supplied", name));
        }
        if arguments.len() > most {
            return Err(self.error("Too many parameters supplied", name));
        }
        if function == Function::Case && arguments.len().is_multiple_of(2) {
            let what = "Even number of parameters supplied, requires an odd number of parameters";
            return Err(self.error(what, name));
        }
        self.node(name.offset, NodeKind::Call { function, arguments })
    }

    fn arguments(&mut self) -> Result<Vec<Node>, SyntaxError> {
        let mut arguments = Vec::new();
        if self.take(&TokenKind::CloseParen).is_some() {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.or()?);
            if self.take(&TokenKind::Comma).is_none() {
                self.expect(&TokenKind::CloseParen)?;
                return Ok(arguments);
            }
        }
    }

    fn node(&self, offset: usize, kind: NodeKind) -> Grown {
        let node = Node::new(offset, kind);
        if node.depth > MAX_DEPTH { Err(self.too_deep()) } else { Ok(node) }
    }

    fn peek(&self) -> Option<&'a Token<'a>> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, kind: &TokenKind) -> Option<&'a Token<'a>> {
        let token = self.peek().filter(|token| token.kind == *kind)?;
        self.at += 1;
        Some(token)
    }

    fn expect(&mut self, kind: &TokenKind) -> Result<&'a Token<'a>, SyntaxError> {
        match (self.take(kind), self.peek()) {
            (Some(token), _) => Ok(token),
            (None, Some(other)) => Err(self.unexpected(other)),
            (None, None) => Err(self.ended()),
        }
    }

    fn error(&self, what: &str, token: &Token<'_>) -> SyntaxError {
        SyntaxError::located(what, token.lexeme, token.offset, self.text)
    }

    fn unexpected(&self, token: &Token<'_>) -> SyntaxError {
        self.error("Unexpected symbol", token)
    }

    fn ended(&self) -> SyntaxError {
        match self.tokens.last() {
            Some(last) => self.error("Unexpected end of expression", last),
            None => SyntaxError::at(0, "An expression was expected"),
        }
    }

    fn too_deep(&self) -> SyntaxError {
        let offset = self.peek().map_or(self.text.len(), |token| token.offset);
        SyntaxError::at(offset, format!("Exceeded max expression depth {MAX_DEPTH}"))
    }
}
