//! Waivers: what somebody answers for, for a time. A file, `.shipway/waivers.toml`:
//!
//! ```toml
//! [[vulnerability]]
//! advisory = "CVE-2021-23337"       # any of its names
//! package = "lodash"                # left out: in every package
//! owner = "alice"
//! reason = "templates are ours alone; lodash goes with #412"
//! expires = 2027-01-31              # the last day on which it counts, in UTC
//!
//! [[licence]]
//! package = "left-pad"
//! licence = "WTFPL"                 # in the report's words; "none": nobody says it
//! owner = "bob"
//! reason = "asked the lawyers on 3 March"
//! expires = 2027-06-30
//! ```
//!
//! Owner, reason and expiry are required; a key that nobody knows is an error.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::vulnerabilities::rules;
use crate::finding::{Allowed, Finding, Pos, Span};
use crate::rule::Rule;

/// What is waived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waivers {
    path: String,
    all: Vec<Waiver>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// What it covers.
    pub covers: Covers,
    /// Who answers for it. Never empty.
    pub owner: String,
    /// Why. Never empty.
    pub reason: String,
    /// The last day on which it counts, in UTC.
    pub expires: Date,
    /// Where it stands.
    pub at: Pos,
}

/// What a waiver covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Covers {
    /// A vulnerability.
    Vulnerability {
        /// A name of its advisory.
        advisory: String,
        /// The package; `None`: every package.
        package: Option<String>,
    },
    /// A package's licence.
    Licence {
        /// The package.
        package: String,
        /// The licence.
        licence: String,
    },
}

/// Why a file of waivers cannot be used. None of it counts then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{at}: {what}")]
pub struct BadWaivers {
    /// The file.
    pub path: String,
    /// Where in it.
    pub at: Pos,
    /// What is wrong, and what to do.
    pub what: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    vulnerability: Vec<Spanned<OfVulnerability>>,
    #[serde(default)]
    licence: Vec<Spanned<OfLicence>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfVulnerability {
    advisory: Spanned<String>,
    package: Option<String>,
    owner: Spanned<String>,
    reason: Spanned<String>,
    expires: Spanned<Datetime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfLicence {
    package: Spanned<String>,
    licence: Spanned<String>,
    owner: Spanned<String>,
    reason: Spanned<String>,
    expires: Spanned<Datetime>,
}

impl Waivers {
    /// Reads a file of them.
    ///
    /// # Errors
    /// When any of it is wrong: a waiver without owner, reason or expiry, a key that nobody knows.
    pub fn read(path: &str, text: &str) -> Result<Self, BadWaivers> {
        let reader = Reader { path, text };
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let said = error.message();
            let more = if said.starts_with("missing field") {
                ": a waiver says what it covers, and has `owner`, `reason` and `expires`"
            } else {
                ""
            };
            reader.bad(at, format!("{said}{more}"))
        })?;
        let mut all = Vec::new();
        for of in file.vulnerability {
            let at = of.span().start;
            let OfVulnerability { advisory, package, owner, reason, expires } = of.into_inner();
            let advisory = reader.filled("advisory", advisory)?;
            let covers = Covers::Vulnerability { advisory, package };
            all.push(reader.waiver(at, covers, owner, reason, &expires)?);
        }
        for of in file.licence {
            let at = of.span().start;
            let OfLicence { package, licence, owner, reason, expires } = of.into_inner();
            let package = reader.filled("package", package)?;
            let covers = Covers::Licence { package, licence: reader.filled("licence", licence)? };
            all.push(reader.waiver(at, covers, owner, reason, &expires)?);
        }
        Ok(Self { path: path.to_owned(), all })
    }

    /// All of them, whether they are over or not.
    #[must_use]
    pub fn all(&self) -> &[Waiver] {
        &self.all
    }

