//! The examples of the repository are good.

use std::fs;
use std::path::{Path, PathBuf};

use shipway_core::config::{Facts, Follows, PathKind, affected, read};
use shipway_workflow::model::Workflow;

/// A folder on the disk.
struct Folder(PathBuf);

impl Facts for Folder {
    fn at(&self, path: &str) -> Option<PathKind> {
        let kind = fs::metadata(self.0.join(path)).ok()?;
        Some(if kind.is_dir() { PathKind::Folder } else { PathKind::File })
    }

    fn expression(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn names_in(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

#[test]
fn the_quickstart() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart");
    let text = fs::read_to_string(folder.join("shipway.yaml")).unwrap();
    let workflow = fs::read_to_string(folder.join(".github/workflows/ci.yml")).unwrap();
    if let Err(problems) = Workflow::read("ci.yml", &workflow) {
        panic!("{problems:#?}");
    }
    let config = read("shipway.yaml", &text, &Folder(folder)).unwrap_or_else(|problems| {
        let problems: Vec<String> = problems.iter().map(|problem| problem.render(&text)).collect();
        panic!("{}", problems.join("\n"))
    });
    let follows: Vec<&Follows> = config.environments.values().map(|env| &env.follows).collect();
    assert!(
        matches!(follows.as_slice(), [Follows::Branch(main), Follows::From(_)] if main == "main")
    );
    assert_eq!(affected(&config, &["app.py".to_owned()]).len(), config.services.len());
}
