//! Cycles of one use of a column, from the kernel's label to its return, without carries.

use super::weights::{Kind, tiles};
use crate::ir::{Column, Form};
use crate::plan::gaps::{self, Symbol};
use crate::plan::network::Stage;
use crate::plan::z80::lists::packed;

/// Adding to an accumulator: `ld`, `add`, `st`, `brcs`; with the high byte instead of `brcs` `mov` before, `ld`, `adc`,
/// `st` behind; counting has no `brcs`.
fn addition(kind: Option<Kind>) -> f64 {
    match kind {
        Some(Kind::Byte) => 2.0 + 1.0 + 2.0 + 1.0,
        Some(Kind::Count) => 2.0 + 1.0 + 2.0,
        Some(Kind::Wide) => 1.0 + 5.0 + 5.0,
        None => 0.0,
    }
}

/// A use of `column`, one of tile `t`, in a kernel of `kind`; none: its columns are code, which counts if the stage
/// does.
pub fn cost(column: &Column, stage: &Stage, form: Form, t: usize, kind: Option<Kind>, counts: bool) -> f64 {
    let outputs = tiles(stage.outputs)[t];
    match form {
        Form::Gaps => gaps::symbols(column, &[outputs]).iter().map(|lists| gap_lists(lists, kind)).sum(),
        Form::Columns | Form::Shared => {
            [&column.plus, &column.minus].iter().map(|list| index_list(list.len(), kind)).sum()
        }
        Form::Packed => packed(column, outputs).into_iter().map(packed_byte).sum(),
        Form::Unrolled => {
            let doubles = column.minus.windows(2).filter(|w| w[0] == w[1]).count() as f64;
            let singles = column.len() as f64 - 2.0 * doubles;
            // lds, inc, sts; lds, add, sts, lds, adc, sts
            if counts { 5.0 * singles + 6.0 * doubles } else { 10.0 * singles + 12.0 * doubles }
        }
    }
}

/// Both lists, nibble by nibble: what a symbol takes depends on the half of the byte that it begins in.
fn gap_lists(lists: &[Vec<Symbol>; 2], kind: Option<Kind>) -> f64 {
    let add = addition(kind);
    let mut in_high = false;
    let mut cost = 0.0;
    for (list, symbols) in lists.iter().enumerate() {
        for symbol in symbols {
            cost += match (symbol, in_high) {
                // lpm, mov, andi, breq, add
                (Symbol::Near(_), false) => 7.0 + add,
                // swap, andi, breq, add; rjmp
                (Symbol::Near(_), true) => 6.0 + add,
                // lpm, mov, andi, breq; swap, andi, breq, subi, cpi, brlo; add; rjmp
                (Symbol::Far(_), false) => 7.0 + 7.0 + 1.0 + add + 2.0,
                // swap, andi, breq; lpm, mov, andi, breq, subi, cpi, brlo; add
                (Symbol::Far(_), true) => 4.0 + 10.0 + 1.0 + add,
                // as far, then breq, subi, rjmp
                (Symbol::Again, false) => 7.0 + 6.0 + 2.0 + 3.0 + 1.0 + add + 2.0,
                (Symbol::Again, true) => 4.0 + 9.0 + 2.0 + 3.0 + 1.0 + add,
                (Symbol::Step, _) => 17.0,
                // the ways to the next nibble; mov, rjmp
                (Symbol::End, false) => 7.0 + 4.0 + if list == 0 { 3.0 } else { 0.0 },
                (Symbol::End, true) => 4.0 + 7.0 + if list == 0 { 3.0 } else { 0.0 },
            };
            // Escapes take two nibbles.
            in_high ^= matches!(symbol, Symbol::Near(_));
        }
    }
    cost
}

/// An index list: in each piece `lpm`, `tst`, `breq`, its outputs by `lpm`, the addition, `dec`, `brne`, then `rjmp`; the
/// end.
fn index_list(outputs: usize, kind: Option<Kind>) -> f64 {
    outputs.div_ceil(255) as f64 * (5.0 - 1.0 + 2.0) + outputs as f64 * (3.0 + addition(kind) + 3.0) + 6.0
}

/// Four weights.
fn packed_byte(byte: u8) -> f64 {
    let weight = |i: u8| match byte >> (2 * i) & 3 {
        // lsr, brcs, lsr, brcc; inc, dec, brne
        0b00 => 5.0 + 4.0,
        // lsr, brcs, lsr, brcs, the addition, rjmp
        0b01 => 5.0 + 11.0 + 2.0 + 4.0,
        // lsr, brcs, lsr, brcs; the call
        0b11 => 6.0 + 18.0 + 4.0,
        _ => 4.0 + 36.0 + 4.0,
    };
    // lpm, ldi; the last brne is not taken; dec, brne
    4.0 + (0..4).map(weight).sum::<f64>() - 1.0 + 3.0
}
