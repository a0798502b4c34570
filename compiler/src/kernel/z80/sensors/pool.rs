//! Steps without weights: sums and largest bytes of windows, sums of two arrays, tables.

use super::scale::{Scaling, Sums};
use super::stage::{Stage, Walk, counted};
use super::writer::{Refused, Writer};
use crate::kernel::sensors::net::{Array, Window};
use crate::kernel::sensors::place::{Place, bounds, rows};
use crate::kernel::sensors::steps::Steps;
use serde::Serialize;

/// Bytes whose sum three bytes with a sign hold.
const MOST: usize = 32_000;
/// Bytes of a round of a walk.
const UNROLLED: usize = 16;

/// Writes sums of windows, channel by channel.
///
/// # Errors
/// What the kernel does not compute; a damaged template.
pub fn sum(w: &mut Writer, place: &Place, window: Window, steps: &[Steps]) -> Result<(), Refused> {
    let name = &place.step.name;
    let channels = place.from.channels;
    let count = window.rows * window.cols;
    if count > MOST {
        return Err(Refused::What(format!("means of more than {MOST} values")));
    }
    let sums = Sums {
        steps: (0..channels).map(|c| &steps[c % steps.len()]).collect(),
        bounds: vec![(0, 255 * count as i64); channels],
        words: place.step.writes.is_none(),
    };
    let scaling = Scaling::choose(&sums, false)?;
    if scaling.is_long() || scaling.wide {
        return Err(Refused::What("means whose sums need more than 24 bits".into()));
    }
    let scale = scaling.write(w, name, &sums)?;
    let data = format!("{name}_records");
    let records: Vec<String> =
        (0..channels).flat_map(|c| scaling.record(name, &sums, c, 0).lines()).collect();
    w.data(&data, &records);
    w.data(&format!("{data}_end"), &[]);
    let stage = Stage::new(place, &window, ("sum", scale, Some(&scaling)), sums.words, None);
    pool(w, place, window, Stage { records: Some(data), ..stage })
}

/// Writes the largest bytes of windows, channel by channel.
///
/// # Errors
/// What the kernel does not compute; a damaged template.
pub fn max(w: &mut Writer, place: &Place, window: Window) -> Result<(), Refused> {
    let stage = Stage::new(place, &window, ("max", String::new(), None), false, None);
    pool(w, place, window, stage)
}

fn pool(w: &mut Writer, place: &Place, window: Window, stage: Stage) -> Result<(), Refused> {
    let array = place.from;
    counted(&[window.places.0, window.places.1, array.channels, window.rows, window.cols])?;
    let all = window.rows * window.cols;
    let dense = window.cols * array.channels == array.pitch();
    let (rows, run) = if dense { (1, all) } else { (window.rows, window.cols) };
    let unroll = (1..=UNROLLED).rev().find(|n| run.is_multiple_of(*n)).unwrap_or(1);
    let (rows, times) = match run / unroll {
        times if times <= 255 => (rows, times),
        // All of the array in rows, which follow each other.
        _ => (window.rows, window.cols),
    };
    let unroll = if rows * times * unroll == all { unroll } else { 1 };
    let skip = if dense { 0 } else { array.pitch() - run * array.channels };
    let name = &place.step.name;
    w.facts
        .rounds(format!("{name}_channel"), array.channels as f64)
        .rounds(format!("{name}_bytes"), times as f64)
        .rounds(format!("{name}_line"), rows as f64)
        .odds(format!("{name}_most"), 0.0);
    let walk = Walk { rows, times, unroll, step: array.channels, skip };
    let stage = Stage { walk: Some(walk), ..stage };
    stage.facts(w);
    Ok(w.add("window.asm", "stage", stage)?)
}

/// Context of `add` and `table`.
#[derive(Serialize)]
struct Bytes {
    name: String,
    from: String,
    other: Option<String>,
    to: String,
    rows: usize,
    run: usize,
    skip: usize,
    other_skip: usize,
    to_skip: usize,
    table: String,
    scale: String,
    words: bool,
    /// The record of all sums, or where those of a row are.
    word: String,
    low: u16,
    early: Option<String>,
    functions: Option<String>,
}

