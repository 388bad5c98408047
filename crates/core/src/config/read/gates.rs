//! Gates.

use indexmap::IndexMap;

use super::fields::Fields;
use super::item::{Item, did_you_mean};
use super::{code, path, value};
use crate::config::gates::{
    Analysis, ChecklistItem, Coverage, Due, Duplication, Licences, Load, MigrationSafety, Policies,
    ReportSource, Rule, Secrets, SonarQube, StatementApproval, Tests, Vulnerabilities,
};
use crate::config::value::Percent;
use crate::config::{GateSet, Gates, Level, People, Rating, Service, Severity, defaults};
use crate::ids::{EnvName, ServiceName};

/// Numbers that counters can reach.
const MOST: i64 = 1_000_000_000;

const LEVELS: &[(&str, Level)] = &[
    ("required", Level::Required),
    ("warning", Level::Warning),
    ("informative", Level::Informative),
];

const SEVERITIES: &[(&str, Severity)] = &[
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];

const RATINGS: &[(&str, Rating)] =
    &[("A", Rating::A), ("B", Rating::B), ("C", Rating::C), ("D", Rating::D), ("E", Rating::E)];

/// What the gates are called that everybody has: those that are asked for by a key, and two that judge
/// unasked, a change of the gates and the workflows of a pull request.
const OWN_NAMES: &[&str] = &[
    "coverage",
    "tests",
    "vulnerabilities",
    "images",
    "analysis",
    "secrets",
    "migrations",
    "licences",
    "load",
    "sonarqube",
    "duplication",
    "policies",
    "policy",
    "workflows",
];

type Services = IndexMap<ServiceName, Service>;

/// Reads the gates of a project with these services and environments.
pub(super) fn gates<'a>(
    item: Item,
    services: &Services,
    environments: impl Iterator<Item = &'a EnvName>,
) -> Option<Gates> {
    let mut fields = Fields::of(item)?;
    let everywhere = gate_set(&mut fields, &GateSet::default(), services);
    let pull_request =
        fields.or("pull_request", || everywhere.clone(), |item| layer(item, &everywhere, services));
    let known: Vec<&EnvName> = environments.collect();
    let written = fields.or("environments", IndexMap::new, |item| {
        value::named(item, |name: &EnvName, item| {
            must_be_known(item, name, &known);
            layer(item, &everywhere, services)
        })
    });
    let of = |name: &&EnvName| ((*name).clone(), written.get(*name).unwrap_or(&everywhere).clone());
    let gates = Gates {
        pull_request,
        environments: known.iter().map(of).collect(),
        reports: fields.or("reports", Vec::new, |item| item.list(|item| source(item, services))),
        overrides: fields.or_off("overrides", || None, people),
        changes: fields.or("changes", People::default, people),
        everywhere,
    };
    fields.finish();
    Some(gates)
}

fn must_be_known(item: Item, name: &EnvName, known: &[&EnvName]) {
    if !known.contains(&name) {
        let message = format!("there is no environment `{name}`");
        let known: Vec<&str> = known.iter().map(|name| name.as_str()).collect();
        let problem = item.reader.error(code::UNKNOWN_ENVIRONMENT, item.key, message);
        item.reader.report(problem.with_help(did_you_mean(name.as_str(), &known)));
    }
}

fn layer(item: Item, below: &GateSet, services: &Services) -> Option<GateSet> {
    let mut fields = Fields::of(item)?;
    let set = gate_set(&mut fields, below, services);
    fields.finish();
    Some(set)
}

/// The gates of one place: what is not written is as in `below`.
fn gate_set(fields: &mut Fields, below: &GateSet, services: &Services) -> GateSet {
    let below = below.clone();
    let set = GateSet {
        coverage: fields.or_off("coverage", || below.coverage, |item| coverage(item, services)),
        tests: fields.or_off("tests", || below.tests, tests),
        vulnerabilities: fields.or_off(
            "vulnerabilities",
            || below.vulnerabilities,
            vulnerabilities,
        ),
        images: fields.or_off("images", || below.images, vulnerabilities),
        analysis: fields.or_off("analysis", || below.analysis, analysis),
        secrets: fields.or_off("secrets", || below.secrets, secrets),
        migrations: fields.or_off("migrations", || below.migrations, migrations),
        licences: fields.or_off("licences", || below.licences, licences),
        load: fields.or_off("load", || below.load, load),
        sonarqube: fields.or_off("sonarqube", || below.sonarqube, sonarqube),
        duplication: fields.or_off("duplication", || below.duplication, duplication),
        policies: fields.or_off("policies", || below.policies, policies),
        rules: layered(
            below.rules,
            fields.or("rules", IndexMap::new, |item| named_or_off(item, rule)),
        ),
        checklist: layered(
            below.checklist,
            fields.or("checklist", IndexMap::new, |item| named_or_off(item, checklist_item)),
        ),
    };
    for name in set.rules.keys().filter(|name| set.checklist.contains_key(*name)) {
        let message = format!("a rule and an item of the checklist are both called `{name}`");
        fields.same_name(["rules", "checklist"], name, message);
    }
    set
}

