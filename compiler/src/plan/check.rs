//! Checks a memory map without trusting the code that made it: plays the program forward, notes which
//! stage wrote each byte last, and demands that whoever reads an array finds it as it was left.
//!
//! Checked: each stage has an array with room for all outputs where the kernels want them, in whole pages on the Z80,
//! within pages on the AVR; no byte of an array that is still to be read is written by another stage, over two rounds
//! of the loop; buffers that are kept always overlap nothing, and the window holds the context; nothing lies behind the
//! end.

use super::{Plan, PlanError};
use crate::kernel::memory::scratch_name;
use crate::kernel::{Buffer, Memory, Need, PAGE};
use crate::stage::{Array, ArrayElem, Stage};
use crate::target::Cpu;
use std::ops::Range;

/// Where the accumulators of a stage are.
struct Place {
    name: String,
    /// Bytes from the start of memory.
    parts: Vec<Range<usize>>,
}

/// Checks the memory map of a plan.
///
/// # Errors
/// [`PlanError::Memory`] with the first contradiction.
pub fn check(plan: &Plan) -> Result<(), PlanError> {
    let (stages, memory) = (plan.stages(), &plan.layout.memory);
    let mut needs = Vec::new();
    for (at, kernel) in plan.layout.kernels.iter().enumerate() {
        needs.extend(kernel.buffers(&stages[at]));
    }
    check_arrays(stages, memory)
        .and_then(|()| match plan.layout.machine.cpu {
            Cpu::Z80 => check_pages(stages, memory),
            Cpu::Avr(_) => check_tiles(stages, memory),
        })
        .and_then(|()| needs.iter().try_for_each(|need| check_buffer(memory, need)))
        .and_then(|()| check_memory(stages, &plan.layout.scratch, memory))
        .map_err(PlanError::Memory)
}

/// The stages that have arrays, in order.
fn arrays(stages: &[Stage]) -> impl Iterator<Item = (usize, &Stage, Array)> {
    stages.iter().enumerate().filter_map(|(i, stage)| Some((i, stage, stage.array()?)))
}

/// The first buffers are the arrays of the stages, in order.
fn check_arrays(stages: &[Stage], memory: &Memory) -> Result<(), String> {
    let has_none =
        |(i, ..): &(usize, &Stage, Array)| memory.buffers.get(*i).is_none_or(|b| b.stage != Some(*i));
    match arrays(stages).find(has_none) {
        Some((_, stage, _)) => Err(format!("{} has no array", stage.name)),
        None => Ok(()),
    }
}

/// A buffer that a kernel counts on.
fn check_buffer(memory: &Memory, need: &Need) -> Result<(), String> {
    let is_it = |b: &&Buffer| b.name == need.name && b.live.is_none();
    let fits = |b: &Buffer| b.size >= need.bytes && (!need.pages || b.offset.is_multiple_of(PAGE));
    match memory.buffers.iter().find(is_it) {
        Some(buffer) if fits(buffer) => Ok(()),
        _ if need.pages => Err(format!("{} is not {} whole pages", need.name, need.bytes / PAGE)),
        _ => Err(format!("there is no {} of {} bytes", need.name, need.bytes)),
    }
}

/// The Z80's arrays take whole pages: for each tile one of low bytes, one of high bytes unless it counts in bytes, and
/// one that catches carries where activations above 255 are added.
fn check_pages(stages: &[Stage], memory: &Memory) -> Result<(), String> {
    for (i, _, array) in arrays(stages) {
        let (buffer, tiles) = (&memory.buffers[i], memory.tiles.get(i).map_or(&[][..], Vec::as_slice));
        let wants = match array.elem {
            ArrayElem::Bytes => 1,
            ArrayElem::Words => 2,
            ArrayElem::Carried => 3,
        };
        let high = if wants == 1 { 0 } else { PAGE };
        let place = |t: usize| (buffer.offset + t * wants * PAGE, buffer.offset + t * wants * PAGE + high);
        let count = array.outputs.div_ceil(PAGE);
        if tiles.len() != count || (0..count).any(|t| tiles[t] != place(t)) {
            return Err(format!("{} does not have {wants} pages a tile", buffer.name));
        }
        if !buffer.offset.is_multiple_of(PAGE) {
            return Err(format!("{} does not begin at a page", buffer.name));
        }
        if count * wants * PAGE > buffer.size {
            return Err(format!("{} is too small", buffer.name));
        }
    }
    Ok(())
}

