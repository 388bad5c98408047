//! Which runner takes a job, and in which shell it works.

use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::expr::Template;
use crate::lint::checking::Checking;
use crate::lint::rule::Rule;
use crate::model::{Defaults, Job, JobKind, Step, StepKind, Strategy, Tree};
use crate::span::Span;

pub(super) const RULES: &[&Rule] = &[&LABEL, &RETIRED, &CONFLICT, &SHELL];

const LABEL: Rule = Rule {
    id: "unknown-label",
    severity: Severity::Warning,
    summary: "`runs-on` has a label that GitHub's runners do not have",
    why: "A job for which there is no runner waits for a day and fails. Labels of runners of your \
          own belong into the setting `runner-labels`.",
};
const RETIRED: Rule = Rule {
    id: "retired-label",
    severity: Severity::Warning,
    summary: "`runs-on` names an image that GitHub has removed",
    why: "The job waits for a day and fails. Take a newer image.",
};
const CONFLICT: Rule = Rule {
    id: "conflicting-labels",
    severity: Severity::Warning,
    summary: "`runs-on` has labels that no runner has together",
    why: "All labels of a list have to fit one runner. To run a job on each, use a matrix.",
};
const SHELL: Rule = Rule {
    id: "unknown-shell",
    severity: Severity::Error,
    summary: "a shell that GitHub does not know, or that the system of the job does not have",
    why: "Known are `bash`, `sh`, `pwsh` and `python`, on Windows `cmd` and `powershell`, too (and \
          no `sh`). Any other program needs a place for the script: `perl {0}`.",
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum System {
    Linux,
    MacOs,
    Windows,
}

const CURRENT: &[(&str, System)] = &[
    ("ubuntu-latest", System::Linux),
    ("ubuntu-26.04", System::Linux),
    ("ubuntu-24.04", System::Linux),
    ("ubuntu-22.04", System::Linux),
    ("ubuntu-26.04-arm", System::Linux),
    ("ubuntu-24.04-arm", System::Linux),
    ("ubuntu-22.04-arm", System::Linux),
    ("ubuntu-slim", System::Linux),
    ("macos-latest", System::MacOs),
    ("macos-latest-large", System::MacOs),
    ("macos-latest-xlarge", System::MacOs),
    ("macos-26", System::MacOs),
    ("macos-26-intel", System::MacOs),
    ("macos-26-large", System::MacOs),
    ("macos-26-xlarge", System::MacOs),
    ("macos-15", System::MacOs),
    ("macos-15-intel", System::MacOs),
    ("macos-15-large", System::MacOs),
    ("macos-15-xlarge", System::MacOs),
    ("macos-14", System::MacOs),
    ("macos-14-large", System::MacOs),
    ("macos-14-xlarge", System::MacOs),
    ("windows-latest", System::Windows),
    ("windows-2025", System::Windows),
    ("windows-2025-vs2026", System::Windows),
    ("windows-2022", System::Windows),
    ("windows-11-arm", System::Windows),
];
/// Larger runners have their number of cores behind the name of the image.
const LARGER: &[(&str, System)] =
    &[("ubuntu-", System::Linux), ("macos-", System::MacOs), ("windows-", System::Windows)];
const RETIRED_LABELS: &[&str] = &[
    "ubuntu-16.04",
    "ubuntu-18.04",
    "ubuntu-20.04",
    "macos-10.13",
    "macos-10.14",
    "macos-10.15",
    "macos-11",
    "macos-12",
    "macos-12-large",
    "macos-12-xlarge",
    "macos-13",
    "macos-13-large",
    "macos-13-xlarge",
    "windows-2016",
    "windows-2019",
];
/// What every runner of one's own has one of.
const OWN: &[&str] = &["self-hosted", "linux", "macos", "windows", "x64", "x86", "arm", "arm64"];

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    for job in checking.jobs() {
        let JobKind::Steps(steps) = &job.kind else { continue };
        let own_group = steps.runs_on.group.is_some();
        for (label, span) in labels(job) {
            if !own_group {
                found.extend(unknown(checking, &label, span));
            }
        }
        conflict(checking, &steps.runs_on.labels, found);
        shells(checking, job, &steps.defaults, found);
    }
    if let Some(workflow) = checking.workflow() {
        found.extend(workflow.defaults.shell.as_ref().and_then(|s| shell(checking, s, None)));
    }
    // An action runs wherever its caller does.
    for of in checking.steps().iter().filter(|of| of.job.is_none()) {
        found.extend(shell_of(of.step).and_then(|named| shell(checking, named, None)));
    }
}

