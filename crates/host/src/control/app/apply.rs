//! A new desired state: refused, or durable first and then routed by one swap.

use std::net::{SocketAddr, TcpListener};

use super::shift;
use super::version::Version;
use super::{App, Refusal};
use crate::boot_clock;
use crate::control::calls::Outcome;
use crate::control::link::LinkError;
use crate::control::record::{Record, Term};
use crate::protocol::{
    AppId, Apply, Desired, ErrorCode, Fallback, Observed, Reply, Split, VersionId,
};
use indexmap::IndexMap;
use tokio::time::Instant;

impl Refusal {
    fn bad(message: impl Into<String>) -> Self {
        Self { code: ErrorCode::BadRequest, message: message.into() }
    }
}

impl App {
    pub(super) async fn apply(&mut self, apply: Apply) -> Reply {
        let applied = self.try_apply(&apply).await;
        let outcome = match &applied {
            Ok(_) => Outcome::Applied,
            Err(refusal) => Outcome::Refused { reason: refusal.message.clone() },
        };
        self.hub.calls.note(&apply, &outcome);
        match applied {
            Ok(observed) => Reply::Applied(observed),
            Err(Refusal { code, message }) => Reply::Error { code, message },
        }
    }

    async fn try_apply(&mut self, apply: &Apply) -> Result<Observed, Refusal> {
        self.check(apply)?;
        let (listening, socket) = self.listening(&apply.desired).await?;
        if let (Some(listen), Some(route)) = (listening, &apply.desired.route)
            && let Some(other) = self.hub.taken(&self.record.app, listen, route)
        {
            self.hub.close_unused();
            return Err(Refusal::bad(format!(
                "{listen}{} is the route of {} already: give this app another port, host or path",
                route.path, other.0
            )));
        }
        let record = self.next_record(apply, listening);
        self.write(&record).await?;
        self.follow(record, apply);
        if let Err(error) = self.route() {
            // Checked before; should it happen all the same, it is seen.
            self.hub.problem(format!("the routes were not changed: {error}"));
        }
        if let (Some(address), Some(socket)) = (listening, socket) {
            self.hub.accept(address, socket).map_err(|error| Refusal {
                code: ErrorCode::Listen,
                message: format!("cannot accept connections at {address}: {error}"),
            })?;
        }
        self.hub.close_unused();
        Ok(self.observed())
    }

    fn check(&self, apply: &Apply) -> Result<(), Refusal> {
        if self.closing.is_some() {
            let message = "the host is being stopped".to_owned();
            return Err(Refusal { code: ErrorCode::Daemon, message });
        }
        if apply.generation < self.record.generation {
            return Err(Refusal {
                code: ErrorCode::StaleGeneration,
                message: format!(
                    "{}: generation {} is refused, because generation {} was applied already",
                    apply.app.0, apply.generation, self.record.generation
                ),
            });
        }
        check_desired(&apply.desired)?;
        let is_fit = |id: &VersionId| self.versions.get(id).is_some_and(Version::is_fit);
        match shift::unfit(&self.record.split, &apply.desired.split, is_fit) {
            Some(version) => Err(Refusal::bad(format!(
                "{}: no traffic is moved to version {}, which is not healthy ({})",
                apply.app.0,
                version.0,
                self.standing(version)
            ))),
            None => Ok(()),
        }
    }

    fn standing(&self, version: &VersionId) -> String {
        use crate::protocol::VersionHealth::{Draining, Failed, Healthy, Starting, Unhealthy};
        match self.versions.get(version).map(Version::health) {
            None => "it does not run".to_owned(),
            Some(Starting) => "it is starting".to_owned(),
            Some(Healthy) => "it is healthy".to_owned(),
            Some(Draining) => "it is being stopped".to_owned(),
            Some(Unhealthy { reason } | Failed { reason }) => reason,
        }
    }

    /// The address, and its socket if nobody listens there yet.
    async fn listening(
        &self,
        desired: &Desired,
    ) -> Result<(Option<SocketAddr>, Option<TcpListener>), Refusal> {
        let Some(route) = &desired.route else { return Ok((self.record.listening, None)) };
        let wanted = match self.record.listening {
            // Picked once, kept from then on.
            Some(known) if route.listen.port() == 0 && known.ip() == route.listen.ip() => known,
            _ => route.listen,
        };
        if wanted.port() != 0 && self.hub.accepts(wanted) {
            return Ok((Some(wanted), None));
        }
        let mut listened = self.hub.link.listen(wanted).await;
        if matches!(listened, Err(LinkError::Refused(_))) && wanted != route.listen {
            // The port it had is another's now: rather a new one than none.
            listened = self.hub.link.listen(route.listen).await;
        }
        match listened {
            Ok((address, socket)) => Ok((Some(address), Some(socket))),
            Err(LinkError::Refused(reason)) => Err(Refusal {
                code: ErrorCode::Listen,
                message: format!("cannot listen on {wanted}: {reason}"),
            }),
            Err(error @ LinkError::Lost) => {
                Err(Refusal { code: ErrorCode::Daemon, message: error.to_string() })
            }
        }
    }

