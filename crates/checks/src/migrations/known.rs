//! What earlier migrations created.

use std::collections::HashSet;
use std::io::{self, Read};

use super::parse::parse;
use super::statement::What;
use crate::sql::{Dialect, Event, Statements};

/// Adds the tables that a migration creates to those that are known.
///
/// # Errors
/// When it cannot be read.
pub fn learn_tables(
    reader: impl Read,
    dialect: Dialect,
    known: &mut HashSet<String>,
) -> io::Result<()> {
    let mut statements = Statements::new(reader, dialect);
    while let Some(event) = statements.advance()? {
        if event != Event::Statement {
            continue;
        }
        let current = statements.current();
        parse(current.text, current.tokens, dialect, |action| {
            if let What::CreateTable(table) = action.what {
                known.insert(table.name.name.into_owned());
            }
        });
    }
    Ok(())
}
