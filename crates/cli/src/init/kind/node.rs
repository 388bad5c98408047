//! Node: `package.json`.

use serde_json::Value;

use super::super::Found;
use super::super::folder::Folder;
use super::{Sighting, recipe, service};

const ENTRIES: [&str; 6] =
    ["server.js", "server.mjs", "src/server.js", "index.js", "app.js", "src/index.js"];

pub(super) fn look(folder: Folder) -> Option<Sighting> {
    let text = folder.text("package.json")?;
    let Ok(manifest) = serde_json::from_str::<Value>(text) else {
        let mut found = service(folder, folder.name(), "a Node program");
        found.notes.push("package.json is not valid JSON: fill in how it is started.".to_owned());
        return Some(Sighting::Services(vec![found]));
    };
    let called = manifest["name"].as_str().and_then(|name| name.rsplit('/').next());
    let mut found = service(folder, called.unwrap_or(folder.name()), "a Node program");
    let tool = Tool::of(folder);
    let install = needs_packages(&manifest).then(|| tool.install(folder));
    let build = manifest["scripts"]["build"].is_string().then(|| format!("{} run build", tool.0));
    let build: Vec<String> = install.clone().into_iter().chain(build).collect();
    if !build.is_empty() {
        found.build = recipe(build.join(" && "), &[]);
    }
    if has_tests(&manifest) {
        found.tests.extend(install);
        found.tests.push(format!("{} test", tool.0));
    } else {
        // That it builds is all that can be checked.
        found.tests.extend(build.iter().cloned());
    }
    start(&mut found, folder, &manifest, tool);
    if found.run.is_some() || folder.has("Procfile") || folder.has("Dockerfile") {
        return Some(Sighting::Services(vec![found]));
    }
    let workspace = !manifest["workspaces"].is_null() || folder.has("pnpm-workspace.yaml");
    Some(if workspace { Sighting::Workspace } else { Sighting::Library })
}

/// The program that installs packages.
#[derive(Clone, Copy)]
struct Tool(&'static str);

impl Tool {
    fn of(folder: Folder) -> Self {
        let has = |file: &str| folder.has(file) || folder.root_has(file);
        Self(if has("pnpm-lock.yaml") {
            "pnpm"
        } else if has("yarn.lock") {
            "yarn"
        } else {
            "npm"
        })
    }

    fn install(self, folder: Folder) -> String {
        match self.0 {
            "npm" if folder.has("package-lock.json") => "npm ci".to_owned(),
            "npm" => "npm install".to_owned(),
            tool => format!("{tool} install --frozen-lockfile"),
        }
    }
}

fn needs_packages(manifest: &Value) -> bool {
    let some = |key: &str| manifest[key].as_object().is_some_and(|packages| !packages.is_empty());
    some("dependencies") || some("devDependencies")
}

fn needs(manifest: &Value, package: &str) -> bool {
    ["dependencies", "devDependencies"].iter().any(|key| !manifest[*key][package].is_null())
}

/// A script that is more than what `npm init` writes.
fn has_tests(manifest: &Value) -> bool {
    let script = manifest["scripts"]["test"].as_str();
    script.is_some_and(|script| !script.contains("no test specified"))
}

fn start(found: &mut Found, folder: Folder, manifest: &Value, tool: Tool) {
    let script = manifest["scripts"]["start"].as_str();
    let main = manifest["main"].as_str().map(|file| file.trim_start_matches("./"));
    if needs(manifest, "next") {
        found.what = "a Next.js site";
        found.run = Some("npx next start --port $PORT".to_owned());
    } else if let Some(direct) = script.filter(|script| is_one_node_command(script)) {
        // Without npm in between, signals reach the program itself.
        found.run = Some(direct.to_owned());
    } else if script.is_some() {
        found.run = Some(format!("{} start", tool.0));
        found.notes.push("Look whether it listens on $PORT and ends on SIGTERM.".to_owned());
    } else if ["vite", "react-scripts", "@angular/cli"].iter().any(|tool| needs(manifest, tool)) {
        let output = if needs(manifest, "react-scripts") { "build" } else { "dist" };
        found.what = "a site that is built into files";
        found.run = Some(super::site::serve(output));
        found.notes.push(format!("Look whether the build writes into `{output}`."));
    } else if let Some(entry) = folder.first(&ENTRIES[..3]) {
        found.run = Some(format!("node {entry}"));
    } else if manifest["private"] == Value::Bool(true) || main.is_none() {
        // A package with `main` and without `start` is usually a library.
        found.run = folder.first(&ENTRIES).map(|entry| format!("node {entry}"));
    }
}

fn is_one_node_command(script: &str) -> bool {
    script.starts_with("node ") && !script.contains(['&', '|', ';', '\n'])
}

pub(super) fn names_library(service: Folder, library: Folder) -> bool {
    let manifest = |folder: Folder| {
        serde_json::from_str::<Value>(folder.text("package.json").unwrap_or_default()).ok()
    };
    let (Some(service), Some(library)) = (manifest(service), manifest(library)) else {
        return false;
    };
    library["name"].as_str().is_some_and(|name| needs(&service, name))
}
