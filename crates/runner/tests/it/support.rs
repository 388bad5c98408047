//! What the tests share: a run with its folders, and what a job in it said.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use indexmap::IndexMap;
use serde_json::{Value, json};
use shipway_core::ids::{CommitId, JobKey, RunId};
use shipway_results::{Admission, CacheMode, Config, Identity, Job, Scope, Service};
use shipway_runner::actions::Settings;
use shipway_runner::client::{JobOutcome, WorkerCommand, Workers, run_job};
use shipway_runner::protocol::{
    Annotation, Contexts, Event, Folders, IdTokens, JobMessage, JobResult, Limits, Outcome,
    PROTOCOL, Secret, Services, Source, StepReport, Stream, WorkflowFile,
};
use tokio::sync::{OnceCell, mpsc};
use tokio_util::sync::CancellationToken;

/// A run: a repository and the folders of its jobs, removed when dropped.
pub(crate) struct Run {
    folder: tempfile::TempDir,
    pub(crate) secrets: BTreeMap<String, Secret>,
    pub(crate) vars: IndexMap<String, String>,
    pub(crate) needs: IndexMap<String, Value>,
    pub(crate) limits: Limits,
    pub(crate) actions: Settings,
    /// What its jobs may do with caches.
    pub(crate) cache_mode: CacheMode,
    /// Where its jobs look for caches.
    pub(crate) scopes: Vec<Scope>,
    /// Who its jobs are, if they may ask for OIDC tokens.
    pub(crate) identity: Option<Identity>,
    results: OnceCell<Service>,
}

/// What a job said until its end.
pub(crate) struct Heard {
    pub(crate) outcome: JobOutcome,
    pub(crate) events: Vec<Event>,
}

pub(crate) fn worker() -> Workers {
    worker_of("test")
}

pub(crate) fn worker_of(owner: &str) -> Workers {
    Workers::new(WorkerCommand::new(env!("CARGO_BIN_EXE_shipway-worker"), &[]), owner)
}

impl Run {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut actions = Settings::new(folder.path().join("cache"));
        actions.mirror = Some(folder.path().join("mirror"));
        actions.offline = true;
        let run = Self {
            folder,
            actions,
            secrets: BTreeMap::new(),
            vars: IndexMap::new(),
            needs: IndexMap::new(),
            cache_mode: CacheMode::Write,
            scopes: vec![Scope("refs/heads/main".to_owned())],
            identity: None,
            results: OnceCell::new(),
            limits: Limits {
                timeout_ms: 60_000,
                interrupt_ms: 300,
                terminate_ms: 200,
                cancel_ms: 20_000,
                heartbeat_ms: 1_000,
            },
        };
        std::fs::create_dir(run.repository()).unwrap();
        run.git(&["init", "--quiet", "--initial-branch=main"]);
        run.commit("README.md", "first\n");
        run
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.path("repository")
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let identity = ["-c", "user.name=T", "-c", "user.email=t@example.org"];
        let output = Command::new("git")
            .current_dir(self.repository())
            .args(identity)
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn commit(&self, file: &str, text: &str) -> String {
        let path = self.repository().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", file]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// The message for job `key` of the workflow with this `text`.
    pub(crate) fn message(&self, key: &str, text: &str) -> JobMessage {
        let github = json!({
            "repository": "acme/shop", "ref": "refs/heads/main", "ref_name": "main",
            "sha": self.git(&["rev-parse", "HEAD"]), "event_name": "push", "run_id": "7",
        });
        let Value::Object(github) = github else { unreachable!() };
        let name = self.folder.path().file_name().unwrap().to_string_lossy().replace('.', "");
        JobMessage {
            protocol: PROTOCOL,
            effect: format!("test-{name}-{key}"),
            run: RunId::new("r1").unwrap(),
            job: JobKey::new(key).unwrap(),
            attempt: 1,
            run_id: 7,
            job_id: key.bytes().fold(70, |id, byte| id * 31 % 1_000_003 + u64::from(byte)),
            name: key.to_owned(),
            workflow: WorkflowFile {
                path: ".github/workflows/w.yml".to_owned(),
                text: text.to_owned().into(),
                reference: "acme/shop/.github/workflows/w.yml@refs/heads/main".to_owned(),
                commit: CommitId::new(self.git(&["rev-parse", "HEAD"])).unwrap(),
                repository: None,
            },
            matrix: None,
            strategy: IndexMap::new(),
            contexts: Contexts {
                github: std::sync::Arc::new(github.into_iter().collect()),
                vars: self.vars.clone(),
                secrets: self.secrets.clone(),
                needs: self.needs.clone(),
                inputs: IndexMap::new(),
                env: IndexMap::new(),
            },
            token: self.secrets.get("GITHUB_TOKEN").cloned(),
            permissions: IndexMap::new(),
            environment: None,
            from_fork: false,
            event: json!({"head": {"message": "hi"}}).into(),
            source: Source {
                repository: self.repository(),
                commit: CommitId::new(self.git(&["rev-parse", "HEAD"])).unwrap(),
                branch: Some("main".to_owned()),
            },
            folders: Folders {
                workspace: self.path(&format!("jobs/{key}/workspace")),
                temp: self.path(&format!("jobs/{key}/temp")),
            },
            actions: self.actions.clone(),
            services: None,
            limits: self.limits,
            hold: false,
        }
    }

    /// Runs the only job of a workflow whose steps are `steps` (YAML, not
    /// indented).
    pub(crate) async fn steps(&self, steps: &str) -> Heard {
        self.job("j", &workflow(steps)).await
    }

    pub(crate) async fn job(&self, key: &str, text: &str) -> Heard {
        let (heard, events) = mpsc::channel(16);
        let mut message = self.message(key, text);
        let _admission = self.admit(&mut message).await;
        let cancel = CancellationToken::new();
        let worker = worker();
        let (outcome, events) =
            tokio::join!(run_job(&worker, message, heard, cancel), collect(events));
        Heard { outcome, events }
    }

    /// The results service of the run.
    pub(crate) async fn results(&self) -> &Service {
        let folder = self.path("results");
        let config = Config { folder, limits: shipway_results::Limits::default(), issuer: None };
        self.results.get_or_init(|| async { Service::start(config).await.unwrap() }).await
    }

    /// Lets a job into the results service.
    pub(crate) async fn admit(&self, message: &mut JobMessage) -> Admission {
        let job = Job {
            run: message.run.clone(),
            run_id: message.run_id,
            job_id: message.job_id,
            attempt: message.attempt,
            cache_mode: self.cache_mode,
            scopes: self.scopes.clone(),
            identity: self.identity.clone(),
        };
        let admission = self.results().await.admit(job).unwrap();
        let id_token = admission.id_token.clone();
        message.services = Some(Services {
            url: format!("{}/", admission.origin),
            token: Secret::new(admission.token.clone()),
            cache_mode: self.cache_mode,
            id_token: id_token.map(|(url, token)| IdTokens { url, token: Secret::new(token) }),
        });
        admission
    }
}

/// A workflow with one job `j` of these steps.
pub(crate) fn workflow(steps: &str) -> String {
    let steps: String = steps.lines().map(|line| format!("      {line}\n")).collect();
    format!("on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n{steps}")
}

pub(crate) async fn collect(mut events: mpsc::Receiver<Event>) -> Vec<Event> {
    let mut all = Vec::new();
    while let Some(event) = events.recv().await {
        all.push(event);
    }
    all
}

impl Heard {
    pub(crate) fn result(&self) -> JobResult {
        match &self.outcome {
            JobOutcome::Ended { result, .. } => *result,
            JobOutcome::Lost { reason } => panic!("lost: {reason}\n{}", self.log()),
        }
    }

