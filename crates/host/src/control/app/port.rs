//! Ports for processes that listen.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

/// Where ports are looked for: below those that systems give to connections, and to
/// whoever asks for any port at all.
const OURS: Range<u16> = 20_000..30_000;

/// A port that nobody listens on at this moment and that the system gives to nobody
/// by itself: one of those could be gone before the process has started.
pub(super) fn free_port(used: &BTreeSet<u16>) -> io::Result<u16> {
    let given = given_by_the_system();
    // Hosts and versions that look at the same time begin elsewhere.
    let begin = RandomState::new().hash_one(std::process::id()) as usize;
    let free = |port: &u16| {
        !used.contains(port)
            && !given.contains(port)
            && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()
    };
    let ports = OURS.cycle().skip(begin % OURS.len()).take(OURS.len());
    match { ports }.find(free) {
        Some(port) => Ok(port),
        None => any_port(used),
    }
}

/// One of the system's: better than none.
fn any_port(used: &BTreeSet<u16>) -> io::Result<u16> {
    loop {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        if !used.contains(&port) {
            return Ok(port);
        }
    }
}

/// The ports that the system gives to connections (ip(7), `ip_local_port_range`).
fn given_by_the_system() -> Range<u16> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let mut numbers = text.split_whitespace().map_while(|number| number.parse::<u16>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(first), Some(last)) => first..last.saturating_add(1),
        // As Linux has it.
        _ => 32_768..61_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_free_and_none_of_the_systems() {
        let mut used = BTreeSet::new();
        for _ in 0..20 {
            let port = free_port(&used).unwrap();
            let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
            assert!(!given_by_the_system().contains(&port));
            assert!(used.insert(port), "it was given before");
            drop(taken);
        }
    }

    #[test]
    fn what_somebody_listens_on_is_not_free() {
        // Once all but one are used, that one is given only if nobody listens there.
        let port = free_port(&BTreeSet::new()).unwrap();
        let used: BTreeSet<u16> = OURS.filter(|other| *other != port).collect();
        assert_eq!(free_port(&used).unwrap(), port);
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert_ne!(free_port(&used).unwrap(), port);
    }
}
