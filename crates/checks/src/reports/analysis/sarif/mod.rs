//! SARIF 2.1.0: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>, the parts that
//! say what was found and whether the analysis ran. Read as it comes: of what a report has besides
//! (flows, fixes, graphs, contents), nothing is kept.
//!
//! A run without `results` analysed nothing; one whose list is empty found nothing. A tool that
//! could not do its work, or says so in a notification of level `error`, leaves the analysis
//! undecided; so does one that ends with a code or a signal for which there is no other reason.

mod log;
mod message;
mod place;
mod result;
mod rule_lookup;

use self::log::{External, Log, Run};
use self::result::Results;
use super::Analysis;
use crate::finding::{Finding, Span};
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json};

pub(super) const FORMAT: Format = Format {
    name: "SARIF",
    recognise: |beginning| {
        let schema = beginning.json().and_then(|outline| outline.scalar("$schema"));
        schema.is_some_and(|schema| schema.contains("sarif"))
            || beginning.has(&["runs.[].tool"])
            || beginning.has(&["runs.[].results"])
            || beginning.json().and_then(|outline| outline.scalar("version")) == Some("2.1.0")
                && beginning.has(&["runs"])
    },
    read: |source| read(source).map(Report::Analysis),
};

/// The rules of what a report says about the analysis itself.
pub mod rules {
    use crate::finding::Severity::High;
    use crate::rule::Rule;

    /// An analysis did not do all of its work.
    pub const INCOMPLETE: Rule = Rule::new(
        "analysis-incomplete",
        High,
        "an analysis did not do all of its work",
        "What was not analysed is not known to be good.",
        "see the tool's own output, mend what stopped it and run it again",
    );
    /// All of them.
    pub const ALL: &[&Rule] = &[&INCOMPLETE];
}

fn read(source: &mut Source<'_>) -> Result<Analysis, Fault> {
    let log: Log = json::document(source)?;
    if let Some(version) = log.version.filter(|version| !version.starts_with("2.1")) {
        return Err(Fault::malformed(format!("version {version} of SARIF is not known, 2.1.0 is")));
    }
    let runs = log.runs.unwrap_or_default();
    if runs.is_empty() {
        return Err(Fault::empty("it has no run (`runs`): nothing was analysed"));
    }
    if !runs.iter().any(Run::has_results) {
        return Err(Fault::empty("none of its runs has `results`: nothing was analysed"));
    }
    let mut analysis = Analysis::default();
    for run in runs {
        let name = run.tool.driver.name.clone();
        Results::of(&run, &mut analysis.findings).all(run.results.as_deref());
        if !analysis.tools.contains(&name) {
            analysis.tools.push(name);
        }
    }
    if log.inline_external_properties.iter().flatten().any(External::says_something) {
        let said = "results or invocations stand outside of its runs (`inlineExternalProperties`), \
                    which is not read: write them into the runs";
        let finding = Finding::new(&rules::INCOMPLETE, String::new(), Span::FILE, said);
        analysis.findings.push(finding.undecided());
    }
    Ok(analysis)
}

#[cfg(test)]
mod tests;
