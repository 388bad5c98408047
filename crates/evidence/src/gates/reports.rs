//! Reports, read and sorted by what they are about.

use std::fs::File;
use std::io::BufReader;

use shipway_checks::policy::shown::{
    Analysis, Licences, Load, Policies, Seen, Share, SonarQube, Source, Tests, Vulnerabilities,
};
use shipway_checks::reports::duplication::Unit;
use shipway_checks::reports::sbom::Sbom;
use shipway_checks::reports::sbom::licence::{
    AllowList, judge, rules as licence_rules, unused_waivers as unused_licence_waivers,
};
use shipway_checks::reports::vulnerabilities::register::{
    Due, Known, Record, Register, unused_waivers,
};
use shipway_checks::reports::vulnerabilities::{Audit, Subject, rules as vulnerability_rules};
use shipway_checks::reports::waivers::Waivers;
use shipway_checks::reports::{Kind, NoEvidence, Recognised, Report, Why, quality};
use shipway_checks::{Finding, Severity};
use shipway_core::config::Rating;
use shipway_core::config::gates;
use shipway_core::gate::FirstSeen;

use super::findings::{counted, told};
use super::scans::severity;
use super::{Look, LookError, ReportFile};

/// A report, and what is known of it.
pub(super) struct Piece {
    /// The file.
    pub(super) file: ReportFile,
    /// What it says.
    pub(super) read: Result<Recognised, NoEvidence>,
}

impl Piece {
    fn source(&self) -> Source {
        let tool = self.read.as_ref().map(|read| read.format.to_owned()).unwrap_or_default();
        Source { tool, ..self.file.source.clone() }
    }
}

/// Reads them. What is of no known format is no report, unless somebody named it as one.
pub(super) fn read(files: &[ReportFile]) -> Vec<Piece> {
    let piece = |file: &ReportFile| {
        let name = &file.source.file;
        let read = match File::open(&file.path) {
            Ok(open) => shipway_checks::reports::read(name, &mut BufReader::new(open)),
            Err(error) => Err(NoEvidence::unreadable(name, &error)),
        };
        Piece { file: file.clone(), read }
    };
    let is_report = |piece: &Piece| {
        piece.file.named || !matches!(&piece.read, Err(NoEvidence { why: Why::Unknown, .. }))
    };
    files.iter().map(piece).filter(is_report).collect()
}

/// What `pick` takes of the reports of a kind; those of it that are broken are told.
pub(super) fn seen<'p, P, T>(
    pieces: &'p [Piece],
    kind: Kind,
    pick: impl Fn(&'p Piece, &'p Report) -> Option<P>,
    join: impl FnOnce(Vec<P>) -> T,
) -> Seen<T> {
    // What nobody can tell the kind of may be of this one.
    seen_among(pieces.iter(), |error| error.concerns(kind), pick, join)
}

/// What `pick` takes of these reports; those that are broken are told if they count.
pub(super) fn seen_among<'p, P, T>(
    pieces: impl Iterator<Item = &'p Piece>,
    counts: impl Fn(&NoEvidence) -> bool,
    pick: impl Fn(&'p Piece, &'p Report) -> Option<P>,
    join: impl FnOnce(Vec<P>) -> T,
) -> Seen<T> {
    let (mut picked, mut sources, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        match &piece.read {
            Ok(read) => {
                if let Some(found) = pick(piece, &read.report) {
                    picked.push(found);
                    sources.push(piece.source());
                }
            }
            Err(error) if counts(error) => broken.push(error.to_string()),
            Err(_) => {}
        }
    }
    let what = (!picked.is_empty()).then(|| join(picked));
    Seen { what, sources, broken }
}

