//! What a step's program writes: lines, commands among them, masked.

use indexmap::IndexMap;

use crate::protocol::{Annotation, Chunk, Event, Level, StepIndex, Stream};
use crate::worker::command::{Command, resumes};
use crate::worker::mask::MaskedStream;
use crate::worker::shared::Shared;

/// A line longer than this is passed on in pieces.
const LONG_LINE: usize = 64 << 10;

/// A line that may be a command is kept whole up to here.
const LONG_COMMAND: usize = 1 << 20;

/// Listens to one step: understands its commands and reports the rest.
pub(crate) struct Listener<'s> {
    shared: &'s Shared,
    step: StepIndex,
    stdout: Channel,
    stderr: Channel,
    /// The token for which commands are paused.
    paused: Option<String>,
    echo: bool,
    /// `::set-output::`
    pub(crate) outputs: IndexMap<String, String>,
    /// A command failed, and so does the step.
    pub(crate) failed: Option<String>,
}

/// What is kept of one of the two streams.
#[derive(Default)]
struct Channel {
    /// The beginning of a line.
    line: Vec<u8>,
    /// The line was too long: the rest of it is no command.
    in_long_line: bool,
    masked: MaskedStream,
    ready: Vec<u8>,
}

impl<'s> Listener<'s> {
    pub(crate) fn new(shared: &'s Shared, step: StepIndex) -> Self {
        Self {
            shared,
            step,
            stdout: Channel::default(),
            stderr: Channel::default(),
            paused: None,
            echo: false,
            outputs: IndexMap::new(),
            failed: None,
        }
    }

    /// Takes what was read from a stream.
    pub(crate) async fn take(&mut self, stream: Stream, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end + 1);
            rest = after;
            let channel = self.channel(stream);
            if channel.in_long_line || channel.line.is_empty() && !may_be_command(line) {
                channel.in_long_line = false;
                self.pass(stream, line);
                continue;
            }
            channel.line.extend_from_slice(line);
            let line = std::mem::take(&mut channel.line);
            self.line(stream, &line).await;
        }
        self.begin_line(stream, rest);
        self.flush(stream).await;
    }

    /// Nothing more comes: what was held back is reported.
    pub(crate) async fn finish(&mut self) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let line = std::mem::take(&mut self.channel(stream).line);
            if !line.is_empty() {
                self.line(stream, &line).await;
            }
            let masker = self.shared.masker.clone();
            let channel = self.channel(stream);
            channel.masked.finish(&masker, &mut channel.ready);
            self.flush(stream).await;
        }
    }

    fn channel(&mut self, stream: Stream) -> &mut Channel {
        if stream == Stream::Stderr { &mut self.stderr } else { &mut self.stdout }
    }

    fn begin_line(&mut self, stream: Stream, bytes: &[u8]) {
        let channel = self.channel(stream);
        if channel.in_long_line {
            return self.pass(stream, bytes);
        }
        channel.line.extend_from_slice(bytes);
        let most = if may_be_command(&channel.line) { LONG_COMMAND } else { LONG_LINE };
        if channel.line.len() > most {
            channel.in_long_line = true;
            let line = std::mem::take(&mut channel.line);
            self.pass(stream, &line);
        }
    }

    /// Output that is no command.
    fn pass(&mut self, stream: Stream, bytes: &[u8]) {
        let masker = self.shared.masker.clone();
        let channel = self.channel(stream);
        channel.masked.push(&masker, bytes, &mut channel.ready);
    }

    async fn flush(&mut self, stream: Stream) {
        let ready = std::mem::take(&mut self.channel(stream).ready);
        if !ready.is_empty() {
            let (step, data) = (Some(self.step), Chunk::new(ready));
            self.shared.reporter.send(Event::Output { step, stream, data }).await;
        }
    }

    /// A whole line that may be a command.
    async fn line(&mut self, stream: Stream, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\r', '\n']);
        if let Some(token) = &self.paused {
            if resumes(text, token) {
                self.paused = None;
            }
            return self.pass(stream, line);
        }
        let Some(command) = Command::parse(text) else { return self.pass(stream, line) };
        if self.echo && !matches!(command, Command::AddMask(_)) {
            self.pass(stream, line);
        }
        // So that what was written before a message is shown before it.
        self.flush(stream).await;
        self.obey(command).await;
    }

    async fn obey(&mut self, command: Command) {
        let (shared, step) = (self.shared, Some(self.step));
        match command {
            Command::Annotate { level, place, message } => {
                self.say_tagged(level, &message).await;
                let mask = |text: String| shared.masker.mask(&text);
                let annotation = Annotation {
                    file: place.file.map(mask),
                    line: place.line,
                    end_line: place.end_line,
                    column: place.column,
                    end_column: place.end_column,
                    title: place.title.map(mask),
                    ..Annotation::bare(step, level, mask(message))
                };
                shared.reporter.send(Event::Annotation(annotation)).await;
            }
            Command::Debug(text) if shared.debug => {
                shared.reporter.say(step, &format!("##[debug]{text}")).await;
            }
            Command::Debug(_) => {}
            Command::Group(title) => shared.reporter.say(step, &format!("##[group]{title}")).await,
            Command::EndGroup => shared.reporter.say(step, "##[endgroup]").await,
            Command::AddMask(value) if value.trim().is_empty() => {
                let message = "Can't add secret mask for empty string in ##[add-mask] command.";
                shared.reporter.annotate(step, Level::Warning, message).await;
            }
            Command::AddMask(value) => shared.masker.add(&value),
            Command::Stop(token) => self.pause(token).await,
            Command::Echo(on) => self.echo = on,
            Command::SetOutput { name, value } => {
                self.outputs.insert(name, value);
                self.deprecated("set-output").await;
            }
            Command::SaveState => self.deprecated("save-state").await,
            Command::Disabled { name } => {
                let message = format!(
                    "The `{name}` command is disabled. Please use environment files: append to \
                     the file that $GITHUB_ENV or $GITHUB_PATH names."
                );
                self.fail(message).await;
            }
            Command::Matcher => {
                let note =
                    "##[debug]problem matchers are not supported yet; the command is ignored";
                shared.reporter.say(step, note).await;
            }
            Command::Wrong(message) => self.fail(message).await,
        }
    }

    async fn say_tagged(&self, level: Level, message: &str) {
        let tag = match level {
            Level::Notice => "notice",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        self.shared.reporter.say(Some(self.step), &format!("##[{tag}]{message}")).await;
    }

    /// A guessable token would let any output end the pause.
    async fn pause(&mut self, token: String) {
        let known = Command::parse(&format!("::{token}::")).is_some();
        if token.is_empty() || known || token.eq_ignore_ascii_case("pause-logging") {
            let message = format!(
                "Invalid token '{token}' for stop-commands: choose a random one that is no command"
            );
            return self.fail(message).await;
        }
        self.paused = Some(token);
    }

    async fn deprecated(&self, name: &str) {
        let message = format!(
            "The `{name}` command is deprecated and will be disabled soon. Please upgrade to \
             using Environment Files."
        );
        self.shared.reporter.annotate(Some(self.step), Level::Warning, &message).await;
    }

    async fn fail(&mut self, message: String) {
        self.shared.reporter.annotate(Some(self.step), Level::Error, &message).await;
        self.failed.get_or_insert(message);
    }
}

/// Whether a line, or its beginning, can be a command.
fn may_be_command(line: &[u8]) -> bool {
    let start = line.trim_ascii_start();
    start.is_empty() || start == b":" || start.starts_with(b"::")
}
