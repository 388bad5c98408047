//! Tables that share rows: partitions and what they are of, tables that inherit, and a table under
//! its names before and after.

use std::collections::{HashMap, HashSet};

/// Which tables share rows.
#[derive(Debug, Default)]
pub(super) struct Families {
    parents: HashMap<String, Vec<String>>,
    children: HashMap<String, Vec<String>>,
}

impl Families {
    /// Rows of `child` are rows of `parent`, too.
    pub(super) fn add(&mut self, parent: &str, child: &str) {
        self.parents.entry(child.to_owned()).or_default().push(parent.to_owned());
        self.children.entry(parent.to_owned()).or_default().push(child.to_owned());
    }

    /// The others whose triggers may run where rows of a table change: those above it give their
    /// own to their partitions, and what is below may hold the rows. Each takes one from `left`;
    /// nothing if they are more.
    pub(super) fn of<'s>(&'s self, table: &'s str, left: &mut usize) -> Option<HashSet<&'s str>> {
        let mut others = HashSet::new();
        for of in [&self.parents, &self.children] {
            let mut waiting = vec![table];
            while let Some(next) = waiting.pop() {
                *left = left.checked_sub(1)?;
                let found = of.get(next).into_iter().flatten().map(String::as_str);
                waiting.extend(found.filter(|name| others.insert(*name)));
            }
        }
        others.remove(table);
        Some(others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_above_and_those_below_are_told_and_not_those_beside() {
        let mut families = Families::default();
        for (parent, child) in [("a", "b"), ("b", "c"), ("a", "d"), ("c", "a")] {
            families.add(parent, child);
        }
        families.add("d", "e");
        let of = |families: &Families, table: &'static str| {
            let names = families.of(table, &mut 100).unwrap().into_iter();
            names.map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
        };
        let named = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        assert_eq!(of(&families, "e"), named(&["d", "a", "c", "b"]));
        assert_eq!(of(&families, "x"), named(&[]));
        assert_eq!(families.of("e", &mut 5), None);
        let mut tree = Families::default();
        tree.add("a", "b");
        tree.add("a", "c");
        assert_eq!(of(&tree, "b"), named(&["a"]));
        assert_eq!(of(&tree, "a"), named(&["b", "c"]));
    }
}
