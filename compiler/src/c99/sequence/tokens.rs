//! What the C of a sequence model must know of its tokenizer.

use super::arrays::{Arrays, unsigned};
use crate::tokens::{
    Fallback, Merge, Rule, Split, Tokenizer, Unit, dense_ranks, fold, ranks_are_those_of_tokens,
};
use serde::Serialize;

/// Bytes in flash.
#[derive(Serialize)]
struct Bytes {
    name: String,
    size: usize,
}

/// A step of rewriting a text.
#[derive(Serialize)]
struct Step {
    /// `prepend`, `replace`, `lower`, `upper` or `fold`.
    kind: &'static str,
    from: Option<Bytes>,
    to: Option<Bytes>,
}

/// Where a text is cut into words.
#[derive(Serialize)]
struct Cut {
    before: bool,
    after: bool,
    at: Bytes,
}

/// A table of merges, by pairs.
#[derive(Serialize)]
struct MergeTable {
    left: String,
    right: String,
    merged: String,
    /// Where it is not the order of the merged tokens.
    rank: Option<String>,
    /// The macro that reads one, and its type.
    rank_at: &'static str,
    rank_type: &'static str,
    count: usize,
}

/// All about a tokenizer.
#[derive(Serialize)]
pub struct TokenizerContext {
    bos: Option<u32>,
    eos: Option<u32>,
    steps: Vec<Step>,
    /// A step of a kind.
    prepends: bool,
    replaces: bool,
    folds: bool,
    prefix: Option<Bytes>,
    cut: Option<Cut>,
    /// A byte is a character.
    by_byte: bool,
    keys: String,
    keys_at: &'static str,
    ids: String,
    characters: usize,
    /// `bytes`, `unknown` or `refuse`.
    fallback: &'static str,
    /// The token of byte 0, where those of the others follow.
    first_byte: Option<u32>,
    byte_ids: Option<String>,
    unknown: u32,
    fuse: bool,
    merges: Option<MergeTable>,
    /// Most bytes of a text after its rules, and of one character.
    text: usize,
    one: usize,
    pieces: String,
    piece_ends: String,
    piece_ends_at: &'static str,
    #[serde(skip)]
    max_piece: usize,
}

impl TokenizerContext {
    /// Most bytes of a text that is prepared.
    pub fn text(&self) -> usize {
        self.text
    }

    /// Most bytes of a piece.
    pub fn max_piece(&self) -> usize {
        self.max_piece
    }

    /// Whether characters without a token are left out, for which the text as it was is kept.
    pub fn keeps_source(&self) -> bool {
        self.fallback == "refuse"
    }
}

/// The macro that reads elements of so many bits.
fn reader(bits: u32) -> &'static str {
    match bits {
        8 => "BYTE_AT",
        16 => "WORD_AT",
        _ => "LONG_AT",
    }
}

/// The context of a tokenizer whose prompts have `longest` bytes. `token` is the C type of a token.
///
/// Error: what of it there is no C for.
pub fn context(
    tokenizer: &Tokenizer,
    longest: usize,
    token: &'static str,
    arrays: &mut Arrays,
) -> Result<TokenizerContext, &'static str> {
    check(tokenizer)?;
    let folds = match tokenizer.rules.contains(&Rule::Lower) {
        true => fold::table(tokenizer).ok_or("rules that put all letters of Unicode in lower case")?,
        false => Vec::new(),
    };
    let alphabet = &tokenizer.alphabet;
    let keys = alphabet.start.keys().map(|key| key.iter().fold(0, |key, &byte| key << 8 | u32::from(byte)));
    let mut start: Vec<(u32, u32)> = keys.zip(alphabet.start.values().copied()).collect();
    start.sort_unstable();
    let (keys, ids): (Vec<u32>, Vec<u32>) = start.into_iter().unzip();
    let (keys, keys_bits) = arrays.unsigned("characters", &keys);
    let count = ids.len();
    let mut of_type =
        |name: &str, numbers: &[u32]| arrays.add(token, name, numbers.iter().map(|&n| n.into()));
    let ids = of_type("character_tokens", &ids);
    let (fallback, first_byte, byte_ids, unknown, fuse) = match &alphabet.fallback {
        Fallback::Bytes(tokens) => {
            let first = tokens.first().copied().filter(|first| (*first..).zip(tokens).all(|(a, b)| a == *b));
            let table = first.is_none().then(|| of_type("byte_tokens", tokens));
            ("bytes", first, table, 0, false)
        }
        Fallback::Unknown { id, fuse } => ("unknown", None, None, *id, *fuse),
        Fallback::Refuse => ("refuse", None, None, 0, false),
    };
    let merges = merges(tokenizer, token, arrays);
    let steps: Vec<Step> = tokenizer.rules.iter().map(|rule| step(rule, &folds, arrays)).collect();
    let of_kind = |kind: &str| steps.iter().any(|step| step.kind == kind);
    let prefix = tokenizer.prefix.as_ref().filter(|prefix| !prefix.text.is_empty());
    let ends = tokenizer.pieces.iter().scan(0u32, |end, piece| {
        *end += piece.len() as u32;
        Some(*end)
    });
    let ends: Vec<u32> = std::iter::once(0).chain(ends).collect();
    let (piece_ends, ends_bits) = arrays.unsigned("piece_ends", &ends);
    Ok(TokenizerContext {
        bos: tokenizer.bos.filter(|_| tokenizer.adds_bos),
        eos: tokenizer.eos.filter(|_| tokenizer.adds_eos),
        prepends: of_kind("prepend") || prefix.is_some(),
        replaces: of_kind("replace"),
        folds: of_kind("fold"),
        text: grown(tokenizer, &folds, longest),
        one: grown(tokenizer, &folds, 4),
        prefix: prefix.map(|prefix| text(&prefix.text, arrays)),
        cut: tokenizer.splits.first().map(|split| cut(split, arrays)),
        steps,
        by_byte: alphabet.unit == Unit::Byte,
        keys,
        keys_at: reader(keys_bits),
        ids,
        characters: count,
        fallback,
        first_byte,
        byte_ids,
        unknown,
        fuse,
        merges,
        pieces: arrays.bytes("pieces", &tokenizer.pieces.concat()),
        piece_ends,
        piece_ends_at: reader(ends_bits),
        max_piece: tokenizer.pieces.iter().map(Vec::len).max().unwrap_or(0),
    })
}

