//! What a change has to show before it goes anywhere.

use std::time::Duration;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{Percent, duration};
use super::{defaults, schema};
use crate::gate::Destination;
use crate::ids::EnvName;

/// What a change has to show before it is merged or deployed.
///
/// Judged by what stands here at the merge base: a change does not choose its own judge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gates {
    /// The gates of every pull request and environment.
    #[serde(default)]
    #[schemars(flatten)]
    pub everywhere: GateSet,
    /// What is different for pull requests. Once read, all of their gates.
    #[serde(default)]
    pub pull_request: GateSet,
    /// What is different for single environments. Once read, every environment has an entry with
    /// all of its gates.
    #[serde(default)]
    pub environments: IndexMap<EnvName, GateSet>,
    /// Which artifacts of a commit's workflows have reports in them, by name or pattern, and what
    /// those are about. By default every artifact is searched for reports.
    #[serde(default)]
    pub reports: Vec<ReportSource>,
    /// Who may override a gate that is shut, with a reason. By default nobody.
    #[serde(default)]
    pub overrides: Option<People>,
    /// Who may accept a change of the gates themselves, of their baselines and waivers. By default
    /// anybody who has proved who they are.
    #[serde(default)]
    pub changes: People,
}

/// Gates by kind. What is `off` asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GateSet {
    /// How much of the code runs in tests: the whole, or all about it.
    #[serde(default)]
    pub coverage: Option<Coverage>,
    /// How many tests have to pass.
    #[serde(default)]
    pub tests: Option<Tests>,
    /// Known vulnerabilities of dependencies: the severity that is too much, or all about it.
    #[serde(default)]
    pub vulnerabilities: Option<Vulnerabilities>,
    /// The same, of container images.
    #[serde(default)]
    pub images: Option<Vulnerabilities>,
    /// What analyses found (SARIF): the severity that is too much, or all about it.
    #[serde(default)]
    pub analysis: Option<Analysis>,
    /// Tokens, keys and passwords that the change adds.
    #[serde(default)]
    pub secrets: Option<Secrets>,
    /// Migrations that lose data, break what still runs, or block it.
    #[serde(default)]
    pub migrations: Option<MigrationSafety>,
    /// The licences that dependencies may have: the list, or all about it.
    #[serde(default)]
    pub licences: Option<Licences>,
    /// How it answers under load.
    #[serde(default)]
    pub load: Option<Load>,
    /// What a SonarQube server says.
    #[serde(default)]
    pub sonarqube: Option<SonarQube>,
    /// How much of the code may stand twice: the share, or all about it.
    #[serde(default)]
    pub duplication: Option<Duplication>,
    /// Results of conftest or OPA: nothing may be denied.
    #[serde(default)]
    pub policies: Option<Policies>,
    /// Gates of one's own, by name: an expression (CEL) over all that was found, or all about it.
    #[serde(default)]
    pub rules: IndexMap<String, Rule>,
    /// Items of a deployment's checklist that no other gate answers, such as `dashboards` and
    /// `projection_rebuilds`: the artifact whose reports of tests or policies show it, by name or
    /// pattern, or all about it.
    #[serde(default)]
    pub checklist: IndexMap<String, ChecklistItem>,
}

/// What a shut gate means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing goes through.
    #[default]
    Required,
    /// It is told, and goes through.
    Warning,
    /// It is shown.
    Informative,
}

/// How bad a finding is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "degrees of a scale")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// How good something is, as SonarQube rates it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[expect(missing_docs, reason = "letters of a scale")]
pub enum Rating {
    A,
    B,
    C,
    D,
    E,
}

/// People who may do something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// Who: login names. Anybody by default.
    #[serde(default)]
    pub by: Vec<String>,
    /// Whether a person counts who is known by the login name on this machine alone, without
    /// having proved who they are.
    #[serde(default = "defaults::unverified_approval")]
    pub unverified: bool,
}

/// Where reports are, and what they are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_text)]
pub struct ReportSource {
    /// The artifact's name, or a pattern such as `coverage-*`.
    pub artifact: String,
    /// The files in it: a pattern. By default all.
    #[serde(default)]
    pub files: Option<String>,
    /// The service that they are about: what they say counts for the coverage of no other.
    #[serde(default)]
    pub service: Option<String>,
    /// What coverage is told apart by, such as `unit`.
    #[serde(default)]
    pub flag: Option<String>,
}

/// How much of the code runs in tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_text)]
pub struct Coverage {
    /// Of all lines, at least this share.
    #[serde(default)]
    pub total: Option<Percent>,
    /// Of the lines that the change adds or changes, at least this share.
    #[serde(default)]
    pub changed_lines: Option<Percent>,
    /// Of a service's lines, at least this share.
    #[serde(default)]
    pub services: IndexMap<String, Percent>,
    /// Of the lines under a flag, at least this share.
    #[serde(default)]
    pub flags: IndexMap<String, Percent>,
    /// How far the whole may fall below what was last deployed or merged.
    #[serde(default)]
    pub may_fall: Option<Percent>,
    /// Files that do not count: patterns.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// What it means when it is shut.
    #[serde(default)]
    pub level: Level,
}

