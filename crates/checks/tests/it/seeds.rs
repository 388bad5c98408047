//! The named seeds of the fuzzers of reports and migrations, among them everything they ever found.

use std::io::{BufReader, Read};
use std::path::Path;

use shipway_checks::Finding;
use shipway_checks::migrations::{Known, Layout, Migration, Options, Part, judge_file};
use shipway_checks::reports::{Report, read};
use shipway_checks::sql::Dialect;

/// Every named seed of a fuzzer, with its name.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let entries = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
    // What a fuzzer keeps on its way has no extension.
    let named = entries.filter(|path| path.extension().is_some());
    named.map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn analyses_are_read_alike_whole_and_in_pieces() {
    let seeds = seeds("sarif");
    assert!(seeds.len() >= 9);
    for (name, bytes) in seeds {
        let whole = read("r", &mut bytes.as_slice());
        assert_eq!(whole, read("r", &mut BufReader::with_capacity(3, bytes.as_slice())), "{name}");
        if let Ok(recognised) = whole {
            let Report::Analysis(analysis) = recognised.report else { panic!("{name}") };
            for finding in analysis.findings {
                assert!(finding.span.start <= finding.span.end, "{name}: {finding}");
            }
        }
    }
}

#[test]
fn reports_of_tests_and_coverage_are_read_alike_whole_and_in_pieces() {
    for (target, at_least) in [("junit", 5), ("lcov", 5), ("cobertura", 5)] {
        let seeds = seeds(target);
        assert!(seeds.len() >= at_least, "{target}");
        for (name, bytes) in seeds {
            let whole = read("r", &mut bytes.as_slice());
            let pieces = read("r", &mut BufReader::with_capacity(3, bytes.as_slice()));
            assert_eq!(whole, pieces, "{name}");
            match whole.map(|recognised| recognised.report) {
                Ok(Report::Tests(tests)) => assert!(tests.total() > 0, "{name}"),
                Ok(Report::Coverage(coverage)) => {
                    let total = coverage.total();
                    assert!(total.lines > 0 && total.covered <= total.lines, "{name}");
                    let mut files = coverage.files.values();
                    assert!(files.all(|file| !file.lines.contains_key(&0)), "{name}");
                }
                Ok(other) => panic!("{name}: {other:?}"),
                Err(error) => assert!(error.to_string().len() < 2_000, "{name}"),
            }
        }
    }
}

#[test]
fn migrations_are_judged_alike_whole_and_in_pieces() {
    let seeds = seeds("sql");
    assert!(!seeds.is_empty());
    for (name, bytes) in seeds {
        // The first byte names the dialect, as in the fuzzer.
        let dialect = Dialect::ALL[usize::from(bytes[0]) % Dialect::ALL.len()];
        let whole = judged(&bytes[1..], dialect);
        let pieces = judged(BufReader::with_capacity(3, &bytes[1..]), dialect);
        assert_eq!(whole, pieces, "{name}");
    }
}

fn judged(reader: impl Read, dialect: Dialect) -> Vec<Finding> {
    let (path, layout) = ("m.sql".to_owned(), Layout::Prisma);
    let migration = Migration::new(path, layout, Part::Up);
    let (mut findings, mut known) = (Vec::new(), Known::default());
    let options = Options { additive_only: true, judge_down: true };
    judge_file(reader, &migration, dialect, options, &mut known, &mut findings).unwrap();
    findings
}
