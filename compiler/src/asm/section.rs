//! Sections: those of an instruction set, and how far a text fills each.

use super::avr::AvrError;
use super::dialect::Dialect;
use super::error::{ErrorKind, Res, Span, fail};
use super::expr::Value;
use super::isa::Isa;

/// A section's place in [`Isa::sections`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SectionId(pub u8);

/// What an assembly's section holds, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionKind {
    /// Instructions and constants, run from where they are loaded. The whole memory of a Z80.
    Text,
    /// Variables with a first value, which stands in flash behind the text.
    Data,
    /// Variables that start as zero.
    Bss,
    /// Variables that nobody sets before the program does.
    NoInit,
}

/// A section that a source text can name.
#[derive(Debug)]
pub(super) struct Spec {
    pub name: &'static str,
    pub kind: SectionKind,
    /// What stands after its name in `.section`: it must be written where GNU as has no default for the name. It
    /// knows the names without flags.
    pub flags: &'static str,
    /// Whether instructions may stand in it.
    pub code: bool,
    /// The alignment that it has from the start.
    pub align: u32,
}

/// A section while its statements are placed.
pub(super) struct Filling {
    pub spec: &'static Spec,
    /// Where the next byte goes, from the section's start; on a Z80 the address, up to 65536.
    pub address: u32,
    pub emitted: bool,
    /// The largest alignment asked for.
    pub align: u32,
    /// The statement at its end if that is an instruction that may skip the next.
    pub open_skip: Option<usize>,
}

/// All sections of a text.
pub(super) struct Sections {
    pub list: Vec<Filling>,
    pub current: SectionId,
    dialect: Dialect,
    /// The largest end address of each section.
    limits: [u32; 4],
}

impl Sections {
    pub fn new(isa: Isa) -> Sections {
        let filling = |spec: &'static Spec| Filling {
            spec,
            address: 0,
            emitted: false,
            align: spec.align,
            open_skip: None,
        };
        Sections {
            list: isa.sections().iter().map(filling).collect(),
            current: isa.first_section(),
            dialect: isa.dialect(),
            limits: isa.limits(),
        }
    }

    pub fn get(&self, id: SectionId) -> &Filling {
        &self.list[usize::from(id.0)]
    }

    pub fn current(&mut self) -> &mut Filling {
        &mut self.list[usize::from(self.current.0)]
    }

    /// The most bytes of memory that `kind` of section can lie in.
    pub fn limit(&self, kind: SectionKind) -> u32 {
        self.limits[kind as usize]
    }

    /// Moves the current section's end on.
    pub fn skip(&mut self, count: u64, span: Span) -> Res<()> {
        let (dialect, kind) = (self.dialect, self.current().spec.kind);
        let limit = self.limit(kind);
        let section = self.current();
        let end = u64::from(section.address) + count;
        if end > limit.into() {
            return match dialect {
                // Counts come from 16-bit values and from parts of the text, so that the rest is cut off here.
                Dialect::Pasmo => fail(ErrorKind::PastEnd(u32::try_from(end - 1).unwrap_or(u32::MAX)), span),
                Dialect::Gnu => fail(AvrError::MemoryFull { kind, limit }.into(), span),
            };
        }
        section.address = end as u32;
        section.emitted |= count > 0;
        Ok(())
    }
}

/// Where the sections came to lie.
pub(super) struct Places {
    /// Each section's address.
    pub bases: Vec<u32>,
    /// Which section of the result each belongs to.
    pub outputs: Vec<usize>,
    /// Where each section's bytes begin in the image; for those without bytes, where they would.
    pub offsets: Vec<usize>,
    pub sections: Vec<Section>,
}

/// A section of an [`Assembly`](super::Assembly).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// `.text`, `.data`, `.bss` or `.noinit`; the only one of a Z80 program is `.text`.
    pub name: &'static str,
    pub kind: SectionKind,
    /// Where it is when the program runs: on the AVR a byte address, in RAM from 0x800000 on, as in an ELF file.
    pub address: u32,
    /// In bytes.
    pub size: u32,
    /// The largest alignment that something in it asked for, in bytes.
    pub align: u32,
    /// Where its bytes stand in [`Assembly::bytes`](super::Assembly::bytes); empty if it has none to be loaded.
    /// The load address is the assembly's origin and the start of this range.
    pub bytes: std::ops::Range<usize>,
}

/// A value whose sections have their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resolved {
    pub number: i64,
    /// What an address points to; `None` for a number.
    pub space: Option<SectionKind>,
}

impl Places {
    pub fn resolve(&self, value: Value, sections: &Sections) -> Resolved {
        match value.section {
            None => Resolved { number: value.number, space: None },
            Some(id) => Resolved {
                number: value.number + i64::from(self.bases[usize::from(id.0)]),
                space: Some(sections.get(id).spec.kind),
            },
        }
    }
}
