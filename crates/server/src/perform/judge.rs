//! The gates of a commit on its way to an environment.

use std::path::Path;

use jiff::Timestamp;
use shipway_core::effect::{Done, EffectKind, Failure, FailureCode, JudgeSpec, Outcome};
use shipway_core::gate::Destination;
use tokio::task::block_in_place;

use crate::failpoint::{self, Point};
use crate::follow::Views;
use crate::gates::Judging;
use crate::git::Repository;

use super::Performer;

impl Performer {
    pub(super) fn judge(&self, spec: &JudgeSpec) -> Outcome {
        failpoint::hit(Point::During, EffectKind::Judge);
        let judged = block_in_place(|| self.judged(spec));
        match judged {
            Ok(outcome) => Outcome::Done { result: Done::Judged(Box::new(outcome.judged)) },
            Err(why) => {
                let message = format!("the gates of {} cannot be judged: {why}", spec.env);
                Outcome::Failed { failure: Failure::new(FailureCode::Gate, message) }
            }
        }
    }

    fn judged(&self, spec: &JudgeSpec) -> Result<crate::gates::Outcome, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let views = Views::load(&self.store).map_err(|error| text(&error))?;
        let repository = Repository::at(Path::new(&spec.repository));
        Judging {
            repository: &repository.map_err(|error| text(&error))?,
            commit: &spec.commit,
            to: &Destination::Environment(spec.env.clone()),
            live: &views.live,
            runs: &spec.runs,
            failed: &[],
            given: &[],
            pull_request: None,
            folders: &self.folders,
            name: &format!("{}-{}", spec.plan, spec.env),
            now: Timestamp::now(),
        }
        .judge()
        .map_err(|error| text(&error))
    }
}
