//! The generated files in `docs/reference` are what the types say now.

use std::path::PathBuf;

use shipway_core::config::schema;

use super::reference;

fn compare(name: &str, now: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("SHIPWAY_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, now).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == now,
        "docs/reference/{name} is not what the types say: run `SHIPWAY_BLESS=1 cargo test -p \
         shipway-core` and commit it",
    );
}

#[test]
fn the_json_schema() {
    compare("shipway.schema.json", &(serde_json::to_string_pretty(&schema()).unwrap() + "\n"));
}

#[test]
fn the_reference() {
    compare("configuration.md", &reference::markdown(&serde_json::to_value(schema()).unwrap()));
}
