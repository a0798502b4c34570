//! Steps without weights: sums and largest bytes of windows, sums of two arrays, tables.

use super::dot::Moves;
use super::product::{Refused, Stage, StagePart};
use super::scale::{Factors, Scaling, Sums};
use super::writer::{Home, Writer, call};
use crate::kernel::cycles::Code;
use crate::kernel::lines::gnu_bytes;
use crate::kernel::sensors::net::{Array, Window};
use crate::kernel::sensors::place::{Place, bounds, rows};
use crate::kernel::sensors::steps::Steps;
use serde::Serialize;

/// Most that a register counts.
const COUNT: usize = 255;
/// Bytes whose sum three bytes with a sign hold.
const MOST: usize = 32_000;

/// Context of `sum` and `max`.
#[derive(Serialize)]
struct Walk {
    name: String,
    sums: bool,
    /// Sums are in RAM, and stay there.
    gathers: bool,
    rows: usize,
    run: usize,
    step: usize,
    skip: usize,
    cycles: usize,
}

/// Writes sums of windows, channel by channel.
///
/// # Errors
/// What the kernel does not compute; a damaged template.
pub fn sum(w: &mut Writer, place: &Place, window: Window, steps: &[Steps]) -> Result<(), Refused> {
    let (name, channels) = (&place.step.name, place.from.channels);
    let (sums, scaling) = mean(place, window, steps)?;
    if scaling.is_long() {
        return Err(Refused::What("means of 16 bits that no factor of 24 bits gives".into()));
    }
    let (scale, scale_cycles) = scaling.write(w, name, &sums, Factors::Flash(Home::Near))?;
    let routine = format!("{name}_sum");
    let cycles = walk(w, (routine.clone(), true, false), place.from, window)?;
    let (mut lines, mut bytes) = (Vec::new(), 0);
    for c in 0..channels {
        lines.extend(gnu_bytes(scaling.add[c].to_le_bytes().into_iter().take(3)));
        let record = scaling.record(name, c);
        bytes += 3 + bytes_of(&record);
        lines.extend(record);
    }
    let data = format!("{name}_starts");
    w.data(&data, &lines, bytes);
    let each = cycles + scale_cycles + 2.0 * call(w.isa) + 8.0;
    stage(w, place, window, each, (Some(data), routine, scale), sums.words)
}

/// The sums of a window, a channel each, and what becomes of them.
///
/// # Errors
/// More values than a sum holds; functions that no kernel computes.
pub fn mean<'s>(place: &Place, window: Window, steps: &'s [Steps]) -> Result<(Sums<'s>, Scaling), Refused> {
    let (channels, count) = (place.from.channels, window.rows * window.cols);
    if count > MOST {
        return Err(Refused::What(format!("means of more than {MOST} values")));
    }
    let sums = Sums {
        steps: (0..channels).map(|c| &steps[c % steps.len()]).collect(),
        bounds: vec![(0, 255 * count as i64); channels],
        words: place.step.writes.is_none(),
    };
    let scaling = Scaling::choose(&sums)?;
    Ok((sums, scaling))
}

/// Writes the largest bytes of windows, channel by channel.
///
/// # Errors
/// What the kernel does not compute; a damaged template.
pub fn max(w: &mut Writer, place: &Place, window: Window) -> Result<(), Refused> {
    let routine = format!("{}_max", place.step.name);
    let cycles = walk(w, (routine.clone(), false, false), place.from, window)?;
    stage(w, place, window, cycles + call(w.isa) + 8.0, (None, routine, String::new()), false)
}

/// Writes what goes over a channel of a window; its cycles. `sums`: it adds, else it looks for the largest byte; `gathers`: to a sum
/// in RAM.
///
/// # Errors
/// More rows, columns or channels than registers count; a damaged template.
pub fn walk(
    w: &mut Writer,
    (name, sums, gathers): (String, bool, bool),
    array: &Array,
    window: Window,
) -> Result<f64, Refused> {
    let counted = [window.rows, window.cols, window.places.0, window.places.1, array.channels];
    if counted.iter().any(|count| *count > COUNT) {
        return Err(Refused::What(format!(
            "windows of more than {COUNT} rows, columns, channels or positions in a row"
        )));
    }
    let dense = window.cols * array.channels == array.pitch() && window.rows * window.cols <= COUNT;
    let (rows, run) = if dense { (1, window.rows * window.cols) } else { (window.rows, window.cols) };
    let skip = if rows > 1 { array.pitch() - run * array.channels } else { 0 };
    let part = if sums { "sum" } else { "max" };
    let context = Walk { name, sums, gathers, rows, run, step: array.channels, skip, cycles: 0 };
    let code = Code::of(w.isa, "pool.S", part, &context, &[]);
    // A load, an addition or a comparison, and a step on.
    let byte = 7.0;
    let row = 1.0 + run as f64 * byte + (run - 1) as f64 * 3.0 + 2.0 + 2.0 + 3.0;
    let cycles = code.straight() + (run - 1) as f64 * (byte + 3.0) + (rows - 1) as f64 * row;
    w.routine("pool.S", part, Walk { cycles: cycles as usize, ..context })?;
    Ok(cycles)
}

