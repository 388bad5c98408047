//! `docs/reference/secret-rules.md` says what the code does.

use std::fmt::Write as _;
use std::path::Path;

use shipway_checks::secrets::{Pattern, kinds};

#[test]
fn the_reference_lists_every_kind() {
    let mut text = String::from(
        "# Kinds of secrets\n\nGenerated from the code; `SHIPWAY_BLESS=1 cargo test -p \
         shipway-checks` writes it.\n\n| rule | what it finds | told by |\n|---|---|---|\n",
    );
    for kind in kinds() {
        let by = match kind.pattern {
            Pattern::Token(_) => "its form",
            Pattern::Assigned { .. } => "its name and form",
            Pattern::Raw(_) => "its place and form",
            Pattern::Block(_) => "its first lines",
        };
        writeln!(text, "| `{}` | {} | {by} |", kind.id, kind.what).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/secret-rules.md");
    if std::env::var_os("SHIPWAY_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/reference/secret-rules.md is out of date: SHIPWAY_BLESS=1");
}
