//! The CPC's disk and cassette before other people's tools: cpmtools reads the file from the disk, libdsk knows the
//! disk's form, and libspectrum plays the cassette, whose pulses are read here as the firmware's manual describes them.

use super::{installed, support};
use mlc_compiler::Image;
use mlc_compiler::target::ImageKind;
use std::path::Path;
use std::process::Command;

const MODELS: [&str; 3] = ["commands", "guess", "tinychat"];

fn image(name: &str) -> Image {
    let (model, _) = support::own(name);
    support::compile_for("cpc464", &model, None, &[]).unwrap_or_else(|e| panic!("{e}\n{}", e.help())).image
}

/// What a tool prints; it must succeed.
pub fn run(folder: &Path, tool: &str, args: &[&str]) -> String {
    let ran = Command::new(tool).args(args).current_dir(folder).output().expect("it was there before");
    let said = [ran.stdout, ran.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(ran.status.success(), "{tool} {args:?}: {said}");
    said
}

#[test]
fn cpmtools_reads_the_file_from_the_disk() {
    if !installed("cpmls") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in MODELS {
        let image = image(name);
        let disk = image.file(ImageKind::Dsk, name);
        std::fs::write(folder.path().join("a.dsk"), disk).expect("the folder is writable");
        let listed = run(folder.path(), "cpmls", &["-f", "cpcdata", "a.dsk"]);
        assert_eq!(listed, format!("0:\n{name}.bin\n"));
        run(folder.path(), "fsck.cpm", &["-f", "cpcdata", "-n", "a.dsk"]);
        run(folder.path(), "cpmcp", &["-f", "cpcdata", "a.dsk", &format!("0:{name}.bin"), "read.bin"]);
        let read = std::fs::read(folder.path().join("read.bin")).expect("cpmcp wrote it");
        std::fs::remove_file(folder.path().join("read.bin")).expect("the folder is writable");
        // A disk has records of 128 bytes.
        let file = image.file(ImageKind::Bin, name);
        assert_eq!(read.len(), file.len().next_multiple_of(128));
        assert!(read.starts_with(&file), "{name}: cpmcp reads other bytes");
    }
}

#[test]
fn libdsk_knows_the_disk() {
    if !installed("dskid") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let disk = image("commands").file(ImageKind::Dsk, "commands");
    std::fs::write(folder.path().join("a.dsk"), disk).expect("the folder is writable");
    let said = run(folder.path(), "dskid", &["a.dsk"]);
    let lines: Vec<String> =
        said.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "Driver: CPCEMU .DSK driver",
        "Cylinders: 40",
        "Heads: 1",
        "Sectors: 9",
        "First sector: 193",
        "Sector size: 512",
        "CP/M:DSM: 0xb3",
        "CP/M:DRM: 0x3f",
        "CP/M:OFF: 0x00",
    ] {
        assert!(lines.iter().any(|l| l == line), "no \"{line}\" in\n{said}");
    }
}

#[test]
fn libspectrum_plays_what_the_firmware_reads() {
    if !installed("tape2pulses") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in MODELS {
        let image = image(name);
        let tape = image.file(ImageKind::Cdt, name);
        std::fs::write(folder.path().join("a.cdt"), tape).expect("the folder is writable");
        run(folder.path(), "tape2pulses", &["a.cdt", "pulses"]);
        let pulses = std::fs::read_to_string(folder.path().join("pulses")).expect("it wrote the pulses");
        // `1167 : 0`: T-states at 3.5 MHz, and the level.
        let lengths = pulses.lines().map(|line| line.split(' ').next().expect("a line has a first word"));
        let lengths: Vec<u32> = lengths.map(|word| word.parse().expect("it is a number")).collect();
        let mut records = records(&lengths);
        let mut bytes: Vec<u8> = Vec::new();
        let mut last = false;
        for number in 1.. {
            let (header, data) = (records.next(), records.next());
            let Some((header, data)) = header.zip(data) else { break };
            assert!(!last, "{name}: a block behind the last");
            assert_eq!((header[0], data[0]), (0x2C, 0x16), "{name}: block {number}");
            let (header, data) = (content(&header), content(&data));
            let word = |at: usize| usize::from(header[at]) | usize::from(header[at + 1]) << 8;
            let called = String::from_utf8_lossy(&header[..16]).trim_end_matches('\0').to_string();
            assert_eq!(called, name.to_uppercase());
            assert_eq!((usize::from(header[16]), header[18]), (number, 2), "{name}: block and type");
            assert_eq!(word(21), 0x0170 + bytes.len(), "{name}: the place of block {number}");
            assert_eq!(
                (header[23] != 0, word(24), word(26)),
                (number == 1, image.bytes.len(), 0x0170),
                "{name}"
            );
            bytes.extend(&data[..word(19)]);
            last = header[17] != 0;
        }
        assert!(last && bytes == image.bytes, "{name}: the cassette has other bytes");
        let seconds = lengths.iter().map(|&length| f64::from(length)).sum::<f64>() / 3.5e6;
        eprintln!("{name}: {seconds:.0} s of tape");
    }
}

/// The bytes between leader and pause of each record. A leader is 4096 pulses of a one, then two of a zero.
fn records(lengths: &[u32]) -> impl Iterator<Item = Vec<u8>> {
    let pause = |length: &u32| *length > 20_000;
    lengths.split(pause).filter(|part| !part.is_empty()).map(|part| {
        let leader = part.iter().take_while(|&&length| length == part[0]).count();
        assert_eq!(leader, 4096);
        let (zero, bits) = part[leader..].split_at(2);
        // Ones are twice as long; a bit is two pulses of the same length.
        let is_one = |length: u32| length > zero[0] * 3 / 2;
        assert!(zero[0] == zero[1] && is_one(part[0]));
        let bits: Vec<bool> = bits
            .chunks(2)
            .map(|pair| {
                assert_eq!(pair[0], pair[1]);
                is_one(pair[0])
            })
            .collect();
        bits.chunks(8).map(|byte| byte.iter().fold(0, |value, &bit| value << 1 | u8::from(bit))).collect()
    })
}

/// The content of a record's segments, whose checksums hold; 32 ones are behind them.
fn content(record: &[u8]) -> Vec<u8> {
    let (segments, trailer) = record[1..].split_at(record.len() - 5);
    assert_eq!(trailer, [0xFF; 4]);
    let mut content = Vec::new();
    for segment in segments.chunks(258) {
        // Over bytes and checksum, inverted as it is stored, CRC-16 leaves a constant.
        let crc = segment.iter().fold(0xFFFFu16, |crc, &byte| {
            (0..8)
                .fold(crc ^ u16::from(byte) << 8, |crc, _| crc << 1 ^ if crc >> 15 == 1 { 0x1021 } else { 0 })
        });
        assert_eq!((segment.len(), crc), (258, 0x1D0F));
        content.extend(&segment[..256]);
    }
    content
}