/// What is written over what is below; nothing: one from below is `off`.
fn layered<T>(
    mut below: IndexMap<String, T>,
    written: IndexMap<String, Option<T>>,
) -> IndexMap<String, T> {
    for (name, of) in written {
        match of {
            Some(of) => below.insert(name, of),
            None => below.shift_remove(&name),
        };
    }
    below
}

fn level(fields: &mut Fields) -> Level {
    fields.or("level", Level::default, value::choice(LEVELS))
}

fn is_scalar(item: Item) -> bool {
    item.node.as_scalar().is_some() && !item.node.is_null()
}

/// Whether it is the word `on`, which stands for all of the defaults.
fn is_on(item: Item) -> bool {
    item.node.as_str() == Some("on")
}

fn source(item: Item, services: &Services) -> Option<ReportSource> {
    if is_scalar(item) {
        let artifact = pattern(item)?;
        return Some(ReportSource { artifact, files: None, service: None, flag: None });
    }
    let mut fields = Fields::of(item)?;
    let artifact = fields.required("artifact", "a source of reports", pattern);
    let files = fields.or_off("files", || None, pattern);
    let service = fields.or_off("service", || None, |item| known_service(item, services));
    let flag = fields.or_off("flag", || None, value::text);
    fields.finish();
    Some(ReportSource { artifact: artifact?, files, service, flag })
}

fn pattern(item: Item) -> Option<String> {
    let text = value::text(item)?;
    if let Err(problem) = globset::Glob::new(&text) {
        item.error(code::BAD_VALUE, format!("`{text}` is not a pattern: {}", problem.kind()));
        return None;
    }
    Some(text)
}

fn known_service(item: Item, services: &Services) -> Option<String> {
    let name = value::text(item)?;
    must_be_service(item, &name, item.node.at(), services).then_some(name)
}

fn must_be_service(
    item: Item,
    name: &str,
    at: shipway_workflow::Span,
    services: &Services,
) -> bool {
    let known: Vec<&str> = services.keys().map(ServiceName::as_str).collect();
    if known.contains(&name) {
        return true;
    }
    let message = format!("there is no service `{name}`");
    let problem = item.reader.error(code::UNKNOWN_SERVICE, at, message);
    item.reader.report(problem.with_help(did_you_mean(name, &known)));
    false
}

fn people(item: Item) -> Option<People> {
    let mut fields = Fields::of(item)?;
    let people = People {
        by: fields.or("by", Vec::new, |item| item.list(super::environment::approver)),
        unverified: fields.or("unverified", defaults::unverified_approval, value::flag),
    };
    fields.finish();
    Some(people)
}

fn coverage(item: Item, services: &Services) -> Option<Coverage> {
    if is_scalar(item) {
        let total = Some(value::quantity(item)?);
        return Some(Coverage {
            total,
            changed_lines: None,
            services: IndexMap::new(),
            flags: IndexMap::new(),
            may_fall: None,
            exclude: Vec::new(),
            level: Level::default(),
        });
    }
    let mut fields = Fields::of(item)?;
    let coverage = Coverage {
        total: fields.or_off("total", || None, value::quantity),
        changed_lines: fields.or_off("changed_lines", || None, value::quantity),
        services: fields.or("services", IndexMap::new, |item| {
            let shares = shares(item)?;
            let known = |(name, value): (&str, Item)| {
                must_be_service(value, name, value.key, services);
            };
            item.entries()?.for_each(known);
            Some(shares)
        }),
        flags: fields.or("flags", IndexMap::new, shares),
        may_fall: fields.or_off("may_fall", || None, value::quantity),
        exclude: fields.or("exclude", Vec::new, |item| item.list(pattern)),
        level: level(&mut fields),
    };
    let asks = ["total", "changed_lines", "services", "flags", "may_fall"];
    at_least_one(item, &fields, "`coverage`", &asks);
    fields.finish();
    Some(coverage)
}

/// Reports a mapping that asks for nothing.
fn at_least_one(item: Item, fields: &Fields, what: &str, keys: &[&str]) {
    let none = |mapping: &shipway_workflow::yaml::Mapping| {
        keys.iter().all(|key| mapping.get(key).is_none())
    };
    if item.node.as_mapping().is_some_and(none) {
        let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        fields.missing(format!("{what} asks for nothing: it needs one of {}", keys.join(", ")));
    }
}