    /// The allowance of the first waiver that counts now and covers it.
    pub(super) fn allowance(
        &self,
        now: Timestamp,
        covers: impl Fn(&Covers) -> bool,
    ) -> Option<Allowed> {
        let waiver = self.all.iter().find(|of| !of.is_over(now) && covers(&of.covers))?;
        let Waiver { owner, reason, expires, at, .. } = waiver;
        let by = format!("{}:{}", self.path, at.line);
        Some(Allowed { reason: format!("{reason} ({owner}, until {expires})"), by })
    }

    /// Those that are over, and that `is_needed` is true of.
    pub(super) fn over(&self, now: Timestamp, is_needed: impl Fn(&Covers) -> bool) -> Vec<Finding> {
        let over = self.all.iter().filter(|of| of.is_over(now) && is_needed(&of.covers));
        let said = |Waiver { covers, owner, expires, .. }: &Waiver| {
            format!("the waiver of {owner} for {covers} is over since {expires}")
        };
        over.map(|of| self.finding(&rules::WAIVER_EXPIRED, of, said(of))).collect()
    }

    /// Those that cover nothing, of those that `is_its` is true of, whether they are over or not.
    pub(super) fn unused(
        &self,
        now: Timestamp,
        is_its: fn(&Covers) -> bool,
        is_used: impl Fn(&Covers) -> bool,
    ) -> Vec<Finding> {
        let unused = self.all.iter().filter(|of| is_its(&of.covers) && !is_used(&of.covers));
        let said = |waiver: &Waiver| {
            let Waiver { covers, owner, expires, .. } = waiver;
            let over = match waiver.is_over(now) {
                true => format!(" is over since {expires}, and"),
                false => String::new(),
            };
            format!("the waiver of {owner} for {covers}{over} covers nothing")
        };
        unused.map(|of| self.finding(&rules::WAIVER_UNUSED, of, said(of))).collect()
    }

    fn finding(&self, rule: &Rule, waiver: &Waiver, said: String) -> Finding {
        let span = Span { start: waiver.at, end: waiver.at };
        Finding::new(rule, &self.path, span, said)
    }
}

impl Covers {
    /// Whether it is a vulnerability.
    pub(super) const fn is_vulnerability(&self) -> bool {
        matches!(self, Self::Vulnerability { .. })
    }

    /// Whether it is a licence.
    pub(super) const fn is_licence(&self) -> bool {
        matches!(self, Self::Licence { .. })
    }
}

impl Waiver {
    /// Whether it no longer counts.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        TimeZone::UTC.to_datetime(now).date() > self.expires
    }
}

impl std::fmt::Display for Covers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Vulnerability { advisory, package: None } => f.write_str(advisory),
            Self::Vulnerability { advisory, package: Some(package) } => {
                write!(f, "{advisory} in {package}")
            }
            Self::Licence { package, licence } => write!(f, "{package} under {licence}"),
        }
    }
}

struct Reader<'t> {
    path: &'t str,
    text: &'t str,
}

