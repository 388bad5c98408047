//! Commits that ask for no runs.
//!
//! Source: <https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs>.

/// What may stand anywhere in a message.
const ANYWHERE: [&str; 5] =
    ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"];

/// What may be the last trailer of a message.
const TRAILERS: [&str; 2] = ["skip-checks: true", "skip-checks:true"];

/// What in a commit's message asks that `push` and `pull_request` start no workflow for it, if
/// something does. Trailers stand behind two empty lines.
#[must_use]
pub fn skip_instruction(message: &str) -> Option<&'static str> {
    let anywhere = ANYWHERE.into_iter().find(|instruction| message.contains(instruction));
    anywhere.or_else(|| {
        let message = message.replace("\r\n", "\n");
        let (_, trailers) = message.trim_end().rsplit_once("\n\n\n")?;
        let last = trailers.lines().next_back()?.trim_end();
        // An empty line ends what goes before.
        let is_section = !trailers.trim_start_matches('\n').contains("\n\n");
        TRAILERS.into_iter().find(|trailer| is_section && last == *trailer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_stand_anywhere() {
        assert_eq!(skip_instruction("docs: x [skip ci]"), Some("[skip ci]"));
        assert_eq!(skip_instruction("x\n\nmore\n[actions skip] y"), Some("[actions skip]"));
        assert_eq!(skip_instruction("skip ci, [skip  ci] and [ci]"), None);
    }

    #[test]
    fn trailers_stand_behind_two_empty_lines() {
        for (message, found) in [
            ("x\n\n\nskip-checks: true\n", Some("skip-checks: true")),
            ("x\n\nmore\r\n\r\n\r\nBy: me\r\nskip-checks:true", Some("skip-checks:true")),
            ("x\n\nskip-checks: true", None),
            ("x\n\n\nskip-checks: true\nBy: me", None),
            ("x\n\n\nmore\n\nskip-checks: true", None),
            ("x\n\n\nskip-checks: false", None),
            ("skip-checks: true", None),
        ] {
            assert_eq!(skip_instruction(message), found, "{message:?}");
        }
    }
}
