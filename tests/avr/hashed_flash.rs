//! Networks that read hashed text whose columns a flash chip at the SPI has, against the reference: replies, every logit, and
//! cycles as predicted. The simulated SPI faults where a byte is asked for before the one before is there.

use super::judges;
use super::machine::Chip;
use super::random::{compare, exact};
use super::support::{self, Random, cores, parts, wide};
use mlc_compiler::model::{Answer, Chat, ContextEncoder, Layer, Model, QueryEncoder, WeightSet};
use mlc_compiler::plan::{Demands, LayerError, Storage};
use mlc_compiler::target::SpiFlash;
use mlc_compiler::weights::Form;
use mlc_compiler::{CompileError, Compiled};

/// Networks of a run.
const NETWORKS: u64 = 60;

/// All columns in the flash chip, in a form or as is fastest.
fn streamed(encoding: Option<Form>) -> Demands {
    Demands { storage: Storage::File, encoding, ..Demands::default() }
}

/// The program on the first chip that it fits.
fn on_first<'c>(
    chips: &'c [Chip],
    model: &Model,
    demands: &Demands,
    queries: &[Vec<u8>],
) -> Option<(&'c Chip, Compiled)> {
    chips.iter().find_map(|chip| match chip.compile_as(model, demands, false, queries) {
        Ok(compiled) => Some((chip, compiled)),
        Err(CompileError::TooLarge { .. } | CompileError::Layer(LayerError::Nowhere { .. })) => None,
        Err(error) => panic!("{}: {error}\n{}", model.head.name, error.help()),
    })
}

#[test]
fn random_networks_are_streamed_exactly() {
    let chips = [Chip::atmega328p(), Chip::atmega1284p(), Chip::atmega2560()].map(Chip::with_flash);
    let done = cores::each(0..NETWORKS, |seed| {
        let model = support::model(seed);
        let queries = super::random::queries(seed, model.reader.max_query().into());
        let mut done = [0; 4];
        let of_all = [
            (None, &chips[..]),
            (Some(Form::Packed), &chips[..1]),
            (Some(Form::Gaps), &chips[1..]),
            (Some(Form::Columns), &chips[..]),
        ];
        for (at, (form, chips)) in of_all.into_iter().enumerate() {
            let Some((chip, compiled)) = on_first(chips, &model, &streamed(form), &queries) else { continue };
            let file = compiled.image.beside.as_ref().expect("its weights are beside it");
            assert!(file.matrices.iter().all(|matrix| !matrix.inside));
            exact(chip, &model, &compiled, &queries, &format!("{form:?} streamed on {}", chip.target.name));
            done[at] += 1;
        }
        done
    });
    let done: [usize; 4] = std::array::from_fn(|i| done.iter().map(|done| done[i]).sum());
    eprintln!("{done:?}");
    assert!(done.iter().all(|&done| done as u64 * 10 > NETWORKS * 8), "{done:?}");
}

#[test]
fn wide_networks_are_streamed_exactly() {
    let chips = [Chip::atmega328p(), Chip::atmega2560()].map(Chip::with_flash);
    let done = cores::each(wide::seeds(30), |seed| {
        let model = wide::model(seed, 512);
        let queries = wide::queries(seed);
        let (mut done, mut whole) = (0, 0);
        for form in [None, Some(Form::Packed), Some(Form::Gaps), Some(Form::Columns)] {
            let Some((chip, compiled)) = on_first(&chips, &model, &streamed(form), &queries) else {
                continue;
            };
            compare(chip, &model, &compiled, &queries, &format!("{form:?} streamed on {}", chip.target.name));
            done += 1;
            whole += usize::from(wide::scans_whole_tile(&compiled));
        }
        [done, whole]
    });
    let [done, whole]: [usize; 2] = std::array::from_fn(|i| done.iter().map(|done| done[i]).sum());
    assert!(done >= 106 && whole * 4 >= done, "{done} programs, {whole} scan a whole tile");
}

