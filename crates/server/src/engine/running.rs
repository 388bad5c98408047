//! The effects under way.

use std::collections::HashMap;
use std::sync::Arc;

use shipway_core::effect::{Effect, EffectId, EffectKind, Failure, FailureCode, Outcome};
use shipway_core::run::RunSpec;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::perform::Performer;

/// How an effect ended, and what it was.
pub(super) struct Ending {
    pub(super) kind: EffectKind,
    pub(super) outcome: Outcome,
}

/// The effects under way.
pub(super) struct Running {
    tasks: JoinSet<Ending>,
    effects: HashMap<tokio::task::Id, (EffectId, EffectKind)>,
    cancel: HashMap<EffectId, CancellationToken>,
}

impl Running {
    pub(super) fn new() -> Self {
        Self { tasks: JoinSet::new(), effects: HashMap::new(), cancel: HashMap::new() }
    }

    pub(super) fn start(
        &mut self,
        performer: &Arc<Performer>,
        id: EffectId,
        effect: Effect,
        run: Option<Arc<RunSpec>>,
    ) {
        let (token, kind) = (CancellationToken::new(), effect.kind());
        self.cancel.insert(id.clone(), token.clone());
        let (performer, name) = (Arc::clone(performer), id.clone());
        let task = self.tasks.spawn(async move {
            let outcome = performer.perform(&name, effect, run, token).await;
            Ending { kind, outcome }
        });
        self.effects.insert(task.id(), (id, kind));
    }

    pub(super) fn cancel(&self, id: &EffectId) {
        if let Some(token) = self.cancel.get(id) {
            token.cancel();
        }
    }

    /// The next effect that ends; waits for ever while none is under way.
    pub(super) async fn next(&mut self) -> (EffectId, Ending) {
        loop {
            let (task, ending) = match self.tasks.join_next_with_id().await {
                None => std::future::pending().await,
                Some(Ok((task, ending))) => (task, Ok(ending)),
                Some(Err(error)) => (error.id(), Err(error)),
            };
            let Some((id, kind)) = self.effects.remove(&task) else { continue };
            self.cancel.remove(&id);
            let ending = ending.unwrap_or_else(|error| Ending { kind, outcome: broken(&error) });
            return (id, ending);
        }
    }

    /// Drops what is under way and waits until it is gone.
    pub(super) async fn drop_all(&mut self) {
        self.tasks.shutdown().await;
    }
}

/// A task that panicked is our mistake; the deployment still has to end.
fn broken(error: &tokio::task::JoinError) -> Outcome {
    let message = format!("Shipway itself failed: {error}; please report this");
    Outcome::Failed { failure: Failure::new(FailureCode::Lost, message) }
}
