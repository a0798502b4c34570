//! Files on a disk as CP/M 2.2 has them, and raw images of such disks.
//!
//! A disk is sectors on tracks. The first tracks are the system's. Behind them are blocks of 1 KB or more, the first of which are
//! the directory, filled with E5h: an entry of 32 bytes describes part of a file, by the numbers of its blocks, each a byte, or
//! a word where there are more than 256 of them; a longer file has several entries. It counts records of 128 bytes in extents
//! of 128 records, and names the last extent that it describes (Digital Research, CP/M 2.2 Alteration Guide, section 10;
//! https://www.seasip.info/Cpm/format22.html). Files stand one behind the other here, from the first free block on.

use crate::words::grouped;
use thiserror::Error;

const FILLER: u8 = 0xE5;
const RECORD: usize = 128;
const ENTRY: usize = 32;
/// Bytes and records of an extent.
const EXTENT: usize = 16 * 1024;
const EXTENT_RECORDS: usize = EXTENT / RECORD;
/// Bytes of an entry that name blocks.
const NUMBERS: usize = 16;
/// Blocks whose numbers are bytes.
const NARROW: usize = 256;
/// Extents that the first of two counters has.
const LOW_EXTENTS: usize = 32;

/// A file's name and its type, each filled with blanks.
pub(super) type FileName = [u8; 11];

/// How a disk is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskFormat {
    /// What cpmtools calls it.
    pub name: &'static str,
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

/// The formats of raw images, the usual one first.
pub static DISK_FORMATS: [DiskFormat; 10] = [
    // CP/M's own 8 inch disk.
    format("ibm-3740", [77, 26, 128], 2, 1024, [64, 2], 6),
    // z80pack's hard disk, with few entries and with many.
    format("4mb-hd", [1024, 32, 128], 0, 2048, [256, 4], 1),
    format("z80pack-hd", [255, 128, 128], 0, 2048, [1024, 16], 0),
    format("8megAltairSIMH", [2048, 32, 128], 6, 4096, [1024, 8], 0),
    format("osborne1", [40, 5, 1024], 3, 1024, [64, 2], 1),
    // Kaypro II; 4 and 10.
    format("kpii", [40, 10, 512], 1, 1024, [64, 4], 0),
    format("kpiv", [80, 10, 512], 1, 2048, [64, 2], 0),
    format("epsqx10", [40, 20, 512], 2, 2048, [128, 2], 0),
    // Amstrad PCW, one side and two.
    format("pcw", [40, 9, 512], 1, 1024, [64, 2], 1),
    format("cf2dd", [160, 9, 512], 1, 2048, [256, 4], 1),
];

const fn format(
    name: &'static str,
    [tracks, sectors, sector]: [usize; 3],
    reserved: usize,
    block: usize,
    [entries, directory]: [usize; 2],
    skew: usize,
) -> DiskFormat {
    DiskFormat { name, tracks, sectors, sector, reserved, block, entries, directory, skew }
}

/// Why files are not on a disk.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DiskError {
    /// Bytes in whole blocks, and those of all blocks for files.
    #[error(
        "its files need {} bytes in blocks of {} KB, and such a disk has {}",
        grouped(*needs as u64),
        block / 1024,
        grouped(*has as u64)
    )]
    Full { needs: usize, has: usize, block: usize },
    #[error("its files need {needs} entries of the directory, and such a disk has {has}")]
    Directory { needs: usize, has: usize },
}

