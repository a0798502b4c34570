//! Beam search: of several replies that grow side by side the likeliest, where a program takes the likeliest token each time.
//! docs/semantics.md, *Beams*, has it to the bit.
//!
//! Each round makes of every reply as many longer ones as the beam is wide, and keeps the cheapest so many of all. Replies that
//! have ended wait until there are as many as the beam is wide. Then the one that costs the least a token is taken, the end mark
//! among them: the usual length penalty of 1.

use super::{Run, Session};
use crate::arithmetic::beam::{BeamRules, is_likelier};
use crate::ir::{Graph, TypeError, build_scoring};
use crate::model::{Choice, Model, Story, Turns};
use crate::tokens::Tokenizer;

/// The graph that a beam needs of a model.
///
/// # Errors
/// See [`crate::ir::build`].
///
/// # Panics
/// For a model of another family.
pub fn graph(model: &Model) -> Result<Graph, TypeError> {
    Ok(build_scoring(model)?.expect("the caller has a sequence model"))
}

/// A conversation with a model whose replies are searched for.
pub struct Beam<'a> {
    story: &'a Story,
    /// Of what is typed.
    lines: Tokenizer,
    /// What each token prints.
    printed: Vec<Vec<u8>>,
    width: usize,
    rules: BeamRules,
    /// What was read, in the graph of [`graph`].
    session: Session<'a>,
}

/// A reply that grows.
#[derive(Clone)]
struct Reply<'a> {
    session: Session<'a>,
    /// Behind what was read.
    logits: Vec<i16>,
    tokens: Vec<u32>,
    /// Of its tokens.
    cost: u64,
}

impl Reply<'_> {
    /// Lets the network read tokens, one at least; gives the logits behind the last as well to `seen`.
    fn read(&mut self, tokens: &[u32], seen: &mut Vec<Vec<i16>>) {
        let logits = &mut self.logits;
        self.session.read(tokens, &mut |all| *logits = all.iter().map(|&l| l as i16).collect());
        seen.push(logits.clone());
    }
}

impl<'a> Beam<'a> {
    /// One of 1 to [`crate::model::MOST_WIDE`] replies. The story has no tools and draws nothing.
    ///
    /// # Panics
    /// For a model of another family.
    pub fn new(model: &'a Model, graph: &'a Graph, width: usize) -> Self {
        let (reader, _, story) = model.sequence().expect("the caller has a sequence model");
        let tokenizer = &reader.tokenizer;
        let lines = if story.turns.is_some() { tokenizer.bare() } else { tokenizer.clone() };
        let (printed, rules) = (story.printed(tokenizer), Choice::beam_rules(story.logit_bits));
        Self { story, lines, printed, width, rules, session: Session::new(graph) }
    }

    /// Begins a new conversation.
    pub fn clear(&mut self) {
        self.session.clear();
    }

    /// The reply to a line, and the logits behind every reply that grew, in the order in which a program computes them.
    pub fn ask(&mut self, line: &[u8]) -> Run {
        let mut run = Run { is_utf8: true, ..Run::default() };
        let keeps = Turns::is_kept(self.story.turns.as_ref());
        if keeps && line.eq_ignore_ascii_case(super::CLEAR.as_bytes()) {
            self.clear();
            return run;
        }
        if !keeps {
            self.clear();
        }
        let waiting = self.framed(line);
        if waiting.is_empty() {
            return run;
        }
        let mut start =
            Reply { session: self.session.clone(), logits: Vec::new(), tokens: Vec::new(), cost: 0 };
        start.read(&waiting, &mut run.logits);
        let best = self.search(start, &mut run.logits);
        let is_shown = |token: &&u32| !self.story.ends.contains(token);
        let shown = best.tokens.iter().filter(is_shown);
        run.reply = shown.flat_map(|&token| &self.printed[token as usize]).copied().collect();
        self.session = best.session;
        run
    }

    /// The tokens of a line with those around it; clears the conversation where they would not fit, as a program does.
    fn framed(&mut self, line: &[u8]) -> Vec<u32> {
        let most = usize::from(self.story.most);
        let mut tokens = self.lines.tokens(line);
        if let (Some(turns), false) = (&self.story.turns, tokens.is_empty()) {
            if turns.is_full(self.session.position(), tokens.len(), most) {
                self.session.clear();
            }
            tokens = turns.framed(&tokens, self.session.position() == 0);
        }
        tokens.truncate(most - self.session.position());
        tokens
    }

    fn search(&self, start: Reply<'a>, seen: &mut Vec<Vec<i16>>) -> Reply<'a> {
        let most = usize::from(self.story.most);
        let (mut growing, mut ended): (Vec<Reply>, Vec<Reply>) = (vec![start], Vec::new());
        while !growing.is_empty() {
            let mut next = Vec::new();
            for (token, cost, from) in self.continuations(&growing) {
                let Reply { session, tokens, .. } = &growing[from];
                let tokens = [tokens.as_slice(), &[token]].concat();
                let reply = Reply { session: session.clone(), logits: Vec::new(), tokens, cost };
                // Behind the last position a token is written and not read; what ends a reply is not read at all.
                let is_ended = self.story.ends.contains(&token) || session.position() >= most;
                if is_ended { ended.push(reply) } else { next.push(reply) }
            }
            if ended.len() >= self.width {
                break;
            }
            for reply in &mut next {
                let last = *reply.tokens.last().expect("one was put behind it");
                reply.read(&[last], seen);
            }
            growing = next;
        }
        ended.truncate(self.width);
        let of = |reply: &Reply| (reply.cost, reply.tokens.len());
        // The first of equals.
        let best = ended
            .into_iter()
            .reduce(|best, other| if is_likelier(of(&other), of(&best)) { other } else { best });
        best.expect("a reply ends where positions do")
    }

    /// The cheapest next tokens of all replies, with the costs that they lead to and the reply that each is of; of equals
    /// those of the reply that stands first, then the smallest token.
    fn continuations(&self, growing: &[Reply]) -> Vec<(u32, u64, usize)> {
        let mut all = Vec::new();
        for (from, reply) in growing.iter().enumerate() {
            let mut order: Vec<u32> = (0..reply.logits.len() as u32).collect();
            let logit = |token: u32| i32::from(reply.logits[token as usize]);
            order.sort_by_key(|&token| (-logit(token), token));
            order.truncate(self.width);
            let (most, sum) = (logit(order[0]), self.rules.normalizer(&reply.logits));
            let of = |token| (token, reply.cost + u64::from(sum) + (most - logit(token)) as u64, from);
            all.extend(order.into_iter().map(of));
        }
        all.sort_by_key(|&(_, cost, _)| cost);
        all.truncate(self.width);
        all
    }
}
