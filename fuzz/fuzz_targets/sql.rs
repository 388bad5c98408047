//! Splitter, recogniser and rules of migrations.
#![no_main]

use std::io::{self, Read};

use libfuzzer_sys::fuzz_target;
use shipway_checks::Finding;
use shipway_checks::migrations::{Known, Layout, Migration, Options, Part, judge_file};
use shipway_checks::sql::Dialect;

/// Hands out three bytes at a time.
struct Dripping<'a>(&'a [u8]);

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = 3.min(self.0.len()).min(buffer.len());
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

fn judged(reader: impl Read, dialect: Dialect) -> Vec<Finding> {
    let path = "m.sql".to_owned();
    let migration = Migration::new(path, Layout::Prisma, Part::Up);
    let (mut findings, mut known) = (Vec::new(), Known::default());
    let options = Options { additive_only: true, judge_down: true };
    judge_file(reader, &migration, dialect, options, &mut known, &mut findings).unwrap();
    findings
}

fuzz_target!(|input: &[u8]| {
    let Some((first, text)) = input.split_first() else { return };
    let dialect = Dialect::ALL[usize::from(*first) % Dialect::ALL.len()];
    let whole = judged(text, dialect);
    assert_eq!(whole, judged(Dripping(text), dialect));
    let lines = text.split(|byte| *byte == b'\n').count();
    for finding in whole {
        assert!(finding.span.start <= finding.span.end && finding.span.end.line <= lines);
    }
});
