//! Columns of a gaps stage that are index lists nonetheless: those that are used most for each byte that they take more.
//!
//! A list is added about twice as fast as gaps and takes about twice the bytes. Few columns are used often, so a part of
//! the bytes buys most of the time. How the machine tells them apart: all lists of a stage lie behind its gaps, from the
//! start of a page on, so the high byte of a column's address says which it is.

use super::cost::{BACK, CARRY, Kernel};
use super::gaps;
use super::lists::tiles;
use super::size::{LIST_CODE, gap_bytes, list_bytes};
use crate::ir::Form;
use crate::plan::memory::PAGE;
use crate::plan::narrow::Narrow;
use crate::plan::network::{Network, Source, Stage};
use crate::plan::stats::{StageStats, Stats};

/// Telling the two apart: `ld a,b`, `cp`, `jp nc`.
const TEST: f64 = 4.0 + 7.0 + 10.0;
/// What a list needs around it more than gaps: `ld h,b`, `ld l,c`, `di`, `ld sp,hl`, `ld h`, `ret`, `ld sp`, `ei` for
/// `ld hl`, `call`, `jp`.
const AROUND: f64 = 4.0 + 4.0 + 4.0 + 6.0 + 7.0 + 10.0 + 10.0 + 4.0 - 10.0 - 17.0 - 10.0;
/// Code of the test, of the second way in and of the way back, twice where activations have high bytes.
const CODE: usize = 2 * (6 + 8) + 4;

/// A network with what decides which columns are quick.
pub(super) struct Quick<'a> {
    pub(super) network: &'a Network,
    pub(super) narrow: Option<&'a Narrow>,
    pub(super) stats: &'a Stats,
    pub(super) forms: &'a [Form],
}

impl Quick<'_> {
    /// For each stage its quick columns, within `room` bytes; empty for stages that have none.
    pub(super) fn choose(&self, room: usize) -> Vec<Vec<bool>> {
        let none: Vec<Vec<bool>> = vec![vec![]; self.forms.len()];
        let lists = self.forms.iter().any(|form| form.is_lists());
        let Some(mut room) = room.checked_sub(if lists { 0 } else { LIST_CODE }) else { return none };
        let mut quick = none;
        // The stage that gains most for its bytes comes first; of most networks only one has room.
        let mut stages: Vec<usize> = (0..self.forms.len()).filter(|&i| self.is_mixable(i)).collect();
        stages.sort_by(|&a, &b| self.best_price(b).total_cmp(&self.best_price(a)));
        for i in stages {
            let Some(left) = room.checked_sub(CODE + PAGE) else { continue };
            let (columns, taken) = self.fill(i, left);
            if self.saving(i, &columns) > 0.0 {
                room -= CODE + PAGE + taken;
                quick[i] = columns;
            }
        }
        quick
    }

    /// T-states over all queries that the quick columns of a stage save.
    pub(super) fn saving(&self, i: usize, quick: &[bool]) -> f64 {
        if quick.is_empty() {
            return 0.0;
        }
        let (stage, counts) = (&self.network.stages[i], &self.stats.stages[i]);
        let columns = stage.columns.iter().zip(quick).enumerate();
        columns
            .map(|(c, (_, &quick))| if quick { self.gain(i, c) } else { 0.0 } - uses(counts, c) * TEST)
            .sum()
    }

    /// One tile of outputs and one scan, over accumulators of 16 bits.
    fn is_mixable(&self, i: usize) -> bool {
        let stage = &self.network.stages[i];
        self.forms[i] == Form::Gaps
            && matches!(stage.source, Source::Hidden { .. })
            && tiles(stage.outputs).len() == 1
            && stage.columns.len() <= PAGE
            && self.narrow.is_none_or(|n| !n.counts(i))
    }

    /// What a column saves as a list, without the test.
    fn gain(&self, i: usize, column: usize) -> f64 {
        let (stage, counts) = (&self.network.stages[i], &self.stats.stages[i]);
        let weights = &stage.columns[column];
        let list = Kernel { form: Form::Columns, stage, counts: false, binary: false };
        let carries = counts.carries as f64 / counts.additions.max(1) as f64;
        let carry = weights.len() as f64 * carries * (gaps::CARRY - CARRY);
        let one = gaps::column(weights, stage.outputs, false) - list.column(weights) - AROUND + carry;
        // A list comes back to where the index is compared with the last one, for a high byte as well.
        uses(counts, column) * one - counts.high[column] as f64 * BACK
    }

    /// Whether a column may be a list. Behind the high byte of the first accumulator the scan is at index 255, one
    /// before 0; where that is also the last index, what compares it with the last one would end the scan.
    fn may_be_list(&self, i: usize, column: usize) -> bool {
        let stage = &self.network.stages[i];
        let big = matches!(stage.source, Source::Hidden { most, .. } if most > 255);
        !(column == 0 && stage.columns.len() == PAGE && big)
    }

    fn price(&self, i: usize, column: usize) -> f64 {
        self.gain(i, column) / more_bytes(&self.network.stages[i], column) as f64
    }

    fn best_price(&self, i: usize) -> f64 {
        let columns = 0..self.network.stages[i].columns.len();
        columns.map(|column| self.price(i, column)).fold(0.0, f64::max)
    }

    /// The columns that gain most for each byte, while there is room; and the bytes that they take more.
    fn fill(&self, i: usize, room: usize) -> (Vec<bool>, usize) {
        let stage = &self.network.stages[i];
        let mut order: Vec<usize> = (0..stage.columns.len()).collect();
        order.retain(|&c| self.may_be_list(i, c) && !stage.columns[c].is_empty() && self.gain(i, c) > 0.0);
        // Equal prices keep the order of the columns: the sort is stable.
        order.sort_by(|&a, &b| self.price(i, b).total_cmp(&self.price(i, a)));
        let mut quick = vec![false; stage.columns.len()];
        let mut taken = 0;
        for column in order {
            let bytes = more_bytes(stage, column);
            if taken + bytes <= room {
                taken += bytes;
                quick[column] = true;
            }
        }
        (quick, taken)
    }
}

/// How often a column is added.
fn uses(counts: &StageStats, column: usize) -> f64 {
    (counts.low[column] + counts.high[column]) as f64
}

/// A list is never shorter than gaps by more than its addresses: one byte at least, so that prices are finite.
fn more_bytes(stage: &Stage, column: usize) -> usize {
    let weights = &stage.columns[column];
    list_bytes(weights).saturating_sub(gap_bytes(weights, stage.outputs)).max(1)
}
