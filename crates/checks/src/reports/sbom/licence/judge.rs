//! From the packages of a list to what is not allowed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::allow::{AllowList, Verdict};
use super::names::understood;
use crate::finding::{Finding, Fingerprint, Span};
use crate::reports::sbom::{Package, Sbom};
use crate::reports::waivers::{Covers, Waivers};
use crate::rule::Rule;

/// The rules of licences.
pub mod rules {
    use crate::finding::Severity::{High, Low};
    use crate::rule::Rule;

    /// A licence is not on the list.
    pub const NOT_ALLOWED: Rule = Rule::new(
        "licence-not-allowed",
        High,
        "a package is under a licence that is not allowed",
        "Who ships it takes on duties that nobody agreed to.",
        "replace the package, allow its licence, or waive it with owner, reason and expiry",
    );
    /// Nobody knows the licence.
    pub const UNKNOWN: Rule = Rule::new(
        "licence-unknown",
        High,
        "nobody knows under which licence a package is",
        "Without a licence nothing is permitted; what a text says that is no SPDX expression has to \
         be read by a person.",
        "find out, and waive the package with owner, reason and expiry, or replace it",
    );
    /// A licence is called by another name than SPDX's.
    pub const NAME: Rule = Rule::new(
        "licence-name",
        Low,
        "a licence is called by another name than SPDX's",
        "It was understood by its name, which leaves room for error.",
        "",
    );

    /// All of them.
    pub const ALL: &[&Rule] = &[&NOT_ALLOWED, &UNKNOWN, &NAME];
}

/// What a waiver says of a package of which nobody says under which licence it is.
const NOBODY_SAYS: &str = "none";

/// Judges the licences of all packages of `file`.
#[must_use]
pub fn judge(
    file: &str,
    sbom: &Sbom,
    allow: &AllowList,
    waivers: &Waivers,
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Words that were understood, and for how many packages.
    let mut lenient: BTreeMap<(&str, String), u64> = BTreeMap::new();
    for package in &sbom.packages {
        if package.licences.is_empty() {
            let said = format!("{}: nobody says under which licence it is", title(package));
            findings.push(finding(&rules::UNKNOWN, file, package, NOBODY_SAYS, said, waivers, now));
        }
        for licence in &package.licences {
            let shown = crate::reports::shortened(licence);
            let of = |rule, said| finding(rule, file, package, licence, said, waivers, now);
            let Some(known) = understood(licence) else {
                let said = format!("{}: `{shown}` is no licence that is known", title(package));
                findings.push(of(&rules::UNKNOWN, said));
                continue;
            };
            if known.is_lenient {
                *lenient.entry((licence, known.expression.to_string())).or_default() += 1;
            }
            match allow.judge(&known.expression) {
                Verdict::Allowed => {}
                Verdict::NotAllowed => {
                    let said =
                        format!("{} is under `{shown}`, which is not allowed", title(package));
                    findings.push(of(&rules::NOT_ALLOWED, said));
                }
                Verdict::Unknown => {
                    let said =
                        format!("{} is under `{shown}`, of which nothing is known", title(package));
                    findings.push(of(&rules::UNKNOWN, said));
                }
            }
        }
    }
    findings.extend(lenient.into_iter().map(|((words, meant), packages)| {
        let plural = if packages == 1 { "" } else { "s" };
        let said = if words == meant {
            format!("`{words}` ({packages} package{plural}) is no longer written so")
        } else {
            format!("`{words}` ({packages} package{plural}) is read as `{meant}`")
        };
        Finding::new(&rules::NAME, file, Span::FILE, said)
    }));
    let is_needed = |of: &Covers| sbom.packages.iter().any(|package| is_covered(of, package));
    findings.extend(waivers.over(now, is_needed));
    findings
}

/// The waivers that cover nothing in any of the lists, as findings.
#[must_use]
pub fn unused_waivers(sboms: &[&Sbom], waivers: &Waivers, now: Timestamp) -> Vec<Finding> {
    let packages = || sboms.iter().flat_map(|sbom| &sbom.packages);
    waivers.unused(now, Covers::is_licence, |covers| {
        packages().any(|package| is_covered(covers, package))
    })
}

fn title(package: &Package) -> String {
    match &package.version {
        Some(version) => format!("{} {version}", package.name),
        None => package.name.clone(),
    }
}

fn finding(
    rule: &Rule,
    file: &str,
    package: &Package,
    licence: &str,
    said: String,
    waivers: &Waivers,
    now: Timestamp,
) -> Finding {
    let mut finding = Finding::new(rule, file, Span::FILE, said);
    // Another version of it under the same licence is the same finding.
    finding.fingerprint = Fingerprint::of([rule.id.as_str(), &package.name, licence]);
    finding.allowed = waivers.allowance(now, |covers| {
        let Covers::Licence { package: of, licence: under } = covers else { return false };
        *of == package.name && under == licence
    });
    if *rule == rules::UNKNOWN { finding.undecided() } else { finding }
}

/// Whether a waiver is about this package as it is licensed.
fn is_covered(covers: &Covers, package: &Package) -> bool {
    let Covers::Licence { package: of, licence } = covers else { return false };
    let is_under = package.licences.contains(licence);
    *of == package.name && (is_under || package.licences.is_empty() && licence == NOBODY_SAYS)
}
