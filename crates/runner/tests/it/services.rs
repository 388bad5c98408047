//! Which steps are told how to reach the results service.

use shipway_results::Identity;
use shipway_runner::protocol::JobResult;

use crate::mirror::Origin;
use crate::support::Run;

const SHOW: &str = "
const names = Object.keys(process.env).filter(name => name.startsWith('ACTIONS_')).sort();
console.log(names.join(' '));
console.log(process.env.ACTIONS_RUNTIME_TOKEN);
";

const STEPS: &str = "- run: env | grep -o '^ACTIONS_[A-Z0-9_]*' | sort | xargs echo run
- uses: acme/show@v1
- run: '[ -z \"$ACTIONS_ID_TOKEN_REQUEST_TOKEN\" ] || echo \"$ACTIONS_ID_TOKEN_REQUEST_TOKEN\"'";

const RUNTIME: &str = "ACTIONS_CACHE_MODE ACTIONS_CACHE_SERVICE_V2 ACTIONS_CACHE_URL";
const RESULTS: &str = "ACTIONS_RESULTS_URL ACTIONS_RUNTIME_TOKEN ACTIONS_RUNTIME_URL";
const ID_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN ACTIONS_ID_TOKEN_REQUEST_URL";

fn show(run: &Run) {
    let action = "name: Show\nruns: {using: node20, main: main.js}\n";
    Origin::with(&run.path("mirror"), "acme/show", &[("action.yml", action), ("main.js", SHOW)]);
}

#[tokio::test]
async fn actions_get_the_runtime_and_scripts_do_not() {
    let run = Run::new();
    show(&run);
    let heard = run.steps(STEPS).await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    assert_eq!(heard.output(), format!("run\n{RUNTIME} {RESULTS}\n***\n"));
}

#[tokio::test]
async fn every_step_gets_what_oidc_needs_if_the_job_may() {
    let mut run = Run::new();
    run.identity = Some(Identity::default());
    show(&run);
    let heard = run.steps(STEPS).await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    assert_eq!(
        heard.output(),
        format!("run {ID_TOKEN}\n{RUNTIME} {ID_TOKEN} {RESULTS}\n***\n***\n")
    );
}
