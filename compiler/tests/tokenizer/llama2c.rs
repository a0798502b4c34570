//! `tok512.bin` and its kind, against the definition.

use super::{Random, shared, shared_text};
use mlc_compiler::import::tokenizer::llama2c;
use mlc_compiler::tokens::{EncodeError, Tokenizer};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Continuation {
    prompt: String,
    prompt_ids: Vec<u32>,
    ids: Vec<u32>,
    text: String,
}

/// `tokenizer.bin` of tokens with scores.
pub fn file(tokens: &[(f32, Vec<u8>)]) -> Vec<u8> {
    let longest = tokens.iter().map(|(_, text)| text.len()).max().unwrap_or(0) as i32;
    let mut file = longest.to_le_bytes().to_vec();
    for (score, text) in tokens {
        file.extend(score.to_le_bytes());
        file.extend((text.len() as i32).to_le_bytes());
        file.extend(text);
    }
    file
}

/// The 259 tokens that every such file starts with.
pub fn first_tokens() -> Vec<(f32, Vec<u8>)> {
    let controls = ["<unk>", "\n<s>\n", "\n</s>\n"].map(str::to_string);
    let bytes = (0..256).map(|byte| format!("<0x{byte:02X}>"));
    controls.into_iter().chain(bytes).map(|text| (0.0, text.into_bytes())).collect()
}

/// `encode` of `run.c`, word for word: texts are joined and looked up, and the best score wins. Controls, which
/// nobody may type, are not found.
fn by_definition(tokens: &[(f32, Vec<u8>)], text: &[u8]) -> Vec<u32> {
    let ids: BTreeMap<&[u8], u32> =
        (0..).zip(tokens).skip(3).map(|(id, (_, text))| (text.as_slice(), id)).collect();
    let mut out = Vec::new();
    let text = if text.is_empty() { Vec::new() } else { [b" ", text].concat() };
    let mut unit = Vec::new();
    for (at, &byte) in text.iter().enumerate() {
        if byte & 0xc0 != 0x80 {
            unit.clear();
        }
        unit.push(byte);
        let goes_on = text.get(at + 1).is_some_and(|next| next & 0xc0 == 0x80);
        if goes_on && unit.len() < 4 {
            continue;
        }
        match ids.get(unit.as_slice()) {
            Some(&id) => out.push(id),
            None => out.extend(unit.iter().map(|&byte| u32::from(byte) + 3)),
        }
        unit.clear();
    }
    loop {
        let mut best = (-1e10, 0, None);
        for at in 1..out.len() {
            let joined = [&tokens[out[at - 1] as usize].1[..], &tokens[out[at] as usize].1].concat();
            if let Some(&id) = ids.get(joined.as_slice())
                && tokens[id as usize].0 > best.0
            {
                best = (tokens[id as usize].0, at, Some(id));
            }
        }
        let (_, at, Some(id)) = best else { return out };
        out[at - 1] = id;
        out.remove(at);
    }
}

/// Texts and scores of a file that is known to be right.
fn tokens_of(file: &[u8]) -> Vec<(f32, Vec<u8>)> {
    let mut rest = &file[4..];
    let mut tokens = Vec::new();
    while let Some((score, behind)) = rest.split_first_chunk() {
        let (length, behind) = behind.split_first_chunk().expect("the file is whole");
        let (text, behind) = behind.split_at(i32::from_le_bytes(*length) as usize);
        tokens.push((f32::from_le_bytes(*score), text.to_vec()));
        rest = behind;
    }
    tokens
}

fn tok512() -> Option<(Tokenizer, Vec<u8>)> {
    let bytes = shared("tok512.bin")?;
    Some((llama2c::read("tok512.bin", &bytes, 512).expect("the file is right"), bytes))
}

#[test]
fn stories_have_the_tokens_of_the_float_network() {
    let Some((tokenizer, _)) = tok512() else { return };
    let Some(json) = shared_text("stories-float.json") else { return };
    let stories: Vec<Continuation> = serde_json::from_str(&json).expect("the file is right");
    assert_eq!(stories.len(), 5);
    for story in stories {
        let tokens = tokenizer.encode(story.prompt.as_bytes()).expect("bytes fall back");
        assert_eq!(tokenizer.framed(&tokens), story.prompt_ids);
        assert_eq!(String::from_utf8(tokenizer.decode(&story.ids)).expect("ASCII"), story.text);
        // The network writes as the tokenizer would.
        let again = tokenizer.framed(&tokenizer.encode(story.text.as_bytes()).expect("bytes fall back"));
        assert_eq!(tokenizer.decode(&again), story.text.as_bytes());
    }
}

