//! Assembles text to an image: its bytes, and the addresses to watch while they run. [`Image::file`] makes a file of it.

mod amsdos;
mod cdt;
mod dsk;
mod rom;
mod sna;
mod tap;
mod tzx;
mod volume;
mod wav;

mod elf;
mod hex;

pub use elf::elf;
pub use hex::hex;
pub use tap::SCREEN_BYTES;
pub use volume::{DISK_FORMATS, DiskError, DiskFormat};

use crate::CompileError;
use crate::asm::{self, AsmError, Assembly, Isa, Options, SectionKind};
use crate::kernel::PAGE;
use crate::kernel::avr::assembler_core;
use crate::kernel::sequence::{Banked, Beside, Page};
use crate::plan::{Needs, Plan};
use crate::render::Text;
use crate::stage::output;
use crate::target::{self, Cpu, ImageKind, Target};

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
    /// A file that it reads while it runs.
    pub beside: Option<Beside>,
    /// What it shows in a window while it runs.
    pub banked: Option<Banked>,
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
    /// Logits of a step. Where there are more than accumulators, they come one after the other: execution reaches `ready`
    /// again for each.
    pub count: usize,
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
            ImageKind::Tap | ImageKind::Tzx | ImageKind::Wav => self.tape(kind, name, None),
            ImageKind::Sna => {
                match &self.pages().map(|(page, bytes)| (page.select & 7, bytes)).collect::<Vec<_>>()[..] {
                    [] => sna::write(self.origin, &self.bytes),
                    pages => sna::write_pages(self.origin, &self.bytes, pages),
                }
            }
            ImageKind::Bin => self.amsdos_files(name).swap_remove(0).1,
            ImageKind::Dsk => {
                let files = self.amsdos_files(name);
                let files: Vec<_> = files.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
                dsk::write(&files).expect("a disk has more room than the memory of a CPC")
            }
            ImageKind::Cdt => cdt::write(name, self.origin, &self.bytes),
            ImageKind::Rom => rom::write(&self.bytes, self.banked.as_ref()),
            ImageKind::Hex => hex(&self.bytes).into_bytes(),
            ImageKind::Elf => match self.isa {
                Isa::Avr(core) => elf(&self.assembly, core),
                Isa::Z80 => unreachable!("only targets made of AVR boards load ELF files"),
            },
        }
    }

    /// The same of a cassette of a ZX Spectrum, with a screen of [`SCREEN_BYTES`] bytes that is shown while it loads.
    pub fn tape(&self, kind: ImageKind, name: &str, screen: Option<&[u8]>) -> Vec<u8> {
        let pages = self.pages().map(|(_, bytes)| bytes);
        let blocks = tap::blocks(name, (self.origin, self.entry()), (screen, &self.bytes), pages);
        match kind {
            ImageKind::Tzx => tzx::write(&blocks),
            ImageKind::Wav => wav::write(&blocks),
            _ => tap::write(&blocks),
        }
    }

    /// A raw image of a CP/M disk that has the program, called `name`, and the file that it reads.
    ///
    /// # Errors
    /// They do not fit.
    pub fn disk(&self, format: &DiskFormat, name: &str) -> Result<Vec<u8>, DiskError> {
        let program = (volume::file_name(name, "COM"), &self.bytes[..]);
        let beside = self.beside.iter().map(|file| {
            let (stem, kind) = file.name.split_once('.').expect("the program calls it NAME.DAT");
            (volume::file_name(stem, kind), &file.bytes[..])
        });
        format.write(&std::iter::once(program).chain(beside).collect::<Vec<_>>())
    }

    /// Bytes that are loaded: its own, and those of banks that are no part of it.
    pub fn loaded(&self) -> usize {
        let elsewhere = self.pages().filter(|(page, _)| page.select != target::GATE_ARRAY_BASE);
        let pages = elsewhere.map(|(_, bytes)| bytes.len()).sum::<usize>();
        // Those of a ROM have no names.
        let rom = self.banked.as_ref().filter(|banked| banked.pages.is_empty()).map_or(0, |b| b.bytes.len());
        self.bytes.len() + pages + rom
    }

    /// Where a program begins that is loaded without its banks.
    pub fn entry(&self) -> u16 {
        self.assembly.table.get("load_pages").map_or(self.origin, |at| address(at.value))
    }

    /// Its files on a disk of an Amstrad CPC, the program first: the page that shows when it is loaded is part of it.
    fn amsdos_files(&self, name: &str) -> Vec<(volume::FileName, Vec<u8>)> {
        let program = amsdos::full_name(name);
        let mut files = vec![(program, amsdos::write(&program, (self.origin, self.entry()), &self.bytes))];
        let shown = |page: &Page| page.select == target::GATE_ARRAY_BASE;
        for (page, bytes) in self.pages().filter(|(page, _)| !shown(page)) {
            let kind = target::amsdos::page_type(page.select);
            let name = volume::file_name(&target::amsdos::file_name(name), &kind);
            files.push((name, amsdos::write(&name, (page.window, page.window), bytes)));
        }
        files
    }

    /// What it has in banks of RAM, with their bytes.
    pub fn pages(&self) -> impl Iterator<Item = (&Page, &[u8])> {
        self.banked.iter().flat_map(|banked| banked.pages.iter().zip(banked.bytes.chunks(banked.bank)))
    }

    /// What to type to start the program called `name` from a file of this kind that is in the machine. `None`: that
    /// depends on how the file came there.
    pub fn start(kind: ImageKind, name: &str) -> Option<String> {
        match kind {
            ImageKind::Dsk => Some(format!("RUN\"{}", target::amsdos::file_name(name))),
            ImageKind::Cdt => Some("RUN\"".into()),
            ImageKind::Com
            | ImageKind::Tap
            | ImageKind::Tzx
            | ImageKind::Wav
            | ImageKind::Sna
            | ImageKind::Bin
            | ImageKind::Rom
            | ImageKind::Hex
            | ImageKind::Elf => None,
        }
    }

    /// The first address behind the memory that it may use: a program that has banks shown at the end of memory has what lies
    /// before.
    pub fn limit(&self, target: &Target) -> u16 {
        let page = self.banked.as_ref().and_then(|banked| Some((banked.pages.first()?.window, banked.bank)));
        match page {
            Some((window, bank)) if usize::from(window) + bank >= target.memory_end.into() => window,
            _ => target.memory_end,
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
    let Some(found) = Found::assemble(plan, target, text)? else { return Ok(None) };
    let (stage, choose) = output(plan.stages());
    let visible = plan.stages()[stage].product().map_or(0, |product| product.visible());
    let base = address(found.symbol(&format!("{}_acc", plan.stages()[stage].name))?);
    let accumulators = (0..visible).map(|o| {
        // Addresses wrap where the image is too large; it is refused for its size then.
        let (low, high) = plan.layout.memory.accumulator(stage, o);
        (base.wrapping_add(low as u16), base.wrapping_add(high as u16))
    });
    let ready = found.symbol("logits_ready")?;
    let (accumulators, shift) = (accumulators.collect::<Vec<_>>(), choose.shift);
    let logits = Logits { ready, count: accumulators.len(), accumulators, shift };
    found.image(text, logits).map(Some)
}

/// The same for a program that is made as a whole, with so many logits a step. They come one after the other.
///
/// # Errors
/// See [`assemble`].
pub fn assemble_sequence(
    plan: &Plan,
    target: &Target,
    text: &Text,
    count: usize,
) -> Result<Option<Image>, CompileError> {
    let Some(found) = Found::assemble(plan, target, text)? else { return Ok(None) };
    let at = address(found.symbol("logit")?);
    let ready = found.symbol("logits_ready")?;
    let logits = Logits { ready, accumulators: vec![(at, at.wrapping_add(1))], shift: 0, count };
    found.image(text, logits).map(Some)
}

/// The same for a network on numbers, with so many results.
///
/// # Errors
/// See [`assemble`].
pub fn assemble_sensors(
    plan: &Plan,
    target: &Target,
    text: &Text,
    count: usize,
) -> Result<Option<Image>, CompileError> {
    let Some(found) = Found::assemble(plan, target, text)? else { return Ok(None) };
    let at = address(found.symbol("net_logits")?);
    // Addresses wrap where the image is too large; it is refused for its size then.
    let place = |i: usize| at.wrapping_add(2 * i as u16);
    let accumulators = (0..count).map(|i| (place(i), place(i).wrapping_add(1))).collect();
    let ready = found.symbol("logits_ready")?;
    found.image(text, Logits { ready, accumulators, shift: 0, count }).map(Some)
}

/// An AVR's data addresses have bits above the sixteenth.
fn address(symbol: u32) -> u16 {
    symbol as u16
}

/// An assembled text.
struct Found<'a> {
    plan: &'a Plan,
    target: &'a Target,
    isa: Isa,
    assembly: Assembly,
}

