//! A network row by row as C: what each event of a schedule is, and the list of events.

use super::steps::{Fill, Site, StepContext, Writer};
use crate::kernel::sensors::net::{Net, Work};
use crate::kernel::sensors::rows::{Event, Rows, gathers};
use serde::Serialize;

/// Most kinds of events that a byte counts, with 0 for none.
const KINDS: usize = 255;

/// What happens while values come.
#[derive(Serialize)]
pub struct ByRows {
    /// The array of the list of events.
    list: String,
    /// What each event does, in the order of their numbers.
    events: Vec<String>,
    /// What buffers with a border begin with.
    fills: Vec<Fill>,
    gathering: Vec<Gather>,
    /// Sums of 32 bits.
    sums: usize,
}

/// A step that adds rows to its sums.
#[derive(Serialize)]
struct Gather {
    name: String,
    /// Its first sum.
    sums: usize,
    /// Weights of an output; 0 where there are none.
    taps: usize,
}

impl ByRows {
    /// Bytes of its state beside arrays: the place in the list, sums, and how many rows each step has added.
    pub fn state(&self) -> usize {
        2 + 4 * self.sums + 2 * self.gathering.len()
    }
}

impl Writer<'_> {
    /// The steps that run while rows come, and what happens then.
    ///
    /// # Errors
    /// What there is no C for.
    pub fn by_rows(&mut self, net: &Net, rows: &Rows) -> Result<(ByRows, Vec<StepContext>), String> {
        let kinds = rows.kinds();
        if kinds.len() >= KINDS {
            return Err(format!("more than {KINDS} kinds of work row by row"));
        }
        let (mut steps, mut gathering, mut sums) = (vec![], vec![], 0);
        let mut calls = Vec::new();
        for at in 0..rows.steps {
            let site = self.row(net, rows, at);
            let step = self.step(&site)?;
            let mut call = [format!("{};", step.call), String::new()];
            if site.gathers {
                let (outputs, taps) = match &net.steps[at].work {
                    Work::Product(product) => (product.weights.len(), product.weights[0].len()),
                    _ => (net.arrays[net.steps[at].reads[0]].channels, 0),
                };
                let (name, counter) = (step.name.clone(), gathering.len());
                call = [
                    format!("gather(net, &{name}, {sums}u, {counter}u, {taps}u);"),
                    format!("finish(net, &{name}, {sums}u);"),
                ];
                gathering.push(Gather { name, sums, taps });
                sums += outputs;
            }
            calls.push(call);
            steps.push(step);
        }
        let event = |event: &Event| match *event {
            Event::Take => unreachable!("what waits is no code"),
            Event::Move(array) => {
                let (at, pitch) = (self.places[array], rows.net.arrays[array].pitch());
                let size = rows.size(array) - pitch;
                format!("memmove(net->values + {at}u, net->values + {}u, {size}u);", at + pitch)
            }
            Event::Edge(array) => {
                let pitch = rows.net.arrays[array].pitch();
                let at = self.places[array] + rows.size(array) - pitch;
                format!("memset(net->values + {at}u, {}, {pitch}u);", rows.net.arrays[array].border.byte)
            }
            Event::Run(step) => calls[step][0].clone(),
            Event::Finish(step) => calls[step][1].clone(),
        };
        let events = kinds.iter().map(event).collect();
        let fill = |array: usize| Fill {
            at: self.places[array],
            byte: rows.net.arrays[array].border.byte,
            size: rows.size(array),
        };
        let fills = rows.bordered(net).into_iter().map(fill).collect();
        let list = self.arrays.bytes("schedule", &rows.list(&kinds));
        Ok((ByRows { list, events, fills, gathering, sums }, steps))
    }

    /// A step at a row.
    fn row<'n>(&self, net: &Net, rows: &'n Rows, at: usize) -> Site<'n> {
        let step = &rows.net.steps[at];
        let reads = |read: usize| {
            let (array, offset) = rows.reads(at, read);
            self.places[array] + offset
        };
        let to = step.writes.map_or(0, |array| self.places[array] + rows.newest(array, step.origin.1));
        let other = if step.reads.len() > 1 { reads(1) } else { 0 };
        let gathers = gathers(net, &net.steps[at]);
        Site { net: &rows.net, at, from: reads(0), other, to, fill: None, gathers }
    }
}