/// Whether the templates can do what a tokenizer does.
fn check(tokenizer: &Tokenizer) -> Result<(), &'static str> {
    let cuts = |splits: &[Split]| match splits {
        [] | [Split::Before(_) | Split::After(_) | Split::Around(_)] => None,
        splits if splits.contains(&Split::Gpt2) => Some("words by GPT-2's pattern"),
        splits if splits.iter().any(|split| matches!(split, Split::Digit | Split::Digits)) => {
            Some("words that digits of Unicode cut")
        }
        _ => Some("words that are cut in several ways"),
    };
    if let Some(what) = tokenizer.lacking(cuts) {
        return Err(what);
    }
    let is_long = |key: &Vec<u8>| key.len() > 4 || key.len() > 1 && key[0] == 0;
    match tokenizer.alphabet.start.keys().any(is_long) {
        true => Err("characters that are none of UTF-8"),
        false => Ok(()),
    }
}

fn text(bytes: &[u8], arrays: &mut Arrays) -> Bytes {
    let name = format!("text_{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    Bytes { name: arrays.bytes(&name, bytes), size: bytes.len() }
}

fn step(rule: &Rule, folds: &[(Vec<u8>, Vec<u8>)], arrays: &mut Arrays) -> Step {
    let plain = |kind| Step { kind, from: None, to: None };
    match rule {
        Rule::Prepend(front) => Step { to: Some(text(front, arrays)), ..plain("prepend") },
        Rule::Replace { from, to } => {
            Step { kind: "replace", from: Some(text(from, arrays)), to: Some(text(to, arrays)) }
        }
        Rule::LowerAscii => plain("lower"),
        Rule::UpperAscii => plain("upper"),
        Rule::Lower if folds.is_empty() => plain("lower"),
        Rule::Lower => {
            let sized = |text: &Vec<u8>| [&[text.len() as u8], text.as_slice()].concat();
            let bytes: Vec<u8> =
                folds.iter().flat_map(|(from, to)| [sized(from), sized(to)].concat()).collect();
            let name = arrays.bytes("lower_letters", &bytes);
            Step { from: Some(Bytes { name, size: bytes.len() }), ..plain("fold") }
        }
        Rule::Normal(_) => unreachable!("refused"),
    }
}

fn cut(split: &Split, arrays: &mut Arrays) -> Cut {
    match split {
        Split::Before(what) => Cut { before: true, after: false, at: text(what, arrays) },
        Split::After(what) => Cut { before: false, after: true, at: text(what, arrays) },
        Split::Around(what) => Cut { before: true, after: true, at: text(what, arrays) },
        Split::Gpt2 | Split::Digit | Split::Digits => unreachable!("refused"),
    }
}

/// Most bytes that a text of so many may have at any time while it is prepared.
fn grown(tokenizer: &Tokenizer, folds: &[(Vec<u8>, Vec<u8>)], bytes: usize) -> usize {
    let replaced = |most: usize, from: usize, to: usize| most + most / from * to.saturating_sub(from);
    let after = |most: usize, rule: &Rule| match rule {
        Rule::Prepend(front) => most + front.len(),
        Rule::Replace { from, to } => replaced(most, from.len(), to.len()),
        // Each byte is in one letter at most.
        Rule::Lower => {
            let all = folds.iter().map(|(from, to)| replaced(most, from.len(), to.len()));
            all.max().unwrap_or(most)
        }
        Rule::LowerAscii | Rule::UpperAscii | Rule::Normal(_) => most,
    };
    let most = tokenizer.rules.iter().fold(bytes, after);
    most + tokenizer.prefix.as_ref().map_or(0, |prefix| prefix.text.len())
}

fn merges(tokenizer: &Tokenizer, token: &'static str, arrays: &mut Arrays) -> Option<MergeTable> {
    let list = tokenizer.merges();
    if list.is_empty() {
        return None;
    }
    let is_order = ranks_are_those_of_tokens(list);
    let ranks = dense_ranks(list);
    let mut by_pair: Vec<Merge> = list.to_vec();
    by_pair.sort_unstable_by_key(|merge| (merge.left, merge.right));
    let mut column = |name: &str, of: fn(&Merge) -> u32| {
        arrays.add(token, name, by_pair.iter().map(|merge| of(merge).into()))
    };
    let [left, right, merged] = [
        column("merge_left", |merge| merge.left),
        column("merge_right", |merge| merge.right),
        column("merge_result", |merge| merge.merged),
    ];
    let ranks: Vec<u32> = by_pair.iter().map(|merge| ranks[&merge.rank]).collect();
    let (rank_type, bits) = unsigned(ranks.iter().copied().max().unwrap_or(0));
    let (rank, rank_type, rank_at) = match is_order {
        true => (None, token, "TOKEN_AT"),
        false => (Some(arrays.unsigned("merge_rank", &ranks).0), rank_type, reader(bits)),
    };
    Some(MergeTable { left, right, merged, rank, rank_at, rank_type, count: by_pair.len() })
}
