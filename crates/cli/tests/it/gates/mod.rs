//! Gates from end to end: evidence from real workflows, people who let through, and what `ship`
//! makes of it.

mod service;
mod world;

use serde_json::json;
use shipway_checks::secrets::{example, kinds};

use world::{GATES, World, shut};

/// A line with a made-up token.
fn planted() -> String {
    example::planted(kinds().find(|kind| kind.id == "aws-access-key-id").unwrap(), 7)
}

/// A pull request's payload, as GitHub sends it.
fn payload(world: &World, labels: &[&str]) -> String {
    let labels: Vec<_> = labels.iter().map(|name| json!({"name": name})).collect();
    let base = world.repo.git(&["rev-parse", "main"]).unwrap();
    let head = world.repo.head().unwrap();
    json!({"action": "labeled", "pull_request": {
        "number": 1, "labels": labels, "user": {"login": "ann"},
        "head": {"sha": head.trim()}, "base": {"sha": base.trim(), "ref": "main"},
    }})
    .to_string()
}

fn reviews(world: &World, by: &[&str]) -> String {
    let head = world.repo.head().unwrap();
    let review = |by: &&str| {
        json!({"user": {"login": by}, "state": "APPROVED", "commit_id": head.trim(),
               "submitted_at": "2026-01-01T00:00:00Z"})
    };
    json!(by.iter().map(review).collect::<Vec<_>>()).to_string()
}

/// What the gates say of the pull request with these labels and reviews.
fn with(world: &World, labels: &[&str], by: &[&str]) -> shipway_sim::sandbox::Finished {
    let (event, listed) = (world.sandbox.path().join("event"), world.sandbox.path().join("listed"));
    std::fs::write(&event, payload(world, labels)).unwrap();
    std::fs::write(&listed, reviews(world, by)).unwrap();
    let (event, listed) = (event.to_str().unwrap(), listed.to_str().unwrap());
    world.run(&["gate", "--event", event, "--reviews", listed])
}

const LABEL: &str = "migration-destructive-approved";

