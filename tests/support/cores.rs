//! Work shared out to all cores: a test of many networks may be the last one of its binary, and then no core has to wait.

use std::sync::Mutex;
use std::thread;

/// What `work` gives for each item, in their order.
///
/// # Panics
/// When `work` does.
pub fn each<I: Send, T: Send>(items: impl IntoIterator<Item = I>, work: impl Fn(I) -> T + Sync) -> Vec<T> {
    let left = Mutex::new(items.into_iter().collect::<Vec<I>>().into_iter().enumerate());
    let next = || left.lock().expect("nothing panics in here").next();
    let take = || std::iter::from_fn(next).map(|(at, item)| (at, work(item))).collect::<Vec<_>>();
    let threads = thread::available_parallelism().map_or(2, Into::into);
    let mut done = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(take)).collect();
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
        let joined = joined.map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.flatten().collect::<Vec<_>>()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
