//! The whole program of a sequence model.

use super::attend::Caches;
use super::blocks::{Blocks, Code, output, readers};
use super::emit::{Emitter, db};
use super::layout::Layout;
use super::{activation, attend, bank, beam, buffers, constants, embed, fill, limits, rounds, tokens, tools};
use crate::CompileError;
use crate::kernel::called::Called;
use crate::kernel::sequence::{SequenceProgram, SequenceSite};
use crate::kernel::z80::program::{bss, console_start};
use crate::kernel::{Fragment, Phase, beams};
use crate::model::{Grid, Matrix, Positions, Turns};
use crate::target::{Selector, amsdos};
use serde::Serialize;

/// Context of `sequence.asm`.
#[derive(Serialize)]
struct Program<'a> {
    name: &'a str,
    about: String,
    target: &'a str,
    origin: String,
    /// What the network is, for the comment on top.
    table: Vec<String>,
    max_query: u8,
    /// For consoles: what a reply may have.
    tab_used: bool,
    controls_used: bool,
    as_typed: bool,
    enables: Vec<String>,
    /// Whether blocks run in several rounds.
    several_rounds: bool,
    /// Weights are in a file beside the program.
    file: bool,
    /// What shows its banks of a ROM, or of RAM.
    mapper: Vec<bank::Register>,
    pages: Option<Pages>,
    /// Where its buffers begin.
    bss: String,
    /// Entry points, in the place of a console.
    called: Option<Called>,
    /// A conversation goes on with the next line.
    keeps: bool,
    /// Lines are framed as turns of a chat.
    turns: bool,
    /// What random numbers begin with.
    seed: Option<u16>,
    /// Something is remembered from the start of the program on.
    remembers: bool,
    /// How many of the tokens read last are remembered.
    recent: Option<u8>,
    /// Whether a prior says what tokens cost.
    prior: bool,
    /// What begins a text or a conversation.
    clear: String,
    encode: String,
    rules: String,
    /// What is done with a token that was chosen, where tokens name an action.
    act: Option<String>,
    /// What is done where replies grow side by side.
    beam: Option<beam::Around>,
    /// What tokens read.
    inputs: Vec<tools::Input>,
    /// Bytes of the prompt before the first token of the text.
    first: usize,
    read: String,
    rest: String,
    shared: String,
    ends: &'a [u32],
    classifies: bool,
    most: u16,
    data: String,
    /// What lies apart: what attention looks up, or products do.
    near: String,
    /// Those caches.
    second: Vec<Place>,
    buffers: Vec<Placed>,
    memory_size: usize,
}

/// Banks of RAM, as the port is sent what selects them.
#[derive(Serialize)]
struct Pages {
    /// Those with bytes from the start.
    selects: Vec<usize>,
    /// The one with what makes tokens, and that of keys and values where they lie apart.
    text: usize,
    caches: Option<u8>,
    window: u16,
    /// Bytes that a loader puts into the last; all others are full.
    bank: usize,
    last: usize,
    /// The system's is among them: there is no way back to it.
    restarts: bool,
    /// The first address that is as fast as any: what is hot begins there. 0: where that comes to be, since memory is short.
    fast: u16,
    /// What the window shows at first, as lines of text, where the program lies around it.
    first: Option<String>,
    /// What files of pages are called, on a CPC.
    file: String,
}

#[derive(Serialize)]
struct Place {
    name: &'static str,
    address: String,
}

#[derive(Serialize)]
struct Placed {
    name: String,
    offset: usize,
}

