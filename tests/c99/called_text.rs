//! Networks on text as assembly that C calls, on ATmegas: replies, labels and logits equal the reference while interrupts come.

use super::chip::gcc_for;
use super::sequence::stories;
use super::support::called::{expected, labels, shows_logits};
use super::support::{self, Random, sequence};
use super::{compiled, installed};
use mlc_compiler::eval::Session;
use mlc_compiler::model::{Answer, Model};
use mlc_compiler::plan::Demands;
use mlc_compiler::stage::label;
use mlc_compiler::{Assets, CompileError, Compiled, Request, compile, reference};
use mlc_machine::Script;
use mlc_runtime_avr::{
    ATMEGA328P, ATMEGA1284P, ATMEGA2560, Avr, AvrConfig, AvrMachine, Device, End, Exit, Observer, Program,
};

/// Chips, with what the calling program leaves of their memory.
const CHIPS: [(&str, &Device, usize); 3] = [
    ("atmega328p", &ATMEGA328P, 1_700),
    ("atmega1284p", &ATMEGA1284P, 15_000),
    ("atmega2560", &ATMEGA2560, 7_000),
];

/// What the program leaves in GPIOR0.
#[derive(Default)]
struct Printed(String);

impl Observer<Avr> for Printed {
    fn on_marker(&mut self, value: u8, _: u64) {
        self.0.push(char::from(value));
    }
}

/// Gives a classifier a margin.
fn hesitate(model: &mut Model, of: u8) {
    match &mut model.answer {
        Answer::Story(story) if story.classifies() => story.margin = of,
        Answer::Label { margin, .. } => *margin = of,
        _ => {}
    }
}

/// A `main` that gives lines to the network and prints in hexadecimal what comes back, while a timer interrupts it. Before the line
/// of the number `reset` a new conversation begins.
fn main_program(model: &Model, lines: &[Vec<u8>], logits: usize, reset: Option<usize>) -> String {
    let name = format!("net_{}", label(&model.head.name));
    let row = |(at, line): (usize, &Vec<u8>)| {
        let bytes: Vec<_> = line.iter().chain(&[0]).map(u8::to_string).collect();
        format!("static const uint8_t l{at}[] PROGMEM = {{ {} }};\n", bytes.join(", "))
    };
    let rows: String = lines.iter().enumerate().map(row).collect();
    let (declared, shown) = match logits {
        0 => (String::new(), ""),
        count => (
            format!("extern int16_t {name}_logits[{count}];\n#define LOGITS {count}\n"),
            " for (uint16_t i = 0; i < LOGITS; i++) word((uint16_t)LOGIT(i));",
        ),
    };
    let body = match labels(model).is_empty() {
        true => format!("while ((n = {name}_run()) >= 0) {{ byte((uint8_t)n);{shown} }}"),
        false => format!("n = {name}_run(); if (n >= 0) {{ word((uint16_t)n);{shown} }}"),
    };
    let calls: String = lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let reset = if reset == Some(at) { format!("{name}_reset(); ") } else { String::new() };
            format!("    {reset}ask(l{at}, {});\n", line.len())
        })
        .collect();
    let declare_reset = if reset.is_some() { format!("void {name}_reset(void);\n") } else { String::new() };
    format!(
        "#include <avr/interrupt.h>\n#include <avr/io.h>\n#include <avr/pgmspace.h>\n#include <avr/sleep.h>\n#include \
         <stdint.h>\nvoid {name}_start(void);\nvoid {name}_begin(void);\nvoid {name}_input(char c);\nint \
         {name}_run(void);\n{declare_reset}{declared}#define LOGIT(i) {name}_logits[i]\n{rows}volatile uint16_t ticks;\n\
         ISR(TIMER1_COMPA_vect) {{ ticks += 3; }}\n\
         static void digit(uint8_t n) {{ GPIOR0 = (uint8_t)(n < 10 ? n + '0' : n - 10 + 'A'); }}\n\
         static void byte(uint8_t n) {{ digit(n >> 4); digit(n & 15); }}\n\
         static inline void word(uint16_t n) {{ byte((uint8_t)(n >> 8)); byte((uint8_t)n); }}\n\
         static void ask(const uint8_t *line, uint8_t count) {{\n    int n;\n    {name}_begin();\n    while (count--) \
         {name}_input((char)pgm_read_byte(line++));\n    {body}\n    GPIOR0 = '-';\n}}\n\
         int main(void) {{\n    OCR1A = 700; TCCR1B = 1 << WGM12 | 1 << CS10; TIMSK1 = 1 << OCIE1A; sei();\n    {name}_start();\n\
         {calls}    cli();\n    GPIOR0 = ticks ? '+' : '0';\n    sleep_enable();\n    sleep_cpu();\n    return 0;\n}}\n"
    )
}

