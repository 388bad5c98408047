//! The jobs of a run: their order, who may start, and what their needs mean for them.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use crate::expr::Status;
use crate::model::Workflow;

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobResult {
    /// It succeeded, or failed with `continue-on-error`.
    Success,
    /// It failed.
    Failure,
    /// It was cancelled.
    Cancelled,
    /// It did not run.
    Skipped,
}

impl JobResult {
    /// As the `needs` context spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }

    /// The result of a job that a matrix made several of: a failure of one fails it, else a
    /// cancellation of one cancels it; it is skipped when all of them were.
    #[must_use]
    pub fn combine(results: impl IntoIterator<Item = Self>) -> Self {
        let rank = |result: &Self| match result {
            Self::Skipped => 0,
            Self::Success => 1,
            Self::Cancelled => 2,
            Self::Failure => 3,
        };
        results.into_iter().max_by_key(rank).unwrap_or(Self::Skipped)
    }
}

/// Which job needs which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    needs: IndexMap<String, Vec<String>>,
    order: Vec<String>,
}

impl Graph {
    /// The graph of a workflow, which has no circles, or it would not have been read.
    #[must_use]
    pub fn of(workflow: &Workflow) -> Self {
        let needs: IndexMap<String, Vec<String>> = workflow
            .jobs
            .iter()
            .map(|(id, job)| {
                (id.clone(), job.needs.iter().map(|need| need.value.clone()).collect())
            })
            .collect();
        let mut order: Vec<String> = Vec::with_capacity(needs.len());
        let mut placed: HashSet<&str> = HashSet::new();
        while order.len() < needs.len() {
            let before = order.len();
            for (id, wanted) in &needs {
                if !placed.contains(id.as_str())
                    && wanted.iter().all(|need| placed.contains(need.as_str()))
                {
                    placed.insert(id);
                    order.push(id.clone());
                }
            }
            if order.len() == before {
                break;
            }
        }
        Self { order, needs }
    }

    /// The jobs, each behind those that it needs; else in the order of the file.
    #[must_use]
    pub fn order(&self) -> &[String] {
        &self.order
    }

    /// The jobs that a job names as its needs.
    #[must_use]
    pub fn needs(&self, job: &str) -> &[String] {
        self.needs.get(job).map_or(&[], Vec::as_slice)
    }

    /// The jobs that a job needs, directly or not, in the order of their running.
    #[must_use]
    pub fn ancestors(&self, job: &str) -> Vec<&str> {
        let mut found: HashSet<&str> = HashSet::new();
        let mut todo: Vec<&str> = self.needs(job).iter().map(String::as_str).collect();
        while let Some(next) = todo.pop() {
            if found.insert(next) {
                todo.extend(self.needs(next).iter().map(String::as_str));
            }
        }
        self.order.iter().map(String::as_str).filter(|job| found.contains(job)).collect()
    }

    /// The jobs that name a job as one of their needs.
    pub fn dependents<'a>(&'a self, job: &'a str) -> impl Iterator<Item = &'a str> {
        self.needs
            .iter()
            .filter(move |(_, needs)| needs.iter().any(|need| need == job))
            .map(|(id, _)| id.as_str())
    }

    /// The jobs without a result all of whose needs have one: their conditions can be asked.
    #[must_use]
    pub fn ready(&self, results: &HashMap<String, JobResult>) -> Vec<&str> {
        self.order
            .iter()
            .filter(|job| !results.contains_key(*job))
            .filter(|job| self.needs(job).iter().all(|need| results.contains_key(need)))
            .map(String::as_str)
            .collect()
    }

    /// How things stand for a job's `if`: what `success()` and `failure()` ask, and, when
    /// `named` has jobs, what `success('a', 'b')` asks.
    ///
    /// As on GitHub, all jobs count that are needed directly or not: behind a skipped job,
    /// everything is skipped that does not say otherwise. A needed job that was cancelled while
    /// the run goes on is neither a success nor a failure.
    #[must_use]
    pub fn status(
        &self,
        job: &str,
        named: &[String],
        results: &HashMap<String, JobResult>,
        run_cancelled: bool,
    ) -> Status {
        if run_cancelled {
            return Status::Cancelled;
        }
        let asked: Vec<&str> = if named.is_empty() {
            self.ancestors(job)
        } else {
            named.iter().map(|name| self.spelled(name)).collect()
        };
        let of = |name: &str| results.get(name).copied().unwrap_or(JobResult::Skipped);
        if asked.iter().any(|name| of(name) == JobResult::Failure) {
            Status::Failure
        } else if asked.iter().all(|name| of(name) == JobResult::Success) {
            Status::Success
        } else {
            Status::Skipped
        }
    }

