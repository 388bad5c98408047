//! JSON as reports need it (RFC 8259): streamed into the types of a reader, never as one value;
//! deep nesting is refused, and so is what stands behind the document.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Unexpected, Visitor};
use serde_json::error::Category;

use super::no_evidence::Fault;
use super::source::Source;
use crate::finding::Pos;

/// One document. What is large in it is read by a [`DeserializeSeed`] or a visitor of its own.
pub(super) fn document<T: DeserializeOwned>(source: &mut Source<'_>) -> Result<T, Fault> {
    seeded(source, std::marker::PhantomData)
}

/// One document, read into what the seed holds.
pub(super) fn seeded<S: for<'de> DeserializeSeed<'de, Value = T>, T>(
    source: &mut Source<'_>,
    seed: S,
) -> Result<T, Fault> {
    let mut json = serde_json::Deserializer::from_reader(&mut *source);
    let read = seed.deserialize(&mut json).and_then(|read| json.end().map(|()| read));
    read.map_err(|error| fault(source, error))
}

/// Documents behind each other, one a line or not. There may be none.
pub(super) fn documents<T: DeserializeOwned>(
    source: &mut Source<'_>,
    mut each: impl FnMut(T) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut values = serde_json::Deserializer::from_reader(&mut *source).into_iter::<T>();
    loop {
        match values.next() {
            None => return Ok(()),
            Some(Ok(value)) => each(value)?,
            Some(Err(error)) => {
                drop(values);
                return Err(fault(source, error));
            }
        }
    }
}

fn fault(source: &Source<'_>, error: serde_json::Error) -> Fault {
    let at = Pos { line: error.line().max(1), column: error.column().max(1) };
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    match error.classify() {
        Category::Io => source.failed(&error.into()),
        Category::Eof => Fault::malformed("it ends in the middle").at(at),
        Category::Syntax if said.starts_with("recursion limit") => {
            Fault::hostile("values are in each other more than 128 deep").at(at)
        }
        Category::Syntax => Fault::malformed(format!("it is no JSON: {said}")).at(at),
        Category::Data => Fault::malformed(super::shortened(said)).at(at),
    }
}

/// A number of things, from 0, which some tools write as `3.0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Count(pub(super) u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from 0")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Count, E> {
                Ok(Count(number))
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Count, E> {
                // Beyond 2^53 not every whole number is one of these.
                if number.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&number) {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "it fits"
                    )]
                    return Ok(Count(number as u64));
                }
                Err(E::invalid_value(Unexpected::Float(number), &self))
            }
        }

        json.deserialize_any(Number)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::reports::no_evidence::Why;

    fn read(text: &str) -> Result<Value, Fault> {
        let mut bytes = text.as_bytes();
        document(&mut Source::new(&mut bytes)?)
    }

    #[test]
    fn what_is_broken_is_told_with_its_place() {
        for (text, at, what) in [
            ("{\n\"a\": ", (2, 5), "ends in the middle"),
            ("{} {}", (1, 4), "trailing"),
            ("{\"a\": NaN}", (1, 7), "expected value"),
            ("{\"a\": 1e999}", (1, 12), "out of range"),
        ] {
            let fault = read(text).unwrap_err();
            let Why::Malformed(said) = &fault.why else { panic!("{text}: {fault:?}") };
            assert!(said.contains(what), "{text}: {said}");
            assert_eq!(fault.at, Some(Pos { line: at.0, column: at.1 }), "{text}");
        }
        let deep = read(&"[".repeat(1000)).unwrap_err();
        assert!(matches!(deep.why, Why::Hostile(_)), "{deep:?}");
    }

    #[test]
    fn documents_come_one_behind_the_other() {
        let mut bytes = &b"{\"a\":1}\n{\"a\":2} 3\n"[..];
        let mut source = Source::new(&mut bytes).unwrap();
        let mut seen = Vec::new();
        documents(&mut source, |value: Value| {
            seen.push(value.to_string());
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, ["{\"a\":1}", "{\"a\":2}", "3"]);
    }
}
