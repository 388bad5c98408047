//! Python: requirements, projects, Django, and plain scripts.

use super::super::Found;
use super::super::folder::Folder;
use super::{Sighting, recipe, service};

const MANIFESTS: [&str; 3] = ["requirements.txt", "pyproject.toml", "Pipfile"];
const ENTRIES: [&str; 6] = ["app.py", "main.py", "server.py", "wsgi.py", "asgi.py", "app/main.py"];

pub(super) fn look(folder: Folder) -> Option<Sighting> {
    let manifest = folder.first(&MANIFESTS);
    if manifest.is_none() && folder.is_part_of_root(&MANIFESTS) {
        return None;
    }
    let entry = folder.first(&ENTRIES);
    if manifest.is_none() && entry.is_none() && !folder.has("manage.py") {
        return None;
    }
    let needs: String =
        MANIFESTS.iter().filter_map(|file| folder.text(file)).collect::<String>().to_lowercase();
    let mut found = service(folder, folder.name(), "a Python program");
    let python = install(&mut found, folder, manifest);
    if needs.contains("pytest") {
        found.tests.push(format!("{python} -m pytest"));
    } else if folder.has("manage.py") {
        found.tests.push(format!("{python} manage.py test"));
    } else {
        found.tests.push(format!("{python} -m unittest"));
    }
    start(&mut found, folder, &needs, python, entry);
    if found.run.is_none() && !folder.has("Procfile") && !folder.has("Dockerfile") {
        return Some(Sighting::Library);
    }
    Some(Sighting::Services(vec![found]))
}

/// How what it needs is installed, and the interpreter that has it then. In a
/// folder of its own, which the release takes along.
fn install(found: &mut Found, folder: Folder, manifest: Option<&str>) -> &'static str {
    let pip = "python3 -m venv .venv && .venv/bin/pip install";
    let command = match manifest {
        Some("requirements.txt") if nothing_required(folder) => return "python3",
        Some("requirements.txt") => format!("{pip} -r requirements.txt"),
        Some("pyproject.toml") => format!("{pip} ."),
        Some(_) => {
            found.notes.push("Fill in how the packages of the Pipfile are installed.".to_owned());
            return "python3";
        }
        None => return "python3",
    };
    found.tests.push(command.clone());
    found.build = recipe(command, &[]);
    ".venv/bin/python"
}

fn nothing_required(folder: Folder) -> bool {
    let text = folder.text("requirements.txt").unwrap_or_default();
    text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with('#'))
}

fn start(found: &mut Found, folder: Folder, needs: &str, python: &str, entry: Option<&str>) {
    let module = entry.map(|file| file.trim_end_matches(".py").replace('/', "."));
    let module = module.as_deref().unwrap_or("app");
    let checked = |application: &str| format!("Look whether `{application}` is its application.");
    if folder.has("manage.py") {
        found.migrations = None;
        found.notes.push(format!(
            "Django's migrations: `migrations: {{dir: …, apply: {python} manage.py migrate}}`."
        ));
        found.run = Some(format!("{python} manage.py runserver --noreload 127.0.0.1:$PORT"));
        found.notes.push("`runserver` is for development: use gunicorn or uvicorn.".to_owned());
    } else if needs.contains("fastapi") || needs.contains("uvicorn") || needs.contains("starlette")
    {
        found.run = Some(format!("{python} -m uvicorn {module}:app --port $PORT"));
        found.notes.push(checked(&format!("{module}:app")));
    } else if needs.contains("gunicorn") {
        found.run = Some(format!("{python} -m gunicorn --bind 127.0.0.1:$PORT {module}:app"));
        found.notes.push(checked(&format!("{module}:app")));
    } else if needs.contains("flask") {
        found.run = Some(format!("{python} -m flask --app {module} run --port $PORT"));
        found.notes.push("`flask run` is for development: use gunicorn.".to_owned());
    } else {
        found.run = entry.map(|file| format!("{python} {file}"));
    }
}
