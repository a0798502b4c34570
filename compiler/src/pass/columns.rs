//! Zero-weight elimination: a dense product becomes lists of its non-zero weights, column by column. How a list is
//! stored, as indices or as distances, is the target's business.
//!
//! Sound: `w·x = 0` for `w = 0`, so those terms leave the sum as it is; a weight of +1 adds `x`, -1
//! subtracts it, -2 subtracts it twice, and the order of a sum modulo 65536 is free. Walking columns
//! instead of rows lets the kernel skip a column whose input is zero, for the same reason. Ends: one walk.

use super::{Rewritten, plural};
use crate::ir::{Column, Const, Data, Form, Graph, Op, Rewriter};

/// Lowers the dense products whose choice is a form of lists.
pub fn eliminate_zeros(graph: &Graph, choice: &dyn Fn(&str) -> Form) -> Rewritten {
    let mut rewritten = graph.clone();
    let [mut layers, mut all, mut kept] = [0; 3];
    for form in [Form::Columns, Form::Shared, Form::Gaps] {
        let (lowered, counts) = lower_to_columns(&rewritten, &|name| choice(name) == form, form);
        rewritten = lowered;
        [layers, all, kept] = [layers + counts[0], all + counts[1], kept + counts[2]];
    }
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
    chosen: &dyn Fn(&str) -> bool,
    form: Form,
) -> (Graph, [usize; 3]) {
    let mut rewriter = Rewriter::new(graph);
    let mut counts = [0; 3];
    for (id, node) in graph.nodes.iter() {
        let (Op::Dense { input, .. }, true) = (&node.op, chosen(&node.name)) else {
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

/// Lists of a matrix given row by row.
pub fn columns(cols: usize, values: &[i8]) -> Vec<Column> {
    (0..cols).map(|c| column_of(values.iter().skip(c).step_by(cols))).collect()
}

/// Lists of one column, given as a weight an output.
pub fn column_of<'w>(weights: impl Iterator<Item = &'w i8>) -> Column {
    let mut column = Column::default();
    for (o, &w) in weights.enumerate() {
        let o = o as u16;
        match w {
            1.. => column.plus.push(o),
            0 => {}
            -1 => column.minus.push(o),
            ..-1 => column.minus.extend([o, o]),
        }
    }
    column
}
