//! Which weights lie where only `elpm` reads: those that cost least to go to, until `lpm` reads all other data.

use super::product::Refused;
use super::writer::{Movable, Writer};
use crate::asm::Isa;
use crate::kernel::Templates;
use crate::kernel::avr::core::{assembler_core, reads_far};
use crate::target::Core;
use std::collections::BTreeSet;

/// What `write` writes: all data where `lpm` reads, or, where that has fewer than all their bytes and the chip has `elpm`, some weights
/// behind the program.
///
/// # Errors
/// Those of `write`.
pub fn written<'a, T>(
    templates: &'a Templates,
    core: Core,
    near: usize,
    write: impl Fn(&mut Writer<'a>) -> Result<T, Refused>,
) -> Result<(Writer<'a>, T), Refused> {
    let writer = |far| Writer::new(templates, Isa::Avr(assembler_core(core)), far);
    let mut w = writer(BTreeSet::new());
    let found = write(&mut w)?;
    if w.data_bytes <= near || !reads_far(core) {
        return Ok((w, found));
    }
    let mut w = writer(cheapest(w.movable, w.data_bytes - near));
    let found = write(&mut w)?;
    Ok((w, found))
}

/// Labels of weights that are so many bytes together, or of all: with each the fewest cycles a byte.
fn cheapest(mut all: Vec<Movable>, bytes: usize) -> BTreeSet<String> {
    all.sort_by(|a, b| (a.cycles * b.bytes as f64).total_cmp(&(b.cycles * a.bytes as f64)));
    let mut sum = 0;
    let taken = all.into_iter().take_while(|one| {
        let is_wanted = sum < bytes;
        sum += one.bytes;
        is_wanted
    });
    taken.map(|one| one.label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Movable> {
        let movable =
            |(label, bytes, cycles): (&str, usize, f64)| Movable { label: label.into(), bytes, cycles };
        [("a", 100, 200.0), ("b", 1000, 2.0), ("c", 500, 2.0), ("d", 100, 2.0)].map(movable).into()
    }

    #[test]
    fn weights_that_cost_least_to_go_to_are_far() {
        let labels = |bytes| cheapest(all(), bytes).into_iter().collect::<String>();
        let taken = [0, 1, 1000, 1001, 1500, 1501, 1600, 1601, 9999].map(labels);
        assert_eq!(taken, ["", "b", "b", "bc", "bc", "bcd", "bcd", "abcd", "abcd"]);
    }
}