fn stage(
    w: &mut Writer,
    place: &Place,
    window: Window,
    each: f64,
    (data, sums, scale): (Option<String>, String, String),
    words: bool,
) -> Result<(), Refused> {
    let count = place.from.channels;
    let places = (window.places.0 * window.places.1) as f64;
    w.cost(&place.step.name, places * (count as f64 * each + 8.0) + window.places.0 as f64 * 10.0);
    let part = StagePart { sums, count, results: vec![Moves { moves: vec![] }] };
    let stage = Stage::new(
        w,
        place,
        (window.down, window.right, window.places),
        true,
        (data, vec![part], scale),
        words,
    );
    Ok(w.add("window.S", "stage", stage)?)
}

/// Bytes of lines of data.
pub fn bytes_of(lines: &[String]) -> usize {
    lines.iter().map(|line| if line.starts_with(".word") { 2 } else { line.split(',').count() }).sum()
}

/// Context of `bytes`.
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
    /// What Z points to when sums are scaled: at each row.
    records: Option<String>,
    call: &'static str,
    scale: String,
    words: bool,
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
    let sums = Sums { steps: steps.iter().collect(), bounds: vec![bounds(tables); channels], words };
    // The tables cannot have a start for each channel.
    let scaling = if channels == 1 { Scaling::choose(&sums)? } else { Scaling::by_thresholds(&sums)? };
    if scaling.is_long() {
        return Err(Refused::What("sums of two arrays in 16 bits that no factor of 24 bits gives".into()));
    }
    let (scale, cycles) = scaling.write(w, name, &sums, Factors::Flash(Home::Near))?;
    let table = format!("{name}_terms");
    let first = tables[0].iter().map(|&x| i64::from(x) + scaling.add[0]);
    let all = first.chain(tables[1].iter().map(|&x| i64::from(x)));
    let bytes = all.flat_map(|x| (x as i32).to_le_bytes());
    w.data(&table, &gnu_bytes(bytes), 2048);
    let (rows, run) = match channels {
        1 => rows(&[place.from, other], place.to_skip),
        // The functions of a row lie behind each other.
        _ => (place.from.rows, place.from.cols * place.from.channels),
    };
    let mut lines = Vec::new();
    (0..run).for_each(|i| lines.extend(scaling.record(name, i % channels)));
    let records = (!lines.is_empty()).then(|| format!("{name}_functions"));
    if let Some(label) = &records {
        w.data(label, &lines, bytes_of(&lines));
    }
    let context = Bytes {
        name: name.clone(),
        from: place.at.clone(),
        other: Some(other_at),
        to: place.to.clone(),
        rows,
        run,
        skip: place.from.skip(),
        other_skip: other.skip(),
        to_skip: place.to_skip,
        table,
        records,
        call: w.calls(),
        scale,
        words: sums.words,
    };
    w.cost(name, (rows * run) as f64 * (62.0 + cycles + call(w.isa)));
    Ok(w.add("pool.S", "bytes", context)?)
}

/// Writes a table's entry for each byte.
///
/// # Errors
/// A damaged template.
pub fn table(w: &mut Writer, place: &Place, values: &[u8; 256]) -> Result<(), Refused> {
    let name = &place.step.name;
    let table = format!("{name}_table");
    w.data(&table, &gnu_bytes(values.iter().copied()), 256);
    let (rows, run) = rows(&[place.from], place.to_skip);
    let context = Bytes {
        name: name.clone(),
        from: place.at.clone(),
        other: None,
        to: place.to.clone(),
        rows,
        run,
        skip: place.from.skip(),
        other_skip: 0,
        to_skip: place.to_skip,
        table,
        records: None,
        call: w.calls(),
        scale: String::new(),
        words: false,
    };
    w.cost(name, (rows * run) as f64 * 16.0);
    Ok(w.add("pool.S", "bytes", context)?)
}
