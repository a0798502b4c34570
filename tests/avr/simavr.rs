//! The same programs on simavr's core: results, what is said, and cycles between all marks are those of the machine here. simavr
//! was written by others, so a mistake about an instruction or its time in both is unlikely.

use super::machine::Chip;
use super::random::queries;
use super::sensors::compare;
use super::simulator::{self, Told, hex};
use super::support::networks::{self, Maker};
use super::support::{self, imported, sequence as random_stories, wide};
use mlc_compiler::Compiled;
use mlc_compiler::import::{self, Options};
use mlc_compiler::model::{Answer, Body, Model, Reader, Sensors, Shape};
use mlc_compiler::plan::{Demands, Storage};
use mlc_compiler::target::Core;
use mlc_compiler::weights::Form;
use mlc_compiler::{eval, reference};
use mlc_runtime_avr::{Avr, AvrMachine, End, Exit, Memory, Observer, Script};
use std::process::Command;

/// Most cycles of a run.
const MOST: u64 = 1_000_000_000;

/// What happens on the machine here.
struct Events<'a> {
    compiled: &'a Compiled,
    told: Vec<Told>,
}

impl Observer<Avr> for Events<'_> {
    fn on_watch(&mut self, address: u32, memory: &Memory, t: u64) {
        let bytes = shown(self.compiled).map(|at| memory.byte(at)).collect();
        self.told.push(Told::At(address, t, bytes));
    }

    fn on_marker(&mut self, value: u8, t: u64) {
        // `out` takes a cycle; simavr tells when it begins.
        self.told.push(Told::Mark(value, t - 1));
    }
}

/// The bytes of the results.
fn shown(compiled: &Compiled) -> impl Iterator<Item = u16> {
    compiled.image.logits.accumulators.iter().flat_map(|&(low, high)| [low, high])
}

/// Runs a program on both, with these bytes in RAM; what has happened here, the same as there. How many cycles lie between the
/// first and the last place that was watched.
pub fn same(chip: &Chip, compiled: &Compiled, bytes: &[(&str, Vec<u8>)], what: &str) -> (Vec<Told>, u64) {
    let image = &compiled.image;
    let address = |name: &str| image.assembly.table[name].value;
    let places = [image.logits.ready, address("query_taken"), address("answered")];
    let mut machine: AvrMachine<Script> = chip.machine(compiled, &[]);
    let mut script = format!("device {} {}\nflash program\n", chip.device.name, chip.target.clock_hz);
    for (name, bytes) in bytes.iter().filter(|(_, bytes)| !bytes.is_empty()) {
        let at = address(name) as u16;
        for (at, &byte) in (at..).zip(bytes) {
            assert!(machine.poke(at, byte));
        }
        script += &format!("poke {at} {}\n", hex(bytes));
    }
    places.iter().for_each(|&place| machine.watch(place));
    let mut here = Events { compiled, told: vec![] };
    assert_eq!(machine.run(&mut here), End::Exit(Exit::Stop), "{what}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("writable");
    file("program", &image.bytes);
    if let (Some(chip), Some(beside)) = (&chip.target.spi_flash, &image.beside) {
        file("weights", &beside.bytes);
        let power = chip.bytes.trailing_zeros();
        script += &format!("chip {} {} {power} weights\n", chip.select.port, chip.select.bit);
    }
    shown(compiled).for_each(|at| script += &format!("show {at} 1\n"));
    places.iter().for_each(|place| script += &format!("watch {place}\n"));
    let mark = if chip.core == Core::Avr25 { 0x31 } else { 0x3E }; // GPIOR0
    script += &format!("mark {mark}\nrun {MOST}\n");
    let mut there = simulator::told(&script, folder.path());
    assert!(matches!(there.pop(), Some(Told::End(_))), "{what}");
    let (first, last) = ends(&here.told);
    let (theirs, _) = ends(&there);
    let ready = image.logits.ready;
    assert_eq!(since(&there, theirs, ready), since(&here.told, first, ready), "{what} under simavr");
    (here.told, last - first)
}

/// The cycles of the first place and of the last.
fn ends(told: &[Told]) -> (u64, u64) {
    let at = |told: &Told| if let Told::At(_, t, _) = told { Some(*t) } else { None };
    let first = told.iter().find_map(at).expect("the program comes to a place");
    (first, told.iter().rev().find_map(at).expect("it has come to one"))
}

/// The same, with cycles since `start`, and with results where they are `ready`: before, anything may lie there.
fn since(told: &[Told], start: u64, ready: u32) -> Vec<Told> {
    let at = |told: &Told| match told {
        Told::At(place, t, bytes) if *place == ready => Told::At(*place, t - start, bytes.clone()),
        Told::At(place, t, _) => Told::At(*place, t - start, vec![]),
        Told::Mark(value, t) => Told::Mark(*value, t - start),
        Told::Said(_) | Told::End(_) => unreachable!("a program without a serial line, before its end"),
    };
    told.iter().map(at).collect()
}

/// Lines of a network on numbers on both machines and the reference; cycles of all. `None` where it does not fit.
fn numbers(chip: &Chip, model: &Model, lines: &[String], what: &str) -> Option<u64> {
    let compiled = chip.compile_as(model, &Demands::default(), false, &[]).ok()?;
    compare(chip, model, &compiled, lines, what);
    let run = |line: &String| {
        let (told, cycles) = same(
            chip,
            &compiled,
            &[("typed", [line.as_bytes(), &[0]].concat())],
            &format!("{what}, \"{line}\""),
        );
        assert!(
            told.iter()
                .any(|told| matches!(told, Told::At(place, ..) if *place == compiled.image.logits.ready))
        );
        cycles
    };
    let cycles = lines.iter().map(run).sum();
    let predicted = compiled.plan.prediction.total();
    println!(
        "{what}: {cycles} cycles for {} lines here and under simavr, {predicted:.0} a run predicted",
        lines.len()
    );
    Some(cycles)
}

/// Lines that all networks of so many values answer.
fn lines_of(model: &Model, seed: u64) -> Vec<String> {
    let Reader::Sensors(sensors) = &model.reader else { unreachable!("a network on numbers") };
    let mut lines = networks::lines(seed, sensors.shape.len());
    lines.retain(|line| line.len() < 600 && line.split([' ', ',']).count() >= sensors.shape.len());
    lines.truncate(3);
    lines
}

fn kinds(model: &Model) -> Vec<&'static str> {
    let Body::Network(network) = &model.body else { unreachable!("a network on numbers") };
    network.operators.iter().map(|operator| operator.kind.name()).collect()
}

