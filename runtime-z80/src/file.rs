//! Why a file cannot be put into a machine.

use thiserror::Error;

/// Why a machine does not take a file: a ROM, a snapshot, a tape, a disk, or a file of a disk.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileError {
    // Images of memory.
    #[error("the {what} has {bytes} bytes; {whose} has {wants}")]
    Size { what: &'static str, bytes: usize, whose: &'static str, wants: usize },
    #[error("the snapshot says interrupt mode {mode}; there are 0, 1 and 2")]
    SnapshotMode { mode: u8 },
    #[error("the snapshot's stack pointer {sp:04X}h does not point to a return address in memory")]
    SnapshotStack { sp: u16 },

    // Blocks of a Spectrum's tape.
    #[error("block {block} says it has {length} bytes, but the file ends before them")]
    TapShort { block: usize, length: usize },
    #[error("block {block} is empty: a block has a flag and a checksum at least")]
    TapEmpty { block: usize },
    #[error("the checksum of block {block} is wrong: the file is damaged")]
    TapChecksum { block: usize },
    #[error(
        "block {block} is of kind {id:02X}h: of a .tzx only blocks of the ROM's speed, 10h, are read here"
    )]
    TzxBlock { block: usize, id: u8 },
    #[error("there is no block of machine code on the tape")]
    NoCode,
    #[error("the code block of {length} bytes for {start:04X}h does not fit the memory from 4000h to FFFFh")]
    CodePlace { start: u16, length: usize },

    // A cartridge of an MSX.
    #[error("it does not start with \"AB\": no cartridge")]
    NoCartridge,
    #[error(
        "the cartridge has {bytes} bytes; one without a mapper has 16 or 32 KB, one with a mapper 64 KB to 4 MB and a power of two"
    )]
    CartridgeSize { bytes: usize },
    #[error(
        "the cartridge says that it starts at {start:04X}h, which is not in it when the machine is switched on"
    )]
    CartridgeStart { start: u16 },

    // A machine-code program of a CPC, and the header of a file on its disks.
    #[error("the file has {length} bytes, less than an AMSDOS header")]
    HeaderShort { length: usize },
    #[error(
        "the header's checksum is {found:04X}h, its bytes give {wants:04X}h: no AMSDOS file, or a damaged one"
    )]
    HeaderChecksum { found: u16, wants: u16 },
    #[error("the header says file type {kind}; a binary file has 2")]
    HeaderType { kind: u8 },
    #[error("the header says {says} bytes of content; the file has {has}")]
    HeaderLength { says: usize, has: usize },
    #[error(
        "content from {start:04X}h to {end:05X}h meets what the system needs below 0040h or from {limit:04X}h on"
    )]
    Place { start: u16, end: usize, limit: u16 },
    #[error("the entry {entry:04X}h lies outside of the content")]
    Entry { entry: u16 },

    // A disk of a CPC.
    #[error("it starts neither with \"MV - CPC\" nor with \"EXTENDED\": no disk image of CPCEMU's kinds")]
    NoDisk,
    #[error("it ends inside of track {track}")]
    TrackCut { track: usize },
    #[error("track 0 has sector {first:02X}h; a data disk has C1h to C9h, a system disk 41h to 49h")]
    Layout { first: u8 },
    #[error("there is no sector {sector:02X}h of 512 bytes on track {track}")]
    Sector { track: usize, sector: u8 },
    #[error("the file {name} has parts that are not in the directory")]
    Extent { name: String },
    #[error("there is no file on it that is a machine-code program; it has {}", list(files))]
    NoProgram { files: Vec<String> },
    #[error("there are several machine-code programs on it: {}", files.join(", "))]
    Several { files: Vec<String> },
    #[error("there is no {name} on it; it has {}", list(files))]
    Unnamed { name: String, files: Vec<String> },
    #[error("the file {name}: {error}")]
    InFile { name: String, error: Box<FileError> },

    // A cassette of a CPC: the pulses on it, and what they say.
    #[error("it does not start with \"ZXTape!\": no tape image")]
    NoTape,
    #[error("it ends inside of the block at byte {at}")]
    BlockCut { at: usize },
    #[error(
        "the block at byte {at} has ID {id:02X}h, which is not provided (10h-14h, 20h-22h, 30h-33h, 35h, 5Ah)"
    )]
    BlockUnknown { at: usize, id: u8 },
    #[error("it has more than {most} pulses, longer than any cassette")]
    TapeLong { most: usize },
    #[error("it ends where {wanted} is expected")]
    TapeEnds { wanted: &'static str },
    #[error("a record starts with {found:02X}h where {wanted} ({wants:02X}h) is expected")]
    Record { found: u8, wants: u8, wanted: &'static str },
    #[error("block {block}: the checksum on the tape is {found:04X}h, the bytes give {wants:04X}h")]
    RecordChecksum { block: usize, found: u16, wants: u16 },
    #[error("the header of block {found} comes where block {wants} is expected")]
    BlockOrder { found: u8, wants: usize },
    #[error("the first file is of type {kind}; a machine-code program has 2")]
    FileType { kind: u8 },
    #[error("the header of block {block} says {says} bytes; a block has 1 to 2048")]
    BlockLength { block: usize, says: usize },
    #[error("the headers say {says} bytes of content; the blocks have {has}")]
    ContentLength { says: usize, has: usize },
}

fn list(files: &[String]) -> String {
    if files.is_empty() { "none at all".into() } else { files.join(", ") }
}
