//! Lines and descriptors over a unix socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::Interest;
use tokio::net::UnixStream;

/// The kernel passes at most 253 descriptors at once (`SCM_MAX_FD`, unix(7));
/// more go with further bytes.
const FDS_AT_ONCE: usize = 64;

/// A line longer than this is no message of ours.
const LINE_MAX: usize = 64 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
struct Line<T> {
    /// How many descriptors belong to this line.
    fds: usize,
    message: T,
}

/// The sending half.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    stream: Arc<UnixStream>,
}

/// The receiving half.
#[derive(Debug)]
pub(crate) struct Receiver {
    stream: Arc<UnixStream>,
    bytes: Vec<u8>,
    /// How much of `bytes` is known to hold no end of line.
    searched: usize,
    fds: VecDeque<OwnedFd>,
    /// Whether part of a line was received, for who holds the other half.
    within_line: Arc<AtomicBool>,
}

/// Both halves of one side's end.
pub(crate) fn open(stream: StdStream) -> io::Result<(Sender, Receiver)> {
    stream.set_nonblocking(true)?;
    let stream = Arc::new(UnixStream::from_std(stream)?);
    let sender = Sender { stream: Arc::clone(&stream) };
    let within_line = Arc::default();
    let (bytes, fds) = (Vec::new(), VecDeque::new());
    Ok((sender, Receiver { stream, bytes, searched: 0, fds, within_line }))
}

impl Sender {
    /// Sends a line with its descriptors. To be called by one task at a time,
    /// and not to be given up half-way.
    pub(crate) async fn send<T: Serialize>(
        &self,
        message: &T,
        fds: &[BorrowedFd<'_>],
    ) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Line { fds: fds.len(), message })?;
        line.push(b'\n');
        let mut groups = fds.chunks(FDS_AT_ONCE).peekable();
        let mut rest = &line[..];
        while !rest.is_empty() {
            let group = groups.next().unwrap_or_default();
            // A byte for each group of descriptors still to come.
            let piece = if groups.peek().is_some() { &rest[..1] } else { rest };
            let sent = self
                .stream
                .async_io(Interest::WRITABLE, || send_piece(self.stream.as_fd(), piece, group))
                .await?;
            rest = &rest[sent..];
        }
        Ok(())
    }

    /// The socket itself, to be inherited.
    pub(crate) fn socket(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn send_piece(socket: BorrowedFd<'_>, piece: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_AT_ONCE))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::Error::other("too many descriptors for one message"));
    }
    Ok(sendmsg(socket, &[IoSlice::new(piece)], &mut control, SendFlags::NOSIGNAL)?)
}

impl Receiver {
    /// The next line and its descriptors; `None` when the other side is gone.
    /// May be given up while it waits: nothing is lost.
    pub(crate) async fn receive<T: DeserializeOwned>(
        &mut self,
    ) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
        loop {
            if let Some(line) = self.take_line()? {
                return Ok(Some(line));
            }
            let stream = Arc::clone(&self.stream);
            let read = stream.async_io(Interest::READABLE, || self.read_some()).await;
            match read {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// Tells, while this half waits elsewhere, whether it holds part of a line.
    pub(crate) fn within_line(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.within_line)
    }

    fn take_line<T: DeserializeOwned>(&mut self) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
        let Some(length) = self.bytes[self.searched..].iter().position(|byte| *byte == b'\n')
        else {
            self.searched = self.bytes.len();
            return match self.searched {
                ..LINE_MAX => Ok(None),
                LINE_MAX.. => Err(invalid("the other daemon sent an endless line")),
            };
        };
        let end = self.searched + length;
        let line: Line<T> = serde_json::from_slice(&self.bytes[..end])?;
        self.bytes.drain(..=end);
        self.searched = 0;
        if line.fds > self.fds.len() {
            return Err(invalid("the other daemon announced a descriptor that did not come"));
        }
        let fds = self.fds.drain(..line.fds).collect();
        self.within_line.store(!self.bytes.is_empty(), Ordering::Relaxed);
        Ok(Some((line.message, fds)))
    }

    fn read_some(&mut self) -> io::Result<usize> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_AT_ONCE))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut bytes = [0; 16 * 1024];
        let received = recvmsg(
            &*self.stream,
            &mut [IoSliceMut::new(&mut bytes)],
            &mut control,
            RecvFlags::CMSG_CLOEXEC,
        )?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(fds) = message {
                self.fds.extend(fds);
            }
        }
        self.bytes.extend_from_slice(&bytes[..received.bytes]);
        self.within_line.store(!self.bytes.is_empty(), Ordering::Relaxed);
        Ok(received.bytes)
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read as _, Write as _};

    use super::*;

    #[tokio::test]
    async fn lines_arrive_whole_with_their_own_descriptors() {
        let (ours, theirs) = StdStream::pair().unwrap();
        let (sender, _ours) = open(ours).unwrap();
        let (_theirs, mut receiver) = open(theirs).unwrap();
        let files: Vec<File> = (0..150)
            .map(|number| {
                let mut file = tempfile::tempfile().unwrap();
                write!(file, "{number}").unwrap();
                file
            })
            .collect();
        let long = "x".repeat(1_000_000);
        let send = async {
            let fds: Vec<_> = files.iter().map(AsFd::as_fd).collect();
            sender.send(&"none", &[]).await.unwrap();
            sender.send(&"many", &fds).await.unwrap();
            sender.send(&long, &[]).await.unwrap();
            sender.send(&"one", &fds[7..8]).await.unwrap();
        };
        let receive = async {
            let mut got = Vec::new();
            for _ in 0..4 {
                got.push(receiver.receive::<String>().await.unwrap().unwrap());
            }
            got
        };
        let ((), got) = tokio::join!(send, receive);
        let shape: Vec<_> = got.iter().map(|(text, fds)| (text.len(), fds.len())).collect();
        assert_eq!(shape, [(4, 0), (4, 150), (1_000_000, 0), (3, 1)]);
        let read = |fd: &OwnedFd| {
            let mut file = File::from(fd.try_clone().unwrap());
            std::io::Seek::rewind(&mut file).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            text
        };
        assert_eq!(read(&got[1].1[149]), "149");
        assert_eq!(read(&got[3].1[0]), "7");
        assert!(!receiver.within_line().load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn a_side_that_ends_is_noticed() {
        let (ours, theirs) = StdStream::pair().unwrap();
        let (_sender, mut receiver) = open(ours).unwrap();
        drop(theirs);
        assert!(receiver.receive::<String>().await.unwrap().is_none());
    }
}
