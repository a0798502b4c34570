//! An AVR chip that nobody can talk to: mlc stands in for the program in C that calls the network. It asks for lines as firmware does,
//! hands their numbers over, and answers with what the call has left.
//!
//! Cycles are those of what is called, each with the call itself and its return: between two calls the clock stands still. What is
//! called is the text that `mlc compile` writes, at the addresses where the image has it; nothing is added to the flash.

use super::avr::{self, Board, KEYBOARD};
use super::machine::{End, Machine, Probe};
use super::system::{Entry, Program, System};
use crate::error::CliError;
use mlc_compiler::arithmetic::network::{Given, numbers, wanted};
use mlc_compiler::image::Logits;
use mlc_compiler::kernel::sensors::about::labels;
use mlc_compiler::model::{Answer, Model, Sensors};
use mlc_compiler::stage::label;
use mlc_compiler::{Image, Target};
use mlc_runtime_avr::{Console, Exit, Input, State};
use std::collections::VecDeque;
use std::rc::Rc;

pub const SYSTEM: System = System {
    name: "the AVR chip",
    load,
    entry: Entry::Typed(KEYBOARD),
    shown: |reply| reply.to_vec(),
    tells: |text| text.to_vec(),
};

/// Bytes of a line, which is kept until it is complete.
const LONGEST: usize = 0xFFFF;
/// Where a value is handed over, and the lowest byte of a reading; an `int` comes back in this register and the next.
const VALUE: u16 = 24;
const READING: u16 = 22;

/// What is called of a network on numbers.
#[derive(Debug)]
pub struct Calls {
    begin: u32,
    value: u32,
    reading: u32,
    run: u32,
    logits: Logits,
    reader: Sensors,
    answer: Answer,
    /// The last one says that the network is not sure.
    labels: Vec<String>,
}

impl Calls {
    /// `None`: the image is no network on numbers that C calls.
    pub fn of(image: &Image, model: &Model) -> Option<Rc<Self>> {
        let (reader, _) = model.network()?;
        let entry = |name: &str| {
            let name = format!("{}_{name}", routine(model));
            image.assembly.table.get(&name).map(|symbol| symbol.value)
        };
        Some(Rc::new(Self {
            begin: entry("begin")?,
            value: entry("value")?,
            reading: entry("reading")?,
            run: entry("run")?,
            logits: image.logits.clone(),
            reader: reader.clone(),
            answer: model.answer.clone(),
            labels: labels(&model.answer),
        }))
    }
}

/// What the names of a model's routines begin with.
pub fn routine(model: &Model) -> String {
    format!("net_{}", label(&model.head.name))
}

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Begin,
    Value(i8),
    Reading(i32),
    Run,
}

/// The chip, and who calls.
struct Caller<C> {
    board: Board<C>,
    calls: Rc<Calls>,
    /// What is still to be called for the line that was read last.
    ahead: VecDeque<Order>,
    running: Option<Order>,
}

fn load<'c>(
    target: &Target,
    program: &Program,
    _: &[u8],
    console: &'c mut dyn Console,
) -> Result<Box<dyn Machine + 'c>, CliError> {
    let calls = program.calls.clone().ok_or_else(|| {
        let problem = format!("{} has no serial line, so that no program here can be talked to", target.name);
        program.refused(problem, "give the model: a network on numbers is called as a program in C calls it")
    })?;
    let board = avr::board(target, program, console)?;
    Ok(Box::new(Caller { board, calls, ahead: VecDeque::new(), running: None }))
}

impl<C: Console> Caller<C> {
    /// Asks for the next line; `None` at the end of the input.
    fn ask(&mut self) -> Option<Vec<u8>> {
        self.say(b"> ");
        let console = self.board.console();
        let mut line = Vec::new();
        loop {
            match console.read() {
                Input::Byte(b'\r' | b'\n') => return Some(line),
                Input::Byte(byte) if line.len() <= LONGEST => line.push(byte),
                Input::Byte(_) => {}
                Input::End => return None,
            }
        }
    }

    fn say(&mut self, text: &[u8]) {
        text.iter().for_each(|&byte| self.board.console().write(byte));
    }

    fn answer(&mut self, text: &str) {
        self.say(text.as_bytes());
        self.say(b"\r\n");
    }

    /// What a line makes the program do; of one that is no line for the network it only says so.
    fn take(&mut self, line: &[u8]) {
        let reader = &self.calls.reader;
        let given = if line.len() > LONGEST { None } else { reader.given(line).ok() };
        match given {
            None => self.answer(&wanted(reader.numbers())),
            Some(None) => {}
            Some(Some(given)) => {
                self.ahead.push_back(Order::Begin);
                match given {
                    Given::Values(values) => self.ahead.extend(values.into_iter().map(Order::Value)),
                    Given::Readings(readings) => self.ahead.extend(readings.into_iter().map(Order::Reading)),
                }
                self.ahead.push_back(Order::Run);
            }
        }
    }

    fn call(&mut self, order: Order, probe: &mut dyn Probe) {
        match order {
            Order::Begin => self.board.call(self.calls.begin, VALUE, &[], probe),
            Order::Value(value) => self.board.call(self.calls.value, VALUE, &value.to_le_bytes(), probe),
            Order::Reading(reading) => {
                self.board.call(self.calls.reading, READING, &reading.to_le_bytes(), probe);
            }
            Order::Run => {
                self.board.ask(probe);
                self.board.call(self.calls.run, VALUE, &[], probe);
            }
        }
        self.running = Some(order);
    }

    /// Says what the run came to.
    ///
    /// # Errors
    /// It has named a label that there is not.
    fn tell(&mut self) -> Result<(), End> {
        let results: Vec<i32> =
            self.calls.logits.read(|address| self.board.byte(address)).into_iter().map(i32::from).collect();
        let text = match &self.calls.answer {
            Answer::Numbers(form) => numbers(&results, form.decimals, &form.format),
            _ => {
                let index = u16::from_le_bytes([self.board.byte(VALUE), self.board.byte(VALUE + 1)]);
                let label = self.calls.labels.get(usize::from(index));
                label
                    .cloned()
                    .ok_or_else(|| End::Fault(format!("it names the label {index}, which there is not")))?
            }
        };
        self.answer(&text);
        Ok(())
    }
}

impl<C: Console> Machine for Caller<C> {
    fn run_for(&mut self, cycles: u64, probe: &mut dyn Probe) -> Option<End> {
        let until = self.cycles().saturating_add(cycles);
        loop {
            if let Some(order) = self.running {
                match self.board.run(until.saturating_sub(self.cycles()), probe) {
                    State::Running => return None,
                    State::Ended(mlc_runtime_avr::End::Exit(Exit::Return)) => self.running = None,
                    State::Ended(end) => return Some(avr::ended(end)),
                }
                if order == Order::Run
                    && let Err(end) = self.tell()
                {
                    return Some(end);
                }
            }
            match self.ahead.pop_front() {
                Some(order) => self.call(order, probe),
                None => match self.ask() {
                    Some(line) => self.take(&line),
                    None => return Some(End::NoInput),
                },
            }
        }
    }

    fn cycles(&self) -> u64 {
        self.board.cycles()
    }

    fn asleep(&self) -> u64 {
        self.board.asleep()
    }

    fn stack(&self) -> Option<u16> {
        self.board.stack()
    }
}
