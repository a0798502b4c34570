//! Where the buffers of a Z80 lie, in bytes from the first page behind the image.
//!
//! Accumulator arrays take whole pages: for each tile of 256 outputs a page of low bytes, a page of high bytes, and a
//! third that catches carries out of the high bytes where activations above 255 are added to that page directly. An
//! array lives from the stage that starts it to the last stage that reads it; arrays that never live at the same time
//! share pages. What a stage needs while it works lives for that stage.

use super::hashed;
use crate::kernel::memory::{Buffer, Memory, PAGE, scratch_name};
use crate::stage::{Answer, ArrayElem, Stage, answer, live};

/// Pages of a tile.
pub fn pages(elem: ArrayElem) -> usize {
    match elem {
        ArrayElem::Bytes => 1,
        ArrayElem::Words => 2,
        ArrayElem::Carried => 3,
    }
}

/// Lays out the buffers of a network. `stack` bytes are kept for the stack; 0: the console's template says where it is.
pub fn place(stages: &[Stage], scratch: &[usize], stack: usize) -> Memory {
    let mut buffers: Vec<Buffer> = Vec::new();
    let mut tiles = Vec::new();
    for (i, stage) in stages.iter().enumerate() {
        let Some(array) = stage.array() else {
            tiles.push(vec![]);
            continue;
        };
        let stride = pages(array.elem) * PAGE;
        let count = array.outputs.div_ceil(PAGE);
        let live = live(stages, i);
        let offset = first_fit(&buffers, count * stride, live);
        let high = if array.elem == ArrayElem::Bytes { 0 } else { PAGE };
        tiles.push((0..count).map(|t| (offset + t * stride, offset + t * stride + high)).collect());
        let name = format!("{}_acc", stage.name);
        buffers.push(Buffer { name, offset, size: count * stride, stage: Some(i), live: Some(live) });
    }
    // From the start of a page on, as the kernels that need it want it.
    for (i, &bytes) in scratch.iter().enumerate().filter(|(_, bytes)| **bytes > 0) {
        let (size, live) = (bytes.next_multiple_of(PAGE), (i, i));
        let offset = first_fit(&buffers, size, live);
        let name = scratch_name(&stages[i].name);
        buffers.push(Buffer { name, offset, size, stage: None, live: Some(live) });
    }
    let mut size = buffers.iter().map(|b| b.offset + b.size).max().unwrap_or(0);
    let mut keep = |name: &str, bytes: usize| {
        let name = name.to_string();
        buffers.push(Buffer { name, offset: size, size: bytes, stage: None, live: None });
        size += bytes;
    };
    if hashed::counts_in_pieces(stages) {
        keep("net_totals", 2 * PAGE);
        keep("net_rest", 1);
    }
    keep("query_text", 129);
    keep("line", 130);
    keep("query_length", 1);
    keep("net_count", 1);
    if let Answer::Chat { context, .. } = answer(stages) {
        keep("window", (*context).into());
        keep("net_left", 1);
    }
    if hashed::seeds_hashes(stages) {
        keep("net_seed", 2);
    }
    if hashed::keeps_hashes(stages) {
        keep("net_hash", 2);
    }
    keep("caller_stack", 2);
    if stack > 0 {
        keep("stack", stack);
        keep("stack_top", 0);
    }
    Memory { buffers, tiles, start: None, size }
}

/// The lowest offset at which `size` bytes meet no buffer that lives at the same time.
fn first_fit(buffers: &[Buffer], size: usize, live: (usize, usize)) -> usize {
    let overlaps = |b: &&Buffer| b.live.is_none_or(|(from, to)| from <= live.1 && live.0 <= to);
    let mut taken: Vec<_> = buffers.iter().filter(overlaps).map(|b| (b.offset, b.offset + b.size)).collect();
    taken.sort_unstable();
    let mut offset = 0;
    for (from, to) in taken {
        if offset + size <= from {
            break;
        }
        offset = offset.max(to);
    }
    offset
}