#[test]
fn networks_on_numbers_take_the_same_cycles_under_simavr() {
    if !simulator::is_there() {
        return;
    }
    let chip = Chip::atmega328p().numbers();
    let mut convolution = Maker::new(4, Shape { height: 8, width: 8, channels: 2 });
    convolution.convolution(6, 1);
    convolution.dense(3);
    let mut forest = Maker::new(3, Shape::vector(6));
    forest.trees(3);
    let mut dense = Maker::new(8, Shape::vector(40));
    dense.dense(24);
    dense.dense(5);
    let named = [("dense", dense), ("convolution", convolution), ("forest", forest)];
    for (name, maker) in named {
        let model = maker.model();
        model.check().expect("it is one");
        numbers(&chip, &model, &lines_of(&model, 1), name).expect("it fits");
    }
    let mut seen = std::collections::BTreeMap::<_, usize>::new();
    for seed in 0..24 {
        let model = networks::random(seed);
        if numbers(&chip, &model, &lines_of(&model, seed), &format!("seed {seed}")).is_some() {
            kinds(&model).into_iter().for_each(|kind| *seen.entry(kind).or_default() += 1);
        }
    }
    println!("{seen:?}");
    assert!(seen.len() >= 6 && seen.values().sum::<usize>() >= 30, "{seen:?}");
}

/// Products without `MUL`, on an ATtiny85.
#[test]
fn networks_take_the_same_cycles_without_mul_under_simavr() {
    if !simulator::is_there() {
        return;
    }
    let chip = Chip::attiny85().numbers();
    let mut seen = std::collections::BTreeMap::<_, usize>::new();
    for seed in 0..24 {
        let model = networks::random(seed);
        let mut lines = lines_of(&model, seed);
        lines.retain(|line| line.len() < 100);
        if !lines.is_empty() && numbers(&chip, &model, &lines, &format!("seed {seed}")).is_some() {
            kinds(&model).into_iter().for_each(|kind| *seen.entry(kind).or_default() += 1);
        }
    }
    println!("{seen:?}");
    assert!(seen.len() >= 5 && seen.values().sum::<usize>() >= 15, "{seen:?}");
}

