//! Where a step stands: among the steps of the job, or of a composite action.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use indexmap::IndexMap;
use shipway_workflow::expr::{Object, Status};
use shipway_workflow::model::Step;

use super::ids;
use crate::protocol::Outcome;
use crate::worker::action::{ActionPlace, Ready};
use crate::worker::step_files::StepFiles;

/// Steps that stand together: they see each other's results.
pub(crate) struct Frame {
    /// The file that they stand in, for messages.
    pub(crate) file: String,
    /// Them, in order.
    pub(crate) steps: Vec<Arc<Occurrence>>,
    /// The composite action that they are of; `None`: they are the job's own.
    pub(crate) inside: Option<Inside>,
    results: Mutex<Object>,
    posts: Mutex<Vec<Arc<Occurrence>>>,
}

/// A step in its frame, and what it keeps from `pre` to `post`.
pub(crate) struct Occurrence {
    pub(crate) step: Step,
    /// What `github.action` calls it.
    pub(crate) id: String,
    /// The steps inside of a `parallel`; they are of the same frame.
    pub(crate) children: Vec<Arc<Occurrence>>,
    /// What its action wrote to `GITHUB_STATE`.
    saved: Mutex<IndexMap<String, String>>,
    /// The action that it uses, once it is there.
    ready: Mutex<Option<Arc<Ready>>>,
    /// The steps of the composite action that it uses.
    inner: OnceLock<Arc<Frame>>,
    /// The files that its next program may write to, once they are there.
    files: Mutex<Option<StepFiles>>,
    /// What it does in the background, until it is waited for.
    deferred: Mutex<Option<Deferred>>,
    has_post: AtomicBool,
}

/// What a step in the background does to the job, which the steps that follow
/// see once it is waited for.
#[derive(Default)]
pub(crate) struct Deferred {
    pub(crate) env: Vec<(String, String)>,
    pub(crate) paths: Vec<String>,
    pub(crate) result: Option<Recorded>,
}

/// A step's results.
pub(crate) struct Recorded {
    pub(crate) outcome: Outcome,
    pub(crate) conclusion: Outcome,
    pub(crate) outputs: IndexMap<String, String>,
}

/// What is different inside of a composite action.
pub(crate) struct Inside {
    /// Where it is.
    pub(crate) place: ActionPlace,
    /// Its repository's folder, which `$/` means; `None`: it is of the
    /// workspace, so `$/` means the workflow's repository.
    pub(crate) root: Option<PathBuf>,
    /// How many composite actions are around its steps, from 1.
    pub(crate) depth: usize,
    around: Mutex<Around>,
}

/// What the step that uses a composite action hands into it, anew for `pre`,
/// `main` and `post`.
#[derive(Clone, Default)]
pub(crate) struct Around {
    /// The `inputs` context.
    pub(crate) inputs: IndexMap<String, String>,
    /// The step's own variables.
    pub(crate) env: IndexMap<String, String>,
    /// `github.action_status`; `None` in `pre` and `post`, where the job's
    /// status counts.
    pub(crate) status: Option<Status>,
    /// It goes on when the job is cancelled.
    pub(crate) survives: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Frame {
    /// The job's own steps.
    pub(crate) fn of_job(file: &str, steps: &[Step]) -> Self {
        Self::new(file, steps, None)
    }

    /// The steps of a composite action.
    pub(crate) fn of_action(file: &str, steps: &[Step], inside: Inside) -> Self {
        Self::new(file, steps, Some(inside))
    }

    fn new(file: &str, steps: &[Step], inside: Option<Inside>) -> Self {
        Self {
            file: file.to_owned(),
            steps: Occurrence::all(steps, &mut ids::Ids::default()),
            inside,
            results: Mutex::new(Object::new()),
            posts: Mutex::new(Vec::new()),
        }
    }

    /// The `steps` context.
    pub(crate) fn results(&self) -> Object {
        lock(&self.results).clone()
    }

    /// Makes a step known to those after it.
    pub(crate) fn record(
        &self,
        id: &str,
        outcome: Outcome,
        conclusion: Outcome,
        outputs: &IndexMap<String, String>,
    ) {
        let outputs: Object = outputs.iter().map(|(k, v)| (k.clone(), v.as_str())).collect();
        let mut step = Object::new();
        step.insert("outputs", outputs);
        step.insert("outcome", outcome.as_str());
        step.insert("conclusion", conclusion.as_str());
        lock(&self.results).insert(id, step);
    }

    /// What `occurrence` has to do after the job's last step, is due once.
    pub(crate) fn register_post(&self, occurrence: &Arc<Occurrence>) {
        if !occurrence.has_post.swap(true, Ordering::Relaxed) {
            lock(&self.posts).push(Arc::clone(occurrence));
        }
    }

    /// The next step that has something to do after the last one: the one that
    /// began last comes first. A composite action whose steps have nothing to
    /// do is left out.
    pub(crate) fn next_post(&self) -> Option<Arc<Occurrence>> {
        let mut posts = lock(&self.posts);
        while let Some(at) = posts.pop() {
            if at.inner_frame().is_none_or(|inner| inner.has_posts()) {
                return Some(at);
            }
        }
        None
    }

    fn has_posts(&self) -> bool {
        let due = |at: &Arc<Occurrence>| at.inner_frame().is_none_or(|inner| inner.has_posts());
        lock(&self.posts).iter().any(due)
    }

    /// How many composite actions are around these steps.
    pub(crate) fn depth(&self) -> usize {
        self.inside.as_ref().map_or(0, |inside| inside.depth)
    }
}

impl Occurrence {
    fn all(steps: &[Step], ids: &mut ids::Ids) -> Vec<Arc<Self>> {
        let one = |step: &Step| {
            let children = match &step.kind {
                shipway_workflow::model::StepKind::Parallel(steps) => Self::all(steps, ids),
                _ => Vec::new(),
            };
            Arc::new(Self {
                id: ids.of(step),
                step: step.clone(),
                children,
                saved: Mutex::default(),
                ready: Mutex::default(),
                files: Mutex::default(),
                deferred: Mutex::default(),
                inner: OnceLock::new(),
                has_post: AtomicBool::new(false),
            })
        };
        steps.iter().map(one).collect()
    }

