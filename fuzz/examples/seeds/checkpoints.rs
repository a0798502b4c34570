//! Seeds of float networks: files of llama2.c and soulplayer, and folders of Hugging Face's, from the writers that tests hold the
//! readers to and from `mlc export`'s.

use crate::small::network;
use crate::{Put, small, tokenizers, writers};
use mlc_compiler::import::ron;
use mlc_compiler::import::sequence::hugging_face::chat::Template;
use mlc_compiler::import::sequence::hugging_face::{self, File, Generation};
use mlc_compiler::import::sequence::model::{Wanted, model};
use mlc_compiler::import::sequence::quantize::Quantization;
use mlc_compiler::import::sequence::{Activation, Layout, Position, Shape, dequantize};
use mlc_compiler::model::{Grid, Head};
use mlc_compiler::tokens::Tokenizer;
use serde_json::json;

/// As small as a network with all parts can be: what is mutated is mostly structure then, not weights.
fn llama() -> Shape {
    let positions = Some(16);
    Shape { dim: 8, layers: 1, heads: 2, kv_heads: 1, hidden: 8, vocabulary: 12, positions, ..small::llama() }
}

/// The kinds of networks that folders hold.
fn shapes() -> [(&'static str, Shape, [bool; 3]); 4] {
    let position = Position::Rope { theta: 1000.0, layout: Layout::Adjacent };
    [
        ("llama", llama(), [false; 3]),
        ("biased", Shape { layers: 2, ..llama() }, [true; 3]),
        ("qwen", Shape { qk_norm: true, position, ..llama() }, [false; 3]),
        ("relu", Shape { activation: Activation::ReluGate, kv_heads: 2, ..llama() }, [false; 3]),
    ]
}

pub fn put(put: Put) {
    files(put);
    for (seed, (name, shape, biased)) in (0..).zip(shapes()) {
        let tied = seed % 2 == 0;
        let checkpoint = network(shape, tied, biased, seed);
        let generation = Generation { begin: Some(0), end: vec![1], ..Generation::default() };
        let written = hugging_face::write(&checkpoint, &generation, 16).expect("a network that folders hold");
        put("folder", name, joined([&written.config, &written.generation, &written.weights]));
        for (kind, tokenizer) in tokenizers::trained() {
            exported(
                put,
                &format!("{name}-{kind}"),
                Shape { vocabulary: tokenizer.pieces.len(), ..shape },
                tokenizer,
            );
        }
    }
    let checkpoint = network(llama(), false, [false; 3], 9);
    let config = writers::config(&checkpoint).to_string();
    for kind in ["BF16", "F16"] {
        let weights = writers::safetensors(&writers::tensors(&checkpoint), kind);
        put("folder", kind, joined([config.as_bytes(), b"{}", &weights]));
    }
    templates(put);
}

/// Files of llama2.c, with and without a version, and one of soulplayer.
fn files(put: Put) {
    for tied in [false, true] {
        let checkpoint = network(llama(), tied, [false; 3], 5);
        let name = if tied { "tied" } else { "own" };
        put("checkpoint", &format!("{name}-legacy.bin"), writers::legacy(&checkpoint));
        put("checkpoint", &format!("{name}-1.bin"), writers::version1(&checkpoint));
        put("checkpoint", &format!("{name}-2.bin"), writers::version2(&checkpoint, 8, false));
    }
    let shape = Shape { dim: 16, layers: 1, vocabulary: 12, positions: Some(16), hidden: 8, ..small::soul() };
    put("checkpoint", "soul.bin", writers::soul(&network(shape, false, [false, false, true], 5), 6));
}

/// A model of integers, and the folder that `mlc export` writes of it.
fn exported(put: Put, name: &str, shape: Shape, tokenizer: Tokenizer) {
    let checkpoint = network(shape, true, [false; 3], 7);
    let grid = Grid::Symmetric { bits: 4 };
    let wanted = Wanted {
        head: Head { name: name.into(), ..Head::default() },
        how: Quantization { weights: grid, embedding: grid, window: 8 },
        most: Some(16),
        max_length: 20,
        texts: vec![],
    };
    let begin = tokenizer.bos;
    let model = model(&checkpoint, tokenizer, &Generation::default(), &wanted).expect("it is quantized");
    let (_, body, story) = model.sequence().expect("it is a sequence model");
    let floats = dequantize(body, story.logit_bits).expect("what was quantized has floats");
    let generation = Generation {
        sample: Some(false),
        begin,
        end: story.ends.clone(),
        max_length: Some(story.most.into()),
        ..Generation::default()
    };
    let written = hugging_face::write(&floats, &generation, 16).expect("a network that folders hold");
    put("folder", name, joined([&written.config, &written.generation, &written.weights]));
    put("model", &format!("{name}.ron"), ron::write(&model).into_bytes());
}

/// A chat template as a file, in `tokenizer_config.json`, and what it makes of conversations.
fn templates(put: Put) {
    let source = "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}\
        {{ '[' + message['content'].strip() + ']' }}{% elif message['role'] == 'assistant' %}\
        {{ message['content'] + bos_token }}{% endif %}{% endfor %}";
    let config = json!({ "chat_template": source, "bos_token": "<s>" }).to_string();
    put("folder", "template", joined([source.as_bytes(), config.as_bytes(), b""]));
    let file = File { name: "tokenizer_config.json", bytes: config.as_bytes() };
    let template = Template::read(Some(&file), None).expect("it can be read").expect("there is one");
    let said = template.rendered().expect("it can be rendered");
    hugging_face::chat::turns(&said, &mlc_fuzz::characters()).expect("they are turns");
    put("folder", "conversations", joined(said.each_ref().map(|text| text.as_bytes())));
}

/// The files of a folder, as the fuzz target takes them.
fn joined(files: [&[u8]; 3]) -> Vec<u8> {
    files.join(&0)
}
