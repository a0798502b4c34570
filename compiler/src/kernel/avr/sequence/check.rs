//! What the kernels do not compute, each by its name.

use crate::kernel::beams;
use crate::model::{Block, Norm, Offers, Story, Transformer};

/// Most elements of a vector, and rows that registers count.
const WIDE: usize = 255;
/// Most values of a head: a query is kept in registers.
const HEAD: usize = 16;
/// Most bits that narrowing may drop: behind more the saturation to 16 bits would show.
const NARROW: u8 = 8;

/// Why there is no program for a network.
///
/// # Errors
/// The first thing that the kernels do not compute.
pub fn check(body: &Transformer, story: &Story) -> Result<(), String> {
    if let Some(what) = story.lacking(Offers { turns: true, choice: true, beam: true, reads: true }) {
        return Err(what.into());
    }
    if beams::excess(story, body) {
        return Err(beams::EXCESS.into());
    }
    at_most("a window", body.window, WIDE)?;
    at_most("a dim", body.dim, WIDE)?;
    at_most("a head_size", body.head_size, HEAD)?;
    at_most("heads × head_size", body.heads * body.head_size, WIDE)?;
    body.norm.iter().try_for_each(check_norm)?;
    body.blocks.iter().try_for_each(check_block)
}

fn check_block(block: &Block) -> Result<(), String> {
    let Block { attention, feed_forward } = block;
    check_norm(&attention.norm)?;
    check_norm(&feed_forward.norm)?;
    at_most("a hidden layer", feed_forward.up.rows, 256)
}

fn check_norm(norm: &Norm) -> Result<(), String> {
    match norm.narrow {
        0..=NARROW => Ok(()),
        bits => Err(format!("a norm whose narrow is {bits}, above {NARROW}")),
    }
}

fn at_most(what: &str, found: usize, most: usize) -> Result<(), String> {
    if found <= most { Ok(()) } else { Err(format!("{what} of {found}, above {most}")) }
}
