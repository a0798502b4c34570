//! Assembles text to an image: its bytes, and the addresses to watch while they run. [`Image::file`] makes a file of it.

mod amsdos;
mod cdt;
mod dsk;
mod sna;
mod tap;

mod elf;
mod hex;

pub use elf::elf;
pub use hex::hex;

use crate::CompileError;
use crate::asm::{self, AsmError, Assembly, Isa, Options, SectionKind};
use crate::kernel::PAGE;
use crate::kernel::avr::assembler_core;
use crate::plan::{Needs, Plan};
use crate::render::Text;
use crate::stage::output;
use crate::target::{Cpu, ImageKind, Target};

/// Bytes of a Z80's memory.
const MEMORY: usize = 0x1_0000;

/// A finished program with its symbols.
#[derive(Debug, Clone)]
pub struct Image {
    pub origin: u16,
    pub bytes: Vec<u8>,
    pub assembly: Assembly,
    /// What it was assembled for.
    pub isa: Isa,
    /// Parts of the program, by address, that tables of T-states name.
    pub phases: Vec<Phase>,
    pub logits: Logits,
    /// Where its buffers begin: behind it, or in RAM.
    pub memory_start: usize,
    /// First address behind everything the program uses while it runs.
    pub memory_end: usize,
}

/// Instructions from `start` on belong to the phase, up to the next one's start. Those of a phase
/// without a name belong to the phase that was running before: code that several share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    pub start: u32,
    pub name: Option<String>,
}

/// Where the machine leaves the logits: two's complement, low and high bytes apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logits {
    /// When execution reaches it, the accumulators of the last layer are final.
    pub ready: u32,
    /// Addresses of each accumulator's low and high byte.
    pub accumulators: Vec<(u16, u16)>,
    /// `y = acc >> shift`.
    pub shift: u8,
}

impl Logits {
    /// Reads the logits through a function that reads a byte of the machine's memory.
    pub fn read(&self, byte: impl Fn(u16) -> u8) -> Vec<i16> {
        let one = |&(low, high): &(u16, u16)| i16::from_le_bytes([byte(low), byte(high)]) >> self.shift;
        self.accumulators.iter().map(one).collect()
    }
}

impl Image {
    /// The image as a file that a machine loads; some show the name then.
    pub fn file(&self, kind: ImageKind, name: &str) -> Vec<u8> {
        match kind {
            ImageKind::Com => self.bytes.clone(),
            ImageKind::Tap => tap::write(name, self.origin, &self.bytes),
            ImageKind::Sna => sna::write(self.origin, &self.bytes),
            ImageKind::Bin => amsdos::write(name, self.origin, &self.bytes),
            ImageKind::Dsk => dsk::write(name, self.origin, &self.bytes),
            ImageKind::Cdt => cdt::write(name, self.origin, &self.bytes),
            ImageKind::Hex => hex(&self.bytes).into_bytes(),
            ImageKind::Elf => match self.isa {
                Isa::Avr(core) => elf(&self.assembly, core),
                Isa::Z80 => unreachable!("only targets made of AVR boards load ELF files"),
            },
        }
    }

    /// What to type to start the program called `name` from a file of this kind that is in the machine. `None`: that
    /// depends on how the file came there.
    pub fn start(kind: ImageKind, name: &str) -> Option<String> {
        match kind {
            ImageKind::Dsk => Some(format!("RUN\"{}", amsdos::name(name))),
            ImageKind::Cdt => Some("RUN\"".into()),
            ImageKind::Com
            | ImageKind::Tap
            | ImageKind::Sna
            | ImageKind::Bin
            | ImageKind::Hex
            | ImageKind::Elf => None,
        }
    }

    /// Bytes that it takes, and that its buffers and stack take behind it or in RAM.
    pub fn needs(&self) -> Needs {
        Needs { image: self.bytes.len(), buffers: self.memory_end.saturating_sub(self.memory_start) }
    }

