//! The program around the stages.

use super::board::BoardContext;
use super::column::{Routine, find_kernel};
use super::core::{isa, to_shared};
use super::flash::{self, Finished, Writes};
use super::library::Library;
use super::loads::Table;
use super::{chip, loads, reply};
use crate::CompileError;
use crate::kernel::called::Called;
use crate::kernel::cycles::{Code, START};
use crate::kernel::sequence::Home;
use crate::kernel::{Fragment, Phase, Processor, Section, Site, View, lines};
use crate::stage::{Answer, answer};
use serde::Serialize;

/// The whole program of a layout, with the table of its plan on top.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn program(site: &Site, table: &str) -> Result<Fragment, CompileError> {
    let layout = site.layout;
    let mut stages = Vec::new();
    for (at, kernel) in layout.kernels.iter().enumerate() {
        stages.push(kernel.emit(site, at)?);
    }
    let mut phases = vec![Phase::new("set_query", "console")];
    phases.extend(stages.iter().flat_map(|fragment| fragment.phases.iter().cloned()));
    phases.push(Phase::shared("net_shared"));
    let code = |in_loop: bool| {
        let of_stage = layout.stages.iter().zip(&stages).filter(|(stage, _)| stage.in_loop == in_loop);
        of_stage.map(|(_, fragment)| fragment.code.clone()).collect()
    };
    let section = |section| stages.iter().map(|f| f.section(section)).collect::<String>();
    let (model, target) = (site.request.model, site.request.target);
    let longest = target.longest(model.reader.max_query());
    let (charset, begin, labels) = match answer(&layout.stages) {
        Answer::Chat { charset, context, max_reply } => {
            (lines::gnu_bytes(charset.iter().copied()), reply::begin(site, *context, *max_reply)?, &[][..])
        }
        Answer::Label { labels } => (vec![], String::new(), labels.as_slice()),
    };
    let flash_chip = chip::finish(site)?;
    let board = target.board.as_ref().and_then(|board| {
        let context = BoardContext::new(&board.device, &board.profile, &model.head.name, labels, longest);
        let mut context = context?;
        let used = target.spi_flash.as_ref().filter(|_| flash_chip.is_some());
        used.into_iter().for_each(|chip| context.power(&chip.spi.power));
        Some(context)
    });
    let used = target.spi_flash.as_ref().filter(|_| flash_chip.is_some());
    let writes = board.as_ref().zip(used).map(|(board, chip)| Writes::new(board, chip, target.clock_hz));
    let context = Program {
        name: &layout.name,
        about: lines::remark(&model.head.about),
        target: &target.name,
        table: table.lines().collect(),
        query: site.templates.call("query.S", "set_query", Query { max_query: longest })?,
        chat: labels.is_empty(),
        charset,
        begin,
        labels,
        stages_once: code(false),
        stages_in_loop: code(true),
        routines: routines(site)?,
        starts: section(Section::Starts),
        weights: section(Section::Weights),
        jumps: section(Section::Jumps),
        code: section(Section::Code),
        call: to_shared(layout.machine).0,
        buffers: &layout.memory.buffers.iter().map(Buffer::new).collect::<Vec<_>>(),
        memory_size: layout.memory.size,
        board,
        is_beside: flash_chip.is_some(),
        writes,
        chip: flash_chip.map(|finished| Chip::new(site, &finished)).transpose()?,
        called: Called::of_stages(site.request, layout, "net_memory"),
        library: Library::of(site.request, longest),
    };
    Ok(Fragment { code: site.templates.render("program.S", context)?, phases, ..Fragment::default() })
}

