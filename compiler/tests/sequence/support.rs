//! Public files that are not in the repository, random numbers, and llama2.c's tokenizer.

use std::collections::HashMap;
use std::path::Path;

/// A file of `shared/sequence`. Where it is not there the test that asks is skipped, or fails if `MLC_REQUIRE_TOOLS`
/// is set.
pub fn shared(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/sequence").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) if std::env::var_os("MLC_REQUIRE_TOOLS").is_some() => {
            panic!("{}: {error}", path.display())
        }
        Err(_) => {
            eprintln!("skipped: {} is not there", path.display());
            None
        }
    }
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// From -1 to 1.
    pub fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub fn floats(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count).map(|_| self.float() * scale).collect()
    }
}

/// llama2.c's `tok512.bin`.
pub struct Tokenizer {
    scores: Vec<f32>,
    pieces: Vec<Vec<u8>>,
    ids: HashMap<Vec<u8>, usize>,
}

impl Tokenizer {
    pub fn new(bytes: &[u8]) -> Self {
        let mut rest = &bytes[4..];
        let (mut scores, mut pieces) = (Vec::new(), Vec::new());
        while !rest.is_empty() {
            let length = i32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
            scores.push(f32::from_le_bytes(rest[..4].try_into().unwrap()));
            pieces.push(rest[8..8 + length].to_vec());
            rest = &rest[8 + length..];
        }
        let ids = pieces.iter().enumerate().rev().map(|(id, piece)| (piece.clone(), id)).collect();
        Self { scores, pieces, ids }
    }

    /// BOS, a space, code points (else bytes + 3), then merges: the best score first, the leftmost of ties.
    pub fn encode(&self, text: &str) -> Vec<usize> {
        let mut tokens = vec![1];
        for c in format!(" {text}").chars() {
            let bytes = c.to_string().into_bytes();
            match self.ids.get(&bytes) {
                Some(&id) => tokens.push(id),
                None => tokens.extend(bytes.iter().map(|&byte| usize::from(byte) + 3)),
            }
        }
        loop {
            let mut best: Option<(f32, usize, usize)> = None;
            for (at, pair) in tokens.windows(2).enumerate() {
                let joined = [self.pieces[pair[0]].as_slice(), &self.pieces[pair[1]]].concat();
                let Some(&id) = self.ids.get(&joined) else { continue };
                if best.is_none_or(|(score, ..)| self.scores[id] > score) {
                    best = Some((self.scores[id], at, id));
                }
            }
            let Some((_, at, id)) = best else { return tokens };
            tokens.splice(at..at + 2, [id]);
        }
    }
}

/// The first of the largest.
pub fn greedy(logits: &[f32]) -> usize {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter().position(|&v| v == most).expect("a maximum")
}
