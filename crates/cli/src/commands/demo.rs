//! `shipway demo`: a small repository of one's own, shipped.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use shipway_server::follow::Views;

use crate::args::{Demo, Ship};
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

include!(concat!(env!("OUT_DIR"), "/quickstart.rs"));

pub(super) async fn demo(args: &Demo) -> Result<Exit, CliError> {
    let begun = Instant::now();
    if args.dir.join("shipway.yaml").is_file() {
        print::aside(format!("{} is there already; shipping it", args.dir.display()));
    } else {
        write(&args.dir)?;
        print::aside(format!("wrote an example repository to {}", args.dir.display()));
    }
    let project = Project::open_at(&args.dir)?;
    let ship = Ship { to: None, branch: None, yes: args.yes, plan: false, json: false };
    let exit = super::ship::ship_from(&project, &ship).await?;
    if exit == Exit::Ok {
        stages(&project)?;
        next(&args.dir, begun.elapsed());
    }
    Ok(exit)
}

/// Writes the example as a git repository of its own.
fn write(dir: &Path) -> Result<(), CliError> {
    let failed = |path: &Path, error: std::io::Error| {
        CliError::trouble(format!("{}: {error}", path.display()))
    };
    let empty = fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
    if !empty {
        return Err(CliError::usage(format!("{} has something else in it", dir.display()))
            .hint("name another folder: `shipway demo --dir FOLDER`"));
    }
    for (name, content) in QUICKSTART {
        let path = dir.join(name);
        let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
        parent.and_then(|()| fs::write(&path, content)).map_err(|error| failed(&path, error))?;
    }
    git(dir, &["init", "--quiet", "--initial-branch=main"])?;
    git(dir, &["add", "--all"])?;
    // Whoever has no name in git yet gets one for this repository.
    for (key, value) in [("user.name", "Demo"), ("user.email", "demo@localhost")] {
        if git(dir, &["config", key]).is_err() {
            git(dir, &["config", "--local", key, value])?;
        }
    }
    git(dir, &["commit", "--quiet", "--no-gpg-sign", "-m", "A small service, ready to ship"])
}

fn git(dir: &Path, arguments: &[&str]) -> Result<(), CliError> {
    let output = Command::new("git").arg("-C").arg(dir).args(arguments).output();
    let output = output.map_err(|error| {
        CliError::usage(format!("git cannot be run: {error}")).hint("`apt-get install git`")
    })?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(CliError::trouble(format!("git {}: {stderr}", arguments.join(" "))))
}

/// How long each stage took.
fn stages(project: &Project) -> Result<(), CliError> {
    let views = Views::load(&project.store)?;
    for line in &views.history.lines {
        if let Some(end) = &line.end {
            let took = print::took(print::between(line.started, end.at));
            print::line(format!("{}  {took}", line.deployment));
        }
    }
    Ok(())
}

fn next(dir: &Path, took: std::time::Duration) {
    let dir = dir.display();
    print::line(format!("\nshipped in {}. What to try next, in {dir}:", print::took(took)));
    for line in [
        "shipway status                what is where",
        "shipway history               what was deployed",
        "shipway rollback production   back to the release before",
        "edit app.py (README.md says which line), commit, `shipway ship`:",
        "  see a bad version refused, and the old one still serving",
        "shipway host stop             when you are done",
    ] {
        print::line(format!("  {line}"));
    }
}
