//! GitHub's own clients, as they are released: the npm packages of
//! `tests/npm/package-lock.json`, which `scripts/setup clients` installs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use shipway_results::{Admission, Downloaded};

use crate::support::{World, client, job, names};

/// Where `scripts/setup` installs them. `None`: it did not, and this is not CI.
fn packages() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let packages = target.join("npm-clients/node_modules");
    if packages.is_dir() {
        return Some(packages);
    }
    let missing = format!("{} is missing: run scripts/setup clients", packages.display());
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{missing}");
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    {
        eprintln!("skipped: {missing}");
    }
    None
}

/// A job that runs steps of JavaScript.
struct Steps<'w> {
    world: &'w World,
    admission: Admission,
    packages: PathBuf,
}

impl<'w> Steps<'w> {
    fn of(world: &'w World, run: u64, of: u64) -> Option<Self> {
        let packages = packages()?;
        for folder in ["workspace", "temp"] {
            std::fs::create_dir_all(world.path(folder)).unwrap();
        }
        Some(Self { world, admission: world.admit(job(run, of)), packages })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.path("workspace").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs a step of `tests/npm/step.mjs`; its last line is its result.
    async fn run(&self, step: &str, arguments: &[&str]) -> serde_json::Value {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/npm/step.mjs");
        let mut node = Command::new("node");
        node.arg(script)
            .arg(step)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.world.path("home"))
            .env("PACKAGES", &self.packages)
            .env("GITHUB_WORKSPACE", self.world.path("workspace"))
            .env("GITHUB_SERVER_URL", "https://github.com")
            .env("RUNNER_TEMP", self.world.path("temp"))
            .env("ACTIONS_RESULTS_URL", format!("{}/", self.admission.origin))
            .env("ACTIONS_RUNTIME_TOKEN", &self.admission.token)
            .env("ACTIONS_CACHE_SERVICE_V2", "True")
            .current_dir(self.world.path("workspace"));
        let output = tokio::task::spawn_blocking(move || node.output()).await.unwrap().unwrap();
        let Output { status, stdout, stderr } = output;
        let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        let last = stdout.lines().last().unwrap_or_default();
        assert!(status.success(), "{step}: {stdout}\n{stderr}");
        serde_json::from_str(last).unwrap_or_else(|_| panic!("{step}: {stdout}\n{stderr}"))
    }
}

#[tokio::test]
async fn artifacts_are_uploaded_listed_downloaded_and_deleted() {
    let world = World::new().await;
    let Some(steps) = Steps::of(&world, 7, 1) else { return };
    steps.write("dist/a.txt", "hello");
    steps.write("dist/deep/b.txt", &"text ".repeat(100_000));
    let files = ["dist", "dist/a.txt", "dist/deep/b.txt"];
    let uploaded = steps.run("upload", &[&["my dist"], &files[..]].concat()).await;
    let listed = steps.run("list", &[]).await;
    assert_eq!(listed["artifacts"][0]["name"], "my dist");
    assert_eq!(listed["artifacts"][0]["id"], uploaded["id"]);
    assert_eq!(listed["artifacts"][0]["size"], uploaded["size"]);
    let digest = format!("sha256:{}", uploaded["digest"].as_str().unwrap());
    assert_eq!(listed["artifacts"][0]["digest"], digest.as_str());
    let downloaded = steps.run("download", &["my dist", "got", &digest]).await;
    assert_eq!(downloaded["digestMismatch"], false);
    assert_eq!(steps.read("got/a.txt"), "hello");
    assert_eq!(steps.read("got/deep/b.txt"), "text ".repeat(100_000));
    let again = steps.run("upload", &[&["my dist"], &files[..]].concat()).await;
    let conflict = "Failed to CreateArtifact: Received non-retryable error: Failed request: (409) \
                    Conflict: an artifact with this name already exists on the workflow run";
    assert_eq!(again["error"], conflict);
    steps.run("delete", &["my dist"]).await;
    assert_eq!(names(&steps.admission).await.len(), 0);
    let gone = steps.run("delete", &["my dist"]).await;
    assert_eq!(gone["error"], "Artifact not found for name: my dist");
}

#[tokio::test]
async fn a_large_artifact_goes_in_blocks() {
    let world = World::new().await;
    let Some(steps) = Steps::of(&world, 7, 1) else { return };
    // Not to be compressed: more than two blocks of 8 MiB.
    let mut random = vec![0; 20 << 20];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    std::fs::write(steps.path("large"), &random).unwrap();
    let uploaded = steps.run("upload", &["large", ".", "large"]).await;
    assert!(uploaded["size"].as_u64().unwrap() > 20 << 20, "{uploaded}");
    let digest = format!("sha256:{}", uploaded["digest"].as_str().unwrap());
    steps.run("download", &["large", "got", &digest]).await;
    assert!(std::fs::read(steps.path("got/large")).unwrap() == random);
}

