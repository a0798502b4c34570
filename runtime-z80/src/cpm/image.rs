//! Raw images of CP/M 2.2 disks, read: what a directory says of each file, and the records of those of user 0.
//!
//! Everything that the directory says is checked before a file is taken from it, also of files that nobody wants: an image
//! that is read in a format other than its own is found out by that. What an entry is stands in Digital Research's CP/M
//! 2.2 Alteration Guide, section 10, and at https://www.seasip.info/Cpm/format22.html.

use super::disk::{Name, RECORD, display, is_name};
use std::collections::{BTreeMap, HashMap};
use thiserror::Error;

const ENTRY: usize = 32;
/// Bytes, and records, of an extent.
const EXTENT: usize = 16 * 1024;
const EXTENT_RECORDS: usize = EXTENT / RECORD;
/// An entry that no file has.
const FREE: u8 = 0xE5;
/// Users of CP/M 2.2 that have files.
const USERS: u8 = 16;
/// What later systems keep in a directory beside files: passwords, a label, dates.
const OTHERS: std::ops::RangeInclusive<u8> = 0x10..=0x21;
/// An entry counts extents in two bytes, of five bits and of four: 8 MB.
const LOW_EXTENTS: usize = 32;
const HIGH_EXTENTS: usize = 16;
/// Blocks whose numbers are bytes.
const NARROW: usize = 256;

/// How a disk is laid out. Sectors of a track lie there one behind the other; none is empty, and a block is whole sectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    pub tracks: usize,
    /// Of a track, and the bytes of each.
    pub sectors: usize,
    pub sector: usize,
    /// Tracks before the directory.
    pub reserved: usize,
    /// Bytes of a block.
    pub block: usize,
    /// Of the directory.
    pub entries: usize,
    /// Blocks that it has.
    pub directory: usize,
    /// How many sectors further on the track the next one is; 0 and 1: the next.
    pub skew: usize,
}

/// A file of user 0, `TALK.COM`, in whole records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskFile {
    pub name: String,
    pub contents: Vec<u8>,
}

/// Why the files of an image cannot be read. Entries of the directory are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImageError {
    #[error("it has {has} bytes, and such a disk has {wants}")]
    Long { has: usize, wants: usize },
    #[error("it is cut: block {block}, of {of}, is not whole")]
    Cut { block: usize, of: String },
    #[error(
        "entry {entry} of the directory begins with {status:02X}h: neither a user from 0 to 15 nor a free entry, E5h"
    )]
    Status { entry: usize, status: u8 },
    #[error("entry {entry} of the directory names a file \"{name}\", which has characters that no name has")]
    Name { entry: usize, name: String },
    #[error(
        "entry {entry} of the directory, {name}, has extent {extent} and {records} records, which cannot be"
    )]
    Count { entry: usize, name: String, extent: usize, records: u8 },
    #[error(
        "entry {entry} of the directory, {name}, names block {block}; files of such a disk have blocks {first} to {last}"
    )]
    Block { entry: usize, name: String, block: usize, first: usize, last: usize },
    #[error("entries {} and {} of the directory, {} and {}, have block {block} both", of[0], of[1], names[0], names[1])]
    Shared { block: usize, of: [usize; 2], names: Box<[String; 2]> },
    #[error("the file {name} has parts that are not in the directory")]
    Part { name: String },
    #[error("the directory has a part of the file {name} twice, as entry {} and entry {}", of[0], of[1])]
    Twice { name: String, of: [usize; 2] },
}

/// The files of user 0 on a disk, by name. An image may end where no file is.
///
/// # Errors
/// A directory that cannot be one, of any user; a file of user 0 that is not whole.
pub fn read_image(image: &[u8], geometry: &Geometry) -> Result<Vec<DiskFile>, ImageError> {
    let volume = Volume { image, geometry };
    let mut files: BTreeMap<Name, Vec<Part>> = BTreeMap::new();
    for part in volume.parts()?.into_iter().filter(|part| part.user == 0) {
        files.entry(part.name).or_default().push(part);
    }
    let whole = |(name, parts): (Name, Vec<Part>)| {
        let name = display(&name);
        volume.contents(&name, parts).map(|contents| DiskFile { name, contents })
    };
    files.into_iter().map(whole).collect()
}

/// What an entry says of a file.
struct Part {
    /// Its place in the directory, from 1 on.
    entry: usize,
    user: u8,
    name: Name,
    /// Which part of the file it is, from 0 on.
    number: usize,
    records: usize,
    /// 0: none.
    blocks: Vec<usize>,
}

struct Volume<'i> {
    image: &'i [u8],
    geometry: &'i Geometry,
}

