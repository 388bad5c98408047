//! `shipway host`: the daemons of this machine.

use std::collections::HashMap;
use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use shipway_host::client::{ClientError, HostClient};
use shipway_host::install::{Install, Installed, Scope};
use shipway_host::protocol::{HostStatus, Observed, VersionHealth};

use crate::args::{Host, Report};
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::{executable, host_paths};

/// How long a host may take to say what it runs, where that is an aside.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn host(command: Host) -> Result<Exit, CliError> {
    match command {
        Host::Status(args) => status(&args).await,
        Host::Stop => stop().await,
        Host::Upgrade => upgrade().await,
        Host::Install { system } => install(system),
    }
}

async fn connect() -> Result<Option<HostClient>, CliError> {
    match HostClient::connect(&host_paths()?).await {
        Ok(client) => Ok(Some(client)),
        Err(ClientError::NotRunning { .. }) => Ok(None),
        Err(error) => Err(trouble(&error)),
    }
}

/// Where each app answers, by its name; none when no host runs, and none is
/// started.
pub(super) async fn listening() -> HashMap<String, SocketAddr> {
    let status = async {
        let client = connect().await.ok()??;
        client.status().await.ok()
    };
    // A host that does not answer leaves the answer without addresses.
    let status = tokio::time::timeout(PATIENCE, status).await.ok().flatten();
    let apps = status.into_iter().flat_map(|status| status.apps);
    apps.filter_map(|app| Some((app.app.0, app.listening?))).collect()
}

fn trouble(error: &ClientError) -> CliError {
    CliError::trouble(error.to_string())
}

async fn status(args: &Report) -> Result<Exit, CliError> {
    let Some(client) = connect().await? else {
        if args.json {
            print::json(&serde_json::Value::Null)?;
        } else {
            print::line("no host runs; the next deployment starts it");
        }
        return Ok(Exit::Ok);
    };
    let status = client.status().await.map_err(|error| trouble(&error))?;
    if args.json {
        print::json(&status)?;
    } else {
        tell(&status);
    }
    Ok(Exit::Ok)
}

fn tell(status: &HostStatus) {
    for (name, daemon) in [("keeper", &status.keeper), ("proxy", &status.proxy)] {
        let up = print::took(Duration::from_millis(daemon.up_ms));
        print::line(format!("{name}  process {}  build {}  up {up}", daemon.pid, daemon.build));
    }
    print::line(format!("state and logs in {}", status.dir.display()));
    status.apps.iter().flat_map(app).for_each(print::line);
    for problem in &status.problems {
        print::line(format!("problem: {problem}"));
    }
}

fn app(observed: &Observed) -> Vec<String> {
    let address = observed
        .listening
        .map_or_else(|| "no address".to_owned(), |address| format!("http://{address}"));
    let mut lines = vec![format!("{}  {address}", observed.app.0)];
    if observed.fell_back {
        lines.push("  nobody judged in time: the fallback was taken".to_owned());
    }
    for (id, version) in &observed.versions {
        let share = observed.split.weights.get(id).copied().unwrap_or(0);
        lines.push(format!(
            "  {} ({})  {share} %  {} of {} healthy  {} requests, {} errors, {} open, {} restarts",
            id.0,
            version.label,
            version.healthy,
            version.replicas,
            version.users.requests,
            version.users.errors,
            version.in_flight,
            version.restarts
        ));
        lines.extend(state(&version.health).map(|state| format!("    {state}")));
    }
    lines
}

/// Where a version stands, unless it is simply healthy.
fn state(health: &VersionHealth) -> Option<String> {
    match health {
        VersionHealth::Starting => Some("starting".to_owned()),
        VersionHealth::Draining => Some("draining".to_owned()),
        VersionHealth::Unhealthy { reason } | VersionHealth::Failed { reason } => {
            Some(reason.clone())
        }
        VersionHealth::Healthy => None,
    }
}

async fn stop() -> Result<Exit, CliError> {
    match connect().await? {
        None => print::line("no host runs"),
        Some(client) => {
            client.stop().await.map_err(|error| trouble(&error))?;
            print::line("stopped: every release was drained and ended");
        }
    }
    Ok(Exit::Ok)
}

async fn upgrade() -> Result<Exit, CliError> {
    match connect().await? {
        None => print::line("no host runs; the next deployment starts this build"),
        Some(client) => {
            client.upgrade(&executable()?).await.map_err(|error| trouble(&error))?;
            print::line(format!("the host runs build {}", shipway_host::BUILD));
        }
    }
    Ok(Exit::Ok)
}

fn install(system: bool) -> Result<Exit, CliError> {
    let scope = if system { Scope::System } else { Scope::User };
    let units = match scope {
        Scope::System => PathBuf::from("/etc/systemd/system"),
        Scope::User => {
            let home = env::var_os("HOME").map(PathBuf::from);
            let config = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
            let config = config.or_else(|| home.map(|home| home.join(".config")));
            config.ok_or_else(|| CliError::usage("HOME is not set"))?.join("systemd/user")
        }
    };
    let install = Install {
        scope,
        executable: executable()?,
        paths: host_paths()?,
        units,
        systemd: Path::new("/run/systemd/system").is_dir(),
    };
    let installed =
        install.run(&systemctl).map_err(|error| CliError::trouble(error.to_string()))?;
    match installed {
        Installed::Enabled { unit } => print::line(format!("enabled {}", unit.display())),
        Installed::Unchanged { unit } => {
            print::line(format!("{} is there already, and enabled", unit.display()));
        }
        Installed::NoSystemd { advice } => {
            print::line(advice);
            return Ok(Exit::Failed);
        }
    }
    Ok(Exit::Ok)
}

fn systemctl(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("systemctl").args(arguments).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}
