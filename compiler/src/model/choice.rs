//! How a token is chosen of the logits: what a model says of it, and the integers that programs compute with.
//! docs/semantics.md has the rules.

use crate::arithmetic::beam::BeamRules;
use crate::arithmetic::choose::{ChoiceRules, DrawRules};
use crate::math;

/// How a token is chosen. By default it is the one with the largest logit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Choice {
    /// Tokens are drawn; the largest logit is taken if `None`.
    pub draw: Option<Draw>,
    /// Tokens that were read a short while ago have smaller logits.
    pub penalty: Option<Penalty>,
    /// So many replies grow side by side, 2 to [`MOST_WIDE`], and the likeliest is taken. Nothing is drawn or held back then. No
    /// file says it: whoever compiles or runs a model does.
    pub beam: Option<u8>,
}

/// Most replies side by side.
pub const MOST_WIDE: u8 = 4;

/// How tokens are drawn. Shares and the temperature are in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// Logits are divided by it (1 to 10,000).
    pub temperature: u16,
    /// Only so many of the largest logits may be drawn (1 to 255).
    pub top_k: u8,
    /// Of these only the likeliest ones that have this share together (1 to 1,000).
    pub top_p: u16,
    /// And only those that have at least this share of the likeliest one's (0 to 1,000).
    pub min_p: u16,
    /// Where random numbers start (1 to 65,535).
    pub seed: u16,
}

impl Default for Draw {
    fn default() -> Self {
        Self { temperature: 1000, top_k: 40, top_p: 1000, min_p: 0, seed: 1 }
    }
}

/// How much smaller the logits of tokens become that were read a short while ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Penalty {
    /// A logit above 0 is divided by it, another one multiplied, in thousandths (1,001 to 3,900).
    pub strength: u16,
    /// How many of the tokens read last count (1 to 255).
    pub recent: u8,
}

impl Default for Penalty {
    fn default() -> Self {
        Self { strength: 1100, recent: 64 }
    }
}

impl Choice {
    /// The rules for logits that count 2^-`logit_bits` nats.
    pub fn rules(&self, logit_bits: u8) -> ChoiceRules {
        ChoiceRules {
            draw: self.draw.map(|draw| draw.rules(logit_bits)),
            penalty: self.penalty.map(|penalty| (penalty.mantissas(), penalty.recent)),
        }
    }

    /// The token with the largest logit is taken, whatever was read.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// What tokens cost in a beam, with logits that count 2^-`logit_bits` nats.
    pub fn beam_rules(logit_bits: u8) -> BeamRules {
        let DrawRules { bits, weights, .. } = Draw::default().rules(logit_bits);
        let units = f64::from(1u32 << logit_bits);
        let part = |i: u32| (units * math::ln((f64::from(i) + 0.5) / 127.5)).round() as u16;
        let power = |n: u32| (units * math::ln(2.0) * f64::from(n)).round() as u32;
        // The sum of 2^24 weights of 255 has 32 bits.
        BeamRules {
            bits,
            weights,
            parts: (128..256).map(part).collect(),
            powers: (0..24).map(power).collect(),
        }
    }
}

impl Draw {
    /// The rules for logits that count 2^-`logit_bits` nats.
    pub fn rules(&self, logit_bits: u8) -> DrawRules {
        // What of the exponent a unit of a logit is.
        let unit = 1000.0 / f64::from(self.temperature) / f64::from(1u32 << logit_bits);
        let weight = |difference: u32| (255.0 * math::exp(-(f64::from(difference) * unit)) + 0.5) as u8;
        let bits = (0..8).find(|&bits| weight(256 << bits) == 0).unwrap_or(8);
        let least = (255 * u32::from(self.min_p)).div_ceil(1000).max(1);
        let weights = (0..256u32).map(|i| weight(i << bits)).take_while(|&w| u32::from(w) >= least).collect();
        DrawRules { bits, weights, top_k: self.top_k, share: self.share(), seed: self.seed }
    }

    /// `top_p` in 256ths, 1 to 256.
    pub fn share(&self) -> u16 {
        ((u32::from(self.top_p) * 256 + 500) / 1000).clamp(1, 256) as u16
    }
}

impl Penalty {
    /// What a logit above 0 is multiplied with in 256ths, and another one in 64ths.
    pub fn mantissas(&self) -> [u8; 2] {
        let strength = u32::from(self.strength);
        let above = ((256_000 + strength / 2) / strength).min(255);
        let below = ((64 * strength + 500) / 1000).min(255);
        [above as u8, below as u8]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_the_exponential_and_end_where_it_is_too_small() {
        for (temperature, logit_bits) in [(1, 0), (1000, 8), (800, 11), (10_000, 15), (10_000, 0), (1, 15)] {
            let draw = Draw { temperature, ..Draw::default() };
            let DrawRules { bits, weights, .. } = draw.rules(logit_bits);
            assert_eq!(weights[0], 255);
            assert!(weights.is_sorted_by(|a, b| a >= b) && weights.iter().all(|&w| w > 0));
            for (i, &w) in weights.iter().enumerate() {
                let nats = ((i << bits) as f64) / f64::from(1u32 << logit_bits);
                let want = 255.0 * (-nats * 1000.0 / f64::from(temperature)).exp();
                assert!((want - f64::from(w)).abs() < 0.500_001, "{temperature} {logit_bits} {i}: {w}");
            }
            // Fine enough: 7 bits or more of what counts, where a unit of a logit allows it.
            assert!(bits == 0 || weights.len() >= 126, "{temperature} {logit_bits}: {}", weights.len());
        }
    }

    #[test]
    fn the_least_share_cuts_the_table_off() {
        let of = |min_p| Draw { min_p, ..Draw::default() }.rules(8).weights;
        assert!(of(100).iter().all(|&w| w >= 26) && of(100).len() < of(0).len());
        assert!(of(1000).iter().all(|&w| w == 255));
        assert_eq!(of(0).last(), Some(&1));
        let all = Draw { temperature: 10_000, ..Draw::default() }.rules(15);
        assert_eq!((all.weights.len(), all.bits, all.reach()), (256, 8, 65_536));
    }

    #[test]
    fn shares_and_penalties_are_rounded() {
        let share = |top_p| Draw { top_p, ..Draw::default() }.share();
        assert_eq!([1, 500, 900, 999, 1000].map(share), [1, 128, 230, 256, 256]);
        let of = |strength| Penalty { strength, recent: 1 }.mantissas();
        assert_eq!([1001, 1100, 2000, 3900].map(of), [[255, 64], [233, 70], [128, 128], [66, 250]]);
    }
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod chosen;
