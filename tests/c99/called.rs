//! Networks on numbers as assembly that C calls, on an ATtiny85: results of readings and of values equal the reference, here and
//! under simavr, beside the generated C.

use super::chip::gcc_for;
use super::support::imported::{inputs, read};
use super::support::networks::{Maker, bytes, random};
use super::support::{Random, target_named};
use super::{compiled, installed, sources, write};
use mlc_compiler::model::{Answer, Model, Reader, Sensors, Shape};
use mlc_compiler::plan::Demands;
use mlc_compiler::target::Board;
use mlc_compiler::{Assets, CompileError, Compiled, Request, Target, compile, eval, reference};
use mlc_machine::Script;
use mlc_runtime_avr::{
    ATMEGA328P, ATTINY85, Avr, AvrConfig, AvrMachine, Device, End, Exit, NoObserver, Observer, Program,
};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Most bytes of assembly, so that a `main` with its rows fits beside it.
const ROOM: usize = 5_600;

/// Most cycles between the marks of a C program that are not the network's.
const MARKS: u64 = 4;

/// What a run is given.
enum Row {
    Values(Vec<i8>),
    Readings(Vec<i32>),
}

/// What the program leaves in GPIOR0, and when a run began and ended.
#[derive(Default)]
struct Printed {
    text: String,
    began: u64,
    most: u64,
}

impl Observer<Avr> for Printed {
    fn on_marker(&mut self, value: u8, t: u64) {
        match value {
            1 => self.began = t,
            2 => self.most = self.most.max(t - self.began),
            _ => self.text.push(char::from(value)),
        }
    }
}

/// The chip as a target of assembly that C calls.
fn tiny() -> Target {
    let assets = Assets::builtin();
    let devices = assets.devices().expect("they are well formed");
    let device = devices.into_iter().find(|device| device.name == "attiny85").expect("it is built in");
    let profiles = assets.profiles().expect("they are well formed");
    let profile =
        profiles.into_iter().find(|profile| profile.name == device.profile).expect("it is built in");
    Board { device, profile }.library().expect("it has no serial line")
}

/// A reading as a line has it.
fn decimal(reading: i32, decimals: u8) -> String {
    let unit = 10u32.pow(decimals.into());
    let (size, sign) = (reading.unsigned_abs(), if reading < 0 { "-" } else { "" });
    let width = usize::from(decimals);
    match decimals {
        0 => format!("{sign}{size}"),
        _ => format!("{sign}{}.{:0width$}", size / unit, size % unit),
    }
}

/// What the program has to print: the label, if there is one, and the results.
fn expected(model: &Model, sensors: &Sensors, rows: &[Row]) -> String {
    let graph = reference(model).expect("the model was checked");
    let mut out = String::new();
    for row in rows {
        let line = match row {
            Row::Values(values) => Sensors::line(values),
            Row::Readings(all) => {
                all.iter().map(|&r| decimal(r, sensors.decimals)).collect::<Vec<_>>().join(" ")
            }
        };
        let run = eval::run(&graph, line.as_bytes());
        if let Answer::Class(class) = &model.answer {
            let label = class.labels.iter().position(|label| *label == run.text());
            out += &format!("{} ", label.unwrap_or(class.labels.len()));
        }
        run.logits[0].iter().for_each(|logit| out += &format!("{logit} "));
        out.push('\r');
    }
    out
}

