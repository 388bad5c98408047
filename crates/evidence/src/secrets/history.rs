//! Searches what was committed: blobs for each of their paths, messages, names.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use shipway_checks::secrets::{Rules, UNSEARCHED};
use shipway_checks::{Finding, Fingerprint, Sink as _, Span};

use super::commits::{Commits, Reach, short};
use super::lfs::Store;
use super::objects::{self, Object};
use super::{Found, Looking, Own, SearchError, too_large};
use crate::git::{self, GitError, Since, git};

/// All that was ever committed.
pub(super) fn all(root: &Path, rules: &Rules, found: &mut Found) -> Result<(), SearchError> {
    if git::is_shallow(root)? {
        let message = "not searched: commits that this shallow clone has not got; \
                       `git fetch --unshallow` brings them";
        let finding = Finding::new(&UNSEARCHED, ".git/shallow", Span::FILE, message);
        found.check.finding(finding.undecided());
    }
    let names = git(root, &["for-each-ref", "--format=%(refname)"])?;
    rules.scan("names of branches and tags", &names, &mut found.check);
    let (own, blobs) = look(root, &Commits::list(root, &Reach::All)?, rules)?;
    found.check.looked_at += blobs;
    found.missing.extend(own.missing);
    own.findings.into_iter().for_each(|finding| found.check.finding(finding));
    Ok(())
}

/// What was committed since, and is neither in the work tree (`known`) nor was there before.
pub(super) fn since(
    change: &Since,
    rules: &Rules,
    mut known: HashSet<Fingerprint>,
    found: &mut Found,
) -> Result<(), SearchError> {
    if git(&change.root, &["rev-parse", "--verify", "--quiet", "HEAD"]).is_err() {
        return Ok(());
    }
    let committed = Commits::list(&change.root, &Reach::Since(&change.base))?;
    let (mut own, _) = look(&change.root, &committed, rules)?;
    let (staged, _) = look(&change.root, &Commits::staged(&change.root)?, rules)?;
    own.findings.extend(staged.findings);
    found.missing.extend(own.missing);
    let mut before: HashMap<String, HashSet<Fingerprint>> = HashMap::new();
    for mut finding in own.findings {
        let file = finding.file.split("!/").next().unwrap_or_default().to_owned();
        if !before.contains_key(&file) {
            let mut findings: Vec<Finding> = Vec::new();
            if let Some(content) = git::content_at(&change.root, &change.base, &file)? {
                rules.scan_deep(&file, &content, &mut findings);
            }
            before.insert(file.clone(), findings.iter().map(|of| of.fingerprint).collect());
        }
        let was_there = before.get(&file).is_some_and(|of| of.contains(&finding.fingerprint));
        if !was_there && known.insert(finding.fingerprint) {
            finding.help = Some(
                "revoke it where it was given out; then take it out of the branch's commits \
                 (`git rebase -i`): merged as they are, they keep it"
                    .into(),
            );
            found.check.finding(finding);
        }
    }
    Ok(())
}

/// What is staged, and is not in the work tree.
pub(super) fn staged(root: &Path, rules: &Rules, found: &mut Found) -> Result<(), SearchError> {
    let (own, _) = look(root, &Commits::staged(root)?, rules)?;
    let known: HashSet<_> = found.check.findings.iter().map(|of| of.fingerprint).collect();
    let new = own.findings.into_iter().filter(|of| !known.contains(&of.fingerprint));
    new.for_each(|finding| found.check.finding(finding));
    Ok(())
}

/// Looks at the objects of commits; how many of them were files.
fn look(root: &Path, commits: &Commits, rules: &Rules) -> Result<(Own, u64), GitError> {
    let looking = Looking { root, rules, store: Store::of(root) };
    let (mut whole, mut blobs) = (Own::default(), 0);
    objects::read(root, &commits.ids, |id, object| {
        if let Object::Message(text) = object {
            let (name, text) = message(id, text);
            return rules.scan(&name, &text, &mut whole.findings);
        }
        blobs += 1;
        for (path, commit) in commits.places(id) {
            let mut own = Own::default();
            match object {
                Object::LargeBlob(size) => own.findings.push(too_large(&path, size)),
                Object::Blob(content) | Object::Message(content) => {
                    looking.at(&path, content, &mut own);
                }
            }
            let nothing = own.findings.is_empty() && own.missing.is_empty();
            for finding in &mut own.findings {
                finding.message = format!("{} (blob {})", finding.message, short(id));
                if let Some(commit) = commit {
                    finding.message = format!("{}, {commit}", finding.message);
                }
            }
            whole.findings.append(&mut own.findings);
            whole.missing.append(&mut own.missing);
            // It is the same content wherever it stands.
            if nothing && !rules.depend_on_paths() {
                break;
            }
        }
    })?;
    Ok((whole, blobs))
}

/// A commit's or tag's name, and what it says: its message first, so that lines are those of the
/// message, and then who made it. What it is signed with is random to everybody.
fn message(id: &str, object: &[u8]) -> (String, Vec<u8>) {
    let kind = if object.starts_with(b"tree ") { "commit" } else { "tag" };
    let end = object.windows(2).position(|pair| pair == b"\n\n").unwrap_or(object.len());
    let (head, body) = object.split_at(end);
    let mut text = body.trim_ascii_start().to_vec();
    let said = head.split(|byte| *byte == b'\n').filter(|line| {
        [&b"author "[..], b"committer ", b"tagger ", b"tag "].iter().any(|of| line.starts_with(of))
    });
    for line in said {
        text.push(b'\n');
        text.extend_from_slice(line);
    }
    (format!("{kind} {}", short(id)), text)
}
