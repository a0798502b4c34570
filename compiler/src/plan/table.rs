//! A plan as a table: what the command line prints, what stands on top of a program, and what the snapshots keep.

use super::processor::processor;
use super::{Plan, Why};
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
            Self::TooLarge(bytes) => write!(f, "{bytes} bytes too many"),
            Self::HardlyFaster => write!(f, "hardly faster, larger"),
            Self::DidNotFit => write!(f, "did not fit"),
            Self::NoSmaller => write!(f, "not smaller as built"),
        }
    }
}

impl Plan {
    /// The plan as a table of at most 80 columns, with why each form was taken for a stage or not.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let unit = processor(self.cpu).unit();
        let cost = format!("{}/step", unit.short);
        let _ = writeln!(
            out,
            "{:<5} {:<14} {:>9}  {:<8} {:>8} {cost:>9}  why",
            "layer", "stage", "shape", "form", "bytes"
        );
        let layers = self.network.layers();
        for (i, stage) in self.network.stages.iter().enumerate() {
            let mut rows: Vec<_> = self.options[i].iter().zip(&self.why[i]).collect();
            // The one that was taken first.
            rows.sort_by_key(|(offer, _)| offer.form != self.forms[i]);
            for (n, (offer, why)) in rows.into_iter().enumerate() {
                let head = if n == 0 {
                    let shape = format!("{}→{}", stage.columns.len(), stage.outputs);
                    format!("{:<5} {:<14} {shape:>9}", layers[i], stage.name)
                } else {
                    format!("{:30}", "")
                };
                let _ =
                    writeln!(out, "{head}  {:<8} {:>8} {:>9.0}  {why}", offer.form, offer.bytes, offer.cost);
            }
        }
        for (stage, quick) in self.network.stages.iter().zip(&self.quick).filter(|(_, q)| !q.is_empty()) {
            let lists = quick.iter().filter(|quick| **quick).count();
            let _ =
                writeln!(out, "{}: {lists} of {} columns as lists, the most used", stage.name, quick.len());
        }
        if let Some(n) = &self.narrow {
            let name = &self.network.stages[n.last].name;
            let _ = writeln!(
                out,
                "{name} counts in bytes: threshold {}, queries of up to {} bytes at once",
                n.threshold, n.short
            );
        }
        out.push_str(&self.memory.table());
        let _ = writeln!(
            out,
            "predicted: {:.0} {} a step, {} about {} bytes",
            self.prediction.total(),
            unit.long,
            if self.memory.start.is_some() { "flash" } else { "image and buffers" },
            self.prediction.bytes
        );
        out
    }
}
