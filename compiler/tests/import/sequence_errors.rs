//! Every error of a sequence model's text, to the letter, and the place that it names.

use super::model_ron::{LIMITS, WRITTEN_SO};
use super::sequence_small::small_story;
use super::{shown, small_chat};
use mlc_compiler::import::ron;

const DAMAGED: &str = "help: the file is damaged: write it again with `mlc import`";
const RULES: &str = "help: correct the field; docs/model-format.md has the rules";
const FAMILIES: &str = "reader, body and answer are parts of different families of networks\n\
                        help: take all three from one family: docs/model-format.md says which go together";

/// Line and column of a byte.
fn place(text: &str, at: usize) -> String {
    let line = text[..at].matches('\n').count() + 1;
    let column = text[..at].chars().rev().take_while(|&c| c != '\n').count() + 1;
    format!("{line}:{column}")
}

/// A text with `from` made `to`: the first `from` behind all of `behind`, one after the other.
#[track_caller]
fn changed(text: &str, behind: &[&str], from: &str, to: &str) -> String {
    let find = |start: usize, part: &str| {
        start + text[start..].find(part).unwrap_or_else(|| panic!("{part} is not in the text"))
    };
    let start = find(behind.iter().fold(0, |start, part| find(start, part) + part.len()), from);
    format!("{}{to}{}", &text[..start], &text[start + from.len()..])
}

/// Checks the error of the small model's text with a change; a `¦` marks the place that it names.
#[track_caller]
fn refused(behind: &[&str], from: &str, to: &str, error: &str) {
    broken(&changed(&ron::write(&small_story()), behind, from, to), error);
}

/// The same of a whole text.
#[track_caller]
fn broken(marked: &str, error: &str) {
    let at = marked.find('¦').expect("the place is marked");
    let text = marked.replace('¦', "");
    let e = ron::read(&text, "model.ron").expect_err("the change breaks the file");
    assert_eq!(shown(e), format!("model.ron:{}: {error}", place(&text, at)));
}

const QUERY: &[&str] = &["blocks: [", "feed_forward", "attention", "query: ("];

#[test]
fn packed_bytes() {
    let mantissas = |to: &str, error: &str| {
        let error = format!("blocks[2].attention.query.mantissas{error}");
        refused(QUERY, "mantissas: \"yMnKyw\"", &format!("mantissas: ¦\"{to}\""), &error);
    };
    let wants = |n: usize| format!(" has {n} values, its place wants 4\n{RULES}");
    mantissas("", &wants(0));
    mantissas("yMnK", &wants(3));
    mantissas("yMnKyw+n", &wants(6));
    mantissas("yMnKy", &format!(": Invalid input length: 5\n{DAMAGED}"));
    mantissas(
        "yMnKyx",
        &format!(": Invalid last symbol 0x78 ('x') at offset 5, decoded as 0b00110001.\n{DAMAGED}"),
    );
    mantissas("yM-Kyw", &format!(": Invalid symbol 45, offset 2.\n{DAMAGED}"));
    mantissas("yMnKyw==", &format!(": Invalid padding\n{DAMAGED}"));
    mantissas("yMnK é", &format!(": Invalid symbol 32, offset 4.\n{DAMAGED}"));
}

#[test]
fn rows_of_weights() {
    let row = |to: &str, error: &str| {
        let error = format!("blocks[2].attention.query.weights[2]: {error}\n{DAMAGED}");
        refused(QUERY, "\"T/o\"", &format!("¦\"{to}\""), &error);
    };
    row("", "0 characters, 3 wanted");
    row("T/", "2 characters, 3 wanted");
    row("T/oA", "4 characters, 3 wanted");
    row("T=o", "character 1 is '=', which is not base64");
    row("Téo", "character 1 is 'é', which is not base64");
    row("T/p", "bits behind the last weight are not zero");
    // What is known of the whole matrix only.
    let whole = |from: &str, to: &str, error: &str| {
        let text = changed(&ron::write(&small_story()), &QUERY[..3], "query: (", "query: ¦(");
        let behind: Vec<&str> = QUERY[..3].iter().copied().chain(["query: ¦("]).collect();
        broken(&changed(&text, &behind, from, to), &format!("blocks[2].attention.query{error}"));
    };
    let values = |n: usize| format!(".values has {n} values, its place wants 16\n{RULES}");
    whole("\"T/o\",", "", &values(12));
    whole("\"T/o\",", "\"T/o\", \"T/o\",", &values(20));
    whole("rows: 4", "rows: 5", &format!(" is 5 × 4, its place wants 4 × 4\n{RULES}"));
    // -8 has 4 bits, but is not on the grid.
    whole(
        "\"T/o\"",
        "\"SPo\"",
        ": the weight in row 1, column 0 is -8, outside of -7..7\n\
         help: quantize the weights to the grid, or give the matrix more bits",
    );
}

