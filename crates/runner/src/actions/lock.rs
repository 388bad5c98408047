//! `.github/actions.lock`: which commit each `uses` is.
//!
//! One line a reference, sorted, so that a change is one line of a diff:
//!
//! ```text
//! # Which commits the actions of this repository's workflows are, those that
//! # composite actions use included. …
//! version 1
//! actions/setup-node@v4 49933ea5288caeca8642d1e84afbd3f7d6820020
//! ```

use std::collections::BTreeMap;
use std::fmt;

use shipway_workflow::model::Uses;
use shipway_workflow::{Diagnostic, Pos, Span};

use super::reference::{ActionRef, Resolved, Revision};

/// Where the file is in a repository.
pub const FILE: &str = ".github/actions.lock";

/// Codes of the problems found here.
pub mod code {
    /// A line that cannot be read.
    pub const SYNTAX: &str = "SW0601";
    /// A reference that is pinned twice.
    pub const DUPLICATE: &str = "SW0602";
    /// A version that this build does not know.
    pub const VERSION: &str = "SW0603";
}

const HEADER: &str = "\
# Which commits the actions of this repository's workflows are, those that
# composite actions use included. `shipway lock` writes this file; with
# `shipway run --locked` nothing runs that is not in it.
version 1
";

/// References and what they are pinned to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    pins: BTreeMap<(String, String), (ActionRef, Revision)>,
}

impl Lock {
    /// Reads the text of a lock file.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the file.
    pub fn read(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut lock = Self::default();
        let (mut problems, mut version, mut at) = (Vec::new(), None, Pos::START);
        for line in text.split_inclusive('\n') {
            let start = at;
            at = at.after(line);
            let line = line.trim_end();
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            let span = Span::new(start, start.after(line));
            let read = match version {
                None => read_version(line, span).map(|()| version = Some(())),
                Some(()) => lock.read_pin(line, span),
            };
            if let Err(problem) = read {
                problems.push(*problem);
                // Without a version nothing else of it can be understood.
                version.get_or_insert(());
            }
        }
        if version.is_none() {
            let message = "the lock file does not begin with `version 1`";
            problems.push(wrong(code::VERSION, Span::at(Pos::START), message));
        }
        if problems.is_empty() { Ok(lock) } else { Err(problems) }
    }

    fn read_pin(&mut self, line: &str, span: Span) -> Result<(), Box<Diagnostic>> {
        let syntax = |message: String| {
            let help = "a line is `owner/name@ref` and a commit; `shipway lock` writes it anew";
            Box::new(wrong(code::SYNTAX, span, message).with_help(help))
        };
        let mut words = line.split_whitespace();
        let (Some(uses), Some(revision), None) = (words.next(), words.next(), words.next()) else {
            return Err(syntax(format!("`{line}` is no pin")));
        };
        let parsed = Uses::parse(uses);
        let action = parsed.as_ref().and_then(ActionRef::of);
        let Some((action, "")) = action else {
            return Err(syntax(format!("`{uses}` is no repository at a ref")));
        };
        let revision = Revision::parse(revision)
            .ok_or_else(|| syntax(format!("`{revision}` is no commit id")))?;
        let key = action.key();
        if self.pins.contains_key(&key) {
            let message = format!("`{action}` is pinned twice");
            return Err(Box::new(wrong(code::DUPLICATE, span, message)));
        }
        self.pins.insert(key, (action, revision));
        Ok(())
    }

    /// What a reference is pinned to.
    pub fn get(&self, action: &ActionRef) -> Option<&Revision> {
        self.pins.get(&action.key()).map(|(_, revision)| revision)
    }

    /// Pins a reference, in place of what it was pinned to.
    pub fn pin(&mut self, resolved: Resolved) {
        self.pins.insert(resolved.action.key(), (resolved.action, resolved.revision));
    }

    /// The pins in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&ActionRef, &Revision)> {
        self.pins.values().map(|(action, revision)| (action, revision))
    }

    /// What is different in `newer`, in the order of the file.
    pub fn changes(&self, newer: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (action, to) in newer.iter() {
            match self.get(action) {
                None => changes.push(Change::Added(action.clone(), to.clone())),
                Some(from) if from != to => {
                    changes.push(Change::Moved(action.clone(), from.clone(), to.clone()));
                }
                Some(_) => {}
            }
        }
        let gone = self.iter().filter(|(action, _)| newer.get(action).is_none());
        changes.extend(gone.map(|(action, from)| Change::Removed(action.clone(), from.clone())));
        changes
    }
}

/// The text of the file.
impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        self.iter().try_for_each(|(action, revision)| writeln!(f, "{action} {revision}"))
    }
}

