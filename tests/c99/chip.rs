//! On an ATmega328P, simulated, with avr-gcc.

use super::{
    STRICT, c_string, compiled, expected, installed, main_program, queries, sources, support, write,
};
use mlc_compiler::model::{Answer, Model};
use mlc_compiler::{Assets, c99, eval, reference};
use mlc_machine::Script;
use mlc_runtime_avr::{
    ATMEGA328P, ATTINY85, Avr, AvrConfig, AvrMachine, End, Exit, NoObserver, Observer, Program, Typing,
};
use std::path::Path;
use std::process::Command;

const PUT: &str = "#include <avr/io.h>\n#include <avr/sleep.h>\n\
    static void put(char c) { while (!(UCSR0A & 1 << UDRE0)) {} UCSR0A = 1 << U2X0 | 1 << TXC0; UDR0 = c; }\n\
    static void start(void) { UBRR0 = 1; UCSR0A = 1 << U2X0; UCSR0B = 1 << RXEN0 | 1 << TXEN0; }\n\
    static void stop(void) { while (!(UCSR0A & 1 << TXC0)) {} sleep_enable(); sleep_cpu(); }";

/// As much of an Arduino core as the example needs: a serial line that waits. It sleeps for good where no
/// more comes.
const ARDUINO: &str = r#"
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <stdint.h>
class __FlashStringHelper;
#define F(text) (reinterpret_cast<const __FlashStringHelper *>(PSTR(text)))
struct HardwareSerial {
  void begin(unsigned long) { UBRR0 = 16; UCSR0A = 1 << U2X0; UCSR0B = 1 << RXEN0 | 1 << TXEN0; }
  int available() { return UCSR0A & 1 << RXC0 ? 1 : 0; }
  int read() { return UDR0; }
  void write(uint8_t c) { while (!(UCSR0A & 1 << UDRE0)) {} UDR0 = c; }
  void print(const char *text) { while (*text) write((uint8_t)*text++); }
  void print(const __FlashStringHelper *text) {
    const char *p = reinterpret_cast<const char *>(text);
    while (char c = (char)pgm_read_byte(p++)) write((uint8_t)c);
  }
  void println() { print("\r\n"); }
  void println(const char *text) { print(text); println(); }
  void println(const __FlashStringHelper *text) { print(text); println(); }
};
static HardwareSerial Serial;
"#;

const CORE: &str = "int main() { setup(); for (;;) loop(); }\n";

fn gcc(compiler: &str, folder: &Path) -> Command {
    gcc_for("atmega328p", compiler, folder)
}

pub fn gcc_for(chip: &str, compiler: &str, folder: &Path) -> Command {
    let mut command = Command::new(compiler);
    command
        .arg(format!("-mmcu={chip}"))
        .args(["-Os", "-ffunction-sections", "-Wl,--gc-sections", "-I"])
        .arg(folder);
    command
}

fn load(elf: &Path) -> Program {
    Program::from_elf(&std::fs::read(elf).expect("avr-gcc wrote it"), &ATMEGA328P)
        .expect("an ELF for the chip")
}

/// The same without a serial line: what it takes is the network's, but for a little for each logit.
const SILENT: &str = "#include <avr/sleep.h>\nstatic void put(char c) { (void)c; }\nstatic void start(void) {}\n\
    static void stop(void) { sleep_enable(); sleep_cpu(); }";

/// The network with a `main` around it that prints through `put`, run to its end on the chip.
fn run(model: &Model, prompts: &[Vec<u8>], put: &str) -> (AvrMachine<Script>, u32) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sources = sources(model);
    let code = write(folder.path(), &sources);
    let main = folder.path().join("main.c");
    std::fs::write(&main, main_program(model, &sources.name, prompts, put)).expect("the folder is writable");
    let elf = folder.path().join("a.elf");
    // The flags against warnings are for the generated code: a test's main may say what it wants.
    let mut strict = gcc("avr-gcc", folder.path());
    compiled(strict.args(STRICT).args(["-fsyntax-only"]).arg(&code), &model.head.name);
    compiled(
        gcc("avr-gcc", folder.path()).args(["-std=c99", "-o"]).arg(&elf).arg(&main).arg(&code),
        &model.head.name,
    );
    let config = AvrConfig { limit: Some(4_000_000_000), ..AvrConfig::default() };
    let program = load(&elf);
    let flash = program.flash_used;
    let mut machine = AvrMachine::new(program, Script::default(), config);
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Sleep), "{}", model.head.name);
    (machine, flash)
}

