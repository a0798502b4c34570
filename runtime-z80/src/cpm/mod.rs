//! CP/M 2.2, as a transient program sees it.
//!
//! ```text
//! 0000h  JP wboot, IOBYTE, drive, JP bdos      protected: the two jumps
//! 0038h  interrupt routine, if there is a clock  protected
//! 005Ch  first default FCB, 006Ch second
//! 0080h  command tail, default DMA buffer
//! 0100h  TPA: the program
//!        CCP (bdos - 0806h), in the TPA: a program may overwrite it, but then must end with JP 0
//!        BDOS at the address in 0006h           protected
//!        BIOS (bdos + 0DFAh), its address + 3 in 0001h   protected
//! ```
//!
//! BDOS and BIOS are traps. A BDOS call costs the program's `CALL 5` (17 T-states), the `JP` at 0005h (10)
//! and the `RET` (10); a BIOS call its `CALL`, the `JP` of the table (10) and the `RET` (10). Reading and writing records
//! takes as long as `times` says, without the waiting for a drive. The work of other services is not counted: it differs
//! from machine to machine.
//!
//! All functions of the BDOS are there, and the entries of the BIOS but those that reach sectors: the only drive, A, has
//! files in memory. Nothing is attached to the other devices: what is sent to the printer (LST:) and the punch is lost,
//! the reader gives end-of-text marks (1Ah). Left out: ^S, which stops the screen, and ^P, which prints what is shown.

mod bdos;
mod directory;
mod disk;
mod fcb;
mod files;
mod image;
mod line;
mod page_zero;
mod records;
mod times;

use thiserror::Error;

use crate::bus::FloatingBus;
use crate::core::Core;
use crate::machine::Machine;
use crate::registers::Registers;
use crate::symbols::Symbols;
use mlc_machine::Console;
use mlc_machine::Junk;

pub use disk::{Disk, DiskError};
pub use image::{DiskFile, Geometry, ImageError, read_image};

use bdos::Services;

const TPA: u16 = 0x0100;
const RECORD: u16 = 128;
/// The distances between CCP, BDOS entry and BIOS are those of CP/M 2.2.
const CCP_BELOW_BDOS: u16 = 0x0806;
const BIOS_ABOVE_BDOS: u16 = 0x0DFA;
/// Cold boot to SECTRAN.
const BIOS_ENTRIES: u16 = 17;
/// The lowest BDOS leaves a page for the program; above the highest the BIOS table would not fit.
const LOWEST_BDOS: u16 = 0x0A06;
const HIGHEST_BDOS: u16 = 0xF1D0;
/// The CCP leaves eight words of stack, the topmost being its return address. They lie near the end of the
/// CCP's 0800h bytes.
const CCP_STACK_TOP: u16 = 0x07AB;
const CCP_STACK_BYTES: u16 = 16;
const ISR_ADDRESS: u16 = 0x0038;
/// Where [`Isr::PushAll`] counts: in the bytes of page zero that CP/M leaves unused.
const ISR_COUNTER: u16 = 0x0056;
/// Shorter than this, the longer interrupt routine would leave the program no time.
const SHORTEST_PERIOD: u64 = 256;

/// The machine's properties.
#[derive(Debug, Clone)]
pub struct CpmConfig {
    /// The BDOS entry, which 0006h holds: 0A06h to F1D0h. Default E406h, a 62 KB system's.
    pub bdos: u16,
    /// The most T-states from the start, or from the last input, to the end or the next input. Default: no limit.
    pub limit: Option<u64>,
    /// The lowest address that pushes, calls and interrupts may write to. Default: any.
    pub lowest_sp: Option<u16>,
    /// Whose BDOS it is. Default: CP/M's.
    pub dos: Dos,
    /// A clock that interrupts the program. Default: none, interrupts off.
    pub interrupt: Option<ClockInterrupt>,
    /// The seed of what memory and registers hold where nothing was put.
    pub seed: u64,
    /// Names for addresses in faults.
    pub symbols: Symbols,
}

impl Default for CpmConfig {
    fn default() -> Self {
        CpmConfig {
            bdos: 0xE406,
            limit: None,
            lowest_sp: None,
            dos: Dos::default(),
            interrupt: None,
            seed: 1,
            symbols: Symbols::default(),
        }
    }
}

/// Whose BDOS it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dos {
    /// CP/M 2.2's, which is 8080 code: it keeps what that cannot reach.
    #[default]
    Cpm,
    /// MSX-DOS 1's. It loses IX and IY as well, and each opcode fetch of the machine takes a T-state more.
    Msx,
}

/// A maskable interrupt in mode 1, requested periodically and held until it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockInterrupt {
    /// T-states from request to request: 256 at least.
    pub every: u64,
    /// What the interrupt does.
    pub isr: Isr,
}

/// The routine at 0038h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isr {
    /// `EI`, `RETI`: only the return address goes below SP.
    Minimal,
    /// Pushes AF, BC, DE, HL, IX and IY, counts the word at 0056h up, pops them, `EI`, `RETI`: 14 bytes
    /// below SP with the return address.
    PushAll,
}

