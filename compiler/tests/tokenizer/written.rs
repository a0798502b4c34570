//! Tokenizers written as `tokenizer.json`: what is read again makes the same tokens.

use crate::huggingface::{BYTE_LEVEL, METASPACE, read};
use crate::{Random, shared};
use mlc_compiler::import::tokenizer::huggingface::{read as read_file, write};
use mlc_compiler::import::tokenizer::{llama2c, soul};
use mlc_compiler::tokens::{
    Alphabet, Fallback, LeadingSpace, Merge, Merges, Rule, Scheme, Special, Tokenizer, Unit,
};

#[track_caller]
fn again(tokenizer: &Tokenizer) -> (Tokenizer, Vec<String>) {
    let written = write(tokenizer).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(write(tokenizer).expect("as before").bytes, written.bytes);
    (read_file("again.json", &written.bytes).unwrap_or_else(|e| panic!("{e}")), written.notes)
}

#[test]
fn what_was_read_is_written_as_it_was() {
    for file in [BYTE_LEVEL, METASPACE] {
        let tokenizer = read(file);
        assert_eq!(again(&tokenizer), (tokenizer, vec![]));
    }
}

/// A tokenizer as the trainer makes them: characters, perhaps merges, marks behind them.
fn trained(letters: &str, merges: &[(u32, u32)], rule: Option<Rule>, marks: &[&str]) -> Tokenizer {
    let mut pieces: Vec<Vec<u8>> = letters.chars().map(|c| c.to_string().into_bytes()).collect();
    let start = pieces.iter().cloned().zip(0..).collect();
    let mut list = Vec::new();
    for (rank, &(left, right)) in (0..).zip(merges) {
        list.push(Merge { rank, left, right, merged: pieces.len() as u32 });
        pieces.push([pieces[left as usize].as_slice(), &pieces[right as usize]].concat());
    }
    let mut specials = Vec::new();
    for mark in marks {
        specials.push(Special::control(pieces.len() as u32, mark));
        pieces.push(Vec::new());
    }
    Tokenizer {
        pieces,
        specials,
        rules: rule.into_iter().collect(),
        prefix: None,
        splits: Vec::new(),
        alphabet: Alphabet { unit: Unit::Character, start, fallback: Fallback::Refuse },
        scheme: match list.is_empty() {
            true => Scheme::Characters,
            false => Scheme::Merged {
                merges: Merges::new(list).expect("no pair twice"),
                whole: Default::default(),
            },
        },
        leading: LeadingSpace::Keep,
        bos: None,
        eos: None,
        unknown: None,
        adds_bos: false,
        adds_eos: false,
    }
}

#[test]
fn trained_tokenizers_stay_what_they_are() {
    let marks = ["<s>", "<end>"];
    let all = [
        trained(" 0abcé\n", &[], None, &marks),
        trained(" 0ABC", &[], Some(Rule::UpperAscii), &["<user>", "<temp>"]),
        trained(" abcd", &[(1, 2), (0, 5), (5, 3), (6, 3)], Some(Rule::LowerAscii), &marks),
    ];
    for tokenizer in all {
        assert_eq!(again(&tokenizer), (tokenizer.clone(), vec![]));
        let framed = Tokenizer { bos: Some(tokenizer.specials[0].id), adds_bos: true, ..tokenizer };
        assert_eq!(again(&framed), (framed, vec![]));
    }
}

#[test]
fn scored_merges_become_ranked_ones() {
    let Some(bytes) = shared("tok512.bin") else { return };
    let tokenizer = llama2c::read("tok512.bin", &bytes, 512).expect("the file is right");
    let (again, notes) = again(&tokenizer);
    assert_eq!(notes.len(), 2, "{notes:?}");
    let mut random = Random(3);
    let words = ["Once", " upon", "a time", ", there", " was\n", "é", "Lily", "zzq", "  ", "!\""];
    for _ in 0..500 {
        let text: String = (0..random.below(12)).map(|_| words[random.below(words.len())]).collect();
        assert_eq!(again.encode(text.as_bytes()), tokenizer.encode(text.as_bytes()), "{text:?}");
    }
    let soul = shared("soul-tokenizer.json").expect("it lies beside the other");
    let soul = soul::read("soul-tokenizer.json", &soul).expect("the file is right");
    let (again, _) = self::again(&soul);
    for text in ["hello there", "HOW are you?", "w\u{e9}ll"] {
        assert_eq!(again.encode(text.as_bytes()), soul.encode(text.as_bytes()), "{text:?}");
    }
}

#[test]
fn what_the_format_cannot_say_is_refused() {
    let mut tokenizer = trained("ab", &[], None, &["<s>"]);
    tokenizer.pieces[0] = b"x".to_vec();
    let said = write(&tokenizer).expect_err("a token that prints something else");
    assert_eq!(said, "its tokens: tokenizer.json cannot say them so that they are read as they are");
    let mut tokenizer = trained("ab", &[], None, &["<s>"]);
    tokenizer.rules.push(Rule::Replace { from: vec![0xff], to: vec![] });
    assert_eq!(write(&tokenizer).expect_err("no text"), "a rule with bytes that are no UTF-8 text");
}
