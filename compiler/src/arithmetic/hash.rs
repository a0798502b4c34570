//! The hash by which files and networks are told apart.

/// Where [`fnv1a`] starts.
pub const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

/// 64-bit FNV-1a of some bytes, from [`FNV_START`] or from what comes before them (Fowler, Noll and Vo:
/// <http://www.isthe.com/chongo/tech/comp/fnv/>).
pub fn fnv1a(start: u64, bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the authors' test suite.
    #[test]
    fn fnv1a_is_that_of_its_authors() {
        let of = |text: &str| fnv1a(FNV_START, text.bytes());
        assert_eq!(
            (of(""), of("a"), of("foobar")),
            (FNV_START, 0xaf63_dc4c_8601_ec8c, 0x8594_4171_f739_67e8)
        );
        assert_eq!(fnv1a(of("foo"), *b"bar"), of("foobar"));
    }
}
