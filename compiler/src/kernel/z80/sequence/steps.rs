//! The steps of the plan, as a program has them.

use super::emit::Emitter;
use super::file::RECORD_TIME;
use crate::kernel::sequence::{Home, Offer, Step};
use crate::model::{Grid, Matrix};
use crate::target::Machine;

impl Emitter<'_> {
    /// A matrix is a step of the plan: so many bytes, of which a token reads so many records where they are in a file.
    pub fn step(&mut self, name: &str, m: &Matrix, (bytes, records): (usize, usize), home: Home) {
        let form = if m.grid == Grid::Ternary { "ternary" } else { "planes" };
        let image = Offer { form, home: Home::Image, bytes, cycles: 0.0 };
        let file = Offer { home: Home::File, cycles: records as f64 * RECORD_TIME, ..image };
        let banks = Offer { home: Home::Bank, ..image };
        let mut offers = vec![image];
        if self.site.request.target.machine == Machine::Cpm {
            offers.push(file);
        }
        if !self.site.request.target.selectors().is_empty() {
            offers.push(banks);
        }
        offers.sort_by_key(|offer| offer.home != home);
        let parts = self.known.parts.last().map(|part| part.from.clone()).into_iter().collect();
        self.steps.push(Step { name: name.into(), rows: m.rows, cols: m.cols, parts, offers });
    }
}
