//! The packages and what they depend on, as cargo resolves them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// What cargo says could not be had or understood.
#[derive(Debug, thiserror::Error)]
#[error("cargo does not say what is built: {0}")]
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
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

impl Graph {
    /// What `cargo metadata` and `cargo tree` say of the workspace in `root`. The former also names
    /// packages that only a feature would build that nobody asks for (rust-lang/cargo#10801).
    ///
    /// # Errors
    /// When cargo fails, also because `Cargo.lock` is not up to date.
    pub fn read(root: &Path) -> Result<Self, NoMetadata> {
        let metadata = cargo(root, &["metadata", "--format-version", "1", "--no-deps"])?;
        let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let all = ["tree", "--workspace", "--edges", "all", "--prefix", "none", "--target"];
        let tree = cargo(root, &[&all[..], &[&platform]].concat())?;
        Ok(Self { members: members(&metadata)?, external: external(&tree) })
    }
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<String, NoMetadata> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(arguments)
        .args(["--locked", "--all-features"])
        .current_dir(root)
        .output()
        .map_err(|error| NoMetadata(error.to_string()))?;
    if !output.status.success() {
        return Err(NoMetadata(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    String::from_utf8(output.stdout).map_err(|error| NoMetadata(error.to_string()))
}

/// The JSON that `cargo metadata` prints.
fn members(json: &str) -> Result<Vec<Member>, NoMetadata> {
    let metadata: Metadata =
        serde_json::from_str(json).map_err(|error| NoMetadata(error.to_string()))?;
    let is_member = |package: &&Package| metadata.workspace_members.contains(&package.id);
    Ok(metadata.packages.iter().filter(is_member).map(Member::of).collect())
}

/// What `cargo tree --prefix none` prints: `name vVERSION`, and more behind it.
fn external(tree: &str) -> Vec<(String, String)> {
    let package = |line: &str| {
        let mut words = line.split_whitespace();
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        (!name.starts_with("shipway-")).then(|| (name.to_owned(), version.to_owned()))
    };
    tree.lines().filter_map(package).collect::<BTreeSet<_>>().into_iter().collect()
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
    fn metadata_becomes_members() {
        let json = r#"{
            "packages": [
                {"id": "1", "name": "shipway-core", "version": "0.1.0", "dependencies": [
                    {"name": "shipway-workflow", "kind": null},
                    {"name": "serde", "kind": null},
                    {"name": "cc", "kind": "build"},
                    {"name": "shipway-sim", "kind": "dev"}
                ]},
                {"id": "2", "name": "serde", "version": "1.2.3", "dependencies": []}
            ],
            "workspace_members": ["1"]
        }"#;
        let member = Member {
            name: "core".to_owned(),
            uses: vec!["workflow".to_owned()],
            tests_use: vec!["sim".to_owned()],
            external: vec!["serde".to_owned(), "cc".to_owned()],
        };
        assert_eq!(members(json).unwrap(), [member]);
    }

    #[test]
    fn a_tree_becomes_what_is_built_once_each() {
        let tree = "shipway-core v0.1.0 (/shop/crates/core)\nserde v1.2.3\n\
                    serde_derive v1.2.3 (proc-macro)\nserde feature \"std\"\nserde v1.2.3 (*)\n\n\
                    serde v1.1.0\n";
        let built = |name: &str, version: &str| (name.to_owned(), version.to_owned());
        let all =
            [built("serde", "1.1.0"), built("serde", "1.2.3"), built("serde_derive", "1.2.3")];
        assert_eq!(external(tree), all);
    }
}