/// The AVR's: each byte in a part of its own, both bytes of an accumulator at the same place in their pages, a tile in
/// one page; behind bytes one more, in the page of the last.
fn check_tiles(stages: &[Stage], memory: &Memory) -> Result<(), String> {
    let Some(start) = memory.start else { return Err("RAM starts nowhere".into()) };
    for (i, _, wanted) in arrays(stages) {
        let bytes = wanted.elem == ArrayElem::Bytes;
        let array = place(memory, i);
        let fail = |problem: &str| Err(format!("{} {problem}", array.name));
        let inside = |at: usize| array.parts.iter().any(|part| part.contains(&at));
        let outputs = wanted.outputs + usize::from(bytes);
        let tiles = memory.tiles.get(i).map_or(&[][..], Vec::as_slice);
        if tiles.len() != outputs.div_ceil(PAGE) {
            return fail("has too few tiles or too many");
        }
        let mut seen = Vec::new();
        for output in 0..outputs {
            let (first, high) = tiles[output / PAGE];
            let [low, high] = [first, high].map(|tile| tile + output % PAGE);
            // Labels name the start of the array; the others are behind it.
            if low < memory.buffers[i].offset || !inside(low) || !inside(high) {
                return fail("is too small");
            }
            if (start + low) / PAGE != (start + first) / PAGE {
                return fail("has a tile in two pages");
            }
            if high < low || !(high - low).is_multiple_of(PAGE) {
                return fail("has its high bytes at other places in their page");
            }
            if (low == high) != bytes {
                return fail("has no bytes where it counts in bytes, or else no high ones");
            }
            seen.push(low);
            seen.extend((high != low).then_some(high));
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() < count {
            return fail("has two accumulators in one place");
        }
    }
    Ok(())
}

fn place(memory: &Memory, stage: usize) -> Place {
    let parts = memory.buffers.iter().filter(|b| b.stage == Some(stage));
    Place {
        name: memory.buffers[stage].name.clone(),
        parts: parts.map(|b| b.offset..b.offset + b.size).collect(),
    }
}

/// What a stage needs while it works: from the start of a page on.
fn room(memory: &Memory, stage: &Stage, bytes: usize) -> Result<Range<usize>, String> {
    if bytes == 0 {
        return Ok(0..0);
    }
    let name = scratch_name(&stage.name);
    let buffer = memory.buffers.iter().find(|b| b.name == name);
    let place = buffer.filter(|b| b.size >= bytes).map(|b| b.offset..b.offset + bytes);
    let aligned = |place: &Range<usize>| (memory.start.unwrap_or(0) + place.start).is_multiple_of(PAGE);
    match place.filter(|place| aligned(place) && place.end <= memory.size) {
        Some(place) => Ok(place),
        None => Err(format!("{name} is not {bytes} bytes from the start of a page on")),
    }
}

fn check_memory(stages: &[Stage], scratch: &[usize], memory: &Memory) -> Result<(), String> {
    let places: Vec<Option<Place>> =
        stages.iter().enumerate().map(|(i, stage)| stage.array().map(|_| place(memory, i))).collect();
    let mut owner: Vec<Option<usize>> = vec![None; memory.size];
    let rooms = (0..stages.len()).map(|i| room(memory, &stages[i], scratch.get(i).copied().unwrap_or(0)));
    let rooms = rooms.collect::<Result<Vec<_>, _>>()?;
    let once = (0..stages.len()).filter(|&i| !stages[i].in_loop);
    let round = || (0..stages.len()).filter(|&i| stages[i].in_loop);
    for i in once.chain(round()).chain(round()) {
        run_stage(&stages[i], i, (&places, &rooms[i]), &mut owner)?;
    }
    for (i, buffer) in memory.buffers.iter().enumerate().filter(|(_, b)| b.live.is_none()) {
        let others = memory.buffers.iter().enumerate().filter(|&(j, _)| j != i);
        if let Some((_, other)) = others.into_iter().find(|(_, o)| overlap(buffer, o)) {
            return Err(format!("{} and {} overlap", buffer.name, other.name));
        }
        if buffer.offset + buffer.size > memory.size {
            return Err(format!("{} lies behind the end", buffer.name));
        }
    }
    Ok(())
}

fn overlap(a: &Buffer, b: &Buffer) -> bool {
    a.offset < b.offset + b.size && b.offset < a.offset + a.size
}

/// A stage first takes its start values, then writes its whole array while it reads its input.
fn run_stage(
    stage: &Stage,
    at: usize,
    (places, room): (&[Option<Place>], &Range<usize>),
    owner: &mut [Option<usize>],
) -> Result<(), String> {
    if let Some(from) = stage.starts_from() {
        intact(owner, places, from, &stage.name)?;
    }
    if let Some(place) = &places[at] {
        for part in &place.parts {
            let Some(bytes) = owner.get_mut(part.clone()) else {
                return Err(format!("{} lies behind the end", place.name));
            };
            bytes.fill(Some(at));
        }
    }
    // Whatever it has there, its own accumulators are not: nobody finds theirs there any more.
    owner[room.clone()].fill(None);
    if let Some(place) = &places[at]
        && !room.is_empty()
    {
        intact(owner, places, at, &format!("{}, which works beside it,", place.name))?;
    }
    match stage.reads() {
        Some(from) => intact(owner, places, from, &stage.name),
        None => Ok(()),
    }
}

fn intact(
    owner: &[Option<usize>],
    places: &[Option<Place>],
    stage: usize,
    reader: &str,
) -> Result<(), String> {
    let Some(place) = &places[stage] else {
        return Err(format!("{reader} reads a stage without accumulators"));
    };
    let kept = |part: &Range<usize>| {
        owner.get(part.clone()).is_some_and(|bytes| bytes.iter().all(|&o| o == Some(stage)))
    };
    if place.parts.iter().all(kept) {
        return Ok(());
    }
    Err(format!("{} is overwritten before {reader} reads it", place.name))
}
