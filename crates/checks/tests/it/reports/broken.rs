//! Reports that are empty, cut off, broken, hostile or of no known format: no evidence, and never
//! better than the whole.

use shipway_checks::reports::{NoEvidence, Report, Why};

use super::{fixture, fixtures, read_bytes};

const KINDS: &[&str] = &[
    "coverage",
    "tests",
    "load",
    "quality",
    "duplication",
    "analysis",
    "vulnerabilities",
    "sbom",
    "policy_results",
];

/// Formats that have no end: what is cut off behind a whole record looks whole.
const BY_RECORD: &[&str] = &[
    "lcov",
    "Go cover profile",
    "libtest",
    "go test -json",
    "cargo test",
    "govulncheck",
    "SPDX tag-value",
];

fn refused(text: &str) -> NoEvidence {
    match read_bytes("report", text.as_bytes()) {
        Err(error) => error,
        Ok(read) => panic!("{text}\nwas read: {read:?}"),
    }
}

#[test]
fn a_report_that_is_cut_off_is_never_better_than_the_whole() {
    for path in KINDS.iter().flat_map(|kind| fixtures(kind)) {
        let whole = fixture(&path);
        let full = read_bytes(&path, &whole).unwrap();
        let end = whole.trim_ascii_end().len();
        // A sample, with the end of each line, where formats without an end look whole.
        let step = (end / 200).max(4) | 1;
        let by_line = BY_RECORD.contains(&full.format);
        let cuts = (0..end).filter(|cut| cut % step == 0 || by_line && whole[*cut] == b'\n');
        for cut in cuts {
            match read_bytes(&path, &whole[..cut]) {
                Err(error) => assert_eq!(error.file, path),
                // Nothing but remarks was cut off.
                Ok(part) if part == full => {}
                // Formats without an end: behind a record that is whole.
                Ok(part) => {
                    assert!(BY_RECORD.contains(&full.format), "{path} cut at {cut}: {part:?}");
                    let no_better = is_no_better(&part.report, &full.report);
                    assert!(no_better, "{path} cut at {cut}: {part:?}");
                }
            }
        }
    }
}

/// Whether a part says no more than the whole: no line that the whole does not have, no test that
/// passed beside those of the whole.
fn is_no_better(part: &Report, whole: &Report) -> bool {
    match (part, whole) {
        (Report::Coverage(part), Report::Coverage(whole)) => {
            part.files.iter().all(|(name, file)| {
                whole.files.get(name).is_some_and(|whole| {
                    file.lines.iter().all(|(line, hits)| {
                        whole.lines.get(line).is_some_and(|in_whole| hits <= in_whole)
                    })
                })
            })
        }
        (Report::Tests(part), Report::Tests(whole)) => part.passed <= whole.passed,
        // Each is one of the whole, perhaps known less well.
        (Report::Vulnerabilities(part), Report::Vulnerabilities(whole)) => {
            part.found.iter().all(|one| whole.found.iter().any(|of| one.is(of)))
        }
        (Report::Sbom(part), Report::Sbom(whole)) => {
            part.packages.iter().all(|one| whole.packages.iter().any(|of| one.name == of.name))
        }
        _ => false,
    }
}

