//! T-states of the kernel in `templates/z80/gaps.asm`.

use super::lists::tiles;
use crate::ir::Column;
use crate::plan::gaps::{Symbol, symbols};

/// `ld a,(bc)`, `and 15`, `jr z`, `add a,l`, `ld l,a`.
const LOW: f64 = 7.0 + 7.0 + 7.0 + 4.0 + 4.0;
/// `ld a,(bc)`, `inc bc`, four `rrca`, `and 15`, `jr z`, `add a,l`, `ld l,a`.
const HIGH: f64 = 7.0 + 6.0 + 16.0 + 7.0 + 7.0 + 4.0 + 4.0;
/// An escape, from `ld a,(bc)` to the test of its second nibble, in the low nibble and in the high one.
const LOW_ESCAPE: f64 = 7.0 + 7.0 + 12.0 + 7.0 + 6.0 + 16.0 + 4.0;
const HIGH_ESCAPE: f64 = 7.0 + 6.0 + 16.0 + 7.0 + 12.0 + 7.0 + 7.0;
/// `jr z`, `cp 14`, `jr nc`, `add a,15`, `add a,l`, `ld l,a`, `jr`.
const FAR: f64 = 7.0 + 7.0 + 7.0 + 7.0 + 4.0 + 4.0 + 12.0;
/// Behind a low nibble the second list of a tile has `ret z` in the place of `jr z`.
const RET_Z: [f64; 2] = [5.0, 11.0];
/// `jr z`, `cp 14`, `jr nc` and `jr z` taken.
const AGAIN: f64 = 7.0 + 7.0 + 12.0 + 12.0;
/// `jr z`, `cp 14`, `jr nc` taken, `jr z`, `ld a,28`, `add a,l`, `ld l,a`, `jr`.
const STEP: f64 = 7.0 + 7.0 + 12.0 + 7.0 + 7.0 + 4.0 + 4.0 + 12.0;
/// `ld a,(hl)`, `add a,e`, `ld (hl),a`, then `jr c` not taken behind a low nibble and `jr nc` taken behind a high one.
const ADD: [f64; 2] = [7.0 + 4.0 + 7.0 + 7.0, 7.0 + 4.0 + 7.0 + 12.0];
/// `inc (hl)`; `jp` behind a high nibble.
const COUNT: [f64; 2] = [11.0, 11.0 + 10.0];
/// `inc h`, `inc (hl)`, `dec h`, `jp`, with `jr c` taken (34) or `jr nc` not taken (24): as often one as the other.
pub(super) const CARRY: f64 = 29.0;

/// One use of a column of `outputs`, without carries: from the first nibble to the return behind each tile.
pub(super) fn column(column: &Column, outputs: usize, counts: bool) -> f64 {
    let add = if counts { COUNT } else { ADD };
    symbols(column, &tiles(outputs)).iter().map(|lists| tile(lists, add)).sum()
}

fn tile(lists: &[Vec<Symbol>; 2], add: [f64; 2]) -> f64 {
    let mut cost = 0.0;
    // Whether the next nibble is the high one of its byte.
    let mut high = false;
    for (second, symbol) in
        lists.iter().enumerate().flat_map(|(i, list)| list.iter().map(move |s| (i == 1, s)))
    {
        // The nibble behind an escape is in the other half of a byte, and what follows it in the same again.
        let escape = match (high, second) {
            (true, _) => HIGH_ESCAPE,
            (false, true) => LOW_ESCAPE + RET_Z[0] - 7.0,
            (false, false) => LOW_ESCAPE,
        };
        cost += match symbol {
            Symbol::Near(_) => {
                high = !high;
                if high { LOW + add[0] } else { HIGH + add[1] }
            }
            Symbol::Far(_) => escape + FAR + add[usize::from(!high)],
            Symbol::Again => escape + AGAIN + add[usize::from(!high)],
            Symbol::Step => escape + STEP,
            // `jr z` taken, `ld l,255`, and `jp` where the high nibble follows; `inc bc`, `ret`; `ret z`.
            Symbol::End => {
                escape
                    + match (high, second) {
                        (true, false) => 12.0 + 7.0 + 10.0,
                        (false, false) => 12.0 + 7.0,
                        (true, true) => 12.0 + 6.0 + 10.0,
                        (false, true) => RET_Z[1] - RET_Z[0] + 7.0,
                    }
            }
        };
    }
    cost
}
