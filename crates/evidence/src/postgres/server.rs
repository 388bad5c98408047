//! A PostgreSQL that is there for one proof: from the system's binaries, as an unprivileged user,
//! on a socket that nobody else reaches.

use std::ffi::OsString;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use shipway_process::{Contained, Lifetime};
use tempfile::TempDir;
use tokio_postgres::{Client, Config, NoTls};

use super::ProofError;

/// How long it may take to accept connections.
const START: Duration = Duration::from_secs(60);
/// The superuser, which no migration runs as.
const KEEPER: &str = "shipway_keeper";
/// Who migrations run as: owner of the database, and nothing more.
const MIGRATOR: &str = "shipway_migrator";
/// The database.
const DATABASE: &str = "proof";

/// Where migrations are applied.
#[derive(Debug)]
pub enum Place {
    /// A server of its own, gone afterwards.
    ThrowAway(Server),
    /// A database of its own on a server that is there, dropped afterwards.
    Url {
        /// The server, as its URL says.
        config: Box<Config>,
        /// The database made for this.
        database: String,
    },
}

/// A throw-away server. Dropping it ends it and removes its files.
#[derive(Debug)]
pub struct Server {
    /// Dropped first: the server is gone before its files are.
    _process: Contained,
    dir: TempDir,
}

impl Place {
    /// Starts a throw-away server.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub async fn throw_away() -> Result<Self, ProofError> {
        Ok(Self::ThrowAway(Server::start().await?))
    }

    /// Makes a database on the server of a URL. The role needs `CREATEDB`.
    ///
    /// # Errors
    /// When it cannot be reached, or refuses.
    pub async fn at_url(url: &str) -> Result<Self, ProofError> {
        let config: Config = url.parse()?;
        let database = format!("shipway_proof_{}", std::process::id());
        let client = connect(&config).await?;
        client.batch_execute(&format!("CREATE DATABASE {database}")).await?;
        Ok(Self::Url { config: Box::new(config), database })
    }

    /// A connection as migrations have it.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn migrator(&self) -> Result<Client, ProofError> {
        match self {
            Self::ThrowAway(server) => server.connect(MIGRATOR, DATABASE).await,
            Self::Url { config, database } => {
                connect(config.as_ref().clone().dbname(database)).await
            }
        }
    }

    /// A connection that may look everywhere: on a server that is not ours, the same as
    /// [`Self::migrator`].
    ///
    /// # Errors
    /// When it is refused.
    pub async fn keeper(&self) -> Result<Client, ProofError> {
        match self {
            Self::ThrowAway(server) => server.connect(KEEPER, DATABASE).await,
            Self::Url { .. } => self.migrator().await,
        }
    }

    /// Throws everything away.
    ///
    /// # Errors
    /// When the database of a server that is not ours cannot be dropped.
    pub async fn remove(self) -> Result<(), ProofError> {
        if let Self::Url { config, database } = self {
            let client = connect(&config).await?;
            client.batch_execute(&format!("DROP DATABASE {database} WITH (FORCE)")).await?;
        }
        Ok(())
    }
}

