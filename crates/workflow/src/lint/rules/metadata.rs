//! What an `action.yml` says about itself.

use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::checking::{Checking, Content};
use crate::lint::rule::Rule;
use crate::lint::surroundings::Found;
use crate::model::{DockerImage, Runs};
use crate::span::Span;
use crate::yaml::Node;

pub(super) const RULES: &[&Rule] = &[&METADATA];

const METADATA: Rule = Rule {
    id: "action-metadata",
    severity: Severity::Warning,
    summary: "an `action.yml` lacks what GitHub wants, or names what is not there",
    why: "`name` and `description` are required by GitHub's reference; the program of a JavaScript \
          action has to be committed; Node 20 and 24 are what runners have; colours of `branding` \
          are white, black, yellow, blue, green, orange, red, purple and gray-dark.",
};

const COLORS: [&str; 9] =
    ["white", "black", "yellow", "blue", "green", "orange", "red", "purple", "gray-dark"];

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    let Content::Action(action) = checking.content else { return };
    let Some(root) = checking.root.and_then(Node::as_mapping) else { return };
    let first = root.iter().next().map_or_else(Span::default, |entry| entry.key.span);
    for key in ["name", "description"] {
        if root.get(key).is_none() {
            let message = format!("the action has no `{key}`");
            found.push(METADATA.at(checking.file, first, message));
        }
    }
    let color = root.get("branding").and_then(|node| node.as_mapping()?.get("color"));
    if let Some((node, text)) = color.and_then(|node| Some((node, node.text()?)))
        && !COLORS.contains(&text.to_lowercase().as_str())
    {
        let message = format!("`{text}` is no colour for `branding`");
        let help = format!("one of: {}", COLORS.join(", "));
        found.push(METADATA.at(checking.file, node.at(), message).with_help(help));
    }
    let Some(runs) = root.get("runs").and_then(Node::as_mapping) else { return };
    let at = |key: &str| runs.get(key).map_or(first, Node::at);
    match &action.runs {
        Runs::JavaScript(script) => {
            if script.node < 20 {
                let message = format!("runners no longer have Node {}", script.node);
                let help = "write `node24`";
                found.push(METADATA.at(checking.file, at("using"), message).with_help(help));
            }
            let programs = [
                ("main", Some(&script.main)),
                ("pre", script.pre.as_ref()),
                ("post", script.post.as_ref()),
            ];
            for (key, program) in programs {
                found.extend(program.and_then(|path| missing(checking, path, at(key))));
            }
        }
        Runs::Docker(docker) => {
            if let DockerImage::Build(path) = &docker.image {
                found.extend(missing(checking, path, at("image")));
            }
        }
        Runs::Composite(_) => {}
    }
}

/// A file beside the action that is not there.
fn missing(checking: &Checking<'_>, path: &str, span: Span) -> Option<Diagnostic> {
    let folder = checking.file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let file = parts.join("/");
    (checking.around.file(&file) == Found::Missing)
        .then(|| METADATA.at(checking.file, span, format!("there is no file `{file}`")))
}
