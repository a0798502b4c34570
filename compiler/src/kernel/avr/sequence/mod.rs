//! Programs of sequence models: a small transformer on an AVR.
//!
//! `choose` says in which form each matrix is stored, `memory` where buffers lie. `layers` writes the stages of a network:
//! `norm`, `product` and `rounds` are its parts, `store` puts weights into flash, `flash` into a chip beside the processor. `tokens` is what is between text and tokens, `talk` how
//! lines are framed and tokens chosen, `beam` how whole replies are. `writer`
//! holds the text while it grows, `context` has what templates are told. `check` and `tokens` refuse what there are no
//! kernels for; `bounds` proves where 16 bits hold a sum.

mod beam;
mod bounds;
mod check;
mod choose;
mod context;
mod counted;
mod flash;
mod form;
mod known;
mod layers;
mod memory;
mod norm;
mod product;
mod rounds;
mod store;
mod talk;
mod tokens;
mod tools;
mod writer;

use super::board::BoardContext;
use super::flash::Writes;
use super::library::Library;
use super::tools::missing;
use crate::CompileError;
use crate::kernel::called::{self, Called};
use crate::kernel::choosing::Choosing;
use crate::kernel::sequence::{SequenceProgram, SequenceSite, unsupported};
use crate::kernel::{Fragment, Memory, Phase, lines};
use crate::model::{Matrix, Output, Positions, Prior, Transformer, Turns};
use crate::target::{Core, Target};
use beam::Beam;
use choose::{Choice, choose};
use flash::Streamed;
use memory::Frame;
use serde::Serialize;
use writer::{Chip, Writer};

/// Bytes of RAM that a console has for itself, beside a line.
const CONSOLE: usize = 90;
/// Bytes of code, tables and data beside weights, above what such programs have.
const CODE: usize = 16_000;
/// Most bytes that `lpm` reads: tables and data, with what the console says behind them.
const DATA: usize = 62_000;

/// The program of a sequence model.
///
/// # Errors
/// What the kernels do not compute, by its name; a damaged template.
pub fn program(site: &SequenceSite, core: Core) -> Result<SequenceProgram, CompileError> {
    let refuse = |what: String| unsupported(site, &what);
    if core == Core::Avr25 {
        return Err(refuse("sequence models on chips without multiplication".into()));
    }
    check::check(site.body, site.story).map_err(refuse)?;
    let target = site.request.target;
    if target.is_library() && !site.story.tools.is_empty() {
        return Err(refuse("tools without a console, whose pins they are".into()));
    }
    if let Some(board) = &target.board
        && let Some((tool, kind, names)) = missing(&board.profile, site.story)
    {
        let (name, profile) = (site.request.model.head.name.clone(), board.profile.name.clone());
        return Err(CompileError::Tool { name, profile, tool, kind, names });
    }
    let longest = target.longest(site.reader.max_length);
    let text = tokens::check(site.reader, site.story, longest).map_err(refuse)?;
    let frame = Frame::new(site.body, site.story, text);
    let (fixed, least) = frame.bytes();
    let kept = called::kept(site.request, site.story, site.body.outputs());
    // What is kept has an address beside it.
    let kept = if kept > 0 { 2 * kept + 2 } else { 0 };
    let console = CONSOLE + usize::from(longest) + usize::from(target.stack) + kept;
    let room = target.memory().saturating_sub(fixed + console);
    let data = data_bytes(site);
    let demands = site.request.demands;
    let flash = target.whole_flash().unwrap_or(0).min(demands.max_bytes.unwrap_or(usize::MAX));
    // What has no room takes the smallest forms, of which the fastest.
    let flash = if demands.is_for_size() { 0 } else { flash.saturating_sub(site.less) };
    let choice = choose(site.body, site.filing, room, least, flash.saturating_sub(data + CODE));
    let memory = frame.place(&choice, target.origin.into());
    let mut writer = Writer::new(site.templates, Chip::new(core), &choice, site.seen);
    writer.beside = Streamed::new(site);
    writer.kept = (kept > 0).then_some("net_logits");
    writer.gates_first = site.gates_first();
    writer.beam = Beam::new(site, frame.reply());
    if writer.beam.is_some() {
        writer.kept = Some("beam_logits");
    }
    let choosing = Choosing::new(site.story, site.body);
    writer.known_frame(site.body.rounds);
    writer.layers(site.body, &choosing)?;
    writer.known_end(site.body, &choosing, site.story.ends.len());
    let encode = writer.tokens(site.reader, site.story, longest).map_err(refuse)?;
    writer.framing(site.story, encode.two);
    let tools = writer.tools(site.story, &site.reader.tokenizer, encode.two)?;
    let beside = writer.flash_chip(site, &choice.filed)?;
    if writer.data_bytes > DATA {
        return Err(refuse(format!("{} bytes of tables and tokens, above {DATA}", writer.data_bytes)));
    }
    let text = fragment(site, &writer, (&encode, &choosing), tools, (&memory, longest))?;
    let steps = writer.steps(site.body.rounds);
    let known = std::mem::take(&mut writer.known);
    Ok(SequenceProgram { text, memory, beside, banked: None, known, steps })
}

