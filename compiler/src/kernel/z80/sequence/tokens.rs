//! Text → tokens on the machine, and the pieces that are printed.

use super::emit::Emitter;
use crate::CompileError;
use crate::model::{Tokens, Turns};
use crate::tokens::{Fallback, Merge, Rule, Tokenizer, Unit, dense_ranks, fold};
use serde::Serialize;

/// Most bytes of a line.
const LINE: usize = 127;
/// No token, no rank.
const NONE: u16 = 0xFFFF;

/// What makes tokens.
pub struct Encoder {
    /// The code that turns the line into tokens, and what it calls.
    pub encode: String,
    pub rules: String,
    /// Bytes of the prompt before the first token of the text.
    pub first: usize,
    /// Most bytes of a text while it is rewritten, and most tokens.
    pub text: usize,
    pub prompt: usize,
    /// Neighbours are merged.
    pub merges: bool,
}

#[derive(Serialize)]
struct Encode {
    steps: Vec<Step>,
    refuses: bool,
    by_byte: bool,
    bos: Option<u32>,
    eos: Option<u32>,
    fallback: &'static str,
    first_byte: Option<u32>,
    unknown: u32,
    fuse: bool,
    /// 0: there are none.
    merges: usize,
    most: u16,
    turns: Option<TurnsContext>,
}

/// What frames a line, in tokens.
#[derive(Serialize)]
struct TurnsContext {
    first: usize,
    later: usize,
    after: usize,
    keeps: bool,
    room: usize,
}

#[derive(Serialize)]
struct Step {
    call: &'static str,
    text: Option<String>,
}

#[derive(Serialize)]
struct Rules {
    prepend: bool,
    prefix: bool,
    rewrite: bool,
    folds: Vec<Letters>,
    refuses: bool,
}

#[derive(Serialize)]
struct Letters {
    what: &'static str,
    first: char,
    last: char,
}

/// The encoder of a tokenizer.
///
/// # Errors
/// What of it there are no routines for.
pub fn encoder(e: &mut Emitter) -> Result<Encoder, CompileError> {
    let Tokens { tokenizer, .. } = e.site.reader;
    if let Some(what) = refused(tokenizer) {
        return Err(e.unsupported(what));
    }
    let folds = match tokenizer.rules.contains(&Rule::Lower) {
        true => fold::table(tokenizer)
            .ok_or_else(|| e.unsupported("rules that put all letters of Unicode in lower case"))?,
        false => Vec::new(),
    };
    let text = grown(tokenizer, &folds);
    let steps = steps(e, tokenizer, &folds);
    pieces(e);
    let alphabet = &tokenizer.alphabet;
    let (fallback, first_byte, unknown, fuse) = match &alphabet.fallback {
        Fallback::Bytes(ids) => {
            let first = ids.first().copied().filter(|first| (*first..).zip(ids).all(|(a, b)| a == *b));
            if first.is_none() {
                e.words("tokens_bytes", ids.iter().map(|&id| id as u16));
            }
            ("bytes", first, 0, false)
        }
        Fallback::Unknown { id, fuse } => ("unknown", None, *id, *fuse),
        Fallback::Refuse => ("refuse", None, 0, false),
    };
    characters(e, tokenizer);
    merges(e, tokenizer);
    let refuses = fallback == "refuse";
    let turns = turns(e);
    let (bos, eos) = match turns {
        // What stands around a line is the turn's business.
        Some(_) => (None, None),
        None => (tokenizer.bos.filter(|_| tokenizer.adds_bos), tokenizer.eos.filter(|_| tokenizer.adds_eos)),
    };
    let (lead, around) = match &turns {
        Some(turns) => (turns.first.max(turns.later), turns.first.max(turns.later) + turns.after),
        None => (usize::from(bos.is_some()), 0),
    };
    let has = |call: &str| steps.iter().any(|step| step.call == call);
    let letters = [('A', 'Z', "small", "tokens_small"), ('a', 'z', "capital", "tokens_capital")];
    let letters = letters.into_iter().filter(|(.., call)| has(call));
    let rules = Rules {
        prepend: has("tokens_prepend"),
        prefix: has("tokens_prefix"),
        rewrite: has("tokens_rewrite"),
        folds: letters.map(|(first, last, what, _)| Letters { what, first, last }).collect(),
        refuses,
    };
    let encode = Encode {
        steps,
        refuses,
        by_byte: alphabet.unit == Unit::Byte,
        bos,
        eos,
        fallback,
        first_byte,
        unknown,
        fuse,
        merges: tokenizer.merges().len(),
        most: e.site.story.most,
        turns,
    };
    Ok(Encoder {
        encode: e.call("tokens.asm", "encode", encode)?,
        rules: e.call("rewrite.asm", "rules", rules)?,
        first: 2 * lead,
        text,
        prompt: (text + 2 + around).max(e.site.story.longest_call()),
        merges: !tokenizer.merges().is_empty(),
    })
}