impl<'a> Found<'a> {
    fn assemble(plan: &'a Plan, target: &'a Target, text: &Text) -> Result<Option<Self>, CompileError> {
        let (isa, extension) = match target.cpu {
            Cpu::Z80 => (Isa::Z80, "asm"),
            Cpu::Avr(core) => (Isa::Avr(assembler_core(core)), "S"),
        };
        let file = format!("{}.{extension}", plan.layout.name);
        let options = Options { ram_start: target.origin, origin: target.code_origin() };
        match asm::assemble_with(&text.assembly, &file, isa, &options) {
            Ok(assembly) => Ok(Some(Self { plan, target, isa, assembly })),
            Err(error) if is_full(plan, &error) => Ok(None),
            Err(error) => Err(CompileError::Assembly(Box::new(error))),
        }
    }

    fn template(&self, message: String) -> CompileError {
        CompileError::Template { name: self.target.console.clone(), message }
    }

    fn symbol(&self, name: &str) -> Result<u32, CompileError> {
        let found = self.assembly.table.get(name).map(|symbol| symbol.value);
        found.ok_or_else(|| self.template(format!("the program has no symbol {name}")))
    }

    /// First address behind everything that the program uses while it runs.
    fn memory_end(&self) -> Result<usize, CompileError> {
        let assembly = &self.assembly;
        match self.target.cpu {
            Cpu::Z80 if self.target.is_library() => {
                Ok(self.symbol("bss")? as usize + self.plan.layout.memory.size)
            }
            Cpu::Z80 => Ok(self.plan.layout.memory.end(usize::from(assembly.origin) + assembly.bytes.len())),
            Cpu::Avr(_) => {
                if address(self.symbol("net_memory")?) != self.target.origin {
                    return Err(self.template("net_memory is not the first of RAM".into()));
                }
                let in_ram = assembly.sections.iter().filter(|s| s.kind != SectionKind::Text);
                let end = in_ram.map(|s| (s.address & 0xFFFF) as usize + s.size as usize).max();
                Ok(end.unwrap_or(self.target.origin.into()) + usize::from(self.target.stack))
            }
        }
    }

