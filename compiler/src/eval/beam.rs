//! Beam search: of several replies that grow side by side the likeliest, where a program takes the likeliest token each time.
//!
//! Each step makes of every reply as many longer ones as the beam is wide, and keeps the likeliest so many of all. Replies that
//! have ended wait until there are as many as the beam is wide. Then the one with the largest mean log likelihood of its tokens,
//! the end mark among them, is taken: the usual length penalty of 1.

use super::Session;
use crate::arithmetic::choose::log_probability;
use crate::ir::{Graph, TypeError, build_scoring};
use crate::model::{Model, Story, Turns};
use crate::tokens::Tokenizer;

/// Most replies side by side.
pub const MOST_WIDE: usize = 4;

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
    /// What was read, in the graph of [`graph`].
    session: Session<'a>,
}

/// A reply that grows.
#[derive(Clone)]
struct Reply<'a> {
    session: Session<'a>,
    /// Behind what was read.
    logits: Vec<f32>,
    tokens: Vec<u32>,
    /// Of its tokens, in nats.
    likelihood: f64,
}

impl<'a> Beam<'a> {
    /// One of 1 to [`MOST_WIDE`] replies. The story has no tools and draws nothing.
    ///
    /// # Panics
    /// For a model of another family.
    pub fn new(model: &'a Model, graph: &'a Graph, width: usize) -> Self {
        let (reader, _, story) = model.sequence().expect("the caller has a sequence model");
        let tokenizer = &reader.tokenizer;
        let lines = if story.turns.is_some() { tokenizer.bare() } else { tokenizer.clone() };
        Self { story, lines, printed: story.printed(tokenizer), width, session: Session::new(graph) }
    }

    /// Begins a new conversation.
    pub fn clear(&mut self) {
        self.session.clear();
    }

    /// The bytes of the reply to a line, and how many tokens it has, the end mark included.
    pub fn ask(&mut self, line: &[u8]) -> (Vec<u8>, usize) {
        let keeps = Turns::is_kept(self.story.turns.as_ref());
        if keeps && line.eq_ignore_ascii_case(super::CLEAR.as_bytes()) {
            self.clear();
            return (Vec::new(), 0);
        }
        if !keeps {
            self.clear();
        }
        let waiting = self.framed(line);
        if waiting.is_empty() {
            return (Vec::new(), 0);
        }
        let logits = self.read(&waiting);
        let start = Reply { session: self.session.clone(), logits, tokens: Vec::new(), likelihood: 0.0 };
        let best = self.search(start);
        let is_shown = |token: &&u32| !self.story.ends.contains(token);
        let shown = best.tokens.iter().filter(is_shown);
        let text = shown.flat_map(|&token| &self.printed[token as usize]).copied().collect();
        self.session = best.session;
        (text, best.tokens.len())
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

    fn read(&mut self, tokens: &[u32]) -> Vec<f32> {
        read(&mut self.session, tokens, self.story.logit_bits)
    }

    fn search(&self, start: Reply<'a>) -> Reply<'a> {
        let most = usize::from(self.story.most);
        let (mut growing, mut ended): (Vec<Reply>, Vec<Reply>) = (vec![start], Vec::new());
        while !growing.is_empty() && ended.len() < self.width {
            let mut next = Vec::new();
            for (token, likelihood, from) in self.continuations(&growing) {
                let Reply { session, tokens, .. } = &growing[from];
                let tokens = [tokens.as_slice(), &[token]].concat();
                let mut reply = Reply { session: session.clone(), logits: Vec::new(), tokens, likelihood };
                // Behind the last position a token is written and not read; what ends a reply is not read at all.
                if self.story.ends.contains(&token) || session.position() >= most {
                    ended.push(reply);
                    continue;
                }
                reply.logits = read(&mut reply.session, &[token], self.story.logit_bits);
                next.push(reply);
            }
            growing = next;
        }
        ended.truncate(self.width);
        let mean = |reply: &Reply| reply.likelihood / reply.tokens.len() as f64;
        // The first of equals.
        let best =
            ended.into_iter().reduce(|best, other| if mean(&other) > mean(&best) { other } else { best });
        best.expect("a reply ends where positions do")
    }

    /// The likeliest next tokens of all replies, with the likelihoods that they lead to and the reply that each is of; of
    /// equals those of the reply that was likelier, then the smallest token.
    fn continuations(&self, growing: &[Reply]) -> Vec<(u32, f64, usize)> {
        let mut all = Vec::new();
        for (from, reply) in growing.iter().enumerate() {
            let mut order: Vec<u32> = (0..reply.logits.len() as u32).collect();
            let logit = |token: u32| reply.logits[token as usize];
            order.sort_by(|&a, &b| logit(b).total_cmp(&logit(a)).then(a.cmp(&b)));
            order.truncate(self.width);
            let of = |token| (token, reply.likelihood + log_probability(&reply.logits, token as usize), from);
            all.extend(order.into_iter().map(of));
        }
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all.truncate(self.width);
        all
    }
}

/// Lets a network read tokens, one at least; gives the logits behind the last, in nats.
fn read(session: &mut Session, tokens: &[u32], logit_bits: u8) -> Vec<f32> {
    let unit = 1.0 / f32::from(1u16 << logit_bits);
    let mut last = Vec::new();
    session.read(tokens, &mut |logits| last = logits.iter().map(|&l| l as f32 * unit).collect());
    last
}
