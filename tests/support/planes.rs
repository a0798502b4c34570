//! Networks with a layer whose width makes trouble for tables of sums and for tiles of rows.

use super::{Random, layer, parts, restrict};
use mlc_compiler::Compiled;
use mlc_compiler::model::{Model, QueryEncoder, WeightSet};
use mlc_compiler::weights::Form;

/// Inputs, outputs and shift of the second layer.
pub const SHAPES: [(usize, usize, u8); 17] = [
    (1, 1, 2),
    (1, 3, 0),
    (2, 5, 1),
    (4, 4, 3),
    (5, 2, 2),
    (7, 255, 2),
    (8, 256, 0),
    (13, 257, 1),
    (31, 9, 7),
    (32, 33, 2),
    (65, 40, 2),
    (252, 3, 2),
    (255, 20, 2),
    (256, 256, 2),
    (257, 7, 0),
    (263, 12, 4),
    (512, 17, 2),
];

/// 64 buckets → `inputs` → `outputs`. Activations go up to 32,767 where the shift lets them; rows are 0 where the set
/// does.
pub fn model(inputs: usize, outputs: usize, shift: u8, set: WeightSet) -> Model {
    let mut r = Random((inputs * 1000 + outputs) as u64 ^ u64::from(shift) << 40);
    let mut first = layer(&mut r, 64, inputs, 20, 200, shift);
    for (i, row) in first.weights.chunks_mut(64).enumerate() {
        // No neuron is constant.
        row[i % 64] = if i % 3 == 0 { -1 } else { 1 };
        row[(i + 7) % 64] = 1;
    }
    let of = |activation: i32| (activation << shift).min(32_767) as i16;
    let large = [32_767, of(255), of(256), 12_345, of(31)];
    first
        .bias
        .iter_mut()
        .enumerate()
        .filter(|(i, _)| i % 4 == 1)
        .for_each(|(i, bias)| *bias = large[i / 4 % 5]);
    let last = first.bias.len() - 1;
    first.bias[last] = if inputs.is_multiple_of(2) { 32_767 } else { of(300) };
    let mut second = layer(&mut r, inputs, outputs, 60, 30_000, 2);
    if outputs > 2 {
        second.weights[inputs..2 * inputs].fill(0);
    }
    // Somebody reads each neuron.
    for i in 0..inputs {
        let row = if i % 2 == 0 { 0 } else { outputs - 1 };
        second.weights[row * inputs + i] = if i % 3 == 0 { -1 } else { 1 };
    }
    restrict(&mut second, set, &mut r);
    let name = format!("planes-{inputs}-{outputs}-{shift}-{set:?}").to_lowercase();
    let query = QueryEncoder { buckets: 64, bands: 1, max_length: 60 };
    let answer = parts::label((0..outputs).map(|i| format!("L{i}")));
    parts::model((&name, "widths at the edges"), (query, None), vec![first, second], answer)
}

/// Whether a program looks so many inputs up.
pub fn looks_up(compiled: &Compiled, inputs: usize) -> bool {
    let mut products = compiled.plan.layout.products();
    products.any(|(_, product, form)| form == Form::Planes && product.columns.len() == inputs)
}
