//! Networks on numbers a row at a time: of an array only those rows are kept that a window still reads.
//!
//! A step computes its next row as soon as the rows that its window reads are there (`schedule`). The rows that are kept of an array
//! lie in a buffer whose last row is the newest: before another one comes, the rows move up by one. So each window lies at one address,
//! whichever row it is, and kernels need to know nothing of it. A row of a border is a row like any other: those above are there
//! from the beginning, those below come behind the last one. What reads all of an array at once, as a dense layer or a mean does,
//! gathers: it adds what a row gives to its sums, and makes results of them behind the last row.
//!
//! The values that are read are rows too, and the first step runs while they come; values without rows are cut into some (`shape`). Behind so many steps the others run on whole
//! arrays; how many is decided by the bytes that are saved. `check` plays all of it by other code.

pub mod check;
mod schedule;
mod shape;

use super::memory::{self, Area};
use super::net::{Array, Border, Net, Step, Window, Work};
use std::collections::BTreeMap;

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A row of the values that are read has come.
    Take,
    /// The rows of an array move up by one.
    Move(usize),
    /// The newest row of an array is one of its border.
    Edge(usize),
    /// A step computes its next row, or adds a row to its sums.
    Run(usize),
    /// A step that gathers makes results of its sums.
    Finish(usize),
}

/// How a network is computed row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// So many steps run while rows come.
    pub steps: usize,
    /// Of each array that they read or write: how many rows are kept. 0: another one.
    pub kept: Vec<usize>,
    /// For each of the steps and each array that it reads: the row of the buffer that its window begins in.
    pub slots: Vec<Vec<usize>>,
    /// From the first row of values, which is there, to the last row of all; each [`Event::Take`] waits for another row of values.
    pub events: Vec<Event>,
    /// The network as its kernels see it: arrays of one row, windows at one position below each other.
    pub net: Net,
}

/// How a step goes over the rows that it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reach {
    /// How many rows a window shows, and by how many it moves.
    rows: usize,
    down: usize,
    /// The first row of its first window, below 0 within the border.
    first: i64,
    /// How many windows there are.
    count: usize,
}

impl Reach {
    /// The rows of its window at a position: the first, and the one behind the last.
    fn at(&self, position: usize) -> (i64, i64) {
        let first = self.first + (position * self.down) as i64;
        (first, first + self.rows as i64)
    }
}

/// Whether a step can add rows to its sums as they come: it reads all of an array of several rows once.
pub fn gathers(net: &Net, step: &Step) -> bool {
    let from = &net.arrays[step.reads[0]];
    let adds = match &step.work {
        Work::Product(product) => !product.apart,
        Work::Sum { .. } => true,
        Work::Max(_) | Work::Add { .. } | Work::Table(_) | Work::Trees(_) => false,
    };
    let is_whole = |window: Window| {
        let Window { down, right, .. } = window;
        window == Window { down, right, ..Window::whole(from) }
    };
    adds && from.rows > 1 && step.window().is_some_and(is_whole)
}

/// How a step goes over rows; `None` for one that only reads whole arrays.
fn reach(net: &Net, step: &Step) -> Option<Reach> {
    let from = &net.arrays[step.reads[0]];
    if gathers(net, step) {
        return Some(Reach { rows: 1, down: 1, first: 0, count: from.rows });
    }
    let reach = match (&step.work, step.window()) {
        (Work::Trees(_), _) => return None,
        (_, None) => Reach { rows: 1, down: 1, first: 0, count: from.rows },
        (_, Some(window)) => Reach {
            rows: window.rows,
            down: window.down,
            first: (step.origin.0 * window.down) as i64 - window.above as i64,
            count: window.places.0,
        },
    };
    // Results of 16 bits lie in an array of their own, which has no rows.
    (step.writes.is_some() || reach.count == 1).then_some(reach)
}

/// An array as kernels see it that read or write one of its rows.
fn view(array: &Array) -> Array {
    let Border { left, right, byte, .. } = array.border;
    Array { rows: 1, border: Border { top: 0, left, bottom: 0, right, byte }, ..array.clone() }
}

/// A step at one row.
fn at_row(net: &Net, step: &Step) -> Step {
    let mut step = step.clone();
    if gathers(net, &step) {
        return step;
    }
    match &mut step.work {
        Work::Product(product) => product.window.places.0 = 1,
        Work::Sum { window, .. } | Work::Max(window) => window.places.0 = 1,
        Work::Add { .. } | Work::Table(_) | Work::Trees(_) => {}
    }
    step
}

