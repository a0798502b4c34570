//! Bytes of each form. Weights are counted exactly; code closely enough to order plans: whether one fits is decided by
//! its assembled image.

use super::loads::loads;
use super::weights::{column_bytes, kernel, tile_column, tiles};
use crate::ir::{Column, Form};
use crate::plan::narrow::Narrow;
use crate::plan::network::{Answer, Network, Source, Stage, Start};
use std::collections::BTreeSet;

/// A fold: three low addresses and a sign.
const FOLD: usize = 4;
/// Start, interrupts, serial line, prompt.
const RUNTIME: usize = 700;

/// Weights of a stage with the table of its columns.
pub fn weight_bytes(stage: &Stage, form: Form, counts: bool) -> usize {
    // An address, or a jump.
    let entry = if form == Form::Unrolled { 4 } else { 2 };
    let tile = |t: usize| -> usize {
        let columns: Vec<_> = stage.columns.iter().map(|c| tile_column(c, t)).collect();
        let size = |c: &Column| match form {
            Form::Unrolled => code_bytes(c, counts),
            _ => column_bytes(c, stage, form, t, 0).len(),
        };
        let empty = columns.iter().find(|c| c.is_empty()).map_or(0, size);
        empty + columns.iter().filter(|c| !c.is_empty()).map(size).sum::<usize>() + entry * columns.len()
    };
    let weights: usize = (0..tiles(stage.outputs).len()).map(tile).sum();
    weights + FOLD * if form == Form::Shared { stage.folds.len() } else { 0 }
}

/// `lds`, `sts` of two words and the rest of one; `ret`.
fn code_bytes(column: &Column, counts: bool) -> usize {
    let distinct: BTreeSet<_> = column.minus.iter().collect();
    let doubles = column.minus.len() - distinct.len();
    let (one, again) = if counts { (10, 2) } else { (20, 4) };
    2 + one * (column.plus.len() + distinct.len()) + again * doubles
}

/// Code that stages share or that does not depend on forms, start values and texts. `far`: it is called by `call`.
pub fn shared_bytes(network: &Network, narrow: Option<&Narrow>, forms: &[Form], far: bool) -> usize {
    // What a call of two words has more than one of one.
    let more = if far { 2 } else { 0 };
    let mut kernels = BTreeSet::new();
    let mut bytes = RUNTIME + 330;
    for (i, (stage, &form)) in network.stages.iter().zip(forms).enumerate() {
        let counts = narrow.is_some_and(|n| n.counts(i));
        kernels.extend(kernel(stage, form, counts).iter().map(|k| k.name()));
        bytes += match &stage.start {
            Start::Constant(values) => values.len() * if counts { 1 } else { 2 } + 24,
            Start::Stage(_) => 24,
        };
        bytes += more * loads(network, narrow, i).len();
        bytes += match stage.source {
            Source::Hidden { stage: from, .. } => {
                let called = kernel(stage, form, counts).len();
                tiles(network.stages[from].outputs).len() * tiles(stage.outputs).len() * (110 + more * called)
            }
            Source::Trigrams { .. } => 90 + more,
            Source::Ngrams { .. } => 200 + more,
        };
    }
    bytes += kernels.iter().map(|name| if name.starts_with("gaps") { 240 } else { 80 }).sum::<usize>();
    if let Answer::Chat { charset, .. } = &network.answer {
        bytes += charset.len();
    }
    bytes
}
