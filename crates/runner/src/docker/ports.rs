//! Ports of a container, as `ports` and `--publish` write them.

use super::DockerError;

/// A port to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Port {
    /// The address here; `None`: all.
    pub(crate) address: Option<String>,
    /// The port here; `None`: a free one.
    pub(crate) host: Option<u16>,
    /// The port in the container.
    pub(crate) container: u16,
    /// `tcp`, `udp` or `sctp`
    pub(crate) protocol: String,
}

impl Port {
    /// `[[address:]host:]container[/protocol]`; ranges are several ports.
    pub(crate) fn parse(text: &str) -> Result<Vec<Self>, DockerError> {
        parse(text.trim()).ok_or_else(|| DockerError::Port(text.to_owned()))
    }

    /// How the API names the port in the container.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.container, self.protocol)
    }
}

fn parse(text: &str) -> Option<Vec<Port>> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return None;
    }
    let (outside, container) = match ports.rsplit_once(':') {
        Some((outside, container)) => (Some(outside), container),
        None => (None, ports),
    };
    let (address, host) = match outside.and_then(|outside| outside.rsplit_once(':')) {
        Some((address, host)) => (Some(address), host),
        None => (None, outside.unwrap_or_default()),
    };
    let address = address.map(|address| address.trim_matches(['[', ']'])).filter(|a| !a.is_empty());
    if let Some(address) = address {
        address.parse::<std::net::IpAddr>().ok()?;
    }
    let container: Vec<u16> = range(container)?.collect();
    let host: Vec<Option<u16>> = match host {
        "" => vec![None; container.len()],
        host => range(host)?.map(Some).collect(),
    };
    if host.len() != container.len() {
        return None;
    }
    let pairs = host.into_iter().zip(container);
    let port = |(host, container): (Option<u16>, u16)| Port {
        address: address.map(str::to_owned),
        // 0 asks for a free one, too.
        host: host.filter(|host| *host != 0),
        container,
        protocol: protocol.clone(),
    };
    Some(pairs.map(port).collect())
}

fn range(text: &str) -> Option<std::ops::RangeInclusive<u16>> {
    let number = |text: &str| text.parse::<u16>().ok();
    match text.split_once('-') {
        Some((first, last)) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(first..=last)
        }
        None => number(text).map(|port| port..=port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let ports = Port::parse(text).map_err(|error| error.to_string());
        let ports = ports.unwrap_or_default().into_iter().map(|port| {
            let address = port.address.clone().unwrap_or_default();
            format!("{address}:{:?}:{}", port.host, port.key())
        });
        ports.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ports_are_read_as_docker_does() {
        assert_eq!(shown("80"), ":None:80/tcp");
        assert_eq!(shown("8080:80"), ":Some(8080):80/tcp");
        assert_eq!(shown("127.0.0.1:8080:80/UDP"), "127.0.0.1:Some(8080):80/udp");
        assert_eq!(shown("127.0.0.1::80"), "127.0.0.1:None:80/tcp");
        assert_eq!(shown("[::1]:81:80"), "::1:Some(81):80/tcp");
        assert_eq!(shown("90-91:80-81"), ":Some(90):80/tcp :Some(91):81/tcp");
        assert_eq!(shown("80-81"), ":None:80/tcp :None:81/tcp");
        assert_eq!(shown("0:80"), ":None:80/tcp");
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for wrong in ["", "http", "80/http", "90-91:80", "9-8", "x:8080:80", "70000"] {
            assert!(Port::parse(wrong).is_err(), "{wrong}");
        }
    }
}
