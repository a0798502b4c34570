//! A tokenizer as `tokenizer.json`.
//!
//! What was written is read again and compared, so a tokenizer that the format cannot say is refused, not bent.

use super::read;
use crate::tokens::split::GPT2;
use crate::tokens::{
    Fallback, Form, LeadingSpace, Merge, Rule, Scheme, Split, Tokenizer, Unit, bytes, dense_ranks,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A written tokenizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub bytes: Vec<u8>,
    /// What it does otherwise, for the user.
    pub notes: Vec<String>,
}

/// Writes a tokenizer so that the library tokenizers makes the same tokens of a text. The same tokenizer gives the same
/// bytes.
///
/// # Errors
/// What of it the format, or mlc's part of it, cannot say.
pub fn write(tokenizer: &Tokenizer) -> Result<Written, String> {
    let texts = texts(tokenizer)?;
    let mark = mark(tokenizer);
    let steps = Steps { tokenizer, mark: mark.as_deref() };
    let (normalizer, pre_tokenizer) = steps.before()?;
    let file = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added(tokenizer),
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": frame(tokenizer, &texts),
        "decoder": steps.decoder(),
        "model": model(tokenizer, &texts),
    });
    let mut bytes = serde_json::to_vec_pretty(&file).map_err(|e| e.to_string())?;
    bytes.push(b'\n');
    let notes = compare(tokenizer, &bytes)?;
    Ok(Written { bytes, notes })
}

/// How each token is written.
fn texts(tokenizer: &Tokenizer) -> Result<Vec<String>, String> {
    let mut bytes: Vec<Option<Vec<u8>>> = vec![None; tokenizer.pieces.len()];
    if let Fallback::Bytes(ids) = &tokenizer.alphabet.fallback {
        let name = |byte: usize| format!("<0x{byte:02X}>").into_bytes();
        ids.iter().enumerate().for_each(|(byte, &id)| bytes[id as usize] = Some(name(byte)));
    }
    for (text, &id) in &tokenizer.alphabet.start {
        bytes[id as usize] = Some(text.clone());
    }
    // A part may be made by a merge of a higher rank.
    let mut is_new = true;
    while is_new {
        is_new = false;
        for &Merge { left, right, merged, .. } in tokenizer.merges() {
            if let (None, Some(left), Some(right)) =
                (&bytes[merged as usize], &bytes[left as usize], &bytes[right as usize])
            {
                bytes[merged as usize] = Some([left.as_slice(), right].concat());
                is_new = true;
            }
        }
    }
    if let Scheme::Merged { whole, .. } = &tokenizer.scheme {
        for (text, &id) in whole {
            bytes[id as usize].get_or_insert_with(|| text.clone());
        }
    }
    let mut texts = Vec::with_capacity(bytes.len());
    for (id, (found, piece)) in bytes.into_iter().zip(&tokenizer.pieces).enumerate() {
        let text = found.unwrap_or_else(|| piece.clone());
        texts.push(match tokenizer.alphabet.unit {
            Unit::Byte => text.into_iter().map(bytes::to_char).collect(),
            Unit::Character => {
                String::from_utf8(text).map_err(|_| format!("token {id}, which is no UTF-8 text"))?
            }
        });
    }
    for special in &tokenizer.specials {
        texts[special.id as usize].clone_from(&special.text);
    }
    // A token that nothing makes still needs a name of its own.
    for (id, text) in texts.iter_mut().enumerate().filter(|(_, text)| text.is_empty()) {
        *text = format!("<unused{id}>");
    }
    Ok(texts)
}

fn added(tokenizer: &Tokenizer) -> Vec<Value> {
    let mut specials: Vec<_> = tokenizer.specials.iter().collect();
    specials.sort_by_key(|special| special.id);
    let one = |special: &&crate::tokens::Special| {
        json!({
            "id": special.id,
            "content": special.text,
            "single_word": false,
            "lstrip": special.strip_left,
            "rstrip": special.strip_right,
            "normalized": special.late,
            "special": !special.everywhere,
        })
    };
    specials.iter().map(one).collect()
}

fn model(tokenizer: &Tokenizer, texts: &[String]) -> Value {
    // Added tokens of ordinary text that stand behind all others are in no vocabulary, so no merge meets them.
    let is_added = |id: usize| tokenizer.specials.iter().any(|s| s.everywhere && s.id as usize == id);
    let last = (0..texts.len()).rev().find(|&id| !is_added(id)).map_or(0, |id| id + 1);
    let vocab: BTreeMap<&str, usize> = texts[..last].iter().map(String::as_str).zip(0..).collect();
    let pair = |merge: &Merge| json!([texts[merge.left as usize], texts[merge.right as usize]]);
    let merges: Vec<Value> = tokenizer.merges().iter().map(pair).collect();
    let (fuse, is_bytes) = match &tokenizer.alphabet.fallback {
        Fallback::Unknown { fuse, .. } => (*fuse, false),
        Fallback::Bytes(_) => (false, true),
        Fallback::Refuse => (false, false),
    };
    let whole = matches!(&tokenizer.scheme, Scheme::Merged { whole, .. } if !whole.is_empty());
    json!({
        "type": "BPE",
        "dropout": null,
        "unk_token": tokenizer.unknown.map(|id| &texts[id as usize]),
        "continuing_subword_prefix": null,
        "end_of_word_suffix": null,
        "fuse_unk": fuse,
        "byte_fallback": is_bytes,
        "ignore_merges": whole,
        "vocab": vocab,
        "merges": merges,
    })
}

