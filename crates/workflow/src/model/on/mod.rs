//! `on`: what starts a workflow.

mod cron;
mod event;
mod input;

use indexmap::IndexMap;

pub use cron::Cron;
pub use event::Event;
pub use input::{Call, CallOutput, CallSecret, Input, InputKind};

use super::code;
use super::reader::{Fields, Reader};
use crate::diagnostic::nearest;
use crate::span::{Span, Spanned};
use crate::trigger::Pattern;
use crate::yaml::{Node, NodeKind};

/// What starts a workflow, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct On {
    /// Where it stands.
    pub span: Span,
    /// Its triggers; no event twice.
    pub triggers: IndexMap<Event, Trigger>,
}

/// One event with its filters.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// Which event.
    pub event: Event,
    /// Where its name stands.
    pub span: Span,
    /// The activity types, if some are chosen.
    pub types: Option<Vec<Spanned<String>>>,
    /// Which branches.
    pub branches: Option<Filter>,
    /// Which tags.
    pub tags: Option<Filter>,
    /// Which changed files.
    pub paths: Option<Filter>,
    /// What only this event has.
    pub details: Details,
}

/// Patterns that a name must, or must not, fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// `branches`: the last pattern that fits decides; `!` at its start says no.
    Only(Vec<Spanned<Pattern>>),
    /// `branches-ignore`: none may fit.
    Ignore(Vec<Spanned<Pattern>>),
}

/// What only some events have.
#[derive(Clone, Debug, PartialEq)]
pub enum Details {
    /// Nothing.
    None,
    /// When `schedule` runs.
    Schedule(Vec<Cron>),
    /// The inputs of `workflow_dispatch`.
    Dispatch(IndexMap<String, Input>),
    /// How `workflow_call` is called.
    Call(Call),
    /// Which workflows `workflow_run` follows, by name.
    Follows(Vec<Spanned<String>>),
    /// Which images `image_version` is about.
    Images {
        /// Their names.
        names: Vec<Spanned<Pattern>>,
        /// Their versions.
        versions: Vec<Spanned<Pattern>>,
    },
}

impl On {
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Self {
        let mut on = Self { span: node.at(), triggers: IndexMap::new() };
        match &node.kind {
            NodeKind::Scalar(_) => on.add_named(reader, node),
            NodeKind::Sequence(items) => {
                if items.is_empty() {
                    reader.problem(code::MISSING_KEY, node.at(), "`on` names no event");
                }
                items.iter().for_each(|item| on.add_named(reader, item));
            }
            NodeKind::Mapping(_) => {
                let Some(fields) = reader.mapping(node, "`on`") else { return on };
                if fields.iter().next().is_none() {
                    reader.problem(code::MISSING_KEY, node.at(), "`on` names no event");
                }
                for entry in fields.iter() {
                    if let Some(event) = named(reader, &entry.key) {
                        let trigger = Trigger::read(reader, event, &entry.key, &entry.value);
                        on.triggers.extend(trigger.map(|trigger| (event, trigger)));
                    }
                }
            }
        }
        on
    }

    fn add_named(&mut self, reader: &mut Reader<'_>, node: &Node) {
        let Some(name) = reader.text(node, "an event") else { return };
        let Some(event) = named(reader, &name) else { return };
        if event == Event::Schedule {
            let message = "`schedule` has no times: write a list of `cron` under it";
            reader.problem(code::MISSING_KEY, name.span, message);
        }
        self.triggers.insert(event, Trigger::plain(event, name.span));
    }

    /// The trigger of an event, if the workflow has it.
    #[must_use]
    pub fn trigger(&self, event: Event) -> Option<&Trigger> {
        self.triggers.get(&event)
    }

    /// The inputs of `workflow_dispatch`, if that starts the workflow.
    #[must_use]
    pub fn dispatch_inputs(&self) -> Option<&IndexMap<String, Input>> {
        match &self.trigger(Event::WorkflowDispatch)?.details {
            Details::Dispatch(inputs) => Some(inputs),
            _ => None,
        }
    }

    /// How other workflows call this one, if they may.
    #[must_use]
    pub fn call(&self) -> Option<&Call> {
        match &self.trigger(Event::WorkflowCall)?.details {
            Details::Call(call) => Some(call),
            _ => None,
        }
    }
}

