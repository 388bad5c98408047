//! Splitting: where statements begin and end, in each dialect and under each tool.

use std::io::{self, Read};

use proptest::prelude::*;
use shipway_checks::sql::{Dialect, Event, Statements};

/// Hands out a few bytes at a time, so that everything is cut everywhere.
struct Dripping<'a>(&'a [u8], usize);

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.1.min(self.0.len()).min(buffer.len());
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

fn told(reader: impl Read, dialect: Dialect) -> Vec<String> {
    let mut statements = Statements::new(reader, dialect);
    let mut told = Vec::new();
    while let Some(event) = statements.advance().unwrap() {
        told.push(match event {
            Event::Statement => {
                let source = statements.current();
                let place = source.place.start();
                format!("{place} {}", String::from_utf8_lossy(source.text))
            }
            Event::Directive(directive, pos) => format!("{pos} {directive:?}"),
            Event::Command(command, pos) => format!("{pos} {command}"),
            Event::Broken(problem, pos) => format!("{pos} {problem:?} without end"),
            Event::EndlessCopy(pos) => format!("{pos} copy without end"),
            Event::BehindCopy(pos) => format!("{pos} something behind a copy"),
            Event::OfMysql(pos) => format!("{pos} a comment that MySQL runs"),
            Event::ReadOtherwise(pos) => format!("{pos} letters behind a number"),
            Event::GaveUp(pos) => format!("{pos} gave up"),
        });
    }
    told
}

fn split(text: &str, dialect: Dialect) -> Vec<String> {
    let whole = told(text.as_bytes(), dialect);
    for drip in [1, 2, 7] {
        assert_eq!(told(Dripping(text.as_bytes(), drip), dialect), whole, "by {drip} bytes");
    }
    whole
}

fn postgres(text: &str) -> Vec<String> {
    split(text, Dialect::Postgres)
}

#[test]
fn semicolons_end_statements_and_the_end_ends_the_last() {
    assert_eq!(postgres("\u{feff}a;\r\n ;; b\n;  c 'x;'"), ["1:1 a", "2:5 b", "3:4 c 'x;'"]);
    assert_eq!(
        postgres("-- a;\n/* b; /* c */ ; */ d; $f$ e; $f$ g"),
        ["2:20 d", "2:23 $f$ e; $f$ g"]
    );
    assert_eq!(postgres("'ü;ü' é; b"), ["1:1 'ü;ü' é", "1:10 b"]);
}

#[test]
fn bodies_and_rules_keep_their_semicolons() {
    let atomic =
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END";
    assert_eq!(postgres(&format!("{atomic}; b")), [format!("1:1 {atomic}"), "1:92 b".into()]);
    let rule = "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM u; DELETE FROM v)";
    assert_eq!(postgres(&format!("{rule};b")), [format!("1:1 {rule}"), "1:72 b".into()]);
    // An open parenthesis in a broken statement swallows nothing.
    assert_eq!(postgres("SELECT (1; DROP TABLE a"), ["1:1 SELECT (1", "1:12 DROP TABLE a"]);
    let trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = CASE 1 WHEN 1 THEN 2 END; DELETE FROM d; END";
    assert_eq!(split(&format!("{trigger}; e"), Dialect::Sqlite).len(), 2);
    let procedure = "CREATE PROCEDURE p() BEGIN IF a THEN DELETE FROM b; END IF; SELECT 1; END";
    assert_eq!(split(&format!("{procedure}; e"), Dialect::Mysql).len(), 2);
}

