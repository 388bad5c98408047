//! The packages and what they depend on, as cargo resolves them.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// What cargo says could not be had or understood.
#[derive(Debug, thiserror::Error)]
#[error("cannot read cargo metadata: {0}")]
pub struct NoMetadata(String);

/// All packages that a build for this machine uses, with every feature.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The packages of the workspace, without the prefix `shipway-`.
    pub members: Vec<Member>,
    /// Name and version of every package of others.
    pub external: Vec<(String, String)>,
}

/// A package of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name without the prefix.
    pub name: String,
    /// Names, without the prefix, of the members that its product needs.
    pub uses: Vec<String>,
    /// The same for its tests.
    pub tests_use: Vec<String>,
    /// Names of packages of others that its product needs.
    pub external: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
}

impl Graph {
    /// What `cargo metadata` says of the workspace in `root`.
    ///
    /// # Errors
    /// When cargo fails, also because `Cargo.lock` is not up to date.
    pub fn read(root: &Path) -> Result<Self, NoMetadata> {
        let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
            .args(["--filter-platform", &platform])
            .current_dir(root)
            .output()
            .map_err(|error| NoMetadata(error.to_string()))?;
        if !output.status.success() {
            return Err(NoMetadata(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        Self::parse(&output.stdout)
    }

    /// Reads the JSON that `cargo metadata` prints.
    ///
    /// # Errors
    /// When it is no such JSON.
    pub fn parse(json: &[u8]) -> Result<Self, NoMetadata> {
        let metadata: Metadata =
            serde_json::from_slice(json).map_err(|error| NoMetadata(error.to_string()))?;
        let is_member = |package: &&Package| metadata.workspace_members.contains(&package.id);
        let is_built =
            |package: &&Package| metadata.resolve.nodes.iter().any(|node| node.id == package.id);
        let members = metadata.packages.iter().filter(is_member).map(Member::of).collect();
        let others = metadata.packages.iter().filter(|package| !is_member(package));
        let external = others
            .filter(is_built)
            .map(|package| (package.name.clone(), package.version.clone()))
            .collect();
        Ok(Self { members, external })
    }
}

impl Member {
    fn of(package: &Package) -> Self {
        let ours = |wanted: fn(&Dependency) -> bool| {
            let wanted = package.dependencies.iter().filter(|dependency| wanted(dependency));
            wanted.filter_map(|d| d.name.strip_prefix("shipway-")).map(str::to_owned).collect()
        };
        let external = package.dependencies.iter().filter(|d| !is_dev(d));
        Self {
            name: package.name.strip_prefix("shipway-").unwrap_or(&package.name).to_owned(),
            uses: ours(|dependency| !is_dev(dependency)),
            tests_use: ours(is_dev),
            external: external
                .filter(|d| !d.name.starts_with("shipway-"))
                .map(|d| d.name.clone())
                .collect(),
        }
    }
}

fn is_dev(dependency: &Dependency) -> bool {
    dependency.kind.as_deref() == Some("dev")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_becomes_a_graph() {
        let json = br#"{
            "packages": [
                {"id": "1", "name": "shipway-core", "version": "0.1.0", "dependencies": [
                    {"name": "shipway-workflow", "kind": null},
                    {"name": "serde", "kind": null},
                    {"name": "cc", "kind": "build"},
                    {"name": "shipway-sim", "kind": "dev"}
                ]},
                {"id": "2", "name": "serde", "version": "1.2.3", "dependencies": []},
                {"id": "3", "name": "windows", "version": "1.0.0", "dependencies": []}
            ],
            "workspace_members": ["1"],
            "resolve": {"nodes": [{"id": "1"}, {"id": "2"}]}
        }"#;
        let graph = Graph::parse(json).unwrap();
        let member = Member {
            name: "core".to_owned(),
            uses: vec!["workflow".to_owned()],
            tests_use: vec!["sim".to_owned()],
            external: vec!["serde".to_owned(), "cc".to_owned()],
        };
        assert_eq!(graph.members, [member]);
        assert_eq!(graph.external, [("serde".to_owned(), "1.2.3".to_owned())]);
    }
}
