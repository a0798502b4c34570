//! The AVR's boards behind [`Machine`]. Cycles are those in which the processor executes: while it sleeps, for the next
//! key or for the serial line, they stand still.

use super::machine::{End, Machine, Probe, Switched};
use super::system::{Entry, Keyboard, Program, System};
use crate::error::CliError;
use mlc_compiler::Target;
use mlc_compiler::target::ImageKind;
use mlc_compiler::target::pins::Drive;
use mlc_runtime_avr::{
    Avr, AvrConfig, AvrMachine, Call, Console, Device, FaultKind, LoadError, Memory, Observer, Return,
    SerialFlash, State,
};

pub const SYSTEM: System = System {
    name: "the AVR board",
    load,
    entry: Entry::Typed(KEYBOARD),
    shown: |reply| reply.to_vec(),
    tells: |text| text.to_vec(),
};

/// The far end of the serial line. It has all bytes but ends of lines, and what takes a character back.
pub const KEYBOARD: Keyboard =
    Keyboard { has: |byte| !matches!(byte, b'\r' | b'\n' | 8 | 127), echo: b"", ends: false };

/// A chip with its program, and how long it has slept.
pub struct Board<C> {
    machine: AvrMachine<C>,
    /// What the board can switch.
    switches: Vec<(String, Drive)>,
    asleep: u64,
    /// How long it had slept when the question was complete: neither its greeting nor the keys belong to an answer.
    asked: u64,
}

/// Tells a probe what an observer sees.
struct Seen<'p> {
    probe: &'p mut dyn Probe,
    asleep: &'p mut u64,
    asked: &'p mut u64,
}

impl Observer<Avr> for Seen<'_> {
    fn wants_instructions(&self) -> bool {
        self.probe.wants_instructions()
    }

    fn wants_calls(&self) -> bool {
        self.probe.wants_instructions()
    }

    fn on_call(&mut self, call: Call<u32>) {
        self.probe.on_call(call);
    }

    fn on_return(&mut self, ret: Return<u32>) {
        self.probe.on_return(ret);
    }

    fn on_instruction(&mut self, pc: u32, before: u64, after: u64) {
        self.probe.on_instruction(pc, before - *self.asleep, after - *self.asleep);
    }

    fn on_sleep(&mut self, _pc: u32, before: u64, after: u64) {
        *self.asleep += after - before;
    }

    fn on_watch(&mut self, _address: u32, memory: &Memory, t: u64) {
        self.probe.on_logits(&|address| memory.byte(address), t - *self.asleep);
    }

    fn on_console_out(&mut self, byte: u8, t: u64) {
        self.probe.on_output(byte, t - *self.asleep);
    }

    fn on_console_in(&mut self, byte: u8, t: u64) {
        if byte == b'\r' || byte == b'\n' {
            *self.asked = *self.asleep;
            self.probe.on_line_end(t - *self.asleep);
        }
    }
}

impl<C: Console> Board<C> {
    /// Runs for about `cycles`; as the machine tells.
    pub fn run(&mut self, cycles: u64, probe: &mut dyn Probe) -> State {
        let Self { machine, asleep, asked, .. } = self;
        machine.run_for(cycles, &mut Seen { probe, asleep, asked })
    }

    /// Calls the routine at a byte address, with these bytes in the registers from `first` on.
    pub fn call(&mut self, address: u32, first: u16, bytes: &[u8], probe: &mut dyn Probe) {
        let Self { machine, asleep, asked, .. } = self;
        for (register, &byte) in (first..).zip(bytes) {
            machine.poke(register, byte);
        }
        machine.call(address, &mut Seen { probe, asleep, asked });
    }

    /// What is asked is complete.
    pub fn ask(&mut self, probe: &mut dyn Probe) {
        self.asked = self.asleep;
        probe.on_line_end(self.cycles());
    }

    pub fn console(&mut self) -> &mut C {
        self.machine.console()
    }

    /// A byte of its memory: a register, or of its SRAM.
    pub fn byte(&self, address: u16) -> u8 {
        self.machine.memory().byte(address)
    }
}

/// A machine's own end.
pub fn ended(end: mlc_runtime_avr::End) -> End {
    End::of(end, |kind| match *kind {
        FaultKind::TimeLimit { limit } => Some(limit),
        _ => None,
    })
}

impl<C: Console> Machine for Board<C> {
    fn run_for(&mut self, cycles: u64, probe: &mut dyn Probe) -> Option<End> {
        match self.run(cycles, probe) {
            State::Running => None,
            State::Ended(end) => Some(ended(end)),
        }
    }

    fn cycles(&self) -> u64 {
        self.machine.cycles() - self.asleep
    }

    fn asleep(&self) -> u64 {
        self.asleep - self.asked
    }

    fn switched(&self) -> Option<Switched> {
        let is_on = |drive: &Drive| {
            let pins = self.machine.pins(drive.port)?;
            let bit = 1 << drive.bit;
            (pins.outputs & bit != 0).then_some((pins.levels & bit != 0) == drive.high)
        };
        Some(self.switches.iter().filter_map(|(name, drive)| Some((name.clone(), is_on(drive)?))).collect())
    }

    fn stack(&self) -> Option<u16> {
        Some(self.machine.stack_high_water())
    }
}

fn load<'c>(
    target: &Target,
    program: &Program,
    _: &[u8],
    console: &'c mut dyn Console,
) -> Result<Box<dyn Machine + 'c>, CliError> {
    Ok(Box::new(board(target, program, console)?))
}

/// The chip of a target with a program in it.
///
/// # Errors
/// What the machine refuses.
pub fn board<C: Console>(target: &Target, program: &Program, console: C) -> Result<Board<C>, CliError> {
    let name = &target.name;
    let refusal = |problem: String| {
        program.refused(problem, "give a .hex or .elf made for the chip that --target names")
    };
    let device =
        Device::by_name(name).ok_or_else(|| refusal(format!("there is no machine for {name} here")))?;
    let loaded = match (program.kind, std::str::from_utf8(program.bytes)) {
        (ImageKind::Elf, _) => mlc_runtime_avr::Program::from_elf(program.bytes, device),
        (_, Ok(text)) => mlc_runtime_avr::Program::from_hex(text, device),
        (_, Err(_)) => return Err(refusal("it is no Intel HEX file: that is text".into())),
    };
    let loaded = loaded.map_err(|e: LoadError| refusal(format!("the machine cannot load it: {e}")))?;
    let config = AvrConfig { limit: Some(program.limit), ..AvrConfig::default() };
    let mut machine = AvrMachine::new(loaded, console, config);
    if let Some(address) = program.logits_ready {
        machine.watch(address);
    }
    for &(channel, count) in &program.readings.counts {
        machine.set_analogue(channel, count);
    }
    if let Some(chip) = &target.spi_flash {
        let bytes = program.beside.first().map_or(vec![], |(_, bytes)| bytes.to_vec());
        let flash = SerialFlash::new(chip.bytes.trailing_zeros() as u8, bytes);
        let flash = flash.ok_or_else(|| {
            program.refused(
                format!("its flash chip has {} bytes, and its weights more", chip.bytes),
                "give the .dat that was compiled with it, or none",
            )
        })?;
        machine.attach_flash((chip.select.port, chip.select.bit), flash);
    }
    let switches = target.board.as_ref().map_or(vec![], |board| board.profile.switches.clone());
    Ok(Board { machine, switches, asleep: 0, asked: 0 })
}
