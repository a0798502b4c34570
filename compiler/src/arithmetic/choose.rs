//! How a token is chosen of the logits: see docs/semantics.md, *Choosing*. A model's choice gives the rules.

use super::sat16;
use crate::math;

/// The integers that a choice computes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceRules {
    pub draw: Option<DrawRules>,
    /// Mantissas (of a penalty), and how many of the tokens read last count.
    pub penalty: Option<([u8; 2], u8)>,
}

/// The integers that tokens are drawn with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawRules {
    /// A difference to the largest logit is shifted right by so many bits, 0 to 8.
    pub bits: u8,
    /// What the shifted difference weighs: 255 first, never rising, 1 at least. What is behind the last one is not drawn.
    pub weights: Vec<u8>,
    pub top_k: u8,
    /// In 256ths, 1 to 256.
    pub share: u16,
    pub seed: u16,
}

impl DrawRules {
    /// The least difference to the largest logit that is not drawn; 65,536 where each is.
    pub fn reach(&self) -> u32 {
        (self.weights.len() as u32) << self.bits
    }
}

/// The random number behind `x`, neither of them 0: an xorshift generator of 16 bits, which comes round after 65,535.
pub fn next_random(mut x: u16) -> u16 {
    x ^= x << 7;
    x ^= x >> 9;
    x ^ (x << 8)
}

/// What becomes of the logit of a token that was read a short while ago. It is never larger than the logit.
pub fn penalized(logit: i16, [above, below]: [u8; 2]) -> i16 {
    let l = i32::from(logit);
    let scaled = if l > 0 { (l * i32::from(above)) >> 8 } else { sat16((l * i32::from(below)) >> 6) };
    scaled as i16
}

/// The index that is chosen. `recent`: the tokens read last, as many as the penalty asks for. `random` is drawn with.
pub fn choose(logits: &[i16], recent: &[u32], random: u16, rules: &ChoiceRules) -> usize {
    let adjusted = |(i, &logit): (usize, &i16)| match rules.penalty {
        Some((mantissas, _)) if recent.contains(&(i as u32)) => penalized(logit, mantissas),
        _ => logit,
    };
    let logits: Vec<i16> = logits.iter().enumerate().map(adjusted).collect();
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by_key(|&i| (-i32::from(logits[i]), i));
    let Some(draw) = &rules.draw else { return order[0] };
    order.truncate(draw.top_k.into());
    let most = i32::from(logits[order[0]]);
    let weight = |&i: &usize| {
        let difference = (most - i32::from(logits[i])) >> draw.bits;
        draw.weights.get(difference as usize).map_or(0, |&w| u32::from(w))
    };
    let weights: Vec<u32> = order.iter().map(weight).take_while(|&w| w > 0).collect();
    // Of the heaviest those that have the share together.
    let wanted = (weights.iter().sum::<u32>() * u32::from(draw.share)).div_ceil(256);
    let mut total = 0;
    let mut sums = Vec::new();
    for w in weights {
        if total >= wanted {
            break;
        }
        total += w;
        sums.push(total);
    }
    let drawn = (u32::from(random) * total) >> 16;
    let place = sums.iter().position(|&sum| sum > drawn).expect("what is drawn is below the last sum");
    order[place]
}

/// The natural logarithm of the probability that logits give a token. Its negative is what `mlc eval` averages.
///
/// # Panics
/// If there is no logit for the token.
pub fn log_probability(logits: &[f32], token: usize) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&v| math::exp(f64::from(v) - f64::from(most))).sum();
    f64::from(logits[token]) - f64::from(most) - math::ln(sum)
}