/// Compares a network on a chip with the reference, if it fits: whether it did.
fn check(chip: usize, model: &Model, lines: &[Vec<u8>]) -> bool {
    let (chip, device, most) = CHIPS[chip];
    let (target, assets, demands) =
        (support::target_named(chip).called(), Assets::builtin(), Demands::default());
    let request =
        Request { model, target: &target, assets: &assets, demands: &demands, wide: false, calibration: &[] };
    let program: Compiled = match compile(&request) {
        // The rest of RAM is the page that memory begins with, and the stack of C.
        Ok(program) if program.image.needs().buffers > most => return false,
        Ok(program) => program,
        Err(
            CompileError::TooLarge { .. }
            | CompileError::SequenceTooLarge { .. }
            | CompileError::Sequence { .. },
        ) => {
            return false;
        }
        Err(error) => panic!("{}: {error}", model.head.name),
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("the folder is writable");
        path
    };
    let shows = shows_logits(model);
    let logits = if shows { program.image.logits.count } else { 0 };
    let keeps = program.image.assembly.table.contains_key("net_reset");
    let reset = keeps.then_some(lines.len() / 2);
    let main = file("main.c", &main_program(model, lines, logits, reset));
    let assembly = file("net.S", &program.assembly);
    let elf = folder.path().join("main.elf");
    let mut command = gcc_for(chip, "avr-gcc", folder.path());
    compiled(command.args(["-std=gnu99", "-Wall", "-Wextra", "-o"]).arg(&elf).args([&assembly, &main]), chip);
    let linked = Program::from_elf(&std::fs::read(&elf).expect("it was linked"), device).expect("it fits");
    let config = AvrConfig { limit: Some(4_000_000_000), ..AvrConfig::default() };
    let mut machine = AvrMachine::new(linked, Script::default(), config);
    let mut printed = Printed::default();
    assert_eq!(machine.run(&mut printed), End::Exit(Exit::Sleep), "{} on {chip}", model.head.name);
    let graph = reference(model).expect("the model was checked");
    let mut session = Session::new(&graph);
    let mut wants = String::new();
    for (at, line) in lines.iter().enumerate() {
        if reset == Some(at) {
            session.clear();
        }
        wants += &expected(model, &session.ask(line), shows);
    }
    assert_eq!(printed.0, wants + "+", "{} on {chip}", model.head.name);
    true
}

#[test]
fn random_networks_on_hashed_text_are_called_from_c() {
    if !installed("avr-gcc") {
        return;
    }
    let (mut chats, mut classifiers) = (0, 0);
    for seed in 0..36 {
        let mut model = support::model(seed);
        hesitate(&mut model, [0, 30][seed as usize % 2]);
        let mut r = Random(seed ^ 0xCA11);
        let longest = usize::from(model.reader.max_query());
        let mut lines: Vec<_> = (0..3).map(|_| support::query(&mut r, longest)).collect();
        lines.push(b"  Aa aZ "[..longest.min(8)].to_vec());
        lines.push(vec![]);
        if check(seed as usize % 3, &model, &lines) {
            *if labels(&model).is_empty() { &mut chats } else { &mut classifiers } += 1;
        }
    }
    println!("{chats} chats, {classifiers} classifiers");
    assert!(chats >= 8 && classifiers >= 4, "{chats}, {classifiers}");
}

#[test]
fn random_sequence_models_are_called_from_c() {
    if !installed("avr-gcc") {
        return;
    }
    let (mut talkers, mut classifiers, mut shown) = (0, 0, 0);
    for seed in 500..536 {
        let mut model = sequence::model(seed);
        stories::talk_or_labels(&mut model, seed, &mut Random(seed ^ 0x7A1C));
        hesitate(&mut model, [30, 0][seed as usize / 4 % 2]);
        let longest = usize::from(model.reader.max_query()).min(20);
        let mut lines = sequence::queries(seed, longest);
        lines.truncate(4);
        if check(seed as usize % 3, &model, &lines) {
            shown += usize::from(shows_logits(&model));
            *if labels(&model).is_empty() { &mut talkers } else { &mut classifiers } += 1;
        }
    }
    println!("{talkers} talkers, {classifiers} classifiers, {shown} with logits");
    assert!(talkers >= 8 && classifiers >= 3 && shown >= 4, "{talkers}, {classifiers}, {shown}");
}
