//! Programs of networks on numbers on the AVR.
//!
//! `product` sums windows times weights that a loop reads from flash, `code` those that are worth being code, `pool` is what
//! has no weights, `trees` what votes; `scale` says how results are made of sums, `routine` has the code for it, `border` fills what windows read over edges, `numbers` takes lines of
//! numbers and answers. `writer` holds the text while it grows.

mod border;
mod code;
mod numbers;
mod pool;
mod product;
mod routine;
mod scale;
mod trees;
mod writer;

use super::board::BoardContext;
use super::core::assembler_core;
use crate::CompileError;
use crate::asm::Isa;
use crate::kernel::sensors::about::{labels, table};
use crate::kernel::sensors::net::{Net, Work};
use crate::kernel::sensors::place::{Place, address};
use crate::kernel::sensors::{Costs, Pace, SensorProgram, SensorSite, lower, memory, unsupported};
use crate::kernel::{Buffer, Fragment, Memory, Phase, lines};
use crate::model::Answer;
use crate::target::Core;
use crate::words::grouped;
use product::Refused;
use serde::Serialize;
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
/// Digits of a number that is sent.
const DIGITS: usize = 18;

/// The program of a network on numbers.
///
/// # Errors
/// What the kernels do not compute, by its name; a damaged template.
pub fn program(site: &SensorSite, core: Core) -> Result<SensorProgram, CompileError> {
    let refuse = |what: String| unsupported(site, &what);
    if core == Core::Avr25 {
        return Err(refuse("networks on numbers on chips without multiplication".into()));
    }
    let net = lower(site.reader, site.body).map_err(refuse)?;
    let (places, end) = memory::place(&net);
    memory::check(&net, &places, end).map_err(CompileError::memory)?;
    let memory = buffers(&net, &places, end, site);
    let mut w = Writer::new(site.templates, Isa::Avr(assembler_core(core)));
    for at in 0..net.steps.len() {
        write(&mut w, &net, at, site.pace).map_err(|refused| match refused {
            Refused::What(what) => refuse(what),
            Refused::Error(error) => error,
        })?;
    }
    let read = numbers::read(&mut w, site.reader, &net.arrays[0], "net_a0")?;
    let model = site.request.model;
    let answer = numbers::answer(&mut w, &model.answer, net.outputs())?;
    let results = results(&mut w, &net)?;
    if w.data_bytes > DATA {
        let name = model.head.name.clone();
        let needs = format!(
            "its weights and tables are {} bytes, and its program reads {}",
            grouped(w.data_bytes as u64),
            grouped(DATA as u64)
        );
        return Err(CompileError::SensorsTooLarge { name, target: site.request.target.name.clone(), needs });
    }
    let labels = labels(&model.answer);
    let mut phases = vec![Phase::new("net_begin", "console")];
    phases.append(&mut w.phases);
    phases.extend([Phase::new("net_results", "results"), Phase::shared("net_shared")]);
    let target = site.request.target;
    let board = target
        .board
        .as_ref()
        .and_then(|board| BoardContext::new(&board.device, &board.profile, &model.head.name, &labels, 1));
    let context = Program {
        name: &model.head.name,
        about: lines::remark(&model.head.about),
        target: &target.name,
        table: table(&net),
        labels: labels.len().checked_sub(1),
        outputs: net.outputs(),
        buffers: memory.buffers.iter().map(|b| Named { name: &b.name, offset: b.offset }).collect(),
        memory_size: memory.size,
        board: board.map(|board| board.asking(&model.head.name, "Type numbers.")),
        streams: true,
        call: "call",
        data: &w.data,
        read,
        stages: &w.code,
        results,
        decide: answer.decide,
        tell: answer.tell,
        routines: &w.routines,
    };
    let code = site.templates.render("sensors.S", context)?;
    let text = Fragment { code, phases, ..Fragment::default() };
    Ok(SensorProgram { text, memory, outputs: net.outputs(), costs: Costs::Known(w.costs) })
}

/// Arrays first, then results, then variables.
fn buffers(net: &Net, places: &[usize], end: usize, site: &SensorSite) -> Memory {
    let mut buffers = Vec::new();
    let mut put = |name: String, offset: usize, size: usize| {
        buffers.push(Buffer { name, offset, size, stage: None, live: None });
    };
    put("net_arrays".into(), 0, end);
    for (array, place) in places.iter().enumerate() {
        put(format!("net_a{array}"), *place, 0);
    }
    let mut size = end;
    let digits = matches!(site.request.model.answer, Answer::Numbers(_)).then_some(("net_digits", DIGITS));
    let all = [("net_logits", 2 * net.outputs())].into_iter().chain(VARIABLES).chain(digits);
    for (name, bytes) in all {
        put(name.into(), size, bytes);
        size += bytes;
    }
    Memory { buffers, tiles: vec![], start: Some(site.request.target.origin.into()), size }
}

/// Writes a step.
fn write(w: &mut Writer, net: &Net, at: usize, pace: Pace) -> Result<(), Refused> {
    let place = Place::of(net, at);
    let step = place.step;
    w.stage(&step.name, &format!("step {}: {}", at + 1, step.kind));
    if let Some((array, address)) = &place.begins {
        let text = border::text(w, array, &step.name, address)?;
        w.code += &text;
        w.code.push('\n');
    }
    match &step.work {
        Work::Product(product) => product::write(w, &place, product, pace == Pace::Fastest),
        Work::Sum { window, steps } => pool::sum(w, &place, *window, steps),
        Work::Max(window) => pool::max(w, &place, *window),
        Work::Add { tables, steps } => {
            let other = &net.arrays[step.reads[1]];
            let at = address(step.reads[1], other.first());
            pool::add(w, &place, (other, at), tables, steps)
        }
        Work::Table(values) => pool::table(w, &place, values),
        Work::Trees(forest) => trees::write(w, &place, forest, pace),
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
    call: &'static str,
    data: &'a str,
    read: String,
    stages: &'a str,
    results: String,
    decide: Option<String>,
    /// What sends results; `net_answer` runs into it.
    tell: Option<String>,
    routines: &'a str,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    offset: usize,
}
