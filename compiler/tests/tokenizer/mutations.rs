//! Damaged files: no panic, no hang, and what is taken is usable.

use super::huggingface::{BYTE_LEVEL, METASPACE};
use super::llama2c::{file, first_tokens};
use super::{Random, shared};
use mlc_compiler::import::tokenizer::{huggingface, llama2c, soul};
use mlc_compiler::tokens::{Tokenizer, TokensError};

/// A file with a few bytes changed, left out, doubled or taken from elsewhere in it.
fn mutated(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.below(3) + 1 {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let end = (at + random.below(8) + 1).min(bytes.len());
        match random.below(6) {
            0 => bytes[at] = random.below(256) as u8,
            1 => bytes[at] ^= 1 << random.below(8),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let copied = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, copied);
            }
            4 => bytes.truncate(at),
            // Digits are what most of a file's meaning hangs on.
            _ => {
                let digit = (at..bytes.len()).find(|&at| bytes[at].is_ascii_digit());
                bytes[digit.unwrap_or(at)] = b"0123456789"[random.below(10)];
            }
        }
    }
    bytes
}

fn check(found: Result<Tokenizer, TokensError>) -> usize {
    match found {
        Ok(tokenizer) => {
            for text in ["", " hello world é<s></s>\n", "\u{1}\u{2}aa", "don't 111 <|user|>"] {
                for ids in
                    [tokenizer.encode(text.as_bytes()), tokenizer.encode_with_specials(text.as_bytes())]
                {
                    let ids = ids.unwrap_or_default();
                    assert!(ids.iter().all(|&id| (id as usize) < tokenizer.pieces.len()));
                    tokenizer.decode(&tokenizer.framed(&ids));
                }
            }
            1
        }
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.help().is_empty());
            0
        }
    }
}

#[test]
fn damaged_files_are_refused_or_usable() {
    let mut random = Random(6);
    let mut tokens = first_tokens();
    tokens.extend(["h", "e", "he", " ", " h", "l", "ll", "hell"].map(|text| (-1.0, text.into())));
    let small = file(&tokens);
    let mut taken = [0; 4];
    for _ in 0..500 {
        taken[0] += check(huggingface::read("a", &mutated(BYTE_LEVEL.as_bytes(), &mut random)));
        taken[1] += check(huggingface::read("b", &mutated(METASPACE.as_bytes(), &mut random)));
        taken[2] += check(llama2c::read("c", &mutated(&small, &mut random), tokens.len()));
    }
    // Some changes mean nothing, or another tokenizer that is right; most do not.
    assert!(taken.iter().all(|&taken| taken < 250), "{taken:?}");
    let Some(bytes) = shared("tok512.bin") else { return };
    let Some(soul) = shared("soul-tokenizer.json") else { return };
    for _ in 0..500 {
        check(llama2c::read("d", &mutated(&bytes, &mut random), 512));
        check(soul::read("e", &mutated(&soul, &mut random)));
    }
}

#[test]
fn rules_that_double_a_text_again_and_again_end() {
    let double =
        r#"{"type": "Replace", "pattern": {"String": "h"}, "content": "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"}"#;
    let with = |place: &str, list: &str, times: usize| {
        let steps = vec![double; times].join(", ");
        let to = format!("\"{place}\": {{\"type\": \"Sequence\", \"{list}\": [{steps}]}}");
        let text = METASPACE;
        let start = text.find(&format!("\"{place}\"")).expect("the field is there");
        let end = start + text[start..].find(",\n").expect("another field follows");
        [&text[..start], &to, &text[end..]].concat()
    };
    let eight = huggingface::read("t.json", with("normalizer", "normalizers", 8).as_bytes())
        .expect("eight are taken");
    let error = eight.encode(b"hhhhhhhh").expect_err("the text is too long");
    assert!(error.to_string().contains("at most 67,108,864 are possible"), "{error}");
    let nine =
        huggingface::read("t.json", with("normalizer", "normalizers", 9).as_bytes()).expect_err("too many");
    assert_eq!(nine.to_string(), "t.json: normalizer: 9 found, at most 8 steps are possible");
    let decoder =
        huggingface::read("t.json", with("decoder", "decoders", 3).as_bytes()).expect_err("too long");
    assert!(decoder.to_string().contains("decoder: what a token prints"), "{decoder}");
}
