//! Where the buffers of an AVR lie, in bytes from the start of its RAM.
//!
//! The kernels walk an array of accumulators by the low byte of a pointer alone. So the low bytes of a tile (up to 256
//! outputs) lie within one page of 256 bytes, and its high bytes as far into another page: one index finds both. An
//! array lives from the stage that starts it to the last stage that reads it; arrays that never live at the same time
//! share bytes. RAM is small, so each array goes to the place where all of them end lowest, pages half full included.

use crate::kernel::memo::Memo;
use crate::kernel::memory::{Buffer, Memory, PAGE, scratch_name};
use crate::stage::{Answer, Array, ArrayElem, Stage, answer, live};

/// Lays out the buffers of a network whose queries have up to `longest` bytes, in RAM that begins at `start`.
pub fn place(stages: &[Stage], scratch: &[usize], start: u16, longest: u8) -> Memory {
    Wanted::of(stages, scratch, start, longest).place(|at| &stages[at].name)
}

/// Bytes that they take. Plans ask for the same arrays with every combination of forms: each is placed once.
pub fn size(stages: &[Stage], scratch: &[usize], start: u16, longest: u8) -> usize {
    static SIZES: Memo<Wanted, usize> = Memo::new();
    let wanted = Wanted::of(stages, scratch, start, longest);
    SIZES.get(wanted.clone(), || wanted.place(|_| "").size)
}

/// All that places depend on.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Wanted {
    /// The accumulators of each stage, and the first and the last stage that need them.
    arrays: Vec<Option<(Array, (usize, usize))>>,
    /// Bytes that each stage needs while it works.
    scratch: Vec<usize>,
    start: u16,
    longest: u8,
    /// Characters of a chat's window.
    window: Option<u8>,
}

impl Wanted {
    fn of(stages: &[Stage], scratch: &[usize], start: u16, longest: u8) -> Self {
        let array = |(at, stage): (usize, &Stage)| Some((stage.array()?, live(stages, at)));
        let window = match answer(stages) {
            Answer::Chat { context, .. } => Some(*context),
            Answer::Label { .. } => None,
        };
        let arrays = stages.iter().enumerate().map(array).collect();
        Self { arrays, scratch: scratch.to_vec(), start, longest, window }
    }

    /// `name` is that of a stage.
    fn place<'n>(&self, name: impl Fn(usize) -> &'n str) -> Memory {
        let mut ram = Ram { start: self.start.into(), buffers: Vec::new() };
        let mut tiles = Vec::new();
        let mut more = Vec::new();
        for (i, array) in self.arrays.iter().enumerate() {
            let Some((array, live)) = *array else {
                tiles.push(vec![]);
                continue;
            };
            let bytes = array.elem == ArrayElem::Bytes;
            // One byte behind the last one ends a scan of bytes.
            let outputs = array.outputs + usize::from(bytes);
            let mut places: Vec<(usize, usize)> = Vec::new();
            for tile in 0..outputs.div_ceil(PAGE) {
                let size = (outputs - tile * PAGE).min(PAGE);
                let behind = places.first().map_or(0, |first| first.0);
                let place = ram.pair(size, live, bytes, behind, &more);
                let part =
                    |name: String, offset| Buffer { name, offset, size, stage: Some(i), live: Some(live) };
                let number = if tile == 0 { String::new() } else { format!("_{tile}") };
                let low = part(format!("{}_acc{number}", name(i)), place.0);
                if tile == 0 {
                    ram.buffers.push(low)
                } else {
                    more.push(low)
                }
                if !bytes {
                    more.push(part(format!("{}_high{number}", name(i)), place.1));
                }
                places.push(place);
            }
            tiles.push(places);
        }
        ram.buffers.append(&mut more);
        for (i, &size) in self.scratch.iter().enumerate().filter(|(_, bytes)| **bytes > 0) {
            ram.scratch(name(i), size, i);
        }
        ram.keep("query_text", usize::from(self.longest) + 2);
        ram.keep("query_length", 1);
        if let Some(window) = self.window {
            ram.keep("window", window.into());
            ram.keep("net_left", 1);
        }
        let size = ram.buffers.iter().map(|b| b.offset + b.size).max().unwrap_or(0);
        Memory { buffers: ram.buffers, tiles, start: Some(ram.start), size }
    }
}

struct Ram {
    /// The address of its first byte.
    start: usize,
    buffers: Vec<Buffer>,
}

impl Ram {
    /// The places for `size` low bytes and as many high ones, the same for bytes; none before `behind`. Of the
    /// places where they end lowest the first.
    fn pair(
        &self,
        size: usize,
        live: (usize, usize),
        bytes: bool,
        behind: usize,
        more: &[Buffer],
    ) -> (usize, usize) {
        let meets = |b: &&Buffer| b.live.is_none_or(|(from, to)| from <= live.1 && live.0 <= to);
        let taken: Vec<(usize, usize)> =
            self.buffers.iter().chain(more).filter(meets).map(|b| (b.offset, b.offset + b.size)).collect();
        let free = |at: usize| taken.iter().all(|&(from, to)| to <= at || at + size <= from);
        let in_page = |at: usize| (self.start + at) % PAGE + size <= PAGE;
        let end = taken.iter().map(|t| t.1).max().unwrap_or(0);
        // Behind everything there are two pages that nobody has.
        let last = end + 2 * PAGE;
        let lows = (behind..=last).filter(|&at| in_page(at) && free(at));
        let pairs = lows.filter_map(|low| {
            let high = if bytes { Some(low) } else { (1..).map(|n| low + n * PAGE).find(|&at| free(at)) };
            high.map(|high| (low, high))
        });
        pairs.min_by_key(|&(low, high)| (high, low)).expect("the page behind everything is free")
    }

    /// What stage `at` needs while it works, from the first start of a page on that is free.
    fn scratch(&mut self, stage: &str, size: usize, at: usize) {
        let meets = |b: &&Buffer| b.live.is_none_or(|(from, to)| from <= at && at <= to);
        let free = |offset: &usize| {
            let taken = self.buffers.iter().filter(meets);
            taken.into_iter().all(|b| b.offset + b.size <= *offset || offset + size <= b.offset)
        };
        let first = self.start.next_multiple_of(PAGE) - self.start;
        let offset = (first..).step_by(PAGE).find(free).expect("behind everything it is free");
        let name = scratch_name(stage);
        self.buffers.push(Buffer { name, offset, size, stage: None, live: Some((at, at)) });
    }

    /// A buffer that is kept always, at the first place that is free.
    fn keep(&mut self, name: &str, size: usize) {
        let free =
            |at: &usize| self.buffers.iter().all(|b| b.offset + b.size <= *at || at + size <= b.offset);
        let offset = (0..).find(free).expect("behind everything it is free");
        self.buffers.push(Buffer { name: name.to_string(), offset, size, stage: None, live: None });
    }
}
