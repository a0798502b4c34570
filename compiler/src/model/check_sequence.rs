//! The rules of sequence models.

use super::check::in_range;
use super::check_story;
use super::error::ModelError;
use super::sequence::{Story, Tokens};
use super::transformer::{Activation, Attention, Block, Grid, Matrix, Norm, Output, Positions, Transformer};
use crate::arithmetic::MAX_RESCALE;

/// Most values of the residual stream, of all heads together, and of a hidden layer.
pub const MAX_DIM: usize = 8192;
/// Most blocks, and most rounds of them.
pub const MAX_BLOCKS: usize = 64;
/// Most tokens of a vocabulary.
pub const MAX_VOCABULARY: usize = 1 << 17;
/// Most positions that a cache keeps.
pub const MAX_WINDOW: usize = 4096;

/// Checks the parts of a sequence model, each and together.
///
/// # Errors
/// The first rule broken, with the field.
pub fn check(tokens: &Tokens, body: &Transformer, story: &Story) -> Result<(), ModelError> {
    let vocabulary = tokens.tokenizer.pieces.len();
    in_range("max_length", tokens.max_length.into(), 1, 127)?;
    in_range("tokenizer.pieces: their number", vocabulary, 2, MAX_VOCABULARY)?;
    let tokenizer = &tokens.tokenizer;
    let named = [tokenizer.bos, tokenizer.eos, tokenizer.unknown].into_iter().flatten();
    if named.into_iter().any(|id| id as usize >= vocabulary) {
        return Err(broken("tokenizer", "one whose bos, eos and unknown are tokens of the vocabulary"));
    }
    check_story::check(tokenizer, story)?;
    body.check_sizes()?;
    let dim = body.dim;
    body.embedding.check("embedding", (vocabulary, dim))?;
    body.embedding.check_rows("embedding")?;
    body.check_positions(story.most.into())?;
    for (i, block) in body.blocks.iter().enumerate() {
        body.check_block(&format!("blocks[{}]", i + 1), block)?;
    }
    if let Some(norm) = &body.norm {
        norm.check("norm", dim)?;
    }
    match &body.prior {
        Some(_) if story.classifies() => {
            return Err(broken("prior", "none where outputs stand for labels"));
        }
        Some(prior) => prior.check(vocabulary)?,
        None => {}
    }
    match &body.output {
        Output::Own(matrix) if story.classifies() && matrix.rows != story.labels.len() => {
            Err(broken("labels", "as many as the output has rows"))
        }
        Output::Own(matrix) if story.classifies() => matrix.check("output", (story.labels.len(), dim)),
        Output::Own(matrix) => matrix.check("output", (vocabulary, dim)),
        Output::Tied { .. } if story.classifies() => {
            Err(broken("output", "one of its own: a row for each label"))
        }
        Output::Tied { mantissas, shift } => {
            length("output.mantissas", mantissas.len(), vocabulary)?;
            in_range("output.shift", (*shift).into(), 0, MAX_RESCALE.into())
        }
    }
}

impl Transformer {
    fn check_sizes(&self) -> Result<(), ModelError> {
        in_range("dim", self.dim, 1, MAX_DIM)?;
        in_range("heads", self.heads, 1, MAX_DIM)?;
        in_range("kv_heads", self.kv_heads, 1, self.heads)?;
        in_range("head_size", self.head_size, 1, 512)?;
        in_range("heads × head_size", self.heads * self.head_size, 1, MAX_DIM)?;
        in_range("window", self.window, 2, MAX_WINDOW)?;
        in_range("blocks: their number", self.blocks.len(), 1, MAX_BLOCKS)?;
        in_range("rounds", self.rounds, 1, MAX_BLOCKS)?;
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(broken("heads", "a multiple of kv_heads"));
        }
        match self.start.len() {
            0 if self.rounds > 1 => Err(broken("start", "there where blocks run in several rounds")),
            0 => Ok(()),
            found => length("start", found, self.dim),
        }
    }

    fn check_positions(&self, most: usize) -> Result<(), ModelError> {
        match &self.positions {
            Positions::None => Ok(()),
            Positions::Learnt(matrix) if matrix.rows > usize::from(u16::MAX) => {
                Err(broken("positions", "at most 65,535 rows"))
            }
            Positions::Learnt(matrix) if matrix.rows < most => {
                Err(broken("positions", "a row for each position up to `most`"))
            }
            Positions::Learnt(matrix) => {
                matrix.check("positions", (matrix.rows, self.dim))?;
                matrix.check_rows("positions")
            }
            Positions::Rotary { .. } if !self.head_size.is_multiple_of(2) => {
                Err(broken("head_size", "even where pairs rotate"))
            }
            Positions::Rotary { steps } => {
                length("positions.steps", steps.len(), self.head_size / 2)?;
                match steps.iter().all(|&step| step < 1 << 24) {
                    true => Ok(()),
                    false => Err(broken("positions.steps", "below 2^24, a whole turn")),
                }
            }
        }
    }

    fn check_block(&self, field: &str, block: &Block) -> Result<(), ModelError> {
        let (own, shared) = (self.heads * self.head_size, self.kv_heads * self.head_size);
        let attention = &block.attention;
        let of = |name: &str| format!("{field}.{name}");
        attention.norm.check(&of("attention.norm"), self.dim)?;
        attention.query.check(&of("attention.query"), (own, self.dim))?;
        attention.key.check(&of("attention.key"), (shared, self.dim))?;
        attention.value.check(&of("attention.value"), (shared, self.dim))?;
        attention.output.check(&of("attention.output"), (self.dim, own))?;
        if let Some((query, key)) = &attention.head_norms {
            query.check(&of("attention.head_norms"), self.head_size)?;
            key.check(&of("attention.head_norms"), self.head_size)?;
        }
        attention.check_weights(field, matches!(self.positions, Positions::Rotary { .. }))?;
        let layer = &block.feed_forward;
        let hidden = layer.up.rows;
        in_range(&of("feed_forward.up.rows"), hidden, 1, MAX_DIM)?;
        layer.norm.check(&of("feed_forward.norm"), self.dim)?;
        layer.up.check(&of("feed_forward.up"), (hidden, self.dim))?;
        layer.down.check(&of("feed_forward.down"), (self.dim, hidden))?;
        match &layer.activation {
            Activation::Relu => Ok(()),
            Activation::Table(table) => length(&of("feed_forward.activation.table"), table.len(), 256),
            Activation::Gate { matrix, table, bits } => {
                matrix.check(&of("feed_forward.activation.matrix"), (hidden, self.dim))?;
                in_range(&of("feed_forward.activation.bits"), (*bits).into(), 0, 15)?;
                length(&of("feed_forward.activation.table"), table.len(), 256)
            }
        }
    }
}

