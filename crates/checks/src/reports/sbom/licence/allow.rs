//! Which licences are allowed.

use spdx::{Expression, LicenseItem, LicenseReq};

use super::names::understood;

/// Which licences are allowed: SPDX ids, `LicenseRef-…`, families such as `BSD-*`, each perhaps
/// `WITH` an exception.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AllowList {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq)]
enum Entry {
    One(LicenseReq),
    /// Every id that begins so.
    Family(String),
}

/// An entry that allows nothing that is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no licence: write an SPDX id (`MIT`), or a family of them (`BSD-*`)")]
pub struct BadEntry(pub String);

/// Whether a licence is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    NotAllowed,
    /// It is one of its author's own, of which nothing is known.
    Unknown,
}

impl AllowList {
    /// Of these entries.
    ///
    /// # Errors
    /// At the first that names no licence.
    pub fn parse<S: AsRef<str>>(entries: impl IntoIterator<Item = S>) -> Result<Self, BadEntry> {
        let entries = entries.into_iter().map(|entry| parse(entry.as_ref()));
        Ok(Self { entries: entries.collect::<Result<_, _>>()? })
    }

    /// Whether an expression can be chosen from so that everything in it is allowed.
    pub(super) fn judge(&self, expression: &Expression) -> Verdict {
        use spdx::expression::{ExprNode, Operator};
        let mut stack: Vec<Verdict> = Vec::new();
        // It comes in postfix order.
        for node in expression.iter() {
            let verdict = match node {
                ExprNode::Req(req) => self.requirement(&req.req),
                ExprNode::Op(operator) => {
                    let (one, other) = (stack.pop(), stack.pop());
                    let both = [one, other].map(|of| of.unwrap_or(Verdict::Unknown));
                    let (strongest, weakest) = match operator {
                        Operator::And => (Verdict::NotAllowed, Verdict::Allowed),
                        Operator::Or => (Verdict::Allowed, Verdict::NotAllowed),
                    };
                    if both.contains(&strongest) {
                        strongest
                    } else if both.contains(&Verdict::Unknown) {
                        Verdict::Unknown
                    } else {
                        weakest
                    }
                }
            };
            stack.push(verdict);
        }
        stack.pop().unwrap_or(Verdict::Unknown)
    }

    fn requirement(&self, req: &LicenseReq) -> Verdict {
        let is_allowed = self.entries.iter().any(|entry| entry.allows(req));
        let is_known = matches!(req.license, LicenseItem::Spdx { .. })
            && !matches!(req.addition, Some(spdx::AdditionItem::Other(_)));
        match (is_allowed, is_known) {
            (true, _) => Verdict::Allowed,
            (false, true) => Verdict::NotAllowed,
            (false, false) => Verdict::Unknown,
        }
    }
}

fn parse(entry: &str) -> Result<Entry, BadEntry> {
    let bad = || BadEntry(entry.to_owned());
    if let Some(family) = entry.strip_suffix('*') {
        let ids = spdx::identifiers::LICENSES.iter();
        let is_known = !family.is_empty() && ids.map(|of| of.name).any(|id| id.starts_with(family));
        return if is_known { Ok(Entry::Family(family.to_owned())) } else { Err(bad()) };
    }
    let expression = understood(entry).ok_or_else(bad)?.expression;
    let mut requirements = expression.requirements();
    match (requirements.next(), requirements.next()) {
        (Some(one), None) => Ok(Entry::One(one.req.clone())),
        _ => Err(bad()),
    }
}

