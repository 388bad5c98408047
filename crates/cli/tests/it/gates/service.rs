//! Labels and reviews from the hosting service's API, which count without `unverified: true`.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use shipway_sim::sandbox::Finished;
use shipway_sim::scripted::{Answer, Asked, Scripted};

use super::LABEL;
use super::world::{World, shut};

const TOKEN: &str = "ghs_that-nobody-sees";
const PULL: &str = "/repos/acme/shop/pulls/7";
const GATES: &str = "\
gates:
  migrations: {approval: {by: [dora]}}
workflows:
  required: []
  token: {env: HOSTING_TOKEN}
";

/// What the service says of the pull request now; no status: as usual.
#[derive(Clone, Default)]
struct Said {
    pull_request: Value,
    reviews: Vec<Value>,
    status: Option<u16>,
}

/// A shop with a pull request that drops a table, and the service that has it.
struct Shop {
    world: World,
    said: Arc<Mutex<Said>>,
    service: Scripted,
}

impl Shop {
    fn new() -> Self {
        let world = World::new(GATES);
        world.git(&["remote", "add", "origin", "git@github.com:acme/shop.git"]);
        world.git(&["checkout", "--quiet", "-b", "feature"]);
        world.write("migrations/003_no_drafts.sql", "DROP TABLE drafts;\n");
        world.commit("Drop the drafts");
        let said = Arc::new(Mutex::new(Said::default()));
        let says = Arc::clone(&said);
        let service = Scripted::start(move |asked| Some(answer(&says.lock().unwrap(), asked)));
        Self { world, said, service: service.unwrap() }
    }

    fn head(&self) -> String {
        self.world.repo.head().unwrap().trim().to_owned()
    }

    /// The service says that `ann`'s pull request has these labels and reviews.
    fn says(&self, labels: &[&str], reviews: Vec<Value>) {
        let labels: Vec<Value> = labels.iter().map(|name| json!({"name": name})).collect();
        let base = self.world.repo.git(&["rev-parse", "main"]).unwrap();
        let pull_request = json!({
            "number": 7, "labels": labels, "user": {"login": "ann"},
            "head": {"sha": self.head()}, "base": {"sha": base.trim(), "ref": "main"},
        });
        *self.said.lock().unwrap() = Said { pull_request, reviews, status: None };
    }

    fn review(&self, by: &str, state: &str) -> Value {
        json!({"user": {"login": by}, "state": state, "commit_id": self.head(),
               "submitted_at": "2026-01-01T00:00:00Z"})
    }

    fn gate(&self) -> Finished {
        self.gate_with(&[("HOSTING_TOKEN", TOKEN), ("GITHUB_API_URL", &self.service.url())])
    }

    fn gate_with(&self, env: &[(&str, &str)]) -> Finished {
        let arguments = ["gate", "--pull-request", "7"];
        let mut command = self.world.sandbox.shipway(self.world.repo.path(), &arguments);
        command.envs(env.iter().copied()).env("SHIPWAY_LOG", "trace");
        let finished = self.world.sandbox.begin(command).unwrap();
        let finished = finished.wait(crate::shop::SOON).unwrap();
        assert!(!finished.output().contains(TOKEN), "{finished}");
        finished
    }

    /// It refuses, and says all of this.
    fn refuses(&self, code: i32, env: &[(&str, &str)], why: &[&str]) {
        let refused = self.gate_with(env);
        refused.assert_code(code);
        for why in why {
            assert!(refused.stderr.contains(why), "{why}: {refused}");
        }
    }
}

fn answer(said: &Said, asked: &Asked) -> Answer {
    let authorized = asked
        .headers
        .get("authorization")
        .is_some_and(|value| value.to_str().is_ok_and(|value| value == format!("Bearer {TOKEN}")));
    let (status, body) = match (said.status, asked.path.as_str()) {
        _ if !authorized => (401, json!({"message": "Bad credentials"})),
        (Some(status), _) => (status, json!({"message": "No"})),
        (None, PULL) => (200, said.pull_request.clone()),
        (None, path) if path == format!("{PULL}/reviews?per_page=100") => {
            (200, json!(said.reviews))
        }
        (None, _) => (404, json!({"message": "Not Found"})),
    };
    Answer::new(status, body.to_string())
}

#[test]
fn label_and_review_from_the_service_open_the_gate_and_neither_alone() {
    let shop = Shop::new();
    let is_shut = || shut(&shop.gate()).contains(&"migrations".to_owned());
    let dora = || shop.review("dora", "APPROVED");

    shop.says(&[LABEL], vec![]);
    assert!(is_shut(), "the label alone");
    shop.says(&[], vec![dora()]);
    assert!(is_shut(), "the administrator alone");
    shop.says(&[LABEL], vec![shop.review("eve", "APPROVED")]);
    assert!(is_shut(), "somebody else");
    shop.says(&[LABEL], vec![shop.review("dora", "DISMISSED")]);
    assert!(is_shut(), "a review that was dismissed");
    let mut stale = dora();
    stale["commit_id"] = json!("c".repeat(40));
    shop.says(&[LABEL], vec![stale]);
    assert!(is_shut(), "a review of an older commit");
    shop.says(&[LABEL], vec![dora()]);
    shop.said.lock().unwrap().pull_request["user"]["login"] = json!("dora");
    assert!(is_shut(), "the author's own");

    shop.says(&[LABEL], vec![dora()]);
    let open = shop.gate();
    open.assert_code(0);
    let by = format!("approval by dora on the pull request, as {} says", shop.service.url());
    assert!(open.stdout.contains(&by), "{open}");
}

