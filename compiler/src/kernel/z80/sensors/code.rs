//! Products as code: a load from a fixed place and an addition for each plane of each group of weights that has a bit.
//!
//! What is added are words: sums of subsets as `layout` has them, or, for windows that few outputs read, the bytes themselves,
//! by the digits of weights that are -1, 0 or 1 and never two in a row. Sums are kept in 16 bits as long as they fit, whatever
//! the bytes are.

use super::layout::{Aim, Layout};
use super::scale::{Record, Scaling};
use crate::kernel::sensors::net::Product;
use std::ops::Range;

/// T-states of an addition and a subtraction with the load before it, of the next plane, and of bringing a byte to a word.
const ADD: f64 = 34.0;
const SUBTRACT: f64 = 42.0;
const PLANE: f64 = 15.0;
const WORD: f64 = 24.0;
/// Bytes of an addition.
const BYTES: usize = 6;
/// Most bytes of a window: a sum of all of them has 16 bits.
const WINDOW: usize = 257;

/// Where words come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Bytes,
    Subsets(Layout),
}

/// A word that is added or taken away.
struct Term {
    adds: bool,
    place: String,
    /// Bytes that it is the sum of.
    bytes: usize,
}

/// Whether code can have a product: its sums have 24 bits, and what scales them is loaded by code.
pub fn takes(product: &Product, scaling: &Scaling) -> bool {
    product.weights[0].len() <= WINDOW && !scaling.wide
}

/// The fastest source of words, T-states of a position about, and bytes of code.
pub fn choose(product: &Product, channels: usize) -> (Source, f64, usize) {
    let bytes = product.weights[0].len();
    let outputs = product.weights.len();
    let (each, times) = if product.apart { (outputs / channels, channels as f64) } else { (outputs, 1.0) };
    let subsets = (!product.apart)
        .then(|| Layout::choose(bytes, 2 * each, 8, Aim::Speed))
        .filter(|(_, parts)| *parts == 1);
    let sources = [Some(Source::Bytes), subsets.map(|(layout, _)| Source::Subsets(layout))];
    let priced = sources.into_iter().flatten().map(|source| {
        let mut time = match source {
            Source::Bytes => times * WORD * bytes as f64,
            Source::Subsets(layout) => layout.time(),
        };
        let mut terms = 0;
        for weights in &product.weights {
            for plane in source.planes(weights) {
                let taken = plane.iter().filter(|term| !term.adds).count();
                let added = plane.len() - taken;
                time += added as f64 * ADD + taken as f64 * SUBTRACT + PLANE;
                terms += plane.len();
            }
        }
        (source, time, terms * BYTES)
    });
    priced.min_by(|a, b| a.1.total_cmp(&b.1)).expect("bytes are always a source")
}

impl Source {
    /// Terms of each plane, the highest first.
    fn planes(&self, weights: &[i8]) -> Vec<Vec<Term>> {
        match self {
            Self::Bytes => (0..9).rev().map(|plane| Self::digits(weights, plane)).collect(),
            Self::Subsets(layout) => {
                let bits = |&w: &i8| 9 - if w < 0 { (!w).leading_zeros() } else { w.leading_zeros() };
                let planes = weights.iter().map(bits).max().unwrap_or(1).max(1);
                let has_sign = weights.iter().any(|w| *w < 0);
                let plane = |plane: u32| {
                    let subsets = layout.subsets(|i| weights.get(i).is_some_and(|w| w >> plane & 1 == 1));
                    let some = subsets.into_iter().enumerate().filter(|(_, subset)| *subset > 0);
                    let term = |(group, subset): (usize, usize)| Term {
                        adds: !(has_sign && plane + 1 == planes),
                        place: format!("net_tables+{}", layout.entry(group, subset)),
                        bytes: subset.count_ones() as usize,
                    };
                    some.map(term).collect()
                };
                (0..planes).rev().map(plane).collect()
            }
        }
    }

    /// The digits of a plane that are not 0.
    fn digits(weights: &[i8], plane: u32) -> Vec<Term> {
        let digit = |w: i8| {
            // Non-adjacent: bits of 3w that w has not, less those that w has and 3w has not.
            let (w, three) = (i32::from(w), 3 * i32::from(w));
            (three >> (plane + 1) & 1) - (w >> (plane + 1) & 1)
        };
        let all = weights.iter().enumerate().map(|(i, &w)| (i, digit(w)));
        let term = |(i, digit): (usize, i32)| Term {
            adds: digit > 0,
            place: format!("net_window+{}", 2 * i),
            bytes: 1,
        };
        let (mut added, taken): (Vec<_>, Vec<_>) =
            all.filter(|(_, digit)| *digit != 0).map(term).partition(|term| term.adds);
        added.extend(taken);
        added
    }

