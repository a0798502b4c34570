//! Networks row by row: the code that each event of a schedule stands for, and the list of events in flash.

use super::gather::{self, Gathered};
use super::product::Refused;
use super::writer::{Writer, call};
use crate::kernel::Phase;
use crate::kernel::lines::gnu_bytes;
use crate::kernel::sensors::Pace;
use crate::kernel::sensors::net::{Net, Step};
use crate::kernel::sensors::place::{Place, address};
use crate::kernel::sensors::rows::{Event, Rows, gathers};
use serde::Serialize;
use std::collections::BTreeMap;

/// Most kinds of events that a byte counts, with 0 for none.
const KINDS: usize = 255;
/// Bytes that are moved before the count is looked at.
const UNROLLED: [usize; 4] = [8, 4, 2, 1];

/// What runs while rows come.
pub struct Stream {
    /// Code behind `net_input`, with the label `net_play`.
    pub text: String,
    /// What happens before the first value.
    pub begin: String,
    /// Variables, with their bytes.
    pub variables: Vec<(String, usize)>,
    /// Cycles of each event.
    pub cycles: BTreeMap<Event, f64>,
}

#[derive(Serialize)]
struct Play {
    jump: &'static str,
    far: bool,
    labels: Vec<String>,
}

#[derive(Serialize)]
struct Move {
    array: usize,
    from: String,
    to: String,
    unroll: usize,
    times: usize,
    jump: &'static str,
}

/// Bytes that are filled.
#[derive(Serialize)]
struct Fill {
    array: usize,
    at: String,
    count: usize,
    byte: u8,
    call: &'static str,
    jump: &'static str,
}

#[derive(Serialize)]
struct Begin {
    fills: Vec<Fill>,
    sums: Vec<Gathered>,
}

/// The label of what happens.
fn label(net: &Net, event: Event) -> String {
    match event {
        Event::Take => unreachable!("what waits is no code"),
        Event::Move(array) => format!("net_move_{array}"),
        Event::Edge(array) => format!("net_edge_{array}"),
        Event::Run(step) => net.steps[step].name.clone(),
        Event::Finish(step) => format!("{}_finish", net.steps[step].name),
    }
}

/// Writes what runs while rows come, with `step` for one at a row. What the writer has as code is not touched.
///
/// # Errors
/// What the kernels do not compute; a damaged template.
pub fn write(
    w: &mut Writer,
    net: &Net,
    rows: &Rows,
    pace: Pace,
    step: impl Fn(&mut Writer, &Place, Pace) -> Result<(), Refused>,
) -> Result<Stream, Refused> {
    let events = rows.kinds();
    if events.len() >= KINDS {
        return Err(Refused::What(format!("more than {KINDS} kinds of work row by row")));
    }
    let list = rows.list(&events);
    let count = list.len();
    w.data("net_schedule", &gnu_bytes(list), count);
    let before = std::mem::take(&mut w.code);
    let mut stream = Stream {
        text: String::new(),
        begin: String::new(),
        variables: vec![("net_next".into(), 2)],
        cycles: moves(w, net, rows, &events)?,
    };
    let mut sums = Vec::new();
    for at in 0..rows.steps {
        let Step { name, kind, .. } = &net.steps[at];
        w.stage(name, &format!("step {}: {kind}, a row", at + 1));
        let place = Place::of_row(rows, at);
        let mut gathered = None;
        let cycles = cost_of(w, name, times(rows, Event::Run(at)), |w| {
            if !gathers(net, &net.steps[at]) {
                return step(w, &place, pace);
            }
            gathered = Some(gather::row(w, &place, pace)?);
            Ok(())
        })?;
        *stream.cycles.entry(Event::Run(at)).or_default() += cycles;
        if let Some(gathered) = gathered {
            w.code += &format!("\n{name}_finish:\n");
            let cycles = cost_of(w, name, 1.0, |w| gather::finish(w, &place, &gathered))?;
            *stream.cycles.entry(Event::Finish(at)).or_default() += cycles;
            stream.variables.extend(gathered.variables());
            sums.push(gathered);
        }
    }
    if !sums.is_empty() {
        w.routine("rows.S", "copy", ())?;
    }
    let fills = borders(w, net, rows)?;
    stream.begin = w.call("rows.S", "begin", Begin { fills, sums })?;
    stream.text = std::mem::replace(&mut w.code, before);
    Ok(stream)
}