pub(super) fn tests<'p>(pieces: impl Iterator<Item = &'p Piece>) -> Seen<Tests> {
    let pick = |_: &_, report: &'_ Report| match report {
        Report::Tests(tests) => Some(Tests {
            passed: tests.passed,
            skipped: tests.skipped,
            failed: tests.failed.iter().map(|failed| failed.name.clone()).collect(),
        }),
        _ => None,
    };
    seen_among(
        pieces,
        |error| error.concerns(Kind::Tests),
        pick,
        |all| {
            let mut sum = Tests::default();
            for one in all {
                sum.passed += one.passed;
                sum.skipped += one.skipped;
                sum.failed.extend(one.failed);
            }
            sum
        },
    )
}

pub(super) fn analysis(look: &Look<'_>, pieces: &[Piece]) -> Seen<Analysis> {
    let from = look.asked.analysis.as_ref().map_or(Severity::Low, |gate| severity(gate.from));
    let pick = |_: &_, report: &'_ Report| match report {
        Report::Analysis(analysis) => Some(analysis.clone()),
        _ => None,
    };
    seen(pieces, Kind::Analysis, pick, |all| {
        let findings: Vec<Finding> = all.iter().flat_map(|one| one.findings.clone()).collect();
        let mut tools: Vec<String> = all.into_iter().flat_map(|one| one.tools).collect();
        tools.sort();
        tools.dedup();
        Analysis { findings: counted(&findings, from), tools }
    })
}

pub(super) fn load(pieces: &[Piece]) -> Seen<Load> {
    let pick = |_: &_, report: &'_ Report| match report {
        Report::Load(load) => Some(load.clone()),
        _ => None,
    };
    seen(pieces, Kind::Load, pick, |all| {
        // Each limit has to hold in every test: the worst of them counts, and one that a test does
        // not tell is not known.
        let worst =
            |of: fn(&shipway_checks::reports::load::Load) -> Option<std::time::Duration>| {
                all.iter().map(of).collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max())
            };
        let float = |of: fn(&shipway_checks::reports::load::Load) -> Option<f64>| {
            all.iter().map(of).collect::<Option<Vec<_>>>()
        };
        Load {
            p95: worst(|load| load.p95),
            p99: worst(|load| load.p99),
            error_rate: float(|load| load.error_rate)
                .and_then(|all| all.into_iter().max_by(f64::total_cmp)),
            requests_per_second: float(|load| load.rate)
                .and_then(|all| all.into_iter().min_by(f64::total_cmp)),
            users: all
                .iter()
                .map(|load| load.users)
                .collect::<Option<Vec<_>>>()
                .and_then(|all| all.into_iter().min()),
            crossed: all.iter().flat_map(|load| load.crossed.clone()).collect(),
        }
    })
}

pub(super) fn quality(pieces: &[Piece]) -> Seen<SonarQube> {
    let pick = |_: &_, report: &'_ Report| match report {
        Report::Quality(quality) => Some(quality.clone()),
        _ => None,
    };
    seen(pieces, Kind::Quality, pick, |all| {
        let mut sum = SonarQube::default();
        for one in all {
            // Every project's gate has to be passed, and the worst rating counts.
            sum.passed = match (sum.passed, one.passed) {
                (Some(a), Some(b)) => Some(a && b),
                (known, None) | (None, known) => known,
            };
            sum.unmet.extend(one.unmet);
            for (name, rating) in one.ratings {
                let rating = self::rating(rating);
                sum.ratings
                    .entry(name)
                    .and_modify(|worst| *worst = rating.max(*worst))
                    .or_insert(rating);
            }
        }
        sum
    })
}

const fn rating(of: quality::Rating) -> Rating {
    match of {
        quality::Rating::A => Rating::A,
        quality::Rating::B => Rating::B,
        quality::Rating::C => Rating::C,
        quality::Rating::D => Rating::D,
        quality::Rating::E => Rating::E,
    }
}

