//! An MSX1, as a cartridge sees it that is in the machine when it is switched on.
//!
//! ```text
//! 0000h  page 0: the BIOS                               protected
//! 4000h  page 1: the cartridge
//! 8000h  page 2: RAM or somebody else's, until the program has its own slot shown there
//! C000h  page 3: RAM, in a machine of 8 KB from E000h on; the BIOS's stack in its last bytes
//! F380h  the BIOS's variables                           protected; HIMEM, BOTTOM and the slots' tables can be read
//! ```
//!
//! The BIOS's entries are traps; a call of one that is not provided is a fault. A call costs the program's `CALL` and a
//! `RET`. What the BIOS does costs nothing, and neither does its interrupt routine, 50 times a second: but like the real
//! one it goes some way below SP. It needs its stack in page 3 and interrupts that are on when it waits for a key.
//!
//! T-states are those of the manual, and one more for each opcode fetch: every MSX has that wait state. Left out: the
//! picture, sound, ports, slots but the cartridge's own, and everything that is no text.

mod cartridge;

use crate::core::Core;
use crate::end::{End, Exit, FaultKind};
use crate::file::FileError;
use crate::machine::Machine;
use crate::observe::Z80;
use crate::page::{Look, Page};
use crate::registers::Registers;
use crate::run::Host;
use crate::spectrum::Picture;
use crate::symbols::Symbols;
use crate::terminal::{Key, Terminal};
use cartridge::Slots;
use mlc_machine::Observer;
use mlc_machine::{Console, Junk};

/// Where the interrupt routine is, and entries of the BIOS.
const INTERRUPT: u16 = 0x0038;
const ENASLT: u16 = 0x0024;
const INITXT: u16 = 0x006C;
const CHGET: u16 = 0x009F;
const CHPUT: u16 = 0x00A2;
const RSLREG: u16 = 0x0138;
/// Where the BIOS goes on when the cartridge's start returns, by way of its call between slots.
const RETURNED: u16 = 0x0217;
const TRAPS: [u16; 7] = [INTERRUPT, ENASLT, INITXT, CHGET, CHPUT, RSLREG, RETURNED];

const FIRST: u16 = 0x4000;
const SECOND: u16 = 0x8000;
const THIRD: u16 = 0xC000;
const VARIABLES: u16 = 0xF380;
/// The BIOS's stack when it starts a cartridge: that of C-BIOS, which is the lowest.
const BIOS_STACK: u16 = 0xF2EC;
/// The lowest address of RAM; the first address that is not free; what slots have slots in them; what those show.
const BOTTOM: u16 = 0xFC48;
const HIMEM: u16 = 0xFC4A;
const EXPTBL: u16 = 0xFCC1;
const SLTTBL: u16 = 0xFCC5;
/// The slot register: two bits for each page, page 0 in the lowest. The cartridge is in slot 1, RAM in slot 3.
const SLOT_REGISTER: u8 = 0b11_11_01_00;
/// What the cartridge's slot is called where slot 1 has slots in it: the third of them.
const INNER: u8 = 0x89;
const PLAIN: u8 = 0x01;
/// What was in page 2 before.
const BEFORE: u8 = 0x03;
/// 3.579545 MHz by 50.
const INTERRUPT_PERIOD: u64 = 71_591;
/// The extra T-state of each opcode fetch.
const FETCH_WAIT: u64 = 1;
/// Bytes below SP that the BIOS's routines and its interrupt may use.
const BIOS_DEPTH: u16 = 120;

/// The screen that `INITXT` gives: white on dark blue.
const SCREEN_LOOK: Look = Look {
    columns: 40,
    rows: 24,
    width: 6,
    paper: [0x54, 0x55, 0xED],
    pen: [0xFF, 0xFF, 0xFF],
    border: [0x54, 0x55, 0xED],
};

const ENTER: u8 = 13;
const BACKSPACE: u8 = 8;
/// In a text the key Delete.
const DELETE: u8 = 127;

