//! Networks on numbers whose rows are computed while they come: with less RAM than whole arrays take, every result equals the reference.

use super::machine::Chip;
use super::sensors::compare;
use super::support::imported::read;
use super::support::networks::{Maker, bytes, in_words, lines, random};
use super::support::networks::{forests, row_networks::of_rows};
use super::support::{Random, cores};
use mlc_compiler::model::{Answer, Model, Pooling, Sensors, Shape, Window};
use mlc_compiler::plan::{Demands, Optimize};
use mlc_compiler::target::Board;
use mlc_compiler::{Assets, CompileError, Compiled, Request, compile, eval, reference};
use mlc_machine::{Console, Input, Readiness};
use mlc_runtime_avr::{AvrConfig, AvrMachine, Device, End, NoObserver, Program, Typing};

/// How many networks; their seeds are 0, 1, 2, …
const NETWORKS: u64 = 300;
/// Makes a chip.
type Made = fn() -> Chip;
/// Bytes of a line that the console has room for.
const ROOM: usize = 700;

/// The program of a network on a chip with a byte less RAM than the smallest program of whole arrays takes; `None` where rows save
/// nothing, or too little.
pub fn in_less(
    chip: &dyn Fn() -> Chip,
    model: &Model,
    optimize: Optimize,
    what: &str,
) -> Option<(Chip, Compiled)> {
    let demands = Demands { optimize, ..Demands::default() };
    let mut bytes = usize::from(chip().device.ram_end() + 1 - chip().device.sram_start);
    // Of programs for size one by rows may be the smallest already.
    loop {
        let chip = chip().with_ram(bytes);
        match chip.compile_as(model, &demands, false, &[]) {
            Ok(compiled) if compiled.plan.rows.is_some() => return Some((chip, compiled)),
            Ok(compiled) => bytes = compiled.image.needs().buffers - 1,
            Err(CompileError::SensorsTooLarge { .. }) => return None,
            // Of a few steps of 65,536 no factor of 32 bits is near enough.
            Err(CompileError::Sequence { what, .. }) if what.contains("no multiplication") => return None,
            Err(e) => panic!("{what}: {e}"),
        }
    }
}

/// Compares results and labels of values at their ends and anywhere.
pub fn exact(chip: &Chip, model: &Model, compiled: &Compiled, seed: u64, what: &str) {
    let graph = reference(model).expect("the model was checked");
    let count = model.network().expect("a network on numbers").0.shape.len();
    let mut r = Random(seed);
    let mut all = vec![vec![-128; count], vec![127; count]];
    all.extend((0..3).map(|_| bytes(&mut r, count)));
    for values in &all {
        let run = eval::classify(&graph, values);
        let ran = chip.run_values(compiled, model, values);
        assert_eq!(ran.logits, run.logits, "{what}: results of {values:?}");
        if let Answer::Class(class) = &model.answer {
            let label = class.labels.get(usize::from(ran.label)).map_or("?", String::as_str);
            assert_eq!(label, run.text(), "{what}: {values:?}");
        }
    }
}

#[test]
fn random_networks_by_rows_are_exact() {
    let chips: [(&str, Made); 3] = [
        ("atmega328p", || Chip::atmega328p().handed()),
        ("atmega2560", || Chip::atmega2560().handed()),
        ("attiny85", || Chip::attiny85().handed()),
    ];
    let done = cores::each(0..NETWORKS, |seed| {
        let model = of_rows(seed);
        let (name, chip) = chips[if seed % 4 < 2 { 0 } else { seed as usize % 4 - 1 }];
        let optimize = if seed % 3 == 0 { Optimize::Size } else { Optimize::Speed };
        let what = format!("seed {seed} on {name} for {optimize:?}");
        match in_less(&chip, &model, optimize, &what) {
            Some((chip, compiled)) => {
                exact(&chip, &model, &compiled, seed, &what);
                true
            }
            None => false,
        }
    });
    let by_rows = done.iter().filter(|by_rows| **by_rows).count();
    println!("{by_rows} of {NETWORKS} networks by rows");
    assert!(by_rows > 150, "{by_rows}");
}

