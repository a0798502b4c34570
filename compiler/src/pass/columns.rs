//! Zero-weight elimination: a dense product becomes index lists of its non-zero weights, column by column.
//!
//! Sound: `w·x = 0` for `w = 0`, so those terms leave the sum as it is; a weight of +1 adds `x`, -1
//! subtracts it, -2 subtracts it twice, and the order of a sum modulo 65536 is free. Walking columns
//! instead of rows lets the kernel skip a column whose input is zero, for the same reason. Ends: one walk.

use super::{Rewritten, plural};
use crate::ir::{Column, Const, Data, Form, Graph, NodeId, Op, Rewriter};

/// Lowers the dense products that `chosen` names to index lists.
pub fn eliminate_zeros(graph: &Graph, chosen: &dyn Fn(NodeId) -> bool) -> Rewritten {
    let (rewritten, [layers, all, kept]) = lower_to_columns(graph, chosen, Form::Columns);
    let summary = if layers == 0 {
        "nothing to do".to_string()
    } else {
        format!("{} of {all} weights dropped in {}", all - kept, plural(layers, "product"))
    };
    Rewritten { graph: rewritten, summary }
}

/// Replaces chosen products by `form`, whose weights are columns. Returns products, weights, non-zero weights.
pub(super) fn lower_to_columns(
    graph: &Graph,
    chosen: &dyn Fn(NodeId) -> bool,
    form: Form,
) -> (Graph, [usize; 3]) {
    let mut rewriter = Rewriter::new(graph);
    let mut counts = [0; 3];
    for (id, node) in graph.nodes.iter() {
        let (Op::Dense { input, .. }, true) = (&node.op, chosen(id)) else {
            rewriter.copy(id);
            continue;
        };
        let (rows, cols, values) = super::matrix(graph, id).expect("dense weights are unpacked: validated");
        let columns = columns(cols, values);
        counts =
            [counts[0] + 1, counts[1] + values.len(), counts[2] + values.iter().filter(|&&w| w != 0).count()];
        let data = Data::Columns { rows, columns };
        let weights = rewriter.constant(Const { name: format!("{}.columns", node.name), data });
        let input = rewriter.place(*input);
        let mac = rewriter.add(node.region, &node.name, Op::Mac { input, weights, form });
        rewriter.replace(id, mac);
    }
    (rewriter.finish(), counts)
}

/// Index lists of a matrix given row by row.
pub fn columns(cols: usize, values: &[i8]) -> Vec<Column> {
    let mut columns = vec![Column::default(); cols];
    for (o, row) in values.chunks(cols).enumerate() {
        let o = o as u16;
        for (column, &w) in columns.iter_mut().zip(row) {
            match w {
                1.. => column.plus.push(o),
                0 => {}
                -1 => column.minus.push(o),
                ..-1 => column.minus.extend([o, o]),
            }
        }
    }
    columns
}
