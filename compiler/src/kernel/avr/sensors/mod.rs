//! Programs of networks on numbers on the AVR.
//!
//! `product` sums windows times weights that a loop (`dot`) reads from flash, `code` those that are worth being code, `pool` is what
//! has no weights, `trees` what votes; `rows` runs steps row by row, `gather` adds rows to sums in RAM; `scale` says how results are made of sums, `routine` has the code for it, `far` puts weights where only `elpm` reads, `serial` says whether characters wait long enough, `border` fills what windows read over edges, `numbers` takes lines of
//! numbers and answers. `nomul` has products for chips without `MUL`. `writer` holds the text while it grows.

mod border;
mod code;
mod dot;
mod far;
mod gather;
mod nomul;
mod numbers;
mod pool;
mod product;
mod routine;
mod rows;
mod scale;
mod serial;
mod trees;
mod writer;

use super::board::BoardContext;
use crate::CompileError;
use crate::kernel::sensors::about::{Told, are_parted, labels, table};
use crate::kernel::sensors::net::{Net, Work};
use crate::kernel::sensors::place::{Place, address};
use crate::kernel::sensors::rows::{self as schedules, Event, Rows};
use crate::kernel::sensors::{Costs, Pace, SensorProgram, SensorSite, lower, memory, unsupported};
use crate::kernel::{Buffer, Fragment, Memory, Phase, lines};
use crate::model::Answer;
use crate::stage::label;
use crate::target::{Core, Cpu};
use crate::words::grouped;
use product::Refused;
use serde::Serialize;
use serial::Serial;
use std::collections::BTreeMap;
use writer::Writer;

/// Most bytes of data that `lpm` reads.
const DATA: usize = 62_000;
/// Variables, with their bytes.
const VARIABLES: [(&str, usize); 8] = [
    ("net_rows", 1),
    ("net_state", 1),
    ("net_value", 3),
    ("net_behind", 1),
    ("net_at", 2),
    ("net_left", 2),
    ("net_line_at", 2),
    ("net_row_left", 2),
];
/// Cycles that C takes for a run around it: the call, 18 registers on the stack and off it, and the return.
const CALL: f64 = 3.0 + 5.0 + 18.0 * 4.0 + 4.0;
/// Digits of a number that is sent.
const DIGITS: usize = 18;

/// The program of a network on numbers.
///
/// # Errors
/// What the kernels do not compute, by its name; a damaged template.
pub fn program(site: &SensorSite, core: Core) -> Result<SensorProgram, CompileError> {
    let refuse = |what: String| unsupported(site, &what);
    let net = lower(site.reader, site.body).map_err(refuse)?;
    let found = if site.rows { Rows::smallest(&net) } else { None };
    let (net, by_rows) = found.map_or((net, None), |(net, rows)| (net, Some(rows)));
    let near = DATA.min(site.request.target.whole_flash().unwrap_or(DATA));
    let written = far::written(site.templates, core, near, |w| parts(w, &net, by_rows.as_ref(), site));
    let (mut w, parts) = written.map_err(|refused| match refused {
        Refused::What(what) => refuse(what),
        Refused::Error(error) => error,
    })?;
    let Parts { memory, cycles, play, read, answer, results } = parts;
    let serial = by_rows
        .as_ref()
        .map(|rows| Serial::of(site.request.target, &rows.works(&cycles), rows.values(), memory.size));
    let model = site.request.model;
    if w.data_bytes > near {
        let name = model.head.name.clone();
        let has = if near < DATA { "the flash has" } else { "its program reads" };
        let (bytes, near) = (grouped(w.data_bytes as u64), grouped(near as u64));
        let needs = format!("its weights and tables are {bytes} bytes, and {has} {near}");
        return Err(CompileError::SensorsTooLarge { name, target: site.request.target.name.clone(), needs });
    }
    let labels = labels(&model.answer);
    let library = Library::of(site);
    let mut phases = match streams(site) {
        true => vec![Phase::new("net_begin", "console")],
        false => vec![Phase::new(format!("{}_reading", library.name), "call")],
    };
    phases.append(&mut w.phases);
    phases.extend([Phase::new("net_results", "results"), Phase::shared("net_shared")]);
    let target = site.request.target;
    let board = target
        .board
        .as_ref()
        .and_then(|board| BoardContext::new(&board.device, &board.profile, &model.head.name, &labels, 1));
    let waiting = serial.as_ref().and_then(|serial| serial.ring);
    let context = Program {
        name: &model.head.name,
        about: lines::remark(&model.head.about),
        target: &target.name,
        table: table(&net, by_rows.as_ref()),
        labels: labels.len().checked_sub(1),
        outputs: net.outputs(),
        buffers: memory.buffers.iter().map(|b| Named { name: &b.name, offset: b.offset }).collect(),
        memory_size: memory.size,
        board: board.map(|board| board.asking(&model.head.name, "Type numbers.").waiting(waiting)),
        streams: streams(site),
        library,
        call: w.calls(),
        jump: w.jumps(),
        data: &w.data,
        far: &w.far_data,
        read,
        rows: play,
        stages: &w.code,
        results,
        decide: answer.decide,
        tell: answer.tell,
        routines: &w.routines,
    };
    let code = site.templates.render("sensors.S", context)?;
    let text = Fragment { code, phases, ..Fragment::default() };
    let rows = by_rows.zip(serial).map(|(rows, serial)| Told::of(&net, &rows, &serial.works, serial.loses));
    Ok(SensorProgram { text, memory, outputs: net.outputs(), costs: Costs::Known(w.costs), rows })
}

