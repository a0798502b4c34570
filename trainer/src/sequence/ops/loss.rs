//! The loss behind the logits of a row, and its gradient.

use super::exp::exp;
use super::vectorized;

/// What the logits of a row should say.
#[derive(Clone, Copy)]
pub(crate) enum Target<'a> {
    /// This token.
    Token(u32),
    /// These probabilities of all tokens, and the token of the text, which is counted right or wrong only.
    Shares(&'a [f32], u32),
}

vectorized! {
/// Logits → the gradient of the loss, times `factor`, in place. Gives the loss in nats (of [`Target::Shares`] the divergence of
/// Kullback and Leibler from them), and whether the token's logit was the largest.
pub(crate) fn backward(logits: &mut [f32], target: Target, factor: f32) -> (f64, bool) {
    let token = match target {
        Target::Token(token) | Target::Shares(_, token) => token as usize,
    };
    let most = super::most(logits);
    let own = logits[token];
    let first = logits.iter().position(|&l| l == most);
    let of_targets = match target {
        Target::Token(_) => f64::from(own - most),
        // Σ p (logit - ln p): what is left of the divergence is the logarithm of the sum.
        Target::Shares(shares, _) => {
            let one = |(&p, &l): (&f32, &f32)| if p > 1e-30 { p * (l - most - p.ln()) } else { 0.0 };
            f64::from(shares.iter().zip(logits.iter()).map(one).sum::<f32>())
        }
    };
    let sum = shares(logits, most);
    let loss = f64::from(sum.ln()) - of_targets;
    let inverse = factor / sum;
    logits.iter_mut().for_each(|l| *l *= inverse);
    match target {
        Target::Token(_) => logits[token] -= factor,
        Target::Shares(shares, _) => super::add(logits, -factor, shares),
    }
    (loss, first == Some(token))
}

/// Logits → probabilities, in place.
pub(crate) fn softmax(logits: &mut [f32]) {
    let most = super::most(logits);
    let inverse = 1.0 / shares(logits, most);
    logits.iter_mut().for_each(|l| *l *= inverse);
}
}

/// Logits → exponentials of their distance to `most`, in place; their sum.
#[inline(always)]
fn shares(logits: &mut [f32], most: f32) -> f32 {
    logits.iter_mut().for_each(|l| *l = exp(*l - most));
    super::sum(logits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::ops::differences::{check, numbers};

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let mut shares = numbers(7, 3);
        softmax(&mut shares);
        assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        for target in [Target::Token(4), Target::Shares(&shares, 4)] {
            let loss = |x: &[f32]| vec![backward(&mut x.to_vec(), target, 1.0).0 as f32];
            check(7, loss, |x, d| {
                let mut logits = x.to_vec();
                backward(&mut logits, target, d[0]);
                logits
            });
        }
    }

    #[test]
    fn the_first_of_equal_logits_is_chosen() {
        let right = |token| backward(&mut [1.0, 2.0, 2.0], Target::Token(token), 1.0).1;
        assert_eq!([0, 1, 2].map(right), [false, true, false]);
        let (loss, _) = backward(&mut [0.0; 4], Target::Token(2), 1.0);
        assert!((loss - 4f64.ln()).abs() < 1e-6);
        let mut same = numbers(5, 1);
        let mut shares = same.clone();
        softmax(&mut shares);
        let (loss, _) = backward(&mut same, Target::Shares(&shares, 0), 1.0);
        assert!(loss.abs() < 1e-6 && same.iter().all(|d| d.abs() < 1e-6), "{loss} {same:?}");
    }
}
