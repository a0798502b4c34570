//! Checks a memory map without trusting the code that made it: plays the program forward, notes which
//! stage wrote each byte last, and demands that whoever reads an array finds it as it was left.
//!
//! Checked: arrays start on a page and have room for all outputs; no byte of an array that is still to be
//! read is written by another stage, over two rounds of the loop; buffers that are kept always overlap
//! nothing; nothing lies behind the end.

use super::memory::{Buffer, Memory, PAGE};
use super::network::{Network, Source, Start};
use super::{Plan, PlanError};

/// Checks the memory map of a plan.
///
/// # Errors
/// [`PlanError::Memory`] with the first contradiction.
pub fn check(plan: &Plan) -> Result<(), PlanError> {
    check_memory(&plan.network, &plan.memory).map_err(PlanError::Memory)
}

fn check_memory(network: &Network, memory: &Memory) -> Result<(), String> {
    let arrays = &memory.buffers[..network.stages.len()];
    for (i, (stage, array)) in network.stages.iter().zip(arrays).enumerate() {
        let last = memory.accumulator(i, stage.outputs - 1).1;
        let wants_spill = matches!(stage.source, Source::Hidden { most, .. } if most > 255);
        let spill = if wants_spill { PAGE } else { 0 };
        if array.offset % PAGE != 0 || last / PAGE * PAGE + PAGE + spill > array.size {
            return Err(format!("{} is not aligned or too small", array.name));
        }
    }
    let mut owner: Vec<Option<usize>> = vec![None; memory.size];
    let once = (0..network.stages.len()).filter(|&i| !network.stages[i].in_loop);
    let round = || (0..network.stages.len()).filter(|&i| network.stages[i].in_loop);
    for i in once.chain(round()).chain(round()) {
        run_stage(network, arrays, &mut owner, i)?;
    }
    let output = network.stages.len() - 1;
    intact(&owner, arrays, output, "argmax")?;
    for (i, buffer) in memory.buffers.iter().enumerate().skip(network.stages.len()) {
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
    arrays: &[Buffer],
    owner: &mut [Option<usize>],
    i: usize,
) -> Result<(), String> {
    let stage = &network.stages[i];
    if let Start::Stage(from) = stage.start {
        intact(owner, arrays, from, &stage.name)?;
    }
    let array = &arrays[i];
    let Some(bytes) = owner.get_mut(array.offset..array.offset + array.size) else {
        return Err(format!("{} lies behind the end", array.name));
    };
    bytes.fill(Some(i));
    match stage.source {
        Source::Hidden { stage: from, .. } => intact(owner, arrays, from, &stage.name),
        Source::Trigrams { .. } | Source::Ngrams { .. } => Ok(()),
    }
}

fn intact(owner: &[Option<usize>], arrays: &[Buffer], stage: usize, reader: &str) -> Result<(), String> {
    let array = &arrays[stage];
    let bytes = owner.get(array.offset..array.offset + array.size);
    match bytes {
        Some(bytes) if bytes.iter().all(|&o| o == Some(stage)) => Ok(()),
        _ => Err(format!("{} is overwritten before {reader} reads it", array.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Column, Id};
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
            columns,
            product: Id::first(),
            sum: Id::first(),
        }
    }

    fn chat() -> Network {
        let zeros = || Start::Constant(vec![0; 300]);
        let hidden = |stage| Source::Hidden { stage, shift: 2, most: 1000 };
        let stages = vec![
            stage("query", false, Source::Trigrams { buckets: 8, factor: 32 }, zeros(), 8),
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
        let memory = layout(&network, 64);
        assert_eq!(check_memory(&network, &memory), Ok(()));
        assert_eq!(memory.buffers[3].offset, memory.buffers[1].offset, "fc3 can lie where context was");
        assert_ne!(
            memory.buffers[2].offset, memory.buffers[0].offset,
            "the query's sums live through the loop"
        );
    }

    #[test]
    fn a_buffer_on_another_is_refused() {
        let network = chat();
        let good = layout(&network, 64);
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
        assert_eq!(check_memory(&network, &bad), Err("fc2_acc is not aligned or too small".into()));
    }
}