    fn image(self, text: &Text, logits: Logits) -> Result<Image, CompileError> {
        let mut phases = Vec::new();
        for phase in &text.phases {
            phases.push(Phase { start: self.symbol(&phase.label)?, name: phase.name.clone() });
        }
        phases.sort_by_key(|p| p.start);
        let memory_end = self.memory_end()?;
        let memory_start = match self.target.cpu {
            Cpu::Z80 => {
                let behind = match self.target.is_library() {
                    true => self.symbol("bss")? as usize,
                    false => usize::from(self.assembly.origin) + self.assembly.bytes.len(),
                };
                self.plan.layout.memory.start.unwrap_or(behind)
            }
            Cpu::Avr(_) => self.target.origin.into(),
        };
        let (isa, assembly) = (self.isa, self.assembly);
        let (origin, bytes) = (assembly.origin, assembly.bytes.clone());
        Ok(Image {
            origin,
            bytes,
            isa,
            phases,
            logits,
            memory_start,
            memory_end,
            assembly,
            beside: None,
            banked: None,
        })
    }
}

/// Whether the text of `plan` does not assemble because of its size: it passes the end of memory, or the buffers behind
/// it do, so that the numbers of their pages are no bytes any more.
fn is_full(plan: &Plan, error: &AsmError) -> bool {
    let buffers = |end: u32| plan.layout.memory.end(end as usize) > MEMORY;
    error.is_full() || error.end.is_some_and(buffers)
}