/// What frames a line, and its tokens among the constants.
fn turns(e: &mut Emitter) -> Option<TurnsContext> {
    let story = e.site.story;
    let turns @ Turns { start, before, after, close, keeps } = story.turns.as_ref()?;
    let (first, later) = ([&start[..], before].concat(), [&close[..], before].concat());
    let mut list = |label: &str, tokens: &[u32]| {
        if !tokens.is_empty() {
            e.words(label, tokens.iter().map(|&token| token as u16));
        }
        tokens.len()
    };
    Some(TurnsContext {
        first: list("turn_first", &first),
        later: if *keeps { list("turn_later", &later) } else { 0 },
        after: list("turn_after", after),
        keeps: *keeps,
        room: turns.room(story.most.into()),
    })
}

/// What there are no routines for.
fn refused(tokenizer: &Tokenizer) -> Option<&'static str> {
    let rules = &tokenizer.rules;
    let alphabet = &tokenizer.alphabet;
    let sizes = |size: &dyn Fn(&[u8]) -> bool| {
        let of = |rule: &Rule| match rule {
            Rule::Prepend(text) => size(text),
            Rule::Replace { from, to } => size(from) && size(to),
            _ => true,
        };
        rules.iter().all(of) && tokenizer.prefix.iter().all(|prefix| size(&prefix.text))
    };
    let limits = [
        (sizes(&|text| text.len() < 256), "rules with texts of more than 255 bytes"),
        (tokenizer.prefix.iter().all(|prefix| !prefix.text.is_empty()), "an empty prefix"),
        (alphabet.start.keys().all(|key| (1..=4).contains(&key.len())), "characters of more than four bytes"),
        (tokenizer.pieces.iter().all(|piece| piece.len() < 256), "tokens of more than 255 bytes"),
        (tokenizer.merges().len() < usize::from(NONE), "more than 65,534 merges"),
        (
            alphabet.fallback != Fallback::Refuse || leaves_out_bytes(tokenizer),
            "a tokenizer that leaves out characters of several bytes",
        ),
    ];
    let beyond = limits.into_iter().find(|(within, _)| !within).map(|(_, what)| what);
    tokenizer.lacking_uncut().or(beyond)
}

/// Whether bytes without a token can be left out one by one: each comes from one byte of the line, and none that has no
/// token belongs to a character that begins with one that has.
fn leaves_out_bytes(tokenizer: &Tokenizer) -> bool {
    let known = |byte: u8| tokenizer.alphabet.start.contains_key(&vec![byte]);
    let in_front = |text: &[u8]| text.iter().all(|&byte| known(byte));
    // What is set in front, and what the rules behind it make of that.
    let rewritten = |byte: u8, rule: &Rule| match rule {
        Rule::Replace { from, to } if from[0] == byte => to[0],
        Rule::LowerAscii => byte.to_ascii_lowercase(),
        Rule::UpperAscii => byte.to_ascii_uppercase(),
        _ => byte,
    };
    let of = |(at, rule): (usize, &Rule)| match rule {
        Rule::Prepend(text) => {
            let behind = &tokenizer.rules[at + 1..];
            in_front(&text.iter().map(|&byte| behind.iter().fold(byte, rewritten)).collect::<Vec<_>>())
        }
        Rule::Replace { from, to } => {
            from.len() == 1 && to.len() == 1 && [from, to].iter().all(|t| t[0] < 128)
        }
        Rule::LowerAscii | Rule::UpperAscii => true,
        Rule::Lower | Rule::Normal(_) => false,
    };
    let is_simple =
        |rule: &Rule| !matches!(rule, Rule::Replace { from, to } if from.len() != 1 || to.len() != 1);
    tokenizer.alphabet.unit == Unit::Byte
        && tokenizer.rules.iter().all(is_simple)
        && tokenizer.rules.iter().enumerate().all(of)
        && tokenizer.prefix.iter().all(|prefix| in_front(&prefix.text))
        && (!(0xC2..=0xF4).any(known) || (0x80..=0xBF).all(known))
}

