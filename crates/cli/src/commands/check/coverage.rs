//! `shipway check coverage`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use shipway_checks::reports::Report;
use shipway_checks::reports::coverage::{OfChange, Placed, Ratio};
use shipway_core::config::value::Percent;
use shipway_evidence::coverage::Files;
use shipway_evidence::git;

use super::excluded::Excluded;
use super::report::opened;
use crate::args::CheckCoverage;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;

pub(super) fn run(args: &CheckCoverage) -> Result<Exit, CliError> {
    let here = std::env::current_dir()
        .map_err(|error| CliError::usage(format!("the current folder cannot be used: {error}")))?;
    let root = git::work_tree(&here)?.ok_or_else(|| {
        CliError::usage("this is no git repository: coverage is matched with its files".to_owned())
    })?;
    let excluded = Excluded::of(&args.exclude)?;
    let files = Files::of(&root)?;
    let now = Gathered::of(&args.files, &files, &excluded);
    let before = Gathered::of(&args.before, &files, &excluded);
    let mut answer = Answer {
        total: now.placed.total().into(),
        before: (!args.before.is_empty()).then(|| before.placed.total().into()),
        unplaced: now.placed.unplaced.iter().map(ToString::to_string).collect(),
        ..Answer::default()
    };
    let services = args.service.iter();
    answer.services =
        services.map(|folder| (folder.clone(), now.placed.below(folder).into())).collect();
    if let Some(since) = git::since(&root, args.base.as_deref())? {
        let mut changed = git::added_lines(&since)?;
        changed.retain(|file, _| !excluded.has(Path::new(file)));
        answer.changed = Some(Changed::of(now.placed.of_change(&changed)));
    }
    answer.shut = [now.wrong, before.wrong].concat();
    answer.judge(args);
    if args.json {
        print::json(&answer)?;
    } else {
        answer.tell();
    }
    Ok(if answer.shut.is_empty() { Exit::Ok } else { Exit::Failed })
}

/// Reports that were added up, and what is wrong with others.
#[derive(Default)]
struct Gathered {
    placed: Placed,
    wrong: Vec<String>,
}

impl Gathered {
    fn of(paths: &[PathBuf], files: &Files, excluded: &Excluded) -> Self {
        let mut gathered = Self::default();
        for path in paths {
            match opened(path).map(|read| read.report) {
                Ok(Report::Coverage(coverage)) => gathered.placed.merge(files.place(coverage)),
                Ok(_) => {
                    gathered.wrong.push(format!("{}: it is no report of coverage", path.display()));
                }
                Err(error) => gathered.wrong.push(error.to_string()),
            }
        }
        gathered.placed.leave_out(|file| excluded.has(Path::new(file)));
        gathered
    }
}

/// What there is to say.
#[derive(Default, Serialize)]
struct Answer {
    total: Share,
    before: Option<Share>,
    services: BTreeMap<String, Share>,
    changed: Option<Changed>,
    /// Files of reports that are none of the repository.
    unplaced: Vec<String>,
    /// Why the exit code is 1; nothing if it is 0.
    shut: Vec<String>,
}

/// How many lines ran; in percent, unless there are none.
#[derive(Clone, Copy, Default, Serialize)]
struct Share {
    #[serde(flatten)]
    ratio: Ratio,
    percent: Option<f64>,
}

impl From<Ratio> for Share {
    fn from(ratio: Ratio) -> Self {
        Self { ratio, percent: ratio.percent() }
    }
}

impl Share {
    fn words(self) -> String {
        let Ratio { covered, lines } = self.ratio;
        match self.percent {
            Some(percent) => format!("{percent:.1}% ({covered} of {lines} lines)"),
            None => "nothing that could run".to_owned(),
        }
    }

    fn is_below(self, limit: Percent) -> bool {
        let Ratio { covered, lines } = self.ratio;
        let rest = lines.saturating_sub(covered);
        // Exact: at the limit is enough. No line is no evidence.
        lines == 0 || limit.complement().is_exceeded_by(rest, lines)
    }
}

#[derive(Serialize)]
struct Changed {
    #[serde(flatten)]
    share: Share,
    missed: BTreeMap<String, Vec<u32>>,
    unmeasured: Vec<String>,
    /// Whether nothing that could run was changed.
    nothing_to_cover: bool,
}

impl Changed {
    fn of(change: OfChange) -> Self {
        let nothing_to_cover = change.is_nothing();
        let OfChange { ratio, missed, unmeasured } = change;
        Self { share: ratio.into(), missed, unmeasured, nothing_to_cover }
    }
}

impl Answer {
    fn judge(&mut self, args: &CheckCoverage) {
        if self.total.percent.is_none() {
            let why = "no line of the repository is in any report: no evidence";
            self.shut.push(why.to_owned());
        } else if let Some(limit) = args.total.filter(|limit| self.total.is_below(*limit)) {
            self.shut.push(format!("less than {limit} of all lines is covered"));
        }
        let Some(limit) = args.changed else { return };
        match &self.changed {
            None => self.shut.push(
                "there is nothing to compare with, so what changed is not known; name it with --base"
                    .to_owned(),
            ),
            Some(changed) if changed.nothing_to_cover => {}
            Some(changed) => {
                if changed.share.ratio.lines > 0 && changed.share.is_below(limit) {
                    self.shut.push(format!("less than {limit} of the changed lines is covered"));
                }
                self.shut.extend(changed.unmeasured.iter().map(|file| {
                    format!(
                        "{file} changed, and no report speaks of it: measure it, or leave it out \
                         with --exclude"
                    )
                }));
            }
        }
    }

    fn tell(&self) {
        let difference = self.before.and_then(|before| Some(self.total.percent? - before.percent?));
        let difference =
            difference.map(|points| format!(", {points:+.1} points")).unwrap_or_default();
        print::line(format!("all lines: {}{difference}", self.total.words()));
        for (folder, share) in &self.services {
            print::line(format!("{folder}: {}", share.words()));
        }
        match &self.changed {
            None => {}
            Some(changed) if changed.nothing_to_cover => {
                print::line("changed lines: nothing to cover");
            }
            Some(changed) => print::line(format!("changed lines: {}", changed.share.words())),
        }
        for (file, lines) in self.changed.iter().flat_map(|changed| &changed.missed) {
            print::line(format!("  not covered: {file}:{}", ranges(lines)));
        }
        self.unplaced.iter().for_each(|told| print::line(format!("not counted: {told}")));
        self.shut.iter().for_each(|why| print::line(format!("shut: {why}")));
    }
}

/// `3, 7-9`.
fn ranges(lines: &[u32]) -> String {
    let ranges = lines.chunk_by(|a, b| *b == a.saturating_add(1));
    let words = ranges.filter_map(|range| match (range.first()?, range.last()?) {
        (first, last) if first == last => Some(first.to_string()),
        (first, last) => Some(format!("{first}-{last}")),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_just_reached_is_kept() {
        let limit: Percent = "80%".parse().unwrap();
        for (covered, lines, below) in
            [(4, 5, false), (799, 1000, true), (0, 0, true), (1, 1, false)]
        {
            assert_eq!(Share::from(Ratio { covered, lines }).is_below(limit), below, "{covered}");
        }
    }

    #[test]
    fn lines_are_told_as_ranges() {
        assert_eq!(ranges(&[3, 7, 8, 9, 11]), "3, 7-9, 11");
    }
}
