//! Objects of a repository, by one `git cat-file --batch` that stays: to start
//! a process for each question costs more than the answer.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::{GitError, Repository, command, not_understood};
use crate::parallel;

/// From so many on, processes of their own are worth it: such that need not answer
/// each question before they hear the next.
const MANY: usize = 20;

/// The process, once it was needed; clones of a repository share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Objects(Arc<Mutex<Option<Batch>>>);

/// What git has under a name.
pub(super) struct Object {
    /// Its id, in hexadecimal digits.
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) content: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Blob,
    Tree,
    Commit,
    Tag,
}

impl Repository {
    /// What `name` (an id, a ref, `commit:path`, …) means; `None` where git has
    /// nothing of that name, or several things.
    pub(super) fn object(&self, name: &str) -> Result<Option<Object>, GitError> {
        // It is one question a line.
        if name.contains('\n') {
            return Ok(None);
        }
        Ok(self.objects(&[name])?.pop().flatten())
    }

    /// The objects of these ids, in their order.
    pub(super) fn objects(&self, ids: &[&str]) -> Result<Vec<Option<Object>>, GitError> {
        if ids.len() >= MANY {
            return self.many(ids);
        }
        let mut batch = self.objects.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = match &mut *batch {
            Some(batch) if batch.questions.is_some() => batch.ask(ids),
            none => none.insert(Batch::start(&self.root, &[])?).ask(ids),
        };
        if asked.is_err() {
            // It may stand in the middle of an answer.
            *batch = None;
        }
        asked
    }

    /// Nothing is asked for a while: the process ends meanwhile, and another one
    /// answers what is asked then.
    pub fn rest(&self) {
        let mut batch = self.objects.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(batch) = &mut *batch {
            batch.end();
        }
    }

    /// The same, with a process for each processor.
    fn many(&self, ids: &[&str]) -> Result<Vec<Option<Object>>, GitError> {
        let share = ids.len().div_ceil(parallel::processors().unwrap_or(1)).max(MANY);
        let shares: Vec<&[&str]> = ids.chunks(share).collect();
        let ask = |ids: &&[&str]| Batch::start(&self.root, &["--buffer"])?.ask_and_end(ids);
        let found = parallel::map(&shares, ask);
        Ok(found.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}

#[derive(Debug)]
struct Batch {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    complaints: File,
}

impl Batch {
    #[expect(
        clippy::disallowed_methods,
        reason = "it ends with its stdin, which closes however this process ends"
    )]
    fn start(root: &Path, options: &[&str]) -> Result<Self, GitError> {
        let complaints = tempfile::tempfile().map_err(GitError::NoGit)?;
        let stderr = complaints.try_clone().map_err(GitError::NoGit)?;
        let mut command = command(root);
        command.args(["cat-file", "--batch"]).args(options);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().map_err(GitError::NoGit)?;
        let absent = || GitError::NoGit(io::Error::other("a pipe to it is missing"));
        let questions = child.stdin.take();
        let answers = BufReader::with_capacity(64 << 10, child.stdout.take().ok_or_else(absent)?);
        Ok(Self { child, questions, answers, complaints })
    }

    /// Their ids fit into a pipe, so that git may answer before it has heard all of
    /// them.
    fn ask(&mut self, names: &[&str]) -> Result<Vec<Option<Object>>, GitError> {
        let told = self.questions.as_mut().map(|ask| ask.write_all(&questions(names)));
        if let Some(Err(error)) = told {
            return Err(self.gone(&error));
        }
        names.iter().map(|name| self.answer(name)).collect()
    }

    fn ask_and_end(mut self, names: &[&str]) -> Result<Vec<Option<Object>>, GitError> {
        let ask = self.questions.take();
        thread::scope(|scope| {
            // If nobody listens, nobody answers either, which is told below.
            scope.spawn(move || ask.map(|mut ask| ask.write_all(&questions(names))));
            let answers = names.iter().map(|name| self.answer(name)).collect();
            // Who still asks is not waited for when an answer was not understood.
            drop(self);
            answers
        })
    }

    /// `<id> <kind> <size>`, the content and a line feed; or `<name> missing`.
    fn answer(&mut self, name: &str) -> Result<Option<Object>, GitError> {
        let mut head = Vec::new();
        match self.answers.read_until(b'\n', &mut head) {
            Ok(0) => return Err(self.gone(&io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => {}
            Err(error) => return Err(self.gone(&error)),
        }
        let head = String::from_utf8_lossy(&head).trim_end().to_owned();
        if [" missing", " ambiguous"].iter().any(|end| head.strip_suffix(end) == Some(name)) {
            return Ok(None);
        }
        let odd = || not_understood("cat-file", &head);
        let mut words = head.split(' ');
        let (Some(id), Some(kind), Some(size)) = (words.next(), words.next(), words.next()) else {
            return Err(odd());
        };
        let kind = match kind {
            "blob" => Kind::Blob,
            "tree" => Kind::Tree,
            "commit" => Kind::Commit,
            "tag" => Kind::Tag,
            _ => return Err(odd()),
        };
        let size: usize = size.parse().map_err(|_| odd())?;
        let mut content = Vec::with_capacity(size + 1);
        let read = self.answers.by_ref().take(size as u64 + 1).read_to_end(&mut content);
        match read {
            Ok(count) if count == size + 1 => content.truncate(size),
            Ok(_) => return Err(self.gone(&io::ErrorKind::UnexpectedEof.into())),
            Err(error) => return Err(self.gone(&error)),
        }
        Ok(Some(Object { id: id.to_owned(), kind, content }))
    }

    /// Nobody can ask any more.
    fn end(&mut self) {
        self.questions = None;
        if let Err(error) = self.child.kill() {
            tracing::debug!(%error, "git cat-file ends by itself");
        }
    }

    /// It has ended: what it said about it.
    fn gone(&mut self, error: &io::Error) -> GitError {
        self.questions = None;
        let code = self.child.wait().ok().and_then(|status| status.code());
        let mut stderr = String::new();
        let told = self.complaints.rewind();
        let told = told.and_then(|()| self.complaints.read_to_string(&mut stderr));
        if told.is_err() || stderr.trim().is_empty() {
            stderr = error.to_string();
        }
        let (command, stderr) = ("cat-file --batch".to_owned(), stderr.trim_end().to_owned());
        GitError::Failed { command, code, stderr }
    }
}

fn questions(names: &[&str]) -> Vec<u8> {
    names.iter().flat_map(|name| [*name, "\n"]).collect::<String>().into_bytes()
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.end();
        if let Err(error) = self.child.wait() {
            tracing::debug!(%error, "git cat-file is not waited for");
        }
    }
}
