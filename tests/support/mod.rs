//! What several test targets need: random models, and running an image on the machine.

#![allow(dead_code, reason = "each test target uses a part of it")]

pub mod called;
pub mod imported;
pub mod networks;
pub mod parts;
pub mod planes;
pub mod sequence;
pub mod stories;
pub mod wide;

use mlc_compiler::image::Phase;
use mlc_compiler::model::{Answer, Chat, ContextEncoder, Layer, Model, QueryEncoder, WeightSet};
use mlc_compiler::plan::{Demands, Storage};
use mlc_compiler::{Assets, CompileError, Compiled, Image, Request, Target, compile, weights::Form};
use mlc_runtime_z80::{
    CpmConfig, CpmMachine, End, Memory, NoObserver, Observer, PhaseCounter, Script, Symbols, Z80,
};
use std::path::Path;

pub mod cores;
mod random;
pub mod shared;

pub use random::Random;

/// A layer with all that is odd: zero rows and columns, single -2 weights, biases up to `bias`.
pub fn layer(r: &mut Random, inputs: usize, outputs: usize, density: u64, bias: i64, shift: u8) -> Layer {
    let dead_columns: Vec<bool> = (0..inputs).map(|_| r.chance(8)).collect();
    let mut weights = vec![0i8; inputs * outputs];
    for row in weights.chunks_mut(inputs) {
        if r.chance(8) {
            continue;
        }
        for (w, dead) in row.iter_mut().zip(&dead_columns) {
            if !dead && r.chance(density) {
                *w = [-2, -1, -1, 1, 1, 1][r.within(0, 5)];
            }
        }
        if r.chance(10) {
            row.fill(0);
            row[r.within(0, inputs - 1)] = -2;
        }
    }
    let bias = (0..outputs).map(|_| (r.within(0, 2 * bias as usize) as i64 - bias) as i16).collect();
    Layer { inputs, outputs, weights, bias, shift, set: WeightSet::Full }
}

/// Makes a layer one of `set`: weights outside of it become others.
pub fn restrict(layer: &mut Layer, set: WeightSet, r: &mut Random) {
    layer.set = set;
    for w in layer.weights.iter_mut().filter(|w| !set.contains(**w)) {
        *w = if *w < 0 || r.chance(50) { -1 } else { 1 };
    }
}

/// A random chat model or classifier of odd shape that is likely to fit a Z80.
pub fn model(seed: u64) -> Model {
    let mut r = Random(seed);
    let chat = !r.chance(25);
    let buckets = |r: &mut Random| match r.within(0, 4) {
        0 => r.within(1, 300) as u16,
        1 => 256,
        2 => 512,
        3 => 64,
        _ => 128,
    };
    let query = QueryEncoder { buckets: buckets(&mut r), bands: 1, max_length: r.within(1, 127) as u8 };
    let context = buckets(&mut r);
    let inputs = usize::from(query.buckets) + if chat { usize::from(context) } else { 0 };
    let classes = r.within(1, if chat { 60 } else { 280 });
    let depth = r.within(1, 6);
    let widest = [300, 300, 200, 120, 80, 60][depth - 1];
    let mut widths = vec![inputs];
    widths.extend((1..depth).map(|_| r.within(1, widest)));
    widths.push(classes);
    let density = [3, 10, 27][r.within(0, 2)];
    let bias = [40, 1000, 32767][r.within(0, 2)];
    let shift = if r.chance(70) { 2 } else { r.within(0, 7) as u8 };
    let layers = widths.windows(2).map(|w| layer(&mut r, w[0], w[1], density, bias, shift)).collect();
    let (context, answer) = if chat {
        let mut charset: Vec<u8> = (0..classes - 1).map(|i| b'!' + (i % 90) as u8).collect();
        if seed.is_multiple_of(7) && classes > 1 {
            charset[0] = b'\t';
        }
        charset.push(0);
        let length = r.within(1, 12) as u8;
        let max_reply = r.within(1, 6) as u8;
        let context = ContextEncoder { buckets: context, length };
        (Some(context), Answer::Chat(Chat { charset, max_reply }))
    } else {
        (None, parts::label((0..classes).map(|i| format!("L{i}"))))
    };
    let name = format!("random-{seed}");
    let mut model = parts::model((&name, "random"), (query, context), layers, answer);
    // Decided by numbers of their own: shapes and weights of the networks without them stay as they are.
    let mut r = Random(seed ^ 0xBA_4D5E);
    if r.chance(40) {
        parts::reader_mut(&mut model).query.bands = [2, 3, 4, 16][r.within(0, 3)];
    }
    for layer in parts::layers_mut(&mut model) {
        match r.within(0, 19) {
            0 | 1 => restrict(layer, WeightSet::Ternary, &mut r),
            2 => restrict(layer, WeightSet::Binary, &mut r),
            _ => {}
        }
    }
    model.check().expect("the generator keeps the rules");
    model
}

