//! What is read of reports that tools wrote; where they come from is in the folder's README.

use std::fmt::Write as _;

use shipway_checks::reports::Report;

use super::{fixture, fixtures, read_bytes};

/// What is read of each report of a kind, a line each.
fn told(kind: &str, tell: impl Fn(&Report) -> String) -> String {
    let mut text = String::new();
    for path in fixtures(kind) {
        let read = read_bytes(&path, &fixture(&path)).unwrap_or_else(|error| panic!("{error}"));
        writeln!(text, "{path}: {}: {}", read.format, tell(&read.report)).unwrap();
    }
    text
}

#[test]
fn coverage() {
    let said = told("coverage", |report| {
        let Report::Coverage(coverage) = report else { panic!("{report:?}") };
        let mut text = String::new();
        for (name, file) in &coverage.files {
            let missed = file.lines.iter().filter(|(_, hits)| **hits == 0).map(|(line, _)| line);
            let missed: Vec<_> = missed.collect();
            let ratio = file.ratio();
            write!(text, "\n  {name} {}/{}, not {missed:?}", ratio.covered, ratio.lines).unwrap();
        }
        text
    });
    insta::assert_snapshot!(said, @r"
    coverage/cobertura-coverage-py.xml: Cobertura: 
      /srv/shop/py/shop/__init__.py 0/0, not []
      /srv/shop/py/shop/price.py 7/9, not [6, 11]
    coverage/cobertura-nyc.xml: Cobertura: 
      /srv/shop/js/src/price.js 4/6, not [4, 10]
    coverage/go-cover.out: Go cover profile: 
      example.com/shop/price/price.go 7/9, not [11, 12]
    coverage/istanbul-c8.json: Istanbul: 
      /srv/shop/js/src/price.js 8/13, not [4, 5, 9, 10, 11]
    coverage/istanbul-nyc.json: Istanbul: 
      /srv/shop/js/src/price.js 4/6, not [4, 10]
    coverage/jacoco.xml: JaCoCo: 
      com/example/shop/Price.java 3/4, not [14]
    coverage/lcov-coverage-py.info: lcov: 
      shop/__init__.py 0/0, not []
      shop/price.py 7/9, not [6, 11]
    coverage/lcov-geninfo.info: lcov: 
      /srv/shop/c/price.c 5/6, not [3]
    coverage/lcov-nyc.info: lcov: 
      src/price.js 4/6, not [4, 10]
    coverage/llvm-cov.json: llvm-cov: 
      /srv/shop/c/price.c 7/9, not [3, 4]
    ");
}

#[test]
fn tests() {
    let said = told("tests", |report| {
        let Report::Tests(tests) = report else { panic!("{report:?}") };
        let mut text = format!("{} passed, {} skipped", tests.passed, tests.skipped);
        for failed in &tests.failed {
            let first = failed.message.lines().find(|line| !line.trim().is_empty());
            write!(text, "\n  failed {}: {}", failed.name, first.unwrap_or_default()).unwrap();
        }
        for name in &tests.flaky {
            write!(text, "\n  flaky {name}").unwrap();
        }
        text
    });
    insta::assert_snapshot!(said, @r#"
    tests/cargo-test.txt: cargo test: 2 passed, 1 skipped
      failed tests::rounds_down: 
    tests/dotnet.trx: TRX: 1 passed, 1 skipped
      failed Shop.PriceTests.RoundsDown: Assert.Equal() Failure: 50 < 51
    tests/go-test.json: go test -json: 1 passed, 1 skipped
      failed example.com/shop/price: TestRounding/down: price_test.go:14: got 50, want 51
      failed example.com/shop/price: TestRounding: --- FAIL: TestRounding (0.00s)
    tests/junit-jest.xml: JUnit: 2 passed, 1 skipped
      failed total rounds down: Error: expect(received).toBe(expected) // Object.is equality
    tests/junit-nextest.xml: JUnit: 2 passed, 0 skipped
      failed shop: tests::rounds_down: thread 'tests::rounds_down' (25786) panicked at src/lib.rs:17:9
    tests/junit-node.xml: JUnit: 1 passed, 2 skipped
      failed test: rounds # down: Expected values to be strictly equal:50 !== 51
    tests/junit-pytest.xml: JUnit: 5 passed, 1 skipped
      failed tests.test_price: test_discount[10-271]: assert 270 == 271
      failed tests.test_price: test_over_the_wire: failed on setup with "RuntimeError: no server <here> & now"
    tests/junit-surefire.xml: JUnit: 2 passed, 1 skipped
      failed com.example.shop.PriceTest: breaks: a discount of more than 100 %
      failed com.example.shop.PriceTest: roundsDown: a < b & c expected:<51> but was:<50>
      flaky com.example.shop.PriceTest: nowAndThen
    tests/libtest-nextest.json: libtest: 2 passed, 1 skipped
      failed shop::shop$tests::rounds_down: thread 'tests::rounds_down' (25786) panicked at src/lib.rs:17:9:
    tests/libtest.json: libtest: 2 passed, 1 skipped
      failed tests::rounds_down: thread 'tests::rounds_down' (25800) panicked at src/lib.rs:17:9:
    tests/tap-node.tap: TAP: 1 passed, 2 skipped
      failed rounds # down: duration_ms: 1.577976
    tests/tap-perl.tap: TAP: 3 passed, 2 skipped
      failed rounds down: 
    tests/tap-tape.tap: TAP: 1 passed, 0 skipped
      failed rounds down: operator: equal
    "#);
}

#[test]
fn load() {
    let said = told("load", |report| {
        let Report::Load(load) = report else { panic!("{report:?}") };
        format!(
            "{} requests, {:.1?}/s, {:?} users, errors {:.4?}, {:?} {:?} {:?}, crossed {:?}",
            load.requests,
            load.rate,
            load.users,
            load.error_rate,
            load.p50,
            load.p95,
            load.p99,
            load.crossed
        )
    });
    insta::assert_snapshot!(said, @r#"
    load/k6-handle-summary.json: k6: 216 requests, Some(104.9)/s, Some(5) users, errors Some(0.0231), Some(47.523782ms) Some(55.561442ms) Some(61.809659ms), crossed ["http_req_failed: rate<0.001"]
    load/k6-summary-export.json: k6: 221 requests, Some(108.6)/s, Some(5) users, errors Some(0.0181), Some(46.537815ms) Some(51.862516ms) Some(52.815113ms), crossed ["http_req_failed: rate<0.001"]
    load/oha.json: oha: 1000 requests, Some(500.1)/s, None users, errors Some(0.0300), Some(10.1ms) Some(25.4ms) Some(50.1ms), crossed []
    load/vegeta.json: Vegeta: 2000 requests, Some(1000.5)/s, None users, errors Some(0.0200), Some(10.1ms) Some(25.4ms) Some(50.1ms), crossed []
    load/wrk.txt: wrk: 172 requests, Some(83.9)/s, Some(4) users, errors Some(0.0174), Some(47.87ms) None Some(56.01ms), crossed []
    load/wrk2.txt: wrk: 60021 requests, Some(2000.7)/s, Some(100) users, errors Some(0.0002), Some(1.22ms) Some(2.31ms) Some(3.4ms), crossed []
    "#);
}

#[test]
fn quality() {
    let said = told("quality", |report| {
        let Report::Quality(quality) = report else { panic!("{report:?}") };
        format!(
            "{:?} {:?} {:?} {:?}",
            quality.passed, quality.unmet, quality.ratings, quality.measures
        )
    });
    insta::assert_snapshot!(said, @r#"
    quality/lighthouse.json: Lighthouse: None [] {} {"accessibility": 100.0, "performance": 93.0}
    quality/sonarqube-gate.json: SonarQube quality gate: Some(false) ["new_coverage is 71.2, less than 80", "new_reliability_rating is 3, more than 1"] {"new_reliability": C} {"new_coverage": 71.2, "new_duplicated_lines_density": 0.9}
    quality/sonarqube-measures.json: SonarQube measures: None [] {"maintainability": A, "new_security": A, "reliability": A, "security": B} {"coverage": 83.4, "duplicated_lines_density": 2.1}
    "#);
}

#[test]
fn duplication() {
    let said = told("duplication", |report| {
        let Report::Duplication(duplication) = report else { panic!("{report:?}") };
        let places: Vec<_> = duplication.places.iter().map(ToString::to_string).collect();
        let (duplicated, of, unit) =
            (duplication.duplicated, duplication.of, duplication.unit.as_str());
        format!("{duplicated} of {of} {unit}: {places:?}")
    });
    insta::assert_snapshot!(said, @r#"
    duplication/jscpd.json: jscpd: 13 of 27 lines: ["a.js:1:1: low: 13 lines stand in b.js:1-13, too [duplicated-code]"]
    duplication/pmd-cpd.xml: PMD CPD: 212 of 1000 tokens: ["/srv/shop/java/Cart.java:3:1: low: 18 lines stand in /srv/shop/java/Order.java:23-40, too [duplicated-code]", "/srv/shop/java/Order.java:23:1: low: 18 lines stand in /srv/shop/java/Cart.java:3-20, too [duplicated-code]"]
    "#);
}
