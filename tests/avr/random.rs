//! Random networks of odd shapes, in every form of weights: on the small chip where they fit it, else on the large one.

use super::machine::Chip;
use super::support::{self, Random, cores, counts_in_bytes, parts};
use mlc_compiler::model::{Answer, Chat, ContextEncoder, Model, QueryEncoder, with_unsure};
use mlc_compiler::plan::Demands;
use mlc_compiler::plan::LayerError;
use mlc_compiler::weights::Form;
use mlc_compiler::{CompileError, Compiled, eval, reference};

/// How many networks; their seeds are 0, 1, 2, …
const NETWORKS: u64 = 120;

/// Queries of a seed: short, as long as the network takes them, and with spaces.
pub fn queries(seed: u64, longest: usize) -> Vec<Vec<u8>> {
    let mut r = Random(seed ^ 0xABCD);
    let mut queries: Vec<_> = [5, 30, longest].map(|n| support::query(&mut r, n.min(longest))).to_vec();
    queries.retain(|q| q.iter().any(|&b| b != b' '));
    queries.push(b"Aa aa"[..longest.min(5)].to_vec());
    queries
}

/// Compares replies and logits of all queries with the reference; returns cycles and steps.
pub fn compare(
    chip: &Chip,
    model: &Model,
    compiled: &Compiled,
    queries: &[Vec<u8>],
    what: &str,
) -> (u64, u64) {
    let graph = reference(model).expect("the model was checked");
    let (mut cycles, mut steps) = (0, 0);
    for query in queries {
        let run = eval::run(&graph, query);
        let ran = chip.run(compiled, query);
        let shown = query.escape_ascii();
        assert_eq!(ran.logits, run.logits, "{} {what}: logits for \"{shown}\"", model.head.name);
        match &model.answer {
            Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => {
                unreachable!("a model of hashed text")
            }
            Answer::Chat(_) => assert_eq!(ran.reply, run.reply, "{} {what}: \"{shown}\"", model.head.name),
            Answer::Label { labels, margin } => {
                let labels = with_unsure(labels, *margin);
                assert_eq!(labels[usize::from(ran.label)].as_bytes(), run.reply, "{} {what}", model.head.name)
            }
        }
        cycles += ran.cycles;
        steps += run.steps() as u64;
    }
    (cycles, steps)
}

/// Compares, and holds the prediction against what was simulated.
pub fn exact(chip: &Chip, model: &Model, compiled: &Compiled, queries: &[Vec<u8>], what: &str) {
    let (cycles, steps) = compare(chip, model, compiled, queries, what);
    let simulated = cycles as f64 / steps as f64;
    let predicted = compiled.plan.predict(compiled.graph(), queries).total();
    let error = (predicted / simulated - 1.0).abs();
    assert!(error < 0.05, "{} {what}: predicted {predicted:.0}, simulated {simulated:.0}", model.head.name);
}

#[test]
fn a_hundred_random_networks_are_exact_in_every_form() {
    let (small, large) = (Chip::atmega328p(), Chip::atmega2560());
    let counts = cores::each(0..NETWORKS, |seed| {
        let (mut on_small, mut on_large, mut refused) = (0, 0, 0);
        let model = support::model(seed);
        let queries = queries(seed, model.reader.max_query().into());
        let mut fits = false;
        for encoding in [None].into_iter().chain(Form::ALL.map(Some)) {
            let what = encoding.map_or("auto", Form::name);
            let mut done = false;
            for chip in [&small, &large] {
                match chip.compile(&model, encoding, &queries) {
                    Ok(compiled) => {
                        exact(chip, &model, &compiled, &queries, &format!("{what} on {}", chip.target.name));
                        *(if chip.target.name == small.target.name {
                            &mut on_small
                        } else {
                            &mut on_large
                        }) += 1;
                        fits |= chip.target.name == small.target.name;
                        done = true;
                        break;
                    }
                    Err(CompileError::TooLarge { .. } | CompileError::Layer(LayerError::Nowhere { .. })) => {}
                    Err(error) => panic!("{} {what}: {error}\n{}", model.head.name, error.help()),
                }
            }
            refused += usize::from(!done);
        }
        [usize::from(fits), on_small, on_large, refused]
    });
    let [networks, on_small, on_large, refused] =
        std::array::from_fn(|i| counts.iter().map(|count| count[i]).sum::<usize>());
    eprintln!(
        "{networks} networks: {on_small} programs on the small chip, {on_large} on the large one, {refused} too large"
    );
    assert!(
        networks >= 100 && on_large >= 50,
        "{networks} networks fit the small chip, {on_large} programs the large"
    );
}

