//! A plan as a table: what the command line prints, what stands on top of a program, and what the snapshots keep.

use super::{Plan, Why};
use crate::kernel::predict::FIRST;
use crate::kernel::processor;
use std::fmt::{self, Write};

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Taken => write!(f, "taken"),
            Self::Asked => write!(f, "asked for"),
            Self::NotAsked => write!(f, "not asked for"),
            Self::Same => write!(f, "the same"),
            Self::Slower => write!(f, "slower"),
            Self::Larger => write!(f, "larger"),
            Self::SlowerAndLarger => write!(f, "slower, larger"),
            Self::TooLarge(bytes) => write!(f, "too large by {bytes}"),
            Self::HardlyFaster => write!(f, "hardly faster"),
            Self::DidNotFit => write!(f, "did not fit"),
            Self::NoSmaller => write!(f, "not smaller as built"),
        }
    }
}

impl Plan {
    /// The plan as a table of at most 80 columns, with why each form was taken for a stage or not.
    pub fn table(&self) -> String {
        if self.is_whole() {
            return self.matrices() + &self.layout.memory.table() + &self.foretells();
        }
        let mut out = String::new();
        let unit = processor(self.layout.machine.cpu).unit();
        let cost = format!("{}/step", unit.short);
        // `packed, file`.
        let wide = if self.layout.has_elsewhere() { 12 } else { 8 };
        let _ = writeln!(
            out,
            "{:<5} {:<14} {:>9}  {:<wide$} {:>8} {cost:>9}  why",
            "layer", "stage", "shape", "form", "bytes"
        );
        let mut shared = false;
        for (i, product, form) in self.layout.products() {
            let stage = &self.layout.stages[i];
            let mut rows: Vec<_> = self.options[i].iter().zip(&self.why[i]).collect();
            // The one that was taken first.
            rows.sort_by_key(|(offer, _)| offer.form != Some(form));
            let taken = rows.first().map_or(0, |(offer, _)| offer.bytes);
            for (n, (offer, why)) in rows.into_iter().enumerate() {
                let head = if n == 0 {
                    let shape = format!("{}→{}", product.columns.len(), product.outputs);
                    format!("{:<5} {:<14} {shape:>9}", stage.layer, stage.name)
                } else {
                    format!("{:30}", "")
                };
                let form = offer.name();
                // Smaller in its own bytes, and yet the program is larger with it.
                let mark = if why.is_larger() && offer.bytes < taken { "*" } else { "" };
                shared |= !mark.is_empty();
                let (bytes, cost) = (offer.bytes, offer.cost);
                let _ = writeln!(out, "{head}  {form:<wide$} {bytes:>8} {cost:>9.0}  {why}{mark}");
            }
        }
        if shared {
            let _ = writeln!(out, "* as a program: the code that stages of a form share is in no row");
        }
        for (at, kernel) in self.layout.kernels.iter().enumerate() {
            kernel.remarks(&self.layout, at).iter().for_each(|line| _ = writeln!(out, "{line}"));
        }
        out.push_str(&self.layout.memory.table());
        out + &self.foretells()
    }

    /// The last lines.
    fn foretells(&self) -> String {
        let unit = processor(self.layout.machine.cpu).unit().long;
        let memory = if self.layout.memory.start.is_some() { "flash" } else { "image and buffers" };
        match (&self.tokens, self.is_predicted()) {
            (Some(_), _) => format!(
                "predicted: {:.0} {unit} a token, the mean of the first {FIRST}\n{memory}: {} bytes\n",
                self.prediction.total(),
                self.prediction.bytes
            ),
            (None, true) => format!(
                "predicted: {:.0} {unit} a step, {memory} about {} bytes\n",
                self.prediction.total(),
                self.prediction.bytes
            ),
            (None, false) => {
                self.unknown.as_ref().map_or(String::new(), |why| format!("not predicted: {why}\n"))
            }
        }
    }

    /// The matrices of a sequence model, with what the kernels offer for each, the offer that was taken first.
    fn matrices(&self) -> String {
        let mut out = String::new();
        let unit = processor(self.layout.machine.cpu).unit();
        let cost = format!("{}/token", unit.short);
        let _ =
            writeln!(out, "{:<24} {:>9}  {:<14} {:>8} {cost:>11}  why", "matrix", "shape", "form", "bytes");
        for step in &self.steps {
            for (n, offer) in step.offers.iter().enumerate() {
                let head = match n {
                    0 => format!("{:<24} {:>9}", step.name, format!("{}→{}", step.cols, step.rows)),
                    _ => format!("{:34}", ""),
                };
                let why = step.why(n);
                let (name, bytes, cycles) = (offer.name(), offer.bytes, offer.cycles);
                let _ = writeln!(out, "{head}  {name:<14} {bytes:>8} {cycles:>11.0}  {why}");
            }
        }
        out
    }
}
