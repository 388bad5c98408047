//! What no source file has.

use crate::code::code_only;
use crate::{Finding, Tree};

/// More than this is not readable in one sitting.
const LINES: usize = 600;

/// Code, and why it is not wanted.
const BANNED: &[(&str, &str)] = &[
    (concat!("#[al", "low("), "use #[expect(…, reason = …)], which tells when it is not needed"),
    (concat!("#![al", "low("), "use #![expect(…, reason = …)], which tells when it is not needed"),
    (concat!("to", "do!("), "finish it, or leave it out"),
    (concat!("unimple", "mented!("), "finish it, or leave it out"),
];

/// No file is too long to be read.
pub fn length(tree: &Tree) -> Vec<Finding> {
    let sources = tree.own().filter(|(path, _)| {
        [".rs", ".py", ".sh"].iter().any(|end| path.ends_with(end)) || path.ends_with("Makefile")
    });
    let long = sources.map(|(path, text)| (path, text.lines().count()));
    long.filter(|(_, lines)| *lines > LINES)
        .map(|(path, lines)| Finding::new(path, format!("{lines} lines, more than {LINES}")))
        .collect()
}

/// No lint is switched off without being expected, nothing is left undone.
pub fn banned(tree: &Tree) -> Vec<Finding> {
    let lines = tree.ending(".rs").flat_map(|(path, source)| {
        let code: Vec<_> = code_only(source).lines().map(str::to_owned).collect();
        code.into_iter().enumerate().map(move |(index, line)| (path, index + 1, line))
    });
    lines
        .flat_map(|(path, number, line)| {
            let found = BANNED.iter().filter(move |(banned, _)| line.contains(banned));
            found.map(move |(banned, why)| Finding::at(path, number, format!("`{banned}`: {why}")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        let (long, fits) = ("x\n".repeat(LINES + 1), "x\n".repeat(LINES));
        let tree = Tree::of([("a.rs", long.as_str()), ("b.rs", &fits), ("c.json", &long)]);
        let findings = length(&tree);
        assert_eq!(findings, [Finding::new("a.rs", "601 lines, more than 600")]);
    }

    #[test]
    fn banned_code_is_found_and_text_about_it_is_not() {
        for (code, _) in BANNED {
            let source = format!("fine();\n{code}x)\n// {code}x)\n\"{code}x)\"");
            let findings = banned(&Tree::of([("a.rs", source.as_str())]));
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!(findings[0].place, "a.rs:2");
        }
    }
}
