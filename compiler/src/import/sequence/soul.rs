//! soulplayer's `soul.bin` (gizmo64k/soulplayer-c64, `src/soul_io.py`): a small network with ReLU, learnt positions
//! and pre-norms, trained in floats and stored as int8.
//!
//! The file is tensors one behind the other, no header: `u8` kind, `u16` rows, `u16` columns, `i8` shift
//! (little-endian), then int8 values (kind 0) or int16 values (kind 1). Order: embedding, positions; for each layer
//! n1, q, k, v, proj, n2, fc1_w, fc1_b, fc2_w, fc2_b; norm, out. A weight is `value / 2^shift`. Every matrix of a
//! layer halves its result ("post_shift"), its bias too, which has the scale of the sum: `value / 2^(shift + 8)`.
//! Here the halves are in the weights.
//!
//! What it computes otherwise is an ordinary network with RMS norm, eps 1e-5. It was trained with the softmax of `q·k
//! / √8` (heads of 8 values), but its integers, which the author calls the ground truth and by whose replies the best
//! weights were chosen, take `q·k / 4`: here `wq` has the difference, a factor of √½. They also never divide by a
//! root mean square below 1, take shares from a table of 127 bytes, and round down everywhere; that is not copied.
//! Tokens 0 to 3 (`<PAD>`, `<SEP>`, `<UNK>`, `<END>`) are never chosen, and a text ends when all positions are full.

use super::bytes::{Rest, check_finite};
use super::{Activation, Checkpoint, CheckpointError, Linear, MAX_LAYERS, Norm, Position, Problem, Shape};

/// Values of a head; the file does not say.
const HEAD_SIZE: usize = 8;
/// Activations are 8.8 numbers, and biases are added to sums of them.
const FRACTION: i32 = 8;
/// What turns scores over the root of the head size into a quarter of them.
const SHARPNESS: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// Names of a layer's tensors, in order.
const LAYER: [&str; 10] = ["n1", "q", "k", "v", "proj", "n2", "fc1_w", "fc1_b", "fc2_w", "fc2_b"];

/// Whether `bytes` start as two int8 tensors of as many columns, as an embedding and positions do.
pub fn is_soul(bytes: &[u8]) -> bool {
    let mut rest = Rest(bytes);
    let mut columns = || Raw::read(&mut rest, "a table").ok().filter(|t| t.kind == 0).map(|t| t.columns);
    matches!((columns(), columns()), (Some(one), Some(other)) if one > 1 && one == other)
}

/// Reads a `soul.bin`; `file` names it in errors.
///
/// # Errors
/// The first thing found wrong: a tensor of another kind, shape or shift than its place asks for, a file that ends
/// early or has something behind its tensors.
pub fn read(bytes: &[u8], file: &str) -> Result<Checkpoint, CheckpointError> {
    checkpoint(bytes).map_err(|problem| CheckpointError::new(file, problem))
}

fn checkpoint(bytes: &[u8]) -> Result<Checkpoint, Problem> {
    let raws = raws(bytes)?;
    let layers = raws.len().saturating_sub(4) / LAYER.len();
    if layers == 0 || raws.len() != 4 + layers * LAYER.len() {
        let (value, wants) = (raws.len().to_string(), "4, and 10 for each layer".to_string());
        return Err(Problem::Value { field: "the number of tensors".to_string(), value, wants });
    }
    let shape = shape(&raws, layers)?;
    shape.check()?;
    let (dim, vocabulary) = (shape.dim, shape.vocabulary);

    let mut raws = raws.into_iter();
    let mut next = |name: &str| raws.next().ok_or_else(|| Problem::MissingTensor(name.to_string()));
    let mut checkpoint = Checkpoint::blank(shape);
    checkpoint.embedding = next("te")?.values("te", vocabulary, dim, 0)?;
    checkpoint.learnt_positions = Some(next("pe")?.values("pe", shape.positions.unwrap_or(0), dim, 0)?);
    for (index, layer) in checkpoint.layers.iter_mut().enumerate() {
        let name = |part: &str| format!("l{index}.{part}");
        layer.attention_norm = next("n1")?.values(&name("n1"), dim, 1, 0)?;
        let parts =
            [("q", &mut layer.wq), ("k", &mut layer.wk), ("v", &mut layer.wv), ("proj", &mut layer.wo)];
        for (part, matrix) in parts {
            matrix.weights = next(part)?.values(&name(part), matrix.outputs, matrix.inputs, 1)?;
        }
        layer.wq.weights.iter_mut().for_each(|w| *w *= SHARPNESS);
        layer.feed_norm = next("n2")?.values(&name("n2"), dim, 1, 0)?;
        for (part, matrix) in [("fc1", &mut layer.up), ("fc2", &mut layer.down)] {
            let (raw, name) = (next(part)?, name(&format!("{part}_w")));
            matrix.weights = raw.values(&name, matrix.outputs, matrix.inputs, 1)?;
            matrix.bias = Some(next(part)?.bias(&format!("l{index}.{part}_b"), matrix.outputs, &raw)?);
        }
    }
    checkpoint.final_norm = Some(next("norm")?.values("norm", dim, 1, 0)?);
    let mut output = Linear::blank(vocabulary, dim);
    output.weights = next("out")?.values("out", vocabulary, dim, 0)?;
    checkpoint.output = Some(output);
    Ok(checkpoint)
}

