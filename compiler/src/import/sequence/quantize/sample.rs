//! Texts that a network writes itself, for whoever has none to calibrate on.

use crate::import::sequence::float::{Session, Window};
use crate::import::sequence::{Checkpoint, Problem};
use crate::math::exp;

/// `count` texts of up to `length` tokens, drawn at temperature 1. Each starts with `start`, and ends where it comes again.
///
/// # Errors
/// See [`Session::new`].
pub fn own_texts(
    checkpoint: &Checkpoint,
    start: u32,
    count: usize,
    length: usize,
) -> Result<Vec<Vec<u32>>, Problem> {
    let mut session = Session::new(checkpoint, Window::Full)?;
    let most = checkpoint.shape.positions.unwrap_or(length).min(length);
    let mut random = Random(0x6d6c_6331);
    let mut texts = Vec::new();
    for _ in 0..count {
        session.reset();
        let mut text = vec![start];
        while text.len() < most {
            let token = *text.last().expect("it has a start");
            let Ok(logits) = session.step(token as usize) else { break };
            let next = draw(logits, random.next());
            if next == start {
                break;
            }
            text.push(next);
        }
        texts.push(text);
    }
    Ok(texts)
}

/// The token at `point`, 0 to 1, of the running sum of probabilities.
fn draw(logits: &[f32], point: f64) -> u32 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shares: Vec<f64> = logits.iter().map(|&l| exp(f64::from(l) - f64::from(most))).collect();
    let mut rest = point * shares.iter().sum::<f64>();
    for (token, share) in shares.iter().enumerate() {
        rest -= share;
        if rest < 0.0 {
            return token as u32;
        }
    }
    shares.len() as u32 - 1
}

/// SplitMix64 (Steele et al. 2014).
struct Random(u64);

impl Random {
    /// A number from 0 up to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }
}
