//! Checks a memory map without trusting the code that made it: plays the program forward, notes which
//! stage wrote each byte last, and demands that whoever reads an array finds it as it was left.
//!
//! Checked: each stage has an array with room for all outputs where the kernels want them, in whole pages on the Z80,
//! within pages on the AVR; no byte of an array that is still to be read is written by another stage, over two rounds
//! of the loop; buffers that are kept always overlap nothing, and the window holds the context; nothing lies behind the
//! end.

use super::memory::{Buffer, Memory, PAGE};
use super::network::{Answer, Network, Source, Start};
use super::{Plan, PlanError};
use crate::target::Cpu;
use std::ops::Range;

/// The accumulators of a stage.
struct Array {
    name: String,
    /// Bytes from the start of memory.
    parts: Vec<Range<usize>>,
}

/// Checks the memory map of a plan.
///
/// # Errors
/// [`PlanError::Memory`] with the first contradiction.
pub fn check(plan: &Plan) -> Result<(), PlanError> {
    let (network, memory) = (&plan.network, &plan.memory);
    let bytes = |i| plan.narrow.as_ref().is_some_and(|n| n.counts(i));
    let pieces = plan.narrow.as_ref().is_some_and(|n| n.long.is_some());
    check_arrays(network, memory)
        .and_then(|()| match plan.cpu {
            Cpu::Z80 => check_pages(network, memory, &bytes).and_then(|()| check_totals(memory, pieces)),
            Cpu::Avr(_) => check_tiles(network, memory, &bytes),
        })
        .and_then(|()| check_memory(network, memory))
        .map_err(PlanError::Memory)
}

/// The first buffers are the arrays of the stages, in order.
fn check_arrays(network: &Network, memory: &Memory) -> Result<(), String> {
    let has_none = |i: &usize| memory.buffers.get(*i).is_none_or(|b| b.stage != Some(*i));
    match (0..network.stages.len()).find(has_none) {
        Some(i) => Err(format!("{} has no array", network.stages[i].name)),
        None => Ok(()),
    }
}

/// The Z80's arrays take whole pages: for each tile one of low bytes, one of high bytes unless it counts in bytes, and
/// one that catches carries where activations above 255 are added.
fn check_pages(network: &Network, memory: &Memory, bytes: &dyn Fn(usize) -> bool) -> Result<(), String> {
    for (i, (stage, array)) in network.stages.iter().zip(&memory.buffers).enumerate() {
        let big = matches!(stage.source, Source::Hidden { most, .. } if most > 255);
        let wants = match bytes(i) {
            true => 1,
            false => 2 + usize::from(big),
        };
        if memory.tiles.get(i).is_some() || memory.strides.get(i) != Some(&wants) {
            return Err(format!("{} does not have {wants} pages a tile", array.name));
        }
        if !array.offset.is_multiple_of(PAGE) {
            return Err(format!("{} does not begin at a page", array.name));
        }
        if stage.outputs.div_ceil(PAGE) * wants * PAGE > array.size {
            return Err(format!("{} is too small", array.name));
        }
    }
    Ok(())
}

/// Where long queries are counted in pieces, their sums take two whole pages.
fn check_totals(memory: &Memory, pieces: bool) -> Result<(), String> {
    let fits = |b: &Buffer| b.name == "net_totals" && b.offset.is_multiple_of(PAGE) && b.size >= 2 * PAGE;
    if pieces && !memory.buffers.iter().any(fits) {
        return Err("net_totals is not two whole pages".into());
    }
    Ok(())
}