/// How often something happens.
fn times(rows: &Rows, event: Event) -> f64 {
    rows.events.iter().filter(|other| **other == event).count() as f64
}

/// Writes a part of a step that runs so often in a run, and what goes on behind it; its cycles at once.
fn cost_of(
    w: &mut Writer,
    name: &str,
    times: f64,
    write: impl FnOnce(&mut Writer) -> Result<(), Refused>,
) -> Result<f64, Refused> {
    let before = w.costs_of(name);
    w.times = times;
    write(w)?;
    w.times = 1.0;
    w.code += &format!("        {} net_play\n", w.jumps());
    Ok((w.costs_of(name) - before) / times)
}

/// Writes what looks at the list, and what moves and fills rows; cycles of each event without those of its step.
fn moves(w: &mut Writer, net: &Net, rows: &Rows, events: &[Event]) -> Result<BTreeMap<Event, f64>, Refused> {
    let labels = events.iter().map(|event| label(net, *event)).collect();
    w.phases.push(Phase::new("net_play", "rows"));
    let jump = w.jumps();
    w.add("rows.S", "play", Play { jump, far: !w.far.is_empty(), labels })?;
    let mut all = BTreeMap::new();
    for (at, event) in events.iter().enumerate() {
        // It is read, compared with those before it, jumped to and back.
        let cycles = 19.0 + 3.0 * at as f64 + moved(w, rows, *event)?;
        w.cost("rows", times(rows, *event) * cycles);
        all.insert(*event, cycles);
    }
    let waits = 12.0 + 3.0 * events.len() as f64 + call(w.isa);
    w.cost("rows", times(rows, Event::Take) * waits);
    Ok(all)
}

/// Writes what moves or fills rows; its cycles.
fn moved(w: &mut Writer, rows: &Rows, event: Event) -> Result<f64, Refused> {
    let jump = w.jumps();
    match event {
        Event::Move(array) => {
            let pitch = rows.net.arrays[array].pitch();
            let bytes = (rows.kept[array] - 1) * pitch;
            let unroll = UNROLLED.into_iter().find(|unroll| bytes.is_multiple_of(*unroll)).unwrap_or(1);
            let times = bytes / unroll;
            let (from, to) = (address(array, pitch), address(array, 0));
            w.add("rows.S", "move", Move { array, from, to, unroll, times, jump })?;
            Ok(4.0 * bytes as f64 + 4.0 * times as f64 + 5.0)
        }
        Event::Edge(array) => {
            let at = (rows.kept[array] - 1) * rows.net.arrays[array].pitch();
            let fill = fill(w, rows, array, at)?;
            let cycles = 6.0 * fill.count as f64 + call(w.isa) + 12.0;
            w.add("rows.S", "edge", fill)?;
            Ok(cycles)
        }
        Event::Take | Event::Run(_) | Event::Finish(_) => Ok(0.0),
    }
}

/// A buffer from an offset on, filled with the border's byte.
fn fill(w: &mut Writer, rows: &Rows, array: usize, from: usize) -> Result<Fill, Refused> {
    if !std::mem::replace(&mut w.fills, true) {
        w.routine("pool.S", "fill", ())?;
    }
    let (count, byte) = (rows.size(array) - from, rows.net.arrays[array].border.byte);
    Ok(Fill { array, at: address(array, from), count, byte, call: w.calls(), jump: w.jumps() })
}

/// What the buffers of arrays with a border begin with.
fn borders(w: &mut Writer, net: &Net, rows: &Rows) -> Result<Vec<Fill>, Refused> {
    rows.bordered(net).into_iter().map(|array| fill(w, rows, array, 0)).collect()
}
