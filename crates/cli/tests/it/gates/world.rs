//! The quickstart with gates: a workflow that measures coverage and audits dependencies, for real.

use std::path::Path;

use shipway_sim::repo::Repo;
use shipway_sim::sandbox::{Finished, Sandbox};

/// Runs the tests under a tracer, and writes which lines of the shop's modules ran, as lcov.
const COVER: &str = r#"
import dis, os, sys, types, unittest

MODULES = ["price.py"]
ran = set()

def trace(frame, event, argument):
    name = os.path.basename(frame.f_code.co_filename)
    if name not in MODULES:
        return None
    if event == "line":
        ran.add((name, frame.f_lineno))
    return trace

def lines(code):
    yield from (line for _, line in dis.findlinestarts(code) if line)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from lines(constant)

sys.settrace(trace)
result = unittest.main(module=None, argv=["cover", "discover", "-q"], exit=False).result
sys.settrace(None)
with open("lcov.info", "w") as out:
    for name in MODULES:
        # What a module does while it is read is its definitions: they run by being imported.
        with open(name) as source:
            code = compile(source.read(), name, "exec")
        out.write(f"TN:\nSF:{name}\n")
        for line in sorted(set(lines(code))):
            out.write(f"DA:{line},{int((name, line) in ran)}\n")
        out.write("end_of_record\n")
sys.exit(not result.wasSuccessful())
"#;

/// What `npm audit --json` says of the dependencies that are listed.
const AUDIT: &str = r#"
import json

found = {}
if "lodash 4.17.20" in open("dependencies.txt").read():
    found["lodash"] = {
        "name": "lodash", "severity": "high", "isDirect": True, "effects": [],
        "range": "4.17.20", "nodes": ["node_modules/lodash"],
        "via": [{
            "source": 1106913, "name": "lodash", "dependency": "lodash",
            "title": "Command Injection in lodash", "severity": "high", "range": "<4.17.21",
            "url": "https://github.com/advisories/GHSA-35jh-r3h4-6jhm",
        }],
        "fixAvailable": {"name": "lodash", "version": "4.17.21", "isSemVerMajor": False},
    }
counts = {"info": 0, "low": 0, "moderate": 0, "high": len(found), "critical": 0,
          "total": len(found)}
print(json.dumps({
    "auditReportVersion": 2, "vulnerabilities": found,
    "metadata": {"vulnerabilities": counts, "dependencies": {
        "prod": 1, "dev": 0, "optional": 0, "peer": 0, "peerOptional": 0, "total": 1}},
}))
"#;

const WORKFLOW: &str = "\
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: python3 tools/cover.py
      - run: python3 tools/audit.py > audit.json
      - uses: actions/upload-artifact@v4
        with: {name: evidence, path: \"lcov.info\\naudit.json\"}
";

const PRICE: &str = "\
def price(amount):
    return amount * 2
";

const TEST_PRICE: &str = "\
import unittest

from price import price


class Prices(unittest.TestCase):
    def test_price(self):
        self.assertEqual(price(2), 4)
";

/// The gates of the issue's example.
pub(super) const GATES: &str = "\
gates:
  coverage: {changed_lines: 80%}
  secrets: on
  vulnerabilities: {critical: 0, high: 0, due: {high: 1d}}
  migrations: {approval: {by: [dora], unverified: true}}
";

/// A quickstart with gates, in a sandbox.
pub(super) struct World {
    pub(super) repo: Repo,
    pub(super) sandbox: Sandbox,
}

impl World {
    /// With its first commit on `main`, and nothing shipped.
    pub(super) fn new(gates: &str) -> Self {
        let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart");
        let repo = Repo::from_folder(sandbox.path().join("shop"), &example).unwrap();
        let world = Self { repo, sandbox };
        let config = world.repo.read("shipway.yaml").unwrap().replace("bake: 2s", "bake: 300ms");
        world.write("shipway.yaml", &format!("{config}\n{gates}"));
        world.write(".github/workflows/ci.yml", WORKFLOW);
        world.write("tools/cover.py", COVER);
        world.write("tools/audit.py", AUDIT);
        world.write("price.py", PRICE);
        world.write("tests/test_price.py", TEST_PRICE);
        world.write("dependencies.txt", "lodash 4.17.21\n");
        world.write("migrations/002_drafts.sql", "CREATE TABLE drafts (id INTEGER PRIMARY KEY);\n");
        world.commit("A shop with gates");
        world
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        self.repo.write(path, text).unwrap();
    }

    pub(super) fn commit(&self, message: &str) {
        self.repo.commit(message).unwrap();
    }

    /// Runs `shipway`.
    pub(super) fn run(&self, arguments: &[&str]) -> Finished {
        self.run_as("ann", arguments)
    }

    /// Runs `shipway` as a person of this name.
    pub(super) fn run_as(&self, user: &str, arguments: &[&str]) -> Finished {
        let mut command = self.sandbox.shipway(self.repo.path(), arguments);
        command.env("USER", user);
        self.sandbox.begin(command).unwrap().wait(crate::shop::SOON).unwrap()
    }

    /// Runs the workflows of the commit, and says what its gates say.
    pub(super) fn judged(&self, arguments: &[&str]) -> Finished {
        self.run(&["run"]).assert_code(0);
        let asked: Vec<&str> = std::iter::once("gate").chain(arguments.iter().copied()).collect();
        self.run(&asked)
    }

    /// Who is at work has left, and nothing runs any more.
    pub(super) fn git(&self, arguments: &[&str]) {
        self.repo.git(arguments).unwrap();
    }
}

/// The gates that are shut, as the table names them.
pub(super) fn shut(finished: &Finished) -> Vec<String> {
    let lines = finished.stdout.lines().filter_map(|line| line.strip_prefix("SHUT"));
    lines.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}