/// The shape that the first tables and the first `fc1_w` say; the others are held to it.
fn shape(raws: &[Raw], layers: usize) -> Result<Shape, Problem> {
    let [embedding, positions, ..] = raws else { return Err(Problem::MissingTensor("te".to_string())) };
    let feed = raws.get(2 + 6).ok_or_else(|| Problem::MissingTensor("l0.fc1_w".to_string()))?;
    let dim = embedding.columns;
    if !dim.is_multiple_of(HEAD_SIZE) {
        let wants = format!("a multiple of {HEAD_SIZE}: heads have {HEAD_SIZE} values");
        return Err(Problem::Value { field: "dim".to_string(), value: dim.to_string(), wants });
    }
    let heads = dim / HEAD_SIZE;
    Ok(Shape {
        hidden: feed.rows,
        vocabulary: embedding.rows,
        positions: Some(positions.rows),
        position: Position::Learnt,
        activation: Activation::Relu,
        norm: Norm::Pre,
        ..Shape::llama(dim, layers, heads, heads)
    })
}

/// A tensor as it lies in the file.
struct Raw<'a> {
    kind: u8,
    rows: usize,
    columns: usize,
    shift: i8,
    data: &'a [u8],
}

/// All tensors of the file.
fn raws(bytes: &[u8]) -> Result<Vec<Raw<'_>>, Problem> {
    let mut rest = Rest(bytes);
    let mut raws = Vec::new();
    while !rest.0.is_empty() {
        if raws.len() == 4 + MAX_LAYERS * LAYER.len() {
            let (value, most) = (MAX_LAYERS as u64 + 1, MAX_LAYERS as u64);
            return Err(Problem::Size { field: "layers", value, most });
        }
        raws.push(Raw::read(&mut rest, &format!("tensor number {}", raws.len()))?);
    }
    Ok(raws)
}

impl<'a> Raw<'a> {
    fn read(rest: &mut Rest<'a>, name: &str) -> Result<Self, Problem> {
        let [kind, r0, r1, c0, c1, shift] = rest.array(name)?;
        let (rows, columns) = (u16::from_le_bytes([r0, r1]).into(), u16::from_le_bytes([c0, c1]).into());
        let width = match kind {
            0 => 1,
            1 => 2,
            _ => {
                let (field, wants) = (format!("the kind of {name}"), "0 (int8) or 1 (int16)".to_string());
                return Err(Problem::Value { field, value: kind.to_string(), wants });
            }
        };
        // Two u16 and a factor of 2: below 2^33.
        let bytes = usize::try_from(rows as u64 * columns as u64 * width);
        let data = rest.take(bytes.map_err(|_| Problem::Ends(name.to_string()))?, name)?;
        Ok(Self { kind, rows, columns, shift: shift.cast_signed(), data })
    }

    fn check(&self, name: &str, kind: u8, rows: usize, columns: usize) -> Result<(), Problem> {
        let tensor = name.to_string();
        if self.kind != kind {
            let names = ["int8", "int16"];
            let (found, wants) = (names[usize::from(self.kind)].to_string(), names[usize::from(kind)]);
            return Err(Problem::TensorType { tensor, found, wants });
        }
        if (self.rows, self.columns) != (rows, columns) {
            let found = format!("{} by {}", self.rows, self.columns);
            return Err(Problem::TensorShape { tensor, found, wants: format!("{rows} by {columns}") });
        }
        Ok(())
    }

    /// The int8 values, divided by `2^(shift + halves)`.
    fn values(&self, name: &str, rows: usize, columns: usize, halves: i32) -> Result<Vec<f32>, Problem> {
        self.check(name, 0, rows, columns)?;
        let scale = power(-(i32::from(self.shift) + halves));
        let values: Vec<f32> = self.data.iter().map(|&v| f32::from(v.cast_signed()) * scale).collect();
        check_finite(name, &values, columns)?;
        Ok(values)
    }

    /// The int16 values of a bias, as `matrix` halves them.
    fn bias(&self, name: &str, rows: usize, matrix: &Raw) -> Result<Vec<f32>, Problem> {
        self.check(name, 1, rows, 1)?;
        if self.shift != matrix.shift {
            let (field, value) = (format!("the shift of {name}"), self.shift.to_string());
            return Err(Problem::Value {
                field,
                value,
                wants: format!("{}, as its matrix has", matrix.shift),
            });
        }
        let scale = power(-(i32::from(self.shift) + FRACTION + 1));
        let values: Vec<f32> =
            self.data.as_chunks().0.iter().map(|&v| f32::from(i16::from_le_bytes(v)) * scale).collect();
        check_finite(name, &values, 1)?;
        Ok(values)
    }
}

/// `2^exponent`, exactly; infinite or 0 far outside.
fn power(exponent: i32) -> f32 {
    match exponent {
        128.. => f32::INFINITY,
        -126..=127 => f32::from_bits(((exponent + 127) as u32) << 23),
        -149..=-127 => f32::from_bits(1 << (exponent + 149)),
        _ => 0.0,
    }
}
