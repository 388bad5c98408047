//! `schedule`: times in the notation of cron.

use crate::model::code;
use crate::model::reader::Reader;
use crate::span::{Span, Spanned};
use crate::yaml::Node;

/// One line of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    /// Where it stands.
    pub span: Span,
    /// Five fields: minute, hour, day of the month, month, day of the week.
    pub expression: Spanned<String>,
    /// The time zone, such as `Europe/Vienna`; UTC unless it says.
    pub timezone: Option<Spanned<String>>,
}

pub(super) fn read_all(reader: &mut Reader<'_>, node: &Node) -> Vec<Cron> {
    let Some(items) = node.as_sequence() else {
        reader.wrong_kind(node, "`schedule`", "a list of `cron`");
        return Vec::new();
    };
    items.iter().filter_map(|item| read(reader, item)).collect()
}

fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Cron> {
    let what = "an item of `schedule`";
    let fields = reader.fields(node, what, &["cron", "timezone"])?;
    let timezone = fields.get("timezone").and_then(|node| reader.text(node, "`timezone`"));
    let cron = reader.require(&fields, "cron", what)?;
    let expression = reader.text(cron, "`cron`")?;
    if let Err(why) = check(&expression) {
        let message = format!("`{}` is no time for `cron`: {why}", expression.value);
        reader.problem(code::WRONG_VALUE, expression.span, message);
        return None;
    }
    Some(Cron { span: fields.span(), expression, timezone })
}

const MONTHS: &[&str] =
    &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A field: its name, its first and last number, names for its numbers.
type Field = (&'static str, u32, u32, &'static [&'static str]);

const FIELDS: [Field; 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of the month", 1, 31, &[]),
    ("month", 1, 12, MONTHS),
    ("day of the week", 0, 6, DAYS),
];

fn check(expression: &str) -> Result<(), String> {
    let parts: Vec<&str> = expression.split_whitespace().collect();
    if parts.len() != FIELDS.len() {
        return Err(format!("it has {} fields, not 5", parts.len()));
    }
    for (part, field) in parts.iter().zip(&FIELDS) {
        if !part.split(',').all(|item| is_item(item, field)) {
            return Err(format!("`{part}` is no {}", field.0));
        }
    }
    Ok(())
}

/// `*`, a number, a range, each with `/step` behind it.
fn is_item(item: &str, field: &Field) -> bool {
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (item, None),
    };
    let good_step = step.is_none_or(|step| {
        step.bytes().all(|b| b.is_ascii_digit())
            && step.parse::<u32>().is_ok_and(|step| (1..=field.2).contains(&step))
    });
    let good_range = range == "*"
        || match range.split_once('-') {
            None => number(range, field).is_some(),
            Some((from, to)) => {
                number(from, field).zip(number(to, field)).is_some_and(|(from, to)| from <= to)
            }
        };
    good_step && good_range
}

fn number(text: &str, (_, first, last, names): &Field) -> Option<u32> {
    if let Some(place) = names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        return u32::try_from(place).ok().map(|place| place + first);
    }
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| digits && (*first..=*last).contains(number))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn times() {
        for good in ["* * * * *", "*/15 0-6/2 1,15 JAN-jun MON-FRI", "30 5 * * 1,3", "0 0 1 1 sun"]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let wrong =
            ["* * * *", "60 * * * *", "*/0 * * * *", "5-1 * * * *", "* * 0 * *", "a * * * *"]
                .map(|text| check(text).unwrap_err())
                .join("\n");
        insta::assert_snapshot!(wrong, @r"
        it has 4 fields, not 5
        `60` is no minute
        `*/0` is no minute
        `5-1` is no minute
        `0` is no day of the month
        `a` is no minute
        ");
    }
}
