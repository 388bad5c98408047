//! Runs and jobs as numbers: GitHub's clients parse `github.run_id` as one.

use crate::digest::Digest;
use crate::ids::{JobKey, RunId};

/// `github.run_id`: made of the run's name, so that it needs no counting and is
/// the same for every attempt, whose `first` is asked for. Below 2^48, which
/// JavaScript holds exactly; two runs of a project share it as likely as two
/// random numbers of that size.
pub fn run_number(first: &RunId) -> u64 {
    number(first.as_str())
}

/// The number of one job of a run.
pub fn job_number(run: &RunId, job: &JobKey, index: usize) -> u64 {
    number(&format!("{run}/{job}/{index}"))
}

fn number(text: &str) -> u64 {
    let digest = Digest::of(text.as_bytes());
    let number = digest.as_bytes().iter().take(6).fold(0, |n, byte| (n << 8) | u64::from(*byte));
    number.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_in_javascript_and_differ() {
        let run = RunId::new("1234abcd.1.ci").unwrap();
        let job = JobKey::new("test").unwrap();
        let all = [run_number(&run), job_number(&run, &job, 0), job_number(&run, &job, 1)];
        assert!(all.iter().all(|number| (1..1 << 48).contains(number)), "{all:?}");
        assert!(all[0] != all[1] && all[1] != all[2]);
        assert_eq!(run_number(&run), run_number(&run.clone()));
    }
}
