//! The traps: console functions and BIOS entries here, lines in `line`, files in `files`.

use super::files::Files;
use super::line::LineEnd;
use super::times::service_time;
use super::{BIOS_ENTRIES, CCP_STACK_BYTES, CCP_STACK_TOP};
use crate::core::Core;
use crate::end::{End, Exit, Fault, FaultKind};
use crate::observe::Z80;
use crate::registers::Registers;
use crate::run::Host;
use crate::symbols::Location;
use crate::timing;
use mlc_machine::Junk;
use mlc_machine::Observer;
use mlc_machine::{Attended, Console, Input, Readiness};

/// A program that asks so often in a row for input that can never come is taken to wait for it.
const POLLS_IN_VAIN: u32 = 1000;
const TAB_STOP: u8 = 8;
/// Which devices the logical ones are; kept, and without effect.
const IOBYTE: u16 = 0x0003;
/// What a reader gives that has nothing to read.
const END_OF_TEXT: u8 = 0x1A;

/// The BDOS and the BIOS, with console and drive.
pub struct Services<C> {
    pub(super) console: Attended<C>,
    pub(super) files: Files,
    ccp: u16,
    bdos: u16,
    bios: u16,
    junk: Junk,
    /// The cursor's column, for tab stops and erasing. 8 bits, as in the BDOS.
    pub(super) column: u8,
    /// Questions for input after its end since the last output.
    polls_in_vain: u32,
    /// Whether the interrupt routine counts.
    pub(super) counting: bool,
    /// Whether a call loses IX and IY.
    pub(super) loses_index: bool,
}

/// The entries of the BIOS that reach sectors.
const BIOS_DISK: [(u16, &str); 8] = [
    (8, "HOME"),
    (9, "SELDSK"),
    (10, "SETTRK"),
    (11, "SETSEC"),
    (12, "SETDMA"),
    (13, "READ"),
    (14, "WRITE"),
    (16, "SECTRAN"),
];

/// What a call gives back: HL; `None` where CP/M promises nothing.
type Answer = Option<u16>;

impl<C: Console> Services<C> {
    pub(super) fn new(console: C, ccp: u16, bdos: u16, bios: u16, junk: Junk) -> Self {
        let (console, files) = (Attended::new(console), Files::new(bdos));
        let (column, polls_in_vain, counting, loses_index) = (0, 0, false, false);
        Services { console, files, ccp, bdos, bios, junk, column, polls_in_vain, counting, loses_index }
    }

    fn bdos(&mut self, core: &mut Core, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        let registers = core.registers();
        let (function, de) = (registers.bc as u8, registers.de);
        let e = de as u8;
        let answer = match function {
            0 => return Err(End::Exit(Exit::SystemReset)),
            1 => {
                let byte = self.read_echoed()?;
                if byte == b'\r' {
                    observer.on_line_end(core.t_states());
                }
                Some(byte.into())
            }
            2 => {
                self.expand(e, core, observer);
                None
            }
            3 => Some(u16::from(END_OF_TEXT)),
            // Punch and printer: nobody is there to take it.
            4 | 5 => None,
            6 if e == 0xFF => match self.status()? {
                true => Some(u16::from(self.read()?)),
                false => Some(0),
            },
            6 => {
                self.put(e, core, observer);
                None
            }
            7 => Some(u16::from(core.memory().byte(IOBYTE))),
            8 => {
                core.write(IOBYTE, e);
                None
            }
            9 => self.text(de, core, observer)?,
            10 => match self.line(de, core)? {
                LineEnd::Complete => {
                    observer.on_line_end(core.t_states());
                    None
                }
                LineEnd::WarmBoot => return Err(End::Exit(Exit::ControlC)),
            },
            11 => Some(u16::from(self.status()?)),
            // CP/M, version 2.2.
            12 => Some(0x0022),
            _ => {
                core.charge(service_time(function, de, core));
                let result = self.files.call(function, de, core);
                Some(result.map_err(|kind| core.end(kind, caller(core)))?)
            }
        };
        if let Some(kind) = core.take_refused() {
            return Err(core.end(kind, caller(core)));
        }
        self.finish(core, answer);
        Ok(())
    }

    /// Returns to the program. CP/M 2.2 gives results in HL with A = L and B = H; all other registers that
    /// 8080 code can reach come back with junk.
    fn finish(&mut self, core: &mut Core, answer: Answer) {
        let [h, l] = answer.unwrap_or_else(|| self.junk.word()).to_be_bytes();
        let (f, c) = (self.junk.word() as u8, self.junk.word() as u8);
        core.set_registers(Registers {
            af: u16::from_be_bytes([l, f]),
            bc: u16::from_be_bytes([h, c]),
            de: self.junk.word(),
            hl: u16::from_be_bytes([h, l]),
            ..core.registers()
        });
        if self.loses_index {
            let (ix, iy) = (self.junk.word(), self.junk.word());
            core.set_registers(Registers { ix, iy, ..core.registers() });
        }
        core.ret();
    }

