//! Commands in scripts that GitHub has taken away.

use crate::diagnostic::{Diagnostic, Severity};
use crate::expr::Part;
use crate::lint::checking::Checking;
use crate::lint::rule::Rule;
use crate::model::StepKind;
use crate::span::{Pos, Span};

pub(super) const RULES: &[&Rule] = &[&DEPRECATED];

const DEPRECATED: Rule = Rule {
    id: "deprecated-command",
    severity: Severity::Warning,
    summary: "a script prints a command that GitHub has deprecated or disabled",
    why: "`::set-output` and `::save-state` are deprecated. `::set-env` and `::add-path` are \
          disabled (an error): whoever could print a line could change the environment. Append to \
          the files `$GITHUB_OUTPUT`, `$GITHUB_STATE`, `$GITHUB_ENV` and `$GITHUB_PATH`.",
};

/// The command, the file that took its place, what to append there, and whether it fails.
const COMMANDS: [(&str, &str, &str, bool); 4] = [
    ("set-output", "GITHUB_OUTPUT", "name=value", false),
    ("save-state", "GITHUB_STATE", "name=value", false),
    ("set-env", "GITHUB_ENV", "NAME=value", true),
    ("add-path", "GITHUB_PATH", "folder", true),
];

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    for of in checking.steps() {
        let StepKind::Run { script, .. } = &of.step.kind else { continue };
        let text = script.parts().iter().any(|part| matches!(part, Part::Text(_)));
        let Some(written) = script.span.slice(checking.source).filter(|_| text) else { continue };
        for (command, file, what, fails) in COMMANDS {
            // Parameters follow behind a space; `add-path` has none.
            let spellings = [format!("::{command} "), format!("::{command}::")];
            let at = spellings.iter().filter_map(|spelling| written.find(spelling.as_str())).min();
            let Some(at) = at else { continue };
            let start: Pos = script.span.start.after(&written[..at]);
            let span = Span::new(start, start.after(&written[at..at + command.len() + 2]));
            let state = if fails { "disabled: the step fails" } else { "deprecated" };
            let message = format!("the command `{command}` is {state}");
            let help = format!("write `echo \"{what}\" >> \"${file}\"`");
            let mut finding = DEPRECATED.at(checking.file, span, message).with_help(help);
            if fails {
                finding.severity = Severity::Error;
            }
            found.push(finding);
        }
    }
}
