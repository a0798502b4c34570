//! One layout of rotary positions. Hugging Face turns value `i` of a head together with value `i + head_size / 2`,
//! Llama's own code value `2i` with `2i + 1`. Which values turn together is a matter of their order only: with the
//! rows of `wq` and `wk` in the other order every score is the same, for queries and keys are reordered alike.

use super::{Checkpoint, Layout, Linear, Position};

impl Checkpoint {
    /// Brings queries and keys into the order of [`Layout::Adjacent`]: their rows, biases and gains. Logits do not
    /// change. The tensors must have the sizes of the shape.
    pub(super) fn pair_adjacent(&mut self) {
        let Position::Rope { layout: layout @ Layout::Half, .. } = &mut self.shape.position else { return };
        *layout = Layout::Adjacent;
        self.reorder(adjacent);
    }

    /// Brings them into the order of [`Layout::Half`].
    pub(super) fn pair_half(&mut self) {
        let Position::Rope { layout: layout @ Layout::Adjacent, .. } = &mut self.shape.position else {
            return;
        };
        *layout = Layout::Half;
        self.reorder(half);
    }

    fn reorder(&mut self, order: Order) {
        let head_size = self.shape.head_size;
        for layer in &mut self.layers {
            reorder(&mut layer.wq, head_size, order);
            reorder(&mut layer.wk, head_size, order);
            for gains in [&mut layer.q_norm, &mut layer.k_norm].into_iter().flatten() {
                *gains = order(gains, 1, head_size);
            }
        }
    }
}

/// What brings rows into another order: rows, columns, values of a head.
type Order = fn(&[f32], usize, usize) -> Vec<f32>;

fn reorder(matrix: &mut Linear, head_size: usize, order: Order) {
    matrix.weights = order(&matrix.weights, matrix.inputs, head_size);
    if let Some(bias) = &mut matrix.bias {
        *bias = order(bias, 1, head_size);
    }
}

/// The other way round: row `i` of a head was its row `2i`, row `i + head_size / 2` its row `2i + 1`.
fn half(rows: &[f32], columns: usize, head_size: usize) -> Vec<f32> {
    let mut ordered = Vec::with_capacity(rows.len());
    for head in rows.chunks_exact(head_size * columns) {
        for side in 0..2 {
            head.chunks_exact(columns).skip(side).step_by(2).for_each(|row| ordered.extend_from_slice(row));
        }
    }
    ordered
}

/// The rows of whole heads, reordered: row `2i` of a head was its row `i`, row `2i + 1` its row `i + head_size / 2`.
fn adjacent(rows: &[f32], columns: usize, head_size: usize) -> Vec<f32> {
    let mut ordered = Vec::with_capacity(rows.len());
    for head in rows.chunks_exact(head_size * columns) {
        let (first, second) = head.split_at(head.len() / 2);
        for (one, other) in first.chunks_exact(columns).zip(second.chunks_exact(columns)) {
            ordered.extend_from_slice(one);
            ordered.extend_from_slice(other);
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_each_head_are_interleaved() {
        // Two heads of four rows, two columns.
        let rows: Vec<f32> = (0..16).map(|v| v as f32).collect();
        let wants = [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15].map(|v| v as f32);
        assert_eq!(adjacent(&rows, 2, 4), wants);
        assert_eq!(half(&wants, 2, 4), rows);
    }

    #[test]
    fn rotation_of_reordered_rows_is_rotate_half_reordered() {
        // transformers: q · cos + rotate_half(q) · sin, where rotate_half is cat(-second half, first half), and cos
        // and sin have the angles twice, one half behind the other.
        let q: Vec<f32> = [0.3, -1.2, 0.7, 2.0, -0.4, 0.9].to_vec();
        let angles = [0.5f32, 1.1, -2.3];
        let half: Vec<f32> = (0..6)
            .map(|i| {
                let turned = if i < 3 { -q[i + 3] } else { q[i - 3] };
                q[i] * angles[i % 3].cos() + turned * angles[i % 3].sin()
            })
            .collect();
        // Llama: pairs of neighbours as complex numbers, times e^(i·angle).
        let mut pairs = adjacent(&q, 1, 6);
        for (pair, angle) in pairs.chunks_exact_mut(2).zip(angles) {
            let (re, im) = (pair[0], pair[1]);
            pair[0] = re * angle.cos() - im * angle.sin();
            pair[1] = re * angle.sin() + im * angle.cos();
        }
        assert_eq!(pairs, adjacent(&half, 1, 6));
    }
}
