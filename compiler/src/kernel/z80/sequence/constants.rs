//! What the routines look up, whatever the network.

use super::emit::Emitter;
use crate::arithmetic::{COSINES, ROOTS};
use crate::model::Positions;

/// Tables of numbers, each from the start of a page on.
pub fn pages(e: &mut Emitter) {
    e.quick(|e| {
        // n² / 4 up to 511, low bytes and then high bytes; the first page has an even number.
        let quarter = |n: i32| (n * n / 4) as u16;
        let quarters = [0, 8].into_iter().flat_map(|shift| {
            let bytes = move |part: i32| (0..256).map(move |n| (quarter(n + part) >> shift) as u8);
            [0, 256].into_iter().flat_map(bytes)
        });
        e.even_page("quarters", quarters.collect::<Vec<_>>());
    });
    e.page("roots", *ROOTS);
    if let Positions::Rotary { .. } = e.site.body.positions {
        e.page("cosines", COSINES.map(|cosine| cosine as u8));
    }
}
