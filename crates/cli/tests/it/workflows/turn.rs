//! Cases take turns: as many at a time as the machine has cores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex};

use super::case::Case;
use super::perform;

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// Runs a case when it is its turn; says what is not as expected.
pub(crate) fn take(case: &Case) -> Option<String> {
    let most = std::thread::available_parallelism().map_or(2, usize::from);
    {
        let mut running = RUNNING.lock().unwrap();
        while *running >= most {
            running = ENDED.wait(running).unwrap();
        }
        *running += 1;
    }
    let differences = catch_unwind(AssertUnwindSafe(|| perform::case(case)));
    *RUNNING.lock().unwrap() -= 1;
    ENDED.notify_one();
    let differences = differences.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        vec![text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()]
    });
    (!differences.is_empty()).then(|| format!("✗ {}\n  {}", case.name, differences.join("\n  ")))
}
