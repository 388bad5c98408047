//! Functions, procedures and triggers whose bodies are at hand.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::families::Families;
use super::statement::{Change, Fires, Name, Object, What};
use crate::sql::{Token, TokenKind, letter_bit};

/// As many members of families are looked at in a file.
const MOST_MEMBERS: usize = 1 << 20;

/// As many bytes of bodies are kept.
const MOST_KEPT: usize = 16 << 20;

/// What a function or a procedure runs.
#[derive(Clone, Debug)]
pub(super) struct Routine {
    /// As it is written; nothing if too much was to be kept.
    pub(super) body: Option<Arc<[u8]>>,
    pub(super) language: Arc<str>,
    /// It is defined by what is judged, not by what was merged.
    pub(super) new: bool,
}

/// What runs when a table's rows are changed.
#[derive(Clone, Debug)]
pub(super) struct Trigger {
    pub(super) name: String,
    pub(super) runs: Runs,
    /// It is defined by what is judged, not by what was merged.
    pub(super) new: bool,
    /// It was followed in this file.
    fired: bool,
}

/// What a trigger runs.
#[derive(Clone, Debug)]
pub(super) enum Runs {
    Function(String),
    Body(Routine),
}

/// Functions, procedures and triggers, by names without schemas: whichever of several is meant is
/// not known, so all of them are.
#[derive(Debug, Default)]
pub(super) struct Routines {
    routines: HashMap<String, Vec<Routine>>,
    triggers: HashMap<String, Vec<Trigger>>,
    /// The tables that have triggers of a name.
    tables: HashMap<String, Vec<String>>,
    /// Which tables share rows.
    families: Families,
    /// Tables whose families were looked at since a file, a trigger or a family began.
    looked_at: HashSet<String>,
    /// As many members of families may still be looked at in this file.
    members_left: usize,
    /// The letters that names of routines begin with, as bits: most words begin like none.
    letters: u32,
    kept: usize,
}

impl Routines {
    /// Whether tokens may name one before parentheses, or where an aggregate or an operator is
    /// made of them.
    pub(super) fn may_be_named(&self, text: &[u8], tokens: &[Token]) -> bool {
        if self.letters == 0 {
            return false;
        }
        // What is in quotes has no letter.
        let letters = self.letters | letter_bit(0);
        let calls = |pair: &[Token]| {
            let named = match (pair[0].kind, pair[1].kind) {
                (_, TokenKind::Sign(b'(')) => &pair[0],
                // `row.function` calls it with the row.
                (TokenKind::Sign(b'.'), _) => &pair[1],
                _ => return false,
            };
            letters & letter_bit(named.letter) != 0 && self.may_be(text, named)
        };
        let makes = matches!(tokens, [create, of, ..]
            if create.letter == b'c' && matches!(of.letter, b'a' | b'o'));
        makes || tokens.windows(2).any(calls)
    }

    /// Whether a token is the name of one; not only of a plain word that is told.
    fn may_be(&self, text: &[u8], token: &Token) -> bool {
        let mut name = [0; 64];
        let bytes = token.bytes(text);
        let plain = token.kind == TokenKind::Word && bytes.is_ascii();
        match name.get_mut(..bytes.len()).filter(|_| plain) {
            Some(name) => {
                name.copy_from_slice(bytes);
                name.make_ascii_lowercase();
                std::str::from_utf8(name).is_ok_and(|name| self.routines.contains_key(name))
            }
            None => matches!(token.kind, TokenKind::Word | TokenKind::Quoted),
        }
    }

    /// Every one of a name.
    pub(super) fn named(&self, name: &str) -> &[Routine] {
        self.routines.get(name).map_or(&[], Vec::as_slice)
    }

    /// Those of a table and its family that were not fired yet since a file began; nothing if
    /// families are too large for one file.
    pub(super) fn fire(&mut self, table: &Name<'_>) -> Option<Vec<Trigger>> {
        if self.triggers.is_empty() {
            return Some(Vec::new());
        }
        let mut fired = fire(&mut self.triggers, &table.name);
        if !self.looked_at.contains(&*table.name) {
            self.looked_at.insert(table.name.to_string());
            for other in self.families.of(&table.name, &mut self.members_left)? {
                fired.extend(fire(&mut self.triggers, other));
            }
        }
        Some(fired)
    }

    /// Another file begins.
    pub(super) fn begin_file(&mut self) {
        self.triggers.values_mut().flatten().for_each(|of| of.fired = false);
        self.looked_at.clear();
        self.members_left = MOST_MEMBERS;
    }

    /// Learns what a statement defines; whether something was.
    pub(super) fn learn(&mut self, what: &What<'_>, new: bool) -> bool {
        match what {
            What::CreateFunction { name, body: Some(body), language } => {
                let routine = self.keep(body, language, new);
                let first = name.name.bytes().next();
                self.letters |= first.map_or(0, |of| letter_bit(of.to_ascii_lowercase()));
                self.routines.entry(name.name.to_string()).or_default().push(routine);
            }
            What::CreateTrigger { name, on: Some(table), fires: Some(fires) } => {
                let runs = match fires {
                    Fires::Function(name) => Runs::Function(name.to_string()),
                    Fires::Body(body) => Runs::Body(self.keep(body, "sql", new)),
                };
                self.looked_at.clear();
                let name = name.as_deref().unwrap_or_default().to_owned();
                self.tables.entry(name.clone()).or_default().push(table.name.to_string());
                let of = self.triggers.entry(table.name.to_string()).or_default();
                of.push(Trigger { name, runs, new, fired: false });
            }
            What::Drop { object: Object::Trigger, names, on, .. } => {
                for name in names {
                    let tables = match on {
                        Some(table) => {
                            let others = self.families.of(&table.name, &mut self.members_left);
                            let others = others.into_iter().flatten();
                            others.chain([&*table.name]).map(str::to_owned).collect()
                        }
                        None => self.tables.remove(&*name.name).unwrap_or_default(),
                    };
                    for table in tables {
                        let of = self.triggers.get_mut(&table);
                        of.into_iter().for_each(|of| of.retain(|of| *of.name != *name.name));
                    }
                }
            }
            What::CreateTable(table) if !table.parents.is_empty() => {
                table.parents.iter().for_each(|parent| self.share(&parent.name, &table.name.name));
            }
            What::Alter { table, change: Change::Attach { partition } } => {
                self.share(&table.name, &partition.name);
            }
            What::Alter { table, change: Change::Inherit { parent } } => {
                self.share(&parent.name, &table.name);
            }
            // Its triggers go with it.
            What::Alter { table, change: Change::RenameTable { to } } => {
                self.share(&table.name, to);
            }
            _ => return false,
        }
        true
    }

    fn share(&mut self, parent: &str, child: &str) {
        self.families.add(parent, child);
        self.looked_at.clear();
    }

    fn keep(&mut self, body: &[u8], language: &str, new: bool) -> Routine {
        self.kept += body.len();
        let body = (self.kept <= MOST_KEPT).then(|| body.into());
        Routine { body, language: language.into(), new }
    }
}

/// Those of one table that were not fired yet.
fn fire(triggers: &mut HashMap<String, Vec<Trigger>>, table: &str) -> Vec<Trigger> {
    let waiting = triggers.get_mut(table).into_iter().flatten().filter(|of| !of.fired);
    waiting
        .map(|of| {
            of.fired = true;
            of.clone()
        })
        .collect()
}
