//! A disk of the Amstrad CPC in a `.dsk` file, standard or extended, and the binary file on it.
//!
//! The disk system reads directory and files as CP/M 2.2 does: blocks of 1 KB with numbers of one byte, sectors of 512
//! bytes found by their numbers, nine to a track. A data disk has sectors from C1h on and begins with its directory, a
//! system disk those from 41h on and two tracks before it.

use super::amsdos;
use crate::file::FileError;
use std::collections::BTreeMap;

const INFORMATION: usize = 256;
const SECTORS: u8 = 9;
const SECTOR: usize = 512;
const BLOCK: usize = 1024;
const RECORD: usize = 128;
const ENTRY: usize = 32;
/// Four sectors of directory.
const ENTRIES: usize = 64;

/// A file's name and its type, each filled with blanks.
pub(super) type FileName = [u8; 11];
/// The content of files, by name.
pub(super) type Files = BTreeMap<FileName, Vec<u8>>;

/// What `RUN"` takes a program from if it is not told the type: no type, or that of machine code.
const STARTED: [&[u8]; 2] = [b"   ", b"BIN"];

/// All files of a disk that are whole.
pub(super) fn files(image: &[u8]) -> Result<Files, FileError> {
    let disk = Disk::read(image)?;
    let files = disk.files()?;
    let content =
        |(name, extents): (&FileName, &Vec<Extent>)| Some((*name, disk.content(name, extents).ok()?));
    Ok(files.iter().filter_map(content).collect())
}

/// A machine-code program on a disk, whole: the one of a name, `GUESS` or `GUESS.BIN`, or else the only one.
pub(super) fn program(image: &[u8], named: Option<&str>) -> Result<(String, Vec<u8>), FileError> {
    let disk = Disk::read(image)?;
    let mut files = disk.files()?;
    if let Some(named) = named {
        let all = files.keys().map(shown).collect();
        files.retain(|name, _| is_meant(name, named));
        if files.is_empty() {
            return Err(FileError::Unnamed { name: named.to_uppercase(), files: all });
        }
    }
    let mut programs = Vec::new();
    let is_started = |name: &FileName| files.len() == 1 || STARTED.contains(&&name[8..]);
    for (name, extents) in files.iter().filter(|(name, _)| is_started(name)) {
        let content = disk.content(name, extents)?;
        match amsdos::read(&content) {
            Ok(_) => programs.push((shown(name), content)),
            Err(error) if files.len() == 1 => {
                return Err(FileError::InFile { name: shown(name), error: Box::new(error) });
            }
            // What is no program need not be whole.
            Err(_) => {}
        }
    }
    match programs.len() {
        0 => Err(FileError::NoProgram { files: files.keys().map(shown).collect() }),
        1 => Ok(programs.remove(0)),
        _ => Err(FileError::Several { files: programs.into_iter().map(|(name, _)| name).collect() }),
    }
}

/// Whether `RUN"` means this file: of a name without a type, one of those that it looks for.
fn is_meant(name: &FileName, named: &str) -> bool {
    let started =
        || STARTED.contains(&&name[8..]) && shown(name).split('.').next() == Some(&named.to_uppercase());
    shown(name).eq_ignore_ascii_case(named) || !named.contains('.') && started()
}

/// `GUESS.BIN`
fn shown(name: &[u8; 11]) -> String {
    let text = |part: &[u8]| String::from_utf8_lossy(part).trim_end().escape_debug().to_string();
    format!("{}.{}", text(&name[..8]), text(&name[8..]))
}

/// Sectors of the first side by track and number.
struct Disk<'f> {
    sectors: BTreeMap<(usize, u8), &'f [u8]>,
    first: u8,
    /// Tracks before the directory.
    reserved: usize,
}

/// An entry of the directory.
struct Extent {
    number: usize,
    records: usize,
    blocks: [u8; 16],
}

