//! CVSS: from a vector or a score to how bad it is.
//!
//! Vectors of version 2.0, 3.0, 3.1 and 4.0 are scored by the `cvss` crate of RustSec, after FIRST's
//! specifications (<https://www.first.org/cvss/v2/guide>, `/v3-1/specification-document`,
//! `/v4-0/specification-document`). Of versions 2 and 3 it is the base score, which is what
//! databases publish; a vector of version 4 says by its metrics what is in its score (section 1.3).
//! What is of no known version, or lacks a base metric, has no score: unknown is a class of its own.

use cvss::Cvss;

use crate::finding::Severity;

/// How bad a vector says it is.
#[must_use]
pub fn severity(vector: &str) -> Option<Severity> {
    let vector = read(vector)?;
    let score = vector.score();
    match vector {
        Cvss::CvssV20(_) => rating_of_version_2(score),
        _ => rating(score),
    }
}

/// The qualitative rating of a score from 0.0 to 10.0 (versions 3 and 4, section 5 and 6). "None"
/// is low here: somebody wrote an advisory. `None`: it is no score.
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

/// The rating of a score of version 2, which has none itself, as NVD maps it: nothing is critical
/// (<https://nvd.nist.gov/vuln-metrics/cvss>).
pub(in crate::reports) fn rating_of_version_2(score: f64) -> Option<Severity> {
    rating(score).map(|severity| severity.min(Severity::High))
}

/// The score of a vector; `None` if it is none.
#[must_use]
pub fn score(vector: &str) -> Option<f64> {
    read(vector).map(|vector| vector.score())
}

