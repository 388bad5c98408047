//! How long it takes from the decision to switch to the last request that
//! reaches the old version. Measured, not judged:
//!
//!     cargo test --release -p shipway-cli --test it latency -- --ignored --nocapture
//!
//! docs/design/traffic.md has the results.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use indexmap::IndexMap;
use shipway_host::client::HostClient;
use shipway_host::paths::HostPaths;
use shipway_host::protocol::{
    AppId, Apply, Desired, Health, Route, Split, VersionHealth, VersionId, VersionSpec,
};
use shipway_sim::backend::{SETTINGS_FILE, Settings, executable};
use shipway_sim::sandbox::Sandbox;
use shipway_sim::traffic::{Load, Report, Requests};

const SWITCHES: usize = 100;
/// Requests a second: the old version is asked every millisecond.
const RATE: u32 = 1_000;
/// Between two switches; a prime, so that they do not fall in step with
/// anything.
const PAUSE: Duration = Duration::from_millis(53);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement; run it alone"]
async fn of_a_switch() {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
    let paths = HostPaths::at(sandbox.path().join("state/host"), None).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_shipway"));
    let host = HostClient::connect_or_start(&paths, program).await.unwrap();
    let versions = ["old", "new"].map(|name| (id(name), release(&sandbox, name)));
    let wish = |serving: usize, generation| apply(&versions, serving, generation);
    let address = host.apply(wish(0, 1)).await.unwrap().listening.unwrap();
    while !healthy(&host).await {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut load = Load::new(address);
    load.requests = Some(Requests { connections: 50, rate: RATE, body: 500 });
    let load = load.start();
    tokio::time::sleep(Duration::from_secs(1)).await;

    let mut decided = Vec::with_capacity(SWITCHES);
    let mut acknowledged = Vec::with_capacity(SWITCHES);
    for switch in 0..SWITCHES {
        let wish = wish((switch + 1) % 2, 2 + switch as u64);
        let at = SystemTime::now();
        host.apply(wish).await.unwrap();
        acknowledged.push(at.elapsed().unwrap());
        decided.push(at);
        tokio::time::sleep(PAUSE).await;
    }
    decided.push(SystemTime::now());
    let report = load.stop().await;
    report.assert_clean();
    let last = last_on_the_old(&report, &decided);
    println!("{SWITCHES} switches at {RATE} requests a second, from the decision:");
    println!("  until the last request reached the old version: {}", figures(last));
    println!("  until the switch was acknowledged, durable: {}", figures(acknowledged));
    println!("{report}");
    host.stop().await.unwrap();
}

/// For each switch, how long after the decision a request still reached the
/// version that was left.
fn last_on_the_old(report: &Report, decided: &[SystemTime]) -> Vec<Duration> {
    let windows = decided.windows(2).enumerate();
    let last = windows.map(|(switch, window)| {
        let old = ["old", "new"][switch % 2];
        let last = report.last_received(old, window[0]..window[1]);
        last.map_or(Duration::ZERO, |last| last.duration_since(window[0]).unwrap())
    });
    last.collect()
}

fn figures(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
    format!("median {:?}, p99 {:?}, most {:?}", at(50), at(99), at(100))
}

fn id(name: &str) -> VersionId {
    VersionId(name.to_owned())
}

/// A folder to run a version in.
fn release(sandbox: &Sandbox, name: &str) -> PathBuf {
    let dir = sandbox.path().join(name);
    std::fs::create_dir(&dir).unwrap();
    let settings = Settings { version: name.to_owned(), ..Settings::default() };
    std::fs::write(dir.join(SETTINGS_FILE), settings.to_file()).unwrap();
    dir
}

/// Both versions, and all traffic on the `serving`-th.
fn apply(versions: &[(VersionId, PathBuf); 2], serving: usize, generation: u64) -> Apply {
    let specs = versions.iter().map(|(id, dir)| (id.clone(), spec(dir)));
    let weights = IndexMap::from([(versions[serving].0.clone(), 100)]);
    Apply {
        app: AppId("sim/production/web".to_owned()),
        effect: format!("env/production#{generation}"),
        generation,
        desired: Desired {
            versions: specs.collect(),
            route: Some(Route {
                listen: ([127, 0, 0, 1], 0).into(),
                hosts: Vec::new(),
                path: "/".to_owned(),
            }),
            split: Split { weights, ..Split::default() },
            lease: None,
        },
    }
}

fn spec(dir: &Path) -> VersionSpec {
    VersionSpec {
        label: String::new(),
        dir: dir.to_owned(),
        run: executable().unwrap().display().to_string(),
        env: BTreeMap::new(),
        replicas: 1,
        listens: true,
        health: Health {
            path: Some("/health".to_owned()),
            interval_ms: 1_000,
            timeout_ms: 2_000,
            retries: 3,
            start_ms: 30_000,
        },
        memory_max: None,
        cpu_milli: None,
        stop_signal: "TERM".to_owned(),
        stop_grace_ms: 10_000,
        drain_ms: 5_000,
    }
}

async fn healthy(host: &HostClient) -> bool {
    let status = host.status().await.unwrap();
    status.apps[0].versions.values().all(|version| version.health == VersionHealth::Healthy)
}
