//! Links of documents to files of the repository.

use crate::{Finding, Tree};

/// Every link to a file of the repository has one.
pub fn links(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".md") {
        let mut fenced = false;
        for (index, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            }
            if fenced || line.starts_with("    ") {
                continue;
            }
            for target in targets(&without_code(line)) {
                let Some(file) = resolve(path, &target) else { continue };
                if !tree.has(&file) {
                    let message = format!("links to `{target}`, which is not there");
                    findings.push(Finding::at(path, index + 1, message));
                }
            }
        }
    }
    findings
}

/// The line without what is between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

/// What `[text](target)` and `[name]: target` lead to.
fn targets(line: &str) -> Vec<String> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let definition = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]:"))
        .map(|(_, target)| target.trim());
    let targets = inline.chain(definition);
    targets.filter_map(|t| t.split_whitespace().next()).map(str::to_owned).collect()
}

/// The path from the root that a link in `from` means; `None` for links to
/// elsewhere and within the document.
fn resolve(from: &str, target: &str) -> Option<String> {
    let target = target.trim_matches(['<', '>']);
    let file = target.split(['#', '?']).next()?;
    if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
        return None;
    }
    let mut parts: Vec<&str> = match file.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => from.split('/').collect::<Vec<_>>().split_last()?.1.to_vec(),
    };
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return Some(file.to_owned()),
            ".." => {}
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_nowhere_is_found() {
        let text = "\
[there](b.md) [folder](../docs/) [out](https://example.org/x) [here](#a)
[gone](missing.md#part) `[code](no.md)`
[root](/docs/b.md) [above](../../outside.md)

```
[fenced](no.md)
```

[name]: lost.md
";
        let tree = Tree::of([("docs/a.md", text), ("docs/b.md", "")]);
        let found: Vec<_> = links(&tree).iter().map(ToString::to_string).collect();
        let expected = [
            "docs/a.md:2: links to `missing.md#part`, which is not there",
            "docs/a.md:3: links to `../../outside.md`, which is not there",
            "docs/a.md:9: links to `lost.md`, which is not there",
        ];
        assert_eq!(found, expected);
    }
}
