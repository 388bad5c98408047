//! Looks at new versions under traffic, and judges each look.

use std::collections::BTreeMap;
use std::time::Duration;

use shipway_core::config::{NoEvidence, Then};
use shipway_core::deployment::{WatchSpec, WatchedService};
use shipway_core::effect::{Done, EffectKind, Outcome};
use shipway_core::guard::{Reading, Verdict, Watched, judge};
use shipway_core::ids::ServiceName;
use shipway_targets::{ObservedVersion, VersionHealth};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::failpoint::{self, Point};

use super::Performer;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);
/// A longer pause (a laptop that slept) counts as this much observed time.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// What was found so far.
struct Watch<'a> {
    spec: &'a WatchSpec,
    before: BTreeMap<ServiceName, ObservedVersion>,
    notes: Vec<String>,
}

impl Performer {
    pub(super) async fn watch(&self, spec: &WatchSpec, cancel: CancellationToken) -> Outcome {
        let mut watch = Watch { spec, before: BTreeMap::new(), notes: Vec::new() };
        let (mut seen, mut last) = (Duration::ZERO, Instant::now());
        loop {
            let (readings, fell_back) = match self.look(&mut watch, &cancel).await {
                Ok(look) => look,
                Err(outcome) => return outcome,
            };
            failpoint::hit(Point::During, EffectKind::Watch);
            let verdict =
                if fell_back { Some(Verdict::FellBack) } else { watch.verdict(&readings, seen) };
            if let Some(verdict) = verdict {
                return self.watched(watch, verdict, readings).await;
            }
            tokio::select! {
                () = cancel.cancelled() => return Outcome::Cancelled,
                () = tokio::time::sleep(LOOK) => {}
            }
            seen += last.elapsed().min(LONGEST_LOOK);
            last = Instant::now();
        }
    }

    /// One look at every service; also says whether the target fell back.
    async fn look(
        &self,
        watch: &mut Watch<'_>,
        cancel: &CancellationToken,
    ) -> Result<(Vec<Reading>, bool), Outcome> {
        let (mut readings, mut fell_back) = (Vec::new(), false);
        for watched in &watch.spec.services {
            let app = self.app(&watch.spec.env, &watched.service);
            let observed = self.persistently(cancel, || self.target.observe(&app, true)).await?;
            fell_back |= observed.fell_back;
            let now = observed.versions.get(&watched.new);
            if let Some(now) = now {
                watch.before.entry(watched.service.clone()).or_insert_with(|| now.clone());
            }
            let before = watch.before.get(&watched.service);
            readings.push(reading(watched, before, now));
        }
        Ok((readings, fell_back))
    }

    async fn watched(&self, watch: Watch<'_>, verdict: Verdict, readings: Vec<Reading>) -> Outcome {
        let mut output = Vec::new();
        if matches!(verdict, Verdict::Worse { .. }) {
            for watched in &watch.spec.services {
                let app = self.app(&watch.spec.env, &watched.service);
                output.extend(self.last_lines(&app, &watched.new).await);
            }
        }
        let watched = Watched { verdict, readings, notes: watch.notes, output };
        Outcome::Done { result: Done::Watched(Box::new(watched)) }
    }
}

impl Watch<'_> {
    /// What ends the watch, if anything does after `seen` of observed time.
    fn verdict(&mut self, readings: &[Reading], seen: Duration) -> Option<Verdict> {
        let mut not_enough = None;
        for reading in readings {
            match judge(&self.spec.guard, reading) {
                Verdict::Worse { then: Then::Notify, reason } => self.note(reason),
                // Somebody has been asked already.
                Verdict::Worse { then: Then::Review, .. } if self.spec.until_answered => {}
                worse @ Verdict::Worse { .. } => return Some(worse),
                found @ Verdict::NotEnough { .. } => not_enough = Some(found),
                Verdict::Healthy | Verdict::FellBack => {}
            }
        }
        if self.spec.until_answered || seen < self.spec.bake {
            return None;
        }
        match not_enough {
            None => Some(Verdict::Healthy),
            Some(_) if self.spec.guard.no_evidence == NoEvidence::Wait => None,
            found => found,
        }
    }

    /// Each limit is told once, with the last numbers, however often it is
    /// passed.
    fn note(&mut self, reason: String) {
        let limit = |text: &str| {
            let is_number = |word: &&str| word.parse::<u64>().is_ok();
            text.split(' ').filter(|word| !is_number(word)).collect::<Vec<_>>().join(" ")
        };
        match self.notes.iter_mut().find(|note| limit(note) == limit(&reason)) {
            Some(note) => *note = reason,
            None => self.notes.push(reason),
        }
    }
}

fn reading(
    watched: &WatchedService,
    before: Option<&ObservedVersion>,
    now: Option<&ObservedVersion>,
) -> Reading {
    let unhealthy = match now.map(|version| &version.health) {
        None => Some("it is gone".to_owned()),
        Some(VersionHealth::Healthy | VersionHealth::Starting) => None,
        Some(VersionHealth::Unhealthy(reason) | VersionHealth::Failed(reason)) => {
            Some(reason.clone())
        }
        Some(VersionHealth::Draining) => Some("it was taken out of traffic".to_owned()),
    };
    let (before, now) = (before.cloned(), now.cloned());
    let since = |of: fn(&ObservedVersion) -> &shipway_core::guard::Traffic| {
        let now = now.as_ref().map(of).cloned().unwrap_or_default();
        before.as_ref().map(of).map_or_else(|| now.clone(), |before| now.since(before))
    };
    Reading {
        service: watched.service.clone(),
        listens: watched.listens,
        users: since(|version| &version.users),
        probes: since(|version| &version.probes),
        restarts: now.as_ref().map_or(0, |version| version.restarts),
        unhealthy,
    }
}
