//! Cycles and bytes counted from the kernels' own templates: the assembler knows what each instruction takes, so no sum
//! is kept by hand beside code that can be asked.
//!
//! What is counted are the templates that mlc brings. Somebody's own in their place change the program, not the costs
//! that plans are made by.

use super::Templates;
use super::memo::Memo;
use crate::Assets;
use crate::asm::{self, Assembly, Isa};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, LazyLock};

static Z80: LazyLock<Templates> = LazyLock::new(|| builtin(".asm"));
static AVR: LazyLock<Templates> = LazyLock::new(|| builtin(".S"));

/// The templates of the Z80 that mlc brings.
pub fn z80() -> &'static Templates {
    &Z80
}

fn builtin(extension: &str) -> Templates {
    Templates::builtin(&Assets::builtin(), extension)
}

/// The label of the first instruction, beside any that it has.
pub const START: &str = "";
/// The label behind the last instruction, beside any that there is.
pub const END: &str = "end of the code";

/// Macros by all that their text depends on: offers ask for the same code again and again.
static COUNTED: Memo<String, Code> = Memo::new();

/// Code that was assembled to be counted.
#[derive(Clone)]
pub struct Code {
    insns: Arc<[Insn]>,
    /// Places in `insns` by label.
    labels: Arc<BTreeMap<String, usize>>,
    /// The same in their order.
    regions: Arc<[(usize, String)]>,
    bytes: usize,
}

/// An instruction.
pub struct Insn {
    text: String,
    address: u32,
    not_taken: u8,
    taken: u8,
    /// How many of the next instructions it leaves out when it is taken: one that skips (`sbrs`) one, one that jumps by
    /// bytes (`jr c,$+4`, `brsh .+4`) those up to there.
    over: usize,
}

impl Code {
    /// The macro `part` of a template that mlc brings, with the context `s`. `others` are labels of other code that it
    /// names.
    ///
    /// # Panics
    /// When it does not assemble: a test counts all of them.
    pub fn of(isa: Isa, template: &str, part: &str, s: impl Serialize, others: &[&str]) -> Self {
        let context = tera::to_value(s).unwrap_or_else(|e| panic!("a bug in mlc: {e}"));
        COUNTED.get(format!("{isa:?} {template} {part} {context} {others:?}"), || {
            let text = match isa {
                Isa::Z80 => Z80.call(template, part, context),
                Isa::Avr(_) => AVR.call(template, part, context),
            };
            Self::of_text(isa, &text.unwrap_or_else(|e| panic!("a bug in mlc: {e}")), others)
        })
    }

    /// A text. `others` are labels that it names and has not.
    ///
    /// # Panics
    /// When it does not assemble.
    pub fn of_text(isa: Isa, text: &str, others: &[&str]) -> Self {
        let mut source = String::new();
        for name in others {
            let _ = match isa {
                Isa::Z80 => writeln!(source, "{name} equ 0"),
                Isa::Avr(_) => writeln!(source, ".equ {name}, 0"),
            };
        }
        source.push_str(text);
        source.push('\n');
        let assembly = asm::assemble(&source, "template", isa)
            .unwrap_or_else(|e| panic!("a bug in mlc: code to be counted: {e}\n{source}"));
        Self::of_assembly(&assembly, &source)
    }

    /// A text that was assembled.
    pub fn of_assembly(assembly: &Assembly, source: &str) -> Self {
        let (mut insns, mut labels) = (Vec::new(), BTreeMap::from([(START.to_string(), 0)]));
        let (mut ends, mut regions) = (Vec::new(), Vec::new());
        let source: Vec<&str> = source.lines().collect();
        for line in &assembly.lines {
            let text = source[line.number as usize - 1];
            let text = text.split(';').next().unwrap_or_default().trim();
            if let Some(label) = text.strip_suffix(':') {
                labels.insert(label.to_string(), insns.len());
                regions.push((insns.len(), label.to_string()));
            }
            if let Some(timing) = line.t_states {
                ends.push(line.address as usize + line.bytes.len());
                insns.push(Insn {
                    text: text.into(),
                    address: line.address,
                    not_taken: timing.not_taken,
                    taken: timing.taken,
                    over: 0,
                });
            }
        }
        for (at, insn) in insns.iter_mut().enumerate() {
            insn.over = match insn.lands() {
                Some(bytes) => ends[at + 1..].iter().filter(|end| **end <= ends[at] + bytes).count(),
                None => usize::from(insn.skips()),
            };
        }
        labels.insert(END.to_string(), insns.len());
        let bytes = assembly.bytes.len();
        Self { insns: insns.into(), labels: Arc::new(labels), regions: regions.into(), bytes }
    }

    /// Where a label is among the instructions.
    pub fn place(&self, label: &str) -> Option<usize> {
        self.labels.get(label).copied()
    }

    /// All instructions.
    pub fn insns(&self) -> &[Insn] {
        &self.insns
    }

    /// The last label in front of an instruction.
    pub fn region(&self, at: usize) -> &str {
        let behind = self.regions.partition_point(|(place, _)| *place <= at);
        behind.checked_sub(1).map_or(START, |last| &self.regions[last].1)
    }

    /// Instructions that kernels make themselves, a line each.
    ///
    /// # Panics
    /// When they do not assemble.
    pub fn of_lines(isa: Isa, lines: &[String], others: &[&str]) -> Self {
        Self::of_text(isa, &lines.iter().map(|line| format!("        {line}\n")).collect::<String>(), others)
    }