/// A `main` that prints it. `DECLARATIONS` and the macros after them are what differs between assembly and generated C.
fn main_program(
    model: &Model,
    (inputs, outputs): (usize, usize),
    rows: &[Row],
    declarations: &str,
) -> String {
    let table: String = rows
        .iter()
        .map(|row| {
            let (kind, all): (u8, Vec<i32>) = match row {
                Row::Values(values) => (0, values.iter().map(|&v| v.into()).collect()),
                Row::Readings(readings) => (1, readings.clone()),
            };
            let all: Vec<_> = all.iter().map(|n| format!("{n}L")).collect();
            format!("    {{ {kind}, {} }},\n", all.join(", "))
        })
        .collect();
    let label = match model.answer {
        Answer::Class(_) => "label = RUN(); MARK(2); number(label);",
        _ => "(void)label; RUN(); MARK(2);",
    };
    format!(
        "#include <avr/interrupt.h>\n#include <avr/io.h>\n#include <avr/pgmspace.h>\n#include <avr/sleep.h>\n\
         #include <stdint.h>\n#include <stdlib.h>\n{declarations}\n#ifdef SIMAVR\n\
         const struct {{ uint8_t tag, size; volatile uint8_t *what; }} __attribute__((packed)) console\n\
         \x20   __attribute__((section(\".mmcu\"), used)) = {{ 11, 2, &GPIOR0 }};\n#define MARK(m)\n#else\n\
         #define MARK(m) (GPIOR0 = (m))\n#endif\n\
         static const int32_t rows[][{inputs} + 1] PROGMEM = {{\n{table}}};\n\
         static void number(int n) {{\n    char text[8], *c;\n    itoa(n, text, 10);\n    for (c = text; *c; c++) GPIOR0 = (uint8_t)*c;\n\
         \x20   GPIOR0 = ' ';\n}}\n\
         int main(void) {{\n    unsigned char row, i;\n    int label = 0;\n    for (row = 0; row < {count}; row++) {{\n        BEGIN();\n\
         \x20       for (i = 1; i <= {inputs}; i++) {{\n            int32_t n = (int32_t)pgm_read_dword(&rows[row][i]);\n\
         \x20           if (pgm_read_dword(&rows[row][0])) READING(n); else VALUE((int8_t)n);\n        }}\n\
         \x20       MARK(1); {label}\n        for (i = 0; i < {outputs}; i++) number(LOGIT(i));\n        GPIOR0 = '\\r';\n    }}\n\
         \x20   cli();\n    sleep_enable();\n    sleep_cpu();\n    return 0;\n}}\n",
        count = rows.len()
    )
}

/// What a program says, its flash and the most cycles of a run.
fn ran(folder: &Path, files: &[&PathBuf], name: &str, chip: (&str, &'static Device)) -> (String, u32, u64) {
    let elf = folder.join(format!("{name}.elf"));
    let mut command = gcc_for(chip.0, "avr-gcc", folder);
    compiled(command.args(["-std=gnu99", "-Wall", "-Wextra", "-o"]).arg(&elf).args(files), name);
    let program = Program::from_elf(&std::fs::read(&elf).expect("it was linked"), chip.1).expect("it fits");
    let flash = program.flash_used;
    let config = AvrConfig { limit: Some(400_000_000), ..AvrConfig::default() };
    let mut machine = AvrMachine::new(program, Script::default(), config);
    let mut printed = Printed::default();
    assert_eq!(machine.run(&mut printed), End::Exit(Exit::Sleep), "{name}");
    (printed.text, flash, printed.most)
}

/// The most cycles of a run that nobody's program calls: what `mlc bench` counts.
fn called(program: &Compiled, device: &'static Device, name: &str, rows: &[Row]) -> u64 {
    let address = |entry: &str| program.image.assembly.table[&format!("{name}_{entry}")].value;
    let text = Program::from_bytes(&program.image.bytes, device).expect("it fits");
    let mut machine = AvrMachine::new(text, Script::default(), AvrConfig::default());
    let mut call = |entry: &str, first: u16, bytes: &[u8]| {
        for (register, &byte) in (first..).zip(bytes) {
            assert!(machine.poke(register, byte));
        }
        let before = machine.cycles();
        machine.call(address(entry), &mut NoObserver);
        assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return), "{name}_{entry}");
        machine.cycles() - before
    };
    let run = |row: &Row| {
        call("begin", 24, &[]);
        match row {
            Row::Values(values) => {
                values.iter().for_each(|value| _ = call("value", 24, &value.to_le_bytes()))
            }
            Row::Readings(all) => {
                all.iter().for_each(|reading| _ = call("reading", 22, &reading.to_le_bytes()))
            }
        }
        call("run", 24, &[])
    };
    rows.iter().map(run).max().expect("there are rows")
}

/// What simavr prints of the same.
fn judged(folder: &Path, files: &[&PathBuf]) -> String {
    let elf = folder.join("judged.elf");
    let mut command = gcc_for("attiny85", "avr-gcc", folder);
    let section = ["-DSIMAVR", "-Wl,--undefined=console,--section-start=.mmcu=0x910000", "-std=gnu99", "-o"];
    compiled(command.args(section).arg(&elf).args(files), "for simavr");
    let output = Command::new("timeout")
        .args(["60", "simavr", "-m", "attiny85", "-f", "8000000"])
        .arg(&elf)
        .stdin(Stdio::null())
        .output()
        .expect("simavr is installed");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let lines = said.lines().filter_map(|line| line.split_once("O:"));
    lines.map(|(_, text)| format!("{}\r", text.split('\u{1b}').next().unwrap_or(text))).collect()
}

