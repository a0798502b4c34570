//! Trees as code, which is nested comparisons of bytes, or as tables that a loop goes through. Both end with the votes of a leaf.

use super::product::Refused;
use super::writer::{Writer, call};
use crate::kernel::avr::core::has_jumps;
use crate::kernel::cycles::{Code, END};
use crate::kernel::flow::{Facts, Flow};
use crate::kernel::lines::gnu_bytes;
use crate::kernel::sensors::Pace;
use crate::kernel::sensors::forest::{
    Coded, Forest, Record, Sizes, code, is_wide, mean_splits, mean_votes, packed, splits, table,
    tables_are_smaller,
};
use crate::kernel::sensors::place::{self, Place};
use serde::Serialize;
use std::collections::BTreeSet;

/// Bytes behind Y that `ldd` reaches.
const NEAR: usize = 63;
/// In words. A branch reaches 63 words, `rjmp` 2,047.
const SIZES: Sizes = Sizes {
    load: |offset| if offset <= NEAR { 1 } else { 2 },
    compare: 1,
    leaf: 3,
    jumps: &[(1, 63), (2, 2047), (3, usize::MAX)],
};
const JUMPS: [Option<&str>; 3] = [None, Some("rjmp"), Some("jmp")];
/// Without `jmp`: `rjmp` reaches all of the flash, over its end.
const NEAR_JUMPS: [Option<&str>; 3] = [None, Some("rjmp"), Some("rjmp")];

/// Context of `stage`.
#[derive(Serialize, Clone)]
struct Stage {
    name: String,
    base: String,
    size: usize,
    values: String,
    /// They are tables.
    walks: bool,
    trees: Vec<String>,
    call: &'static str,
}

/// Context of `tree`.
#[derive(Serialize)]
struct Tree {
    name: String,
    splits: usize,
    nodes: Vec<Node>,
}

#[derive(Serialize)]
struct Node {
    label: Option<String>,
    near: Option<String>,
    far: Option<String>,
    from: u8,
    jump: Option<&'static str>,
    low: String,
    high: String,
    votes: Option<String>,
}

