//! Places at which crash tests kill the engine. Only with the feature
//! `failpoints`; otherwise nothing of it is compiled in.

use shipway_core::effect::EffectKind;

/// Where, in the life of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// Decided, not yet in the journal.
    BeforeIntent,
    /// In the journal, not begun.
    AfterIntent,
    /// Begun, not done.
    During,
    /// Done, its end not in the journal.
    BeforeResult,
}

impl Point {
    #[cfg(feature = "failpoints")]
    const fn name(self) -> &'static str {
        match self {
            Self::BeforeIntent => "before_intent",
            Self::AfterIntent => "after_intent",
            Self::During => "during",
            Self::BeforeResult => "before_result",
        }
    }
}

/// Dies here, without a chance to tidy up, if `SHIPWAY_FAILPOINT` is
/// `<point>:<effect>`; with `#<n>` behind it, when it comes here for the n-th
/// time.
#[cfg(feature = "failpoints")]
pub(crate) fn hit(point: Point, kind: EffectKind) {
    use std::sync::atomic::{AtomicU64, Ordering};

    static TIMES: AtomicU64 = AtomicU64::new(0);
    let Ok(wanted) = std::env::var("SHIPWAY_FAILPOINT") else { return };
    let (place, time) = match wanted.split_once('#') {
        Some((place, time)) => (place, time.parse().unwrap_or(1)),
        None => (wanted.as_str(), 1),
    };
    let here = place.split_once(':') == Some((point.name(), kind.name()));
    if here && TIMES.fetch_add(1, Ordering::Relaxed) + 1 == time {
        // Nothing can be done if it fails: then the test sees that we live.
        let me = rustix::process::getpid();
        let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
        loop {
            std::thread::park();
        }
    }
}

/// Nothing, without the feature.
#[cfg(not(feature = "failpoints"))]
pub(crate) const fn hit(_: Point, _: EffectKind) {}