#[test]
fn bits() {
    let grid = |to: &str, error: &str| refused(QUERY, "grid: Symmetric(4)", &format!("grid: {to}"), error);
    for bits in ["0", "1", "2", "9", "255"] {
        let error = format!("blocks[2].attention.query.grid: {bits} bits; 3 to 8 are possible\n{DAMAGED}");
        grid(&format!("¦Symmetric({bits})"), &error);
    }
    // With other bits a row has another length, or something behind its last weight.
    let row = |to: &str, what: &str| {
        let text = changed(&ron::write(&small_story()), QUERY, "grid: Symmetric(4)", &format!("grid: {to}"));
        let text = changed(&text, QUERY, "\"6ZM\"", "¦\"6ZM\"");
        broken(&text, &format!("blocks[2].attention.query.weights[1]: {what}\n{DAMAGED}"));
    };
    row("Symmetric(5)", "3 characters, 4 wanted");
    row("Symmetric(8)", "3 characters, 6 wanted");
    row("Symmetric(3)", "bits behind the last weight are not zero");
    row("Ternary", "3 characters, 2 wanted");
    row("TwoBits", "3 characters, 2 wanted");
    grid(
        "Symmetric(¦256)",
        &format!("body.blocks.attention.query.grid: the number is outside the range of its field\n{LIMITS}"),
    );
    grid(
        "¦Bits(4)",
        &format!(
            "body.blocks.attention.query.grid: unexpected variant named `Bits` in enum `Grid`, expected one of \
             `Symmetric`, `Ternary`, or `TwoBits` instead\n{WRITTEN_SO}"
        ),
    );
}

#[test]
fn tokens_of_a_tokenizer() {
    let tokenizer = |from: &str, to: &str, error: &str| {
        let text = ron::write(&small_story());
        assert!(text.contains(from), "{from}");
        let marked = text.replacen(from, to, 1).replacen("tokenizer: (", "tokenizer: ¦(", 1);
        broken(&marked, &format!("tokenizer: {error}\n{DAMAGED}"));
    };
    tokenizer("(\"a\", 2)", "(\"a\", 6)", "alphabet.start: 6 is no token, there are 6");
    tokenizer("(\"a\", 2)", "(\"a\", 4294967295)", "alphabet.start: 4294967295 is no token, there are 6");
    tokenizer("(\"a\", 2)", "(\"\", 2)", "alphabet.start has an empty text");
    let beyond = |field: &str| format!("{field}: '€' (U+20AC) is no byte: they end with U+00FF");
    tokenizer("(\"a\", 2)", "(\"€\", 2)", &beyond("alphabet.start"));
    tokenizer("pieces: [", "pieces: [\"€\",", &beyond("pieces"));
    tokenizer(
        "(\"a\", 2)",
        "(\"a\", 2), (\"a\", 4)",
        "alphabet.start: a text is there twice, the second time for 4",
    );
    tokenizer(
        "id: 1,\n                    fuse",
        "id: 6, fuse",
        "alphabet.fallback: 6 is no token, there are 6",
    );
    let unknown = "Unknown(\n                    id: 1,\n                    fuse: true,\n                )";
    tokenizer(unknown, "Bytes([0, 1])", "alphabet.fallback has 2 ids, not 256");
    let far = format!("Bytes([{}7])", "0, ".repeat(255));
    tokenizer(unknown, &far, "alphabet.fallback: 7 is no token, there are 6");
    for at in ["(7, 6, 3, 5)", "(7, 2, 6, 5)", "(7, 2, 3, 6)"] {
        tokenizer("(7, 2, 3, 5)", at, "scheme.merges: 6 is no token, there are 6");
    }
    tokenizer("(7, 2, 3, 5)", "(7, 2, 3, 5), (8, 2, 3, 4)", "scheme.merges: 2 and 3 are there twice");
    tokenizer("(\"ab\", 5)", "(\"ab\", 6)", "scheme.whole: 6 is no token, there are 6");
    tokenizer("(\"ab\", 5)", "(\"\", 5)", "scheme.whole has an empty text");
    tokenizer("id: 1,\n                    text", "id: 6, text", "specials: 6 is no token, there are 6");
    tokenizer("text: \"<€>\"", "text: \"\"", "specials has an empty text");
    for field in ["bos: 0", "eos: 1"] {
        let to = format!("{}: 6", &field[..3]);
        tokenizer(field, &to, "bos, eos, unknown: 6 is no token, there are 6");
    }
    tokenizer("bos: 0,", "unknown: 6,", "bos, eos, unknown: 6 is no token, there are 6");
    tokenizer("bos: 0,\n", "", "adds_bos or adds_eos: there is no such token");
    tokenizer(
        "eos: 1,\n            adds_bos: true,\n            adds_eos: false",
        "adds_bos: true, adds_eos: true",
        "adds_bos or adds_eos: there is no such token",
    );
    tokenizer("Prepend(\" \")", "Prepend(\"\")", "rules has an empty text");
    tokenizer("Replace(\"\\u{80}\", \"\")", "Replace(\"\", \"a\")", "rules has an empty text");
    tokenizer("text: \"a\"", "text: \"\"", "prefix has an empty text");
    for split in ["Before", "After", "Around"] {
        tokenizer("Around(\".\")", &format!("{split}(\"\")"), "splits has an empty text");
    }
}

