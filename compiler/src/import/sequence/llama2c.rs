//! Checkpoints of llama2.c, in the three forms that its `export.py` writes. All numbers are little-endian.
//!
//! - Legacy: seven int32 (dim, hidden, layers, heads, key-value heads, vocabulary, positions; a negative vocabulary
//!   says that the output has a matrix of its own), then floats: embedding, attention norms, wq, wk, wv, wo,
//!   feed-forward norms, w1, w2, w3 (each of all layers), final norm, two tables of angles, which are not used, and
//!   the output.
//! - Version 1: 256 bytes of header (magic, version, the seven, a byte that is 1 if the output is tied), then floats:
//!   both norms of all layers, final norm, embedding, wq, wk, wv, wo, w1, w2, w3, output.
//! - Version 2 (Q8_0): the group size is behind that byte. The norms are floats. Each other tensor, of each layer by
//!   itself, is its int8 values, then a float scale for each group of neighbours, as `runq.c` reads it. (An earlier
//!   `export.py` put all scales at the end. That gives negative scales here, and is refused.)
//!
//! No form says the base of the angles or the norms' epsilon: `run.c` has 10,000 and 1e-5.

use super::bytes::{Rest, check_finite};
use super::{Checkpoint, CheckpointError, Layer, Linear, Problem, Shape};

/// "ak42", in front of all but legacy files.
const MAGIC: u32 = 0x616b_3432;
/// Bytes of a header with a version.
const HEADER: usize = 256;
/// A larger scale than any weight needs; what is no scale is found by it.
const MAX_SCALE: f32 = 1000.0;

/// The matrices of a layer, in the order of all forms, by their names there.
type Pick = fn(&mut Layer) -> Option<&mut Linear>;
const ATTENTION: [(&str, Pick); 4] = [
    ("wq", |layer| Some(&mut layer.wq)),
    ("wk", |layer| Some(&mut layer.wk)),
    ("wv", |layer| Some(&mut layer.wv)),
    ("wo", |layer| Some(&mut layer.wo)),
];
const FEED: [(&str, Pick); 3] = [
    ("w1", |layer| layer.gate.as_mut()),
    ("w2", |layer| Some(&mut layer.down)),
    ("w3", |layer| Some(&mut layer.up)),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Legacy,
    Floats,
    /// With the values of a group.
    Groups(usize),
}

/// Whether `bytes` start as a checkpoint with a version, or have a legacy header of possible sizes.
pub fn is_llama2c(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC.to_le_bytes()) || header(bytes).is_ok()
}

/// Reads a checkpoint of any form; `file` names it in errors.
///
/// # Errors
/// The first thing found wrong: a field of the header, a file that is not exactly as long as its header asks for, a
/// weight or a scale that is no number.
pub fn read(bytes: &[u8], file: &str) -> Result<Checkpoint, CheckpointError> {
    checkpoint(bytes).map_err(|problem| CheckpointError::new(file, problem))
}

fn checkpoint(bytes: &[u8]) -> Result<Checkpoint, Problem> {
    let Header { shape, tied, form, length } = header(bytes)?;
    let wants = length + data_bytes(&shape, tied, form);
    if bytes.len() as u64 != wants {
        return Err(Problem::Length { found: bytes.len() as u64, wants });
    }
    let mut body = Body { rest: Rest(&bytes[length as usize..]), form };
    let mut checkpoint = Checkpoint::blank(shape);
    if form == Form::Legacy {
        body.legacy(&mut checkpoint)?
    } else {
        body.versioned(&mut checkpoint)?
    }
    if !tied {
        let mut output = Linear::blank(shape.vocabulary, shape.dim);
        output.weights = body.matrix("output", shape.vocabulary, shape.dim)?;
        checkpoint.output = Some(output);
    }
    debug_assert!(body.rest.0.is_empty(), "the length was compared");
    Ok(checkpoint)
}

