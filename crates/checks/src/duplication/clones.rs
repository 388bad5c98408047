//! Stretches of tokens that stand twice, in time and memory that grow with the text: a hash of
//! each window of tokens rolls over all files, and where one was seen before, the stretch is
//! followed as far as it goes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::tokens::{Token, tokens};
use crate::finding::Finding;
use crate::reports::duplication::{Duplication, Place, Twice, Unit};
use crate::source_file::Syntax;

/// How much has to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tokens behind each other.
    pub tokens: usize,
    /// Lines that they stand in.
    pub lines: u32,
}

impl Default for Limits {
    /// SonarQube's for languages other than Java, COBOL and ABAP.
    fn default() -> Self {
        Self { tokens: 100, lines: 10 }
    }
}

/// Finds code that stands twice in the files that it is given one after the other.
#[derive(Debug)]
pub struct Detector {
    limits: Limits,
    files: Vec<File>,
    /// Where each window was seen first, by its hash.
    seen: HashMap<u64, Window>,
    found: Vec<Finding>,
}

#[derive(Debug)]
struct File {
    name: String,
    tokens: Vec<Token>,
    lines: u64,
    /// Which lines stand twice, from line 1.
    twice: Vec<bool>,
}

/// A window of tokens: the file, and which of its tokens it begins with.
#[derive(Clone, Copy, Debug)]
struct Window {
    file: usize,
    at: usize,
}

