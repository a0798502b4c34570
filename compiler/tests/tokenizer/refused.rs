//! Files that are refused, to the letter.

use super::huggingface::{BYTE_LEVEL, METASPACE};
use super::llama2c::{file, first_tokens};
use mlc_compiler::import::tokenizer::{huggingface, llama2c};
use mlc_compiler::tokens::Tokenizer;

/// What is said of a file in which one text is another.
fn said(text: &str, from: &str, to: &str) -> String {
    let changed = text.replacen(from, to, 1);
    assert_ne!(changed, text, "{from}");
    let error = huggingface::read("t.json", changed.as_bytes()).expect_err(to);
    assert!(!error.help().is_empty());
    error.to_string().strip_prefix("t.json:").expect("the file is named").trim_start().to_string()
}

#[test]
fn what_is_not_known_is_named() {
    let byte_level = |from, to| said(BYTE_LEVEL, from, to);
    let cases = [
        (
            byte_level(
                "\"normalizer\": null",
                r#""normalizer": {"type": "Sequence", "normalizers": [{"type": "StripAccents"}]}"#,
            ),
            "normalizer.normalizers[0]: StripAccents is not known to mlc, only Sequence, Prepend, Replace, Lowercase, \
             NFC, NFD, NFKC and NFKD",
        ),
        (
            byte_level(
                "\"normalizer\": null",
                r#""normalizer": {"type": "Replace", "pattern": {"Regex": " +"}, "content": " "}"#,
            ),
            "normalizer.pattern: the regular expression  + is not known to mlc, only a String",
        ),
        (
            byte_level(
                "\"pre_tokenizer\": {\"type\": \"ByteLevel\"",
                "\"pre_tokenizer\": {\"type\": \"Whitespace\"",
            ),
            "pre_tokenizer: Whitespace is not known to mlc, only Sequence, ByteLevel, Metaspace, Digits and Split",
        ),
        (
            byte_level("\"trim_offsets\": true", "\"trim_offsets\": true, \"lookahead\": 1"),
            "pre_tokenizer: the field `lookahead` is not known to mlc, and it may change the tokens",
        ),
        (
            byte_level("\"add_prefix_space\": true", "\"add_prefix_space\": 1"),
            "pre_tokenizer.add_prefix_space is 1, true or false wanted",
        ),
        (
            byte_level("\"type\": \"BPE\"", "\"type\": \"WordPiece\", \"max_input_chars_per_word\": 100"),
            "model: WordPiece is not known to mlc, only BPE",
        ),
        (byte_level("\"dropout\": null", "\"dropout\": 0.5"), "model.dropout is 0.5, null wanted"),
        (
            byte_level("\"end_of_word_suffix\": null", "\"end_of_word_suffix\": \"</w>\""),
            "model.end_of_word_suffix is </w>, null wanted",
        ),
        (byte_level("\"padding\": null", "\"padding\": {}"), "padding is {}, null wanted"),
        (
            byte_level("\"decoder\": {\"type\": \"ByteLevel\"", "\"decoder\": {\"type\": \"CTC\""),
            "decoder: CTC is not known to mlc, only Sequence, ByteLevel, Metaspace, Replace, ByteFallback, Fuse and Strip",
        ),
        (
            byte_level(
                "\"post_processor\": {\"type\": \"TemplateProcessing\"",
                "\"post_processor\": {\"type\": \"BertProcessing\"",
            ),
            "post_processor: BertProcessing is not known to mlc, only Sequence, ByteLevel and TemplateProcessing",
        ),
        (
            byte_level("\"single_word\": false", "\"single_word\": true"),
            "added_tokens[0].single_word is true, false wanted",
        ),
        (
            byte_level("\"normalizer\": null", r#""normalizer": {"type": "Lowercase"}"#),
            "added_tokens: `no`: normalized is true, false, because there is a normalizer, wanted",
        ),
        (byte_level("\"version\": \"1.0\"", "\"version\": \"2.0\""), "version is 2.0, 1.0 wanted"),
        (
            said(METASPACE, "\"type\": \"Fuse\"", "\"type\": \"ByteFallback\""),
            "decoder.decoders[2]: ByteFallback at this place is not known to mlc, only Replace and Metaspace, ByteFallback, Fuse, Strip in this order, or ByteLevel",
        ),
        (
            said(METASPACE, "\"start\": 1", "\"start\": 2"),
            "decoder.decoders[3] is 2 times \" \" in front, 0 times behind, one space in front at most wanted",
        ),
    ];
    for (said, expected) in cases {
        assert_eq!(said, expected);
    }
}

#[test]
fn what_contradicts_itself_is_named() {
    let byte_level = |from, to| said(BYTE_LEVEL, from, to);
    let cases = [
        (byte_level("\"h\": 3", "\"h\": 3, \"h\": 3"), "the token `h` is there twice, as 3 and as 3"),
        (byte_level("\"h\": 3", "\"h\": 4"), "the tokens `h` and `e` have the same id, 4"),
        (byte_level("\"h\": 3", "\"h\": 4000000000"), "id 3 has no token, though there are 34 tokens"),
        (
            byte_level("\"id\": 1, \"content\"", "\"id\": 2, \"content\""),
            "the token `<s>` is there twice, as 1 and as 2",
        ),
        (byte_level("\"h e\"", "\"h x\""), "merges[0]: `x` is no token of the vocabulary"),
        (byte_level("\"h e\"", "\"e h\""), "merges[0]: `eh` is no token of the vocabulary"),
        (byte_level("\"h e\"", "\"h e l\""), "merges[0]: `h e l` is not two tokens with one space between"),
        (
            byte_level("\"h e\"", "[\"\", \"he\"]"),
            "merges[0]: ` he` is not two tokens with one space between",
        ),
        (byte_level("\"h e\"", "\"h e\", \"l l\""), "merges[2]: the pair `l` and `l` is there twice"),
        (
            byte_level("\"ids\": [1]", "\"ids\": [99]"),
            "post_processor.special_tokens[`<s>`].ids: 99 is no token, the vocabulary has 34 tokens",
        ),
        (
            byte_level("\"unk_token\": \"<unk>\"", "\"unk_token\": \"<u>\""),
            "model.unk_token: `<u>` is no token of the vocabulary",
        ),
        (
            said(METASPACE, "\"<0x00>\": 3", "\"<0x0>\": 3"),
            "the vocabulary has 255 of the 256 byte tokens <0x00> to <0xFF>, and lacks <0x00>",
        ),
        (
            byte_level("\"merges\"", "\"mergers\""),
            "9:9: unknown field `mergers`, expected one of `type`, `dropout`, …",
        ),
    ];
    for (said, expected) in cases {
        assert_eq!(said, expected);
    }
    let long = "x".repeat(513);
    let said = byte_level("\"h\": 3", &format!("\"{long}\": 3"));
    assert_eq!(said, format!("vocab: {}… has 513 bytes, at most 512 are possible", "x".repeat(60)));
}

#[test]
fn deep_and_broken_json_is_no_tokenizer() {
    let deep =
        BYTE_LEVEL.replace("\"normalizer\": null", &format!("\"normalizer\": {}", "[".repeat(100_000)));
    for text in [deep.as_str(), "", "{}", "[]", "null", "\u{feff}{}", &BYTE_LEVEL[..1000]] {
        let error = huggingface::read("t.json", text.as_bytes()).expect_err("the file is wrong");
        assert!(error.position.is_some() || text.is_empty(), "{error}");
    }
}

#[test]
fn a_template_has_one_text_between_one_token_each() {
    let start = "\"single\": [";
    let more = |element: &str| said(BYTE_LEVEL, start, &format!("{start}{element}, "));
    let special = r#"{"SpecialToken": {"id": "<s>", "type_id": 0}}"#;
    assert!(more(special).contains("post_processor.single is 4 elements"), "{}", more(special));
    let other = said(
        BYTE_LEVEL,
        r#""single": [{"SpecialToken": {"id": "<s>""#,
        r#""single": [{"SpecialToken": {"id": "<t>""#,
    );
    assert_eq!(other, "post_processor.single[0]: `<t>` is no token of the vocabulary");
}

#[test]
fn llama2c_files_are_read_to_the_byte() {
    let mut tokens = first_tokens();
    tokens.push((-1.0, b"ab".to_vec()));
    let right = file(&tokens);
    assert!(llama2c::read("t.bin", &right, 260).is_ok());
    for end in 0..right.len() {
        assert!(llama2c::read("t.bin", &right[..end], 260).is_err());
    }
    let said = |bytes: &[u8], vocabulary| {
        llama2c::read("t.bin", bytes, vocabulary).expect_err("the file is wrong").to_string()
    };
    assert_eq!(
        said(&[], 512),
        "t.bin: the file ends inside token 0: it is truncated, or has fewer than 512 tokens"
    );
    assert_eq!(
        said(&right, 261),
        "t.bin: the file ends inside token 260: it is truncated, or has fewer than 261 tokens"
    );
    assert_eq!(said(&right, 259), "t.bin: 10 bytes behind the last of 259 tokens");
    assert_eq!(
        said(&right, 32),
        "t.bin: a vocabulary of 32 tokens, at least 259 are needed: 3 special ones and 256 bytes"
    );
    assert_eq!(
        said(&right, 1 << 40),
        "t.bin: the vocabulary: 1,099,511,627,776 found, at most 300,000 tokens are possible"
    );
    let change = |at: usize, score: f32, text: &str| {
        let mut tokens = tokens.clone();
        tokens[at] = (score, text.into());
        said(&file(&tokens), 260)
    };
    assert_eq!(change(259, f32::NAN, "ab"), "t.bin: token 259 has the score NaN");
    assert_eq!(change(259, 0.0, "<0x41>"), "t.bin: the token `<0x41>` is there twice, as 68 and as 259");
    assert_eq!(
        change(3, 0.0, "<0x01>"),
        "t.bin: token 3 is `<0x01>`, the byte token `<0x00>` is wanted there"
    );
    let mut long = right.clone();
    long[..4].copy_from_slice(&6i32.to_le_bytes());
    long[8..12].copy_from_slice(&7i32.to_le_bytes());
    assert_eq!(
        said(&long, 260),
        "t.bin: token 0 has a length of 7, the longest token by the file's first number has 6"
    );
    long[8..12].copy_from_slice(&(-1i32).to_le_bytes());
    assert!(said(&long, 260).starts_with("t.bin: token 0 has a length of -1,"));
    long[..4].copy_from_slice(&i32::MAX.to_le_bytes());
    assert!(said(&long, 260).ends_with("has 2,147,483,647 bytes, at most 512 are possible"));
}

#[test]
fn an_alphabet_has_single_characters() {
    let pieces = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
    let tokenizer = Tokenizer::characters(pieces(&["", "a", "é"]), Some(0)).expect("single characters");
    assert_eq!(tokenizer.encode("aéb".as_bytes()), Ok(vec![1, 2, 0]));
    let latin = Tokenizer::characters(vec![vec![0xe9], vec![b'a']], None).expect("single bytes");
    assert_eq!(latin.encode(b"a\xe9"), Ok(vec![1, 0]));
    let said = |texts: &[&str], unknown| {
        Tokenizer::characters(pieces(texts), unknown).expect_err("wrong").to_string()
    };
    assert_eq!(said(&["a", "bc"], None), "token 1, `bc`, is not one character");
    assert_eq!(said(&["a", "a"], None), "the token `a` is there twice, as 0 and as 1");
    assert_eq!(said(&["a"], Some(1)), "unknown: 1 is no token, the vocabulary has 1 token");
}