#[test]
fn delimiters_commands_and_copied_data() {
    let text = "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END//\nDELIMITER ;\nSELECT 2;";
    assert_eq!(
        split(text, Dialect::Mysql),
        ["2:1 CREATE PROCEDURE p() BEGIN SELECT 1; END", "4:1 SELECT 2"]
    );
    assert_eq!(
        postgres("\\set x 1\nSELECT 1 \\gexec\nb;"),
        ["1:1 \\set x 1", "2:1 SELECT 1", "2:10 \\gexec", "3:1 b"]
    );
    assert_eq!(
        postgres("COPY a FROM stdin;\nDROP TABLE x;\n'\n\\.\nb;"),
        ["1:1 COPY a FROM stdin", "5:1 b"]
    );
    assert_eq!(
        postgres("COPY a FROM stdin;\nDROP TABLE x;\n"),
        ["1:1 COPY a FROM stdin", "1:19 copy without end"]
    );
}

/// What a variable's signs could hide is found.
#[test]
fn nothing_hides_in_a_variable() {
    assert_eq!(postgres("a :{b; DROP TABLE c; }"), ["1:1 a :{b", "1:8 DROP TABLE c", "1:22 }"]);
    assert_eq!(postgres("a ${b}_c :'d' :\"e\";f"), ["1:1 a ${b}_c :'d' :\"e\"", "1:20 f"]);
}

#[test]
fn strings_follow_the_setting() {
    assert_eq!(postgres(r"a '\'; b"), [r"1:1 a '\'", "1:8 b"]);
    let off = "SET standard_conforming_strings = off; a '\\'; b'; c; \
               SET SESSION standard_conforming_strings TO 'on'; d '\\'; e";
    assert_eq!(postgres(off).len(), 6);
}

#[test]
fn what_never_ends_is_told_and_what_follows_is_found() {
    assert_eq!(
        postgres("a 'b;\nDROP TABLE c;"),
        ["1:1 a", "1:3 Text without end", "2:1 DROP TABLE c"]
    );
    assert_eq!(
        postgres("a /* b\nDROP TABLE c"),
        ["1:1 a", "1:3 Comment without end", "2:1 DROP TABLE c"]
    );
    let hopeless = "$a$\n".repeat(40) + "$b$";
    let told = postgres(&hopeless.replace("$a$", "/*"));
    assert_eq!(told.last().unwrap(), "17:1 gave up");
}

#[test]
fn marks_of_tools_end_statements() {
    let text = "-- migrate:up\na\n-- migrate:down\nb;";
    let told = postgres(text);
    assert_eq!(told, ["1:1 Mark(Up(Dbmate))", "2:1 a", "3:1 Mark(Down(Dbmate))", "4:1 b"]);
    let goose = "-- +goose StatementBegin\nDO a; b;\n-- +goose StatementEnd\nc;";
    let told = postgres(goose);
    assert_eq!(told[1], "2:1 DO a; b;");
    assert_eq!(told.len(), 4);
    let said = postgres("DROP\n-- shipway: allow drop-table: it is empty\nTABLE a");
    assert!(said[0].starts_with("2:1 Allow"), "{said:?}");
    assert_eq!(said.len(), 2);
}

proptest! {
    /// Whatever comes, in whatever pieces: the same is told, and every place is in the text.
    #[test]
    fn pieces_make_no_difference(
        text in r#"([a-z;'"$\\/*\-\n (){}:`#]|DELIMITER |COPY a FROM stdin;|CREATE RULE |BEGIN ){0,60}"#,
        drip in 1_usize..9,
        dialect in prop::sample::select(Dialect::ALL.to_vec()),
    ) {
        prop_assert_eq!(told(Dripping(text.as_bytes(), drip), dialect), told(text.as_bytes(), dialect));
    }
}

#[test]
fn letters_behind_a_number_are_told_wherever_they_are_cut() {
    let told = "1:8 letters behind a number";
    assert_eq!(postgres("SELECT 1abc$$ b $$;"), [told, "1:1 SELECT 1abc$$ b $$"]);
    assert_eq!(postgres("SELECT $1abc$$ b;"), [told, "1:1 SELECT $1abc$$ b"]);
    assert_eq!(postgres("SELECT $1 AS abc;"), ["1:1 SELECT $1 AS abc"]);
}