/// A layer of random weights in which no row and no column is empty.
fn layer(r: &mut Random, (inputs, outputs): (usize, usize), density: u64) -> Layer {
    let mut weight = || if r.chance(density) { [-1, 1, -1, 1, -2][r.within(0, 4)] } else { 0 };
    let mut weights: Vec<i8> = (0..inputs * outputs).map(|_| weight()).collect();
    (0..inputs.max(outputs)).for_each(|i| weights[i % outputs * inputs + i % inputs] = 1);
    let bias = (0..outputs).map(|_| r.within(0, 400) as i16 - 200).collect();
    Layer { inputs, outputs, weights, bias, shift: 2, set: WeightSet::Full }
}

/// A chat of random weights, where `density` percent are not 0.
fn chat(name: &str, [query, context]: [u16; 2], hidden: &[usize], density: u64) -> Model {
    let mut r = Random(u64::from(query) ^ density);
    let charset: Vec<u8> = (b'a'..=b'z').chain(*b" .!?',-").chain([0]).collect();
    let widths = [&[usize::from(query) + usize::from(context)], hidden, &[charset.len()]].concat();
    let layers = widths.windows(2).map(|w| layer(&mut r, (w[0], w[1]), density)).collect();
    let query = QueryEncoder { buckets: query, bands: 1, max_length: 60 };
    let context = Some(ContextEncoder { buckets: context, length: 8 });
    parts::model(
        (name, "random weights"),
        (query, context),
        layers,
        Answer::Chat(Chat { charset, max_reply: 8 }),
    )
}

fn prompts() -> Vec<Vec<u8>> {
    ["hello", "how are you today?", "tell me something about the weather please"]
        .map(|p| p.as_bytes().to_vec())
        .into()
}

/// Bytes that a step reads, on the mean of what was measured for the plan.
fn reads(compiled: &Compiled) -> usize {
    let file = compiled.image.beside.as_ref().expect("its weights are beside it");
    file.matrices.iter().map(|matrix| matrix.reads).sum()
}

/// 400,000 weights, of which as many are 0 as in the published networks. With `MLC_SISTER` it is written to a file of that name.
#[test]
fn the_small_chip_runs_what_it_has_no_room_for() {
    let chip = Chip::atmega328p().with_flash();
    let model = chat("sister", [768, 256], &[256, 256, 192, 128], 27);
    let weights: usize = parts::layers(&model).iter().map(|layer| layer.weights.len()).sum();
    assert!(weights >= 400_000);
    if let Some(file) = std::env::var_os("MLC_SISTER") {
        std::fs::write(file, mlc_compiler::import::ron::write(&model)).expect("writable");
    }
    for demands in [Demands::default(), streamed(None), streamed(Some(Form::Packed))] {
        let compiled = chip.compile_as(&model, &demands, false, &prompts()).unwrap_or_else(|e| panic!("{e}"));
        let (cycles, steps) = compare(&chip, &model, &compiled, &prompts(), "streamed");
        let file = compiled.image.beside.as_ref().expect("its weights are beside it");
        let inside: Vec<&str> = file.matrices.iter().filter(|m| m.inside).map(|m| m.name.as_str()).collect();
        let step = cycles / steps;
        let predicted = compiled.plan.predict(compiled.graph(), &prompts()).total();
        let bus = reads(&compiled) * SpiFlash::CYCLES_A_BYTE;
        eprintln!("{}", compiled.plan.table());
        eprintln!(
            "{weights} weights, {} bytes beside {} of flash, RAM {}, in flash {inside:?}: {step} cycles a step, {:.0} ms, predicted \
             {predicted:.0}; {} bytes a step take the bus {bus}",
            file.bytes.len(),
            compiled.image.bytes.len(),
            compiled.image.memory_end - 0x100,
            step as f64 / 16_000.0,
            reads(&compiled),
        );
        assert!((predicted / step as f64 - 1.0).abs() < 0.05);
        assert!(demands.storage == Storage::File || !inside.is_empty());
        assert!(bus < step as usize && step < 1_600_000, "{step} cycles a step, the bus {bus}");
    }
}

