//! Sequence models as C: what `templates/c99/sequence.h` and `sequence.c` are given, with what that includes.
//!
//! The code is there once; what differs from block to block is in tables. Weights of less than 8 bits are packed, row by
//! row, and unpacked as they are used.

mod answer;
pub(super) mod arrays;
mod parts;
mod tokens;

use super::context::comment;
use super::names::identifier;
use crate::arithmetic::{COSINES, RECIPROCALS, ROOTS};
use crate::model::{DIGITS, Matrix, Model, NormOrder, Output, Positions, Story, Tokens, Transformer};
use answer::{BeamContext, ChoiceContext, PriorContext, ToolsContext, TurnsContext};
use arrays::{Array, Width};
use parts::Parts;
use serde::Serialize;
use tokens::TokenizerContext;

/// Most bytes of constants that an AVR reads with 16-bit addresses, and of one array there.
const AVR_FLASH: usize = 0xff00;
const AVR_ARRAY: usize = 0x7fff;
/// Positions up to which a mean fits 32 bits.
const NARROW_WINDOW: usize = 256;

/// Context of both templates.
#[derive(Serialize)]
pub struct Program {
    pub name: String,
    guard: String,
    title: String,
    /// A line about the network.
    about: String,
    max_query: u8,
    /// Logits.
    outputs: usize,
    most: u16,
    ends: Vec<u32>,
    classifies: bool,
    token: &'static str,
    long_tokens: bool,
    dim: usize,
    heads: usize,
    kv_heads: usize,
    head: usize,
    /// Values of all heads of queries, and of keys.
    query: usize,
    kv: usize,
    window: usize,
    blocks: usize,
    rounds: usize,
    caches: usize,
    /// Elements of the 8-bit and of the 16-bit buffer.
    wide: usize,
    wide16: usize,
    /// Tokens that a text can have.
    tokens: usize,
    /// Most bytes that a token prints, with what its tool reads.
    max_piece: usize,
    long_mean: bool,
    pre: bool,
    #[serde(flatten)]
    weights: Weights,
    /// Bits of all packed weights, if they are the same.
    bits: Option<u8>,
    packed: bool,
    /// All numbers of bits below 8 that weights have.
    widths: Vec<Width>,
    bytes: bool,
    biases: bool,
    gains: bool,
    head_norms: bool,
    relu: bool,
    table: bool,
    gate: bool,
    tokenizer: TokenizerContext,
    turns: Option<TurnsContext>,
    choice: ChoiceContext,
    prior: Option<PriorContext>,
    beam: Option<BeamContext>,
    tools: Option<ToolsContext>,
    arrays: Vec<Array>,
    /// The constants are too many, or too large, for AVRs.
    beyond_avr: bool,
    flash_bytes: usize,
    state_bytes: usize,
}

/// Initializers of what the network is made of.
#[derive(Serialize)]
struct Weights {
    rotary: Option<String>,
    embedding: String,
    positions: Option<String>,
    output: String,
    norm: Option<String>,
    block_fields: Vec<Vec<String>>,
    start: Option<String>,
}

impl Program {
    /// Bytes of constants and of state, on a machine of 32 bits.
    pub fn bytes(&self) -> (usize, usize) {
        (self.flash_bytes, self.state_bytes)
    }
}

