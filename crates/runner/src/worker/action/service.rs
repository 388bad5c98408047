//! What the built-in actions share to speak to the results service.

use shipway_results::{Client, ClientError};

use crate::protocol::{Level, Services};
use crate::worker::step::Body;

/// The service of the job, and a client for it.
///
/// # Errors
/// When the job has none.
pub(super) fn service<'b>(body: &Body<'b>) -> Result<(&'b Services, Client), String> {
    let services = body.shared.services().ok_or(
        "this job has no service for artifacts and caches: the engine that sent it started none",
    )?;
    let client = Client::new(&services.url, services.token.reveal());
    Ok((services, client.map_err(|error| error.to_string())?))
}

/// What ended an upload: `produced` says how it went with what was to be
/// uploaded, `sent` with the sending. One often fails since the other did.
pub(super) fn both<P, T>(
    produced: Result<P, String>,
    sent: Result<T, ClientError>,
) -> Result<(P, T), String> {
    match (produced, sent) {
        (Ok(produced), Ok(sent)) => Ok((produced, sent)),
        // It ended early since there was nothing more to send.
        (Err(message), Ok(_) | Err(ClientError::Local(_))) => Err(message),
        (_, Err(error)) => Err(error.to_string()),
    }
}

impl Body<'_> {
    /// A line in the step's output.
    pub(super) async fn say(&self, text: &str) {
        self.shared.reporter.say(Some(self.index), text).await;
    }

    /// A warning beside the step.
    pub(super) async fn warn(&self, text: &str) {
        self.shared.reporter.annotate(Some(self.index), Level::Warning, text).await;
    }
}
