//! The sections, in the order in which the linker script of binutils (`avr-ld -m avr5 --verbose`) lays them out.

use crate::asm::section::{SectionId, SectionKind, Spec};

const fn spec(name: &'static str, kind: SectionKind, flags: &'static str, code: bool, align: u32) -> Spec {
    Spec { name, kind, flags, code, align }
}

/// GNU as gives `.text` an alignment of 2 and pads each section's end to the section's alignment.
pub(in crate::asm) const SECTIONS: &[Spec] = &[
    spec(".vectors", SectionKind::Text, "\"ax\",@progbits", true, 1),
    spec(".progmem.data", SectionKind::Text, "\"a\",@progbits", false, 1),
    spec(".text", SectionKind::Text, "", true, 2),
    spec(".data", SectionKind::Data, "", false, 1),
    spec(".bss", SectionKind::Bss, "", false, 1),
    spec(".noinit", SectionKind::NoInit, "\"aw\",@nobits", false, 1),
];

pub(in crate::asm) const TEXT: SectionId = SectionId(2);
pub(in crate::asm) const DATA: SectionId = SectionId(3);

/// What ELF files add to the addresses of RAM, to tell them from those of flash.
pub(in crate::asm) const RAM: u32 = 0x80_0000;

/// The section called `name`.
pub(in crate::asm) fn find(name: &str) -> Option<SectionId> {
    SECTIONS.iter().zip(0..).find(|(spec, _)| spec.name == name).map(|(_, at)| SectionId(at))
}
