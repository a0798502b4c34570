//! A piece of a batch on a device: the rows of its texts one behind the other, as in a [`Chunk`], and what finds them.

use crate::arrays::{Done, Torch};
use crate::sequence::chunk::{Chunk, chunks, groups};
use crate::sequence::dropout::{self, Dropout};
use crate::sequence::example::Example;
use crate::sequence::ops::attention::Heads;
use crate::sequence::pass::Net;
use tch::{Kind, Tensor};

/// A text of a batch.
pub(super) struct Text<'e> {
    example: &'e Example,
    /// The group that it belongs to, and its first row in the chunk where the processor would have it: dropout goes by them.
    group: usize,
    first: usize,
}

/// The texts of a batch in pieces of `most` rows, padding counted, or of one text; each has texts that are nearly as long.
pub(super) fn pieces<'e>(examples: &[&'e Example], most: usize) -> Vec<Vec<Text<'e>>> {
    let mut texts = Vec::new();
    for (group, examples) in groups(examples).enumerate() {
        for chunk in chunks(examples) {
            let mut first = 0;
            for example in chunk {
                texts.push(Text { example, group, first });
                first += example.read();
            }
        }
    }
    texts.retain(|text| text.example.read() > 0);
    texts.sort_by_key(|text| text.example.read());
    let mut pieces: Vec<Vec<Text>> = Vec::new();
    for text in texts {
        match pieces.last_mut() {
            // The new text is the longest.
            Some(piece) if (piece.len() + 1) * text.example.read() <= most => piece.push(text),
            _ => pieces.push(vec![text]),
        }
    }
    pieces
}

/// Rows that a pass takes, and the numbers that belong to them.
pub(super) struct Rows {
    pub count: i64,
    /// `[count]`
    pub tokens: Tensor,
    /// Of each row in its text: `[count]`.
    pub positions: Tensor,
    /// Cosines and sines of each row: `[count, 1, pairs]`.
    pub turns: Option<[Tensor; 2]>,
    pub texts: i64,
    /// `None`: all texts are equally long.
    padding: Option<Padding>,
    /// Which position sees which, where that is not all before it.
    pub mask: Option<Tensor>,
    /// Rows that count: `[targets]`.
    pub targets: Tensor,
    /// Their tokens: `[targets, 1]`.
    pub wanted: Tensor,
    /// What tokens cost in nats behind rows that count: rows of a table, and which one each has.
    pub prior: Option<(Tensor, Tensor)>,
    dropout: Option<Left>,
}

/// Texts padded to the longest, which attention alone wants. Padding is any row: no position sees one behind it.
struct Padding {
    /// The row of each place, `[texts · longest]`, and the place of each row, `[count]`.
    rows: Tensor,
    places: Tensor,
}

/// What dropout leaves out.
struct Left {
    dropout: Dropout,
    /// The state of each row's first value, `[count, 1]`, and what each column adds to it, `[1, dim]`.
    first: Tensor,
    columns: Tensor,
}

impl Rows {
    pub(super) fn new(torch: &Torch, net: &Net, texts: &[Text]) -> Done<Self> {
        let mut chunk = Chunk::default();
        chunk.fill(texts.iter().map(|text| text.example));
        let longest = chunk.texts().map(|text| text.len()).max().unwrap_or(0);
        let whole = |numbers: Vec<i64>| torch.upload(&numbers);
        let positions = whole(chunk.texts().flat_map(|text| 0..text.len() as i64).collect())?;
        let turns = match net.rotation {
            None => None,
            Some(rotation) => {
                let (pairs, table) = rotation.table(longest);
                let side = |of: fn(&(f32, f32)) -> f32| {
                    let table = torch.upload(&table.iter().map(of).collect::<Vec<_>>())?;
                    let table = table.f_view([-1, 1, pairs as i64])?;
                    table.f_index_select(0, &positions)
                };
                Some([side(|turn| turn.0)?, side(|turn| turn.1)?])
            }
        };
        let prior = match net.prior {
            None => None,
            Some(prior) => {
                let table = torch.upload(&prior.nats())?.f_view([-1, prior.vocabulary() as i64])?;
                let row = |&(row, _): &(usize, u32)| prior.row_behind(&chunk, row) as i64;
                Some((table, whole(chunk.targets.iter().map(row).collect())?))
            }
        };
        Ok(Self {
            count: chunk.rows() as i64,
            tokens: whole(chunk.tokens.iter().map(|&token| token.into()).collect())?,
            positions,
            turns,
            texts: texts.len() as i64,
            padding: padding(torch, &chunk, longest)?,
            mask: mask(torch, &net.heads(), longest)?,
            targets: whole(chunk.targets.iter().map(|&(row, _)| row as i64).collect())?,
            wanted: whole(chunk.targets.iter().map(|&(_, token)| token.into()).collect())?.f_unsqueeze(1)?,
            prior,
            dropout: left(torch, net, texts)?,
        })
    }

