//! Who one is at a registry: as the workflow says, else as `docker login` left
//! it on this machine.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::auth::DockerCredentials;
use serde::Deserialize;
use shipway_process::{Command, Exit, Stdio};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

use super::DockerError;
use crate::protocol::Secret;
use crate::worker::find_program;

/// How Docker's configuration names Docker Hub.
const HUB: &str = "https://index.docker.io/v1/";

/// User and password for a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password, or a token.
    pub password: Secret,
}

impl Credentials {
    /// For the API.
    pub(super) fn for_api(&self, registry: Option<&str>) -> DockerCredentials {
        DockerCredentials {
            username: Some(self.user.clone()),
            password: Some(self.password.reveal().to_owned()),
            serveraddress: Some(registry.unwrap_or(HUB).to_owned()),
            ..DockerCredentials::default()
        }
    }
}

/// `~/.docker/config.json`, as far as it says who one is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    #[serde(default)]
    auths: HashMap<String, Auth>,
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: HashMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
struct Auth {
    auth: Option<String>,
    identitytoken: Option<String>,
}

/// What a credential helper answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Helped {
    username: String,
    secret: String,
}

/// What `docker login` left for a registry; `None`: nothing.
///
/// # Errors
/// When it left something that cannot be read.
pub(super) async fn logged_in(
    registry: Option<&str>,
) -> Result<Option<DockerCredentials>, DockerError> {
    let key = registry.unwrap_or(HUB);
    let wrong = |reason: String| DockerError::Credentials { registry: key.to_owned(), reason };
    let Some(config) = config().map_err(wrong)? else { return Ok(None) };
    if let Some(helper) = config.cred_helpers.get(key).or(config.creds_store.as_ref()) {
        return ask(helper, key).await.map_err(wrong);
    }
    let Some(auth) = config.auths.get(key) else { return Ok(None) };
    let mut credentials = DockerCredentials {
        serveraddress: Some(key.to_owned()),
        identitytoken: auth.identitytoken.clone(),
        ..DockerCredentials::default()
    };
    if let Some(encoded) = auth.auth.as_deref().filter(|encoded| !encoded.is_empty()) {
        let pair = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = pair.as_deref().and_then(|pair| pair.split_once(':'));
        let (user, password) = pair.ok_or_else(|| {
            wrong("its `auth` in Docker's config.json is no base64 of user:password".to_owned())
        })?;
        credentials.username = Some(user.to_owned());
        credentials.password = Some(password.trim_end_matches('\0').to_owned());
    }
    Ok(Some(credentials))
}

fn config() -> Result<Option<Config>, String> {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker"));
    let Some(folder) = folder.or_else(home) else { return Ok(None) };
    let path = folder.join("config.json");
    match std::fs::read(&path) {
        // serde_json's messages have places and types, no values.
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| format!("{}: {error}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// Asks the program that Docker's configuration names.
async fn ask(helper: &str, key: &str) -> Result<Option<DockerCredentials>, String> {
    let program = format!("docker-credential-{helper}");
    let env: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let file = find_program(&program, &env).ok_or(format!("there is no {program} in the PATH"))?;
    let (exit, answer) =
        converse(&file, env, key).await.map_err(|error| format!("{program}: {error}"))?;
    // A helper that knows nothing of a registry says so and fails.
    if exit != Exit::Code(0) {
        return Ok(None);
    }
    let helped: Helped =
        serde_json::from_slice(&answer).map_err(|_| format!("{program}: no JSON"))?;
    let mut credentials =
        DockerCredentials { serveraddress: Some(key.to_owned()), ..DockerCredentials::default() };
    match helped.username.as_str() {
        "<token>" => credentials.identitytoken = Some(helped.secret),
        _ => {
            credentials.username = Some(helped.username);
            credentials.password = Some(helped.secret);
        }
    }
    Ok(Some(credentials))
}

/// Runs `get` of a helper: the registry is its input, its answer the output.
async fn converse(
    program: &Path,
    env: Vec<(OsString, OsString)>,
    key: &str,
) -> std::io::Result<(Exit, Zeroizing<Vec<u8>>)> {
    let mut child = Command::new("docker-credential", program)
        .args(["get"])
        .envs(env)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(std::io::Error::other)?;
    if let Some(mut stdin) = child.take_stdin()? {
        stdin.write_all(key.as_bytes()).await?;
    }
    let mut answer = Zeroizing::new(Vec::new());
    if let Some(mut stdout) = child.take_stdout()? {
        stdout.read_to_end(&mut answer).await?;
    }
    let exit = child.wait().await?;
    child.kill_all().await.map_err(std::io::Error::other)?;
    Ok((exit, answer))
}
