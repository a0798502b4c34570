//! Trees as code, which is nested comparisons of bytes, or as tables that a loop goes through. Both end with the votes of a leaf.

use super::writer::{Refused, Writer, db};
use crate::asm::Isa;
use crate::kernel::cycles::Code;
use crate::kernel::sensors::Pace;
use crate::kernel::sensors::forest::{
    self, Coded, Forest, Record, Sizes, code, is_wide, mean_splits, mean_votes, packed, splits, table,
    tables_are_smaller,
};
use crate::kernel::sensors::place::{self, Place};
use serde::Serialize;

/// In bytes. `jr` reaches 127 bytes.
const SIZES: Sizes = Sizes { load: |_| 3, compare: 2, leaf: 4, jumps: &[(2, 127), (3, usize::MAX)] };
const JUMPS: [&str; 2] = ["jr", "jp"];

/// Context of `stage`.
#[derive(Serialize)]
struct Stage {
    base: String,
    size: usize,
    /// They are tables.
    walks: bool,
    trees: Vec<String>,
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
    load: Option<String>,
    from: u8,
    jump: &'static str,
    high: String,
    votes: Option<String>,
}

impl Node {
    fn new(node: Coded, name: &str, values: &str) -> Self {
        let load = node.load.map(|offset| format!("{values}+{offset}"));
        let votes = node.votes.map(|votes| format!("{name}_votes{votes}"));
        let Coded { label, from, high, .. } = node;
        Self { label, load, from, jump: JUMPS[node.jump], high, votes }
    }
}

/// Context of `walk`.
#[derive(Serialize)]
struct Walk {
    values: String,
    wide: bool,
}

/// Writes trees.
///
/// # Errors
/// Trees that are too large; a damaged template.
pub fn write(w: &mut Writer, place: &Place, forest: &Forest, pace: Pace) -> Result<(), Refused> {
    let name = &place.step.name;
    let base = format!("{name}_values");
    w.data(&base, &db(forest.base.iter().flat_map(|b| b.to_le_bytes())));
    for (at, votes) in forest.used() {
        w.data(&format!("{name}_votes{at}"), &db(packed(votes)));
    }
    let walk = Walk { values: place.at.clone(), wide: is_wide(forest) };
    let array = place::label(&place.at);
    let bytes = Code::of(Isa::Z80, "trees.asm", "walk", &walk, &[array]).bytes();
    let walks = !pace.compares() && tables_are_smaller(forest, &SIZES, 1, bytes);
    let trees: Vec<String> = (0..forest.trees.len()).map(|tree| format!("{name}_tree{tree}")).collect();
    if walks {
        tables(w, name, &trees, forest)?;
        // It goes on to what votes.
        w.routine("net_tree", ("trees.asm", "walk"), walk)?;
    }
    w.routine("net_vote", ("trees.asm", "vote"), ())?;
    if !walks {
        routines(w, place, &trees, forest)?;
    }
    let count = forest.trees.len() as f64;
    let mean =
        |of: &dyn Fn(&[forest::Node]) -> f64| forest.trees.iter().map(|nodes| of(nodes)).sum::<f64>() / count;
    let size = 2 * forest.base.len();
    w.facts
        .endings(&[("_high", 0.5)])
        .rounds("net_vote", mean(&|nodes| mean_votes(forest, nodes)))
        .leaves("net_tree_ends", 1.0 + mean(&mean_splits))
        .odds("net_tree", 0.5)
        .repeats(format!("{name}>ldir"), size as f64);
    Ok(w.add("trees.asm", "stage", Stage { base, size, walks, trees })?)
}

/// Trees as routines.
fn routines(w: &mut Writer, place: &Place, names: &[String], forest: &Forest) -> Result<(), Refused> {
    for (tree, nodes) in names.iter().zip(&forest.trees) {
        let coded = code(tree, nodes, &SIZES).into_iter();
        let context = Tree {
            name: tree.clone(),
            splits: splits(nodes),
            nodes: coded.map(|node| Node::new(node, &place.step.name, &place.at)).collect(),
        };
        w.routine(tree, ("trees.asm", "tree"), context)?;
    }
    Ok(())
}

/// Trees as tables.
fn tables(w: &mut Writer, name: &str, names: &[String], forest: &Forest) -> Result<(), Refused> {
    for (tree, nodes) in names.iter().zip(&forest.trees) {
        let records = table(nodes, is_wide(forest))?;
        let lines: Vec<String> = records
            .into_iter()
            .flat_map(|record| match record {
                Record::Split(bytes) => db(bytes),
                Record::Leaf(votes) => vec!["db 0".into(), format!("dw {name}_votes{votes}")],
            })
            .collect();
        w.data(tree, &lines);
    }
    Ok(())
}
