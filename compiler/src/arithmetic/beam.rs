//! What replies cost that grow side by side: see docs/semantics.md, *Beams*. A cost is how unlikely a token is, in units of a
//! logit: a reply's is the sum of those of its tokens.

/// The integers that costs are computed with, for logits of one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeamRules {
    /// A difference to the largest logit is shifted right by so many bits, 0 to 8.
    pub bits: u8,
    /// What the shifted difference weighs: 255 first, never rising, 1 at least. What is behind the last one weighs nothing.
    pub weights: Vec<u8>,
    /// Logarithms of (i + ½) / 127.5 for i from 128 to 255, in units of a logit.
    pub parts: Vec<u16>,
    /// Those of 2^(n - 1), by n - 1.
    pub powers: Vec<u32>,
}

impl BeamRules {
    /// What is added to the difference of a token's logit to the largest one: the logarithm of the sum of all.
    ///
    /// # Panics
    /// Without a logit.
    pub fn normalizer(&self, logits: &[i16]) -> u32 {
        let most = i32::from(*logits.iter().max().expect("there is a logit"));
        let weight = |&logit: &i16| {
            let difference = (most - i32::from(logit)) as usize >> self.bits;
            self.weights.get(difference).map_or(0, |&w| u32::from(w))
        };
        self.logarithm(logits.iter().map(weight).sum())
    }

    /// That of a sum of weights, 255 at least, in which 255 stands for 1.
    fn logarithm(&self, sum: u32) -> u32 {
        let n = (sum >> 8).checked_ilog2().map_or(0, |bit| bit as usize + 1);
        match n.checked_sub(1) {
            None => 0,
            Some(power) => u32::from(self.parts[(sum >> n) as usize - 128]) + self.powers[power],
        }
    }

    /// The most that a token costs among so many.
    pub fn most(&self, outputs: usize) -> u32 {
        u32::from(u16::MAX) + self.logarithm(255 * outputs as u32)
    }
}

/// Whether a reply of cost `a` and `n` tokens is likelier on the mean than one of cost `b` and `m` tokens.
pub fn is_likelier((a, n): (u64, usize), (b, m): (u64, usize)) -> bool {
    u128::from(a) * (m as u128) < u128::from(b) * (n as u128)
}