/// The tokens that frame a text.
fn frame(tokenizer: &Tokenizer, texts: &[String]) -> Value {
    let of = |token: Option<u32>, adds: bool| token.filter(|_| adds);
    let (bos, eos) = (of(tokenizer.bos, tokenizer.adds_bos), of(tokenizer.eos, tokenizer.adds_eos));
    if bos.is_none() && eos.is_none() {
        return Value::Null;
    }
    let special = |id: u32, kind: u8| json!({"SpecialToken": {"id": texts[id as usize], "type_id": kind}});
    let framed = |name: &str, kind: u8| {
        let text = json!({"Sequence": {"id": name, "type_id": kind}});
        bos.map(|id| special(id, kind))
            .into_iter()
            .chain([text])
            .chain(eos.map(|id| special(id, kind)))
            .collect::<Vec<_>>()
    };
    let specials: serde_json::Map<String, Value> = [bos, eos]
        .into_iter()
        .flatten()
        .map(|id| {
            let text = &texts[id as usize];
            (text.clone(), json!({"id": text, "ids": [id], "tokens": [text]}))
        })
        .collect();
    let pair = [framed("A", 0), framed("B", 1)].concat();
    json!({"type": "TemplateProcessing", "single": framed("A", 0), "pair": pair, "special_tokens": specials})
}

/// The character that stands for a space in tokens.
fn mark(tokenizer: &Tokenizer) -> Option<String> {
    let found = tokenizer.rules.iter().rev().find_map(|rule| match rule {
        Rule::Replace { from, to } if from == b" " => Some(to),
        _ => None,
    });
    found.and_then(|to| String::from_utf8(to.clone()).ok())
}

struct Steps<'a> {
    tokenizer: &'a Tokenizer,
    mark: Option<&'a str>,
}

impl Steps<'_> {
    /// The normalizer and the pre-tokenizer.
    fn before(&self) -> Result<(Value, Value), String> {
        let Tokenizer { rules, prefix, splits, alphabet, .. } = self.tokenizer;
        let (mut rules, mut splits) = (rules.as_slice(), splits.as_slice());
        let mut steps = Vec::new();
        let is_bytes = alphabet.unit == Unit::Byte;
        if let (Some(prefix), false) = (prefix, is_bytes) {
            let mark = self.mark.filter(|mark| mark.as_bytes() == prefix.text);
            let mark = mark.ok_or("a prefix that is not what spaces become")?;
            let cuts = splits.first() == Some(&Split::Before(prefix.text.clone()));
            let scheme = if prefix.first_only { "first" } else { "always" };
            steps.push(
                json!({"type": "Metaspace", "replacement": mark, "prepend_scheme": scheme, "split": cuts}),
            );
            rules = &rules[..rules.len() - 1];
            splits = &splits[usize::from(cuts)..];
        }
        let regex = is_bytes && splits.last() == Some(&Split::Gpt2);
        let own = if regex { &splits[..splits.len() - 1] } else { splits };
        steps.extend(own.iter().map(cut).collect::<Result<Vec<_>, _>>()?);
        if is_bytes {
            let space = prefix.is_some();
            steps.push(json!({"type": "ByteLevel", "add_prefix_space": space, "trim_offsets": true, "use_regex": regex}));
        }
        let rules = rules.iter().map(rule).collect::<Result<Vec<_>, _>>()?.concat();
        Ok((sequence(rules, "normalizers"), sequence(steps, "pretokenizers")))
    }

    fn decoder(&self) -> Value {
        let Tokenizer { alphabet, leading, .. } = self.tokenizer;
        if alphabet.unit == Unit::Byte {
            return json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
        }
        let mut steps = Vec::new();
        match (self.mark, leading) {
            (Some(mark), LeadingSpace::FirstToken) => {
                return json!({"type": "Metaspace", "replacement": mark, "prepend_scheme": "always", "split": true});
            }
            (Some(mark), _) if mark != " " => {
                steps.push(json!({"type": "Replace", "pattern": {"String": mark}, "content": " "}));
            }
            _ => {}
        }
        if let Fallback::Bytes(_) = alphabet.fallback {
            steps.push(json!({"type": "ByteFallback"}));
        }
        steps.push(json!({"type": "Fuse"}));
        if let LeadingSpace::First | LeadingSpace::AfterBos = leading {
            steps.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
        }
        sequence(steps, "decoders")
    }
}

