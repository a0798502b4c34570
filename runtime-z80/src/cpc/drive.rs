//! AMSDOS as a program sees it that brings it back with `KL INIT BACK` and reads files whole. What it does costs no T-states.
//!
//! Each service loses the registers that the firmware's manual says, and what is below SP as deep as AMSDOS goes; it writes junk
//! to the buffer that it is given, and takes memory of its own (SOFT 968, "The Amstrad CPC Firmware", chapter 14).

use super::amsdos;
use super::disk::{FileName, Files};
use crate::core::Core;
use crate::end::{End, FaultKind};
use crate::registers::Registers;
use mlc_machine::Junk;

pub(super) const CAS_IN_OPEN: u16 = 0xBC77;
pub(super) const CAS_IN_CLOSE: u16 = 0xBC7A;
pub(super) const CAS_IN_DIRECT: u16 = 0xBC83;
pub(super) const KL_INIT_BACK: u16 = 0xBCCE;
pub(super) const ENTRIES: [u16; 4] = [CAS_IN_OPEN, CAS_IN_CLOSE, CAS_IN_DIRECT, KL_INIT_BACK];

const ROM: u8 = 7;
/// Bytes that it takes from the end of free memory, with the number of the drive in the first; and where it says where that is.
const MEMORY: u16 = 0x0500;
pub(super) const POINTER: u16 = 0xBE7D;
/// Where its memory was while BASIC ran.
const FIRST: u16 = 0xA700;
/// Bytes of a file's buffer, and those below SP that are used.
const BUFFER: u16 = 2048;
const STACK: u16 = 160;
const CARRY: u16 = 1;
const ZERO: u16 = 0x40;
const NAME: usize = 8;

/// The disk in the drive that the program was started from.
pub(super) struct Drive {
    files: Files,
    number: u8,
    state: State,
}

/// What there is of AMSDOS.
enum State {
    /// It was dropped when the program was started.
    Dropped,
    Closed,
    /// A file that was opened, as the directory names it.
    Open(FileName),
}

impl Drive {
    /// A drive with a disk. What AMSDOS has left in memory is there.
    pub(super) fn new(files: Files, core: &mut Core, junk: &mut Junk) -> Self {
        let number = junk.word() as u8 & 1;
        core.load(POINTER, &FIRST.to_le_bytes());
        core.load(FIRST, &[number]);
        Drive { files, number, state: State::Dropped }
    }

    /// AMSDOS is dropped with the rest of the firmware's state.
    pub(super) fn drop_system(&mut self) {
        self.state = State::Dropped;
    }

    /// The service at PC.
    pub(super) fn service(&mut self, core: &mut Core, junk: &mut Junk) -> Result<(), End> {
        core.spoil_stack(STACK, junk);
        match (core.pc(), &self.state) {
            (KL_INIT_BACK, _) => self.start(core, junk),
            (CAS_IN_CLOSE, State::Open(_)) => {
                self.state = State::Closed;
                leave(core, junk, CARRY, None);
                Ok(())
            }
            (CAS_IN_OPEN, State::Closed) => {
                self.open(core, junk);
                Ok(())
            }
            (CAS_IN_DIRECT, State::Open(name)) => {
                let name = *name;
                self.read(&name, core, junk);
                Ok(())
            }
            (entry, _) => Err(core.end(FaultKind::NoFile { entry }, core.return_address())),
        }
    }

    /// `KL INIT BACK`: takes its memory from the end of what HL says is free, and begins with drive A.
    fn start(&mut self, core: &mut Core, junk: &mut Junk) -> Result<(), End> {
        let Registers { bc, de, hl, .. } = core.registers();
        let [_, rom] = bc.to_be_bytes();
        let first = hl.wrapping_sub(MEMORY).wrapping_add(1);
        if rom != ROM || first < de || first > hl {
            return Err(core.end(FaultKind::BackgroundRom { rom, hl }, core.return_address()));
        }
        for address in first..=hl {
            core.write(address, junk.word() as u8);
        }
        core.write(first, 0);
        core.load(POINTER, &first.to_le_bytes());
        self.state = State::Closed;
        let (af, b) = (junk.word(), junk.word() & 0xFF00);
        core.set_registers(Registers {
            af,
            bc: b | bc & 0xFF,
            hl: first.wrapping_sub(1),
            ..core.registers()
        });
        Ok(())
    }

    /// `CAS IN OPEN`: without such a file on the drive that is chosen, no carry.
    fn open(&mut self, core: &mut Core, junk: &mut Junk) {
        let Registers { bc, de, hl, .. } = core.registers();
        let length = bc >> 8;
        let text: Vec<u8> = (0..length).map(|at| core.memory().byte(hl.wrapping_add(at))).collect();
        for at in 0..BUFFER {
            core.write(de.wrapping_add(at), junk.word() as u8);
        }
        let drive = core.memory().byte(core.memory().word(POINTER));
        let name = directory_name(&text);
        let found = name
            .filter(|_| drive == self.number)
            .and_then(|name| self.files.get(&name).map(|file| (name, file)));
        match found.and_then(|(name, file)| Some((name, amsdos::read(file).ok()?))) {
            Some((name, file)) => {
                self.state = State::Open(name);
                let length = file.bytes.len() as u16;
                leave(core, junk, CARRY, Some((u16::from(amsdos::BINARY), length, file.start)));
            }
            None => leave(core, junk, 0, None),
        }
    }

    /// `CAS IN DIRECT`: the content to HL.
    fn read(&mut self, name: &FileName, core: &mut Core, junk: &mut Junk) {
        let to = core.registers().hl;
        let file = amsdos::read(&self.files[name]).expect("it was read when it was opened");
        for (address, &byte) in (0..).map(|at| to.wrapping_add(at)).zip(file.bytes.iter()) {
            core.write(address, byte);
        }
        leave(core, junk, CARRY, None);
    }
}

/// Junk in AF, BC, DE, HL and IX but for these flags, and A, BC and DE where a file was opened.
fn leave(core: &mut Core, junk: &mut Junk, carry: u16, opened: Option<(u16, u16, u16)>) {
    let mut word = || junk.word();
    let (af, bc, de, hl, ix) = (word(), word(), word(), word(), word());
    let flags = af & 0xFF & !(CARRY | ZERO) | carry;
    let (a, bc, de) = opened.unwrap_or((af >> 8, bc, de));
    core.set_registers(Registers { af: a << 8 | flags, bc, de, hl, ix, ..core.registers() });
}

/// `TALK.P4` as a directory has it.
fn directory_name(text: &[u8]) -> Option<FileName> {
    let (name, kind) = match text.iter().position(|&byte| byte == b'.') {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &b""[..]),
    };
    let mut full = [b' '; 11];
    full.get_mut(..name.len()).filter(|_| (1..=NAME).contains(&name.len()))?.copy_from_slice(name);
    full.get_mut(NAME..NAME + kind.len())?.copy_from_slice(kind);
    Some(full.map(|byte| byte.to_ascii_uppercase()))
}
