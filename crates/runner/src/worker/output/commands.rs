//! Obeying the commands in a step's output.

use std::path::Path;

use super::found::inside;
use super::{Listener, matcher, tag};
use crate::protocol::{Annotation, Event, Level, Stream};
use crate::worker::command::{Command, Line, Place, is_known};
use crate::worker::step_files::is_for_later;

/// As much of a message is in an annotation, in UTF-16 units; the log has all of it.
const MOST_OF_MESSAGE: usize = 4096;

/// A token of more characters than this is masked where it is shown.
const SHORT_TOKEN: usize = 6;

impl Listener<'_> {
    /// Obeys the command in the line `text`; whether it was one: while commands
    /// are paused, none but the token is.
    pub(super) async fn command(&mut self, stream: Stream, text: &str, line: Line) -> bool {
        if let Some(token) = &self.paused {
            if !token.eq_ignore_ascii_case(&line.name) {
                return false;
            }
            self.paused = None;
            self.say(stream, text).await;
            return true;
        }
        let name = line.name.clone();
        let command = match line.command() {
            Ok(command) => command,
            Err(message) => {
                self.fail(stream, text, message).await;
                return true;
            }
        };
        if self.echo {
            match &command {
                Command::Annotate { .. } | Command::Debug(_) => {}
                Command::AddMask(_) => self.say(stream, "::add-mask::***").await,
                _ => self.say(stream, text).await,
            }
        }
        if let Err(message) = self.obey(stream, text, command).await {
            let shown = if name == "add-mask" { &name } else { text };
            self.fail(stream, shown, message).await;
        }
        true
    }

    async fn obey(&mut self, stream: Stream, text: &str, command: Command) -> Result<(), String> {
        match command {
            Command::Annotate { level, place, message } => {
                self.annotate(stream, level, place, &message, &message).await;
            }
            Command::Debug(message) => self.debug(stream, &message).await,
            Command::Group(title) => self.say(stream, &format!("##[group]{title}")).await,
            Command::EndGroup => self.say(stream, "##[endgroup]").await,
            Command::AddMask(value) if value.trim().is_empty() => {
                let message = "add-mask was given nothing to mask";
                self.annotate(stream, Level::Warning, Place::default(), message, message).await;
            }
            Command::AddMask(value) => self.shared.masker.add(&value),
            Command::Stop(token) => self.pause(stream, text, token).await?,
            Command::Echo(on) => self.echo = on,
            Command::SetOutput { name, value } => {
                self.deprecated(stream, "set-output", "$GITHUB_OUTPUT").await;
                self.said.outputs.insert(name, value);
            }
            Command::SaveState { name, value } => {
                self.deprecated(stream, "save-state", "$GITHUB_STATE").await;
                self.said.saved.insert(name, value);
            }
            Command::SetEnv { name, value } => {
                self.allowed("set-env", "$GITHUB_ENV")?;
                if is_for_later(&name) {
                    self.said.env.insert(name, value);
                } else {
                    let message = format!("`{name}` cannot be set by way of `set-env`");
                    self.annotate(stream, Level::Error, Place::default(), &message, &message).await;
                }
            }
            Command::AddPath(folder) => {
                self.allowed("add-path", "$GITHUB_PATH")?;
                if folder.is_empty() {
                    return Err("add-path was given no folder".to_owned());
                }
                self.said.paths.push(folder);
            }
            Command::AddMatcher(file) if file.is_empty() => {
                self.warn(stream, "add-matcher was given no file").await;
            }
            Command::AddMatcher(file) => {
                let found = self.read_matchers(&file)?;
                self.add_matchers(found);
            }
            Command::RemoveMatcher { owner: Some(owner), file: None } => {
                self.remove_matchers(&[owner]);
            }
            Command::RemoveMatcher { owner: None, file: Some(file) } => {
                let found = self.read_matchers(&file)?;
                let owners: Vec<String> = found.into_iter().map(|m| m.owner).collect();
                self.remove_matchers(&owners);
            }
            Command::RemoveMatcher { .. } => {
                self.warn(stream, "remove-matcher takes an `owner` or a file, one of the two")
                    .await;
            }
        }
        Ok(())
    }

    /// Shows `line` and, unless there were too many, notes `message`.
    pub(super) async fn annotate(
        &mut self,
        stream: Stream,
        level: Level,
        place: Place,
        line: &str,
        message: &str,
    ) {
        self.say(stream, &format!("##[{}]{line}", tag(level))).await;
        if level == Level::Error {
            self.error = Some(message.to_owned());
        }
        if !self.may_annotate(level) {
            return;
        }
        let shared = self.shared;
        let mask = |text: String| shared.masker.mask(&text);
        let workspace = &shared.message.folders.workspace;
        let file = place.file.map(|file| self.paths.here(&file));
        let file = file.map(|file| inside(workspace, Path::new(&file)).unwrap_or(file));
        let message = cut(&shared.masker.mask(message));
        let annotation = Annotation {
            file: file.map(mask),
            line: place.line,
            end_line: place.end_line,
            column: place.column,
            end_column: place.end_column,
            title: place.title.map(mask),
            ..Annotation::bare(Some(self.step), level, message)
        };
        shared.reporter.send(Event::Annotation(annotation)).await;
    }

    async fn warn(&mut self, stream: Stream, message: &str) {
        self.annotate(stream, Level::Warning, Place::default(), message, message).await;
    }

    /// Pauses commands until `token` is said. A token that can be guessed would
    /// let any output end the pause.
    async fn pause(&mut self, stream: Stream, text: &str, token: String) -> Result<(), String> {
        let known = is_known(&token) || token.eq_ignore_ascii_case("pause-logging");
        if token.is_empty() || known {
            return Err(format!(
                "`{token}` cannot end a pause: choose a random token for stop-commands that is no \
                 command"
            ));
        }
        if token.chars().count() > SHORT_TOKEN {
            self.shared.masker.add(&token);
        }
        self.say(stream, text).await;
        self.paused = Some(token);
        Ok(())
    }

    fn allowed(&self, name: &str, instead: &str) -> Result<(), String> {
        if self.unsecure {
            return Ok(());
        }
        Err(format!(
            "the `{name}` command is disabled, because whatever a step writes could use it: \
             append to the file that {instead} names (or set ACTIONS_ALLOW_UNSECURE_COMMANDS to \
             `true`, knowing that)"
        ))
    }

    async fn deprecated(&mut self, stream: Stream, name: &str, instead: &str) {
        let message = format!(
            "The `{name}` command is deprecated: append to the file that {instead} names instead."
        );
        self.warn(stream, &message).await;
    }

    async fn fail(&mut self, stream: Stream, text: &str, message: String) {
        let first = format!("Unable to process command '{text}' successfully.");
        for message in [&first, &message] {
            self.annotate(stream, Level::Error, Place::default(), message, message).await;
        }
        self.said.failed.get_or_insert(message);
    }

    fn read_matchers(&self, file: &str) -> Result<Vec<matcher::Matcher>, String> {
        let path = self.shared.message.folders.workspace.join(self.paths.here(file));
        let json = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        matcher::read(&json).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// For this step and those after it; what was added last looks first. As on GitHub, those of
    /// one file look from the last to the first in this step, and the other way in later ones.
    fn add_matchers(&mut self, found: Vec<matcher::Matcher>) {
        let owners: Vec<String> = found.iter().map(|matcher| matcher.owner.clone()).collect();
        self.remove_matchers(&owners);
        for channel in [&mut self.stdout, &mut self.stderr] {
            channel.matchers.splice(0..0, found.iter().rev().cloned());
        }
        self.shared.matchers().splice(0..0, found);
    }

    fn remove_matchers(&mut self, owners: &[String]) {
        self.each_matchers(|matchers| {
            matchers.retain(|known| !owners.iter().any(|owner| known.is_of(owner)));
        });
    }

    fn each_matchers(&mut self, change: impl Fn(&mut Vec<matcher::Matcher>)) {
        change(&mut self.stdout.matchers);
        change(&mut self.stderr.matchers);
        change(&mut self.shared.matchers());
    }
}

/// A message as far as GitHub keeps it.
fn cut(message: &str) -> String {
    let mut left = MOST_OF_MESSAGE;
    let fits = |c: &char| {
        let units = c.len_utf16();
        let fits = units <= left;
        left = if fits { left - units } else { 0 };
        fits
    };
    message.chars().take_while(fits).collect()
}