impl<'f> Disk<'f> {
    fn read(image: &'f [u8]) -> Result<Self, FileError> {
        let extended = image.starts_with(b"EXTENDED");
        if !(extended || image.starts_with(b"MV - CPC")) || image.len() < INFORMATION {
            return Err(FileError::NoDisk);
        }
        let sides = usize::from(image[0x31]).max(1);
        let mut sectors = BTreeMap::new();
        let mut at = INFORMATION;
        for number in 0..usize::from(image[0x30]) * sides {
            let length = match extended {
                // The table ends with the information.
                true => usize::from(image.get(0x34 + number).copied().unwrap_or(0)) << 8,
                false => usize::from(u16::from_le_bytes([image[0x32], image[0x33]])),
            };
            let track = number / sides;
            // A track that is not formatted has no place in the file.
            if length > 0 && number % sides == 0 {
                let bytes = image.get(at..at + length).ok_or(FileError::TrackCut { track })?;
                read_track(bytes, track, extended, &mut sectors)?;
            }
            at += length;
        }
        let lowest = sectors.keys().next().map_or(0, |&(_, sector)| sector);
        let (first, reserved) = match lowest & 0xC0 {
            0xC0 => (0xC1, 0),
            0x40 => (0x41, 2),
            _ => return Err(FileError::Layout { first: lowest }),
        };
        Ok(Disk { sectors, first, reserved })
    }

    fn sector(&self, number: usize) -> Result<&'f [u8], FileError> {
        let track = self.reserved + number / usize::from(SECTORS);
        let sector = self.first + (number % usize::from(SECTORS)) as u8;
        let bytes = self.sectors.get(&(track, sector)).filter(|bytes| bytes.len() == SECTOR);
        bytes.copied().ok_or(FileError::Sector { track, sector })
    }

    /// What the directory says of each file of user 0, by name.
    fn files(&self) -> Result<BTreeMap<[u8; 11], Vec<Extent>>, FileError> {
        let mut directory: Vec<u8> = Vec::new();
        for number in 0..ENTRIES * ENTRY / SECTOR {
            directory.extend(self.sector(number)?);
        }
        let mut files: BTreeMap<[u8; 11], Vec<Extent>> = BTreeMap::new();
        // The machine starts as user 0. Another number is another user, a label, or E5h: no file.
        for entry in directory.chunks(ENTRY).filter(|entry| entry[0] == 0) {
            // The highest bits of the type are attributes.
            let name = std::array::from_fn(|place| entry[1 + place] & 0x7F);
            let number = usize::from(entry[12] & 0x1F) + usize::from(entry[14]) * 32;
            let blocks = std::array::from_fn(|place| entry[16 + place]);
            files.entry(name).or_default().push(Extent { number, records: entry[15].into(), blocks });
        }
        Ok(files)
    }

    /// The records of a file.
    fn content(&self, name: &[u8; 11], extents: &[Extent]) -> Result<Vec<u8>, FileError> {
        let mut content = Vec::new();
        for number in 0..extents.len() {
            let extent = extents.iter().find(|extent| extent.number == number);
            let extent = extent.ok_or_else(|| FileError::Extent { name: shown(name) })?;
            let mut records: Vec<u8> = Vec::new();
            for block in extent.blocks.iter().take((extent.records * RECORD).div_ceil(BLOCK)) {
                for half in 0..BLOCK / SECTOR {
                    records.extend(self.sector(usize::from(*block) * (BLOCK / SECTOR) + half)?);
                }
            }
            records.truncate(extent.records * RECORD);
            content.extend(records);
        }
        Ok(content)
    }
}

/// Adds the sectors of a track. `bytes` begin with the track's information.
fn read_track<'f>(
    bytes: &'f [u8],
    track: usize,
    extended: bool,
    sectors: &mut BTreeMap<(usize, u8), &'f [u8]>,
) -> Result<(), FileError> {
    let cut = FileError::TrackCut { track };
    let Some((information, mut data)) = bytes.split_at_checked(INFORMATION) else { return Err(cut) };
    // There is room for 29 sectors.
    for sector in information[0x18..].chunks_exact(8).take(information[0x15].into()) {
        let length = match extended {
            true => usize::from(u16::from_le_bytes([sector[6], sector[7]])),
            false => 128 << (sector[3] & 7),
        };
        let Some((content, rest)) = data.split_at_checked(length) else { return Err(cut) };
        sectors.insert((track, sector[2]), content);
        data = rest;
    }
    Ok(())
}
