//! The arithmetic of networks on numbers: sums of 32 bits to bytes, lines to bytes, outputs to text. Integers only.

use std::fmt;

/// Largest magnitude of a reading in units of its last digit: what 24 bits hold.
pub const MOST_READING: i32 = (1 << 23) - 1;

/// Most thresholds that a byte counts: a value with more has several bytes ([`rank_bytes`]).
pub const MAX_RANKS: usize = 255;

/// Most thresholds of a value: as many as trees have splits.
pub const MAX_THRESHOLDS: usize = 30_000;

/// Bytes that a value with so many thresholds becomes, one for each [`MAX_RANKS`] of them: so that each comparison is one of a byte.
pub fn rank_bytes(thresholds: usize) -> usize {
    thresholds.div_ceil(MAX_RANKS).max(1)
}

/// Bytes that a line of values with these thresholds becomes.
pub fn ranked_bytes<T>(ranks: &[Vec<T>]) -> usize {
    ranks.iter().map(|list| rank_bytes(list.len())).sum()
}

/// The thresholds of a value, those of each byte: a list without any is one of a byte.
pub fn by_bytes<T>(list: &[T]) -> impl Iterator<Item = &[T]> {
    (0..rank_bytes(list.len())).map(|byte| &list[byte * MAX_RANKS..list.len().min((byte + 1) * MAX_RANKS)])
}

/// The bytes of a value: of each, -128 and one for each of its thresholds that the value is above.
pub fn rank<T>(list: &[T], is_above: impl Fn(&T) -> bool) -> impl Iterator<Item = i8> {
    by_bytes(list).map(move |list| (list.iter().filter(|t| is_above(t)).count() as i32 - 128) as i8)
}

/// How `sum · multiplier · 2^(shift - 31)` is rounded. Each is a function of the sum that never falls. [`step`]
/// has the bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steps {
    /// To a multiple of `2^-shift`, then to an integer: halves away from zero.
    Twice,
    /// At once, halves up.
    Up,
    /// The sum and the product are rounded to the 24 bits of a 32-bit float, then the product to an integer: halves to
    /// even, each time.
    Even,
}

/// `(x · multiplier + offset) >> shift`, which rounds down. `offset` has the half that makes it round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linear {
    pub multiplier: i32,
    pub offset: i64,
    pub shift: u8,
}

impl Linear {
    /// The value at `x`, of at most 24 bits. Multipliers have 24 bits and offsets 48 ([`crate::model::Model::check`]).
    pub fn at(self, x: i32) -> i64 {
        (i64::from(x) * i64::from(self.multiplier) + self.offset) >> self.shift
    }

    /// The line through the origin that multiplies with `factor` and adds `zero`, as near as 16 bits of multiplier allow,
    /// rounding halves up. `None` where the factor is not finite or so large that no shift is left.
    pub fn near(factor: f64, zero: f64) -> Option<Self> {
        let mut shift = 0u8;
        let mut scaled = factor;
        while scaled.abs() < 16_384.0 && shift < 30 {
            scaled *= 2.0;
            shift += 1;
        }
        let multiplier = scaled.round();
        // What is no number is not below anything.
        let fits = multiplier.abs() < f64::from(1 << 23) && zero.abs() < 8_388_608.0;
        if !fits {
            return None;
        }
        let unit = f64::from(1u32 << shift);
        let offset = (zero * unit + unit / 2.0).floor();
        Some(Self { multiplier: multiplier as i32, offset: offset as i64, shift })
    }
}

/// `sum · multiplier · 2^(shift - 31)`, rounded as `steps` says. `multiplier` is not negative, `shift` -31 to 30.
pub fn step(sum: i32, multiplier: i32, shift: i8, steps: Steps) -> i32 {
    match steps {
        Steps::Twice => twice(sum, multiplier, shift.into()),
        Steps::Up => {
            let bits = 31 - i32::from(shift);
            let product = i128::from(sum) * i128::from(multiplier);
            cut((product + (1 << (bits - 1))) >> bits)
        }
        Steps::Even => even(sum, multiplier, shift.into()),
    }
}

