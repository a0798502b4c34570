//! What the kernels do not compute, each by its name.

use super::attend::window;
use crate::CompileError;
use crate::kernel::beams;
use crate::kernel::sequence::{SequenceSite, unsupported};
use crate::model::{Offers, Positions, Transformer};
use crate::target::Machine;

/// Most elements of the residual stream, of all heads together and of a hidden layer: what one register counts.
const MOST_WIDTH: usize = 256;
/// Most elements of a head: the tables of a query have one page.
const MOST_HEAD: usize = 16;
/// Most positions: the sum of their weights, all at their most, has 16 bits in both rings.
const MOST_WINDOW: usize = 127;
/// Most tokens: their numbers have 16 bits, and one is none.
const MOST_TOKENS: usize = 65_535;

/// Refuses what the kernels do not compute, as far as the shape of a network tells.
///
/// # Errors
/// The first of it.
pub fn check(site: &SequenceSite) -> Result<(), CompileError> {
    // What is read stands on the command line.
    let target = site.request.target;
    let reads = target.machine == Machine::Cpm && !target.is_library();
    // Where memory of the caches is shown and hidden, it is not copied.
    let beam = site.second_ram.is_none();
    if let Some(what) = site.story.lacking(Offers { turns: true, choice: true, beam, reads }) {
        return Err(unsupported(site, what));
    }
    match limits(site).find(|(within, _)| !within) {
        Some((_, what)) => Err(unsupported(site, &what)),
        None => Ok(()),
    }
}

/// What must hold, and what it is if it does not.
fn limits(site: &SequenceSite) -> impl Iterator<Item = (bool, String)> {
    let (body, window) = (site.body, window(site));
    let Transformer { dim, heads, kv_heads, head_size, .. } = *body;
    let hidden = body.blocks.iter().map(|block| block.feed_forward.up.rows).max().unwrap_or(0);
    let rows = match &body.positions {
        Positions::Learnt(matrix) => matrix.rows,
        Positions::Rotary { .. } | Positions::None => 0,
    };
    let most = |what: &str, most: usize| format!("{what} of more than {most}");
    [
        (dim <= MOST_WIDTH, most("a width", MOST_WIDTH)),
        (hidden <= MOST_WIDTH, most("a hidden layer", MOST_WIDTH)),
        (heads * head_size <= MOST_WIDTH && kv_heads <= heads, most("heads with a width", MOST_WIDTH)),
        (head_size <= MOST_HEAD, format!("heads of more than {MOST_HEAD} elements")),
        (window <= MOST_WINDOW, format!("a window of more than {MOST_WINDOW} positions")),
        (body.embedding.rows <= MOST_TOKENS, format!("more than {MOST_TOKENS} tokens")),
        (body.outputs() <= MOST_TOKENS, format!("more than {MOST_TOKENS} labels")),
        (rows <= MOST_TOKENS, format!("more than {MOST_TOKENS} positions")),
        (heads < MOST_WIDTH, format!("{MOST_WIDTH} heads")),
        (!beams::excess(site.story, body), beams::EXCESS.into()),
    ]
    .into_iter()
}
