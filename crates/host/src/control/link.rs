//! The proxy's side of the conversation with the keeper. Should the keeper
//! die, a new one is started and given the listening sockets at once.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::keeper::channel::{self, Receiver, Sender};
use crate::keeper::start_in_background;
use crate::keeper::wire::{Answer, Ask, Order, Process, Say, VERSION, Welcome};
use crate::paths::HostPaths;

/// Between two attempts to start a keeper.
const RETRY: Duration = Duration::from_millis(200);

/// An order that did not succeed.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    /// The keeper says no.
    #[error("{0}")]
    Refused(String),
    /// The keeper died before it answered; what became of the order is told
    /// by the next list.
    #[error("the keeper ended before it answered")]
    Lost,
}

/// What the keeper says by itself, and that there is a new one.
#[derive(Debug)]
pub(super) enum News {
    Said(Say),
    /// A new keeper, with what it found running.
    Renewed(Vec<Process>),
}

type Answered = oneshot::Sender<Result<(Answer, Vec<OwnedFd>), LinkError>>;

#[derive(Debug)]
struct Asked {
    order: Order,
    fds: Vec<OwnedFd>,
    answered: Answered,
}

/// How the keeper is spoken to. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Link {
    asks: UnboundedSender<Asked>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Should the keeper end, no other is started.
    ending: AtomicBool,
    /// What a new keeper has to be given.
    listening: Mutex<BTreeMap<SocketAddr, TcpListener>>,
    keeper: Mutex<Welcome>,
}

/// Greets the keeper at the other end of `stream`.
pub(super) async fn open(
    paths: HostPaths,
    executable: PathBuf,
    stream: UnixStream,
) -> io::Result<(Link, UnboundedReceiver<News>)> {
    let (sender, mut receiver) = channel::open(stream)?;
    let (welcome, sockets) = greet(&sender, &mut receiver).await?;
    let listening = welcome.listening.iter().copied();
    let listening = listening.zip(sockets.into_iter().map(TcpListener::from)).collect();
    let shared = Arc::new(Shared {
        ending: AtomicBool::new(false),
        listening: Mutex::new(listening),
        keeper: Mutex::new(welcome),
    });
    let (asks, asked) = unbounded_channel();
    let (news, heard) = unbounded_channel();
    let conversation = Conversation { paths, executable, shared: Arc::clone(&shared), asked, news };
    tokio::spawn(conversation.run(sender, receiver));
    Ok((Link { asks, shared }, heard))
}

impl Link {
    /// Orders something; waits while there is no keeper.
    pub(super) async fn ask(&self, order: Order) -> Result<Answer, LinkError> {
        self.ask_with(order, Vec::new()).await.map(|(answer, _)| answer)
    }

    async fn ask_with(
        &self,
        order: Order,
        fds: Vec<OwnedFd>,
    ) -> Result<(Answer, Vec<OwnedFd>), LinkError> {
        let (answered, answer) = oneshot::channel();
        self.asks.send(Asked { order, fds, answered }).map_err(|_| LinkError::Lost)?;
        answer.await.map_err(|_| LinkError::Lost)?
    }

    /// Orders something whose outcome is told in another way.
    pub(super) fn tell(&self, order: Order) {
        let link = self.clone();
        tokio::spawn(async move {
            if let Err(error) = link.ask(order.clone()).await {
                tracing::warn!(%error, ?order, "the keeper did not do as asked");
            }
        });
    }

    /// A listening socket for `address`, bound now or before.
    pub(super) async fn listen(
        &self,
        address: SocketAddr,
    ) -> Result<(SocketAddr, TcpListener), LinkError> {
        let answered = self.ask_with(Order::Listen { address }, Vec::new()).await?;
        let (Answer::Listening { address }, mut sockets) = answered else {
            return Err(confused());
        };
        let socket = TcpListener::from(sockets.pop().ok_or_else(confused)?);
        let kept = socket.try_clone().map_err(|error| LinkError::Refused(error.to_string()))?;
        self.shared.listening().insert(address, kept);
        Ok((address, socket))
    }

    /// Closes a listening socket.
    pub(super) fn unlisten(&self, address: SocketAddr) {
        self.shared.listening().remove(&address);
        self.tell(Order::Unlisten { address });
    }

    /// Another descriptor of every listening socket.
    pub(super) fn sockets(&self) -> io::Result<BTreeMap<SocketAddr, TcpListener>> {
        let listening = self.shared.listening();
        listening.iter().map(|(address, socket)| Ok((*address, socket.try_clone()?))).collect()
    }

    /// Should the keeper die from now on, its next one is another's business.
    pub(super) fn let_go(&self) {
        self.shared.ending.store(true, Ordering::Relaxed);
    }

    /// Has the keeper end everything and itself; returns when it has.
    pub(super) async fn end(&self) {
        self.shared.ending.store(true, Ordering::Relaxed);
        // Its end is the answer.
        if let Err(error @ LinkError::Refused(_)) = self.ask(Order::End).await {
            tracing::error!(%error, "the keeper does not end");
        }
    }

