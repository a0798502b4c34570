//! Unrolling: a small dense product becomes straight-line code, a piece for each column.
//!
//! Sound: like zero-weight elimination, of which it keeps the lists; what changes is that each list is
//! spelt out as instructions instead of being read as data. Ends: one walk.

use super::{Rewritten, columns::lower_to_columns, plural};
use crate::ir::{Form, Graph, rewrite};

/// Lowers the dense products that `chosen` names to straight-line code, then drops every matrix that
/// lowering left without a user.
pub fn unroll(graph: &Graph, chosen: &dyn Fn(&str) -> bool) -> Rewritten {
    let (rewritten, [layers, _, kept]) = lower_to_columns(graph, chosen, Form::Unrolled);
    let summary = if layers == 0 {
        "nothing to do".to_string()
    } else {
        format!("{} of {} written out", plural(layers, "product"), plural(kept, "weight"))
    };
    Rewritten { graph: rewrite::drop_unused(&rewritten), summary }
}