impl Attention {
    fn check_weights(&self, field: &str, rotates: bool) -> Result<(), ModelError> {
        let most = if rotates { 22 } else { 15 };
        in_range(&format!("{field}.attention.rotate_bits"), self.rotate_bits.into(), 0, most)?;
        in_range(&format!("{field}.attention.score_bits"), self.score_bits.into(), 0, 23)?;
        let field = format!("{field}.attention.weights");
        length(&field, self.weights.len(), 256)?;
        if self.weights[0] != 255 || !self.weights.is_sorted_by(|a, b| a >= b) {
            return Err(broken(&field, "255 first and never rising"));
        }
        Ok(())
    }
}

impl Norm {
    fn check(&self, field: &str, elements: usize) -> Result<(), ModelError> {
        in_range(&format!("{field}.down"), self.down.into(), 0, 8)?;
        in_range(&format!("{field}.narrow"), self.narrow.into(), 0, 8)?;
        let Some((mantissas, shift)) = &self.gain else { return Ok(()) };
        in_range(&format!("{field}.gain: its shift"), (*shift).into(), 0, MAX_RESCALE.into())?;
        length(&format!("{field}.gain"), mantissas.len(), elements)
    }
}

impl Matrix {
    /// Rows that are looked up have no bias.
    fn check_rows(&self, field: &str) -> Result<(), ModelError> {
        match self.bias.is_empty() {
            true => Ok(()),
            false => Err(broken(&format!("{field}.bias"), "empty: rows are looked up, and nothing is added")),
        }
    }

    fn check(&self, field: &str, (rows, cols): (usize, usize)) -> Result<(), ModelError> {
        if (self.rows, self.cols) != (rows, cols) {
            let field = field.to_string();
            return Err(ModelError::MatrixShape {
                field,
                found: (self.rows, self.cols),
                wants: (rows, cols),
            });
        }
        if let Grid::Symmetric { bits } = self.grid {
            in_range(&format!("{field}.grid: its bits"), bits.into(), 3, 8)?;
        }
        in_range(&format!("{field}.shift"), self.shift.into(), 0, MAX_RESCALE.into())?;
        length(&format!("{field}.values"), self.values.len(), rows * cols)?;
        length(&format!("{field}.mantissas"), self.mantissas.len(), rows)?;
        if !self.bias.is_empty() {
            length(&format!("{field}.bias"), self.bias.len(), rows)?;
        }
        let (least, most) = self.grid.limits();
        for (row, values) in self.values.chunks(cols).enumerate() {
            if let Some(col) = values.iter().position(|w| !(least..=most).contains(w)) {
                let (field, value) = (field.to_string(), values[col]);
                return Err(ModelError::OffGrid { field, row, col, value, least, most });
            }
            // An activation has 8 bits, -128 at least; the sum must fit 24.
            let sum = values.iter().map(|w| i64::from(w.unsigned_abs())).sum::<i64>() * 128;
            if sum >= 1 << 23 {
                return Err(ModelError::LargeSum { field: field.to_string(), row, sum });
            }
        }
        Ok(())
    }
}

fn length(field: &str, found: usize, wants: usize) -> Result<(), ModelError> {
    if found == wants { Ok(()) } else { Err(ModelError::Length { field: field.to_string(), found, wants }) }
}

pub(super) fn broken(field: &str, rule: &'static str) -> ModelError {
    ModelError::Rule { field: field.to_string(), rule }
}
