//! The nodes of all parameters of a sequence model. They stand before the loops.

use super::sequence::Builder;
use crate::ir::{BlockId, ConstId, Data, NodeId, Op, TypeError};
use crate::model::{Activation, Block, Matrix, Output, Positions};

/// The nodes of a matrix: its weights, its scale, its bias.
#[derive(Clone, Copy)]
pub(super) struct Weights {
    pub(super) weights: NodeId,
    pub(super) scale: ConstId,
    pub(super) bias: Option<NodeId>,
}

/// Nodes of all parameters of the network.
pub(super) struct Parameters {
    pub(super) embedding: Weights,
    pub(super) positions: Option<Weights>,
    pub(super) blocks: Vec<BlockParameters>,
    pub(super) output: Weights,
    pub(super) start: Option<NodeId>,
}

pub(super) struct BlockParameters {
    pub(super) query: Weights,
    pub(super) key: Weights,
    pub(super) value: Weights,
    pub(super) output: Weights,
    pub(super) up: Weights,
    pub(super) gate: Option<Weights>,
    pub(super) down: Weights,
    /// What attention looks differences up in.
    pub(super) table: ConstId,
    /// The table of the activation.
    pub(super) activation: Option<ConstId>,
}

impl Builder<'_> {
    fn matrix(&mut self, block: BlockId, name: &str, matrix: &Matrix) -> Result<Weights, TypeError> {
        let Matrix { rows, cols, grid, values, mantissas, shift, bias } = matrix;
        let data = Data::Matrix { rows: *rows, cols: *cols, bits: grid.bits(), values: values.clone() };
        let weights = self.constant(&format!("{name}.weight"), data);
        let weights = self.add(block, name, Op::Constant { values: vec![weights] })?;
        let scale = self.scale(name, mantissas, *shift);
        let bias = match bias.as_slice() {
            [] => None,
            values => {
                let bias = self.constant(&format!("{name}.bias"), Data::Vector(values.to_vec()));
                Some(self.add(block, name, Op::Constant { values: vec![bias] })?)
            }
        };
        Ok(Weights { weights, scale, bias })
    }

    pub(super) fn scale(&mut self, name: &str, mantissas: &[u8], shift: u8) -> ConstId {
        self.constant(&format!("{name}.scale"), Data::Scale { mantissas: mantissas.to_vec(), shift })
    }

    pub(super) fn parameters(&mut self, entry: BlockId) -> Result<Parameters, TypeError> {
        let model = self.model;
        let embedding = self.matrix(entry, "embedding", &model.embedding)?;
        let positions = match &model.positions {
            Positions::Learnt(matrix) => Some(self.matrix(entry, "positions", matrix)?),
            Positions::Rotary { .. } | Positions::None => None,
        };
        let mut blocks = Vec::new();
        for (i, block) in model.blocks.iter().enumerate() {
            blocks.push(self.block_parameters(entry, &format!("block{}", i + 1), block)?);
        }
        let output = match &model.output {
            Output::Own(matrix) => self.matrix(entry, "output", matrix)?,
            Output::Tied { mantissas, shift } => {
                Weights { scale: self.scale("output", mantissas, *shift), ..embedding }
            }
        };
        let start = match model.start.as_slice() {
            [] => None,
            values => {
                let start = self.constant("start", Data::Vector(values.to_vec()));
                Some(self.add(entry, "start", Op::Constant { values: vec![start] })?)
            }
        };
        Ok(Parameters { embedding, positions, blocks, output, start })
    }

    fn block_parameters(
        &mut self,
        entry: BlockId,
        name: &str,
        block: &Block,
    ) -> Result<BlockParameters, TypeError> {
        let Block { attention, feed_forward } = block;
        let mut matrix = |what: &str, m: &Matrix| self.matrix(entry, &format!("{name}.{what}"), m);
        let query = matrix("query", &attention.query)?;
        let key = matrix("key", &attention.key)?;
        let value = matrix("value", &attention.value)?;
        let output = matrix("mix", &attention.output)?;
        let up = matrix("up", &feed_forward.up)?;
        let gate = match &feed_forward.activation {
            Activation::Gate { matrix: m, .. } => Some(matrix("gate", m)?),
            Activation::Relu | Activation::Table(_) => None,
        };
        let down = matrix("down", &feed_forward.down)?;
        let table = self.constant(&format!("{name}.attention"), Data::Weights(attention.weights.clone()));
        let activation = match &feed_forward.activation {
            Activation::Gate { table, .. } | Activation::Table(table) => {
                Some(self.constant(&format!("{name}.activation"), Data::Bytes(table.clone())))
            }
            Activation::Relu => None,
        };
        Ok(BlockParameters { query, key, value, output, up, gate, down, table, activation })
    }
}