impl Server {
    async fn start() -> Result<Self, ProofError> {
        let bin = binaries().ok_or(ProofError::NotInstalled)?;
        let user = unprivileged()?;
        let failed =
            |what: &str, error: std::io::Error| ProofError::Start(format!("{what}: {error}"));
        let dir = tempfile::Builder::new()
            .prefix("shipway-proof.")
            .tempdir()
            .map_err(|error| failed("no temporary folder", error))?;
        let owned = |path: &Path| -> std::io::Result<()> {
            std::fs::create_dir_all(path)?;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
            if let Some(user) = &user {
                chown(path, Some(user.uid), Some(user.gid))?;
            }
            Ok(())
        };
        owned(dir.path()).map_err(|error| failed("the temporary folder", error))?;
        let data = dir.path().join("data");
        let mut initdb = as_user(user.as_ref(), &bin.join("initdb"));
        let arguments =
            ["--auth=trust", "--no-sync", "--no-locale", "--encoding=UTF8", "-U", KEEPER, "-D"];
        initdb.extend(arguments.map(OsString::from));
        initdb.push(data.clone().into());
        let output = Command::new(&initdb[0])
            .args(&initdb[1..])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .current_dir(dir.path())
            .output()
            .map_err(|error| failed("initdb", error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            let reach = if user.is_some() && said.contains("Permission denied") {
                "; the server's user has to be able to reach the folder: set TMPDIR to one such as /tmp"
            } else {
                ""
            };
            return Err(ProofError::Start(format!("initdb: {said}{reach}")));
        }
        let process = run(&bin, user.as_ref(), dir.path(), &data)?;
        let server = Self { _process: process, dir };
        server.wait().await?;
        server.prepare().await?;
        Ok(server)
    }

    /// Waits until it accepts connections.
    async fn wait(&self) -> Result<(), ProofError> {
        let until = Instant::now() + START;
        let mut pause = tokio::time::interval(Duration::from_millis(20));
        loop {
            match self.connect(KEEPER, "postgres").await {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > until => {
                    let log = std::fs::read_to_string(self.dir.path().join("log"));
                    let log = log.unwrap_or_else(|error| error.to_string());
                    return Err(ProofError::Start(format!("{error}\n{}", log.trim())));
                }
                Err(_) => drop(pause.tick().await),
            }
        }
    }

    /// Makes the database and who migrates it: no superuser, so that `COPY … PROGRAM`, files of
    /// the server and languages that reach outside are refused.
    async fn prepare(&self) -> Result<(), ProofError> {
        let client = self.connect(KEEPER, "postgres").await?;
        client
            .batch_execute(&format!(
                "CREATE ROLE {MIGRATOR} LOGIN NOSUPERUSER CREATEROLE NOREPLICATION NOBYPASSRLS"
            ))
            .await?;
        client.batch_execute(&format!("CREATE DATABASE {DATABASE} OWNER {MIGRATOR}")).await?;
        let client = self.connect(KEEPER, DATABASE).await?;
        client.batch_execute(&format!("ALTER SCHEMA public OWNER TO {MIGRATOR}")).await?;
        Ok(())
    }

    async fn connect(&self, user: &str, database: &str) -> Result<Client, ProofError> {
        let mut config = Config::new();
        config.host_path(self.dir.path()).user(user).dbname(database);
        connect(&config).await
    }
}

/// Connects, and carries the connection until the client is dropped.
async fn connect(config: &Config) -> Result<Client, ProofError> {
    let (client, connection) = config.connect(NoTls).await?;
    // What fails on the connection is told to the client's next request as well.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

/// Starts the server: a socket in its own folder, no TCP, nothing synced (nothing is kept).
fn run(bin: &Path, user: Option<&User>, dir: &Path, data: &Path) -> Result<Contained, ProofError> {
    let failed = |error: String| ProofError::Start(error);
    let log = std::fs::File::create(dir.join("log")).map_err(|error| failed(error.to_string()))?;
    let mut command = as_user(user, &bin.join("postgres"));
    command.extend(["-D".into(), data.into(), "-k".into(), dir.into()]);
    for setting in [
        "listen_addresses=",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "shared_buffers=32MB",
        "max_connections=16",
        "max_prepared_transactions=4",
        "autovacuum=off",
        "allow_in_place_tablespaces=on",
        "log_min_messages=fatal",
        "track_counts=on",
    ] {
        command.extend(["-c".into(), setting.into()]);
    }
    let process = shipway_process::Command::new("shipway-proof", &command[0])
        .args(&command[1..])
        .env("PATH", "/usr/bin:/bin")
        .dir(dir)
        .stderr(log)
        .lifetime(Lifetime::WithParent);
    process.spawn().map_err(|error| failed(error.to_string()))
}

#[derive(Debug)]
struct User {
    uid: u32,
    gid: u32,
}

/// Whom the server runs as: ourselves, or, for root, a user without rights.
fn unprivileged() -> Result<Option<User>, ProofError> {
    if !rustix::process::getuid().is_root() {
        return Ok(None);
    }
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some(User { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    };
    find("postgres").or_else(|| find("nobody")).map(Some).ok_or(ProofError::NoUser)
}

/// The program, run as that user, ended when we are.
fn as_user(user: Option<&User>, program: &Path) -> Vec<OsString> {
    let mut command = Vec::new();
    if let Some(User { uid, gid }) = user {
        command.extend(
            [
                "setpriv".into(),
                format!("--reuid={uid}"),
                format!("--regid={gid}"),
                "--clear-groups".into(),
                "--no-new-privs".into(),
                "--pdeathsig=QUIT".into(),
                "--".into(),
            ]
            .map(|word: String| OsString::from(word)),
        );
    }
    command.push(program.into());
    command
}

/// The folder of the newest PostgreSQL that is installed.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path)
        .find(|dir| dir.join("postgres").is_file() && dir.join("initdb").is_file());
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, bin)| bin.join("postgres").is_file())
        .collect();
    versions.sort();
    in_path.or_else(|| versions.pop().map(|(_, bin)| bin))
}