struct Header {
    shape: Shape,
    tied: bool,
    form: Form,
    /// Bytes of the header.
    length: u64,
}

fn header(bytes: &[u8]) -> Result<Header, Problem> {
    let mut rest = Rest(bytes);
    if !bytes.starts_with(&MAGIC.to_le_bytes()) {
        let (shape, vocabulary) = seven(&mut rest, Form::Legacy)?;
        return Ok(Header { shape, tied: vocabulary > 0, form: Form::Legacy, length: 28 });
    }
    rest.array::<4>("the magic")?;
    let version = i32::from_le_bytes(rest.array("the version")?);
    if !matches!(version, 1 | 2) {
        return Err(Problem::Version(version));
    }
    let (shape, _) = seven(&mut rest, Form::Floats)?;
    let [tied] = rest.array("the header")?;
    if tied > 1 {
        return value("shared_classifier", tied, "0 or 1");
    }
    let mut form = Form::Floats;
    if version == 2 {
        let group = i32::from_le_bytes(rest.array("the header")?);
        form = match usize::try_from(group) {
            Ok(group) if group > 0 && matrices(&shape).all(|(_, size)| size % group as u64 == 0) => {
                Form::Groups(group)
            }
            _ => return value("group_size", group, "a number that divides the size of every matrix"),
        };
    }
    let padding = rest.take(HEADER - (bytes.len() - rest.0.len()), "the header")?;
    if padding.iter().any(|&byte| byte != 0) {
        return value("the rest of the header", "not zero", "zeros");
    }
    Ok(Header { shape, tied: tied == 1, form, length: HEADER as u64 })
}

fn value<T>(field: &str, value: impl ToString, wants: &str) -> Result<T, Problem> {
    Err(Problem::Value { field: field.to_string(), value: value.to_string(), wants: wants.to_string() })
}

/// The shape that the seven int32 say, checked, and the vocabulary with its sign.
fn seven(rest: &mut Rest, form: Form) -> Result<(Shape, i32), Problem> {
    const NAMES: [&str; 7] = ["dim", "hidden", "layers", "heads", "kv_heads", "vocabulary", "positions"];
    let mut sizes = [0; 7];
    let mut vocabulary = 0;
    for (size, name) in sizes.iter_mut().zip(NAMES) {
        let found = i32::from_le_bytes(rest.array("the header")?);
        if name == "vocabulary" {
            vocabulary = found;
        }
        let positive =
            if name == "vocabulary" && form == Form::Legacy { found.checked_abs() } else { Some(found) };
        *size = match positive.map(usize::try_from) {
            Some(Ok(size)) if size > 0 => size,
            _ => return value(name, found, "a size of at least 1"),
        };
    }
    let [dim, hidden, layers, heads, kv_heads, tokens, positions] = sizes;
    if !dim.is_multiple_of(heads) {
        return value("heads", heads, &format!("a divisor of dim {dim}"));
    }
    let llama = Shape::llama(dim, layers, heads, kv_heads);
    let shape = Shape { hidden, vocabulary: tokens, positions: Some(positions), ..llama };
    shape.check()?;
    Ok((shape, vocabulary))
}

/// How often each matrix is there and its number of values, the output left out: it is as the embedding.
fn matrices(shape: &Shape) -> impl Iterator<Item = (u64, u64)> {
    let (dim, layers) = (shape.dim as u64, shape.layers as u64);
    let (query, kv) = (shape.query_size() as u64, shape.kv_size() as u64);
    let tokens = shape.vocabulary as u64;
    [(1, tokens), (2 * layers, query), (2 * layers, kv), (3 * layers, shape.hidden as u64)]
        .into_iter()
        .map(move |(times, side)| (times, side * dim))
}

