//! From readings to bytes, by what the training rows show: what is called normalisation of features, as the firmware does it.
//!
//! The range of a column, without outliers beyond four standard deviations, becomes the 255 steps of a byte. The step is
//! one that a multiplier of 16 bits and a shift make of a reading exactly, so a line that is typed and a float of a file give
//! the same byte but for the last bit of a float.

use super::error::DataError;
use mlc_compiler::arithmetic::network::{Linear, MOST_READING};
use mlc_compiler::import::sensors::data::{Examples, Values};
use mlc_compiler::model::{MAX_DECIMALS, Quantization, Real};

/// Columns from which on they may share a range: one each takes memory.
const MANY: usize = 16;
/// Fewer steps than this of a byte are worth a note.
const FEW_STEPS: f64 = 16.0;
/// Fewer steps than this are no column to learn from.
const LEAST_STEPS: f64 = 4.0;
/// Steps of a byte to a step of a reading, at most: what a multiplier has room for.
const FINEST: f64 = 65_536.0;
/// Largest zero point.
const MOST_ZERO: f64 = 32_000.0;
/// Columns that a note names.
const SHOWN: usize = 5;

/// How readings become bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scaling {
    pub decimals: u8,
    /// One for each column, or one for all.
    pub lines: Vec<Linear>,
    pub quantization: Vec<Quantization>,
    /// Columns whose byte is always 0, for they have one value.
    pub constant: Vec<bool>,
    /// What people should know, a sentence each.
    pub notes: Vec<String>,
}

/// The range of a column, and its largest magnitude.
#[derive(Debug, Clone, Copy)]
struct Range {
    least: f64,
    most: f64,
}

impl Range {
    /// Of numbers: from the least to the largest, but no further than four standard deviations from the mean.
    fn of(numbers: impl Iterator<Item = f64> + Clone) -> Self {
        let count = numbers.clone().count().max(1) as f64;
        let mean = numbers.clone().sum::<f64>() / count;
        let reach = 4.0 * (numbers.clone().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        let (least, most) =
            numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), x| (least.min(x), most.max(x)));
        if least == most {
            Self { least, most }
        } else {
            Self { least: least.max(mean - reach), most: most.min(mean + reach) }
        }
    }

    fn width(self) -> f64 {
        self.most - self.least
    }

    /// The step of its bytes: as fine as zero points allow.
    fn step(self) -> f64 {
        (self.width() / 255.0).max(self.least.abs().max(self.most.abs()) / MOST_ZERO)
    }
}

impl Scaling {
    /// Of the rows that are trained on, `kept`.
    ///
    /// # Errors
    /// A value beyond what a reading may be, in any row; columns without a difference.
    pub(super) fn of(data: &Examples, kept: &[usize]) -> Result<Self, DataError> {
        let width = data.width;
        let values = match &data.values {
            Values::Reals(values) => values,
            // Bytes are what the network reads.
            Values::Bytes(_) => return Ok(Self::of_bytes(width)),
        };
        check_size(data, values)?;
        let column = |at: usize| kept.iter().map(move |&row| values[row * width + at]);
        let largest = (0..width).flat_map(column).fold(0.0, |largest, x| f64::max(largest, x.abs()));
        let ranges: Vec<Range> = (0..width).map(|at| Range::of(column(at))).collect();
        let constant: Vec<bool> = ranges.iter().map(|range| range.least == range.most).collect();
        if constant.iter().all(|&is| is) {
            return Err(DataError::Constant);
        }
        let shared = shared(&ranges, &constant);
        let own: Vec<Range> = match shared {
            Some(range) => vec![range],
            None => ranges,
        };
        let differs = |at: &usize| shared.is_some() || !constant[*at];
        let finest = (0..own.len()).filter(differs).map(|at| own[at].step()).fold(f64::INFINITY, f64::min);
        let decimals = decimals(finest, largest);
        let unit = 10f64.powi(-i32::from(decimals));
        let (mut lines, mut quantization) = (Vec::new(), Vec::new());
        for (at, &range) in own.iter().enumerate() {
            let (line, stands) = if differs(&at) { of_range(range, unit) } else { of_constant(range, unit) };
            lines.push(line);
            quantization.push(stands);
        }
        let mut scaling = Self { decimals, lines, quantization, constant, notes: Vec::new() };
        scaling.tell(data, &own, unit)?;
        Ok(scaling)
    }

    /// Bytes as they are: a step of 1.
    fn of_bytes(width: usize) -> Self {
        let line = Linear { multiplier: 1, offset: 0, shift: 0 };
        let quantization = Quantization { scale: Real(1.0), zero: 0 };
        let (lines, quantization) = (vec![line], vec![quantization]);
        Self { decimals: 0, lines, quantization, constant: vec![false; width], notes: Vec::new() }
    }