#[test]
fn a_pull_request_is_refused_for_four_reasons_and_each_fix_opens_its_gate() {
    let world = World::new(GATES);
    world.run(&["ship", "--to", "staging"]).assert_code(0);

    world.git(&["checkout", "--quiet", "-b", "feature"]);
    world.write("migrations/003_no_drafts.sql", "DROP TABLE drafts;\n");
    world.write("settings.toml", &format!("{}\n", planted()));
    let untested = "\n\ndef rebate(amount):\n    if amount > 10:\n        return 1\n    return 0\n";
    let price = world.repo.read("price.py").unwrap();
    world.write("price.py", &format!("{price}{untested}"));
    world.write("dependencies.txt", "lodash 4.17.20\n");
    world.commit("Four mistakes");

    let refused = world.judged(&[]);
    refused.assert_code(1);
    assert_eq!(
        shut(&refused),
        ["coverage", "migrations", "secrets", "vulnerabilities"],
        "{refused}"
    );
    for reason in [
        "changed lines: ",
        "migrations/003_no_drafts.sql:1: drops the table `drafts` and its rows",
        "settings.toml:1: ",
        "1 high: lodash",
    ] {
        assert!(refused.stdout.contains(reason), "{reason}: {refused}");
    }
    let status = world.run(&["status"]);
    assert!(status.stdout.contains("is kept from the pull request: gate `coverage`"), "{status}");

    // Neither alone opens it.
    let of = |finished| shut(&finished).contains(&"migrations".to_owned());
    assert!(of(with(&world, &[LABEL], &[])), "the label alone");
    assert!(of(with(&world, &[], &["dora"])), "the database administrator alone");
    assert!(of(with(&world, &[LABEL], &["eve"])), "somebody else");
    assert!(!of(with(&world, &[LABEL], &["dora"])), "both");

    // Each fix opens its gate, and no other.
    world.write("tests/test_rebate.py", TEST_REBATE);
    world.commit("Test the rebate");
    let left = world.judged(&[]);
    assert_eq!(shut(&left), ["migrations", "secrets", "vulnerabilities"], "{left}");
    // A token that a later commit takes back is still in the branch's history.
    world.git(&["rm", "--quiet", "settings.toml"]);
    world.commit("No token");
    let left = world.judged(&[]);
    assert_eq!(shut(&left), ["migrations", "secrets", "vulnerabilities"], "{left}");
    world.git(&["reset", "--quiet", "--soft", "main"]);
    world.commit("Three mistakes");
    assert_eq!(shut(&world.judged(&[])), ["migrations", "vulnerabilities"]);
    world.write("dependencies.txt", "lodash 4.17.21\n");
    world.commit("A lodash that is mended");
    let left = world.judged(&[]);
    assert_eq!(shut(&left), ["migrations"], "{left}");
    let open = with(&world, &[LABEL], &["dora"]);
    open.assert_code(0);
    assert!(open.stdout.contains(&format!("label `{LABEL}` and approval by dora")), "{open}");

    // On main there is no pull request: it takes the administrator here.
    world.git(&["checkout", "--quiet", "main"]);
    world.git(&["merge", "--quiet", "--ff-only", "feature"]);
    let refused = world.run(&["ship", "--to", "staging"]);
    refused.assert_code(1);
    assert!(refused.output().contains("gate `migrations`: "), "{refused}");
    assert!(refused.output().contains("shipway approve --as dba"), "{refused}");
    let status = world.run(&["status"]);
    assert!(status.stdout.contains("is kept from staging: gate `migrations`"), "{status}");
    let eve = world.run_as("eve", &["approve", "--as", "dba"]);
    eve.assert_code(1);
    assert!(eve.stderr.contains("not among the approvers"), "{eve}");
    world.run_as("dora", &["approve", "--as", "dba"]).assert_code(0);

    // The agreement is for these statements: another one voids it, whatever its author allows.
    world.write(
        "migrations/003_no_drafts.sql",
        "-- shipway: allow drop-table: I say so\nDROP TABLE IF EXISTS drafts;\n",
    );
    world.commit("Another statement");
    world.run(&["ship", "--to", "staging"]).assert_code(1);
    world.run_as("dora", &["approve", "staging", "--as", "dba"]).assert_code(0);
    let shipped = world.run(&["ship", "--to", "staging"]);
    shipped.assert_code(0);
    let list = world.run(&["gate", "staging", "--checklist"]);
    assert!(list.stdout.contains("[x] there is a way back"), "{list}");
    world.run(&["audit", "verify"]).assert_code(0);
}

const TEST_REBATE: &str = "\
import unittest

from price import rebate


class Rebates(unittest.TestCase):
    def test_rebate(self):
        self.assertEqual([rebate(1), rebate(11)], [0, 1])
";

#[test]
fn a_change_does_not_choose_its_judge() {
    let gates = format!("{GATES}  changes: {{by: [gail], unverified: true}}\n");
    let world = World::new(&gates);
    world.git(&["checkout", "--quiet", "-b", "weaker"]);
    let config = world.repo.read("shipway.yaml").unwrap();
    world.write("shipway.yaml", &config.replace("changed_lines: 80%", "changed_lines: 1%"));
    let price = world.repo.read("price.py").unwrap();
    world.write("price.py", &format!("{price}\n\ndef untested():\n    return 1\n"));
    world.commit("Ask for less");

    let refused = world.judged(&[]);
    refused.assert_code(1);
    // It is judged by what main asks for, and the change itself is told.
    assert_eq!(shut(&refused), ["policy", "coverage"], "{refused}");
    assert!(refused.stdout.contains("gates.coverage"), "{refused}");
    world.run_as("eve", &["approve", "--as", "gatekeeper"]).assert_code(1);
    world.run_as("gail", &["approve", "--as", "gatekeeper"]).assert_code(0);
    assert_eq!(shut(&world.run(&["gate"])), ["coverage"], "it is judged by main's still");
}

#[test]
fn a_new_environment_does_not_choose_its_judge() {
    let world = World::new("gates: {secrets: on, tests: on}\n");
    world.git(&["checkout", "--quiet", "-b", "trial"]);
    let config = world.repo.read("shipway.yaml").unwrap();
    let config = config
        .replace("gates: {", "gates: {environments: {trial: {secrets: off, tests: off}}, ")
        .replace("environments:\n  staging:", "environments:\n  trial: {}\n  staging:");
    world.write("shipway.yaml", &config);
    world.write("settings.toml", &format!("{}\n", planted()));
    world.commit("An environment that asks for nothing");
    for to in [&[][..], &["trial"][..]] {
        let refused = world.judged(to);
        refused.assert_code(1);
        assert!(refused.stdout.contains("gates.environments.trial.secrets"), "{refused}");
        assert_eq!(shut(&refused)[0], "policy", "{refused}");
        assert!(shut(&refused).contains(&"secrets".to_owned()), "{refused}");
    }
}