/// As `MultiplyByQuantizedMultiplier` of TensorFlow Lite does it: a sum shifted left by what is above 0 of `shift`, half
/// the upper word of twice the product, rounded, then shifted right, rounded, halves away from zero.
fn twice(sum: i32, multiplier: i32, shift: i32) -> i32 {
    let sum = cut(i128::from(sum) << shift.max(0));
    let product = i64::from(sum) * i64::from(multiplier);
    let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
    // Towards zero, as C divides.
    let high = ((product + nudge) / (1 << 31)) as i32;
    let right = (-shift).max(0);
    let mask = ((1i64 << right) - 1) as i32;
    let threshold = (mask >> 1) + i32::from(high < 0);
    (high >> right.min(31)) + i32::from(high & mask > threshold)
}

/// As a product of 32-bit floats: the sum in the 24 bits of a float, times the 24 upper bits of the multiplier, again in
/// 24 bits, then as an integer. Halves to even each time.
fn even(sum: i32, multiplier: i32, shift: i32) -> i32 {
    let (sum, lost) = to_24_bits(sum.unsigned_abs().into(), sum < 0);
    let (product, more) = to_24_bits(sum.unsigned_abs() * u64::from(multiplier.unsigned_abs() >> 7), sum < 0);
    // The multiplier's upper 24 bits count 2^(shift - 24).
    let bits = 24 - shift - (lost + more) as i32;
    if bits <= 0 {
        return cut(i128::from(product) << (-bits).min(64));
    }
    to_even(product, bits.min(62) as u32) as i32
}

/// A magnitude in at most 24 bits, with its sign, and how many bits it lost.
fn to_24_bits(magnitude: u64, negative: bool) -> (i64, u32) {
    let mut lost = (64 - magnitude.leading_zeros()).saturating_sub(24);
    let mut value = to_even(magnitude as i64, lost);
    if value == 1 << 24 {
        (value, lost) = (1 << 23, lost + 1);
    }
    (if negative { -value } else { value }, lost)
}

/// `value / 2^bits`, rounded to the nearest, halves to even.
fn to_even(value: i64, bits: u32) -> i64 {
    if bits == 0 {
        return value;
    }
    let down = value >> bits;
    let rest = value - (down << bits);
    let half = 1 << (bits - 1);
    down + i64::from(rest > half || (rest == half && down & 1 == 1))
}

fn cut(value: i128) -> i32 {
    value.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

/// `sum / count`, rounded to the nearest, halves away from zero.
pub fn mean(sum: i32, count: i32) -> i32 {
    let half = count / 2;
    (if sum > 0 { sum + half } else { sum - half }) / count
}

/// The first index of the largest element; as many as there are where another one is less than `margin` below it.
pub fn decide(x: &[i32], margin: u8) -> usize {
    let mut best = 0;
    for (i, y) in x.iter().enumerate() {
        if *y > x[best] {
            best = i;
        }
    }
    let near = |(i, y): (usize, &i32)| i != best && x[best] - y < i32::from(margin);
    if x.iter().enumerate().any(near) { x.len() } else { best }
}

/// How readings become bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bytes<'a> {
    /// By a line for each value, or one for all of them, cut to 8 bits.
    Lines(&'a [Linear]),
    /// By its thresholds ([`rank`]), a list for each value.
    Ranks(&'a [Vec<i32>]),
}

impl Bytes<'_> {
    /// The bytes of readings.
    fn of(self, readings: &[i32]) -> Vec<i8> {
        let readings = readings.iter().enumerate();
        match self {
            Self::Lines(lines) => {
                let one = |(i, &x): (usize, &i32)| lines[i % lines.len()].at(x).clamp(-128, 127) as i8;
                readings.map(one).collect()
            }
            Self::Ranks(ranks) => readings.flat_map(|(i, &x)| rank(&ranks[i], move |&t| x > t)).collect(),
        }
    }

    /// Numbers of a line for a network that reads so many bytes.
    pub fn numbers(self, bytes: usize) -> usize {
        match self {
            Self::Lines(_) => bytes,
            Self::Ranks(ranks) => ranks.len(),
        }
    }
}

/// What a line holds for a network that reads numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// No character: there is no answer.
    Empty,
    /// Not as many numbers as the network reads, or something else: the answer is [`wanted`].
    Other(Fault),
    /// The bytes of its numbers.
    Values(Vec<i8>),
}

/// Why a line is not what a network reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// What stands in the place of a number, and the number's place, from 0 on.
    NoNumber { at: usize, text: String },
    /// How many numbers there are.
    Count(usize),
    /// How many there are behind a `#`, and how many bytes there should be.
    Bytes { found: usize, wants: usize },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNumber { at, text } => {
                write!(f, "value {} is \"{text}\"; machines read numbers like 12, -3 and 0.25", at + 1)
            }
            Self::Count(1) => write!(f, "it has 1 number"),
            Self::Count(count) => write!(f, "it has {count} numbers"),
            Self::Bytes { found, wants } => {
                write!(f, "bytes are wanted behind #, {wants} of them, and it has {found}")
            }
        }
    }
}

