//! Weights that only `elpm` reads: on both sides of addresses where RAMPZ goes on, every result equals the reference.

use super::machine::Chip;
use super::rows::{exact, in_less};
use super::simavr::same;
use super::simulator;
use super::support::imported::{inputs, read};
use super::support::networks::{self, Maker, bytes};
use super::support::{Random, cores};
use mlc_compiler::kernel::sensors::lower;
use mlc_compiler::model::{Kind, Model, Sensors, Shape, Steps, Window};
use mlc_compiler::plan::{Demands, Optimize};
use mlc_compiler::{Compiled, eval, reference};

/// What `lpm` and RAMPZ = 0 reach.
const NEAR: u32 = 1 << 16;
/// Outputs of [`short`]'s first layer that its second one reads.
const LAST: usize = 24;

/// Outputs of the first layer of [`short`], by seed.
fn outputs(seed: u64) -> usize {
    5_200 + 8 * seed as usize
}

/// Few weights an output and many outputs: what scales their sums, a factor for each, is a good part of all bytes.
fn short(seed: u64) -> Model {
    let mut maker = Maker::new(seed, Shape::vector(6));
    // Factors give what is rounded once: thresholds of so many outputs would be too many bytes.
    maker.steps = Steps::Up;
    maker.dense(outputs(seed));
    maker.dense(4);
    let steps = maker.steps;
    let [first, second] = &mut maker.operators[..] else { unreachable!("there are two") };
    let (Kind::Dense { requantization: each, .. }, Kind::Dense { weights, requantization, .. }) =
        (&mut first.kind, &mut second.kind)
    else {
        unreachable!("both are dense")
    };
    each.multipliers = (0..outputs(seed) as i32).map(|output| (1 << 30) + 1000 * output).collect();
    each.shifts = vec![each.shifts[0]; outputs(seed)];
    // Of so many bytes a few are told apart: those that are computed last.
    for weights in weights.chunks_mut(outputs(seed)) {
        let all = weights.len() - LAST;
        weights[..all].fill(0);
    }
    *requantization = networks::requantization(&mut maker.r, 4, 100 * 64 * LAST as i64, steps);
    maker.model()
}

/// A dense layer that gathers rows.
fn of_rows(seed: u64) -> Model {
    let mut maker = Maker::new(seed, Shape { height: 12, width: 4, channels: 1 });
    let mut window = Window::whole(maker.last().1);
    (window.kernel, window.output) = ([1, 1], [12, 4]);
    maker.convolve(window, 64, 1);
    maker.dense(22 + seed as usize);
    maker.dense(3);
    maker.model()
}

/// The bytes of flash that each of its `_weights` is in.
fn places(compiled: &Compiled) -> Vec<std::ops::Range<u32>> {
    let table = &compiled.image.assembly.table;
    let weights = table.iter().filter(|(name, _)| name.ends_with("_weights"));
    let mut all: Vec<u32> = weights.map(|(_, symbol)| symbol.value).collect();
    all.sort_unstable();
    let ends = all[1..].iter().copied().chain([compiled.image.bytes.len() as u32]);
    all.iter().copied().zip(ends).map(|(from, to)| from..to).collect()
}

/// Whether some weights are on both sides of where RAMPZ goes on.
fn goes_on(compiled: &Compiled) -> bool {
    places(compiled).iter().any(|place| place.start < NEAR && place.end > NEAR)
}

#[test]
fn weights_behind_what_lpm_reaches_are_exact() {
    let cases = (0..3).flat_map(|seed| [Chip::atmega2560, Chip::atmega1284p].map(|chip| (seed, chip)));
    let done = cores::each(cases, |(seed, chip)| {
        let optimize = if seed % 3 == 0 { Optimize::Size } else { Optimize::Speed };
        let (chip, model) = (chip().values(), short(seed));
        let demands = Demands { optimize, ..Demands::default() };
        let compiled =
            chip.compile_as(&model, &demands, false, &[]).unwrap_or_else(|e| panic!("{seed}: {e}"));
        exact(
            &chip,
            &model,
            &compiled,
            seed,
            &format!("seed {seed} on {} for {optimize:?}", chip.device.name),
        );
        goes_on(&compiled)
    });
    assert!(done.iter().all(|goes_on| *goes_on), "{done:?}");
}

