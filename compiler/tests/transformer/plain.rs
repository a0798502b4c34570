//! The same networks once more, from what is written about them and as plainly as possible: no graph, no cache that
//! forgets, numbers of 64 bits and fractions, tables by the standard library.

use crate::transformers::{body, story, tokens};
use mlc_compiler::model::{
    Activation, Attention, Block, FeedForward, Matrix, Model, Norm, NormOrder, Output, Positions, Transformer,
};

/// What a text leads to: the logits at each token that was chosen, and the reply.
pub fn run(model: &Model, query: &[u8]) -> (Vec<Vec<i16>>, Vec<u8>) {
    let (tokenizer, story) = (&tokens(model).tokenizer, story(model));
    let most = usize::from(story.most);
    let mut text = tokenizer.tokens(query);
    text.truncate(most);
    let (mut chosen, mut reply) = (Vec::new(), Vec::new());
    let mut network = Network::new(model);
    while network.position() < text.len() {
        let unread = text[network.position()..].to_vec();
        let logits: Vec<Vec<i16>> = unread.iter().map(|&token| network.next(token)).collect();
        let logits = logits.last().expect("one waits").clone();
        let token = first_of_largest(&logits);
        chosen.push(logits);
        if story.ends.contains(&(token as u32)) {
            break;
        }
        reply.extend(&tokenizer.pieces[token]);
        // The last one is shown, but there is no position left that would read it.
        if text.len() < most {
            text.push(token as u32);
        }
    }
    (chosen, reply)
}

/// The logits behind each token, up to as many as the network takes.
pub fn score(model: &Model, text: &[u32]) -> Vec<Vec<i16>> {
    let mut network = Network::new(model);
    text.iter().take(story(model).most.into()).map(|&token| network.next(token)).collect()
}

fn first_of_largest(logits: &[i16]) -> usize {
    let largest = logits.iter().max().expect("a vocabulary is not empty");
    logits.iter().position(|logit| logit == largest).expect("it is one of them")
}

/// `value / 2^bits`, rounded to the nearest, halves up. Exact: fractions of 53 bits hold all that comes here.
fn divided(value: i64, bits: u32) -> i64 {
    assert!(value.unsigned_abs() < 1 << 40 && bits < 48);
    (value as f64 / (1u64 << bits) as f64 + 0.5).floor() as i64
}

fn sat8(value: i64) -> i64 {
    value.clamp(-128, 127)
}

fn sat16(value: i64) -> i64 {
    value.clamp(-32768, 32767)
}

/// A network in the midst of a text.
pub struct Network<'m> {
    body: &'m Transformer,
    /// Keys and values of each block in each round, a row a position.
    past: Vec<[Vec<Vec<i64>>; 2]>,
    /// Tokens that were read.
    read: Vec<u32>,
}

impl<'m> Network<'m> {
    pub fn new(model: &'m Model) -> Self {
        let body = body(model);
        Self { body, past: vec![Default::default(); body.rounds * body.blocks.len()], read: vec![] }
    }

    /// Tokens that were read.
    pub fn position(&self) -> usize {
        self.past[0][0].len()
    }

    /// Reads a token.
    pub fn next(&mut self, token: u32) -> Vec<i16> {
        let body = self.body;
        let position = self.position();
        self.read.push(token);
        let mut embedded = row(&body.embedding, token as usize);
        if let Positions::Learnt(rows) = &body.positions {
            embedded = added(&embedded, &row(rows, position));
        }
        let recursive = !body.start.is_empty();
        let mut x = if recursive { body.start.iter().map(|&v| v.into()).collect() } else { embedded.clone() };
        for round in 0..body.rounds {
            if recursive {
                x = added(&x, &embedded);
            }
            for (i, block) in body.blocks.iter().enumerate() {
                x = self.block(block, round * body.blocks.len() + i, position, &x);
            }
        }
        let narrowed = match &body.norm {
            Some(norm) => narrowed(&normed(&x, norm), norm.narrow),
            None => narrowed(&x, body.blocks[body.blocks.len() - 1].feed_forward.norm.narrow),
        };
        let mut logits = match &body.output {
            Output::Own(matrix) => product(matrix, &narrowed),
            Output::Tied { mantissas, shift } => {
                let matrix = Matrix { mantissas: mantissas.clone(), shift: *shift, ..body.embedding.clone() };
                product(&matrix, &narrowed)
            }
        };
        if let Some(prior) = &body.prior {
            let before = self.read.len().checked_sub(2).map(|at| self.read[at]);
            let pair = prior.pairs.iter().find(|pair| pair.last == token && Some(pair.before) == before);
            let row = usize::from(pair.map_or(prior.last[token as usize], |pair| pair.row));
            for (k, logit) in logits.iter_mut().enumerate() {
                let cost = i64::from(prior.costs[row * body.embedding.rows + k]);
                *logit = sat16(*logit - cost * (1 << prior.shift));
            }
        }
        logits.iter().map(|&logit| i16::try_from(logit).expect("saturated")).collect()
    }

