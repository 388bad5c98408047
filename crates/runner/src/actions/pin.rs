//! Writing the lock file: what every `uses` is now.

use shipway_workflow::model::Workflow;

use super::check::Refusal;
use super::lock::Lock;
use super::walk::{Found, Tree, Used, walk};
use super::{Settings, Store};

/// Pins everything that `workflows` use to what it is now, whatever is pinned
/// already. What is built in is not in the file: it is no other repository's.
///
/// # Errors
/// Everything that cannot be had, with its place: half a lock file would let
/// the rest run as it likes.
pub async fn pin(
    settings: &Settings,
    workflows: &[Workflow],
    tree: Tree<'_>,
) -> Result<Lock, Vec<Refusal>> {
    let store = Store::new(Settings { locked: false, ..settings.clone() }, None);
    let (mut lock, mut refused) = (Lock::default(), Vec::new());
    for workflow in workflows {
        for Used { file, span, found } in walk(&store, workflow, &|_, _| true, tree).await {
            match found {
                Found::Action(Some(resolved), _) | Found::Workflow(Some(resolved), _) => {
                    lock.pin(resolved);
                }
                Found::Nowhere(why) => {
                    let refusal = Refusal { file, span, why };
                    // A workflow of the repository is met again where it is called.
                    if !refused.contains(&refusal) {
                        refused.push(refusal);
                    }
                }
                Found::BuiltIn
                | Found::Action(None, _)
                | Found::Workflow(None, _)
                | Found::Image(_)
                | Found::Later => {}
            }
        }
    }
    if refused.is_empty() { Ok(lock) } else { Err(refused) }
}
