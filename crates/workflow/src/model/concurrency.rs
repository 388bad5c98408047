//! `concurrency`: of runs or jobs in one group, one at a time.

use super::dynamic::Dynamic;
use super::reader::Reader;
use crate::expr::{Scope, Template};
use crate::yaml::Node;

/// The group of a run or a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Concurrency {
    /// The group's name; groups ignore case.
    pub group: Template,
    /// Whether what runs in the group is cancelled for the newcomer.
    pub cancel_in_progress: Option<Dynamic<bool>>,
    /// How many may wait.
    pub queue: Queue,
}

/// How many may wait in a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Queue {
    /// One; a newcomer cancels the one that waits.
    #[default]
    Single,
    /// As many as come, in order.
    Max,
}

impl Concurrency {
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node, scope: &Scope<'_>) -> Option<Self> {
        if node.as_mapping().is_none() {
            let group = reader.filled(node, "`concurrency`", scope)?;
            return Some(Self { group, cancel_in_progress: None, queue: Queue::Single });
        }
        let what = "`concurrency`";
        let fields = reader.fields(node, what, &["group", "cancel-in-progress", "queue"])?;
        let cancel_in_progress = fields
            .get("cancel-in-progress")
            .and_then(|node| Dynamic::<bool>::read(reader, node, "`cancel-in-progress`", scope));
        let words = [("single", Queue::Single), ("max", Queue::Max)];
        let queue = fields.get("queue").and_then(|node| reader.word(node, "`queue`", &words));
        let group = reader.require(&fields, "group", what)?;
        let group = reader.filled(group, "`group`", scope)?;
        Some(Self { group, cancel_in_progress, queue: queue.unwrap_or_default() })
    }
}
