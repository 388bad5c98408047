//! What earlier migrations made, as far as later ones run it or change it.

use std::collections::HashSet;
use std::io::{self, Read};

use super::parse::parse;
use super::routines::Routines;
use super::statement::What;
use crate::sql::{Dialect, Directive, Event, Mark, Statements, Tool};

/// What earlier migrations made, as far as later ones run it or change it.
#[derive(Debug, Default)]
pub struct Known {
    /// Tables that they created.
    pub tables: HashSet<String>,
    /// What they can be made to run.
    pub(super) routines: Routines,
    /// Tools whose marks they have.
    tools: Vec<Tool>,
    /// As many were learned from.
    merged: usize,
}

impl Known {
    /// Learns from a migration that was merged.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn learn(&mut self, reader: impl Read, dialect: Dialect) -> io::Result<()> {
        self.merged += 1;
        self.routines.begin_file();
        let mut undoes = false;
        let mut statements = Statements::new(reader, dialect);
        while let Some(event) = statements.advance()? {
            match event {
                Event::Directive(Directive::Mark(Mark::Up(tool)), _) => {
                    undoes = false;
                    if !self.tools.contains(&tool) {
                        self.tools.push(tool);
                    }
                }
                Event::Directive(Directive::Mark(Mark::Down(_)), _) => undoes = true,
                Event::Statement if !undoes => {
                    let current = statements.current();
                    parse(current.text, current.tokens, dialect, |action| {
                        self.routines.learn(&action.what, false);
                        if let What::CreateTable(table) = action.what {
                            self.tables.insert(table.name.name.into_owned());
                        }
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether the migrations that were merged have none of a tool's marks: another tool runs
    /// them.
    pub(super) fn is_run_without(&self, tool: Tool) -> bool {
        self.merged > 0 && !self.tools.contains(&tool)
    }
}
