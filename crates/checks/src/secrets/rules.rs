//! Rules that are ready to search with.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

use crate::finding::Severity;
use crate::rule::{Rule, RuleId};

use super::gitleaks::Allowlist;
use super::kind::{Kind, Pattern};
use super::kinds;

/// A set of rules, and what finds the places where they may match.
#[derive(Debug)]
pub struct Rules {
    pub(super) rules: Vec<SecretRule>,
    pub(super) keywords: AhoCorasick,
    /// For each keyword, in order: the rules that it may begin.
    pub(super) by_keyword: Vec<Vec<Named>>,
    /// Rules without keywords look at everything.
    pub(super) always: Vec<usize>,
    /// What is never a finding, whatever the rule.
    pub(super) allow: Vec<Allowlist>,
}

/// A rule that a keyword may begin.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) rule: usize,
    /// The keyword as it has to be written; `None`: in any case.
    pub(super) exact: Option<Box<[u8]>>,
}

/// One rule.
#[derive(Debug)]
pub(super) struct SecretRule {
    pub(super) id: RuleId,
    pub(super) severity: Severity,
    /// What it is, after "this looks like".
    pub(super) what: String,
    pub(super) keywords: Vec<String>,
    pub(super) shape: Shape,
    pub(super) matcher: Matcher,
    /// The group that is the secret; 0: all that matches.
    pub(super) group: usize,
    pub(super) entropy: f32,
    /// Only in files whose path matches.
    pub(super) path: Option<Regex>,
    pub(super) allow: Vec<Allowlist>,
}

/// Where around a keyword to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// From the keyword on.
    Prefixed,
    /// A token around the keyword.
    Token,
    /// In the line, where something is assigned.
    Assigned,
    /// The same, and only its name says that it is a secret.
    Generic,
    /// In the line, where something is told by its form.
    Line,
    /// In the line, where only its place says that it is a secret.
    Placed,
    /// From the keyword over several lines.
    Block,
    /// Everywhere: a rule that was read from a file.
    Whole,
}

/// A regular expression, compiled when it is first needed.
#[derive(Debug)]
pub(super) enum Matcher {
    Later { pattern: String, compiled: OnceLock<Option<Regex>> },
    Ready(Regex),
}

impl Matcher {
    /// `None` only for a built-in rule that is wrong, which a test excludes.
    pub(super) fn regex(&self) -> Option<&Regex> {
        match self {
            Self::Ready(regex) => Some(regex),
            Self::Later { pattern, compiled } => {
                compiled.get_or_init(|| compile(pattern).ok()).as_ref()
            }
        }
    }
}

/// Secrets are ASCII, and so are the patterns; bounded, so that no file of rules can eat the
/// memory.
pub(super) fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).unicode(false).size_limit(20 << 20).build()
}

impl Rules {
    /// Those that are built in.
    #[must_use]
    pub fn built_in() -> Self {
        Self::new(kinds::all().map(SecretRule::of).collect(), Vec::new())
    }

    pub(super) fn new(rules: Vec<SecretRule>, allow: Vec<Allowlist>) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut by_keyword: Vec<Vec<Named>> = Vec::new();
        let mut always = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            if rule.keywords.is_empty() {
                always.push(index);
            }
            for keyword in &rule.keywords {
                let exact = matches!(rule.shape, Shape::Prefixed | Shape::Token);
                let named = Named { rule: index, exact: exact.then(|| keyword.as_bytes().into()) };
                let lower = keyword.to_ascii_lowercase();
                match words.iter().position(|word| *word == lower) {
                    Some(at) => by_keyword[at].push(named),
                    None => {
                        words.push(lower);
                        by_keyword.push(vec![named]);
                    }
                }
            }
        }
        // The patterns are few and short: building it cannot fail, and without keywords only
        // `always` is left to look.
        let keywords = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&words);
        let (keywords, always) = match keywords {
            Ok(keywords) => (keywords, always),
            Err(_) => (empty(), (0..rules.len()).collect()),
        };
        Self { rules, keywords, by_keyword, always, allow }
    }

    /// The rules, as they are documented.
    pub fn rules(&self) -> impl Iterator<Item = Rule> {
        self.rules.iter().map(SecretRule::rule)
    }
}

impl Rules {
    /// Whether the same content may be judged otherwise by another path.
    #[must_use]
    pub fn depend_on_paths(&self) -> bool {
        let in_lists = |lists: &[Allowlist]| lists.iter().any(Allowlist::depends_on_paths);
        let in_rule = |rule: &SecretRule| rule.path.is_some() || in_lists(&rule.allow);
        in_lists(&self.allow) || self.rules.iter().any(in_rule)
    }
}

fn empty() -> AhoCorasick {
    #[expect(clippy::expect_used, reason = "an automaton of nothing needs no memory")]
    AhoCorasick::new::<[&str; 0], &str>([]).expect("an empty automaton")
}

impl SecretRule {
    pub(super) fn of(kind: &Kind) -> Self {
        let shape = match kind.pattern {
            Pattern::Token(_) if kind.begins_with_keyword() => Shape::Prefixed,
            Pattern::Token(_) => Shape::Token,
            Pattern::Assigned { .. } if kinds::is_generic(kind) => Shape::Generic,
            Pattern::Assigned { .. } => Shape::Assigned,
            Pattern::Raw(_) if kinds::is_generic(kind) => Shape::Placed,
            Pattern::Raw(_) => Shape::Line,
            Pattern::Block(_) => Shape::Block,
        };
        let told_by_form = !matches!(shape, Shape::Generic | Shape::Placed);
        Self {
            id: RuleId::new(kind.id),
            severity: if told_by_form { Severity::Critical } else { Severity::High },
            what: kind.what.to_owned(),
            keywords: kind.keywords.iter().map(|&keyword| keyword.to_owned()).collect(),
            shape,
            matcher: Matcher::Later { pattern: kind.regex(), compiled: OnceLock::new() },
            group: 1,
            entropy: kind.entropy,
            path: None,
            allow: Vec::new(),
        }
    }

    pub(super) fn rule(&self) -> Rule {
        Rule {
            id: self.id.clone(),
            severity: self.severity,
            title: self.what.clone().into(),
            why: "Whoever can read the repository, now or later, can use it.".into(),
            help: "revoke it where it was given out, then take it from a secret store; removing \
                   the line leaves it in the history"
                .into(),
        }
    }
}