    fn block(&mut self, block: &Block, at: usize, position: usize, x: &[i64]) -> Vec<i64> {
        let Block { attention, feed_forward } = block;
        let x =
            self.part(x, &attention.norm, |network, input| network.attention(attention, at, position, input));
        self.part(&x, &feed_forward.norm, |_, input| fed(feed_forward, input))
    }

    /// `x + f(norm(x))`, or `norm(x + f(x))`.
    fn part(&mut self, x: &[i64], norm: &Norm, f: impl FnOnce(&mut Self, &[i64]) -> Vec<i64>) -> Vec<i64> {
        match self.body.order {
            NormOrder::Pre => {
                let input = narrowed(&normed(x, norm), norm.narrow);
                added(x, &f(self, &input))
            }
            NormOrder::Post => {
                let input = narrowed(x, norm.narrow);
                normed(&added(x, &f(self, &input)), norm)
            }
        }
    }

    fn attention(&mut self, a: &Attention, at: usize, position: usize, input: &[i64]) -> Vec<i64> {
        let size = self.body.head_size;
        let (query_norm, key_norm) = match &a.head_norms {
            Some((query, key)) => (Some(query), Some(key)),
            None => (None, None),
        };
        let query = self.turned(a, &product(&a.query, input), query_norm, position);
        let key = self.turned(a, &product(&a.key, input), key_norm, position);
        let value = product(&a.value, input).into_iter().map(sat8).collect();
        let [keys, values] = &mut self.past[at];
        keys.push(key);
        values.push(value);
        // The first position, and the last ones: together as many as the window has.
        let is_seen = |&p: &usize| p == 0 || position - p < self.body.window - 1;
        let seen: Vec<usize> = (0..=position).filter(is_seen).collect();
        let mut mixed = Vec::new();
        for (head, query) in query.chunks(size).enumerate() {
            let from = head / (self.body.heads / self.body.kv_heads) * size;
            let of = |row: &[i64]| row[from..from + size].to_vec();
            let score = |&p: &usize| -> i64 { of(&keys[p]).iter().zip(query).map(|(k, q)| k * q).sum() };
            let scores: Vec<i64> = seen.iter().map(score).collect();
            let best = *scores.iter().max().expect("a position sees itself");
            let weight =
                |s: &i64| i64::from(a.weights[divided(best - s, a.score_bits.into()).min(255) as usize]);
            let weights: Vec<i64> = scores.iter().map(weight).collect();
            for i in 0..size {
                let values = seen.iter().map(|&p| of(&values[p])[i]);
                mixed.push(mean(&weights, &values.collect::<Vec<_>>()));
            }
        }
        product(&a.output, &mixed)
    }

