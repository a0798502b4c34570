//! Between the passes: gives the sections their places.

use super::Placed;
use crate::asm::Options;
use crate::asm::avr::{AvrError, RAM};
use crate::asm::error::Problem;
use crate::asm::isa::Isa;
use crate::asm::section::{Places, Section, SectionKind};

const KINDS: [(SectionKind, &str); 4] = [
    (SectionKind::Text, ".text"),
    (SectionKind::Data, ".data"),
    (SectionKind::Bss, ".bss"),
    (SectionKind::NoInit, ".noinit"),
];

pub(super) fn arrange(isa: Isa, options: &Options, placed: &Placed) -> Result<Places, Vec<Problem>> {
    match isa {
        // One section, whose addresses are absolute. What it holds shows when it is emitted.
        Isa::Z80 => Ok(Places { bases: vec![0], outputs: vec![0], offsets: vec![0], sections: Vec::new() }),
        Isa::Avr(_) => arrange_avr(options, placed),
    }
}

/// As the linker script of binutils does: the sections of one kind one after the other, each at a multiple of its
/// alignment and padded to one, those in flash to whole words; data to whole words at its end; data, bss and noinit
/// one after the other in RAM, from where it starts. The first values of data stand right behind the text.
fn arrange_avr(options: &Options, placed: &Placed) -> Result<Places, Vec<Problem>> {
    let count = placed.sections.list.len();
    let mut places = Places {
        bases: vec![0; count],
        outputs: vec![0; count],
        offsets: vec![0; count],
        sections: Vec::new(),
    };
    // Sections have at most 256 KiB and alignments at most 32 KiB: no sum overflows.
    let mut end = 0;
    let mut image = 0;
    for ((kind, name), output) in KINDS.into_iter().zip(0..) {
        if kind == SectionKind::Data {
            end = RAM + u32::from(options.ram_start);
        }
        let start = end;
        let mut align = 1;
        for (section, at) in placed.sections.list.iter().zip(0..).filter(|(s, _)| s.spec.kind == kind) {
            let base = end.next_multiple_of(section.align);
            places.bases[at] = base;
            places.outputs[at] = output;
            places.offsets[at] = image + (base - start) as usize;
            end = base + section.address.next_multiple_of(section.align);
            if kind == SectionKind::Text {
                end = end.next_multiple_of(2);
            }
            align = align.max(section.align);
        }
        if kind == SectionKind::Data {
            end = end.next_multiple_of(2);
        }
        let loaded = matches!(kind, SectionKind::Text | SectionKind::Data);
        let bytes = image..image + if loaded { (end - start) as usize } else { 0 };
        image = bytes.end;
        places.sections.push(Section { name, kind, address: start, size: end - start, align, bytes });
        check(placed, kind, image, end)?;
    }
    Ok(places)
}

/// Whether flash has room for the image so far, and RAM for all up to `end`.
fn check(placed: &Placed, kind: SectionKind, image: usize, end: u32) -> Result<(), Vec<Problem>> {
    let flash = placed.sections.limit(SectionKind::Text);
    let ram = placed.sections.limit(SectionKind::Data);
    let full = if image > flash as usize {
        AvrError::MemoryFull { kind: SectionKind::Text, limit: flash }
    } else if kind != SectionKind::Text && end - RAM > ram {
        AvrError::MemoryFull { kind, limit: ram }
    } else {
        return Ok(());
    };
    // The last that takes up room is the one that is too much.
    let of_kind =
        |s: &&super::Statement| placed.sections.get(s.section).spec.kind == kind && s.content.len() > 0;
    let span = placed.statements.iter().rev().find(of_kind).or(placed.statements.last()).map(|s| s.span);
    Err(span.into_iter().map(|span| Problem { kind: full.clone().into(), span }).collect())
}
