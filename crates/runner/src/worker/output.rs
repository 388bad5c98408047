//! What a step's program writes: lines, commands among them, masked.

mod commands;
mod found;
mod marks;
mod matcher;

use bytes::Bytes;
use indexmap::IndexMap;

use crate::protocol::{Chunk, Event, Level, StepIndex, Stream};
use crate::worker::command::{Line, is_known, may_be_command};
use crate::worker::container::Paths;
use crate::worker::mask::MaskedStream;
use crate::worker::shared::Shared;

pub(crate) use matcher::Matcher;

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
    /// Commands are shown.
    echo: bool,
    /// What the step calls folders of this machine.
    pub(crate) paths: Paths,
    /// `ACTIONS_ALLOW_UNSECURE_COMMANDS` is `true` for the step.
    unsecure: bool,
    /// How many annotations of each level there were.
    annotated: [usize; 3],
    /// What the commands said.
    pub(crate) said: Said,
    /// The last error that the step itself told.
    pub(crate) error: Option<String>,
    /// Where pieces are packed.
    room: Vec<u8>,
}

/// What a step's commands said to the job.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// `::set-output::`
    pub(crate) outputs: IndexMap<String, String>,
    /// `::save-state::`
    pub(crate) saved: IndexMap<String, String>,
    /// `::set-env::`
    pub(crate) env: IndexMap<String, String>,
    /// `::add-path::`
    pub(crate) paths: Vec<String>,
    /// A command failed, and so does the step. An annotation says so.
    pub(crate) failed: Option<String>,
}

/// What is kept of one of the two streams.
#[derive(Default)]
struct Channel {
    /// The beginning of a line.
    line: Vec<u8>,
    /// The line was too long: the rest of it is no command.
    in_long_line: bool,
    /// What was passed on last does not end with a line feed.
    mid_line: bool,
    masked: MaskedStream,
    ready: Vec<Bytes>,
    /// The job's problem matchers, and where they are in this stream.
    matchers: Vec<Matcher>,
}

impl<'s> Listener<'s> {
    /// Listens to `step`; `unsecure`: its environment allows commands that are
    /// disabled otherwise.
    pub(crate) fn new(shared: &'s Shared, step: StepIndex, unsecure: bool) -> Self {
        let channel = || Channel { matchers: shared.matchers().clone(), ..Channel::default() };
        Self {
            shared,
            step,
            stdout: channel(),
            stderr: channel(),
            paused: None,
            echo: shared.debug,
            paths: Paths::default(),
            unsecure,
            annotated: [0; 3],
            said: Said::default(),
            error: None,
            room: Vec::new(),
        }
    }

    /// Takes what was read from a stream.
    pub(crate) async fn take(&mut self, stream: Stream, mut bytes: Bytes) {
        while !bytes.is_empty() {
            let plain = self.plain(stream, &bytes);
            if plain > 0 {
                self.pass(stream, bytes.split_to(plain));
                continue;
            }
            let channel = self.channel(stream);
            let Some(end) = line_end(&channel.line, &bytes) else {
                self.begin_line(stream, bytes);
                break;
            };
            let line = bytes.split_to(end);
            if channel.in_long_line {
                channel.in_long_line = false;
                self.pass(stream, line);
            } else if channel.line.is_empty() {
                self.line(stream, line).await;
            } else {
                channel.line.extend_from_slice(&line);
                let line = std::mem::take(&mut channel.line);
                self.line(stream, line.into()).await;
            }
        }
        self.flush(stream).await;
    }

    /// How many of the first bytes are whole lines that nobody looks at: the
    /// quick way for the mass of output.
    fn plain(&mut self, stream: Stream, bytes: &[u8]) -> usize {
        let channel = self.channel(stream);
        let looked_at = channel.in_long_line || !channel.line.is_empty();
        if looked_at || !channel.matchers.is_empty() {
            return 0;
        }
        let upto = marks::first(bytes).unwrap_or(bytes.len());
        memchr::memrchr2(b'\n', b'\r', &bytes[..upto]).map_or(0, |end| end + 1)
    }

