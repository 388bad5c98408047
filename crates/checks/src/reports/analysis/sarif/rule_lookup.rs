//! The rule that a result is of (3.27.5 to 3.27.7, 3.52), and how bad that makes it (3.27.10).

use std::collections::HashMap;

use super::log::{
    Component, Descriptor, Found, Level, Override, Reference, ResultKind, Run, Score,
};
use crate::finding::Severity;
use crate::reports::vulnerabilities::cvss;

/// The rules of a run.
pub(super) struct Rules<'r> {
    components: Vec<&'r Component>,
    /// Those of all components, by name; the driver's count first.
    by_id: HashMap<&'r str, &'r Descriptor>,
    /// How often the tool was called.
    invocations: usize,
    /// The levels that it was told: in which call, of which rule, by the name of the rule or of a
    /// part of it. What is told a part of a rule is told no other part of it.
    overrides: HashMap<(usize, Option<*const Descriptor>, &'r str), Level>,
}

impl<'r> Rules<'r> {
    pub(super) fn of(run: &'r Run) -> Self {
        let extensions = run.tool.extensions.iter().flatten();
        let components: Vec<&Component> =
            std::iter::once(&run.tool.driver).chain(extensions).collect();
        let mut by_id = HashMap::new();
        for rule in components.iter().flat_map(|component| component.rules.iter().flatten()) {
            by_id.entry(rule.id.as_str()).or_insert(rule);
        }
        let invocations = run.invocations.as_deref().unwrap_or_default();
        let count = invocations.len();
        let mut rules = Self { components, by_id, invocations: count, overrides: HashMap::new() };
        for (at, invocation) in invocations.iter().enumerate() {
            for of in invocation.rule_configuration_overrides.iter().flatten() {
                rules.overridden_by(at, of);
            }
        }
        rules
    }

    /// Keeps what the tool was told in a call.
    fn overridden_by(&mut self, invocation: usize, of: &'r Override) {
        let Override { descriptor, configuration } = of;
        let named = descriptor.id.as_deref();
        let rule = self.named(named, descriptor.index, Some(descriptor));
        let id = named.or_else(|| rule.map(|rule| rule.id.as_str()));
        if let (Some(id), Some(level)) = (id, configuration.level) {
            let key = (invocation, rule.map(std::ptr::from_ref), id);
            self.overrides.entry(key).or_insert(level);
        }
    }

    /// The rule of a result, and its name.
    pub(super) fn rule<'f>(&self, found: &'f Found) -> (&'f str, Option<&'r Descriptor>)
    where
        'r: 'f,
    {
        let reference = found.rule.as_ref();
        let id = found.rule_id.as_deref().or_else(|| reference?.id.as_deref());
        let index = found.rule_index.or_else(|| reference?.index);
        let rule = self.named(id, index, reference);
        (id.or_else(|| rule.map(|rule| rule.id.as_str())).unwrap_or("unnamed"), rule)
    }

    /// A rule by its name, by its index or by both; a name may be that of a part of a rule
    /// (`CA1000/1`).
    fn named(
        &self,
        id: Option<&str>,
        index: Option<i64>,
        reference: Option<&Reference>,
    ) -> Option<&'r Descriptor> {
        let indexed = index
            .and_then(|index| usize::try_from(index).ok())
            .and_then(|index| self.component(reference)?.rules.as_ref()?.get(index));
        // An index that says another thing than the name is wrong.
        let indexed = indexed.filter(|rule| id.is_none_or(|id| is_part(id, &rule.id)));
        let by_name = || parents(id?).find_map(|id| self.by_id.get(id).copied());
        indexed.or_else(by_name)
    }

    /// The component whose rules an index counts.
    fn component(&self, reference: Option<&Reference>) -> Option<&'r Component> {
        let Some(reference) = reference.and_then(|rule| rule.tool_component.as_ref()) else {
            return self.components.first().copied();
        };
        let index = reference.index.and_then(|index| usize::try_from(index).ok());
        if let Some(index) = index {
            // Extensions are counted alone.
            return self.components.get(index.checked_add(1)?).copied();
        }
        let name = reference.name.as_deref();
        self.components.iter().find(|component| Some(component.name.as_str()) == name).copied()
    }

    /// The level that the tool was told to give a rule when it ran (3.27.10, 3.20.5, 3.51); nothing
    /// if it was told none.
    fn overridden(&self, found: &Found) -> Option<Level> {
        let (id, rule) = self.rule(found);
        let invocation = match found.provenance.as_ref().and_then(|of| of.invocation_index) {
            Some(index) if index >= 0 => usize::try_from(index).ok()?,
            // The standard names none then; where there is but one, it is that one.
            _ if self.invocations == 1 => 0,
            _ => return None,
        };
        let rule = rule.map(std::ptr::from_ref);
        parents(id).find_map(|id| self.overrides.get(&(invocation, rule, id)).copied())
    }

    /// How bad a result of a rule is: by the rule's `security-severity`, which GitHub defines as a
    /// CVSS score, else by the level: its own, that which the tool was told, the rule's (3.27.10).
    pub(super) fn severity(&self, found: &Found, rule: Option<&Descriptor>) -> Severity {
        let score =
            rule.and_then(|rule| match rule.properties.as_ref()?.security_severity.as_ref()? {
                Score::Number(score) => Some(*score),
                Score::Text(score) => score.trim().parse().ok(),
            });
        if let Some(severity) = score.and_then(cvss::rating) {
            return severity;
        }
        let by_kind = match found.kind {
            None | Some(ResultKind::Fail) => None,
            Some(_) => Some(Level::None),
        };
        let of_rule = || rule?.default_configuration.as_ref()?.level;
        let level = found.level.or(by_kind).or_else(|| self.overridden(found)).or_else(of_rule);
        match level.unwrap_or(Level::Warning) {
            Level::Error => Severity::High,
            Level::Warning => Severity::Medium,
            Level::Note | Level::None => Severity::Low,
        }
    }
}

/// A name, and those of the rules that it is a part of, the nearest first. There are few: a name made
/// of slashes would take time that grows with the square of its length.
fn parents(id: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(id), |id| id.rsplit_once('/').map(|(parent, _)| parent)).take(16)
}

fn is_part(id: &str, of: &str) -> bool {
    id.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_parents_of_a_name_are_looked_at() {
        assert_eq!(parents("a/b/c").collect::<Vec<_>>(), ["a/b/c", "a/b", "a"]);
        let slashes = "/".repeat(200_000);
        assert_eq!(parents(&slashes).count(), 16);
    }
}