/// What is different between two lock files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A reference that was not pinned.
    Added(ActionRef, Revision),
    /// A reference that is something else now.
    Moved(ActionRef, Revision, Revision),
    /// A reference that nothing uses any more.
    Removed(ActionRef, Revision),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(action, to) => write!(f, "{action} is {to}"),
            Self::Moved(action, from, to) => write!(f, "{action} moved from {from} to {to}"),
            Self::Removed(action, from) => {
                write!(f, "{action} is not used any more (was {})", from.short())
            }
        }
    }
}

fn read_version(line: &str, span: Span) -> Result<(), Box<Diagnostic>> {
    match line.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["version", "1"] => Ok(()),
        ["version", other] => {
            let message = format!("version {other} of the lock file is not known, only 1 is");
            Err(Box::new(wrong(code::VERSION, span, message)))
        }
        _ => {
            let message = "the lock file does not begin with `version 1`";
            Err(Box::new(wrong(code::VERSION, span, message)))
        }
    }
}

fn wrong(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, FILE, span, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shipway_core::ids::CommitId;

    use super::super::reference::Repository;
    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";
    const B: &str = "2222222222222222222222222222222222222222";

    fn action(text: &str) -> ActionRef {
        ActionRef::of(&Uses::parse(text).unwrap()).unwrap().0
    }

    fn lock(lines: &str) -> Lock {
        Lock::read(&format!("version 1\n{lines}")).unwrap()
    }

    #[test]
    fn it_is_written_sorted_and_read_back() {
        let old = lock(&format!("b/x@v1 {B}\n\n  # why\na/y@release/v2 {A}\r\n"));
        insta::assert_snapshot!(old.to_string(), @r"
        # Which commits the actions of this repository's workflows are, those that
        # composite actions use included. `shipway lock` writes this file; with
        # `shipway run --locked` nothing runs that is not in it.
        version 1
        a/y@release/v2 1111111111111111111111111111111111111111
        b/x@v1 2222222222222222222222222222222222222222
        ");
        assert_eq!(Lock::read(&old.to_string()), Ok(old.clone()));
        // Repositories ignore case, refs do not.
        assert_eq!(old.get(&action("B/X@v1")).unwrap().to_string(), B);
        assert_eq!(old.get(&action("b/x@V1")), None);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let problems = |text: &str| {
            let problems = Lock::read(text).unwrap_err();
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        let text = format!(
            "version 1\na/b@v1 {A}\nA/b@v1 {A}\na/b/sub@v1 {A}\na/b@v2 1234\n<<<<<<< ours\na/b@v3\n"
        );
        insta::assert_snapshot!(problems(&text), @r"
        .github/actions.lock:3:1: error[SW0602]: `A/b@v1` is pinned twice
        .github/actions.lock:4:1: error[SW0601]: `a/b/sub@v1` is no repository at a ref
        .github/actions.lock:5:1: error[SW0601]: `1234` is no commit id
        .github/actions.lock:6:1: error[SW0601]: `<<<<<<<` is no repository at a ref
        .github/actions.lock:7:1: error[SW0601]: `a/b@v3` is no pin
        ");
        insta::assert_snapshot!(problems(""), @".github/actions.lock:1:1: error[SW0603]: the lock file does not begin with `version 1`");
        insta::assert_snapshot!(problems("# x\nversion 2\n"), @".github/actions.lock:2:1: error[SW0603]: version 2 of the lock file is not known, only 1 is");
    }

    #[test]
    fn what_changed_is_told() {
        let old = lock(&format!("a/gone@v1 {A}\na/moved@v1 {A}\na/same@v1 {A}\n"));
        let new = lock(&format!("a/moved@v1 {B}\na/new@v1 {B}\na/same@v1 {A}\n"));
        let told: Vec<String> = old.changes(&new).iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        a/moved@v1 moved from 1111111111111111111111111111111111111111 to 2222222222222222222222222222222222222222
        a/new@v1 is 2222222222222222222222222222222222222222
        a/gone@v1 is not used any more (was 11111111)
        ");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_with_places(text in "[ \\PC\n]{0,200}") {
            if let Err(problems) = Lock::read(&format!("version 1\n{text}")) {
                prop_assert!(!problems.is_empty());
            }
        }

        #[test]
        fn what_is_written_is_read(pins in proptest::collection::vec(
            ("[a-z0-9_-]{1,9}", "[a-z0-9_-]{1,9}", "[a-z0-9_+%#/~]{1,9}x", "[0-9a-f]{40}"), 0..9,
        )) {
            let mut lock = Lock::default();
            for (owner, name, reference, commit) in pins {
                let reference = format!("x{reference}");
                let repository = Repository { owner, name };
                let revision = Revision::Commit(CommitId::new(commit).unwrap());
                lock.pin(Resolved { action: ActionRef { repository, reference }, revision });
            }
            prop_assert_eq!(Lock::read(&lock.to_string()), Ok(lock));
        }
    }
}
