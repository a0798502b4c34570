//! `tokenizer.json`: what `tokenizers` 0.23.3 of PyPI makes of the files beside this.

use mlc_compiler::import::tokenizer::huggingface;
use mlc_compiler::tokens::{EncodeError, Part, Tokenizer};

pub const BYTE_LEVEL: &str = include_str!("files/byte_level.json");
pub const METASPACE: &str = include_str!("files/metaspace.json");

/// Text; its tokens with `encode_special_tokens`; its tokens without; what those print.
type Case = (&'static str, &'static [u32], &'static [u32], &'static str);

pub fn read(text: &str) -> Tokenizer {
    huggingface::read("tokenizer.json", text.as_bytes()).expect("the file is right")
}

fn check(tokenizer: &Tokenizer, cases: &[Case]) {
    for &(text, plain, special, printed) in cases {
        assert_eq!(tokenizer.encode(text.as_bytes()), Ok(plain.to_vec()), "{text:?}");
        assert_eq!(tokenizer.encode_with_specials(text.as_bytes()), Ok(special.to_vec()), "{text:?}");
        assert_eq!(String::from_utf8(tokenizer.decode(special)).expect("UTF-8"), printed, "{text:?}");
    }
}

#[test]
fn byte_level_has_the_tokens_of_the_judge() {
    let tokenizer = read(BYTE_LEVEL);
    let cases: [Case; 10] = [
        ("", &[], &[], ""),
        ("hello world", &[15, 22, 27], &[15, 22, 27], " hello world"),
        ("hello  world\n", &[15, 22, 15, 27, 16], &[15, 22, 15, 27, 16], " hello  world\n"),
        (
            " don't 11 111!",
            &[15, 9, 6, 10, 28, 15, 31, 15, 31, 14, 13],
            &[15, 9, 6, 10, 28, 15, 31, 15, 31, 14, 13],
            " don't 11 111!",
        ),
        ("héllo é", &[15, 3, 29, 21, 15, 29], &[15, 3, 29, 21, 15, 29], " héllo é"),
        ("zzé<s>hello</s>", &[15, 0, 29, 0, 0, 0, 22, 0, 0, 0], &[15, 0, 29, 1, 15, 22, 2], " é hello"),
        (
            "<|user|>  hello<s> no",
            &[15, 0, 0, 4, 8, 0, 15, 15, 22, 0, 0, 0, 15, 33],
            &[32, 15, 22, 1, 15, 33],
            " hello no",
        ),
        ("  ", &[30], &[30], "  "),
        ("Hello", &[15, 0, 4, 21], &[15, 0, 4, 21], " ello"),
        (
            "\t▁world hello▁wor",
            &[15, 0, 0, 7, 24, 26, 15, 22, 0, 7, 24],
            &[15, 0, 0, 7, 24, 26, 15, 22, 0, 7, 24],
            " world hellowor",
        ),
    ];
    check(&tokenizer, &cases);
    assert_eq!(tokenizer.framed(&[22]), [1, 22, 2]);
    assert_eq!((tokenizer.bos, tokenizer.eos, tokenizer.unknown), (Some(1), Some(2), Some(0)));
}

#[test]
fn metaspace_has_the_tokens_of_the_judge() {
    let tokenizer = read(METASPACE);
    let dont: &[u32] = &[259, 266, 263, 113, 42, 119, 259, 52, 52, 259, 52, 52, 52, 36];
    let cases: [Case; 10] = [
        ("", &[], &[], ""),
        ("hello world", &[272, 278], &[272, 278], "hello world"),
        ("hello  world\n", &[272, 259, 278, 13], &[272, 259, 278, 13], "hello  world\n"),
        (" don't 11 111!", dont, dont, "don't 11 111!"),
        ("héllo é", &[259, 260, 267, 270, 259, 267], &[259, 260, 267, 270, 259, 267], "héllo é"),
        (
            "zzé<s>hello</s>",
            &[259, 125, 125, 267, 63, 118, 65, 273, 63, 50, 118, 65],
            &[259, 125, 125, 267, 1, 273, 2],
            "zzéhello",
        ),
        (
            "<|user|>  hello<s> no",
            &[259, 63, 127, 120, 118, 261, 265, 127, 65, 259, 272, 63, 118, 65, 259, 113, 263],
            &[259, 63, 127, 120, 118, 261, 265, 127, 65, 259, 272, 1, 259, 113, 263],
            "<|user|>  hello no",
        ),
        ("  ", &[279], &[279], " "),
        ("Hello", &[259, 75, 261, 270], &[259, 75, 261, 270], "Hello"),
        ("\t▁world hello▁wor", &[259, 12, 278, 272, 277], &[259, 12, 278, 272, 277], "\t world hello wor"),
    ];
    check(&tokenizer, &cases);
    assert_eq!(tokenizer.framed(&[272]), [1, 272]);
    assert_eq!(tokenizer.decode(&[3 + 0xc3, 3 + 0xa9, 3 + 0xff]), b"\xc3\xa9\xff");
}

