//! Licences in the words that packages use, as SPDX expressions (SPDX 2.3, annex D).

use spdx::{Expression, ParseMode};

/// A licence as it was understood.
pub(super) struct Understood {
    /// What it says.
    pub(super) expression: Expression,
    /// Whether other words stand there: the reader is told.
    pub(super) is_lenient: bool,
}

/// Names that are no SPDX expression, in small letters, and what they mean. A name that leaves it
/// open which of several is meant (`BSD`) means that all of them have to be allowed.
const NAMES: &[(&str, &str)] = &[
    ("mit license", "MIT"),
    ("the mit license", "MIT"),
    ("the mit license (mit)", "MIT"),
    ("mit license (mit)", "MIT"),
    ("mit-style", "MIT"),
    ("expat", "MIT"),
    ("expat license", "MIT"),
    ("mit no attribution license (mit-0)", "MIT-0"),
    ("apache", "Apache-2.0"),
    ("apache 2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("apache2", "Apache-2.0"),
    ("apache-2", "Apache-2.0"),
    ("apache license", "Apache-2.0"),
    ("apache license 2.0", "Apache-2.0"),
    ("apache license v2.0", "Apache-2.0"),
    ("apache license, version 2.0", "Apache-2.0"),
    ("apache license version 2.0", "Apache-2.0"),
    ("the apache license, version 2.0", "Apache-2.0"),
    ("the apache software license, version 2.0", "Apache-2.0"),
    ("apache software license", "Apache-2.0"),
    ("apache software license 2.0", "Apache-2.0"),
    ("asl 2.0", "Apache-2.0"),
    ("bsd", "BSD-2-Clause AND BSD-3-Clause AND BSD-4-Clause"),
    ("bsd license", "BSD-2-Clause AND BSD-3-Clause AND BSD-4-Clause"),
    ("bsd licence", "BSD-2-Clause AND BSD-3-Clause AND BSD-4-Clause"),
    ("bsd-like", "BSD-2-Clause AND BSD-3-Clause AND BSD-4-Clause"),
    ("bsd 2-clause", "BSD-2-Clause"),
    ("bsd 2-clause license", "BSD-2-Clause"),
    ("2-clause bsd", "BSD-2-Clause"),
    ("simplified bsd", "BSD-2-Clause"),
    ("simplified bsd license", "BSD-2-Clause"),
    ("bsd 3-clause", "BSD-3-Clause"),
    ("bsd 3-clause license", "BSD-3-Clause"),
    ("bsd-3", "BSD-3-Clause"),
    ("3-clause bsd", "BSD-3-Clause"),
    ("3-clause bsd license", "BSD-3-Clause"),
    ("new bsd", "BSD-3-Clause"),
    ("new bsd license", "BSD-3-Clause"),
    ("modified bsd license", "BSD-3-Clause"),
    ("isc license", "ISC"),
    ("isc license (iscl)", "ISC"),
    ("mozilla public license 2.0", "MPL-2.0"),
    ("mozilla public license 2.0 (mpl 2.0)", "MPL-2.0"),
    ("mpl 2.0", "MPL-2.0"),
    ("python software foundation license", "PSF-2.0"),
    ("psf", "PSF-2.0"),
    ("psfl", "PSF-2.0"),
    ("the unlicense", "Unlicense"),
    ("the unlicense (unlicense)", "Unlicense"),
    ("zlib license", "Zlib"),
    ("zope public license", "ZPL-2.1"),
    ("cc0", "CC0-1.0"),
    ("cc0 1.0 universal", "CC0-1.0"),
    ("cc0 1.0 universal (cc0 1.0) public domain dedication", "CC0-1.0"),
    ("boost software license 1.0 (bsl-1.0)", "BSL-1.0"),
    ("gpl", "GPL-1.0-or-later"),
    ("gplv2", "GPL-2.0-only"),
    ("gplv3", "GPL-3.0-only"),
    ("gnu general public license v2 (gplv2)", "GPL-2.0-only"),
    ("gnu general public license v2 or later (gplv2+)", "GPL-2.0-or-later"),
    ("gnu general public license v3 (gplv3)", "GPL-3.0-only"),
    ("gnu general public license v3 or later (gplv3+)", "GPL-3.0-or-later"),
    ("lgpl", "LGPL-2.0-or-later"),
    ("gnu lesser general public license v2 or later (lgplv2+)", "LGPL-2.0-or-later"),
    ("gnu lesser general public license v3 (lgplv3)", "LGPL-3.0-only"),
    ("gnu lesser general public license v3 or later (lgplv3+)", "LGPL-3.0-or-later"),
    ("gnu affero general public license v3", "AGPL-3.0-only"),
    ("gnu affero general public license v3 or later (agplv3+)", "AGPL-3.0-or-later"),
    ("eclipse public license - v 2.0", "EPL-2.0"),
    ("eclipse public license v2.0", "EPL-2.0"),
];

/// What a licence says; `None`: nothing that is known.
pub(super) fn understood(text: &str) -> Option<Understood> {
    let strict = Expression::parse(text).ok();
    if let Some(expression) = strict {
        return Some(Understood { expression, is_lenient: false });
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // `MIT/Apache-2.0` of old manifests, `(MIT or GPL-2.0+)`, ids that were replaced. Names that
    // nobody knows may stand in it: `MIT OR Custom` can be judged.
    let mode = ParseMode {
        allow_slash_as_or_operator: true,
        allow_imprecise_license_names: false,
        allow_postfix_plus_on_gpl: true,
        allow_deprecated: true,
        allow_unknown: false,
    };
    let named = || {
        let name = text.to_lowercase();
        // A classifier of Python's index.
        let name = name.strip_prefix("license :: osi approved :: ").unwrap_or(&name);
        let (_, meant) = NAMES.iter().find(|(of, _)| *of == name)?;
        Expression::parse(meant).ok()
    };
    let expression = named().or_else(|| Expression::parse_mode(&text, mode).ok());
    let cased = || spdx_id(&text).and_then(|id| Expression::parse(id).ok());
    Some(Understood { expression: expression.or_else(cased)?, is_lenient: true })
}

/// An id that is written in other letters: `mit`, `apache-2.0`.
fn spdx_id(text: &str) -> Option<&'static str> {
    let ids = spdx::identifiers::LICENSES.iter();
    ids.map(|licence| licence.name).find(|id| id.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_means_an_expression_and_stands_there_once() {
        for (index, (name, meant)) in NAMES.iter().enumerate() {
            assert!(Expression::parse(meant).is_ok(), "{name}: {meant}");
            assert_eq!(name.to_lowercase(), *name);
            assert!(NAMES.iter().skip(index + 1).all(|(other, _)| other != name), "{name}");
        }
    }

    #[test]
    fn what_is_no_expression_is_understood_where_it_is_plain() {
        let read = |text| understood(text).map(|of| (of.expression.to_string(), of.is_lenient));
        for (text, meant, is_lenient) in [
            ("MIT OR Apache-2.0", "MIT OR Apache-2.0", false),
            ("MIT/Apache-2.0", "MIT/Apache-2.0", true),
            ("GPL-2.0", "GPL-2.0", true),
            ("The MIT License (MIT)", "MIT", true),
            ("Apache  License, Version 2.0", "Apache-2.0", true),
            ("mit", "MIT", true),
            ("License :: OSI Approved :: MIT License", "MIT", true),
            ("LicenseRef-own", "LicenseRef-own", false),
        ] {
            assert_eq!(read(text), Some((meant.to_owned(), is_lenient)), "{text}");
        }
        for text in
            ["", "Proprietary", "SEE LICENSE IN x", "MIT AND", "()", "(((", "Custom: https://x"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