/// Lines of numbers, well formed and not: one that ends too early leaves nothing behind.
#[test]
fn lines_by_rows_are_exact() {
    let done = cores::each(0..80, |seed| {
        let model = if seed % 2 == 0 { of_rows(seed + 1000) } else { random(seed) };
        let what = format!("seed {seed}");
        let Some((chip, compiled)) =
            in_less(&|| Chip::atmega328p().numbers(), &model, Optimize::Speed, &what)
        else {
            return false;
        };
        let count = model.network().expect("a network on numbers").0.shape.len();
        let mut lines = lines(seed, count);
        lines.retain(|line| line.len() < ROOM);
        compare(&chip, &model, &compiled, &lines, &what);
        true
    });
    let by_rows = done.iter().filter(|by_rows| **by_rows).count();
    println!("{by_rows} of 80 networks by rows");
    assert!(by_rows > 25, "{by_rows}");
}

#[test]
fn results_of_sixteen_bits_by_rows_are_exact() {
    let models = (0..200).filter_map(|seed| Some((seed, in_words(seed)?)));
    let done = cores::each(models, |(seed, model)| {
        let what = format!("seed {seed} in words");
        let found = in_less(&|| Chip::atmega328p().handed(), &model, Optimize::Speed, &what);
        found.map(|(chip, compiled)| exact(&chip, &model, &compiled, seed, &what)).is_some()
    });
    let by_rows = done.iter().filter(|by_rows| **by_rows).count();
    println!("{by_rows} networks with results of 16 bits by rows");
    assert!(by_rows > 10, "{by_rows}");
}

/// Values that have no rows: dense layers read all of them, or windows those of one row.
#[test]
fn values_without_rows_are_cut_into_rows() {
    let dense = |seed: u64, inputs: usize, outputs: &[usize]| {
        let mut maker = Maker::new(seed, Shape::vector(inputs));
        outputs.iter().for_each(|outputs| maker.dense(*outputs));
        maker.model()
    };
    let one_row = |seed: u64, width: usize, channels: usize| {
        let mut maker = Maker::new(seed, Shape { height: 1, width, channels });
        maker.convolution(4, 1);
        maker.pool(Pooling::Max);
        maker.convolution(3, 1);
        maker.dense(4);
        maker.model()
    };
    // A prime number of values, a square, more than 16 bits of sums count, and outputs in groups of every size.
    let models = [
        dense(1, 61, &[2, 3]),
        dense(2, 400, &[1]),
        dense(3, 400, &[7, 4]),
        dense(4, 784, &[16, 10]),
        dense(5, 1024, &[13]),
        one_row(6, 40, 3),
        one_row(7, 100, 1),
        one_row(8, 33, 6),
    ];
    for (seed, model) in (0..).zip(&models) {
        for chip in [|| Chip::atmega328p().handed(), || Chip::attiny85().handed()] {
            for optimize in [Optimize::Speed, Optimize::Size] {
                let what = format!("values {seed}");
                match in_less(&chip, model, optimize, &what) {
                    Some((chip, compiled)) => exact(&chip, model, &compiled, seed, &what),
                    // Weights that the smaller chip has no flash for.
                    None => assert!(chip().device.sram_start == 0x60, "{what}"),
                }
            }
        }
    }
}

/// Somebody who types as fast as the line takes it, once he is asked.
struct Fast {
    line: Vec<u8>,
    typed: usize,
    said: Vec<u8>,
}

impl Console for Fast {
    fn read(&mut self) -> Input {
        let byte = self.line.get(self.typed).copied();
        self.typed += 1;
        byte.map_or(Input::End, Input::Byte)
    }

    fn ready(&mut self) -> Readiness {
        match (self.said.contains(&b'>'), self.typed < self.line.len()) {
            (false, _) => Readiness::Nothing,
            (true, true) => Readiness::Byte,
            (true, false) => Readiness::End,
        }
    }