#[test]
fn families() {
    let (story, chat) = (ron::write(&small_story()), ron::write(&small_chat()));
    let part = |text: &str, from: &str, to: &str| -> String {
        let start = text.find(&format!("\n    {from}:")).expect("a part");
        let end = to.is_empty().then_some(text.len() - 3);
        let end = end.unwrap_or_else(|| text.find(&format!("\n    {to}:")).expect("a part"));
        text[start..end].to_string()
    };
    let mixed = |reader: &str, answer: &str, body: &str| -> String {
        let head = &story[..story.find("\n    reader:").expect("a part")];
        let parts =
            [part(reader, "reader", "answer"), part(answer, "answer", "body"), part(body, "body", "")];
        let text = format!("{head}{}\n)\n", parts.concat());
        text.replacen("body: ", "body: ¦", 1)
    };
    let same = mixed(&story, &story, &story).replace('¦', "");
    assert_eq!(ron::read(&same, "model.ron"), Ok(small_story()));
    for [reader, answer, body] in [
        [&chat, &story, &story],
        [&story, &chat, &story],
        [&story, &story, &chat],
        [&story, &chat, &chat],
        [&chat, &story, &chat],
        [&chat, &chat, &story],
    ] {
        broken(&mixed(reader, answer, body), FAMILIES);
    }
}

#[test]
fn fields() {
    refused(
        &["reader"],
        "max_length: 84",
        "max_length: ¦0",
        &format!("max_length is 0, outside 1..127\n{LIMITS}"),
    );
    refused(&["answer"], "most: 9", "most: ¦1", &format!("most is 1, outside 2..65535\n{LIMITS}"));
    refused(
        &["answer"],
        "logit_bits: 7",
        "logit_bits: ¦16",
        &format!("logit_bits is 16, outside 0..15\n{LIMITS}"),
    );
    let ends = format!("ends must be tokens of the vocabulary, ascending\n{RULES}");
    refused(&["answer"], "ends: [1]", "ends: ¦[6]", &ends);
    refused(&["answer"], "ends: [1]", "ends: ¦[1, 1]", &ends);
    refused(&["body"], "dim: 4", "dim: ¦8193", &format!("dim is 8193, outside 1..8192\n{LIMITS}"));
    refused(&["body"], "window: 4", "window: ¦1", &format!("window is 1, outside 2..4096\n{LIMITS}"));
    refused(
        &["body"],
        "heads: 2,\n        kv_heads: 1,",
        "kv_heads: 1, ¦kv_heads: 1,",
        "body: the field `kv_heads` is there twice\nhelp: take one of the two out",
    );
    let norm = &["blocks: [", "feed_forward", "attention", "norm"];
    let error = format!("blocks[2].attention.norm.down is 9, outside 0..8\n{LIMITS}");
    refused(norm, "down: 1", "down: ¦9", &error);
    let error = format!("blocks[2].attention.score_bits is 24, outside 0..23\n{LIMITS}");
    refused(norm, "score_bits: 6", "score_bits: ¦24", &error);
    refused(
        norm,
        "rotate_bits: 13",
        "rotate_bits: -¦1",
        &format!("body.blocks.attention.rotate_bits: the number is outside the range of its field\n{LIMITS}"),
    );
}