    /// Rows as places of padded texts: `[count, …]` → `[texts, longest, …]`.
    pub(super) fn padded(&self, x: &Tensor) -> Done<Tensor> {
        let shape: Vec<i64> = [self.texts, -1].into_iter().chain(x.size().into_iter().skip(1)).collect();
        match &self.padding {
            Some(padding) => x.f_index_select(0, &padding.rows)?.f_view(shape.as_slice()),
            None => x.f_reshape(shape.as_slice()),
        }
    }

    /// The rows of such places: `[texts, longest, …]` → `[count, …]`.
    pub(super) fn unpadded(&self, x: &Tensor) -> Done<Tensor> {
        let rows = x.f_flatten(0, 1)?;
        match &self.padding {
            Some(padding) => rows.f_index_select(0, &padding.places),
            None => Ok(rows),
        }
    }

    /// Leaves out what dropout does. `layer`: another number for each use in a pass.
    pub(super) fn leave_out(&self, x: Tensor, layer: usize) -> Done<Tensor> {
        match &self.dropout {
            Some(left) => x.f_mul(&left.factors(layer)?),
            None => Ok(x),
        }
    }
}

impl Left {
    /// 0 or the factor of what stays: `[count, dim]`. Integers wrap, as the generator wants them.
    fn factors(&self, layer: usize) -> Done<Tensor> {
        let layer = (layer as u64).wrapping_mul(dropout::LAYER) as i64;
        let mut z = self.first.f_add(&self.columns)?.f_add_scalar(layer)?;
        for (shift, times) in dropout::MIXED {
            z = z.f_bitwise_xor_tensor(&shifted(&z, shift)?)?.f_mul_scalar(times as i64)?;
        }
        let stays = shifted(&z, 32)?.f_ge(self.dropout.limit() as i64)?;
        stays.f_to_kind(Kind::Float)?.f_mul_scalar(f64::from(self.dropout.factor()))
    }
}

/// Shifted right, with zeros from the left: the device's own shift keeps the sign.
fn shifted(z: &Tensor, by: u32) -> Done<Tensor> {
    z.f_bitwise_right_shift_tensor_scalar(i64::from(by))?.f_bitwise_and((1i64 << (64 - by)) - 1)
}

fn padding(torch: &Torch, chunk: &Chunk, longest: usize) -> Done<Option<Padding>> {
    if chunk.texts().all(|text| text.len() == longest) {
        return Ok(None);
    }
    let (mut rows, mut places) = (Vec::new(), Vec::new());
    for (number, text) in chunk.texts().enumerate() {
        let from = number * longest;
        places.extend((from..from + text.len()).map(|place| place as i64));
        rows.extend(text.map(|row| row as i64));
        rows.resize(from + longest, 0);
    }
    Ok(Some(Padding { rows: torch.upload(&rows)?, places: torch.upload(&places)? }))
}

/// Where texts are longer than the window: `[longest, longest]`, true where the first position sees the second.
fn mask(torch: &Torch, heads: &Heads, longest: usize) -> Done<Option<Tensor>> {
    if longest <= heads.window {
        return Ok(None);
    }
    let sees = |i: usize| (0..longest).map(move |j| heads.sees(i, j));
    let mask = torch.upload(&(0..longest).flat_map(sees).collect::<Vec<_>>())?;
    mask.f_view([longest as i64, -1]).map(Some)
}

fn left(torch: &Torch, net: &Net, texts: &[Text]) -> Done<Option<Left>> {
    if net.dropout.rate == 0.0 {
        return Ok(None);
    }
    let dim = net.shape.network.dim;
    let number = |value: usize| (value as u64).wrapping_mul(dropout::STEP) as i64;
    let mut first = Vec::new();
    for text in texts {
        let seed = net.dropout.of_group(text.group).seed as i64;
        let rows = text.first..text.first + text.example.read();
        first.extend(rows.map(|row| seed.wrapping_add(number(row * dim))));
    }
    let columns: Vec<i64> = (0..dim).map(number).collect();
    let (first, columns) = (torch.upload(&first)?.f_unsqueeze(1)?, torch.upload(&columns)?.f_unsqueeze(0)?);
    Ok(Some(Left { dropout: net.dropout, first, columns }))
}
