//! The summary page of runs, in Markdown; as HTML it is the same page.

use shipway_core::plan::Plan;
use shipway_core::run::{Annotation, Level, RunResult};

use super::answer::{JobAnswer, RunAnswer};
use super::html;
use crate::print;

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For everything that is not called `.html`.
    Markdown,
    /// One file, nothing loaded from elsewhere.
    Html,
}

impl Form {
    /// The form that a file of this name has.
    pub(crate) fn of(file: &std::path::Path) -> Self {
        let extension = file.extension().unwrap_or_default().to_ascii_lowercase();
        if extension == "html" || extension == "htm" { Self::Html } else { Self::Markdown }
    }
}

/// The page of a plan's runs.
pub(crate) fn page(plan: &Plan, runs: &[RunAnswer], form: Form) -> String {
    let title = runs.iter().map(|run| run.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut text = String::new();
    for run in runs {
        one(plan, run, &mut text);
    }
    match form {
        Form::Markdown => text,
        Form::Html => html::document(&title, &text),
    }
}

macro_rules! put {
    ($text:expr, $($arguments:tt)*) => { $text.push_str(&format!($($arguments)*)) };
}

fn one(plan: &Plan, run: &RunAnswer, text: &mut String) {
    let result = run.result.map_or("not over", RunResult::as_str);
    put!(text, "# {} {}: {result}\n\n", run.result.map_or("·", mark), inline(&run.name));
    let commit = &plan.commit;
    put!(
        text,
        "`{}` of `{}` {} by {}, {}\n\n",
        run.event,
        commit.id.short(),
        inline(&commit.subject),
        inline(&commit.author),
        took(run.ms)
    );
    if let Some(why) = &run.why {
        put!(text, "{}\n\n", inline(why));
    }
    text.push_str("| | job | took | |\n|---|---|---:|---|\n");
    for job in &run.jobs {
        let why = job.why.as_deref().map_or_else(String::new, cell);
        let mark = job.result.map_or("·", mark);
        put!(text, "| {mark} | {} | {} | {why} |\n", cell(&job.name), took(job.ms));
    }
    text.push('\n');
    annotations(run, text);
    for job in run.jobs.iter().filter(|job| !job.summary.is_empty()) {
        put!(text, "## {}\n\n{}\n\n", inline(&job.name), job.summary.trim_end());
    }
    for job in run.jobs.iter().filter(|job| !job.steps.is_empty()) {
        steps(job, text);
    }
}

fn annotations(run: &RunAnswer, text: &mut String) {
    let of_job = |job: &JobAnswer| {
        let name = job.name.clone();
        job.annotations.clone().into_iter().map(move |note| (name.clone(), note))
    };
    let mut all: Vec<(String, Annotation)> = run.jobs.iter().flat_map(of_job).collect();
    if all.is_empty() {
        return;
    }
    all.sort_by_key(|(_, note)| std::cmp::Reverse(note.level));
    text.push_str("## Annotations\n\n| | where | what | job |\n|---|---|---|---|\n");
    for (job, note) in all {
        let level = match note.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Notice => "notice",
        };
        let place = note.place().map_or_else(String::new, |place| cell(&place));
        let title = note.title.map_or_else(String::new, |title| format!("**{}** ", cell(&title)));
        put!(text, "| {level} | {place} | {title}{} | {} |\n", cell(&note.message), cell(&job));
    }
    text.push('\n');
}

fn steps(job: &JobAnswer, text: &mut String) {
    put!(text, "<details><summary>Steps of {}</summary>\n\n", escape(&job.name));
    text.push_str("| | step | took | |\n|---|---|---:|---|\n");
    for step in &job.steps {
        let why = step.reason.as_deref().map_or_else(String::new, cell);
        put!(
            text,
            "| {} | {} | {} | {why} |\n",
            mark(step.conclusion),
            cell(&step.name),
            took(step.ms)
        );
    }
    text.push_str("\n</details>\n\n");
}

fn took(ms: u64) -> String {
    print::took(std::time::Duration::from_millis(ms))
}

const fn mark(result: RunResult) -> &'static str {
    match result {
        RunResult::Success => "✓",
        RunResult::Failure => "✗",
        RunResult::Cancelled => "■",
        RunResult::Skipped => "–",
    }
}

/// Text that means nothing to Markdown.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The same in a table, where lines are kept.
fn cell(text: &str) -> String {
    text.trim_end().lines().map(inline).collect::<Vec<_>>().join("<br>")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
