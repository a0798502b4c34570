//! A network on numbers as kernels see it: steps between arrays of bytes.
//!
//! A byte stands for an 8-bit value v as v + 128, so that products need no sign of it. Zero points are in biases: a sum is
//! `bias + Σ weight · byte`, and what becomes of a sum is a monotone step function.

use super::forest::Forest;
use super::steps::Steps;

/// A network.
#[derive(Debug, Clone, PartialEq)]
pub struct Net {
    /// Arrays of bytes; the first is the input.
    pub arrays: Vec<Array>,
    /// In the order in which they run.
    pub steps: Vec<Step>,
}

/// An array of bytes: rows of places of channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    pub rows: usize,
    pub cols: usize,
    pub channels: usize,
    /// What windows over its edge read there.
    pub border: Border,
}

/// Places around an array.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Border {
    pub top: usize,
    pub left: usize,
    pub bottom: usize,
    pub right: usize,
    /// What lies there.
    pub byte: u8,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Fit for a label.
    pub name: String,
    /// For people: `convolution`.
    pub kind: &'static str,
    /// Arrays that it reads.
    pub reads: Vec<usize>,
    /// The array that it writes; `None` for the last step where its results have 16 bits.
    pub writes: Option<usize>,
    /// Row and column of its first result, where several steps write an array.
    pub origin: (usize, usize),
    pub work: Work,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Sums of windows times weights.
    Product(Product),
    /// Sums of windows, channel by channel: a function for each channel, or one for all.
    Sum { window: Window, steps: Vec<Steps> },
    /// Largest bytes of windows, channel by channel.
    Max(Window),
    /// Each pair of bytes becomes a sum of two entries, and that a byte.
    Add { tables: Box<[[i32; 256]; 2]>, steps: Vec<Steps> },
    /// Each byte becomes an entry.
    Table(Box<[u8; 256]>),
    /// What trees vote: results of 16 bits.
    Trees(Forest),
}

/// What of an array is read at once, and how it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub rows: usize,
    pub cols: usize,
    /// By how much it moves down and to the right.
    pub down: usize,
    pub right: usize,
    /// How far above the first row and before the first column it begins.
    pub above: usize,
    pub before: usize,
    /// How many positions there are below and beside each other.
    pub places: (usize, usize),
}

/// Sums of windows times weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    pub window: Window,
    /// Each output reads one channel only: output o reads channel `o / (outputs / channels)`.
    pub apart: bool,
    /// Of each output: over rows, columns, and channels unless they are read apart.
    pub weights: Vec<Vec<i8>>,
    /// Of each output.
    pub biases: Vec<i64>,
    /// What becomes of sums: a function for each output, or one for all.
    pub steps: Vec<Steps>,
}

impl Array {
    /// Bytes from one row to the next.
    pub fn pitch(&self) -> usize {
        (self.border.left + self.cols + self.border.right) * self.channels
    }

    /// Bytes of the border between one row's values and the next row's.
    pub fn skip(&self) -> usize {
        (self.border.left + self.border.right) * self.channels
    }

    /// Bytes with its border.
    pub fn size(&self) -> usize {
        (self.border.top + self.rows + self.border.bottom) * self.pitch()
    }

    /// Where its first byte lies behind the border's first.
    pub fn first(&self) -> usize {
        self.at((0, 0))
    }

    /// Where a place of it lies behind the border's first.
    pub fn at(&self, (row, col): (usize, usize)) -> usize {
        (self.border.top + row) * self.pitch() + (self.border.left + col) * self.channels
    }

    /// Its bytes without the border.
    pub fn values(&self) -> usize {
        self.rows * self.cols * self.channels
    }

    /// Whether its rows follow each other without a gap.
    pub fn is_dense(&self) -> bool {
        self.border.left + self.border.right == 0
    }
}

impl Window {
    /// The window that shows all of an array.
    pub fn whole(array: &Array) -> Self {
        let (rows, cols) = (array.rows, array.cols);
        Self { rows, cols, down: rows, right: cols, above: 0, before: 0, places: (1, 1) }
    }

    /// Where its first byte lies behind that of the array's border, at a position.
    pub fn first(&self, array: &Array, (row, col): (usize, usize)) -> usize {
        let top = array.border.top + row * self.down - self.above;
        let left = array.border.left + col * self.right - self.before;
        top * array.pitch() + left * array.channels
    }
}

impl Product {
    /// The function of an output.
    pub fn steps(&self, output: usize) -> &Steps {
        &self.steps[output % self.steps.len()]
    }

    /// The least and the most that the sum of an output can be, whatever the bytes.
    pub fn bounds(&self, output: usize) -> (i64, i64) {
        let sum = |positive: bool| {
            let of = self.weights[output].iter().map(|&w| i64::from(w)).filter(|w| (*w > 0) == positive);
            self.biases[output] + 255 * of.sum::<i64>()
        };
        (sum(false), sum(true))
    }
}

impl Product {
    /// The same product whose outputs all read all channels, those of others times 0.
    #[must_use]
    pub fn joined(&self, channels: usize) -> Self {
        let each = self.weights.len() / channels;
        let spread = |(o, row): (usize, &Vec<i8>)| {
            let mut all = vec![0; row.len() * channels];
            row.iter().enumerate().for_each(|(tap, &weight)| all[tap * channels + o / each] = weight);
            all
        };
        let weights = self.weights.iter().enumerate().map(spread).collect();
        Self { apart: false, weights, ..self.clone() }
    }
}

impl Net {
    /// How many results it has.
    pub fn outputs(&self) -> usize {
        let last = self.steps.last().expect("a network has a step");
        match (last.writes, &last.work) {
            (Some(array), _) => self.arrays[array].values(),
            (None, Work::Product(product)) => {
                product.weights.len() * product.window.places.0 * product.window.places.1
            }
            (None, Work::Sum { window, .. }) => {
                self.arrays[last.reads[0]].channels * window.places.0 * window.places.1
            }
            (None, Work::Trees(forest)) => forest.base.len(),
            (None, _) => self.arrays[last.reads[0]].values(),
        }
    }

    /// First and last step that need an array; what the last step writes is read behind it.
    pub fn live(&self, array: usize) -> (usize, usize) {
        let from = self.steps.iter().position(|step| step.writes == Some(array)).unwrap_or(0);
        let to = self.steps.iter().rposition(|step| step.reads.contains(&array)).unwrap_or(from);
        let is_last = self.steps.last().is_some_and(|step| step.writes == Some(array));
        (from, if is_last { self.steps.len() } else { to })
    }

    /// Multiplications of a run, those by zero too.
    pub fn multiplications(&self) -> usize {
        self.steps.iter().map(Step::multiplications).sum()
    }
}

impl Step {
    /// What it reads at once, if that moves over its array.
    pub fn window(&self) -> Option<Window> {
        match &self.work {
            Work::Product(product) => Some(product.window),
            Work::Sum { window, .. } | Work::Max(window) => Some(*window),
            Work::Add { .. } | Work::Table(_) | Work::Trees(_) => None,
        }
    }

    /// Multiplications of a run, those by zero too.
    pub fn multiplications(&self) -> usize {
        match &self.work {
            Work::Product(p) => {
                p.window.places.0 * p.window.places.1 * p.weights.iter().map(Vec::len).sum::<usize>()
            }
            _ => 0,
        }
    }
}
