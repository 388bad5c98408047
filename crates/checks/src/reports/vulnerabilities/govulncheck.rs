//! govulncheck: `govulncheck -format json` (or `-json`), a stream of messages of its protocol 1.
//!
//! Go's database says of no vulnerability how bad it is: the severity is unknown, unless the scan
//! went down to symbols and nothing calls what is vulnerable, which is low. The stream has no end
//! mark: one that is cut between two messages behind the start of the check cannot be told from a
//! whole one.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::osv::Osv;
use super::{Audit, Subject, Vulnerability};
use crate::finding::Severity;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json};

pub(super) const FORMAT: Format = Format {
    name: "govulncheck",
    recognise: |beginning| beginning.has(&["config.protocol_version"]),
    read: |source| read(source).map(Report::Vulnerabilities),
};

#[derive(Deserialize)]
struct Message {
    config: Option<Config>,
    progress: Option<Progress>,
    #[serde(rename = "SBOM")]
    sbom: Option<Modules>,
    osv: Option<Osv>,
    finding: Option<Found>,
}

#[derive(Deserialize)]
struct Config {
    protocol_version: String,
    scan_level: Option<String>,
}

#[derive(Deserialize)]
struct Progress {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Modules {
    #[serde(default)]
    modules: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Found {
    osv: String,
    fixed_version: Option<String>,
    trace: Vec<Frame>,
}

/// The first is what is vulnerable, the last the scanned program's own.
#[derive(Deserialize)]
struct Frame {
    module: String,
    version: Option<String>,
    package: Option<String>,
    function: Option<String>,
}

/// What the messages say so far.
#[derive(Default)]
struct Scan {
    has_symbols: bool,
    has_begun: bool,
    modules: Option<u64>,
    advisories: BTreeMap<String, Osv>,
    /// By advisory and module.
    found: BTreeMap<(String, String), Seen>,
}

#[derive(Default)]
struct Seen {
    version: Option<String>,
    fixed: Option<String>,
    /// From the program's own function to what is vulnerable; empty: nothing calls it.
    calls: Vec<String>,
}

fn read(source: &mut Source<'_>) -> Result<Audit, Fault> {
    let mut scan = Scan::default();
    json::documents(source, |message| scan.take(message))?;
    if !scan.has_begun {
        return Err(Fault::malformed("it ends before the check began"));
    }
    let found = scan.found.iter().map(|((advisory, module), seen)| {
        let osv = scan.advisories.get(advisory);
        let is_uncalled = scan.has_symbols && seen.calls.is_empty();
        let title = osv.map(|osv| osv.summary.clone()).unwrap_or_default();
        Vulnerability {
            package: module.clone(),
            versions: seen.version.iter().cloned().collect(),
            advisory: advisory.clone(),
            aliases: osv.and_then(|osv| osv.aliases.clone()).unwrap_or_default(),
            severity: if is_uncalled { Some(Severity::Low) } else { osv.and_then(Osv::severity) },
            fixed_in: seen.fixed.iter().cloned().collect(),
            path: seen.calls.clone(),
            title: if is_uncalled { format!("{title} (nothing calls it)") } else { title },
            sources: vec!["govulncheck".into()],
            ..Vulnerability::default()
        }
    });
    let (subject, found) = (Subject::Dependencies, found.collect());
    let tools = vec!["govulncheck".into()];
    Ok(Audit { tools, subject, packages: scan.modules, found, ..Audit::default() })
}

impl Scan {
    fn take(&mut self, message: Message) -> Result<(), Fault> {
        if let Some(config) = message.config {
            if !config.protocol_version.starts_with("v1.") {
                let version = config.protocol_version;
                return Err(Fault::malformed(format!(
                    "protocol {version} of govulncheck is not known"
                )));
            }
            self.has_symbols = config.scan_level.as_deref() == Some("symbol");
        }
        if let Some(Progress { message }) = message.progress {
            self.has_begun |= message.starts_with("Checking") || message.starts_with("Scanning");
        }
        if let Some(Modules { modules }) = message.sbom {
            self.modules = Some(modules.len() as u64);
        }
        if let Some(osv) = message.osv {
            self.advisories.insert(osv.id.clone(), osv);
        }
        if let Some(found) = message.finding {
            self.finding(found)?;
        }
        Ok(())
    }

    /// The same vulnerability is told as often as more is known about it.
    fn finding(&mut self, found: Found) -> Result<(), Fault> {
        let vulnerable = found
            .trace
            .first()
            .ok_or_else(|| Fault::malformed(format!("a finding of {} has no trace", found.osv)))?;
        let key = (found.osv, vulnerable.module.clone());
        let is_called = vulnerable.function.is_some();
        let seen = self.found.entry(key).or_default();
        seen.version = seen.version.take().or_else(|| vulnerable.version.clone());
        seen.fixed = seen.fixed.take().or(found.fixed_version);
        if is_called && seen.calls.is_empty() {
            let name = |frame: &Frame| {
                let package = frame.package.as_deref().unwrap_or(&frame.module);
                format!("{package}.{}", frame.function.as_deref().unwrap_or_default())
            };
            seen.calls = found.trace.iter().rev().map(name).collect();
        }
        Ok(())
    }
}
