//! Expected cycles of a program: how often each of its instructions runs on the mean, by what is known of its jumps.
//!
//! The program itself is asked, as it is assembled: nothing is kept by hand but how often a jump is taken. A way through
//! a routine is a system of linear equations, one for each piece of code without a jump inside: it runs as often as those
//! in front of it come to it. A loop of `n` rounds is a jump back that is taken `1 - 1/n` of all times; on the mean that is
//! the same.
//!
//! A jump that nothing is known of is an error and no guess. So is code that jumps to what is not there: templates may be
//! somebody's own.

mod equations;
mod facts;

pub use facts::Facts;

use super::cycles::{Code, Insn};
use crate::asm::Isa;
use equations::{Way, visits};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use thiserror::Error;

/// Most routines that call each other.
const DEEPEST: usize = 40;
/// Why cycles are not known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unknown {
    #[error("nothing is known of the jump `{insn}` behind {from}")]
    Jump { from: String, insn: String },
    #[error("the program has no {0}")]
    Label(String),
    #[error("the way from {0} does not end")]
    Endless(String),
}

/// Cycles by phase; the last place has those of the phase that was running before.
pub type Cost = Vec<f64>;

fn add(to: &mut Cost, times: f64, cost: &[f64]) {
    to.iter_mut().zip(cost).for_each(|(sum, cycles)| *sum += times * cycles);
}

/// A program, the phase of each of its instructions, and what is known of it.
pub struct Flow<'a> {
    code: &'a Code,
    isa: Isa,
    /// Of each instruction; `None` for code that several phases use.
    phases: Vec<Option<usize>>,
    names: usize,
    facts: &'a Facts,
    /// Routines by their first instruction.
    known: RefCell<HashMap<usize, Rc<Cost>>>,
}

/// Where a way goes from an instruction: places with their odds, and routines that run in between.
struct Step {
    /// The phase that is running.
    phase: usize,
    cycles: f64,
    next: Vec<(usize, f64)>,
    calls: Vec<(usize, f64)>,
}

impl Step {
    /// The one place that it always goes on at.
    fn only(&self) -> Option<usize> {
        match self.next.as_slice() {
            [(next, odds)] if *odds >= 1.0 => Some(*next),
            _ => None,
        }
    }
}

impl<'a> Flow<'a> {
    /// `phases`: of each instruction; there are so many `names` of them.
    pub fn new(code: &'a Code, isa: Isa, phases: Vec<Option<usize>>, names: usize, facts: &'a Facts) -> Self {
        Self { code, isa, phases, names, facts, known: RefCell::default() }
    }

    /// Cycles from a label to the first of some others, or to where the code returns.
    ///
    /// # Errors
    /// What is not known.
    pub fn cost(&self, from: &str, until: &[&str]) -> Result<Cost, Unknown> {
        let place = |label: &&str| self.code.place(label).ok_or_else(|| Unknown::Label((*label).to_string()));
        let until = until.iter().map(place).collect::<Result<BTreeSet<_>, _>>()?;
        self.solve(place(&from)?, &until, 0)
    }

    fn routine(&self, at: usize, depth: usize) -> Result<Rc<Cost>, Unknown> {
        if let Some(known) = self.known.borrow().get(&at) {
            return Ok(known.clone());
        }
        if depth > DEEPEST {
            return Err(Unknown::Endless(self.code.region(at).to_string()));
        }
        let cost = Rc::new(self.solve(at, &BTreeSet::new(), depth + 1)?);
        self.known.borrow_mut().insert(at, cost.clone());
        Ok(cost)
    }

    fn solve(&self, entry: usize, until: &BTreeSet<usize>, depth: usize) -> Result<Cost, Unknown> {
        let endless = || Unknown::Endless(self.code.region(entry).to_string());
        let steps = self.reach(entry, until)?;
        // Pieces begin where a way comes from several places or from a jump.
        let mut comes: HashMap<usize, usize> = HashMap::from([(entry, 2)]);
        for step in steps.values() {
            for (to, _) in &step.next {
                *comes.entry(*to).or_default() += if step.only().is_some() { 1 } else { 2 };
            }
        }
        let begins: Vec<usize> = steps.keys().copied().filter(|at| comes.get(at) != Some(&1)).collect();
        let number: HashMap<usize, usize> = begins.iter().copied().zip(0..).collect();
        let (mut costs, mut ways) = (Vec::new(), Vec::new());
        for (piece, &begin) in begins.iter().enumerate() {
            let mut cost = vec![0.0; self.names + 1];
            let mut at = begin;
            loop {
                let step = &steps[&at];
                cost[step.phase] += step.cycles;
                for &(callee, times) in &step.calls {
                    let routine = self.routine(callee, depth)?;
                    add(&mut cost, times, &routine[..self.names]);
                    cost[step.phase] += times * routine[self.names];
                }
                match step.only().filter(|next| !number.contains_key(next)) {
                    Some(next) => at = next,
                    None => {
                        ways.extend(step.next.iter().map(|(to, odds)| Way {
                            from: piece,
                            to: number[to],
                            odds: *odds,
                        }));
                        break;
                    }
                }
            }
            costs.push(cost);
        }
        let visits = visits(number[&entry], begins.len(), &ways).ok_or_else(endless)?;
        let mut sum = vec![0.0; self.names + 1];
        costs.iter().zip(visits).for_each(|(cost, times)| add(&mut sum, times, cost));
        Ok(sum)
    }

