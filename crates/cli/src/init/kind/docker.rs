//! A Dockerfile and nothing else that is known.

use super::super::folder::Folder;
use super::{Sighting, service, shell};

pub(super) fn look(folder: Folder) -> Option<Sighting> {
    let dockerfile = folder.text("Dockerfile")?;
    let mut found = service(folder, folder.name(), "a Dockerfile");
    found.run = command(dockerfile);
    found.notes.push(
        "Images are not available yet: it runs as a process. Fill in `build`, what the Dockerfile \
         does with RUN and COPY."
            .to_owned(),
    );
    if found.run.is_some() {
        found.notes.push("`run` is the Dockerfile's: look whether it fits outside.".to_owned());
    }
    Some(Sighting::Services(vec![found]))
}

/// The command of the last stage: ENTRYPOINT with CMD behind it.
fn command(dockerfile: &str) -> Option<String> {
    let lines = joined(dockerfile);
    let last = |instruction: &str| {
        lines.iter().rev().find_map(|line| {
            let (word, rest) = line.trim().split_once(char::is_whitespace)?;
            word.eq_ignore_ascii_case(instruction).then(|| words(rest.trim()))
        })
    };
    let parts: Vec<String> = [last("ENTRYPOINT"), last("CMD")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Its lines, those that end with `\` together with the next.
fn joined(dockerfile: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for line in dockerfile.lines() {
        let last = lines.len() - 1;
        match line.trim_end().strip_suffix('\\') {
            Some(begun) => lines[last].push_str(&format!("{} ", begun.trim())),
            None => {
                lines[last].push_str(line.trim());
                lines.push(String::new());
            }
        }
    }
    lines
}

/// `["a", "b c"]` as `a 'b c'`; the shell form as one command.
fn words(text: &str) -> String {
    match serde_json::from_str::<Vec<String>>(text) {
        Ok(words) => words.iter().map(|word| shell::quoted(word)).collect::<Vec<_>>().join(" "),
        Err(_) => shell::single(text),
    }
}
