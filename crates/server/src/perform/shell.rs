//! One shell command, contained: a migration, a smoke test, a build.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shipway_core::digest::Digest;
use shipway_core::effect::{EffectId, Failure, FailureCode, Outcome};
use shipway_process::{Command, Exit, Lifetime, Stdio};
use shipway_runner::mask::Masker;
use shipway_targets::Secret;
use tokio::io::AsyncReadExt as _;
use tokio_util::sync::CancellationToken;

use crate::failpoint::{self, Point};

use super::Performer;
use super::output::Output;

/// How long output is waited for once nothing that could write it lives.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A shell command and all that it may see.
pub(super) struct Shell<'a> {
    /// What it is, for people: `smoke test of api`.
    pub(super) what: String,
    /// What a failure counts as.
    pub(super) code: FailureCode,
    pub(super) kind: shipway_core::effect::EffectKind,
    pub(super) run: &'a str,
    pub(super) dir: &'a Path,
    pub(super) env: BTreeMap<String, String>,
    pub(super) secrets: BTreeMap<String, Secret>,
    pub(super) timeout: Duration,
}

impl Performer {
    /// Runs it to its end: well (with its output's digest), or not. Nothing of
    /// it is left running.
    pub(super) async fn shell(
        &self,
        id: &EffectId,
        shell: Shell<'_>,
        cancel: CancellationToken,
    ) -> Result<Digest, Outcome> {
        let masker = Masker::default();
        masker.add_all(shell.secrets.values().map(Secret::reveal));
        let output = Output::new(self.store.blobs(), masker).map_err(|e| storage(&e))?;
        let secrets = shell.secrets.iter().map(|(name, value)| (name.as_str(), value.reveal()));
        let mut child = Command::new(self.process_name(id), "/bin/sh")
            .args(["-c", shell.run])
            .dir(shell.dir)
            .envs(shell.env.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .envs(secrets)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .lifetime(Lifetime::WithParent)
            .spawn()
            .map_err(|error| shell.failed(&error.to_string(), Vec::new()))?;
        failpoint::hit(Point::During, shell.kind);
        let pipes = child.take_stdout().and_then(|out| Ok((out, child.take_stderr()?)));
        let (out, err) = pipes.map_err(|error| shell.failed(&error.to_string(), Vec::new()))?;
        let output = Mutex::new(output);
        let (end, killed) = {
            let reading = async { tokio::join!(read(out, &output), read(err, &output)) };
            tokio::pin!(reading);
            let timeout = tokio::time::sleep(shell.timeout);
            tokio::pin!(timeout);
            let mut read_all = false;
            let end = loop {
                tokio::select! {
                    () = cancel.cancelled() => break End::Cancelled,
                    () = &mut timeout => break End::TimedOut,
                    exit = child.wait() => break End::Exit(exit),
                    _ = &mut reading, if !read_all => read_all = true,
                }
            };
            let killed = child.kill_all().await;
            // Everything that could write is dead: what is in the pipes is all.
            if !read_all && tokio::time::timeout(LAST_WORDS, reading).await.is_err() {
                tracing::warn!(effect = %id, "somebody else holds a command's output open");
            }
            (end, killed)
        };
        let output = output.into_inner().unwrap_or_else(PoisonError::into_inner);
        let is_well = matches!(&end, End::Exit(Ok(exit)) if exit.success());
        let (tail, log) = output.finish(!is_well);
        killed.map_err(|error| shell.failed(&error.to_string(), tail.clone()))?;
        match end {
            End::Cancelled => Err(Outcome::Cancelled),
            End::TimedOut => {
                Err(shell.failed(&format!("not done within {:?}", shell.timeout), tail))
            }
            End::Exit(Ok(exit)) if exit.success() => log.map_err(|error| storage(&error)),
            End::Exit(Ok(exit)) => Err(shell.failed(&exit.to_string(), tail)),
            End::Exit(Err(error)) => Err(shell.failed(&error.to_string(), tail)),
        }
    }
}

enum End {
    Cancelled,
    TimedOut,
    Exit(std::io::Result<Exit>),
}

impl Shell<'_> {
    fn failed(&self, why: &str, output: Vec<String>) -> Outcome {
        let message = format!("{} failed: {why}", self.what);
        Outcome::Failed { failure: Failure { code: self.code, message, output } }
    }
}

/// Reads until the other side closes.
async fn read(pipe: Option<tokio::net::unix::pipe::Receiver>, output: &Mutex<Output>) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match pipe.read(&mut buffer).await {
            Ok(0) => return,
            Ok(read) => {
                let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
                output.write(&buffer[..read]);
            }
            Err(error) => {
                tracing::warn!(%error, "a command's output cannot be read");
                return;
            }
        }
    }
}

pub(super) fn storage(error: &dyn std::fmt::Display) -> Outcome {
    Outcome::Failed { failure: Failure::new(FailureCode::Storage, error.to_string()) }
}
