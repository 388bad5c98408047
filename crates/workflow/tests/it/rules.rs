//! The rules as people read about them: `docs/reference/lint-rules.md` is written from them.

use std::collections::HashSet;
use std::path::Path;

use shipway_workflow::lint;

fn page() -> String {
    let mut page = String::from(
        "# Rules of shipway lint\n\n\
         Written by a test from the rules themselves (`SHIPWAY_BLESS=1 cargo test -p shipway-workflow`).\n\n\
         A finding is allowed where it stands, with a reason:\n\n\
         \x20   - uses: somebody/action@v1 # shipway: allow unpinned-action: our own, released with this\n\n\
         Beside these rules there are the codes of the reader: `SW01xx` is YAML, `SW02xx` are\n\
         expressions, `SW03xx` is what a workflow or an `action.yml` may say. They are errors: GitHub\n\
         refuses the file, too.\n\n\
         | rule | level | finds |\n|---|---|---|\n",
    );
    for rule in lint::rules() {
        let (id, severity, summary) = (rule.id, rule.severity, rule.summary);
        page.push_str(&format!("| [{id}](#{id}) | {severity} | {summary} |\n"));
    }
    for rule in lint::rules() {
        page.push_str(&format!(
            "\n## {}\n\n{}: {}.\n\n{}\n",
            rule.id, rule.severity, rule.summary, rule.why
        ));
    }
    page
}

#[test]
fn every_rule_is_documented() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/lint-rules.md");
    if std::env::var_os("SHIPWAY_BLESS").is_some() {
        std::fs::write(file, page()).unwrap();
    } else {
        let written = std::fs::read_to_string(file).unwrap();
        assert_eq!(written, page(), "SHIPWAY_BLESS=1 writes the page anew");
    }
}

#[test]
fn names_are_unique() {
    let mut seen = HashSet::new();
    for rule in lint::rules() {
        assert!(seen.insert(rule.id), "{} twice", rule.id);
        assert!(rule.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", rule.id);
        assert!(lint::is_rule(rule.id));
    }
    assert!(lint::is_rule("SW0301") && !lint::is_rule("SW03") && !lint::is_rule("nonsense"));
}
