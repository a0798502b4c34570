//! The ROM's services that a program uses, as traps: printing, opening a channel, clearing the screen, and the interrupt
//! routine, which reads the keyboard.
//!
//! Each destroys what the ROM destroys, with junk, and writes junk as deep below SP as the ROM goes, so that a program
//! without room for it shows here. The work of a service costs no T-states but its `RET`: how much it is differs from
//! ROM to ROM.

use super::font;
use super::paging::{BANKM, ROM_BASIC};
use super::screen::{COLUMNS, ROWS, attribute, cell};
use super::tape::Deck;
use super::ula::Ula;
use super::variables::*;
use crate::core::Core;
use crate::end::{End, Exit, FaultKind};
use crate::observe::Z80;
use crate::registers::Registers;
use crate::run::Host;
use crate::terminal::{Key, Terminal};
use mlc_machine::Observer;
use mlc_machine::{Console, Junk};

/// `RST 8`: BASIC stops with the report whose number, less one, stands behind it.
const ERROR: u16 = 0x0008;
pub(super) const PRINT: u16 = 0x0010;
pub(super) const INTERRUPT: u16 = 0x0038;
pub(super) const CLS: u16 = 0x0D6B;
pub(super) const CHAN_OPEN: u16 = 0x1601;
/// Where `USR` has its result stacked: a program's way back to BASIC.
pub(super) const STACK_BC: u16 = 0x2D2B;
/// Where BASIC prints its report and goes on: the way back of a program that a snapshot starts.
const MAIN_REPORT: u16 = 0x1303;
/// Loads a block of a tape.
const LD_BYTES: u16 = 0x0556;
/// With 128 KB: where ROM 0 starts the machine.
pub(super) const RESTART: u16 = 0x0000;
pub(super) const ENTRIES: [u16; 8] =
    [ERROR, PRINT, INTERRUPT, LD_BYTES, CLS, MAIN_REPORT, CHAN_OPEN, STACK_BC];

/// Channel S, the upper screen: all rows but the two lowest.
const CHANNEL_S: u8 = 2;
const PRINT_ROWS: u8 = ROWS - 2;
/// HL' while BASIC evaluates `USR`: the calculator's next literal.
pub(super) const BASIC_HL: u16 = 0x2758;

/// Bytes below SP that the ROM's routines use, their return addresses included. Measured on a ROM; see the tests.
const PRINT_STACK: u16 = 48;
const INTERRUPT_STACK: u16 = 24;

const BACKSPACE: u8 = 8;
const ENTER: u8 = 13;
/// Followed by a row and a column.
const AT: u8 = 22;
const DELETE: u8 = 12;

/// The services, with the console behind them.
pub struct Rom<C> {
    pub(super) terminal: Terminal<C>,
    junk: Junk,
    /// A key on its way to the program.
    key: Option<u8>,
    /// The channel that prints has been chosen.
    open: bool,
    /// `AT` and its row, as far as they were printed.
    at: Vec<u8>,
    /// What is left on the tape.
    pub(super) deck: Deck,
}

impl<C: Console> Rom<C> {
    pub(super) fn new(console: C, junk: Junk) -> Self {
        Rom {
            terminal: Terminal::new(console),
            junk,
            key: None,
            open: false,
            at: Vec::new(),
            deck: Deck::default(),
        }
    }