#[test]
fn nothing_is_no_evidence() {
    for text in ["", " \n\t\n", "\u{feff}"] {
        assert_eq!(refused(text).why, Why::Empty("nothing stands in it".into()), "{text:?}");
    }
    // Whole documents in which nothing was measured.
    for text in [
        "TN:\n",
        "SF:a.c\nend_of_record\n",
        "mode: set\n",
        "<coverage line-rate=\"1\"><packages/></coverage>",
        "<report name=\"a\"/>",
        "{\"data\": [{\"files\": [{\"filename\": \"a.c\"}]}], \"type\": \"llvm.coverage.json.export\"}",
        "{\"a.js\": {\"statementMap\": {}, \"s\": {}}}",
        "<testsuites/>",
        "<testsuite name=\"a\" tests=\"0\"/>",
        "<TestRun><Results/></TestRun>",
        "TAP version 13\n1..0 # skip nothing here\n",
        "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
        "{\"type\":\"suite\",\"event\":\"started\"}{\"type\":\"suite\",\"event\":\"ok\",\"passed\":0}",
        "{\"Action\":\"start\",\"Package\":\"a\"}{\"Action\":\"skip\",\"Package\":\"a\"}",
        "{\"metrics\": {\"vus\": {\"value\": 1}}}",
        "{\"projectStatus\": {\"status\": \"NONE\"}}",
        "{\"component\": {\"measures\": []}}",
        "{\"lighthouseVersion\": \"12\", \"categories\": {\"seo\": {\"score\": null}}}",
        "{\"version\": \"2.1.0\", \"runs\": []}",
        "{\"version\": \"2.1.0\", \"runs\": [{\"tool\": {\"driver\": {\"name\": \"T\"}}}]}",
        "{\"auditReportVersion\": 2, \"vulnerabilities\": {}, \"metadata\": {\"dependencies\": {\"total\": 0}}}",
        "{\"auditReportVersion\": 2, \"vulnerabilities\": {}, \"metadata\": {}}",
        "{\"auditReportVersion\": 2, \"vulnerabilities\": {}, \"error\": {}, \"metadata\": {\"dependencies\": {\"total\": 3}}}",
        "{\"results\": [{\"source\": {\"path\": \"a\", \"type\": \"lockfile\"}, \"packages\": []}]}",
        "{\"advisories\": {}, \"metadata\": {\"totalDependencies\": 0}}",
        "{\"error\": {\"code\": \"ENOLOCK\", \"summary\": \"This command requires an existing lockfile.\"}}",
        "{\"type\":\"error\",\"data\":\"no lock file\"}",
        "{\"type\":\"auditSummary\",\"data\":{\"totalDependencies\":0}}",
        "{\"database\": {}, \"lockfile\": {\"dependency-count\": 0}, \"vulnerabilities\": {\"count\": 0, \"list\": []}}",
        "{\"dependencies\": [], \"fixes\": []}",
        "{\"dependencies\": [{\"name\": \"a\", \"skip_reason\": \"unknown\"}], \"fixes\": []}",
        "{\"SchemaVersion\": 2, \"ArtifactName\": \"a\", \"Results\": [{\"Target\": \"Dockerfile\", \"Class\": \"config\"}]}",
        "{\"ok\": true, \"vulnerabilities\": [], \"dependencyCount\": 0}",
        "{\"bomFormat\": \"CycloneDX\", \"components\": []}",
        "{\"bomFormat\": \"CycloneDX\", \"vulnerabilities\": []}",
        "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"/>",
        "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"><vulnerabilities/></bom>",
        "{\"spdxVersion\": \"SPDX-2.3\", \"packages\": []}",
        "[{\"filename\": \"a\", \"successes\": 0}]",
        "{\"result\": [{\"expressions\": [{\"value\": {}, \"text\": \"data.a\"}]}]}",
        "<pmd-cpd/>",
        "<pmd-cpd><file path=\"a\" totalNumberOfTokens=\"0\"/></pmd-cpd>",
        "<pmd-cpd><duplication lines=\"9\" tokens=\"20\"/></pmd-cpd>",
        "{\"duplicates\": [], \"statistics\": {\"total\": {\"lines\": 0, \"duplicatedLines\": 0}}}",
    ] {
        let error = refused(text);
        assert!(matches!(error.why, Why::Empty(_)), "{text}: {error}");
    }
}

