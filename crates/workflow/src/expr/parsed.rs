//! Expressions that were parsed before: a file says the same ones again and again.

use std::collections::HashMap;

use super::ast::Expression;
use super::lexer::SyntaxError;
use super::scope::{Scope, StatusFunctions};

/// The expressions of a file, by where they may stand and by their text.
#[derive(Debug, Default)]
pub struct Parsed(Vec<(Place, HashMap<String, Expression>)>);

/// A scope, without what it borrows.
#[derive(Debug)]
struct Place {
    contexts: Vec<String>,
    status: StatusFunctions,
    hash_files: bool,
}

impl Parsed {
    /// As [`Expression::parse`].
    ///
    /// # Errors
    /// As [`Expression::parse`].
    pub fn parse(&mut self, text: &str, scope: &Scope<'_>) -> Result<Expression, SyntaxError> {
        let known = self.of(scope);
        if let Some(expression) = known.get(text) {
            return Ok(expression.clone());
        }
        let expression = Expression::parse(text, scope)?;
        known.insert(text.to_owned(), expression.clone());
        Ok(expression)
    }

    fn of(&mut self, scope: &Scope<'_>) -> &mut HashMap<String, Expression> {
        let at = self.0.iter().position(|(place, _)| place.is(scope)).unwrap_or_else(|| {
            self.0.push((Place::of(scope), HashMap::new()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }
}

impl Place {
    fn of(scope: &Scope<'_>) -> Self {
        let contexts = scope.contexts.iter().map(|&name| name.to_owned()).collect();
        Self { contexts, status: scope.status, hash_files: scope.hash_files }
    }

    fn is(&self, scope: &Scope<'_>) -> bool {
        self.status == scope.status
            && self.hash_files == scope.hash_files
            && self.contexts == scope.contexts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::scopes;

    #[test]
    fn what_is_there_in_one_place_is_not_in_another() {
        let mut parsed = Parsed::default();
        let text = "steps.a.outcome == 'success'";
        let first = parsed.parse(text, &scopes::STEP_KEY).unwrap();
        assert_eq!(parsed.parse(text, &scopes::STEP_KEY).unwrap(), first);
        assert!(parsed.parse(text, &scopes::JOB).is_err());
        assert!(parsed.parse("always()", &scopes::STEP_IF).is_ok());
        assert!(parsed.parse("always()", &scopes::STEP_KEY).is_err());
        assert!(parsed.parse("always()", &scopes::STEP_IF).is_ok());
    }
}
