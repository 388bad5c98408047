//! Every rule, applied to this repository.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use shipway_tidy::{Finding, Graph, Tree, dependencies, links, modules, purity, sources, words};

fn tree() -> Tree {
    Tree::read(&Tree::root()).unwrap()
}

fn graph() -> Graph {
    let graph = Graph::read(&Tree::root()).unwrap();
    assert!(graph.members.len() > 5 && graph.external.len() > 50, "{graph:?}");
    graph
}

fn assert_tidy(findings: &[Finding]) {
    let lines: Vec<_> = findings.iter().map(|finding| format!("  {finding}\n")).collect();
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), lines.concat());
}

#[test]
fn dependencies_go_one_way() {
    assert_tidy(&dependencies::direction(&graph()));
}

#[test]
fn pure_crates_depend_on_nothing_impure() {
    assert_tidy(&dependencies::purity(&graph()));
}

#[test]
fn no_banned_package_is_built() {
    assert_tidy(&dependencies::banned(&graph()));
}

#[test]
fn large_packages_are_built_once() {
    assert_tidy(&dependencies::one_version(&graph()));
}

#[test]
fn pure_crates_touch_nothing_outside() {
    assert_tidy(&purity::purity(&tree()));
}

#[test]
fn every_source_can_be_read_in_one_sitting() {
    assert_tidy(&sources::length(&tree()));
}

#[test]
fn no_lint_is_switched_off_and_nothing_left_undone() {
    assert_tidy(&sources::banned(&tree()));
}

#[test]
fn every_source_belongs_to_something() {
    assert_tidy(&modules::reachable(&tree()));
}

#[test]
fn every_source_has_something_in_it() {
    assert_tidy(&modules::empty(&tree()));
}

#[test]
fn every_link_leads_somewhere() {
    assert_tidy(&links::links(&tree()));
}

#[test]
fn no_file_names_a_folder_of_one_machine() {
    assert_tidy(&words::machine_paths(&tree(), &Tree::root()));
}

#[test]
fn no_file_speaks_of_how_it_came_to_be() {
    assert_tidy(&words::workplace(&tree()));
}
