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
/// `<point>:<effect>`.
#[cfg(feature = "failpoints")]
pub(crate) fn hit(point: Point, kind: EffectKind) {
    let here = format!("{}:{}", point.name(), kind.name());
    if std::env::var("SHIPWAY_FAILPOINT").is_ok_and(|wanted| wanted == here) {
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
