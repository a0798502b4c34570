//! The passes, one file each. A pass is a free function from graph to graph whose top comment says why
//! it is sound and why it ends. The validator runs after each.

mod columns;
mod dead;
mod hoist;
mod range;
mod share;
mod split;
mod unpack;
mod unroll;

pub use columns::{column_of, eliminate_zeros};
pub use dead::eliminate_dead;
pub use hoist::hoist;
pub use range::{Wrap, analyse};
pub use share::{fold_column, share};
pub use split::split;
pub use unpack::fuse_unpack;
pub use unroll::unroll;

use crate::ir::{Column, Data, Fold, Form, Graph, NodeId, Op};
use crate::valid::{self, InvalidGraph};

/// A graph and what the pass that made it has to say.
pub struct Rewritten {
    pub graph: Graph,
    /// One line: what was done, in numbers.
    pub summary: String,
}

/// What one pass did: shown by `mlc compile`, and with the graph by `--print-after`.
#[derive(Debug, Clone)]
pub struct Report {
    pub pass: &'static str,
    pub summary: String,
    pub graph: Graph,
}

/// Names of all passes in the order in which they run.
pub const NAMES: [&str; 9] =
    ["build", "split", "hoist", "range", "dead", "share", "eliminate-zeros", "fuse-unpack", "unroll"];

/// The target-independent passes: split, hoist, range analysis, dead code; then ranges once more,
/// because dead neurons take their bounds with them.
///
/// `longest_query` is the longest query that any front end of the target hands over, in bytes.
///
/// # Errors
/// When a pass leaves an invalid graph: a bug in mlc.
pub fn optimise(graph: Graph, longest_query: usize) -> Result<(Vec<Report>, Vec<Wrap>), InvalidGraph> {
    let mut reports = Vec::new();
    record(&mut reports, "build", Rewritten { summary: format!("{} nodes", graph.nodes.len()), graph })?;
    let rewritten = split(last(&reports));
    record(&mut reports, "split", rewritten)?;
    let rewritten = hoist(last(&reports));
    record(&mut reports, "hoist", rewritten)?;
    let (rewritten, wraps) = analyse(last(&reports), longest_query);
    record(&mut reports, "range", rewritten)?;
    let dead = eliminate_dead(last(&reports));
    let (ranged, _) = analyse(&dead.graph, longest_query);
    record(&mut reports, "dead", Rewritten { graph: ranged.graph, summary: dead.summary })?;
    Ok((reports, wraps))
}

/// What the planner decided for each dense product, by the product's name.
pub trait Choice {
    /// Form of the weights.
    fn form(&self, product: &str) -> Form;
    /// Sums that outputs share; empty but for [`Form::Shared`].
    fn folds(&self, product: &str) -> &[Fold];
}

/// Lowers every dense product to the form chosen for it, and computes ranges once more.
///
/// # Errors
/// When a pass leaves an invalid graph: a bug in mlc.
pub fn lower(graph: &Graph, choice: &dyn Choice, longest_query: usize) -> Result<Vec<Report>, InvalidGraph> {
    let mut reports = Vec::new();
    record(&mut reports, "share", share(graph, &|name| choice.folds(name)))?;
    let rewritten = eliminate_zeros(last(&reports), &|name| choice.form(name));
    record(&mut reports, "eliminate-zeros", rewritten)?;
    let rewritten = fuse_unpack(last(&reports), &|name| choice.form(name) == Form::Packed);
    record(&mut reports, "fuse-unpack", rewritten)?;
    let unrolled = unroll(last(&reports), &|name| choice.form(name) == Form::Unrolled);
    let (ranged, _) = analyse(&unrolled.graph, longest_query);
    record(&mut reports, "unroll", Rewritten { graph: ranged.graph, summary: unrolled.summary })?;
    Ok(reports)
}

fn last(reports: &[Report]) -> &Graph {
    &reports.last().expect("the caller has recorded a pass before").graph
}

fn record(reports: &mut Vec<Report>, pass: &'static str, done: Rewritten) -> Result<(), InvalidGraph> {
    valid::validate(&done.graph, pass)?;
    reports.push(Report { pass, summary: done.summary, graph: done.graph });
    Ok(())
}

/// The matrix that a dense product multiplies with.
pub(crate) fn matrix(graph: &Graph, dense: NodeId) -> Option<(usize, usize, &[i8])> {
    let Op::Dense { weights, .. } = graph.nodes[dense].op else { return None };
    let Op::Unpack { weights } = graph.nodes[weights].op else { return None };
    match &graph.consts[weights].data {
        Data::Matrix { rows, cols, values } => Some((*rows, *cols, values)),
        _ => None,
    }
}

/// Non-zero weights of a product for each input, whatever form it has.
pub(crate) fn columns_of(graph: &Graph, product: NodeId) -> Option<Vec<Column>> {
    if let Some((_, cols, values)) = matrix(graph, product) {
        return Some(columns::columns(cols, values));
    }
    let Op::Mac { weights, .. } = graph.nodes[product].op else { return None };
    match &graph.consts[weights].data {
        Data::Columns { columns, .. } => Some(columns.clone()),
        Data::Matrix { cols, values, .. } => Some(columns::columns(*cols, values)),
        _ => None,
    }
}

/// `1 neuron`, `2 neurons`.
pub(crate) fn plural(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
