//! Seeds of tokenizers: what the trainer makes and `mlc export` writes, and files of llama2.c, soulplayer and Hugging Face's.

use crate::Put;
use mlc_compiler::import::tokenizer::{huggingface, llama2c, soul};
use mlc_compiler::tokens::Tokenizer;
use mlc_trainer::texts::tokenizer::{Choice, TokenizerKind};
use mlc_trainer::texts::{Cut, Framing, Records};
use serde_json::json;

/// What the trainer makes of a few conversations: characters, and byte pairs.
pub fn trained() -> [(&'static str, Tokenizer); 2] {
    let mut records = Records::default();
    let pairs = b"tell me|me too\ntell me a tale|a tall tale\nmeet me late|a little later\ntell|tall\n";
    records.read("x.txt", pairs, None, Cut::Whole).expect("they are pairs");
    [("characters", TokenizerKind::Characters), ("pairs", TokenizerKind::Bpe { tokens: 64 })].map(
        |(name, kind)| {
            let choice = Choice { kind, ..Choice::default() };
            (name, Framing::fresh(&records, choice).expect("there is room").tokenizer)
        },
    )
}

pub fn put(put: Put) {
    for (name, tokenizer) in trained() {
        let written = huggingface::write(&tokenizer).expect("the format can say it");
        put("tokenizer", &format!("{name}.json"), written.bytes);
    }
    let files = [
        ("byte_level.json", &include_bytes!("../../../compiler/tests/tokenizer/files/byte_level.json")[..]),
        ("metaspace.json", &include_bytes!("../../../compiler/tests/tokenizer/files/metaspace.json")[..]),
    ];
    for (name, bytes) in files {
        huggingface::read(name, bytes).expect("the file is right");
        put("tokenizer", name, bytes.to_vec());
    }
    put("tokenizer", "llama2c.bin", scored());
    put("tokenizer", "soul.json", ordered());
}

/// llama2.c's, behind a byte that says how many tokens it has.
fn scored() -> Vec<u8> {
    let controls = ["<unk>", "\n<s>\n", "\n</s>\n"].map(str::to_string);
    let bytes = (0..256).map(|byte| format!("<0x{byte:02X}>"));
    let others = [" ", "a", "t", " a", "at"].map(str::to_string);
    let tokens: Vec<String> = controls.into_iter().chain(bytes).chain(others).collect();
    let longest = tokens.iter().map(String::len).max().expect("there are some") as i32;
    let mut file = longest.to_le_bytes().to_vec();
    for (id, token) in tokens.iter().enumerate() {
        file.extend((-(id as f32)).to_le_bytes());
        file.extend((token.len() as i32).to_le_bytes());
        file.extend(token.as_bytes());
    }
    llama2c::read("tokenizer.bin", &file, tokens.len()).expect("the file is right");
    let fourths = u8::try_from(tokens.len() / 4).expect("they are few");
    assert_eq!(usize::from(fourths) * 4, tokens.len(), "the target counts tokens in fours");
    [&[fourths][..], &file].concat()
}

/// soulplayer's: merges that are made one after the other.
fn ordered() -> Vec<u8> {
    let tokens = ["<PAD>", "<SEP>", "<UNK>", "<END>", " ", "e", "h", "l", "o", "he", "ll", "hell", "hello"];
    let vocab: serde_json::Map<_, _> =
        tokens.iter().zip(0..).map(|(token, id)| (token.to_string(), json!(id))).collect();
    let merges = [["h", "e"], ["l", "l"], ["he", "ll"], ["hell", "o"]];
    let file =
        json!({ "vocab": vocab, "merges": merges, "vocab_size": tokens.len() }).to_string().into_bytes();
    soul::read("tokenizer.json", &file).expect("the file is right");
    file
}
