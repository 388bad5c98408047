//! Random expressions, the same for the same seed.

/// A generator of numbers: SplitMix64.
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap_or(0)
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// The contexts that all expressions are evaluated in.
pub(super) const CONTEXTS: &str = r#"{
  "github": {"ref": "refs/heads/main", "event": {"number": 7, "labels": [{"name": "bug", "n": 1},
    {"name": "Öffnen"}, {"other": null}], "draft": false, "title": "It's 'quoted' {0}"},
    "run_id": 123, "empty": ""},
  "a": {"b": [1, 2.5, "x", null, true, [1, "1"], {"c": "d"}], "B2": {"c": {"d": -0.5}}},
  "n": {"big": 1e21, "small": 0.000001, "neg": -17, "zero": 0, "third": 0.3333333333333333},
  "list": ["a", "B", "c", "", "10", 10, true, null],
  "e": {},
  "nothing": null
}"#;

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2.5",
    "10",
    "0x10",
    "0o17",
    "1e3",
    "-0.5",
    "+3",
    ".5",
    "1.",
    "255",
    "-7",
    "100000",
    "NaN",
    "Infinity",
    "-Infinity",
];
/// Those whose text differs between GitHub's two evaluators.
const WILD: &[&str] = &[
    "1e15",
    "1e21",
    "-1e22",
    "1e-5",
    "1e-7",
    "1.23456789012345678",
    "0.1234567890123456789",
    "123456789012345678",
    "1e300",
    "-1e-300",
    "0xffffffff",
    "2147483648",
];
const STRINGS: &[&str] = &[
    "''",
    "'a'",
    "'A'",
    "'true'",
    "'false'",
    "'null'",
    "'0'",
    "'1'",
    "' 12 '",
    "'0x1f'",
    "'1e2'",
    "'-Infinity'",
    "'NaN'",
    "'it''s'",
    "'{0}'",
    "'{0} {1}'",
    "'{{x}} {0}'",
    "'{'",
    "'Ö'",
    "'ö'",
    "'ß'",
    "'bug'",
    "'refs/heads/'",
    "'main'",
    "'[1, \"a\", null]'",
    "'{\"a\": {\"b\": 1}, \"A\": 2}'",
    "'1_000'",
    "'\u{1f600}'",
    "'not json'",
    "'1.50'",
    "'.'",
    "'+'",
    "'infinity'",
    "'\\u0041'",
];
const PATHS: &[&str] = &[
    "github",
    "github.ref",
    "GITHUB.Ref",
    "github.event.number",
    "github.event.labels",
    "github.event.labels.*.name",
    "github.event.labels[0].name",
    "github.event.labels[5]",
    "github['event']['draft']",
    "github.event.title",
    "github.*",
    "github.event.*.name",
    "github.run_id",
    "github.empty",
    "github.nope.nope",
    "a.b",
    "a.b[1]",
    "a.b[2.9]",
    "a.b['0']",
    "a.b[-1]",
    "a.b.*",
    "a.b[*].c",
    "a.b.*.*",
    "a.*.*",
    "a.b2.c.d",
    "a.b[5]",
    "a.b[5][1]",
    "a.b[6].c",
    "n.neg",
    "n.zero",
    "list",
    "list[0]",
    "list[5]",
    "list[6]",
    "list.*",
    "e",
    "e.x",
    "e.*",
    "nothing",
    "nothing.x",
    "nothing[0]",
    "nothing.*",
    "a['b'][6]['C']",
    "a[github.nope]",
    "list[list[5]]",
    "list[true]",
    "list[null]",
    "list['1']",
    "a.b[1].x",
    "github.ref.x",
    "github.ref.*",
];
const WILD_PATHS: &[&str] = &["n.big", "n.small", "n.third", "n", "n.*"];
const JUNK: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "*",
    "!",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "&&",
    "||",
    "'",
    "a",
    "github",
    "1",
    "-",
    "+",
    "=",
    "&",
    "|",
    "\"",
    "0x",
    "1e",
    "true",
    "null",
    "NaN",
    "unknown",
    "format",
    "format(",
    "case(",
    "contains(",
    "..",
    "%",
    "_x",
    "-a",
    "a-b",
    "$",
    "\u{a0}",
    "\t",
];

/// One expression. `wild` lets numbers in whose text differs between the two evaluators.
pub(super) fn expression(random: &mut Random, wild: bool) -> String {
    let depth = 1 + random.below(4);
    node(random, depth, wild)
}

/// A text that is an expression by accident only.
pub(super) fn broken(random: &mut Random) -> String {
    let mut text = expression(random, false);
    for _ in 0..=random.below(2) {
        let at = random.below(text.chars().count() + 1);
        let place = text.char_indices().nth(at).map_or(text.len(), |(place, _)| place);
        if random.below(3) == 0 && place < text.len() {
            text.remove(place);
        } else {
            text.insert_str(place, random.pick(JUNK));
        }
    }
    text
}

fn node(random: &mut Random, depth: usize, wild: bool) -> String {
    if depth == 0 {
        return leaf(random, wild);
    }
    let mut below = |random: &mut Random| node(random, depth - 1, wild);
    match random.below(12) {
        0 | 1 => {
            let (left, right) = (below(random), below(random));
            let op = random.pick(&["==", "!=", "<", "<=", ">", ">="]);
            format!("{left} {op} {right}")
        }
        2 => format!("{} && {}", below(random), below(random)),
        3 => format!("{} || {}", below(random), below(random)),
        4 => format!("!{}", below(random)),
        5 => format!("({})", below(random)),
        6 => format!("({})[{}]", below(random), below(random)),
        7 => format!("({}).*.name", below(random)),
        _ => call(random, &mut below),
    }
}

fn leaf(random: &mut Random, wild: bool) -> String {
    match random.below(10) {
        0 | 1 if wild => random.pick(WILD).into(),
        2 if wild => random.pick(WILD_PATHS).into(),
        0 | 1 => random.pick(NUMBERS).into(),
        2 => random.pick(&["true", "false", "null"]).into(),
        3..=5 => random.pick(STRINGS).into(),
        _ => random.pick(PATHS).into(),
    }
}

fn call(random: &mut Random, below: &mut dyn FnMut(&mut Random) -> String) -> String {
    let (name, least, most) = [
        ("contains", 2, 2),
        ("startsWith", 2, 2),
        ("endsWith", 2, 2),
        ("format", 1, 4),
        ("join", 1, 2),
        ("toJSON", 1, 1),
        ("fromJSON", 1, 1),
        ("case", 3, 5),
        ("toJson", 1, 1),
        ("FORMAT", 2, 3),
    ][random.below(10)];
    // Now and then one too many, or too few.
    let count = match random.below(30) {
        0 => least + most,
        _ => least + random.below(most - least + 1),
    };
    let arguments: Vec<String> = (0..count).map(|_| below(random)).collect();
    format!("{name}({})", arguments.join(", "))
}
