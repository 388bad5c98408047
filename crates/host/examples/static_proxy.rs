//! The proxy alone, with one route: for measurements.
//!
//! `static_proxy LISTEN BACKEND… [--threads N] [--log FILE]`

use std::error::Error;
use std::net::SocketAddr;

use shipway_host::protocol::{AppId, Split, VersionId};
use shipway_host::proxy::{AccessLog, App, Backend, Limits, Proxy, Table};

struct Arguments {
    listen: SocketAddr,
    backends: Vec<SocketAddr>,
    threads: usize,
    log: AccessLog,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    let runtime = match arguments.threads {
        1 => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        threads => tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()?,
    };
    runtime.block_on(run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let version = VersionId("static".into());
    let backend = Backend::new(version.clone());
    backend.set_endpoints(&arguments.backends);
    let split = Split { weights: [(version.clone(), 100)].into(), ..Split::default() };
    let app = App::new(AppId("static".into()), [(version, backend)].into(), &split, true)?;

    let proxy = Proxy::new(Limits::default(), arguments.log);
    let address = proxy.listen(std::net::TcpListener::bind(arguments.listen)?)?;
    let mut table = Table::new();
    table.add(address, &[], "/", app);
    proxy.swap(table);
    tokio::signal::ctrl_c().await?;
    Ok(())
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut addresses = Vec::new();
    let (mut threads, mut log) = (1, AccessLog::off());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match &*word {
            "--threads" => threads = words.next().ok_or("--threads wants a number")?.parse()?,
            "--log" => log = AccessLog::file(words.next().ok_or("--log wants a file")?.as_ref())?,
            address => addresses.push(address.parse()?),
        }
    }
    let mut addresses = addresses.into_iter();
    let listen = addresses.next().ok_or("say where to listen, then the backends")?;
    Ok(Arguments { listen, backends: addresses.collect(), threads, log })
}
