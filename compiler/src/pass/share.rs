//! Share: where two outputs take the same inputs with the same signs (or with opposite ones), one further
//! sum takes those inputs, and is added to both outputs at the end.
//!
//! Sound: for each input `x` that output `i` and output `j` both add, the two terms `x` are replaced by one
//! in the new sum `s`, and `i + s`, `j + s` are the old sums regrouped, modulo 65536; with opposite signs
//! it is `i + s` and `j - s`. A new sum starts at zero. A later fold may share an earlier fold's sum; folds
//! are applied last first, so each sum is complete when it is added. Ends: one walk over nodes and folds.

use super::{Rewritten, matrix, plural};
use crate::ir::{Const, Data, Fold, Graph, NodeId, Op, Rewriter, rewrite};
use std::collections::BTreeMap;

/// Gives the products that have folds their shared sums. Which outputs share is the planner's choice.
pub fn share<'f>(graph: &Graph, folds: &dyn Fn(&str) -> &'f [Fold]) -> Rewritten {
    let shared = shared_sums(graph, folds);
    let constants: BTreeMap<NodeId, usize> = shared
        .iter()
        .flat_map(|(sum, folds)| graph.nodes[*sum].op.operands().into_iter().map(|term| (term, folds.len())))
        .filter(|(term, _)| matches!(graph.nodes[*term].op, Op::Constant { .. }))
        .collect();
    let mut rewriter = Rewriter::new(graph);
    let (mut before, mut after) = (0, 0);
    for (id, node) in graph.nodes.iter() {
        match &node.op {
            Op::Dense { input, .. } if !folds(&node.name).is_empty() => {
                let (rows, cols, values) = matrix(graph, id).expect("dense weights are unpacked: validated");
                let values_after = extend(rows, cols, values, folds(&node.name));
                before += values.iter().filter(|&&w| w != 0).count();
                after += values_after.iter().filter(|&&w| w != 0).count();
                let rows = rows + folds(&node.name).len();
                let data = Data::Matrix { rows, cols, values: values_after };
                let constant = rewriter.constant(Const { name: format!("{}.shared", node.name), data });
                let weights = rewriter.add(node.region, &node.name, Op::Unpack { weights: constant });
                let input = rewriter.place(*input);
                let dense = rewriter.add(node.region, &node.name, Op::Dense { input, weights });
                rewriter.replace(id, dense);
            }
            Op::Constant { value } if constants.contains_key(&id) => {
                let Data::Vector(values) = &graph.consts[*value].data else {
                    unreachable!("validated: a constant node holds a vector")
                };
                let values = values.iter().copied().chain(vec![0; constants[&id]]).collect();
                let name = graph.consts[*value].name.clone();
                let constant = rewriter.constant(Const { name, data: Data::Vector(values) });
                let start = rewriter.add(node.region, &node.name, Op::Constant { value: constant });
                rewriter.replace(id, start);
            }
            Op::Sum { .. } if shared.contains_key(&id) => {
                let sum = rewriter.copy(id);
                let data = Data::Folds { outputs: graph.width(id), folds: shared[&id].to_vec() };
                let folds = rewriter.constant(Const { name: format!("{}.folds", node.name), data });
                let fold = rewriter.add(node.region, &node.name, Op::Fold { input: sum, folds });
                rewriter.replace(id, fold);
            }
            _ => _ = rewriter.copy(id),
        }
    }
    let count: usize = shared.values().map(|f| f.len()).sum();
    let summary = match count {
        0 => "nothing to do".to_string(),
        _ => format!("{} shared, {before} weights became {after}", plural(count, "sum")),
    };
    Rewritten { graph: rewrite::drop_unused(&rewriter.finish()), summary }
}

/// The sum that each product with folds goes into, with the folds.
fn shared_sums<'f>(graph: &Graph, folds: &dyn Fn(&str) -> &'f [Fold]) -> BTreeMap<NodeId, &'f [Fold]> {
    let products =
        graph.nodes.iter().filter(|(_, n)| matches!(n.op, Op::Dense { .. }) && !folds(&n.name).is_empty());
    products.filter_map(|(id, n)| graph.users(id).next().map(|sum| (sum, folds(&n.name)))).collect()
}

/// The matrix with a row for each fold.
fn extend(rows: usize, cols: usize, values: &[i8], folds: &[Fold]) -> Vec<i8> {
    let mut extended = values.to_vec();
    extended.resize((rows + folds.len()) * cols, 0);
    for c in 0..cols {
        let mut column: Vec<i8> = (0..rows).map(|o| values[o * cols + c]).collect();
        column.resize(rows + folds.len(), 0);
        fold_column(&mut column, folds);
        for (o, w) in column.into_iter().enumerate() {
            extended[o * cols + c] = w;
        }
    }
    extended
}

/// Moves to each fold's element what its two outputs have in common. `column` holds a weight an output
/// and a zero a fold.
pub fn fold_column(column: &mut [i8], folds: &[Fold]) {
    for f in folds {
        let (plus, other) = (usize::from(f.plus), usize::from(f.other));
        let sign = column[plus].signum();
        let wanted = if f.minus { -sign } else { sign };
        if sign != 0 && column[other].signum() == wanted {
            column[plus] -= sign;
            column[other] -= wanted;
            column[usize::from(f.from)] = sign;
        }
    }
}