/// No step, a step, or several.
fn sequence(mut steps: Vec<Value>, name: &str) -> Value {
    match steps.len() {
        0 => Value::Null,
        1 => steps.remove(0),
        _ => json!({"type": "Sequence", name: steps}),
    }
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| "a rule with bytes that are no UTF-8 text".to_string())
}

/// A rule as normalizers. Letters of ASCII are folded one by one: the library folds all of Unicode or nothing.
fn rule(rule: &Rule) -> Result<Vec<Value>, String> {
    let replace =
        |from: &str, to: &str| json!({"type": "Replace", "pattern": {"String": from}, "content": to});
    let letters = |fold: fn(char) -> char, first: char| {
        let all = (first..).take(26);
        all.map(|c| replace(&c.to_string(), &fold(c).to_string())).collect()
    };
    Ok(match rule {
        Rule::Prepend(bytes) => vec![json!({"type": "Prepend", "prepend": text(bytes)?})],
        Rule::Replace { from, to } => vec![replace(text(from)?, text(to)?)],
        Rule::Lower => vec![json!({"type": "Lowercase"})],
        Rule::LowerAscii => letters(|c| c.to_ascii_lowercase(), 'A'),
        Rule::UpperAscii => letters(|c| c.to_ascii_uppercase(), 'a'),
        Rule::Normal(form) => {
            let name = match form {
                Form::Nfc => "NFC",
                Form::Nfd => "NFD",
                Form::Nfkc => "NFKC",
                Form::Nfkd => "NFKD",
            };
            vec![json!({"type": name})]
        }
    })
}

fn cut(split: &Split) -> Result<Value, String> {
    let by = |pattern: Value, behavior: &str| json!({"type": "Split", "pattern": pattern, "behavior": behavior, "invert": false});
    let at = |bytes: &[u8], behavior| Ok::<_, String>(by(json!({"String": text(bytes)?}), behavior));
    Ok(match split {
        Split::Gpt2 => by(json!({"Regex": GPT2}), "Isolated"),
        Split::Digit => json!({"type": "Digits", "individual_digits": true}),
        Split::Digits => json!({"type": "Digits", "individual_digits": false}),
        Split::Before(bytes) => at(bytes, "MergedWithNext")?,
        Split::After(bytes) => at(bytes, "MergedWithPrevious")?,
        Split::Around(bytes) => at(bytes, "Isolated")?,
    })
}

/// Reads what was written and finds out what differs. Error: something that makes other tokens.
fn compare(tokenizer: &Tokenizer, bytes: &[u8]) -> Result<Vec<String>, String> {
    let again = read("tokenizer.json", bytes).map_err(|e| e.to_string())?;
    let mut notes = Vec::new();
    let ranks = dense_ranks(tokenizer.merges());
    if ranks.len() < tokenizer.merges().len() {
        notes.push(
            "merges that share a rank are written one after the other: of several the library takes the first in the \
             list, mlc the leftmost in the text"
                .into(),
        );
    }
    if tokenizer.leading == LeadingSpace::AfterBos {
        notes.push(
            "the space in front of a text is left out when it is printed, also without a token before it"
                .into(),
        );
    }
    let merges = |tokenizer: &Tokenizer| -> Vec<(u32, u32, u32)> {
        tokenizer.merges().iter().map(|merge| (merge.left, merge.right, merge.merged)).collect()
    };
    let whole = |tokenizer: &Tokenizer| match &tokenizer.scheme {
        Scheme::Merged { whole, .. } => whole.clone(),
        Scheme::Characters => BTreeMap::new(),
    };
    let adds = |tokenizer: &Tokenizer| {
        (tokenizer.bos.filter(|_| tokenizer.adds_bos), tokenizer.eos.filter(|_| tokenizer.adds_eos))
    };
    let differs = [
        ("its tokens", tokenizer.pieces != again.pieces),
        ("its rules", tokenizer.rules != again.rules || tokenizer.prefix != again.prefix),
        ("how it cuts words", tokenizer.splits != again.splits),
        ("its alphabet", tokenizer.alphabet != again.alphabet),
        ("its merges", merges(tokenizer) != merges(&again) || whole(tokenizer) != whole(&again)),
        ("its unknown token", tokenizer.unknown != again.unknown),
        ("what frames a text", adds(tokenizer) != adds(&again)),
    ];
    match differs.iter().find(|(_, differs)| *differs) {
        Some((what, _)) => {
            Err(format!("{what}: tokenizer.json cannot say them so that they are read as they are"))
        }
        None => Ok(notes),
    }
}