/// Everything that the templates need of a sequence model.
///
/// Error: what of its tokenizer there is no C for.
pub fn context(
    model: &Model,
    reader: &Tokens,
    body: &Transformer,
    story: &Story,
) -> Result<Program, &'static str> {
    let (vocabulary, outputs) = (reader.tokenizer.pieces.len(), body.outputs());
    let (token, bits) = arrays::unsigned((vocabulary.max(outputs + 1) as u32).max(256));
    let long_tokens = bits == 32;
    let mut parts = Parts::new(&body.blocks, long_tokens);
    parts.arrays.bytes("roots", &*ROOTS);
    parts.arrays.bytes("reciprocals", &RECIPROCALS[128..]);
    if let Positions::Rotary { .. } = body.positions {
        parts.arrays.add("int8_t", "cosines", COSINES.iter().map(|&cosine| cosine.into()));
    }
    let turns = answer::turns(story, token, &mut parts.arrays);
    let choice = answer::choice(story, outputs, &mut parts.arrays);
    let prior = body.prior.as_ref().map(|prior| answer::prior(prior, token, &mut parts.arrays));
    let beam = answer::beam(story, outputs, &mut parts.arrays);
    let tools = answer::tools(story, &reader.tokenizer, token, &mut parts.arrays);
    let mut unframed = if turns.is_some() { reader.tokenizer.bare() } else { reader.tokenizer.clone() };
    unframed.pieces = story.printed(&unframed);
    let tokenizer = tokens::context(&unframed, reader.max_length.into(), token, &mut parts.arrays)?;
    let weights = weights(body, story.most, &mut parts);
    let flash_bytes = parts.arrays.bytes + parts.tables;
    let name = identifier(&model.head.name);
    let about = comment(&model.head.about);
    let (query, kv) = (body.heads * body.head_size, body.kv_heads * body.head_size);
    let hidden = body.blocks.iter().map(|block| block.feed_forward.up.rows).max().unwrap_or(1);
    let mut program = Program {
        title: format!("{}: {about}", model.head.name).trim_end_matches([' ', ':']).to_string(),
        about: self::about(body, vocabulary),
        guard: name.to_ascii_uppercase(),
        name,
        max_query: reader.max_length,
        outputs,
        most: story.most,
        ends: story.ends.clone(),
        classifies: story.classifies(),
        token,
        long_tokens,
        dim: body.dim,
        heads: body.heads,
        kv_heads: body.kv_heads,
        head: body.head_size,
        query,
        kv,
        window: body.window,
        blocks: body.blocks.len(),
        rounds: body.rounds,
        caches: body.blocks.len() * body.rounds,
        wide: query.max(hidden),
        wide16: outputs.max(body.dim).max(query),
        tokens: (tokenizer.text() + 2 + turns.as_ref().map_or(0, TurnsContext::around))
            .max(tools.as_ref().map_or(0, ToolsContext::longest)),
        max_piece: tokenizer.max_piece().max(if story.inputs().is_empty() { 0 } else { DIGITS }),
        long_mean: body.window > NARROW_WINDOW,
        pre: body.order == NormOrder::Pre,
        weights,
        bits: parts.packed.first().copied().filter(|_| parts.packed.len() == 1),
        packed: !parts.packed.is_empty(),
        widths: parts.packed.iter().map(|&bits| Width::new(bits)).collect(),
        bytes: parts.bytes,
        biases: parts.biases,
        gains: parts.gains,
        head_norms: parts.head_norms,
        relu: parts.relu,
        table: parts.table,
        gate: parts.gate,
        tokenizer,
        turns,
        choice,
        prior,
        beam,
        tools,
        beyond_avr: flash_bytes > AVR_FLASH || parts.arrays.largest > AVR_ARRAY,
        arrays: parts.arrays.into_list(),
        flash_bytes,
        state_bytes: 0,
    };
    program.state_bytes = program.state();
    Ok(program)
}

/// The weights as arrays, and how the program is told of them.
fn weights(body: &Transformer, most: u16, parts: &mut Parts) -> Weights {
    let embedding = parts.matrix("embedding", &body.embedding);
    let (rotary, positions) = match &body.positions {
        Positions::Rotary { steps } => {
            let steps = parts.arrays.add("uint32_t", "steps", steps.iter().map(|&step| step.into()));
            (Some(steps), None)
        }
        Positions::Learnt(matrix) => {
            (None, Some(parts.matrix("positions", &first_rows(matrix, most.into()))))
        }
        Positions::None => (None, None),
    };
    let blocks = body.blocks.iter().zip(1..);
    let block_fields = blocks.map(|(block, number)| parts.block(number, block)).collect();
    let norm = body.norm.as_ref().map(|norm| parts.norm("norm", norm));
    let output = match &body.output {
        Output::Own(matrix) => parts.matrix("output", matrix),
        Output::Tied { mantissas, shift } => parts.scaled("output", &body.embedding, mantissas, *shift),
    };
    let start = (!body.start.is_empty())
        .then(|| parts.arrays.add("int16_t", "start", body.start.iter().map(|&v| v.into())));
    Weights { rotary, embedding, positions, output, norm, block_fields, start }
}

impl Program {
    /// Bytes of the state: arrays from the widest elements to bytes, so that nothing lies between them.
    fn state(&self) -> usize {
        let token = if self.long_tokens { 4 } else { 2 };
        let (draws, recent) = self.choice.state();
        let (trail, beam_words, beam_bytes) = self.beam.as_ref().map_or((0, 0, 0), BeamContext::state);
        let places = self.beam.as_ref().map_or(1, BeamContext::caches);
        let words = self.wide16 + self.dim + if self.weights.start.is_some() { self.dim } else { 0 } + 3;
        let words = words + usize::from(draws) + beam_words;
        let counts = if recent > 0 { 2 } else { 0 };
        // Two tokens, and whether they are there.
        let behind = if self.prior.is_some() { 2 * token } else { 0 };
        let bytes =
            counts + beam_bytes + self.dim + self.wide + 2 * places * self.caches * self.window * self.kv;
        let source = if self.tokenizer.keeps_source() { 2 + usize::from(self.max_query) } else { 0 };
        (4 * self.window + behind + token * (self.tokens + recent + trail) + 2 * words + bytes + source)
            .next_multiple_of(4)
    }
}

/// The rows that are used of a matrix.
fn first_rows(matrix: &Matrix, rows: usize) -> Matrix {
    let mut first = matrix.clone();
    first.rows = rows;
    first.values.truncate(rows * matrix.cols);
    first.mantissas.truncate(rows);
    // What is looked up has no bias.
    first.bias.clear();
    first
}

/// What a network is, in a line.
fn about(body: &Transformer, vocabulary: usize) -> String {
    let weights: usize = body.matrices().map(|matrix| matrix.values.len()).sum();
    format!(
        "{} block(s) of {} values, {} head(s) of {}, {vocabulary} tokens, {weights} weights",
        body.blocks.len(),
        body.dim,
        body.heads,
        body.head_size,
    )
}