#[test]
fn a_change_cannot_do_without_the_workflows() {
    let world = World::new(GATES);
    let config = world.repo.read("shipway.yaml").unwrap();
    world.git(&["checkout", "--quiet", "-b", "quiet"]);
    world.write("shipway.yaml", &format!("{config}workflows: {{required: []}}\n"));
    world.commit("Require nothing");
    let refused = world.run(&["gate"]);
    refused.assert_code(1);
    assert!(shut(&refused).contains(&"workflows".to_owned()), "{refused}");
    // Who has it from main needs none.
    world.git(&["branch", "--quiet", "--force", "main", "quiet"]);
    assert!(!shut(&world.run(&["gate"])).contains(&"workflows".to_owned()));
}

#[test]
fn without_a_base_a_change_is_not_judged_by_itself() {
    let world = World::new(GATES);
    let config = world.repo.read("shipway.yaml").unwrap();
    let without = config.split("gates:").next().unwrap();
    let drop_gates = |world: &World| {
        world.write("shipway.yaml", without);
        world.commit("Ask for nothing");
    };
    // Histories without a common commit.
    world.git(&["checkout", "--quiet", "--orphan", "alone"]);
    drop_gates(&world);
    let refused = world.run(&["gate"]);
    refused.assert_code(2);
    assert!(refused.output().contains("to compare with; fetch it"), "{refused}");
    // A clone of one branch.
    let bare = world.repo.path().join(".git");
    world.git(&["checkout", "--quiet", "-b", "lone", "main"]);
    drop_gates(&world);
    let origin = format!("file://{}", bare.display());
    world.git(&["remote", "add", "origin", &origin]);
    world.git(&["fetch", "--quiet", "origin", "lone:refs/remotes/origin/lone"]);
    world.git(&["branch", "--quiet", "--delete", "--force", "main"]);
    let refused = world.run(&["gate"]);
    refused.assert_code(2);
    assert!(
        refused.output().contains("the branch that this change goes to is not here"),
        "{refused}"
    );
}

#[test]
fn the_first_way_to_an_environment_is_judged_by_the_gates_of_main() {
    let world = World::new(GATES);
    let config = world.repo.read("shipway.yaml").unwrap();
    // What was pushed is the main branch; what was not is the change.
    world.git(&["remote", "add", "origin", "https://example.invalid/shop"]);
    world.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    world.write("shipway.yaml", config.split("gates:").next().unwrap());
    world.commit("Ask for nothing");
    let refused = world.run(&["ship", "--to", "staging"]);
    refused.assert_code(1);
    assert!(refused.output().contains("gate `policy`"), "{refused}");
}

#[test]
fn an_override_is_for_those_who_may_and_loud() {
    let gates = format!("{GATES}  overrides: {{by: [olga], unverified: true}}\n");
    let world = World::new(&gates);
    world.write("dependencies.txt", "lodash 4.17.20\n");
    world.commit("A bad dependency");
    let refused = world.run(&["ship", "--to", "staging"]);
    refused.assert_code(1);
    assert!(refused.output().contains("gate `vulnerabilities`: 1 high: lodash"), "{refused}");

    let why = ["--reason", "the shop is down, and lodash is not reachable"];
    let through = |user, gate| world.run_as(user, &["override", gate, "staging", why[0], why[1]]);
    through("ann", "vulnerabilities").assert_code(1);
    through("olga", "vulnerabilitis").assert_code(2);
    through("olga", "vulnerabilities").assert_code(0);
    let shipped = world.run(&["ship", "--to", "staging"]);
    shipped.assert_code(0);
    assert!(shipped.output().contains("OVERRIDDEN: gate `vulnerabilities`"), "{shipped}");
    let status = world.run(&["status"]);
    assert!(status.stdout.contains("OVERRIDES on its way to staging"), "{status}");
    assert!(status.stdout.contains("olga (unverified): the shop is down"), "{status}");
}

