//! May traffic be moved so?

use crate::protocol::{Split, VersionId};

/// The version to which `new` would move traffic although it is not fit for
/// it, while some version is. Where nothing is fit, anything may be tried.
pub(super) fn unfit<'s>(
    old: &Split,
    new: &'s Split,
    is_fit: impl Fn(&VersionId) -> bool,
) -> Option<&'s VersionId> {
    let more = new.serving().filter(|version| new.weight(version) > old.weight(version));
    let ruled = new.headers.iter().filter(|rule| !old.headers.contains(rule));
    let unfit = more.chain(ruled.map(|rule| &rule.version)).find(|version| !is_fit(version))?;
    old.serving().chain(new.serving()).any(is_fit).then_some(unfit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::HeaderRule;

    fn split(weights: &[(&str, u8)]) -> Split {
        let weights = weights.iter().map(|(name, weight)| (VersionId((*name).into()), *weight));
        Split { weights: weights.collect(), ..Split::default() }
    }

    fn refused(old: &Split, new: &Split, fit: &[&str]) -> Option<String> {
        unfit(old, new, |version| fit.contains(&&*version.0)).map(|version| version.0.clone())
    }

    #[test]
    fn nothing_is_moved_to_a_version_that_is_not_fit() {
        let (old, new) = (split(&[("1", 100)]), split(&[("1", 95), ("2", 5)]));
        assert_eq!(refused(&old, &new, &["1"]), Some("2".to_owned()));
        assert_eq!(refused(&old, &new, &["1", "2"]), None);
    }

    #[test]
    fn what_has_the_traffic_may_keep_it_or_lose_some() {
        let old = split(&[("1", 50), ("2", 50)]);
        assert_eq!(refused(&old, &old, &["2"]), None);
        assert_eq!(refused(&old, &split(&[("1", 10), ("2", 90)]), &["2"]), None);
    }

    #[test]
    fn where_nothing_is_fit_anything_may_be_tried() {
        assert_eq!(refused(&split(&[]), &split(&[("1", 100)]), &[]), None);
        assert_eq!(refused(&split(&[("2", 100)]), &split(&[("1", 100)]), &[]), None);
    }

    #[test]
    fn a_new_header_rule_is_traffic_too() {
        let old = split(&[("1", 100)]);
        let rule =
            HeaderRule { name: "x".into(), value: "y".into(), version: VersionId("2".into()) };
        let new = Split { headers: vec![rule], ..old.clone() };
        assert_eq!(refused(&old, &new, &["1"]), Some("2".to_owned()));
        assert_eq!(refused(&new, &new, &["1"]), None);
    }
}
