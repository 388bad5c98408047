//! The same done with many things, on all processors.

use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::thread;

/// More threads than that are not worth their start.
const MOST: usize = 8;

/// As many processors are there for this process, if that can be known. To find it
/// out takes several files of the system's.
pub fn processors() -> Option<usize> {
    static COUNT: OnceLock<Option<usize>> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().ok().map(usize::from))
}

/// What `work` makes of each of `things`, in their order. A panic goes on in the
/// caller.
pub fn map<'t, T: Sync, R: Send>(things: &'t [T], work: impl Fn(&'t T) -> R + Sync) -> Vec<R> {
    let threads = processors().unwrap_or(1).min(MOST);
    let share = things.len().div_ceil(threads).max(1);
    let (own, others) = things.split_at(share.min(things.len()));
    thread::scope(|scope| {
        let each = |things: &'t [T]| things.iter().map(&work).collect::<Vec<R>>();
        let begun = |share| scope.spawn(move || each(share));
        let others: Vec<_> = others.chunks(share).map(begun).collect();
        let mut made = each(own);
        for other in others {
            made.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        made
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_in_their_order() {
        for count in [0, 1, 2, 3, 17, 1_000] {
            let numbers: Vec<usize> = (0..count).collect();
            let doubled: Vec<usize> = numbers.iter().map(|number| number * 2).collect();
            assert_eq!(map(&numbers, |number| number * 2), doubled);
        }
    }
}
