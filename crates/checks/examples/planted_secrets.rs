//! Prints a made-up secret of every kind, `ID<tab>LINE` with line ends escaped: what
//! `benches/secrets/run.sh` plants.

use std::io::{self, Write as _};

use shipway_checks::secrets::{example, kinds};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let seed = std::env::args().nth(1).and_then(|seed| seed.parse().ok()).unwrap_or(1);
    for kind in kinds() {
        writeln!(out, "{}\t{}", kind.id, example::planted(kind, seed).replace('\n', "\\n"))?;
    }
    Ok(())
}
