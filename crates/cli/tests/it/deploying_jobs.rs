//! Jobs with an `environment` that only workflows deploy to: who agrees to
//! them, and where they are seen.

use serde_json::Value;

use crate::shop::{Config, Shop};

const CONFIG: Config = Config {
    more: "  pages: {deployed_by: workflow, approval: {self: true, unverified: true}}\nworkflows: {required: []}",
    ..Config::DEFAULT
};

const DEPLOY: &str = "\
on: push
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: {name: pages, url: 'https://pages.example'}
    steps: [{run: echo published}]
";

fn shop() -> Shop {
    let shop = Shop::new(&CONFIG);
    shop.repo.write(".github/workflows/deploy.yml", DEPLOY).unwrap();
    shop.repo.commit("Publish pages").unwrap();
    shop
}

fn json(shop: &Shop, arguments: &[&str]) -> Value {
    serde_json::from_str(&shop.run(arguments).stdout).unwrap()
}

#[test]
fn a_job_that_was_agreed_to_is_seen_as_a_deployment() {
    let shop = shop();
    shop.run(&["ship", "--yes"]).assert_code(0);
    let status = shop.run(&["status"]).stdout;
    let line = status.lines().find(|line| line.starts_with("pages")).unwrap_or_default();
    assert!(line.contains("(pages.1) was deployed by job publish"), "{status}");
    assert!(line.ends_with("https://pages.example"), "{status}");
    let history = shop.run(&["history", "pages"]).stdout;
    assert!(history.contains("job publish of ") && history.contains("  ok in "), "{history}");

    let status = json(&shop, &["status", "--json"]);
    let environments = status["environments"].as_array().unwrap();
    let pages = environments.iter().find(|env| env["name"] == "pages").unwrap();
    assert_eq!(pages["jobs"]["deployed"]["job"], "publish");
    let line = &json(&shop, &["history", "pages", "--json"])[0];
    assert_eq!((&line["kind"], &line["release"]), (&Value::from("job"), &Value::Null));
    assert_eq!(line["job"]["url"], "https://pages.example");
    shop.verify();
}

#[test]
fn a_job_that_nobody_agrees_to_waits_and_says_so() {
    let shop = shop();
    let waits = shop.run(&["ship"]);
    waits.assert_code(3);
    let said = "pages waits for approval: `shipway approve pages` or `shipway reject pages`";
    assert!(waits.stdout.contains(said), "{waits}");
    let status = shop.run(&["status"]).stdout;
    assert!(status.contains("job publish waits for approval (0 of 1)"), "{status}");
    shop.run(&["reject", "pages", "--reason", "not on a Friday"]).assert_code(0);
    let history = shop.run(&["history", "pages"]).stdout;
    assert!(history.contains("nothing was deployed yet"), "{history}");
    shop.verify();
}
