//! The routines that make results of sums, and what they need in flash.

use super::nomul;
use super::scale::{Factors, Kind, Scaling, Sums};
use super::writer::{Home, Writer};
use crate::CompileError;
use crate::kernel::cycles::Code;
use crate::kernel::lines::gnu_bytes;
use crate::kernel::sensors::steps::{Class, Scale, Steps};
use serde::Serialize;

/// Thresholds that no sum reaches, in three bytes and in four.
const NEVER: [i64; 2] = [(1 << 23) - 1, (1 << 31) - 1];
/// Registers of the product from its second byte on.
const PRODUCT: [u8; 5] = [26, 27, 15, 18, 19];

impl Scaling {
    /// Writes the routine, and the thresholds that it needs. Returns its name and its
    /// cycles where it multiplies.
    ///
    /// # Errors
    /// [`CompileError::Template`] for a damaged template.
    pub fn write(
        &self,
        w: &mut Writer,
        name: &str,
        sums: &Sums,
        factors: Factors,
    ) -> Result<(String, f64), CompileError> {
        let lpm = factors.home().lpm();
        let routine = format!("{name}_scale");
        let scale = match &self.kind {
            Kind::Shared(scale) => *scale,
            Kind::Each(scales) => scales[0],
            Kind::Mixed(scales) => scales.iter().flatten().next().copied().expect("some have a factor"),
            Kind::Long(scales) => return self.long_routine(w, routine, (scales[0].class, lpm)),
            Kind::Steps => {
                let table = format!("{name}_t0");
                self.table(w, &table, sums.steps[0], 0, self.wide)?;
                return self.search(w, routine, ("code", lpm), &table, self.wide, sums);
            }
            Kind::EachSteps => {
                for (o, steps) in sums.steps.iter().enumerate() {
                    self.table(w, &format!("{name}_t{o}"), steps, 0, self.wide)?;
                }
                return self.search(w, routine, ("flash", lpm), "", self.wide, sums);
            }
        };
        let mut thresholds = String::new();
        if let Kind::Mixed(scales) = &self.kind {
            for (o, _) in scales.iter().enumerate().filter(|(_, s)| s.is_none()) {
                self.table(w, &format!("{name}_t{o}"), sums.steps[o], self.add[o], false)?;
            }
            (thresholds, _) = {
                let search = format!("{name}_search");
                self.search(w, search, ("registers", lpm), "", false, sums)?
            };
        }
        let source = match self.kind {
            Kind::Shared(_) => "code",
            _ if factors == Factors::Loaded => "registers",
            _ => "flash",
        };
        let context =
            Factor { multiplies: w.multiplies(), lpm, ..self.factor(&routine, scale, source, thresholds) };
        let others = [context.thresholds.as_str()];
        let others: Vec<&str> =
            others.into_iter().filter(|_| context.mixed).chain(nomul::others(w)).collect();
        let code = Code::of(w.isa, "scale.S", "factor", &context, &others);
        nomul::routine(w, &code)?;
        let cycles = code.fall(&routine, &format!("{routine}_most")) + nomul::products(w, &code);
        let context = Factor { cycles: cycles as usize, ..context };
        w.routine("scale.S", "factor", &context)?;
        Ok((routine, cycles))
    }

