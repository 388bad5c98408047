//! From the model to the places.

use std::collections::HashSet;
use std::rc::Rc;

use super::known_of;
use crate::expr::{Condition, Template};
use crate::lint::checking::Checking;
use crate::lint::site::{Role, Site, Source};
use crate::lint::types::{Contexts, Type};
use crate::model::{
    Binding, Bindings, CallJob, Concurrency, Container, Defaults, Dynamic, Job, JobKind, Name,
    Secrets, Services, Step, StepKind, StepsJob, Strategy, Tree, Uses, Workflow,
};

/// What holds at a place.
#[derive(Clone)]
pub(super) struct Here<'a> {
    contexts: Rc<Contexts>,
    pub(super) env: Rc<Vec<&'a Bindings>>,
}

impl<'a> Here<'a> {
    pub(super) fn new(contexts: Contexts) -> Self {
        let env = Rc::new(Vec::new());
        Self { contexts: Rc::new(contexts), env }
    }

    /// The same place with other contexts.
    pub(super) fn with(&self, change: impl FnOnce(&mut Contexts)) -> Self {
        let mut contexts = self.contexts.as_ref().clone();
        change(&mut contexts);
        Self { contexts: Rc::new(contexts), ..self.clone() }
    }

    /// The same place behind the first steps of all there are.
    fn behind(&self, all: &Type, seen: usize) -> Self {
        self.with(|contexts| contexts.steps = all.first(seen))
    }

    /// The same place inside of this `env`.
    fn inside(&self, env: &'a Bindings) -> Self {
        let all = std::iter::once(env).chain(self.env.iter().copied()).collect();
        Self { env: Rc::new(all), ..self.clone() }
    }
}

#[derive(Default)]
pub(super) struct Sites<'a> {
    all: Vec<Site<'a>>,
}