/// What a cartridge is started with.
#[derive(Debug, Clone)]
pub struct MsxConfig {
    /// The most T-states from the start, or from the last input, to the end or the next input. Default: no limit.
    pub limit: Option<u64>,
    /// The first address of RAM: 8000h in a machine of 32 KB or more, the default, C000h in one of 16 KB, or E000h.
    pub bottom: u16,
    /// What the BIOS says is the first address that programs leave alone: F380h, the default, or less where a disk
    /// system has taken some.
    pub himem: u16,
    /// Whether the cartridge is in a slot inside of slot 1. Default: it is slot 1.
    pub expanded: bool,
    /// The seed of what memory and registers hold where nothing was put.
    pub seed: u64,
    /// Names for addresses in faults.
    pub symbols: Symbols,
}

impl Default for MsxConfig {
    fn default() -> Self {
        MsxConfig {
            limit: None,
            bottom: SECOND,
            himem: VARIABLES,
            expanded: false,
            seed: 1,
            symbols: Symbols::default(),
        }
    }
}

/// An MSX with one cartridge in it. Enter is `CR` on its console; Delete is backspace or 7Fh.
pub type MsxMachine<C> = Machine<Bios<C>>;

impl<C: Console> MsxMachine<C> {
    /// A machine whose BIOS is about to start the cartridge of a `.rom` file.
    ///
    /// # Errors
    /// A file that is no cartridge, or one of a size that none has.
    pub fn load(file: &[u8], console: C, config: MsxConfig) -> Result<Self, FileError> {
        let cartridge::Cartridge { mapper, start } = cartridge::read(file)?;
        let mut core = Core::new(crate::bus::FloatingBus, config.seed);
        let slots = Slots::plug(file, mapper, &mut core);
        core.close(0x0000, FIRST - 1, "the BIOS");
        if config.bottom > SECOND {
            core.close(SECOND, THIRD - 1, "another slot");
        }
        core.close(VARIABLES, 0xFFFF, "the BIOS's variables");
        if config.bottom > THIRD {
            core.close(THIRD, config.bottom - 1, "no memory");
        }
        TRAPS.into_iter().for_each(|entry| core.trap(entry));
        core.name_area(FIRST, SECOND - 1, "the cartridge");
        for (variable, value) in [(BOTTOM, config.bottom), (HIMEM, config.himem)] {
            core.load(variable, &value.to_le_bytes());
        }
        let (expanded, inner) = if config.expanded { (0x80, 0b00_11_10_00) } else { (0, 0) };
        core.load(EXPTBL, &[0, expanded, 0, 0]);
        core.load(SLTTBL, &[0xFF, inner, 0xFF, 0xFF]);
        core.load(BIOS_STACK, &RETURNED.to_le_bytes());
        core.protect(BIOS_STACK, VARIABLES - 1, "the BIOS's stack");
        core.attach(slots);
        core.set_registers(Registers { sp: BIOS_STACK, pc: start, ..core.registers() });
        core.configure(config.limit, None, config.symbols);
        core.set_fetch_wait(FETCH_WAIT);
        core.set_frame_clock(INTERRUPT_PERIOD, u64::MAX);
        let (terminal, junk) = (Terminal::new(console), Junk::new(config.seed.rotate_left(32)));
        let own = if config.expanded { INNER } else { PLAIN };
        Ok(Machine::join(core, Bios { terminal, screen: Page::new(SCREEN_LOOK), junk, own, text: false }))
    }

    /// What its television shows, in a font of our own.
    pub fn picture(&mut self) -> Picture {
        self.host.screen.picture(false)
    }

    /// The 24 rows of the screen as text, without blanks at their ends.
    pub fn screen(&self) -> Vec<String> {
        self.host.screen.text()
    }

    /// The console given to [`MsxMachine::load`].
    pub fn console(&mut self) -> &mut C {
        &mut self.host.terminal.console.inner
    }
}

/// The BIOS's entries, with the console behind them.
pub struct Bios<C> {
    terminal: Terminal<C>,
    screen: Page,
    junk: Junk,
    /// What `ENASLT` calls the cartridge's slot.
    own: u8,
    /// The screen shows text.
    text: bool,
}