fn shares(item: Item) -> Option<IndexMap<String, Percent>> {
    let read = |(name, item): (&str, Item)| Some((name.to_owned(), value::quantity(item)?));
    Some(item.entries()?.filter_map(read).collect())
}

fn tests(item: Item) -> Option<Tests> {
    let of =
        |pass_rate| Tests { pass_rate, at_least: defaults::some_tests(), level: Level::default() };
    if is_on(item) {
        return Some(of(defaults::pass_rate()));
    }
    if is_scalar(item) {
        return Some(of(value::quantity(item)?));
    }
    let mut fields = Fields::of(item)?;
    let tests = Tests {
        pass_rate: fields.or("pass_rate", defaults::pass_rate, value::quantity),
        at_least: fields.or("at_least", defaults::some_tests, value::whole(1..=MOST)),
        level: level(&mut fields),
    };
    fields.finish();
    Some(tests)
}

fn vulnerabilities(item: Item) -> Option<Vulnerabilities> {
    if is_scalar(item) {
        return value::choice(SEVERITIES)(item).map(none_from);
    }
    let mut fields = Fields::of(item)?;
    let unsaid = Vulnerabilities::default();
    let mut most = |key, default| fields.or_off(key, || default, value::whole(0..=MOST));
    let vulnerabilities = Vulnerabilities {
        critical: most("critical", unsaid.critical),
        high: most("high", unsaid.high),
        medium: most("medium", unsaid.medium),
        low: most("low", unsaid.low),
        unknown: most("unknown", unsaid.unknown),
        new_only: fields.or("new_only", || unsaid.new_only, value::flag),
        due: fields.or("due", Due::default, due),
        waivers: fields.or("waivers", defaults::waivers, path::relative),
        level: level(&mut fields),
    };
    fields.finish();
    Some(vulnerabilities)
}

/// Nothing of this severity or worse.
fn none_from(from: Severity) -> Vulnerabilities {
    let most = |of| (of >= from).then_some(0);
    Vulnerabilities {
        critical: most(Severity::Critical),
        high: most(Severity::High),
        medium: most(Severity::Medium),
        low: most(Severity::Low),
        ..Vulnerabilities::default()
    }
}

fn due(item: Item) -> Option<Due> {
    let mut fields = Fields::of(item)?;
    let unsaid = Due::default();
    let due = Due {
        critical: fields.or_off("critical", || unsaid.critical, value::period),
        high: fields.or_off("high", || unsaid.high, value::period),
        medium: fields.or_off("medium", || unsaid.medium, value::period),
        low: fields.or_off("low", || unsaid.low, value::period),
    };
    fields.finish();
    Some(due)
}

fn analysis(item: Item) -> Option<Analysis> {
    let of = |from| Analysis { from, at_most: 0, tools: Vec::new(), level: Level::default() };
    if is_scalar(item) {
        return value::choice(SEVERITIES)(item).map(of);
    }
    let mut fields = Fields::of(item)?;
    let analysis = Analysis {
        from: fields.or("from", defaults::analysis_from, value::choice(SEVERITIES)),
        at_most: fields.or("at_most", || 0, value::whole(0..=MOST)),
        tools: fields.or("tools", Vec::new, |item| item.list(value::text)),
        level: level(&mut fields),
    };
    fields.finish();
    Some(analysis)
}

fn secrets(item: Item) -> Option<Secrets> {
    if is_on(item) {
        return Some(Secrets::default());
    }
    let mut fields = Fields::of(item)?;
    let secrets = Secrets {
        baseline: fields.or("baseline", defaults::secrets_baseline, path::relative),
        rules: fields.or_off("rules", || None, path::relative),
        level: level(&mut fields),
    };
    fields.finish();
    Some(secrets)
}

fn migrations(item: Item) -> Option<MigrationSafety> {
    if is_on(item) {
        return Some(MigrationSafety::default());
    }
    let mut fields = Fields::of(item)?;
    let migrations = MigrationSafety {
        paths: fields.or("paths", Vec::new, |item| item.list(path::relative)),
        from: fields.or("from", defaults::migrations_from, value::choice(SEVERITIES)),
        additive_only: fields.or("additive_only", || false, value::flag),
        approval: fields.or_off("approval", || None, statement_approval),
        level: level(&mut fields),
    };
    fields.finish();
    Some(migrations)
}

