//! ELF files as avr-ld makes them: an executable that avr-objdump, avr-size, avr-nm, debuggers, simulators and avrdude
//! read.

use crate::asm::{Assembly, AvrCore, Section, SectionKind, Symbol};
use object::elf::{self, FileFlags, ProgramFlags, SectionFlags, SectionType, SymbolBind, SymbolType};
use object::endian::Endianness;
use object::write::elf::{FileHeader, ProgramHeader, SectionHeader, Sym, Writer};
use std::collections::{BTreeMap, BTreeSet};

/// A section of the assembly on its way into the file.
struct Part<'a> {
    section: &'a Section,
    /// Its place in [`Assembly::sections`].
    at: usize,
    /// Its number in the file.
    index: u32,
    /// Where its bytes begin in the file.
    offset: u64,
    /// Of its name in the table of names.
    name: object::write::StringId,
}

impl Part<'_> {
    /// Whether the file has its bytes: those of `.bss` and `.noinit` are the program's to set.
    fn is_loaded(&self) -> bool {
        matches!(self.section.kind, SectionKind::Text | SectionKind::Data)
    }
}

/// The linked ELF file of an AVR program: `.text`, and of `.data`, `.bss` and `.noinit` those that are not empty, each
/// with a segment. RAM is at 0x800000, and the load address of `.data` is where its first values stand in flash. The
/// entry is address 0, the vector of the reset. All symbols but those that start with `.L` are in it; a constant in
/// flash is an object, so that disassemblers do not take it for instructions.
pub fn elf(assembly: &Assembly, core: AvrCore) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = Writer::new(Endianness::Little, false, &mut file);
    writer.reserve_file_header();
    let kept: Vec<(usize, &Section)> = assembly
        .sections
        .iter()
        .enumerate()
        .filter(|(_, section)| section.kind == SectionKind::Text || section.size > 0)
        .collect();
    // There are four sections at most.
    writer.reserve_program_headers(kept.len() as u32);
    let mut parts = Vec::with_capacity(kept.len());
    for (at, section) in kept {
        let offset = writer.reserve(section.bytes.len() as u64, section.align.into());
        let index = writer.reserve_section_index().0;
        let name = writer.add_section_name(section.name.as_bytes());
        parts.push(Part { section, at, index, offset, name });
    }

    let symbols = symbols(assembly, &parts);
    let names: Vec<_> = symbols.iter().map(|symbol| writer.add_string(symbol.name.as_bytes())).collect();
    writer.reserve_null_symbol_index();
    for _ in &symbols {
        writer.reserve_symbol_index(None);
    }
    writer.reserve_symtab_section_index();
    writer.reserve_symtab();
    writer.reserve_strtab_section_index();
    reserved(writer.reserve_strtab());
    writer.reserve_shstrtab_section_index();
    reserved(writer.reserve_shstrtab());
    writer.reserve_section_headers();

    reserved(writer.write_file_header(&FileHeader {
        os_abi: elf::ELFOSABI_NONE,
        abi_version: 0,
        e_type: elf::ET_EXEC,
        e_machine: elf::EM_AVR,
        e_entry: 0,
        e_flags: arch(core),
    }));
    writer.write_align_program_headers();
    for part in &parts {
        writer.write_program_header(&segment(part, assembly));
    }
    for part in &parts {
        writer.write_align(part.section.align.into());
        writer.write(&assembly.bytes[part.section.bytes.clone()]);
    }
    writer.write_null_symbol();
    for (symbol, name) in symbols.iter().zip(names) {
        writer.write_symbol(&Sym { st_name: writer.string_offset(Some(name)), ..symbol.entry() });
    }
    writer.write_strtab();
    writer.write_shstrtab();
    writer.write_null_section_header();
    for part in &parts {
        let header = header(part, writer.section_name_offset(Some(part.name)));
        writer.write_section_header(&header);
    }
    // The null symbol is a local one, too.
    let locals = symbols.iter().filter(|symbol| !symbol.global).count() + 1;
    writer.write_symtab_section_header(locals as u32);
    writer.write_strtab_section_header();
    writer.write_shstrtab_section_header();
    file
}

/// The writer refuses tables of more than 4 GB and files that the buffer cannot hold.
fn reserved<T>(result: object::write::Result<T>) -> T {
    result
        .expect("at most 256 KiB of code and a Vec to write to: everything is far below the format's limits")
}