#[test]
fn without_evidence_every_gate_is_shut() {
    let world = World::new(
        "gates:\n  coverage: 1%\n  tests: on\n  analysis: high\n  licences: [MIT]\n  \
         load: {p95: 1s}\n  sonarqube: on\n  policies: on\n  rules: {fast: 'load.p95 < 100'}\n",
    );
    world.git(&["checkout", "--quiet", "-b", "feature"]);
    world.write("app.txt", "x");
    world.commit("Nothing of note");
    let refused = world.run(&["gate"]);
    refused.assert_code(1);
    let all = ["workflows", "tests", "coverage", "analysis", "licences", "load", "sonarqube"];
    let all: Vec<&str> = all.into_iter().chain(["policies", "fast"]).collect();
    assert_eq!(shut(&refused), all, "{refused}");
    insta::assert_snapshot!(refused.stdout.lines().skip(1).collect::<Vec<_>>().join("\n"));

    // A report that is cut off is none.
    let cut = world.sandbox.path().join("cut.xml");
    std::fs::write(&cut, "<testsuite tests=\"1\"><testcase name=\"a\"/>").unwrap();
    let refused = world.run(&["gate", "--report", cut.to_str().unwrap()]);
    assert!(
        refused.stdout.contains("cut.xml") && refused.stdout.contains("no evidence"),
        "{refused}"
    );
}

/// A workflow whose job tries something, and uploads what came of it.
fn tries(artifact: &str, failed: &str) -> String {
    format!(
        "on: [push, pull_request]
jobs:
  try:
    runs-on: ubuntu-latest
    steps:
      - run: echo '<testsuite><testcase name=\"{artifact}\">{failed}</testcase></testsuite>' > out.xml
      - uses: actions/upload-artifact@v4
        with: {{name: {artifact}, path: out.xml}}
"
    )
}

#[test]
fn the_checklist_asks_for_what_a_job_tried() {
    let world =
        World::new("gates:\n  checklist: {dashboards: dashboards, projection_rebuilds: rebuild}\n");
    world.write(".github/workflows/dashboards.yml", &tries("dashboards", ""));
    world.commit("Look at the dashboards");
    let refused = world.judged(&["staging", "--checklist"]);
    refused.assert_code(1);
    assert_eq!(shut(&refused), ["projection_rebuilds"], "{refused}");
    for line in [
        "[x] dashboards show it: 1 passed, 0 failed: dashboards/out.xml (JUnit, run ",
        "[ ] projections can be rebuilt: no evidence: there is no report of tests or policies in an \
         artifact `rebuild` (blocks)",
        "[ ] it is fast enough: no gate asks for it\n",
    ] {
        assert!(refused.stdout.contains(line), "{line}: {refused}");
    }
    // A report that a person hands in is of no job.
    let own = world.sandbox.path().join("rebuild.xml");
    std::fs::write(&own, "<testsuite><testcase name=\"rebuild\"/></testsuite>").unwrap();
    let handed = world.run(&["gate", "staging", "--report", own.to_str().unwrap()]);
    assert_eq!(shut(&handed), ["projection_rebuilds"], "{handed}");

    world.write(".github/workflows/rebuild.yml", &tries("rebuild", "<failure message=\"no\"/>"));
    world.commit("Rebuild, in vain");
    let refused = world.judged(&["staging"]);
    assert!(refused.stdout.contains("failed: rebuild"), "{refused}");
    world.write(".github/workflows/rebuild.yml", &tries("rebuild", ""));
    world.commit("Rebuild");
    let open = world.judged(&["staging", "--checklist"]);
    open.assert_code(0);
    assert!(open.stdout.contains("[x] projections can be rebuilt: 1 passed"), "{open}");
}

