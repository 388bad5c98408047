//! One JSON line a request, written by a thread of its own, so that a slow
//! disk never slows traffic: what does not fit the buffer is dropped, counted,
//! and the count is logged.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Beyond it, lines are dropped.
const BUFFER: usize = 4 * 1024 * 1024;
/// How long a line waits for others to be written with.
const GATHER: Duration = Duration::from_millis(100);
/// At this size it does not wait.
const ENOUGH: usize = 256 * 1024;

/// Where requests are logged. Cheap to clone; the thread ends with the last.
#[derive(Debug, Clone, Default)]
pub struct AccessLog(Option<Arc<Handle>>);

/// Ends the thread when nobody logs any more.
#[derive(Debug)]
struct Handle(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<Lines>,
    changed: Condvar,
    written: Condvar,
}

#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    dropped: u64,
    /// The thread is writing what it took.
    writing: bool,
    /// Somebody waits: do not gather.
    hurry: bool,
    closed: bool,
}

impl AccessLog {
    /// No log.
    pub fn off() -> Self {
        Self(None)
    }

    /// Appends to a file, which is created if it is not there (mode 0640).
    ///
    /// # Errors
    /// When the file cannot be opened or the thread not started.
    pub fn file(path: &Path) -> std::io::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let file = std::fs::OpenOptions::new().append(true).create(true).mode(0o640).open(path)?;
        Self::to(file)
    }

    /// Writes to `out`.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn to(out: impl Write + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let writer = shared.clone();
        std::thread::Builder::new()
            .name("access-log".into())
            .spawn(move || writer.write_to(out))?;
        Ok(Self(Some(Arc::new(Handle(shared)))))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Waits until what was logged so far is written. For the end of the
    /// process: it blocks.
    pub fn flush(&self) {
        let Some(Handle(shared)) = self.0.as_deref() else { return };
        let mut lines = shared.lock();
        lines.hurry = true;
        shared.changed.notify_one();
        let unwritten = |lines: &mut Lines| !lines.bytes.is_empty() || lines.writing;
        drop(shared.written.wait_while(lines, unwritten).unwrap_or_else(PoisonError::into_inner));
    }

    /// Adds a line; `line` must append exactly one, newline included.
    pub(crate) fn write(&self, line: impl FnOnce(&mut Vec<u8>)) {
        let Some(Handle(shared)) = self.0.as_deref() else { return };
        let mut lines = shared.lock();
        if lines.bytes.len() >= BUFFER {
            lines.dropped += 1;
            return;
        }
        let before = lines.bytes.len();
        line(&mut lines.bytes);
        let wake = before == 0 || (before < ENOUGH && lines.bytes.len() >= ENOUGH);
        drop(lines);
        if wake {
            shared.changed.notify_one();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_to(&self, mut out: impl Write) {
        let mut spare = Vec::new();
        loop {
            let (mut bytes, dropped, closed) = self.take(std::mem::take(&mut spare));
            if dropped > 0 {
                bytes.extend_from_slice(format!("{{\"dropped\":{dropped}}}\n").as_bytes());
            }
            if let Err(error) = out.write_all(&bytes).and_then(|()| out.flush()) {
                tracing::error!(%error, bytes = bytes.len(), "the access log cannot be written");
            }
            self.lock().writing = false;
            self.written.notify_all();
            if closed {
                return;
            }
            bytes.clear();
            spare = bytes;
        }
    }

    /// Waits for lines, and a little for more of them.
    fn take(&self, spare: Vec<u8>) -> (Vec<u8>, u64, bool) {
        let recover = PoisonError::into_inner;
        let idle = |lines: &mut Lines| lines.bytes.is_empty() && !lines.closed;
        let few = |lines: &mut Lines| lines.bytes.len() < ENOUGH && !lines.closed && !lines.hurry;
        let lines = self.changed.wait_while(self.lock(), idle).unwrap_or_else(recover);
        let waited = self.changed.wait_timeout_while(lines, GATHER, few);
        let (mut lines, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let bytes = std::mem::replace(&mut lines.bytes, spare);
        lines.writing = true;
        lines.hurry = false;
        (bytes, std::mem::take(&mut lines.dropped), lines.closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    struct Slow {
        may_write: mpsc::Receiver<()>,
        written: mpsc::Sender<Vec<u8>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.may_write.recv().map_err(std::io::Error::other)?;
            self.written.send(bytes.to_vec()).map_err(std::io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_disk_drops_lines_and_says_how_many() {
        let (go, may_write) = mpsc::channel();
        let (written, seen) = mpsc::channel();
        let log = AccessLog::to(Slow { may_write, written }).unwrap();
        let line = vec![b'x'; 1024];
        for _ in 0..20_000 {
            log.write(|out| out.extend_from_slice(&line));
        }
        drop(log);
        let (mut kept, mut text) = (0, String::new());
        while let Ok(()) = go.send(()) {
            let Ok(bytes) = seen.recv() else { break };
            kept += bytes.iter().filter(|&&byte| byte == b'x').count() / 1024;
            text.push_str(&String::from_utf8(bytes).unwrap().replace('x', ""));
        }
        // Told with the first lines too, if the buffer was full before they were taken.
        let number =
            |line: &str| line.strip_prefix("{\"dropped\":")?.strip_suffix('}')?.parse().ok();
        let told: Vec<usize> = text.lines().map(|line| number(line).unwrap()).collect();
        assert!(kept < 20_000 && !told.is_empty(), "{text}");
        assert_eq!(told.iter().sum::<usize>(), 20_000 - kept);
    }
}
