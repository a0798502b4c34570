//! What training holds in memory: a chunk at a time, however many pairs there are.
//!
//! Alone in its file: it counts every allocation of the process.

use mlc_trainer::{Chunking, Pair, Pairs, Settings, Spool, Storage, Task, TaskKind, Training, train};
use std::alloc::{GlobalAlloc, Layout, System};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: everything is done by `System`; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Most bytes held while `work` ran, beyond those held before.
fn most_held(work: impl FnOnce()) -> usize {
    let before = HELD.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    work();
    MOST.load(Ordering::Relaxed) - before
}

fn settings() -> Settings {
    Settings::default().with(|s| {
        s.shape.hidden = vec![16];
        s.schedule.epochs = Some(1);
        s.schedule.threads = 1;
    })
}

fn pair(i: usize) -> Pair {
    let reply = ["YES", "NO", "PERHAPS"][i % 3];
    let (query, reply) = (format!("is {i} a number of {} ships", i * 7919 % 1009), reply.into());
    Pair { query: query.into(), reply, source: 0, line: i + 1 }
}

fn file() -> io::Result<Box<dyn Storage>> {
    Ok(Box::new(tempfile::tempfile()?))
}

fn by_chunks(pairs: usize, size: usize) -> usize {
    let (settings, read) = (settings(), Pairs::default());
    most_held(|| {
        let mut spool = Spool::new(file().unwrap());
        (0..pairs).try_for_each(|i| spool.push(&pair(i))).unwrap();
        let chunking = Chunking { size, hold_out: Some(0.1), storage: &file };
        let (task, _) = Task::chunked(spool, &read, TaskKind::Chat, &chunking, &settings).unwrap();
        let trained = train(&Training::new(&task, &settings), &AtomicBool::new(false), &mut |_| {}).unwrap();
        assert_eq!(trained.train.replies + trained.held_out.unwrap().replies, pairs);
    })
}

fn in_memory(pairs: usize) -> (usize, usize) {
    let settings = settings();
    let mut footprint = 0;
    let most = most_held(|| {
        let all = Pairs { pairs: (0..pairs).map(pair).collect(), ..Pairs::default() };
        footprint = all.pairs.iter().map(Pair::footprint).sum();
        let task = Task::chat(&all, &settings).unwrap();
        train(&Training::new(&task, &settings), &AtomicBool::new(false), &mut |_| {}).unwrap();
    });
    (most, footprint)
}

#[test]
fn memory_is_bounded_by_the_chunk() {
    let size = 2_000;
    let (once, four_times) = (by_chunks(30_000, size), by_chunks(120_000, size));
    let (whole, footprint) = in_memory(30_000);
    println!("30,000 pairs: {once} bytes, 120,000: {four_times}, in memory: {whole}, estimated {footprint}");
    assert!(once * 2 < whole, "chunks of {size} hold {once} bytes, all pairs {whole}");
    // Buffers of two megabytes fill with more pairs; growing takes up to that much again.
    assert!(four_times < once + (4 << 20), "{once}, of four times the pairs {four_times}");
    assert!((0.7..1.4).contains(&(footprint as f64 / whole as f64)), "{footprint} estimated, {whole} held");
}