/// A random query of printable characters.
pub fn query(r: &mut Random, longest: usize) -> Vec<u8> {
    let length = r.within(1, longest);
    (0..length).map(|_| if r.chance(15) { b' ' } else { r.within(33, 126) as u8 }).collect()
}

pub fn target() -> Target {
    target_named("z80-cpm")
}

/// A built-in target.
pub fn target_named(name: &str) -> Target {
    let targets = Assets::builtin().targets().expect("built-in targets are valid");
    targets.into_iter().find(|t| t.name == name).unwrap_or_else(|| panic!("{name} is built in"))
}

pub fn compile_for_cpm(
    model: &Model,
    encoding: Option<Form>,
    calibration: &[Vec<u8>],
) -> Result<Compiled, CompileError> {
    compile_as(model, &Demands::of(encoding), calibration)
}

/// A program planned as `demands` ask for.
pub fn compile_as(
    model: &Model,
    demands: &Demands,
    calibration: &[Vec<u8>],
) -> Result<Compiled, CompileError> {
    let (target, assets) = (target(), Assets::builtin());
    compile(&Request { model, target: &target, assets: &assets, demands, wide: false, calibration })
}

/// Compiles for a built-in target.
pub fn compile_for(
    target: &str,
    model: &Model,
    encoding: Option<Form>,
    calibration: &[Vec<u8>],
) -> Result<Compiled, CompileError> {
    let (target, assets) = (target_named(target), Assets::builtin());
    let demands = &Demands::of(encoding);
    compile(&Request { model, target: &target, assets: &assets, demands, wide: false, calibration })
}

/// A sequence model for a target, its weights in banks. `None` where the machine cannot take it.
///
/// # Panics
/// For any other reason that there is no program.
pub fn in_banks(target: &Target, model: &Model) -> Option<Compiled> {
    let (assets, demands) = (Assets::builtin(), Demands { storage: Storage::Banks, ..Demands::default() });
    let request =
        Request { model, target, assets: &assets, demands: &demands, wide: false, calibration: &[] };
    match compile(&request) {
        Ok(compiled) => Some(compiled),
        Err(CompileError::Sequence { .. } | CompileError::SequenceTooLarge { .. }) => None,
        Err(error) => panic!("{}: {error}\n{}", model.head.name, error.help()),
    }
}

/// The same with 16-bit accumulators in the first layer, whatever bounds prove.
pub fn compile_wide(model: &Model, calibration: &[Vec<u8>]) -> Result<Compiled, CompileError> {
    let demands = Demands::of(Some(Form::Columns));
    compile(&Request {
        model,
        target: &target(),
        assets: &Assets::builtin(),
        demands: &demands,
        wide: true,
        calibration,
    })
}

/// What a program did with one query.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub reply: Vec<u8>,
    pub logits: Vec<Vec<i16>>,
    pub t_states: u64,
}

struct Watch<'a> {
    image: &'a Image,
    logits: Vec<Vec<i16>>,
}

impl Observer<Z80> for Watch<'_> {
    fn on_watch(&mut self, _: u16, memory: &Memory, _: u64) {
        self.logits.push(self.image.logits.read(|a| memory.byte(a)));
    }
}

/// Runs an image with a command tail until it returns to CP/M.
pub fn run(image: &Image, query: &[u8], config: CpmConfig) -> Ran {
    run_observed(image, query, config, NoObserver)
}

/// The same, with somebody who looks on.
pub fn run_observed(image: &Image, query: &[u8], config: CpmConfig, observer: impl Observer<Z80>) -> Ran {
    let symbols: Symbols = image.assembly.symbols.iter().map(|(n, &a)| (a, n.clone())).collect();
    let config = CpmConfig { symbols, limit: Some(2_000_000_000), ..config };
    let mut machine =
        CpmMachine::load(&image.bytes, query, Script::new(b""), config).expect("the image loads");
    machine.watch(image.logits.ready as u16);
    let mut both = (Watch { image, logits: vec![] }, observer);
    match machine.run(&mut both) {
        End::Exit(_) => {}
        other => panic!("the program did not return to CP/M: {other:?}"),
    }
    let (watch, _) = both;
    let output = machine.console().output();
    let reply = output.strip_suffix(b"\r\n").expect("a reply ends with a new line").to_vec();
    Ran { reply, logits: watch.logits, t_states: machine.t_states() }
}