    fn next_record(&self, apply: &Apply, listening: Option<SocketAddr>) -> Record {
        let lease = apply.desired.lease.as_ref();
        Record {
            generation: apply.generation,
            effect: Some(apply.effect.clone()),
            desired: apply.desired.clone(),
            split: apply.desired.split.clone(),
            fell_back: false,
            listening,
            term: lease.map(|lease| Term::starting_now(apply.generation, lease.ttl_ms)),
            ..self.record.clone()
        }
    }

    /// Makes `record` last.
    pub(super) async fn write(&self, record: &Record) -> Result<(), Refusal> {
        let (record, paths) = (record.clone(), self.hub.paths.clone());
        let written = tokio::task::spawn_blocking(move || record.write(&paths))
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)));
        written.map_err(|error| Refusal {
            code: ErrorCode::State,
            message: format!(
                "the host's state cannot be written to {} ({error}); nothing was changed",
                self.hub.paths.apps().display()
            ),
        })
    }

    /// Takes `record` as what shall be. New versions are there at once, still
    /// without processes; the others begin to leave.
    fn follow(&mut self, record: Record, apply: &Apply) {
        let now = Instant::now();
        let retry = record.generation > self.record.generation;
        self.record = record;
        for (id, spec) in &apply.desired.versions {
            match self.versions.get_mut(id) {
                Some(version) => {
                    version.spec = spec.clone();
                    if version.is_leaving() || retry {
                        version.want(id, now);
                    }
                }
                None => {
                    let since = boot_clock::now_ms();
                    let version = Version::new(id.clone(), spec.clone(), since, false, now);
                    self.versions.insert(id.clone(), version);
                }
            }
        }
    }

    /// One swap; then those who are no longer named may finish and go.
    fn route(&mut self) -> Result<(), crate::proxy::BadSplit> {
        let leaving: Vec<VersionId> =
            self.versions.keys().filter(|id| self.record.spec(id).is_none()).cloned().collect();
        let routed = self.routed()?;
        self.hub.route(&self.record.app, routed);
        for id in leaving {
            self.let_go(&id);
        }
        Ok(())
    }
}

/// Whether `app` can name an app: names with `/` between them.
pub(in crate::control) fn check_name(app: &AppId) -> Result<(), String> {
    let fits = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    match app.0.len() <= 200 && app.0.split('/').all(fits) {
        true => Ok(()),
        false => {
            Err(format!("`{}` cannot name an app: write <project>/<environment>/<service>", app.0))
        }
    }
}

fn check_desired(desired: &Desired) -> Result<(), Refusal> {
    for (id, spec) in &desired.versions {
        let name = AppId(id.0.clone());
        if id.0.contains('/') || check_name(&name).is_err() {
            return Err(Refusal::bad(format!("`{}` cannot name a version", id.0)));
        }
        if shipway_process::signal_named(&spec.stop_signal).is_none() {
            let message = format!("version {}: `{}` is no signal", id.0, spec.stop_signal);
            return Err(Refusal::bad(message));
        }
        if spec.replicas == 0 {
            let message = format!("version {}: it needs at least one replica", id.0);
            return Err(Refusal::bad(message));
        }
    }
    check_split("the split", &desired.split, desired)?;
    if let Some(Fallback::Split { split }) = desired.lease.as_ref().map(|lease| &lease.fallback) {
        check_split("the lease's fallback", split, desired)?;
    }
    Ok(())
}

fn check_split(what: &str, split: &Split, desired: &Desired) -> Result<(), Refusal> {
    let named = split.weights.keys().chain(split.headers.iter().map(|rule| &rule.version));
    for version in named {
        if !desired.versions.contains_key(version) {
            let message = format!("{what} names version {}, which shall not run", version.0);
            return Err(Refusal::bad(message));
        }
    }
    let sum: u32 = split.weights.values().map(|weight| u32::from(*weight)).sum();
    if !split.weights.is_empty() && sum != 100 {
        return Err(Refusal::bad(format!("the weights of {what} sum to {sum}, not to 100")));
    }
    // The same rules that the traffic follows: names of headers and cookies.
    let backends: IndexMap<_, _> = desired
        .versions
        .keys()
        .map(|id| (id.clone(), crate::proxy::Backend::new(id.clone())))
        .collect();
    crate::proxy::App::new(AppId(what.to_owned()), backends, split, true)
        .map(drop)
        .map_err(|error| Refusal::bad(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_named_by_names_between_slashes() {
        let check = |text: &str| check_name(&AppId(text.to_owned())).is_ok();
        assert!(check("shop/production/api") && check("a.b-c_d"));
        for bad in ["", "/", "a//b", "../etc", "a/..", "a/.b", "a b", "a%b", &"x".repeat(201)] {
            assert!(!check(bad), "{bad}");
        }
    }
}