    /// All instructions that a way may come to, and where it goes from each.
    fn reach(&self, entry: usize, until: &BTreeSet<usize>) -> Result<BTreeMap<usize, Step>, Unknown> {
        let mut steps = BTreeMap::new();
        let mut open = vec![(entry, self.names)];
        while let Some((at, running)) = open.pop() {
            if steps.contains_key(&at) {
                continue;
            }
            let mut step = self.step(at)?;
            // Where the way ends there is nothing behind.
            step.next.retain(|(to, odds)| *odds > 0.0 && !until.contains(to));
            step.phase = self.phases[at].unwrap_or(running);
            open.extend(step.next.iter().map(|(to, _)| (*to, step.phase)));
            steps.insert(at, step);
        }
        Ok(steps)
    }

    fn step(&self, at: usize) -> Result<Step, Unknown> {
        let insn = self.code.insns().get(at);
        let insn = insn.ok_or_else(|| Unknown::Endless(self.code.region(at).to_string()))?;
        let from = self.code.region(at);
        let unknown = || Unknown::Jump { from: from.to_string(), insn: insn.text().to_string() };
        let straight = |cycles| Step { phase: 0, cycles, next: vec![(at + 1, 1.0)], calls: vec![] };
        let (kind, to, depends) = Kind::of(insn, self.isa);
        let odds = |key: &str| if depends { self.facts.of(from, key).ok_or_else(unknown) } else { Ok(1.0) };
        match kind {
            Kind::Plain => Ok(straight(insn.cycles(false))),
            Kind::Repeat => {
                let times = self.facts.of(from, to).ok_or_else(unknown)?;
                Ok(straight(insn.cycles(true) * (times - 1.0) + insn.cycles(false)))
            }
            Kind::Skip => {
                let taken = self.facts.of(from, "skip").unwrap_or(0.5);
                let cycles = taken * insn.cycles(true) + (1.0 - taken) * insn.cycles(false);
                Ok(Step { next: vec![(at + 2, taken), (at + 1, 1.0 - taken)], ..straight(cycles) })
            }
            Kind::Call => {
                let taken = odds(to)?;
                let mut step = straight(taken * insn.cycles(true) + (1.0 - taken) * insn.cycles(false));
                match self.facts.outside_of(from, to) {
                    Some(cycles) => step.cycles += taken * cycles,
                    None if taken > 0.0 => step.calls.push((self.callee(to)?, taken)),
                    None => {}
                }
                Ok(step)
            }
            Kind::Jump | Kind::Return | Kind::Leave => {
                let taken = odds(to)?;
                let mut step = straight(taken * insn.cycles(true) + (1.0 - taken) * insn.cycles(false));
                step.next[0].1 = 1.0 - taken;
                if let Some(detour) = self.facts.detour_of(from, to) {
                    for (routine, times) in &detour.through {
                        step.calls.push((self.callee(routine)?, taken * times));
                    }
                    for (label, behind, odds) in &detour.then {
                        step.next.push((self.callee(label)?.saturating_add_signed(*behind), taken * odds));
                    }
                } else if kind == Kind::Jump {
                    match self.facts.outside_of(from, to) {
                        Some(cycles) => step.cycles += taken * cycles,
                        None => step.next.push((self.callee(to)?, taken)),
                    }
                }
                Ok(step)
            }
        }
    }

    fn callee(&self, label: &str) -> Result<usize, Unknown> {
        self.code.place(label).ok_or_else(|| Unknown::Label(label.to_string()))
    }
}

/// What an instruction does to the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Repeat,
    Skip,
    Call,
    Jump,
    Return,
    /// To where a register says: back, unless a detour is known.
    Leave,
}