impl<'a> Sites<'a> {
    pub(super) fn into_all(self) -> Vec<Site<'a>> {
        self.all
    }

    fn add(&mut self, here: &Here<'a>, source: Source<'a>, role: Role) {
        let Here { contexts, env } = here.clone();
        self.all.push(Site { source, role, contexts, env });
    }

    fn template(&mut self, here: &Here<'a>, template: &'a Template, role: Role) {
        if !template.is_literal() {
            self.add(here, Source::Template(template), role);
        }
    }

    pub(super) fn text(&mut self, here: &Here<'a>, template: Option<&'a Template>) {
        if let Some(template) = template {
            self.template(here, template, Role::Text);
        }
    }

    pub(super) fn condition(&mut self, here: &Here<'a>, condition: &'a Condition) {
        self.add(here, Source::Condition(condition), Role::Condition);
    }

    fn dynamic<T>(&mut self, here: &Here<'a>, value: Option<&'a Dynamic<T>>, role: Role) {
        if let Some(Dynamic::Computed(template)) = value {
            self.template(here, template, role);
        }
    }

    pub(super) fn bindings(&mut self, here: &Here<'a>, bindings: &'a Bindings) {
        self.bindings_as(here, bindings, Role::Text);
    }

    fn bindings_as(&mut self, here: &Here<'a>, bindings: &'a Bindings, role: Role) {
        match bindings {
            Bindings::Computed(template) => self.template(here, template, Role::Object),
            Bindings::Named(named) => {
                named.values().for_each(|binding| self.binding(here, binding, role));
            }
        }
    }

    fn binding(&mut self, here: &Here<'a>, binding: &'a Binding, role: Role) {
        self.text(here, binding.name.template());
        let role = if binding.name == Name::Insert { Role::Object } else { role };
        self.template(here, &binding.value, role);
    }

    fn tree(&mut self, here: &Here<'a>, tree: Option<&'a Tree>) {
        for template in tree.map(Tree::templates).unwrap_or_default() {
            self.template(here, template, Role::Value);
        }
    }

    pub(super) fn defaults(&mut self, here: &Here<'a>, defaults: &'a Defaults) {
        self.text(here, defaults.shell.as_ref());
        self.text(here, defaults.working_directory.as_ref());
    }

    pub(super) fn concurrency(&mut self, here: &Here<'a>, concurrency: Option<&'a Concurrency>) {
        if let Some(concurrency) = concurrency {
            self.text(here, Some(&concurrency.group));
            self.dynamic(here, concurrency.cancel_in_progress.as_ref(), Role::Bool);
        }
    }

    pub(super) fn on(&mut self, here: &Here<'a>, workflow: &'a Workflow) {
        let Some(call) = workflow.on.call() else { return };
        for template in call.inputs.values().filter_map(|input| input.default.as_ref()) {
            self.template(here, template, Role::Value);
        }
        call.outputs.values().for_each(|output| self.text(here, Some(&output.value)));
    }

    pub(super) fn job(&mut self, checking: &Checking<'a>, here: &Here<'a>, job: &'a Job) {
        self.text(here, job.name.as_ref());
        self.condition(here, &job.condition);
        self.concurrency(here, job.concurrency.as_ref());
        match &job.strategy {
            Some(Strategy::Written { fail_fast, max_parallel, matrix }) => {
                self.dynamic(here, fail_fast.as_ref(), Role::Bool);
                self.dynamic(here, max_parallel.as_ref(), Role::Number);
                self.tree(here, matrix.as_ref());
            }
            Some(Strategy::Computed(template)) => self.template(here, template, Role::Object),
            None => {}
        }
        match &job.kind {
            JobKind::Steps(steps) => self.steps_job(checking, here, job, steps),
            JobKind::Call(call) => self.call(here, call),
        }
    }

    fn call(&mut self, here: &Here<'a>, call: &'a CallJob) {
        self.bindings_as(here, &call.with, Role::Value);
        if let Secrets::Named(named) = &call.secrets {
            self.bindings(here, named);
        }
    }

    fn steps_job(
        &mut self,
        checking: &Checking<'a>,
        here: &Here<'a>,
        job: &'a Job,
        steps: &'a StepsJob,
    ) {
        steps.runs_on.labels.iter().for_each(|label| self.template(here, label, Role::Value));
        self.text(here, steps.runs_on.group.as_ref());
        self.bindings(here, &steps.env);
        self.dynamic(here, steps.timeout_minutes.as_ref(), Role::Number);
        self.dynamic(here, steps.cancel_timeout_minutes.as_ref(), Role::Number);
        self.dynamic(here, steps.continue_on_error.as_ref(), Role::Bool);
        let here = &here.inside(&steps.env);
        self.defaults(here, &steps.defaults);
        self.tree(here, steps.snapshot.as_ref());
        let written = known_of::written_steps(checking, job);
        let after = &self.steps(checking, here, &steps.steps, &written);
        if let Some(container) = &steps.container {
            self.container(after, container);
        }
        match &steps.services {
            Services::Named(named) => {
                named.values().for_each(|service| self.container(after, service));
            }
            Services::Computed(template) => self.template(here, template, Role::Object),
        }
        self.bindings(after, &steps.outputs);
        if let Some(environment) = &steps.environment {
            self.text(here, Some(&environment.name));
            self.text(after, environment.url.as_ref());
            self.dynamic(here, environment.deployment.as_ref(), Role::Bool);
        }
    }

    fn container(&mut self, here: &Here<'a>, container: &'a Container) {
        let parts = container.parts();
        if let Some(short) = parts.short {
            self.template(here, short, Role::Value);
        }
        parts.image.into_iter().chain(parts.texts).for_each(|text| self.text(here, Some(text)));
        for bindings in parts.credentials.into_iter().chain(parts.env) {
            self.bindings(here, bindings);
        }
        parts.lists.into_iter().for_each(|list| self.tree(here, Some(list)));
    }

    /// The steps in order; returns what holds behind all of them. `written` are the ids of all
    /// steps, also of those that could not be read.
    pub(super) fn steps(
        &mut self,
        checking: &Checking<'a>,
        here: &Here<'a>,
        steps: &'a [Step],
        written: &[String],
    ) -> Here<'a> {
        let mut read = Vec::new();
        flatten(steps, &mut read);
        let ids: HashSet<String> =
            read.iter().filter_map(|step| step.id.as_ref()).map(|id| id.to_lowercase()).collect();
        let unread: Vec<&String> =
            written.iter().filter(|id| !ids.contains(&id.to_lowercase())).collect();
        let of = |step: &Step| {
            let id = step.id.as_ref()?;
            Some((id.value.clone(), known_of::step(checking, step)))
        };
        let always = unread.iter().map(|id| ((*id).clone(), Type::Any));
        let all = Type::strict(always.chain(read.iter().filter_map(|step| of(step))));
        let mut seen = unread.len();
        for step in read {
            self.step(&here.behind(&all, seen), step);
            let place = step.id.as_ref().zip(all.shape()).and_then(|(id, all)| all.place(id));
            seen = seen.max(place.map_or(0, |place| place + 1));
        }
        here.behind(&all, seen)
    }

    fn step(&mut self, here: &Here<'a>, step: &'a Step) {
        self.text(here, step.name.as_ref());
        self.bindings(here, &step.env);
        let at = &here.inside(&step.env);
        self.condition(at, &step.condition);
        self.dynamic(at, step.continue_on_error.as_ref(), Role::Bool);
        self.dynamic(at, step.timeout_minutes.as_ref(), Role::Number);
        match &step.kind {
            StepKind::Run { script, shell, working_directory } => {
                self.template(at, script, Role::Script);
                self.text(at, shell.as_ref());
                self.text(at, working_directory.as_ref());
            }
            StepKind::Uses { action, with } => self.with(at, action, with),
            StepKind::Parallel(_) | StepKind::Wait(_) | StepKind::WaitAll | StepKind::Cancel(_) => {
            }
        }
    }

    fn with(&mut self, here: &Here<'a>, action: &Uses, with: &'a Bindings) {
        let Bindings::Named(named) = with else { return self.bindings(here, with) };
        for (name, binding) in named {
            let role = if is_script(action, name) { Role::Script } else { Role::Text };
            self.binding(here, binding, role);
        }
    }
}

/// Whether an input of an action is a program that it runs.
fn is_script(action: &Uses, input: &str) -> bool {
    let Uses::Repository { owner, name, .. } = action else { return false };
    let action = format!("{owner}/{name}").to_lowercase();
    let input = input.to_lowercase();
    [
        ("actions/github-script", "script"),
        ("azure/cli", "inlinescript"),
        ("azure/powershell", "inlinescript"),
        ("appleboy/ssh-action", "script"),
        ("nick-fields/retry", "command"),
        ("addnab/docker-run-action", "run"),
    ]
    .contains(&(action.as_str(), input.as_str()))
}

/// Steps one behind the other, those that run in parallel behind the one that says so.
fn flatten<'a>(steps: &'a [Step], all: &mut Vec<&'a Step>) {
    for step in steps {
        all.push(step);
        if let StepKind::Parallel(inner) = &step.kind {
            flatten(inner, all);
        }
    }
}
