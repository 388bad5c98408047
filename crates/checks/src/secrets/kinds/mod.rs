//! The kinds of secrets that are known, by who gives them out.

mod ai;
mod cloud;
mod code;
mod generic;
mod messaging;
mod money;
mod observability;
mod products;
mod stores;

use super::kind::Kind;

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    let groups: [&'static [Kind]; 9] = [
        ai::KINDS,
        cloud::KINDS,
        code::KINDS,
        messaging::KINDS,
        money::KINDS,
        observability::KINDS,
        products::KINDS,
        stores::KINDS,
        generic::KINDS,
    ];
    groups.into_iter().flatten()
}

/// Whether only its name or place says that it is a secret.
pub(super) fn is_generic(kind: &Kind) -> bool {
    generic::KINDS.contains(kind)
}

/// What a UUID looks like.
pub(super) const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
