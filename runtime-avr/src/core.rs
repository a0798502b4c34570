//! The processor with its memory and its I/O registers.

use crate::adc::{Adc, CHANNELS};
use crate::call::Caller;
use crate::decode::{Op, decode_flash};
use crate::device::Device;
use crate::end::{End, Fault, FaultKind, Symbols};
use crate::io::Register;
use crate::memory::Memory;
use crate::program::Program;
use crate::spi::Spi;
use crate::timer::Timer;
use crate::uart::Uart;
use mlc_machine::Pins;

/// What the program did that an observer is told after the instruction.
#[derive(Debug, Clone, Copy)]
pub(crate) enum News {
    Marker(u8),
    Pins(Pins),
}

/// A port's latches, and what drives its pins from outside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Port {
    pub(crate) name: char,
    pub(crate) levels: u8,
    pub(crate) outputs: u8,
    pub(crate) driven: u8,
    pub(crate) driven_levels: u8,
    /// What pins read that nothing drives or pulls up.
    pub(crate) floating: u8,
}

/// Why the instructions do not just follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    None,
    Asleep,
    /// The last instruction was a jump to itself.
    Spinning,
    /// The routine that was called from outside has returned.
    Returned,
}

pub(crate) struct Core {
    pub(crate) device: &'static Device,
    pub(crate) memory: Memory,
    pub(crate) ops: Box<[Op]>,
    /// In words.
    pub(crate) pc: u32,
    /// Where the instruction under execution is, or the last one.
    pub(crate) at: u32,
    /// Cycles since the start.
    pub(crate) t: u64,
    /// When something may be due besides the next instruction.
    pub(crate) due: u64,
    /// No interrupt is taken before one more instruction.
    pub(crate) held: bool,
    pub(crate) pause: Pause,
    pub(crate) asleep: u64,
    pub(crate) wide_pc: bool,
    pub(crate) lowest_sp: u16,
    /// The lowest value of SP so far.
    pub(crate) low_water: u16,
    /// Who waits outside for a return.
    pub(crate) caller: Option<Caller>,
    /// Instructions to go until SP counts after it was written in parts.
    pub(crate) sp_settles: u8,
    pub(crate) map: Box<[Register]>,
    /// What I/O registers hold that have no logic of their own.
    pub(crate) kept: Box<[u8]>,
    pub(crate) ports: Vec<Port>,
    pub(crate) uart: Uart,
    pub(crate) timer: Timer,
    pub(crate) adc: Adc,
    pub(crate) spi: Spi,
    pub(crate) news: Vec<News>,
    /// Reads of the UART's status in vain, and when the last was.
    pub(crate) polls: (u32, u64),
    symbols: Symbols,
}

impl Core {
    pub(crate) fn new(program: Program, symbols: Symbols, seed: u64) -> Self {
        let device = program.device;
        let ops = decode_flash(&program.flash, device);
        let mut junk = mlc_machine::Junk::new(!seed);
        let ports = device.ports.iter().map(|port| Port {
            name: port.name,
            levels: 0,
            outputs: 0,
            driven: 0,
            driven_levels: 0,
            floating: junk.word() as u8,
        });
        let ports: Vec<Port> = ports.collect();
        // Of the chip that is not there, or not selected.
        let floating = if junk.word() & 1 == 0 { 0 } else { 0xFF };
        Core {
            device,
            ops,
            pc: 0,
            at: 0,
            t: 0,
            due: 0,
            held: false,
            pause: Pause::None,
            asleep: 0,
            wide_pc: device.family.has_wide_pc(),
            lowest_sp: device.sram_start,
            low_water: device.ram_end(),
            caller: None,
            sp_settles: 0,
            map: Register::map(device),
            kept: vec![0; usize::from(device.sram_start)].into_boxed_slice(),
            ports,
            uart: Uart::new(),
            timer: Timer::default(),
            adc: Adc::new([0; CHANNELS]),
            spi: Spi::new(floating),
            news: Vec::new(),
            polls: (0, 0),
            memory: Memory::new(device, program.flash, seed),
            symbols,
        }
    }

    /// Marks or unmarks the instruction at a byte address.
    pub(crate) fn set_watched(&mut self, address: u32, watched: bool) {
        if address.is_multiple_of(2)
            && let Some(op) = self.ops.get_mut(address as usize / 2)
        {
            op.watched = watched;
        }
    }

    /// Goes on at word address `pc`, awake.
    pub(crate) fn jump(&mut self, pc: u32) {
        (self.pc, self.pause, self.polls) = (pc, Pause::None, (0, 0));
    }

    pub(crate) fn end(&self, kind: FaultKind) -> End {
        End::Fault(Fault { at: self.symbols.locate(self.at * 2), kind })
    }
}