    pub(crate) fn reason(&self) -> String {
        match &self.outcome {
            JobOutcome::Ended { reason, .. } => {
                reason.as_ref().map(ToString::to_string).unwrap_or_default()
            }
            JobOutcome::Lost { reason } => format!("lost: {reason}"),
        }
    }

    pub(crate) fn outputs(&self) -> Vec<(String, String)> {
        match &self.outcome {
            JobOutcome::Ended { outputs, .. } => outputs.clone().into_iter().collect(),
            JobOutcome::Lost { .. } => Vec::new(),
        }
    }

    /// Everything that was written.
    pub(crate) fn log(&self) -> String {
        self.written(|_| true)
    }

    /// What programs wrote, without the worker's own messages.
    pub(crate) fn output(&self) -> String {
        self.written(|stream| stream != Stream::Worker)
    }

    fn written(&self, wanted: impl Fn(Stream) -> bool) -> String {
        let texts = self.events.iter().filter_map(|event| match event {
            Event::Output { stream, data, .. } if wanted(*stream) => Some(data.to_text()),
            _ => None,
        });
        texts.collect()
    }

    pub(crate) fn reports(&self) -> Vec<&StepReport> {
        let reports = self.events.iter().filter_map(|event| match event {
            Event::StepEnded(report) => Some(report),
            _ => None,
        });
        reports.collect()
    }

    /// Outcome and conclusion of each step.
    pub(crate) fn conclusions(&self) -> Vec<(Outcome, Outcome)> {
        self.reports().iter().map(|report| (report.outcome, report.conclusion)).collect()
    }

    pub(crate) fn annotations(&self) -> Vec<&Annotation> {
        let found = self.events.iter().filter_map(|event| match event {
            Event::Annotation(annotation) => Some(annotation),
            _ => None,
        });
        found.collect()
    }
}

/// Whether a process runs: a zombie does not.
pub(crate) fn runs(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit_once(") ").unwrap().1.starts_with('Z'))
}

pub(crate) fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path.as_ref()).unwrap()
}