#[tokio::test]
async fn what_the_worker_uploads_npm_downloads_and_the_other_way_round() {
    use shipway_results::archive::{Level, Modes, pack, unpack};
    let world = World::new().await;
    let Some(steps) = Steps::of(&world, 7, 1) else { return };
    let client = client(&steps.admission);
    steps.write("in/small", "small");
    steps.write("in/ü/large", &"large".repeat(1_000_000));
    for (name, level) in [("stored", 0), ("packed", 9)] {
        let (out, source) = shipway_results::pieces();
        let (root, level) = (steps.path("in"), Level::new(level).unwrap());
        let packing = tokio::task::spawn_blocking(move || {
            let files = [root.join("small"), root.join("ü/large")];
            pack(out, &root, files.iter().map(PathBuf::as_path), level).unwrap().finish().unwrap();
        });
        let uploading = client.upload_artifact(name, None, "application/zip", source);
        let (packed, uploaded) = tokio::join!(packing, uploading);
        packed.unwrap();
        let digest = uploaded.unwrap().1.digest.to_string();
        let downloaded = steps.run("download", &[name, name, &digest]).await;
        assert_eq!(downloaded["digestMismatch"], false);
        assert_eq!(steps.read(&format!("{name}/small")), "small");
        assert_eq!(steps.read(&format!("{name}/ü/large")), "large".repeat(1_000_000));
    }
    steps.run("upload", &["theirs", "in", "in/small", "in/ü/large"]).await;
    let artifacts = client.artifacts().await.unwrap();
    let theirs = artifacts.iter().find(|artifact| artifact.name == "theirs").unwrap();
    let mut file = tokio::fs::File::from_std(tempfile::tempfile().unwrap());
    let kind = client.download_artifact(theirs, &mut file).await.unwrap();
    assert_eq!(kind, Downloaded::Archive);
    let target = steps.path("theirs");
    unpack(file.into_std().await, &target, Modes::Usual, 1 << 30).unwrap();
    assert_eq!(steps.read("theirs/ü/large"), "large".repeat(1_000_000));
}

#[tokio::test]
async fn a_single_file_goes_as_it_is() {
    let world = World::new().await;
    let Some(steps) = Steps::of(&world, 7, 1) else { return };
    steps.write("report.html", "<p>");
    steps.run("upload-file", &["report.html"]).await;
    steps.run("download", &["report.html", "got"]).await;
    assert_eq!(steps.read("got/report.html"), "<p>");
}

#[tokio::test]
async fn caches_are_saved_and_restored_by_key_and_by_prefix() {
    let world = World::new().await;
    let Some(steps) = Steps::of(&world, 7, 1) else { return };
    steps.write("node_modules/left/index.js", "left");
    let saved = steps.run("save", &["deps-1", "node_modules"]).await;
    assert!(saved["id"].as_i64().unwrap() > 0, "{saved}");
    let again = steps.run("save", &["deps-1", "node_modules"]).await;
    assert_eq!(again["id"], -1, "there is one");
    let clear = || std::fs::remove_dir_all(steps.path("node_modules")).unwrap();
    clear();
    let exact = steps.run("restore", &["node_modules", "deps-1"]).await;
    assert_eq!(exact["key"], "deps-1");
    assert_eq!(steps.read("node_modules/left/index.js"), "left");
    clear();
    let prefix = steps.run("restore", &["node_modules", "deps-2", "deps-"]).await;
    assert_eq!(prefix["key"], "deps-1");
    assert_eq!(steps.read("node_modules/left/index.js"), "left");
    let miss = steps.run("restore", &["node_modules", "other"]).await;
    assert_eq!(miss["key"], serde_json::Value::Null);
    let other_paths = steps.run("restore", &["elsewhere", "deps-1"]).await;
    assert_eq!(other_paths["key"], serde_json::Value::Null, "another version");
}

#[tokio::test]
async fn an_oidc_token_is_what_core_gets() {
    let world = World::new().await;
    let Some(mut steps) = Steps::of(&world, 7, 1) else { return };
    let identity = shipway_results::Identity::default();
    steps.admission = world.admit(shipway_results::Job { identity: Some(identity), ..job(7, 1) });
    let (url, token) = steps.admission.id_token.clone().unwrap();
    let got = steps.run("id-token", &[&url, &token, "my audience"]).await;
    let claims = got["token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims);
    let claims: serde_json::Value = serde_json::from_slice(&claims.unwrap()).unwrap();
    assert_eq!((&claims["aud"], &claims["run_id"]), (&"my audience".into(), &"7".into()));
}
