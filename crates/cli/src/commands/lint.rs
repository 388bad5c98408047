//! `shipway lint`: what can be known of workflows before they run.

use std::collections::HashMap;

use shipway_checks::secrets;
use shipway_core::config::{self, FILE_NAME};
use shipway_workflow::Severity;
use shipway_workflow::lint::{Report, Settings, Subject, format};

use super::config::WorkTree;
use crate::args::{Deny, Lint, LintFormat};
use crate::error::CliError;
use crate::exit::Exit;
use crate::lint::files::{self, File, Kind, Repository};
use crate::lint::shellcheck;
use crate::print;
use crate::project::here;

pub(super) fn lint(args: &Lint) -> Result<Exit, CliError> {
    let here = here()?;
    let repository = Repository::around(&here);
    let files = if args.files.is_empty() {
        files::of_repository(&repository)
    } else {
        args.files.iter().map(|path| File::at(&repository, &here.join(path))).collect()
    };
    if files.is_empty() {
        let root = repository.root.display();
        return Err(CliError::usage(format!("there are no workflows in {root}"))
            .hint("workflows lie in .github/workflows; or name files"));
    }
    let reports = examine(args, &repository, &files)?;
    write(args.format, &files, &reports)?;
    Ok(if reports.iter().any(|report| fails(report, args.deny)) { Exit::Failed } else { Exit::Ok })
}

fn examine(args: &Lint, repository: &Repository, files: &[File]) -> Result<Vec<Report>, CliError> {
    let mut settings = Settings::default();
    settings.trusted_actions.extend(args.trust.iter().cloned());
    settings.runner_labels.extend(args.runner_label.iter().cloned());
    settings.other_rules.extend(secrets::kinds().map(|kind| kind.id.to_owned()));
    let subjects: Vec<Option<Subject<'_>>> = files.iter().map(subject).collect();
    let scripts: Vec<_> = subjects
        .iter()
        .enumerate()
        .filter(|_| !args.no_shellcheck)
        .filter_map(|(index, subject)| Some((index, subject.as_ref()?.scripts())))
        .flat_map(|(index, scripts)| scripts.into_iter().map(move |script| (index, script)))
        .collect();
    let mut said: HashMap<usize, Vec<_>> = HashMap::new();
    for (index, problem) in shellcheck::run(&scripts)? {
        said.entry(index).or_default().push(problem);
    }
    let reports = files.iter().zip(&subjects).enumerate().map(|(index, (file, subject))| {
        let shell = said.remove(&index).unwrap_or_default();
        match (&file.text, subject) {
            (Err(why), _) => Report::unreadable(&file.name, why),
            (Ok(_), Some(subject)) => subject.check(repository, &settings, &shell),
            (Ok(text), None) => configuration(repository, text),
        }
    });
    Ok(reports.collect())
}

/// A workflow or an action; `shipway.yaml` is neither.
fn subject(file: &File) -> Option<Subject<'_>> {
    let text = file.text.as_ref().ok()?;
    match file.kind {
        Kind::Workflow => Some(Subject::workflow(&file.name, text)),
        Kind::Action => Some(Subject::action(&file.name, text)),
        Kind::Configuration => None,
    }
}

fn configuration(repository: &Repository, text: &str) -> Report {
    let result = config::read(FILE_NAME, text, &WorkTree(&repository.root));
    Report { findings: result.err().unwrap_or_default(), ignored: Vec::new() }
}

fn fails(report: &Report, deny: Option<Deny>) -> bool {
    let least = match deny {
        None => Severity::Error,
        Some(Deny::Warnings) => Severity::Warning,
        Some(Deny::Notes) => Severity::Note,
    };
    report.findings.iter().any(|finding| finding.severity >= least)
}

fn write(how: LintFormat, files: &[File], reports: &[Report]) -> Result<(), CliError> {
    match how {
        LintFormat::Json => print::json(&format::json(reports))?,
        LintFormat::Sarif => {
            print::json(&format::sarif(reports, env!("CARGO_PKG_VERSION")))?;
        }
        LintFormat::Github => {
            let text = format::github(reports);
            text.lines().for_each(print::line);
        }
        LintFormat::Text => {
            for (file, report) in files.iter().zip(reports) {
                let text = file.text.as_deref().unwrap_or_default();
                for finding in &report.findings {
                    print::line(finding.render(text));
                }
            }
            print::line(summary(reports));
        }
    }
    Ok(())
}

/// `2 errors, 1 warning in 12 files; 3 findings are ignored with a reason`
fn summary(reports: &[Report]) -> String {
    let findings = || reports.iter().flat_map(|report| &report.findings);
    let count = |severity: Severity, name: &str| {
        let number = findings().filter(|finding| finding.severity == severity).count();
        (number > 0).then(|| print::counted(number, name))
    };
    let counts = [
        count(Severity::Error, "error"),
        count(Severity::Warning, "warning"),
        count(Severity::Note, "note"),
    ];
    let found: Vec<String> = counts.into_iter().flatten().collect();
    let found = if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") };
    let ignored: usize = reports.iter().map(|report| report.ignored.len()).sum();
    let files = print::counted(reports.len(), "file");
    match ignored {
        0 => format!("{found} in {files}"),
        _ => format!("{found} in {files}; ignored with a reason: {ignored}"),
    }
}
