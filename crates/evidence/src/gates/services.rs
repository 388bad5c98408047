//! The folders of services, before and after a change: they say which coverage is whose.

use std::collections::{BTreeMap, BTreeSet};

use shipway_checks::policy::shown::Share;
use shipway_core::config::GateSet;

/// The folder of each service, from the repository's root.
pub type Folders = BTreeMap<String, String>;

/// The folders of services before and after a change.
#[derive(Clone, Copy)]
pub struct Services<'l> {
    /// As the judge has them; none if nothing judges but the commit itself.
    pub before: &'l Folders,
    /// As the commit has them.
    pub after: &'l Folders,
}

impl<'l> Services<'l> {
    /// What each service's folder comes to. Where a change moves it, both count, and the worse of
    /// them is told: what left the folder is not out of sight by that.
    pub(super) fn shares(self, of: impl Fn(&str, &str) -> Share) -> BTreeMap<String, Share> {
        let names: BTreeSet<&String> = self.before.keys().chain(self.after.keys()).collect();
        let worst = |name: &String| {
            let folders = [self.before.get(name), self.after.get(name)].into_iter().flatten();
            let shares = folders.map(|folder| of(name, folder)).filter(|share| share.of > 0);
            shares.min_by_key(|share| u128::from(share.part) * PARTS / u128::from(share.of))
        };
        names.into_iter().map(|name| (name.clone(), worst(name).unwrap_or_default())).collect()
    }

    /// The services whose folder a change moves, of those whose coverage is asked for: it says by that
    /// what they are judged by.
    pub(super) fn moved(self, asked: &GateSet) -> Vec<&'l str> {
        let has_floor = |name: &str| {
            asked.coverage.as_ref().is_some_and(|gate| gate.services.contains_key(name))
        };
        let is_ruled = asked.rules.values().any(|rule| rule.open_if.contains("services"));
        let moved = self
            .before
            .iter()
            .filter(|(name, folder)| self.after.get(*name).is_some_and(|after| after != *folder));
        let names = moved.map(|(name, _)| name.as_str());
        names.filter(|name| is_ruled || has_floor(name)).collect()
    }
}

/// What shares are compared in.
const PARTS: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use shipway_core::config::gates::{Coverage, Rule};

    use super::*;

    fn folders(all: &[(&str, &str)]) -> Folders {
        all.iter().map(|(name, folder)| ((*name).to_owned(), (*folder).to_owned())).collect()
    }

    #[test]
    fn a_service_that_moves_is_judged_by_both_of_its_folders() {
        let of = |_: &str, folder: &str| match folder {
            "api" => Share { part: 1, of: 10 },
            "api/core" => Share { part: 9, of: 9 },
            "web" => Share { part: 3, of: 4 },
            _ => Share::default(),
        };
        let share = |before: &str, after: &str| {
            let (before, after) = (folders(&[("api", before)]), folders(&[("api", after)]));
            Services { before: &before, after: &after }.shares(of)["api"]
        };
        assert_eq!(share("api", "api"), Share { part: 1, of: 10 });
        assert_eq!(share("api", "api/core"), Share { part: 1, of: 10 });
        assert_eq!(share("web", "api"), Share { part: 1, of: 10 });
        // All of it moved.
        assert_eq!(share("gone", "web"), Share { part: 3, of: 4 });
        assert_eq!(share("gone", "gone"), Share::default());
        let (before, after) = (folders(&[("api", "api")]), folders(&[("web", "web")]));
        let both = Services { before: &before, after: &after }.shares(of);
        assert_eq!(both.keys().collect::<Vec<_>>(), ["api", "web"]);
    }

    #[test]
    fn a_move_is_told_where_coverage_is_asked_for() {
        let before = folders(&[("api", "api"), ("web", "web"), ("old", "old")]);
        let after = folders(&[("api", "api/core"), ("web", "shop"), ("new", "new")]);
        let services = Services { before: &before, after: &after };
        let mut asked = GateSet::default();
        assert!(services.moved(&asked).is_empty());
        let floor = [("api".to_owned(), "70%".parse().unwrap())].into_iter().collect();
        asked.coverage = Some(Coverage {
            total: None,
            changed_lines: None,
            services: floor,
            flags: Default::default(),
            may_fall: None,
            exclude: Vec::new(),
            level: Default::default(),
        });
        assert_eq!(services.moved(&asked), ["api"]);
        let rule =
            Rule { open_if: "coverage.services['web'] > 1".into(), level: Default::default() };
        asked.rules.insert("own".to_owned(), rule);
        assert_eq!(services.moved(&asked), ["api", "web"]);
    }
}
