//! From the results of a run to findings.

use std::borrow::Cow;

use super::log::{
    Descriptor, External, Found, Invocation, Notification, ResultKind, Run, Status, Suppression,
};
use super::rule_lookup::Rules;
use super::{message, place, rules};
use crate::check::Sink;
use crate::finding::{Allowed, Finding, Fingerprint, Kind, Span};
use crate::rule::RuleId;

/// A run whose results become findings.
pub(super) struct Results<'r, S> {
    run: &'r Run,
    rules: Rules<'r>,
    into: &'r mut S,
}

impl<'r, S: Sink> Results<'r, S> {
    pub(super) fn of(run: &'r Run, into: &'r mut S) -> Self {
        Self { run, rules: Rules::of(run), into }
    }

    /// All that the run says.
    pub(super) fn all(mut self, results: Option<&[Found]>) {
        let tool = &self.run.tool.driver.name;
        if results.is_none() {
            self.incomplete(
                String::new(),
                Span::FILE,
                &format!("{tool} gives no results: it analysed nothing"),
            );
        }
        let external = self.run.external_property_file_references.as_ref();
        if external.is_some_and(External::says_something) {
            let said = format!(
                "{tool} keeps results or invocations in another file, which is not read: write \
                 them into one"
            );
            self.incomplete(String::new(), Span::FILE, &said);
        }
        for invocation in self.run.invocations.iter().flatten() {
            self.invocation(invocation);
        }
        for found in results.into_iter().flatten() {
            if let Some(finding) = self.finding(found) {
                self.into.finding(finding);
            }
        }
    }

    fn incomplete(&mut self, file: String, span: Span, said: &str) {
        self.into.finding(Finding::new(&rules::INCOMPLETE, file, span, said).undecided());
    }

    /// Whether the tool did its work (3.20.14, 3.20.21, 3.20.22).
    fn invocation(&mut self, invocation: &Invocation) {
        let tool = &self.run.tool.driver;
        let notifications = invocation.tool_execution_notifications.iter().flatten();
        let notifications =
            notifications.chain(invocation.tool_configuration_notifications.iter().flatten());
        let mut is_told = false;
        for notification in notifications.filter(|of| of.is_of_a_failure()) {
            is_told = true;
            let Notification { message, locations, exception, .. } = notification;
            let mut text = message::text(message, None, tool);
            if let Some(exception) = exception.as_ref().and_then(|of| of.message.as_deref()) {
                text = format!("{text} ({})", message::line(exception));
            }
            let (file, span) = place::of(locations.as_deref(), self.run);
            self.incomplete(file, span, &format!("{} could not analyse all: {text}", tool.name));
        }
        let has_found = self.run.results.iter().flatten().any(Found::says_something_is_wrong);
        if let Some(why) = invocation.failure(has_found).filter(|_| !is_told) {
            self.incomplete(String::new(), Span::FILE, &format!("{} {why}", tool.name));
        }
    }

    /// A result as a finding; `None`: it says that nothing is wrong, or no longer.
    fn finding(&self, found: &Found) -> Option<Finding> {
        let kind = match found.kind {
            _ if !found.says_something_is_wrong() => return None,
            Some(ResultKind::Open | ResultKind::Review) => Kind::Undecided,
            _ => Kind::Found,
        };
        if found.baseline_state.as_deref() == Some("absent") {
            return None;
        }
        let (id, rule) = self.rules.rule(found);
        let tool = &self.run.tool.driver;
        let mut said = message::text(&found.message, rule, tool);
        if said.is_empty() {
            let title = rule.and_then(|rule| rule.short_description.as_ref()?.text.as_deref());
            said = message::line(title.unwrap_or("the tool says nothing more"));
        }
        let (file, span) = place::of(found.locations.as_deref(), self.run);
        Some(Finding {
            rule: RuleId::owned(id.to_owned()),
            severity: self.rules.severity(found, rule),
            kind,
            fingerprint: fingerprint(found, &tool.name, id, &file, &said),
            span,
            excerpt: excerpt(found),
            help: rule.and_then(help).filter(|help| *help != said).map(Cow::Owned),
            allowed: found.suppressions.as_deref().and_then(|all| allowed(all, &tool.name)),
            file,
            message: said,
        })
    }
}

