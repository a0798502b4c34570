//! What the routines look up, whatever the network.

use super::emit::Emitter;
use crate::arithmetic::{COSINES, ROOTS};
use crate::model::Positions;

/// Tables of numbers, each from the start of a page on.
pub fn pages(e: &mut Emitter) {
    e.quick(|e| {
        let squares: Vec<u16> = (0..256u32).map(|i| (i * i) as u16).collect();
        e.page("squares", squares.iter().map(|square| *square as u8));
        e.page("squares_high", squares.iter().map(|square| (square >> 8) as u8));
        // n² / 4 from -256 on, low bytes and then high bytes; the page of 0 has an even number.
        let quarter = |n: i32| (n * n / 4) as u16;
        let quarters = [0, 8].into_iter().flat_map(|shift| {
            let bytes = move |part: i32| (0..256).map(move |n| (quarter(n + part) >> shift) as u8);
            [-256, 0, 256].into_iter().flat_map(bytes)
        });
        e.even_page("quarters", 256, quarters.collect::<Vec<_>>());
    });
    e.page("roots", *ROOTS);
    if let Positions::Rotary { .. } = e.site.body.positions {
        e.page("cosines", COSINES.map(|cosine| cosine as u8));
    }
}