    /// Says which columns have one value, and which few steps.
    ///
    /// # Errors
    /// A column of which readings show next to nothing.
    fn tell(&mut self, data: &Examples, ranges: &[Range], unit: f64) -> Result<(), DataError> {
        let names = |columns: &[usize]| {
            let shown: Vec<String> = columns.iter().take(SHOWN).map(|&at| data.column(at)).collect();
            let more = columns.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}{more}", shown.join(", "))
        };
        let constant: Vec<usize> = (0..data.width).filter(|&at| self.constant[at]).collect();
        if !constant.is_empty() {
            let names = names(&constant);
            self.notes.push(format!("one value in all training rows, so nothing to learn from: {names}"));
        }
        let Values::Reals(values) = &data.values else { return Ok(()) };
        let mut coarse = Vec::new();
        for at in (0..data.width).filter(|&at| !self.constant[at]) {
            let range = ranges[at % ranges.len()];
            let step = unit.max(range.step());
            // Whole numbers of few values lose nothing.
            let lost = |x: &f64| {
                let rounded = (x / step).round();
                (x / step - rounded).abs() > 1e-6 || rounded == 0.0 && *x != 0.0
            };
            let steps = range.width() / step;
            if steps >= FEW_STEPS || !values.iter().skip(at).step_by(data.width).any(lost) {
                continue;
            }
            if steps < LEAST_STEPS {
                return Err(DataError::Fine { column: data.column(at), decimals: self.decimals });
            }
            coarse.push(at);
        }
        if !coarse.is_empty() {
            self.notes.push(format!(
                "readings have {} digits behind the point, which leaves few steps to {}: take a constant off it, or give it in \
                 a smaller unit",
                self.decimals,
                names(&coarse)
            ));
        }
        Ok(())
    }
}

/// Refuses what no reading can be.
fn check_size(data: &Examples, values: &[f64]) -> Result<(), DataError> {
    let most = f64::from(MOST_READING);
    let Some(at) = values.iter().position(|x| x.abs() > most) else { return Ok(()) };
    let (place, column) = (data.place(at / data.width), data.column(at % data.width));
    Err(DataError::Huge { place, column, value: values[at] })
}

/// One range for all columns, where they are many and most of them reach over half of it: then a column of its own range gains
/// at most a bit, and would take eleven bytes.
fn shared(ranges: &[Range], constant: &[bool]) -> Option<Range> {
    if ranges.len() < MANY {
        return None;
    }
    let least = ranges.iter().map(|range| range.least).fold(f64::INFINITY, f64::min);
    let most = ranges.iter().map(|range| range.most).fold(f64::NEG_INFINITY, f64::max);
    let all = Range { least, most };
    let differing = constant.iter().filter(|&&is| !is).count();
    let wide = ranges.iter().filter(|range| range.width() * 2.0 >= all.width()).count();
    (wide * 2 >= differing).then_some(all)
}

/// Digits behind the point: as many as the finest step needs, and the largest value has room for.
fn decimals(finest: f64, largest: f64) -> u8 {
    let needed = (0..MAX_DECIMALS).find(|&d| 10f64.powi(-i32::from(d)) <= finest * 1.000_001);
    let fits = |d: &u8| largest * 10f64.powi(i32::from(*d)) <= f64::from(MOST_READING);
    let room = (0..=MAX_DECIMALS).rev().find(fits).unwrap_or(0);
    needed.unwrap_or(MAX_DECIMALS).min(room)
}

/// The middle of a range is between -1 and 0.
fn of_range(range: Range, unit: f64) -> (Linear, Quantization) {
    let step = exact(range.step().max(unit / FINEST), unit);
    let middle = range.least.midpoint(range.most);
    with(step, (-0.5 - middle / step).round(), unit)
}

/// A column of one value, whose byte is 0.
fn of_constant(range: Range, unit: f64) -> (Linear, Quantization) {
    let step = exact((range.least.abs() / 100.0).max(1.0), unit);
    with(step, -(range.least / step).round(), unit)
}

/// The step near to this one that a multiplier and a shift make of a reading exactly.
fn exact(step: f64, unit: f64) -> f64 {
    let line = Linear::near(unit / step, 0.0).expect("a reading is at most 65,536 steps, and has 24 bits");
    match line.multiplier {
        0 => step,
        multiplier => unit * f64::from(1u32 << line.shift) / f64::from(multiplier),
    }
}

fn with(step: f64, zero: f64, unit: f64) -> (Linear, Quantization) {
    let zero = zero.clamp(-MOST_ZERO, MOST_ZERO);
    let line = Linear::near(unit / step, zero).expect("the factor had a line before");
    (line, Quantization { scale: Real(step), zero: zero as i16 })
}
