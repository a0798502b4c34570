//! The passes, one file each. A pass is a free function from graph to graph whose top comment says why
//! it is sound and why it ends. The validator runs after each.

mod dead;
mod hoist;
mod range;
mod split;

pub use dead::eliminate_dead;
pub use hoist::hoist;
pub use range::{Wrap, analyse};
pub use split::split;

use crate::ir::Graph;
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
pub const NAMES: [&str; 5] = ["build", "split", "hoist", "range", "dead"];

/// All passes: split, hoist, range analysis, dead code; then ranges once more, because dead neurons take their bounds
/// with them. How weights are stored is not theirs to decide.
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

fn last(reports: &[Report]) -> &Graph {
    &reports.last().expect("the caller has recorded a pass before").graph
}

fn record(reports: &mut Vec<Report>, pass: &'static str, done: Rewritten) -> Result<(), InvalidGraph> {
    valid::validate(&done.graph, pass)?;
    reports.push(Report { pass, summary: done.summary, graph: done.graph });
    Ok(())
}
