//! How accumulators get their start values: by copying, from a table or from another stage; or, where time matters more
//! than bytes, by pushing constants downwards through SP.
//!
//! Pushing takes 21 T-states for two bytes, 11 where they repeat: half of what copying a table takes. Interrupts are off
//! meanwhile, in pieces about as long as a column.

use super::column::{ColumnKernel, column_kernel};
use crate::CompileError;
use crate::asm::Isa;
use crate::kernel::cycles::Code;
use crate::kernel::{Layout, PAGE, Site, lines};
use crate::stage::{Product, Start};
use crate::weights::{Form, tiles};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// T-states of copying so many bytes.
fn copy_cost(bytes: usize) -> f64 {
    static COSTS: LazyLock<[f64; 2]> = LazyLock::new(|| {
        let copy = Copy { from: "from".into(), to: "to".into(), count: 16 };
        let context = Context { lines: vec![], copies: vec![copy], tables: vec![] };
        let call = Code::of(Isa::Z80, "starts.asm", "copies", context, &["from", "to", "copy"]);
        let routine = Code::of(Isa::Z80, "starts.asm", "copy", (), &[]);
        [call.straight() + routine.way(&["copy", "ret"]), routine.way(&["copy", "copy"])]
    });
    let [first, more] = *COSTS;
    first + (bytes.div_ceil(16) - 1) as f64 * more
}

/// T-states of pushing a word, and of loading it where no register has it.
pub fn word_cost() -> (f64, f64) {
    let [load, push] = [Step::Load(Pair::Hl, 0), Step::Push(Pair::Hl)].map(|step| step.code().straight());
    (push, load)
}

/// The constants that are pushed: those of 16 bits, where the form is not there for its size.
fn pushed<'p>(product: &'p Product, kernel: &dyn ColumnKernel) -> Option<&'p [i16]> {
    product.constants().filter(|_| product.counts().is_none() && !kernel.is_called())
}

/// T-states of one start.
pub fn cost(product: &Product, kernel: &dyn ColumnKernel) -> f64 {
    if let Some(bytes) = product.counts() {
        return copy_cost(bytes.starts.len());
    }
    match pushed(product, kernel) {
        Some(values) => {
            let around = [BEGIN, SP_BACK, ENABLE].map(String::from);
            let around = Code::of_lines(Isa::Z80, &around, &["stack_top"]).straight();
            around + steps(values).iter().map(|step| step.code().straight()).sum::<f64>()
        }
        None => tiles(product.outputs).iter().map(|&n| 2.0 * copy_cost(n)).sum(),
    }
}

/// Bytes of start values, or of the code that pushes them.
pub fn bytes(product: &Product, kernel: &dyn ColumnKernel) -> usize {
    match (product.constants(), pushed(product, kernel)) {
        (None, _) => 0,
        (Some(values), _) if product.counts().is_some() => values.len() + 1,
        (_, Some(values)) => steps(values).iter().map(|step| step.code().bytes()).sum(),
        (Some(values), None) => 2 * values.len(),
    }
}

/// The text of a start.
pub struct Text {
    /// Instructions that push; and those that copy.
    pub pushes: String,
    pub copies: String,
    /// Tables of values.
    pub data: String,
    /// Labels of `ei`.
    pub enables: Vec<String>,
}

/// The start of stage `at`.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn text(site: &Site, at: usize, product: &Product, form: Form) -> Result<Text, CompileError> {
    let (layout, kernel) = (site.layout, column_kernel(form, product));
    let name = &layout.stages[at].name;
    let (lines, enables) = match pushed(product, kernel) {
        Some(values) => push_lines(name, values, layout.memory.stride(at)),
        None => (vec![], vec![]),
    };
    let context =
        Context { lines, copies: copies(layout, at, product, kernel), tables: tables(name, product, kernel) };
    let call = |part: &str| site.templates.call("starts.asm", part, &context);
    Ok(Text { pushes: call("pushes")?, copies: call("copies")?, data: call("tables")?, enables })
}

#[derive(Serialize)]
struct Context {
    /// Instructions that push.
    lines: Vec<String>,
    copies: Vec<Copy>,
    tables: Vec<Table>,
}

