use proptest::prelude::*;

use super::{MAX_DEPTH, Node, NodeKind, SourceMap, parse};

fn tree(node: &Node, depth: usize, out: &mut String) {
    use std::fmt::Write as _;
    let at = |node: &Node| {
        let s = node.span;
        format!("{}:{}-{}:{}", s.start.line, s.start.column, s.end.line, s.end.column)
    };
    let pad = depth * 2;
    match &node.kind {
        NodeKind::Scalar(s) => {
            let _ = writeln!(out, "{:pad$}{:?} {:?} {}", "", s.text, s.value, at(node));
        }
        NodeKind::Sequence(items) => {
            let _ = writeln!(out, "{:pad$}list {}", "", at(node));
            items.iter().for_each(|item| tree(item, depth + 1, out));
        }
        NodeKind::Mapping(mapping) => {
            let _ = writeln!(out, "{:pad$}mapping {}", "", at(node));
            for entry in mapping {
                let key = &entry.key;
                let (line, column) = (key.span.start.line, key.span.start.column);
                let _ = writeln!(out, "{:pad$}  {} {line}:{column}", "", key.value);
                tree(&entry.value, depth + 2, out);
            }
        }
    }
}

fn show(text: &str) -> String {
    let mut out = String::new();
    match parse("f.yml", text) {
        Ok(node) => tree(&node, 0, &mut out),
        Err(problems) => problems.iter().for_each(|p| out.push_str(&p.render(text))),
    }
    out
}

#[test]
fn every_node_has_its_place() {
    insta::assert_snapshot!(show("on: [push, 'x']\nenv:\n  A: 1.10\n  B: |\n    hi\n    ho\nlast: ~\n"), @r#"
    mapping 1:1-7:8
      on 1:1
        list 1:5-1:16
          "push" String 1:6-1:10
          "x" String 1:12-1:15
      env 2:1
        mapping 3:3-7:1
          A 3:3
            "1.10" Float(1.1) 3:6-3:10
          B 4:3
            "hi\nho\n" String 5:5-7:1
      last 7:1
        "~" Null 7:7-7:8
    "#);
}

#[test]
fn an_alias_repeats_its_anchor() {
    let node = parse("f", "a: &x {k: v}\nb: *x\n").unwrap();
    let b = node.as_mapping().unwrap().get("b").unwrap();
    assert_eq!(b.as_mapping().unwrap().get("k").unwrap().as_str(), Some("v"));
    assert_eq!((b.at().start.line, b.span.start.line), (2, 1));
}

#[test]
fn problems_of_yaml_itself() {
    insta::assert_snapshot!(show("a: 1\nb: 2\na: 3\nb: 4\n"), @r"
    error[SW0102]: key `a` is already defined
     --> f.yml:3:1
      |
    3 | a: 3
      | ^
      |
    1 | a: 1
      | - first defined here
    error[SW0102]: key `b` is already defined
     --> f.yml:4:1
      |
    4 | b: 4
      | ^
      |
    2 | b: 2
      | - first defined here
    ");
    insta::assert_snapshot!(show("a: *nobody\n"), @r"
    error[SW0104]: alias `*nobody` has no anchor `&nobody` before it
     --> f.yml:1:4
      |
    1 | a: *nobody
      |    ^^^^^^^
    ");
    insta::assert_snapshot!(show("a: &me\n  b: *me\n"), @r"
    error[SW0104]: alias `*me` lies inside its own anchor `&me`
     --> f.yml:2:6
      |
    2 |   b: *me
      |      ^^^
    ");
    insta::assert_snapshot!(show("a: 1\n---\nb: 2\n"), @r"
    error[SW0105]: a second document starts here; one file holds one document
     --> f.yml:2:1
      |
    2 | ---
      | ^^^
    ");
    insta::assert_snapshot!(show("a: [1\nb: 2\n"), @r"
    error[SW0101]: illegal placement of ':' indicator
     --> f.yml:2:2
      |
    2 | b: 2
      |  ^
    ");
}

#[test]
fn aliases_cannot_blow_up() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        let before = format!("*a{}", i - 1);
        text.push_str(&format!("a{i}: &a{i} [{}]\n", [before.as_str(); 10].join(", ")));
    }
    let problems = parse("f", &text).unwrap_err();
    assert_eq!(problems[0].code, super::code::LIMIT);
}

#[test]
fn depth_is_limited() {
    let ok = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(parse("f", &ok).is_ok());
    let deep = format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1));
    assert!(parse("f", &deep).is_err());
    let block: String = (0..=MAX_DEPTH).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    assert!(parse("f", &block).is_err());
}

#[test]
fn places_inside_scalars_are_found() {
    let cases = [
        ("k: a ${{ x }} b", "${{"),
        ("k: 'it''s ${{ x }}'", "${{"),
        ("k: \"a\\tn \\\" ${{ x }}\"", "${{"),
        ("k: |\n  one\n    two ${{ x }}\n", "${{"),
        ("k: >-\n  one\n  two ${{ x }}\n", "${{"),
        ("k: a\n  b ${{ x }}", "${{"),
    ];
    for (source, needle) in cases {
        let node = parse("f", source).unwrap();
        let value = node.as_mapping().unwrap().get("k").unwrap();
        let scalar = value.as_scalar().unwrap();
        let mut map = SourceMap::new(&scalar.text, scalar.style, value.span, source);
        let pos = map.locate(scalar.text.find(needle).unwrap());
        assert_eq!(Some(pos.offset), source.find(needle), "{source}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "[-a-c:{}\\[\\]&*!|>'\"#%@,?~<0-9. \t\n\r\\\\é]{0,80}") {
        if let Ok(node) = parse("f", &text) {
            let mut stack = vec![node];
            while let Some(node) = stack.pop() {
                prop_assert!(node.span.start.offset <= node.span.end.offset);
                prop_assert!(node.span.slice(&text).is_some());
                match node.kind {
                    NodeKind::Scalar(s) => {
                        let mut map = SourceMap::new(&s.text, s.style, node.span, &text);
                        for (offset, _) in s.text.char_indices() {
                            prop_assert!(map.locate(offset).offset <= text.len());
                        }
                    }
                    NodeKind::Sequence(items) => stack.extend(items),
                    NodeKind::Mapping(m) => {
                        stack.extend(m.entries.into_iter().map(|entry| entry.value));
                    }
                }
            }
        }
    }
}
