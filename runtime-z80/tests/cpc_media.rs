//! Disks and cassettes of the CPC 464 made here by hand, whole and damaged.

use mlc_runtime_z80::{CpcConfig, CpcMachine, End, Exit, FileError, NoObserver, Script};

/// `RET`, for 4000h.
const PROGRAM: [u8; 3] = [0xC9, 1, 2];
const SECTORS: usize = 9;

/// A binary file of the disk system.
fn binary(kind: u8) -> Vec<u8> {
    let mut file = vec![0; 128];
    file[18] = kind;
    file[21..28].copy_from_slice(&[0, 0x40, 0xFF, 3, 0, 0, 0x40]);
    let sum: u16 = file.iter().map(|&byte| u16::from(byte)).sum();
    file[67..69].copy_from_slice(&sum.to_le_bytes());
    file.extend(PROGRAM);
    file
}

/// A directory entry of one block; `E5h` for the user deletes it.
fn entry(user: u8, name: &[u8; 11], block: u8) -> [u8; 32] {
    let mut entry = [0; 32];
    entry[0] = user;
    entry[1..12].copy_from_slice(name);
    entry[15] = 2;
    entry[16] = block;
    entry
}

/// A disk of four tracks: files, a block each from block 2 on, behind a directory and `reserved` tracks.
struct Disk {
    extended: bool,
    first: u8,
    reserved: usize,
    directory: Vec<[u8; 32]>,
    files: Vec<Vec<u8>>,
}

impl Disk {
    fn with(files: &[(&[u8; 11], Vec<u8>)]) -> Self {
        let directory = (2..).zip(files).map(|(block, (name, _))| entry(0, name, block)).collect();
        let files = files.iter().map(|(_, file)| file.clone()).collect();
        Disk { extended: false, first: 0xC1, reserved: 0, directory, files }
    }

    fn image(&self) -> Vec<u8> {
        let mut content = vec![0; self.reserved * SECTORS * 512];
        content.extend(self.directory.concat());
        content.resize(self.reserved * SECTORS * 512 + 2048, 0xE5);
        for file in &self.files {
            content.extend(file);
            content.resize(content.len().next_multiple_of(1024), 0);
        }
        content.resize(4 * SECTORS * 512, 0xE5);
        let kind: &[u8] =
            if self.extended { b"EXTENDED CPC DSK File\r\n" } else { b"MV - CPCEMU Disk-File\r\n" };
        let mut image = kind.to_vec();
        image.resize(256, 0);
        image[0x30..0x34].copy_from_slice(&[4, 1, 0, 0x13]);
        image[0x34..0x38].fill(0x13);
        for (number, track) in content.chunks(SECTORS * 512).enumerate() {
            let mut information = b"Track-Info\r\n".to_vec();
            information.resize(256, 0);
            information[0x14..0x16].copy_from_slice(&[2, SECTORS as u8]);
            for sector in 0..SECTORS {
                let fields = [number as u8, 0, self.first + sector as u8, 2, 0, 0, 0, 2];
                information[0x18 + sector * 8..][..8].copy_from_slice(&fields);
            }
            image.extend(information);
            image.extend(track);
        }
        image
    }

    #[track_caller]
    fn refused(&self) -> FileError {
        disk(&self.image()).err().expect("it is refused")
    }
}

fn disk(image: &[u8]) -> Result<CpcMachine<Script>, FileError> {
    CpcMachine::load_disk(image, Script::default(), CpcConfig::default())
}

#[track_caller]
fn runs(machine: Result<CpcMachine<Script>, FileError>) {
    let mut machine = machine.expect("it is a disk");
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
}

#[test]
fn disks_of_both_kinds_and_both_layouts_are_read() {
    let talk = || Disk::with(&[(b"TALK    BIN", binary(2)), (b"README  TXT", b"TALK\r\n".to_vec())]);
    runs(disk(&talk().image()));
    runs(disk(&Disk { extended: true, ..talk() }.image()));
    runs(disk(&Disk { first: 0x41, reserved: 2, ..talk() }.image()));
    // Attributes are no part of the name; deleted files and those of other users are not there.
    let mut disk_of_three = talk();
    disk_of_three.directory[0] = entry(0, b"TALK    \xC2\xC9\xCE", 2);
    disk_of_three.directory.extend([entry(0xE5, b"OLD     BIN", 2), entry(3, b"OTHER   BIN", 2)]);
    runs(disk(&disk_of_three.image()));
}