/// The labels that are written, in `runs-on` or in the row of the matrix that it names.
fn labels(job: &Job) -> Vec<(String, Span)> {
    let JobKind::Steps(steps) = &job.kind else { return Vec::new() };
    let mut all = Vec::new();
    for label in &steps.runs_on.labels {
        if label.is_literal() {
            all.push((label.text().to_owned(), label.span));
        } else if let Some(row) = matrix_row(job, label) {
            let literal = row.into_iter().flat_map(Tree::templates).filter(|t| t.is_literal());
            all.extend(literal.map(|template| (template.text().to_owned(), template.span)));
        }
    }
    all
}

/// The values of `matrix.name`, when the label is just that.
fn matrix_row<'a>(job: &'a Job, label: &Template) -> Option<Vec<&'a Tree>> {
    let name = label.as_expression()?.text().strip_prefix("matrix.")?;
    let Some(Strategy::Written { matrix: Some(matrix), .. }) = &job.strategy else { return None };
    let included = match matrix.get("include") {
        Some(Tree::Sequence(items)) => items.iter().filter_map(|item| item.get(name)).collect(),
        _ => Vec::new(),
    };
    Some(matrix.get(name).into_iter().chain(included).collect())
}

fn unknown(checking: &Checking<'_>, label: &str, span: Span) -> Option<Diagnostic> {
    let lower = label.to_lowercase();
    if RETIRED_LABELS.contains(&lower.as_str()) {
        let message = format!("GitHub has removed the image `{label}`");
        let help = "take a newer one, such as `ubuntu-latest`";
        return Some(RETIRED.at(checking.file, span, message).with_help(help));
    }
    let known = system(&lower).is_some()
        || OWN.contains(&lower.as_str())
        || checking.settings.has_label(label);
    if known {
        return None;
    }
    let message = format!("no runner of GitHub has the label `{label}`");
    let names = CURRENT.iter().map(|(name, _)| *name);
    let help = match nearest(label, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name labels of your own runners in the setting `runner-labels`".into(),
    };
    Some(LABEL.at(checking.file, span, message).with_help(help))
}

/// The system of an image of GitHub's, of any size.
fn system(label: &str) -> Option<System> {
    if let Some((_, system)) = CURRENT.iter().find(|(name, _)| *name == label) {
        return Some(*system);
    }
    let sized = label.ends_with("-cores") || label.ends_with("-core");
    LARGER.iter().find(|(name, _)| sized && label.starts_with(name)).map(|(_, system)| *system)
}

fn conflict(checking: &Checking<'_>, labels: &[Template], found: &mut Vec<Diagnostic>) {
    let mut first: Option<(&str, System)> = None;
    for label in labels.iter().filter(|label| label.is_literal()) {
        let Some(system) = system(&label.text().to_lowercase()) else { continue };
        match first {
            Some((other, known)) if known != system || other != label.text() => {
                let message = format!("no runner has both `{other}` and `{}`", label.text());
                let help =
                    "to run the job on each, write a matrix, and `runs-on: ${{ matrix.os }}`";
                found.push(CONFLICT.at(checking.file, label.span, message).with_help(help));
            }
            _ => first = Some((label.text(), system)),
        }
    }
}

fn shells(checking: &Checking<'_>, job: &Job, defaults: &Defaults, found: &mut Vec<Diagnostic>) {
    let systems: Vec<System> =
        labels(job).iter().filter_map(|(label, _)| system(&label.to_lowercase())).collect();
    let only = match systems.split_first() {
        Some((first, rest)) if rest.iter().all(|system| system == first) => Some(*first),
        _ => None,
    };
    let default = defaults.shell.as_ref();
    for template in default.into_iter().chain(job.steps().iter().filter_map(shell_of)) {
        found.extend(shell(checking, template, only));
    }
}

fn shell_of(step: &Step) -> Option<&Template> {
    match &step.kind {
        StepKind::Run { shell, .. } => shell.as_ref(),
        _ => None,
    }
}

fn shell(checking: &Checking<'_>, shell: &Template, system: Option<System>) -> Option<Diagnostic> {
    if !shell.is_literal() || shell.text().contains("{0}") {
        return None;
    }
    let name = shell.text().to_lowercase();
    let (everywhere, windows) = (["bash", "pwsh", "python"], ["cmd", "powershell"]);
    let message = match name.as_str() {
        name if everywhere.contains(&name) => return None,
        "sh" if system != Some(System::Windows) => return None,
        "sh" => "there is no `sh` on Windows".to_owned(),
        name if windows.contains(&name) => match system {
            Some(System::Linux | System::MacOs) => format!("`{name}` is there on Windows only"),
            _ => return None,
        },
        _ => format!("`{}` is no shell that GitHub knows", shell.text()),
    };
    let help = "there are bash, sh, pwsh, python, cmd and powershell; others need `{0}`";
    Some(SHELL.at(checking.file, shell.span, message).with_help(help))
}
