//! The ZX Spectrum with 48 KB, and the one with 128.
//!
//! ```text
//! 0000h  ROM
//! 4000h  display, 5800h colours          the ULA reads them while it draws: slower, up to 7FFFh
//! 5C00h  system variables of BASIC, 5CCBh its program
//!        RAMTOP: the last address that BASIC uses; behind it machine code up to FFFFh
//! C000h  with 128 KB: any of eight pages of 16 KB, 0 at first; 5 is always at 4000h, 2 at 8000h
//! ```
//!
//! Two machines: [`SpectrumMachine`] has no ROM but traps at the entries that programs use, and a console for keys and
//! text; [`FullSpectrum`] runs a ROM image, with a keyboard matrix and a tape.
//!
//! T-states are those of the manual: the ULA's contention is not counted. Left out besides: sound, loading from tape at
//! its own speed, Kempston joysticks, the floating bus, and every print control but backspace, Enter and AT.

mod font;
mod full;
mod keyboard;
mod paging;
mod rom;
mod screen;
mod snapshot;
mod tape;
mod ula;
mod variables;

pub use font::rows as character_rows;
pub use full::FullSpectrum;
pub use screen::Picture;

use crate::core::Core;
use crate::file::FileError;
use crate::machine::Machine;
use crate::registers::Registers;
use crate::symbols::Symbols;
use mlc_machine::{Console, Junk};
use paging::{BANKM, ROM_BASIC};
use rom::Rom;
use ula::Ula;
use variables::{ATTR_P, DF_CC, FLAGS, IY, P_RAMT, RAMTOP, S_POSN, SCR_CT};

/// T-states from frame to frame, with 128 KB as well, and how long the ULA requests its interrupt.
const FRAME: u64 = 69_888;
const FRAME_128: u64 = 70_908;
const INTERRUPT_WIDTH: u64 = 32;
const ROM_END: u16 = 0x3FFF;
/// Black on white.
const COLOURS: u8 = 0x38;

fn frame(pages: bool) -> u64 {
    if pages { FRAME_128 } else { FRAME }
}

/// What a program is started with.
#[derive(Debug, Clone)]
pub struct SpectrumConfig {
    /// The most T-states from the start, or from the last input, to the end or the next input. Default: no limit.
    pub limit: Option<u64>,
    /// The lowest address that pushes, calls and interrupts may write to. Default: any.
    pub lowest_sp: Option<u16>,
    /// The last address of memory: FFFFh, the default, or 7FFFh for the machine with 16 KB.
    pub memory_last: u16,
    /// Whether it has 128 KB: pages behind port 7FFDh, and a second ROM. Default: no.
    pub pages: bool,
    /// The seed of what memory and registers hold where nothing was put.
    pub seed: u64,
    /// Names for addresses in faults.
    pub symbols: Symbols,
}

impl Default for SpectrumConfig {
    fn default() -> Self {
        SpectrumConfig {
            limit: None,
            lowest_sp: None,
            memory_last: 0xFFFF,
            pages: false,
            seed: 1,
            symbols: Symbols::default(),
        }
    }
}

/// A Spectrum without a ROM. Its services are traps; keys come from a console while the program halts, and what it
/// prints goes there, and to the screen in a font of our own.
///
/// Enter is `CR` on the console, both ways with a line feed behind it in the output; Delete is backspace.
pub type SpectrumMachine<C> = Machine<Rom<C>>;

impl<C: Console> SpectrumMachine<C> {
    /// A machine about to start the code on a tape as `RANDOMIZE USR` does. What is behind it is there to be loaded.
    ///
    /// # Errors
    /// A file that is no tape, or has no code on it.
    pub fn load_tape(file: &[u8], console: C, config: SpectrumConfig) -> Result<Self, FileError> {
        let tape::Code { start, entry, screen, bytes, behind } = tape::code(file)?;
        let last = config.memory_last;
        let mut machine = Self::switched_on(console, config);
        // CLEAR put BASIC's stack below the program: the end mark 3E00h, the error handler's address, and what the
        // interpreter has called. On top, the return address of USR.
        let core = &mut machine.core;
        core.load(RAMTOP, &start.wrapping_sub(1).to_le_bytes());
        let sp = start.wrapping_sub(12);
        core.load(sp, &rom::STACK_BC.to_le_bytes());
        core.load(tape::SCREEN.0, &screen.unwrap_or_default());
        core.load(start, bytes.get(..(usize::from(last) + 1).saturating_sub(start.into())).unwrap_or(&bytes));
        core.set_registers(Registers { bc: entry, sp, pc: entry, iy: IY, ..core.registers() });
        machine.host.deck = behind;
        Ok(machine)
    }

    /// A machine about to go on as a `.sna` file says.
    ///
    /// # Errors
    /// A file that is no snapshot of such a machine.
    pub fn load_snapshot(file: &[u8], console: C, config: SpectrumConfig) -> Result<Self, FileError> {
        let mut machine = Self::switched_on(console, config);
        snapshot::load(file, &mut machine.core)?;
        Ok(machine)
    }

    fn switched_on(console: C, config: SpectrumConfig) -> Self {
        let mut core = Core::new(Ula::new(), config.seed);
        core.close(0x0000, ROM_END, "the ROM");
        if config.pages {
            paging::attach(&mut core, |core| {
                core.close(0x0000, ROM_END, "the ROM");
                core.trap(rom::RESTART);
            });
            core.load(BANKM, &[ROM_BASIC]);
        }
        rom::ENTRIES.into_iter().for_each(|entry| core.trap(entry));
        core.load(0x4000, &[0; 0x1800]);
        core.load(0x5800, &[COLOURS; 0x300]);
        core.load(FLAGS, &[0x88]);
        core.load(DF_CC, &0x4000u16.to_le_bytes());
        core.load(S_POSN, &[33, 24]);
        core.load(SCR_CT, &[1]);
        core.load(ATTR_P, &[COLOURS]);
        core.load(P_RAMT, &config.memory_last.to_le_bytes());
        core.leave_out(config.memory_last);
        core.set_frame_clock(frame(config.pages), INTERRUPT_WIDTH);
        core.enable_interrupts();
        core.ask_host_at_halt();
        let alternate = core.alternate_registers();
        core.set_alternate_registers(Registers { hl: rom::BASIC_HL, ..alternate });
        core.configure(config.limit, config.lowest_sp, config.symbols);
        Machine::join(core, Rom::new(console, Junk::new(config.seed.rotate_left(32))))
    }

    /// The console that the machine was made with.
    pub fn console(&mut self) -> &mut C {
        &mut self.host.terminal.console.inner
    }

    /// The 24 rows of the screen as text, without blanks at their ends.
    pub fn screen(&self) -> Vec<String> {
        let font = |code| font::rows(code).unwrap_or_default();
        screen::text(self.core.memory(), font)
    }

    /// What a television shows.
    pub fn picture(&mut self) -> Picture {
        let border = self.core.ports::<Ula>().border();
        screen::picture(self.core.memory(), border)
    }
}