/// Where RAMPZ goes on within what scales the sum of each output of a group: sums that are too small or too large leave that unread.
#[test]
fn what_scales_sums_goes_past_where_rampz_goes_on() {
    let chip = |pad| Chip::atmega2560().values().padded(pad);
    let compiled = |chip: &Chip, model: &Model| {
        chip.compile_as(model, &Demands::default(), false, &[]).unwrap_or_else(|e| panic!("{e}"))
    };
    // Start values of three bytes and six weights of four outputs, and then a factor for each.
    let first = |compiled: &Compiled, seed: u64| {
        let place = places(compiled).pop().expect("it has weights");
        (place.start, (place.end - place.start) / (outputs(seed) / 4) as u32)
    };
    let mut found = (0..9).map(|seed| (seed, short(seed)));
    let is_apart =
        |(seed, model): &(u64, Model)| first(&compiled(&chip(0), model), *seed).1 == 4 * (3 + 6 + 5);
    let (seed, model) = found.find(is_apart).expect("one has a factor of five bytes for each output");
    let (start, group) = first(&compiled(&chip(0), &model), seed);
    let pads: Vec<u32> =
        (0..4).flat_map(|output| [1, 3].map(|byte| group - 20 + 5 * output + byte)).collect();
    let pads = pads.into_iter().map(|within| ((NEAR - start - within) % group) & !1);
    cores::each(pads, |pad| {
        let chip = chip(pad as usize);
        let compiled = compiled(&chip, &model);
        let within = (NEAR - first(&compiled, seed).0) % group;
        assert!(within > group - 20, "{within} of {group}");
        exact(&chip, &model, &compiled, u64::from(pad), &format!("{pad} bytes more"));
    });
}

#[test]
fn weights_behind_what_lpm_reaches_are_exact_row_by_row() {
    let done = cores::each(0..4, |seed| {
        let optimize = if seed % 2 == 0 { Optimize::Size } else { Optimize::Speed };
        let made = if seed < 2 { Chip::atmega2560 } else { Chip::atmega1284p };
        let (model, what) = (of_rows(seed), format!("seed {seed} for {optimize:?}"));
        let (chip, compiled) =
            in_less(&|| made().handed(), &model, optimize, &what).expect("rows save memory");
        exact(&chip, &model, &compiled, seed, &what);
        goes_on(&compiled)
    });
    assert!(done.iter().all(|goes_on| *goes_on), "{done:?}");
}

#[test]
fn weights_behind_what_lpm_reaches_take_the_same_cycles_under_simavr() {
    if !simulator::is_there() {
        return;
    }
    for (seed, chip) in [(0, Chip::atmega2560()), (2, Chip::atmega1284p())] {
        let chip = chip.numbers();
        let mut r = Random(seed);
        let line = |count: usize, r: &mut Random| Sensors::line(&bytes(r, count)).into_bytes();
        let whole = short(seed);
        let demands = Demands::default();
        let compiled = chip.compile_as(&whole, &demands, false, &[]).unwrap_or_else(|e| panic!("{e}"));
        let rows = of_rows(seed);
        let made = || if seed == 0 { Chip::atmega2560() } else { Chip::atmega1284p() }.numbers();
        let (_, by_rows) = in_less(&made, &rows, Optimize::Speed, "rows").expect("rows save memory");
        for (model, compiled, count) in [(&whole, &compiled, 6), (&rows, &by_rows, 48)] {
            assert!(goes_on(compiled), "{count}: {:?}", places(compiled));
            let typed = [line(count, &mut r), vec![0]].concat();
            let expected = eval::run(&reference(model).expect("it was checked"), &typed[..typed.len() - 1]);
            let ran = chip.run_numbers(compiled, &typed[..typed.len() - 1]);
            assert_eq!(ran.logits, expected.logits);
            same(&chip, compiled, &[("typed", typed)], &format!("seed {seed} on {}", chip.device.name));
        }
    }
}

/// The published network of pictures in color, on whole arrays: its values are where the network has them.
#[test]
fn a_published_network_takes_the_same_cycles_under_simavr() {
    let name = "tinymaix_cifar10_q";
    let (true, Some(model)) = (simulator::is_there(), read(name)) else { return };
    let chip = Chip::atmega1284p().values();
    let compiled = chip.compile_as(&model, &Demands::default(), false, &[]).unwrap_or_else(|e| panic!("{e}"));
    let (sensors, body) = model.network().expect("a network on numbers");
    let net = lower(sensors, body).expect("it was compiled");
    let array = &net.arrays[0];
    let row = &inputs(name, sensors, 1)[0];
    let mut bytes = vec![0; array.size()];
    for (place, values) in row.chunks(array.channels).enumerate() {
        let at = array.at((place / array.cols, place % array.cols));
        for (to, value) in bytes[at..].iter_mut().zip(values) {
            *to = (i16::from(*value) + 128) as u8;
        }
    }
    let (_, cycles) = same(&chip, &compiled, &[("net_a0", bytes)], name);
    println!("{name} on {}: {cycles} cycles here and under simavr", chip.device.name);
}
