//! How readings become bytes, as constants of C.

use super::sequence::arrays::Arrays;
use crate::model::Linear;
use serde::Serialize;

/// Most thresholds: their places have 16 bits.
const MOST: usize = 0xffff;

/// The initializer of a line.
pub fn line(line: &Linear) -> String {
    format!("{}LL, {}L, {}u", line.offset, line.multiplier, line.shift)
}

/// Names of the arrays of thresholds: all of them, and the place behind those of each value.
#[derive(Serialize)]
pub struct Ranks {
    thresholds: String,
    ends: String,
}

/// The arrays of thresholds; `None` where there are none because readings are scaled.
///
/// # Errors
/// More thresholds than there are places for.
pub fn ranks(thresholds: &[Vec<i32>], arrays: &mut Arrays) -> Result<Option<Ranks>, String> {
    if thresholds.is_empty() {
        return Ok(None);
    }
    let mut ends = Vec::new();
    let mut end = 0;
    for list in thresholds {
        end += list.len();
        ends.push(end as i64);
    }
    if end > MOST {
        return Err(format!("{end} thresholds, above {MOST}"));
    }
    let all = thresholds.iter().flatten().map(|&t| t.into());
    Ok(Some(Ranks {
        thresholds: arrays.add("int32_t", "thresholds", all),
        ends: arrays.add("uint16_t", "threshold_ends", ends),
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