/// What is written of a program.
struct Parts {
    memory: Memory,
    /// Cycles of each event, where rows are computed while they come, and what runs then.
    cycles: BTreeMap<Event, f64>,
    play: Option<String>,
    read: String,
    answer: numbers::Answering,
    results: String,
}

/// Writes all that has data.
fn parts(w: &mut Writer, net: &Net, by_rows: Option<&Rows>, site: &SensorSite) -> Result<Parts, Refused> {
    let streams = streams(site);
    let (memory, stream) = steps(w, net, by_rows, site)?;
    let (play, begin, cycles) = match stream {
        Some(stream) => (Some(stream.text), Some(stream.begin), stream.cycles),
        None => (None, None, BTreeMap::new()),
    };
    let at = by_rows.map(|rows| address(0, rows.newest(0, 0)));
    let read = numbers::read(w, site.reader, (&net.arrays[0], "net_a0"), streams, at.zip(begin))?;
    if !streams {
        w.cost("call", CALL);
    }
    let answer = numbers::answer(w, &site.request.model.answer, net.outputs(), streams)?;
    let results = results(w, net)?;
    Ok(Parts { memory, cycles, play, read, answer, results })
}

/// Whether there is a console, which hands over characters as they come.
fn streams(site: &SensorSite) -> bool {
    !site.request.target.is_library()
}

/// Writes all steps: those that run while rows come aside.
fn steps(
    w: &mut Writer,
    net: &Net,
    by_rows: Option<&Rows>,
    site: &SensorSite,
) -> Result<(Memory, Option<rows::Stream>), Refused> {
    let (stream, (places, end)) = match by_rows {
        Some(by_rows) => {
            let (places, end) = by_rows.place(net);
            schedules::check::check(net, by_rows, &places, end).map_err(CompileError::memory)?;
            (Some(rows::write(w, net, by_rows, site.pace, write)?), (places, end))
        }
        None => {
            let (places, end) = memory::place(net);
            memory::check(net, &places, end).map_err(CompileError::memory)?;
            (None, (places, end))
        }
    };
    for at in by_rows.map_or(0, |rows| rows.steps)..net.steps.len() {
        let place = Place::of(net, at);
        w.stage(&place.step.name, &format!("step {}: {}", at + 1, place.step.kind));
        write(w, &place, site.pace)?;
    }
    let variables = stream.as_ref().map_or(&[][..], |stream| &stream.variables);
    let memory = buffers(net, (&places, end), variables, site);
    Ok((memory, stream))
}