/// A vector with every base metric. NVD writes those of version 2 in parentheses as well.
fn read(vector: &str) -> Option<Cvss> {
    let vector = vector.trim();
    let inner = vector.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'));
    let vector: Cvss = inner.unwrap_or(vector).parse().ok()?;
    let is_whole = match &vector {
        // The crate takes these without, and counts a missing metric as harmless.
        Cvss::CvssV30(of) | Cvss::CvssV31(of) => {
            let exploitability =
                of.av.is_some() && of.ac.is_some() && of.pr.is_some() && of.ui.is_some();
            exploitability && of.s.is_some() && of.c.is_some() && of.i.is_some() && of.a.is_some()
        }
        _ => true,
    };
    is_whole.then_some(vector)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Severity::{Critical, High, Low, Medium};

    /// Vectors and scores as advisories, NVD and FIRST publish them.
    #[test]
    fn scores_are_those_that_are_published() {
        for (vector, published, severity) in [
            // Version 2: CVE-2002-0392, CVE-2003-0818, CVE-2003-0062 (FIRST's guide, 3.3), and of
            // NVD CVE-2014-0160, CVE-2014-3566, CVE-2014-6271, CVE-2016-2183.
            ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8, High),
            ("AV:N/AC:L/Au:N/C:C/I:C/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:L", 10.0, High),
            ("AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C", 6.2, Medium),
            ("AV:N/AC:L/Au:N/C:P/I:N/A:N", 5.0, Medium),
            ("(AV:N/AC:M/Au:N/C:P/I:N/A:N)", 4.3, Medium),
            ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0, High),
            ("AV:L/AC:M/Au:N/C:P/I:N/A:N", 1.9, Low),
            ("AV:N/AC:L/Au:N/C:N/I:N/A:N", 0.0, Low),
            // Version 3: CVE-2021-44228, CVE-2014-0160, CVE-2021-23337, CVE-2015-8252, CVE-2012-5376,
            // CVE-2013-1937, CVE-2013-0375, CVE-2016-0128, CVE-2014-3566, CVE-2014-2005.
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0, Critical),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5, High),
            ("CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H", 7.2, High),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, Critical),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H", 9.6, Critical),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, Medium),
            ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, Medium),
            ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:N", 6.8, Medium),
            ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1, Low),
            ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 6.8, Medium),
            ("CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, Low),
            // Temporal metrics are not in a base score.
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:U", 9.8, Critical),
            // Version 4, FIRST's examples (https://www.first.org/cvss/v4.0/examples):
            // CVE-2022-41741, CVE-2020-3549, CVE-2023-3089, CVE-2021-44714, CVE-2022-21830,
            // CVE-2022-22186, CVE-2023-21989, CVE-2020-3947, CVE-2023-30560, CVE-2014-0160,
            // CVE-2021-44228 and others.
            ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3, High),
            ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.7, High),
            ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U", 5.2, Medium),
            ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N", 8.3, High),
            (
                "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N/CR:H/IR:L/AR:L\
                 /MAV:N/MAC:H/MVC:H/MVI:L/MVA:L",
                8.1,
                High,
            ),
            ("CVSS:4.0/AV:L/AC:L/AT:N/PR:N/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 4.6, Medium),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", 5.1, Medium),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", 6.9, Medium),
            ("CVSS:4.0/AV:L/AC:L/AT:N/PR:H/UI:N/VC:N/VI:N/VA:N/SC:H/SI:N/SA:N", 5.9, Medium),
            ("CVSS:4.0/AV:L/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 9.4, Critical),
            ("CVSS:4.0/AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:H/SA:N/S:P/V:D", 8.3, High),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N/E:A", 8.7, High),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:A", 10.0, Critical),
            ("CVSS:4.0/AV:A/AC:L/AT:N/PR:N/UI:N/VC:N/VI:L/VA:N/SC:H/SI:N/SA:H", 6.4, Medium),
            ("CVSS:4.0/AV:L/AC:L/AT:P/PR:H/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/R:I", 8.7, High),
            (
                "CVSS:4.0/AV:A/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:N/SC:N/SI:N/SA:N/MSI:S/S:P",
                9.7,
                Critical,
            ),
            // As GitHub has CVE-2025-47273.
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:H/VA:N/SC:N/SI:N/SA:N/E:P", 7.7, High),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0, Low),
        ] {
            let found = score(vector);
            assert!(found.is_some_and(|of| (of - published).abs() < 1e-9), "{vector}: {found:?}");
            assert_eq!(super::severity(vector), Some(severity), "{vector}");
        }
    }

    /// Vectors with every base metric, and some with others.
    fn vectors() -> impl Strategy<Value = String> {
        prop_oneof![
            "AV:[LAN]/AC:[HML]/Au:[MSN]/C:[NPC]/I:[NPC]/A:[NPC]",
            "CVSS:3\\.[01]/AV:[NALP]/AC:[LH]/PR:[NLH]/UI:[NR]/S:[UC]/C:[HLN]/I:[HLN]/A:[HLN]",
            "CVSS:4\\.0/AV:[NALP]/AC:[LH]/AT:[NP]/PR:[NLH]/UI:[NPA]/VC:[HLN]/VI:[HLN]/VA:[HLN]\
             /SC:[HLN]/SI:[HLN]/SA:[HLN](/E:[XAPU])?(/CR:[XHML])?(/MAV:[XNALP])?(/MSI:[XNLHS])?\
             (/MVC:[XNLH]/MVI:[XNLH])?",
        ]
    }

    proptest! {
        #[test]
        fn every_vector_has_a_score_in_tenths(vector in vectors()) {
            let score = score(&vector).unwrap();
            prop_assert!(rating(score).is_some(), "{score}");
            prop_assert!((score * 10.0 - (score * 10.0).round()).abs() < 1e-9, "{score}");
        }

        /// What lacks a metric, or says one twice, is not rated at all.
        #[test]
        fn a_vector_that_lacks_something_has_no_score(vector in vectors(), at in 0..6_usize) {
            let metrics: Vec<_> = vector.split('/').filter(|of| !of.starts_with("CVSS")).collect();
            let head = vector.split_once('/').filter(|(head, _)| head.starts_with("CVSS"));
            let head = head.map_or(String::new(), |(head, _)| format!("{head}/"));
            let mut less = metrics.clone();
            less.remove(at);
            prop_assert_eq!(score(&(head.clone() + &less.join("/"))), None);
            let twice = [&metrics[..], &metrics[at..=at]].concat();
            prop_assert_eq!(score(&(head + &twice.join("/"))), None);
        }

        #[test]
        fn no_text_panics(
            vector in "(CVSS:[2-5]\\.[01]/)?([A-Z]{1,3}:?[A-Z]?/?){0,12}.{0,3}"
        ) {
            let _score = score(&vector);
        }
    }

    #[test]
    fn what_is_no_vector_has_no_score() {
        for vector in [
            "",
            "()",
            "CVSS:3.1/",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N",
            "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
            "CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
            "CVSS:5.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            "CVSS:4.0/AV:N/AC:L/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "AV:N/AC:L/Au:N/C:P/I:P",
            "7.5",
        ] {
            assert_eq!((score(vector), severity(vector)), (None, None), "{vector}");
        }
        assert_eq!((rating(f64::NAN), rating(-1.0), rating(10.1)), (None, None, None));
    }
}
