//! `shipway check` as people call it, over small repositories.

mod layouts;
mod migrations;
mod proof;
mod secrets;

use shipway_sim::repo::Repo;
use shipway_sim::sandbox::Sandbox;

/// A repository with a branch `work` that left `main`.
struct Change {
    sandbox: Sandbox,
    repo: Repo,
}

impl Change {
    /// `merged` is on `main`, `new` on top of it.
    fn new(merged: &[(&str, &str)], new: &[(&str, &str)]) -> Self {
        let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
        let repo = Repo::empty(sandbox.path().join("repository")).unwrap();
        repo.write("README.md", "A shop.\n").unwrap();
        let change = Self { sandbox, repo };
        change.write(merged);
        change.repo.commit("Merged").unwrap();
        change.repo.git(&["checkout", "--quiet", "-b", "work"]).unwrap();
        change.write(new);
        change
    }

    fn write(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            self.repo.write(path, text).unwrap();
        }
    }

    /// The exit code, standard output and standard error of `shipway check …`.
    fn check(&self, arguments: &[&str]) -> (i32, String, String) {
        let arguments = [&["check"], arguments].concat();
        let output = self.sandbox.shipway(self.repo.path(), &arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    /// Places and rules of `shipway check migrations`, and the exit code.
    fn found(&self, arguments: &[&str]) -> (i32, Vec<String>) {
        let arguments = [&["migrations", "--json"], arguments].concat();
        let (code, out, error) = self.check(&arguments);
        let first =
            serde_json::Deserializer::from_str(&out).into_iter::<serde_json::Value>().next();
        let Some(Ok(report)) = first else { panic!("no JSON: {out}{error}") };
        let findings = report["findings"].as_array().unwrap().iter().map(|of| {
            let text = |key: &str| of[key].as_str().unwrap().to_owned();
            let line = &of["span"]["start"]["line"];
            let allowed = if of["allowed"].is_null() { "" } else { " (allowed)" };
            format!("{}:{line} {}{allowed}", text("file"), text("rule"))
        });
        (code, findings.collect())
    }
}
