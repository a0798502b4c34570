//! The Amstrad CPC 464, and the CPC 6128, as a machine-code program started with `RUN"` sees them.
//!
//! ```text
//! 0000h  restarts; the interrupt routine at 0038h     protected
//! 0040h  the program; the disk system loads up to A6FFh; no stack below 4000h, where the firmware's ROM is while it runs
//! B100h  the firmware's data, its jumps from BB00h, its stack below C000h    protected but for the stack
//! C000h  the screen                                   protected
//! ```
//!
//! With 128 KB, 4000h to 7FFFh shows one of five pages, as the gate array is told. A program may bring the disk system back, read
//! files of the disk that it was started from, and have the firmware start it anew.
//!
//! The firmware's entries are traps; a call of one that is not provided is a fault. A call costs the program's `CALL` and
//! a `RET`; what the firmware does costs nothing, and neither does its interrupt routine, 300 times a second: but like
//! the real one it goes some way below SP, and needs BC' as the firmware left it.
//!
//! T-states are those of the manual. On the real machine the gate array makes each access wait for its turn, so that
//! every instruction takes a multiple of four of them. Left out besides: graphics, sound, and everything that is no
//! text.

mod amsdos;
mod disk;
mod drive;
mod gate_array;
mod pulses;
mod tape;

use crate::bus::FloatingBus;
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
use amsdos::Binary;
use drive::Drive;
use gate_array::{BASE, GateArray};
use mlc_machine::Observer;
use mlc_machine::{Console, Junk};

const FIRST: u16 = 0x0040;
/// The disk system's own memory begins here while it loads.
const LOAD_END: u16 = 0xA700;
const FIRMWARE: u16 = 0xB100;
const STACK_BOTTOM: u16 = 0xBF00;
const STACK_TOP: u16 = 0xBFF8;
const SCREEN: u16 = 0xC000;
const INTERRUPT: u16 = 0x0038;
/// Where a program returns to: the firmware resets the machine.
const RETURNED: u16 = 0x0000;
/// 4 MHz by 300.
const INTERRUPT_PERIOD: u64 = 13_333;
/// What the firmware keeps in BC': the gate array's port, and what was last written there about ROMs and mode.
const GATE_ARRAY: u16 = 0x7F89;
/// Where the stack must be while the firmware runs: its ROM lies over the memory below, and BASIC's over the screen.
const FIRMWARE_SP: std::ops::RangeInclusive<u16> = 0x4000..=SCREEN;
/// Bytes below SP that the firmware's routines may use.
const FIRMWARE_STACK: u16 = 64;

const KM_WAIT_CHAR: u16 = 0xBB06;
const TXT_OUTPUT: u16 = 0xBB5A;
const TXT_CUR_ENABLE: u16 = 0xBB7B;
const TXT_CUR_DISABLE: u16 = 0xBB7E;
const TXT_CUR_ON: u16 = 0xBB81;
const TXT_CUR_OFF: u16 = 0xBB84;
const MC_START_PROGRAM: u16 = 0xBD16;
const TRAPS: [u16; 9] = [
    RETURNED,
    INTERRUPT,
    KM_WAIT_CHAR,
    TXT_OUTPUT,
    TXT_CUR_ENABLE,
    TXT_CUR_DISABLE,
    TXT_CUR_ON,
    TXT_CUR_OFF,
    MC_START_PROGRAM,
];
/// BASIC's entry, and its ROM.
const BASIC: (u16, u8) = (0xC006, 0);
/// What stands for no ROM.
const NO_ROM: u8 = 0xFF;

/// Mode 1, as the firmware starts a program: bright yellow on blue.
const SCREEN_LOOK: Look = Look {
    columns: 40,
    rows: 25,
    width: 8,
    paper: [0x00, 0x00, 0x80],
    pen: [0xFF, 0xFF, 0x00],
    border: [0x00, 0x00, 0x80],
};

const ENTER: u8 = 13;
const DELETE: u8 = 127;
/// Carry, which `KM WAIT CHAR` sets.
const CARRY: u16 = 1;

/// What a program is started with.
#[derive(Debug, Clone)]
pub struct CpcConfig {
    /// The most T-states from the start, or from the last input, to the end or the next input. Default: no limit.
    pub limit: Option<u64>,
    /// Whether it has 128 KB. Default: no.
    pub pages: bool,
    /// What `RUN"` names on a disk. Default: the only program there.
    pub named: Option<String>,
    /// The seed of what memory and registers hold where nothing was put.
    pub seed: u64,
    /// Names for addresses in faults.
    pub symbols: Symbols,
}