#[test]
fn what_is_no_report_is_told_as_such() {
    for text in [
        "hello\n",
        "{}",
        "[]",
        "{\"a\": 1}",
        "<html/>",
        "<coverage generated=\"1\"/>",
        "\u{0}\u{1}",
    ] {
        assert_eq!(refused(text).why, Why::Unknown, "{text}");
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let cases = [
        (
            "<coverage line-rate='0.01' lines-valid='100' lines-covered='1'><packages><package><classes>\
             <class filename='a'><lines><line number='1' hits='1'/></lines></class></classes></package>\
             </packages></coverage>",
            "speaks of 100 lines and shows 1",
        ),
        (
            "<coverage line-rate='0.5'><packages><package><classes><class filename='a'><lines>\
             <line number='1' hits='1'/></lines></class></classes></package></packages></coverage>",
            "it says 50.0% of itself",
        ),
        (
            "<report name='x'><package name=''><sourcefile name='a'><line nr='1' mi='0' ci='1'/>\
             <counter type='LINE' missed='9' covered='9'/></sourcefile></package>\
             <counter type='INSTRUCTION' missed='0' covered='9'/>\
             <counter type='LINE' missed='1' covered='1'/></report>",
            "it says 50.0% of itself",
        ),
        ("SF:a\nDA:1,1\nLF:100\nLH:1\nend_of_record\n", "speaks of 100 lines and shows 1"),
        ("SF:a\nDA:1,1\nDA:2,1\nLF:4\nLH:2\nend_of_record\n", "it says 50.0% of itself"),
        (
            "{\"data\": [{\"files\": [{\"filename\": \"a\", \"segments\": [[1,1,1,true,true,false], \
             [2,1,0,false,false,false]]}], \"totals\": {\"lines\": {\"count\": 100, \"covered\": 1}}}], \
             \"type\": \"llvm.coverage.json.export\"}",
            "speaks of 100 lines and shows 2",
        ),
        ("SF:a\nDA:1,1\nDA:2,0\nLF:1\nend_of_record\n", "fewer"),
        (
            "{\"auditReportVersion\": 2, \"vulnerabilities\": {}, \"metadata\": {\"vulnerabilities\": {\"high\": 1}, \"dependencies\": {\"total\": 3}}}",
            "counts 1 vulnerabilities",
        ),
        (
            "{\"auditReportVersion\": 2, \"vulnerabilities\": {\"a\": {\"via\": [{\"title\": 1}]}}, \"metadata\": {}}",
            "invalid type",
        ),
        ("{\"auditReportVersion\": 3, \"vulnerabilities\": {}, \"metadata\": {}}", "version 3"),
        (
            "{\"database\": {}, \"lockfile\": {\"dependency-count\": 9}, \"vulnerabilities\": {\"count\": 2, \"list\": []}}",
            "counts 2 vulnerabilities and tells 0",
        ),
        ("{\"config\": {\"protocol_version\": \"v1.0.0\"}}", "before the check began"),
        ("{\"config\": {\"protocol_version\": \"v2.0.0\"}}", "protocol v2.0.0"),
        ("{\"type\":\"info\",\"data\":\"hello\"}", "no summary"),
        ("{\"spdxVersion\": \"SPDX-3.0\"}", "SPDX-3.0 is not known"),
        ("{\"bomFormat\": \"CycloneDX\", \"vulnerabilities\": [{\"id\": 1}]}", "invalid type"),
        (
            "{\"bomFormat\": \"CycloneDX\", \"vulnerabilities\": [{\"affects\": [{}]}]}",
            "missing field `ref`",
        ),
        (
            "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"><vulnerabilities><vulnerability>\
             <ratings><rating><score>bad</score></rating></ratings></vulnerability></vulnerabilities></bom>",
            "`bad` is no number",
        ),
        ("SPDXVersion: SPDX-2.3\nPackageName: a\n", "what it describes"),
        ("SPDXVersion: SPDX-2.3\nPackageName: a", "middle of a line"),
        ("SPDXVersion: SPDX-2.3\nPackageComment: <text>a\n", "middle of a text"),
        ("SF:a\nDA:1,-1\nend_of_record\n", "no number of hits"),
        ("SF:a\nDA:1,99999999999999999999\nend_of_record\n", "no number of hits"),
        ("SF:a\nDA:0,1\nend_of_record\n", "no line"),
        ("SF:a\nDA:4294967296,1\nend_of_record\n", "no line"),
        ("SF:a\nDA:1,NaN\nend_of_record\n", "no number of hits"),
        ("SF:a\nDA:1,1\nSF:b\n", "has no end"),
        ("SF:a\nDA:1,1\n", "ends in the middle"),
        ("TN:\nDA:1,1\n", "outside"),
        ("TN:\nsomething else\n", "no record"),
        ("mode: set\na.go:1.1,2.2 1\n", "no block"),
        ("mode: set\na.go:2.1,1.2 1 1\n", "no block"),
        ("mode: set\na.go:1.1,4294967295.2 1 1\n", "no block"),
        ("mode: set\na.go:1.1,2.2 1 -1\n", "no number of hits"),
        (
            "<coverage line-rate=\"1\"><line number=\"1\" hits=\"1\"/></coverage>",
            "outside of a class",
        ),
        (
            "<coverage line-rate=\"1\"><class filename=\"a\"><lines><line number=\"1\" hits=\"-1\"/></lines></class></coverage>",
            "`hits` is `-1`",
        ),
        (
            "<coverage line-rate=\"1\"><class filename=\"a\"><lines><line number=\"1\"/></lines></class></coverage>",
            "no `hits`",
        ),
        (
            "<coverage line-rate=\"1\"><class filename=\"a\"><lines><line number=\"1\" hits=\"1\" condition-coverage=\"200% (2/1)\"/></lines></class></coverage>",
            "condition-coverage",
        ),
        (
            "<testsuite tests=\"3\"><testcase name=\"a\"/></testsuite>",
            "speaks of 3 tests and shows 1",
        ),
        (
            "<testsuites failures=\"1\"><testsuite><testcase name=\"a\"/></testsuite></testsuites>",
            "speaks of 1 failures",
        ),
        ("<testsuite tests=\"-1\"><testcase name=\"a\"/></testsuite>", "`tests` is `-1`"),
        (
            "<testsuite tests=\"1\" time=\"NaN\"><testcase name=\"a\"/></testsuite>",
            "`time` is `NaN`",
        ),
        (
            "<TestRun><Results><UnitTestResult testName=\"a\" outcome=\"Passed\"/></Results><ResultSummary outcome=\"Completed\"><Counters total=\"2\"/></ResultSummary></TestRun>",
            "speaks of 2 results",
        ),
        ("ok 1\nok 2\n", "no plan"),
        ("1..3\nok 1\nok 2\n", "2 tests were run, and 3 planned"),
        ("1..1\n1..1\nok 1\n", "two plans"),
        ("running 2 tests\ntest a ... ok\n", "ends in the middle"),
        (
            "running 2 tests\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured\n",
            "1 tests ended",
        ),
        (
            "{\"type\":\"suite\",\"event\":\"started\"}{\"type\":\"suite\",\"event\":\"ok\",\"passed\":1,\"failed\":0}",
            "says that 1 did",
        ),
        (
            "{\"Action\":\"start\",\"Package\":\"a\"}{\"Action\":\"pass\",\"Package\":\"a\",\"Test\":\"T\"}",
            "ends in the middle",
        ),
        ("<pmd-cpd><file path=\"a\"/></pmd-cpd>", "no `totalNumberOfTokens`"),
        ("<pmd-cpd><file path=\"a\" totalNumberOfTokens=\"-1\"/></pmd-cpd>", "is `-1`"),
        (
            "<pmd-cpd><file path=\"a\" totalNumberOfTokens=\"9\"/><file path=\"a\" totalNumberOfTokens=\"9\"/></pmd-cpd>",
            "twice in the list",
        ),
        (
            "<pmd-cpd><file path=\"a\" totalNumberOfTokens=\"9\"/><duplication lines=\"1\" tokens=\"5\"><file path=\"b\" line=\"1\"/></duplication></pmd-cpd>",
            "not in the list",
        ),
        (
            "<pmd-cpd><file path=\"a\" totalNumberOfTokens=\"9\"/><duplication lines=\"1\" tokens=\"5\"><file path=\"a\" line=\"3\" endline=\"2\"/></duplication></pmd-cpd>",
            "from line 3 to 2",
        ),
        (
            "<pmd-cpd><file path=\"a\" totalNumberOfTokens=\"9\"/><duplication lines=\"1\" tokens=\"5\"><file path=\"a\" line=\"3\" begintoken=\"5\" endtoken=\"4\"/></duplication></pmd-cpd>",
            "from token 5 to 4",
        ),
        (
            "<pmd-cpd><file path=\"a\" totalNumberOfTokens=\"9\"/><error filename=\"Bad.java\" msg=\"no\"/></pmd-cpd>",
            "CPD could not look at `Bad.java`",
        ),
        ("{\"latencies\":{\"50th\":-1},\"requests\":1,\"rate\":1,\"success\":1}", "no time"),
        ("{\"latencies\":{\"50th\":1},\"requests\":1,\"rate\":-1,\"success\":1}", "no rate"),
        (
            "{\"latencies\":{\"50th\":1},\"requests\":1,\"rate\":1,\"success\":1.5}",
            "not between 0 and 1",
        ),
        ("{\"metrics\": {\"http_reqs\": {\"count\": -1}}}", "whole number from 0"),
        (
            "{\"component\": {\"measures\": [{\"metric\": \"security_rating\", \"value\": \"6.0\"}]}}",
            "no rating",
        ),
        (
            "{\"lighthouseVersion\": \"12\", \"categories\": {\"seo\": {\"score\": 93}}}",
            "score of seo is 93",
        ),
        (
            "{\"a.js\": {\"statementMap\": {\"0\": {\"start\": {\"line\": 1}}}, \"s\": {}}}",
            "numbers of hits",
        ),
        (
            "{\"a.js\": {\"statementMap\": {\"0\": {\"start\": {\"line\": 1}}}, \"s\": {\"0\": 1}}}}",
            "trailing",
        ),
    ];
    for (text, what) in cases {
        let error = refused(text);
        let Why::Malformed(said) = &error.why else { panic!("{text}: {error}") };
        assert!(said.contains(what), "{text}: {said}");
    }
}

#[test]
fn what_attacks_is_refused() {
    let bomb = "<!DOCTYPE coverage [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>\
                <coverage line-rate=\"1\">&b;</coverage>";
    let outside = "<!DOCTYPE testsuite SYSTEM \"http://example.org/x.dtd\"><testsuite/>";
    let deep = format!("<testsuite>{}", "<a>".repeat(10_000));
    let deep_json = format!("{{\"metrics\": {{\"vus\": {{\"thresholds\": {}", "[".repeat(10_000));
    let long = format!("SF:{}\n", "a".repeat(2 << 20));
    let deep_bom = format!("<bom xmlns=\"cyclonedx\"><vulnerabilities>{}", "<a>".repeat(10_000));
    let cpd = "<!DOCTYPE pmd-cpd [<!ENTITY a \"a\">]><pmd-cpd><file path=\"&a;\"/></pmd-cpd>";
    for text in [bomb, outside, cpd, &deep, &deep_bom, &long] {
        let error = refused(text);
        assert!(matches!(error.why, Why::Hostile(_)), "{error}");
    }
    // serde_json tells the wrong type before the depth.
    assert!(!matches!(refused(&deep_json).why, Why::Unknown));
}

#[test]
fn what_is_in_another_encoding_is_refused() {
    let wide: Vec<u8> = "<testsuite/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let error = read_bytes("wide.xml", &[&[0xff, 0xfe][..], &wide].concat()).unwrap_err();
    assert_eq!(error.to_string(), "wide.xml: no evidence: it is UTF-16: write it in UTF-8");
    let latin = b"<testsuite><testcase name=\"caf\xe9\"/></testsuite>";
    let error = read_bytes("latin.xml", latin).unwrap_err();
    assert!(matches!(error.why, Why::Malformed(_)), "{error}");
    let error = read_bytes("latin.info", b"SF:caf\xe9.c\nDA:1,1\nend_of_record\n").unwrap_err();
    assert_eq!(error.to_string(), "latin.info:1:1: no evidence: the line is no UTF-8");
}
