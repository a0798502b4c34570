//! On this machine, with `cc`.

use super::support::wide;
use super::{STRICT, compiled, expected_reading, installed, main_program, queries, sources, support, write};
use mlc_compiler::model::{Answer, Model};
use std::process::Command;

const PUT: &str = "#include <stdio.h>\nstatic void put(char c) { putchar(c); }\nstatic void start(void) {}\n\
                   static void stop(void) {}";

/// Compiles a model strictly, with sanitizers that stop at undefined behaviour, and compares what it prints.
pub fn check(model: &Model, prompts: &[Vec<u8>]) {
    check_reading(model, prompts, &[]);
}

/// What a program has around a network with tools; at its end it prints what was switched.
fn tools(name: &str, inputs: &[(String, u16)]) -> String {
    let values: String = inputs.iter().map(|(_, value)| format!("{value}u, ")).collect();
    format!(
        "#include <stdio.h>\nstatic void put(char c) {{ putchar(c); }}\nstatic void start(void) {{}}\n\
         static char list[100000];\nstatic unsigned listed;\n\
         static void stop(void) {{ fwrite(list, 1, listed, stdout); }}\n\
         uint16_t {name}_read(unsigned input) {{ static const uint16_t values[] = {{ {values}0 }}; return values[input]; }}\n\
         void {name}_switch(unsigned output, int on) {{ list[listed++] = (char)('0' + output); list[listed++] = on ? '+' : '-'; }}\n"
    )
}

/// [`check`], where tools read these values.
pub fn check_reading(model: &Model, prompts: &[Vec<u8>], inputs: &[(String, u16)]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sources = sources(model);
    let code = write(folder.path(), &sources);
    let main = folder.path().join("main.c");
    let has_tools = matches!(&model.answer, Answer::Story(story) if !story.tools.is_empty());
    let around = if has_tools { tools(&sources.name, inputs) } else { PUT.to_string() };
    let text = main_program(model, &sources.name, prompts, &around);
    std::fs::write(&main, text).expect("the folder is writable");
    let object = folder.path().join("network.o");
    compiled(
        Command::new("cc")
            .args(STRICT)
            .args(["-O1", "-fsanitize=undefined,address", "-fno-sanitize-recover=all"])
            .args(["-c", "-o"])
            .arg(&object)
            .arg(&code),
        &model.head.name,
    );
    let program = folder.path().join("program");
    compiled(
        Command::new("cc")
            .args(["-std=c99", "-fsanitize=undefined,address", "-o"])
            .arg(&program)
            .arg(&main)
            .arg(&object),
        &model.head.name,
    );
    let ran = Command::new(&program).output().expect("the program was just made");
    assert!(ran.status.success(), "{}: {}", model.head.name, String::from_utf8_lossy(&ran.stderr));
    assert!(!prompts.is_empty(), "{}: nothing to compare", model.head.name);
    let wants = expected_reading(model, prompts, inputs);
    assert!(String::from_utf8_lossy(&ran.stdout) == wants, "{} differs", model.head.name);
}

#[test]
fn random_networks_are_exact() {
    if !installed("cc") {
        return;
    }
    for seed in 0..40 {
        let model = support::model(seed);
        check(&model, &queries(&model, seed));
    }
}

#[test]
fn wide_networks_are_exact() {
    if !installed("cc") {
        return;
    }
    for seed in wide::seeds(20) {
        check(&wide::model(seed, 512), &wide::queries(seed));
    }
}

#[test]
fn published_networks_are_exact() {
    if !installed("cc") {
        return;
    }
    for name in ["tinychat", "guess"] {
        let Some(model) = support::published(name) else { continue };
        let prompts: Vec<_> =
            support::expected(name).into_iter().map(|(prompt, _)| prompt.into_bytes()).collect();
        check(&model, &prompts);
    }
}

#[test]
fn cpp_takes_the_header() {
    if !installed("c++") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sources = sources(&support::model(3));
    write(folder.path(), &sources);
    let main = folder.path().join("main.cpp");
    std::fs::write(&main, format!("#include \"{0}.h\"\n{0}_net net;\n", sources.name)).expect("writable");
    compiled(Command::new("c++").args(["-Wall", "-Wextra", "-pedantic", "-fsyntax-only"]).arg(&main), "C++");
}
