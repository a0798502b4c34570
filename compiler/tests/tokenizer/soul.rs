//! soulplayer's tokenizer, against its replies.

use super::{Random, shared, shared_text};
use mlc_compiler::import::tokenizer::soul;
use mlc_compiler::tokens::Tokenizer;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reply {
    prompt: String,
    ids: Vec<u32>,
    reply: String,
}

fn tokenizer() -> Option<Tokenizer> {
    let bytes = shared("soul-tokenizer.json")?;
    Some(soul::read("soul-tokenizer.json", &bytes).expect("the file is right"))
}

/// `encode` of `train.py`: each merge in order goes over all tokens.
fn by_definition(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    let start = |c: char| tokenizer.pieces.iter().position(|piece| *piece == c.to_string().as_bytes());
    let mut ids: Vec<u32> = text.to_lowercase().chars().map(|c| start(c).unwrap_or(2) as u32).collect();
    for merge in tokenizer.merges() {
        let mut at = 1;
        while at < ids.len() {
            if (ids[at - 1], ids[at]) == (merge.left, merge.right) {
                ids[at - 1] = merge.merged;
                ids.remove(at);
            }
            at += 1;
        }
    }
    ids
}

#[test]
fn replies_are_what_their_tokens_print() {
    let Some(tokenizer) = tokenizer() else { return };
    let Some(json) = shared_text("soul-replies.json") else { return };
    let replies: Vec<Reply> = serde_json::from_str(&json).expect("the file is right");
    assert_eq!(replies.len(), 15);
    for Reply { prompt, ids, reply } in replies {
        assert_eq!(tokenizer.decode(&ids), reply.as_bytes());
        let tokens = tokenizer.encode(prompt.as_bytes()).expect("unknown characters are a token");
        assert_eq!(tokens, by_definition(&tokenizer, &prompt));
        assert_eq!(tokenizer.decode(&tokenizer.framed(&tokens)), prompt.as_bytes());
    }
}

#[test]
fn merging_by_rank_is_merging_in_order() {
    let Some(tokenizer) = tokenizer() else { return };
    assert_eq!(tokenizer.encode(b"HELLO, you're"), Ok(vec![49, 16, 56, 35, 4, 69, 41]));
    let framed =
        tokenizer.framed(&tokenizer.encode("hi 5é".as_bytes()).expect("unknown characters are a token"));
    assert_eq!(framed, [1, 12, 13, 4, 2, 2, 1]);
    let mut random = Random(5);
    for _ in 0..1000 {
        let pieces = (0..random.below(20)).flat_map(|_| tokenizer.pieces[random.below(128)].clone());
        let text = String::from_utf8(pieces.collect()).expect("the vocabulary is ASCII");
        assert_eq!(tokenizer.encode(text.as_bytes()), Ok(by_definition(&tokenizer, &text)), "{text}");
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let refused = |vocab: &str, merges: &str, size: usize| {
        let text = format!("{{\"vocab\":{{{vocab}}},\"merges\":{merges},\"vocab_size\":{size}}}");
        soul::read("soul.json", text.as_bytes()).expect_err("the file is wrong").to_string()
    };
    let first = r#""<PAD>":0,"<SEP>":1,"<UNK>":2,"<END>":3,"a":4,"aa":5"#;
    let said = [
        refused(r#""<PAD>":0"#, "[]", 1),
        refused(first, "[]", 7),
        refused(
            r#""<PAD>":0,"<SEP>":1,"<UNK>":2,"<END>":3,"a":4,"aa":5,"aaa":6"#,
            r#"[["aa","a"],["a","aa"],["a","a"]]"#,
            7,
        ),
        refused(first, "[], \"version\":1", 6),
    ];
    let expected = [
        "soul.json: vocab: `<SEP>` is no token of the vocabulary",
        "soul.json: vocab_size is 7, but there are 6 tokens",
        "soul.json: merges[0]: `aa` is used before the merge that makes it",
        "soul.json:1:86: unknown field `version`, expected one of `vocab`, `merges`, …",
    ];
    assert_eq!(said, expected);
}
