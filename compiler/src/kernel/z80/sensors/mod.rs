//! Programs of networks on numbers on the Z80.
//!
//! `product` sums windows times weights by sums of subsets, which `layout` arranges, `code` has weights that are code; `pool` is
//! what has no weights, `trees` what votes; `scale` says how results are made of sums, `stage` has the loops over windows, `border` fills what
//! windows read over edges, `numbers` takes lines of numbers and answers. `writer` holds the text while it grows.

mod border;
mod code;
mod layout;
mod numbers;
mod pool;
mod product;
mod scale;
mod stage;
mod trees;
mod writer;

use super::program::bss;
use crate::CompileError;
use crate::arithmetic::network;
use crate::kernel::called::Called;
use crate::kernel::sensors::about::{labels, table};
use crate::kernel::sensors::net::{Net, Work};
use crate::kernel::sensors::place::Place;
use crate::kernel::sensors::{Costs, Pace, SensorProgram, SensorSite, lower, memory, unsupported};
use crate::kernel::{Buffer, Fragment, Memory, PAGE, Phase, lines};
use crate::target::Machine;
use serde::Serialize;
use writer::{Refused, Writer};

/// Variables, with their bytes. `net_behind` is the last byte of `net_value`.
const VARIABLES: [(&str, usize); 32] = [
    ("net_state", 1),
    ("net_value", 4),
    ("net_left", 2),
    ("net_line_at", 2),
    ("net_row_left", 2),
    ("net_at", 2),
    ("net_to", 2),
    ("net_channel", 2),
    ("net_stream", 2),
    ("net_stack", 2),
    ("net_early", 2),
    ("net_table", 2),
    ("net_stride", 2),
    ("net_step", 2),
    ("net_turns", 10),
    ("net_fill_stack", 2),
    ("net_sum", 4),
    ("net_top", 1),
    ("net_carry", 1),
    ("net_product", 8),
    ("net_kept", 2),
    ("net_best", 2),
    ("net_planes", 1),
    ("net_groups", 1),
    ("net_outputs", 1),
    ("net_rows", 1),
    ("net_cols", 1),
    ("net_walk", 1),
    ("net_rest", 1),
    ("net_digits", 18),
    ("query_length", 1),
    ("query_text", 2),
];
/// Characters of a line that is edited, and of a line for so many values at least.
const LINE: u8 = 255;
const VALUE: usize = 9;

/// The program of a network on numbers.
///
/// # Errors
/// What the kernels do not compute, by its name; a damaged template.
pub fn program(site: &SensorSite) -> Result<SensorProgram, CompileError> {
    let refuse = |what: String| unsupported(site, &what);
    let net = lower(site.reader, site.body).map_err(refuse)?;
    let (places, end) = memory::place(&net);
    memory::check(&net, &places, end).map_err(CompileError::memory)?;
    let mut w = Writer::new(site.templates);
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
    let memory = buffers(&w, &net, &places, end, site);
    let labels = labels(&model.answer);
    let is_called = site.request.target.is_library();
    let mut phases = match is_called {
        true => vec![Phase::new("net_begin", "console")],
        false => vec![Phase::new("start", "console"), Phase::new("set_query", "console")],
    };
    phases.append(&mut w.phases);
    phases.push(Phase::new("net_results", "results"));
    if answer.decide.is_none() && !is_called {
        phases.push(Phase::new("net_tell", "console"));
    }
    phases.push(Phase::shared("net_shared"));
    let target = site.request.target;
    let quoted = |label: &String| lines::quoted(label.as_bytes()).join(",");
    let control = |label: &String| label.bytes().any(|byte| !(32..128).contains(&byte));
    let data = w.take_data();
    let enabled = w.code.lines().chain(w.routines.lines()).filter_map(|line| line.strip_suffix(':'));
    let context = Program {
        name: &model.head.name,
        about: lines::remark(&model.head.about),
        target: &target.name,
        origin: format!("{:05X}h", target.code_origin()),
        bss: bss(memory.start, target),
        called: Called::new(site.request, None, 0),
        table: table(&net, None),
        max_query: LINE,
        streams: streams(&net),
        as_typed: true,
        tab_used: labels.iter().any(|label| label.contains('\t')),
        controls_used: labels.iter().any(control),
        enables: enabled.filter(|label| label.ends_with("_ei")).collect(),
        wanted: network::wanted(site.reader.numbers()),
        outputs: net.outputs(),
        unsure: labels.len().saturating_sub(1),
        labels: labels.iter().map(quoted).collect(),
        read,
        stages: &w.code,
        results,
        decide: answer.decide,
        tell: answer.tell,
        routines: &w.routines,
        data: &data,
        buffers: memory.buffers.iter().map(Named::new).collect(),
        memory_size: memory.size,
    };
    let code = site.templates.render("sensors.asm", context)?;
    let text = Fragment { code, phases, ..Fragment::default() };
    let facts = w.known_facts();
    Ok(SensorProgram { text, memory, outputs: net.outputs(), costs: Costs::Jumps(facts), rows: None })
}

