//! Vulnerabilities as findings: what is there, and what to do.

use std::borrow::Cow;

use super::{Audit, Subject, Vulnerability};
use crate::finding::{Finding, Fingerprint, Severity, Span};
use crate::rule::{Rule, RuleId};

/// The rules of audits.
pub mod rules {
    use crate::finding::Severity::{Critical, High, Low, Medium};
    use crate::rule::Rule;

    /// A package has a known vulnerability. A finding has the severity of its advisory.
    pub const VULNERABILITY: Rule = Rule::new(
        "vulnerability",
        High,
        "a package has a known vulnerability",
        "What is known to everyone is used by someone.",
        "update the package, or waive the advisory with owner, reason and expiry",
    );
    /// A vulnerability is there longer than the policy gives.
    pub const OVERDUE: Rule = Rule::new(
        "vulnerability-overdue",
        Critical,
        "a known vulnerability should have been mended by now",
        "The time that the policy gives for a vulnerability of its severity is over.",
        "update the package, or waive the advisory with owner, reason and expiry",
    );
    /// Something could not be audited.
    pub const NOT_AUDITED: Rule = Rule::new(
        "not-audited",
        High,
        "a package could not be audited",
        "What nobody looked at is not known to be without vulnerabilities.",
        "see what the scanner says of it, mend that and run it again",
    );
    /// A package is unsound.
    pub const UNSOUND: Rule = Rule::new(
        "dependency-unsound",
        Medium,
        "a package can break the guarantees of its language",
        "An advisory says that safe code can do with it what only unsafe code should.",
        "update or replace the package",
    );
    /// Nobody maintains a package.
    pub const UNMAINTAINED: Rule = Rule::new(
        "dependency-unmaintained",
        Low,
        "nobody maintains a package",
        "The next vulnerability in it will not be mended.",
        "replace the package",
    );
    /// A version of a package was taken back.
    pub const YANKED: Rule = Rule::new(
        "dependency-yanked",
        Low,
        "the version of a package was taken back",
        "Its authors say that it should not be used.",
        "update the package",
    );
    /// Something worth knowing about a package.
    pub const NOTICE: Rule = Rule::new(
        "dependency-notice",
        Low,
        "an advisory is worth knowing",
        "",
        "read the advisory",
    );
    /// A scanner was told to leave out vulnerabilities.
    pub const LEFT_OUT: Rule = Rule::new(
        "vulnerability-left-out",
        Low,
        "a scanner leaves out vulnerabilities by rules of its own",
        "What its own configuration hides, nobody answers for here.",
        "waive it instead, with owner, reason and expiry",
    );
    /// A waiver is over.
    pub const WAIVER_EXPIRED: Rule = Rule::new(
        "waiver-expired",
        High,
        "a waiver is over",
        "A waiver is for a time; what it covered counts again.",
        "mend what it covered and delete it, or have its owner renew it",
    );
    /// A waiver covers nothing.
    pub const WAIVER_UNUSED: Rule = Rule::new(
        "waiver-unused",
        Low,
        "a waiver covers nothing",
        "What it was for is gone; it would cover what comes back unseen.",
        "delete it",
    );

    /// All of them.
    pub const ALL: &[&Rule] = &[
        &VULNERABILITY,
        &OVERDUE,
        &NOT_AUDITED,
        &UNSOUND,
        &UNMAINTAINED,
        &YANKED,
        &NOTICE,
        &LEFT_OUT,
        &WAIVER_EXPIRED,
        &WAIVER_UNUSED,
    ];
}

impl Audit {
    /// All of it as findings of `file`, the report.
    #[must_use]
    pub fn findings(&self, file: &str) -> Vec<Finding> {
        let found = self.found.iter().map(|of| of.finding(file, &self.subject));
        found.chain(self.also.iter().cloned()).collect()
    }
}

impl Vulnerability {
    /// As a finding of `file`, the report. One that nobody rates could be of any severity: it is
    /// undecided.
    #[must_use]
    pub fn finding(&self, file: &str, subject: &Subject) -> Finding {
        self.finding_of(&rules::VULNERABILITY, file, subject)
    }

    pub(super) fn finding_of(&self, rule: &Rule, file: &str, subject: &Subject) -> Finding {
        let Self { package, advisory, aliases, title, .. } = self;
        let is_own = *rule == rules::VULNERABILITY;
        let mut said = match self.versions.as_slice() {
            [] => format!("{package}: {advisory}"),
            versions => format!("{package} {}: {advisory}", versions.join(", ")),
        };
        if !aliases.is_empty() {
            said.push_str(&format!(" ({})", aliases.join(", ")));
        }
        if !title.is_empty() {
            said.push_str(&format!(": {}", crate::reports::shortened(title.trim_end_matches('.'))));
        }
        if self.severity.is_none() && is_own {
            said.push_str("; nobody says how bad it is");
        }
        if let Some(note) = self.note.as_ref().filter(|_| is_own) {
            said.push_str(&format!("; the report says {note}"));
        }
        let mut finding = Finding::new(rule, file, Span::FILE, said);
        let image = match subject {
            Subject::Dependencies => "",
            Subject::Image(image) => image,
        };
        // The names of an advisory vary with the scanner; the least of them does so least.
        let name = self.names().min().unwrap_or_default();
        let package = super::merge::package(package);
        finding.fingerprint = Fingerprint::of([rule.id.as_str(), image, &package, name]);
        finding.excerpt = self.path.join(" > ");
        finding.help = Some(self.remedy().into());
        if is_own {
            finding.severity = self.severity.unwrap_or(Severity::High);
            if self.severity.is_none() {
                finding = finding.undecided();
            }
        }
        finding
    }

    /// What to do.
    fn remedy(&self) -> String {
        let package = &self.package;
        let waive = format!("waive {} with owner, reason and expiry", self.advisory);
        match self.fixed_in.as_slice() {
            [] => match &self.advice {
                Some(advice) => {
                    let advice = crate::reports::shortened(advice.trim_end_matches('.'));
                    format!("{advice}, or {waive}")
                }
                None => format!(
                    "no version of {package} is known that mends it: replace it, or {waive}"
                ),
            },
            versions => format!("update {package} to {}", versions.join(" or ")),
        }
    }
}

/// A finding about what could not be looked at.
pub(super) fn not_audited(rule: &Rule, said: &str) -> Finding {
    Finding::new(rule, "", Span::FILE, crate::reports::shortened(said)).undecided()
}

/// What is less severe was not to be told: whether there is any is not known.
pub(super) fn below_threshold(tool: &str, threshold: &str) -> Finding {
    let said = format!("{tool} was told to leave out what is less severe than `{threshold}`");
    not_audited(&rules::NOT_AUDITED, &said)
}

/// What a scanner found and was told to leave out, as package and advisory; nothing if that is nothing.
pub(super) fn left_out(tool: &str, all: &[String]) -> Option<Finding> {
    let first = all.first()?;
    let more = match all.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let said = format!("{tool} leaves out by rules of its own: {first}{more}");
    Some(Finding::new(&rules::LEFT_OUT, "", Span::FILE, crate::reports::shortened(&said)))
}

/// A finding that another tool names, with that name.
pub(super) fn named(id: String, severity: Severity, file: &str, span: Span, said: &str) -> Finding {
    let rule = Rule {
        id: RuleId::owned(id),
        severity,
        title: Cow::Borrowed(""),
        why: Cow::Borrowed(""),
        help: Cow::Borrowed(""),
    };
    Finding::new(&rule, file, span, crate::reports::shortened(said))
}
