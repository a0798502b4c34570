//! The Z80's machines behind [`Machine`].

use super::machine::{End, Machine, Probe};
use super::system::{Entry, Keyboard, Load, Program, System};
use mlc_runtime_z80::{Call, FaultKind, Host, Memory, Observer, Picture, Return, State, Z80};

/// A machine, and how to take a picture of its screen.
struct Running<H> {
    machine: mlc_runtime_z80::Machine<H>,
    picture: Camera<H>,
}

/// `None`: nobody sees a screen.
pub type Camera<H> = Option<fn(&mut mlc_runtime_z80::Machine<H>) -> Picture>;

/// A machine that `program` was loaded into.
pub fn machine<'c, H: Host + 'c>(
    mut machine: mlc_runtime_z80::Machine<H>,
    program: &Program,
    picture: Camera<H>,
) -> Box<dyn Machine + 'c> {
    if let Some(address) = program.logits_ready {
        machine.watch(address as u16);
    }
    Box::new(Running { machine, picture })
}

/// Tells a probe what an observer sees.
struct Seen<'p>(&'p mut dyn Probe);

impl Observer<Z80> for Seen<'_> {
    fn wants_instructions(&self) -> bool {
        self.0.wants_instructions()
    }

    fn wants_calls(&self) -> bool {
        self.0.wants_instructions()
    }

    fn on_instruction(&mut self, pc: u16, before: u64, after: u64) {
        self.0.on_instruction(pc.into(), before, after);
    }

    fn on_call(&mut self, call: Call<u16>) {
        self.0.on_call(Call { to: call.to.into(), back: call.back.into(), slot: call.slot });
    }

    fn on_return(&mut self, ret: Return<u16>) {
        self.0.on_return(Return { to: ret.to.into(), slot: ret.slot });
    }

    fn on_watch(&mut self, _address: u16, memory: &Memory, t: u64) {
        self.0.on_logits(&|address| memory.byte(address), t);
    }

    fn on_console_out(&mut self, byte: u8, t: u64) {
        self.0.on_output(byte, t);
    }

    fn on_line_end(&mut self, t: u64) {
        self.0.on_line_end(t);
    }
}

impl<H: Host> Machine for Running<H> {
    fn run_for(&mut self, cycles: u64, probe: &mut dyn Probe) -> Option<End> {
        match self.machine.run_for(cycles, &mut Seen(probe)) {
            State::Running => None,
            State::Ended(end) => Some(End::of(end, |kind| match *kind {
                FaultKind::TimeLimit { limit } => Some(limit),
                _ => None,
            })),
        }
    }

    fn cycles(&self) -> u64 {
        self.machine.t_states()
    }

    fn picture(&mut self) -> Option<Picture> {
        self.picture.map(|picture| picture(&mut self.machine))
    }
}

/// The keyboard of a home computer.
pub const KEYBOARD: Keyboard =
    Keyboard { has: |byte| matches!(byte, b' '..=b'~'), echo: b"\r\n", ends: true };

/// The system of a home computer, whose programs ask for each line.
pub const fn home_computer(name: &'static str, load: Load) -> System {
    System { name, load, entry: Entry::Typed(KEYBOARD), shown: as_characters, tells: as_characters }
}

/// A reply as a home computer's screen shows it: both line ends start a row, other codes outside of 20h to 7Fh, which
/// have other meanings there, are question marks.
pub fn as_characters(reply: &[u8]) -> Vec<u8> {
    let shown = |&byte: &u8| match byte {
        b'\r' | b'\n' => b"\r\n".to_vec(),
        b' '..=127 => vec![byte],
        _ => b"?".to_vec(),
    };
    reply.iter().flat_map(shown).collect()
}
