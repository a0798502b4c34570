//! How many replies end by themselves.

use super::chunk::Chunk;
use super::example::Example;
use super::figures::{CHUNK, chosen};
use super::integer::{Integer, Memory};
use super::task::Texts;
use crate::threads;
use mlc_compiler::model::{Model, Story};
use std::sync::atomic::{AtomicBool, Ordering};

/// Most replies that are written, and most tokens of one: all would take long.
const MOST: usize = 500;
const LONGEST: usize = 256;
/// Fewest of them, if there are so many, and how often a token is read for the others: where replies may be long, there are few.
const FEWEST: usize = 16;
const PASSES: usize = 1 << 22;

/// Replies that a network wrote token by token, the first of the largest logits each time, behind what the data has before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ends {
    /// Replies that were begun.
    pub replies: usize,
    /// Those with an end mark before the model's most tokens, and before 256 of their own.
    pub ended: usize,
}

/// A reply that grows: the tokens that are read, and one more, which is to be foretold.
struct Reply {
    tokens: Example,
    /// Tokens of its own that are read.
    written: usize,
    ended: bool,
    /// No token follows.
    closed: bool,
}

/// Lets a model write the replies in the first of these texts, on so many threads. `None`: it is no sequence model, it has no end mark,
/// it gives labels, it calls tools, whose answers nobody gives here, or `stop` was set meanwhile.
pub fn ends(model: &Model, texts: &Texts, threads: usize, stop: &AtomicBool) -> Option<Ends> {
    let (_, body, story) = model.sequence()?;
    if story.ends.is_empty() || story.classifies() || !story.tools.is_empty() {
        return None;
    }
    let most = usize::from(story.most);
    let enough = (PASSES / (most * most.min(LONGEST))).clamp(FEWEST, MOST);
    let mut replies: Vec<Reply> = texts.examples.iter().flat_map(begun).take(enough).collect();
    let network = Integer::new(body);
    loop {
        let mut open: Vec<&mut Reply> = replies.iter_mut().filter(|reply| !reply.closed).collect();
        if open.is_empty() {
            break;
        }
        if stop.load(Ordering::SeqCst) {
            return None;
        }
        let share = threads::share(open.len(), threads);
        threads::each(open.chunks_mut(share).collect(), |part| {
            let (mut chunk, mut memory) = (Chunk::default(), Memory::default());
            for few in part.chunks_mut(CHUNK) {
                chunk.fill(few.iter().map(|reply| &reply.tokens));
                network.run(&chunk, &mut memory);
                let width = memory.logits.len() / few.len();
                for (reply, logits) in few.iter_mut().zip(memory.logits.chunks_exact(width)) {
                    reply.take(chosen(logits), story);
                }
            }
        });
    }
    Some(Ends { replies: replies.len(), ended: replies.iter().filter(|reply| reply.ended).count() })
}

/// The replies of a text, each behind the text's own tokens: at tokens that count, behind one that does not.
fn begun(example: &Example) -> impl Iterator<Item = Reply> {
    let begins = (1..example.tokens.len()).filter(|&i| example.counts[i] && !example.counts[i - 1]);
    begins.map(|begin| {
        let mut tokens = Example::default();
        tokens.tokens.extend_from_slice(&example.tokens[..=begin]);
        tokens.counts.resize(begin, false);
        tokens.counts.push(true);
        Reply { tokens, written: 0, ended: false, closed: false }
    })
}

impl Reply {
    /// The network foretold `token`.
    fn take(&mut self, token: u32, story: &Story) {
        let Example { tokens, counts } = &mut self.tokens;
        let read = tokens.len() - 1;
        self.ended = story.ends.contains(&token);
        // So many tokens are read, and one more is foretold behind the last.
        self.closed = self.ended || read >= usize::from(story.most) || self.written >= LONGEST;
        if !self.closed {
            self.written += 1;
            tokens[read] = token;
            tokens.push(token);
            counts.insert(0, false);
        }
    }
}