    /// Bytes that the image could grow by, with its buffers behind it.
    pub fn room(&self, target: &Target) -> usize {
        if let Some(flash) = target.flash {
            return flash.saturating_sub(self.bytes.len());
        }
        let image_end = usize::from(self.origin) + self.bytes.len();
        let loader = usize::from(target.image_end).saturating_sub(image_end);
        // The buffers begin at a page, so that some bytes more may move nothing.
        let pages = usize::from(target.memory_end).saturating_sub(self.memory_end) / PAGE * PAGE;
        loader.min(pages + image_end.next_multiple_of(PAGE) - image_end)
    }
}

/// Assembles the text of `plan` and finds phases and logits by their symbols. `None`: memory ends
/// before the program or its buffers do, so the text does not assemble. The caller must still ask whether an image that
/// assembles fits the target.
///
/// # Errors
/// When the text does not assemble or lacks a symbol that every program has.
pub fn assemble(plan: &Plan, target: &Target, text: &Text) -> Result<Option<Image>, CompileError> {
    let (isa, extension) = match target.cpu {
        Cpu::Z80 => (Isa::Z80, "asm"),
        Cpu::Avr(core) => (Isa::Avr(assembler_core(core)), "S"),
    };
    let file = format!("{}.{extension}", plan.layout.name);
    let options = Options { ram_start: target.origin };
    let assembly = match asm::assemble_with(&text.assembly, &file, isa, &options) {
        Ok(assembly) => assembly,
        Err(error) if is_full(plan, &error) => return Ok(None),
        Err(error) => return Err(CompileError::Assembly(Box::new(error))),
    };
    let template = |message: String| CompileError::Template { name: target.console.clone(), message };
    let symbol = |name: &str| {
        let found = assembly.table.get(name).map(|symbol| symbol.value);
        found.ok_or_else(|| template(format!("the program has no symbol {name}")))
    };
    let mut phases = Vec::new();
    for phase in &text.phases {
        phases.push(Phase { start: symbol(&phase.label)?, name: phase.name.clone() });
    }
    phases.sort_by_key(|p| p.start);
    let (stage, choose) = output(plan.stages());
    let visible = plan.stages()[stage].product().map_or(0, |product| product.visible());
    // An AVR's data addresses have bits above the sixteenth.
    let address = |symbol: u32| symbol as u16;
    let base = address(symbol(&format!("{}_acc", plan.stages()[stage].name))?);
    let accumulators = (0..visible).map(|o| {
        // Addresses wrap where the image is too large; it is refused for its size then.
        let (low, high) = plan.layout.memory.accumulator(stage, o);
        (base.wrapping_add(low as u16), base.wrapping_add(high as u16))
    });
    let logits =
        Logits { ready: symbol("logits_ready")?, accumulators: accumulators.collect(), shift: choose.shift };
    let memory_end = match target.cpu {
        Cpu::Z80 => plan.layout.memory.end(usize::from(assembly.origin) + assembly.bytes.len()),
        Cpu::Avr(_) => {
            if address(symbol("net_memory")?) != target.origin {
                return Err(template("net_memory is not the first of RAM".into()));
            }
            let in_ram = assembly.sections.iter().filter(|s| s.kind != SectionKind::Text);
            let end = in_ram.map(|s| (s.address & 0xFFFF) as usize + s.size as usize).max();
            end.unwrap_or(target.origin.into()) + usize::from(target.stack)
        }
    };
    let memory_start = match target.cpu {
        Cpu::Z80 => usize::from(assembly.origin) + assembly.bytes.len(),
        Cpu::Avr(_) => target.origin.into(),
    };
    let (origin, bytes) = (assembly.origin, assembly.bytes.clone());
    Ok(Some(Image { origin, bytes, isa, phases, logits, memory_start, memory_end, assembly }))
}

/// Whether the text of `plan` does not assemble because of its size: it passes the end of memory, or the buffers behind
/// it do, so that the numbers of their pages are no bytes any more.
fn is_full(plan: &Plan, error: &AsmError) -> bool {
    let buffers = |end: u32| plan.layout.memory.end(end as usize) > MEMORY;
    error.is_full() || error.end.is_some_and(buffers)
}
