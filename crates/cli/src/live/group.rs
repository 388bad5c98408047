//! Groups of lines, between `##[group]` and `##[endgroup]`, as a terminal
//! shows them: folded once they ended well, whole when something in them
//! failed.

/// As many lines of a group are kept: a group that never ends must not fill
/// the memory.
const MOST: usize = 5_000;

/// A group that has begun.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) title: String,
    lines: Vec<String>,
    left_out: usize,
    failed: bool,
}

/// A group that has ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Only its title and how many lines it had.
    Folded { title: String, lines: usize },
    /// All of it, and how many of its first lines were not kept.
    Shown { title: String, left_out: usize, lines: Vec<String> },
}

impl Group {
    pub(super) fn new(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    pub(super) fn push(&mut self, line: &str) {
        self.failed |= line.starts_with("##[error]");
        if self.lines.len() == MOST {
            // The end of what failed says more than its beginning.
            self.lines.drain(..MOST / 2);
            self.left_out += MOST / 2;
        }
        self.lines.push(line.to_owned());
    }

    /// It is over; `failed`: what it is in has failed.
    pub(super) fn end(self, failed: bool) -> Ended {
        let Self { title, lines, left_out, .. } = self;
        if failed || self.failed {
            Ended::Shown { title, left_out, lines }
        } else {
            Ended::Folded { title, lines: left_out + lines.len() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(lines: &[&str]) -> Group {
        let mut group = Group::new("T");
        lines.iter().for_each(|line| group.push(line));
        group
    }

    #[test]
    fn what_went_well_is_folded() {
        assert_eq!(
            group(&["a", "b"]).end(false),
            Ended::Folded { title: "T".to_owned(), lines: 2 }
        );
    }

    #[test]
    fn what_failed_is_shown() {
        let shown = |lines: &[&str]| Ended::Shown {
            title: "T".to_owned(),
            left_out: 0,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        };
        assert_eq!(group(&["a"]).end(true), shown(&["a"]));
        assert_eq!(group(&["a", "##[error]x"]).end(false), shown(&["a", "##[error]x"]));
    }

    #[test]
    fn the_end_of_a_long_group_is_kept() {
        let mut long = group(&[]);
        (0..=MOST).for_each(|number| long.push(&number.to_string()));
        let Ended::Shown { left_out, lines, .. } = long.end(true) else { panic!() };
        assert_eq!(left_out + lines.len(), MOST + 1);
        assert_eq!(lines.last().map(String::as_str), Some("5000"));
    }
}