/// The whole program of a sequence model.
///
/// # Errors
/// What the kernels do not compute; a damaged template.
pub fn program(site: &SequenceSite) -> Result<SequenceProgram, CompileError> {
    limits::check(site)?;
    let output = output(site.body);
    let mut e = Emitter::new(site, &readers(site.body, &output));
    let mut blocks = Blocks::new(&mut e);
    let code = blocks.code(&output)?;
    let norms = blocks.norms;
    let (in_file, beside) = e.file_code(&embed::strides(&e, &output))?;
    let in_banks = e.bank_code(&embed::strides(&e, &output))?;
    let shared = norms.code(&e)? + &shared(&mut e, &output)? + &in_file + &in_banks;
    constants::pages(&mut e);
    let encoder = e.texts(tokens::encoder)?;
    e.place_text()?;
    let tools = tools::code(&mut e)?;
    buffers::place(&mut e, &encoder);
    let has_beam = beams::width(site.story).is_some();
    let mut phases = vec![
        Phase::new(console_start(site.request.target), "console"),
        Phase::new("net_answer", "tokens"),
        Phase::new("net_step", "embed"),
        Phase::new("net_reply", if has_beam { "choice" } else { "console" }),
        Phase::new("net_rules", "tokens"),
        Phase::shared("net_shared"),
    ];
    if has_beam {
        phases.push(Phase::new("beam_say", "console"));
    }
    phases.extend(attend::phases());
    if beside.is_some() {
        phases.extend([Phase::new("file_at", "file"), Phase::shared("file_end")]);
    }
    phases.append(&mut e.phases);
    let context = context(&mut e, code, shared, (encoder, tools))?;
    let code = site.templates.render("sequence.asm", context)?;
    let text = Fragment { code, phases, ..Fragment::default() };
    let banked = e.banked()?;
    let (known, steps) = (std::mem::take(&mut e.known), std::mem::take(&mut e.steps));
    Ok(SequenceProgram { text, memory: e.memory(), beside, banked, known, steps })
}

/// The routines that stages share, without those of norms.
fn shared(e: &mut Emitter, output: &Matrix) -> Result<String, CompileError> {
    let body = e.site.body;
    let mut code = attend::code(e)? + &embed::code(e, output)? + &activation::code(e)? + &rotate(e)?;
    code += &rounds::code(e)?;
    for shape in &e.shapes {
        code += &e.call("rows.asm", "rows", shape.rows())?;
    }
    code += &fill::code(e, &all_tables(e))?;
    let quick = body.blocks.iter().any(|block| block.feed_forward.up.grid == Grid::Ternary);
    Ok(code + &e.rescales.code(e, quick)?)
}

/// Layouts of all vectors, with what fills their tables.
pub fn all_tables(e: &Emitter) -> Vec<(String, Layout)> {
    let of = |layout: &Layout| (fill::tables_name(layout), layout.clone());
    e.layouts.iter().map(of).chain([Caches::new(e.site).tables()]).collect()
}

fn pages(e: &Emitter) -> Option<Pages> {
    let selector @ Selector::Port { weights, .. } = e.site.selector? else { return None };
    let target = e.site.request.target;
    let (selects, last) = e.selects();
    let inside = selector.is_inside(target);
    let slow = target.contended.filter(|(first, last)| (*first..*last).contains(&target.origin));
    Some(Pages {
        text: e.text_select()?,
        caches: e.caches_select(),
        window: selector.address(),
        bank: selector.bank(),
        restarts: weights.iter().any(|bank| bank.of_system && selects.contains(&bank.select.value.into())),
        fast: slow.filter(|_| !inside && !e.site.tight).map_or(0, |(_, last)| last.saturating_add(1)),
        first: e.first_page().map(db),
        file: amsdos::file_name(&e.site.request.model.head.name),
        selects,
        last,
    })
}

#[derive(Serialize)]
struct Rotate {
    /// Several tokens of a position, each of its own reply.
    beam: bool,
    pairs: usize,
    size: usize,
}

fn rotate(e: &Emitter) -> Result<String, CompileError> {
    let beam = beams::width(e.site.story).is_some();
    let context = || Rotate { beam, pairs: e.site.body.head_size / 2, size: e.site.body.head_size };
    match e.site.body.positions {
        Positions::Rotary { .. } => {
            Ok(e.call("rotate.asm", "phases", context())? + &e.call("rotate.asm", "code", context())?)
        }
        Positions::Learnt(_) | Positions::None => e.call("rotate.asm", "narrow", context()),
    }
}

#[derive(Serialize)]
struct Clear {
    second: bool,
    /// What showed before does so behind it.
    hides: bool,
    text: Option<usize>,
    pairs: usize,
    weights_size: usize,
    mix_zero: usize,
    mix_groups: usize,
    mix_cache: usize,
    recent: bool,
    prior: bool,
}

