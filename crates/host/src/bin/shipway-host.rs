//! The daemons alone, for tests of this crate: the commands that `shipway`
//! offers as `shipway host keeper` and `shipway host proxy`.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.split_first_chunk::<2>() {
        Some(([host, keeper], rest)) if host == "host" && keeper == "keeper" => {
            shipway_host::main_keeper(rest.to_vec())
        }
        Some(([host, proxy], rest)) if host == "host" && proxy == "proxy" => {
            shipway_host::main_proxy(rest.to_vec())
        }
        _ => ExitCode::from(2),
    }
}
