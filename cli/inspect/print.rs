//! The facts as people read them.

use super::{Accumulator, Facts, Fit, LayerFacts, StageFacts, numbered};
use crate::error::CliError;
use crate::table::{Align, count, fold, grouped, table, whole};
use std::io::Write;

impl Facts<'_> {
    pub fn print(&self, out: &mut dyn Write) -> Result<(), CliError> {
        writeln!(out, "{}: {} {}", self.name, self.kind, self.shape)?;
        if !self.about.is_empty() {
            writeln!(out, "{}", fold(self.about))?;
        }
        writeln!(
            out,
            "query: up to {}, trigrams in {}",
            count(self.max_query.into(), "byte"),
            count(self.query_buckets.into(), "bucket")
        )?;
        if let (Some(charset), Some(buckets), Some(length), Some(reply)) =
            (&self.charset, self.context_buckets, self.context_length, self.max_reply)
        {
            writeln!(out, "reply: up to {reply} of {:?}", charset.trim_end_matches('\0'))?;
            writeln!(
                out,
                "context: the last {}, n-grams in {}",
                count(length.into(), "character"),
                count(buckets.into(), "bucket")
            )?;
        }
        if let Some(labels) = self.labels {
            let unsure = self.margin.map(|margin| format!(", or ? below a margin of {margin}"));
            let labels = format!("labels: {}{}", numbered(labels), unsure.unwrap_or_default());
            writeln!(out, "{}", fold(&labels))?;
        }
        writeln!(out)?;
        self.print_layers(out)?;
        self.print_accumulators(out)?;
        for fit in &self.targets {
            writeln!(out, "{}", fold(&fit.line()))?;
        }
        writeln!(out)?;
        self.print_stages(out)?;
        if !self.training.is_empty() {
            writeln!(out, "training:")?;
            let row = |(key, value): &(&str, &str)| vec![format!("  {key}"), value.to_string()];
            let rows: Vec<_> = self.training.iter().map(row).collect();
            write!(out, "{}", table(&[("", Align::Left), ("", Align::Fold)], &rows))?;
        }
        Ok(())
    }

    fn print_layers(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let row = |(n, l): (usize, &LayerFacts)| {
            vec![
                format!("fc{}", n + 1),
                format!("{}→{}", l.inputs, l.outputs),
                grouped((l.inputs * l.outputs) as u64),
                grouped(l.nonzero as u64),
                format!("{:.1} %", 100.0 * l.nonzero as f64 / (l.inputs * l.outputs) as f64),
                l.zero_rows.to_string(),
                l.zero_columns.to_string(),
                grouped(l.minus_two as u64),
                format!("{}..{}", l.bias_least, l.bias_most),
                l.shift.to_string(),
            ]
        };
        let rows: Vec<_> = self.layers.iter().enumerate().map(row).collect();
        let columns = [
            ("layer", Align::Left),
            ("shape", Align::Right),
            ("weights", Align::Right),
            ("not 0", Align::Right),
            ("", Align::Right),
            ("0 rows", Align::Right),
            ("0 cols", Align::Right),
            ("-2", Align::Right),
            ("bias", Align::Right),
            ("shift", Align::Right),
        ];
        Ok(writeln!(out, "{}", table(&columns, &rows))?)
    }

    /// Targets of one processor have the same kernels: they share a table.
    fn print_stages(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let mut shown: Vec<(String, Vec<&str>)> = Vec::new();
        for fit in self.targets.iter().filter(|fit| !fit.stages.is_empty()) {
            let table = fit.table();
            match shown.iter_mut().find(|(other, _)| *other == table) {
                Some((_, targets)) => targets.push(&fit.target),
                None => shown.push((table, vec![&fit.target])),
            }
        }
        for (table, targets) in shown {
            writeln!(out, "{}", fold(&format!("bytes on {}:", targets.join(", "))))?;
            writeln!(out, "{table}")?;
        }
        Ok(())
    }

    fn print_accumulators(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let row = |a: &Accumulator| {
            let wraps = match a.wraps {
                0 => "never wraps".to_string(),
                n => format!("{} can wrap at 16 bits", count(n, "neuron")),
            };
            vec![a.stage.clone(), format!("{}..{}", a.least, a.most), wraps]
        };
        let rows: Vec<_> = self.accumulators.iter().map(row).collect();
        let columns = [("layer", Align::Left), ("sums", Align::Right), ("", Align::Left)];
        Ok(writeln!(out, "{}", table(&columns, &rows))?)
    }
}

impl Fit {
    /// Whether it fits, and in how many bytes.
    pub fn line(&self) -> String {
        let (name, memory) = (&self.target, grouped(self.memory as u64));
        // Of a sequence model; tables of stages have the cycles of other networks.
        let takes = match (self.predicted_cycles_a_step, self.predicted_positions.is_empty()) {
            (Some(cycles), false) => format!("; {} cycles a token (predicted)", whole(cycles)),
            (Some(cycles), true) if self.flash_chip_bytes.is_some() => {
                format!("; {} cycles a step (predicted)", whole(cycles))
            }
            _ if self.by_rows => "; row by row".into(),
            _ => String::new(),
        };
        let chip =
            self.flash_chip_bytes.map(|bytes| format!("; {} in the flash chip", grouped(bytes as u64)));
        let takes = chip.unwrap_or_default() + &takes;
        match (self.image_bytes.zip(self.used_bytes), self.flash, &self.refusal) {
            (Some((bytes, used)), flash, _) => {
                let [bytes, used] = [bytes, used].map(|n| grouped(n as u64));
                match flash {
                    None => {
                        format!("{name}: fits: image {bytes} bytes, with buffers {used} of {memory}{takes}")
                    }
                    Some(flash) => {
                        let flash = grouped(flash as u64);
                        let [code, data] = self.memories;
                        format!(
                            "{name}: fits: {code} {bytes} of {flash} bytes, {data} {used} of {memory}{takes}"
                        )
                    }
                }
            }
            (None, _, refusal) => format!("{name}: {}", refusal.as_deref().unwrap_or("does not fit")),
        }
    }

    /// The bytes of each stage as each form has them.
    fn table(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for encoding in self.stages.iter().flat_map(|stage| &stage.encodings) {
            if !names.contains(&encoding.encoding.as_str()) {
                names.push(&encoding.encoding);
            }
        }
        let mut columns = vec![("  stage", Align::Left)];
        columns.extend(names.iter().map(|name| (*name, Align::Right)));
        let row = |s: &StageFacts| {
            let found = |name: &&str| s.encodings.iter().find(|encoding| encoding.encoding == **name);
            let bytes = names.iter().map(|name| found(name).map_or("".into(), |e| grouped(e.bytes as u64)));
            std::iter::once(format!("  {}", s.stage)).chain(bytes).collect()
        };
        table(&columns, &self.stages.iter().map(row).collect::<Vec<_>>())
    }
}