#[test]
fn what_is_no_disk_with_one_program_is_refused() {
    let talk = Disk::with(&[(b"TALK    BIN", binary(2))]);
    assert_eq!(disk(b"").err(), Some(FileError::NoDisk));
    assert_eq!(disk(b"MV - CPC").err(), Some(FileError::NoDisk));
    assert_eq!(disk(&talk.image()[..256 + 0x1300 + 5]).err(), Some(FileError::TrackCut { track: 1 }));
    assert_eq!(Disk { first: 1, ..talk }.refused(), FileError::Layout { first: 1 });
    let two = Disk::with(&[(b"B       BIN", binary(2)), (b"A       BIN", binary(2))]);
    assert_eq!(two.refused(), FileError::Several { files: vec!["A.BIN".into(), "B.BIN".into()] });
    let named = |name: &str| {
        let config = CpcConfig { named: Some(name.into()), ..CpcConfig::default() };
        CpcMachine::load_disk(&two.image(), Script::default(), config)
    };
    ["a", "A", "b.bin", "B"].into_iter().for_each(|name| runs(named(name)));
    let unnamed =
        |name: &str| FileError::Unnamed { name: name.into(), files: vec!["A.BIN".into(), "B.BIN".into()] };
    assert_eq!([named("C").err(), named("b.").err()], [Some(unnamed("C")), Some(unnamed("B."))]);
    let text = Disk::with(&[(b"A       TXT", vec![b'x'; 200]), (b"B       TXT", vec![b'y'; 200])]);
    let files = vec!["A.TXT".into(), "B.TXT".into()];
    assert_eq!(text.refused(), FileError::NoProgram { files });
    assert_eq!(
        Disk::with(&[]).refused().to_string(),
        "there is no file on it that is a machine-code program; it has none at all"
    );
    let basic = Disk::with(&[(b"TALK    BAS", binary(0))]);
    let error = FileError::HeaderType { kind: 0 };
    assert_eq!(basic.refused(), FileError::InFile { name: "TALK.BAS".into(), error: Box::new(error) });
    let mut gap = Disk::with(&[(b"TALK    BIN", binary(2))]);
    gap.directory[0][12] = 1;
    assert_eq!(gap.refused(), FileError::Extent { name: "TALK.BIN".into() });
    let mut far = Disk::with(&[(b"TALK    BIN", binary(2))]);
    far.directory[0][16] = 200;
    assert_eq!(far.refused(), FileError::Sector { track: 44, sector: 0xC5 });
}

/// CRC-16/GENIBUS, a nibble at a time.
fn checksum(bytes: &[u8]) -> u16 {
    let step = |crc: u16, value: u8| {
        let index = (u16::from(value) ^ crc >> 12) & 15;
        crc << 4 ^ index << 12 ^ index << 5 ^ index
    };
    !bytes.iter().fold(0xFFFF, |crc, &byte| step(step(crc, byte >> 4), byte & 15))
}

/// The bytes of a record on the cassette, from the byte that says what it is.
fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut record = vec![kind];
    for part in content.chunks(256) {
        let mut segment = part.to_vec();
        segment.resize(256, 0);
        record.extend(&segment);
        record.extend(checksum(&segment).to_be_bytes());
    }
    record.extend([0xFF; 4]);
    record
}

/// The header of one block of a file for 4000h.
fn header(number: u8, last: bool, kind: u8, block: u16, file: u16) -> Vec<u8> {
    let mut header = b"TALK".to_vec();
    header.resize(64, 0);
    header[16..19].copy_from_slice(&[number, u8::from(last), kind]);
    header[19..21].copy_from_slice(&block.to_le_bytes());
    header[21..28].copy_from_slice(&[0, 0x40, 0xFF, file as u8, (file >> 8) as u8, 0, 0x40]);
    header
}

/// Each record as one block of ID 11h, at 1000 bits a second.
fn turbo(records: &[Vec<u8>]) -> Vec<u8> {
    let mut tape = b"ZXTape!\x1A\x01\x0D".to_vec();
    for record in records {
        tape.extend([0x11, 0x1A, 9, 0x8D, 4, 0x8D, 4, 0x8D, 4, 0x1A, 9, 0, 0x10, 8, 10, 0]);
        tape.extend(&(record.len() as u32).to_le_bytes()[..3]);
        tape.extend(record);
    }
    tape
}