#[derive(Serialize)]
struct Copy {
    from: String,
    to: String,
    /// A multiple of 16.
    count: usize,
}

#[derive(Serialize)]
struct Table {
    name: String,
    lines: Vec<String>,
}

fn copies(layout: &Layout, at: usize, product: &Product, kernel: &dyn ColumnKernel) -> Vec<Copy> {
    let name = &layout.stages[at].name;
    let to = format!("{name}_acc");
    if let Some(bytes) = product.counts() {
        // Bytes start as a table says, or as the query's left them.
        let from = match product.start {
            Start::Constant(_) => format!("{name}_start"),
            Start::Stage(query) => format!("{}_acc", layout.stages[query].name),
        };
        return vec![Copy { from, to, count: bytes.starts.len().next_multiple_of(16) }];
    }
    if pushed(product, kernel).is_some() {
        return vec![];
    }
    let mut copies = Vec::new();
    for (t, &n) in tiles(product.outputs).iter().enumerate() {
        let target = layout.memory.accumulator(at, t * PAGE);
        let sources = match &product.start {
            Start::Constant(_) => [format!("{name}_start_{t}_low"), format!("{name}_start_{t}_high")],
            Start::Stage(from) => {
                let source = layout.memory.accumulator(*from, t * PAGE);
                let name = &layout.stages[*from].name;
                [format!("{name}_acc+{}", source.0), format!("{name}_acc+{}", source.1)]
            }
        };
        let count = n.next_multiple_of(16);
        for (from, offset) in sources.into_iter().zip([target.0, target.1]) {
            copies.push(Copy { from, to: format!("{to}+{offset}"), count });
        }
    }
    copies
}

fn tables(name: &str, product: &Product, kernel: &dyn ColumnKernel) -> Vec<Table> {
    let Some(values) = product.constants() else { return vec![] };
    if let Some(bytes) = product.counts() {
        let lines = lines::bytes(bytes.starts.iter().copied());
        return vec![Table { name: format!("{name}_start"), lines }];
    }
    if pushed(product, kernel).is_some() {
        return vec![];
    }
    let halves = |(t, tile): (usize, &[i16])| {
        let half = |half: &str, byte: usize| Table {
            name: format!("{name}_start_{t}_{half}"),
            lines: lines::bytes(tile.iter().map(|v| v.to_le_bytes()[byte])),
        };
        [half("low", 0), half("high", 1)]
    };
    values.chunks(PAGE).enumerate().flat_map(halves).collect()
}

/// Pushing is begun; what stands around a moment in which interrupts are let in.
const BEGIN: &str = "di";
const SP_BACK: &str = "ld sp,stack_top-2";
const ENABLE: &str = "ei";

/// Instructions that push, and the labels of the moments in which interrupts are let in.
fn push_lines(name: &str, values: &[i16], stride: usize) -> (Vec<String>, Vec<String>) {
    let indented = |line: &str| format!("        {line}");
    let about = "; start values, two bytes a push, from the last to the first";
    let mut lines = vec![about.to_string(), indented(BEGIN)];
    let mut enables: Vec<String> = Vec::new();
    let mut enable = |lines: &mut Vec<String>| {
        let label = format!("{name}_start_{}_ei", enables.len());
        lines.extend([indented(SP_BACK), format!("{label}:"), indented(ENABLE)]);
        enables.push(label);
    };
    for step in steps(values) {
        if let Step::Breathe { .. } = step {
            enable(&mut lines);
        }
        lines.extend(step.lines(name, stride).iter().map(|line| indented(line)));
    }
    enable(&mut lines);
    (lines, enables)
}

/// Pushes between two moments in which an interrupt is let in.
const PIECE: usize = 64;

/// One step of the program that writes the start values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// SP is set behind the next words: an offset from the array. `di` stands before the first.
    Point {
        tile: usize,
        high: bool,
        behind: usize,
    },
    /// BC or DE hold a word that is pushed often.
    Load(Pair, u16),
    Push(Pair),
    /// Interrupts on for a moment; SP is set anew behind the next words.
    Breathe {
        tile: usize,
        high: bool,
        behind: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pair {
    Bc,
    De,
    Hl,
}

impl Pair {
    fn name(self) -> &'static str {
        match self {
            Self::Bc => "bc",
            Self::De => "de",
            Self::Hl => "hl",
        }
    }
}