    /// Cycles from one label to a later one, no jump taken.
    ///
    /// # Panics
    /// When there is no such label.
    pub fn fall(&self, from: &str, to: &str) -> f64 {
        let at = |label: &str| *self.labels.get(label).unwrap_or_else(|| panic!("a bug in mlc: no {label}"));
        self.insns[at(from)..at(to)].iter().map(|insn| f64::from(insn.not_taken)).sum()
    }

    /// Cycles of all of it, no jump or call taken.
    pub fn straight(&self) -> f64 {
        self.insns.iter().map(|insn| f64::from(insn.not_taken)).sum()
    }

    /// Cycles of an instruction that jumps, calls or repeats.
    ///
    /// # Panics
    /// When there is no such instruction.
    pub fn taken(&self, text: &str) -> f64 {
        let insn = self.insns.iter().find(|insn| insn.text == text);
        f64::from(insn.unwrap_or_else(|| panic!("a bug in mlc: the code to be counted has no {text}")).taken)
    }

    /// Bytes of all of it.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Cycles of the way from the first label to the last, past those between. Code runs on to the next stop, by its
    /// label or by the first jump to it; every other jump on the way is not taken. A stop that is no label is an
    /// instruction, word by word: it is taken, and the way ends there (`ret`, `ret z`) or goes on behind it, past what
    /// it skips (`sbrs r25, 7`, `brsh .+4`).
    ///
    /// # Panics
    /// When there is no such way: the template is not what the cost was written for.
    pub fn way(&self, stops: &[&str]) -> f64 {
        let no_way = || format!("a bug in mlc: the code to be counted has no way {stops:?}");
        let mut at = *self.labels.get(stops[0]).unwrap_or_else(|| panic!("{}", no_way()));
        let mut cycles = 0;
        for &stop in &stops[1..] {
            let label = self.labels.get(stop);
            loop {
                // A way to where it starts goes around once.
                if label == Some(&at) && cycles > 0 {
                    break;
                }
                let insn = self.insns.get(at).unwrap_or_else(|| panic!("{}", no_way()));
                let arrives = match label {
                    Some(_) => insn.names(stop),
                    None => insn.text == stop,
                };
                if arrives {
                    cycles += u32::from(insn.taken);
                    at = label.copied().unwrap_or(at + 1 + insn.over);
                    break;
                }
                cycles += u32::from(insn.not_taken);
                at += 1;
            }
        }
        f64::from(cycles)
    }
}

impl Insn {
    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn address(&self) -> u32 {
        self.address
    }

    /// What it takes where it jumps, calls, skips or repeats, and where it does not.
    pub fn cycles(&self, taken: bool) -> f64 {
        f64::from(if taken { self.taken } else { self.not_taken })
    }

    /// Whether its last operand is a label.
    fn names(&self, label: &str) -> bool {
        self.text.rsplit([' ', ',']).next() == Some(label)
    }

    /// How many bytes behind its own a jump by bytes lands; `None` for what is no such jump.
    fn lands(&self) -> Option<usize> {
        let bytes = |from: &str| self.text.rsplit_once(from)?.1.parse::<usize>().ok();
        // pasmo counts from the jump, which has two bytes; GNU as from behind it.
        bytes("$+").map(|bytes| bytes - 2).or_else(|| bytes(" .+"))
    }

    /// Whether it skips the next instruction when it is taken.
    fn skips(&self) -> bool {
        ["cpse ", "sbrc ", "sbrs ", "sbic ", "sbis "].iter().any(|name| self.text.starts_with(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asm::AvrCore;

    const CODE: &str = "
loop:
        ld a,(hl)
        or a
        jr z,zero
        inc a
next:
        djnz loop
        ret
zero:
        jp next
";

    #[test]
    fn ways_take_the_jumps_that_lead_to_their_stops() {
        let code = Code::of_text(Isa::Z80, CODE, &[]);
        assert_eq!(code.way(&["loop", "next"]), 7.0 + 4.0 + 7.0 + 4.0);
        assert_eq!(code.way(&["loop", "zero", "next"]), 7.0 + 4.0 + 12.0 + 10.0);
        assert_eq!(code.way(&["loop", "next", "loop"]), 22.0 + 13.0);
        assert_eq!(code.way(&["next", "ret"]), 8.0 + 10.0);
        assert_eq!(code.way(&["loop", "loop"]), 22.0 + 13.0);
        assert_eq!(code.bytes(), 1 + 1 + 2 + 1 + 2 + 1 + 3);
    }

    #[test]
    fn what_is_skipped_is_not_counted() {
        let code = Code::of_lines(Isa::Z80, &["jr c,$+4", "sbc hl,bc", "ret"].map(String::from), &[]);
        assert_eq!(code.way(&[START, "ret"]), 7.0 + 15.0 + 10.0);
        assert_eq!(code.way(&[START, "jr c,$+4", "ret"]), 12.0 + 10.0);
        let lines = ["sbrs r24, 7", "rjmp far", "brsh .+4", "inc r0", "inc r0", "ret"].map(String::from);
        let code = Code::of_lines(Isa::Avr(AvrCore::Avr5), &lines, &["far"]);
        assert_eq!(code.way(&[START, "sbrs r24, 7", "ret"]), 2.0 + 1.0 + 2.0 + 4.0);
        assert_eq!(code.way(&[START, "sbrs r24, 7", "brsh .+4", "ret"]), 2.0 + 2.0 + 4.0);
        assert_eq!(code.fall(START, END), 1.0 + 2.0 + 1.0 + 2.0 + 4.0);
    }

    #[test]
    #[should_panic(expected = "has no way")]
    fn a_way_that_is_not_there_is_a_bug() {
        Code::of_text(Isa::Z80, CODE, &[]).way(&["zero", "loop", "gone"]);
    }
}
