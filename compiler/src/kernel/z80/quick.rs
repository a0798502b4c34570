//! Columns of gaps that are index lists nonetheless: those that are used most for each byte that they take more.
//!
//! A list is added about twice as fast as gaps and takes about twice the bytes. Few columns are used often, so a part of
//! the bytes buys most of the time. How the machine tells them apart: all lists of a stage lie behind its gaps, from the
//! start of a page on, so the high byte of a column's address says which it is.

use super::column::ColumnKernel;
use super::{gaps, lists};
use crate::kernel::{PAGE, View};
use crate::stage::usage::ProductUsage;
use crate::stage::{Product, Stage, Work};
use crate::weights::{Form, tiles};

/// T-states that a stage with both takes beside its columns.
pub struct Around {
    /// Telling the two apart.
    pub test: f64,
    /// What is around a list more than around gaps.
    pub list: f64,
    /// What is more behind a list of a high byte: it comes back to where the index is compared with the last one.
    pub back: f64,
    /// Bytes of the test, of the second way in and of the way back.
    pub bytes: usize,
}

/// The stages with quick columns within `room` more bytes; `None` where there are none. `around` counts what is around the
/// columns of a product.
pub fn choose(
    view: &View,
    forms: &[Option<Form>],
    room: usize,
    around: &dyn Fn(&Product) -> Around,
) -> Option<Vec<Stage>> {
    let has_lists = forms.iter().any(|form| form.is_some_and(Form::is_lists));
    let mut room = room.checked_sub(if has_lists { 0 } else { lists::add_code() })?;
    // The stage that gains most for its bytes comes first; of most networks only one has room.
    let mut mixable: Vec<Mix> = view
        .stages
        .iter()
        .zip(&view.usage.stages)
        .enumerate()
        .filter(|(at, _)| forms[*at] == Some(Form::Gaps))
        .filter_map(|(at, (stage, usage))| Some((at, stage.product()?, usage)))
        .filter(|(_, product, _)| is_mixable(product))
        .map(|(at, product, usage)| Mix { at, product, usage, around: around(product) })
        .collect();
    mixable.sort_by(|a, b| b.best_price().total_cmp(&a.best_price()));
    let mut stages = view.stages.to_vec();
    let mut any = false;
    for mix in mixable {
        let code = mix.around.bytes;
        let Some(left) = room.checked_sub(code + PAGE) else { continue };
        let (quick, taken) = mix.fill(left);
        let product = Product { quick, ..mix.product.clone() };
        if saving(&product, mix.usage, around(mix.product)) > 0.0 {
            room -= code + PAGE + taken;
            any = true;
            stages[mix.at].work = Work::Product(product);
        }
    }
    any.then_some(stages)
}

/// T-states over all queries that the quick columns of a product save.
pub fn saving(product: &Product, usage: &ProductUsage, around: Around) -> f64 {
    let mix = Mix { at: 0, product, usage, around };
    let test = mix.around.test;
    let column = |(c, &quick): (usize, &bool)| if quick { mix.gain(c) } else { 0.0 } - mix.uses(c) * test;
    product.quick.iter().enumerate().map(column).sum()
}

/// A product of gaps.
struct Mix<'a> {
    at: usize,
    product: &'a Product,
    usage: &'a ProductUsage,
    around: Around,
}

/// One tile of outputs and one scan, over accumulators of 16 bits.
fn is_mixable(product: &Product) -> bool {
    !product.is_hashed()
        && tiles(product.outputs).len() == 1
        && product.columns.len() <= PAGE
        && product.counts().is_none()
}

impl Mix<'_> {
    /// How often a column is added.
    fn uses(&self, column: usize) -> f64 {
        (self.usage.low[column] + self.usage.high[column]) as f64
    }

    /// What a column saves as a list, without the test.
    fn gain(&self, column: usize) -> f64 {
        let weights = &self.product.columns[column];
        let (list, gap) = (lists::Lists, gaps::Gaps);
        let carries = self.usage.carries as f64 / self.usage.additions.max(1) as f64;
        let carry = weights.len() as f64 * carries * (gap.carry() - list.carry());
        let columns = gap.column(self.product, weights) - list.column(self.product, weights);
        let one = columns - self.around.list + carry;
        self.uses(column) * one - self.usage.high[column] as f64 * self.around.back
    }

    /// Whether a column may be a list. Behind the high byte of the first accumulator the scan is at index 255, one
    /// before 0; where that is also the last index, what compares it with the last one would end the scan.
    fn may_be_list(&self, column: usize) -> bool {
        !(column == 0 && self.product.columns.len() == PAGE && self.product.is_big())
    }

    /// A list is never shorter than gaps by more than its addresses: one byte at least, so that prices are finite.
    fn more_bytes(&self, column: usize) -> usize {
        let weights = &self.product.columns[column];
        let gap = gaps::column_bytes(weights, self.product.outputs);
        lists::column_bytes(weights).saturating_sub(gap).max(1)
    }

    fn price(&self, column: usize) -> f64 {
        self.gain(column) / self.more_bytes(column) as f64
    }

    fn best_price(&self) -> f64 {
        (0..self.product.columns.len()).map(|column| self.price(column)).fold(0.0, f64::max)
    }

    /// The columns that gain most for each byte, while there is room; and the bytes that they take more.
    fn fill(&self, room: usize) -> (Vec<bool>, usize) {
        let columns = &self.product.columns;
        let mut order: Vec<usize> = (0..columns.len()).collect();
        order.retain(|&c| self.may_be_list(c) && !columns[c].is_empty() && self.gain(c) > 0.0);
        // Equal prices keep the order of the columns: the sort is stable.
        order.sort_by(|&a, &b| self.price(b).total_cmp(&self.price(a)));
        let mut quick = vec![false; columns.len()];
        let mut taken = 0;
        for column in order {
            let bytes = self.more_bytes(column);
            if taken + bytes <= room {
                taken += bytes;
                quick[column] = true;
            }
        }
        (quick, taken)
    }
}