/// How many tests have to pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_text)]
pub struct Tests {
    /// The share that passes, of those that ran.
    #[serde(default = "defaults::pass_rate")]
    pub pass_rate: Percent,
    /// How many have to have run.
    #[serde(default = "defaults::some_tests")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub at_least: u64,
    /// What it means when it is shut.
    #[serde(default)]
    pub level: Level,
}

/// Known vulnerabilities: how many of each severity are too many, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_text)]
pub struct Vulnerabilities {
    /// So many critical ones may be there.
    #[serde(default = "defaults::none_at_all")]
    #[schemars(range(max = 1_000_000_000))]
    pub critical: Option<u64>,
    /// So many high ones.
    #[serde(default = "defaults::none_at_all")]
    #[schemars(range(max = 1_000_000_000))]
    pub high: Option<u64>,
    /// So many medium ones. `off`: any number.
    #[serde(default)]
    #[schemars(range(max = 1_000_000_000))]
    pub medium: Option<u64>,
    /// So many low ones. `off`: any number.
    #[serde(default)]
    #[schemars(range(max = 1_000_000_000))]
    pub low: Option<u64>,
    /// So many of which nobody says how bad they are. `off`: any number.
    #[serde(default = "defaults::none_at_all")]
    #[schemars(range(max = 1_000_000_000))]
    pub unknown: Option<u64>,
    /// Whether only those count that the change brings, and those that are overdue.
    #[serde(default)]
    pub new_only: bool,
    /// When each has to be mended, from when it was first seen. What is overdue shuts the gate.
    #[serde(default)]
    pub due: Due,
    /// The file of those that are waived, with owner, reason and end.
    #[serde(default = "defaults::waivers")]
    pub waivers: String,
    /// What it means when it is shut.
    #[serde(default)]
    pub level: Level,
}

/// When a vulnerability has to be mended, from when it was first seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Due {
    /// A critical one: at once by default.
    #[serde(default = "defaults::due_critical", with = "duration::option")]
    #[schemars(with = "Option<duration::Text>")]
    pub critical: Option<Duration>,
    /// A high one.
    #[serde(default = "defaults::due_high", with = "duration::option")]
    #[schemars(with = "Option<duration::Text>")]
    pub high: Option<Duration>,
    /// A medium one.
    #[serde(default = "defaults::due_medium", with = "duration::option")]
    #[schemars(with = "Option<duration::Text>")]
    pub medium: Option<Duration>,
    /// A low one: recorded only by default.
    #[serde(default, with = "duration::option")]
    #[schemars(with = "Option<duration::Text>")]
    pub low: Option<Duration>,
}

/// What analyses may find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_text)]
pub struct Analysis {
    /// Findings of this severity or worse are too much.
    #[serde(default = "defaults::analysis_from")]
    pub from: Severity,
    /// So many of them may be there.
    #[serde(default)]
    #[schemars(range(max = 1_000_000_000))]
    pub at_most: u64,
    /// Tools that have to have looked. By default any.
    #[serde(default)]
    pub tools: Vec<String>,
    /// What it means when it is shut.
    #[serde(default)]
    pub level: Level,
}

/// Tokens, keys and passwords in files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_on)]
pub struct Secrets {
    /// The file of what was found before and dealt with.
    #[serde(default = "defaults::secrets_baseline")]
    pub baseline: String,
    /// Rules in gitleaks' format, a file, instead of those that are built in.
    #[serde(default)]
    pub rules: Option<String>,
    /// What it means when it is shut.
    #[serde(default)]
    pub level: Level,
}

/// What migrations may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_on)]
pub struct MigrationSafety {
    /// Where they are: folders or files. By default they are found.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Findings of this severity or worse are too much.
    #[serde(default = "defaults::migrations_from")]
    pub from: Severity,
    /// Allow nothing but additions, each with a compensating script.
    #[serde(default)]
    pub additive_only: bool,
    /// Who can let through what was found. Without it, it has to be mended.
    #[serde(default)]
    pub approval: Option<StatementApproval>,
    /// What it means when it is shut.
    #[serde(default)]
    pub level: Level,
}

/// Who can let a destructive migration through: for these statements alone.
///
/// On a pull request it takes the label and the approval of one of these people; for a deployment
/// without one, `shipway approve --as dba`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementApproval {
    /// The label that the pull request has to have.
    #[serde(default = "defaults::migration_label")]
    pub label: String,
    /// The database administrators: login names.
    pub by: Vec<String>,
    /// Whether a person counts who is known by the login name on this machine alone, and a payload
    /// that somebody hands in.
    #[serde(default = "defaults::unverified_approval")]
    pub unverified: bool,
}

/// The licences that dependencies may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_list)]
pub struct Licences {
    /// SPDX identifiers, or patterns such as `BSD-*`.
    pub allow: Vec<String>,
    /// What it means when it is shut.
    #[serde(default)]
    pub level: Level,
}

