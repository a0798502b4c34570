//! Random models through the whole pipeline.

use crate::support::{self, Random};
use mlc_compiler::model::Model;
use mlc_compiler::plan::Demands;
use mlc_compiler::{Assets, CompileError, Compiled, Request, Target, compile, eval, reference};
use mlc_runtime_z80::CpmConfig;
use std::sync::OnceLock;

/// Targets that each model is compiled for.
const TARGETS: [&str; 3] = ["z80-cpm", "zx48", "atmega2560"];

struct Built {
    assets: Assets,
    targets: Vec<Target>,
}

fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let assets = Assets::builtin();
        let targets = assets.targets().expect("built-in targets are valid");
        Built { assets, targets }
    })
}

fn compiled(model: &Model, target: &str) -> Option<Compiled> {
    let Built { assets, targets } = built();
    let target = targets.iter().find(|known| known.name == target).expect("it is built in");
    let demands = &Demands::default();
    match compile(&Request { model, target, assets, demands, wide: false, calibration: &[] }) {
        Ok(compiled) => Some(compiled),
        Err(e @ (CompileError::Template { .. } | CompileError::Assembly(_))) => panic!("{e}"),
        Err(e) => {
            assert!(!e.is_bug(), "{e}");
            None
        }
    }
}

/// The model is compiled for each target, or refused.
pub fn compiles(model: &Model) {
    for target in TARGETS {
        drop(compiled(model, target));
    }
}

/// A random model, by a seed and what is typed: its program says what the reference says, where the Z80 has one for CP/M.
pub fn pipeline(bytes: &[u8]) {
    let Some((seed, typed)) = bytes.split_first_chunk::<3>() else { return };
    let number = u64::from(u16::from_le_bytes([seed[1], seed[2]]));
    let model = match seed[0] % 3 {
        0 => support::model(number),
        1 => support::sequence::model(number),
        _ => support::networks::random(number),
    };
    compiles(&model);
    let graph = reference(&model).expect("the model keeps the rules");
    let longest = usize::from(model.reader.max_query()).min(100);
    let typed: Vec<u8> = typed.iter().take(longest).map(|b| b' ' + b % 95).collect();
    let wants = eval::run(&graph, &typed);
    if seed[0] % 3 != 0 || typed.is_empty() {
        return;
    }
    if let Some(compiled) = compiled(&model, TARGETS[0]) {
        let junk = Random(number).next();
        let ran = support::run(&compiled.image, &typed, CpmConfig { seed: junk, ..CpmConfig::default() });
        assert_eq!((&ran.reply, &ran.logits), (&wants.reply, &wants.logits), "{typed:?}");
    }
}