impl Bytes {
    fn new(place: &Place, table: String, (rows, run): (usize, usize)) -> Self {
        Self {
            name: place.step.name.clone(),
            from: place.at.clone(),
            other: None,
            to: place.to.clone(),
            rows,
            run,
            skip: place.from.skip(),
            other_skip: 0,
            to_skip: place.to_skip,
            table,
            scale: String::new(),
            words: false,
            word: String::new(),
            low: 0,
            early: None,
            functions: None,
        }
    }

    fn facts(&self, w: &mut Writer) {
        let next = (self.run as f64).max(1.0);
        w.facts.rounds(format!("{}_next", self.name), next);
        w.facts.rounds(format!("{}_row", self.name), self.rows as f64);
    }
}

/// Writes the sum of two arrays, by an entry of a table for each byte.
///
/// # Errors
/// What the kernel does not compute; a damaged template.
pub fn add(
    w: &mut Writer,
    place: &Place,
    (other, other_at): (&Array, String),
    tables: &[[i32; 256]; 2],
    steps: &[Steps],
) -> Result<(), Refused> {
    let name = &place.step.name;
    let channels = steps.len();
    let words = place.step.writes.is_none();
    let bounds = vec![bounds(tables); channels];
    let sums = Sums { steps: steps.iter().collect(), bounds, words };
    // The tables cannot have a start for each channel.
    let scaling = if channels == 1 { Scaling::choose(&sums, true)? } else { Scaling::by_thresholds(&sums)? };
    let scale = scaling.write(w, name, &sums)?;
    let table = format!("{name}_terms");
    let start = scaling.start(0);
    let entry = |side: usize, byte: usize| {
        let more = if side == 0 { start } else { 0 };
        (i64::from(tables[side][byte]) + more) as u32
    };
    let pages = (0..2).flat_map(|side| (0..4).map(move |byte| (side, 8 * byte)));
    let bytes = pages.flat_map(|(side, shift)| (0..256).map(move |x| (side, shift, x)));
    w.page(&table, bytes.map(|(side, shift, x)| (entry(side, x) >> shift) as u8).collect::<Vec<_>>());
    let shape = match channels {
        1 => rows(&[place.from, other], place.to_skip),
        // The functions of a row lie behind each other.
        _ => (place.from.rows, place.from.cols * place.from.channels),
    };
    counted(&[shape.0])?;
    let record = |channel: usize| scaling.record(name, &sums, channel, 0);
    let word = |low: u8, high: u8| u16::from_le_bytes([low, high]);
    let functions = (channels > 1).then(|| format!("{name}_functions"));
    if let Some(label) = &functions {
        let one = |i: usize| {
            let record = record(i % channels);
            format!("dw {},{}", record.word, word(record.low, record.high))
        };
        w.data(label, &(0..shape.1).map(one).collect::<Vec<_>>());
    }
    let first = record(0);
    let context = Bytes {
        other: Some(other_at),
        other_skip: other.skip(),
        scale,
        words,
        low: word(first.low, first.high),
        word: first.word,
        early: first.early,
        functions,
        ..Bytes::new(place, table, shape)
    };
    context.facts(w);
    Ok(w.add("pool.asm", "add", context)?)
}

/// Writes a table's entry for each byte.
///
/// # Errors
/// A damaged template.
pub fn table(w: &mut Writer, place: &Place, values: &[u8; 256]) -> Result<(), Refused> {
    let table = format!("{}_table", place.step.name);
    w.page(&table, values.iter().copied());
    let shape = rows(&[place.from], place.to_skip);
    counted(&[shape.0])?;
    let context = Bytes::new(place, table, shape);
    context.facts(w);
    Ok(w.add("pool.asm", "table", context)?)
}