/// Every routine that the stages use, once: those that add columns, those that copy start values.
fn routines(site: &Site) -> Result<String, CompileError> {
    let mut text = String::new();
    let mut seen = Vec::new();
    for (at, product, form) in site.layout.products() {
        let home = site.layout.home(at);
        let Some(kernel) = find_kernel(form, home) else { continue };
        let data = site.request.target.spi_flash.as_ref().filter(|_| home == Home::File).map(flash::data);
        let Some(template) = kernel.template() else { continue };
        for kind in kernel.kinds(product) {
            let name = kernel.routine(kind);
            if !seen.contains(&name) {
                seen.push(name);
                text += &site.templates.call(template, "kernel", Routine::new(name, kind, data.clone()))?;
            }
        }
    }
    for (flash, name) in [(true, "load"), (false, "copy")] {
        let home = |at| site.layout.home(at);
        let products = site.layout.products().filter(|(at, _, form)| find_kernel(*form, home(*at)).is_some());
        let mut copies = products.flat_map(|(_, product, _)| loads::copies(product));
        if copies.any(|(_, from_flash)| from_flash == flash) {
            text += &site.templates.call("loads.S", name, ())?;
        }
    }
    for kernel in super::Avr.kernels() {
        text += &kernel.shared(site)?.code;
    }
    Ok(text)
}

/// Cycles of taking all queries. A byte is taken to be a small letter, and to have no space before the first.
pub fn query_cost(view: &View) -> f64 {
    let others = ["query_text", "query_length"];
    let code = Code::of(isa(view.machine), "query.S", "set_query", Query { max_query: 0 }, &others);
    let fold = ["cpi r18, 'Z'+1", "set_query_put"];
    let each = code.way(&["set_query_next", fold[0], fold[1], "set_query_next"]);
    let first =
        code.way(&["set_query_lead", "set_query_fold"]) - code.way(&["set_query_next", "set_query_fold"]);
    let last =
        code.way(&["set_query_put", "set_query_trim"]) - code.way(&["set_query_put", "set_query_next"]);
    let once = code.way(&[START, "set_query_lead"])
        + first
        + last
        + code.way(&["set_query_trim", "set_query_trimmed", "ret"]);
    view.usage.query_bytes as f64 * each + view.usage.queries as f64 * once
}

/// Context of the macro `set_query`.
#[derive(Serialize)]
struct Query {
    max_query: u8,
}

/// Context of `program.S`.
#[derive(Serialize)]
struct Program<'a> {
    name: &'a str,
    about: String,
    target: &'a str,
    /// The plan, for the comment on top.
    table: Vec<&'a str>,
    /// Takes a query.
    query: String,
    chat: bool,
    charset: Vec<String>,
    /// The start of a reply.
    begin: String,
    labels: &'a [String],
    stages_once: Vec<String>,
    stages_in_loop: Vec<String>,
    routines: String,
    starts: String,
    weights: String,
    jumps: String,
    code: String,
    /// What calls shared code.
    call: &'static str,
    buffers: &'a [Buffer<'a>],
    memory_size: usize,
    /// The chip and its board, for the start-up code and the serial line.
    board: Option<BoardContext>,
    /// A flash chip has weights.
    is_beside: bool,
    /// What writes it on a board.
    writes: Option<Writes>,
    chip: Option<Chip>,
    /// Entry points, in the place of a console.
    called: Option<Called>,
    library: Library,
}

/// A flash chip that has weights.
#[derive(Serialize)]
struct Chip {
    /// The routines that look at it and read it.
    routines: String,
    /// Where columns begin there.
    places: Vec<Place>,
    /// What the program compares and says.
    data: Vec<Table>,
}

#[derive(Serialize)]
struct Place {
    label: String,
    at: usize,
}

impl Chip {
    fn new(site: &Site, finished: &Finished) -> Result<Self, CompileError> {
        let content = chip::content(site.layout);
        let places = content.places().map(|(label, at)| Place { label: label.into(), at }).collect();
        let table = |(name, bytes): &(&str, Vec<u8>)| Table {
            name: name.to_string(),
            lines: lines::gnu_bytes(bytes.iter().copied()),
        };
        let data = finished.data.iter().map(table).collect();
        Ok(Self { routines: finished.routines(site.templates)?, places, data })
    }
}

#[derive(Serialize)]
struct Buffer<'a> {
    name: &'a str,
    offset: usize,
}

impl<'a> Buffer<'a> {
    fn new(buffer: &'a crate::kernel::Buffer) -> Self {
        Self { name: &buffer.name, offset: buffer.offset }
    }
}