/// Logits and replies of a model on the chip; the bytes of flash with a test's main, and the steps.
pub fn check(model: &Model, prompts: &[Vec<u8>]) -> (u32, usize) {
    let (mut machine, flash) = run(model, prompts, PUT);
    let output = String::from_utf8_lossy(machine.console().output()).into_owned();
    assert!(!prompts.is_empty(), "{}: nothing to compare", model.head.name);
    assert!(output == expected(model, prompts), "{} differs on the chip", model.head.name);
    (flash, output.lines().filter(|l| !l.starts_with('=')).count())
}

#[test]
fn small_random_networks_are_exact_on_the_chip() {
    if !installed("avr-gcc") {
        return;
    }
    let fits = |model: &Model| sources(model).flash < 28_000 && sources(model).ram < 1_400;
    let models = (0..).map(support::model).filter(fits).take(12);
    for (seed, model) in models.enumerate() {
        check(&model, &queries(&model, seed as u64)[3..]);
    }
}

#[test]
fn published_networks_fit_and_are_exact_on_the_chip() {
    if !installed("avr-gcc") {
        return;
    }
    for name in ["tinychat", "guess"] {
        let Some(model) = support::published(name) else { continue };
        let prompts = support::expected(name).into_iter().map(|(prompt, _)| prompt.into_bytes());
        let prompts: Vec<_> = prompts.take(3).collect();
        let (flash, steps) = check(&model, &prompts);
        let (machine, _) = run(&model, &prompts, SILENT);
        let cycles = machine.cycles() / steps as u64;
        eprintln!("{name}: {flash} bytes of flash with a test's main, about {cycles} cycles a step");
    }
}

/// What the program leaves in GPIOR0: the indices of labels.
#[derive(Default)]
struct Markers(Vec<u8>);

impl Observer<Avr> for Markers {
    fn on_marker(&mut self, value: u8, _t: u64) {
        self.0.push(value);
    }
}

