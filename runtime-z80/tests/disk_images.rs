//! Raw images of CP/M disks made here by hand, whole, damaged on purpose, and damaged anywhere.

use mlc_runtime_z80::{DiskFile, Geometry, ImageError, read_image};

/// CP/M's own 8 inch disk: blocks of 1 KB with numbers of a byte, sectors six apart.
const SINGLE: Geometry = Geometry {
    tracks: 77,
    sectors: 26,
    sector: 128,
    reserved: 2,
    block: 1024,
    entries: 64,
    directory: 2,
    skew: 6,
};
/// Blocks of 4 KB with numbers of a word: two extents an entry.
const LARGE: Geometry = Geometry {
    tracks: 300,
    sectors: 32,
    sector: 128,
    reserved: 6,
    block: 4096,
    entries: 64,
    directory: 1,
    skew: 0,
};
/// Digital Research's own table of the first one, from 1 on.
const SKEWED: [usize; 26] =
    [1, 7, 13, 19, 25, 5, 11, 17, 23, 3, 9, 15, 21, 2, 8, 14, 20, 26, 6, 12, 18, 24, 4, 10, 16, 22];

/// An entry: user, name, extent, records, numbers of blocks as they stand there.
fn entry(user: u8, name: &[u8; 11], extent: u8, records: u8, blocks: &[u8]) -> [u8; 32] {
    let mut entry = [0; 32];
    entry[0] = user;
    entry[1..12].copy_from_slice(name);
    (entry[12], entry[15]) = (extent, records);
    entry[16..16 + blocks.len()].copy_from_slice(blocks);
    entry
}

/// Every byte of a block is its number, but that of the directory.
fn image(geometry: &Geometry, directory: &[[u8; 32]]) -> Vec<u8> {
    let mut content = directory.concat();
    content.resize(geometry.directory * geometry.block, 0xE5);
    let track = geometry.sectors * geometry.sector;
    let room = (geometry.tracks - geometry.reserved) * track;
    content.extend((content.len()..room).map(|at| (at / geometry.block) as u8));
    let mut image = vec![0xE5; geometry.reserved * track];
    for track in content.chunks(track) {
        let place =
            |at: usize| if geometry.skew == 6 { SKEWED.iter().position(|&s| s == at + 1) } else { Some(at) };
        for at in 0..geometry.sectors {
            let from = place(at).expect("the table has every sector") * geometry.sector;
            image.extend(&track[from..from + geometry.sector]);
        }
    }
    image
}

fn two() -> [[u8; 32]; 3] {
    [
        entry(0, b"TALK    COM", 0, 128, &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]),
        entry(0, b"A\xC2\xA0     DAT", 0, 9, &[19, 20]),
        entry(0, b"TALK    COM", 1, 3, &[18]),
    ]
}

#[track_caller]
fn refused(directory: &[[u8; 32]]) -> ImageError {
    read_image(&image(&SINGLE, directory), &SINGLE).expect_err("it is damaged")
}

/// Two with one byte of an entry changed.
#[track_caller]
fn changed(entry: usize, at: usize, byte: u8) -> ImageError {
    let mut directory = two();
    directory[entry - 1][at] = byte;
    refused(&directory)
}

#[test]
fn files_come_in_their_records() {
    // Attributes are no part of a name; other users, free entries and what later systems keep there are not looked at.
    let others = [entry(5, b"OTHER   COM", 0, 1, &[30]), entry(0xE5, b"OLD     COM", 0, 1, &[2]), [0x21; 32]];
    let files = read_image(&image(&SINGLE, &[&two()[..], &others].concat()), &SINGLE).expect("it is a disk");
    let bytes = |blocks: std::ops::Range<u8>, records: usize| {
        let all: Vec<u8> = blocks.flat_map(|block| [block; 1024]).collect();
        all[..records * 128].to_vec()
    };
    let file = |name: &str, contents| DiskFile { name: name.into(), contents };
    assert_eq!(files, [file("AB.DAT", bytes(19..21, 9)), file("TALK.COM", bytes(2..19, 131))]);
    assert_eq!(read_image(&image(&SINGLE, &[]), &SINGLE), Ok(vec![]));
    let none = [entry(0, b"EMPTY      ", 0, 0, &[])];
    assert_eq!(read_image(&image(&SINGLE, &none), &SINGLE), Ok(vec![file("EMPTY", vec![])]));
}

#[test]
fn two_extents_of_an_entry_are_one_part() {
    // Extents 0 and 1, all records; extent 2 with one.
    let directory = [
        entry(0, b"BIG     DAT", 1, 128, &[1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0x2C, 1]),
        entry(0, b"BIG     DAT", 2, 1, &[9, 0]),
    ];
    let files = read_image(&image(&LARGE, &directory), &LARGE);
    let ImageError::Block { block, last, .. } = files.expect_err("block 300 is not there") else {
        panic!("it is about a block")
    };
    assert_eq!((block, last), (300, 293));
    let mut directory = directory;
    directory[0][30..].copy_from_slice(&[0x25, 1]);
    let files = read_image(&image(&LARGE, &directory), &LARGE).expect("it is a disk");
    assert_eq!(files[0].contents.len(), 2 * 16384 + 128);
    assert_eq!((files[0].contents[7 * 4096], files[0].contents[32768]), (0x25, 9));
}