/// Bytes in flash beside weights and code.
fn data_bytes(site: &SequenceSite) -> usize {
    let (body, tokenizer) = (site.body, &site.reader.tokenizer);
    let rows: usize = body.matrices().map(|matrix| matrix.rows).sum();
    let tied = if matches!(body.output, Output::Tied { .. }) { 4 * body.embedding.rows } else { 0 };
    let pieces: usize = tokenizer.pieces.iter().map(|piece| 2 + piece.len()).sum();
    let prior = body.prior.as_ref().map_or(0, Prior::bytes);
    let tables = 3 + 2 * body.blocks.len();
    prior
        + 6 * rows
        + 2 * body.start.len()
        + tied
        + 256 * tables
        + pieces
        + 8 * tokenizer.merges().len()
        + 1_500
}

/// The text around the stages.
fn fragment(
    site: &SequenceSite,
    writer: &Writer,
    (encode, choosing): (&tokens::Encode, &Choosing),
    tools: Option<(String, String)>,
    (memory, longest): (&Memory, u8),
) -> Result<Fragment, CompileError> {
    let (model, target, templates) = (site.request.model, site.request.target, site.templates);
    let mut phases = vec![Phase::new("set_query", "console"), Phase::new("net_encode", "tokens")];
    phases.extend(writer.phases.iter().cloned());
    match writer.beam {
        Some(_) => phases.extend([Phase::new("net_chosen", "choice"), Phase::new("beam_say", "console")]),
        None => phases.push(Phase::new("net_chosen", "console")),
    }
    phases.push(Phase::shared("net_shared"));
    phases.extend(writer.routine_phases());
    let merging = match site.reader.tokenizer.merges() {
        [] => String::new(),
        _ => templates.call("merge.S", "merging", encode)?,
    };
    let (act, read_out) = tools.unzip();
    let keeps = Turns::is_kept(site.story.turns.as_ref());
    let board = board(site, target, longest);
    let chip = target.spi_flash.as_ref().filter(|_| writer.beside.is_some());
    let writes = board.as_ref().zip(chip).map(|(board, chip)| Writes::new(board, chip, target.clock_hz));
    let rotary = matches!(site.body.positions, Positions::Rotary { .. });
    let context = Program {
        name: &model.head.name,
        about: lines::remark(&model.head.about),
        target: &target.name,
        table: table(site.body, writer.choice),
        buffers: memory.buffers.iter().map(|b| Buffer { name: &b.name, offset: b.offset }).collect(),
        memory_size: memory.size,
        board,
        data: format!("{}{}", writer.pages, writer.data),
        take: templates.call("line.S", "take", encode)?,
        encode: templates.call("encode.S", "encode", encode)?,
        stages: &writer.code,
        routines: format!("{}{merging}{}\n", writer.routines(), read_out.unwrap_or_default()),
        act,
        weights: format!("\n{}", writer.weights),
        phases: if rotary { site.body.head_size / 2 * 3 } else { 0 },
        window: site.body.window,
        ends: &site.story.ends,
        classifies: site.story.classifies(),
        most: site.story.most,
        two: encode.two,
        turns: site.story.turns.is_some(),
        remembers: keeps || choosing.seed.is_some(),
        keeps,
        seed: choosing.seed,
        recent: choosing.remembers(),
        prior: choosing.prior.is_some(),
        beam: writer.beam.as_ref().map(|beam| beam.around(site)).transpose()?,
        is_beside: writer.beside.is_some(),
        writes,
        called: Called::of_sequence(site.request, site.story, site.body.outputs()),
        library: Library::of(site.request, longest),
    };
    Ok(Fragment { code: templates.render("sequence.S", context)?, phases, ..Fragment::default() })
}

