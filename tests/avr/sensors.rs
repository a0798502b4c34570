//! Networks on numbers on the simulated chips: every result of every line equals the reference.

use super::machine::{Chip, Ran};
use super::support::networks::forests;
use super::support::{cores, networks};
use mlc_compiler::model::{Answer, Model, Reader};
use mlc_compiler::plan::{Demands, Optimize};
use mlc_compiler::{CompileError, Compiled, eval, reference};

/// How many networks; their seeds are 0, 1, 2, …
const NETWORKS: u64 = 200;

/// Bytes of a line that the harness has room for.
const ROOM: usize = 700;

/// The lines of [`networks::lines`] that fit.
fn lines(seed: u64, count: usize) -> Vec<String> {
    let mut lines = networks::lines(seed, count);
    lines.retain(|line| line.len() < ROOM);
    lines
}

/// Compares all lines with the reference; the cycles of all.
pub fn compare(chip: &Chip, model: &Model, compiled: &Compiled, lines: &[String], what: &str) -> u64 {
    let graph = reference(model).expect("the model was checked");
    let mut cycles = 0;
    for line in lines {
        let run = eval::run(&graph, line.as_bytes());
        let ran = chip.run_numbers(compiled, line.as_bytes());
        assert_eq!(ran.logits, run.logits, "{what}: results of \"{line}\"");
        let reply = reply(model, &ran);
        assert_eq!(reply, run.text(), "{what}: the answer to \"{line}\"");
        cycles += ran.cycles;
    }
    cycles
}

/// What the program says.
fn reply(model: &Model, ran: &Ran) -> String {
    match &model.answer {
        _ if ran.logits.is_empty() => String::from_utf8(ran.reply.clone()).expect("the answer is ASCII"),
        Answer::Class(class) => class.labels.get(usize::from(ran.label)).map_or("?".into(), Clone::clone),
        _ => String::from_utf8(ran.reply.clone()).expect("numbers are ASCII"),
    }
}

fn values(model: &Model) -> usize {
    match &model.reader {
        Reader::Sensors(sensors) => sensors.shape.len(),
        _ => unreachable!("a network on numbers"),
    }
}

#[test]
fn two_hundred_random_networks_are_exact() {
    let small = Chip::atmega328p().numbers();
    let large = Chip::atmega2560().numbers();
    let done = cores::each(0..NETWORKS, |seed| {
        let model = networks::random(seed);
        let lines = lines(seed, values(&model));
        let mut fast = 0;
        for (chip, optimize) in
            [(&small, Optimize::Speed), (&small, Optimize::Size), (&large, Optimize::Speed)]
        {
            let demands = Demands { optimize, ..Demands::default() };
            let compiled = match chip.compile_as(&model, &demands, false, &[]) {
                Ok(compiled) => compiled,
                Err(CompileError::SensorsTooLarge { .. }) => continue,
                Err(e) => panic!("{seed}: {e}"),
            };
            compare(
                chip,
                &model,
                &compiled,
                &lines,
                &format!("seed {seed} on {} for {optimize:?}", chip.device.name),
            );
            fast += 1;
        }
        fast
    });
    assert!(done.iter().all(|ran| *ran >= 1));
    assert!(done.iter().sum::<usize>() > 500);
}

#[test]
fn results_of_sixteen_bits_are_exact() {
    let chip = Chip::atmega328p().numbers();
    let models: Vec<(u64, Model)> =
        (0..120).filter_map(|seed| Some((seed, networks::in_words(seed)?))).collect();
    assert!(models.len() > 20, "{}", models.len());
    let count = models.len();
    let exact = cores::each(models, |(seed, model)| {
        match chip.compile_as(&model, &Demands::default(), false, &[]) {
            Ok(compiled) => {
                compare(&chip, &model, &compiled, &lines(seed, values(&model)), &format!("seed {seed}"));
                true
            }
            // Of a few steps of 65,536 no factor of 32 bits is near enough.
            Err(CompileError::SensorsTooLarge { .. } | CompileError::Sequence { .. }) => false,
            Err(e) => panic!("{seed}: {e}"),
        }
    });
    let exact = exact.into_iter().filter(|exact| *exact).count();
    assert!(exact * 10 > count * 8, "{exact} of {count}");
}

#[test]
fn readings_of_several_bytes_are_exact() {
    let chips = [Chip::atmega328p().numbers(), Chip::atmega2560().numbers()];
    let done = cores::each(0..24, |seed| {
        let model = forests::parted(seed);
        let (sensors, _) = model.network().expect("a network on numbers");
        let lines = forests::lines(seed, sensors);
        for (chip, optimize) in chips.iter().zip([Optimize::Speed, Optimize::Size]) {
            let demands = Demands { optimize, ..Demands::default() };
            let compiled =
                chip.compile_as(&model, &demands, false, &[]).unwrap_or_else(|e| panic!("{seed}: {e}"));
            compare(chip, &model, &compiled, &lines, &format!("seed {seed} for {optimize:?}"));
        }
        sensors.numbers() < sensors.shape.len()
    });
    assert!(done.iter().all(|parted| *parted));
}