/// Compares a model in both forms, if it fits: whether it did. `peer`: as generated C as well, which must be slower.
fn check(model: &Model, rows: &[Row], how: (bool, bool)) -> bool {
    check_on(&tiny(), ("attiny85", &ATTINY85), model, rows, how)
}

/// The same on some chip.
fn check_on(
    target: &Target,
    chip: (&str, &'static Device),
    model: &Model,
    rows: &[Row],
    (peer, judge): (bool, bool),
) -> bool {
    let (sensors, _) = model.network().expect("a network on numbers");
    let (assets, demands) = (Assets::builtin(), Demands::default());
    let request =
        Request { model, target, assets: &assets, demands: &demands, wide: false, calibration: &[] };
    let program = match compile(&request) {
        // The rest of the flash is the test's own.
        Ok(program) if program.image.needs().image > ROOM => return false,
        Ok(program) => program,
        Err(CompileError::SensorsTooLarge { .. }) => return false,
        Err(e) => panic!("{e}"),
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("the folder is writable");
        path
    };
    let sizes = (sensors.shape.len(), program.image.logits.count);
    let name = format!("net_{}", mlc_compiler::stage::label(&model.head.name));
    let result = if matches!(model.answer, Answer::Class(_)) { "int" } else { "void" };
    let assembly = file("net.S", &program.assembly);
    let declarations = format!(
        "void {name}_begin(void);\nvoid {name}_value(int8_t value);\nvoid {name}_reading(int32_t reading);\n\
         {result} {name}_run(void);\nextern int16_t {name}_logits[{}];\n#define BEGIN {name}_begin\n#define VALUE {name}_value\n\
         #define READING {name}_reading\n#define RUN {name}_run\n#define LOGIT(i) {name}_logits[i]\n",
        sizes.1
    );
    let main = file("main.c", &main_program(model, sizes, rows, &declarations));
    let wants = expected(model, sensors, rows);
    let (text, flash, cycles) = ran(folder.path(), &[&main, &assembly], "assembly", chip);
    assert_eq!(text, wants, "{}", model.head.name);
    let alone = called(&program, chip.1, &name, rows);
    assert!((1..=MARKS).contains(&(cycles - alone)), "{}: {cycles} by C, {alone} by itself", model.head.name);
    if judge && installed("simavr") {
        assert_eq!(judged(folder.path(), &[&main, &assembly]), wants, "{} under simavr", model.head.name);
    }
    let needs = program.image.needs();
    let predicted = program.plan.prediction.total();
    println!(
        "{}: assembly {cycles} cycles ({predicted:.0} predicted), {} of flash, {} of RAM with 48 of stack; {flash} with main",
        model.head.name, needs.image, needs.buffers
    );
    if peer {
        let sources = sources(model);
        let (name, code) = (&sources.name, write(folder.path(), &sources));
        let declarations = format!(
            "#include \"{name}.h\"\nstatic {name}_net net;\n#define BEGIN() {name}_begin(&net)\n#define VALUE(v) {name}_value(&net, v)\n\
             #define READING(r) {name}_reading(&net, r)\n#define RUN() {name}_run(&net)\n#define LOGIT(i) {name}_logit(&net, i)\n"
        );
        let main = file("peer.c", &main_program(model, sizes, rows, &declarations));
        let (text, flash, slow) = ran(folder.path(), &[&main, &code], "generated C", chip);
        assert_eq!(text, wants, "{} as C", model.head.name);
        println!("{}: C {slow} cycles; {flash} with main", model.head.name);
        assert!(cycles < slow, "{}: {cycles} cycles, as C {slow}", model.head.name);
    }
    true
}

/// Readings of every size, some of them at the ends of 32 bits.
fn readings(r: &mut Random, count: usize) -> Vec<i32> {
    let one = |r: &mut Random| match r.within(0, 6) {
        0 => [i32::MIN, i32::MAX, 8_388_607, -8_388_608, 0, -1, 8_388_608][r.within(0, 6)],
        1 | 2 => r.next() as i32 >> r.within(0, 24),
        _ => r.within(0, 600) as i32 - 300,
    };
    (0..count).map(|_| one(r)).collect()
}

#[test]
fn random_networks_are_called_from_c_on_an_attiny85() {
    if !installed("avr-gcc") {
        return;
    }
    let mut done = 0;
    for seed in 300..330 {
        let model = random(seed);
        let Reader::Sensors(sensors) = &model.reader else { unreachable!("a network on numbers") };
        let (mut r, count) = (Random(seed), sensors.shape.len());
        // What is left of the flash holds the rows.
        if count > 30 {
            continue;
        }
        let mut rows = vec![Row::Values(vec![-128; count]), Row::Values(vec![127; count])];
        rows.push(Row::Values(bytes(&mut r, count)));
        rows.extend((0..4).map(|_| Row::Readings(readings(&mut r, count))));
        done += usize::from(check(&model, &rows, (false, done < 3)));
    }
    println!("{done} networks");
    assert!(done >= 15, "{done}");
}

/// A byte less RAM than whole arrays take: rows are computed while C hands values and readings over.
#[test]
fn rows_are_called_from_c_on_an_attiny85() {
    if !installed("avr-gcc") {
        return;
    }
    let mut done = 0;
    for seed in 0..12 {
        let mut maker = Maker::new(seed, Shape { height: 7, width: 4, channels: 1 });
        maker.convolution(4, 1);
        maker.table();
        maker.dense(3);
        let model = maker.model();
        let mut target = tiny();
        let (assets, demands) = (Assets::builtin(), Demands::default());
        let built = |target: &Target| {
            let (model, assets, demands) = (&model, &assets, &demands);
            compile(&Request { model, target, assets, demands, wide: false, calibration: &[] })
        };
        let Ok(whole) = built(&target) else { continue };
        target.memory_end = target.origin + whole.image.needs().buffers as u16 - 1;
        let Ok(by_rows) = built(&target) else { continue };
        assert!(by_rows.plan.rows.is_some(), "{seed}");
        let mut r = Random(seed);
        let mut rows = vec![Row::Values(bytes(&mut r, 28)), Row::Values(bytes(&mut r, 28))];
        rows.extend((0..2).map(|_| Row::Readings(readings(&mut r, 28))));
        done += usize::from(check_on(&target, ("attiny85", &ATTINY85), &model, &rows, (false, done < 3)));
    }
    println!("{done} networks by rows");
    assert!(done >= 5, "{done}");
}

#[test]
fn a_forest_is_quicker_than_its_c() {
    if !installed("avr-gcc") {
        return;
    }
    let mut maker = Maker::new(3, Shape::vector(6));
    maker.trees(3);
    let mut model = maker.model();
    model.head.name = "forest".into();
    let mut r = Random(9);
    let mut rows: Vec<Row> = (0..8).map(|_| Row::Values(bytes(&mut r, 6))).collect();
    rows.push(Row::Readings(readings(&mut r, 6)));
    assert!(check(&model, &rows, (true, true)));
}

#[test]
fn published_networks_are_quicker_than_their_c() {
    if !installed("avr-gcc") {
        return;
    }
    for name in ["microflow_sine", "tflm_hello_world_int8", "sk_iris_mlp", "sk_iris_tree"] {
        let Some(mut model) = read(name) else { continue };
        model.head.name = name.into();
        let (sensors, _) = model.network().expect("a network on numbers");
        let mut rows = inputs(name, sensors, 12);
        rows.extend([-128, 127].map(|value| vec![value; sensors.shape.len()]));
        let rows: Vec<Row> = rows.into_iter().map(Row::Values).collect();
        assert!(check(&model, &rows, (true, true)), "{name} fits");
    }
}

/// On a chip that has a serial line, where it is the caller's.
#[test]
fn random_networks_are_called_from_c_on_an_atmega() {
    if !installed("avr-gcc") {
        return;
    }
    let target = target_named("atmega328p").called();
    let mut done = 0;
    for seed in 330..345 {
        let model = random(seed);
        let Reader::Sensors(sensors) = &model.reader else { unreachable!("a network on numbers") };
        let (mut r, count) = (Random(seed), sensors.shape.len());
        let mut rows = vec![Row::Values(vec![-128; count]), Row::Values(bytes(&mut r, count))];
        rows.extend((0..2).map(|_| Row::Readings(readings(&mut r, count))));
        if count <= 60 {
            let chip = ("atmega328p", &ATMEGA328P);
            done += usize::from(check_on(&target, chip, &model, &rows, (false, false)));
        }
    }
    println!("{done} networks");
    assert!(done >= 6, "{done}");
}
