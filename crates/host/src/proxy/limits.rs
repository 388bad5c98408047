//! What a client, a backend or the whole proxy may use at most.

use std::net::IpAddr;
use std::time::Duration;

/// Bounds on everything that a stranger could otherwise grow or hold for ever.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Client connections open at once over all listeners. At the limit the
    /// proxy stops accepting; the kernel's queue holds the rest. 10,000.
    pub connections: usize,
    /// Bytes of one request's head (request line and headers). 32 KiB.
    pub head_bytes: usize,
    /// Header fields of one request. 100.
    pub head_fields: usize,
    /// From a request's first byte to the end of its head. 15 s.
    pub head_timeout: Duration,
    /// How long a client connection may stay open without a request. 75 s.
    pub idle_timeout: Duration,
    /// How long a client may pause in the middle of a body, sending or
    /// receiving. Not between two server-sent events: then nobody waits for
    /// the client. 60 s.
    pub body_timeout: Duration,
    /// Bytes of one request's body; `None` for any size. None.
    pub body_bytes: Option<u64>,
    /// Bytes buffered per connection and direction. 64 KiB.
    pub buffer_bytes: usize,
    /// HTTP/2 streams open at once on one connection. 128.
    pub h2_streams: u32,
    /// How long connecting to a backend may take. 3 s.
    pub connect_timeout: Duration,
    /// From the whole request sent to the head of the answer, else 504. 60 s.
    pub answer_timeout: Duration,
    /// Idle connections kept open to one endpoint. 1,024.
    pub pool_size: usize,
    /// How long a connection to a backend may lie idle before it is closed. 60 s.
    pub pool_idle: Duration,
    /// How long a request waits for a version that has no healthy endpoint at
    /// this moment (it restarts), before it gets 503. 10 s.
    pub hold_timeout: Duration,
    /// Requests that wait so at once; more get 503 right away. 1,024.
    pub held: usize,
    /// Whose `X-Forwarded-*` and `Forwarded` are believed. Nobody's.
    pub trusted: Vec<Network>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            head_bytes: 32 * 1024,
            head_fields: 100,
            head_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(60),
            body_bytes: None,
            buffer_bytes: 64 * 1024,
            h2_streams: 128,
            connect_timeout: Duration::from_secs(3),
            answer_timeout: Duration::from_secs(60),
            pool_size: 1_024,
            pool_idle: Duration::from_secs(60),
            hold_timeout: Duration::from_secs(10),
            held: 1_024,
            trusted: Vec::new(),
        }
    }
}

/// Addresses with a common prefix, such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: u128,
    mask: u128,
}

/// A text that is no address and no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a network: write an address such as 10.0.0.1, or 10.0.0.0/8")]
pub struct BadNetwork(String);

impl Network {
    /// Whether `address` is in it. An IPv4 address and its IPv4-mapped form
    /// are the same.
    pub fn contains(&self, address: IpAddr) -> bool {
        as_v6_bits(address) & self.mask == self.base
    }
}

impl std::str::FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let bad = || BadNetwork(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix: u32 = prefix.map_or(Ok(width), str::parse).map_err(|_| bad())?;
        if prefix > width {
            return Err(bad());
        }
        let mask = u128::MAX.checked_shl(width - prefix).unwrap_or(0);
        Ok(Self { base: as_v6_bits(address) & mask, mask })
    }
}

fn as_v6_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_holds_what_shares_its_prefix() {
        assert!(holds("10.0.0.0/8", "10.255.1.2"));
        assert!(!holds("10.0.0.0/8", "11.0.0.0"));
        assert!(holds("10.0.0.0/8", "::ffff:10.1.1.1"));
        assert!(holds("192.0.2.7", "192.0.2.7"));
        assert!(!holds("192.0.2.7", "192.0.2.6"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1"));
        assert!(!holds("2001:db8::/32", "10.0.0.1"));
        assert!(holds("0.0.0.0/0", "203.0.113.1"));
        assert!(holds("::/0", "203.0.113.1"));
    }

    #[test]
    fn what_is_no_network_is_named() {
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x", "ten"] {
            let error = text.parse::<Network>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")));
        }
    }
}