    /// The sum of an output in A:HL, with what is added to it, and the arguments of its scaling.
    pub fn lines(&self, weights: &[i8], record: &Record) -> Vec<String> {
        let mut sum = Sum::default();
        for plane in self.planes(weights) {
            sum.double();
            match plane.iter().all(|term| !term.adds) && !sum.begun {
                // What is all taken away is added up first.
                true => {
                    plane.iter().for_each(|term| sum.add(&term.place, term.bytes));
                    sum.negate();
                }
                false => plane.iter().for_each(|term| match term.adds {
                    true => sum.add(&term.place, term.bytes),
                    false => sum.subtract(&term.place, term.bytes),
                }),
            }
        }
        let mut lines = sum.end();
        lines.push(format!("ld de,{}", record.start & 0xFFFF));
        lines.push("add hl,de".into());
        lines.push(format!("adc a,{}", record.start >> 16 & 0xFF));
        lines.push(format!("ld de,{}", record.word));
        lines.push(format!("ld bc,{}", u16::from_le_bytes([record.low, record.high])));
        lines
    }
}

/// A sum in the making: HL, and A above it once it may not fit.
#[derive(Default)]
struct Sum {
    lines: Vec<String>,
    begun: bool,
    is_long: bool,
    /// What it is at least and at most.
    least: i64,
    most: i64,
}

impl Sum {
    fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    fn all(&mut self, lines: &[&str]) {
        lines.iter().for_each(|line| self.line(*line));
    }

    /// Makes room for what it may be next. Before the first sign a sum may have all 16 bits.
    fn reach(&mut self, least: i64, most: i64) {
        let fits = if self.least < 0 || least < 0 {
            (-32_768..=32_767).contains(&least) && most <= 32_767
        } else {
            most <= 65_535
        };
        if !fits && !self.is_long {
            self.extend();
        }
        (self.least, self.most) = (least, most);
    }

    /// A becomes what is above HL, and C zero.
    fn extend(&mut self) {
        self.is_long = true;
        match self.least < 0 {
            true => self.all(&["ld a,h", "add a,a", "sbc a,a", "ld c,0"]),
            false => self.all(&["xor a", "ld c,a"]),
        }
    }

    fn double(&mut self) {
        if !self.begun {
            return;
        }
        self.reach(2 * self.least, 2 * self.most);
        self.line("add hl,hl");
        if self.is_long {
            self.line("adc a,a");
        }
    }

    fn add(&mut self, place: &str, bytes: usize) {
        if !self.begun {
            self.begun = true;
            self.line(format!("ld hl,({place})"));
            self.most = 255 * bytes as i64;
            return;
        }
        self.reach(self.least, self.most + 255 * bytes as i64);
        self.line(format!("ld de,({place})"));
        self.line("add hl,de");
        if self.is_long {
            self.line("adc a,c");
        }
    }

    fn subtract(&mut self, place: &str, bytes: usize) {
        self.reach(self.least - 255 * bytes as i64, self.most);
        self.line(format!("ld de,({place})"));
        self.line("or a");
        self.line("sbc hl,de");
        if self.is_long {
            self.line("sbc a,c");
        }
    }

    /// Of a sum without a sign. It is not long: a window's bytes have 16 bits together.
    fn negate(&mut self) {
        if !self.begun {
            return;
        }
        let (least, most) = (-self.most, -self.least);
        if least < -32_768 {
            self.all(&["xor a", "sub l", "ld l,a", "ld a,0", "sbc a,h", "ld h,a", "sbc a,a", "ld c,0"]);
            self.is_long = true;
        } else {
            self.all(&["xor a", "sub l", "ld l,a", "sbc a,a", "sub h", "ld h,a"]);
        }
        (self.least, self.most) = (least, most);
    }

    /// Its instructions, behind which it is in A:HL.
    fn end(mut self) -> Vec<String> {
        if !self.begun {
            self.line("ld hl,0");
        }
        if !self.is_long {
            self.extend();
        }
        self.lines
    }
}

/// The outputs of each channel, or all of them.
pub fn groups(product: &Product, channels: usize) -> Vec<Range<usize>> {
    let outputs = product.weights.len();
    match product.apart {
        true => {
            let each = outputs / channels;
            (0..channels).map(|channel| channel * each..(channel + 1) * each).collect()
        }
        false => std::iter::once(0..outputs).collect(),
    }
}
