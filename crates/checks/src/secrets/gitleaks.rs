//! Rules in gitleaks' format (its `.gitleaks.toml`, as documented in the README of gitleaks 8).
//! A key that is not known there is an error: a rule that does less than its author thinks is
//! worse than none.

use regex::bytes::Regex;
use serde::Deserialize;

use crate::finding::Severity;
use crate::rule::RuleId;

use super::kinds;
use super::rules::{Matcher, Rules, SecretRule, Shape, compile};

/// Why a file of rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadRules {
    /// It is no TOML, or has a key that nobody knows.
    #[error("{path}: {error}")]
    Toml {
        /// The file.
        path: String,
        /// What and where.
        error: Box<toml::de::Error>,
    },
    /// A regular expression of it is wrong.
    #[error("{path}: rule `{rule}`: {error}")]
    Regex {
        /// The file.
        path: String,
        /// Whose.
        rule: String,
        /// What is wrong with it.
        error: regex::Error,
    },
    /// A rule says nothing to look for.
    #[error("{path}: rule `{rule}` has neither `regex` nor `path`")]
    Empty {
        /// The file.
        path: String,
        /// Which.
        rule: String,
    },
    /// It extends a file, which would have to be read.
    #[error("{path}: `extend.path` is not followed; name that file beside this one")]
    Extends {
        /// The file.
        path: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    #[serde(default, rename = "title")]
    _title: String,
    #[serde(default, rename = "description")]
    _description: String,
    #[serde(default, rename = "minVersion")]
    _min_version: String,
    #[serde(default)]
    extend: Extend,
    #[serde(default)]
    rules: Vec<RuleText>,
    allowlist: Option<AllowText>,
    #[serde(default)]
    allowlists: Vec<AllowText>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Extend {
    use_default: bool,
    path: String,
    #[serde(rename = "url")]
    _url: String,
    disabled_rules: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RuleText {
    id: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    regex: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    entropy: f32,
    #[serde(default)]
    secret_group: usize,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default, rename = "tags")]
    _tags: Vec<String>,
    #[serde(default, rename = "skipReport")]
    _skip_report: bool,
    allowlist: Option<AllowText>,
    #[serde(default)]
    allowlists: Vec<AllowText>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct AllowText {
    #[serde(rename = "id")]
    _id: String,
    #[serde(rename = "description")]
    _description: String,
    condition: Condition,
    #[serde(rename = "commits")]
    _commits: Vec<String>,
    paths: Vec<String>,
    regex_target: Target,
    regexes: Vec<String>,
    stopwords: Vec<String>,
    target_rules: Vec<String>,
}

#[derive(Deserialize, Default, Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    #[default]
    #[serde(rename = "OR", alias = "or", alias = "||")]
    Any,
    #[serde(rename = "AND", alias = "and", alias = "&&")]
    All,
}

#[derive(Deserialize, Default, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Target {
    #[default]
    Secret,
    Match,
    Line,
}

/// What is no finding although a rule matches.
#[derive(Debug)]
pub(super) struct Allowlist {
    condition: Condition,
    target: Target,
    paths: Vec<Regex>,
    regexes: Vec<Regex>,
    stopwords: Vec<String>,
    rules: Vec<String>,
}

impl Allowlist {
    pub(super) fn depends_on_paths(&self) -> bool {
        !self.paths.is_empty()
    }

    /// Whether it allows this secret of this rule.
    pub(super) fn allows(&self, rule: &str, file: &str, secret: &[u8], line: &[u8]) -> bool {
        if !self.rules.is_empty() && !self.rules.iter().any(|of| of == rule) {
            return false;
        }
        // The whole match is at most the line.
        let target = if self.target == Target::Secret { secret } else { line };
        let lower = String::from_utf8_lossy(secret).to_lowercase();
        let said = [
            (!self.paths.is_empty())
                .then(|| self.paths.iter().any(|p| p.is_match(file.as_bytes()))),
            (!self.regexes.is_empty()).then(|| self.regexes.iter().any(|r| r.is_match(target))),
            (!self.stopwords.is_empty()).then(|| self.stopwords.iter().any(|w| lower.contains(w))),
        ];
        let mut said = said.into_iter().flatten().peekable();
        match self.condition {
            Condition::Any => said.any(|yes| yes),
            Condition::All => said.peek().is_some() && said.all(|yes| yes),
        }
    }
}

