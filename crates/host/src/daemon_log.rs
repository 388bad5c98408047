//! What the daemons write about themselves: to stderr, which is their log file.

/// Writes `tracing` events to stderr; `RUST_LOG` chooses them, `info` if unset.
pub(crate) fn init() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let set = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_target(false)
        .with_writer(std::io::stderr)
        .try_init();
    if let Err(error) = set {
        tracing::debug!(%error, "a log was set up already");
    }
}
