//! What is read, with defaults filled in.

use std::time::Duration;

use shipway_core::config::{
    Approval, Config, Follows, NoEvidence, Placement, RequiredWorkflows, Rollout, SecretSource,
    Service, Signal, Source, Then, show,
};
use shipway_core::ids::{EnvName, ServiceName};

use super::tree::{config, smallest};

const EVERYTHING: &str = "\
project: acme-shop
services:
  api:
    path: ./services/api/
    uses: [shared, worker]
    build: {run: make build, outputs: ['bin/**'], timeout: 1h}
    run: |
      ./bin/api --port $PORT
    health: {path: /health/ready, interval: 250ms, timeout: 1s, retries: 5, start: 1m30s}
    smoke: {run: make smoke, timeout: 10s, on_lost: fail}
    migrations: {dir: db/migrations, apply: make migrate, timeout: 5m, on_lost: retry}
    env: {LEVEL: info, SIZE: 010, FLAG: true, WORD: 'off', SHARED: service}
    secrets: {TOKEN: {env: SHOP_TOKEN}, SHARED_SECRET: {file: /etc/shop/secret}}
    replicas: 2
    resources: {memory: 1.5GiB, cpu: 0.5}
    stop: {signal: INT, grace: 0}
    drain: 1m
  worker:
    path: services/worker
    artifact: worker
    run: python3 main.py
    port: false
environments:
  staging:
    branch: main
  production:
    from: staging
    target: host
    deployed_by: shipway
    listen: 0.0.0.0:8080
    approval: {required: 2, by: [alice, bob], self: true, unverified: true, expires: 2h}
    rollout: {recreate: {bake: 10m}}
    guard:
      error_rate: {over: 0.5%, then: review, at_least: 100}
      latency: {p95: 300ms, p99: 2s, then: notify}
      restarts: off
      no_evidence: ask
      probe: {path: /api, interval: 1s}
    lease: {ttl: 1m, fallback: hold}
    env: {SHARED: environment, STAGE: production, TOKEN: plain}
    secrets: {LEVEL: {env: SHOP_LEVEL}}
    services:
      api: {listen: '[::1]:9000', hosts: [Shop.example.org, '*.example.org'], path: /api, replicas: 4, env: {STAGE: special}}
workflows: {required: [ci.yml]}
limits: {jobs: 2, releases: 3}
";

fn service<'a>(config: &'a Config, name: &str) -> &'a Service {
    &config.services[&ServiceName::new(name).unwrap()]
}

fn place<'a>(config: &'a Config, env: &str, name: &str) -> &'a Placement {
    let environment = &config.environments[&EnvName::new(env).unwrap()];
    &environment.services[&ServiceName::new(name).unwrap()]
}

#[test]
fn the_smallest_file_shown_with_every_default() {
    let shown = show(&config(&smallest("", ""))).unwrap();
    insta::assert_snapshot!(shown, @r#"
    project: shop
    services:
      api:
        path: .
        uses: []
        build: off
        run: ./api
        port: true
        health:
          path: off
          interval: 1s
          timeout: 2s
          retries: 3
          start: 30s
        smoke: off
        migrations: off
        env: {}
        secrets: {}
        replicas: 1
        resources:
          memory: off
          cpu: off
        stop:
          signal: TERM
          grace: 10s
        drain: 30s
    environments:
      prod:
        branch: main
        target: host
        deployed_by: shipway
        listen: '127.0.0.1:0'
        approval: off
        rollout:
          blue_green:
            bake: 30s
        guard:
          error_rate:
            over: 5%
            then: rollback
            at_least: 20
          latency: off
          restarts:
            over: 0
            then: rollback
          no_evidence: wait
          probe:
            path: off
            interval: 250ms
        lease:
          ttl: 30s
          fallback: restore
        env: {}
        secrets: {}
        services:
          api:
            listen: '127.0.0.1:0'
            hosts: []
            path: /
            replicas: 1
            env: {}
            secrets: {}
    workflows:
      required: all
      vars: {}
      secrets: {}
      token: off
      permissions: read
      runs_on: []
      on_lost: fail
    limits:
      jobs: 4
      releases: 10
    "#);
}

#[test]
fn what_is_shown_is_the_same_configuration_when_read_again() {
    for text in [EVERYTHING, &smallest("", "")] {
        let first = config(text);
        let shown = show(&first).unwrap();
        let second = config(&shown);
        assert_eq!(first, second, "{shown}");
        assert_eq!(shown, show(&second).unwrap());
    }
}

#[test]
fn what_the_journal_keeps_is_the_same_configuration() {
    let first = config(EVERYTHING);
    let json = serde_json::to_string(&first).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), first);
}

