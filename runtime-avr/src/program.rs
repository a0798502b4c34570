//! What goes into the flash, from Intel HEX or ELF files.

use goblin::elf::{Elf, header, program_header, section_header, sym};
use ihex::{Reader, ReaderError, ReaderOptions, Record};
use thiserror::Error;

use crate::device::Device;
use crate::end::Symbols;

/// In ELF files for AVR, data addresses begin here; EEPROM, fuses and lock bits lie above.
const DATA_SPACE: u64 = 0x80_0000;
const DATA_SPACE_END: u64 = 0x81_0000;
/// The architecture, in the low bits of an ELF file's flags.
const ELF_FAMILY: u32 = 0x7F;

/// A program for a device.
#[derive(Debug, Clone)]
pub struct Program {
    pub device: &'static Device,
    /// As large as the device's flash; what the file does not fill is 0xFF, as erased.
    pub flash: Box<[u8]>,
    /// Bytes of the flash up to the last one that the file fills.
    pub flash_used: u32,
    /// The labels of code and of constants in flash. A HEX file has none.
    pub symbols: Symbols,
    /// The first data address above the program's variables, where the file tells: an ELF file.
    pub data_end: Option<u16>,
}

/// Why a file is not a program for the device.
#[derive(Debug, Error)]
pub enum LoadError {
    #[error("the file holds nothing for the flash")]
    Empty,
    #[error("bytes for {first:#x} to {last:#x}, but the flash of {device} ends at {end:#x}")]
    TooLarge { first: u64, last: u64, device: &'static str, end: u32 },
    #[error("record {record}: {source}")]
    Hex { record: usize, source: ReaderError },
    #[error("the last record (end of file) is missing: the file has been cut off")]
    HexCut,
    #[error("record {record}: it stands behind the last one (end of file): two files in one?")]
    HexBehindEnd { record: usize },
    #[error("record {record}: the byte for {address:#x} was there before, in record {before}")]
    HexTwice { record: usize, address: u64, before: usize },
    #[error("not an ELF file that can be read: {0}")]
    Elf(#[from] goblin::error::Error),
    #[error("an ELF file for another processor (machine {machine}; AVR is 83)")]
    NotAvr { machine: u16 },
    #[error("an ELF file that is not linked (type {kind}; an executable has type 2): link it first")]
    NotExecutable { kind: u16 },
    #[error("an ELF file for avr{family}, which {device} does not run: build it with -mmcu={device}")]
    OtherFamily { family: u32, device: &'static str },
    #[error("segment {segment} lies outside the file: it has been cut off")]
    ElfCut { segment: usize },
}

impl Program {
    /// Takes `bytes` for the flash from address 0 on.
    pub fn from_bytes(bytes: &[u8], device: &'static Device) -> Result<Self, LoadError> {
        let mut program = Program::erased(device);
        program.place(0, bytes)?;
        program.checked()
    }

    /// Reads an Intel HEX file. Its extended addresses are the two kinds that programmers know; where it starts is not
    /// asked, an AVR starts at 0.
    pub fn from_hex(text: &str, device: &'static Device) -> Result<Self, LoadError> {
        let mut program = Program::erased(device);
        // Which record each byte of the flash is from; 0: none.
        let mut filled = vec![0; program.flash.len()];
        let mut base = 0u64;
        let mut ended = false;
        let options = ReaderOptions { stop_after_eof: false, ..ReaderOptions::default() };
        for (record, read) in (1..).zip(Reader::new_with_options(text, options)) {
            if ended {
                return Err(LoadError::HexBehindEnd { record });
            }
            match read.map_err(|source| LoadError::Hex { record, source })? {
                Record::Data { offset, value } => {
                    let address = base + u64::from(offset);
                    program.place(address, &value)?;
                    // place() has found room, so that they lie in the flash.
                    let bytes = &mut filled[address as usize..][..value.len()];
                    if let Some(at) = bytes.iter().position(|&before| before != 0) {
                        let (address, before) = (address + at as u64, bytes[at]);
                        return Err(LoadError::HexTwice { record, address, before });
                    }
                    bytes.fill(record);
                }
                Record::ExtendedSegmentAddress(segment) => base = u64::from(segment) << 4,
                Record::ExtendedLinearAddress(high) => base = u64::from(high) << 16,
                Record::StartSegmentAddress { .. } | Record::StartLinearAddress(_) => {}
                Record::EndOfFile => ended = true,
            }
        }
        if ended { program.checked() } else { Err(LoadError::HexCut) }
    }

    /// Reads a linked ELF file. Segments go to their load addresses; EEPROM, fuses and lock bits are left out.
    pub fn from_elf(file: &[u8], device: &'static Device) -> Result<Self, LoadError> {
        let elf = Elf::parse(file)?;
        if elf.header.e_machine != header::EM_AVR {
            return Err(LoadError::NotAvr { machine: elf.header.e_machine });
        }
        if elf.header.e_type != header::ET_EXEC {
            return Err(LoadError::NotExecutable { kind: elf.header.e_type });
        }
        let family = elf.header.e_flags & ELF_FAMILY;
        if !device.family.runs(family) {
            return Err(LoadError::OtherFamily { family, device: device.name });
        }
        let mut program = Program::erased(device);
        let mut data_end = None;
        for (index, segment) in elf.program_headers.iter().enumerate() {
            if segment.p_type != program_header::PT_LOAD {
                continue;
            }
            if (DATA_SPACE..DATA_SPACE_END).contains(&segment.p_vaddr) {
                let end = segment.p_vaddr.saturating_add(segment.p_memsz) - DATA_SPACE;
                let end = u16::try_from(end).unwrap_or(u16::MAX);
                data_end = data_end.max(Some(end));
            }
            if segment.p_filesz > 0 && segment.p_paddr < DATA_SPACE {
                let bytes = usize::try_from(segment.p_offset)
                    .ok()
                    .zip(usize::try_from(segment.p_filesz).ok())
                    .and_then(|(start, size)| file.get(start..start.checked_add(size)?))
                    .ok_or(LoadError::ElfCut { segment: index })?;
                program.place(segment.p_paddr, bytes)?;
            }
        }
        program.data_end = data_end;
        program.symbols = flash_symbols(&elf);
        program.checked()
    }

    fn erased(device: &'static Device) -> Self {
        Program {
            device,
            flash: vec![0xFF; device.flash_bytes as usize].into_boxed_slice(),
            flash_used: 0,
            symbols: Symbols::default(),
            data_end: None,
        }
    }

    fn place(&mut self, address: u64, bytes: &[u8]) -> Result<(), LoadError> {
        let end = address.saturating_add(bytes.len() as u64);
        let place = usize::try_from(address)
            .ok()
            .zip(usize::try_from(end).ok())
            .and_then(|(first, end)| self.flash.get_mut(first..end))
            .ok_or(LoadError::TooLarge {
                first: address,
                last: end.saturating_sub(1),
                device: self.device.name,
                end: self.device.flash_bytes,
            })?;
        place.copy_from_slice(bytes);
        if !bytes.is_empty() {
            // It lies in the flash, whose addresses are 32-bit.
            self.flash_used = self.flash_used.max(end as u32);
        }
        Ok(())
    }

    fn checked(self) -> Result<Self, LoadError> {
        if self.flash_used == 0 { Err(LoadError::Empty) } else { Ok(self) }
    }
}

/// Functions, objects and plain labels in the flash. Of several at one address, a global one comes first, and
/// names that the linker made (`__vectors` and the like) come last.
fn flash_symbols(elf: &Elf<'_>) -> Symbols {
    let mut found: Vec<(u32, (bool, bool, bool), String)> = Vec::new();
    for symbol in &elf.syms {
        let named = matches!(symbol.st_type(), sym::STT_FUNC | sym::STT_OBJECT | sym::STT_NOTYPE);
        let section = elf.section_headers.get(symbol.st_shndx);
        let allocated = section.is_some_and(|s| s.sh_flags & u64::from(section_header::SHF_ALLOC) != 0);
        let Some(name) = elf.strtab.get_at(symbol.st_name) else { continue };
        if !named || !allocated || symbol.st_value >= DATA_SPACE || name.is_empty() {
            continue;
        }
        let rank =
            (name.starts_with("__"), symbol.st_type() != sym::STT_FUNC, symbol.st_bind() != sym::STB_GLOBAL);
        found.push((symbol.st_value as u32, rank, name.to_owned()));
    }
    found.sort();
    found.into_iter().map(|(address, _, name)| (address, name)).collect()
}
