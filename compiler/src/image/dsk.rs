//! `.DSK`: a disk of an Amstrad CPC with one binary file on it, as emulators and disk tools read it.
//!
//! The image is CPCEMU's standard format: 256 bytes about the disk, then each track with 256 bytes about itself and its
//! sectors (https://www.cpcwiki.eu/index.php/Format:DSK_disk_image_file_format). The disk is AMSDOS's data format: 40
//! tracks of nine sectors C1h to C9h with 512 bytes, filled with E5h; blocks of 1 KB, counted from track 0, of which two
//! are the directory (https://www.seasip.info/Cpm/amsform.html). Files are on it as on CP/M 2.2.

use super::volume::{DiskError, DiskFormat, FileName};

const SECTOR: usize = 512;
/// The sectors of a track in the order in which they pass the head: AMSDOS formats so, which gives it time for each.
const ORDER: [u8; 9] = [0xC1, 0xC6, 0xC2, 0xC7, 0xC3, 0xC8, 0xC4, 0xC9, 0xC5];
const FIRST_SECTOR: u8 = 0xC1;
const INFORMATION: usize = 256;
const TRACK: usize = INFORMATION + ORDER.len() * SECTOR;
/// `128 << 2` bytes a sector.
const SIZE_CODE: u8 = 2;
const GAP: u8 = 0x4E;
const FILLER: u8 = 0xE5;

const DATA: DiskFormat = DiskFormat {
    name: "cpcdata",
    tracks: 40,
    sectors: ORDER.len(),
    sector: SECTOR,
    reserved: 0,
    block: 1024,
    entries: 64,
    directory: 2,
    skew: 1,
};

/// A disk with these files, their names as the directory has them.
///
/// # Errors
/// They do not fit.
pub(super) fn write(files: &[(FileName, &[u8])]) -> Result<Vec<u8>, DiskError> {
    let content = DATA.content(files)?;
    let mut disk = b"MV - CPCEMU Disk-File\r\nDisk-Info\r\n".to_vec();
    disk.extend(b"mlc           ");
    // One side.
    disk.extend([DATA.tracks as u8, 1]);
    disk.extend((TRACK as u16).to_le_bytes());
    disk.resize(INFORMATION, 0);
    for (number, track) in (0..).zip(content.chunks(ORDER.len() * SECTOR)) {
        disk.extend(track_information(number));
        for sector in ORDER {
            let from = usize::from(sector - FIRST_SECTOR) * SECTOR;
            disk.extend(&track[from..from + SECTOR]);
        }
    }
    Ok(disk)
}

fn track_information(number: u8) -> Vec<u8> {
    let mut information = b"Track-Info\r\n\0\0\0\0".to_vec();
    information.extend([number, 0, 0, 0, SIZE_CODE, ORDER.len() as u8, GAP, FILLER]);
    for sector in ORDER {
        information.extend([number, 0, sector, SIZE_CODE, 0, 0, 0, 0]);
    }
    information.resize(INFORMATION, 0);
    information
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::amsdos;

    #[test]
    fn the_disk_has_forty_tracks_and_the_file_s_extents() {
        let bytes: Vec<u8> = (0..40_000u32).map(|n| (n % 251) as u8).collect();
        let file = amsdos::write(&amsdos::full_name("tiny-model-2"), (0x0170, 0x0170), &bytes);
        let disk = write(&[(amsdos::full_name("tiny-model-2"), &file)]).expect("it has room");
        assert_eq!(disk.len(), 194_816);
        assert_eq!(&disk[..34], b"MV - CPCEMU Disk-File\r\nDisk-Info\r\n");
        assert_eq!(disk[0x30..0x34], [40, 1, 0x00, 0x13]);
        let track = &disk[0x100 + 39 * 0x1300..];
        assert_eq!(&track[..0x18], b"Track-Info\r\n\0\0\0\0\x27\0\0\0\x02\x09\x4E\xE5");
        assert_eq!(track[0x18..0x28], [39, 0, 0xC1, 2, 0, 0, 0, 0, 39, 0, 0xC6, 2, 0, 0, 0, 0]);
        // 40,128 bytes: 16, 16 and 8 blocks, the last with 58 of 64 records.
        let directory = &disk[0x200..];
        let entry = |n: usize| directory[n * 32..(n + 1) * 32].to_vec();
        assert_eq!(&entry(0)[..20], b"\0TINYMODEBIN\0\0\0\x80\x02\x03\x04\x05");
        assert_eq!(&entry(1)[..20], b"\0TINYMODEBIN\x01\0\0\x80\x12\x13\x14\x15");
        assert_eq!(&entry(2)[12..], [2, 0, 0, 58, 34, 35, 36, 37, 38, 39, 40, 41, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert!(directory[3 * 32..512].iter().all(|&byte| byte == 0xE5));
        // Block 2 is sectors 4 and 5 of track 0: C5h comes last, C6h second.
        let sector = |place: usize| &disk[0x200 + place * 512..0x200 + (place + 1) * 512];
        assert_eq!(sector(8)[..128], file[..128]);
        assert_eq!(sector(8)[128..], bytes[..384]);
        assert_eq!(*sector(1), bytes[384..896]);
    }
}
