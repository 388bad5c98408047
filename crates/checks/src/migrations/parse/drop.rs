//! `DROP …`.

use super::Out;
use super::cursor::{Cursor, lossy, string};
use crate::migrations::statement::{Name, Object, What};
use crate::sql::TokenKind;

pub(super) fn drop<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.at += 1;
    if c.eat("owned") {
        c.eat("by");
        return out.add(What::DropOwned { roles: c.words() });
    }
    let (object, word) = object(c);
    let concurrently = c.eat("concurrently");
    c.if_exists();
    let mut names = names(c, object);
    let on = c.eat("on").then(|| c.name()).flatten();
    // MySQL: DROP INDEX … ON t ALGORITHM = INPLACE LOCK = NONE.
    while c.eat_any(&["algorithm", "lock"]) {
        c.eat_sign(b'=');
        c.part();
    }
    let cascade = c.eat("cascade");
    c.eat_any(&["restrict", "force"]);
    if c.eat("with") {
        c.group();
    }
    let known = !names.is_empty();
    if !known {
        names.push(Name::plain("?"));
    }
    out.add(What::Drop { object, word, names, cascade, concurrently, on });
    if !known || !c.done() {
        out.add(What::Unrecognised { why: "something follows that is not understood" });
    }
}

/// What is dropped; the words for it are passed.
pub(super) fn object(c: &mut Cursor<'_>) -> (Object, &'static str) {
    const OBJECTS: &[(&str, Object)] = &[
        ("materialized view", Object::MaterializedView),
        ("foreign table", Object::Table),
        ("temporary table", Object::Other),
        ("table", Object::Table),
        ("tables", Object::Table),
        ("view", Object::View),
        ("index", Object::Index),
        ("sequence", Object::Sequence),
        ("type", Object::Type),
        ("domain", Object::Type),
        ("schema", Object::Schema),
        ("database", Object::Database),
        ("function", Object::Function),
        ("procedure", Object::Function),
        ("routine", Object::Function),
        ("aggregate", Object::Function),
        ("extension", Object::Extension),
        ("role", Object::Role),
        ("user mapping for", Object::Other),
        ("user", Object::Role),
        ("group", Object::Role),
        ("policy", Object::Policy),
        ("event trigger", Object::Trigger),
        ("trigger", Object::Trigger),
        ("rule", Object::Trigger),
        ("foreign data wrapper", Object::Other),
        ("text search configuration", Object::Other),
        ("text search dictionary", Object::Other),
        ("operator class", Object::Other),
        ("operator family", Object::Other),
        ("access method", Object::Other),
    ];
    if let Some((words, object)) = OBJECTS.iter().find(|(words, _)| c.eat(words)) {
        return (*object, words);
    }
    c.part();
    (Object::Other, "object")
}

/// Their names; functions have arguments.
fn names<'a>(c: &mut Cursor<'a>, object: Object) -> Vec<Name<'a>> {
    let mut names = Vec::new();
    while let Some(name) = name(c, object) {
        names.push(name);
        c.group();
        if object == Object::Other {
            // Operators, casts, user mappings: more words than a name.
            while !c.done() && !c.is_any(&["cascade", "restrict"]) && !c.is_sign(b',') {
                c.at += 1;
            }
        }
        if !c.eat_sign(b',') {
            break;
        }
    }
    if names.is_empty() && object == Object::Other {
        // An operator or a cast: not a name at all.
        while !c.done() && !c.is_any(&["cascade", "restrict"]) {
            c.at += 1;
        }
        names.push(Name::plain("it"));
    }
    names
}

/// A name; MySQL writes users as `'name'@'host'`.
fn name<'a>(c: &mut Cursor<'a>, object: Object) -> Option<Name<'a>> {
    if object != Object::Role {
        return c.name();
    }
    let name = match c.peek().and_then(|token| string(token, c.text)) {
        Some(text) => {
            c.at += 1;
            Name::plain(lossy(text))
        }
        None => c.name()?,
    };
    let host = c.eat_sign(b'@') || c.peek().is_some_and(|token| token.kind == TokenKind::Parameter);
    if host {
        c.at += 1;
    }
    Some(name)
}
