//! What is read, what is refused, and that all JSON is read.

use proptest::prelude::*;

use super::{MAX_DEPTH, Value, read};

/// What a text is read as, printed as JSON.
fn shown(text: &str) -> String {
    read(text).map_or_else(|error| error.to_string(), |value| value_shown(&value))
}

fn value_shown(value: &Value) -> String {
    match value {
        Value::Number(_) => value.to_text(),
        _ => serde_json::to_string(value).unwrap(),
    }
}

#[test]
fn what_github_takes_beside_json() {
    let cases = [
        // Texts and names.
        ("['ubuntu-latest']", r#"["ubuntu-latest"]"#),
        (
            r#"{'a': "it's", b_1: 'say "hi"', $é: 2, 3: 4}"#,
            r#"{"a":"it's","b_1":"say \"hi\"","$é":2,"3":4}"#,
        ),
        ("'two\nlines\t'", r#""two\nlines\t""#),
        (r"'\'\/\u00e9\uD83D\uDE00'", r#""'/é😀""#),
        (
            r"'\uD83D \uDE00 \uD83D\uD83D\uDE00 \uD83Dx'",
            "\"\u{fffd} \u{fffd} \u{fffd}😀 \u{fffd}x\"",
        ),
        // Commas and what is left out.
        ("[1, 2,]", "[1,2]"),
        ("[,1,,undefined]", r#"["",1,"",""]"#),
        ("{a: 1, b:, c: 2,}", r#"{"a":1,"b":"","c":2}"#),
        (",", r#""""#),
        // Comments.
        ("[/* one */ 1, // two\r 2 /**/]", "[1,2]"),
        ("{/**/ a: /**/ 1 /**/, // end\n}", r#"{"a":1}"#),
        ("// this is the value\n[1]", r#"" this is the value""#),
        ("/*a*/", r#""a""#),
        // Numbers.
        ("0x1F", "31"),
        ("0Xffffffffffffffff", "-1"),
        ("017", "15"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("1.", "1"),
        ("-010", "-10"),
        ("1e400", "Infinity"),
        ("123456789012345678901234567890", "1.23456789012346E+29"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        // What follows the value is not looked at.
        ("[1] and more", "[1]"),
        ("1 2", "1"),
        ("true]", "true"),
        ("'a''b'", r#""a""#),
        // White space and zeros.
        ("\u{a0}\u{2028}\0[\0 1\u{3000}]", "[1]"),
        // The last of two members holds, under the first name.
        (r#"{"a": 1, "b": 2, "A": 3}"#, r#"{"a":3,"b":2}"#),
    ];
    for (text, value) in cases {
        assert_eq!(shown(text), value, "{text}");
    }
}

#[test]
fn what_is_wrong_has_a_place() {
    let texts = [
        "",
        " \n ",
        "[1",
        "[1 2]",
        "{a 1}",
        "{a: 1 b: 2}",
        "{,}",
        "{a: 1,, b: 2}",
        "{a: 1]",
        "{a:}",
        "{-a: 1}",
        "]",
        "abc",
        "tru",
        "trueish",
        "null/",
        "new Date(1)",
        "+1",
        "1x",
        "1_000",
        "08",
        "0x",
        "0x+1",
        "-0x1",
        ".",
        "-",
        "1e",
        "0x10000000000000000",
        "'a",
        "'a\\",
        "'\\x'",
        "'\\u12g4'",
        "'\\u12",
        "/",
        "//",
        "/* a",
        "[1,\n  é: 2]",
        "\u{feff}[]",
        "{a/**/: 1}",
        "’a’",
    ];
    let all: Vec<String> =
        texts.iter().map(|text| format!("{text:?}: {}", read(text).unwrap_err())).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    "": the end where a value was expected at line 1, column 1
    " \n ": the end where a value was expected at line 2, column 2
    "[1": the end where `,` or `]` was expected at line 1, column 3
    "[1 2]": `2` where `,` or `]` was expected at line 1, column 4
    "{a 1}": `1` where `:` was expected at line 1, column 4
    "{a: 1 b: 2}": `b` where `,` or `}` was expected at line 1, column 7
    "{,}": `,` where the name of a member was expected at line 1, column 2
    "{a: 1,, b: 2}": `,` where the name of a member was expected at line 1, column 7
    "{a: 1]": `]` where `,` or `}` was expected at line 1, column 6
    "{a:}": `}` where a value was expected at line 1, column 4
    "{-a: 1}": `-` where the name of a member was expected at line 1, column 2
    "]": `]` where a value was expected at line 1, column 1
    "abc": `a` where a value was expected at line 1, column 1
    "tru": `t` where a value was expected at line 1, column 1
    "trueish": `t` where a value was expected at line 1, column 1
    "null/": `n` where a value was expected at line 1, column 1
    "new Date(1)": `n` where a value was expected at line 1, column 1
    "+1": `+` where a value was expected at line 1, column 1
    "1x": no number, `1x` at line 1, column 1
    "1_000": `_` where the end of the number was expected at line 1, column 2
    "08": no number, `08` at line 1, column 1
    "0x": no number, `0x` at line 1, column 1
    "0x+1": no number, `0x+1` at line 1, column 1
    "-0x1": no number, `-0x1` at line 1, column 1
    ".": no number, `.` at line 1, column 1
    "-": no number, `-` at line 1, column 1
    "1e": no number, `1e` at line 1, column 1
    "0x10000000000000000": no number, `0x10000000000000000` at line 1, column 1
    "'a": a text that does not end at line 1, column 1
    "'a\\": a text that does not end at line 1, column 3
    "'\\x'": an unknown escape `\x` at line 1, column 2
    "'\\u12g4'": `\u` without four hexadecimal digits at line 1, column 4
    "'\\u12": `\u` without four hexadecimal digits at line 1, column 4
    "/": `/` where a value was expected at line 1, column 1
    "//": a comment that does not end at line 1, column 1
    "/* a": a comment that does not end at line 1, column 1
    "[1,\n  é: 2]": `é` where a value was expected at line 2, column 3
    "\u{feff}[]": `﻿` where a value was expected at line 1, column 1
    "{a/**/: 1}": `/` where `:` was expected at line 1, column 3
    "’a’": `’` where a value was expected at line 1, column 1
    "#);
    let long = format!("1{}", "0".repeat(380));
    assert!(read(&long).is_err() && read(&long[..380]).is_ok());
}

#[test]
fn nesting_is_limited_as_on_github() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(read(&nested(MAX_DEPTH)).is_ok());
    insta::assert_snapshot!(read(&nested(65)).unwrap_err(), @"more than 64 lists and objects in each other at line 1, column 65");
    assert!(read(&"{a:".repeat(1_000_000)).is_err());
}

#[test]
fn long_texts_take_time_in_proportion() {
    let text = format!("[{}]", r#"{"a\n": ["\"b\"", 1.5]}, "#.repeat(100_000));
    assert_eq!(read(&text).unwrap().as_array().unwrap().len(), 100_000);
    let comments = format!("[{}]", "/**/ // \n".repeat(200_000));
    assert_eq!(shown(&comments), "[]");
    let escapes = format!("'{}'", "\\n".repeat(1_000_000));
    assert_eq!(read(&escapes).unwrap().as_str().unwrap().len(), 1_000_000);
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn piece() -> impl Strategy<Value = String> {
    let pieces = vec![
        "[", "]", "{", "}", ",", ":", "\"", "'", "\"a\"", "\\u", "d83d", "\\n", "0", "1", "-", ".",
        "e", "+", "x", "true", "null", "NaN", "/", "//", "/*", "*/", " ", "\n", "\0", "a", "é",
        "😀",
    ];
    prop_oneof![prop::sample::select(pieces).prop_map(str::to_owned), ".{0,2}"]
}

proptest! {
    #[test]
    fn all_json_is_read_as_serde_reads_it(json in json()) {
        for text in [json.to_string(), serde_json::to_string_pretty(&json).unwrap()] {
            let value: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read(&text).unwrap(), value);
        }
    }

    #[test]
    fn no_text_panics_and_what_serde_takes_is_read_alike(pieces in prop::collection::vec(piece(), 0..12)) {
        let text = pieces.concat();
        let value = read(&text);
        if let Ok(expected) = serde_json::from_str::<Value>(&text) {
            prop_assert_eq!(value.unwrap(), expected, "{}", text);
        }
    }
}