impl Step {
    /// Its instructions; of a moment for interrupts those behind it.
    fn lines(self, name: &str, stride: usize) -> Vec<String> {
        let point = |tile: usize, high: bool, behind: usize| {
            let page = tile * stride + usize::from(high);
            format!("ld sp,{name}_acc+{}", page * PAGE + behind)
        };
        match self {
            Self::Point { tile, high, behind } => vec![point(tile, high, behind)],
            Self::Load(pair, word) => vec![format!("ld {},{word}", pair.name())],
            Self::Push(pair) => vec![format!("push {}", pair.name())],
            Self::Breathe { tile, high, behind } => {
                vec!["nop".to_string(), BEGIN.to_string(), point(tile, high, behind)]
            }
        }
    }

    /// It, to be counted: of all that are alike, one.
    fn code(self) -> &'static Code {
        static CODES: LazyLock<[Code; 4]> = LazyLock::new(|| {
            let (tile, high, behind) = (0, false, 0);
            let of = |before: &[&str], step: Step| {
                let before = before.iter().map(|line| line.to_string());
                let lines: Vec<String> = before.chain(step.lines("s", 0)).collect();
                Code::of_lines(Isa::Z80, &lines, &["s_acc", "stack_top"])
            };
            [
                of(&[], Step::Point { tile, high, behind }),
                of(&[], Step::Load(Pair::Hl, 0)),
                of(&[], Step::Push(Pair::Hl)),
                of(&[SP_BACK, ENABLE], Step::Breathe { tile, high, behind }),
            ]
        });
        match self {
            Self::Point { .. } => &CODES[0],
            Self::Load(..) => &CODES[1],
            Self::Push(_) => &CODES[2],
            Self::Breathe { .. } => &CODES[3],
        }
    }
}

/// The steps that write `values` to accumulators.
fn steps(values: &[i16]) -> Vec<Step> {
    let mut runs = Vec::new();
    for (tile, &count) in tiles(values.len()).iter().enumerate() {
        let values = &values[tile * PAGE..tile * PAGE + count];
        for high in [false, true] {
            let byte = |v: &i16| v.to_le_bytes()[usize::from(high)];
            let mut bytes: Vec<u8> = values.iter().map(byte).collect();
            // One byte too many lies in the same page: a page has an even number of bytes.
            bytes.resize(bytes.len().next_multiple_of(2), 0);
            runs.push((
                tile,
                high,
                bytes.chunks(2).map(|w| u16::from_le_bytes([w[0], w[1]])).collect::<Vec<_>>(),
            ));
        }
    }
    let frequent = frequent(runs.iter().flat_map(|(_, _, words)| words));
    let pairs = [Pair::Bc, Pair::De];
    let mut steps: Vec<Step> =
        frequent.iter().zip(pairs).map(|(&word, pair)| Step::Load(pair, word)).collect();
    let mut hl = None;
    let mut pushes = 0;
    for (tile, high, words) in runs {
        steps.push(Step::Point { tile, high, behind: 2 * words.len() });
        for (i, &word) in words.iter().enumerate().rev() {
            if pushes == PIECE {
                steps.push(Step::Breathe { tile, high, behind: 2 * (i + 1) });
                pushes = 0;
            }
            let pair = frequent.iter().position(|&f| f == word).map_or(Pair::Hl, |i| pairs[i]);
            if pair == Pair::Hl && hl != Some(word) {
                steps.push(Step::Load(Pair::Hl, word));
                hl = Some(word);
            }
            steps.push(Step::Push(pair));
            pushes += 1;
        }
    }
    steps
}

/// The two words that stand most often, if more than once.
fn frequent<'w>(words: impl Iterator<Item = &'w u16>) -> Vec<u16> {
    let mut counts = BTreeMap::new();
    words.for_each(|&w| *counts.entry(w).or_insert(0usize) += 1);
    let mut sorted: Vec<_> = counts.into_iter().filter(|(_, n)| *n > 1).collect();
    sorted.sort_by_key(|&(word, n)| (std::cmp::Reverse(n), word));
    sorted.into_iter().take(2).map(|(word, _)| word).collect()
}