fn statement_approval(item: Item) -> Option<StatementApproval> {
    let mut fields = Fields::of(item)?;
    let label = fields.or("label", defaults::migration_label, value::text);
    let by = fields.required("by", "an approval of migrations", |item| {
        let by = item.list(super::environment::approver)?;
        if by.is_empty() {
            item.error(code::IMPOSSIBLE_APPROVAL, "nobody is named, so nobody can approve");
        }
        Some(by)
    });
    let unverified = fields.or("unverified", defaults::unverified_approval, value::flag);
    fields.finish();
    Some(StatementApproval { label, by: by?, unverified })
}

fn licences(item: Item) -> Option<Licences> {
    if item.node.as_sequence().is_some() {
        return Some(Licences { allow: item.list(value::text)?, level: Level::default() });
    }
    let mut fields = Fields::of(item)?;
    let allow = fields.required("allow", "`licences`", |item| item.list(value::text));
    let level = level(&mut fields);
    fields.finish();
    Some(Licences { allow: allow?, level })
}

fn load(item: Item) -> Option<Load> {
    let mut fields = Fields::of(item)?;
    let mut most = |key| fields.or_off(key, || None, value::whole(1..=MOST));
    let (requests_per_second, users) = (most("requests_per_second"), most("users"));
    let load = Load {
        p95: fields.or_off("p95", || None, value::some_time),
        p99: fields.or_off("p99", || None, value::some_time),
        error_rate: fields.or_off("error_rate", || None, value::quantity),
        requests_per_second,
        users,
        level: level(&mut fields),
    };
    let asks = ["p95", "p99", "error_rate", "requests_per_second", "users"];
    at_least_one(item, &fields, "`load`", &asks);
    fields.finish();
    Some(load)
}

fn sonarqube(item: Item) -> Option<SonarQube> {
    if is_on(item) {
        return Some(SonarQube::default());
    }
    let mut fields = Fields::of(item)?;
    let mut rating = |key| fields.or_off(key, || None, value::choice(RATINGS));
    let (reliability, security) = (rating("reliability"), rating("security"));
    let sonarqube = SonarQube {
        reliability,
        security,
        maintainability: rating("maintainability"),
        quality_gate: fields.or("quality_gate", defaults::quality_gate, value::flag),
        level: level(&mut fields),
    };
    fields.finish();
    Some(sonarqube)
}

fn duplication(item: Item) -> Option<Duplication> {
    let (at_most, level) = with_level(item, "at_most", "`duplication`", value::quantity)?;
    Some(Duplication { at_most, level })
}

/// A gate that asks for one thing: that alone, or below its key, with a level beside it.
fn with_level<'a, T>(
    item: Item<'a>,
    key: &'static str,
    what: &str,
    read: fn(Item<'a>) -> Option<T>,
) -> Option<(T, Level)> {
    if is_scalar(item) {
        return Some((read(item)?, Level::default()));
    }
    let mut fields = Fields::of(item)?;
    let asked = fields.required(key, what, read);
    let level = level(&mut fields);
    fields.finish();
    Some((asked?, level))
}

fn policies(item: Item) -> Option<Policies> {
    if is_on(item) {
        return Some(Policies::default());
    }
    let mut fields = Fields::of(item)?;
    let policies = Policies { level: level(&mut fields) };
    fields.finish();
    Some(policies)
}

/// Gates by name; nothing where one from below is `off`.
fn named_or_off<T>(item: Item, read: fn(Item) -> Option<T>) -> Option<IndexMap<String, Option<T>>> {
    let mut all = IndexMap::new();
    for (name, item) in item.entries()? {
        if OWN_NAMES.contains(&name) {
            // An override names one of them.
            let message = format!("`{name}` is what a built-in gate is called");
            let problem = item.reader.error(code::CONFLICT, item.key, message);
            item.reader.report(problem.with_help("give it a name that no gate has"));
        }
        if item.is_off() {
            all.insert(name.to_owned(), None);
        } else if let Some(of) = read(item) {
            all.insert(name.to_owned(), Some(of));
        }
    }
    Some(all)
}

fn checklist_item(item: Item) -> Option<ChecklistItem> {
    let (artifact, level) = with_level(item, "artifact", "an item of the checklist", pattern)?;
    Some(ChecklistItem { artifact, level })
}

fn rule(item: Item) -> Option<Rule> {
    let (open_if, level) = with_level(item, "open_if", "a rule", expression)?;
    Some(Rule { open_if, level })
}

fn expression(item: Item) -> Option<String> {
    let text = value::text(item)?;
    if let Err(why) = item.reader.facts.expression(&text) {
        item.error(code::BAD_EXPRESSION, why);
        return None;
    }
    Some(text)
}
