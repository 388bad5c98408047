//! What each gate says of what was shown: at its limit, beyond it, and without evidence.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use shipway_checks::Severity;
use shipway_checks::policy::judge;
use shipway_checks::policy::shown::{
    Analysis, Coverage, Findings, Licences, Load, Migrations, Policies, PullRequest, Seen, Share,
    Shown, SonarQube, Statement, Tests, Tried, Vulnerabilities,
};
use shipway_checks::reports::vulnerabilities::register::{Due, Known, Register};
use shipway_checks::reports::vulnerabilities::{Audit, Vulnerability};
use shipway_checks::reports::waivers::Waivers;
use shipway_core::config::{Config, Facts, GateSet, PathKind, Rating, read};
use shipway_core::digest::Digest;
use shipway_core::gate::{Agreed, Position, Role, Verdict};
use shipway_core::journal::Actor;

struct Anything;

impl Facts for Anything {
    fn at(&self, _: &str) -> Option<PathKind> {
        Some(PathKind::Folder)
    }

    fn names_in(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn expression(&self, text: &str) -> Result<(), String> {
        shipway_checks::policy::check_expression(text).map_err(|error| error.to_string())
    }
}

fn gates(text: &str) -> GateSet {
    let text = format!(
        "project: p\nservices: {{api: {{run: x}}}}\nenvironments: {{e: {{}}}}\ngates: {{{text}}}\n"
    );
    let config: Config = read("shipway.yaml", &text, &Anything).unwrap();
    config.gates.everywhere
}

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

fn seen<T>(what: T) -> Seen<T> {
    Seen { what: Some(what), sources: Vec::new(), broken: Vec::new() }
}

/// The verdict of the one gate that is asked.
#[track_caller]
fn verdict(asked: &str, shown: &Shown) -> Verdict {
    let verdicts = judge(&gates(asked), shown, now());
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    verdicts.into_iter().next().unwrap()
}

#[track_caller]
fn open(asked: &str, shown: &Shown) {
    let verdict = verdict(asked, shown);
    assert!(matches!(verdict.position, Position::Open { .. }), "{asked}: {verdict:?}");
}

/// Why it is shut.
#[track_caller]
fn shut(asked: &str, shown: &Shown) -> String {
    let verdict = verdict(asked, shown);
    let Position::Shut { reason, opens, .. } = verdict.position else {
        panic!("{asked}: {verdict:?}")
    };
    assert!(asked.contains("rules") || opens.is_some(), "what would open it: {asked}");
    reason
}

#[test]
fn nothing_shown_opens_nothing() {
    for asked in [
        "tests: on",
        "coverage: 0%",
        "vulnerabilities: critical",
        "images: critical",
        "analysis: critical",
        "licences: [MIT]",
        "load: {p95: 1h}",
        "sonarqube: on",
        "policies: on",
        "rules: {r: 'tests.passed >= 0'}",
    ] {
        assert!(shut(asked, &Shown::default()).contains("no evidence"), "{asked}");
    }
}

#[test]
fn something_broken_is_shut_even_beside_something_good() {
    let mut shown =
        Shown { tests: seen(Tests { passed: 3, ..Tests::default() }), ..Shown::default() };
    open("tests: on", &shown);
    shown.tests.broken.push("b.xml:1:1: no evidence: it ends in the middle".to_owned());
    assert_eq!(shut("tests: on", &shown), "b.xml:1:1: no evidence: it ends in the middle");
}

#[test]
fn tests_count_by_what_ran() {
    let of = |passed, skipped, failed: &[&str]| {
        let failed = failed.iter().map(|name| (*name).to_owned()).collect();
        Shown { tests: seen(Tests { passed, skipped, failed }), ..Shown::default() }
    };
    open("tests: 100%", &of(10, 5, &[]));
    assert_eq!(shut("tests: 100%", &of(10, 0, &["a::b"])), "failed: a::b");
    open("tests: 90%", &of(9, 0, &["a"]));
    assert!(shut("tests: 90%", &of(8, 0, &["a"])).contains('a'));
    assert!(shut("tests: {at_least: 11}", &of(10, 5, &[])).contains("10 tests ran"));
    assert!(shut("tests: on", &of(0, 7, &[])).contains("0 tests ran"), "all skipped");
}

fn coverage(total: (u64, u64), changed: Option<(u64, u64)>) -> Shown {
    let share = |(part, of)| Share { part, of };
    let (total, changed) = (share(total), changed.map(share));
    Shown { coverage: seen(Coverage { total, changed, ..Coverage::default() }), ..Shown::default() }
}

#[test]
fn coverage_is_exact_and_told_rounded_down() {
    open("coverage: 80%", &coverage((800, 1000), None));
    let almost = shut("coverage: 80%", &coverage((79_999, 100_000), None));
    assert_eq!(almost, "all lines: 79.9% (79999 of 100000), 80% is asked for");
    assert!(shut("coverage: 0%", &coverage((0, 0), None)).contains("0 of 0"), "nothing measured");
    open("coverage: {changed_lines: 80%}", &coverage((1, 100), Some((4, 5))));
    assert!(
        shut("coverage: {changed_lines: 80%}", &coverage((9, 9), None)).contains("no evidence")
    );
    open("coverage: {changed_lines: 80%}", &coverage((1, 100), Some((0, 0))));
    let mut shown = coverage((9, 9), Some((0, 0)));
    if let Some(what) = &mut shown.coverage.what {
        what.unmeasured.push("b.py".to_owned());
        what.before = Some(100.0);
        what.services = BTreeMap::from([("api".to_owned(), Share { part: 1, of: 2 })]);
    }
    assert!(shut("coverage: {changed_lines: 80%}", &shown).ends_with("b.py"));
    open("coverage: {services: {api: 50%}, may_fall: 0%}", &shown);
    assert!(shut("coverage: {services: {api: 51%}}", &shown).contains("service api"));
    assert!(shut("coverage: {flags: {unit: 1%}}", &shown).contains("flag unit: no evidence"));
    let mut fallen = coverage((80, 100), None);
    fallen.coverage.what.as_mut().unwrap().before = Some(82.0);
    open("coverage: {may_fall: 2%}", &fallen);
    assert!(shut("coverage: {may_fall: 1%}", &fallen).contains("82.0% before"));
}

/// One vulnerability that was first seen on a day of May.
fn vulnerable(severity: Option<Severity>, day: u32, waivers: &str) -> Shown {
    let found = vec![Vulnerability {
        package: "lodash".to_owned(),
        advisory: "CVE-1".to_owned(),
        severity,
        ..Vulnerability::default()
    }];
    let audits = [Audit { found, ..Audit::default() }];
    let waivers = Waivers::read("waivers.toml", waivers).unwrap();
    let first: Timestamp = format!("2026-05-{day:02}T00:00:00Z").parse().unwrap();
    let due = Due::default();
    let known = Known { records: &[], base: None, waivers: &waivers, due: &due };
    let records = Register::of(&audits, &known, first).records(&[]);
    let known = Known { records: &records, ..known };
    let register = Register::of(&audits, &known, now());
    Shown {
        vulnerabilities: seen(Vulnerabilities { register, idle: Vec::new() }),
        ..Shown::default()
    }
}

#[test]
fn vulnerabilities_count_by_severity_and_age() {
    let high = vulnerable(Some(Severity::High), 31, "");
    assert!(shut("vulnerabilities: {high: 0, due: {high: off}}", &high).contains("1 high: lodash"));
    assert!(shut("vulnerabilities: {high: 1}", &high).contains("overdue"), "a day has passed");
    let medium = vulnerable(Some(Severity::Medium), 30, "");
    open("vulnerabilities: {medium: 1}", &medium);
    let verdict = verdict("vulnerabilities: {medium: 1}", &medium);
    assert_eq!(verdict.valid_until, Some("2026-06-06T00:00:00Z".parse().unwrap()), "due then");
    let old = vulnerable(Some(Severity::Medium), 1, "");
    assert!(shut("vulnerabilities: {medium: 9}", &old).contains("overdue"));
    let unknown = vulnerable(None, 31, "");
    assert!(shut("vulnerabilities: critical", &unknown).contains("of unknown severity"));
    open("vulnerabilities: critical", &vulnerable(Some(Severity::Low), 1, ""));
}

#[test]
fn a_waiver_counts_until_it_ends() {
    let until = |expires: &str| {
        format!(
            "[[vulnerability]]\nadvisory = \"CVE-1\"\nowner = \"ann\"\nreason = \"r\"\n\
             expires = {expires}\n"
        )
    };
    let critical = Some(Severity::Critical);
    open("vulnerabilities: critical", &vulnerable(critical, 1, &until("2026-06-01")));
    let over = shut("vulnerabilities: critical", &vulnerable(critical, 1, &until("2026-05-31")));
    assert!(over.contains("is over since 2026-05-31") && over.contains("1 critical"), "{over}");
}

#[test]
fn an_item_of_the_checklist_is_shown_by_what_was_tried() {
    let asked = "checklist: {dashboards: grafana}";
    let of = |passed, failed: &[&str]| {
        let failed = failed.iter().map(|of| (*of).to_owned()).collect();
        let tried = [("dashboards".to_owned(), seen(Tried { passed, failed }))];
        Shown { checklist: tried.into(), ..Shown::default() }
    };
    open(asked, &of(1, &[]));
    assert_eq!(shut(asked, &of(9, &["latency"])), "failed: latency");
    assert_eq!(shut(asked, &of(0, &[])), "nothing was tried");
    let none = "no evidence: there is no report of tests or policies in an artifact `grafana`";
    assert_eq!(shut(asked, &Shown::default()), none);
    let warning = verdict("checklist: {d: {artifact: a, level: warning}}", &Shown::default());
    assert_eq!(warning.shut(now()), None);
}

/// What nothing needs is told beside the verdict, and decides nothing.
#[test]
fn waivers_and_allowances_that_nothing_needs_are_notes() {
    let idle = vec!["w:3: the waiver of ann for CVE-9 covers nothing".to_owned()];
    let mut shown = vulnerable(None, 31, "");
    shown.vulnerabilities = seen(Vulnerabilities { idle: idle.clone(), ..Default::default() });
    shown.licences = seen(Licences { packages: 1, idle: idle.clone(), ..Licences::default() });
    shown.migrations = seen(Migrations { idle: idle.clone(), ..Migrations::default() });
    for asked in ["vulnerabilities: low", "licences: [MIT]", "migrations: on"] {
        open(asked, &shown);
        assert_eq!(verdict(asked, &shown).notes, idle, "{asked}");
    }
}

fn findings(critical: u64, low: u64, undecided: u64) -> Findings {
    let shown = vec!["a:1: b".to_owned()];
    Findings { critical, low, undecided, shown, ..Findings::default() }
}

#[test]
fn analyses_and_secrets_count_what_is_not_allowed() {
    let analysis = |findings, tools: &[&str]| {
        let tools = tools.iter().map(|tool| (*tool).to_owned()).collect();
        Shown { analysis: seen(Analysis { findings, tools }), ..Shown::default() }
    };
    open("analysis: high", &analysis(findings(0, 9, 0), &["CodeQL"]));
    assert_eq!(shut("analysis: low", &analysis(findings(0, 1, 0), &[])), "a:1: b");
    open("analysis: {at_most: 1}", &analysis(findings(1, 0, 0), &[]));
    assert_eq!(shut("analysis: high", &analysis(findings(0, 0, 1), &[])), "a:1: b");
    let missing = shut("analysis: {tools: [semgrep]}", &analysis(findings(0, 0, 0), &["CodeQL"]));
    assert!(missing.contains("semgrep has not looked"), "{missing}");
    open("analysis: {tools: [codeql]}", &analysis(findings(0, 0, 0), &["CodeQL"]));
    let secrets = |findings| Shown { secrets: seen(findings), ..Shown::default() };
    open("secrets: on", &secrets(Findings { allowed: 2, ..Findings::default() }));
    shut("secrets: on", &secrets(findings(0, 1, 0)));
    shut("secrets: on", &secrets(findings(0, 0, 1)));
}

const DBA: &str = "migrations: {approval: {by: [dora], unverified: true}}";

fn dropping(agreed: &[bool], pull_request: Option<PullRequest>) -> Shown {
    let statement = |is: &bool| Statement {
        what: "m.sql:1: drops".to_owned(),
        subject: Digest::of(b"drop"),
        agreed: is.then(|| Agreed {
            subjects: vec![Digest::of(b"drop")],
            role: Role::Dba,
            by: Actor::Unverified { user: "dora".to_owned() },
            at: now(),
            what: String::new(),
        }),
    };
    let statements = agreed.iter().map(statement).collect();
    let findings = findings(1, 0, 0);
    let migrations = Migrations { findings, statements, pull_request, ..Migrations::default() };
    Shown { migrations: seen(migrations), ..Shown::default() }
}

#[test]
fn migrations_take_label_and_review_or_an_agreement_to_every_statement() {
    let said = |labels: &[&str], by: &[&str], verified| PullRequest {
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        approved_by: by.iter().map(|by| (*by).to_owned()).collect(),
        verified,
        by: "a file".to_owned(),
    };
    let label = "migration-destructive-approved";
    open(DBA, &dropping(&[true, true], None));
    assert!(shut(DBA, &dropping(&[true, false], None)).contains("no database administrator"));
    open(DBA, &dropping(&[false], Some(said(&[label], &["dora"], false))));
    for (labels, by) in
        [(&[label][..], &[][..]), (&[], &["dora"]), (&[label], &["eve"]), (&["x"], &["dora"])]
    {
        shut(DBA, &dropping(&[false], Some(said(labels, by, true))));
    }
    let verified = "migrations: {approval: {by: [dora]}}";
    open(verified, &dropping(&[false], Some(said(&[label], &["dora"], true))));
    let why = shut(verified, &dropping(&[false], Some(said(&[label], &["dora"], false))));
    assert!(why.contains("not verified"), "{why}");
    shut("migrations: on", &dropping(&[true], None));
    // What its author allows in the file is not counted, and nobody approves their own statement.
    let mut allowed = dropping(&[false], None);
    allowed.migrations.what.as_mut().unwrap().findings =
        Findings { allowed: 1, ..Findings::default() };
    assert!(shut(DBA, &allowed).contains("m.sql:1: drops"));
    let mut agreed = dropping(&[true], None);
    agreed.migrations.what.as_mut().unwrap().findings =
        Findings { allowed: 1, ..Findings::default() };
    open(DBA, &agreed);
    // What could not be analysed may be anything: nobody can agree to it.
    let mut undecided = dropping(&[true], None);
    undecided.migrations.what.as_mut().unwrap().findings.undecided = 1;
    assert!(shut(DBA, &undecided).contains("not analysed"));
}

#[test]
fn load_is_held_to_every_limit_and_what_is_not_said_holds_none() {
    let load = Load {
        p95: Some(Duration::from_millis(100)),
        error_rate: Some(0.001),
        requests_per_second: Some(1000.0),
        users: Some(100),
        ..Load::default()
    };
    let shown = Shown { load: seen(load), ..Shown::default() };
    open("load: {p95: 100ms, error_rate: 0.1%, requests_per_second: 1000, users: 100}", &shown);
    assert_eq!(shut("load: {p95: 99ms}", &shown), "p95 100.0ms");
    assert_eq!(shut("load: {p99: 1s}", &shown), "p99: no evidence");
    assert!(shut("load: {requests_per_second: 1001}", &shown).contains("1000.0"));
    assert!(shut("load: {users: 101}", &shown).contains("100"));
    assert!(shut("load: {error_rate: 0.09%}", &shown).contains("0.10%"));
}

#[test]
fn quality_licences_duplication_and_policies() {
    let ratings = BTreeMap::from([("security".to_owned(), Rating::B)]);
    let sonarqube = SonarQube { passed: Some(true), unmet: Vec::new(), ratings };
    let shown = Shown { sonarqube: seen(sonarqube), ..Shown::default() };
    open("sonarqube: {security: B}", &shown);
    assert_eq!(shut("sonarqube: {security: A}", &shown), "security is rated B");
    assert_eq!(shut("sonarqube: {reliability: E}", &shown), "reliability: no evidence");
    let of = |refused: &[&str], unknown: &[&str]| {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        let (refused, unknown) = (owned(refused), owned(unknown));
        let licences = Licences { packages: 3, refused, unknown, ..Licences::default() };
        Shown { licences: seen(licences), ..Shown::default() }
    };
    open("licences: [MIT]", &of(&[], &[]));
    assert!(shut("licences: [MIT]", &of(&["left-pad WTFPL"], &[])).contains("WTFPL"));
    assert!(shut("licences: [MIT]", &of(&[], &["x"])).contains("not known"));
    let twice = |part| Shown { duplication: seen(Share { part, of: 100 }), ..Shown::default() };
    open("duplication: 3%", &twice(3));
    shut("duplication: 3%", &twice(4));
    let policies = |denied: &[&str]| {
        let denied = denied.iter().map(|one| (*one).to_owned()).collect();
        let warned = vec!["w".to_owned()];
        let policies = Policies { asked: 2, denied, warned, excepted: vec!["root".to_owned()] };
        Shown { policies: seen(policies), ..Shown::default() }
    };
    open("policies: on", &policies(&[]));
    let told = verdict("policies: on", &policies(&[]));
    assert_eq!(told.found, "2 asked, 0 denied, 1 warned, 1 excepted");
    assert_eq!(told.notes, ["an exception of the policies: root"]);
    let none = Shown { policies: seen(Policies::default()), ..Shown::default() };
    assert!(shut("policies: on", &none).starts_with("no evidence: no rule"));
    assert_eq!(shut("policies: on", &policies(&["no root"])), "no root");
}

#[test]
fn a_rule_of_ones_own_cites_its_figures() {
    let shown = coverage((81, 100), Some((1, 1)));
    let told = verdict("rules: {r: 'coverage.changed_lines >= coverage.total'}", &shown);
    let Position::Open { evidence } = told.position else { panic!("{told:?}") };
    assert_eq!(evidence, ["coverage.changed_lines = 100.0", "coverage.total = 81.0"]);
    assert!(shut("rules: {r: 'coverage.total > 90'}", &shown).ends_with("is false"));
    let broken = vec!["b.info is cut off".to_owned()];
    let beside = Shown { tests: Seen { broken, ..seen(Tests::default()) }, ..shown.clone() };
    assert_eq!(shut("rules: {r: 'tests.failed == 0'}", &beside), "b.info is cut off");
    assert_eq!(shut("rules: {r: 'tests[\"failed\"] == 0'}", &beside), "b.info is cut off");
    let other = verdict("rules: {r: 'coverage.total > 1'}", &beside).position;
    assert!(matches!(other, Position::Open { .. }), "{other:?}");
    assert_eq!(shut("rules: {r: 'load.p95 < 1'}", &shown), "no evidence for `load`");
    let some = Shown { load: seen(Load::default()), ..shown.clone() };
    assert!(shut("rules: {r: 'load.p95 < 1'}", &some).contains("no evidence for `p95`"));
    assert!(shut("rules: {r: 'coverage.total'}", &shown).contains("neither true nor false"));
}

#[test]
fn a_rule_of_ones_own_is_judged_by_whole_evidence_alone() {
    let shown = coverage((81, 100), Some((1, 1)));
    // Nothing of it would be asked for.
    let other = "rules: {r: 'coverage.total > 80 || load.p95 < 1'}";
    assert_eq!(shut(other, &shown), "no evidence for `load`");
    // One that asks whether there is any knows that there may be none; not that it may be broken.
    let asks = "rules: {r: '!has(load.p95) || load.p95 < 1'}";
    open(asks, &shown);
    let broken = vec!["k6.json is cut off".to_owned()];
    let cut = Shown { load: Seen { broken, ..seen(Load::default()) }, ..shown.clone() };
    assert_eq!(shut(asks, &cut), "k6.json is cut off");
    let of = |undecided| {
        let all = Findings { shown: vec!["a.c:1: cut".into()], ..findings(0, 0, undecided) };
        let analysis = Analysis { findings: all, tools: vec!["T".into()] };
        Shown { analysis: seen(analysis), ..shown.clone() }
    };
    open("rules: {r: 'analysis.high == 0'}", &of(0));
    assert_eq!(shut("rules: {r: 'analysis.high == 0'}", &of(1)), "1 not analysed: a.c:1: cut");
    open("rules: {r: 'analysis.undecided < 2'}", &of(1));
    // Without an audit of what was there before, all counts as new.
    let high = vulnerable(Some(Severity::High), 31, "");
    assert!(shut("rules: {r: 'vulnerabilities.new == 0'}", &high).ends_with("is false"));
    open("rules: {r: 'vulnerabilities.total == 1 && vulnerabilities.overdue == 1'}", &high);
    // A name in a text is none.
    open(r#"rules: {r: '"load" != "analysis"'}"#, &of(1));
}