/// Arrays first, then results, then variables: `more` and those of all programs.
fn buffers(
    net: &Net,
    (places, end): (&[usize], usize),
    more: &[(String, usize)],
    site: &SensorSite,
) -> Memory {
    let mut buffers = Vec::new();
    let mut put = |name: String, offset: usize, size: usize| {
        buffers.push(Buffer { name, offset, size, stage: None, live: None });
    };
    put("net_arrays".into(), 0, end);
    for (array, place) in places.iter().enumerate() {
        put(format!("net_a{array}"), *place, 0);
    }
    let mut size = end;
    let tells = matches!(site.request.model.answer, Answer::Numbers(_)) && !site.request.target.is_library();
    let digits = tells.then_some(("net_digits", DIGITS));
    let triangles = (site.request.target.cpu == Cpu::Avr(Core::Avr25)).then_some(("net_triangle", 3));
    let logits = [("net_logits", 2 * net.outputs())].into_iter();
    let more = more.iter().map(|(name, bytes)| (name.as_str(), *bytes));
    let all = logits.chain(VARIABLES).chain(more).chain(triangles).chain(digits);
    for (name, bytes) in all {
        put(name.into(), size, bytes);
        size += bytes;
    }
    Memory { buffers, tiles: vec![], start: Some(site.request.target.origin.into()), size }
}

/// Writes a step.
fn write(w: &mut Writer, place: &Place, pace: Pace) -> Result<(), Refused> {
    let step = place.step;
    if let Some((array, address)) = &place.begins {
        let text = border::text(w, array, &step.name, address)?;
        w.code += &text;
        w.code.push('\n');
    }
    match &step.work {
        Work::Product(product) => product::write(w, place, product, pace),
        Work::Sum { window, steps } => pool::sum(w, place, *window, steps),
        Work::Max(window) => pool::max(w, place, *window),
        Work::Add { tables, steps } => {
            let other = place.other.clone().expect("a sum is of two arrays");
            pool::add(w, place, other, tables, steps)
        }
        Work::Table(values) => pool::table(w, place, values),
        Work::Trees(forest) => trees::write(w, place, forest, pace),
    }
}

#[derive(Serialize)]
struct Widen {
    from: String,
    count: usize,
}

/// What makes results of 16 bits of the bytes of the last array.
fn results(w: &mut Writer, net: &Net) -> Result<String, CompileError> {
    let Some(array) = net.steps.last().and_then(|step| step.writes) else { return Ok(String::new()) };
    let count = net.arrays[array].values();
    w.cost("results", 13.0 * count as f64 + 20.0);
    w.call("answer.S", "widen", Widen { from: format!("net_a{array}"), count })
}

/// Context of `sensors.S`.
#[derive(Serialize)]
struct Program<'a> {
    name: &'a str,
    about: String,
    target: &'a str,
    /// For the comment on top.
    table: Vec<String>,
    /// How many labels there are, if there are any.
    labels: Option<usize>,
    outputs: usize,
    buffers: Vec<Named<'a>>,
    memory_size: usize,
    board: Option<BoardContext>,
    /// The console hands over characters as they come.
    streams: bool,
    library: Library,
    call: &'static str,
    jump: &'static str,
    data: &'a str,
    /// What ELPM reads.
    far: &'a str,
    read: String,
    /// What runs while rows come.
    rows: Option<String>,
    stages: &'a str,
    results: String,
    decide: Option<String>,
    /// What sends results; `net_answer` runs into it.
    tell: Option<String>,
    routines: &'a str,
}

/// What routines for a program in C are told.
#[derive(Serialize)]
struct Library {
    /// What their names begin with.
    name: String,
    inputs: usize,
    /// Readings, some of which become several values where `parts` is set.
    numbers: usize,
    parts: bool,
    /// What a reading is multiplied by.
    unit: u64,
}

impl Library {
    fn of(site: &SensorSite) -> Self {
        Self {
            name: format!("net_{}", label(&site.request.model.head.name)),
            inputs: site.reader.shape.len(),
            numbers: site.reader.numbers(),
            parts: are_parted(&site.reader.ranks),
            unit: 10u64.pow(site.reader.decimals.into()),
        }
    }
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    offset: usize,
}
