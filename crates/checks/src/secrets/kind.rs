//! One kind of secret: how it looks, and what tells it from what only looks alike.

/// How a secret is recognised. All patterns are in the syntax of the `regex` crate and of ASCII
/// alone; the first group is the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// It says itself what it is, and stands alone: neither letter, digit nor `_` around it.
    Token(&'static str),
    /// It is told by the name that it is given: `name = "value"` in any language.
    Assigned {
        /// What the name contains, any case.
        name: &'static str,
        /// The value.
        value: &'static str,
    },
    /// Something else within a line, with one group.
    Raw(&'static str),
    /// Something else over several lines, with one group.
    Block(&'static str),
}

/// One kind of secret.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kind {
    /// Its name, such as `github-pat`.
    pub id: &'static str,
    /// What it is, after "this looks like".
    pub what: &'static str,
    /// How it is recognised.
    pub pattern: Pattern,
    /// One of these is there wherever the pattern matches, any case. The search begins with them,
    /// so they should be rare.
    pub keywords: &'static [&'static str],
    /// The least entropy of the secret, in bits a character.
    pub entropy: f32,
    /// What one looks like, with made-up parts in braces: see [`super::example`]. The value alone
    /// where the name tells.
    pub example: &'static str,
}

impl Kind {
    const fn new(
        id: &'static str,
        what: &'static str,
        pattern: Pattern,
        keywords: &'static [&'static str],
        example: &'static str,
    ) -> Self {
        Self { id, what, pattern, keywords, entropy: 2.5, example }
    }

    /// One that says itself what it is.
    pub(super) const fn token(
        id: &'static str,
        what: &'static str,
        pattern: &'static str,
        keywords: &'static [&'static str],
        example: &'static str,
    ) -> Self {
        Self::new(id, what, Pattern::Token(pattern), keywords, example)
    }

    /// One that is told by the name that it is given.
    pub(super) const fn assigned(
        id: &'static str,
        what: &'static str,
        name: &'static str,
        value: &'static str,
        keywords: &'static [&'static str],
        example: &'static str,
    ) -> Self {
        Self::new(id, what, Pattern::Assigned { name, value }, keywords, example).entropy(3.0)
    }

    /// Something else.
    pub(super) const fn raw(
        id: &'static str,
        what: &'static str,
        pattern: &'static str,
        keywords: &'static [&'static str],
        example: &'static str,
    ) -> Self {
        Self::new(id, what, Pattern::Raw(pattern), keywords, example)
    }

    /// Something else over several lines.
    pub(super) const fn block(
        id: &'static str,
        what: &'static str,
        pattern: &'static str,
        keywords: &'static [&'static str],
        example: &'static str,
    ) -> Self {
        Self::new(id, what, Pattern::Block(pattern), keywords, example)
    }

    /// The same with another least entropy.
    pub(super) const fn entropy(mut self, bits: f32) -> Self {
        self.entropy = bits;
        self
    }

    /// The pattern as one regular expression; what stands around a token is looked at apart.
    #[must_use]
    pub fn regex(&self) -> String {
        match self.pattern {
            Pattern::Token(token) if self.begins_with_keyword() => format!(r"\A({token})"),
            Pattern::Token(token) => format!("({token})"),
            Pattern::Assigned { name, value } => format!(
                // The name, an end of it, a sign of assignment and an opening quote; then the
                // value, and what cannot be part of it.
                r#"(?i:(?:{name})[0-9a-z_.-]{{0,30}})["'`]?[ \t]{{0,8}}(?:=>|:=|\|\|:|[=:,(])[ \t]{{0,8}}["'`]?({value})(?:[^0-9A-Za-z_+/=-]|$)"#
            ),
            Pattern::Raw(raw) | Pattern::Block(raw) => raw.to_owned(),
        }
    }

    /// Whether a token begins with the keyword that it is found by.
    #[must_use]
    pub fn begins_with_keyword(&self) -> bool {
        matches!(self.pattern, Pattern::Token(_))
            && self.keywords.iter().any(|keyword| self.example.starts_with(keyword))
    }
}
