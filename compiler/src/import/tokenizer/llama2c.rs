//! `tokenizer.bin` of llama2.c: a SentencePiece vocabulary with scores.
//!
//! Source: `export` in `tokenizer.py` and `build_tokenizer`, `encode`, `decode` in `run.c` of karpathy/llama2.c. Little
//! endian: int32 length of the longest token; then for each token float32 score, int32 length, bytes. Token 0 is
//! `<unk>`, 1 BOS, 2 EOS, 3 to 258 the bytes as `<0x00>` to `<0xFF>`; spaces are spaces.

use crate::tokens::error::at_most;
use crate::tokens::{
    Alphabet, Fallback, LeadingSpace, MOST_FILE, MOST_MERGES, MOST_PIECE, MOST_TOKENS, Merges, Problem, Rule,
    Scheme, Special, Tokenizer, TokensError, Unit,
};
use std::collections::BTreeMap;

/// Tokens that no text makes: `<unk>`, BOS and EOS.
const CONTROLS: usize = 3;
/// The token of byte 0.
const BYTES: usize = 3;
/// Pairs merge where the joined score is above this (`best_score` in `run.c`).
const LEAST_SCORE: f32 = -1e10;

/// Reads a `tokenizer.bin` of `vocabulary` tokens, a number that the network's file states.
///
/// Errors: the file is truncated or too long for this vocabulary, or its tokens are not those of the format.
pub fn read(file: &str, bytes: &[u8], vocabulary: usize) -> Result<Tokenizer, TokensError> {
    read_problem(bytes, vocabulary).map_err(|problem| TokensError::new(file, problem))
}

fn read_problem(bytes: &[u8], vocabulary: usize) -> Result<Tokenizer, Problem> {
    at_most("the file", bytes.len(), MOST_FILE, "bytes")?;
    at_most("the vocabulary", vocabulary, MOST_TOKENS, "tokens")?;
    if vocabulary < BYTES + 256 {
        return Err(Problem::FewTokens { tokens: vocabulary });
    }
    let (texts, scores) = tokens(bytes, vocabulary)?;
    for byte in 0..=255u8 {
        let (token, wants) = (BYTES + usize::from(byte), format!("<0x{byte:02X}>"));
        if texts[token] != wants.as_bytes() {
            let found = String::from_utf8_lossy(texts[token]).into_owned();
            return Err(Problem::ByteToken { token, found, wants });
        }
    }
    let mut start = BTreeMap::new();
    let mut ids = BTreeMap::new();
    for (id, &text) in texts.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
        if let Some(first) = ids.insert(text, id) {
            let token = String::from_utf8_lossy(text).into_owned();
            return Err(Problem::SameToken { token, first, second: id });
        }
        if id >= CONTROLS && Unit::Character.first(text) == text.len() {
            start.insert(text.to_vec(), id as u32);
        }
    }
    let ranks = ranks(&scores);
    // Controls are taken out by an empty text: they are in no pair.
    let pairs: Vec<(&[u8], Option<u32>)> = texts
        .iter()
        .zip(ranks)
        .enumerate()
        .map(|(id, (&text, rank))| if id < CONTROLS { (&[][..], None) } else { (text, rank) })
        .collect();
    let merges = Merges::of_texts(&pairs, MOST_MERGES).ok_or(Problem::TooMany {
        field: "the merges".into(),
        found: MOST_MERGES + 1,
        most: MOST_MERGES,
        what: "merges",
    })?;
    Ok(tokenizer(&texts, start, merges))
}

/// Texts and scores of all tokens.
fn tokens(bytes: &[u8], vocabulary: usize) -> Result<(Vec<&[u8]>, Vec<f32>), Problem> {
    let truncated = |token| Problem::Truncated { token, vocabulary };
    let (longest, mut rest) = bytes.split_first_chunk().ok_or(truncated(0))?;
    let longest = i64::from(i32::from_le_bytes(*longest));
    if longest > MOST_PIECE as i64 {
        let (token, most) = ("the longest token".into(), MOST_PIECE);
        return Err(Problem::TooLong {
            field: "the first number".into(),
            token,
            length: longest as usize,
            most,
        });
    }
    // A token takes at least eight bytes, so this is no more than the file.
    let mut texts = Vec::with_capacity(vocabulary.min(bytes.len() / 8));
    let mut scores = Vec::with_capacity(texts.capacity());
    for token in 0..vocabulary {
        let (score, behind) = rest.split_first_chunk().ok_or(truncated(token))?;
        let (length, behind) = behind.split_first_chunk().ok_or(truncated(token))?;
        let (score, length) = (f32::from_le_bytes(*score), i64::from(i32::from_le_bytes(*length)));
        if !(0..=longest).contains(&length) {
            return Err(Problem::Length { token, length, longest });
        }
        if !score.is_finite() {
            return Err(Problem::Score { token, score: score.to_string() });
        }
        let (text, behind) = behind.split_at_checked(length as usize).ok_or(truncated(token))?;
        texts.push(text);
        scores.push(score);
        rest = behind;
    }
    match rest.len() {
        0 => Ok((texts, scores)),
        bytes => Err(Problem::Overlong { bytes, vocabulary }),
    }
}

/// Scores as ranks: the best is 0, equal ones share one. `None` where a score is too low to merge at all.
fn ranks(scores: &[f32]) -> Vec<Option<u32>> {
    // 0.0 and -0.0 are the same score.
    let key = |score: f32| score + 0.0;
    let mut sorted: Vec<f32> = scores.iter().map(|&score| key(score)).collect();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    sorted.dedup();
    let rank = |score: f32| sorted.partition_point(|&other| other > key(score)) as u32;
    scores.iter().map(|&score| (score > LEAST_SCORE).then(|| rank(score))).collect()
}

/// Puts the parts together.
fn tokenizer(texts: &[&[u8]], start: BTreeMap<Vec<u8>, u32>, merges: Merges) -> Tokenizer {
    let piece = |(id, text): (usize, &&[u8])| match id {
        0..CONTROLS => Vec::new(),
        _ if (BYTES..BYTES + 256).contains(&id) => vec![(id - BYTES) as u8],
        _ => text.to_vec(),
    };
    Tokenizer {
        pieces: texts.iter().enumerate().map(piece).collect(),
        specials: vec![Special::control(0, "<unk>"), Special::control(1, "<s>"), Special::control(2, "</s>")],
        rules: vec![Rule::Prepend(b" ".to_vec())],
        prefix: None,
        splits: Vec::new(),
        alphabet: Alphabet {
            unit: Unit::Character,
            start,
            fallback: Fallback::Bytes((0..256).map(|byte| byte + BYTES as u32).collect()),
        },
        scheme: Scheme::Merged { merges, whole: BTreeMap::new() },
        leading: LeadingSpace::AfterBos,
        bos: Some(1),
        eos: Some(2),
        unknown: Some(0),
        adds_bos: true,
        adds_eos: false,
    }
}
