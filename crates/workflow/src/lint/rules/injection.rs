//! Scripts that strangers can write into.

use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::checking::Checking;
use crate::lint::rule::Rule;
use crate::lint::site::{Role, place};
use crate::lint::taint::untrusted;
use crate::span::Span;

pub(super) const RULES: &[&Rule] = &[&UNTRUSTED_INPUT];

const UNTRUSTED_INPUT: Rule = Rule {
    id: "untrusted-input",
    severity: Severity::Error,
    summary: "a script holds text that strangers decide about",
    why: "`${{ … }}` in a script is replaced before the shell reads it. Whoever opens an issue \
          titled `\"; curl … | sh #` runs it with the job's token and secrets. Hand the value over \
          in a variable, which the shell does not read as a program:\n\n\
          ```yaml\n\
          - run: echo \"$TITLE\"\n  env:\n    TITLE: ${{ github.event.issue.title }}\n\
          ```\n\n\
          The same holds for the `script` of `actions/github-script` (use `process.env.TITLE`), \
          and for `${{ env.TITLE }}` in a script.",
};

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    for site in checking.sites.iter().filter(|site| site.role == Role::Script) {
        for (expression, span) in site.expressions() {
            let Some(untrusted) = untrusted(expression, site) else { continue };
            let start = place(checking.source, span, expression.text(), untrusted.offset);
            let here = Span::new(start, span.end.max(start));
            let message = match &untrusted.through {
                None => format!(
                    "strangers decide about `{}`, which is put into a script",
                    untrusted.path
                ),
                Some(source) => format!(
                    "strangers decide about `{}` (it is `{source}`), which is put into a script",
                    untrusted.path
                ),
            };
            let help = match &untrusted.through {
                None => "set it as a variable in `env`, and use that in the script: `$NAME`",
                Some(_) => "use the variable itself (`$NAME`), not `${{ env.NAME }}`",
            };
            found.push(UNTRUSTED_INPUT.at(checking.file, here, message).with_help(help));
        }
    }
}
