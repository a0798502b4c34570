//! Values that nobody may rely on.

/// Marsaglia's xorshift64 with the shifts 13, 7, 17: short, seeded, the same everywhere.
#[derive(Debug, Clone)]
pub struct Junk(u64);

impl Junk {
    /// The same values for the same seed.
    pub fn new(seed: u64) -> Self {
        // Zero is the generator's fixed point.
        Junk(if seed == 0 { 0x9E37_79B9_7F4A_7C15 } else { seed })
    }

    /// The next sixteen bits.
    pub fn word(&mut self) -> u16 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u16
    }
}