impl Entry {
    /// Whether it allows what is required. "Or later" may be taken by the version that is named;
    /// an exception of SPDX's list only permits more, so that the licence is enough.
    fn allows(&self, req: &LicenseReq) -> bool {
        match (self, &req.license) {
            (Self::Family(family), LicenseItem::Spdx { id, .. }) => id.name.starts_with(family),
            (Self::Family(_), LicenseItem::Other(_)) => false,
            (Self::One(one), license) => {
                let is_same = match (&one.license, license) {
                    (LicenseItem::Spdx { id: one, .. }, LicenseItem::Spdx { id: other, .. }) => {
                        plain(one.name) == plain(other.name)
                            || other.name.ends_with("-or-later")
                                && base(one.name) == base(other.name)
                    }
                    (one, other) => one == other,
                };
                let more = match (&one.addition, &req.addition) {
                    (None, Some(spdx::AdditionItem::Other(_))) => false,
                    (None, _) => true,
                    (one, other) => one == other,
                };
                is_same && more
            }
        }
    }
}

/// GNU's licences are written without `-only` in old ids.
fn plain(id: &str) -> &str {
    id.strip_suffix("-only").unwrap_or(id)
}

fn base(id: &str) -> &str {
    plain(id.strip_suffix("-or-later").unwrap_or(id))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_licence_is_allowed_not_allowed_or_unknown() {
        use Verdict::{Allowed, NotAllowed, Unknown};
        let list = ["MIT", "Apache-2.0", "BSD-*", "LGPL-2.1-only", "LicenseRef-ours"];
        let list = AllowList::parse(list).unwrap();
        for (text, verdict) in [
            ("MIT", Allowed),
            ("MIT License", Allowed),
            ("BSD", Allowed),
            ("BSD-3-Clause-Clear", Allowed),
            ("Apache-2.0 WITH LLVM-exception", Allowed),
            ("Apache-2.0 WITH AdditionRef-x", Unknown),
            ("GPL-3.0-only", NotAllowed),
            ("GPL-3.0-only OR MIT", Allowed),
            ("GPL-3.0-only AND MIT", NotAllowed),
            ("(MIT AND GPL-2.0) OR (ISC AND MIT)", NotAllowed),
            ("LGPL-2.1-or-later", Allowed),
            ("LGPL-2.1", Allowed),
            ("LGPL-2.1+", Allowed),
            ("LGPL-3.0-only", NotAllowed),
            ("LicenseRef-ours", Allowed),
            ("LicenseRef-theirs", Unknown),
            ("LicenseRef-theirs OR MIT", Allowed),
            ("LicenseRef-theirs AND MIT", Unknown),
            ("LicenseRef-theirs AND ISC", NotAllowed),
        ] {
            let of = understood(text).unwrap();
            assert_eq!(list.judge(&of.expression), verdict, "{text}");
        }
    }

    proptest! {
        /// Whatever stands there has a verdict or is not understood; nothing panics.
        #[test]
        fn every_text_has_a_verdict_or_none(
            words in proptest::collection::vec(
                prop_oneof![
                    Just("MIT"), Just("GPL-2.0"), Just("+"), Just("AND"), Just("OR"), Just("WITH"),
                    Just("("), Just(")"), Just("/"), Just("LLVM-exception"), Just("LicenseRef-a"),
                    Just("DocumentRef-a:"), Just("AdditionRef-"), Just(","), Just("é"), Just(" "),
                ],
                0..12,
            ),
            space in any::<bool>(),
            noise in ".{0,8}",
        ) {
            let list = AllowList::parse(["MIT", "BSD-*"]).unwrap();
            let text = words.join(if space { " " } else { "" });
            for text in [text.clone(), text + &noise, noise] {
                if let Some(of) = understood(&text) {
                    list.judge(&of.expression);
                }
                let _refused = AllowList::parse([&text]);
            }
        }
    }

    #[test]
    fn an_entry_that_allows_nothing_is_refused() {
        for entry in ["", "*", "Nope", "Nope-*", "MIT OR ISC", "BSD"] {
            let error = AllowList::parse([entry]).unwrap_err();
            assert_eq!(error, BadEntry(entry.to_owned()));
        }
        insta::assert_snapshot!(BadEntry("BSD".into()), @"`BSD` is no licence: write an SPDX id (`MIT`), or a family of them (`BSD-*`)");
    }
}