/// T-states of a phase, over queries that it was measured on: predicted a step, and simulated a query.
pub fn phase(compiled: &Compiled, queries: &[Vec<u8>], config: &CpmConfig, name: &str) -> (f64, f64) {
    let predicted =
        compiled.plan.prediction.phases.iter().find(|(phase, _)| phase == name).expect("a phase").1;
    let start = |p: &Phase| (p.start as u16, u8::from(p.name.as_deref() == Some(name)));
    let starts: Vec<_> = compiled.image.phases.iter().map(start).collect();
    let mut counter = PhaseCounter::new(&starts, 0);
    for query in queries {
        run_observed(&compiled.image, query, config.clone(), &mut counter);
    }
    (predicted, counter.total(1) as f64 / queries.len() as f64)
}

/// Whether the first layer counts in bytes.
pub fn counts_in_bytes(compiled: &Compiled) -> bool {
    compiled.plan.layout.products().any(|(_, product, _)| product.counts().is_some())
}

/// A file of the public networks, or `None` with a message where it is not there.
pub fn shared(name: &str) -> Option<Vec<u8>> {
    shared::file(name).map(|path| std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// Prompts and exact replies of a published network, which is there.
pub fn expected(name: &str) -> Vec<(String, String)> {
    let bytes = shared(&format!("{name}-expected.txt")).expect("the network has its prompts beside it");
    let text = String::from_utf8(bytes).expect("the file is text");
    let expected: Vec<(String, String)> = text
        .lines()
        .map(|l| l.split_once('|').expect("prompt|reply"))
        .map(|(p, r)| (p.into(), r.into()))
        .collect();
    assert_eq!(expected.len(), 213, "the public file has 213 prompts");
    expected
}

/// A model of the project with the prompts beside it.
pub fn own(name: &str) -> (Model, Vec<Vec<u8>>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name);
    let model = std::fs::read(folder.join("model.ron")).expect("the model is committed");
    let model = mlc_compiler::import::load(&model, name, &Default::default()).expect("the model is valid");
    let prompts = std::fs::read_to_string(folder.join("prompts.txt")).expect("prompts are committed");
    let prompts: Vec<_> = prompts.lines().map(|l| l.as_bytes().to_vec()).collect();
    assert!(prompts.len() >= 10, "{name} has {} prompts only", prompts.len());
    (model, prompts)
}

/// A published network.
pub fn published(name: &str) -> Option<Model> {
    let file = format!("{name}.npz");
    let bytes = shared(&file)?;
    Some(mlc_compiler::import::load(&bytes, &file, &Default::default()).expect("the published file imports"))
}

/// A classifier; the layers of `binary` have weights ±1.
pub fn classifier(name: &str, buckets: u16, bands: u8, widths: &[usize], binary: &[usize]) -> Model {
    let mut r = Random(u64::from(buckets) + 1000 * u64::from(bands) + widths[0] as u64);
    let widths = [&[usize::from(buckets)], widths].concat();
    let mut layers: Vec<Layer> = widths.windows(2).map(|w| layer(&mut r, w[0], w[1], 40, 300, 2)).collect();
    for &i in binary {
        restrict(&mut layers[i], WeightSet::Binary, &mut r);
    }
    let answer = parts::label((0..widths[widths.len() - 1]).map(|i| format!("L{i}")));
    let query = QueryEncoder { buckets, bands, max_length: 127 };
    parts::model((name, "edges"), (query, None), layers, answer)
}

/// A classifier with a margin, whose logits are near each other, equal or far apart as `bias` has them.
pub fn unsure(labels: usize, margin: u8, bias: i64, seed: u64) -> Model {
    let mut r = Random(seed);
    let buckets = [64, 128, 300][r.within(0, 2)];
    let middle = r.within(1, 40);
    let shift = r.within(0, 7) as u8;
    let mut layers = vec![
        layer(&mut r, usize::from(buckets), middle, 20, 60, 2),
        layer(&mut r, middle, labels, 20, bias, shift),
    ];
    // In some networks nothing but the biases count: ties of all, or of a few.
    if r.chance(40) {
        layers[1].weights.fill(0);
    }
    if r.chance(30) {
        layers[1].bias.fill(-7);
    }
    let query = QueryEncoder { buckets, bands: 1, max_length: 60 };
    let mut answer = parts::label((0..labels).map(|i| format!("L{i}")));
    if let Answer::Label { margin: of_answer, .. } = &mut answer {
        *of_answer = margin;
    }
    parts::model((&format!("unsure-{labels}-{margin}-{seed}"), "margins"), (query, None), layers, answer)
}

/// Numbers of labels, margins and sizes of biases that are corners of them.
pub fn margins() -> impl Iterator<Item = (usize, u8, i64, u64)> {
    let sizes = [1, 2, 3, 9, 255, 256, 257, 300, 520];
    let all = sizes.into_iter().flat_map(|labels| [1, 2, 40, 255].map(|margin| (labels, margin)));
    all.zip(1..).map(|((labels, margin), seed)| (labels, margin, [3, 300, 32_767][seed as usize % 3], seed))
}
