//! A float network as importers read it.

use super::{Activation, Norm, Position, Problem, Shape};

/// A matrix with or without a bias: `y = weights · x + bias`.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// Rows.
    pub outputs: usize,
    /// Columns.
    pub inputs: usize,
    /// `outputs · inputs` values, row by row.
    pub weights: Vec<f32>,
    /// `outputs` values.
    pub bias: Option<Vec<f32>>,
}

impl Linear {
    /// A matrix whose weights are still to be filled in.
    pub(super) fn blank(outputs: usize, inputs: usize) -> Self {
        Self { outputs, inputs, weights: Vec::new(), bias: None }
    }

    /// The weights of an output.
    ///
    /// # Panics
    /// If there is no such output.
    pub fn row(&self, output: usize) -> &[f32] {
        &self.weights[output * self.inputs..][..self.inputs]
    }
}

/// The weights of a block.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Gains of the norm before (or behind, [`Norm::Post`]) the attention: `dim` values.
    pub attention_norm: Vec<f32>,
    /// Queries: `heads · head_size` outputs, `dim` inputs.
    pub wq: Linear,
    /// Keys: `kv_heads · head_size` outputs, `dim` inputs.
    pub wk: Linear,
    /// Values: as the keys.
    pub wv: Linear,
    /// Behind the attention: `dim` outputs, `heads · head_size` inputs.
    pub wo: Linear,
    /// Gains of the queries' norm, `head_size` values, the same for each head; `None` are ones. Only with `qk_norm`.
    pub q_norm: Option<Vec<f32>>,
    /// Gains of the keys' norm, likewise.
    pub k_norm: Option<Vec<f32>>,
    /// Gains of the norm before (or behind) the feed-forward part: `dim` values.
    pub feed_norm: Vec<f32>,
    /// Gate, llama2.c's `w1`: `hidden` outputs, `dim` inputs. There if the activation is gated.
    pub gate: Option<Linear>,
    /// Down, llama2.c's `w2`: `dim` outputs, `hidden` inputs.
    pub down: Linear,
    /// Up, llama2.c's `w3`: `hidden` outputs, `dim` inputs.
    pub up: Linear,
}

impl Layer {
    /// A layer of this shape whose tensors are still to be filled in.
    pub(super) fn blank(shape: &Shape) -> Self {
        let (dim, hidden) = (shape.dim, shape.hidden);
        Self {
            attention_norm: Vec::new(),
            wq: Linear::blank(shape.query_size(), dim),
            wk: Linear::blank(shape.kv_size(), dim),
            wv: Linear::blank(shape.kv_size(), dim),
            wo: Linear::blank(dim, shape.query_size()),
            q_norm: None,
            k_norm: None,
            feed_norm: Vec::new(),
            gate: shape.activation.is_gated().then(|| Linear::blank(hidden, dim)),
            down: Linear::blank(dim, hidden),
            up: Linear::blank(hidden, dim),
        }
    }
}

/// A float network.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// What the network is.
    pub shape: Shape,
    /// A row of `dim` values for each token.
    pub embedding: Vec<f32>,
    /// A row of `dim` values for each position, where they are learnt.
    pub learnt_positions: Option<Vec<f32>>,
    /// The blocks, in the order in which they are applied.
    pub layers: Vec<Layer>,
    /// Gains of the norm before the output, `dim` values; `None` if there is no such norm (as in TRM).
    pub final_norm: Option<Vec<f32>>,
    /// Output matrix: `vocabulary` outputs, `dim` inputs; `None` if it is the embedding (tied).
    pub output: Option<Linear>,
    /// Where `z` starts, `dim` values; `None` are zeros.
    pub start: Option<Vec<f32>>,
}

impl Checkpoint {
    /// Checks the shape, and that every tensor has the size that it asks for. Values are not looked at.
    ///
    /// # Errors
    /// What [`Shape::check`] says, or the first tensor of a wrong size.
    pub fn check(&self) -> Result<(), Problem> {
        let shape = &self.shape;
        shape.check()?;
        let dim = shape.dim;
        size("embedding", &self.embedding, shape.vocabulary, dim)?;
        match (&self.learnt_positions, shape.position) {
            (Some(rows), Position::Learnt) => {
                size("learnt_positions", rows, shape.positions.unwrap_or(0), dim)?;
            }
            (None, Position::Learnt) => return Err(Problem::MissingTensor("learnt_positions".to_string())),
            (Some(_), _) => return Err(Problem::UnknownTensor("learnt_positions".to_string())),
            (None, _) => {}
        }
        if self.layers.len() != shape.layers {
            let (value, wants) = (shape.layers.to_string(), self.layers.len().to_string());
            return Err(Problem::Value { field: "layers".to_string(), value, wants });
        }
        for (index, layer) in self.layers.iter().enumerate() {
            layer.check(index, shape)?;
        }
        optional("final_norm", self.final_norm.as_ref(), dim)?;
        optional("start", self.start.as_ref(), dim)?;
        match &self.output {
            Some(output) => linear("output", output, shape.vocabulary, dim),
            None => Ok(()),
        }
    }

