//! The case of letters.

use super::tokenizer::Fold;

/// To which case letters are folded where all of the data has one: that, else none.
pub fn case<'a>(texts: impl Iterator<Item = &'a str>) -> Fold {
    let (mut upper, mut lower) = (false, false);
    for byte in texts.flat_map(str::bytes) {
        upper |= byte.is_ascii_uppercase();
        lower |= byte.is_ascii_lowercase();
    }
    match (upper, lower) {
        (true, false) => Fold::Upper,
        (false, true) => Fold::Lower,
        _ => Fold::Keep,
    }
}
