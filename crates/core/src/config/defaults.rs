//! What applies when `shipway.yaml` does not say: each default once, chosen to
//! be safe, and printed by `shipway config show`.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::value::Percent;
use super::{
    DeployedBy, ErrorRate, Fallback, NoEvidence, OnLost, Probe, RequiredWorkflows, Restarts,
    Rollout, Severity, Signal, Target, Then,
};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

macro_rules! defaults {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $value:expr;)*) => {
        $($(#[$doc])* pub fn $name() -> $type { $value })*
    };
}

defaults! {
    /// Every workflow that the event triggers has to succeed.
    required_workflows: RequiredWorkflows = RequiredWorkflows::All;
    /// Jobs at the same time.
    parallel_jobs: u16 = 4;
    /// Releases kept to go back to.
    kept_releases: u16 = 10;

    /// The whole repository belongs to a service.
    path: String = ".".to_owned();
    /// A service listens on `$PORT`.
    listens: bool = true;
    /// One process.
    replicas: u16 = 1;
    /// Time to finish open requests.
    drain: Duration = Duration::from_secs(30);
    /// Time to build.
    build_timeout: Duration = Duration::from_secs(30 * MINUTE);
    /// Between two health checks.
    health_interval: Duration = Duration::from_secs(1);
    /// For one health check.
    health_timeout: Duration = Duration::from_secs(2);
    /// Failed health checks in a row.
    health_retries: u32 = 3;
    /// Time to become healthy.
    health_start: Duration = Duration::from_secs(30);
    /// Time for a smoke test.
    smoke_timeout: Duration = Duration::from_secs(2 * MINUTE);
    /// A smoke test may be repeated: it changes nothing that matters.
    smoke_on_lost: OnLost = OnLost::Retry;
    /// Time for migrations.
    migrations_timeout: Duration = Duration::from_secs(10 * MINUTE);
    /// Whether a half-done migration may be repeated, a person has to know.
    migrations_on_lost: OnLost = OnLost::Ask;
    /// The usual signal to end.
    stop_signal: Signal = Signal::Term;
    /// Time to end before being killed.
    stop_grace: Duration = Duration::from_secs(10);

    /// This machine.
    target: Target = Target::Host;
    /// Shipway deploys.
    deployed_by: DeployedBy = DeployedBy::Shipway;
    /// Seen from this machine alone, on a port that the host picks.
    listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    /// Every path.
    route_path: String = "/".to_owned();
    /// One person agrees.
    approvals_required: u8 = 1;
    /// Not the one who shipped it.
    self_approval: bool = false;
    /// A login name proves nothing.
    unverified_approval: bool = false;
    /// A day to answer.
    approval_expires: Duration = Duration::from_secs(24 * HOUR);
    /// No moment without a version that serves.
    rollout: Rollout = Rollout::BlueGreen { bake: bake() };
    /// Time to watch the new version.
    bake: Duration = Duration::from_secs(30);
    /// Time without the engine until the host falls back.
    lease_ttl: Duration = Duration::from_secs(30);
    /// What served before is known to be good.
    lease_fallback: Fallback = Fallback::Restore;

    /// One error in twenty is too many.
    error_rate: Option<ErrorRate> =
        Some(ErrorRate { over: Percent::whole(5), then: then(), at_least: at_least() });
    /// A new version whose process ends is not good.
    restarts: Option<Restarts> = Some(Restarts { over: 0, then: then() });
    /// Put the old version back.
    then: Then = Then::Rollback;
    /// Fewer requests say too little.
    at_least: u64 = 20;
    /// Watch on: with probes, evidence comes.
    no_evidence: NoEvidence = NoEvidence::Wait;
    /// The host asks itself, so that a version without users is judged too.
    probe: Option<Probe> = Some(Probe { path: None, interval: probe_interval() });
    /// Between two probes.
    probe_interval: Duration = Duration::from_millis(250);

    /// Every test passes.
    pass_rate: Percent = Percent::whole(100);
    /// No test at all shows nothing.
    some_tests: u64 = 1;
    /// Not one.
    none_at_all: Option<u64> = Some(0);
    /// A critical vulnerability is mended at once.
    due_critical: Option<Duration> = Some(Duration::ZERO);
    /// A high one within a day.
    due_high: Option<Duration> = Some(Duration::from_secs(24 * HOUR));
    /// A medium one within a week.
    due_medium: Option<Duration> = Some(Duration::from_secs(7 * 24 * HOUR));
    /// Where waivers stand.
    waivers: String = ".shipway/waivers.toml".to_owned();
    /// What breaks, not what could be nicer.
    analysis_from: Severity = Severity::High;
    /// What `shipway check secrets` reads as well.
    secrets_baseline: String = ".shipway/secrets-baseline".to_owned();
    /// What hurts under load is told before it does.
    migrations_from: Severity = Severity::Medium;
    /// Somebody has read what is destroyed.
    migration_label: String = "migration-destructive-approved".to_owned();
    /// What the server says counts.
    quality_gate: bool = true;
}
