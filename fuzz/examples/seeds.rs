//! Writes what the fuzzer begins with into `FOLDER/TARGET/`: small files of the kinds that mlc writes itself, and of those that
//! its tests make.

use mlc_compiler::import::sequence::dequantize;
use mlc_compiler::import::sequence::hugging_face::{self, Generation};
use mlc_compiler::import::{npz, ron, tokenizer};
use mlc_compiler::model::Model;
use mlc_compiler::plan::Demands;
use mlc_compiler::target::ImageKind;
use mlc_compiler::{Assets, Compiled, Request, compile};
use mlc_fuzz::{support, tflite};
use std::path::Path;
use std::{env, fs};

/// Models of each family.
const MODELS: u64 = 12;
/// Bytes of the largest seed.
const LARGEST: usize = 64 << 10;

fn main() {
    let folder = env::args_os().nth(1).expect("give the folder");
    let put = |target: &str, name: String, bytes: Vec<u8>| {
        if bytes.len() <= LARGEST {
            let folder = Path::new(&folder).join(target);
            fs::create_dir_all(&folder).expect("folders can be made");
            fs::write(folder.join(name), bytes).expect("files can be written");
        }
    };
    for seed in 0..MODELS {
        let families =
            [support::model(seed), support::sequence::model(seed), support::networks::random(seed)];
        for (family, model) in families.iter().enumerate() {
            put("model", format!("{family}-{seed}.ron"), ron::write(model).into_bytes());
            put(
                "pipeline",
                format!("{family}-{seed}"),
                [&[family as u8, seed as u8, 0][..], b"hello 12"].concat(),
            );
            programs(&put, &format!("{family}-{seed}"), model);
        }
        if let Ok(bytes) = npz::write(&families[0]) {
            put("model", format!("{seed}.npz"), bytes);
        }
        if let Some(folder) = exported(&families[1]) {
            put("folder", seed.to_string(), folder);
        }
        if let Some((reader, ..)) = families[1].sequence() {
            if let Ok(written) = tokenizer::huggingface::write(&reader.tokenizer) {
                put("tokenizer", format!("{seed}.json"), written.bytes);
            }
        }
    }
    for (name, bytes) in
        [("dense.tflite", tflite::dense(9).bytes()), ("floats.tflite", tflite::floats().bytes())]
    {
        put("network", name.into(), bytes.clone());
        put("model", name.into(), bytes);
    }
    put("data", "a.csv".into(), b"\x02a,b,label\n1.5,2,up\n-3,4e1,\"down, left\"\n".to_vec());
    let templates = include_bytes!("../../models/thermo/templates.txt");
    put("texts", "templates.txt".into(), templates.to_vec());
    put("texts", "pairs.txt".into(), b"# pairs\nhello|HI\nhow are you|FINE\n".to_vec());
    let talk =
        br#"{"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "HI"}]}"#;
    put("texts", "talk.jsonl".into(), talk.to_vec());
    put("texts", "table.csv".into(), b"query,reply\n\"hello, you\",HI\n".to_vec());
    descriptions(&put);
}

/// Descriptions of targets, devices and boards, as they are in the repository.
fn descriptions(put: &dyn Fn(&str, String, Vec<u8>)) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for folder in ["runtime-z80/targets", "runtime-avr/devices", "runtime-avr/profiles"] {
        for entry in fs::read_dir(root.join(folder)).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            let name = format!(
                "{}-{}",
                folder.replace('/', "-"),
                path.file_name().expect("a name").to_string_lossy()
            );
            put("description", name, fs::read(&path).expect("the file is there"));
        }
    }
}

/// Assembly and images of a model for each machine.
fn programs(put: &dyn Fn(&str, String, Vec<u8>), name: &str, model: &Model) {
    let assets = Assets::builtin();
    for target in assets.targets().expect("built-in targets are valid") {
        let demands = &Demands::default();
        let request =
            Request { model, target: &target, assets: &assets, demands, wide: false, calibration: &[] };
        let Ok(Compiled { image, assembly, .. }) = compile(&request) else { continue };
        let kind = if target.flash.is_some() && target.rom.is_none() { "avr" } else { "z80" };
        put(&format!("{kind}_assembly"), format!("{name}-{}", target.name), assembly.into_bytes());
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
                    format!("{name}-{}.{}", target.name, of.extension()),
                    image.file(of, "SEED"),
                );
            }
        }
    }
}

/// The files of a folder, with a zero byte between them.
fn exported(model: &Model) -> Option<Vec<u8>> {
    let (.., body, story) = model.sequence()?;
    let checkpoint = dequantize(body, story.logit_bits).ok()?;
    let written = hugging_face::write(&checkpoint, &Generation::default(), body.window).ok()?;
    Some([&written.config[..], b"\0", &written.generation, b"\0", &written.weights].concat())
}
