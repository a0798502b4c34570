//! Numbers for tests.

/// A generator of numbers for tests: the same ones every time (xorshift64*).
pub struct Random(pub u64);

impl Random {
    /// A number below `most`, which is not 0.
    pub fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % most
    }
}