#[test]
fn what_a_directory_cannot_say_is_named() {
    let talk = || "TALK.COM".to_string();
    assert_eq!(changed(1, 0, 0x7F), ImageError::Status { entry: 1, status: 0x7F });
    for (byte, name) in
        [(b'a', "TaLK.COM"), (b' ', "T?LK.COM"), (7, "T?LK.COM"), (b'.', "T.LK.COM"), (0x7F, "T?LK.COM")]
    {
        assert_eq!(changed(1, 2, byte), ImageError::Name { entry: 1, name: name.into() });
    }
    let counted = |extent, records| ImageError::Count { entry: 1, name: talk(), extent, records };
    assert_eq!(changed(1, 12, 32), counted(32, 128));
    assert_eq!(changed(1, 14, 16), counted(512, 128));
    assert_eq!(changed(1, 15, 129), counted(0, 129));
    let block = |block| ImageError::Block { entry: 1, name: talk(), block, first: 2, last: 242 };
    assert_eq!([changed(1, 16, 1), changed(1, 31, 243)], [block(1), block(243)]);
    let names = Box::new([talk(), "AB.DAT".into()]);
    assert_eq!(changed(2, 17, 2), ImageError::Shared { block: 2, of: [1, 2], names });
    // A hole in a file, a part that is missing, one that is not full, one that is there twice.
    let part = ImageError::Part { name: talk() };
    for (entry, at, byte) in [(1, 18, 0), (3, 12, 2), (1, 12, 1), (1, 15, 127)] {
        let found = changed(entry, at, byte);
        let twice = ImageError::Twice { name: talk(), of: [1, 3] };
        assert!(found == part || (entry, at) == (1, 12) && found == twice, "{found}");
    }
    assert_eq!(changed(3, 12, 0), ImageError::Twice { name: talk(), of: [1, 3] });
}

#[test]
fn an_image_may_end_behind_its_files_only() {
    let whole = image(&SINGLE, &two());
    let track = 26 * 128;
    // The last block of a file, 20, begins with sector 4 of its seventh track.
    let end = (2 + 7) * track;
    assert_eq!(read_image(&whole[..end], &SINGLE), read_image(&whole, &SINGLE));
    let cut = |length: usize| read_image(&whole[..length], &SINGLE).expect_err("it is cut").to_string();
    assert_eq!(cut(0), "it is cut: block 0, of the directory, is not whole");
    assert_eq!(cut(2 * track + 200), cut(0));
    assert_eq!(cut(4 * track), "it is cut: block 19, of AB.DAT, is not whole");
    let longer = [&whole[..], &[0]].concat();
    let (has, wants) = (whole.len() + 1, whole.len());
    assert_eq!(read_image(&longer, &SINGLE), Err(ImageError::Long { has, wants }));
}

/// Whatever is changed, the image is refused, or its files are no more than it has.
#[test]
fn damage_anywhere_is_refused_or_harmless() {
    let mut state = 7u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut taken, mut turned_down) = (0, 0);
    for geometry in [SINGLE, LARGE] {
        let directory = geometry.reserved * geometry.sectors * geometry.sector;
        let entries = match geometry == SINGLE {
            true => two().to_vec(),
            false => vec![entry(0, b"BIG     DAT", 1, 20, &[1, 0, 2, 0, 3, 0, 4, 0, 5, 0])],
        };
        let whole = image(&geometry, &entries);
        for _ in 0..1500 {
            let mut image = whole.clone();
            for _ in 0..1 + next(6) {
                // Mostly in the entries, with bytes that mean something there.
                let at = if next(4) == 0 { next(image.len()) } else { directory + next(2048).min(next(200)) };
                image[at] = [0, 1, 2, 31, 32, 127, 128, 129, 0xE5, 0xFF, next(256) as u8][next(11)];
            }
            if next(5) == 0 {
                image.truncate(next(image.len()));
            }
            match read_image(&image, &geometry) {
                Ok(files) => {
                    taken += 1;
                    assert!(files.iter().map(|file| file.contents.len()).sum::<usize>() <= image.len());
                    assert!(files.windows(2).all(|pair| pair[0].name < pair[1].name), "{files:?}");
                }
                Err(error) => {
                    turned_down += 1;
                    assert!(!error.to_string().contains(|c: char| c.is_control()), "{error}");
                }
            }
        }
    }
    assert!(taken > 300 && turned_down > 300, "{taken} {turned_down}");
}
