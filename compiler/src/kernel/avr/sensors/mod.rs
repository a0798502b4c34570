//! Programs of networks on numbers on the AVR.
//!
//! `product` sums windows times weights that a loop (`dot`) reads from flash, `code` those that are worth being code, `pool` is what
//! has no weights, `trees` what votes; `scale` says how results are made of sums, `routine` has the code for it, `border` fills what windows read over edges, `numbers` takes lines of
//! numbers and answers. `nomul` has products for chips without `MUL`. `writer` holds the text while it grows.

mod border;
mod code;
mod dot;
mod nomul;
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
use crate::stage::label;
use crate::target::{Core, Cpu};
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
    let net = lower(site.reader, site.body).map_err(refuse)?;
    let (places, end) = memory::place(&net);
    memory::check(&net, &places, end).map_err(CompileError::memory)?;
    let streams = !site.request.target.is_library();
    let memory = buffers(&net, &places, end, site);
    let mut w = Writer::new(site.templates, Isa::Avr(assembler_core(core)));
    for at in 0..net.steps.len() {
        write(&mut w, &net, at, site.pace).map_err(|refused| match refused {
            Refused::What(what) => refuse(what),
            Refused::Error(error) => error,
        })?;
    }
    let read = numbers::read(&mut w, site.reader, (&net.arrays[0], "net_a0"), streams)?;
    let model = site.request.model;
    let answer = numbers::answer(&mut w, &model.answer, net.outputs(), streams)?;
    let results = results(&mut w, &net)?;
    let flash = site.request.target.whole_flash().unwrap_or(DATA);
    if w.data_bytes > DATA.min(flash) {
        let name = model.head.name.clone();
        let has = if flash < DATA { "the flash has" } else { "its program reads" };
        let needs = format!(
            "its weights and tables are {} bytes, and {has} {}",
            grouped(w.data_bytes as u64),
            grouped(DATA.min(flash) as u64)
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
        streams,
        library: Library::of(site),
        call: w.calls(),
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
    let tells = matches!(site.request.model.answer, Answer::Numbers(_)) && !site.request.target.is_library();
    let digits = tells.then_some(("net_digits", DIGITS));
    let triangles = (site.request.target.cpu == Cpu::Avr(Core::Avr25)).then_some(("net_triangle", 3));
    let logits = [("net_logits", 2 * net.outputs())].into_iter();
    let all = logits.chain(VARIABLES).chain(triangles).chain(digits);
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
        Work::Product(product) => product::write(w, &place, product, pace),
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
    library: Library,
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

/// What routines for a program in C are told.
#[derive(Serialize)]
struct Library {
    /// What their names begin with.
    name: String,
    inputs: usize,
    /// What a reading is multiplied by.
    unit: u64,
}

impl Library {
    fn of(site: &SensorSite) -> Self {
        Self {
            name: format!("net_{}", label(&site.request.model.head.name)),
            inputs: site.reader.shape.len(),
            unit: 10u64.pow(site.reader.decimals.into()),
        }
    }
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    offset: usize,
}