/// Bytes behind the header. A shape that was checked has no more than 2^28 weights, so nothing overflows.
fn data_bytes(shape: &Shape, tied: bool, form: Form) -> u64 {
    let output = if tied { 0 } else { shape.vocabulary as u64 * shape.dim as u64 };
    let weights = output + matrices(shape).map(|(times, size)| times * size).sum::<u64>();
    let norms = (2 * shape.layers as u64 + 1) * shape.dim as u64;
    match form {
        Form::Legacy => {
            let angles = shape.positions.unwrap_or(0) as u64 * (shape.head_size as u64 / 2) * 2;
            4 * (weights + norms + angles)
        }
        Form::Floats => 4 * (weights + norms),
        Form::Groups(group) => 4 * norms + weights + 4 * (weights / group as u64),
    }
}

/// What is behind the header.
struct Body<'a> {
    rest: Rest<'a>,
    form: Form,
}

impl Body<'_> {
    fn legacy(&mut self, to: &mut Checkpoint) -> Result<(), Problem> {
        let shape = to.shape;
        to.embedding = self.matrix("embedding", shape.vocabulary, shape.dim)?;
        self.norms(to, "attention_norm", |layer| &mut layer.attention_norm)?;
        self.parts(to, &ATTENTION)?;
        self.norms(to, "ffn_norm", |layer| &mut layer.feed_norm)?;
        self.parts(to, &FEED)?;
        to.final_norm = Some(self.rest.floats("norm", shape.dim, 1)?);
        let angles = 4 * shape.positions.unwrap_or(0) * (shape.head_size / 2) * 2;
        self.rest.take(angles, "the tables of angles")?;
        Ok(())
    }

    fn versioned(&mut self, to: &mut Checkpoint) -> Result<(), Problem> {
        let shape = to.shape;
        self.norms(to, "attention_norm", |layer| &mut layer.attention_norm)?;
        self.norms(to, "ffn_norm", |layer| &mut layer.feed_norm)?;
        to.final_norm = Some(self.rest.floats("norm", shape.dim, 1)?);
        to.embedding = self.matrix("embedding", shape.vocabulary, shape.dim)?;
        self.parts(to, &ATTENTION)?;
        self.parts(to, &FEED)
    }

    /// The gains of a norm, of all layers.
    fn norms(
        &mut self,
        to: &mut Checkpoint,
        name: &str,
        pick: fn(&mut Layer) -> &mut Vec<f32>,
    ) -> Result<(), Problem> {
        let dim = to.shape.dim;
        for (index, layer) in to.layers.iter_mut().enumerate() {
            *pick(layer) = self.rest.floats(&format!("layers.{index}.{name}"), dim, 1)?;
        }
        Ok(())
    }

    /// Matrices, each of all layers.
    fn parts(&mut self, to: &mut Checkpoint, parts: &[(&str, Pick)]) -> Result<(), Problem> {
        for (name, pick) in parts {
            for (index, layer) in to.layers.iter_mut().enumerate() {
                let Some(matrix) = pick(layer) else { continue };
                let name = format!("layers.{index}.{name}");
                matrix.weights = self.matrix(&name, matrix.outputs, matrix.inputs)?;
            }
        }
        Ok(())
    }

    fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> Result<Vec<f32>, Problem> {
        let Form::Groups(size) = self.form else { return self.rest.floats(name, rows, columns) };
        let count = rows * columns;
        let values = self.rest.take(count, name)?;
        let scales = self.rest.take(count / size * 4, name)?;
        let mut weights = Vec::with_capacity(count);
        for (group, (values, scale)) in values.chunks_exact(size).zip(scales.as_chunks().0).enumerate() {
            let scale = f32::from_le_bytes(*scale);
            // Not a range of contains: -0.0 is no scale that a maximum gives.
            if !(scale >= 0.0 && scale.is_sign_positive() && scale <= MAX_SCALE) {
                let (tensor, value) = (name.to_string(), scale.to_string());
                return Err(Problem::Scale { tensor, group, value });
            }
            weights.extend(values.iter().map(|&v| f32::from(v.cast_signed()) * scale));
        }
        check_finite(name, &weights, columns)?;
        Ok(weights)
    }
}
