//! A chip with a program, its UART joined to a console.

use mlc_machine::{Console, Limit, resume, run_to_end};

use crate::adc::MOST_COUNT;
use crate::core::Core;
use crate::device::Device;
use crate::end::{End, State, Symbols};
use crate::memory::Memory;
use crate::observe::Avr;
use crate::program::Program;
use crate::run::{Outside, Typing, Typist};
use crate::serial_flash::SerialFlash;
use crate::spi::Attached;
use mlc_machine::{Observer, Pins};

/// The machine's properties.
#[derive(Debug, Clone)]
pub struct AvrConfig {
    /// The most cycles from the start, or from the last input, to the end or the next input; those asleep count.
    /// Default: no limit.
    pub limit: Option<u64>,
    /// The lowest address that pushes, calls and interrupts may write to, and that SP may be set to point
    /// below by one. Default: the end of the program's variables where the file told, else the SRAM's start.
    pub lowest_sp: Option<u16>,
    /// When the console's bytes come.
    pub typing: Typing,
    /// The seed of what registers, SRAM and unconnected pins hold where nothing was put.
    pub seed: u64,
    /// Names for addresses in faults. Default: those of the program's file.
    pub symbols: Option<Symbols>,
}

impl Default for AvrConfig {
    fn default() -> Self {
        AvrConfig { limit: None, lowest_sp: None, typing: Typing::WhenWaiting, seed: 1, symbols: None }
    }
}

/// An AVR with one program in it, just after power-up.
pub struct AvrMachine<C> {
    core: Core,
    console: C,
    typist: Typist,
    ended: Option<End>,
}

impl<C: Console> AvrMachine<C> {
    /// A machine about to execute the instruction at address 0.
    pub fn new(mut program: Program, console: C, config: AvrConfig) -> Self {
        let device = program.device;
        let lowest = config.lowest_sp.or(program.data_end).unwrap_or(device.sram_start);
        let own = std::mem::take(&mut program.symbols);
        let mut core = Core::new(program, config.symbols.unwrap_or(own), config.seed);
        core.lowest_sp = lowest.max(device.sram_start);
        let typist = Typist::new(config.typing, config.limit);
        AvrMachine { core, console, typist, ended: None }
    }

    /// Runs to the end.
    pub fn run(&mut self, observer: &mut dyn Observer<Avr>) -> End {
        run_to_end(|| self.run_for(u64::MAX, observer))
    }

    /// Runs for about `cycles` (to the end of the instruction in which they are used up), so that the caller
    /// can keep real time or show something. After the end it gives the same end again.
    pub fn run_for(&mut self, cycles: u64, observer: &mut dyn Observer<Avr>) -> State {
        let AvrMachine { core, console, typist, ended } = self;
        resume(ended, || core.run(Outside { console, observer, typist }, cycles))
    }

    /// Cycles since the start.
    pub fn cycles(&self) -> u64 {
        self.core.t
    }

    /// Those of them in which the processor slept.
    pub fn sleep_cycles(&self) -> u64 {
        self.core.asleep
    }

    /// The most bytes that the stack has had, from the end of the SRAM down.
    pub fn stack_high_water(&self) -> u16 {
        self.core.device.ram_end().saturating_sub(self.core.low_water)
    }

    /// Bytes that came over the UART's line and were lost because the program did not read in time, or had
    /// its receiver off.
    pub fn lost_bytes(&self) -> u64 {
        self.core.uart.lost
    }

    /// Cycles that a bit takes on the UART's line, as the program has set it.
    pub fn bit_cycles(&self) -> u64 {
        self.core.uart.bit_cycles()
    }

    /// The memory, to look at.
    pub fn memory(&self) -> &Memory {
        &self.core.memory
    }

    /// The byte address of the next instruction.
    pub fn pc(&self) -> u32 {
        self.core.pc.wrapping_mul(2)
    }

    /// Writes a register, SP, SREG or a byte of the SRAM from outside, by data-space address, with no effect
    /// but that. `false` if none of these is there.
    pub fn poke(&mut self, address: u16, value: u8) -> bool {
        self.core.memory.poke(address, value)
    }

    /// Goes on at the byte address `pc` (even, in the flash) instead, awake, also after an end: for calling a
    /// routine from outside.
    pub fn set_pc(&mut self, pc: u32) {
        self.ended = None;
        self.core.jump(pc / 2);
    }

    /// What a call from outside changes.
    pub(crate) fn parts(&mut self) -> (&mut Core, &mut Limit, &mut Option<End>) {
        (&mut self.core, &mut self.typist.limit, &mut self.ended)
    }

    /// The device that the program was made for.
    pub fn device(&self) -> &'static Device {
        self.core.device
    }

    /// Tells the observer when PC reaches the byte address `address`. Nothing at odd addresses or outside the
    /// flash.
    pub fn watch(&mut self, address: u32) {
        self.core.set_watched(address, true);
    }

    /// Ends [`AvrMachine::watch`].
    pub fn unwatch(&mut self, address: u32) {
        self.core.set_watched(address, false);
    }

    /// A port's outputs, or `None` if the device has no such port.
    pub fn pins(&self, port: char) -> Option<Pins> {
        let port = self.core.ports.iter().find(|p| p.name == port)?;
        Some(Pins { port: port.name, levels: port.levels, outputs: port.outputs })
    }

    /// Drives the pins of `port` that are ones in `driven` to `levels` from outside, and lets go of the
    /// others. `false` if the device has no such port.
    pub fn drive_pins(&mut self, port: char, driven: u8, levels: u8) -> bool {
        match self.core.ports.iter_mut().find(|p| p.name == port) {
            Some(port) => {
                (port.driven, port.driven_levels) = (driven, levels);
                true
            }
            None => false,
        }
    }

    /// Gives a channel of the converter the count, 0 to 1,023, that it measures from now on. `false` if there is no such
    /// channel or count.
    pub fn set_analogue(&mut self, channel: u8, count: u16) -> bool {
        let exists = self.core.device.adc.is_some() && count <= MOST_COUNT;
        match self.core.adc.counts.get_mut(usize::from(channel)).filter(|_| exists) {
            Some(place) => {
                *place = count;
                true
            }
            None => false,
        }
    }

    /// Puts a flash chip to the SPI, selected by a low level at pin `bit` of `port`, in the place of one that is there. `false` if
    /// the device has no SPI or no such pin.
    pub fn attach_flash(&mut self, (port, bit): (char, u8), flash: SerialFlash) -> bool {
        let index = (0u8..).zip(&self.core.ports).find(|(_, p)| p.name == port && bit < 8);
        let Some((index, pins)) = index.filter(|_| self.core.device.spi.is_some()) else { return false };
        let (levels, outputs, now) = (pins.levels, pins.outputs, self.core.t);
        self.core.spi.attached = Some(Attached { port: index, mask: 1 << bit, flash });
        self.core.spi.pins_changed(index, levels, outputs, now);
        true
    }

    /// The flash chip at the SPI, if there is one.
    pub fn flash(&self) -> Option<&SerialFlash> {
        self.core.spi.attached.as_ref().map(|attached| &attached.flash)
    }

    /// The console given to [`AvrMachine::new`].
    pub fn console(&mut self) -> &mut C {
        &mut self.console
    }
}