/// Most bytes of a text while it is rewritten.
fn grown(tokenizer: &Tokenizer, folds: &[(Vec<u8>, Vec<u8>)]) -> usize {
    let replaced = |most: usize, from: usize, to: usize| most + most / from * to.saturating_sub(from);
    let after = |most: usize, rule: &Rule| match rule {
        Rule::Prepend(front) => most + front.len(),
        Rule::Replace { from, to } => replaced(most, from.len(), to.len()),
        Rule::Lower => {
            let all = folds.iter().map(|(from, to)| replaced(most, from.len(), to.len()));
            all.max().unwrap_or(most)
        }
        Rule::LowerAscii | Rule::UpperAscii | Rule::Normal(_) => most,
    };
    let most = tokenizer.rules.iter().fold(LINE, after);
    most + tokenizer.prefix.as_ref().map_or(0, |prefix| prefix.text.len())
}

/// The calls that rewrite a text, and their texts.
fn steps(e: &mut Emitter, tokenizer: &Tokenizer, folds: &[(Vec<u8>, Vec<u8>)]) -> Vec<Step> {
    let mut steps = Vec::new();
    let sized = |text: &[u8]| [&[text.len() as u8], text].concat();
    let entry = |from: &[u8], to: &[u8]| [sized(from), sized(to)].concat();
    let with = |e: &mut Emitter, call: &'static str, bytes: Vec<u8>, steps: &mut Vec<Step>| {
        let label = format!("rule_{}", steps.len());
        e.data(&label, bytes);
        steps.push(Step { call, text: Some(label) });
    };
    for rule in &tokenizer.rules {
        match rule {
            Rule::Prepend(front) => with(e, "tokens_prepend", sized(front), &mut steps),
            Rule::Replace { from, to } => {
                with(e, "tokens_rewrite", [entry(from, to), vec![0]].concat(), &mut steps);
            }
            Rule::Lower | Rule::LowerAscii => {
                if *rule == Rule::Lower && !folds.is_empty() {
                    let all = folds.iter().flat_map(|(from, to)| entry(from, to)).chain([0]).collect();
                    with(e, "tokens_rewrite", all, &mut steps);
                }
                steps.push(Step { call: "tokens_small", text: None });
            }
            Rule::UpperAscii => steps.push(Step { call: "tokens_capital", text: None }),
            Rule::Normal(_) => unreachable!("refused"),
        }
    }
    if let Some(prefix) = &tokenizer.prefix {
        with(e, "tokens_prefix", sized(&prefix.text), &mut steps);
    }
    steps
}

/// The bytes of each token behind their number.
fn pieces(e: &mut Emitter) {
    let printed = e.site.story.printed(&e.site.reader.tokenizer);
    let sized = |piece: &Vec<u8>| [&[piece.len() as u8], piece.as_slice()].concat();
    e.data("pieces", printed.iter().flat_map(sized).collect::<Vec<_>>());
}

/// The token of each byte, and those of longer characters.
fn characters(e: &mut Emitter, tokenizer: &Tokenizer) {
    let alphabet = &tokenizer.alphabet;
    let single = |byte: u8| match (alphabet.start.get(&vec![byte]), &alphabet.fallback) {
        (Some(&id), _) => id as u16,
        (None, Fallback::Bytes(ids)) => ids[usize::from(byte)] as u16,
        (None, Fallback::Unknown { .. } | Fallback::Refuse) => NONE,
    };
    e.words("tokens_single", (0..=255).map(single));
    let long = alphabet.start.iter().filter(|(key, _)| key.len() > 1);
    let entry = |(key, id): (&Vec<u8>, &u32)| {
        let id = (*id as u16).to_le_bytes();
        [&[key.len() as u8], key.as_slice(), &id].concat()
    };
    if alphabet.unit == Unit::Character {
        e.data("tokens_several", long.flat_map(entry).chain([0]).collect::<Vec<_>>());
    }
}

/// The table of merges: low bytes of left tokens, and the rest of each from the last to the first.
fn merges(e: &mut Emitter, tokenizer: &Tokenizer) {
    let list = tokenizer.merges();
    if list.is_empty() {
        return;
    }
    let ranks = dense_ranks(list);
    let record = |merge: &Merge| {
        let [_, left] = (merge.left as u16).to_le_bytes();
        let [right, merged] = [merge.right, merge.merged].map(|id| (id as u16).to_le_bytes());
        [&[left][..], &right, &merged, &(ranks[&merge.rank] as u16).to_le_bytes()].concat()
    };
    e.data("merge_lows", list.iter().map(|merge| merge.left as u8).collect::<Vec<_>>());
    e.data("merge_records", list.iter().rev().flat_map(record).collect::<Vec<_>>());
}