#[test]
fn the_largest_layers_go_first() {
    let chip = Chip::atmega328p().with_flash();
    let model = chat("mixed", [512, 256], &[224, 96], 40);
    let mut counts = Vec::new();
    for most in [24_000, 14_000, 5_000] {
        let demands = Demands { max_bytes: Some(most), ..Demands::default() };
        let compiled = chip.compile_as(&model, &demands, false, &prompts()).unwrap_or_else(|e| panic!("{e}"));
        assert!(compiled.image.bytes.len() <= most);
        let file = compiled.image.beside.as_ref().expect("not all has room");
        assert!(file.matrices.iter().find(|m| m.name == "fc1_query").is_some_and(|m| !m.inside));
        counts.push(file.matrices.iter().filter(|matrix| matrix.inside).count());
        exact(&chip, &model, &compiled, &prompts(), &format!("{most} bytes"));
    }
    assert!(counts.is_sorted_by(|a, b| a >= b) && counts[0] > counts[2], "{counts:?}");
    // With the same weights in flash of its own.
    let mut large = Chip::atmega2560().with_flash();
    // What `lpm` reaches.
    large.target.flash = Some(61_440);
    let compiled = large.compile(&model, None, &prompts()).unwrap_or_else(|e| panic!("{e}"));
    assert!(compiled.image.beside.is_none());
    exact(&large, &model, &compiled, &prompts(), "in flash of its own");
}

/// Where weights are few, an index list takes the bus for less long than gaps that need several nibbles: the planner finds it, and what
/// it predicts is what the machine counts.
#[test]
fn lists_are_streamed_where_weights_are_few() {
    let chip = Chip::atmega328p().with_flash();
    let model = chat("sparse", [512, 256], &[256, 224], 3);
    let step = |form| {
        let compiled =
            chip.compile_as(&model, &streamed(form), false, &prompts()).unwrap_or_else(|e| panic!("{e}"));
        let (cycles, steps) = compare(&chip, &model, &compiled, &prompts(), &format!("{form:?}"));
        let predicted = compiled.plan.predict(compiled.graph(), &prompts()).total();
        let step = cycles as f64 / steps as f64;
        eprintln!("{form:?}: {step:.0} cycles a step, predicted {predicted:.0}");
        assert!((predicted / step - 1.0).abs() < 0.02, "{predicted} {step}");
        let lists = compiled.plan.forms().filter(|(_, form)| *form == Form::Columns).count();
        (step, lists)
    };
    let ((gaps, _), (lists, _), (free, taken)) =
        (step(Some(Form::Gaps)), step(Some(Form::Columns)), step(None));
    assert!(lists < gaps * 0.95, "{lists} {gaps}");
    assert!(taken > 0 && free <= lists, "{taken} {free} {lists}");
}

#[test]
fn more_than_the_chip_has_is_refused() {
    let mut chip = Chip::atmega328p().with_flash();
    if let Some(flash) = &mut chip.target.spi_flash {
        flash.bytes = 0x1_0000;
    }
    let model = chat("sister", [768, 256], &[256, 256, 192, 128], 60);
    let error = chip.compile_as(&model, &streamed(None), false, &[]).expect_err("it has 64 KB");
    let text = error.to_string();
    assert!(
        text.starts_with("sister cannot be compiled for atmega328p: mlc has no kernels for ")
            && text.ends_with(" bytes of weights in a flash chip of 65536 there yet"),
        "{text}"
    );
    let code = chip.compile_as(&model, &streamed(Some(Form::Unrolled)), false, &[]).expect_err("no kernel");
    assert_eq!(code.to_string(), "no layer of this model can have unrolled weights");
}

#[test]
fn gnu_as_makes_the_same_bytes_of_streamed_columns() {
    if !judges::available() {
        return;
    }
    for chip in [Chip::atmega328p(), Chip::atmega1284p(), Chip::atmega2560()].map(Chip::with_flash) {
        for seed in 0..3 {
            let model = support::model(seed);
            let Ok(compiled) = chip.compile_as(&model, &streamed(None), false, &[]) else { continue };
            let core = chip.core.name();
            let theirs = judges::gnu(&compiled.assembly, core, chip.target.origin)
                .unwrap_or_else(|e| panic!("{}: {e}", model.head.name));
            assert_eq!(theirs.flash, compiled.image.bytes, "{} on {core}", model.head.name);
        }
    }
}