#[test]
fn the_ten_stories_are_1511_tokens() {
    let Some((tokenizer, bytes)) = tok512() else { return };
    let Some(text) = shared_text("stories-dev.txt") else { return };
    let tokens = tokens_of(&bytes);
    let stories: Vec<&str> = text.trim_end().split("\n\n").collect();
    assert_eq!(stories.len(), 10);
    let mut found = 0;
    for story in stories {
        let ids = tokenizer.encode(story.as_bytes()).expect("bytes fall back");
        assert_eq!(ids, by_definition(&tokens, story.as_bytes()));
        assert_eq!(tokenizer.decode(&tokenizer.framed(&ids)), story.as_bytes());
        found += ids.len();
    }
    assert_eq!(found, 1511);
}

#[test]
fn any_bytes_have_the_tokens_of_the_definition() {
    let Some((tokenizer, bytes)) = tok512() else { return };
    let tokens = tokens_of(&bytes);
    let mut random = Random(3);
    for _ in 0..500 {
        let text: Vec<u8> = (0..random.below(60))
            .flat_map(|_| match random.below(4) {
                0 => vec![random.below(256) as u8],
                1 => "é’中😀".as_bytes()[random.below(12)..][..1].to_vec(),
                _ => tokens[random.below(512)].1.clone(),
            })
            .collect();
        let expected = by_definition(&tokens, &text);
        assert_eq!(tokenizer.encode(&text), Ok(expected.clone()));
        assert_eq!(tokenizer.decode(&tokenizer.framed(&expected)), text);
    }
}

#[test]
fn random_vocabularies_merge_as_the_definition_does() {
    let mut random = Random(4);
    for _ in 0..200 {
        let mut tokens = first_tokens();
        for letter in ["a", "b", " ", "é", "<", "0x41>"] {
            tokens.push((-100.0, letter.into()));
        }
        // Scores that tie, and some too low to merge at all.
        let mut seen: Vec<Vec<u8>> = tokens.iter().map(|(_, text)| text.clone()).collect();
        for _ in 0..random.below(30) {
            let text: Vec<u8> = (0..random.below(4) + 1)
                .flat_map(|_| ["a", "b", " ", "é", "<unk>", "<0x", "<0x41>"][random.below(7)].bytes())
                .collect();
            if !seen.contains(&text) {
                seen.push(text.clone());
                tokens.push(([0.0, -0.0, -1.0, -1.0, 2.5, -2e10][random.below(6)], text));
            }
        }
        let tokenizer = llama2c::read("random", &file(&tokens), tokens.len()).expect("the file is right");
        for _ in 0..20 {
            let text: Vec<u8> = (0..random.below(30))
                .flat_map(|_| ["a", "b", " ", "é", "<", "0x41>", "A", "中"][random.below(8)].bytes())
                .collect();
            assert_eq!(tokenizer.encode(&text), Ok(by_definition(&tokens, &text)), "{tokens:?}");
        }
    }
}

#[test]
fn controls_are_typed_in_templates_only() {
    let tokens = first_tokens();
    let tokenizer = llama2c::read("plain", &file(&tokens), 259).expect("the file is right");
    assert_eq!(tokenizer.encode_with_specials(b"</s>"), Ok(vec![2]));
    assert_eq!(tokenizer.encode(b"<s>").map(|ids| ids.len()), Ok(4));
    assert_eq!(tokenizer.decode(&[1, 35, 68, 2, 0]), b"A");
}

#[test]
fn a_mebibyte_takes_no_time() {
    let Some((tokenizer, _)) = tok512() else { return };
    let text = b"Once upon a time ".repeat((1 << 20) / 17);
    let ids = tokenizer.encode(&text).expect("bytes fall back");
    assert_eq!(tokenizer.decode(&tokenizer.framed(&ids)), text);
    let same = vec![b'e'; 1 << 20];
    assert_eq!(tokenizer.decode(&tokenizer.framed(&tokenizer.encode(&same).expect("bytes fall back"))), same);
    let too_long = EncodeError::TooLong { bytes: (64 << 20) + 1 };
    assert_eq!(tokenizer.encode(&vec![b'e'; 64 << 20]), Err(too_long));
}