impl Reader<'_> {
    fn bad(&self, offset: usize, what: impl Into<String>) -> BadWaivers {
        BadWaivers { path: self.path.to_owned(), at: self.pos(offset), what: what.into() }
    }

    fn pos(&self, offset: usize) -> Pos {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Pos { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
    }

    fn filled(&self, key: &str, text: Spanned<String>) -> Result<String, BadWaivers> {
        if text.get_ref().trim().is_empty() {
            return Err(self.bad(text.span().start, format!("`{key}` is empty: a waiver needs it")));
        }
        Ok(text.into_inner())
    }

    fn waiver(
        &self,
        at: usize,
        covers: Covers,
        owner: Spanned<String>,
        reason: Spanned<String>,
        expires: &Spanned<Datetime>,
    ) -> Result<Waiver, BadWaivers> {
        let day = match expires.get_ref() {
            Datetime { date: Some(date), time: None, offset: None } => {
                let (year, month) = (i16::try_from(date.year).ok(), i8::try_from(date.month).ok());
                let day = i8::try_from(date.day).ok();
                year.zip(month).zip(day).and_then(|((y, m), d)| Date::new(y, m, d).ok())
            }
            _ => None,
        };
        let expires = day.ok_or_else(|| {
            let start = expires.span().start;
            self.bad(start, "`expires` is the last day on which it counts, such as 2027-01-31")
        })?;
        let owner = self.filled("owner", owner)?;
        let reason = self.filled("reason", reason)?;
        Ok(Waiver { covers, owner, reason, expires, at: self.pos(at) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
[[vulnerability]]
advisory = 'CVE-1'
owner = 'alice'
reason = 'tests alone'
expires = 2027-01-31
";

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    #[test]
    fn a_waiver_counts_until_the_end_of_its_last_day() {
        let waivers = Waivers::read("w", GOOD).unwrap();
        let allowance = |now| waivers.allowance(now, |_| true);
        let by = "w:1".to_owned();
        let reason = "tests alone (alice, until 2027-01-31)".to_owned();
        assert_eq!(allowance(at("2027-01-31T23:59:59Z")), Some(Allowed { reason, by }));
        assert_eq!(allowance(at("2027-02-01T00:00:00Z")), None);
        let said = |findings: Vec<Finding>| {
            findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        let over = |now| said(waivers.over(at(now), Covers::is_vulnerability));
        insta::assert_snapshot!(over("2027-02-01T00:00:00Z"), @"w:1:1: high: the waiver of alice for CVE-1 is over since 2027-01-31 [waiver-expired]");
        assert_eq!(over("2027-01-31T00:00:00Z"), "");
        let now = at("2027-01-01T00:00:00Z");
        let unused = |used| said(waivers.unused(now, Covers::is_vulnerability, |_| used));
        insta::assert_snapshot!(unused(false), @"w:1:1: low: the waiver of alice for CVE-1 covers nothing [waiver-unused]");
        assert_eq!(unused(true), "");
        let later = at("2027-02-01T00:00:00Z");
        let over = said(waivers.unused(later, Covers::is_vulnerability, |_| false));
        insta::assert_snapshot!(over, @r"
        w:1:1: low: the waiver of alice for CVE-1 is over since 2027-01-31, and covers nothing [waiver-unused]
        ");
        assert_eq!(waivers.unused(now, Covers::is_licence, |_| false), []);
    }

    #[test]
    fn what_says_too_little_or_too_much_is_refused_with_its_place() {
        let without = |line: &str| GOOD.replace(line, "");
        let with = |line: &str, other: &str| GOOD.replace(line, other);
        let mut said = String::new();
        for text in [
            without("owner = 'alice'\n"),
            without("reason = 'tests alone'\n"),
            without("expires = 2027-01-31\n"),
            with("'alice'", "' '"),
            with("2027-01-31", "'2027-01-31'"),
            with("2027-01-31", "2027-01-31T10:00:00Z"),
            with("owner", "owners"),
            with("[[vulnerability]]", "[[vulnerabilities]]"),
            with("'CVE-1'", "''"),
            "[[licence]]\npackage = 'a'\n".to_owned(),
            "what".to_owned(),
        ] {
            said += &format!("{}\n", Waivers::read("w", &text).unwrap_err());
        }
        insta::assert_snapshot!(said, @r#"
        w:1:1: missing field `owner`: a waiver says what it covers, and has `owner`, `reason` and `expires`
        w:1:1: missing field `reason`: a waiver says what it covers, and has `owner`, `reason` and `expires`
        w:1:1: missing field `expires`: a waiver says what it covers, and has `owner`, `reason` and `expires`
        w:3:9: `owner` is empty: a waiver needs it
        w:5:11: invalid type: string "2027-01-31", expected a TOML datetime
        w:5:11: `expires` is the last day on which it counts, such as 2027-01-31
        w:3:1: unknown field `owners`, expected one of `advisory`, `package`, `owner`, `reason`, `expires`
        w:1:3: unknown field `vulnerabilities`, expected `vulnerability` or `licence`
        w:2:12: `advisory` is empty: a waiver needs it
        w:1:1: missing field `licence`: a waiver says what it covers, and has `owner`, `reason` and `expires`
        w:1:5: key with no value, expected `=`
        "#);
    }
}
