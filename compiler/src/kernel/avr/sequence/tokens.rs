//! How a line becomes tokens on the machine, and tokens text.

use super::memory::TextBytes;
use super::talk::Framing;
use super::writer::Writer;
use crate::model::{Story, Tokens};
use crate::tokens::{Fallback, Merge, Rule, Tokenizer, Unit, dense_ranks, ranks_are_those_of_tokens};
use serde::Serialize;

/// Most tokens: the upper byte 0xFF says that there is none.
const VOCABULARY: usize = 0xFF00;
/// Most bytes that a text may have with what is put in front of it.
const TEXT: usize = 250;
/// Most tokens that wait.
const WAITING: usize = 255;
/// Most bytes of a character.
const CHARACTER: usize = 4;

/// Context of `encode.S`.
#[derive(Serialize)]
pub struct Encode {
    max_query: u8,
    /// Bytes left free for what is put in front.
    ahead: usize,
    /// What is put in front of every text, the last byte first.
    front: Vec<u8>,
    /// What is put in front of a text that does not start with it, before that.
    prefix: Vec<u8>,
    /// Bytes change by the table `net_map`.
    maps: bool,
    /// Bytes `10xxxxxx` belong to the one before.
    characters: bool,
    /// `bytes`, `unknown` or `refuse`.
    fallback: &'static str,
    leaves_out: bool,
    /// A first byte `10xxxxxx` would belong to what is put in front.
    joins: bool,
    unknown: u32,
    fuse: bool,
    /// How many, and the bytes of each.
    merges: usize,
    merge_bytes: usize,
    /// Ranks are stored: they are not the order of what is merged.
    ranks: bool,
    bos: Option<u32>,
    eos: Option<u32>,
    pub two: bool,
    pub most: u16,
    turns: Option<Framing>,
    /// Bytes of tokens in front of those of a line.
    lead: usize,
}

/// What the rules do to every text.
struct Rules {
    front: Vec<u8>,
    prefix: Vec<u8>,
    map: Vec<u8>,
}

impl Rules {
    fn new(tokenizer: &Tokenizer) -> Result<Self, String> {
        let mut map: Vec<u8> = (0..=255).collect();
        let mut front = Vec::new();
        for rule in &tokenizer.rules {
            let to: Box<dyn Fn(u8) -> u8> = match rule {
                Rule::Prepend(bytes) => {
                    front.splice(0..0, bytes.iter().copied());
                    continue;
                }
                Rule::LowerAscii => Box::new(|byte| byte.to_ascii_lowercase()),
                Rule::UpperAscii => Box::new(|byte| byte.to_ascii_uppercase()),
                Rule::Replace { from, to } => match (from.as_slice(), to.as_slice()) {
                    (&[from @ 0..0x80], &[to @ 0..0x80]) => {
                        Box::new(move |byte| if byte == from { to } else { byte })
                    }
                    _ => return Err("rules that replace more than a byte of ASCII by another".into()),
                },
                Rule::Lower => return Err("rules that put all letters of Unicode in lower case".into()),
                Rule::Normal(_) => unreachable!("refused"),
            };
            map.iter_mut().chain(&mut front).for_each(|byte| *byte = to(*byte));
        }
        let mut prefix = tokenizer.prefix.as_ref().map_or(vec![], |prefix| prefix.text.clone());
        match (prefix.as_slice(), front.first()) {
            ([], _) => {}
            // What is put in front of every text decides it.
            (&[byte], Some(&first)) => {
                if byte != first {
                    front.insert(0, byte);
                }
                prefix.clear();
            }
            ([_], None) => {}
            _ => return Err("a prefix of several bytes".into()),
        }
        Ok(Self { front, prefix, map })
    }

    fn ahead(&self) -> usize {
        self.front.len() + self.prefix.len()
    }
}

/// What there is no code for, by its name; else the bytes that text and tokens need.
///
/// # Errors
/// The first thing that the program would not do.
pub fn check(reader: &Tokens, story: &Story, longest: u8) -> Result<TextBytes, String> {
    let tokenizer = &reader.tokenizer;
    if let Some(what) = tokenizer.lacking_uncut() {
        return Err(what.into());
    }
    if tokenizer.pieces.len() > VOCABULARY {
        return Err(format!("a vocabulary of {} tokens, above {VOCABULARY}", tokenizer.pieces.len()));
    }
    let rules = Rules::new(tokenizer)?;
    let text = usize::from(longest) + rules.ahead();
    if text > TEXT {
        return Err(format!("texts of {text} bytes, above {TEXT}"));
    }
    let start = &tokenizer.alphabet.start;
    if tokenizer.alphabet.fallback == Fallback::Refuse {
        if start.keys().any(|key| key.len() != 1 || key[0] >= 0x80) {
            return Err("characters beyond ASCII where others are left out".into());
        }
        if rules.front.iter().chain(&rules.prefix).any(|&byte| !start.contains_key(&[byte][..])) {
            return Err("text in front that has no token".into());
        }
    }
    let size = if is_wide(tokenizer) { 2 } else { 1 };
    let most = match Framing::new(story, size) {
        Some(framing) => text + framing.around().1,
        None => (text + 2).min(story.most.into()),
    };
    let most = most.max(story.longest_call());
    if most > WAITING {
        return Err(format!("turns of {most} tokens, above {WAITING}"));
    }
    Ok(TextBytes { text, waiting: most * size })
}