impl Volume<'_> {
    /// Blocks behind the system's tracks.
    fn blocks(&self) -> usize {
        let Geometry { tracks, sectors, sector, reserved, block, .. } = *self.geometry;
        (tracks - reserved) * sectors * sector / block
    }

    /// Extents that an entry describes: one, or those that all of its blocks have.
    fn extents(&self) -> usize {
        let numbers = if self.blocks() > NARROW { 8 } else { 16 };
        (numbers * self.geometry.block / EXTENT).max(1)
    }

    /// The bytes of a block; `None` where the image ends before.
    fn block(&self, number: usize) -> Option<Vec<u8>> {
        let Geometry { sectors, sector, reserved, block, .. } = *self.geometry;
        let mut bytes = Vec::with_capacity(block);
        for at in number * block / sector..(number + 1) * block / sector {
            let from = ((reserved + at / sectors) * sectors + self.place(at % sectors)) * sector;
            bytes.extend(self.image.get(from..from + sector)?);
        }
        Some(bytes)
    }

    /// Where a sector is on its track. Steps of the skew come back to where they began after some sectors: then the next
    /// place is taken.
    fn place(&self, number: usize) -> usize {
        let Geometry { sectors, skew, .. } = *self.geometry;
        let skew = skew.max(1);
        let (mut shared, mut rest) = (sectors, skew);
        while rest > 0 {
            (shared, rest) = (rest, shared % rest);
        }
        (number * skew + number / (sectors / shared)) % sectors
    }

    /// All entries of files, of every user, each possible by itself, and no block in two of them.
    fn parts(&self) -> Result<Vec<Part>, ImageError> {
        let Geometry { tracks, sectors, sector, entries, directory, .. } = *self.geometry;
        let wants = tracks * sectors * sector;
        if self.image.len() > wants {
            return Err(ImageError::Long { has: self.image.len(), wants });
        }
        let mut bytes = Vec::new();
        for block in 0..directory {
            let cut = || ImageError::Cut { block, of: "the directory".into() };
            bytes.extend(self.block(block).ok_or_else(cut)?);
        }
        let mut parts = Vec::new();
        for (entry, bytes) in (1..).zip(bytes.chunks_exact(ENTRY).take(entries)) {
            match bytes[0] {
                user if user < USERS => parts.push(self.part(entry, bytes)?),
                FREE => {}
                status if OTHERS.contains(&status) => {}
                status => return Err(ImageError::Status { entry, status }),
            }
        }
        let mut owners: HashMap<usize, &Part> = HashMap::new();
        for part in &parts {
            for &block in part.blocks.iter().filter(|&&block| block != 0) {
                if let Some(other) = owners.insert(block, part) {
                    let (of, names) =
                        ([other.entry, part.entry], Box::new([other, part].map(|p| display(&p.name))));
                    return Err(ImageError::Shared { block, of, names });
                }
            }
        }
        Ok(parts)
    }

    fn part(&self, entry: usize, bytes: &[u8]) -> Result<Part, ImageError> {
        // The highest bits are attributes.
        let name: Name = std::array::from_fn(|place| bytes[1 + place] & 0x7F);
        if !is_name(&name) {
            return Err(ImageError::Name { entry, name: display(&name) });
        }
        let (low, high, records) = (usize::from(bytes[12]), usize::from(bytes[14]), bytes[15]);
        let extent = low + high * LOW_EXTENTS;
        if low >= LOW_EXTENTS || high >= HIGH_EXTENTS || usize::from(records) > EXTENT_RECORDS {
            return Err(ImageError::Count { entry, name: display(&name), extent, records });
        }
        let of_entry = self.extents();
        let blocks: Vec<usize> = match self.blocks() > NARROW {
            true => {
                bytes[16..].chunks(2).map(|pair| usize::from(pair[0]) | usize::from(pair[1]) << 8).collect()
            }
            false => bytes[16..].iter().map(|&number| number.into()).collect(),
        };
        let (first, last) = (self.geometry.directory, self.blocks() - 1);
        match blocks.iter().find(|&&block| block != 0 && !(first..=last).contains(&block)) {
            Some(&block) => Err(ImageError::Block { entry, name: display(&name), block, first, last }),
            None => Ok(Part {
                entry,
                user: bytes[0],
                name,
                number: extent / of_entry,
                records: extent % of_entry * EXTENT_RECORDS + usize::from(records),
                blocks,
            }),
        }
    }

    /// The records of a file, of which all parts must be there, and all blocks of each.
    fn contents(&self, name: &str, mut parts: Vec<Part>) -> Result<Vec<u8>, ImageError> {
        parts.sort_by_key(|part| part.number);
        if let Some(pair) = parts.windows(2).find(|pair| pair[0].number == pair[1].number) {
            return Err(ImageError::Twice { name: name.into(), of: [pair[0].entry, pair[1].entry] });
        }
        let missing = || ImageError::Part { name: name.into() };
        let full = self.extents() * EXTENT_RECORDS;
        let mut contents = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            let is_last = number + 1 == parts.len();
            if part.number != number || !is_last && part.records != full {
                return Err(missing());
            }
            let from = contents.len();
            let count = (part.records * RECORD).div_ceil(self.geometry.block);
            for place in 0..count {
                let block =
                    part.blocks.get(place).copied().filter(|&block| block != 0).ok_or_else(missing)?;
                let cut = || ImageError::Cut { block, of: name.to_string() };
                contents.extend(self.block(block).ok_or_else(cut)?);
            }
            contents.truncate(from + part.records * RECORD);
        }
        Ok(contents)
    }
}
