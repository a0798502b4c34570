//! A plan as a table: what the command line prints, what stands on top of a program, and what the snapshots keep.

use super::{Plan, Why};
use crate::kernel::processor;
use crate::weights::Form;
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
            return self.layout.memory.table();
        }
        let mut out = String::new();
        let unit = processor(self.layout.machine.cpu).unit();
        let cost = format!("{}/step", unit.short);
        let _ = writeln!(
            out,
            "{:<5} {:<14} {:>9}  {:<8} {:>8} {cost:>9}  why",
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
                let form = offer.form.map_or("", Form::name);
                // Smaller in its own bytes, and yet the program is larger with it.
                let mark = if why.is_larger() && offer.bytes < taken { "*" } else { "" };
                shared |= !mark.is_empty();
                let _ =
                    writeln!(out, "{head}  {form:<8} {:>8} {:>9.0}  {why}{mark}", offer.bytes, offer.cost);
            }
        }
        if shared {
            let _ = writeln!(out, "* as a program: the code that stages of a form share is in no row");
        }
        for (at, kernel) in self.layout.kernels.iter().enumerate() {
            kernel.remarks(&self.layout, at).iter().for_each(|line| _ = writeln!(out, "{line}"));
        }
        out.push_str(&self.layout.memory.table());
        let _ = writeln!(
            out,
            "predicted: {:.0} {} a step, {} about {} bytes",
            self.prediction.total(),
            unit.long,
            if self.layout.memory.start.is_some() { "flash" } else { "image and buffers" },
            self.prediction.bytes
        );
        out
    }
}
