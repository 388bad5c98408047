//! CVSS: from a vector or a score to how bad it is.
//!
//! Base scores of version 3.0 and 3.1 are computed after FIRST's specification, section 7.1
//! (<https://www.first.org/cvss/v3-1/specification-document>). Vectors of version 2 and 4 are not:
//! version 2 has no rating "critical", and version 4's score is a table of 270 measured values;
//! reports that have such vectors say the severity beside them, and where one does not, it is
//! unknown, which is a class of its own.

use crate::finding::Severity;

/// What the vector says: its rating, if its version is 3.
#[must_use]
pub fn severity(vector: &str) -> Option<Severity> {
    base_score(vector).and_then(rating)
}

/// The qualitative rating of a score from 0.0 to 10.0 (section 5). "None" is low here: somebody
/// wrote an advisory. `None`: it is no score.
#[must_use]
pub fn rating(score: f64) -> Option<Severity> {
    match score {
        9.0..=10.0 => Some(Severity::Critical),
        7.0..9.0 => Some(Severity::High),
        4.0..7.0 => Some(Severity::Medium),
        0.0..4.0 => Some(Severity::Low),
        _ => None,
    }
}

/// The base score of a vector of version 3; `None` if it is none, or lacks a base metric.
#[must_use]
pub fn base_score(vector: &str) -> Option<f64> {
    let metrics = vector.strip_prefix("CVSS:3.0/").or_else(|| vector.strip_prefix("CVSS:3.1/"))?;
    let value = |name: &str| {
        let mut of = metrics.split('/').filter_map(|metric| metric.split_once(':'));
        of.find_map(|(metric, value)| (metric == name).then_some(value))
    };
    let changed = match value("S")? {
        "U" => false,
        "C" => true,
        _ => return None,
    };
    let impact = |name| match value(name)? {
        "H" => Some(0.56),
        "L" => Some(0.22),
        "N" => Some(0.0),
        _ => None,
    };
    let vector = match value("AV")? {
        "N" => 0.85,
        "A" => 0.62,
        "L" => 0.55,
        "P" => 0.2,
        _ => return None,
    };
    let complexity = match value("AC")? {
        "L" => 0.77,
        "H" => 0.44,
        _ => return None,
    };
    let privileges = match (value("PR")?, changed) {
        ("N", _) => 0.85,
        ("L", false) => 0.62,
        ("L", true) => 0.68,
        ("H", false) => 0.27,
        ("H", true) => 0.5,
        _ => return None,
    };
    let interaction = match value("UI")? {
        "N" => 0.85,
        "R" => 0.62,
        _ => return None,
    };
    let loss: f64 = 1.0 - (1.0 - impact("C")?) * (1.0 - impact("I")?) * (1.0 - impact("A")?);
    let impact =
        if changed { 7.52 * (loss - 0.029) - 3.25 * (loss - 0.02).powi(15) } else { 6.42 * loss };
    if impact <= 0.0 {
        return Some(0.0);
    }
    let exploitability = 8.22 * vector * complexity * privileges * interaction;
    let factor = if changed { 1.08 } else { 1.0 };
    Some(round_up((factor * (impact + exploitability)).min(10.0)))
}

/// To the next tenth, as appendix A of the specification has it, so that the inexactness of
/// floating point does not reach the result.
fn round_up(score: f64) -> f64 {
    let scaled = (score * 100_000.0).round();
    if scaled % 10_000.0 == 0.0 {
        scaled / 100_000.0
    } else {
        ((scaled / 10_000.0).floor() + 1.0) / 10.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Vectors and scores as advisories publish them.
    #[test]
    fn scores_are_those_that_advisories_publish() {
        for (vector, score, severity) in [
            // CVE-2021-44228, CVE-2014-0160, CVE-2021-23337, CVE-2015-8252, CVE-2012-5376
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0, Severity::Critical),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5, Severity::High),
            ("CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H", 7.2, Severity::High),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, Severity::Critical),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H", 9.6, Severity::Critical),
            // CVE-2013-1937, CVE-2013-0375, CVE-2016-0128, CVE-2014-3566, CVE-2014-2005
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, Severity::Medium),
            ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, Severity::Medium),
            ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:N", 6.8, Severity::Medium),
            ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1, Severity::Low),
            ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 6.8, Severity::Medium),
            ("CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, Severity::Low),
        ] {
            let found = base_score(vector);
            assert!(found.is_some_and(|of| (of - score).abs() < 1e-9), "{vector}: {found:?}");
            assert_eq!(super::severity(vector), Some(severity), "{vector}");
        }
    }

    proptest! {
        /// A vector with every base metric has a score in the scale, to a tenth.
        #[test]
        fn every_vector_has_a_score_in_tenths(
            vector in "CVSS:3\\.[01]/AV:[NALP]/AC:[LH]/PR:[NLH]/UI:[NR]/S:[UC]/C:[HLN]/I:[HLN]/A:[HLN]"
        ) {
            let score = base_score(&vector).unwrap();
            prop_assert!(rating(score).is_some(), "{score}");
            prop_assert!((score * 10.0 - (score * 10.0).round()).abs() < 1e-9, "{score}");
        }

        #[test]
        fn no_text_panics(vector in "(CVSS:3.1/)?([A-Z]{1,2}:?[A-Z]?/?){0,9}.{0,3}") {
            let _score = base_score(&vector);
        }
    }

    #[test]
    fn what_is_no_vector_of_version_3_has_no_score() {
        for vector in [
            "",
            "CVSS:3.1/",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N",
            "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
            "AV:N/AC:L/Au:N/C:P/I:P/A:P",
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
        ] {
            assert_eq!(base_score(vector), None, "{vector}");
        }
        assert_eq!((rating(f64::NAN), rating(-1.0), rating(10.1)), (None, None, None));
    }
}
