//! Trees as constants of C.

use super::sequence::arrays::Arrays;
use crate::kernel::sensors::forest::{Forest, Node, packed};
use serde::Serialize;

/// Most bytes of votes: their places have 16 bits.
const MOST: usize = 0xffff;

/// Names of the arrays of trees.
#[derive(Serialize)]
pub struct Trees {
    base: String,
    count: usize,
    roots: String,
    /// Of each node: what its byte is compared with, 0 where a tree ends; where that byte or the votes lie; the node that it
    /// goes on at where the byte is not less.
    from: String,
    at: String,
    high: String,
    votes: String,
}

/// The arrays of trees.
///
/// # Errors
/// More votes than there are places for.
pub fn trees(name: &str, forest: &Forest, arrays: &mut Arrays) -> Result<Trees, String> {
    let (mut votes, mut places) = (Vec::new(), vec![0; forest.votes.len()]);
    for (at, list) in forest.used() {
        places[at] = votes.len();
        votes.extend(packed(list));
    }
    if votes.len() > MOST {
        return Err(format!("{} bytes of votes, above {MOST}", votes.len()));
    }
    let mut first = 0;
    let (mut roots, mut from, mut at, mut high) = (vec![], vec![], vec![], vec![]);
    for nodes in &forest.trees {
        roots.push(first as i64);
        for node in nodes {
            let (byte, place, next) = match *node {
                Node::Leaf(leaf) => (0, places[leaf], 0),
                Node::Split { offset, from, high } => (from, offset, first + high),
            };
            from.push(i64::from(byte));
            at.push(place as i64);
            high.push(next as i64);
        }
        first += nodes.len();
    }
    let label = |what: &str| format!("{name}_{what}");
    Ok(Trees {
        base: arrays.add("int16_t", &label("base"), forest.base.iter().map(|&b| b.into())),
        count: roots.len(),
        roots: arrays.add("uint16_t", &label("roots"), roots),
        from: arrays.add("uint8_t", &label("from"), from),
        at: arrays.add("uint16_t", &label("at"), at),
        high: arrays.add("uint16_t", &label("high"), high),
        votes: arrays.bytes(&label("votes"), &votes),
    })
}