    fn spelled<'a>(&'a self, name: &'a str) -> &'a str {
        self.needs.keys().find(|id| id.eq_ignore_ascii_case(name)).map_or(name, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Graph, JobResult};
    use crate::expr::{Context, Object, Status, Value, Variables};
    use crate::model::Workflow;

    fn workflow(jobs: &str) -> Workflow {
        let mut text = String::from("on: push\njobs:\n");
        for job in jobs.split_whitespace() {
            let (id, rest) = job.split_once('<').unwrap_or((job, ""));
            let (needs, condition) = rest.split_once('?').unwrap_or((rest, ""));
            text.push_str(&format!("  {id}:\n    runs-on: x\n    steps: [{{run: x}}]\n"));
            text.push_str(&format!("    needs: [{needs}]\n"));
            if !condition.is_empty() {
                text.push_str(&format!("    if: \"{condition}\"\n"));
            }
        }
        Workflow::read("f.yml", &text).unwrap()
    }

    fn results(pairs: &[(&str, JobResult)]) -> HashMap<String, JobResult> {
        pairs.iter().map(|(id, result)| ((*id).to_owned(), *result)).collect()
    }

    struct OfJob<'a> {
        graph: &'a Graph,
        job: &'a str,
        results: &'a HashMap<String, JobResult>,
        cancelled: bool,
    }

    impl Context for OfJob<'_> {
        fn get(&self, name: &str) -> Option<Value> {
            Variables::new(Object::new()).get(name)
        }

        fn status(&self, jobs: &[String]) -> Status {
            self.graph.status(self.job, jobs, self.results, self.cancelled)
        }
    }

    /// Runs every job that should run, as the result that `ends` gives it.
    fn run(workflow: &Workflow, ends: &[(&str, JobResult)], cancelled: bool) -> String {
        let graph = Graph::of(workflow);
        let ends = results(ends);
        let mut all = HashMap::new();
        while let Some(job) = graph.ready(&all).first().copied() {
            let context = OfJob { graph: &graph, job, results: &all, cancelled };
            let runs = workflow.jobs[job].condition.evaluate(&context).unwrap();
            let result = if runs {
                ends.get(job).copied().unwrap_or(JobResult::Success)
            } else {
                JobResult::Skipped
            };
            all.insert(job.to_owned(), result);
        }
        let shown = graph.order().iter().map(|job| format!("{job} {}", all[job].as_str()));
        shown.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn needs_come_first() {
        let workflow = workflow("d<b,c b<a c<a a");
        let graph = Graph::of(&workflow);
        assert_eq!(graph.order(), ["a", "b", "c", "d"]);
        assert_eq!(graph.ancestors("d"), ["a", "b", "c"]);
        assert_eq!(graph.dependents("a").collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(graph.ready(&HashMap::new()), ["a"]);
        assert_eq!(graph.ready(&results(&[("a", JobResult::Success)])), ["b", "c"]);
    }

    #[test]
    fn a_failure_skips_what_needs_it_unless_it_says_otherwise() {
        let jobs = workflow("a b<a c<b d<a?failure() e<d f<b?always() g<f h<b?!cancelled()");
        let fails = [("a", JobResult::Failure)];
        insta::assert_snapshot!(run(&jobs, &[], false), @"a success, b success, c success, d skipped, e skipped, f success, g success, h success");
        insta::assert_snapshot!(run(&jobs, &fails, false), @"a failure, b skipped, c skipped, d success, e skipped, f success, g skipped, h success");
        insta::assert_snapshot!(run(&jobs, &fails, true), @"a skipped, b skipped, c skipped, d skipped, e skipped, f success, g skipped, h skipped");
    }

    #[test]
    fn named_jobs_are_asked_alone() {
        let jobs = workflow("a b c<a,b?success('B') d<a,b?failure('b')");
        let fails = [("a", JobResult::Failure)];
        insta::assert_snapshot!(run(&jobs, &fails, false), @"a failure, b success, c success, d skipped");
    }

    #[test]
    fn results_of_a_matrix() {
        use JobResult::{Cancelled, Failure, Skipped, Success};
        assert_eq!(JobResult::combine([Success, Skipped]), Success);
        assert_eq!(JobResult::combine([Success, Cancelled]), Cancelled);
        assert_eq!(JobResult::combine([Failure, Cancelled]), Failure);
        assert_eq!(JobResult::combine([Skipped, Skipped]), Skipped);
        assert_eq!(JobResult::combine([]), Skipped);
    }
}
