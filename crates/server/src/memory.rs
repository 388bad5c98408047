//! Answers that depend on nothing but their questions, kept from one command to
//! the next: to read two hundred workflows takes longer than to see that none of
//! them has changed. Without it everything is the same, only slower.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

use serde::Serialize;
use serde::de::DeserializeOwned;
use shipway_core::digest::Digest;

/// What was not asked for this time is kept as long as there is room: to read it takes
/// time, too.
const ROOM: usize = 1 << 20;

/// What is remembered: answers in JSON by their questions' digests.
#[derive(Debug, Default)]
pub struct Memory {
    /// Where it is kept; nothing is without.
    file: Option<PathBuf>,
    known: HashMap<String, String>,
    /// What was asked for or learned this time.
    used: Mutex<HashMap<String, String>>,
}

/// A question, by its digest; there is none where nothing is remembered.
#[derive(Debug, Clone)]
pub struct Question(Option<String>);

impl Memory {
    /// What is in `file`. A file that is not there, was written by another build or
    /// cannot be understood has no answers.
    #[must_use]
    pub fn open(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap_or_default();
        let mut lines = text.lines();
        let ours = lines.next().is_some_and(|first| program().is_ok_and(|own| first == own));
        let answers = lines.filter(|_| ours).filter_map(|line| line.split_once(' '));
        let known = answers.map(|(of, answer)| (of.to_owned(), answer.to_owned())).collect();
        Self { file: Some(file.to_owned()), known, used: Mutex::default() }
    }

    /// One that remembers nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A question of a kind, by everything that its answer depends on but this
    /// program.
    pub fn question(&self, kind: &str, on: &impl Serialize) -> Question {
        let asked = self.file.as_ref().and_then(|_| Digest::of_json(&(kind, on)).ok());
        Question(asked.map(|digest| digest.hex()))
    }

    /// The same about part of something larger, which is a question as well.
    pub fn question_of(&self, larger: &Question, kind: &str, on: &impl Serialize) -> Question {
        match &larger.0 {
            Some(larger) => self.question(kind, &(larger, on)),
            None => Question(None),
        }
    }

    /// The answer that was learned.
    #[must_use]
    pub fn recall<T: DeserializeOwned>(&self, question: &Question) -> Option<T> {
        let question = question.0.as_ref()?;
        let answer = self.known.get(question)?;
        let told = serde_json::from_str(answer).ok()?;
        self.note(question, answer.clone());
        Some(told)
    }

    /// Learns an answer.
    pub fn learn(&self, question: &Question, answer: &impl Serialize) {
        if let Some(question) = &question.0
            && let Ok(answer) = serde_json::to_string(answer)
        {
            self.note(question, answer);
        }
    }

    fn note(&self, question: &str, answer: String) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.insert(question.to_owned(), answer);
    }

    /// Keeps what was learned for the next time.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(self) -> io::Result<()> {
        let Some(file) = self.file else { return Ok(()) };
        let used = self.used.into_inner().unwrap_or_else(PoisonError::into_inner);
        if used.iter().all(|(question, answer)| self.known.get(question) == Some(answer)) {
            return Ok(());
        }
        let mut text = program()?;
        text.push('\n');
        let others = self.known.iter().filter(|(question, _)| !used.contains_key(*question));
        for (at, (question, answer)) in used.iter().chain(others).enumerate() {
            if at >= used.len() && text.len() + answer.len() > ROOM {
                break;
            }
            writeln!(text, "{question} {answer}").map_err(io::Error::other)?;
        }
        // Whole or not at all, whoever reads it meanwhile.
        let folder = file.parent().unwrap_or_else(|| Path::new("."));
        let mut whole = tempfile::NamedTempFile::new_in(folder)?;
        whole.write_all(text.as_bytes())?;
        whole.persist(&file)?;
        Ok(())
    }
}

/// Which build this is: another one may answer otherwise.
fn program() -> io::Result<String> {
    let metadata = fs::metadata(env::current_exe()?)?;
    let since = metadata.modified()?.duration_since(std::time::UNIX_EPOCH);
    let modified = since.map_err(io::Error::other)?.as_nanos();
    Ok(format!("{} {} {modified}", env!("CARGO_PKG_VERSION"), metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(memory: &Memory, question: &str) -> Option<String> {
        memory.recall(&memory.question("q", &question))
    }

    fn learned(file: &Path, answers: &[(&str, &str)]) {
        let memory = Memory::open(file);
        for (question, answer) in answers {
            memory.learn(&memory.question("q", question), answer);
        }
        memory.keep().unwrap();
    }

    #[test]
    fn what_was_learned_is_known_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("memory");
        learned(&file, &[("one", "a\nb"), ("two", "c")]);
        learned(&file, &[("three", "d")]);
        let memory = Memory::open(&file);
        assert_eq!(ask(&memory, "one").as_deref(), Some("a\nb"));
        assert_eq!(ask(&memory, "three").as_deref(), Some("d"));
        assert_eq!(ask(&memory, "four"), None);
        let of_another_kind = memory.question("other", &"one");
        assert_eq!(memory.recall::<String>(&of_another_kind), None);
    }

    #[test]
    fn what_another_build_or_nobody_wrote_is_not_known() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("memory");
        learned(&file, &[("one", "a")]);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replacen(' ', " 1", 1)).unwrap();
        assert_eq!(ask(&Memory::open(&file), "one"), None);
        fs::write(&file, &text[..text.len() - 3]).unwrap();
        assert_eq!(ask(&Memory::open(&file), "one"), None);
        fs::write(&file, b"\xff\x00 ").unwrap();
        assert_eq!(ask(&Memory::open(&file), "one"), None);
        learned(&file, &[("one", "b")]);
        assert_eq!(ask(&Memory::open(&file), "one").as_deref(), Some("b"));
    }

    #[test]
    fn what_is_not_asked_for_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("memory");
        learned(&file, &[("large", &"x".repeat(ROOM))]);
        assert!(ask(&Memory::open(&file), "large").is_some());
        learned(&file, &[("small", "a")]);
        assert_eq!(ask(&Memory::open(&file), "large"), None);
        assert_eq!(ask(&Memory::open(&file), "small").as_deref(), Some("a"));
    }

    #[test]
    fn none_remembers_nothing() {
        let memory = Memory::none();
        memory.learn(&memory.question("q", &"one"), &"a");
        assert_eq!(ask(&memory, "one"), None);
        memory.keep().unwrap();
    }
}