    /// Prints the character in A.
    fn print(&mut self, core: &mut Core, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        if !self.open {
            return Err(core.end(FaultKind::NoChannel, core.return_address()));
        }
        let code = core.registers().af.to_be_bytes()[0];
        match code {
            _ if self.at.len() == 2 => {
                let row = self.at[1];
                self.at.clear();
                if row >= PRINT_ROWS || code >= COLUMNS {
                    return Err(core.end(FaultKind::OutOfScreen { row, column: code }, core.return_address()));
                }
                place(core, row, code);
            }
            AT => self.at.push(code),
            _ if !self.at.is_empty() => self.at.push(code),
            ENTER => {
                next_row(core);
                self.show(b'\r', core, observer);
                self.show(b'\n', core, observer);
            }
            BACKSPACE => {
                let (row, column) = position(core);
                // From the first column not every ROM goes back to the row above.
                place(core, row, column.saturating_sub(1));
                self.show(code, core, observer);
            }
            _ => {
                let Some(shape) = font::rows(code) else {
                    return Err(core.end(FaultKind::UnprintableCode { code }, core.return_address()));
                };
                if position(core).1 == COLUMNS {
                    next_row(core);
                }
                let (row, column) = position(core);
                (0..8).zip(shape).for_each(|(line, bits)| core.write(cell(row, column, line), bits));
                core.write(attribute(row, column), core.memory().byte(ATTR_P));
                place(core, row, column + 1);
                self.show(code, core, observer);
            }
        }
        if core.memory().byte(SCR_CT) == 0 {
            return Err(core.end(FaultKind::ScrollQuestion, core.return_address()));
        }
        self.finish(core, PRINT_STACK);
        Ok(())
    }

    fn show(&mut self, byte: u8, core: &Core, observer: &mut dyn Observer<Z80>) {
        self.terminal.show(byte, core.t_states(), observer);
    }

    /// Returns to the program: A and F are lost, as are AF', BC' and DE', which the ROM prints with.
    fn finish(&mut self, core: &mut Core, stack: u16) {
        core.spoil_stack(stack, &mut self.junk);
        core.set_registers(Registers { af: self.junk.word(), ..core.registers() });
        let alternate = core.alternate_registers();
        let (af, bc, de) = (self.junk.word(), self.junk.word(), self.junk.word());
        core.set_alternate_registers(Registers { af, bc, de, ..alternate });
        core.ret();
    }

    /// `LD-BYTES`: the next block. BC, HL and AF' are lost.
    fn load(&mut self, core: &mut Core) -> Result<(), End> {
        core.spoil_stack(PRINT_STACK, &mut self.junk);
        if !self.deck.load(core) {
            return Err(core.end(FaultKind::NoTape, core.return_address()));
        }
        core.set_registers(Registers { bc: self.junk.word(), hl: self.junk.word(), ..core.registers() });
        let alternate = core.alternate_registers();
        core.set_alternate_registers(Registers { af: self.junk.word(), ..alternate });
        Ok(())
    }

    /// Counts the frame, hands a waiting key over, returns with interrupts on.
    fn interrupt(&mut self, core: &mut Core, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        let iy = core.registers().iy;
        if iy != IY {
            return Err(core.end(FaultKind::BasicPointer { iy }, core.return_address()));
        }
        core.spoil_stack(INTERRUPT_STACK, &mut self.junk);
        for at in FRAMES..FRAMES + 3 {
            let count = core.memory().byte(at).wrapping_add(1);
            core.write(at, count);
            if count != 0 {
                break;
            }
        }
        let flags = core.memory().byte(FLAGS);
        if flags & NEW_KEY == 0
            && let Some(key) = self.key.take()
        {
            core.write(LAST_K, key);
            core.write(FLAGS, flags | NEW_KEY);
            if key == ENTER {
                self.terminal.line_end(core.t_states(), observer);
            }
        }
        core.enable_interrupts();
        core.ret();
        Ok(())
    }
}

impl<C: Console> Host for Rom<C> {
    fn take_asked(&mut self) -> bool {
        self.terminal.console.take_asked()
    }

