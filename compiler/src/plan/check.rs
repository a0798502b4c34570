//! Checks a memory map without trusting the code that made it: plays the program forward, notes which
//! stage wrote each byte last, and demands that whoever reads an array finds it as it was left.
//!
//! Checked: arrays have room for all outputs where the kernels want them, in whole pages on the Z80, within pages on
//! the AVR; no byte of an array that is still to be
//! read is written by another stage, over two rounds of the loop; buffers that are kept always overlap
//! nothing; nothing lies behind the end.

use super::memory::{Buffer, Memory, PAGE};
use super::network::{Network, Source, Start};
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
    let arrays = match plan.cpu {
        Cpu::Z80 => check_pages(&plan.network, &plan.memory),
        Cpu::Avr(_) => {
            let bytes = |i| plan.narrow.as_ref().is_some_and(|n| n.counts(i));
            check_tiles(&plan.network, &plan.memory, &bytes)
        }
    };
    arrays.and_then(|()| check_memory(&plan.network, &plan.memory)).map_err(PlanError::Memory)
}

/// The Z80's arrays take whole pages.
fn check_pages(network: &Network, memory: &Memory) -> Result<(), String> {
    for (i, (stage, array)) in network.stages.iter().zip(&memory.buffers).enumerate() {
        let last = memory.accumulator(i, stage.outputs - 1).1;
        let wants_spill = matches!(stage.source, Source::Hidden { most, .. } if most > 255);
        let spill = if wants_spill { PAGE } else { 0 };
        if array.offset % PAGE != 0 || last / PAGE * PAGE + PAGE + spill > array.size {
            return Err(format!("{} is not aligned or too small", array.name));
        }
    }
    Ok(())
}

/// The AVR's: each byte in a part of its own, both bytes of an accumulator at the same place in their pages, a tile in
/// one page; behind bytes one more, in the page of the last.
fn check_tiles(network: &Network, memory: &Memory, bytes: &dyn Fn(usize) -> bool) -> Result<(), String> {
    let Some(start) = memory.start else { return Err("RAM starts nowhere".into()) };
    for (i, stage) in network.stages.iter().enumerate() {
        let array = array(memory, i);
        let inside = |at: usize| array.parts.iter().any(|part| part.contains(&at));
        let mut seen = Vec::new();
        for output in 0..stage.outputs + usize::from(bytes(i)) {
            let (low, high) = memory.accumulator(i, output);
            let [low, high] = [low, high].map(|at| at + memory.buffers[i].offset);
            let page = (start + low) / PAGE;
            let first = memory.accumulator(i, output / PAGE * PAGE).0 + memory.buffers[i].offset;
            let fits =
                inside(low) && inside(high) && (high - low) % PAGE == 0 && page == (start + first) / PAGE;
            if !fits || (low == high) != bytes(i) {
                return Err(format!("{} is in two pages or too small", array.name));
            }
            seen.push(low);
            seen.extend((high != low).then_some(high));
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() < count {
            return Err(format!("{} has two accumulators in one place", array.name));
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
    use crate::plan::network::{Answer, Stage};

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
        assert_eq!(check_pages(&network, &bad), Err("fc2_acc is not aligned or too small".into()));
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
        let mut bad = good.clone();
        bad.buffers[high(3)].offset += 1;
        let moved = "fc3_acc is in two pages or too small";
        assert_eq!(check_tiles(&network, &bad, &|_| false), Err(moved.into()));
        let mut bad = good.clone();
        bad.tiles[3][0].1 += 1;
        bad.buffers[high(3)].size += 1;
        assert_eq!(check_tiles(&network, &bad, &|_| false), Err(moved.into()));
        let mut bad = good.clone();
        (bad.tiles[2][0].0, bad.buffers[2].offset) = (bad.tiles[2][0].0 + 1, bad.buffers[2].offset + 1);
        assert!(check_tiles(&network, &bad, &|_| false).is_err(), "a tile crosses a page");
        let mut bad = good.clone();
        bad.tiles[4][0].1 = bad.tiles[4][0].0;
        assert!(check_tiles(&network, &bad, &|_| false).is_err(), "low and high bytes are the same");
        let (from, to) = (good.buffers[0].offset, high(2));
        let mut bad = good;
        bad.buffers[to].offset = from;
        let error = check_memory(&network, &bad).expect_err("the query's sums live through the loop");
        assert!(error.contains("is overwritten before"), "{error}");
    }
}