impl Default for CpcConfig {
    fn default() -> Self {
        CpcConfig { limit: None, pages: false, named: None, seed: 1, symbols: Symbols::default() }
    }
}

/// A CPC with one program in it. Enter is `CR` on its console; Delete is backspace or 7Fh.
pub type CpcMachine<C> = Machine<Firmware<C>>;

impl<C: Console> CpcMachine<C> {
    /// A machine about to run a binary file with its AMSDOS header.
    ///
    /// # Errors
    /// A header that is none, or content that does not fit.
    pub fn load(file: &[u8], console: C, config: CpcConfig) -> Result<Self, FileError> {
        Ok(Self::with(&amsdos::read(file)?.check(FIRST, LOAD_END)?, console, config))
    }

    /// A machine about to run the machine-code program on a disk, a `.dsk` file.
    ///
    /// # Errors
    /// A file that is none, none or several programs on it, or a program that does not fit.
    pub fn load_disk(image: &[u8], console: C, config: CpcConfig) -> Result<Self, FileError> {
        let (name, file) = disk::program(image, config.named.as_deref())?;
        let checked = amsdos::read(&file).and_then(|binary| binary.check(FIRST, LOAD_END));
        let binary = checked.map_err(|error| FileError::InFile { name, error: Box::new(error) })?;
        let files = disk::files(image)?;
        let mut machine = Self::with(&binary, console, config);
        let Machine { core, host, .. } = &mut machine;
        host.drive = Some(Drive::new(files, core, &mut host.junk));
        Ok(machine)
    }

    /// A machine about to run the first file of a cassette, a `.cdt` file, which must be a machine-code program.
    ///
    /// # Errors
    /// A file that is none, or whose pulses are no such program; one that does not fit.
    pub fn load_tape(file: &[u8], console: C, config: CpcConfig) -> Result<Self, FileError> {
        // A machine without a disk system loads up to the firmware's memory.
        Ok(Self::with(&tape::program(file, FIRST, FIRMWARE)?, console, config))
    }

    fn with(binary: &Binary, console: C, config: CpcConfig) -> Self {
        let mut core = Core::new(FloatingBus, config.seed);
        if config.pages {
            // They are the banks behind the first four.
            (0..4).for_each(|_| _ = core.add_bank());
            core.attach(GateArray { sent: BASE });
        }
        core.close(0x0000, FIRST - 1, "the restarts");
        core.close(FIRMWARE, STACK_BOTTOM - 1, "the firmware");
        core.close(SCREEN, 0xFFFF, "the screen");
        TRAPS.into_iter().chain(drive::ENTRIES).for_each(|entry| core.trap(entry));
        core.load(binary.start, &binary.bytes);
        enter(&mut core, binary.entry);
        core.configure(config.limit, None, config.symbols);
        core.set_clock(INTERRUPT_PERIOD);
        let (terminal, junk) = (Terminal::new(console), Junk::new(config.seed.rotate_left(32)));
        let (screen, pages) = (Page::new(SCREEN_LOOK), config.pages);
        Machine::join(
            core,
            Firmware { terminal, screen, junk, enabled: false, on: false, pages, drive: None },
        )
    }

    /// Whether the cursor can be seen: enabled by the program, and switched on.
    pub fn cursor(&self) -> bool {
        self.host.enabled && self.host.on
    }

    /// What its monitor shows, in a font of our own.
    pub fn picture(&mut self) -> Picture {
        self.host.screen.picture(self.cursor())
    }

    /// The 25 rows of the screen as text, without blanks at their ends.
    pub fn screen(&self) -> Vec<String> {
        self.host.screen.text()
    }

    /// The console given to [`CpcMachine::load`].
    pub fn console(&mut self) -> &mut C {
        &mut self.host.terminal.console.inner
    }
}

/// The firmware's entries, with the console behind them.
pub struct Firmware<C> {
    terminal: Terminal<C>,
    screen: Page,
    junk: Junk,
    /// The cursor; the firmware shows it where both are set, and starts a program with neither.
    enabled: bool,
    on: bool,
    pages: bool,
    /// Where the program is from, if that is a disk.
    drive: Option<Drive>,
}

/// As the firmware enters a program: on its stack, with what it needs in BC'.
fn enter(core: &mut Core, entry: u16) {
    let sp = STACK_TOP - 2;
    core.load(sp, &RETURNED.to_le_bytes());
    core.set_registers(Registers { sp, pc: entry, ..core.registers() });
    let alternate = core.alternate_registers();
    core.set_alternate_registers(Registers { bc: GATE_ARRAY, af: alternate.af & !CARRY, ..alternate });
}