#[test]
fn merges_are_read_in_either_form() {
    let joined = BYTE_LEVEL;
    let two = joined.replace("\"h e\"", "[\"h\", \"e\"]");
    assert_ne!(joined, two);
    assert_eq!(read(joined), read(&two));
}

#[test]
fn whole_words_pass_the_merges_by() {
    let whole = METASPACE.replace("\"ignore_merges\": false", "\"ignore_merges\": true");
    let (merging, whole) = (read(METASPACE), read(&whole.replace("\"first\"", "\"never\"")));
    assert_eq!(whole.encode("llo".as_bytes()), Ok(vec![270]));
    assert_eq!(whole.encode("<0x41>".as_bytes()), Ok(vec![3 + 0x41]));
    assert_ne!(merging.encode("<0x41>".as_bytes()), Ok(vec![3 + 0x41]));
    // A control token is no word.
    assert_eq!(whole.encode(b"</s>"), Ok(vec![63, 50, 118, 65]));
}

#[test]
fn a_user_cannot_write_a_control_token() {
    let tokenizer = read(BYTE_LEVEL);
    let parts =
        [Part::Template(b"<|user|>"), Part::Text(b"hello</s>"), Part::Template(b"</s>"), Part::Text(b"")];
    assert_eq!(tokenizer.encode_parts(&parts), Ok(vec![32, 15, 22, 0, 0, 0, 2]));
    // Nor complete one that a template began.
    let parts = [Part::Template(b"hello</"), Part::Text(b"s>")];
    assert_eq!(tokenizer.encode_parts(&parts), tokenizer.encode(b"hello</s>"));
}

#[test]
fn a_merge_that_makes_a_control_token_is_left_out() {
    let with = METASPACE.replace("\"merges\": [", "\"merges\": [[\"<s\", \">\"], ");
    let with = with.replace("\"o▁w\": 280", "\"o▁w\": 280, \"<s\": 281, \">\": 282");
    let tokenizer = read(&with);
    assert_eq!(tokenizer.merges().len(), read(METASPACE).merges().len());
    assert!(tokenizer.merges().iter().all(|merge| merge.merged > 2));
}

#[test]
fn unknown_characters_are_named_with_their_place() {
    let strict = BYTE_LEVEL.replace("\"unk_token\": \"<unk>\"", "\"unk_token\": null");
    let error = |text: &str| read(&strict).encode(text.as_bytes()).expect_err("the text has a stranger");
    assert_eq!(error("hello z"), EncodeError::Unknown { found: b"z".to_vec(), at: 6 });
    assert_eq!(error("hello z").to_string(), "byte 6: the tokenizer has no token for 'z' (U+007A)");
    let lower = strict.replace("\"normalizer\": null", "\"normalizer\": {\"type\": \"Lowercase\"}");
    let lower = lower.replace("\"normalized\": true", "\"normalized\": false");
    assert_eq!(read(&lower).encode(b"HELLO"), Ok(vec![15, 22]));
    let found = read(&lower).encode(b"HELLO  X").expect_err("x is a stranger");
    assert_eq!(found, EncodeError::Unknown { found: b"x".to_vec(), at: 7 });
}

#[test]
fn a_normal_form_is_taken_where_it_changes_nothing() {
    let nfc = METASPACE.replace("\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}");
    let tokenizer = read(&nfc);
    assert_eq!(tokenizer.encode("héllo é".as_bytes()), read(METASPACE).encode("héllo é".as_bytes()));
    let error = tokenizer.encode("hello e\u{301}".as_bytes()).expect_err("é in two characters");
    let expected =
        "byte 7: mlc does not know what '\\u{301}' (U+0301) is in NFC, the tokenizer's normal form";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_mebibyte_takes_no_time() {
    let text = b"hello  world don't ".repeat((1 << 20) / 19);
    for file in [BYTE_LEVEL, METASPACE] {
        let tokenizer = read(file);
        let ids = tokenizer.encode(&text).expect("all characters are known");
        assert_eq!(tokenizer.decode(&ids).strip_prefix(b" ").unwrap_or(&tokenizer.decode(&ids)), text);
    }
}
