//! Calls and returns, as an observer is told of them.

use iz80::Reg16;
use mlc_machine::{Call, Return};

use crate::core::Core;
use crate::observe::Z80;
use mlc_machine::Observer;

/// What an instruction does if its condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Call,
    Return,
}

/// What is known before the instruction: it may change the memory that it stands in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leap {
    kind: Option<Kind>,
    sp: u16,
}

impl Core {
    /// Looks at the instruction at `pc` before it is executed.
    pub(crate) fn leap(&self, pc: u16) -> Leap {
        let byte = |distance: u16| self.bus.memory.byte(pc.wrapping_add(distance));
        let kind = match byte(0) {
            0xED => (byte(1) & 0xC7 == 0x45).then_some(Kind::Return),
            // Index prefixes are without effect here.
            0xDD | 0xFD => main(byte(1)),
            op => main(op),
        };
        Leap { kind, sp: self.sp() }
    }

    /// Tells of the instruction after it was executed.
    pub(crate) fn tell_leap(&self, leap: Leap, observer: &mut dyn Observer<Z80>) {
        let sp = self.sp();
        // One whose condition does not hold leaves SP alone.
        match leap.kind {
            Some(Kind::Call) if sp == leap.sp.wrapping_sub(2) => self.tell_call(observer),
            Some(Kind::Return) if sp == leap.sp.wrapping_add(2) => {
                observer.on_return(Return { to: self.pc(), slot: leap.sp.into() });
            }
            _ => {}
        }
    }

    /// Tells of a service that began with SP at `before`, if it has ended as a routine does.
    pub(crate) fn tell_service(&self, before: u16, observer: &mut dyn Observer<Z80>) {
        self.tell_leap(Leap { kind: Some(Kind::Return), sp: before }, observer);
    }

    /// Tells that PC was pushed.
    pub(crate) fn tell_call(&self, observer: &mut dyn Observer<Z80>) {
        let sp = self.sp();
        observer.on_call(Call { to: self.pc(), back: self.bus.memory.word(sp), slot: sp.into() });
    }

    #[inline]
    pub(crate) fn sp(&self) -> u16 {
        self.cpu.immutable_registers().get16(Reg16::SP)
    }
}

/// The unprefixed instructions.
fn main(op: u8) -> Option<Kind> {
    match (op, op & 0xC7) {
        (0xCD, _) | (_, 0xC4 | 0xC7) => Some(Kind::Call),
        (0xC9, _) | (_, 0xC0) => Some(Kind::Return),
        _ => None,
    }
}
