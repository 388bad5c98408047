//! Which files undo what others do. A name alone does not say so: whoever is another tool runs such a
//! file as any other. What stands beside it does.

use super::layout::{beginning, file_name, join, parent};

/// Whether a file is called as scripts are that compensate for another.
#[must_use]
pub fn is_compensation(path: &str) -> bool {
    path.ends_with(".compensate.sql")
}

/// Whether it is the script that compensates for a file beside it (see the policy `additive_only`).
pub(super) fn compensates(name: &str, beside: impl Fn(&str) -> bool) -> bool {
    let of = name.strip_suffix(".compensate.sql");
    // golang-migrate takes `.up.` with whatever behind it.
    of.filter(|of| !of.ends_with(".up"))
        .is_some_and(|of| beside(&format!("{of}.sql")) || beside(&format!("{of}.up.sql")))
}

/// Whether the same version goes up, in the same folder.
pub(super) fn has_up(name: &str, folder: &str, paths: &[String]) -> bool {
    let version = &name[..name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len())];
    beginning(paths, folder, version).any(|other| {
        !other[version.len()..].starts_with(|c: char| c.is_ascii_digit())
            && other.ends_with(".up.sql")
    })
}

/// Whether Flyway's `V` of the same version is in the folder, or in one beside it.
pub(super) fn undoes_another(name: &str, folder: &str, paths: &[String]) -> bool {
    let Some((prefix, _)) = name.split_once("__") else { return false };
    let begin = format!("V{}__", &prefix[1..]);
    if beginning(paths, folder, &begin).next().is_some() {
        return true;
    }
    let near = join(parent(folder), "");
    let from = paths.partition_point(|path| *path < near);
    let near = paths[from..].iter().take_while(|path| path.starts_with(&near));
    near.map(|path| file_name(path)).any(|name| name.starts_with(&begin))
}

#[cfg(test)]
mod tests {
    use super::super::layout::{Part, migrations};

    #[test]
    fn what_is_called_down_runs_where_its_folder_does_not_say_otherwise() {
        let parts = |paths: &[&str]| {
            let told = migrations(paths.iter().map(ToString::to_string).collect(), false);
            told.into_iter().map(|of| (of.path, of.part)).collect::<Vec<_>>()
        };
        for path in [
            "migrations/2_b.down.sql",
            "migrations/b.down.sql",
            "migrations/U2__b.sql",
            "migrations/2_b.compensate.sql",
            "migrations/down.sql",
            "db/2_b.down.sql",
            "migrations/2_b.undo.sql",
            "migrations/2_b.rollback.sql",
        ] {
            assert_eq!(parts(&[path]), [(path.to_owned(), Part::Up)]);
            let others =
                ["migrations/V3__c.sql", "migrations/1_a.up.sql", "migrations/20_a.up.sql"];
            let all = parts(&[&others[..], &[path]].concat());
            assert!(all.contains(&(path.to_owned(), Part::Up)), "{all:?}");
        }
        for (down, up) in [
            ("migrations/2_b.down.sql", "migrations/2_b.up.sql"),
            ("migrations/2_b.tx.down.sql", "migrations/2_b.tx.up.sql"),
            ("migrations/b.down.sql", "migrations/b.up.sql"),
            ("migrations/1_x/down.sql", "migrations/1_x/up.sql"),
            ("sql/U2__b.sql", "sql/V2__b.sql"),
            ("sql/undo/U2__b.sql", "sql/up/V2__b.sql"),
            ("migrations/4_a.compensate.sql", "migrations/4_a.sql"),
        ] {
            assert!(parts(&[up, down]).contains(&(down.to_owned(), Part::Down)), "{down}");
        }
        for (runs, other) in [
            ("sql/V2__b.compensate.sql", "sql/V2__b.sql"),
            ("migrations/2_x.up.compensate.sql", "migrations/2_x.up.sql"),
            ("supabase/migrations/2_x.down.sql", "supabase/migrations/2_x.up.sql"),
            ("migrations/down.sql", "migrations/migration.sql"),
        ] {
            assert!(parts(&[runs, other]).contains(&(runs.to_owned(), Part::Up)), "{runs}");
        }
    }
}