    /// Nothing more comes: what was held back is reported.
    pub(crate) async fn finish(&mut self) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let line = std::mem::take(&mut self.channel(stream).line);
            if !line.is_empty() {
                self.line(stream, line.into()).await;
            }
            let masker = &self.shared.masker;
            let channel =
                if stream == Stream::Stderr { &mut self.stderr } else { &mut self.stdout };
            channel.masked.finish_into(masker, &mut channel.ready);
            self.flush(stream).await;
        }
    }

    fn channel(&mut self, stream: Stream) -> &mut Channel {
        if stream == Stream::Stderr { &mut self.stderr } else { &mut self.stdout }
    }

    fn begin_line(&mut self, stream: Stream, mut bytes: Bytes) {
        let channel = self.channel(stream);
        if !channel.in_long_line {
            channel.line.extend_from_slice(&bytes);
            let most = if may_be_command(&channel.line) { LONG_COMMAND } else { LONG_LINE };
            if channel.line.len() <= most {
                return;
            }
            bytes = std::mem::take(&mut channel.line).into();
        }
        channel.in_long_line = bytes.last() != Some(&b'\r');
        self.pass(stream, bytes);
    }

    /// Output that is no command.
    fn pass(&mut self, stream: Stream, bytes: Bytes) {
        let masker = &self.shared.masker;
        let channel = if stream == Stream::Stderr { &mut self.stderr } else { &mut self.stdout };
        channel.mid_line = bytes.last() != Some(&b'\n');
        channel.masked.take(masker, bytes, &mut channel.ready);
    }

    async fn flush(&mut self, stream: Stream) {
        let ready = std::mem::take(&mut self.channel(stream).ready);
        let piece: Bytes = match &ready[..] {
            [] => return,
            [piece] => piece.clone(),
            // Lines that were looked at one by one are one piece again.
            lines => lines.concat().into(),
        };
        drop(ready);
        let (step, data) = (Some(self.step), Chunk::pack(piece, &mut self.room));
        self.shared.reporter.send(Event::Output { step, stream, data }).await;
    }

    /// A whole line.
    async fn line(&mut self, stream: Stream, line: Bytes) {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        if may_be_command(text.as_bytes())
            && let Some(command) = self.command_in(text)
            && self.command(stream, text, command).await
        {
            return;
        }
        // Commands that are paused are output like any other.
        if !self.channel(stream).matchers.is_empty() && self.matched(stream, text).await {
            return;
        }
        self.pass(stream, line);
    }

    /// The command in a line. While commands are paused, the token is one, too.
    fn command_in(&self, text: &str) -> Option<Line> {
        let token = self.paused.as_deref();
        Line::parse(text, |name| {
            is_known(name) || token.is_some_and(|token| token.eq_ignore_ascii_case(name))
        })
    }

    /// A message of the worker about the step, behind what the step wrote: not over a line that
    /// ended with a carriage return alone.
    async fn say(&mut self, stream: Stream, text: &str) {
        if self.channel(stream).mid_line {
            self.pass(stream, Bytes::from_static(b"\n"));
        }
        self.flush(stream).await;
        self.shared.reporter.say(Some(self.step), text).await;
    }

    async fn debug(&mut self, stream: Stream, text: &str) {
        if self.shared.debug {
            self.say(stream, &format!("##[debug]{text}")).await;
        }
    }

    /// Whether a step may have one more annotation: GitHub shows ten of each
    /// level. What comes after them is in the output alone.
    fn may_annotate(&mut self, level: Level) -> bool {
        let count = match level {
            Level::Notice => &mut self.annotated[0],
            Level::Warning => &mut self.annotated[1],
            Level::Error => &mut self.annotated[2],
        };
        *count += 1;
        *count <= MOST_ANNOTATIONS
    }
}

/// Behind the end of the line that `begun` begins and `rest` goes on with: a line feed, a carriage
/// return, or both, as for GitHub's runner. A line feed may yet follow a carriage return at the end.
fn line_end(begun: &[u8], rest: &[u8]) -> Option<usize> {
    if begun.last() == Some(&b'\r') {
        return Some(usize::from(rest.first() == Some(&b'\n')));
    }
    let end = memchr::memchr2(b'\n', b'\r', rest)?;
    match (rest[end], rest.get(end + 1)) {
        (b'\r', None) => None,
        (b'\r', Some(b'\n')) => Some(end + 2),
        _ => Some(end + 1),
    }
}

/// "Workflow commands": ten warnings, ten errors and ten notices of a step.
const MOST_ANNOTATIONS: usize = 10;

/// How a level is written in output.
fn tag(level: Level) -> &'static str {
    match level {
        Level::Notice => "notice",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}
