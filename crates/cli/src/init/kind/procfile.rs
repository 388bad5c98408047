//! A `Procfile`: its commands are what the folder's own people start.

use super::super::Found;
use super::super::detect::name;
use super::super::folder::Folder;
use super::shell;

/// `web` starts the first service; every other process is a worker beside it.
pub(super) fn apply(folder: Folder, mut services: Vec<Found>) -> Vec<Found> {
    let processes: Vec<(&str, &str)> = folder
        .text("Procfile")
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.split_once(':'))
        .map(|(process, command)| (process.trim(), command.trim()))
        .filter(|(process, command)| !process.starts_with('#') && !command.is_empty())
        .collect();
    let Some(first) = services.first_mut() else { return services };
    if let Some((_, command)) = processes.iter().find(|(process, _)| *process == "web") {
        first.run = Some(started(first, command));
        first.notes = vec!["`run` is `web` of the Procfile.".to_owned()];
    }
    let template = first.clone();
    let others = processes.iter().filter(|(process, _)| !matches!(*process, "web" | "release"));
    services.extend(others.map(|(process, command)| Found {
        name: name(&format!("{}-{process}", template.name)),
        run: Some(started(&template, command)),
        listens: false,
        health: None,
        migrations: None,
        tests: Vec::new(),
        notes: vec![format!("`{process}` of the Procfile: a worker without a port.")],
        ..template.clone()
    }));
    services
}

/// A command of the Procfile, with the interpreter of the build in front of
/// Python's programs: a virtual environment's own scripts name the folder that
/// they were installed in, which is not where the release runs.
fn started(service: &Found, command: &str) -> String {
    const MODULES: [&str; 6] = ["gunicorn", "uvicorn", "hypercorn", "daphne", "flask", "celery"];
    let has_venv = service.build.as_ref().is_some_and(|build| build.run.contains(".venv"));
    let (program, rest) = command.split_once(' ').unwrap_or((command, ""));
    match program {
        "python" | "python3" if has_venv => format!(".venv/bin/python {rest}"),
        module if has_venv && MODULES.contains(&module) => {
            format!(".venv/bin/python -m {module} {rest}")
        }
        _ => shell::single(command),
    }
}
