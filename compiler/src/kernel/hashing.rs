//! What the hashes of [`crate::text`] mean to kernels, whatever the processor.

/// What is added to the hash from one position, or band of positions, to the next: its start value is 7 more, and the
/// first step multiplies that by 31.
pub const BAND_STEP: u8 = 7 * 31;

/// Whether buckets need hashes of 16 bits: the low 8 bits decide only for powers of two up to 256.
pub fn is_wide(buckets: u16) -> bool {
    !(buckets.is_power_of_two() && buckets <= 256)
}

/// What is subtracted from a 16-bit hash, where it can be, one after the other, so that a bucket remains: the largest
/// multiple of the number of buckets that fits, halves of it down to the number itself. None for a power of two.
pub fn remainder_steps(buckets: u16) -> Vec<u16> {
    if buckets.is_power_of_two() {
        return vec![];
    }
    let doublings = (u16::MAX / buckets).ilog2();
    (0..=doublings).rev().map(|n| buckets << n).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_leave_the_remainder() {
        for buckets in [1, 3, 60, 100, 255, 300, 1000, 32767, 40000] {
            let steps = remainder_steps(buckets);
            for hash in [0, 1, 59, 60, 299, 300, 9999, 32768, 65535u16] {
                let rest = steps.iter().fold(hash, |h, step| if h >= *step { h - step } else { h });
                assert_eq!(rest % buckets, hash % buckets);
                assert!(buckets == 1 || rest < buckets, "{hash} of {buckets} leaves {rest}");
            }
        }
    }
}