/// Lines of a program whose weights a flash chip has, behind simavr's own SPI; cycles of all.
fn streamed(chip: &Chip, model: &Model, compiled: &Compiled, lines: &[Vec<u8>]) -> u64 {
    let graph = reference(model).expect("the model was checked");
    let run = |line: &Vec<u8>| {
        let what = format!("{}, \"{}\"", model.head.name, line.escape_ascii());
        let bytes = [("typed", line.clone()), ("typed_length", vec![line.len() as u8])];
        let (told, cycles) = same(chip, compiled, &bytes, &what);
        if let Answer::Story(_) | Answer::Chat(_) = &model.answer {
            let mark = |told: &Told| if let Told::Mark(value, _) = told { Some(*value) } else { None };
            let said: Vec<u8> = told.iter().filter_map(mark).collect();
            assert_eq!(said, eval::run(&graph, line).reply, "{what}");
        }
        cycles
    };
    lines.iter().map(run).sum()
}

#[test]
fn programs_that_stream_weights_take_the_same_cycles_under_simavr() {
    if !simulator::is_there() {
        return;
    }
    let forms = [None, Some(Form::Columns)];
    let demands = forms.map(|encoding| Demands { storage: Storage::File, encoding, ..Demands::default() });
    let chips = [Chip::atmega328p(), Chip::atmega1284p(), Chip::atmega2560()].map(Chip::with_flash);
    let (mut hashed, mut stories) = (0, 0);
    for chip in &chips {
        for seed in 0..6 {
            let random = support::model(seed);
            let wide = wide::model(seed, 300);
            let story = random_stories::model(seed);
            let lines = [queries(seed, random.reader.max_query().into()), wide::queries(seed)];
            let lines =
                lines.into_iter().chain([random_stories::queries(seed, story.reader.max_query().into())]);
            let all = [random, wide, story];
            let pairs = all.iter().zip(lines).flat_map(|(model, lines)| {
                demands.iter().map(move |demands| (model, demands, lines.clone()))
            });
            for (model, demands, lines) in pairs {
                let Ok(compiled) = chip.compile_as(model, demands, false, &[]) else { continue };
                let cycles = streamed(chip, model, &compiled, &lines[..lines.len().min(2)]);
                let file = compiled.image.beside.as_ref().expect("its weights are beside it");
                println!(
                    "{} on {}: {} bytes in the flash chip, {cycles} cycles here and under simavr",
                    model.head.name,
                    chip.target.name,
                    file.bytes.len()
                );
                *(if model.sequence().is_some() { &mut stories } else { &mut hashed }) += 1;
            }
        }
    }
    assert!(hashed >= 60 && stories >= 12, "{hashed} {stories}");
}

/// Points on two rings.
fn rings() -> String {
    let row = |i: u32| {
        let (angle, inner) = (f64::from(i) * 0.37, i.is_multiple_of(2));
        let radius = if inner { 1.0 } else { 3.0 } + f64::from(i % 7) * 0.1;
        format!(
            "{:.3},{:.3},{}\n",
            radius * angle.cos(),
            radius * angle.sin(),
            if inner { "in" } else { "out" }
        )
    };
    (0..160).map(row).fold("x,y,where\n".into(), |text, row| text + &row)
}

#[test]
fn a_trained_network_takes_the_same_cycles_under_simavr() {
    if !simulator::is_there() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("rings.csv"), rings()).expect("writable");
    let args = ["train", "rings.csv", "--classifier", "--steps", "600", "-o", "rings.ron"];
    let mut mlc = Command::new(env!("CARGO_BIN_EXE_mlc"));
    let trained = mlc.args(args).current_dir(folder.path()).output().expect("it is there");
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    let bytes = std::fs::read(folder.path().join("rings.ron")).expect("it was written");
    let model = import::load(&bytes, "rings.ron", &Options::default()).expect("a model");
    let chip = Chip::atmega328p().numbers();
    let lines = ["0.5 -0.5", "3.2 0", "-1.1 2.9", "0 0", "-100 100"].map(String::from);
    numbers(&chip, &model, &lines, "rings").expect("it fits");
}

#[test]
fn published_networks_take_the_same_cycles_under_simavr() {
    if !simulator::is_there() {
        return;
    }
    let chip = Chip::atmega328p().numbers();
    for name in ["microflow_sine", "tflm_hello_world_int8", "sk_iris_tree", "sk_iris_mlp", "sk_digits_mlp32"]
    {
        let Some(model) = imported::read(name) else { continue };
        let (sensors, _) = model.network().expect("a network on numbers");
        let rows = imported::inputs(name, sensors, 3);
        let lines: Vec<String> = rows.iter().map(|row| Sensors::line(row)).collect();
        numbers(&chip, &model, &lines, name).expect("it fits");
    }
}