impl Rows {
    /// The schedule of the first steps; `None` where they cannot run so.
    pub fn of(net: &Net, steps: usize) -> Option<Self> {
        let schedule::Schedule { kept, slots, events } = schedule::Schedule::of(net, steps)?;
        let arrays = net.arrays.iter().map(view).collect();
        let views = net.steps[..steps].iter().map(|step| at_row(net, step)).collect();
        Some(Self { steps, kept, slots, events, net: Net { arrays, steps: views } })
    }

    /// The schedule that takes the least memory, if it is less than that of whole arrays, with the network that it is of: arrays may
    /// have other rows there.
    pub fn smallest(net: &Net) -> Option<(Net, Self)> {
        let whole = memory::place(net).1;
        let of = |net: Net| {
            let all = (1..=net.steps.len()).filter_map(|steps| Self::of(&net, steps));
            let sized = all.map(|rows| (rows.place(&net).1 + rows.sums(&net), rows));
            sized.min_by_key(|(size, _)| *size).map(|(size, rows)| (size, net, rows))
        };
        let (size, net, rows) = shape::all(net).filter_map(of).min_by_key(|(size, ..)| *size)?;
        (size < whole).then_some((net, rows))
    }

    /// Bytes of an array's buffer.
    pub fn size(&self, array: usize) -> usize {
        self.kept[array] * self.net.arrays[array].pitch()
    }

    /// How many values a row has that is read.
    pub fn values(&self) -> usize {
        self.net.arrays[0].values()
    }

    /// Where a place of an array's newest row lies behind the first byte of its buffer.
    pub fn newest(&self, array: usize, col: usize) -> usize {
        let view = &self.net.arrays[array];
        (self.kept[array] - 1) * view.pitch() + view.at((0, col))
    }

    /// What happens, each once, in the order in which it does.
    pub fn kinds(&self) -> Vec<Event> {
        let mut kinds: Vec<Event> = Vec::new();
        for event in self.events.iter().filter(|event| **event != Event::Take) {
            if !kinds.contains(event) {
                kinds.push(*event);
            }
        }
        kinds
    }

    /// The list of events: the number of each among their kinds, from 1 on; 0 where it waits for a row, or ends.
    pub fn list(&self, kinds: &[Event]) -> Vec<u8> {
        let number =
            |event: &Event| kinds.iter().position(|known| known == event).map_or(0, |at| at as u8 + 1);
        // The first row is there when the first of them is looked at.
        self.events[1..].iter().map(number).chain([0]).collect()
    }

    /// The arrays with a border, whose buffers begin with its byte.
    pub fn bordered(&self, net: &Net) -> Vec<usize> {
        let has_border =
            |array: &usize| self.kept[*array] > 0 && net.arrays[*array].size() > net.arrays[*array].values();
        (0..net.arrays.len()).filter(has_border).collect()
    }

    /// Where a step reads an array at a row: the array, and the place of the first byte in its buffer.
    pub fn reads(&self, step: usize, read: usize) -> (usize, usize) {
        let Step { reads, origin, .. } = &self.net.steps[step];
        let (array, view) = (reads[read], &self.net.arrays[reads[read]]);
        let window = self.net.steps[step].window();
        let col = window
            .map_or(view.border.left, |window| view.border.left + origin.1 * window.right - window.before);
        (array, self.slots[step][read] * view.pitch() + col * view.channels)
    }

    /// Cycles of the work behind each row of values, where each event takes so many.
    pub fn works(&self, cycles: &BTreeMap<Event, f64>) -> Vec<f64> {
        let of = |events: &[Event]| events.iter().filter_map(|event| cycles.get(event)).sum::<f64>();
        self.events.split(|event| *event == Event::Take).skip(1).map(of).collect()
    }

    /// Bytes of the sums of steps that gather, at most.
    fn sums(&self, net: &Net) -> usize {
        let gathering = net.steps[..self.steps].iter().filter(|step| gathers(net, step));
        let outputs = gathering.map(|step| match &step.work {
            Work::Product(product) => product.weights.len(),
            _ => net.arrays[step.reads[0]].channels,
        });
        4 * outputs.sum::<usize>()
    }

    /// The place of each array, in bytes from the first, and how many bytes they take together.
    pub fn place(&self, net: &Net) -> (Vec<usize>, usize) {
        // While rows come is one moment, and each step behind it is another.
        let moment = |step: usize| (step + 1).saturating_sub(self.steps);
        let area = |array: usize| {
            let (from, to) = net.live(array);
            let size = if self.kept[array] > 0 { self.size(array) } else { net.arrays[array].size() };
            memory::is_used(net, array).then(|| Area { size, from: moment(from), to: moment(to) })
        };
        memory::pack(&(0..net.arrays.len()).map(area).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests;
