//! Templates with a fault: the whole error, with place and help. And plans for which memory ends.

use crate::models::{chat, compile_with, compiled, target};
use insta::assert_snapshot;
use mlc_compiler::image::assemble;
use mlc_compiler::render::Text;
use mlc_compiler::weights::Form;
use mlc_compiler::{Assets, CompileError};

/// Error and help of a compilation with these templates.
fn said(target_name: &str, templates: &[(&str, &str)]) -> String {
    let error = compile_with(&chat(&[20]), &target(target_name), Some(Form::Columns), templates)
        .expect_err("the template is wrong");
    assert!(!error.is_bug(), "{error}");
    format!("{error}\nhelp: {}", error.help())
}

#[test]
fn templates_that_are_none() {
    assert_snapshot!("z80-syntax", said("z80-cpm", &[("argmax.asm", "argmax:\n{% if %}")]));
    assert_snapshot!("z80-variable", said("z80-cpm", &[("program.asm", "        ld a,{{ nonsense }}\n")]));
    let field = "{% macro apply(s) %}\n        ld a,{{ s.nonsense }}\n{% endmacro %}";
    assert_snapshot!("z80-field", said("z80-cpm", &[("lists.asm", field)]));
    let no_macro = "{% import \"argmax.asm\" as argmax %}{{ argmax::nothing(s=1) }}";
    assert_snapshot!("z80-macro", said("z80-cpm", &[("program.asm", no_macro)]));
    assert_snapshot!("z80-lacks-macro", said("z80-cpm", &[("argmax.asm", "; no macro\n")]));
    assert_snapshot!("z80-include", said("z80-cpm", &[("program.asm", "{% include \"nothing.asm\" %}")]));
    assert_snapshot!("avr-syntax", said("atmega328p", &[("scan.S", "{% for %}")]));
    assert_snapshot!("avr-variable", said("atmega328p", &[("program.S", "{{ nonsense }}")]));
}

#[test]
fn symbols_that_every_program_has() {
    let assets = Assets::builtin();
    let template = |name: &str| {
        let found = assets.templates().find(|(n, _)| *n == name);
        found.unwrap_or_else(|| panic!("there is no template {name}")).1.to_string()
    };
    for (target, name, symbol) in
        [("z80-cpm", "reply.asm", "logits_ready"), ("atmega328p", "reply.S", "logits_ready")]
    {
        let text = template(name);
        let other = text.replace(symbol, "other");
        assert_ne!(text, other, "{name}");
        let said = said(target, &[(name, &other)]);
        assert!(said.contains("the program has no symbol logits_ready\n"), "{said}");
    }
}

/// Programs of one wrong line, the second.
#[test]
fn z80_programs_that_do_not_assemble() {
    let program =
        |line: &str| said("z80-cpm", &[("program.asm", &format!("        org {{{{ origin }}}}\n{line}\n"))]);
    for (name, line) in [
        ("z80-byte", "        ld a,256"),
        ("z80-db", "        db 256"),
        ("z80-and", "        and 256"),
        ("z80-indexed", "        ld (ix+1),256"),
        ("z80-minus", "        ld a,-129"),
        ("z80-instruction", "        frobnicate"),
        ("z80-twice", "origin: nop\norigin: nop"),
        ("z80-far", "far: ds 200\n        jr far"),
        ("z80-undefined", "        ld hl,nowhere"),
    ] {
        assert_snapshot!(name, program(line));
    }
}

#[test]
fn avr_programs_that_do_not_assemble() {
    let program = |line: &str| said("atmega328p", &[("program.S", &format!("        .text\n{line}\n"))]);
    for (name, line) in [
        ("avr-byte", "        ldi r16,256"),
        ("avr-db", "        .byte 256"),
        ("avr-and", "        andi r16,256"),
        ("avr-instruction", "        frobnicate"),
        ("avr-twice", "here:   nop\nhere:   nop"),
        ("avr-far", "far:    .skip 200\n        breq far"),
        ("avr-undefined", "        ldi r16,nowhere"),
    ] {
        assert_snapshot!(name, program(line));
    }
}