    /// Weights of the matrices and tables; norms and biases are not counted.
    pub fn weights(&self) -> u64 {
        self.shape.weights(self.output.is_none())
    }

    /// An ordinary pre-norm network without weights, for importers to fill in.
    pub(super) fn blank(shape: Shape) -> Self {
        let layers = (0..shape.layers).map(|_| Layer::blank(&shape)).collect();
        Self {
            shape,
            embedding: Vec::new(),
            learnt_positions: None,
            layers,
            final_norm: None,
            output: None,
            start: None,
        }
    }
}

impl Shape {
    /// An ordinary Llama: pre-norm, SwiGLU, rotation in adjacent pairs, nothing unusual. `head_size` is `dim /
    /// heads`, or 0 where that is no whole number, which [`Shape::check`] refuses.
    pub(super) fn llama(dim: usize, layers: usize, heads: usize, kv_heads: usize) -> Self {
        let divides = heads > 0 && dim.is_multiple_of(heads);
        Self {
            dim,
            layers,
            heads,
            kv_heads,
            head_size: if divides { dim / heads } else { 0 },
            hidden: 0,
            vocabulary: 0,
            positions: None,
            norm_eps: 1e-5,
            position: Position::Rope { theta: 10_000.0, layout: super::Layout::Adjacent },
            activation: Activation::SwiGlu,
            qk_norm: false,
            norm: Norm::Pre,
            recursion: 1,
        }
    }
}

impl Layer {
    fn check(&self, index: usize, shape: &Shape) -> Result<(), Problem> {
        let name = |part: &str| format!("layers.{index}.{part}");
        let (dim, hidden) = (shape.dim, shape.hidden);
        let (query, kv) = (shape.query_size(), shape.kv_size());
        size(&name("attention_norm"), &self.attention_norm, dim, 1)?;
        size(&name("feed_norm"), &self.feed_norm, dim, 1)?;
        linear(&name("wq"), &self.wq, query, dim)?;
        linear(&name("wk"), &self.wk, kv, dim)?;
        linear(&name("wv"), &self.wv, kv, dim)?;
        linear(&name("wo"), &self.wo, dim, query)?;
        linear(&name("down"), &self.down, dim, hidden)?;
        linear(&name("up"), &self.up, hidden, dim)?;
        for (part, gains) in [("q_norm", &self.q_norm), ("k_norm", &self.k_norm)] {
            if gains.is_some() && !shape.qk_norm {
                return Err(Problem::UnknownTensor(name(part)));
            }
            optional(&name(part), gains.as_ref(), shape.head_size)?;
        }
        match &self.gate {
            Some(gate) if shape.activation.is_gated() => linear(&name("gate"), gate, hidden, dim),
            Some(_) => Err(Problem::UnknownTensor(name("gate"))),
            None if shape.activation.is_gated() => Err(Problem::MissingTensor(name("gate"))),
            None => Ok(()),
        }
    }
}

/// Checks the number of values; the sizes passed [`Shape::check`], so their product is small.
fn size(name: &str, values: &[f32], rows: usize, columns: usize) -> Result<(), Problem> {
    if values.len() == rows * columns {
        return Ok(());
    }
    let (found, wants) = (format!("{} values", values.len()), format!("{rows} by {columns}"));
    Err(Problem::TensorShape { tensor: name.to_string(), found, wants })
}

fn optional(name: &str, values: Option<&Vec<f32>>, wants: usize) -> Result<(), Problem> {
    values.map_or(Ok(()), |values| size(name, values, wants, 1))
}

fn linear(name: &str, matrix: &Linear, outputs: usize, inputs: usize) -> Result<(), Problem> {
    if (matrix.outputs, matrix.inputs) != (outputs, inputs) {
        let found = format!("{} by {}", matrix.outputs, matrix.inputs);
        let wants = format!("{outputs} by {inputs}");
        return Err(Problem::TensorShape { tensor: name.to_string(), found, wants });
    }
    size(name, &matrix.weights, outputs, inputs)?;
    optional(&format!("{name}.bias"), matrix.bias.as_ref(), outputs)
}