/// The same as a tone, two pulses, data and a pause, with remarks between them.
fn in_parts(records: &[Vec<u8>]) -> Vec<u8> {
    let mut tape = b"ZXTape!\x1A\x01\x14\x32\x03\0abc\x30\x02hi".to_vec();
    for record in records {
        tape.extend(b"\x21\x01x");
        tape.extend([0x12, 0x80, 4, 0, 8, 0x13, 2, 0x40, 2, 0x40, 2]);
        tape.extend([0x14, 0x40, 2, 0x80, 4, 8, 0, 0]);
        tape.extend(&(record.len() as u32).to_le_bytes()[..3]);
        tape.extend(record);
        tape.extend([0x22, 0x20, 0xE8, 3]);
    }
    tape
}

fn tape(image: &[u8]) -> Result<CpcMachine<Script>, FileError> {
    CpcMachine::load_tape(image, Script::default(), CpcConfig::default())
}

fn whole() -> Vec<Vec<u8>> {
    vec![record(0x2C, &header(1, true, 2, 3, 3)), record(0x16, &PROGRAM)]
}

#[test]
fn tapes_of_any_speed_and_make_are_read() {
    // Two blocks, the first full.
    let long = [&[0xC9][..], &[7; 2100]].concat();
    let blocks = [
        record(0x2C, &header(1, false, 2, 2048, 2101)),
        record(0x16, &long[..2048]),
        record(0x2C, &header(2, true, 2, 53, 2101)),
        record(0x16, &long[2048..]),
    ];
    for image in [turbo(&whole()), in_parts(&whole()), turbo(&blocks), in_parts(&blocks)] {
        let mut machine = tape(&image).expect("it is a tape");
        assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    }
}

#[test]
fn what_is_no_tape_with_a_program_is_refused() {
    let refused = |image: &[u8]| tape(image).err().expect("it is refused");
    let records = |records: &[Vec<u8>]| refused(&turbo(records));
    let image = turbo(&whole());
    assert_eq!(refused(b"MV - CPC"), FileError::NoTape);
    assert_eq!(refused(&image[..9]), FileError::BlockCut { at: 8 });
    assert_eq!(refused(&image[..100]), FileError::BlockCut { at: 10 });
    assert_eq!(refused(b"ZXTape!\x1A\x01\x14"), FileError::TapeEnds { wanted: "a header" });
    assert_eq!(records(&whole()[..1]), FileError::TapeEnds { wanted: "data" });
    let unknown = [&image[..], &[0x19]].concat();
    assert_eq!(refused(&unknown), FileError::BlockUnknown { at: image.len(), id: 0x19 });
    // A tone of FFFFh pulses takes five bytes.
    let tone = [&b"ZXTape!\x1A\x01\x14"[..], &[0x12, 1, 0, 0xFF, 0xFF].repeat(300)].concat();
    assert_eq!(refused(&tone), FileError::TapeLong { most: 16 << 20 });
    let [header_record, data] = &whole()[..] else { unreachable!("there are two") };
    let wrong = FileError::Record { found: 0x16, wants: 0x2C, wanted: "a header" };
    assert_eq!(records(std::slice::from_ref(data)), wrong);
    let mut flipped = data.clone();
    flipped[2] ^= 1;
    let (found, wants) = (checksum(&data[1..257]), checksum(&flipped[1..257]));
    assert_eq!(
        records(&[header_record.clone(), flipped]),
        FileError::RecordChecksum { block: 1, found, wants }
    );
    let headed = |header: Vec<u8>| records(&[record(0x2C, &header), data.clone()]);
    assert_eq!(headed(header(2, true, 2, 3, 3)), FileError::BlockOrder { found: 2, wants: 1 });
    assert_eq!(headed(header(1, true, 0, 3, 3)), FileError::FileType { kind: 0 });
    assert_eq!(headed(header(1, true, 2, 0, 3)), FileError::BlockLength { block: 1, says: 0 });
    assert_eq!(headed(header(1, true, 2, 2049, 3)), FileError::BlockLength { block: 1, says: 2049 });
    assert_eq!(headed(header(1, true, 2, 3, 9)), FileError::ContentLength { says: 9, has: 3 });
    let mut high = header(1, true, 2, 3, 3);
    high[22] = 0xB1;
    let place = FileError::Place { start: 0xB100, end: 0xB103, limit: 0xB100 };
    assert_eq!(headed(high), place);
}
