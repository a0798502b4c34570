//! Queries too long for byte accumulators: counted in pieces, the pieces summed in 16 bits, the sums raised to where
//! they cannot matter any more. See [`crate::stage::bytes`].

use crate::asm::Isa;
use crate::kernel::PAGE;
use crate::kernel::cycles::{Code, START};
use crate::stage::bytes::PIECE;
use crate::stage::{Product, Stage, Usage};
use serde::Serialize;

/// T-states of queries by their length, without the counting of trigrams.
pub struct LongCost {
    /// Of each short query: that it is one.
    pub choose: f64,
    /// Of all long queries.
    pub own: f64,
    /// Long queries, and their pieces.
    pub queries: f64,
    pub pieces: f64,
}

/// Counts the specimen `context` for what queries there are. Every sum is taken to be above the floor.
pub fn count(context: Context, usage: &Usage) -> LongCost {
    let bytes = context.outputs as f64;
    let longer = usage.lengths.iter().filter(|(length, _)| **length > context.short.into());
    let (mut queries, mut pieces) = (0.0, 0.0);
    for (&length, &count) in longer {
        queries += count as f64;
        pieces += count as f64 * length.div_ceil(PIECE.into()) as f64;
    }
    let others =
        ["query_text", "query_length", "net_rest", "net_totals", "s_acc", "s_count", "s_long", "s_done"];
    let choose = Code::of(Isa::Z80, "long.asm", "choose", &context, &others);
    let others: Vec<&str> = others.into_iter().filter(|name| *name != "s_long").collect();
    let code = Code::of(Isa::Z80, "long.asm", "pieces", &context, &others);
    // A page is cleared, a page of bytes set to the middle; the last turn of a loop is on the way behind it.
    let page = PAGE as f64 - 1.0;
    let query = choose.way(&[START, "jp nc,s_long"])
        + code.way(&["s_long", "s_clear", "s_piece"])
        + page * code.way(&["s_clear", "s_clear"])
        + (bytes - 1.0) * code.way(&["s_raise", "s_fits", "s_raise"])
        + code.way(&["s_raise", "s_fits", "jp s_done"]);
    let set = code.way(&["s_piece", "s_middle"]) + page * code.way(&["s_middle", "s_middle"]);
    let sum = (bytes - 1.0) * code.way(&["s_sum", "s_sum"]);
    let whole = code.way(&["s_middle", "ld c,a", "s_sum", "s_piece"]);
    let last = code.way(&["s_middle", "s_short_piece", "s_sum", "s_raise"]);
    let own = queries * (query + set + sum + last) + (pieces - queries) * (set + sum + whole);
    LongCost { choose: choose.straight(), own, queries, pieces }
}

/// Context of the macros of `long.asm`.
#[derive(Serialize)]
pub struct Context {
    name: String,
    page: String,
    /// The start values of bytes.
    start: String,
    short: u8,
    threshold: u8,
    long_threshold: u8,
    /// From the threshold of short queries to that of long ones, modulo 65536.
    long_shift: u16,
    floor: u8,
    piece: u8,
    outputs: usize,
    /// Labels of the instructions that know the threshold.
    patches: Vec<String>,
}

impl Context {
    /// Of stage `at`, if it counts queries and some are too long. `page`: that of its bytes.
    pub fn new(stages: &[Stage], at: usize, product: &Product, page: &str) -> Option<Self> {
        let bytes = product.counts().filter(|_| product.constants().is_some())?;
        let long = bytes.long?;
        let name = &stages[at].name;
        let reads = |stage: &&Stage| stage.product().is_some_and(|p| p.reads_bytes().is_some());
        Some(Self {
            name: name.clone(),
            page: page.to_string(),
            start: format!("{name}_start"),
            short: bytes.short,
            threshold: bytes.threshold,
            long_threshold: long.threshold,
            long_shift: u16::from(long.threshold).wrapping_sub(bytes.threshold.into()),
            floor: long.floor,
            piece: PIECE,
            outputs: bytes.starts.len() - 1,
            patches: stages.iter().find(reads).map_or(vec![], patches),
        })
    }
}

impl Context {
    /// It, to be counted: the stage is `s`.
    pub fn specimen(self) -> Self {
        let patches = self.patches.iter().map(|_| "0".to_string()).collect();
        Self { name: "s".into(), page: "0".into(), start: "0".into(), patches, ..self }
    }
}

/// The instruction that subtracts the threshold, and the one that adds it again.
fn patches(reader: &Stage) -> Vec<String> {
    let big = reader.product().is_some_and(Product::is_big);
    let labels = ["threshold", "raise"];
    labels[..1 + usize::from(big)].iter().map(|l| format!("{}_0_{l}", reader.name)).collect()
}