fn board(site: &SequenceSite, target: &Target, longest: u8) -> Option<BoardContext> {
    let board = target.board.as_ref()?;
    let name = &site.request.model.head.name;
    let context = BoardContext::new(&board.device, &board.profile, name, &[], longest)?;
    let mut context = context.with_tools(board, site.story);
    if let Some(chip) = target.spi_flash.as_ref().filter(|_| site.filing.is_some()) {
        context.power(&chip.spi.power);
    }
    Some(context)
}

/// What a program is, in lines.
fn table(body: &Transformer, choice: &Choice) -> Vec<String> {
    let weights = body.matrices().map(|matrix| matrix.values.len()).sum::<usize>();
    let mut lines = vec![format!(
        "{} blocks of {} values, {} heads of {} over {} of keys, a window of {}, {weights} weights.",
        body.blocks.len(),
        body.dim,
        body.heads,
        body.head_size,
        body.kv_heads,
        body.window,
    )];
    let name =
        |what: &str, m: &Matrix| format!("{what}: {} x {} in {}", m.rows, m.cols, choice.form(what).name());
    lines.push(name("embedding", &body.embedding));
    for (b, block) in body.blocks.iter().enumerate() {
        let a = &block.attention;
        let f = &block.feed_forward;
        let list = [
            ("q", &a.query),
            ("k", &a.key),
            ("v", &a.value),
            ("o", &a.output),
            ("up", &f.up),
            ("down", &f.down),
        ];
        lines.extend(list.map(|(what, m)| name(&format!("b{b}_{what}"), m)));
    }
    lines
}

/// Context of `sequence.S`.
#[derive(Serialize)]
struct Program<'a> {
    name: &'a str,
    about: String,
    target: &'a str,
    /// For the comment on top.
    table: Vec<String>,
    buffers: Vec<Buffer<'a>>,
    memory_size: usize,
    /// The chip and its board, for the start-up code and the serial line.
    board: Option<BoardContext>,
    data: String,
    /// Takes a line.
    take: String,
    /// Makes tokens of it.
    encode: String,
    stages: &'a str,
    routines: String,
    weights: String,
    /// Bytes of the phases of rotations.
    phases: usize,
    window: usize,
    ends: &'a [u32],
    classifies: bool,
    most: u16,
    /// Tokens that wait have two bytes.
    two: bool,
    /// What is done with a token that was chosen, where tokens name an action.
    act: Option<String>,
    /// Lines are framed as turns of a chat.
    turns: bool,
    /// Something is remembered from the start of the program on.
    remembers: bool,
    /// A conversation goes on with the next line.
    keeps: bool,
    /// What random numbers begin with.
    seed: Option<u16>,
    /// Tokens read last are remembered.
    recent: bool,
    /// A prior says what tokens cost.
    prior: bool,
    /// What is done where replies grow side by side.
    beam: Option<beam::Around>,
    /// A flash chip has weights.
    is_beside: bool,
    /// What writes it on a board.
    writes: Option<Writes>,
    /// Entry points, in the place of a console.
    called: Option<Called>,
    library: Library,
}

#[derive(Serialize)]
struct Buffer<'a> {
    name: &'a str,
    offset: usize,
}