    /// What runs now.
    pub(super) async fn list(&self) -> Result<Welcome, LinkError> {
        match self.ask(greeting()).await? {
            Answer::Welcome(welcome) => {
                *self.shared.keeper() = welcome.clone();
                Ok(welcome)
            }
            _ => Err(confused()),
        }
    }

    /// What the keeper said of itself last.
    pub(super) fn keeper(&self) -> Welcome {
        self.shared.keeper().clone()
    }
}

impl Shared {
    fn listening(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, TcpListener>> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keeper(&self) -> MutexGuard<'_, Welcome> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn confused() -> LinkError {
    LinkError::Refused("the keeper answered something else".to_owned())
}

fn greeting() -> Order {
    Order::Greet { version: VERSION, build: crate::BUILD.to_owned(), pid: std::process::id() }
}

async fn greet(sender: &Sender, receiver: &mut Receiver) -> io::Result<(Welcome, Vec<OwnedFd>)> {
    sender.send(&Ask { nr: 0, order: greeting() }, &[]).await?;
    loop {
        let heard = receiver.receive::<Say>().await?;
        match heard.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))? {
            (Say::Answer { nr: 0, answer: Answer::Welcome(welcome) }, sockets) => {
                return Ok((welcome, sockets));
            }
            (Say::Answer { nr: 0, answer: Answer::Refused { reason } }, _) => {
                return Err(io::Error::other(reason));
            }
            // Anything else is in the list that is about to come.
            _ => {}
        }
    }
}

/// The task that owns the connection.
struct Conversation {
    paths: HostPaths,
    executable: PathBuf,
    shared: Arc<Shared>,
    asked: UnboundedReceiver<Asked>,
    news: UnboundedSender<News>,
}

impl Conversation {
    /// Speaks to one keeper after the other, until nobody asks any more.
    async fn run(mut self, mut sender: Sender, mut receiver: Receiver) {
        while self.converse(&sender, &mut receiver).await {
            if self.shared.ending.load(Ordering::Relaxed) {
                return;
            }
            tracing::warn!("the keeper ended; another is started");
            (sender, receiver) = self.renew().await;
        }
    }

    /// Returns whether the keeper ended (and not this side).
    async fn converse(&mut self, sender: &Sender, receiver: &mut Receiver) -> bool {
        let mut waiting: HashMap<u64, Answered> = HashMap::new();
        let mut next = 1;
        loop {
            tokio::select! {
                heard = receiver.receive::<Say>() => match heard {
                    Ok(Some((Say::Answer { nr, answer }, fds))) => {
                        if let Some(answered) = waiting.remove(&nr) {
                            let result = match answer {
                                Answer::Refused { reason } => Err(LinkError::Refused(reason)),
                                answer => Ok((answer, fds)),
                            };
                            // Whoever asked may have stopped waiting.
                            let _ = answered.send(result);
                        }
                    }
                    Ok(Some((say, _))) => {
                        // Nobody listens only when the proxy ends.
                        let _ = self.news.send(News::Said(say));
                    }
                    Ok(None) => return true,
                    Err(error) => {
                        tracing::error!(%error, "the keeper cannot be understood");
                        return true;
                    }
                },
                asked = self.asked.recv() => {
                    let Some(Asked { order, fds, answered }) = asked else { return false };
                    waiting.insert(next, answered);
                    let fds: Vec<_> = fds.iter().map(|fd| fd.as_fd()).collect();
                    if sender.send(&Ask { nr: next, order }, &fds).await.is_err() {
                        return true;
                    }
                    next += 1;
                }
            }
        }
    }

    /// Starts keepers until one takes the listening sockets.
    async fn renew(&self) -> (Sender, Receiver) {
        loop {
            match self.try_renew().await {
                Ok((sender, receiver, welcome)) => {
                    let processes = welcome.processes.clone();
                    *self.shared.keeper() = welcome;
                    let _ = self.news.send(News::Renewed(processes));
                    return (sender, receiver);
                }
                Err(error) => {
                    tracing::error!(%error, "no keeper could be started; trying again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    async fn try_renew(&self) -> io::Result<(Sender, Receiver, Welcome)> {
        let (ours, theirs) = UnixStream::pair()?;
        let (paths, executable) = (self.paths.clone(), self.executable.clone());
        tokio::task::spawn_blocking(move || {
            start_in_background(&paths, &executable, theirs.into())
        })
        .await
        .map_err(io::Error::other)??;
        let (sender, mut receiver) = channel::open(ours)?;
        let sockets: Vec<(SocketAddr, TcpListener)> = {
            let listening = self.shared.listening();
            let sockets = listening.iter();
            sockets
                .map(|(address, socket)| Ok((*address, socket.try_clone()?)))
                .collect::<io::Result<_>>()?
        };
        for (address, socket) in sockets {
            // The answer (number 0 too, but `Done`) is passed over by `greet`.
            let order = Order::Keep { address };
            sender.send(&Ask { nr: 0, order }, &[socket.as_fd()]).await?;
        }
        let (welcome, _) = greet(&sender, &mut receiver).await?;
        Ok((sender, receiver, welcome))
    }
}