#[test]
fn byte_and_wide_accumulators_agree() {
    let chip = Chip::atmega328p();
    let gaps = Demands::of(Some(Form::Gaps));
    let both = cores::each(0..NETWORKS, |seed| {
        let model = support::model(seed);
        let queries = queries(seed, model.reader.max_query().into());
        let Ok(narrow) = chip.compile(&model, Some(Form::Gaps), &queries) else { return 0 };
        if !counts_in_bytes(&narrow) {
            return 0;
        }
        let Ok(wide) = chip.compile_as(&model, &gaps, true, &queries) else { return 0 };
        assert!(!counts_in_bytes(&wide));
        compare(&chip, &model, &wide, &queries, "wide");
        1
    });
    let both: usize = both.into_iter().sum();
    assert!(both >= 10, "only {both} networks count in bytes");
}

#[test]
fn every_number_of_bands_with_both_hashes() {
    let chip = Chip::atmega328p();
    for bands in 1..=16 {
        for buckets in [64, 60, 512] {
            let model =
                support::classifier(&format!("bands-{bands}-{buckets}"), buckets, bands, &[9, 4], &[]);
            let edge = usize::from(bands) * 8;
            let lengths = [1, 7, 8, 9, edge - 1, edge, edge + 1, 112, 119, 120, 121, 126];
            let queries: Vec<Vec<u8>> = lengths.iter().map(|&n| vec![b'q'; n.min(126)]).collect();
            let compiled = chip.compile(&model, Some(Form::Gaps), &queries).unwrap_or_else(|e| panic!("{e}"));
            exact(&chip, &model, &compiled, &queries, "gaps");
        }
    }
}

#[test]
fn layers_that_end_at_every_edge_of_a_page() {
    let chip = Chip::atmega2560();
    let queries = [b"hello there".to_vec(), b"what is your name?".to_vec()];
    for width in [1, 2, 3, 127, 128, 254, 255, 256, 257, 300] {
        let model = support::classifier(&format!("width-{width}"), 64, 1, &[12, width, width.min(20)], &[1]);
        for form in Form::ALL {
            let compiled = chip.compile(&model, Some(form), &queries).unwrap_or_else(|e| panic!("{e}"));
            exact(&chip, &model, &compiled, &queries, form.name());
        }
        let model = support::classifier(&format!("first-{width}"), 64, 1, &[width, 5, width], &[]);
        for form in [Form::Gaps, Form::Columns] {
            let compiled = chip.compile(&model, Some(form), &queries).unwrap_or_else(|e| panic!("{e}"));
            exact(&chip, &model, &compiled, &queries, form.name());
        }
    }
}

/// A chat model of so many small layers.
fn deep_chat(layers: usize) -> Model {
    let mut r = Random(40);
    let mut widths = vec![32];
    widths.resize(layers, 9);
    widths.push(4);
    let context = ContextEncoder { buckets: 16, length: 5 };
    let query = QueryEncoder { buckets: 16, bands: 1, max_length: 40 };
    let answer = Answer::Chat(Chat { charset: b"abC\0".to_vec(), max_reply: 4 });
    let layers = widths.windows(2).map(|w| support::layer(&mut r, w[0], w[1], 40, 300, 2)).collect();
    parts::model(("deep-chat", "deep"), (query, Some(context)), layers, answer)
}

/// The code of forty layers is longer than `rcall` and `rjmp` reach: shared code is called by `call`, where the chip has
/// it. The smallest chip's reach is all of its flash.
#[test]
fn forty_layers_call_as_far_as_they_must() {
    let forty = [&[8; 39][..], &[3]].concat();
    let models = [support::classifier("deep", 16, 1, &forty, &[]), deep_chat(40)];
    let queries = [b"hello there".to_vec(), b"what is your name?".to_vec()];
    for chip in [Chip::atmega328p(), Chip::atmega2560()] {
        for model in &models {
            for form in [None].into_iter().chain(Form::ALL.map(Some)) {
                let compiled = chip.compile(model, form, &queries).unwrap_or_else(|e| panic!("{e}"));
                // Columns as code need no kernels.
                assert!(compiled.plan.layout.machine.far || matches!(form, None | Some(Form::Unrolled)));
                exact(&chip, model, &compiled, &queries, form.map_or("auto", Form::name));
            }
        }
    }
    let smallest = Chip::attiny85();
    let compiled = smallest.compile(&models[0], Some(Form::Gaps), &queries).unwrap_or_else(|e| panic!("{e}"));
    assert!(!compiled.plan.layout.machine.far);
    exact(&smallest, &models[0], &compiled, &queries, "attiny85");
    // Where it reaches, the short call stays.
    let shallow = support::classifier("shallow", 16, 1, &[8, 8, 3], &[]);
    let compiled = Chip::atmega328p().compile(&shallow, None, &queries).unwrap_or_else(|e| panic!("{e}"));
    // The console calls what it does not know the place of.
    let console = ["call set_query", "call net_answer"];
    let calls = |line: &str| line.trim().starts_with("call ") && !console.contains(&line.trim());
    assert!(!compiled.plan.layout.machine.far && !compiled.assembly.lines().any(calls));
}
