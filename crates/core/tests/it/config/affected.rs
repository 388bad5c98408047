//! Which services a change touches, and why.

use shipway_core::config::affected;

use super::tree::config;

fn table(changed: &[&str]) -> String {
    let config = config(
        "\
project: shop
services:
  web: {path: services/worker, run: ./web, uses: [api]}
  api: {path: services/api, run: ./api, uses: [lib, Makefile]}
  lib: {path: shared, run: ./lib}
environments:
  prod: {branch: main}
",
    );
    let changed: Vec<String> = changed.iter().map(|&file| file.to_owned()).collect();
    let affected = affected(&config, &changed);
    affected.iter().map(|(name, reason)| format!("{name}: {reason}\n")).collect()
}

#[test]
fn nothing_else_is_touched() {
    assert_eq!(table(&[]), "");
    assert_eq!(table(&["README.md", "services/apix/main.py", "shared.md"]), "");
}

#[test]
fn a_file_touches_its_service_and_all_that_use_it() {
    insta::assert_snapshot!(table(&["shared/lib.py", "shared/x/y.py"]), @r"
    web: it uses api
    api: it uses lib
    lib: shared/lib.py and 1 more file changed
    ");
    insta::assert_snapshot!(table(&["services/worker/main.py"]), @"web: services/worker/main.py changed");
    insta::assert_snapshot!(table(&["Makefile"]), @r"
    web: it uses api
    api: Makefile changed, which it uses
    ");
}

#[test]
fn the_nearest_reason_is_told() {
    insta::assert_snapshot!(table(&["shared/a", "services/api/a", "services/api/b", "services/api/c"]), @r"
    web: it uses api
    api: services/api/a and 2 more files changed
    lib: shared/a changed
    ");
}

#[test]
fn a_change_of_the_configuration_touches_all() {
    insta::assert_snapshot!(table(&["shipway.yaml"]), @r"
    web: shipway.yaml changed
    api: shipway.yaml changed
    lib: shipway.yaml changed
    ");
}