impl Isr {
    fn code(self) -> &'static [u8] {
        match self {
            Isr::Minimal => &[0xFB, 0xED, 0x4D],
            #[rustfmt::skip]
            Isr::PushAll => &[
                0xF5, 0xC5, 0xD5, 0xE5, 0xDD, 0xE5, 0xFD, 0xE5, // PUSH AF, BC, DE, HL, IX, IY
                0x2A, 0x56, 0x00, 0x23, 0x22, 0x56, 0x00,       // LD HL,(0056h) / INC HL / LD (0056h),HL
                0xFD, 0xE1, 0xDD, 0xE1, 0xE1, 0xD1, 0xC1, 0xF1, // POP IY, IX, HL, DE, BC, AF
                0xFB, 0xED, 0x4D,                               // EI / RETI
            ],
        }
    }
}

/// Why a program cannot be started.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LoadError {
    #[error("the program is empty")]
    Empty,
    #[error("the program has {size} bytes, but the command processor loads only {room} below itself")]
    TooLarge { size: usize, room: usize },
    #[error(
        "the command tail has {length} bytes with its leading space; CP/M's buffer holds 127: shorten it"
    )]
    TailTooLong { length: usize },
    #[error("byte {byte:02X}h at position {position} of the command tail is a control character: remove it")]
    TailControl { byte: u8, position: usize },
    #[error("a BDOS at {bdos:04X}h is impossible: choose an address from 0A06h to F1D0h")]
    BdosAddress { bdos: u16 },
    #[error("an interrupt every {every} T-states leaves the program no time: choose 256 or more")]
    InterruptPeriod { every: u64 },
}

/// A CP/M 2.2 machine with one program in it.
pub type CpmMachine<C> = Machine<Services<C>>;

impl<C: Console> CpmMachine<C> {
    /// A machine about to run the `.COM` file `program` as if the command line had been its name and `tail`.
    /// A space goes in front of a tail that has none, and a–z become upper case, both as the CCP does it.
    pub fn load(program: &[u8], tail: &[u8], console: C, config: CpmConfig) -> Result<Self, LoadError> {
        let bdos = config.bdos;
        if !(LOWEST_BDOS..=HIGHEST_BDOS).contains(&bdos) {
            return Err(LoadError::BdosAddress { bdos });
        }
        let (ccp, bios) = (bdos - CCP_BELOW_BDOS, bdos + BIOS_ABOVE_BDOS);
        // The CCP loads whole records and gives up when the next one would begin in itself.
        let (size, room) = (program.len(), usize::from((ccp - TPA - 1) / RECORD * RECORD));
        if size == 0 {
            return Err(LoadError::Empty);
        }
        if size > room {
            return Err(LoadError::TooLarge { size, room });
        }
        if let Some(ClockInterrupt { every, .. }) = config.interrupt
            && every < SHORTEST_PERIOD
        {
            return Err(LoadError::InterruptPeriod { every });
        }
        let tail = page_zero::Tail::new(tail)?;

        let mut core = Core::new(FloatingBus, config.seed);
        let (wboot, entry) = ((bios + 3).to_le_bytes(), bdos.to_le_bytes());
        core.load(0x0000, &[0xC3, wboot[0], wboot[1], 0, 0, 0xC3, entry[0], entry[1]]);
        core.protect(0x0000, 0x0002, "the warm boot jump");
        core.protect(0x0005, 0x0007, "the BDOS jump");
        tail.place(&mut core);
        core.load(TPA, program);
        directory::place(&mut core, bdos);
        core.close(bdos, bios - 1, "the BDOS");
        core.close(bios, 0xFFFF, "the BIOS");
        core.trap(bdos);
        core.trap(ccp);
        (0..BIOS_ENTRIES).for_each(|n| core.trap(bios + 3 * n));

        let sp = ccp + CCP_STACK_TOP - 2;
        core.load(sp, &ccp.to_le_bytes());
        core.set_registers(Registers { sp, pc: TPA, ..core.registers() });
        core.configure(config.limit, config.lowest_sp, config.symbols);
        if let Some(ClockInterrupt { every, isr }) = config.interrupt {
            let code = isr.code();
            core.load(ISR_ADDRESS, code);
            core.load(ISR_COUNTER, &[0, 0]);
            core.protect(ISR_ADDRESS, ISR_ADDRESS + code.len() as u16 - 1, "the interrupt routine");
            core.set_clock(every);
        }
        let mut services = Services::new(console, ccp, bdos, bios, Junk::new(config.seed.rotate_left(32)));
        if config.dos == Dos::Msx {
            core.set_fetch_wait(1);
            services.loses_index = true;
        }
        services.counting = config.interrupt.is_some_and(|interrupt| interrupt.isr == Isr::PushAll);
        Ok(Machine::join(core, services))
    }

    /// The console given to [`CpmMachine::load`].
    pub fn console(&mut self) -> &mut C {
        &mut self.host.console.inner
    }

    /// The machine's only disk, drive A; empty at first.
    pub fn disk(&mut self) -> &mut Disk {
        self.host.files.disk()
    }

    /// Interrupts counted by [`Isr::PushAll`], modulo 65536; `None` without it.
    pub fn interrupts_counted(&self) -> Option<u16> {
        self.host.counting.then(|| self.core.memory().word(ISR_COUNTER))
    }
}
