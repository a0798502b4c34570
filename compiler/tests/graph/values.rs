//! Random constants, and what is known of elements.

use crate::random::Random;
use mlc_compiler::ir::{Const, ConstId, Data, Elem, Graph, Interval, NodeId, Type};

pub fn constant(g: &mut Graph, data: Data) -> ConstId {
    let name = format!("c{}", g.consts.len());
    g.consts.push(Const { name, data })
}

/// Elements up to `reach` from 0, small ones as likely as large ones.
pub fn vector(r: &mut Random, len: usize, reach: usize) -> Vec<i16> {
    (0..len).map(|_| (r.within(0, 2 * reach) as i64 - reach as i64) as i16).collect()
}

/// Weights with columns of zeros.
pub fn weights(r: &mut Random, rows: usize, cols: usize) -> Vec<i8> {
    let dead: Vec<bool> = (0..cols).map(|_| r.chance(25)).collect();
    let mut weight = |at: usize| if dead[at % cols] { 0 } else { [-2, -1, 0, 1, 1][r.within(0, 4)] };
    (0..rows * cols).map(&mut weight).collect()
}

/// Weights of so many bits, now and then one at an end.
pub fn wide(r: &mut Random, count: usize, bits: u8) -> Vec<i8> {
    let half = 1i16 << (bits - 1);
    let weight = |_| match r.within(0, 5) {
        0 => -half,
        1 => half - 1,
        _ => r.within(0, 2 * half as usize - 1) as i16 - half,
    };
    (0..count).map(weight).map(|w| w as i8).collect()
}

pub fn elem_of(g: &Graph, id: NodeId) -> Elem {
    match g.nodes[id].ty {
        Type::Vector { elem, .. } => elem,
        other => panic!("%{} is {other}", id.index()),
    }
}

/// The bounds of an element.
pub fn limits(elem: Elem) -> Interval {
    let (least, most) = elem.limits();
    Interval::new(least.into(), most.into())
}
