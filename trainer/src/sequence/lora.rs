//! Low-rank adapters (Hu et al. 2021, arXiv:2106.09685): a base stays as it is, and to some of its matrices `W` a product is
//! added, `W + alpha / rank · B·A`, of which only `A` and `B` are trained.

use super::layout::Layout;
use super::ops::product::{Packed, multiply};
use super::shape::Shape;
use super::start::normal;
use crate::gemm::Matrix;
use crate::schedule::{SettingsError, real, whole};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// A matrix of each block that can have an adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    Wq,
    Wk,
    Wv,
    Wo,
    Gate,
    Up,
    Down,
}

impl Target {
    /// All, in the order in which an adapter has them.
    pub const ALL: [Self; 7] = [Self::Wq, Self::Wk, Self::Wv, Self::Wo, Self::Gate, Self::Up, Self::Down];

    /// As it is typed and written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wq => "wq",
            Self::Wk => "wk",
            Self::Wv => "wv",
            Self::Wo => "wo",
            Self::Gate => "gate",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// What is trained beside a base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lora {
    /// Rows of `A`, columns of `B`.
    pub rank: usize,
    /// The product counts `alpha / rank` times.
    pub alpha: f32,
    /// Matrices with an adapter, ascending.
    pub targets: Vec<Target>,
}

impl Lora {
    /// Checks ranges, and that the network has the matrices.
    pub(crate) fn check(&self, shape: &Shape) -> Result<(), SettingsError> {
        whole("rank", self.rank, 1, 256)?;
        real("alpha", self.alpha, 1e-3, 1e4)?;
        let wrong = |what: &str| Err(SettingsError::Network(what.to_string()));
        if self.targets.is_empty() {
            return wrong("an adapter needs a matrix: wq, wk, wv, wo, gate, up or down");
        }
        if !self.targets.is_sorted_by(|a, b| a < b) {
            return wrong("the matrices with adapters are not each named once, in their order");
        }
        if self.targets.contains(&Target::Gate) && !shape.network.activation.is_gated() {
            return wrong("the network has no gate to put an adapter on");
        }
        Ok(())
    }

    /// Numbers of an adapter of this network.
    pub(crate) fn len(&self, shape: &Shape) -> usize {
        places(self, shape, &Layout::new(shape)).last().map_or(0, Place::end)
    }
}

/// A matrix with an adapter.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    /// Of its first weight among all parameters.
    at: usize,
    rows: usize,
    cols: usize,
    rank: usize,
    /// Of the first number of `A` (`[rank, cols]`) in the adapter; `B` (`[rows, rank]`) stands behind it.
    from: usize,
}

impl Place {
    fn weights(&self) -> std::ops::Range<usize> {
        self.at..self.at + self.rows * self.cols
    }

    fn middle(&self) -> usize {
        self.from + self.rank * self.cols
    }

    fn end(&self) -> usize {
        self.middle() + self.rows * self.rank
    }
}

fn places(lora: &Lora, shape: &Shape, layout: &Layout) -> Vec<Place> {
    let net = &shape.network;
    let (queries, keys) = (net.query_size(), net.kv_size());
    let mut from = 0;
    let mut places = Vec::new();
    for block in &layout.blocks {
        for target in &lora.targets {
            let up = block.feed.rows - net.hidden;
            let (tensor, first, rows) = match target {
                Target::Wq => (&block.qkv, 0, queries),
                Target::Wk => (&block.qkv, queries, keys),
                Target::Wv => (&block.qkv, queries + keys, keys),
                Target::Wo => (&block.mix, 0, block.mix.rows),
                Target::Gate => (&block.feed, 0, up),
                Target::Up => (&block.feed, up, net.hidden),
                Target::Down => (&block.down, 0, block.down.rows),
            };
            let cols = tensor.cols;
            let place = Place { at: tensor.at + first * cols, rows, cols, rank: lora.rank, from };
            from = place.end();
            places.push(place);
        }
    }
    places
}

/// The adapters of a network in training.
#[derive(Debug)]
pub(crate) struct Adapters {
    factor: f32,
    places: Vec<Place>,
    /// All parameters of the base.
    base: Vec<f32>,
    /// `A` and `B` of all places.
    pub values: Vec<f32>,
    strip: Packed,
}

impl Adapters {
    /// `values`: those to go on with.
    pub(crate) fn new(lora: &Lora, shape: &Shape, base: Vec<f32>, values: Vec<f32>) -> Self {
        let places = places(lora, shape, &Layout::new(shape));
        assert_eq!(values.len(), places.last().map_or(0, Place::end), "an adapter of this network");
        let factor = lora.alpha / lora.rank as f32;
        Self { factor, places, base, values, strip: Packed::new() }
    }

    /// Numbers to begin with: `B` is 0, so that nothing is added yet.
    pub(crate) fn fresh(lora: &Lora, shape: &Shape, rng: &mut impl Rng) -> Vec<f32> {
        let mut values = vec![0.0; lora.len(shape)];
        for place in places(lora, shape, &Layout::new(shape)) {
            let deviation = 1.0 / (place.cols as f32).sqrt();
            values[place.from..place.middle()].iter_mut().for_each(|v| *v = deviation * normal(rng));
        }
        values
    }

