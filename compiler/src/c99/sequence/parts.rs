//! Matrices, norms and blocks as C initializers.

use super::arrays::{Arrays, packed};
use crate::model::{Activation, Attention, Block, FeedForward, Matrix, Norm};
use std::collections::BTreeSet;

/// Bytes of a pointer, of a `matrix` with tokens of 16 and of 32 bits, and of a `norm`, on a machine of 32 bits.
const POINTER: usize = 4;
const MATRIX: [usize; 2] = [20, 24];
const NORM: usize = 8;

/// Makes initializers, and notes what the code needs for them.
#[derive(Default)]
pub struct Parts {
    pub arrays: Arrays,
    /// Bits of weights below 8.
    pub packed: BTreeSet<u8>,
    /// There are weights of 8 bits.
    pub bytes: bool,
    pub biases: bool,
    pub gains: bool,
    pub head_norms: bool,
    pub relu: bool,
    pub table: bool,
    pub gate: bool,
    /// Tokens have 32 bits.
    pub long_tokens: bool,
    /// Bytes of the tables.
    pub tables: usize,
}

impl Parts {
    /// What a model has, so that the fields of a block are known before the first one is written.
    pub fn new(blocks: &[Block], long_tokens: bool) -> Self {
        let mut parts = Self { long_tokens, ..Self::default() };
        for Block { attention, feed_forward } in blocks {
            parts.head_norms |= attention.head_norms.is_some();
            match feed_forward.activation {
                Activation::Relu => parts.relu = true,
                Activation::Table(_) => parts.table = true,
                Activation::Gate { .. } => parts.gate = true,
            }
        }
        parts
    }

    /// A matrix as it is.
    pub fn matrix(&mut self, name: &str, matrix: &Matrix) -> String {
        self.scaled(name, matrix, &matrix.mantissas, matrix.shift)
    }

    /// A matrix with another scale.
    pub fn scaled(&mut self, name: &str, matrix: &Matrix, mantissas: &[u8], shift: u8) -> String {
        let Matrix { rows, cols, grid, values, bias, .. } = matrix;
        let bits = grid.bits();
        if bits == 8 {
            self.bytes = true;
        } else {
            self.packed.insert(bits);
        }
        let bytes: Vec<u8> = values.chunks(*cols).flat_map(|row| packed(row, bits)).collect();
        let stride = bytes.len() / rows;
        let weights = self.arrays.bytes(&format!("{name}_weights"), &bytes);
        let scale = self.arrays.bytes(&format!("{name}_scale"), mantissas);
        let bias = match bias.as_slice() {
            [] => "0".to_string(),
            values => {
                self.biases = true;
                self.arrays.add("int16_t", &format!("{name}_bias"), values.iter().map(|&v| v.into()))
            }
        };
        self.tables += MATRIX[usize::from(self.long_tokens)];
        format!("{{ {weights}, {scale}, {bias}, {rows}, {cols}, {stride}, {bits}, {shift} }}")
    }

    pub fn norm(&mut self, name: &str, norm: &Norm) -> String {
        let (gain, shift) = match &norm.gain {
            Some((mantissas, shift)) => {
                self.gains = true;
                (self.arrays.bytes(&format!("{name}_gain"), mantissas), *shift)
            }
            None => ("0".into(), 0),
        };
        self.tables += NORM;
        format!("{{ {gain}, {shift}, {}, {} }}", norm.down, norm.narrow)
    }

    /// The fields of a block, in the order of the template.
    pub fn block(&mut self, number: usize, block: &Block) -> Vec<String> {
        let Block { attention, feed_forward } = block;
        let of = |what: &str| format!("block{number}_{what}");
        let mut fields = self.attention(&of, attention);
        let FeedForward { norm, up, activation, down } = feed_forward;
        fields.push(self.norm(&of("feed_forward"), norm));
        fields.push(self.matrix(&of("up"), up));
        if self.gate {
            fields.push(match activation {
                Activation::Gate { matrix, .. } => self.matrix(&of("gate"), matrix),
                Activation::Relu | Activation::Table(_) => {
                    self.tables += MATRIX[usize::from(self.long_tokens)];
                    "{ 0, 0, 0, 0, 0, 0, 0, 0 }".into()
                }
            });
        }
        fields.push(self.matrix(&of("down"), down));
        fields.push(self.arrays.bytes(&of("attention_table"), &attention.weights));
        if self.table || self.gate {
            fields.push(match activation {
                Activation::Gate { table, .. } | Activation::Table(table) => {
                    self.arrays.add("int8_t", &of("activation"), table.iter().map(|&v| v.into()))
                }
                Activation::Relu => "0".into(),
            });
            self.tables += POINTER;
        }
        let bits = if let Activation::Gate { bits, .. } = activation { *bits } else { 0 };
        let has_norms = u8::from(attention.head_norms.is_some());
        fields.push(format!("{}, {}, {bits}, {has_norms}", attention.rotate_bits, attention.score_bits));
        self.tables += POINTER + 4;
        fields
    }

    fn attention(&mut self, of: &impl Fn(&str) -> String, attention: &Attention) -> Vec<String> {
        let Attention { norm, query, key, value, output, head_norms, .. } = attention;
        let mut fields = vec![
            self.norm(&of("attention"), norm),
            self.matrix(&of("query"), query),
            self.matrix(&of("key"), key),
            self.matrix(&of("value"), value),
            self.matrix(&of("mix"), output),
        ];
        if self.head_norms {
            let none = Norm { down: 0, gain: None, narrow: 0 };
            let (query, key) = head_norms.as_ref().map_or((&none, &none), |(query, key)| (query, key));
            fields.push(self.norm(&of("query_heads"), query));
            fields.push(self.norm(&of("key_heads"), key));
        }
        fields
    }
}
