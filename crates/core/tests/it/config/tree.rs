//! A repository that is a list of paths.

use shipway_core::config::{Config, Facts, PathKind, read};

/// Files by their paths; folders follow from them.
pub(super) struct Tree(pub(super) &'static [&'static str]);

impl Facts for Tree {
    fn at(&self, path: &str) -> Option<PathKind> {
        let folder = format!("{path}/");
        if path == "." || self.0.iter().any(|file| file.starts_with(&folder)) {
            return Some(PathKind::Folder);
        }
        self.0.contains(&path).then_some(PathKind::File)
    }

    fn expression(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn names_in(&self, path: &str) -> Vec<String> {
        let folder = if path == "." { String::new() } else { format!("{path}/") };
        let inside = self.0.iter().filter_map(|file| file.strip_prefix(&folder));
        inside.filter_map(|rest| Some(rest.split('/').next()?.to_owned())).collect()
    }
}

/// A shop: two services, shared code, migrations, a workflow.
pub(super) const SHOP: Tree = Tree(&[
    ".github/workflows/ci.yml",
    ".github/workflows/nightly.yml",
    "Makefile",
    "services/api/db/migrations/001.sql",
    "services/api/main.py",
    "services/worker/main.py",
    "shared/lib.py",
    "shipway.yaml",
]);

/// What is wrong with `text`, as a person sees it; a text without fault is a
/// failed test.
pub(super) fn problems(text: &str) -> String {
    match read("shipway.yaml", text, &SHOP) {
        Ok(config) => panic!("nothing is wrong with it: {config:#?}"),
        Err(problems) => {
            let rendered: Vec<String> =
                problems.iter().map(|problem| problem.render(text)).collect();
            rendered.join("\n")
        }
    }
}

/// The configuration that `text` is; a fault is a failed test.
pub(super) fn config(text: &str) -> Config {
    read("shipway.yaml", text, &SHOP).unwrap_or_else(|problems| {
        let rendered: Vec<String> = problems.iter().map(|problem| problem.render(text)).collect();
        panic!("{}", rendered.join("\n"))
    })
}

/// The smallest file, with `service` as further lines of its service and
/// `environment` of its environment.
pub(super) fn smallest(service: &str, environment: &str) -> String {
    let indented =
        |text: &str| text.lines().map(|line| format!("    {line}\n")).collect::<String>();
    format!(
        "project: shop\nservices:\n  api:\n    run: ./api\n{}environments:\n  prod:\n    branch: main\n{}",
        indented(service),
        indented(environment),
    )
}