/// How it has to answer under load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// 95 of 100 answers come within.
    #[serde(default, with = "duration::option")]
    #[schemars(with = "Option<duration::Text>")]
    pub p95: Option<Duration>,
    /// 99 of 100 answers come within.
    #[serde(default, with = "duration::option")]
    #[schemars(with = "Option<duration::Text>")]
    pub p99: Option<Duration>,
    /// The share of errors is at most this.
    #[serde(default)]
    pub error_rate: Option<Percent>,
    /// At least so many requests a second were answered.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub requests_per_second: Option<u64>,
    /// At least so many users were there at a time.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub users: Option<u64>,
    /// What it means when it is shut.
    #[serde(default)]
    pub level: Level,
}

/// What a SonarQube server has to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_on)]
pub struct SonarQube {
    /// Whether its own quality gate has to be passed.
    #[serde(default = "defaults::quality_gate")]
    pub quality_gate: bool,
    /// The reliability rating is this or better.
    #[serde(default)]
    pub reliability: Option<Rating>,
    /// The security rating is this or better.
    #[serde(default)]
    pub security: Option<Rating>,
    /// The maintainability rating is this or better.
    #[serde(default)]
    pub maintainability: Option<Rating>,
    /// What it means when it is shut.
    #[serde(default)]
    pub level: Level,
}

/// How much of the code may stand twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_text)]
pub struct Duplication {
    /// The share of its lines.
    pub at_most: Percent,
    /// What it means when it is shut.
    #[serde(default)]
    pub level: Level,
}

/// Results of conftest or OPA.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_on)]
pub struct Policies {
    /// What it means when it is shut.
    #[serde(default)]
    pub level: Level,
}

/// A gate of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_text)]
pub struct Rule {
    /// It is open if this expression (CEL) is true.
    pub open_if: String,
    /// What it means when it is shut.
    #[serde(default)]
    pub level: Level,
}

/// An item of a deployment's checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_text)]
pub struct ChecklistItem {
    /// The artifact whose reports of tests or policies show it, by name or pattern: something was
    /// tried, and nothing failed.
    pub artifact: String,
    /// What it means when nothing shows it.
    #[serde(default)]
    pub level: Level,
}

impl Gates {
    /// The file says nothing of gates.
    #[must_use]
    pub fn is_unsaid(&self) -> bool {
        self.is_empty()
            && self.reports.is_empty()
            && self.overrides.is_none()
            && self.changes == People::default()
    }

    /// Nothing is asked for, anywhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let nothing = GateSet::default();
        let mut sets = self.environments.values().chain([&self.everywhere, &self.pull_request]);
        sets.all(|set| *set == nothing)
    }

    /// The gates on the way to a destination.
    #[must_use]
    pub fn on_the_way_to(&self, to: &Destination) -> &GateSet {
        match to {
            Destination::PullRequest => &self.pull_request,
            Destination::Environment(env) => self.of(env),
        }
    }

    /// The gates of an environment.
    #[must_use]
    pub fn of(&self, env: &EnvName) -> &GateSet {
        self.environments.get(env).unwrap_or(&self.everywhere)
    }
}

impl GateSet {
    /// What a change is judged by: what was there before it, and what it adds. It takes nothing
    /// away and changes nothing.
    #[must_use]
    pub fn with_added(&self, change: &Self) -> Self {
        let (before, change) = (self.clone(), change.clone());
        let mut rules = change.rules;
        rules.extend(before.rules);
        let mut checklist = change.checklist;
        checklist.extend(before.checklist);
        Self {
            coverage: before.coverage.or(change.coverage),
            tests: before.tests.or(change.tests),
            vulnerabilities: before.vulnerabilities.or(change.vulnerabilities),
            images: before.images.or(change.images),
            analysis: before.analysis.or(change.analysis),
            secrets: before.secrets.or(change.secrets),
            migrations: before.migrations.or(change.migrations),
            licences: before.licences.or(change.licences),
            load: before.load.or(change.load),
            sonarqube: before.sonarqube.or(change.sonarqube),
            duplication: before.duplication.or(change.duplication),
            policies: before.policies.or(change.policies),
            rules,
            checklist,
        }
    }
}

impl Level {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Warning => "warning",
            Self::Informative => "informative",
        }
    }
}

impl Default for Due {
    fn default() -> Self {
        Self {
            critical: defaults::due_critical(),
            high: defaults::due_high(),
            medium: defaults::due_medium(),
            low: None,
        }
    }
}

impl Default for Vulnerabilities {
    fn default() -> Self {
        Self {
            critical: defaults::none_at_all(),
            high: defaults::none_at_all(),
            medium: None,
            low: None,
            unknown: defaults::none_at_all(),
            new_only: false,
            due: Due::default(),
            waivers: defaults::waivers(),
            level: Level::default(),
        }
    }
}

impl Default for Secrets {
    fn default() -> Self {
        Self { baseline: defaults::secrets_baseline(), rules: None, level: Level::default() }
    }
}

impl Default for MigrationSafety {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            from: defaults::migrations_from(),
            additive_only: false,
            approval: None,
            level: Level::default(),
        }
    }
}

impl Default for SonarQube {
    fn default() -> Self {
        Self {
            quality_gate: defaults::quality_gate(),
            reliability: None,
            security: None,
            maintainability: None,
            level: Level::default(),
        }
    }
}