#[test]
fn each_value_is_what_was_written() {
    let config = config(EVERYTHING);
    let api = service(&config, "api");
    assert_eq!(api.path, "services/api");
    let Source::Build(build) = &api.source else { panic!("{:?}", api.source) };
    assert_eq!(
        (build.outputs.as_slice(), build.timeout.as_secs()),
        (&["bin/**".to_owned()][..], 3600)
    );
    assert_eq!(api.health.start, Duration::from_secs(90));
    assert_eq!(api.resources.memory.unwrap().as_bytes(), 3 << 29);
    assert_eq!(api.resources.cpu.unwrap().milli(), 500);
    assert_eq!((api.stop.signal, api.stop.grace), (Signal::Int, Duration::ZERO));
    let worker = service(&config, "worker");
    assert_eq!((&worker.source, worker.listens), (&Source::Artifact("worker".to_owned()), false));
    assert_eq!(config.workflows.required, RequiredWorkflows::Only(vec!["ci.yml".to_owned()]));

    let production = &config.environments[&EnvName::new("production").unwrap()];
    assert_eq!(production.follows, Follows::From(EnvName::new("staging").unwrap()));
    assert_eq!(production.rollout, Rollout::Recreate { bake: Duration::from_secs(600) });
    assert_eq!(production.guard.restarts, None);
    assert_eq!(production.guard.no_evidence, NoEvidence::Ask);
    let errors = production.guard.error_rate.as_ref().unwrap();
    assert_eq!((errors.then, errors.at_least), (Then::Review, 100));
    assert!(errors.over.is_exceeded_by(6, 1_000) && !errors.over.is_exceeded_by(5, 1_000));
    let Some(Approval { required: 2, self_approval: true, unverified: true, .. }) =
        production.approval
    else {
        panic!("{:?}", production.approval)
    };
}

#[test]
fn an_environments_services_are_resolved() {
    let config = config(EVERYTHING);
    let staging = place(&config, "staging", "api");
    assert_eq!((staging.listen.to_string().as_str(), staging.replicas), ("127.0.0.1:0", 2));
    assert_eq!(staging.env["SIZE"], "010");
    assert_eq!(staging.env["FLAG"], "true");

    let production = place(&config, "production", "api");
    assert_eq!((production.listen.to_string().as_str(), production.replicas), ("[::1]:9000", 4));
    assert_eq!(production.hosts, ["shop.example.org", "*.example.org"]);
    assert_eq!(production.env["SHARED"], "environment");
    assert_eq!(production.env["STAGE"], "special");
    assert_eq!(place(&config, "production", "worker").listen.port(), 8080);
}

#[test]
fn a_name_is_a_variable_or_a_secret_as_the_last_layer_says() {
    let config = config(EVERYTHING);
    let production = place(&config, "production", "api");
    assert_eq!(production.env.get("TOKEN").map(String::as_str), Some("plain"));
    assert!(!production.secrets.contains_key("TOKEN"));
    assert!(!production.env.contains_key("LEVEL"));
    assert_eq!(production.secrets["LEVEL"], SecretSource::Env("SHOP_LEVEL".to_owned()));
}

#[test]
fn short_forms_mean_the_long_ones() {
    let short =
        smallest("build: make\nhealth: /up\nsmoke: make smoke", "rollout: recreate\nlisten: 8080");
    let long = smallest(
        "build: {run: make}\nhealth: {path: /up}\nsmoke: {run: make smoke}\nmigrations: off",
        "rollout: {recreate: {}}\nlisten: 127.0.0.1:8080\napproval: off",
    );
    assert_eq!(config(&short), config(&long));
    assert_eq!(config(&smallest("build: off", "")), config(&smallest("", "")));
}

#[test]
fn workflows_get_vars_and_secrets() {
    let given = "workflows:\n  vars: {REGION: eu}\n  secrets: {TOKEN: {env: SHOP_TOKEN}}\n";
    let config = config(&format!("{}{given}", smallest("", "")));
    assert_eq!(config.workflows.vars["REGION"], "eu");
    let secret = &config.workflows.secrets["TOKEN"];
    assert_eq!(*secret, SecretSource::Env("SHOP_TOKEN".to_owned()));
}
