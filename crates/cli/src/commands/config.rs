//! `shipway config`: shown with every default, its schema, its mistakes.

use std::fs;
use std::path::Path;

use serde::Serialize;
use shipway_core::config::{self, Config, FILE_NAME, Facts, PathKind};
use shipway_workflow::Diagnostic;

use crate::args::Report;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::root_here;

pub(super) fn show(args: &Report) -> Result<Exit, CliError> {
    let config = read()?;
    if args.json {
        print::json(&config)?;
    } else {
        print::line(config::show(&config)?);
    }
    Ok(Exit::Ok)
}

pub(super) fn schema() -> Result<Exit, CliError> {
    print::json(&config::schema())?;
    Ok(Exit::Ok)
}

/// A mistake, for programs.
#[derive(Serialize)]
struct Problem {
    code: String,
    file: String,
    line: usize,
    column: usize,
    message: String,
    help: Option<String>,
}

pub(super) fn check(args: &Report) -> Result<Exit, CliError> {
    let (text, result) = parse(&root_here()?)?;
    let problems = result.err().unwrap_or_default();
    if args.json {
        print::json(&problems.iter().map(problem).collect::<Vec<_>>())?;
    } else if problems.is_empty() {
        print::line(format!("{FILE_NAME} is right"));
    } else {
        problems.iter().for_each(|problem| print::line(problem.render(&text)));
    }
    Ok(if problems.is_empty() { Exit::Ok } else { Exit::Usage })
}

fn problem(problem: &Diagnostic) -> Problem {
    Problem {
        code: problem.code.to_string(),
        file: problem.file.clone(),
        line: problem.span.start.line,
        column: problem.span.start.column,
        message: problem.message.clone(),
        help: problem.help.clone(),
    }
}

/// The configuration as it stands in the work tree.
pub(super) fn read() -> Result<Config, CliError> {
    read_at(&root_here()?)
}

/// The configuration as it stands in the project's folder.
pub(super) fn read_at(root: &Path) -> Result<Config, CliError> {
    let (text, result) = parse(root)?;
    result.map_err(|problems| {
        let all = problems.iter().map(|problem| problem.render(&text));
        CliError::usage(all.collect::<Vec<_>>().join("\n"))
    })
}

type Parsed = (String, Result<Config, Vec<Diagnostic>>);

fn parse(root: &Path) -> Result<Parsed, CliError> {
    let path = root.join(FILE_NAME);
    let text = fs::read_to_string(&path)
        .map_err(|error| CliError::usage(format!("{}: {error}", path.display())))?;
    let result = config::read(FILE_NAME, &text, &WorkTree(root));
    Ok((text, result))
}

/// Files as they are in the work tree.
pub(crate) struct WorkTree<'a>(pub(crate) &'a Path);

impl Facts for WorkTree<'_> {
    fn at(&self, path: &str) -> Option<PathKind> {
        let metadata = fs::metadata(self.0.join(path)).ok()?;
        Some(if metadata.is_dir() { PathKind::Folder } else { PathKind::File })
    }

    fn expression(&self, text: &str) -> Result<(), String> {
        shipway_checks::policy::check_expression(text).map_err(|error| error.to_string())
    }

    fn names_in(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.0.join(path)).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}