impl<C: Console> Bios<C> {
    /// `CHPUT`: the character in A. All registers are kept.
    fn output(&mut self, core: &mut Core, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        let code = core.registers().af.to_be_bytes()[0];
        if !self.text {
            return Err(core.end(FaultKind::NoText, core.return_address()));
        }
        // Other codes below 32 are commands, some of which take what follows as parameters; 127 deletes.
        if !matches!(code, BACKSPACE | b'\n' | b'\r' | b' '..=b'~' | 0x80..) {
            return Err(core.end(FaultKind::UnprintableCode { code }, core.return_address()));
        }
        self.screen.put(code);
        self.terminal.show(code, core.t_states(), observer);
        Ok(())
    }

    /// `CHGET`: a key in A.
    fn wait_key(&mut self, core: &mut Core, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        if !core.interrupts_enabled() {
            return Err(core.end(FaultKind::KeysWithoutInterrupts, core.return_address()));
        }
        let key = match self.terminal.key()? {
            Key::Enter => ENTER,
            // Both keys are there.
            Key::Delete => [BACKSPACE, DELETE][usize::from(self.junk.word() & 1)],
            Key::Character(code) => code,
        };
        core.set_registers(Registers {
            af: u16::from(key) << 8 | self.junk.word() & 0xFF,
            ..core.registers()
        });
        if key == ENTER {
            self.terminal.line_end(core.t_states(), observer);
        }
        Ok(())
    }
}

impl<C> Bios<C> {
    /// `ENASLT`: the slot in A in the page of HL. All registers are lost, and interrupts are off.
    fn enable_slot(&mut self, core: &mut Core) -> Result<(), End> {
        let Registers { af, hl, .. } = core.registers();
        let slot = af.to_be_bytes()[0];
        // Bits 4 to 6 mean nothing.
        let shown = match slot & 0x8F {
            own if own == self.own => true,
            BEFORE => false,
            _ => return Err(core.end(FaultKind::Slot { slot, page: hl >> 14 }, core.return_address())),
        };
        if hl >> 14 != SECOND >> 14 {
            return Err(core.end(FaultKind::Slot { slot, page: hl >> 14 }, core.return_address()));
        }
        core.ports::<Slots>().second = shown;
        core.switch();
        core.disable_interrupts();
        Ok(())
    }

    /// Junk in all registers but PC and SP.
    fn spoil_registers(&mut self, core: &mut Core) {
        let mut word = || self.junk.word();
        let (af, bc, de, hl, ix, iy) = (word(), word(), word(), word(), word(), word());
        core.set_registers(Registers { af, bc, de, hl, ix, iy, ..core.registers() });
    }
}

impl<C: Console> Host for Bios<C> {
    fn take_asked(&mut self) -> bool {
        self.terminal.console.take_asked()
    }

    fn watch(&mut self, core: &mut Core, address: u16, on: bool) {
        let blocks = core.ports::<Slots>().in_order();
        core.watch_in(blocks, address, on);
    }

    fn trap(&mut self, core: &mut Core, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        let sp = core.registers().sp;
        if core.pc() == RETURNED {
            return match core.ports::<Slots>().second {
                true => Err(core.end(FaultKind::SlotLeft, RETURNED)),
                false => Err(End::Exit(Exit::Return)),
            };
        }
        if !(THIRD..=VARIABLES).contains(&sp) {
            return Err(core.end(FaultKind::BiosStack { sp }, core.return_address()));
        }
        match core.pc() {
            INTERRUPT => core.enable_interrupts(),
            CHGET => self.wait_key(core, observer)?,
            CHPUT => self.output(core, observer)?,
            ENASLT => {
                self.enable_slot(core)?;
                self.spoil_registers(core);
            }
            RSLREG => {
                let flags = core.registers().af & 0xFF;
                core.set_registers(Registers {
                    af: u16::from(SLOT_REGISTER) << 8 | flags,
                    ..core.registers()
                });
            }
            _ => {
                self.text = true;
                self.screen.clear();
                self.spoil_registers(core);
            }
        }
        core.spoil_stack(BIOS_DEPTH, &mut self.junk);
        core.ret();
        match core.take_refused() {
            Some(kind) => Err(core.end(kind, core.pc())),
            None => Ok(()),
        }
    }
}
