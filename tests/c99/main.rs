//! Generated C before C compilers: without a warning, and with the reference's bits on this machine and on
//! an ATmega328P.

#[path = "../support/mod.rs"]
mod support;

mod called;
mod called_text;
mod chip;
mod host;
mod margin;
mod sensors;
mod sequence;

use mlc_compiler::model::{Answer, Model};
use mlc_compiler::{Assets, c99, eval, reference};
use std::path::Path;
use std::process::Command;
use support::shared::tools::installed;

/// Flags that the generated code compiles with, without a warning.
const STRICT: [&str; 6] = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-Wconversion"];

fn sources(model: &Model) -> c99::Sources {
    c99::sources(model, &Assets::builtin()).expect("the model was checked")
}

/// Writes header and code; gives the path of the code.
fn write(folder: &Path, sources: &c99::Sources) -> std::path::PathBuf {
    let file = |extension| folder.join(format!("{}.{extension}", sources.name));
    std::fs::write(file("h"), &sources.header).expect("the folder is writable");
    std::fs::write(file("c"), &sources.code).expect("the folder is writable");
    file("c")
}

/// Random queries, one of spaces only, and one with bytes that are no ASCII.
fn queries(model: &Model, seed: u64) -> Vec<Vec<u8>> {
    let mut r = support::Random(seed);
    let longest = model.reader.max_query().into();
    let mut queries: Vec<_> = (0..5).map(|_| support::query(&mut r, longest)).collect();
    queries.extend([b"   ".to_vec(), b" \xc4\xe4 Z".to_vec()]);
    queries
}

/// Runs a compiler, which has to have nothing to say.
fn compiled(command: &mut Command, what: &str) {
    let said = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let text = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success() && text.is_empty(), "{what}: {text}");
}

/// What a program has to print for these prompts: each step's logits, and the reply.
fn expected(model: &Model, prompts: &[Vec<u8>]) -> String {
    expected_reading(model, prompts, &[])
}

/// The same, where tools read these values; behind all of it stands what they switch.
fn expected_reading(model: &Model, prompts: &[Vec<u8>], inputs: &[(String, u16)]) -> String {
    let mut out = String::new();
    let mut switched = String::new();
    for run in said(model, inputs, prompts) {
        // Of a beam the last ones are shown: a program cannot look at the others.
        let hidden = if is_beam(model) { run.steps().saturating_sub(1) } else { 0 };
        for logits in &run.logits[hidden..] {
            let logits: Vec<_> = logits.iter().map(i16::to_string).collect();
            out += &format!("{}\n", logits.join(" "));
        }
        let reply: Vec<_> = run.reply.iter().map(|b| format!("{b:02x}")).collect();
        out += &format!("={}\n", reply.concat());
        for (name, on) in run.switched {
            let Answer::Story(story) = &model.answer else { unreachable!("a sequence model") };
            let place = story.switches().iter().position(|other| *other == name);
            switched += &format!("{}{}", place.expect("it is there"), if on { '+' } else { '-' });
        }
    }
    out + &switched
}

fn is_beam(model: &Model) -> bool {
    model.sequence().is_some_and(|(.., story)| story.choice.beam.is_some())
}

/// What the reference says to prompts, one after the other.
fn said(model: &Model, inputs: &[(String, u16)], prompts: &[Vec<u8>]) -> Vec<eval::Run> {
    if model.sequence().is_some() {
        return sequence::stories::said(model, inputs, prompts);
    }
    let graph = reference(model).expect("the model was checked");
    let mut session = eval::Session::new(&graph).reading(inputs.to_vec());
    prompts.iter().map(|prompt| session.ask(prompt)).collect()
}

