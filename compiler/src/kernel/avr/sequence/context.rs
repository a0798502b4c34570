//! What templates are told of a kernel.

use super::form::{Digits, Form, gray};
use serde::Serialize;

/// A rounding shift by a constant, as the macros want it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Shift {
    shift: usize,
    /// The byte that what rounds is added to, and what is subtracted from it for that.
    at: usize,
    less: usize,
    /// Bits behind whole bytes, which are dropped.
    bits: usize,
    drop: usize,
    /// Shifts to the left by one byte more, where those are fewer.
    left: usize,
    /// The first byte of the result.
    first: usize,
}

impl Shift {
    pub fn new(shift: u8) -> Self {
        let shift = usize::from(shift);
        let (at, less) = match shift {
            0 => (0, 0),
            _ => ((shift - 1) / 8, 256 - (1 << ((shift - 1) % 8))),
        };
        let (bits, drop) = (shift % 8, shift / 8);
        let left = if bits >= 6 { 8 - bits } else { 0 };
        Self { shift, at, less, bits, drop, left, first: drop + usize::from(left > 0) }
    }
}

/// Bytes of a word times a mantissa, with what rounds: three are enough for shifts of up to 16, as -32768 · 255 and
/// 32767 · 255 + 2^15 have 24 bits with their sign.
pub fn scaled_bytes(shift: u8) -> usize {
    if shift >= 17 { 4 } else { 3 }
}

/// Context of `embed.S`.
#[derive(Serialize)]
pub struct Embed {
    pub name: String,
    pub form: &'static str,
    pub weights: String,
    pub mantissas: String,
    pub tile: usize,
    /// Rows of a block that were read before the next block is looked for: none of a flash chip.
    pub behind: usize,
    pub last_tile: usize,
    pub last_rows: usize,
    pub row_bytes: usize,
    pub block_bytes: usize,
    pub loads: usize,
    pub cols: usize,
    pub offset: i32,
    pub dest: &'static str,
    pub adds: bool,
    pub lpm: &'static str,
    /// `SPDR`, where weights are in a flash chip.
    pub data: Option<String>,
    pub wide: bool,
    pub three: bool,
    pub sh: Shift,
}

/// Context of `multiply.S`.
#[derive(Serialize)]
pub struct Multiply {
    pub name: String,
    pub form: &'static str,
    pub short: bool,
    pub offset: i32,
    pub lpm: &'static str,
    /// As in [`Embed`].
    pub data: Option<String>,
    pub wide: bool,
    pub cycles: usize,
}

/// Context of `tables` in `digits.S`.
#[derive(Serialize)]
pub struct Tables {
    pub name: String,
    inputs: usize,
    entries: usize,
    stride: usize,
    per_page: usize,
    lowest: i8,
    cycles: usize,
    steps: Vec<Step>,
}

/// A sum of a table: what it differs in from the one before, and where it lies.
#[derive(Serialize)]
struct Step {
    op: &'static str,
    low: usize,
    high: usize,
    r#move: usize,
    at: usize,
}

/// Farthest that `std` reaches with two bytes.
const REACH: usize = 62;

impl Tables {
    pub fn new(name: String, digits: Digits, cycles: usize) -> Self {
        let all = gray(digits);
        let stride = digits.stride();
        let mut steps: Vec<Step> = Vec::new();
        let mut from = 0;
        for (n, now) in all.iter().enumerate() {
            let (op, input) = match n.checked_sub(1).map(|before| &all[before]) {
                None => ("first", 0),
                Some(before) => {
                    let i = (0..now.len()).find(|&i| now[i] != before[i]).expect("one place differs");
                    (if now[i] > before[i] { "add" } else { "sub" }, i)
                }
            };
            let place = n * stride;
            let r#move = if place - from > REACH { place - from } else { 0 };
            from += r#move;
            steps.push(Step { op, low: 2 + 2 * input, high: 3 + 2 * input, r#move, at: place - from });
        }
        Self {
            name,
            inputs: digits.count,
            entries: all.len(),
            stride,
            per_page: digits.per_page(),
            lowest: digits.lowest,
            cycles,
            steps,
        }
    }
}

/// Context of `walk` in `digits.S`.
#[derive(Serialize)]
pub struct Walk {
    pub name: String,
    pub groups: usize,
    pub adds: bool,
    /// Rows of closed gates are passed over.
    pub gated: bool,
    pub per_page: usize,
    pub lpm: &'static str,
    /// As in [`Embed`].
    pub data: Option<String>,
    pub wide: bool,
    pub cycles: usize,
    pub look: usize,
}

/// Context of `rescale.S`.
#[derive(Serialize)]
pub struct Rescale {
    pub name: String,
    pub sum: usize,
    pub starts: bool,
    pub to: &'static str,
    pub about: &'static str,
    pub bias: bool,
    /// How logits are compared, where it is not simply the first largest that is taken.
    pub bar: Option<Bar>,
    /// Bits that costs of tokens are shifted by, where their logits are less for them.
    pub prior: Option<u8>,
    /// The buffer that logits are put aside in.
    pub kept: Option<&'static str>,
    pub bytes: usize,
    pub sh: Shift,
}

/// What a logit must reach, compared without signs.
#[derive(Serialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Bar {
    /// The least that is drawn.
    Least,
    /// More than the best so far.
    Best,
    /// More than the second best so far.
    Second,
}

/// Context of the norms in `norm.S`.
#[derive(Serialize)]
pub struct Norms {
    pub name: &'static str,
    pub bits: usize,
    pub cycles: &'static str,
}

/// Context of `gain` and `narrow` in `norm.S`.
#[derive(Serialize)]
pub struct Gain {
    pub name: String,
    pub bits: usize,
    pub bytes: usize,
    pub sh: Shift,
    pub narrow: Shift,
}

/// Context of `rotate.S`.
#[derive(Serialize)]
pub struct Rotate {
    pub name: String,
    pub pairs: usize,
    /// Several tokens of a position, each of its own reply.
    pub beam: bool,
    pub cycles: &'static str,
    pub sh: Shift,
}

/// Context of `attend.S`.
#[derive(Serialize, Clone)]
pub struct Attend {
    pub name: String,
    pub head_size: usize,
    pub kv_heads: usize,
    pub short: bool,
    pub group: usize,
    pub head_bytes: usize,
    /// Where values begin behind a head's keys.
    pub values: usize,
    pub passes: Vec<Pass>,
    pub cycles: usize,
    pub sh: Shift,
}

/// Eight values, or the last few, of which means are made at once.
#[derive(Serialize, Clone)]
pub struct Pass {
    pub from: usize,
    pub count: usize,
    pub name: usize,
}

/// Context of macros that need none.
#[derive(Serialize)]
pub struct Plain {}

/// Context of `activation.S`.
#[derive(Serialize)]
pub struct Activate {
    pub name: String,
    pub bytes: usize,
    /// Gates are looked up before.
    pub looked: bool,
    pub cycles: &'static str,
    pub sh: Shift,
}

impl Activate {
    pub fn new(name: &str, bytes: usize, looked: bool, bits: u8) -> Self {
        Self { name: name.into(), bytes, looked, cycles: "about 30", sh: Shift::new(bits) }
    }
}

/// The loads of a block of 16 weights, or of eight where a byte of fifth bits comes first.
pub fn loads(form: Form) -> usize {
    match form {
        Form::Bytes | Form::Bytes8 => 16,
        Form::Nibbles => 8,
        Form::Fives | Form::Threes | Form::Fours | Form::Twos => 4,
    }
}
