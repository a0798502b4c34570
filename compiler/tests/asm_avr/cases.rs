//! `cases.txt`: one instruction, its words and its cycles on a line.

use mlc_compiler::asm::{AvrCore, Isa, assemble};

fn core(name: &str) -> AvrCore {
    [AvrCore::Avr25, AvrCore::Avr5, AvrCore::Avr51, AvrCore::Avr6]
        .into_iter()
        .find(|core| core.to_string() == name)
        .unwrap_or_else(|| panic!("no core {name}"))
}

#[test]
fn every_case_has_its_words_and_cycles() {
    let (mut wrong, mut compared) = (Vec::new(), 0);
    let mut isa = None;
    for line in include_str!("cases.txt").lines() {
        if let Some(name) = line.strip_prefix("; core ") {
            isa = Some(Isa::Avr(core(name.split(':').next().unwrap_or(name))));
        }
        if line.starts_with(';') || line.is_empty() {
            continue;
        }
        let fields: Vec<&str> = line.split('|').map(str::trim).collect();
        let [text, words, cycles] = fields[..] else { panic!("three fields: {line}") };
        let isa = isa.expect("a core above the first case");
        let got = match assemble(&format!(" .org 0x2000\n {text}\n"), "t.S", isa) {
            Ok(assembly) => {
                let words: Vec<String> = assembly.bytes[0x2000..]
                    .chunks(2)
                    .map(|word| format!("{:02X}{:02X}", word[1], word[0]))
                    .collect();
                let timing = assembly.lines.last().and_then(|line| line.t_states);
                format!("{} | {}", words.join(" "), timing.expect("an instruction has cycles"))
            }
            Err(error) => error.to_string(),
        };
        compared += 1;
        if got != format!("{words} | {cycles}") {
            wrong.push(format!("{text}: wanted {words} | {cycles}, got {got}"));
        }
    }
    assert!(compared >= 150, "only {compared} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_smaller_core_lacks_what_it_lacks() {
    let lacks = |core: AvrCore, text: &str| {
        let error = assemble(text, "t.S", Isa::Avr(core)).expect_err(text);
        assert!(error.to_string().contains(&format!("the {core} core has no")), "{error}");
    };
    for text in ["mul r0,r1", "muls r16,r17", "mulsu r16,r17", "fmul r16,r17", "jmp 0", "call 0", "elpm"] {
        lacks(AvrCore::Avr25, text);
    }
    for text in ["elpm", "elpm r0,Z", "eijmp", "eicall"] {
        lacks(AvrCore::Avr5, text);
    }
    lacks(AvrCore::Avr51, "eijmp");
    lacks(AvrCore::Avr51, "eicall");
}
