//! Work shared out to threads that live as long as the work.
//!
//! Starting a thread takes some 20 µs, a batch some milliseconds: no pool is worth its locks here.

/// Runs `work` on each part: the last on this thread, every other on one of its own.
pub(crate) fn each<T: Send>(mut parts: Vec<T>, work: impl Fn(T) + Sync) {
    let Some(own) = parts.pop() else { return };
    std::thread::scope(|scope| {
        for part in parts {
            let work = &work;
            scope.spawn(move || work(part));
        }
        work(own);
    });
}

/// `count` things in at most `threads` parts: how many a part has, at least 1.
pub(crate) fn share(count: usize, threads: usize) -> usize {
    count.div_ceil(threads.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_done_once() {
        for threads in [1, 2, 3, 16] {
            let mut items: Vec<u32> = (0..10).collect();
            each(items.chunks_mut(share(10, threads)).collect(), |part| {
                part.iter_mut().for_each(|i| *i += 100)
            });
            assert_eq!(items, (100..110).collect::<Vec<_>>());
        }
        each(Vec::<u32>::new(), |_| unreachable!("no part"));
    }
}