#[test]
fn waivers_that_nothing_needs_are_told_and_shut_nothing() {
    let world = World::new(GATES);
    let waiver = |advisory: &str, expires: &str| {
        format!(
            "[[vulnerability]]\nadvisory = \"{advisory}\"\nowner = \"ann\"\nreason = \"r\"\n\
             expires = {expires}\n"
        )
    };
    let (unused, over) =
        (waiver("CVE-1", "9999-01-31"), waiver("GHSA-35jh-r3h4-6jhm", "2020-01-31"));
    world.write(".shipway/waivers.toml", &format!("{unused}{over}"));
    world.commit("Two waivers");
    let open = world.judged(&["staging"]);
    open.assert_code(0);
    for note in [
        "note: .shipway/waivers.toml:1: the waiver of ann for CVE-1 covers nothing",
        "note: .shipway/waivers.toml:6: the waiver of ann for GHSA-35jh-r3h4-6jhm is over since \
         2020-01-31, and covers nothing",
    ] {
        assert!(open.stdout.contains(note), "{note}: {open}");
    }
    // What is over and needed keeps the gate shut.
    world.write("dependencies.txt", "lodash 4.17.20\n");
    world.commit("A lodash that was waived");
    let refused = world.judged(&["staging"]);
    assert_eq!(shut(&refused), ["vulnerabilities"], "{refused}");
    assert!(refused.stdout.contains("is over since 2020-01-31"), "{refused}");
    assert!(refused.stdout.contains("CVE-1 covers nothing"), "{refused}");
}

#[test]
fn what_was_there_before_is_not_new() {
    let asked = "gates:\n  vulnerabilities: {new_only: true, due: {high: 30d}}\n";
    let world = World::new(asked);
    world.write("dependencies.txt", "lodash 4.17.20\n");
    world.commit("It was always there");
    world.run(&["run"]).assert_code(0);
    world.git(&["checkout", "--quiet", "-b", "feature"]);
    world.write("notes.txt", "x");
    world.commit("Something else");
    let open = world.judged(&[]);
    open.assert_code(0);
    assert!(open.stdout.contains("1 high"), "{open}");
    // On a base without it, the same is new.
    world.git(&["branch", "--quiet", "--force", "main", "main~1"]);
    world.git(&["checkout", "--quiet", "main"]);
    world.run(&["run"]).assert_code(0);
    world.git(&["checkout", "--quiet", "feature"]);
    let refused = world.run(&["gate"]);
    refused.assert_code(1);
    assert_eq!(shut(&refused), ["vulnerabilities"], "{refused}");
}

#[test]
fn what_a_person_promotes_passes_the_same_gates() {
    let asked = "gates:\n  environments: {production: {load: {p95: 1s}}}\n";
    let world = World::new(asked);
    world.run(&["ship", "--to", "staging"]).assert_code(0);
    for wish in [&["promote", "production", "--yes"][..], &["deploy", "production", "--yes"]] {
        let refused = world.run(wish);
        refused.assert_code(1);
        assert!(refused.output().contains("gate `load`: no evidence"), "{refused}");
    }
    let status = world.run(&["status"]);
    assert!(status.stdout.contains("is kept from production: gate `load`"), "{status}");
}

#[test]
fn a_cyclonedx_file_is_an_audit_as_well() {
    let world =
        World::new("gates:\n  vulnerabilities: {critical: 0, high: 0}\n  licences: [MIT]\n");
    world.git(&["checkout", "--quiet", "-b", "feature"]);
    world.write("notes.txt", "x");
    world.commit("Nothing of note");
    world.run(&["run"]).assert_code(0);
    let bom = |vulnerabilities: &str| {
        let path = world.sandbox.path().join("bom.json");
        let text = format!(
            r#"{{"bomFormat": "CycloneDX", "components": [{{"type": "library", "bom-ref": "a",
                "name": "a", "licenses": [{{"license": {{"id": "MIT"}}}}]}}], {vulnerabilities}"#
        );
        std::fs::write(&path, text).unwrap();
        world.run(&["gate", "--report", path.to_str().unwrap()])
    };
    bom("\"vulnerabilities\": []}").assert_code(0);
    // What its author says of it opens nothing.
    let refused =
        bom(r#""vulnerabilities": [{"id": "CVE-1", "ratings": [{"severity": "critical"}],
        "affects": [{"ref": "a"}], "analysis": {"state": "not_affected"}}]}"#);
    assert_eq!(shut(&refused), ["vulnerabilities"], "{refused}");
    assert!(refused.stdout.contains("1 critical: a CVE-1"), "{refused}");
    // One that is cut off may have had some.
    assert_eq!(shut(&bom("\"vulnerabilities\": [")), ["vulnerabilities", "licences"]);
}
