//! Migrations as a sequence, against what was merged.

use std::collections::BTreeMap;

use super::layout::{Migration, Part, Version};
use super::rules::{CHANGED, DELETED, DUPLICATE, MigrationRule, NO_COMPENSATION, OUT_OF_ORDER};
use crate::check::Sink;
use crate::finding::{Finding, Span};

/// What became of a migration since the merge base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was merged, and is as it was.
    Merged,
    /// It was not there.
    New,
    /// It was merged, and has another content.
    Changed,
    /// It was merged, and is gone.
    Deleted,
}

/// What is wrong with a sequence: merged migrations that changed or are gone, versions that are
/// taken twice or too low.
pub fn judge_sequence(migrations: &[(Migration, Status)], sink: &mut impl Sink) {
    for (migration, status) in migrations {
        match status {
            Status::Changed if migration.part != Part::Repeatable => {
                report(&CHANGED, migration, "was merged, and is changed".to_owned(), sink);
            }
            Status::Deleted => {
                report(&DELETED, migration, "was merged, and is deleted".to_owned(), sink);
            }
            _ => {}
        }
    }
    let mut sequences: BTreeMap<(&str, Part), Vec<&(Migration, Status)>> = BTreeMap::new();
    for entry in migrations.iter().filter(|(_, status)| *status != Status::Deleted) {
        sequences.entry((entry.0.sequence(), entry.0.part)).or_default().push(entry);
    }
    for sequence in sequences.values() {
        judge_versions(sequence, sink);
    }
}

fn judge_versions(sequence: &[&(Migration, Status)], sink: &mut impl Sink) {
    let merged = sequence.iter().filter(|(_, status)| *status != Status::New);
    let last = merged.filter_map(|(migration, _)| migration.version.as_ref()).max();
    // Nearly always: then there is nothing to remember.
    let once = sequence.is_sorted_by(|(one, _), (other, _)| one.version < other.version);
    let mut taken: BTreeMap<&Version, &Migration> = BTreeMap::new();
    // Merged ones were there first.
    let (new, old): (Vec<_>, Vec<_>) =
        sequence.iter().copied().partition(|(_, status)| *status == Status::New);
    for (migration, status) in old.into_iter().chain(new) {
        let Some(version) = &migration.version else { continue };
        if let Some(first) = taken.get(version) {
            if *status == Status::New {
                let message = format!("has the version {version}, as {} has", first.path);
                report(&DUPLICATE, migration, message, sink);
            }
            continue;
        }
        if !once {
            taken.insert(version, migration);
        }
        if let Some(last) = last.filter(|last| *status == Status::New && version < *last) {
            let message = format!("is new with version {version}, behind {last} which was merged");
            report(&OUT_OF_ORDER, migration, message, sink);
        }
    }
}

/// New migrations that no script compensates for. `has_down` says whether a file brings its own
/// (a section that undoes it).
pub fn judge_compensation(
    migrations: &[(Migration, Status)],
    has_down: impl Fn(&Migration) -> bool,
    sink: &mut impl Sink,
) {
    let downs: Vec<&Migration> =
        migrations.iter().map(|(of, _)| of).filter(|of| of.part == Part::Down).collect();
    for (migration, status) in migrations {
        let new = *status == Status::New && migration.part == Part::Up;
        let beside = downs.iter().any(|down| compensates(down, migration));
        if new && !beside && !has_down(migration) {
            report(
                &NO_COMPENSATION,
                migration,
                "has no script that compensates for it".into(),
                sink,
            );
        }
    }
}

fn compensates(down: &Migration, up: &Migration) -> bool {
    if down.sequence() != up.sequence() {
        return false;
    }
    let stem = |path: &str| {
        let path = path.strip_suffix(".sql").unwrap_or(path);
        let ends = [".compensate", ".down", ".up"];
        ends.iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path).to_owned()
    };
    let same_version = down.version.is_some() && down.version == up.version;
    same_version || stem(&down.path) == stem(&up.path)
}

fn report(
    rule: &'static MigrationRule,
    migration: &Migration,
    message: String,
    sink: &mut impl Sink,
) {
    sink.finding(Finding::new(&rule.rule, migration.path.clone(), Span::FILE, message));
}

#[cfg(test)]
mod tests {
    use super::super::layout;
    use super::*;

    fn judged(entries: &[(&str, Status)]) -> Vec<String> {
        let paths = entries.iter().map(|(path, _)| (*path).to_owned()).collect();
        let status = |of: &Migration| entries.iter().find(|(path, _)| *path == of.path).unwrap().1;
        let migrations: Vec<_> = layout::migrations(paths, true)
            .into_iter()
            .map(|of| {
                let status = status(&of);
                (of, status)
            })
            .collect();
        let mut findings = Vec::new();
        judge_sequence(&migrations, &mut findings);
        judge_compensation(&migrations, |_| false, &mut findings);
        findings.iter().map(|finding| format!("{} {}", finding.file, finding.rule)).collect()
    }

    #[test]
    fn what_was_merged_is_fixed() {
        use Status::{Changed, Deleted, Merged, New};
        let told = judged(&[
            ("m/1_a.sql", Changed),
            ("m/2_b.sql", Deleted),
            ("m/3_c.sql", Merged),
            ("m/3_d.sql", New),
            ("m/2_e.sql", New),
            ("m/4_f.up.sql", New),
            ("m/4_f.down.sql", New),
            ("m/R__g.sql", Changed),
        ]);
        assert_eq!(
            told,
            [
                "m/1_a.sql merged-migration-changed",
                "m/2_b.sql merged-migration-deleted",
                "m/2_e.sql out-of-order",
                "m/3_d.sql duplicate-version",
                "m/2_e.sql no-compensation",
                "m/3_d.sql no-compensation",
            ]
        );
    }
}