/// Whether lines may be longer than one that is edited.
fn streams(net: &Net) -> bool {
    net.arrays[0].values() * VALUE > LINE.into()
}

/// Tables first, which begin with a page; then arrays, what windows need, results, variables, and the stack.
fn buffers(w: &Writer, net: &Net, places: &[usize], end: usize, site: &SensorSite) -> Memory {
    let mut buffers = Vec::new();
    let mut size = 0;
    let mut put = |name: &str, bytes: usize| {
        buffers.push(Buffer { name: name.into(), offset: size, size: bytes, stage: None, live: None });
        size += bytes;
        size - bytes
    };
    debug_assert!(w.tables.is_multiple_of(PAGE));
    put("net_tables", w.tables);
    let arrays = put("net_arrays", end);
    put("net_window", w.window);
    put("net_sums", w.sums);
    put("net_logits", 2 * net.outputs());
    let state = VARIABLES.map(|(name, bytes)| (name, put(name, bytes)));
    // CP/M hands over characters as they come.
    let takes_all = streams(net) && site.request.target.machine == Machine::Cpm;
    put("line", if takes_all { 0 } else { usize::from(LINE) + 2 });
    put("caller_stack", 2);
    let stack = site.request.target.stack.into();
    if stack > 0 {
        put("stack", stack);
        put("stack_top", 0);
    }
    let alias = |name: String, offset: usize| Buffer { name, offset, size: 0, stage: None, live: None };
    buffers.extend(places.iter().enumerate().map(|(a, place)| alias(format!("net_a{a}"), arrays + place)));
    let value = state.iter().find(|(name, _)| *name == "net_value").map_or(0, |(_, at)| *at);
    buffers.push(alias("net_behind".into(), value + 3));
    Memory { buffers, tiles: vec![], start: site.request.target.ram_start(size), size }
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
            let other = place.other.clone().expect("a sum is of two arrays");
            pool::add(w, &place, other, tables, steps)
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
    w.facts.rounds("net_widen", count as f64);
    w.call("pool.asm", "widen", Widen { from: format!("net_a{array}"), count })
}

/// Context of `sensors.asm`.
#[derive(Serialize)]
struct Program<'a> {
    name: &'a str,
    about: String,
    target: &'a str,
    origin: String,
    bss: String,
    /// Entry points alone, without a console.
    called: Option<Called>,
    /// For the comment on top.
    table: Vec<String>,
    max_query: u8,
    /// Lines are too long to be edited: their characters are taken as they come.
    streams: bool,
    as_typed: bool,
    tab_used: bool,
    controls_used: bool,
    enables: Vec<&'a str>,
    /// The answer to a line that is none.
    wanted: String,
    outputs: usize,
    /// The label of what is not sure, and all labels.
    unsure: usize,
    labels: Vec<String>,
    read: String,
    stages: &'a str,
    results: String,
    decide: Option<String>,
    tell: Option<String>,
    routines: &'a str,
    data: &'a str,
    buffers: Vec<Named>,
    memory_size: usize,
}

#[derive(Serialize)]
struct Named {
    name: String,
    offset: usize,
}

impl Named {
    fn new(buffer: &Buffer) -> Self {
        Self { name: format!("{:<15}", buffer.name), offset: buffer.offset }
    }
}