    /// Writes the routine for factors of four bytes.
    fn long_routine(
        &self,
        w: &mut Writer,
        name: String,
        (class, lpm): (Class, &'static str),
    ) -> Result<(String, f64), CompileError> {
        let (bytes, bits) = (usize::from(class.shift / 8), usize::from(class.shift % 8));
        let multiplies = w.multiplies();
        // What multiplies without `MUL` has r11; sums have left r2 to r5.
        let first = if multiplies { 6 } else { 2 };
        let sum = [18, 19, 20, 21].into_iter().enumerate();
        let products = sum.flat_map(|(i, a)| {
            let factor = [16, 17, 26, 27].into_iter().enumerate();
            factor.map(move |(j, b)| ByteProduct { a, b, to: first + i + j })
        });
        let result = first + bytes;
        let (products, over) = (products.collect(), (result + 2..first + 8).collect());
        let (low, span) = (self.low, self.span);
        let context = Long {
            name: name.clone(),
            multiplies,
            lpm,
            first,
            low,
            span,
            bits,
            result,
            products,
            over,
            cycles: 0,
        };
        let code = Code::of(w.isa, "scale.S", "long", &context, &nomul::others(w));
        nomul::routine(w, &code)?;
        let cycles = code.fall(&name, &format!("{name}_most")) + nomul::products(w, &code);
        w.routine("scale.S", "long", Long { cycles: cycles as usize, ..context })?;
        Ok((name, cycles))
    }

    fn factor(&self, name: &str, scale: Scale, source: &'static str, thresholds: String) -> Factor {
        let Class { bytes, shift, grain } = scale.class;
        // Registers of the product that there are, from its second byte on.
        let there = match (bytes, self.short) {
            (2, true) => 3,
            (2, false) => 4,
            _ => 5,
        };
        let product = &PRODUCT[..there];
        let left = (8 - shift % 8) % 8;
        let at = usize::from((shift + left) / 8) - 1;
        let wants = if self.words { 2 } else { 1 };
        let result: Vec<u8> = product.iter().copied().skip(at).take(wants).collect();
        let over = if self.over { product.iter().copied().skip(at + wants).collect() } else { vec![] };
        let mut moves = Vec::new();
        match (result.as_slice(), self.words) {
            ([low, high], true) => {
                if *high != 19 {
                    moves.push(format!("mov r19, r{high}"));
                }
                if *low != 18 {
                    moves.push(format!("mov r18, r{low}"));
                }
            }
            ([low], _) => {
                if *low != 18 {
                    moves.push(format!("mov r18, r{low}"));
                }
                if self.words {
                    moves.push("clr r19".into());
                }
            }
            _ => moves.push("clr r18".into()),
        }
        let mixed = matches!(self.kind, Kind::Mixed(..));
        Factor {
            name: name.into(),
            source,
            multiplies: true,
            lpm: Home::Near.lpm(),
            bytes,
            grain: if mixed { 8 } else { grain },
            wide: self.wide,
            short: self.short,
            mixed,
            thresholds,
            words: self.words,
            span: self.span,
            low: self.low,
            record: self.record_bytes(source),
            m0: scale.m & 255,
            m1: scale.m >> 8 & 255,
            m2: scale.m >> 16,
            c1: scale.c >> 8 & 255,
            c2: scale.c >> 16,
            left,
            lost: if self.over && left > 0 { Some(1 << (8 - left)) } else { None },
            over,
            moves,
            cycles: 0,
        }
    }

    /// Thresholds in flash, moved as the sum is.
    fn table(
        &self,
        w: &mut Writer,
        label: &str,
        steps: &Steps,
        add: i64,
        wide: bool,
    ) -> Result<(), CompileError> {
        let count = entries(self.span);
        let never = NEVER[usize::from(wide)];
        let from = steps.from.iter().map(|from| (from + add).min(never)).chain(std::iter::repeat(never));
        let bytes = if wide { 4 } else { 3 };
        let all = from.take(count).flat_map(|from| from.to_le_bytes().into_iter().take(bytes));
        w.data(label, &gnu_bytes(all), count * bytes);
        Ok(())
    }

    fn search(
        &self,
        w: &mut Writer,
        name: String,
        (source, lpm): (&'static str, &'static str),
        table: &str,
        wide: bool,
        sums: &Sums,
    ) -> Result<(String, f64), CompileError> {
        debug_assert!(sums.steps.iter().all(|steps| steps.low == self.low));
        let mut steps: Vec<usize> = Vec::new();
        let mut step = entries(self.span).div_ceil(2);
        while step > 0 {
            steps.push(step);
            step /= 2;
        }
        let entry = if wide { 4 } else { 3 };
        let record = if source == "flash" { 2 } else { 0 };
        let context = Search {
            name: name.clone(),
            source,
            lpm,
            table: table.into(),
            wide,
            low: self.low,
            steps,
            entry,
            record,
            cycles: 0,
        };
        let code =
            Code::of(w.isa, "scale.S", "thresholds", &context, &[table][..usize::from(!table.is_empty())]);
        // Of both ways at each step, one is taken.
        let cycles = code.straight() - 2.0 * context.steps.len() as f64;
        w.routine("scale.S", "thresholds", Search { cycles: cycles as usize, ..context })?;
        Ok((name, cycles))
    }
}

/// Entries of a table for a search: a power of two less one.
fn entries(span: usize) -> usize {
    (span + 1).next_power_of_two() - 1
}

/// Context of `factor`.
#[derive(Serialize)]
struct Factor {
    name: String,
    source: &'static str,
    multiplies: bool,
    /// What reads records.
    lpm: &'static str,
    bytes: u8,
    grain: u8,
    wide: bool,
    short: bool,
    mixed: bool,
    thresholds: String,
    words: bool,
    span: usize,
    low: i32,
    record: usize,
    m0: u32,
    m1: u32,
    m2: u32,
    c1: u32,
    c2: u32,
    /// Shifts to the left before the result is taken, and what the upper byte must be below for them.
    left: u8,
    lost: Option<u16>,
    over: Vec<u8>,
    moves: Vec<String>,
    cycles: usize,
}

/// Context of `long`.
#[derive(Serialize)]
struct Long {
    name: String,
    multiplies: bool,
    lpm: &'static str,
    /// The lowest register of the product.
    first: usize,
    low: i32,
    span: usize,
    bits: usize,
    result: usize,
    products: Vec<ByteProduct>,
    over: Vec<usize>,
    cycles: usize,
}

/// The product of two registers, and where it is added.
#[derive(Serialize)]
struct ByteProduct {
    a: usize,
    b: usize,
    to: usize,
}

/// Context of `thresholds`.
#[derive(Serialize)]
struct Search {
    name: String,
    source: &'static str,
    lpm: &'static str,
    table: String,
    wide: bool,
    low: i32,
    steps: Vec<usize>,
    entry: usize,
    record: usize,
    cycles: usize,
}
