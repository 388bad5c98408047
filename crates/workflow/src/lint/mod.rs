//! What can be known of a file before it runs.
//!
//! A [`Subject`] is a file that was read; [`Subject::check`] finds what is wrong with it. Errors
//! of the reader (which GitHub would refuse, too) keep their codes; everything else is found by
//! the [`Rule`]s of [`rules`]. Nothing is read or run here: other files come from
//! [`Surroundings`], and what shellcheck says about [`Subject::scripts`] is handed in.

mod allow;
mod callee;
mod checking;
pub mod format;
mod known;
mod rule;
mod rules;
mod script;
mod settings;
mod site;
mod surroundings;
mod taint;
mod types;
mod walk;

use std::cell::RefCell;
use std::collections::HashMap;

pub use allow::Ignored;
use checking::{Checking, Content};
pub use rule::Rule;
pub use rules::{all as rules, is_rule};
pub use script::{Script, ScriptProblem, Shell};
pub use settings::Settings;
pub use surroundings::{Found, Nowhere, Surroundings};

use crate::diagnostic::Diagnostic;
use crate::model::{Action, Workflow};
use crate::span::Span;
use crate::yaml;

/// A file that was read, as far as that was possible.
#[derive(Debug)]
pub struct Subject<'a> {
    file: &'a str,
    text: &'a str,
    root: Option<yaml::Node>,
    content: Content,
    problems: Vec<Diagnostic>,
}

/// What was found in one file, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was found.
    pub findings: Vec<Diagnostic>,
    /// What was found, and is ignored with a reason.
    pub ignored: Vec<Ignored>,
}

impl<'a> Subject<'a> {
    /// A workflow. `file` is named in the findings.
    #[must_use]
    pub fn workflow(file: &'a str, text: &'a str) -> Self {
        let (root, problems) = yaml::read(file, text);
        let (read, problems) = Workflow::read_tree(file, text, root.as_ref(), problems);
        let content = read.map_or(Content::Nothing, |read| Content::Workflow(Box::new(read)));
        Self { file, text, root, content, problems }
    }

    /// An action: an `action.yml`.
    #[must_use]
    pub fn action(file: &'a str, text: &'a str) -> Self {
        let (root, problems) = yaml::read(file, text);
        let (read, problems) = Action::read_tree(file, text, root.as_ref(), problems);
        let content = read.map_or(Content::Nothing, |read| Content::Action(Box::new(read)));
        Self { file, text, root, content, problems }
    }

    /// The scripts in it that shellcheck understands.
    #[must_use]
    pub fn scripts(&self) -> Vec<Script<'_>> {
        script::scripts(&self.content, self.text)
    }

    /// Finds what is wrong. `shell` is what shellcheck said about [`Self::scripts`].
    #[must_use]
    pub fn check(
        &self,
        around: &dyn Surroundings,
        settings: &Settings,
        shell: &[ScriptProblem],
    ) -> Report {
        let mut checking = Checking {
            file: self.file,
            source: self.text,
            root: self.root.as_ref(),
            content: &self.content,
            around,
            settings,
            sites: Vec::new(),
            callees: RefCell::new(HashMap::new()),
        };
        checking.sites = walk::sites(&checking);
        let mut found = self.problems.clone();
        for check in rules::CHECKS {
            check(&checking, &mut found);
        }
        found.extend(shell.iter().map(|problem| rules::shellcheck(self.file, problem)));
        self.report(found, settings)
    }

    /// Findings in order, none twice, without those that are ignored.
    fn report(&self, mut found: Vec<Diagnostic>, settings: &Settings) -> Report {
        found.sort_by(|a, b| {
            let key = |d: &Diagnostic| (d.span.start, d.code);
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
        // What stands in an anchor is found once for each alias.
        found.dedup();
        let own: Vec<&'static str> = rules().iter().map(|rule| rule.id).collect();
        let names = allow::Names { is_rule: &is_rule, own: &own, others: &settings.other_rules };
        let (findings, ignored) = allow::apply(self.file, self.text, &names, found);
        Report { findings, ignored }
    }
}

impl Report {
    /// The report of a file that could not be examined at all.
    #[must_use]
    pub fn unreadable(file: &str, why: &str) -> Self {
        let finding = rules::UNREADABLE.at(file, Span::default(), why);
        Self { findings: vec![finding], ignored: Vec::new() }
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

#[cfg(test)]
mod tests;
