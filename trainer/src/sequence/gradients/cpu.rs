//! Gradients on this machine's processor, by the adjoints in `backward` and `ops/`.

use super::{Found, Gradients};
use crate::sequence::backward::Flow;
use crate::sequence::chunk::{Chunk, GROUPS, chunks, groups};
use crate::sequence::example::Example;
use crate::sequence::ops;
use crate::sequence::ops::loss::{self, Target};
use crate::sequence::pass::Net;
use crate::sequence::ranges::Ranges;
use crate::sequence::tape::Tape;
use crate::sequence::teacher::Teacher;
use crate::threads;
use std::sync::Mutex;

/// This machine's processor: the same bits, whatever the number of threads.
pub(crate) struct Cpu<'a> {
    threads: usize,
    teacher: Option<&'a Teacher>,
    groups: Vec<Group>,
}

/// A part of a batch, and what is needed to compute its gradients. Its memory is used again.
#[derive(Debug, Default)]
struct Group {
    chunk: Chunk,
    tape: Tape,
    flow: Flow,
    /// What the teacher computes, if there is one.
    lesson: Tape,
    found: Found,
}

impl<'a> Cpu<'a> {
    pub(crate) fn new(threads: usize, teacher: Option<&'a Teacher>) -> Self {
        Self { threads, teacher, groups: (0..GROUPS).map(|_| Group::default()).collect() }
    }
}

impl Gradients for Cpu<'_> {
    fn of_batch(&mut self, net: &Net, examples: &[&Example], counted: usize) -> Option<Found> {
        let work: Vec<_> = self.groups.iter_mut().zip(groups(examples)).enumerate().collect();
        let used = work.len();
        let queue = Mutex::new(work.into_iter());
        let teacher = self.teacher;
        threads::each(vec![(); self.threads.min(used)], |()| {
            loop {
                let next = queue.lock().expect("no thread panics with it").next();
                let Some((number, (group, examples))) = next else { break };
                let net = Net { dropout: net.dropout.of_group(number), ..*net };
                group.run(&net, teacher, examples, 1.0 / counted as f32);
            }
        });
        drop(queue);
        let (first, others) = self.groups[..used].split_first_mut()?;
        let mut sum = std::mem::take(&mut first.found);
        for Group { found, .. } in others {
            ops::add(&mut sum.gradients, 1.0, &found.gradients);
            sum.seen.widen(found.seen.clone());
            sum.loss += found.loss;
            sum.right += found.right;
        }
        Some(sum)
    }

    fn ranges(&mut self, net: &Net, examples: &[&Example]) -> Option<Ranges> {
        let mut seen = Ranges::new(net.layout.blocks.len());
        let Group { chunk, tape, .. } = self.groups.first_mut()?;
        for examples in chunks(examples) {
            chunk.fill(examples.iter().copied());
            net.forward(chunk, tape, &mut seen);
        }
        Some(seen)
    }
}

impl Group {
    fn run(&mut self, net: &Net, teacher: Option<&Teacher>, examples: &[&Example], factor: f32) {
        let outputs = net.shape.outputs();
        let Self { chunk, tape, flow, lesson, found } = self;
        found.gradients.clear();
        found.gradients.resize(net.layout.len, 0.0);
        found.seen = Ranges::new(net.layout.blocks.len());
        (found.loss, found.right) = (0.0, 0);
        for examples in chunks(examples) {
            chunk.fill(examples.iter().copied());
            if chunk.targets.is_empty() {
                continue;
            }
            net.forward(chunk, tape, &mut found.seen);
            if let Some(teacher) = teacher {
                teacher.forward(chunk, lesson);
            }
            let rows = tape.logits.chunks_exact_mut(outputs).enumerate();
            for ((row, logits), &(_, token)) in rows.zip(&chunk.targets) {
                let target = match teacher {
                    Some(_) => Target::Shares(&lesson.logits[row * outputs..][..outputs], token),
                    None => Target::Token(token),
                };
                let (loss, right) = loss::backward(logits, target, factor);
                found.loss += loss;
                found.right += usize::from(right);
            }
            net.backward(chunk, tape, flow, &mut found.gradients);
        }
    }
}
