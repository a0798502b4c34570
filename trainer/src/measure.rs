//! How good a network is: what the loop, the log and the curve need to know of a family's figures.

use std::fmt;

/// Exact figures of a network on one side of the data, counted with the machine's arithmetic.
pub trait Measure: Copy + PartialEq + Default + fmt::Debug {
    /// What the shares are called in the log and beside the curve, in their order.
    const NAMES: &'static [&'static str];

    /// Each 0 to 1, the larger the better: what is right of how much. (A loss of x nats is a share of exp(-x).)
    fn shares(&self) -> Vec<f64>;

    /// The share that people ask for first.
    fn headline(&self) -> f64;

    /// By which networks are compared: the larger, the better.
    fn score(&self) -> f64;
}