    /// Queries or keys of 16 bits in 8: normalised where heads are, turned where positions turn.
    fn turned(&self, a: &Attention, x: &[i64], norm: Option<&Norm>, position: usize) -> Vec<i64> {
        let heads = x.chunks(self.body.head_size);
        let heads = heads.map(|head| norm.map_or(head.to_vec(), |norm| normed(head, norm)));
        let Positions::Rotary { steps } = &self.body.positions else {
            return narrowed(&heads.collect::<Vec<_>>().concat(), a.rotate_bits);
        };
        let mut turned = Vec::new();
        for head in heads {
            for (pair, &step) in head.chunks(2).zip(steps) {
                let turn = position as u64 * u64::from(step) % (1 << 24);
                let phase = divided(turn as i64, 16) % 256;
                let angle = phase as f64 * std::f64::consts::TAU / 256.0;
                let (c, s) = ((127.0 * angle.cos()).round() as i64, (127.0 * angle.sin()).round() as i64);
                let (a_side, b_side) = (pair[0] * c - pair[1] * s, pair[0] * s + pair[1] * c);
                turned.extend([a_side, b_side].map(|v| sat8(divided(v, a.rotate_bits.into()))));
            }
        }
        turned
    }
}

/// The feed-forward layer.
fn fed(layer: &FeedForward, input: &[i64]) -> Vec<i64> {
    let up = product(&layer.up, input).into_iter().map(sat8);
    let looked_up = |table: &[i8], x: i64| i64::from(table[x.rem_euclid(256) as usize]);
    let hidden: Vec<i64> = match &layer.activation {
        Activation::Relu => up.map(|u| u.max(0)).collect(),
        Activation::Table(table) => up.map(|u| looked_up(table, u)).collect(),
        Activation::Gate { matrix, table, bits } => {
            let gates = product(matrix, input).into_iter().map(sat8);
            let gated = |(g, u)| sat8(divided(looked_up(table, g) * u, u32::from(*bits)));
            gates.zip(up).map(gated).collect()
        }
    };
    product(&layer.down, &hidden)
}

/// A row of a table.
fn row(table: &Matrix, at: usize) -> Vec<i64> {
    let row = &table.values[at * table.cols..][..table.cols];
    let scaled = |&w: &i8| sat16(divided(i64::from(w) * i64::from(table.mantissas[at]), table.shift.into()));
    row.iter().map(scaled).collect()
}

/// A product in 16 bits, with its bias.
fn product(m: &Matrix, x: &[i64]) -> Vec<i64> {
    let result = |r: usize| {
        let sum: i64 = m.values[r * m.cols..][..m.cols].iter().zip(x).map(|(&w, x)| i64::from(w) * x).sum();
        let scaled = sat16(divided(sum * i64::from(m.mantissas[r]), m.shift.into()));
        sat16(scaled + m.bias.get(r).map_or(0, |&b| b.into()))
    };
    assert_eq!(x.len(), m.cols);
    (0..m.rows).map(result).collect()
}

fn added(a: &[i64], b: &[i64]) -> Vec<i64> {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| sat16(a + b)).collect()
}

fn narrowed(x: &[i64], bits: u8) -> Vec<i64> {
    x.iter().map(|&v| sat8(divided(v, bits.into()))).collect()
}

/// The root-mean-square norm, with its gain.
fn normed(x: &[i64], norm: &Norm) -> Vec<i64> {
    let largest = x.iter().map(|v| v.abs()).max().expect("a vector is not empty");
    let mut s = 0;
    while largest >> s > 255 {
        s += 1;
    }
    let squares: i64 = x.iter().map(|v| (v.abs() >> s).pow(2)).sum();
    let mut t = 0;
    while squares >> t > 255 {
        t += 2;
    }
    let root = (2040.0 / ((squares >> t) as f64 + 0.5).sqrt()).round().min(255.0) as i64;
    let x = x.iter().map(|v| sat16(divided(v * root, s + t / 2 + u32::from(norm.down))));
    match &norm.gain {
        None => x.collect(),
        Some((mantissas, shift)) => {
            x.zip(mantissas).map(|(v, &m)| sat16(divided(v * i64::from(m), (*shift).into()))).collect()
        }
    }
}

/// The mean of values by weights, of which one at least is 255.
fn mean(weights: &[i64], values: &[i64]) -> i64 {
    let total: i64 = weights.iter().sum();
    let mut n = 0;
    while total >> n > 255 {
        n += 1;
    }
    let reciprocal = (32768.0 / ((total >> n) as f64 + 0.5)).round().min(255.0) as i64;
    let sum: i64 = weights.iter().zip(values).map(|(w, v)| w * v).sum();
    sat8(divided(sum * reciprocal, 15 + n))
}