impl Found {
    /// Not where a rule was kept, or has nothing to say.
    const fn says_something_is_wrong(&self) -> bool {
        !matches!(self.kind, Some(ResultKind::Pass | ResultKind::NotApplicable))
    }
}

impl Invocation {
    /// How it failed, if it did. That a tool says it succeeded is believed as far as nothing else
    /// in it says otherwise. Many end with a code that is not 0 where they found something: one
    /// that found nothing has no such reason.
    fn failure(&self, has_found: bool) -> Option<String> {
        let why = self.process_start_failure_message.as_ref();
        let why = why.or(self.exit_code_description.as_ref());
        let why = why.map(|why| format!(": {}", message::line(why))).unwrap_or_default();
        let code = self.exit_code.unwrap_or_default();
        let is_of_findings = has_found && (code == 1 || self.execution_successful == Some(true));
        let signal = self.exit_signal_name.clone().filter(|name| !name.trim().is_empty());
        let signal =
            signal.or(self.exit_signal_number.filter(|of| *of != 0).map(|of| of.to_string()));
        if self.execution_successful == Some(false) {
            return Some(format!("says that it did not succeed (`executionSuccessful`){why}"));
        }
        if self.process_start_failure_message.as_ref().is_some_and(|why| !why.is_empty()) {
            return Some(format!("did not start (`processStartFailureMessage`){why}"));
        }
        if let Some(signal) = signal {
            let signal = message::line(&signal);
            return Some(format!("was ended by a signal (`exitSignalName`, `{signal}`){why}"));
        }
        if code != 0 && !is_of_findings {
            return Some(format!("ended with code {code} (`exitCode`) and does not say why{why}"));
        }
        None
    }
}

/// By the tool's own fingerprints (3.27.16, 3.27.17); else by what is said.
fn fingerprint(found: &Found, tool: &str, rule: &str, file: &str, said: &str) -> Fingerprint {
    let own = found.fingerprints.iter().chain(&found.partial_fingerprints).flatten();
    let own: Vec<&str> = own.flat_map(|(name, value)| [name.as_str(), value]).collect();
    let identity = if own.is_empty() { vec![said] } else { own };
    Fingerprint::of([tool, rule, file].into_iter().chain(identity))
}

/// What stands there, where the tool says it: its first lines.
fn excerpt(found: &Found) -> String {
    let location = found.locations.iter().flatten().next();
    let region = location.and_then(|of| of.physical_location.as_ref()?.region.as_ref());
    let text = region.and_then(|of| of.snippet.as_ref()?.text.as_deref()).unwrap_or_default();
    let lines = text.lines().take(3).map(|line| line.chars().take(200).collect::<String>());
    lines.collect::<Vec<_>>().join("\n")
}

/// Where to read what to do, or the first line of it.
fn help(rule: &Descriptor) -> Option<String> {
    let uri = rule.help_uri.as_deref().filter(|uri| !uri.is_empty());
    let text = || rule.help.as_ref()?.text.as_deref()?.lines().find(|line| !line.trim().is_empty());
    uri.map(|uri| format!("see {uri}")).or_else(|| text().map(message::line))
}

/// What the tool suppresses is allowed if nobody doubts it and somebody says why (3.27.23): a
/// suppression without a justification counts for nothing.
fn allowed(suppressions: &[Suppression], tool: &str) -> Option<Allowed> {
    let is_accepted = |of: &Suppression| of.status.unwrap_or(Status::Accepted) == Status::Accepted;
    if !suppressions.iter().all(is_accepted) {
        return None;
    }
    suppressions.iter().find_map(|Suppression { justification, kind, .. }| {
        let reason = justification.as_deref().map(str::trim).filter(|reason| !reason.is_empty())?;
        let by = format!("{tool}, {}", kind.as_deref().unwrap_or("suppressed"));
        Some(Allowed { reason: message::line(reason), by })
    })
}
