//! The generated programs and files before other people's assemblers, tools and ROMs.

#[path = "../support/mod.rs"]
mod support;

mod calling;
mod cpc;
mod cpc6128;
mod cpm;
mod cpm_disk;
mod fuse;
mod msx;
mod spectrum;
mod zx128;

use mlc_compiler::plan::{Demands, LayerError, Storage};
use mlc_compiler::{CompileError, weights::Form};
use std::process::Command;
use support::shared::tools::installed;

#[test]
fn pasmo_assembles_every_program_to_the_same_bytes() {
    if !installed("pasmo") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut models: Vec<_> = (0..30).map(support::model).collect();
    models.extend(["tinychat", "guess"].into_iter().filter_map(support::published));
    let mut compared = 0;
    for model in models {
        for form in std::iter::once(None).chain(Form::ALL.map(Some)) {
            let compiled = match support::compile_for_cpm(&model, form, &[]) {
                Ok(compiled) => compiled,
                Err(CompileError::TooLarge { .. } | CompileError::Layer(LayerError::Nowhere { .. })) => {
                    continue;
                }
                Err(error) => panic!("{} {form:?}: {error}", model.head.name),
            };
            let (source, binary) = (folder.path().join("a.asm"), folder.path().join("a.bin"));
            std::fs::write(&source, &compiled.assembly).expect("the folder is writable");
            let pasmo = Command::new("pasmo").arg(&source).arg(&binary).output().expect("pasmo runs");
            let said = String::from_utf8_lossy(&pasmo.stderr);
            assert!(pasmo.status.success(), "{} {form:?}: {said}", model.head.name);
            let bytes = std::fs::read(&binary).expect("pasmo wrote its output");
            assert!(bytes == compiled.image.bytes, "{} {form:?}: pasmo gives other bytes", model.head.name);
            compared += 1;
        }
    }
    assert!(compared >= 100, "only {compared} programs fit CP/M");
}

#[test]
fn pasmo_assembles_sequence_models_to_the_same_bytes() {
    if !installed("pasmo") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, binary) = (folder.path().join("a.asm"), folder.path().join("a.bin"));
    let mut compared = 0;
    for model in (0..12).map(support::sequence::model) {
        let name = &model.head.name;
        for target in ["z80-cpm", "zx48", "cpc464"] {
            let in_file = Demands { storage: Storage::File, ..Demands::default() };
            let made = match target {
                "z80-cpm" if model.head.name.ends_with(['0', '2', '4', '6', '8']) => {
                    support::compile_as(&model, &in_file, &[])
                }
                _ => support::compile_for(target, &model, None, &[]),
            };
            let compiled = match made {
                Ok(compiled) => compiled,
                Err(CompileError::Sequence { .. } | CompileError::SequenceTooLarge { .. }) => continue,
                Err(error) => panic!("{name} on {target}: {error}"),
            };
            std::fs::write(&source, &compiled.assembly).expect("the folder is writable");
            let pasmo = Command::new("pasmo").arg(&source).arg(&binary).output().expect("pasmo runs");
            let said = String::from_utf8_lossy(&pasmo.stderr);
            assert!(pasmo.status.success(), "{name} on {target}: {said}");
            let bytes = std::fs::read(&binary).expect("pasmo wrote its output");
            assert!(bytes == compiled.image.bytes, "{name} on {target}: pasmo gives other bytes");
            compared += 1;
        }
    }
    assert!(compared >= 12, "only {compared} programs were made");
}

#[test]
fn pasmo_assembles_networks_on_numbers_to_the_same_bytes() {
    if !installed("pasmo") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, binary) = (folder.path().join("a.asm"), folder.path().join("a.bin"));
    let mut compared = 0;
    for seed in 0..12 {
        let model = support::networks::random(seed);
        for target in ["z80-cpm", "zx48", "cpc464", "msx"] {
            let compiled = match support::compile_for(target, &model, None, &[]) {
                Ok(compiled) => compiled,
                Err(CompileError::SensorsTooLarge { .. }) => continue,
                Err(error) => panic!("{seed} on {target}: {error}"),
            };
            std::fs::write(&source, &compiled.assembly).expect("the folder is writable");
            let pasmo = Command::new("pasmo").arg(&source).arg(&binary).output().expect("pasmo runs");
            let said = String::from_utf8_lossy(&pasmo.stderr);
            assert!(pasmo.status.success(), "{seed} on {target}: {said}");
            let bytes = std::fs::read(&binary).expect("pasmo wrote its output");
            assert!(bytes == compiled.image.bytes, "{seed} on {target}: pasmo gives other bytes");
            compared += 1;
        }
    }
    assert!(compared >= 40, "only {compared} programs were made");
}
