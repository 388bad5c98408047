//! URLs of blobs: good for one blob, one way, one job, and a while.
//!
//! `/blob/<what>?sp=r&se=<second>&sr=<run>.<job>.<nonce>&sig=<tag>`: the names
//! are those of Azure's shared access signatures, which clients mask in logs
//! and keep when they add parameters of their own (`comp`, `blockid`).

use std::time::Duration;

use jiff::Timestamp;

use crate::grant::{Grant, JobId};
use crate::token::Tokens;

/// Which way a URL is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// `GET` and `HEAD`.
    Read,
    /// `PUT`.
    Write,
}

impl Way {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "r",
            Self::Write => "w",
        }
    }
}

/// Makes the path and query of a URL for `path`.
pub(crate) fn sign(
    tokens: &Tokens,
    grant: &Grant,
    way: Way,
    path: &str,
    now: Timestamp,
    age: Duration,
) -> String {
    let JobId { run, job } = grant.id();
    let until = now.as_second().saturating_add(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    let nonce = grant.nonce();
    let signed = format!("{path}?sp={}&se={until}&sr={run}.{job}.{nonce}", way.as_str());
    let tag = tokens.tag(&signed);
    format!("{signed}&sig={tag}")
}

/// Whose URL it is, if this service made it for `path` and `way` and its time
/// is not over.
pub(crate) fn check(
    tokens: &Tokens,
    way: Way,
    path: &str,
    query: &str,
    now: Timestamp,
) -> Option<(JobId, String)> {
    let [until, whose, tag] = ["se", "sr", "sig"].map(|name| parameter(query, name));
    let (until, whose, tag) = (until?, whose?, tag?);
    let signed = format!("{path}?sp={}&se={until}&sr={whose}", way.as_str());
    if !tokens.is_tag(&signed, tag) || now.as_second() >= until.parse().ok()? {
        return None;
    }
    let mut parts = whose.splitn(3, '.');
    let (run, job) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((JobId { run, job }, parts.next()?.to_owned()))
}

/// A parameter as it stands in the query, escapes and all.
pub(crate) fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::tests::grant;

    #[test]
    fn a_url_is_good_for_one_blob_one_way_and_a_while() {
        let tokens = Tokens::new().unwrap();
        let (grant, now) = (grant(), Timestamp::from_second(1000).unwrap());
        let age = Duration::from_secs(60);
        let url = sign(&tokens, &grant, Way::Write, "/blob/u/1", now, age);
        let (path, query) = url.split_once('?').unwrap();
        let longer = format!("{query}&comp=block&blockid=AA%3D%3D");
        let whose = Some((grant.id(), grant.nonce().to_owned()));
        assert_eq!(check(&tokens, Way::Write, path, query, now), whose);
        assert_eq!(check(&tokens, Way::Write, path, &longer, now), whose);
        assert_eq!(check(&tokens, Way::Read, path, query, now), None);
        assert_eq!(check(&tokens, Way::Write, "/blob/u/2", query, now), None);
        let late = Timestamp::from_second(1060).unwrap();
        assert_eq!(check(&tokens, Way::Write, path, query, late), None);
        let longer_life = query.replace("se=1060", "se=9999");
        assert_ne!(longer_life, query);
        assert_eq!(check(&tokens, Way::Write, path, &longer_life, now), None);
        let twice = format!("se=9999&{query}");
        assert_eq!(check(&tokens, Way::Write, path, &twice, now), None);
        let other = query.replace("sr=7.11", "sr=7.12");
        assert_eq!(check(&tokens, Way::Write, path, &other, now), None);
        for broken in ["", "sp=w", "sp=w&se=&sr=&sig=", "sig=%00"] {
            assert_eq!(check(&tokens, Way::Write, path, broken, now), None);
        }
    }
}