/// A `main` that prints what [`expected`] says, with `put` for a character.
fn main_program(model: &Model, name: &str, prompts: &[Vec<u8>], put: &str) -> String {
    let guard = name.to_ascii_uppercase();
    let texts: String =
        prompts.iter().map(|p| format!("    {{ {}, {} }},\n", p.len(), c_string(p))).collect();
    let one = match model.answer {
        Answer::Class(_) | Answer::Numbers(_) => format!(
            "    char text_of[{guard}_ANSWER_SIZE];\n    size_t i;\n    int index;\n    {name}_begin(&net);\n\
             \x20   for (i = 0; i < size; i++) {name}_character(&net, text[i]);\n    index = {name}_end(&net);\n\
             \x20   if (index <= 0) {{\n        const char *wanted = index ? {guard}_WANTED : \"\";\n        put('=');\n\
             \x20       for (i = 0; wanted[i]; i++) hex((unsigned char)wanted[i]);\n        put('\\n');\n        return;\n    }}\n\
             \x20   index = {name}_run(&net);\n    logits();\n    put('=');\n\
             \x20   {name}_answer(&net, index, text_of, sizeof text_of);\n\
             \x20   for (i = 0; text_of[i]; i++) hex((unsigned char)text_of[i]);\n    put('\\n');\n"
        ),
        Answer::Story(_) if is_beam(model) => format!(
            "    static unsigned char reply[{guard}_MAX_TOKENS * (long){guard}_MAX_PIECE + 1];\n\
             \x20   char piece[{guard}_MAX_PIECE + 1];\n    unsigned length = 0, i;\n    int n, more = {name}_begin(&net, text, size);\n\
             \x20   while (more && (n = {name}_next(&net, piece)) >= 0)\n\
             \x20       for (i = 0; (int)i < n; i++) reply[length++] = (unsigned char)piece[i];\n    if (more) logits();\n\
             \x20   put('=');\n    for (i = 0; i < length; i++) hex(reply[i]);\n    put('\\n');\n"
        ),
        Answer::Story(_) => format!(
            "    static unsigned char reply[{guard}_MAX_TOKENS * (long){guard}_MAX_PIECE + 1];\n\
             \x20   char piece[{guard}_MAX_PIECE + 1];\n    unsigned length = 0, i;\n    int more = {name}_begin(&net, text, size);\n\
             \x20   while (more && net.waiting) {{\n        int n = {name}_next(&net, piece);\n        logits();\n\
             \x20       for (i = 0; (int)i < n; i++) reply[length++] = (unsigned char)piece[i];\n        if (n < 0) break;\n    }}\n\
             \x20   put('=');\n    for (i = 0; i < length; i++) hex(reply[i]);\n    put('\\n');\n"
        ),
        Answer::Chat(_) => format!(
            "    int c;\n    unsigned char reply[{guard}_MAX_REPLY], length = 0, i;\n\
             \x20   if ({name}_ask(&net, text, size))\n\
             \x20       for (;;) {{\n            unsigned char left = net.left;\n            c = {name}_next(&net);\n\
             \x20           if (left == 0) break;\n            logits();\n            if (c < 0) break;\n\
             \x20           reply[length++] = (unsigned char)c;\n        }}\n\
             \x20   put('=');\n    for (i = 0; i < length; i++) hex(reply[i]);\n    put('\\n');\n"
        ),
        Answer::Label { .. } => format!(
            "    char label[{guard}_LABEL_SIZE];\n    unsigned char i;\n    int index = {name}_classify(&net, text, size);\n\
             \x20   if (index >= 0) logits();\n    put('=');\n    if (index >= 0) {{\n\
             \x20       {name}_label(index, label, sizeof label);\n\
             \x20       for (i = 0; label[i]; i++) hex((unsigned char)label[i]);\n    }}\n    put('\\n');\n"
        ),
    };
    format!(
        "#include \"{name}.h\"\n{put}\n\
         static {name}_net net;\n\
         static const struct {{ size_t size; const char *text; }} prompts[] = {{\n{texts}}};\n\
         static void hex(unsigned char b) {{\n    put(\"0123456789abcdef\"[b >> 4]);\n    put(\"0123456789abcdef\"[b & 15]);\n}}\n\
         static void number(int n) {{\n    if (n < 0) {{ put('-'); if (n <= -10) number(-(n / 10)); put((char)('0' - n % 10)); return; }}\n\
         \x20   if (n >= 10) number(n / 10);\n    put((char)('0' + n % 10));\n}}\n\
         static void logits(void) {{\n    unsigned i;\n    for (i = 0; i < {guard}_LOGITS; i++) {{\n\
         \x20       if (i) put(' ');\n        number({name}_logit(&net, i));\n    }}\n    put('\\n');\n}}\n\
         static void ask(const char *text, size_t size) {{\n{one}}}\n\
         int main(void) {{\n    unsigned i;\n    start();\n    for (i = 0; i < sizeof prompts / sizeof *prompts; i++)\n\
         \x20       ask(prompts[i].text, prompts[i].size);\n    stop();\n    return 0;\n}}\n"
    )
}

/// Any bytes as a C string, in octal so that no digit behind them joins in.
fn c_string(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.iter().map(|b| format!("\\{b:03o}")).collect::<String>())
}
