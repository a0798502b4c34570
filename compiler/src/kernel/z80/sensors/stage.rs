//! The loops over the positions of a window.

use super::product::Subsets;
use super::scale::Scaling;
use super::writer::{Refused, Writer};
use crate::kernel::sensors::net::Window;
use crate::kernel::sensors::place::Place;
use serde::Serialize;

/// Most that a register counts.
pub const COUNT: usize = 255;
/// Bytes that are copied one by one.
const COPIED: usize = 12;

/// Bytes of a row that are spread one by one.
const SPREAD: usize = 24;

/// What brings the bytes of a window together.
#[derive(Serialize)]
pub struct Gather {
    /// The pointer to the first.
    pub from: &'static str,
    pub rows: usize,
    pub run: usize,
    pub step: usize,
    /// Bytes behind those of a row.
    pub skip: usize,
}

impl Gather {
    /// What is known of its jumps.
    pub fn facts(&self, w: &mut Writer, name: &str) {
        let label = format!("{name}_gather");
        w.facts.rounds(&label, self.rows as f64);
        if self.step == 1 && self.run > COPIED {
            w.facts.repeats(format!("{label}>ldir"), self.run as f64);
        }
    }
}

/// How the bytes of a channel are walked over.
#[derive(Serialize)]
pub struct Walk {
    pub rows: usize,
    /// Rounds of a row, and bytes of a round.
    pub times: usize,
    pub unroll: usize,
    pub step: usize,
    pub skip: usize,
}

/// Context of `stage`.
#[derive(Serialize)]
pub struct Stage {
    pub name: String,
    pub from: String,
    pub to: String,
    pub to_skip: usize,
    pub rows: usize,
    pub cols: usize,
    pub right: u16,
    pub down: u16,
    pub kind: &'static str,
    pub channels: usize,
    pub scale: String,
    pub wide: bool,
    /// Records say which results come early.
    pub early: bool,
    pub words: bool,
    #[serde(flatten)]
    pub subsets: Option<Subsets>,
    /// Where the records of a pool are.
    #[serde(rename = "records", skip_serializing_if = "Option::is_none")]
    pub records: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub walk: Option<Walk>,
    /// Sums that are code, and what makes words of bytes for them.
    pub code: Vec<Group>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
}

/// Outputs that read the same bytes: `offset` behind the window. Each is code that leaves its sum where it is scaled.
#[derive(Serialize)]
pub struct Group {
    pub offset: usize,
    pub outputs: Vec<Output>,
}

/// An output: its code, and where it says which results come early.
#[derive(Serialize)]
pub struct Output {
    pub lines: Vec<String>,
    pub early: Option<String>,
}

/// What makes words of the bytes of a window.
#[derive(Serialize)]
pub struct Spread {
    rows: usize,
    run: usize,
    step: usize,
    skip: usize,
    /// Bytes of all words.
    size: usize,
    /// The bytes of a row are counted.
    loops: bool,
}

impl Spread {
    pub fn new(w: &mut Writer, place: &Place, window: &Window, apart: bool) -> Self {
        let array = place.from;
        let step = if apart { array.channels } else { 1 };
        let run = if apart { window.cols } else { window.cols * array.channels };
        let (rows, run) = match !apart && (window.rows == 1 || run == array.pitch()) {
            true => (1, window.rows * run),
            false => (window.rows, run),
        };
        let name = &place.step.name;
        let size = 2 * rows * run;
        w.facts.repeats(format!("{name}_clear>ldir"), (size - 1) as f64);
        w.facts.rounds(format!("{name}_spread"), rows as f64);
        for channel in 1..step {
            w.facts.rounds(format!("{name}_{channel}_spread"), rows as f64);
        }
        // A loop of 256 rounds and more is two.
        let loops = step == 1 && run > SPREAD && run <= COUNT;
        w.facts.rounds(format!("{name}_word"), run as f64);
        let skip = if rows > 1 { array.pitch() - run * step } else { 0 };
        Self { rows, run, step, skip, size, loops }
    }
}

impl Stage {
    pub fn new(
        place: &Place,
        window: &Window,
        (kind, scale, scaling): (&'static str, String, Option<&Scaling>),
        words: bool,
        subsets: Option<Subsets>,
    ) -> Self {
        let array = place.from;
        let (rows, cols) = window.places;
        let right = window.right * array.channels;
        let passed = if cols > 1 { cols * right } else { 0 };
        Self {
            name: place.step.name.clone(),
            from: place.at.clone(),
            to: place.to.clone(),
            to_skip: place.to_skip,
            rows,
            cols,
            right: right as u16,
            // Back to the first column and down: addresses wrap.
            down: (window.down * array.pitch()).wrapping_sub(passed) as u16,
            kind,
            channels: array.channels,
            scale,
            wide: scaling.is_some_and(|scaling| scaling.wide),
            early: scaling.is_some_and(Scaling::is_early),
            words,
            subsets,
            records: None,
            walk: None,
            code: vec![],
            spread: None,
        }
    }

    /// What is known of its loops.
    pub fn facts(&self, w: &mut Writer) {
        w.facts.rounds(format!("{}_row", self.name), self.rows as f64);
        w.facts.rounds(format!("{}_col", self.name), self.cols as f64);
    }
}

/// Refuses what a register does not count.
///
/// # Errors
/// One that is too large.
pub fn counted(all: &[usize]) -> Result<(), Refused> {
    match all.iter().any(|count| *count > COUNT) {
        true => Err(Refused::What(format!(
            "windows of more than {COUNT} rows, columns, channels or positions in a row"
        ))),
        false => Ok(()),
    }
}
