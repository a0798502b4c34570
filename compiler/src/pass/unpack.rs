//! Fused unpack-MAC: `Dense(x, Unpack(w))` becomes one operation that unpacks weights while it multiplies.
//!
//! Sound: the fused operation multiplies with the same constant; only the matrix in between, which no
//! target has room for, is never there. Ends: one walk.

use super::{Rewritten, plural};
use crate::ir::{Form, Graph, Op, Rewriter};

/// Fuses the dense products that `chosen` names with the unpacking of their weights.
pub fn fuse_unpack(graph: &Graph, chosen: &dyn Fn(&str) -> bool) -> Rewritten {
    let mut rewriter = Rewriter::new(graph);
    let mut count = 0;
    for (id, node) in graph.nodes.iter() {
        let fused = match node.op {
            Op::Dense { input, weights } if chosen(&node.name) => match graph.nodes[weights].op {
                Op::Unpack { weights } => Some((input, weights)),
                _ => None,
            },
            _ => None,
        };
        let Some((input, weights)) = fused else {
            rewriter.copy(id);
            continue;
        };
        let input = rewriter.place(input);
        let weights = rewriter.keep(weights);
        let mac = rewriter.add(node.region, &node.name, Op::Mac { input, weights, form: Form::Packed });
        rewriter.replace(id, mac);
        count += 1;
    }
    let summary = if count == 0 {
        "nothing to do".to_string()
    } else {
        format!("{} fused with the unpacking of its weights", plural(count, "product"))
    };
    Rewritten { graph: rewriter.finish(), summary }
}