#[test]
fn what_is_handed_in_proves_nothing_still() {
    let shop = Shop::new();
    let refused = super::with(&shop.world, &[LABEL], &["dora"]);
    refused.assert_code(1);
    assert!(refused.stdout.contains("is not verified"), "{refused}");
    assert!(refused.stdout.contains("shipway gate --pull-request NUMBER"), "{refused}");
    let both = shop.world.run(&["gate", "--pull-request", "7", "--event", "x"]);
    both.assert_code(2);
}

#[test]
fn who_cannot_ask_is_told_what_to_do() {
    let shop = Shop::new();
    let url = shop.service.url();
    let env = [("HOSTING_TOKEN", TOKEN), ("GITHUB_API_URL", url.as_str())];
    shop.says(&[LABEL], vec![shop.review("dora", "APPROVED")]);

    let api = ("GITHUB_API_URL", url.as_str());
    shop.refuses(2, &[api], &["set the environment variable HOSTING_TOKEN"]);
    shop.refuses(2, &[api, ("HOSTING_TOKEN", "wrong")], &["(401: Bad credentials)", "make a new"]);
    let plain = ("GITHUB_API_URL", "http://api.github.com");
    shop.refuses(2, &[env[0], plain], &["by https", "GITHUB_API_URL"]);
    // As jobs are told that run where `origin` is another server.
    let public = ("GITHUB_API_URL", "https://api.github.com");
    shop.world.git(&["remote", "set-url", "origin", "https://ghe.invalid/acme/shop"]);
    shop.refuses(2, &[env[0], public], &["is not the API of https://ghe.invalid"]);
    shop.world.git(&["remote", "set-url", "origin", "git@github.com:acme/shop.git"]);
    for (status, code, why) in [(403, 2, "(403: No)"), (404, 2, "(404)"), (503, 4, "503: No")] {
        shop.said.lock().unwrap().status = Some(status);
        shop.refuses(code, &env, &[why, "pull request 7 of acme/shop at http://127.0.0.1:"]);
    }

    // Of another commit.
    shop.says(&[LABEL], vec![shop.review("dora", "APPROVED")]);
    shop.said.lock().unwrap().pull_request["head"]["sha"] = json!("d".repeat(40));
    let why = ["has the head dddddddd, and this commit is", "git fetch origin pull/7/head"];
    shop.refuses(2, &env, &why);
    // The gates are those of the base: it has to be here.
    shop.says(&[LABEL], vec![shop.review("dora", "APPROVED")]);
    shop.said.lock().unwrap().pull_request["base"]["sha"] = json!("e".repeat(40));
    shop.refuses(2, &env, &["the base of the pull request, eeeeeeee, is not here"]);
}

#[test]
fn a_change_chooses_neither_the_token_nor_who_gets_it() {
    let shop = Shop::new();
    let config = shop.world.repo.read("shipway.yaml").unwrap();
    let made = shop.world.sandbox.path().join("made");
    let command = format!("touch {}; echo {TOKEN}", made.display());
    let other = format!("token: {{command: '{command}'}}");
    shop.world.write("shipway.yaml", &config.replace("token: {env: HOSTING_TOKEN}", &other));
    shop.world.commit("Take another token");
    shop.says(&[LABEL], vec![shop.review("dora", "APPROVED")]);
    shop.gate();
    assert_eq!(shop.service.asked().len(), 2, "with main's token");
    assert!(!made.exists(), "what is judged ran a command");

    // Main's own command is one.
    shop.world.git(&["branch", "--quiet", "--force", "main", "feature"]);
    shop.gate_with(&[("GITHUB_API_URL", &shop.service.url())]).assert_code(0);
    assert!(made.exists());

    // It does not work where the change could put a script.
    let script = format!("echo {TOKEN} > token; echo {TOKEN}");
    shop.world.write("token.sh", &script);
    let relative = config.replace("{env: HOSTING_TOKEN}", "{command: sh ./token.sh}");
    shop.world.write("shipway.yaml", &relative);
    shop.world.commit("Take it from a script");
    shop.world.git(&["branch", "--quiet", "--force", "main", "feature"]);
    let api = shop.service.url();
    shop.refuses(2, &[("GITHUB_API_URL", &api)], &["the command of `workflows.token` failed"]);
    assert!(!shop.world.repo.path().join("token").exists());

    // Without a main branch there is nobody to believe.
    shop.world.git(&["branch", "--quiet", "--delete", "--force", "main"]);
    let env = [("HOSTING_TOKEN", TOKEN)];
    shop.refuses(2, &env, &["the main branch is not here", "git fetch origin"]);
}
