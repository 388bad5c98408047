//! `cache-mode`: what jobs may do with caches.

use super::reader::Reader;
use crate::expr::{Scope, Template};
use crate::span::Spanned;
use crate::yaml::Node;

/// The words there are; an expression may yield one of them.
const WORDS: [&str; 4] = ["read", "write", "write-only", "none"];

pub(super) fn read(reader: &mut Reader<'_>, node: &Node, scope: &Scope<'_>) -> Option<Template> {
    let mode = reader.template(node, "`cache-mode`", scope)?;
    if mode.is_literal() && !WORDS.contains(&mode.text()) {
        let text = Spanned::new(mode.text().to_owned(), mode.span);
        reader.wrong_value(&text, "`cache-mode`", &WORDS);
        return None;
    }
    Some(mode)
}
