//! Whole programs of models under simavr: the same text as on the machine here, which is the reference's.

use super::Firmware;
use super::judges::{dump, simavr};
use super::shared;
use super::shared::tools::installed;
use mlc_compiler::asm::Isa;
use mlc_compiler::model::Model;
use mlc_compiler::plan::Demands;
use mlc_compiler::target::Board;
use mlc_compiler::{Assets, CompileError, Request, compile, eval, import, reference};
use mlc_runtime_avr::Typing;
use std::path::{Path, PathBuf};

/// The file of a model of the project or, by its name, that of a published one where it is there.
pub fn file(path: &str) -> Option<PathBuf> {
    match path.starts_with("models/") {
        true => Some(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)),
        false => shared::file(path),
    }
}

/// The model in [`file`].
pub fn model(path: &str) -> Option<Model> {
    let file = file(path)?;
    let bytes = std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    Some(import::load(&bytes, path, &import::Options::default()).unwrap())
}

pub fn firmware(model: &Model, profile: &str) -> Firmware {
    fitting(model, profile).expect("it fits")
}

/// The same; `None` where the model does not fit the chip.
pub fn fitting(model: &Model, profile: &str) -> Option<Firmware> {
    let assets = Assets::builtin();
    let profile = assets.profiles().unwrap().into_iter().find(|p| p.name == profile).unwrap();
    let device = assets.devices().unwrap().into_iter().find(|d| d.name == profile.device).unwrap();
    let target = Board { device: device.clone(), profile }.target().unwrap();
    let request = Request {
        model,
        target: &target,
        assets: &assets,
        demands: &Demands::default(),
        wide: false,
        calibration: &[],
    };
    let compiled = match compile(&request) {
        Ok(compiled) => compiled,
        Err(CompileError::SequenceTooLarge { .. }) => return None,
        Err(error) => panic!("{}: {error}", model.head.name),
    };
    let Isa::Avr(core) = compiled.image.isa else { panic!("the target is an AVR") };
    let greeting = format!("{}. Type a line.\r\n", model.head.name);
    Some(Firmware { source: compiled.assembly, assembly: compiled.image.assembly, core, device, greeting })
}

#[test]
fn models_say_the_same_under_simavr() {
    let talk = ["hello", "how are you", "tell me a joke"];
    let command = ["turn on the light", "louder", "battery level"];
    // There is no voltage at its inputs.
    let measure = ["how warm is it?", "light on", "how bright is it"];
    for (path, board, clock, queries) in [
        ("models/tinychat/model.ron", "uno", "16000000", talk),
        ("models/commands/model.ron", "lilypad", "8000000", command),
        ("models/thermo/model.ron", "uno", "16000000", measure),
        ("tinychat.npz", "uno", "16000000", talk),
    ] {
        let Some(model) = model(path) else { continue };
        let graph = reference(&model).unwrap();
        let answers: Vec<String> =
            queries.iter().map(|query| format!("> {}", eval::run(&graph, query.as_bytes()).text())).collect();
        let firmware = firmware(&model, board);
        // All of it waits in the ring while the first answer is thought of.
        let input = queries.map(|query| format!("{query}\r")).concat();
        assert!(input.len() < 60);
        let ours = firmware.says(&input, Typing::Every(0));
        let ours: Vec<&str> = ours.lines().collect();
        assert_eq!(ours[..3], answers, "{path}");
        let lines = [vec![firmware.greeting.trim_end().to_string()], answers].concat();
        if !installed("simavr") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("in.vcd"), dump(&input)).unwrap();
        std::fs::write(folder.path().join("t.elf"), firmware.elf()).unwrap();
        let theirs = simavr(folder.path(), "t.elf", &firmware.device.name, clock, lines.len());
        assert_eq!(theirs, lines, "{path}");
    }
}
