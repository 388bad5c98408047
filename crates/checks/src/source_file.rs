//! Files of source code: in what they are written, and whether they are tests.

/// Whether a file holds tests, by the conventions of the languages: folders and names.
#[must_use]
pub fn is_test(path: &str) -> bool {
    const FOLDERS: &[&str] = &["test", "tests", "__tests__", "spec", "specs", "e2e", "testdata"];
    const ENDS: &[&str] = &["_test", "_tests", "_spec", ".test", ".spec", "Test", "Tests", "IT"];
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    folders.split('/').any(|folder| FOLDERS.contains(&folder))
        || ENDS.iter().any(|end| stem.ends_with(end))
        || stem.starts_with("test_")
        || ["conftest", "tests", "test"].contains(&stem)
}

/// How a language writes comments and strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syntax {
    /// What begins a comment that ends with its line.
    pub line: &'static [&'static str],
    /// What begins and ends other comments.
    pub block: &'static [(&'static str, &'static str)],
    /// What begins and ends a string.
    pub quotes: &'static [&'static str],
}

const C: Syntax = Syntax { line: &["//"], block: &[("/*", "*/")], quotes: &["\"", "'"] };
const RUST: Syntax = Syntax { quotes: &["\""], ..C };
const SCRIPT: Syntax = Syntax { quotes: &["\"", "'", "`"], ..C };
const PHP: Syntax = Syntax { line: &["//", "#"], ..C };
const SHELL: Syntax = Syntax { line: &["#"], block: &[], quotes: &["\"", "'"] };
const PYTHON: Syntax = Syntax { quotes: &["\"\"\"", "'''", "\"", "'"], ..SHELL };
const SQL: Syntax = Syntax { line: &["--"], ..C };
const LUA: Syntax = Syntax { line: &["--"], block: &[("--[[", "]]")], quotes: &["\"", "'"] };
const HASKELL: Syntax = Syntax { line: &["--"], block: &[("{-", "-}")], quotes: &["\""] };
const LISP: Syntax = Syntax { line: &[";"], block: &[], quotes: &["\""] };
const ERLANG: Syntax = Syntax { line: &["%"], block: &[], quotes: &["\""] };
const MARKUP: Syntax = Syntax { line: &[], block: &[("<!--", "-->")], quotes: &["\"", "'"] };
const STYLE: Syntax = Syntax { line: &[], ..C };
const ML: Syntax = Syntax { line: &[], block: &[("(*", "*)")], quotes: &["\""] };

/// The languages by the endings of their files.
const LANGUAGES: &[(Syntax, &[&str])] = &[
    (C, &["c", "h", "cc", "cpp", "cxx", "hpp", "hh", "m", "mm", "java", "cs", "swift", "zig"]),
    (C, &["kt", "kts", "scala", "groovy", "gradle", "dart", "proto", "sol", "v"]),
    (RUST, &["rs"]),
    (SCRIPT, &["js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "go", "vue", "svelte"]),
    (PHP, &["php"]),
    (SHELL, &["rb", "sh", "bash", "zsh", "pl", "pm", "r", "ex", "exs", "ps1", "tf", "hcl", "nim"]),
    (PYTHON, &["py", "pyi"]),
    (SQL, &["sql"]),
    (LUA, &["lua"]),
    (HASKELL, &["hs", "elm"]),
    (LISP, &["clj", "cljs", "cljc", "lisp", "el", "scm"]),
    (ERLANG, &["erl", "hrl"]),
    (MARKUP, &["html", "htm", "xhtml", "jsp"]),
    (STYLE, &["css", "scss", "less"]),
    (ML, &["ml", "mli", "fs", "fsx"]),
];

/// How the language of a file writes comments and strings; nothing for what is no source code.
#[must_use]
pub fn syntax(path: &str) -> Option<Syntax> {
    let name = path.rsplit('/').next()?;
    let (_, ending) = name.rsplit_once('.')?;
    let language = LANGUAGES.iter().find(|(_, endings)| endings.contains(&ending));
    language.map(|(syntax, _)| *syntax)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_known_by_folder_and_name() {
        for path in [
            "tests/a.rs",
            "src/test/java/com/example/Price.java",
            "a/__tests__/b.js",
            "price_test.go",
            "test_price.py",
            "src/price.spec.ts",
            "src/PriceTest.java",
            "src/run/tests.rs",
        ] {
            assert!(is_test(path), "{path}");
        }
        for path in ["src/latest/a.rs", "src/contest.py", "src/price.ts", "attest.go"] {
            assert!(!is_test(path), "{path}");
        }
    }
}