/// The core's number in the file's flags.
fn arch(core: AvrCore) -> FileFlags {
    match core {
        AvrCore::Avr25 => elf::EF_AVR_ARCH_AVR25,
        AvrCore::Avr5 => elf::EF_AVR_ARCH_AVR5,
        AvrCore::Avr51 => elf::EF_AVR_ARCH_AVR51,
        AvrCore::Avr6 => elf::EF_AVR_ARCH_AVR6,
    }
}

fn segment(part: &Part<'_>, assembly: &Assembly) -> ProgramHeader {
    let section = part.section;
    let load = if part.is_loaded() {
        u64::from(assembly.origin) + section.bytes.start as u64
    } else {
        section.address.into()
    };
    let access = if section.kind == SectionKind::Text { elf::PF_X } else { elf::PF_W };
    ProgramHeader {
        p_type: elf::PT_LOAD,
        p_flags: ProgramFlags(elf::PF_R.0 | access.0),
        p_offset: part.offset,
        p_vaddr: section.address.into(),
        p_paddr: load,
        p_filesz: section.bytes.len() as u64,
        p_memsz: section.size.into(),
        p_align: section.align.into(),
    }
}

fn header(part: &Part<'_>, name: u32) -> SectionHeader {
    let section = part.section;
    let kind: SectionType = if part.is_loaded() { elf::SHT_PROGBITS } else { elf::SHT_NOBITS };
    let access = if section.kind == SectionKind::Text { elf::SHF_EXECINSTR } else { elf::SHF_WRITE };
    SectionHeader {
        sh_name: name,
        sh_type: kind,
        sh_flags: SectionFlags(elf::SHF_ALLOC.0 | access.0),
        sh_addr: section.address.into(),
        sh_offset: part.offset,
        sh_size: section.size.into(),
        sh_link: 0,
        sh_info: 0,
        sh_addralign: section.align.into(),
        sh_entsize: 0,
    }
}

/// A symbol on its way into the file.
struct Entry<'a> {
    name: &'a str,
    symbol: &'a Symbol,
    /// The section's number in the file; `None` for a number.
    section: Option<u32>,
    global: bool,
    kind: SymbolType,
    size: u64,
}

impl Entry<'_> {
    /// The file's entry, without the name.
    fn entry(&self) -> Sym {
        let bind: SymbolBind = if self.global { elf::STB_GLOBAL } else { elf::STB_LOCAL };
        Sym {
            section: self.section,
            st_name: 0,
            st_info: elf::SymbolInfo::new(bind, self.kind),
            st_other: elf::SymbolOther(0),
            st_shndx: if self.section.is_some() { elf::SHN_UNDEF } else { elf::SHN_ABS },
            st_value: self.symbol.value.into(),
            st_size: self.size,
        }
    }
}

/// The symbols, local ones first, as the format wants it.
fn symbols<'a>(assembly: &'a Assembly, parts: &[Part<'_>]) -> Vec<Entry<'a>> {
    let starts: BTreeSet<(usize, u32)> =
        assembly.table.values().filter_map(|symbol| Some((symbol.section?, symbol.value))).collect();
    let data = Data::new(assembly);
    let mut entries = Vec::new();
    for (name, symbol) in assembly.table.iter().filter(|(name, _)| !name.starts_with(".L")) {
        let part = symbol.section.and_then(|section| parts.iter().find(|part| part.at == section));
        // Labels of an empty section: nothing can be there.
        if symbol.section.is_some() && part.is_none() {
            continue;
        }
        let is_object =
            part.is_some_and(|part| part.section.kind != SectionKind::Text || data.is_at(symbol.value));
        let end = part.map_or(symbol.value, |part| {
            let next = starts.range((part.at, symbol.value.saturating_add(1))..(part.at + 1, 0)).next();
            next.map_or(part.section.address + part.section.size, |&(_, value)| value)
        });
        entries.push(Entry {
            name,
            symbol,
            section: part.map(|part| part.index),
            global: symbol.global,
            kind: if is_object { elf::STT_OBJECT } else { elf::STT_NOTYPE },
            size: if is_object { end.saturating_sub(symbol.value).into() } else { 0 },
        });
    }
    entries.sort_by_key(|entry| entry.global);
    entries
}

/// Where in the flash data stands, not instructions.
struct Data(BTreeMap<u32, bool>);

impl Data {
    fn new(assembly: &Assembly) -> Self {
        let filled = assembly.lines.iter().filter(|line| !line.bytes.is_empty());
        Self(filled.map(|line| (line.address, line.t_states.is_none())).collect())
    }

    /// Whether what stands at `address`, or next behind it, is data.
    fn is_at(&self, address: u32) -> bool {
        self.0.range(address..).next().is_some_and(|(_, &is_data)| is_data)
    }
}
