//! The rule that a result is of (3.27.5 to 3.27.7, 3.52).

use std::collections::HashMap;

use super::log::{Component, Descriptor, Found, Level, ResultKind, Run, Score};
use crate::finding::Severity;
use crate::reports::vulnerabilities::cvss;

/// The rules of a run.
pub(super) struct Rules<'r> {
    components: Vec<&'r Component>,
    /// Those of all components, by name; the driver's count first.
    by_id: HashMap<&'r str, &'r Descriptor>,
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
        Self { components, by_id }
    }

    /// The rule of a result, and its name. A result names a rule by name, by index or by both; a
    /// name may be that of a part of a rule (`CA1000/1`).
    pub(super) fn rule<'f>(&self, found: &'f Found) -> (&'f str, Option<&'r Descriptor>)
    where
        'r: 'f,
    {
        let reference = found.rule.as_ref();
        let id = found.rule_id.as_deref().or_else(|| reference?.id.as_deref());
        let index = found.rule_index.or_else(|| reference?.index);
        let indexed = index
            .and_then(|index| usize::try_from(index).ok())
            .and_then(|index| self.component(found)?.rules.as_ref()?.get(index));
        // An index that says another thing than the name is wrong.
        let indexed = indexed.filter(|rule| id.is_none_or(|id| is_part(id, &rule.id)));
        let named = || {
            let parents =
                std::iter::successors(id, |id| id.rsplit_once('/').map(|(parent, _)| parent));
            parents.filter_map(|id| self.by_id.get(id).copied()).next()
        };
        let rule = indexed.or_else(named);
        (id.or_else(|| rule.map(|rule| rule.id.as_str())).unwrap_or("unnamed"), rule)
    }

    /// The component whose rules an index counts.
    fn component(&self, found: &Found) -> Option<&'r Component> {
        let Some(reference) = found.rule.as_ref().and_then(|rule| rule.tool_component.as_ref())
        else {
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
}

fn is_part(id: &str, of: &str) -> bool {
    id.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// How bad a result is: by the rule's `security-severity`, which GitHub defines as a CVSS score,
/// else by the level, the rule's where the result has none (3.27.10).
pub(super) fn severity(found: &Found, rule: Option<&Descriptor>) -> Severity {
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
    match found.level.or(by_kind).or_else(of_rule).unwrap_or(Level::Warning) {
        Level::Error => Severity::High,
        Level::Warning => Severity::Medium,
        Level::Note | Level::None => Severity::Low,
    }
}
