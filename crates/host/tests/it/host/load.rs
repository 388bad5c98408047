//! Users: they keep asking while something happens.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::world::get;

/// Users that ask over new connections, one after the other.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    users: Vec<JoinHandle<Seen>>,
}

/// What users saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) answered: u64,
    /// Anything but a 200 with one of the expected bodies.
    pub(crate) failed: Vec<String>,
    pub(crate) refused: u64,
}

impl Load {
    pub(crate) fn start(address: SocketAddr, users: usize, expected: &[&str]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
        let users = (0..users)
            .map(|_| {
                let (stop, expected) = (Arc::clone(&stop), expected.clone());
                std::thread::spawn(move || user(address, &stop, &expected))
            })
            .collect();
        Self { stop, users }
    }

    pub(crate) fn stop(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Seen::default();
        for user in self.users {
            let seen = user.join().unwrap();
            all.answered += seen.answered;
            all.refused += seen.refused;
            all.failed.extend(seen.failed);
        }
        all
    }
}

fn user(address: SocketAddr, stop: &AtomicBool, expected: &[String]) -> Seen {
    let mut seen = Seen::default();
    while !stop.load(Ordering::Relaxed) {
        match get(address, "/") {
            Ok((200, body)) if expected.contains(&body) => seen.answered += 1,
            Ok(answer) => seen.failed.push(format!("{answer:?}")),
            Err(error) => {
                if error.kind() == std::io::ErrorKind::ConnectionRefused {
                    seen.refused += 1;
                }
                seen.failed.push(error.to_string());
            }
        }
    }
    seen
}