fn named(reader: &mut Reader<'_>, name: &Spanned<String>) -> Option<Event> {
    let event = Event::named(name);
    if event.is_none() {
        let names = Event::ALL.iter().map(|event| event.name());
        let help = match nearest(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "see \"Events that trigger workflows\" in GitHub's documentation".into(),
        };
        let message = format!("GitHub has no event `{}`", name.value);
        reader.problem_with_help(code::UNKNOWN_EVENT, name.span, message, help);
    }
    event
}

impl Trigger {
    fn plain(event: Event, span: Span) -> Self {
        let details = match event {
            Event::WorkflowDispatch => Details::Dispatch(IndexMap::new()),
            Event::WorkflowCall => Details::Call(Call::default()),
            Event::Schedule => Details::Schedule(Vec::new()),
            _ => Details::None,
        };
        let (types, branches, tags, paths) = (None, None, None, None);
        Self { event, span, types, branches, tags, paths, details }
    }

    fn read(
        reader: &mut Reader<'_>,
        event: Event,
        key: &Spanned<String>,
        node: &Node,
    ) -> Option<Self> {
        let mut trigger = Self::plain(event, key.span);
        if event == Event::Schedule {
            trigger.details = Details::Schedule(cron::read_all(reader, node));
            return Some(trigger);
        }
        if node.is_null() {
            return Some(trigger);
        }
        let what = format!("`{event}`");
        let mut keys = event.filters().to_vec();
        if event.has_types() {
            keys.push("types");
        }
        if keys.is_empty() && node.as_mapping().is_some() {
            let message = format!("event {what} takes no filters");
            reader.problem(code::UNKNOWN_KEY, node.at(), message);
            return None;
        }
        let fields = reader.fields(node, &what, &keys)?;
        trigger.types = read_types(reader, event, &fields);
        trigger.branches = Filter::read(reader, &fields, "branches", "branches-ignore");
        trigger.tags = Filter::read(reader, &fields, "tags", "tags-ignore");
        trigger.paths = Filter::read(reader, &fields, "paths", "paths-ignore");
        trigger.details = match event {
            Event::WorkflowDispatch => {
                let inputs = fields.get("inputs");
                Details::Dispatch(input::read_inputs(reader, inputs, input::Of::Dispatch))
            }
            Event::WorkflowCall => Details::Call(Call::read(reader, &fields)),
            Event::WorkflowRun => {
                let workflows = fields.get("workflows");
                let names = workflows.map(|node| reader.texts(node, "`workflows`"));
                Details::Follows(names.unwrap_or_default())
            }
            Event::ImageVersion => Details::Images {
                names: patterns(reader, fields.get("names"), "`names`"),
                versions: patterns(reader, fields.get("versions"), "`versions`"),
            },
            _ => Details::None,
        };
        Some(trigger)
    }
}

fn read_types(
    reader: &mut Reader<'_>,
    event: Event,
    fields: &Fields<'_>,
) -> Option<Vec<Spanned<String>>> {
    let types = reader.texts(fields.get("types")?, "`types`");
    if event != Event::RepositoryDispatch {
        for name in types.iter().filter(|name| !event.types().contains(&name.as_str())) {
            reader.wrong_value(name, &format!("activity type of `{event}`"), event.types());
        }
    }
    Some(types)
}

impl Filter {
    fn read(
        reader: &mut Reader<'_>,
        fields: &Fields<'_>,
        only: &str,
        ignore: &str,
    ) -> Option<Self> {
        if let (Some(_), Some(entry)) = (fields.entry(only), fields.entry(ignore)) {
            let message = format!("`{only}` and `{ignore}` exclude each other");
            let help = format!("keep `{only}`, and negate patterns in it with `!`");
            reader.problem_with_help(code::BAD_FILTER, entry.key.span, message, help);
        }
        if let Some(node) = fields.get(only) {
            return Some(Self::Only(patterns(reader, Some(node), &format!("`{only}`"))));
        }
        let node = fields.get(ignore)?;
        Some(Self::Ignore(patterns(reader, Some(node), &format!("`{ignore}`"))))
    }
}

fn patterns(reader: &mut Reader<'_>, node: Option<&Node>, what: &str) -> Vec<Spanned<Pattern>> {
    let texts = node.map(|node| reader.texts(node, what)).unwrap_or_default();
    let mut patterns = Vec::new();
    for text in texts {
        match Pattern::parse(&text) {
            Ok(pattern) => patterns.push(Spanned::new(pattern, text.span)),
            Err(error) => {
                let message = format!("`{}` is no filter pattern: {error}", text.value);
                reader.problem(code::BAD_FILTER, text.span, message);
            }
        }
    }
    patterns
}
