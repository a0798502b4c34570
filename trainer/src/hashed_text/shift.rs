//! The shift behind each layer, fitted to what its accumulators hold.
//!
//! A shift is a choice of scale: one less doubles what the layers above are given, and with their biases doubled too
//! and the sharpness halved, the relaxed network computes what it did before ([`Learner::set_shifts`]). So the loss
//! has no gradient along a shift. What a shift decides is rounding against room: the smaller, the finer the floor, and
//! the nearer the accumulators above come to their 16 bits. This is dynamic fixed point (Courbariaux, Bengio, David
//! 2014, arXiv:1412.7024): from the first layer to the last each shift is made as small as the room above allows, at the
//! start and after every epoch. Between the two limits nothing changes, so that it does not go to and fro.
//!
//! [`Learner::set_shifts`]: crate::learner::Learner::set_shifts

use super::dataset::{Example, Inputs};
use super::forward::Activations;
use super::network::Network;
use crate::arrays::{CHUNK, Cpu};
use mlc_compiler::model::MAX_SHIFT;

/// A largest accumulator up to here may be doubled: what the sample did not show may be twice as large.
const ROOMY: f32 = 7_000.0;
/// One beyond this must be halved: below the margin from which training pushes accumulators back.
const TIGHT: f32 = 24_000.0;

/// Shifts that fit a network of integers, by the accumulators of these steps.
pub(crate) fn fitted(network: &Network, inputs: Inputs, examples: &[Example]) -> Vec<u8> {
    let peaks = peaks(network, inputs, examples);
    let mut shifts: Vec<u8> = network.layers.iter().map(|layer| layer.shift).collect();
    // How many times larger the shifts so far make everything above.
    let mut growth = 1.0;
    for (index, shift) in shifts.iter_mut().enumerate() {
        let Some(peak) = peaks.get(index + 1) else {
            // Logits are only compared: nothing above needs room.
            *shift = 0;
            continue;
        };
        while *shift > 0 && peak * growth <= ROOMY {
            *shift -= 1;
            growth *= 2.0;
        }
        while *shift < MAX_SHIFT && peak * growth > TIGHT {
            *shift += 1;
            growth /= 2.0;
        }
    }
    shifts
}

/// The largest magnitude of each layer's accumulators, without rounding and wrapping.
fn peaks(network: &Network, inputs: Inputs, examples: &[Example]) -> Vec<f32> {
    let mut activations = Activations::default();
    let peak = |index: usize| {
        // The last layer of a network gives its sums, if nothing is shifted out.
        let mut part = Network { layers: network.layers[..=index].to_vec(), relaxed: true };
        part.layers[index].shift = 0;
        let mut peak = 0.0f32;
        for examples in examples.chunks(CHUNK) {
            activations.run(&Cpu { threads: 1 }, &part, inputs, examples);
            peak = activations.logits().flatten().fold(peak, |peak, acc| peak.max(acc.abs()));
        }
        peak
    };
    (0..network.layers.len()).map(peak).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashed_text::dataset::Dataset;
    use crate::hashed_text::network::Layer;
    use crate::pairs::Pair;
    use mlc_compiler::model::{Answer, HashedText, QueryEncoder, WeightSet};

    /// One query of one trigram: the first layer is given 32 once.
    fn data() -> Dataset {
        let query = QueryEncoder { buckets: 1, bands: 1, max_length: 62 };
        let reader = HashedText { query, context: None };
        let answer = Answer::Label { labels: vec!["A".into(), "B".into()], margin: 0 };
        Dataset::new(
            &[Pair { query: b"x".to_vec(), reply: b"A".to_vec(), source: 0, line: 1 }],
            &reader,
            &answer,
        )
    }

    fn layer(inputs: usize, outputs: usize, weight: f32, shift: u8) -> Layer {
        let (weights, bias) = (vec![weight; inputs * outputs], vec![0.0; outputs]);
        Layer { inputs, outputs, shift, weights, bias, set: WeightSet::Full }
    }

    fn fit(layers: Vec<Layer>) -> (Vec<f32>, Vec<u8>) {
        let data = data();
        let network = Network { layers, relaxed: false };
        let (inputs, steps) = (data.inputs(), &data.examples);
        (peaks(&network, inputs, steps), fitted(&network, inputs, steps))
    }

    #[test]
    fn shifts_leave_room_and_no_more() {
        // Accumulators 32; 100·32/4 = 800; 100·800/4 = 20,000; shifted, each layer above is halved or doubled.
        let layers = vec![layer(1, 100, 1.0, 2), layer(100, 100, 1.0, 2), layer(100, 2, -1.0, 2)];
        let (peaks, shifts) = fit(layers.clone());
        assert_eq!(peaks, [32.0, 800.0, 20_000.0]);
        // The first to 0: 3,200. The second: 80,000 is halved twice. Logits as they are.
        assert_eq!(shifts, [0, 4, 0]);
        // What was fitted stays as it is.
        let mut layers = layers;
        layers.iter_mut().zip(&shifts).for_each(|(layer, shift)| layer.shift = *shift);
        let (peaks, again) = fit(layers);
        assert_eq!((peaks, again), (vec![32.0, 3_200.0, 20_000.0], shifts));
    }

    #[test]
    fn shifts_stay_in_range() {
        let wide = vec![layer(1, 1000, 1.0, 0), layer(1000, 1000, 1.0, 7), layer(1000, 2, 1.0, 7)];
        // 32,000 must be halved once; 1,000·16,000/128 = 125,000 is too much for any shift.
        assert_eq!(fit(wide).1, [1, 7, 0]);
        let dead = vec![layer(1, 3, -1.0, 2), layer(3, 2, 1.0, 3)];
        assert_eq!(fit(dead).1, [0, 0]);
        assert_eq!(fit(vec![layer(1, 2, 1.0, 5)]).1, [0]);
    }
}