impl<C: Console> Firmware<C> {
    /// `TXT OUTPUT`: the character in A. All registers are kept.
    fn output(&mut self, core: &mut Core, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        let code = core.registers().af.to_be_bytes()[0];
        // Other codes below 32 are commands, some of which take what follows as parameters.
        if !matches!(code, 8 | b'\n' | b'\r' | b' '..) {
            return Err(core.end(FaultKind::UnprintableCode { code }, core.return_address()));
        }
        self.screen.put(code);
        self.terminal.show(code, core.t_states(), observer);
        Ok(())
    }

    /// `KM WAIT CHAR`: a key in A, with carry.
    fn wait_char(&mut self, core: &mut Core, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        let key = match self.terminal.key()? {
            Key::Enter => ENTER,
            Key::Delete => DELETE,
            Key::Character(code) => code,
        };
        let flags = self.junk.word() & 0xFF | CARRY;
        core.set_registers(Registers { af: u16::from(key) << 8 | flags, ..core.registers() });
        if key == ENTER {
            self.terminal.line_end(core.t_states(), observer);
        }
        Ok(())
    }
}

impl<C> Firmware<C> {
    /// `TXT CUR ON` and `OFF`. The firmware counts nothing: a second call of one kind says that a program has lost track.
    fn switch(&mut self, on: bool, core: &Core) -> Result<(), End> {
        if self.on == on {
            return Err(core.end(FaultKind::Cursor { on }, core.return_address()));
        }
        self.on = on;
        Ok(())
    }

    /// `MC START PROGRAM`: everything but the program at HL in ROM C is forgotten. There is BASIC, and what is in memory.
    fn start_program(&mut self, core: &mut Core) -> Result<(), End> {
        let Registers { hl, bc, .. } = core.registers();
        let [_, rom] = bc.to_be_bytes();
        if self.pages
            && let sent = core.ports::<GateArray>().sent
            && sent != BASE
        {
            return Err(core.end(FaultKind::PageLeft { sent }, core.return_address()));
        }
        match (hl, rom) {
            BASIC => Err(End::Exit(Exit::Basic)),
            (FIRST..FIRMWARE, NO_ROM) => {
                (self.enabled, self.on) = (false, false);
                self.screen.clear();
                self.drive.iter_mut().for_each(Drive::drop_system);
                let mut word = || self.junk.word();
                let (af, bc, de, hl_after, ix, iy) = (word(), word(), word(), word(), word(), word());
                core.set_registers(Registers { af, bc, de, hl: hl_after, ix, iy, ..core.registers() });
                enter(core, hl);
                core.enable_interrupts();
                Ok(())
            }
            (entry, rom) => Err(core.end(FaultKind::NoSuchRom { entry, rom }, core.return_address())),
        }
    }
}

impl<C: Console> Host for Firmware<C> {
    fn take_asked(&mut self) -> bool {
        self.terminal.console.take_asked()
    }

    fn trap(&mut self, core: &mut Core, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        let bc = core.alternate_registers().bc;
        if bc != GATE_ARRAY {
            return Err(core.end(FaultKind::GateArray { bc }, core.return_address()));
        }
        let sp = core.registers().sp;
        if !FIRMWARE_SP.contains(&sp) {
            return Err(core.end(FaultKind::FirmwareStack { sp }, core.return_address()));
        }
        match core.pc() {
            RETURNED => return Err(End::Exit(Exit::Return)),
            MC_START_PROGRAM => return self.start_program(core),
            INTERRUPT => core.enable_interrupts(),
            KM_WAIT_CHAR => self.wait_char(core, observer)?,
            TXT_OUTPUT => self.output(core, observer)?,
            TXT_CUR_ENABLE => self.enabled = true,
            TXT_CUR_DISABLE => self.enabled = false,
            entry if drive::ENTRIES.contains(&entry) => match &mut self.drive {
                Some(drive) => drive.service(core, &mut self.junk)?,
                None => return Err(core.end(FaultKind::NoFile { entry }, core.return_address())),
            },
            entry => self.switch(entry == TXT_CUR_ON, core)?,
        }
        if matches!(core.pc(), TXT_CUR_ENABLE..=TXT_CUR_OFF) {
            // A and F are lost.
            core.set_registers(Registers { af: self.junk.word(), ..core.registers() });
        }
        core.spoil_stack(FIRMWARE_STACK, &mut self.junk);
        core.ret();
        match core.take_refused() {
            Some(kind) => Err(core.end(kind, core.pc())),
            None => Ok(()),
        }
    }
}
