//! Prints a made-up secret of every kind, `ID<tab>LINE` with line ends escaped: what
//! `benches/secrets/run.sh` plants.

use shipway_checks::secrets::{example, kinds};

fn main() {
    let seed = std::env::args().nth(1).and_then(|seed| seed.parse().ok()).unwrap_or(1);
    for kind in kinds() {
        println!("{}\t{}", kind.id, example::planted(kind, seed).replace('\n', "\\n"));
    }
}
