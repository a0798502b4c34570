//! On this machine, with `cc`.

use super::support::wide;
use super::{STRICT, compiled, expected, installed, main_program, queries, sources, support, write};
use mlc_compiler::model::Model;
use std::process::Command;

const PUT: &str = "#include <stdio.h>\nstatic void put(char c) { putchar(c); }\nstatic void start(void) {}\n\
                   static void stop(void) {}";

/// Compiles a model strictly, with sanitizers that stop at undefined behaviour, and compares what it prints.
pub fn check(model: &Model, prompts: &[Vec<u8>]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sources = sources(model);
    let code = write(folder.path(), &sources);
    let main = folder.path().join("main.c");
    std::fs::write(&main, main_program(model, &sources.name, prompts, PUT)).expect("the folder is writable");
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
    assert!(String::from_utf8_lossy(&ran.stdout) == expected(model, prompts), "{} differs", model.head.name);
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
