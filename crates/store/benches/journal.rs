//! How fast the journal is beside the disk under it.
//!
//! `cargo bench -p shipway-store` (in the folder `SHIPWAY_BENCH_DIR`, else the
//! system's temporary folder, which has to be on the disk in question).
//! Absolute figures are the machine's; the ratios are the journal's.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring program")]

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use shipway_core::journal::{Actor, Cause, NewEntry, Seq, StreamId, Version};
use shipway_store::{Batch, Durability, Epoch, Holder, Journal, Snapshot, Store};

/// How long each round of a measurement lasts.
const ROUND: Duration = Duration::from_millis(300);
/// Measurements that are compared are taken in turn; the medians of the rates
/// and of the ratios within a round count.
const ROUNDS: usize = 15;

fn main() {
    let dir = match std::env::var_os("SHIPWAY_BENCH_DIR") {
        Some(dir) => tempfile::tempdir_in(dir).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    println!("in {}, medians of {ROUNDS} rounds of {ROUND:?}", dir.path().display());
    durable(dir.path());
    grouped(dir.path());
    open_large(dir.path());
}

fn durable(dir: &Path) {
    let store = Store::create(&dir.join("durable")).unwrap();
    let writer = Writer::new(&store, Durability::Durable);
    let (mut overwrite, mut grow, mut one, mut eight) = (vec![], vec![], vec![], vec![]);
    // The log reaches its full size before anything is measured.
    (0..5000).for_each(|version| writer.append(&"env/warm-up".parse().unwrap(), version, 1));
    for round in 0..ROUNDS {
        overwrite.push(raw_syncs(dir, Raw::Overwrite));
        grow.push(raw_syncs(dir, Raw::Grow));
        one.push(writer.run(round, 1));
        eight.push(rate(8, |thread| writer.run(100 + 8 * round + thread, 1)));
    }
    println!(
        "\ndurable                                     per second   beside the raw sync in place"
    );
    line("raw: write 4 KiB in place, fdatasync", &overwrite, &overwrite);
    line("raw: append 4 KiB, fdatasync", &grow, &overwrite);
    line("one caller, one entry an append", &one, &overwrite);
    line("eight callers, one entry an append", &eight, &overwrite);
}

fn grouped(dir: &Path) {
    let store = Store::create(&dir.join("grouped")).unwrap();
    let writer = Writer::new(&store, Durability::Grouped);
    let aim = [50_000.0; ROUNDS];
    let (mut one, mut eight, mut ten, mut hundred) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        let streams = 20 * round;
        one.push(writer.run(streams, 1));
        eight.push(rate(8, |thread| writer.run(streams + 1 + thread, 1)));
        ten.push(writer.run(streams + 10, 10));
        hundred.push(writer.run(streams + 11, 100));
    }
    println!(
        "\ngrouped                                      entries/s   beside the aim of 50,000/s"
    );
    line("one caller, one entry an append", &one, &aim);
    line("eight callers, one entry an append", &eight, &aim);
    line("one caller, ten entries an append", &ten, &aim);
    line("one caller, a hundred entries an append", &hundred, &aim);
}

fn open_large(dir: &Path) {
    let path = dir.join("large");
    let store = Store::create(&path).unwrap();
    let writer = Writer::new(&store, Durability::Grouped);
    for n in 0..1000 {
        let stream = format!("run/{}", n % 50).parse().unwrap();
        writer.append(&stream, n / 50 * 100, 100);
    }
    let bytes = vec![7; 64 << 10];
    let snapshot = Snapshot { view: "status".to_owned(), schema: 1, seq: Seq(100_000), bytes };
    store.journal().put_snapshot(&snapshot).unwrap();
    drop(store);

    let mut times: Vec<f64> = (0..50).map(|_| open_once(&path)).collect();
    times.sort_by(f64::total_cmp);
    println!("\nopen, read the head and a snapshot of 64 KiB, of 100,000 entries");
    println!(
        "median {:.2} ms, worst of 50: {:.2} ms (aim: well under 50 ms)",
        times[25], times[49]
    );

    let store = Store::open(&path).unwrap();
    let start = Instant::now();
    let report = shipway_store::verify(store.journal(), &Default::default()).unwrap();
    let took = start.elapsed().as_secs_f64();
    assert!(report.is_clean());
    println!("verify: {:.0} entries/s", 100_000.0 / took);
}

fn open_once(path: &Path) -> f64 {
    let start = Instant::now();
    let store = Store::open(path).unwrap();
    let head = store.journal().head().unwrap();
    let snapshot = store.journal().get_snapshot("status", 1).unwrap();
    let took = start.elapsed().as_secs_f64() * 1000.0;
    assert_eq!(
        (head.seq, snapshot.map(|snapshot| snapshot.seq)),
        (Seq(100_000), Some(Seq(100_000)))
    );
    took
}

struct Writer<'a> {
    journal: &'a dyn Journal,
    epoch: Epoch,
    durability: Durability,
}

impl<'a> Writer<'a> {
    fn new(store: &'a Store, durability: Durability) -> Self {
        let journal = store.journal();
        let holder = Holder::this_process("measuring");
        let epoch = journal.acquire(&holder, Duration::from_secs(3600)).unwrap();
        Self { journal, epoch, durability }
    }

    /// Appends to a stream of its own for a round; gives entries a second.
    fn run(&self, stream: usize, each: u64) -> f64 {
        let stream = format!("run/{}", stream).parse().unwrap();
        let version = self.journal.read_stream(&stream, Version(0)).unwrap().len() as u64;
        let start = Instant::now();
        let mut entries = 0;
        while start.elapsed() < ROUND {
            self.append(&stream, version + entries, each);
            entries += each;
        }
        entries as f64 / start.elapsed().as_secs_f64()
    }

    fn append(&self, stream: &StreamId, version: u64, count: u64) {
        let entry = NewEntry {
            at: Timestamp::now(),
            actor: Actor::Engine,
            cause: Some(Cause("env/production/000000000017".to_owned())),
            // As long as a step's transition is.
            payload: format!("{{\"event\":\"step_ended\",\"pad\":\"{}\"}}", "x".repeat(200)),
        };
        let entries = vec![entry; usize::try_from(count).unwrap()];
        let batch = Batch::of(stream.clone(), Version(version), entries);
        self.journal.append(self.epoch, batch, self.durability).unwrap();
    }
}

enum Raw {
    Overwrite,
    Grow,
}

fn raw_syncs(dir: &Path, how: Raw) -> f64 {
    let path = dir.join("raw");
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(true).write(true).open(&path).unwrap();
    let block = [7; 4096];
    if matches!(how, Raw::Overwrite) {
        file.write_all_at(&vec![0; 16 << 20], 0).unwrap();
        file.sync_all().unwrap();
    }
    let start = Instant::now();
    let mut count = 0_u64;
    while start.elapsed() < ROUND {
        let place = match how {
            Raw::Overwrite => count % 4096,
            Raw::Grow => count,
        };
        file.write_all_at(&block, place * 4096).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    count as f64 / start.elapsed().as_secs_f64()
}

/// The sum of what so many threads reach at once.
fn rate(threads: usize, run: impl Fn(usize) -> f64 + Sync) -> f64 {
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn({
                    let run = &run;
                    move || run(thread)
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn line(what: &str, rates: &[f64], beside: &[f64]) {
    let ratios = rates.iter().zip(beside).map(|(rate, beside)| rate / beside).collect();
    println!("{what:<42} {:>11.0}   {:>6.2}", median(rates.to_vec()), median(ratios));
}
