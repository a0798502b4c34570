//! Where buffers lie: on the Z80 behind the image, in bytes from its page-aligned end; on the AVR in RAM, in bytes from
//! its start. Each processor places them in its own way.

use crate::stage::{Answer, Stage, Work};
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

/// A buffer that a kernel counts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    pub name: &'static str,
    pub bytes: usize,
    /// From the start of a page on.
    pub pages: bool,
}

impl Need {
    /// The window of a chat, if the stage is its answer.
    pub fn window(stage: &Stage) -> Option<Self> {
        match &stage.work {
            Work::Answer(Answer::Chat { context, .. }) => {
                Some(Self { name: "window", bytes: (*context).into(), pages: false })
            }
            _ => None,
        }
    }
}

/// All buffers, and where accumulators are in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// The accumulators of each product first, in the order of the stages, then the rest.
    pub buffers: Vec<Buffer>,
    /// For each stage, where the low and the high bytes of each tile begin; the same for bytes. Empty for a stage
    /// without accumulators.
    pub tiles: Vec<Vec<(usize, usize)>>,
    /// Where memory is: before the image ends, it is not known.
    pub start: Option<usize>,
    pub size: usize,
}

/// The name of what a stage needs while it works.
pub fn scratch_name(stage: &str) -> String {
    format!("{stage}_scratch")
}

impl Memory {
    /// Bytes that keys and values of a sequence model take.
    pub fn caches(&self) -> usize {
        self.buffers.iter().filter(|buffer| buffer.name.starts_with("cache")).map(|buffer| buffer.size).sum()
    }

    /// Puts buffers behind all others, each with its bytes: they are kept always.
    pub fn append(&mut self, buffers: &[(&str, usize)]) {
        for &(name, size) in buffers {
            self.buffers.push(Buffer { name: name.into(), offset: self.size, size, stage: None, live: None });
            self.size += size;
        }
    }

    /// Offsets of the low and high byte of accumulator `output` from the start of its array: the same for bytes.
    pub fn accumulator(&self, stage: usize, output: usize) -> (usize, usize) {
        let (low, high) = self.tiles[stage][output / PAGE];
        let behind = output % PAGE;
        let start = self.buffers[stage].offset;
        (low + behind - start, high + behind - start)
    }

    /// Pages from one tile of a stage to the next, where they follow each other at one distance.
    pub fn stride(&self, stage: usize) -> usize {
        match self.tiles[stage].as_slice() {
            [first, second, ..] => (second.0 - first.0) / PAGE,
            _ => self.buffers[stage].size / PAGE,
        }
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