impl DiskFormat {
    /// The format that cpmtools calls so.
    pub fn named(name: &str) -> Option<&'static Self> {
        DISK_FORMATS.iter().find(|format| format.name == name)
    }

    /// Bytes of a raw image.
    pub fn bytes(&self) -> usize {
        self.tracks * self.track()
    }

    /// Bytes for files.
    pub fn room(&self) -> usize {
        (self.blocks() - self.directory) * self.block
    }

    fn track(&self) -> usize {
        self.sectors * self.sector
    }

    /// Blocks behind the system's tracks, the directory's included.
    fn blocks(&self) -> usize {
        (self.tracks - self.reserved) * self.track() / self.block
    }

    /// Blocks that an entry names.
    fn blocks_an_entry(&self) -> usize {
        if self.blocks() > NARROW { NUMBERS / 2 } else { NUMBERS }
    }

    /// A disk with these files, their names as [`file_name`] has them. Its system's tracks are empty.
    ///
    /// # Errors
    /// They do not fit.
    pub(super) fn write(&self, files: &[(FileName, &[u8])]) -> Result<Vec<u8>, DiskError> {
        let content = self.content(files)?;
        let mut image = vec![FILLER; self.bytes()];
        let places = self.places();
        for (number, sector) in content.chunks(self.sector).enumerate() {
            let (track, place) = (self.reserved + number / self.sectors, places[number % self.sectors]);
            let at = track * self.track() + place * self.sector;
            image[at..at + self.sector].copy_from_slice(sector);
        }
        Ok(image)
    }

    /// Everything behind the system's tracks, sectors in the order of their numbers: the directory, then the files.
    ///
    /// # Errors
    /// They do not fit.
    pub(super) fn content(&self, files: &[(FileName, &[u8])]) -> Result<Vec<u8>, DiskError> {
        let whole = |bytes: &[u8]| bytes.len().next_multiple_of(self.block);
        let needs = files.iter().map(|(_, bytes)| whole(bytes)).sum();
        if needs > self.room() {
            return Err(DiskError::Full { needs, has: self.room(), block: self.block });
        }
        let mut block = self.directory;
        let mut directory = Vec::new();
        for (name, bytes) in files {
            self.enter(&mut directory, name, bytes.len(), block);
            block += whole(bytes) / self.block;
        }
        if directory.len() > self.entries * ENTRY {
            return Err(DiskError::Directory { needs: directory.len() / ENTRY, has: self.entries });
        }
        let mut content = directory;
        content.resize(self.directory * self.block, FILLER);
        for (_, bytes) in files {
            content.extend(*bytes);
            content.resize(content.len().next_multiple_of(self.block), FILLER);
        }
        content.resize((self.tracks - self.reserved) * self.track(), FILLER);
        Ok(content)
    }

    /// The entries of a file of so many bytes from a block on. One without a byte has one, too.
    fn enter(&self, directory: &mut Vec<u8>, name: &FileName, bytes: usize, first: usize) {
        let of_entry = self.blocks_an_entry();
        let (step, mut block) = (of_entry * self.block, first);
        for from in (0..bytes.max(1)).step_by(step) {
            let part = (bytes - from).min(step);
            let records = part.div_ceil(RECORD);
            // The last extent of this entry, and its records: all of them where another one follows.
            let last = records.saturating_sub(1) / EXTENT_RECORDS;
            let extent = from / EXTENT + last;
            // User 0.
            directory.push(0);
            directory.extend(name);
            directory.extend([(extent % LOW_EXTENTS) as u8, 0, (extent / LOW_EXTENTS) as u8]);
            directory.push((records - last * EXTENT_RECORDS) as u8);
            let count = part.div_ceil(self.block);
            for number in block..block + count {
                match of_entry {
                    NUMBERS => directory.push(number as u8),
                    // No disk here has more than 8 MB.
                    _ => directory.extend((number as u16).to_le_bytes()),
                }
            }
            directory.resize(directory.len().next_multiple_of(ENTRY), 0);
            block += count;
        }
    }

    /// Where each sector of a track is, by its number: so many sectors behind the one before, or at the next place that is free.
    fn places(&self) -> Vec<usize> {
        let (mut taken, mut next) = (vec![false; self.sectors], 0);
        let mut places = Vec::with_capacity(self.sectors);
        for _ in 0..self.sectors {
            while taken[next] {
                next = (next + 1) % self.sectors;
            }
            taken[next] = true;
            places.push(next);
            next = (next + self.skew) % self.sectors;
        }
        places
    }
}

