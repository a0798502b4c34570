//! Writes what the fuzzer begins with into `FOLDER/TARGET/`: small files of the kinds that mlc writes itself, and of those that
//! its tests make.

#![allow(dead_code, unused_imports, reason = "a part of each file of tests is used here")]

mod checkpoints;
mod hashed;
#[path = "../../../compiler/tests/network/onnx.rs"]
mod onnx;
#[path = "../../../tests/support/random.rs"]
mod random;
#[path = "../../../compiler/tests/sequence/small.rs"]
mod small;
#[path = "../../../compiler/tests/sequence/support.rs"]
mod support;
mod tokenizers;
#[path = "../../../compiler/tests/network/trees.rs"]
mod trees;
#[path = "../../../compiler/tests/sequence/writers.rs"]
mod writers;

use mlc_compiler::import::ron;
use mlc_compiler::model::Model;
use mlc_compiler::plan::Demands;
use mlc_compiler::target::ImageKind;
use mlc_compiler::{Assets, Compiled, Request, compile};
use mlc_fuzz::support as models;
use mlc_fuzz::tflite;
use std::path::Path;
use std::{env, fs};

/// Models of each family.
const MODELS: u64 = 12;
/// Bytes of the largest seed.
const LARGEST: usize = 64 << 10;

/// Takes a seed: its target, its name and its bytes.
type Put<'a> = &'a dyn Fn(&str, &str, Vec<u8>);

fn main() {
    let folder = env::args_os().nth(1).expect("give the folder");
    let put = |target: &str, name: &str, bytes: Vec<u8>| {
        if bytes.len() <= LARGEST {
            let folder = Path::new(&folder).join(target);
            fs::create_dir_all(&folder).expect("folders can be made");
            fs::write(folder.join(name), bytes).expect("files can be written");
        }
    };
    for seed in 0..MODELS {
        let families = families(seed);
        for (family, model) in families.iter().enumerate() {
            let name = format!("{family}-{seed}");
            put("model", &format!("{name}.ron"), ron::write(model).into_bytes());
            put("pipeline", &name, [&[family as u8, seed as u8, 0][..], b"hello 12"].concat());
        }
        hashed::put(&put, seed, &families[0]);
    }
    // The only file here that PyTorch itself has written.
    let written = include_bytes!("../../../compiler/tests/import/data/torch-2.13.pt");
    put("model", "torch-2.13.pt", written.to_vec());
    checkpoints::put(&put);
    tokenizers::put(&put);
    numbers(&put);
    texts(&put);
    // Last, because compiling them takes the longest.
    for seed in 0..MODELS {
        for (family, model) in families(seed).iter().enumerate() {
            programs(&put, &format!("{family}-{seed}"), model);
        }
    }
}

/// A random model of each family.
fn families(seed: u64) -> [Model; 3] {
    [models::model(seed), models::sequence::model(seed), models::networks::random(seed)]
}

/// Networks on numbers, and rows of them.
fn numbers(put: Put) {
    let files = [
        ("dense.tflite", tflite::dense(9).bytes()),
        ("floats.tflite", tflite::floats().bytes()),
        ("mlp.onnx", onnx::mlp()),
        ("trees.onnx", trees::small()),
    ];
    for (name, bytes) in files {
        put("network", name, bytes.clone());
        put("model", name, bytes);
    }
    put("data", "a.csv", b"\x02a,b,label\n1.5,2,up\n-3,4e1,\"down, left\"\n".to_vec());
}

/// What is trained with.
fn texts(put: Put) {
    let templates = include_bytes!("../../../models/thermo/templates.txt");
    put("texts", "templates.txt", templates.to_vec());
    put("texts", "pairs.txt", b"# pairs\nhello|HI\nhow are you|FINE\n".to_vec());
    let talk =
        br#"{"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "HI"}]}"#;
    put("texts", "talk.jsonl", talk.to_vec());
    put("texts", "table.csv", b"query,reply\n\"hello, you\",HI\n".to_vec());
}

/// Assembly and images of a model for each machine.
fn programs(put: Put, name: &str, model: &Model) {
    let assets = Assets::builtin();
    for target in assets.targets().expect("built-in targets are valid") {
        let demands = &Demands::default();
        let request =
            Request { model, target: &target, assets: &assets, demands, wide: false, calibration: &[] };
        let Ok(Compiled { image, assembly, .. }) = compile(&request) else { continue };
        let kind = if target.flash.is_some() && target.rom.is_none() { "avr" } else { "z80" };
        put(&format!("{kind}_assembly"), &format!("{name}-{}", target.name), assembly.into_bytes());
        for of in [
            ImageKind::Tap,
            ImageKind::Tzx,
            ImageKind::Sna,
            ImageKind::Bin,
            ImageKind::Dsk,
            ImageKind::Cdt,
            ImageKind::Rom,
            ImageKind::Hex,
            ImageKind::Elf,
        ] {
            if target.images.contains(&of) {
                put(
                    &format!("{kind}_images"),
                    &format!("{name}-{}.{}", target.name, of.extension()),
                    image.file(of, "SEED"),
                );
            }
        }
    }
}