    fn trap(&mut self, core: &mut Core, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        match core.pc() {
            ERROR => {
                let behind = core.return_address();
                let number = core.memory().byte(behind).wrapping_add(1);
                return Err(core.end(FaultKind::Report { number }, behind.wrapping_sub(1)));
            }
            PRINT => self.print(core, observer)?,
            INTERRUPT => self.interrupt(core, observer)?,
            LD_BYTES => self.load(core)?,
            RESTART => return Err(End::Exit(Exit::Basic)),
            CLS => {
                clear(core);
                self.finish(core, PRINT_STACK);
            }
            CHAN_OPEN => {
                let channel = core.registers().af.to_be_bytes()[0];
                if channel != CHANNEL_S {
                    return Err(core.end(FaultKind::NoSuchChannel { channel }, core.return_address()));
                }
                self.open = true;
                self.finish(core, PRINT_STACK);
            }
            _ => return Err(self.returned(core)),
        }
        match core.take_refused() {
            Some(kind) => Err(core.end(kind, core.pc())),
            None => Ok(()),
        }
    }

    /// The program waits for a key, if it has taken the last one.
    fn halt(&mut self, core: &mut Core) -> Result<(), End> {
        let waits = core.interrupts_enabled() && core.memory().byte(FLAGS) & NEW_KEY == 0;
        if !waits || self.key.is_some() {
            return Ok(());
        }
        self.key = Some(match self.terminal.key()? {
            Key::Enter => ENTER,
            Key::Delete => DELETE,
            Key::Character(code) => code,
        });
        Ok(())
    }
}

impl<C> Rom<C> {
    /// Back in BASIC, if the registers are as it needs them.
    fn returned(&self, core: &mut Core) -> End {
        let (iy, hl) = (core.registers().iy, core.alternate_registers().hl);
        let bankm = core.memory().byte(BANKM);
        let sent = core.ports::<Ula>().paging.as_ref().map(|paging| paging.sent);
        if let Some(sent) = sent.filter(|&sent| (sent, bankm) != (ROM_BASIC, ROM_BASIC)) {
            core.end(FaultKind::Pages { sent, bankm }, STACK_BC)
        } else if iy != IY {
            core.end(FaultKind::BasicPointer { iy }, STACK_BC)
        } else if hl != BASIC_HL {
            core.end(FaultKind::BasicCalculator { hl }, STACK_BC)
        } else {
            End::Exit(Exit::Return)
        }
    }
}

/// Row and column of the next character; column 32 is behind the last of a row.
fn position(core: &Core) -> (u8, u8) {
    let byte = |at| core.memory().byte(at);
    (24u8.saturating_sub(byte(S_POSN + 1)).min(ROWS - 1), 33u8.saturating_sub(byte(S_POSN)).min(COLUMNS))
}

fn place(core: &mut Core, row: u8, column: u8) {
    core.write(S_POSN, 33 - column);
    core.write(S_POSN + 1, 24 - row);
    let address = cell(row, 0, 0) + u16::from(column);
    let [low, high] = address.to_le_bytes();
    core.write(DF_CC, low);
    core.write(DF_CC + 1, high);
}

fn next_row(core: &mut Core) {
    let (row, _) = position(core);
    if row + 1 < PRINT_ROWS {
        return place(core, row + 1, 0);
    }
    // The ROM asks "scroll?" when the count reaches 0.
    let count = core.memory().byte(SCR_CT).wrapping_sub(1);
    core.write(SCR_CT, count);
    for row in 1..PRINT_ROWS {
        for column in 0..COLUMNS {
            for line in 0..8 {
                let bits = core.memory().byte(cell(row, column, line));
                core.write(cell(row - 1, column, line), bits);
            }
            let colours = core.memory().byte(attribute(row, column));
            core.write(attribute(row - 1, column), colours);
        }
    }
    clear_row(core, PRINT_ROWS - 1);
    place(core, PRINT_ROWS - 1, 0);
}

fn clear(core: &mut Core) {
    (0..ROWS).for_each(|row| clear_row(core, row));
    place(core, 0, 0);
}

fn clear_row(core: &mut Core, row: u8) {
    let colours = core.memory().byte(ATTR_P);
    for column in 0..COLUMNS {
        (0..8).for_each(|line| core.write(cell(row, column, line), 0));
        core.write(attribute(row, column), colours);
    }
}