    fn bios(&mut self, entry: u16, core: &mut Core, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        let answer = match entry {
            0 | 1 => return Err(End::Exit(Exit::WarmBoot)),
            2 => Some(if self.status()? { 0xFF } else { 0 }),
            3 => Some(u16::from(self.read()?)),
            4 => {
                self.put(core.registers().bc as u8, core, observer);
                None
            }
            // Printer and punch: nobody is there to take it.
            5 | 6 => None,
            7 => Some(u16::from(END_OF_TEXT)),
            // The printer takes everything at once.
            15 => Some(0xFF),
            _ => {
                let name =
                    BIOS_DISK.iter().find(|(number, _)| *number == entry).map_or("?", |(_, name)| name);
                return Err(core.end(FaultKind::Sectors { entry: entry as u8, name }, caller(core)));
            }
        };
        core.charge(timing::JP);
        // Only A is promised: B and H of the answer are junk as well.
        let answer = answer.map(|a| a | (self.junk.word() & 0xFF00));
        self.finish(core, answer);
        Ok(())
    }

    /// Back in the CCP, if it is still there. Its stack, which the program was given, does not count.
    fn returned(&self, core: &Core) -> End {
        let top = self.ccp + CCP_STACK_TOP;
        let stack = top - CCP_STACK_BYTES..top;
        let overwritten = (self.ccp..self.bdos).find(|at| !stack.contains(at) && !core.is_blank(*at));
        match overwritten {
            None => End::Exit(Exit::Return),
            // The RET itself is gone with its PC; what is known is where it led, which no symbol names.
            Some(address) => End::Fault(Fault {
                at: Location { address: self.ccp, symbol: None },
                kind: FaultKind::CcpOverwritten { address },
            }),
        }
    }

    pub(super) fn read(&mut self) -> Result<u8, End> {
        match self.console.read() {
            Input::Byte(byte) => Ok(byte),
            Input::End => Err(End::EndOfInput),
        }
    }

    /// Function 1 echoes what moves the cursor or leaves a mark.
    fn read_echoed(&mut self) -> Result<u8, End> {
        let byte = self.read()?;
        if byte == b'\t' {
            self.echo(b' ');
            while !self.column.is_multiple_of(TAB_STOP) {
                self.echo(b' ');
            }
        } else if byte >= b' ' || matches!(byte, b'\r' | b'\n' | 0x08) {
            self.echo(byte);
        }
        Ok(byte)
    }

    fn status(&mut self) -> Result<bool, End> {
        match self.console.ready() {
            Readiness::Byte => Ok(true),
            Readiness::Nothing => Ok(false),
            Readiness::End => {
                self.polls_in_vain += 1;
                if self.polls_in_vain > POLLS_IN_VAIN { Err(End::EndOfInput) } else { Ok(false) }
            }
        }
    }

    fn text(&mut self, start: u16, core: &Core, observer: &mut dyn Observer<Z80>) -> Result<Answer, End> {
        let mut at = start;
        // Ends, because nobody ever writes to the BDOS.
        while !core.is_blank(at) {
            let byte = core.memory().byte(at);
            if byte == b'$' {
                return Ok(None);
            }
            self.expand(byte, core, observer);
            at = at.wrapping_add(1);
        }
        let kind = FaultKind::UnterminatedText { address: start, blank: at };
        Err(core.end(kind, caller(core)))
    }

    /// Output with tabs turned into spaces, as functions 2 and 9 do.
    fn expand(&mut self, byte: u8, core: &Core, observer: &mut dyn Observer<Z80>) {
        if byte != b'\t' {
            self.put(byte, core, observer);
            return;
        }
        self.put(b' ', core, observer);
        while !self.column.is_multiple_of(TAB_STOP) {
            self.put(b' ', core, observer);
        }
    }

    fn put(&mut self, byte: u8, core: &Core, observer: &mut dyn Observer<Z80>) {
        self.polls_in_vain = 0;
        self.advance(byte);
        self.console.write(byte);
        observer.on_console_out(byte, core.t_states());
    }

    pub(super) fn echo(&mut self, byte: u8) {
        self.advance(byte);
        self.console.echo(byte);
    }

    /// The column after `byte`, as the BDOS keeps it: a carriage return alone does not count.
    fn advance(&mut self, byte: u8) {
        self.column = match byte {
            0x7F => self.column,
            b' '.. => self.column.wrapping_add(1),
            0x08 => self.column.saturating_sub(1),
            b'\n' => 0,
            _ => self.column,
        };
    }
}

impl<C: Console> Host for Services<C> {
    fn take_asked(&mut self) -> bool {
        self.console.take_asked()
    }

    fn trap(&mut self, core: &mut Core, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        let pc = core.pc();
        if pc == self.bdos {
            return self.bdos(core, observer);
        }
        if pc == self.ccp {
            return Err(self.returned(core));
        }
        // The other traps set at loading are the BIOS's entries.
        let entry = pc.wrapping_sub(self.bios) / 3;
        debug_assert!(entry < BIOS_ENTRIES, "no trap was set at {pc:04X}h");
        self.bios(entry, core, observer)
    }
}

/// The call that led to the trap, or where it returns to when it was made in another way.
fn caller(core: &Core) -> u16 {
    let back = core.return_address();
    let call = back.wrapping_sub(3);
    if core.memory().byte(call) == 0xCD { call } else { back }
}
