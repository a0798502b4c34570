//! Networks on numbers on a chip without `mul` and with 512 bytes of RAM: every result equals the reference.

use super::machine::Chip;
use super::sensors::compare;
use super::support::networks::{Maker, bytes, in_words, lines, random};
use super::support::{Random, cores};
use mlc_compiler::model::{Model, Shape};
use mlc_compiler::plan::{Demands, Optimize};
use mlc_compiler::{CompileError, eval, reference};

/// Bytes of a line that the console has room for there.
const ROOM: usize = 100;
const BOTH: [Optimize; 2] = [Optimize::Speed, Optimize::Size];

/// Compares a network with the reference, if it fits; how it multiplies: the fast way, a routine.
fn compared(seed: u64, model: &Model) -> [bool; 2] {
    let chip = Chip::attiny85().numbers();
    let count = model.network().expect("a network on numbers").0.shape.len();
    let mut lines = lines(seed, count);
    lines.retain(|line| line.len() < ROOM);
    BOTH.map(|optimize| {
        let demands = Demands { optimize, ..Demands::default() };
        let compiled = match chip.compile_as(model, &demands, false, &[]) {
            Ok(compiled) => compiled,
            Err(CompileError::SensorsTooLarge { .. } | CompileError::Sequence { .. }) => return false,
            Err(e) => panic!("{seed}: {e}"),
        };
        assert!(!compiled.assembly.lines().any(|line| line.trim().starts_with("mul ")));
        compare(&chip, model, &compiled, &lines, &format!("seed {seed} for {optimize:?}"));
        true
    })
}

#[test]
fn random_networks_are_exact_without_mul() {
    let done = cores::each(0..200, |seed| compared(seed, &random(seed)));
    let small = done.iter().filter(|[_, small]| *small).count();
    let fast = done.iter().filter(|[fast, _]| *fast).count();
    println!("{fast} fast and {small} small programs of 200 networks");
    assert!(fast > 100 && small >= fast);
}

#[test]
fn results_of_sixteen_bits_are_exact_without_mul() {
    let models: Vec<(u64, Model)> = (0..120).filter_map(|seed| Some((seed, in_words(seed)?))).collect();
    let count = models.len();
    let done = cores::each(models, |(seed, model)| compared(seed, &model));
    let exact = done.iter().flatten().filter(|exact| **exact).count();
    assert!(exact > count, "{exact} of {}", 2 * count);
}

/// As many values as RAM holds beside the rest, with weights and values at their ends: sums of 24 bits, and of 32.
#[test]
fn the_longest_rows_are_exact_without_mul() {
    let chip = Chip::attiny85().handed();
    for (seed, count) in [(1, 255), (2, 256), (3, 257), (4, 300), (5, 390)] {
        let mut maker = Maker::new(seed, Shape::vector(count));
        maker.dense(3);
        maker.dense(2);
        let model = maker.model();
        let graph = reference(&model).expect("it is well formed");
        let mut r = Random(seed);
        let ends = |r: &mut Random| (0..count).map(|_| [-128, 127][r.within(0, 1)]).collect::<Vec<i8>>();
        let mut rows = vec![vec![-128; count], vec![127; count], ends(&mut r), ends(&mut r)];
        rows.extend((0..4).map(|_| bytes(&mut r, count)));
        for optimize in BOTH {
            let demands = Demands { optimize, ..Demands::default() };
            let compiled = chip.compile_as(&model, &demands, false, &[]).unwrap_or_else(|e| panic!("{e}"));
            for row in &rows {
                let ran = chip.run_values(&compiled, &model, row);
                let run = eval::classify(&graph, row);
                assert_eq!(ran.logits, run.logits, "{count} values for {optimize:?}");
            }
        }
    }
}

/// Whatever ends first, RAM or the flash with data, or with code behind it.
#[test]
fn what_does_not_fit_is_refused_with_its_size() {
    let chip = Chip::attiny85().values();
    let whys = ["of RAM", "it needs more than 8,192 bytes of flash", "and the flash has 8,192"];
    let sizes = (1..30).map(|outputs| (300, outputs)).chain([(2, 260)]);
    let said = sizes.filter_map(|(count, outputs)| {
        let mut maker = Maker::new(7, Shape::vector(count));
        maker.dense(outputs);
        let error = chip.compile_as(&maker.model(), &Demands::default(), false, &[]).err()?;
        assert!(matches!(error, CompileError::SensorsTooLarge { .. }), "{error}");
        Some(error.to_string())
    });
    let said: Vec<String> = said.collect();
    for text in &said {
        assert!(whys.iter().any(|why| text.contains(*why)), "{text}");
    }
    for why in &whys {
        assert!(said.iter().any(|text| text.contains(why)), "never: {why}");
    }
}