pub(super) fn duplication(pieces: &[Piece]) -> Seen<Share> {
    let pick = |_: &_, report: &'_ Report| match report {
        Report::Duplication(found) => Some((found.duplicated, found.of, found.unit)),
        _ => None,
    };
    seen(pieces, Kind::Duplication, pick, |all| {
        // Lines and tokens are no sum: the worse share of the two counts.
        let share = |unit| {
            let of_it = || all.iter().filter(move |(.., of)| *of == unit);
            let part = of_it().map(|(part, ..)| part).sum();
            Share { part, of: of_it().map(|(_, of, _)| of).sum() }
        };
        let percent = |share: &Share| share.percent().unwrap_or(-1.0);
        let shares = [share(Unit::Lines), share(Unit::Tokens)];
        let worse = |a: &Share, b: &Share| percent(a).total_cmp(&percent(b));
        shares.into_iter().max_by(worse).unwrap_or_default()
    })
}

pub(super) fn policies<'p>(pieces: impl Iterator<Item = &'p Piece>) -> Seen<Policies> {
    use shipway_checks::reports::policy_results::{PolicyResults, rules};
    let pick = |_: &_, report: &'_ Report| match report {
        Report::PolicyResults(results) => Some(results.clone()),
        _ => None,
    };
    seen_among(
        pieces,
        |error| error.concerns(Kind::Policies),
        pick,
        |all| {
            let of = |is: &dyn Fn(&Finding) -> bool| {
                let findings = all.iter().flat_map(|one| &one.findings);
                findings.filter(|finding| is(finding)).map(ToString::to_string).collect()
            };
            Policies {
                // A figure says nothing of right and wrong.
                asked: all.iter().map(PolicyResults::judged).sum(),
                // What was not evaluated is not known to be right.
                denied: of(&|of| of.allowed.is_none() && of.rule != rules::WARNING.id),
                warned: of(&|of| of.allowed.is_none() && of.rule == rules::WARNING.id),
                excepted: of(&|of| of.allowed.is_some()),
            }
        },
    )
}

/// What audits say, told apart by what they looked at.
#[derive(Default)]
pub(super) struct Registered {
    pub(super) dependencies: Seen<Vulnerabilities>,
    pub(super) images: Seen<Vulnerabilities>,
    pub(super) seen: Vec<FirstSeen>,
}

pub(super) fn vulnerabilities(look: &Look<'_>, pieces: &[Piece], waivers: &Waivers) -> Registered {
    let before = audits(&read(look.before));
    let records: Vec<Record> = look.ledger.seen().map(record).collect();
    let mut kept = records.clone();
    let mut of = |gate: &Option<gates::Vulnerabilities>, is_image: bool| {
        let due = gate.as_ref().map(|gate| due(&gate.due)).unwrap_or_default();
        let pick = |_: &_, report: &'_ Report| {
            report.audit().filter(|audit| is_image == is_of_image(audit)).cloned()
        };
        let seen = seen(pieces, Kind::Vulnerabilities, pick, |audits: Vec<Audit>| {
            let known = Known { records: &records, base: before.as_deref(), waivers, due: &due };
            let register = Register::of(&audits, &known, look.now);
            kept = register.records(&kept);
            // What somebody tells of counts beside a scan, and is none.
            let is_scanned = audits.iter().any(Audit::is_of_a_scan);
            is_scanned.then(|| Vulnerabilities { register, idle: Vec::new() })
        });
        Seen { what: seen.what.flatten(), sources: seen.sources, broken: seen.broken }
    };
    let mut dependencies = of(&look.asked.vulnerabilities, false);
    let mut images = of(&look.asked.images, true);
    tell_idle(look, waivers, &mut dependencies, &mut images);
    let seen = kept.into_iter().map(first_seen).collect();
    Registered { dependencies, images, seen }
}

/// Waivers are of both: those that neither needs are told by the first gate that is asked for, if all
/// that are asked for have evidence. What was not seen may need them.
fn tell_idle(
    look: &Look<'_>,
    waivers: &Waivers,
    dependencies: &mut Seen<Vulnerabilities>,
    images: &mut Seen<Vulnerabilities>,
) {
    let both = dependencies.what.iter().chain(&images.what);
    let registers: Vec<&Register> = both.map(|of| &of.register).collect();
    let idle = unused_waivers(&registers, waivers, look.now);
    let asked = [
        (look.asked.vulnerabilities.is_some(), dependencies),
        (look.asked.images.is_some(), images),
    ];
    let asked = asked.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, seen)| seen);
    let whole: Option<Vec<&mut Vulnerabilities>> =
        asked.map(|seen| seen.what.as_mut().filter(|_| seen.broken.is_empty())).collect();
    if let Some(of) = whole.and_then(|of| of.into_iter().next()) {
        of.idle = idle.iter().map(told).collect();
    }
}