    /// Whether nothing is added.
    pub(crate) fn is_idle(&self) -> bool {
        self.places.iter().all(|place| self.values[place.middle()..place.end()].iter().all(|&v| v == 0.0))
    }

    /// The base with the products added.
    pub(crate) fn merge(&mut self, parameters: &mut [f32]) {
        parameters.copy_from_slice(&self.base);
        for place in &self.places {
            let (rows, cols, rank) = (place.rows, place.cols, place.rank);
            let scaled: Vec<f32> =
                self.values[place.middle()..place.end()].iter().map(|v| v * self.factor).collect();
            let a = Matrix::new(&self.values[place.from..place.middle()], rank, cols);
            let weights = &mut parameters[place.weights()];
            multiply(Matrix::new(&scaled, rows, rank), a, true, weights, &mut self.strip);
        }
    }

    /// From the gradient of all parameters that of the adapters.
    pub(crate) fn gradient(&mut self, parameters: &[f32]) -> Vec<f32> {
        let mut gradient = vec![0.0; self.values.len()];
        for place in &self.places {
            let (rows, cols, rank) = (place.rows, place.cols, place.rank);
            let d = Matrix::new(&parameters[place.weights()], rows, cols);
            let a = Matrix::new(&self.values[place.from..place.middle()], rank, cols);
            let b = Matrix::new(&self.values[place.middle()..place.end()], rows, rank);
            let (da, db) = gradient[place.from..place.end()].split_at_mut(rank * cols);
            multiply(b.transposed(), d, false, da, &mut self.strip);
            multiply(d, a.transposed(), false, db, &mut self.strip);
        }
        gradient.iter_mut().for_each(|d| *d *= self.factor);
        gradient
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::ops::differences::{check, numbers};

    fn shape() -> Shape {
        let mut shape = Shape::default();
        let net = &mut shape.network;
        (net.dim, net.heads, net.kv_heads, net.head_size) = (6, 2, 1, 4);
        (net.hidden, net.vocabulary, net.layers) = (5, 7, 2);
        shape
    }

    fn lora(targets: &[Target]) -> Lora {
        Lora { rank: 2, alpha: 3.0, targets: targets.to_vec() }
    }

    #[test]
    fn products_are_added_to_their_matrices_only() {
        let shape = shape();
        let layout = Layout::new(&shape);
        let base = numbers(layout.len, 1);
        for target in Target::ALL {
            let lora = lora(&[target]);
            let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(1);
            let fresh = Adapters::fresh(&lora, &shape, &mut rng);
            let mut adapters = Adapters::new(&lora, &shape, base.clone(), fresh);
            let mut merged = vec![9.0; base.len()];
            adapters.merge(&mut merged);
            assert!(adapters.is_idle() && adapters.values.iter().any(|&v| v != 0.0));
            assert_eq!(merged, base, "nothing is added at first");
            adapters.values = numbers(adapters.values.len(), 5);
            adapters.merge(&mut merged);
            assert!(!adapters.is_idle());
            let places = places(&lora, &shape, &layout);
            for (at, (found, base)) in merged.iter().zip(&base).enumerate() {
                let Some(place) = places.iter().find(|place| place.weights().contains(&at)) else {
                    assert_eq!(found, base, "{target:?}: parameter {at}");
                    continue;
                };
                let (row, col) = ((at - place.at) / place.cols, (at - place.at) % place.cols);
                let v = &adapters.values;
                let product: f32 = (0..2)
                    .map(|r| v[place.middle() + row * 2 + r] * v[place.from + r * place.cols + col])
                    .sum();
                assert!((found - base - 1.5 * product).abs() < 1e-5, "{target:?}: parameter {at}");
            }
            let block = &layout.blocks[1];
            let within = [&block.qkv, &block.mix, &block.feed, &block.down].map(|tensor| tensor.range());
            let last = places[1].weights();
            assert!(within.iter().any(|range| range.start <= last.start && last.end <= range.end));
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let shape = shape();
        let lora = lora(&Target::ALL);
        let base = numbers(Layout::new(&shape).len, 1);
        check(
            lora.len(&shape),
            |values| {
                let mut merged = vec![0.0; base.len()];
                Adapters::new(&lora, &shape, base.clone(), values.to_vec()).merge(&mut merged);
                merged
            },
            |values, d| Adapters::new(&lora, &shape, base.clone(), values.to_vec()).gradient(d),
        );
    }

    #[test]
    fn wrong_choices_are_refused() {
        let shape = shape();
        let refused = |lora: &Lora| lora.check(&shape).unwrap_err().to_string();
        assert!(lora(&Target::ALL).check(&shape).is_ok());
        assert!(refused(&Lora { rank: 0, ..lora(&[Target::Wq]) }).starts_with("rank is 0"));
        assert!(refused(&Lora { alpha: f32::NAN, ..lora(&[Target::Wq]) }).starts_with("alpha is NaN"));
        assert!(refused(&lora(&[])).contains("needs a matrix"));
        assert!(refused(&lora(&[Target::Wv, Target::Wq])).contains("in their order"));
        let mut plain = shape.clone();
        plain.network.activation = mlc_compiler::import::sequence::Activation::Relu;
        assert!(lora(&[Target::Gate]).check(&plain).is_err());
    }
}