/// Whether tokens that wait have two bytes.
pub fn is_wide(tokenizer: &Tokenizer) -> bool {
    tokenizer.pieces.len() > 256
}

impl Writer<'_> {
    /// The tables of a tokenizer that [`check`] has accepted, and the context of its code.
    pub fn tokens(&mut self, reader: &Tokens, story: &Story, longest: u8) -> Result<Encode, String> {
        let tokenizer = &reader.tokenizer;
        let Rules { mut front, prefix, map } = Rules::new(tokenizer)?;
        let alphabet = &tokenizer.alphabet;
        let maps = map.iter().enumerate().any(|(from, &to)| usize::from(to) != from);
        if maps {
            self.page("net_map", &map);
        }
        let token = |bytes: &[u8]| alphabet.start.get(bytes).map_or(0xFFFF, |&id| id as u16);
        let starts: Vec<u8> = (0..=255u8).flat_map(|byte| token(&[byte]).to_le_bytes()).collect();
        self.data("net_starts", &starts);
        let characters = alphabet.unit == Unit::Character;
        if characters {
            let long = alphabet.start.iter().filter(|(key, _)| (2..=CHARACTER).contains(&key.len()));
            let entry = |(key, &id): (&Vec<u8>, &u32)| {
                [&[key.len() as u8], key.as_slice(), &(id as u16).to_le_bytes()].concat()
            };
            let list: Vec<u8> = long.flat_map(entry).chain([0]).collect();
            self.data("net_longs", &list);
        }
        let (fallback, unknown, fuse) = match &alphabet.fallback {
            Fallback::Bytes(ids) => {
                let ids: Vec<u8> = ids.iter().flat_map(|&id| (id as u16).to_le_bytes()).collect();
                self.data("net_bytes", &ids);
                ("bytes", 0, false)
            }
            &Fallback::Unknown { id, fuse } => ("unknown", id, fuse),
            Fallback::Refuse => ("refuse", 0, false),
        };
        let (merges, ranks) = self.merges(tokenizer)?;
        self.pieces(&story.printed(tokenizer))?;
        let ahead = front.len() + prefix.len();
        front.reverse();
        let two = is_wide(tokenizer);
        let size = if two { 2 } else { 1 };
        let turns = Framing::new(story, size);
        // What stands around a line is the turn's business.
        let adds = |adds: bool| adds && turns.is_none();
        let lead = turns.as_ref().map_or(0, |turns| size * turns.around().0);
        Ok(Encode {
            max_query: longest,
            ahead,
            front,
            prefix,
            maps,
            characters,
            fallback,
            leaves_out: fallback == "refuse",
            joins: characters && ahead > 0,
            unknown,
            fuse,
            merges,
            merge_bytes: if ranks { 8 } else { 6 },
            ranks,
            bos: tokenizer.bos.filter(|_| adds(tokenizer.adds_bos)),
            eos: tokenizer.eos.filter(|_| adds(tokenizer.adds_eos)),
            two,
            most: story.most,
            turns,
            lead,
        })
    }

    /// The table of merges by pairs: how many, and whether ranks are in it.
    fn merges(&mut self, tokenizer: &Tokenizer) -> Result<(usize, bool), String> {
        let mut list: Vec<Merge> = tokenizer.merges().to_vec();
        let most = 0x7FFF / 8;
        if list.len() > most {
            return Err(format!("{} merges, above {most}", list.len()));
        }
        let ranked = !ranks_are_those_of_tokens(&list);
        let ranks = dense_ranks(&list);
        list.sort_unstable_by_key(|merge| (merge.left, merge.right));
        let mut out = Vec::new();
        for merge in &list {
            let tokens = [merge.left, merge.right, merge.merged].map(|id| id as u16);
            let rank = ranked.then_some(ranks[&merge.rank] as u16);
            out.extend(tokens.into_iter().chain(rank).flat_map(u16::to_le_bytes));
        }
        if !list.is_empty() {
            self.data("net_merges", &out);
        }
        Ok((list.len(), ranked))
    }

    /// What tokens print: where each begins, and all bytes.
    fn pieces(&mut self, pieces: &[Vec<u8>]) -> Result<(), String> {
        let mut at = 0u16;
        let mut places = at.to_le_bytes().to_vec();
        for piece in pieces {
            let end = usize::from(at) + piece.len();
            at = u16::try_from(end).map_err(|_| "pieces of more than 64 KiB".to_string())?;
            places.extend(at.to_le_bytes());
        }
        self.data("net_pieces", &places);
        self.data("net_piece_bytes", &pieces.concat());
        Ok(())
    }
}
