//! A backend's life: start, serve, stop.

use std::convert::Infallible;
use std::fmt;
use std::future::pending;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::faults::eat_memory;
use super::replies::Replies;
use super::settings::Settings;

/// How a backend came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Asked to stop, and every open request was finished.
    Finished,
    /// Asked to stop, and requests were still open when time was up.
    OutOfTime,
    /// `CRASH_AT_START`.
    Crashed,
    /// `DIE_AFTER_MS`.
    Died,
}

impl Ended {
    /// The exit code of the program.
    pub const fn code(self) -> u8 {
        match self {
            Self::Finished => 0,
            Self::OutOfTime => 1,
            Self::Crashed => 3,
            Self::Died => 4,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "stopped, every request finished",
            Self::OutOfTime => "stopped with requests open: out of time",
            Self::Crashed => "crashing at start, as told",
            Self::Died => "dying, as told",
        })
    }
}

/// Runs the program until a signal, or a fault, ends it.
///
/// # Errors
/// When it cannot listen or cannot handle signals.
pub async fn run(settings: Settings) -> std::io::Result<Ended> {
    let mut terms = signal(SignalKind::terminate())?;
    let mut interrupts = signal(SignalKind::interrupt())?;
    let ignore = settings.ignore_term;
    let stop = async {
        loop {
            tokio::select! {
                _ = terms.recv() => {}
                _ = interrupts.recv() => {}
            }
            if !ignore {
                return;
            }
            say("ignoring the signal, as told");
        }
    };
    if settings.crash_at_start {
        return Ok(Ended::Crashed);
    }
    let die_after = settings.die_after;
    let die = async move {
        match die_after {
            Some(after) => sleep(after).await,
            None => pending().await,
        }
    };
    let eat = settings.eat_memory;
    let eater = tokio::spawn(async move {
        if eat > 0 {
            eat_memory(eat).await;
        }
    });
    let ended = tokio::select! {
        ended = live(settings, stop) => ended,
        () = die => Ok(Ended::Died),
    };
    eater.abort();
    ended
}

async fn live(settings: Settings, stop: impl Future<Output = ()>) -> std::io::Result<Ended> {
    tokio::pin!(stop);
    tokio::select! {
        () = sleep(settings.start_delay) => {}
        () = &mut stop => return Ok(Ended::Finished),
    }
    if settings.no_listen {
        say("running without listening, as told");
        stop.await;
        return Ok(Ended::Finished);
    }
    let backend = Backend::start(settings).await?;
    say(&format!("version {} listens on {}", backend.version(), backend.address()));
    stop.await;
    Ok(backend.stop().await)
}

fn say(line: &str) {
    // Nobody reads the output any more when this fails.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A backend that serves within this process. Dropped, it stops accepting;
/// [`Backend::stop`] also finishes what is open.
#[derive(Debug)]
pub struct Backend {
    address: SocketAddr,
    settings: Settings,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Backend {
    /// Listens, and serves from then on.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(settings: Settings) -> std::io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        let address = listener.local_addr()?;
        let stopping = CancellationToken::new();
        let tasks = TaskTracker::new();
        let replies = Arc::new(Replies::new(settings.clone(), stopping.clone(), tasks.clone()));
        tasks.spawn(accept(listener, replies, stopping.clone(), tasks.clone()));
        Ok(Self { address, settings, stopping, tasks })
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its label.
    pub fn version(&self) -> &str {
        &self.settings.version
    }

    /// Stops accepting and finishes open requests.
    pub async fn stop(self) -> Ended {
        self.stopping.cancel();
        self.tasks.close();
        match timeout(self.settings.finish, self.tasks.wait()).await {
            Ok(()) => Ended::Finished,
            Err(_) => Ended::OutOfTime,
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

async fn accept(
    listener: TcpListener,
    replies: Arc<Replies>,
    stopping: CancellationToken,
    tasks: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => return,
        };
        // A client that is gone before it is accepted is no concern of ours.
        let Ok((stream, _)) = accepted else { continue };
        // Only makes small answers slower when it fails.
        let _ = stream.set_nodelay(true);
        let replies = Arc::clone(&replies);
        let stopping = stopping.clone();
        tasks.spawn(async move {
            let service = service_fn(move |request| {
                let replies = Arc::clone(&replies);
                async move { Ok::<_, Infallible>(replies.reply(request).await) }
            });
            let builder = auto::Builder::new(TokioExecutor::new());
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
            tokio::pin!(connection);
            // How a connection ends is for the client to judge.
            tokio::select! {
                _ = connection.as_mut() => return,
                () = stopping.cancelled() => connection.as_mut().graceful_shutdown(),
            }
            let _ = connection.await;
        });
    }
}