fn clear(e: &Emitter) -> Result<String, CompileError> {
    let caches = Caches::new(e.site);
    let body = e.site.body;
    let context = Clear {
        second: e.site.second_ram.is_some(),
        hides: e.hides_caches(),
        text: e.text_select(),
        pairs: if let Positions::Rotary { steps } = &body.positions { steps.len() } else { 0 },
        weights_size: caches.window + 4,
        mix_zero: caches.mix_tables(),
        mix_groups: caches.mix_groups(),
        mix_cache: caches.bytes(body).1,
        prior: e.site.body.prior.is_some(),
        recent: e.site.story.choice.penalty.is_some(),
    };
    e.call("turns.asm", "clear", context)
}

fn context<'a>(
    e: &mut Emitter<'a>,
    code: Code,
    shared: String,
    (encoder, tools): (tokens::Encoder, Option<(String, String)>),
) -> Result<Program<'a>, CompileError> {
    let site = e.site;
    let request = site.request;
    let (model, target) = (request.model, request.target);
    let story = site.story;
    let inputs = tools::inputs(e);
    let place = |(name, address)| Place { name, address: format!("{address:05X}h") };
    let (act, read_out) = tools.unzip();
    let (keeps, draw) = (Turns::is_kept(story.turns.as_ref()), story.choice.draw);
    let pieces = &site.reader.tokenizer.pieces;
    let has = |wanted: &dyn Fn(u8) -> bool| pieces.iter().flatten().any(|&byte| wanted(byte));
    let enables = |text: &str| -> Vec<String> {
        let labels = text.lines().filter_map(|line| line.strip_suffix(':'));
        labels.filter(|label| label.ends_with("_ei")).map(String::from).collect()
    };
    Ok(Program {
        name: &model.head.name,
        about: model.head.about.replace(char::is_control, " "),
        target: &target.name,
        origin: format!("{:05X}h", target.code_origin()),
        bss: bss(e.ram_start(), target),
        called: Called::of_sequence(request, story, site.body.outputs()),
        mapper: e.registers(),
        pages: pages(e),
        table: table(e),
        max_query: site.reader.max_length.min(target.longest_query),
        tab_used: has(&|byte| byte == 9),
        controls_used: has(&|byte| !(32..128).contains(&byte)),
        as_typed: true,
        enables: enables(&shared),
        several_rounds: site.body.rounds > 1,
        file: site.filing.is_some(),
        keeps,
        turns: story.turns.is_some(),
        seed: draw.map(|draw| draw.seed),
        remembers: keeps || draw.is_some() || !inputs.is_empty(),
        inputs,
        act,
        prior: site.body.prior.is_some(),
        beam: beam::around(e)?,
        recent: story.choice.penalty.map(|penalty| penalty.recent),
        clear: clear(e)?,
        encode: encoder.encode,
        rules: encoder.rules + &read_out.unwrap_or_default(),
        first: encoder.first,
        read: code.read,
        rest: code.rest,
        shared,
        ends: &site.story.ends,
        classifies: site.story.classifies(),
        most: site.story.most,
        data: e.take_data(),
        near: e.take_near(),
        second: buffers::second(e).0.into_iter().map(place).collect(),
        buffers: e
            .buffers()
            .iter()
            .map(|b| Placed { name: format!("{:<15}", b.name), offset: b.offset })
            .collect(),
        memory_size: e.size(),
    })
}

/// What the network is.
fn table(e: &Emitter) -> Vec<String> {
    let body = e.site.body;
    let hidden = buffers::hidden(body);
    let (heads, shared, size) = (body.heads, body.kv_heads, body.head_size);
    let mut table = vec![
        format!("blocks   {} of width {}, hidden layers of {hidden}", body.blocks.len(), body.dim),
        format!(
            "heads    {heads} of {size}, {shared} of keys and values, {} positions",
            attend::window(e.site)
        ),
        format!("tokens   {}, at most {} are read", body.embedding.rows, e.site.story.most),
        "looked up in tables of a vector:".into(),
    ];
    let of = |layout: &Layout| {
        let kind = if layout.ternary { "combinations" } else { "subsets" };
        let inputs = layout.groups.iter().max().copied().unwrap_or(0);
        let (tables, cols) = (layout.groups.len(), layout.cols);
        format!("  {cols:>4} elements: {tables} tables of sums of {kind} of up to {inputs}")
    };
    table.extend(e.layouts.iter().map(of));
    table
}
