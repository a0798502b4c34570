//! What the fuzzer begins with, in `fuzz/corpus/`: valid files of every kind. From a file that its reader refuses the fuzzer only gets as
//! far as the refusal.

use mlc_compiler::import::sequence::hugging_face::chat::Template;
use mlc_compiler::import::sequence::hugging_face::{self, File, Folder};
use mlc_compiler::import::sequence::{Checkpoint, read};
use mlc_compiler::import::tokenizer::{huggingface, llama2c, soul};
use mlc_compiler::import::{self, Options};
use std::path::Path;

/// The files of a target, by name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    paths
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("the file can be read"))
        })
        .collect()
}

#[test]
fn checkpoints_of_every_kind_are_there() {
    let read: Vec<Checkpoint> =
        corpus("checkpoint").iter().filter_map(|(name, bytes)| read(bytes, name).ok()).collect();
    let magic = |(_, bytes): &(String, Vec<u8>)| bytes.starts_with(&0x616b_3432u32.to_le_bytes());
    let versions: Vec<u8> =
        corpus("checkpoint").iter().filter(|file| magic(file)).map(|(_, bytes)| bytes[4]).collect();
    assert!(versions.contains(&1) && versions.contains(&2), "{versions:?}");
    let has = |is: fn(&Checkpoint) -> bool| read.iter().any(is);
    assert!(has(|c| c.output.is_none()) && has(|c| c.shape.activation.is_gated() && c.output.is_some()));
    assert!(has(|c| c.learnt_positions.is_some()), "soulplayer's");
}

#[test]
fn folders_and_chat_templates_are_there() {
    let (mut read, mut marks) = (Vec::new(), 0);
    for (name, bytes) in corpus("folder") {
        let mut parts = bytes.splitn(3, |&b| b == 0);
        let mut file = |name| File { name, bytes: parts.next().unwrap_or_default() };
        let [config, generation, weights] =
            ["config.json", "generation_config.json", "model.safetensors"].map(&mut file);
        marks += usize::from(matches!(Template::read(Some(&generation), Some(&config)), Ok(Some(template))
            if template.rendered().is_ok_and(|said| said[0].starts_with("<s>"))));
        let folder = Folder { config, weights, generation: Some(generation), ignore: &[] };
        read.extend(hugging_face::read(&folder).ok().map(|imported| (name, imported.checkpoint)));
    }
    let has = |is: fn(&Checkpoint) -> bool| read.iter().any(|(_, checkpoint)| is(checkpoint));
    assert!(
        has(|c| c.shape.qk_norm) && has(|c| c.layers[0].wq.bias.is_some()) && has(|c| c.output.is_some())
    );
    for name in ["F16", "BF16", "llama-characters", "llama-pairs"] {
        assert!(read.iter().any(|(read, _)| read == name), "{name}");
    }
    assert!(marks > 0, "a template with a mark is rendered");
}

#[test]
fn tokenizers_and_models_of_every_format_are_there() {
    let files = corpus("tokenizer");
    let count = |is: &dyn Fn(&[u8]) -> bool| files.iter().filter(|(_, bytes)| is(bytes)).count();
    assert!(count(&|bytes| huggingface::read("x", bytes).is_ok()) >= 4, "characters, pairs, bytes and words");
    let scored = |bytes: &[u8]| llama2c::read("x", &bytes[1..], usize::from(bytes[0]) * 4).is_ok();
    assert!(count(&scored) > 0 && count(&|bytes| soul::read("x", bytes).is_ok()) > 0);
    for extension in [".ron", ".npz", ".safetensors", ".pt", ".tflite", ".onnx"] {
        let mut files = corpus("model").into_iter().filter(|(name, _)| name.ends_with(extension));
        let is_read = |bytes: &[u8]| import::load(bytes, "x", &Options::default()).is_ok();
        assert!(files.any(|(_, bytes)| is_read(&bytes)), "{extension}");
    }
}
