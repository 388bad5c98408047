//! Files whose content is not here: told together, since there may be thousands of them.

use std::collections::BTreeSet;

use shipway_checks::secrets::UNSEARCHED;
use shipway_checks::{Check, Finding, Fingerprint, Sink as _, Span};

/// So many names are told.
const NAMED: usize = 5;

/// Why it is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elsewhere {
    Lfs,
    NotCheckedOut,
}

/// Tells of files by their names and what tells one content from another; nothing where there are
/// none.
pub(super) fn tell(why: Elsewhere, missing: &BTreeSet<(String, String)>, check: &mut Check) {
    let Some((first, _)) = missing.first() else { return };
    let mut names: Vec<&str> = missing.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    let (files, are) = if names.len() == 1 { ("file", "is") } else { ("files", "are") };
    let (place, help) = match why {
        Elsewhere::Lfs => {
            ("in Git LFS, and what is in them is not here", "`git lfs fetch --all` brings it")
        }
        Elsewhere::NotCheckedOut => (
            "not checked out",
            "`git sparse-checkout disable` brings them, --history searches them",
        ),
    };
    let more = names.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!(
        "not searched: {} {files} {are} {place}: {}{rest}; {help}",
        names.len(),
        names[..names.len() - more].join(", "),
    );
    let mut finding = Finding::new(&UNSEARCHED, first, Span::FILE, message).undecided();
    // Of all of them, not of those that are named.
    let all = missing.iter().flat_map(|(name, content)| [name.as_str(), content.as_str()]);
    finding.fingerprint = Fingerprint::of(std::iter::once(UNSEARCHED.id.as_str()).chain(all));
    check.finding(finding);
}