/// What is wrong besides is said, also of a text that memory ends before.
#[test]
fn a_fault_is_no_lack_of_memory() {
    let z80 = said("z80-cpm", &[("program.asm", "        frobnicate\n        org 0FFFFh\n        ds 2\n")]);
    assert!(
        z80.contains("unknown instruction `frobnicate`") && z80.contains("the address 65536 is over 65535")
    );
    let undefined = "x equ nowhere\n        org 0FFFFh\n        ds 2\nnowhere:\n";
    let z80 = said("z80-cpm", &[("program.asm", undefined)]);
    assert!(z80.starts_with("tiny does not fit z80-cpm: "), "{z80}");
    let avr = said("atmega328p", &[("program.S", "        frobnicate\n        .skip 0x8000\n        nop\n")]);
    assert!(avr.contains("unknown instruction `frobnicate`"), "{avr}");
    let undefined = "        .global nowhere\n        .skip 0x40000\n        nop\nnowhere:\n";
    let avr = said("atmega328p", &[("program.S", undefined)]);
    assert!(avr.starts_with("tiny does not fit atmega328p: "), "{avr}");
}

/// The program of a plan, moved to other addresses. Where its buffers pass the end of memory, their addresses wrap, or
/// the numbers of their pages are no bytes: 256, 257 and so on. That is a lack of memory, and nothing is wrong with the
/// text.
#[test]
fn no_image_where_memory_ends_before_the_buffers() {
    let (target, program) = (target("z80-cpm"), compiled(&chat(&[300, 40]), "z80-cpm", Some(Form::Columns)));
    let (text, plan, size) = (&program.assembly, &program.plan, program.image.bytes.len());
    assert!(text.contains("        org 00100h\n"));
    let at = |origin: usize, text: &str| {
        let moved = text.replace("        org 00100h\n", &format!("        org {origin:05X}h\n"));
        let text = Text { assembly: moved, phases: vec![] };
        assemble(plan, &target, &text).map(|image| image.map(|image| image.memory_end))
    };
    // The last page that the buffers may begin at, and the last one for the program: its tables begin at pages.
    let buffers = (0x1_0000 - plan.layout.memory.size) / 256 * 256;
    let last = (buffers - size) / 256 * 256;
    assert_eq!(at(last, text).expect("it assembles"), Some(buffers + plan.layout.memory.size));
    let (mut none, mut beyond) = (0, 0);
    for origin in (last + 256..0x1_0000).step_by(256) {
        match at(origin, text).expect("nothing is wrong with the text") {
            None => none += 1,
            Some(end) => {
                assert!(end > 0x1_0000, "{origin:04X}h");
                beyond += 1;
            }
        }
    }
    assert!(none > 50 && beyond > 0, "{none} without an image, {beyond} too large");
    // With a fault in the text, wherever there is room for the rest.
    let wrong = text.replacen("        ret\n", "        ld a,256\n        ret\n", 1);
    let error = at(last, &wrong).expect_err("256 is no byte");
    let CompileError::Assembly(error) = error else { panic!("{error}") };
    let said: Vec<String> = error.diagnostics.iter().map(|d| d.message()).collect();
    assert_eq!(said, ["256 does not fit in 8 bits"]);
    assert_eq!(at(last + 256, &wrong).expect("memory ends first"), None);
}

/// A machine whose memory ends a little earlier from try to try: each time there is a program that fits, or the error
/// that says what it would need.
#[test]
fn what_does_not_fit_is_no_bug() {
    let mut target = target("zx48");
    let model = chat(&[300, 40]);
    let (mut fits, mut too_large) = (0, 0);
    for origin in (0xB800..0xD000).step_by(0x80) {
        target.origin = origin;
        for form in [Form::Columns, Form::Gaps] {
            match compile_with(&model, &target, Some(form), &[]) {
                Ok(program) => {
                    assert!(program.image.memory_end <= target.memory_end.into(), "{origin:04X}h, {form}");
                    fits += 1;
                }
                Err(CompileError::TooLarge { .. }) => too_large += 1,
                Err(error) => panic!("{origin:04X}h, {form}: {error}"),
            }
        }
    }
    assert!(fits > 5 && too_large > 5, "{fits} programs, {too_large} too large");
}