/// A chip without a serial line, where the label is the result of a call.
#[test]
fn a_classifier_is_a_call_on_an_attiny85() {
    if !installed("avr-gcc") {
        return;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/commands");
    let read = |name: &str| std::fs::read(file.join(name)).expect("the model is committed");
    let model =
        mlc_compiler::import::load(&read("model.ron"), "model.ron", &Default::default()).expect("valid");
    let prompts = String::from_utf8(read("prompts.txt")).expect("prompts are text");
    let prompts: Vec<&str> = prompts.lines().filter(|l| !l.is_empty()).take(20).collect();
    assert_eq!(prompts.len(), 20);
    let Answer::Label { labels, .. } = &model.answer else { panic!("commands is a classifier") };
    let graph = reference(&model).expect("the model was checked");
    let index = |prompt: &&str| {
        labels.iter().position(|l| l.as_bytes() == eval::run(&graph, prompt.as_bytes()).reply)
    };
    let expected: Vec<u8> = prompts.iter().map(|p| index(p).expect("a label") as u8).collect();

    let folder = tempfile::tempdir().expect("a temporary folder");
    let sources = sources(&model);
    let code = write(folder.path(), &sources);
    let texts: String = prompts.iter().map(|p| format!("    {},\n", c_string(p.as_bytes()))).collect();
    let main = format!(
        "#include <avr/io.h>\n#include <avr/pgmspace.h>\n#include <avr/sleep.h>\n#include <string.h>\n\
         #include \"commands.h\"\nstatic commands_net net;\nstatic const char prompts[][64] PROGMEM = {{\n{texts}}};\n\
         int main(void) {{\n    unsigned char i;\n    char line[64];\n    for (i = 0; i < {}; i++) {{\n\
         \x20       strcpy_P(line, prompts[i]);\n        GPIOR0 = (unsigned char)commands_classify(&net, line, strlen(line));\n\
         \x20   }}\n    sleep_enable();\n    sleep_cpu();\n    return 0;\n}}\n",
        prompts.len()
    );
    let path = folder.path().join("main.c");
    std::fs::write(&path, main).expect("the folder is writable");
    let elf = folder.path().join("a.elf");
    let mut command = gcc_for("attiny85", "avr-gcc", folder.path());
    compiled(
        command.args(["-std=c99", "-Wall", "-Wextra", "-o"]).arg(&elf).arg(&path).arg(&code),
        "attiny85",
    );
    let bytes = std::fs::read(&elf).expect("avr-gcc wrote it");
    let program = Program::from_elf(&bytes, &ATTINY85).expect("an ELF for the chip");
    let config = AvrConfig { limit: Some(100_000_000), ..AvrConfig::default() };
    let mut machine = AvrMachine::new(program, Script::default(), config);
    let mut markers = Markers::default();
    assert_eq!(machine.run(&mut markers), End::Exit(Exit::Sleep));
    assert_eq!(markers.0, expected);
}

#[test]
fn the_example_of_the_library_talks() {
    if !installed("avr-g++") {
        return;
    }
    for seed in [3, 11] {
        talk(&support::model(seed), &[b"hello".to_vec(), b"Is It?".to_vec()]);
    }
}

/// Types prompts for the example of a model's library, and compares what it prints.
pub fn talk(model: &Model, prompts: &[Vec<u8>; 2]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sources = sources(model);
    let code = write(folder.path(), &sources);
    let zip = c99::library(model, &sources, &Assets::builtin()).expect("the templates are whole");
    let (example, ask) = match model.network() {
        Some(_) => ("Sense/Sense", "Type numbers."),
        None => ("Talk/Talk", "Type a line."),
    };
    let sketch = unzip(&zip, &format!("{}/examples/{example}.ino", sources.name));
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("Arduino.h"), ARDUINO).expect("the folder is writable");
    std::fs::write(file("sketch.cpp"), format!("#include <Arduino.h>\n{sketch}\n{CORE}")).expect("writable");
    let cpp = ["-Wall", "-Wextra", "-c", "-o"];
    compiled(gcc("avr-g++", folder.path()).args(cpp).args([file("s.o"), file("sketch.cpp")]), "the sketch");
    compiled(gcc("avr-gcc", folder.path()).args(cpp).args([file("n.o"), code]), "the network");
    compiled(gcc("avr-g++", folder.path()).arg("-o").args([file("a.elf"), file("s.o"), file("n.o")]), "both");
    let graph = reference(model).expect("the model was checked");
    let mut typed = Vec::new();
    let mut expected = format!("{}. {ask}\r\n> ", sources.name).into_bytes();
    for (prompt, end) in prompts.iter().zip([&b"\r\n"[..], b"\n"]) {
        // A line of numbers is read as it comes.
        let longest = if model.network().is_some() { prompt.len() } else { model.reader.max_query().into() };
        let prompt = &prompt[..prompt.len().min(longest)];
        typed.extend([prompt, end].concat());
        expected.extend([&eval::run(&graph, prompt).reply, &b"\r\n> "[..]].concat());
    }
    // Slower than the network thinks: the example does not sleep, so that nobody sees when it waits.
    let typing = Typing::Every(1_000_000);
    let config = AvrConfig { typing, limit: Some(400_000_000), ..AvrConfig::default() };
    let mut machine = AvrMachine::new(load(&file("a.elf")), Script::new(&typed), config);
    machine.run(&mut NoObserver);
    let shown = |text: &[u8]| text.escape_ascii().to_string();
    assert_eq!(shown(machine.console().output()), shown(&expected));
}

fn unzip(archive: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(archive)).expect("an archive");
    let file = zip.by_name(name).expect("the file is in it");
    std::io::read_to_string(file).expect("it is text")
}