/// What was there before; nothing if nobody audited it.
fn audits(pieces: &[Piece]) -> Option<Vec<Audit>> {
    let read = pieces.iter().filter_map(|piece| piece.read.as_ref().ok());
    let audits: Vec<Audit> = read.filter_map(|read| read.report.audit().cloned()).collect();
    (!audits.is_empty()).then_some(audits)
}

const fn is_of_image(audit: &Audit) -> bool {
    matches!(audit.subject, Subject::Image(_))
}

fn record(of: &FirstSeen) -> Record {
    let FirstSeen { image, package, names, first_seen } = of.clone();
    Record { image, package, names, first_seen }
}

fn first_seen(of: Record) -> FirstSeen {
    let Record { image, package, names, first_seen } = of;
    FirstSeen { image, package, names, first_seen }
}

fn due(of: &gates::Due) -> Due {
    let signed = |within: Option<std::time::Duration>| {
        within.map(|within| {
            jiff::SignedDuration::try_from(within).unwrap_or(jiff::SignedDuration::MAX)
        })
    };
    let (critical, high) = (signed(of.critical), signed(of.high));
    Due { critical, high, medium: signed(of.medium), low: signed(of.low), unknown: high }
}

impl Look<'_> {
    /// What is waived, as the base has it.
    pub(super) fn waivers(&self) -> Result<Waivers, LookError> {
        let gate = self.asked.vulnerabilities.as_ref().or(self.asked.images.as_ref());
        let usual = shipway_core::config::defaults::waivers();
        let path = gate.map_or(usual, |gate| gate.waivers.clone());
        match self.judge_file(&path)? {
            Some(text) => {
                Waivers::read(&path, &text).map_err(|error| LookError::Judge(error.to_string()))
            }
            None => Ok(Waivers::default()),
        }
    }
}

pub(super) fn licences(
    look: &Look<'_>,
    pieces: &[Piece],
    waivers: &Waivers,
) -> Result<Seen<Licences>, LookError> {
    let Some(gate) = &look.asked.licences else { return Ok(Seen::default()) };
    let allow = AllowList::parse(&gate.allow)
        .map_err(|error| LookError::Judge(format!("gates.licences.allow: {error}")))?;
    let pick = |piece: &Piece, report: &'_ Report| match report {
        Report::Sbom(sbom) => {
            let file = &piece.file.source.file;
            let findings = judge(file, sbom, &allow, waivers, look.now);
            Some((sbom.clone(), findings))
        }
        _ => None,
    };
    // What cannot be read may need any of the waivers.
    let is_broken = |piece: &Piece| piece.read.as_ref().is_err_and(|of| of.concerns(Kind::Sbom));
    let is_whole = !pieces.iter().any(is_broken);
    Ok(seen(pieces, Kind::Sbom, pick, |all: Vec<(Sbom, Vec<Finding>)>| {
        let of = |rule: &shipway_checks::Rule| {
            let open = all.iter().flat_map(|(_, findings)| findings);
            let open = open.filter(|of| of.rule == rule.id && of.allowed.is_none());
            open.map(|finding| finding.message.clone()).collect()
        };
        let sboms: Vec<&Sbom> = all.iter().map(|(sbom, _)| sbom).collect();
        let over = all.iter().flat_map(|(_, findings)| findings);
        let over = over.filter(|of| of.rule == vulnerability_rules::WAIVER_EXPIRED.id);
        let unused = unused_licence_waivers(&sboms, waivers, look.now);
        let unused = unused.iter().filter(|_| is_whole);
        let mut idle: Vec<String> = unused.chain(over).map(told).collect();
        idle.sort();
        idle.dedup();
        Licences {
            packages: all.iter().map(|(sbom, _)| sbom.packages.len() as u64).sum(),
            refused: of(&licence_rules::NOT_ALLOWED),
            unknown: of(&licence_rules::UNKNOWN),
            idle,
        }
    }))
}

