//! Programs in the job's container.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use shipway_process::Exit;
use tokio::sync::OnceCell;
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;

use super::paths::Paths;
use super::reach::Way;
use crate::docker::{Docker, DockerError, Exec, Executing};
use crate::protocol::Stream;
use crate::worker::ladder::{Ladder, Rung};
use crate::worker::output::Listener;
use crate::worker::program::{Ended, Program};
use crate::worker::shared::Shared;

/// Says the program's id in the container, and becomes the program: a session
/// of its own, by which everything that it started there is found.
const START: &str = "echo $$; exec \"$@\"";

/// Sends a signal to everything in a session; SIGKILL until nothing is left.
const SIGNAL: &str = r#"
signal=$1 leader=$2 passes=0
while :; do
  found=
  for folder in /proc/[0-9]*; do
    { read -r line <"$folder/stat"; } 2>/dev/null || continue
    set -- ${line##*) }
    if [ "$4" = "$leader" ] && [ "$1" != Z ]; then
      found=1
      kill -s "$signal" "${folder#/proc/}" 2>/dev/null
    fi
  done
  passes=$((passes + 1))
  if [ "$signal" != KILL ] || [ -z "$found" ] || [ "$passes" = 100 ]; then exit 0; fi
done
"#;

/// What a job's container has to have, and what is asked of it: whether the
/// folders of this machine are there.
const PROBE: &str = "test -d /__w/_temp/_github_home && echo there";

/// How often a program is looked at whose output does not end.
const LOOK: Duration = Duration::from_millis(500);
/// How long to wait for output that was written before a program's end.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// When a killed program has to be gone.
const GONE: Duration = Duration::from_secs(5);

/// The container that a job's steps run in.
pub(crate) struct JobContainer {
    docker: Docker,
    id: String,
    image: String,
    paths: Paths,
    /// The image's PATH.
    search: String,
    pub(super) node: OnceCell<PathBuf>,
}

impl JobContainer {
    /// Takes a container that was started, if steps can run in it.
    pub(super) async fn probe(
        docker: &Docker,
        id: String,
        image: &str,
        paths: Paths,
    ) -> Result<Self, DockerError> {
        let refused = |reason: String| DockerError::Refused {
            doing: format!("run steps in a container of {image}"),
            reason,
        };
        if !docker.is_running(&id).await? {
            return Err(refused("it ended at once: the image needs a `tail` that waits".into()));
        }
        let search = docker.path(&id).await?;
        let container = Self {
            docker: docker.clone(),
            id,
            image: image.to_owned(),
            paths,
            search,
            node: OnceCell::new(),
        };
        let (code, text) = container.ask(&["sh", "-c", PROBE]).await?;
        match (code, text.trim()) {
            (0, "there") => Ok(container),
            (1, "") => Err(refused(
                "the job's folders are not in it: Docker runs on another machine, or may not see \
                 them"
                    .to_owned(),
            )),
            _ => Err(refused(format!("it has no `sh`: {}", text.trim()))),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn image(&self) -> &str {
        &self.image
    }

    /// What paths are called in it.
    pub(crate) fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The PATH of programs in it.
    pub(crate) fn search(&self) -> &str {
        &self.search
    }

    /// Runs a short program; its code and what it wrote.
    pub(super) async fn ask(&self, command: &[&str]) -> Result<(i64, String), DockerError> {
        let Executing { id, mut output } = self.docker.exec(self.exec(command, None)).await?;
        let mut text = Vec::new();
        while let Some(piece) = output.next().await {
            text.extend_from_slice(&piece?.1);
        }
        let code = self.code(&id).await?;
        Ok((code, String::from_utf8_lossy(&text).into_owned()))
    }

    fn exec<'e>(&'e self, command: &[&str], user: Option<&str>) -> Exec<'e> {
        Exec {
            container: &self.id,
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            env: Vec::new(),
            dir: None,
            user: user.map(str::to_owned),
        }
    }

    /// Runs a step's program until it ends or `stop` is cancelled; then
    /// everything in its session is signalled, and killed in the end. What a
    /// program that ended by itself left running goes on until the job's end.
    pub(crate) async fn run(
        &self,
        program: Program,
        listener: &mut Listener<'_>,
        shared: &Shared,
        stop: &CancellationToken,
    ) -> Result<Ended, DockerError> {
        let way = shared.containers.way(shared).await;
        let limits = shared.message.limits;
        let exec = self.translated(program, way);
        let Executing { id, mut output } = self.docker.exec(exec).await?;
        let mut ladder = Ladder::new(limits);
        let mut session = Session::default();
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                piece = output.next() => match piece {
                    Some(piece) => {
                        let (stream, bytes) = piece?;
                        listener.take(stream, session.after(stream, bytes)).await;
                    }
                    None => break,
                },
                () = stop.cancelled(), if !ladder.begun() => self.climb(&mut ladder, &session).await?,
                () = ladder.due() => self.climb(&mut ladder, &session).await?,
                // What it left running may hold its output open.
                _ = look.tick() => if self.docker.exec_exit(&id).await?.is_some() {
                    while let Ok(Some(piece)) = tokio::time::timeout(LAST_WORDS, output.next()).await {
                        let (stream, bytes) = piece?;
                        listener.take(stream, session.after(stream, bytes)).await;
                    }
                    break;
                },
            }
        }
        listener.finish().await;
        let code = self.code(&id).await?;
        if !ladder.begun() {
            // Nobody asks what of it is left in the container.
            return Ok(Ended::Left(Exit::Code(i32::try_from(code).unwrap_or(i32::MAX))));
        }
        self.signal(&session, "KILL").await?;
        Ok(Ended::Stopped)
    }

    /// How a program ended whose output has.
    async fn code(&self, id: &str) -> Result<i64, DockerError> {
        let mut wait = Duration::from_millis(1);
        loop {
            if let Some(code) = self.docker.exec_exit(id).await? {
                return Ok(code);
            }
            // Docker closes the output before it notes the end, and tells
            // nobody when it does.
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LOOK);
        }
    }

    /// A program with paths and services as they are called in the container.
    fn translated(&self, program: Program, way: Option<&Way>) -> Exec<'_> {
        let there = |text: &OsString| self.paths.there(&text.to_string_lossy());
        let words = std::iter::once(program.program.as_os_str().to_owned()).chain(program.args);
        let start = ["sh", "-c", START, "sh"].map(str::to_owned);
        let command = start.into_iter().chain(words.map(|word| there(&word))).collect();
        let variable = |(name, value): &(OsString, OsString)| {
            let value = there(value);
            let value = way.map_or_else(|| value.clone(), |way| way.there(&value));
            format!("{}={value}", name.to_string_lossy())
        };
        Exec {
            container: &self.id,
            command,
            env: program.env.iter().map(variable).collect(),
            dir: Some(self.paths.there(&program.dir.to_string_lossy())),
            user: None,
        }
    }

    async fn climb(&self, ladder: &mut Ladder, session: &Session) -> Result<(), DockerError> {
        match ladder.next() {
            Rung::Interrupt => self.signal(session, "INT").await?,
            Rung::Terminate => self.signal(session, "TERM").await?,
            Rung::Kill if session.leader.is_some() => {
                ladder.expect_end_in(GONE);
                self.signal(session, "KILL").await?;
            }
            // Nothing else ends it.
            Rung::Kill | Rung::Last => self.docker.kill(&self.id, "KILL").await?,
        }
        ladder.done();
        Ok(())
    }

    async fn signal(&self, session: &Session, signal: &str) -> Result<(), DockerError> {
        let Some(leader) = &session.leader else { return Ok(()) };
        let command = ["sh", "-c", SIGNAL, "sh", signal, leader];
        let Executing { mut output, .. } = self.docker.exec(self.exec(&command, Some("0"))).await?;
        // It ends with its output.
        while output.next().await.is_some() {}
        Ok(())
    }
}

/// What is known of a program's session: its leader's id comes first in its
/// output.
#[derive(Default)]
struct Session {
    leader: Option<String>,
    line: Vec<u8>,
    begun: bool,
}

impl Session {
    /// What the program itself wrote of `bytes`.
    fn after(&mut self, stream: Stream, bytes: Bytes) -> Bytes {
        if self.begun || stream != Stream::Stdout {
            return bytes;
        }
        self.line.extend_from_slice(&bytes);
        let Some(end) = self.line.iter().position(|byte| *byte == b'\n') else {
            return Bytes::new();
        };
        self.begun = true;
        let line = std::mem::take(&mut self.line);
        let (first, rest) = line.split_at(end);
        match std::str::from_utf8(first) {
            Ok(id) if !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()) => {
                self.leader = Some(id.to_owned());
                Bytes::copy_from_slice(&rest[1..])
            }
            // The shell itself was not started; Docker says why.
            _ => Bytes::from(line),
        }
    }
}
