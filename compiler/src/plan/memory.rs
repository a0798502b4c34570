//! Where buffers lie: on the Z80 behind the image, in bytes from its page-aligned end; on the AVR in RAM, in bytes
//! from its start (`avr/layout.rs`).
//!
//! On the Z80 accumulator arrays take whole pages: for each tile of 256 outputs a page of low bytes, a page of high
//! bytes, and a third that catches carries out of the high bytes where activations above 255 are added
//! to that page directly. An array lives from the stage that starts it to the last stage that reads it;
//! arrays that never live at the same time share pages.

use super::narrow::Narrow;
use super::network::{Answer, Network, Source, Stage};
use super::z80::wide_hash;
use std::fmt::Write;

/// Bytes of a page: what one register can walk.
pub const PAGE: usize = 256;

/// A named piece of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buffer {
    pub name: String,
    pub offset: usize,
    pub size: usize,
    /// The stage whose accumulators it has.
    pub stage: Option<usize>,
    /// First and last stage during which it must keep its content; `None`: always.
    pub live: Option<(usize, usize)>,
}

/// All buffers, and how accumulators are laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// The accumulators of each stage first, in order, then the rest.
    pub buffers: Vec<Buffer>,
    /// Z80: pages a tile, for each stage: 1 for bytes, 2, or 3 with one for carries.
    pub strides: Vec<usize>,
    /// AVR: for each stage, where the low and the high bytes of each tile begin, from the start of RAM; the same for
    /// bytes.
    pub tiles: Vec<Vec<(usize, usize)>>,
    /// Where memory is: before the image ends, it is not known.
    pub start: Option<usize>,
    pub size: usize,
}

impl Memory {
    /// Offsets of the low and high byte of accumulator `output` from the start of its array: the same
    /// for bytes.
    pub fn accumulator(&self, stage: usize, output: usize) -> (usize, usize) {
        if let Some(tiles) = self.tiles.get(stage) {
            let (low, high) = tiles[output / PAGE];
            let behind = output % PAGE;
            let start = self.buffers[stage].offset;
            return (low + behind - start, high + behind - start);
        }
        let low = output / PAGE * self.strides[stage] * PAGE + output % PAGE;
        (low, if self.strides[stage] == 1 { low } else { low + PAGE })
    }

    /// First address behind all buffers of an image that ends at `image_end`.
    pub fn end(&self, image_end: usize) -> usize {
        self.start.unwrap_or(image_end.next_multiple_of(PAGE)) + self.size
    }

    /// The map as a table.
    pub fn table(&self) -> String {
        let place = if self.start.is_some() { "memory" } else { "memory behind the image" };
        let mut out = format!("{place}:\n");
        for b in self.buffers.iter().filter(|b| b.size > 0) {
            let live =
                b.live.map_or("always".to_string(), |(from, to)| format!("stages {}-{}", from + 1, to + 1));
            let _ = writeln!(out, "  +{:04X}h {:>5} bytes  {:<16} {live}", b.offset, b.size, b.name);
        }
        out
    }
}

/// Lays out the buffers of a network. `stack` bytes are kept for the stack; 0: the console's template says where it is.
pub fn layout(network: &Network, narrow: Option<&Narrow>, stack: usize) -> Memory {
    let mut buffers: Vec<Buffer> = Vec::new();
    let mut strides = Vec::new();
    for (i, stage) in network.stages.iter().enumerate() {
        let big = matches!(stage.source, Source::Hidden { most, .. } if most > 255);
        let bytes = narrow.is_some_and(|n| n.counts(i));
        let stride = if bytes {
            1
        } else if big {
            3
        } else {
            2
        };
        let size = stage.outputs.div_ceil(PAGE) * stride * PAGE;
        let live = live(network, i);
        let offset = first_fit(&buffers, size, live);
        strides.push(stride);
        let name = format!("{}_acc", stage.name);
        buffers.push(Buffer { name, offset, size, stage: Some(i), live: Some(live) });
    }
    let mut size = buffers.iter().map(|b| b.offset + b.size).max().unwrap_or(0);
    let mut keep = |name: &str, bytes: usize| {
        let name = name.to_string();
        buffers.push(Buffer { name, offset: size, size: bytes, stage: None, live: None });
        size += bytes;
    };
    if narrow.is_some_and(|n| n.long.is_some()) {
        keep("net_totals", 2 * PAGE);
        keep("net_rest", 1);
    }
    keep("query_text", 129);
    keep("line", 130);
    keep("query_length", 1);
    keep("net_count", 1);
    if let Answer::Chat { context, .. } = network.answer {
        keep("window", context.into());
        keep("net_left", 1);
    }
    if network.stages.iter().any(seeds_hashes) {
        keep("net_seed", 2);
    }
    if network.stages.iter().any(hashes_words) {
        keep("net_hash", 2);
    }
    keep("caller_stack", 2);
    if stack > 0 {
        keep("stack", stack);
        keep("stack_top", 0);
    }
    Memory { buffers, strides, tiles: vec![], start: None, size }
}

/// First and last stage during which the accumulators of stage `i` must keep their content.
pub fn live(network: &Network, i: usize) -> (usize, usize) {
    let last = network.stages.len() - 1;
    let end = if i == last { last } else { network.readers(i).max().unwrap_or(i) };
    // What is computed before the loop and read inside is read again in the next round.
    let end = if !network.stages[i].in_loop && network.stages[end].in_loop { last } else { end };
    (i, end)
}

/// Whether the hashes of a stage start with another value at each position, or in each band of positions.
fn seeds_hashes(stage: &Stage) -> bool {
    match stage.source {
        Source::Ngrams { .. } => true,
        Source::Trigrams { bands, .. } => bands > 1,
        Source::Hidden { .. } => false,
    }
}

/// Whether the n-grams of a stage need hashes of 16 bits.
pub fn hashes_words(stage: &Stage) -> bool {
    matches!(stage.source, Source::Ngrams { buckets, .. } if wide_hash(buckets))
}

/// The lowest offset at which `size` bytes meet no buffer that lives at the same time.
fn first_fit(buffers: &[Buffer], size: usize, live: (usize, usize)) -> usize {
    let overlaps = |b: &&Buffer| b.live.is_none_or(|(from, to)| from <= live.1 && live.0 <= to);
    let mut taken: Vec<_> = buffers.iter().filter(overlaps).map(|b| (b.offset, b.offset + b.size)).collect();
    taken.sort_unstable();
    let mut offset = 0;
    for (from, to) in taken {
        if offset + size <= from {
            break;
        }
        offset = offset.max(to);
    }
    offset
}
