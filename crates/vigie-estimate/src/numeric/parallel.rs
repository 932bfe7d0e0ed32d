//! The same work on any number of threads, with the same answer: results come back in the order of the work.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Applies `work` to every index below `count` on up to `threads` threads; results are in index order.
///
/// Each piece of work must depend on its index only (its own random seed, never a shared stream).
pub fn map<T: Send, F: Fn(usize) -> T + Sync>(count: usize, threads: usize, work: F) -> Vec<T> {
    let threads = threads.clamp(1, 64).min(count.max(1));
    if threads == 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = Vec::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    mine.push((index, work(index)));
                }
                done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).append(&mut mine);
            });
        }
    });
    let mut pairs = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    pairs.sort_by_key(|&(index, _)| index);
    pairs.into_iter().map(|(_, value)| value).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn order_does_not_hang_on_threads() {
        let one = super::map(97, 1, |i| i * i);
        assert_eq!(one, super::map(97, 5, |i| i * i));
        assert!(super::map(0, 3, |i| i).is_empty());
    }
}