impl Kind {
    /// What it is, the label that it names or else its mnemonic, and whether it depends on something.
    fn of(insn: &Insn, isa: Isa) -> (Self, &str, bool) {
        let text = insn.text();
        let (name, operands) = text.split_once(' ').unwrap_or((text, ""));
        let last = operands.rsplit([' ', ',']).next().unwrap_or(operands);
        let conditional = operands.contains(',');
        match isa {
            Isa::Z80 => match name {
                "jp" if operands.starts_with('(') => (Self::Leave, operands, false),
                "jp" | "jr" => (Self::Jump, last, conditional),
                "djnz" => (Self::Jump, last, true),
                "call" => (Self::Call, last, conditional),
                "ret" => (Self::Return, "ret", !operands.is_empty()),
                "ldir" | "lddr" | "cpir" => (Self::Repeat, name, true),
                _ => (Self::Plain, name, false),
            },
            Isa::Avr(_) => match name {
                "rjmp" | "jmp" => (Self::Jump, last, false),
                "rcall" | "call" => (Self::Call, last, false),
                "ret" | "reti" => (Self::Return, "ret", false),
                "ijmp" | "eijmp" => (Self::Leave, "ijmp", false),
                "sbrc" | "sbrs" | "cpse" | "sbic" | "sbis" => (Self::Skip, name, true),
                // `break` stops the processor, and jumps nowhere.
                _ if name.starts_with("br") && name != "break" => (Self::Jump, last, true),
                _ => (Self::Plain, name, false),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asm::AvrCore;

    fn cycles(isa: Isa, text: &str, facts: &Facts) -> Result<f64, Unknown> {
        let code = Code::of_text(isa, text, &["far"]);
        let phases = vec![None; code.insns().len()];
        Flow::new(&code, isa, phases, 0, facts).cost("start", &[]).map(|cost| cost[0])
    }

    const CODE: &str = "
start:
        ld b,5
loop:
        ld a,(hl)
        or a
        call z,zero
        djnz loop
        ld hl,back
        push hl
        jp (hl)
back:
        jp far
zero:
        ret z
        inc a
        ret
";

    #[test]
    fn loops_calls_and_detours_are_added_up() {
        let mut facts = Facts::default();
        facts.rounds("loop", 5.0).odds("zero", 0.25).odds("zero>ret", 0.5).outside("far", 100.0);
        facts.detour("loop>(hl)", &[("zero", 2.0)], Some("back"));
        let zero = 0.5 * 11.0 + 0.5 * (5.0 + 4.0 + 10.0);
        let rounds = 5.0 * (7.0 + 4.0 + 0.25 * (17.0 + zero) + 0.75 * 10.0) + 4.0 * 13.0 + 8.0;
        let all = 7.0 + rounds + 10.0 + 11.0 + 4.0 + 2.0 * zero + 10.0 + 100.0;
        let counted = cycles(Isa::Z80, CODE, &facts).unwrap();
        assert!((counted - all).abs() < 1e-6, "{counted} {all}");
    }

    #[test]
    fn what_is_not_known_is_said() {
        let jump = |from: &str, insn: &str| Unknown::Jump { from: from.into(), insn: insn.into() };
        assert_eq!(cycles(Isa::Z80, CODE, &Facts::default()), Err(jump("loop", "call z,zero")));
        let endless = "start:\n jr start\n";
        assert_eq!(cycles(Isa::Z80, endless, &Facts::default()), Err(Unknown::Endless("start".into())));
        let missing = "start:\n call far\n";
        assert_eq!(cycles(Isa::Z80, missing, &Facts::default()), Err(Unknown::Label("far".into())));
    }

    #[test]
    fn phases_have_their_own_and_callers_the_rest() {
        let code = Code::of_text(Isa::Z80, "start:\n call own\n ret\nown:\n nop\n ret\n", &[]);
        let phases = vec![None, None, Some(0), Some(0)];
        let facts = Facts::default();
        let cost = Flow::new(&code, Isa::Z80, phases, 1, &facts).cost("start", &[]).unwrap();
        assert_eq!(cost, [4.0 + 10.0, 17.0 + 10.0]);
    }

    #[test]
    fn skips_and_branches_of_the_other_processor() {
        let text = "start:\n sbrc r1, 0\n inc r2\n brne start\n ret\n";
        let mut facts = Facts::default();
        facts.rounds("start", 4.0);
        let round = 0.5 * 2.0 + 0.5 * (1.0 + 1.0);
        let all = 4.0 * round + 3.0 * 2.0 + 1.0 + 4.0;
        assert_eq!(cycles(Isa::Avr(AvrCore::Avr5), text, &facts), Ok(all));
    }
}
