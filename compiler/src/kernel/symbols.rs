//! Cycles of walking gaps, whatever the processor: what a symbol takes depends on the half of the byte that it begins in.

use crate::weights::gaps::Symbol;

/// Cycles of the symbols of a list, by the half of the byte that they begin in: low, high. Additions are in them.
pub struct SymbolCosts {
    pub near: [f64; 2],
    pub far: [f64; 2],
    pub again: [f64; 2],
    pub step: [f64; 2],
    pub end: [f64; 2],
}

/// Both lists of a tile, nibble by nibble.
pub fn tile_cost(lists: &[Vec<Symbol>; 2], costs: &[SymbolCosts; 2]) -> f64 {
    let mut cost = 0.0;
    // Which half of a byte the next nibble is; that behind an escape is in the other half, and what follows it in the
    // same again.
    let mut half = 0;
    for (symbols, costs) in lists.iter().zip(costs) {
        for symbol in symbols {
            cost += match symbol {
                Symbol::Near(_) => costs.near[half],
                Symbol::Far(_) => costs.far[half],
                Symbol::Again => costs.again[half],
                Symbol::Step => costs.step[half],
                Symbol::End => costs.end[half],
            };
            if matches!(symbol, Symbol::Near(_)) {
                half = 1 - half;
            }
        }
    }
    cost
}