#[cfg(test)]
mod tests {
    use shipway_core::config::{GateSet, Gates};
    use shipway_core::gate::Ledger;

    use super::super::Versions;
    use super::*;

    const WAIVER: &str = "[[vulnerability]]\nadvisory = \"CVE-9\"\nowner = \"ann\"\nreason = \"r\"\n\
                          expires = 9999-01-31\n";
    const SCAN: &str = r#""metadata":{"tools":[{"name":"t"}]},"vulnerabilities":[{"id":"CVE-1"}]}"#;
    const BY_HAND: &str = r#""vulnerabilities":[{"id":"CVE-2"}]}"#;
    const CUT_OFF: &str = r#""vulnerabilities":["#;

    /// How many vulnerabilities the gate sees in these bills, and how many waivers are idle.
    fn seen_in(bills: &[&str], images: bool) -> Option<(usize, usize)> {
        let gate = Some(gates::Vulnerabilities::default());
        let asked = GateSet {
            images: gate.clone().filter(|_| images),
            vulnerabilities: gate,
            ..GateSet::default()
        };
        let (after, ledger) = (Gates::default(), Ledger::default());
        let look = Look::at_nothing(&asked, Versions { before: None, after: &after }, &ledger);
        let piece = |bill: &&str| {
            let text = format!("{{\"bomFormat\":\"CycloneDX\",{bill}");
            let (file, from) = ("bom.json".to_owned(), String::new());
            let source = Source { file, tool: String::new(), from, at: None, digest: None };
            let (path, artifact) = ("bom.json".into(), None);
            let file =
                ReportFile { path, source, artifact, service: None, flag: None, named: true };
            Piece { file, read: shipway_checks::reports::read("bom.json", &mut text.as_bytes()) }
        };
        let pieces: Vec<Piece> = bills.iter().map(piece).collect();
        let waivers = Waivers::read("waivers.toml", WAIVER).unwrap();
        let seen = vulnerabilities(&look, &pieces, &waivers).dependencies.what?;
        Some((seen.register.entries.len(), seen.idle.len()))
    }

    #[test]
    fn what_an_exception_allows_is_not_denied() {
        let text = r#"[{"filename": "a.yaml", "namespace": "main", "successes": 1,
            "failures": [{"msg": "no limit"}], "exceptions": [{"msg": "runs as root"}]}]"#;
        let (file, from) = ("c.json".to_owned(), String::new());
        let source = Source { file, tool: String::new(), from, at: None, digest: None };
        let (path, artifact) = ("c.json".into(), None);
        let file = ReportFile { path, source, artifact, service: None, flag: None, named: true };
        let read = shipway_checks::reports::read("c.json", &mut text.as_bytes());
        let seen = policies([Piece { file, read }].iter()).what.unwrap();
        assert_eq!((seen.asked, seen.denied.len(), seen.excepted.len()), (3, 1, 1));
        assert!(seen.denied[0].contains("no limit"), "{seen:?}");
        assert!(seen.excepted[0].contains("runs as root"), "{seen:?}");
    }

    #[test]
    fn what_is_kept_by_hand_counts_beside_a_scan_alone() {
        assert_eq!(seen_in(&[BY_HAND], false), None);
        assert_eq!(seen_in(&[BY_HAND, SCAN], false), Some((2, 1)));
    }

    #[test]
    fn waivers_are_idle_only_if_everything_was_seen_that_may_need_them() {
        assert_eq!(seen_in(&[SCAN], false), Some((1, 1)));
        assert_eq!(seen_in(&[SCAN, CUT_OFF], false), Some((1, 0)));
        assert_eq!(seen_in(&[SCAN], true), Some((1, 0)));
    }
}