/// `TALK` and `COM` as a directory has them. What is longer is cut.
pub(super) fn file_name(stem: &str, kind: &str) -> FileName {
    let mut name = [b' '; 11];
    let (first, second) = name.split_at_mut(8);
    first.iter_mut().zip(stem.bytes()).for_each(|(place, letter)| *place = letter);
    second.iter_mut().zip(kind.bytes()).for_each(|(place, letter)| *place = letter);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const TALK: &[u8; 11] = b"TALK    COM";

    fn entries(format: &DiskFormat, bytes: usize) -> Vec<Vec<u8>> {
        let mut directory = Vec::new();
        format.enter(&mut directory, TALK, bytes, format.directory);
        directory.chunks(ENTRY).map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn entries_name_the_last_extent_and_its_records() {
        let format = |name| DiskFormat::named(name).expect("it is there");
        // Blocks of 1 KB, their numbers bytes: an entry an extent.
        let all = entries(format("ibm-3740"), 16 * 1024 + 1);
        assert_eq!(all.len(), 2);
        assert_eq!(&all[0][..20], b"\0TALK    COM\0\0\0\x80\x02\x03\x04\x05");
        assert_eq!(&all[1][..18], b"\0TALK    COM\x01\0\0\x01\x12\0");
        // Blocks of 2 KB: two extents an entry.
        let all = entries(format("kpiv"), 48 * 1024);
        assert_eq!(
            (all.len(), &all[0][12..18], &all[1][12..18]),
            (2, &[1, 0, 0, 128, 2, 3][..], &[2, 0, 0, 128, 18, 19][..])
        );
        assert_eq!(entries(format("kpiv"), 16 * 1024)[0][12..16], [0, 0, 0, 128]);
        assert_eq!(entries(format("kpiv"), 16 * 1024 + 1)[0][12..16], [1, 0, 0, 1]);
        // Numbers of blocks are words, and extents have a second counter.
        let all = entries(format("4mb-hd"), 33 * 16 * 1024);
        assert_eq!((all.len(), &all[32][12..20]), (33, &[0, 0, 1, 128, 4, 1, 5, 1][..]));
        // A file without a byte.
        assert_eq!(entries(format("ibm-3740"), 0), [[&b"\0TALK    COM"[..], &[0; 20]].concat()]);
    }

    #[test]
    fn sectors_are_where_cpm_has_them() {
        // Digital Research's table of the 8 inch disk, from 1 on.
        let places = DISK_FORMATS[0].places();
        let table =
            [1, 7, 13, 19, 25, 5, 11, 17, 23, 3, 9, 15, 21, 2, 8, 14, 20, 26, 6, 12, 18, 24, 4, 10, 16, 22];
        assert_eq!(places.iter().map(|place| place + 1).collect::<Vec<_>>(), table);
        for format in &DISK_FORMATS {
            let mut places = format.places();
            assert!(format.skew > 1 || places.is_sorted());
            places.sort_unstable();
            assert_eq!(places, (0..format.sectors).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_last_block_is_filled_and_no_more() {
        for format in &DISK_FORMATS {
            let all: Vec<u8> = (0..format.room()).map(|n| (n % 251) as u8).collect();
            let image = format.write(&[(*TALK, &all)]);
            // A directory may be full before the disk is.
            if let Err(DiskError::Directory { needs, has }) = &image {
                assert!(needs > has, "{}", format.name);
                continue;
            }
            assert_eq!(image.expect("it has room").len(), format.bytes());
            let more = [&all[..], &[0]].concat();
            let full = DiskError::Full {
                needs: format.room() + format.block,
                has: format.room(),
                block: format.block,
            };
            assert_eq!(format.write(&[(*TALK, &more)]), Err(full), "{}", format.name);
        }
    }
}