/// The AVR's: each byte in a part of its own, both bytes of an accumulator at the same place in their pages, a tile in
/// one page; behind bytes one more, in the page of the last.
fn check_tiles(network: &Network, memory: &Memory, bytes: &dyn Fn(usize) -> bool) -> Result<(), String> {
    let Some(start) = memory.start else { return Err("RAM starts nowhere".into()) };
    for (i, stage) in network.stages.iter().enumerate() {
        let array = array(memory, i);
        let fail = |problem: &str| Err(format!("{} {problem}", array.name));
        let inside = |at: usize| array.parts.iter().any(|part| part.contains(&at));
        let outputs = stage.outputs + usize::from(bytes(i));
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
            if (low == high) != bytes(i) {
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

fn array(memory: &Memory, stage: usize) -> Array {
    let parts = memory.buffers.iter().filter(|b| b.stage == Some(stage));
    Array {
        name: memory.buffers[stage].name.clone(),
        parts: parts.map(|b| b.offset..b.offset + b.size).collect(),
    }
}

fn check_memory(network: &Network, memory: &Memory) -> Result<(), String> {
    let arrays: Vec<Array> = (0..network.stages.len()).map(|i| array(memory, i)).collect();
    let mut owner: Vec<Option<usize>> = vec![None; memory.size];
    let once = (0..network.stages.len()).filter(|&i| !network.stages[i].in_loop);
    let round = || (0..network.stages.len()).filter(|&i| network.stages[i].in_loop);
    for i in once.chain(round()).chain(round()) {
        run_stage(network, &arrays, &mut owner, i)?;
    }
    let output = network.stages.len() - 1;
    intact(&owner, &arrays, output, "argmax")?;
    if let Answer::Chat { context, .. } = network.answer
        && !memory.buffers.iter().any(|b| b.name == "window" && b.size >= context.into())
    {
        return Err(format!("there is no window of {context} bytes"));
    }
    for (i, buffer) in memory.buffers.iter().enumerate().filter(|(_, b)| b.stage.is_none()) {
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
    network: &Network,
    arrays: &[Array],
    owner: &mut [Option<usize>],
    i: usize,
) -> Result<(), String> {
    let stage = &network.stages[i];
    if let Start::Stage(from) = stage.start {
        intact(owner, arrays, from, &stage.name)?;
    }
    for part in &arrays[i].parts {
        let Some(bytes) = owner.get_mut(part.clone()) else {
            return Err(format!("{} lies behind the end", arrays[i].name));
        };
        bytes.fill(Some(i));
    }
    match stage.source {
        Source::Hidden { stage: from, .. } => intact(owner, arrays, from, &stage.name),
        Source::Trigrams { .. } | Source::Ngrams { .. } => Ok(()),
    }
}

fn intact(owner: &[Option<usize>], arrays: &[Array], stage: usize, reader: &str) -> Result<(), String> {
    let array = &arrays[stage];
    let kept = |part: &Range<usize>| {
        owner.get(part.clone()).is_some_and(|bytes| bytes.iter().all(|&o| o == Some(stage)))
    };
    if array.parts.iter().all(kept) {
        return Ok(());
    }
    Err(format!("{} is overwritten before {reader} reads it", array.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Column, Id};
    use crate::plan::avr;
    use crate::plan::memory::layout;
    use crate::plan::network::Stage;

    fn stage(name: &str, in_loop: bool, source: Source, start: Start, inputs: usize) -> Stage {
        let columns = vec![Column::default(); inputs];
        Stage {
            name: name.into(),
            in_loop,
            source,
            start,
            outputs: 300,
            folds: vec![],
            columns,
            sum: Id::first(),
            result: Id::first(),
        }
    }

    fn chat() -> Network {
        let zeros = || Start::Constant(vec![0; 300]);
        let hidden = |stage| Source::Hidden { stage, shift: 2, most: 1000 };
        let stages = vec![
            stage("query", false, Source::Trigrams { buckets: 8, bands: 1, factor: 32 }, zeros(), 8),
            stage("context", true, Source::Ngrams { buckets: 8, length: 8, factor: 32 }, Start::Stage(0), 8),
            stage("fc2", true, hidden(1), zeros(), 300),
            stage("fc3", true, hidden(2), zeros(), 300),
            stage("fc4", true, hidden(3), zeros(), 300),
        ];
        let answer = Answer::Chat { charset: vec![0; 300], context: 8, max_reply: 50 };
        Network { name: "test".into(), stages, shift: 2, answer }
    }

    #[test]
    fn what_the_planner_lays_out_is_accepted_and_shares_pages() {
        let network = chat();
        let memory = layout(&network, None, 64);
        assert_eq!(check_memory(&network, &memory), Ok(()));
        assert_eq!(memory.buffers[4].offset, memory.buffers[1].offset, "fc4 can lie where context was");
        assert_ne!(
            memory.buffers[2].offset, memory.buffers[0].offset,
            "the query's sums live through the loop"
        );
    }

    #[test]
    fn a_buffer_on_another_is_refused() {
        let network = chat();
        let good = layout(&network, None, 64);
        for (a, b) in [(1, 0), (2, 1), (3, 2), (4, 0)] {
            let mut bad = good.clone();
            bad.buffers[a].offset = bad.buffers[b].offset;
            let error = check_memory(&network, &bad).expect_err("the arrays live at the same time");
            assert!(error.contains("is overwritten before"), "{error}");
        }
        let mut bad = good.clone();
        let text = network.stages.len();
        bad.buffers[text].offset = bad.buffers[text + 1].offset;
        assert_eq!(check_memory(&network, &bad), Err("query_text and line overlap".into()));
        let mut bad = good;
        bad.buffers[2].size -= PAGE;
        assert_eq!(check_pages(&network, &bad, &|_| false), Err("fc2_acc is too small".into()));
    }

    #[test]
    fn tiles_in_ram_are_accepted_and_share_bytes() {
        let network = chat();
        for start in [0x60, 0x100, 0x200] {
            let memory = avr::layout(&network, None, start, 62);
            assert_eq!(check_tiles(&network, &memory, &|_| false), Ok(()), "{start:#x}");
            assert_eq!(check_memory(&network, &memory), Ok(()), "{start:#x}");
            let bytes: usize = memory.buffers.iter().map(|b| b.size).sum();
            assert!(memory.size < bytes, "arrays that never live together share bytes");
        }
    }

    #[test]
    fn tiles_in_the_wrong_place_are_refused() {
        let network = chat();
        let good = avr::layout(&network, None, 0x100, 62);
        let high = |stage| good.buffers.iter().rposition(|b| b.stage == Some(stage)).expect("it has parts");
        let said = |bad: &Memory| check_tiles(&network, bad, &|_| false).expect_err("it is broken");
        let mut bad = good.clone();
        bad.buffers[high(3)].offset += 1;
        assert_eq!(said(&bad), "fc3_acc is too small");
        let mut bad = good.clone();
        bad.tiles[3][0].1 += 1;
        bad.buffers[high(3)].size += 1;
        assert_eq!(said(&bad), "fc3_acc has its high bytes at other places in their page");
        let mut bad = good.clone();
        (bad.tiles[2][0].0, bad.buffers[2].offset) = (bad.tiles[2][0].0 + 1, bad.buffers[2].offset + 1);
        assert_eq!(said(&bad), "fc2_acc has its high bytes at other places in their page");
        let mut bad = good.clone();
        bad.tiles[4][0].1 = bad.tiles[4][0].0;
        assert_eq!(said(&bad), "fc4_acc has no bytes where it counts in bytes, or else no high ones");
        let (from, to) = (good.buffers[0].offset, high(2));
        let mut bad = good;
        bad.buffers[to].offset = from;
        let error = check_memory(&network, &bad).expect_err("the query's sums live through the loop");
        assert!(error.contains("is overwritten before"), "{error}");
    }
}