    /// What its action saved so far.
    pub(crate) fn saved(&self) -> IndexMap<String, String> {
        lock(&self.saved).clone()
    }

    /// Keeps what its action saved for its later stages.
    pub(crate) fn save(&self, values: impl IntoIterator<Item = (String, String)>) {
        lock(&self.saved).extend(values);
    }

    /// The action that it uses, once it is there.
    pub(crate) fn ready(&self) -> Option<Arc<Ready>> {
        lock(&self.ready).clone()
    }

    /// From now on, what it does counts when it is waited for.
    pub(crate) fn defer(&self) {
        *lock(&self.deferred) = Some(Deferred::default());
    }

    /// Keeps for later what it does, if it is in the background; whether it is.
    pub(crate) fn later(&self, keep: impl FnOnce(&mut Deferred)) -> bool {
        lock(&self.deferred).as_mut().map(keep).is_some()
    }

    /// What it did in the background.
    pub(crate) fn take_deferred(&self) -> Option<Deferred> {
        lock(&self.deferred).take()
    }

    /// The files that its next program may write to.
    pub(crate) fn set_files(&self, files: StepFiles) {
        *lock(&self.files) = Some(files);
    }

    /// The same, for the program that is about to run.
    pub(crate) fn take_files(&self) -> Option<StepFiles> {
        lock(&self.files).take()
    }

    /// What the `github` context calls them, and where they are.
    pub(crate) fn files(&self) -> Option<Vec<(&'static str, PathBuf)>> {
        lock(&self.files).as_ref().map(|files| files.places().collect())
    }

    /// The action that it uses is there.
    pub(crate) fn set_ready(&self, ready: Ready) -> Arc<Ready> {
        let ready = Arc::new(ready);
        *lock(&self.ready) = Some(Arc::clone(&ready));
        ready
    }

    /// The steps of the composite action that it uses, if it is there.
    pub(crate) fn inner_frame(&self) -> Option<&Arc<Frame>> {
        self.inner.get()
    }

    /// The steps of the composite action that it uses, the same ones in every
    /// stage.
    pub(crate) fn inner(&self, make: impl FnOnce() -> Frame) -> &Arc<Frame> {
        self.inner.get_or_init(|| Arc::new(make()))
    }
}

impl Inside {
    pub(crate) fn new(place: ActionPlace, root: Option<PathBuf>, depth: usize) -> Self {
        Self { place, root, depth, around: Mutex::default() }
    }

    /// Begins a stage.
    pub(crate) fn enter(&self, around: Around) {
        *lock(&self.around) = around;
    }

    pub(crate) fn around(&self) -> Around {
        lock(&self.around).clone()
    }

    /// A step failed, and its failure is not tolerated.
    pub(crate) fn fail(&self) {
        let mut around = lock(&self.around);
        if around.status == Some(Status::Success) {
            around.status = Some(Status::Failure);
        }
    }
}
