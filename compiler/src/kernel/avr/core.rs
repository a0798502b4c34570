//! What kernels must know of the core that they are for.

use crate::asm::{AvrCore, Isa};
use crate::kernel::Machine;
use crate::target::{Core, Cpu};

/// The instructions of a machine, and what they take.
pub fn isa(machine: Machine) -> Isa {
    match machine.cpu {
        Cpu::Avr(core) => Isa::Avr(assembler_core(core)),
        Cpu::Z80 => unreachable!("the kernels here are the AVR's"),
    }
}

/// The assembler's name for a core.
pub fn assembler_core(core: Core) -> AvrCore {
    match core {
        Core::Avr25 => AvrCore::Avr25,
        Core::Avr5 => AvrCore::Avr5,
        Core::Avr51 => AvrCore::Avr51,
        Core::Avr6 => AvrCore::Avr6,
    }
}

/// Whether it has `elpm` and RAMPZ, for more than 64 KiB of flash.
pub fn reads_far(core: Core) -> bool {
    matches!(core, Core::Avr51 | Core::Avr6)
}

/// Whether it has `jmp` and `call`, so that code may be far away.
pub fn has_jumps(isa: Isa) -> bool {
    isa != Isa::Avr(AvrCore::Avr25)
}

/// The instructions that call shared code, and jump to it.
pub fn to_shared(machine: Machine) -> (&'static str, &'static str) {
    if machine.far { ("call", "jmp") } else { ("rcall", "rjmp") }
}
