//! Lighthouse's JSON: the score of each category.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Quality;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::json;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, shortened};

pub(super) const FORMAT: Format = Format { name: "Lighthouse", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    beginning.has(&["lighthouseVersion"])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    runtime_error: Option<RuntimeError>,
    #[serde(default)]
    categories: BTreeMap<String, Category>,
}

#[derive(Deserialize)]
struct RuntimeError {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Category {
    /// From 0 to 1; nothing if it could not be computed.
    score: Option<f64>,
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let Document { runtime_error, categories } = json::document(source)?;
    if let Some(RuntimeError { message }) = runtime_error {
        return Err(Fault::empty(format!("the page was not measured: {}", shortened(&message))));
    }
    let mut quality = Quality::default();
    for (name, Category { score }) in categories {
        let Some(score) = score else { continue };
        if !(0.0..=1.0).contains(&score) {
            return Err(Fault::malformed(format!("the score of {} is {score}", shortened(&name))));
        }
        quality.measures.insert(name, (score * 100.0).round());
    }
    if quality.measures.is_empty() {
        return Err(Fault::empty("no category has a score"));
    }
    Ok(Report::Quality(quality))
}
