//! How readings become bytes, as constants of C.

use super::sequence::arrays::Arrays;
use crate::arithmetic::network::by_bytes;
use crate::kernel::sensors::about::are_parted;
use crate::model::Linear;
use serde::Serialize;

/// Most thresholds: their places have 16 bits.
const MOST: usize = 0xffff;

/// The initializer of a line.
pub fn line(line: &Linear) -> String {
    format!("{}LL, {}L, {}u", line.offset, line.multiplier, line.shift)
}

/// Names of the arrays of thresholds: all of them, the place behind those of each byte, and, where some value has several bytes,
/// whether the next byte is of the same value.
#[derive(Serialize)]
pub struct Ranks {
    thresholds: String,
    ends: String,
    goes_on: Option<String>,
}

/// The arrays of thresholds; `None` where there are none because readings are scaled.
///
/// # Errors
/// More thresholds than there are places for.
pub fn ranks(thresholds: &[Vec<i32>], arrays: &mut Arrays) -> Result<Option<Ranks>, String> {
    if thresholds.is_empty() {
        return Ok(None);
    }
    let (mut ends, mut goes_on) = (Vec::new(), Vec::new());
    let mut end = 0;
    for list in thresholds {
        for byte in by_bytes(list) {
            end += byte.len();
            ends.push(end as i64);
            goes_on.push(1);
        }
        goes_on.pop();
        goes_on.push(0);
    }
    if end > MOST {
        return Err(format!("{end} thresholds, above {MOST}"));
    }
    let all = thresholds.iter().flatten().map(|&t| t.into());
    Ok(Some(Ranks {
        thresholds: arrays.add("int32_t", "thresholds", all),
        ends: arrays.add("uint16_t", "threshold_ends", ends),
        goes_on: are_parted(thresholds).then(|| arrays.add("uint8_t", "threshold_goes_on", goes_on)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_initializers() {
        let of = Linear { multiplier: -3, offset: 1 << 40, shift: 20 };
        assert_eq!(line(&of), "1099511627776LL, -3L, 20u");
    }
}