/// The answer to a line that is not `count` numbers.
pub fn wanted(count: usize) -> String {
    format!("? {count} number{}", if count == 1 { "" } else { "s" })
}

/// What a line holds, before readings become bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// The bytes themselves.
    Values(Vec<i8>),
    /// Readings in units of their last digit.
    Readings(Vec<i32>),
}

/// What a line gives a network of `count` bytes ([`given`]).
pub fn measure(line: &[u8], decimals: u8, bytes: Bytes, count: usize) -> Line {
    match given(line, decimals, bytes.numbers(count), count) {
        Ok(None) => Line::Empty,
        Ok(Some(Given::Values(values))) => Line::Values(values),
        Ok(Some(Given::Readings(readings))) => Line::Values(bytes.of(&readings)),
        Err(fault) => Line::Other(fault),
    }
}

/// Reads a line of so many numbers, or of `count` bytes, with spaces, tabs, commas or semicolons between them. `None`: no character.
///
/// A number is an optional `-`, then digits with an optional `.` among, before or behind them. Digits behind the point
/// count up to `decimals`, those behind them are dropped, missing ones are 0. Magnitudes end at [`MOST_READING`]. A line
/// whose first byte is `#` has the `count` bytes themselves, without points, cut to 8 bits, and nothing is scaled.
///
/// # Errors
/// Why a line is something else.
pub fn given(line: &[u8], decimals: u8, readings: usize, count: usize) -> Result<Option<Given>, Fault> {
    let (raw, numbers) = match line {
        [] => return Ok(None),
        [b'#', rest @ ..] => (true, rest),
        line => (false, line),
    };
    let separates = |b: &u8| matches!(b, b' ' | b'\t' | b',' | b';');
    let numbers: Vec<&[u8]> = numbers.split(separates).filter(|number| !number.is_empty()).collect();
    if let Some(at) = numbers.iter().position(|number| !is_number(number, raw)) {
        let text = String::from_utf8_lossy(numbers[at]).into_owned();
        return Err(Fault::NoNumber { at, text });
    }
    match (raw, numbers.len()) {
        (true, found) if found != count => return Err(Fault::Bytes { found, wants: count }),
        (false, found) if found != readings => return Err(Fault::Count(found)),
        _ => {}
    }
    let all = numbers.iter().map(|number| reading(number, if raw { 0 } else { decimals }));
    Ok(Some(match raw {
        true => Given::Values(all.map(|x| x.clamp(-128, 127) as i8).collect()),
        false => Given::Readings(all.collect()),
    }))
}

fn is_number(text: &[u8], is_byte: bool) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let points = digits.iter().filter(|&&b| b == b'.').count();
    digits.iter().all(|&b| b.is_ascii_digit() || b == b'.')
        && digits.iter().any(u8::is_ascii_digit)
        && points <= usize::from(!is_byte)
}

fn reading(number: &[u8], decimals: u8) -> i32 {
    let more = |value: i32, digit: u8| (value * 10 + i32::from(digit)).min(MOST_READING);
    let (mut value, mut behind) = (0, None);
    for &byte in number {
        match byte {
            b'.' => behind = Some(0),
            b'0'..=b'9' if behind.is_none_or(|n| n < decimals) => {
                value = more(value, byte - b'0');
                behind = behind.map(|n| n + 1);
            }
            _ => {}
        }
    }
    for _ in behind.unwrap_or(0)..decimals {
        value = more(value, 0);
    }
    if number.first() == Some(&b'-') { -value } else { value }
}

/// Outputs as text: each by its line, in units of the last of `decimals` digits, spaces between them.
pub fn numbers(x: &[i32], decimals: u8, format: &[Linear]) -> String {
    let text = |(i, &x): (usize, &i32)| {
        let value = format[i % format.len()].at(x);
        let sign = if value < 0 { "-" } else { "" };
        let digits = format!("{:01$}", value.unsigned_abs(), usize::from(decimals) + 1);
        let (whole, part) = digits.split_at(digits.len() - usize::from(decimals));
        let point = if part.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{part}")
    };
    x.iter().enumerate().map(text).collect::<Vec<_>>().join(" ")
}