impl Rules {
    /// Reads a file of rules; with `extend.useDefault` they come on top of those that are built
    /// in, and replace those of the same id.
    ///
    /// # Errors
    /// When it cannot be used whole.
    pub fn read(path: &str, text: &str) -> Result<Self, BadRules> {
        let file: File = toml::from_str(text)
            .map_err(|error| BadRules::Toml { path: path.to_owned(), error: Box::new(error) })?;
        if !file.extend.path.is_empty() {
            return Err(BadRules::Extends { path: path.to_owned() });
        }
        let reader = Reader { path };
        let own: Result<Vec<SecretRule>, BadRules> =
            file.rules.into_iter().map(|rule| reader.rule(rule)).collect();
        let own = own?;
        let mut rules = Vec::new();
        if file.extend.use_default {
            let replaced = |rule: &SecretRule| {
                own.iter().any(|of| of.id == rule.id)
                    || file.extend.disabled_rules.iter().any(|id| rule.id == *id.as_str())
            };
            rules.extend(kinds::all().map(SecretRule::of).filter(|rule| !replaced(rule)));
        }
        rules.extend(own);
        let allow = file.allowlist.into_iter().chain(file.allowlists);
        let allow: Result<Vec<Allowlist>, BadRules> =
            allow.map(|list| reader.allowlist("allowlist", list)).collect();
        Ok(Self::new(rules, allow?))
    }
}

struct Reader<'p> {
    path: &'p str,
}

impl Reader<'_> {
    fn regex(&self, rule: &str, pattern: &str) -> Result<Regex, BadRules> {
        compile(pattern).map_err(|error| BadRules::Regex {
            path: self.path.to_owned(),
            rule: rule.to_owned(),
            error,
        })
    }

    fn rule(&self, rule: RuleText) -> Result<SecretRule, BadRules> {
        let path = match rule.path.as_str() {
            "" => None,
            path => Some(self.regex(&rule.id, path)?),
        };
        let pattern = match rule.regex.as_str() {
            "" if path.is_none() => {
                return Err(BadRules::Empty { path: self.path.to_owned(), rule: rule.id });
            }
            // A file that should not be there at all: its beginning stands for it.
            "" => r"\A[^\n]?",
            regex => regex,
        };
        let regex = self.regex(&rule.id, pattern)?;
        // As gitleaks has it: the first group, if there is one and none is named.
        let first = usize::from(regex.captures_len() > 1);
        let group = if rule.secret_group == 0 { first } else { rule.secret_group };
        let lists = rule.allowlist.into_iter().chain(rule.allowlists);
        let allow: Result<Vec<Allowlist>, BadRules> =
            lists.map(|list| self.allowlist(&rule.id, list)).collect();
        let what = if rule.description.is_empty() { rule.id.clone() } else { rule.description };
        Ok(SecretRule {
            id: RuleId::owned(rule.id),
            severity: Severity::Critical,
            what,
            keywords: rule.keywords,
            shape: Shape::Whole,
            matcher: Matcher::Ready(regex),
            group,
            entropy: rule.entropy,
            path,
            allow: allow?,
        })
    }

    fn allowlist(&self, rule: &str, list: AllowText) -> Result<Allowlist, BadRules> {
        let all = |patterns: Vec<String>| -> Result<Vec<Regex>, BadRules> {
            patterns.iter().map(|pattern| self.regex(rule, pattern)).collect()
        };
        Ok(Allowlist {
            condition: list.condition,
            target: list.regex_target,
            paths: all(list.paths)?,
            regexes: all(list.regexes)?,
            stopwords: list.stopwords.iter().map(|word| word.to_lowercase()).collect(),
            rules: list.target_rules,
        })
    }
}