    fn write(&mut self, byte: u8) {
        self.said.push(byte);
    }
}

/// A picture of 28 × 28, by convolutions and a mean: whole arrays do not fit an Uno.
fn picture() -> Model {
    let mut maker = Maker::new(11, Shape { height: 28, width: 28, channels: 1 });
    for outputs in [8, 12, 8] {
        let (_, shape) = maker.last();
        let mut window = Window::whole(shape);
        for (axis, size) in [shape.height, shape.width].into_iter().enumerate() {
            (window.kernel[axis], window.stride[axis], window.before[axis]) = (3, 2, 0);
            window.output[axis] = size.div_ceil(2);
        }
        maker.convolve(window, outputs, 1);
    }
    maker.mean();
    maker.dense(10);
    maker.model()
}

#[test]
fn a_line_without_pauses_loses_nothing() {
    let published = ["tinymaix_mnist_dw_q", "tinymaix_mnist_rect_q"].into_iter().filter_map(read);
    for model in published.chain([picture()]) {
        let assets = Assets::builtin();
        let profile = assets.profiles().unwrap().into_iter().find(|p| p.name == "uno").unwrap();
        let device = assets.devices().unwrap().into_iter().find(|d| d.name == profile.device).unwrap();
        let target = &Board { device, profile }.target().unwrap();
        let (model, demands) = (&model, &Demands::default());
        let request = Request { model, target, assets: &assets, demands, wide: false, calibration: &[] };
        let compiled = compile(&request).unwrap_or_else(|e| panic!("{e}"));
        let rows = compiled.plan.rows.as_ref().expect("whole arrays do not fit");
        assert!(!rows.loses, "{}", model.head.name);
        let graph = reference(model).expect("the model was checked");
        let mut r = Random(5);
        let count = model.network().expect("a network on numbers").0.shape.len();
        // The shortest line, and one of long values.
        let digits: Vec<i8> = (0..count).map(|_| r.within(0, 9) as i8).collect();
        for values in [digits, bytes(&mut r, count)] {
            let line = Sensors::line(&values);
            let console = Fast { line: format!("{line}\r").into_bytes(), typed: 0, said: vec![] };
            let device = Device::by_name(&target.board.as_ref().unwrap().device.name).unwrap();
            let program = Program::from_bytes(&compiled.image.bytes, device).expect("it fits");
            let config =
                AvrConfig { typing: Typing::Every(0), limit: Some(400_000_000), ..AvrConfig::default() };
            let mut machine = AvrMachine::new(program, console, config);
            assert_eq!(machine.run(&mut NoObserver), End::EndOfInput);
            assert_eq!(machine.lost_bytes(), 0);
            let said = String::from_utf8_lossy(&machine.console().said).into_owned();
            let answer = eval::run(&graph, line.as_bytes()).text();
            let wants = format!("{}. Type numbers.\r\n> {answer}\r\n> ", model.head.name);
            assert_eq!(said, wants, "{}", model.head.name);
        }
    }
}

/// The bytes of a reading may be the last of a row and the first of the next one: in between what can be computed is.
#[test]
fn readings_of_several_bytes_by_rows_are_exact() {
    let done = cores::each(0..60, |seed| {
        let mut model = of_rows(seed);
        if model.network().is_none_or(|(sensors, _)| sensors.shape.len() < 2) {
            return false;
        }
        forests::part(&mut model, &mut Random(seed));
        let what = format!("seed {seed}");
        let Some((chip, compiled)) =
            in_less(&|| Chip::atmega328p().numbers(), &model, Optimize::Speed, &what)
        else {
            return false;
        };
        let mut lines = forests::lines(seed, model.network().expect("a network on numbers").0);
        lines.retain(|line| line.len() < ROOM);
        compare(&chip, &model, &compiled, &lines, &what);
        lines.len() > 3
    });
    let by_rows = done.iter().filter(|by_rows| **by_rows).count();
    println!("{by_rows} of 60 networks by rows");
    assert!(by_rows > 20, "{by_rows}");
}