impl Node {
    fn new(node: Coded, jumps: &[Option<&'static str>; 3], name: &str, values: &str) -> Self {
        let near = node.load.filter(|offset| *offset <= NEAR).map(|offset| offset.to_string());
        let far = node.load.filter(|offset| *offset > NEAR).map(|offset| format!("{values}+{offset}"));
        let votes = node.votes.map(|votes| format!("{name}_votes{votes}"));
        let Coded { label, from, low, high, .. } = node;
        Self { label, near, far, from, jump: jumps[node.jump], low, high, votes }
    }
}

/// Context of `walk`.
#[derive(Serialize)]
struct Walk {
    wide: bool,
}

/// Writes trees.
///
/// # Errors
/// Trees that are too large; a damaged template.
pub fn write(w: &mut Writer, place: &Place, forest: &Forest, pace: Pace) -> Result<(), Refused> {
    let name = &place.step.name;
    let base: Vec<u8> = forest.base.iter().flat_map(|b| b.to_le_bytes()).collect();
    let stage = Stage {
        name: name.clone(),
        base: format!("{name}_values"),
        size: base.len(),
        values: place.at.clone(),
        walks: !pace.compares() && tables_are_smaller(forest, &SIZES, 2, walk(w, is_wide(forest)).bytes()),
        trees: (0..forest.trees.len()).map(|tree| format!("{name}_tree{tree}")).collect(),
        call: w.calls(),
    };
    w.data(&stage.base, &gnu_bytes(base), stage.size);
    for (at, votes) in forest.used() {
        let bytes = packed(votes);
        let count = bytes.len();
        w.data(&format!("{name}_votes{at}"), &gnu_bytes(bytes), count);
    }
    let cycles = begins(w, &stage)
        + if stage.walks { tables(w, &stage, forest)? } else { routines(w, &stage, forest)? };
    w.cost(name, cycles);
    Ok(w.add("trees.S", "stage", stage)?)
}

/// What goes through tables.
fn walk(w: &Writer, wide: bool) -> Code {
    Code::of(w.isa, "trees.S", "walk", Walk { wide }, &[])
}

/// Cycles of adding a list of votes, and of each vote but its last.
fn voting(w: &Writer) -> (f64, f64) {
    let vote = Code::of(w.isa, "trees.S", "vote", (), &["net_logits"]);
    (vote.way(&["net_vote", "ret"]), vote.way(&["net_vote", "net_vote"]))
}

/// What votes, unless it is there.
fn vote(w: &mut Writer) -> Result<(), Refused> {
    match std::mem::replace(&mut w.votes, true) {
        true => Ok(()),
        false => Ok(w.routine("trees.S", "vote", ())?),
    }
}

/// Trees as routines; their cycles.
fn routines(w: &mut Writer, stage: &Stage, forest: &Forest) -> Result<f64, Refused> {
    vote(w)?;
    let (once, again) = voting(w);
    let jumps = if has_jumps(w.isa) { &JUMPS } else { &NEAR_JUMPS };
    let mut cycles = 0.0;
    for (tree, nodes) in stage.trees.iter().zip(&forest.trees) {
        let coded = code(tree, nodes, &SIZES).into_iter();
        let all = coded.map(|node| Node::new(node, jumps, &stage.name, &stage.values)).collect();
        let context = Tree { name: tree.clone(), splits: splits(nodes), nodes: all };
        cycles += 2.0 * call(w.isa) + of_tree(w, &context);
        cycles += once + (mean_votes(forest, nodes) - 1.0) * again;
        w.routine("trees.S", "tree", context)?;
    }
    Ok(cycles)
}

/// Trees as tables; their cycles. There is one step of trees in a network, the last: what goes through them is there once.
fn tables(w: &mut Writer, stage: &Stage, forest: &Forest) -> Result<f64, Refused> {
    let context = Walk { wide: is_wide(forest) };
    let code = walk(w, context.wide);
    // As often low as high.
    let split = (code.way(&["net_tree", "brlo net_tree"]) + code.way(&["net_tree", "rjmp net_tree"])) / 2.0;
    let end = code.way(&["net_tree", "net_tree_ends"]) + code.fall("net_tree_ends", END);
    w.routine("trees.S", "walk", &context)?;
    vote(w)?;
    let (once, again) = voting(w);
    let mut cycles = 0.0;
    for (tree, nodes) in stage.trees.iter().zip(&forest.trees) {
        let records = table(nodes, context.wide)?;
        let (mut lines, mut bytes) = (Vec::new(), 0);
        for record in records {
            match record {
                Record::Split(split) => {
                    bytes += split.len();
                    lines.extend(gnu_bytes(split));
                }
                Record::Leaf(votes) => {
                    bytes += 3;
                    lines.extend([".byte 0".to_string(), format!(".word {}_votes{votes}", stage.name)]);
                }
            }
        }
        w.data(tree, &lines, bytes);
        // Two instructions say where a tree is.
        cycles += 2.0 + call(w.isa) + mean_splits(nodes) * split + end;
        cycles += once + (mean_votes(forest, nodes) - 1.0) * again;
    }
    Ok(cycles)
}

/// Cycles before the first tree.
fn begins(w: &Writer, stage: &Stage) -> f64 {
    let none = Stage { trees: vec![], ..stage.clone() };
    let array = place::label(&stage.values);
    let code = Code::of(w.isa, "trees.S", "stage", &none, &["net_logits", array, &stage.base]);
    let label = format!("{}_base", stage.name);
    code.straight() + (stage.size - 1) as f64 * code.way(&[&label, &label])
}

/// Cycles of a tree, if each side of a split is as likely as the other.
fn of_tree(w: &Writer, tree: &Tree) -> f64 {
    let named =
        tree.nodes.iter().flat_map(|node| [node.votes.as_deref(), node.far.as_deref().map(place::label)]);
    let others: BTreeSet<&str> = named.flatten().collect();
    let code = Code::of(w.isa, "trees.S", "tree", tree, &others.into_iter().collect::<Vec<_>>());
    let mut facts = Facts::default();
    facts.endings(&[("_high", 0.5), ("_low", 0.5)]);
    let flow = Flow::new(&code, w.isa, vec![None; code.insns().len()], 0, &facts);
    flow.cost(&tree.name, &[]).expect("all jumps of a tree are known, and lead forward")[0]
}