impl Detector {
    /// One that has seen nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let limits = Limits { tokens: limits.tokens.max(1), ..limits };
        Self { limits, files: Vec::new(), seen: HashMap::new(), found: Vec::new() }
    }

    /// Looks at a file.
    pub fn add(&mut self, name: impl Into<String>, text: &[u8], syntax: Syntax) {
        let open = usize::from(!text.is_empty() && !text.ends_with(b"\n"));
        let lines = memchr::memchr_iter(b'\n', text).count() + open;
        let tokens = tokens(text, syntax);
        let twice = vec![false; lines];
        self.files.push(File { name: name.into(), tokens, lines: lines as u64, twice });
        self.compare(self.files.len() - 1);
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> Duplication {
        let duplicated = self.files.iter().flat_map(|file| &file.twice).filter(|twice| **twice);
        Duplication {
            duplicated: duplicated.count() as u64,
            of: self.files.iter().map(|file| file.lines).sum(),
            unit: Unit::Lines,
            places: self.found,
        }
    }

    /// Compares a file with those before it, and with itself.
    fn compare(&mut self, file: usize) {
        let hashes = self.windows(file);
        let mut at = 0;
        while let Some(hash) = hashes.get(at) {
            let here = Window { file, at };
            let first = match self.seen.entry(*hash) {
                Entry::Vacant(vacant) => {
                    vacant.insert(here);
                    at += 1;
                    continue;
                }
                Entry::Occupied(occupied) => *occupied.get(),
            };
            let length = self.alike(first, here);
            if length < self.limits.tokens {
                at += 1;
                continue;
            }
            self.note(first, here, length);
            // Windows that reach beyond the stretch have not been seen.
            at += length - self.limits.tokens + 1;
        }
    }

    /// The hash of each window of a file: a polynomial, modulo 2^64.
    fn windows(&self, file: usize) -> Vec<u64> {
        const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
        let Some(File { tokens, .. }) = self.files.get(file) else { return Vec::new() };
        let width = self.limits.tokens;
        let Some((first, rest)) = tokens.split_at_checked(width) else { return Vec::new() };
        let add = |hash: u64, token: &Token| hash.wrapping_mul(BASE).wrapping_add(token.what);
        let leaving = (1..width).fold(1_u64, |power, _| power.wrapping_mul(BASE));
        let mut hash = first.iter().fold(0, add);
        let mut hashes = Vec::with_capacity(rest.len() + 1);
        hashes.push(hash);
        for (old, new) in tokens.iter().zip(rest) {
            hash = add(hash.wrapping_sub(old.what.wrapping_mul(leaving)), new);
            hashes.push(hash);
        }
        hashes
    }

    /// How many tokens from two places on are the same. A stretch does not reach into itself.
    fn alike(&self, first: Window, second: Window) -> usize {
        let from = |window: Window| {
            let file = self.files.get(window.file);
            file.and_then(|file| file.tokens.get(window.at..)).unwrap_or_default()
        };
        let most =
            if first.file == second.file { second.at.saturating_sub(first.at) } else { usize::MAX };
        let pairs = from(first).iter().zip(from(second)).take(most);
        pairs.take_while(|(a, b)| a.what == b.what).count()
    }

    /// Keeps a stretch that stands in two places, unless it stands in too few lines.
    fn note(&mut self, first: Window, second: Window, length: usize) {
        let (Some(here), Some(there)) = (self.place(second, length), self.place(first, length))
        else {
            return;
        };
        let lines = here.to - here.from + 1;
        if lines.min(there.to - there.from + 1) < self.limits.lines {
            return;
        }
        for (window, place) in [(first, &there), (second, &here)] {
            let Some(file) = self.files.get_mut(window.file) else { continue };
            let range = place.from.saturating_sub(1) as usize..place.to as usize;
            file.twice.get_mut(range).into_iter().flatten().for_each(|twice| *twice = true);
        }
        let twice = Twice { place: here, other: there, lines: u64::from(lines) };
        self.found.push(twice.finding());
    }

    fn place(&self, window: Window, length: usize) -> Option<Place> {
        let file = self.files.get(window.file)?;
        let from = file.tokens.get(window.at)?.line;
        let to = file.tokens.get(window.at + length - 1)?.line;
        Some(Place { file: file.name.clone(), from, to })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::source_file::syntax;

    const LIMITS: Limits = Limits { tokens: 20, lines: 3 };

    fn function(name: &str, seed: u32) -> String {
        let mut text = format!("fn {name}() {{\n");
        for line in 0..6 {
            writeln!(text, "    let v{line} = call_{}({line}, {seed});", seed + line).unwrap();
        }
        text + "}\n"
    }

    fn found(files: &[(&str, &str)]) -> (u64, u64, Vec<String>) {
        let mut detector = Detector::new(LIMITS);
        for (name, text) in files {
            detector.add(*name, text.as_bytes(), syntax(name).unwrap());
        }
        let Duplication { of: lines, duplicated, places, .. } = detector.finish();
        (duplicated, lines, places.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_same_code_is_found_in_two_files_and_counted_in_both() {
        let one = function("a", 100) + &function("b", 200);
        let other = format!("// Another head.\n{}", function("c", 200).replace("    ", "\t\t"));
        let (duplicated, lines, places) = found(&[("a.rs", &one), ("b.rs", &other)]);
        assert_eq!((duplicated, lines), (16, 25));
        assert_eq!(places, ["b.rs:2:1: low: 8 lines stand in a.rs:9-16, too [duplicated-code]"]);
    }

    #[test]
    fn code_that_is_merely_alike_is_not_found() {
        assert_eq!(found(&[("a.rs", &function("a", 100)), ("b.rs", &function("a", 300))]).0, 0);
    }

    #[test]
    fn three_copies_count_each_line_once() {
        let copy = function("a", 100);
        let (duplicated, lines, places) =
            found(&[("a.rs", &copy), ("b.rs", &copy), ("c.rs", &copy)]);
        assert_eq!((duplicated, lines, places.len()), (24, 24, 2));
    }

    #[test]
    fn a_stretch_that_repeats_is_found_in_its_own_file_and_ends_with_it() {
        let (duplicated, lines, _) = found(&[("a.rs", &"f(1, 2, 3);\n".repeat(50))]);
        assert_eq!(lines, 50);
        assert!((40..=50).contains(&duplicated), "{duplicated}");
    }

    #[test]
    fn too_few_lines_or_tokens_are_no_copy() {
        let line = "a(b, c, d, e, f, g, h, i, j, k, l, m);\n";
        assert_eq!(found(&[("a.rs", line), ("b.rs", line)]).0, 0);
        let short = "a;\nb;\nc;\nd;\n";
        assert_eq!(found(&[("a.rs", short), ("b.rs", short)]).0, 0);
        assert_eq!(found(&[("a.rs", ""), ("b.rs", "")]), (0, 0, vec![]));
    }
}
