//! Single values.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use indexmap::IndexMap;

use super::code;
use super::item::{Item, did_you_mean};
use crate::config::value::{BadValue, duration};
use crate::ids::BadName;

/// Text that is not blank.
pub(super) fn text(item: Item) -> Option<String> {
    match item.node.as_str() {
        Some(text) if text.trim().is_empty() => {
            item.error(code::BAD_VALUE, "this is empty");
            None
        }
        Some(text) => Some(text.to_owned()),
        None => {
            item.wrong_type("text");
            None
        }
    }
}

/// `true` or `false`.
pub(super) fn flag(item: Item) -> Option<bool> {
    let flag = item.node.as_bool();
    if flag.is_none() {
        match item.node.as_str().map(str::to_ascii_lowercase).as_deref() {
            Some(word @ ("yes" | "on" | "no" | "off")) => {
                let meant = matches!(word, "yes" | "on");
                let message = format!("expected `true` or `false`, found `{word}`");
                item.error_with_help(code::WRONG_TYPE, message, format!("did you mean `{meant}`?"));
            }
            _ => item.wrong_type("`true` or `false`"),
        }
    }
    flag
}

/// A whole number in a range.
pub(super) fn whole<T: TryFrom<i64>>(range: RangeInclusive<i64>) -> impl Fn(Item) -> Option<T> {
    move |item| {
        let Some(number) = item.node.as_int() else {
            item.wrong_type("a whole number");
            return None;
        };
        let number = Some(number).filter(|number| range.contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            let (from, to) = (range.start(), range.end());
            item.error(code::BAD_VALUE, format!("expected a number from {from} to {to}"));
        }
        number
    }
}

/// One word of several.
pub(super) fn choice<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(Item) -> Option<T> {
    move |item| {
        let Some(text) = item.node.text().filter(|_| !item.node.is_null()) else {
            item.wrong_type("a word");
            return None;
        };
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("`{text}` means nothing here");
            item.error_with_help(code::BAD_VALUE, message, did_you_mean(text, &known));
        }
        found.map(|(_, value)| *value)
    }
}

/// What `parse` makes of any scalar's text.
fn parsed<T>(
    item: Item,
    wanted: &str,
    parse: impl FnOnce(&str) -> Result<T, BadValue>,
) -> Option<T> {
    let Some(text) = item.node.text().filter(|_| !item.node.is_null()) else {
        item.wrong_type(wanted);
        return None;
    };
    match parse(text) {
        Ok(value) => Some(value),
        Err(BadValue { text, kind, rule }) => {
            item.error_with_help(code::BAD_VALUE, format!("`{text}` is not a {kind}"), rule);
            None
        }
    }
}

/// A value with a unit.
pub(super) fn quantity<T: FromStr<Err = BadValue>>(item: Item) -> Option<T> {
    parsed(item, "a number with its unit", T::from_str)
}

/// A duration.
pub(super) fn period(item: Item) -> Option<Duration> {
    parsed(item, "a duration", duration::parse)
}

/// A duration that is more than nothing.
pub(super) fn some_time(item: Item) -> Option<Duration> {
    let period = period(item)?;
    if period.is_zero() {
        item.error(code::BAD_VALUE, "this has to be more than nothing");
        return None;
    }
    Some(period)
}

/// An address and a port, or a port of this machine alone.
pub(super) fn address(item: Item) -> Option<SocketAddr> {
    let text = item.node.text().unwrap_or_default();
    if let Ok(port) = text.parse::<u16>() {
        return Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    let address = text.parse().ok();
    if address.is_none() {
        let message = match item.node.text() {
            Some(text) if !item.node.is_null() => format!("`{text}` is not an address"),
            _ => "expected an address".to_owned(),
        };
        let help = "write it like `127.0.0.1:8080`, `0.0.0.0:80`, `[::1]:8080` or `8080`";
        item.error_with_help(code::BAD_VALUE, message, help);
    }
    address
}

/// A mapping with names of one kind as keys.
pub(super) fn named<K, T>(
    item: Item,
    decode: impl Fn(&K, Item) -> Option<T>,
) -> Option<IndexMap<K, T>>
where
    K: TryFrom<String, Error = BadName> + std::hash::Hash + Eq,
{
    let mut all = IndexMap::new();
    for (key, value) in item.entries()? {
        match K::try_from(key.to_owned()) {
            Ok(name) => {
                if let Some(decoded) = decode(&name, value) {
                    all.insert(name, decoded);
                }
            }
            Err(problem) => report_name(value, value.key, &problem),
        }
    }
    Some(all)
}

/// A name of one kind.
pub(super) fn name<K: TryFrom<String, Error = BadName>>(item: Item) -> Option<K> {
    K::try_from(text(item)?).map_err(|problem| report_name(item, item.node.at(), &problem)).ok()
}

fn report_name(item: Item, at: shipway_workflow::Span, problem: &BadName) {
    let BadName { text, kind, rule } = problem;
    let message = format!("`{text}` is not a {kind}");
    item.reader.report(item.reader.error(code::BAD_NAME, at, message).with_help(*rule));
}
