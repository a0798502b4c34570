//! The public sequence models. They are not in the repository: `../shared/sequence` beside it.

use super::shared::tools;
use mlc_compiler::import::sequence::hugging_face::Generation;
use mlc_compiler::import::sequence::model::{Wanted, model};
use mlc_compiler::import::sequence::quantize::Quantization;
use mlc_compiler::import::{sequence as checkpoint, tokenizer};
use mlc_compiler::model::{Grid, Head, Model};
use std::path::Path;

/// A file of the public sequence models, or `None` with a message where it is missing.
pub fn shared(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/sequence").join(name);
    let what = format!("the public file ../shared/sequence/{name}, beside the repository");
    tools::there(path.is_file(), &what).then(|| std::fs::read(&path).expect("the file can be read"))
}

/// How such a network is quantized: to 8 bits, with a window of so many positions.
pub fn wanted(name: &str, window: usize) -> Wanted {
    let grid = Grid::Symmetric { bits: 8 };
    let how = Quantization { weights: grid, embedding: grid, window };
    let head = Head { name: name.into(), ..Head::default() };
    Wanted { head, how, most: None, max_length: 127, texts: vec![] }
}

/// stories260K with weights of so many bits. It reads so many tokens at most.
pub fn stories(bits: u8, window: usize, most: u16) -> Option<Model> {
    let grid = Grid::Symmetric { bits };
    quantized(Quantization { weights: grid, embedding: grid, window }, most)
}

/// stories260K as `how` says. It reads so many tokens at most.
pub fn quantized(how: Quantization, most: u16) -> Option<Model> {
    let (network, tokens) = (shared("stories260K.bin")?, shared("tok512.bin")?);
    let network = checkpoint::read(&network, "stories260K.bin").expect("the network is whole");
    let tokens = tokenizer::llama2c::read("tok512.bin", &tokens, 512).expect("the tokenizer is whole");
    let wanted = Wanted { most: Some(most), ..wanted("stories260K", how.window) };
    let wanted = Wanted { how, ..wanted };
    Some(model(&network, tokens, &Generation::default(), &wanted).expect("it is quantized"))
}
