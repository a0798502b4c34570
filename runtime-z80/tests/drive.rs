//! BDOS functions on the drive as a whole: logging in, protection, attributes, users, its space.

mod machine;

use machine::config;
use mlc_runtime_z80::{CpmMachine, Disk, End, Exit, NoObserver, Script};

const FCB: u16 = 0x5C;
const DMA: u16 = 0x0600;
/// Where results go: HL of each call.
const RESULTS: usize = 0x0500;

/// A step of a program: a call with DE, or a byte put somewhere.
#[derive(Clone, Copy)]
enum Step {
    Call(u8, u16),
    Put(u16, u8),
}
use Step::{Call, Put};

/// Runs the steps with `tail`; HL of each call, and the machine.
fn run(steps: &[Step], tail: &str, disk: Disk) -> (Vec<u16>, CpmMachine<Script>) {
    let (end, results, machine) = ending(steps, tail, disk);
    assert_eq!(end, End::Exit(Exit::Return));
    (results, machine)
}

fn ending(steps: &[Step], tail: &str, disk: Disk) -> (End, Vec<u16>, CpmMachine<Script>) {
    let (mut program, mut at) = (Vec::new(), RESULTS as u16);
    for step in steps {
        match *step {
            Call(function, de) => {
                let [e, d] = de.to_le_bytes();
                // LD DE,de / LD C,function / CALL 5 / LD (at),HL
                program.extend([0x11, e, d, 0x0E, function, 0xCD, 0x05, 0x00, 0x22]);
                program.extend(at.to_le_bytes());
                at += 2;
            }
            Put(address, value) => {
                program.extend([0x3E, value, 0x32]); // LD A,value / LD (address),A
                program.extend(address.to_le_bytes());
            }
        }
    }
    program.push(0xC9); // RET
    assert!(program.len() <= 0x0400, "the results would overwrite the program");
    let mut machine = CpmMachine::load(&program, tail.as_bytes(), Script::default(), config()).unwrap();
    *machine.disk() = disk;
    let end = machine.run(&mut NoObserver);
    let results = (RESULTS as u16..at).step_by(2).map(|at| machine.memory().word(at)).collect();
    (end, results, machine)
}

fn message(steps: &[Step], tail: &str, disk: Disk) -> String {
    machine::fault(ending(steps, tail, disk).0).to_string()
}

fn disk(files: &[(&str, usize)]) -> Disk {
    let mut disk = Disk::default();
    for (name, size) in files {
        disk.insert(name, vec![7; *size]).unwrap();
    }
    disk
}

fn memory(machine: &CpmMachine<Script>, at: u16, count: usize) -> &[u8] {
    &machine.memory().bytes()[usize::from(at)..][..count]
}

#[test]
fn drives_are_logged_in_and_out() {
    // Logged in at the start; 37 logs it out, a file function or 14 in again; 13 as well.
    let steps = [
        Call(24, 0),
        Call(37, 0xFFFE),
        Call(24, 0),
        Call(37, 1),
        Call(24, 0),
        Call(16, FCB),
        Call(24, 0),
        Call(37, 1),
        Call(14, 0),
        Call(24, 0),
        Call(37, 1),
        Call(13, 0),
        Call(24, 0),
    ];
    let (results, _) = run(&steps, "none", Disk::default());
    assert_eq!(results, [1, 0, 1, 0, 0, 0xFF, 1, 0, 0, 1, 0, 0, 1]);
}

/// 13 says whether a batch waits: a file whose name begins with `$`.
#[test]
fn a_waiting_batch() {
    assert_eq!(run(&[Call(13, 0)], "", disk(&[("$$$.sub", 128)])).0, [0xFF]);
    assert_eq!(run(&[Call(13, 0)], "", disk(&[("a$.sub", 128)])).0, [0]);
    assert_eq!(run(&[Call(32, 1), Call(13, 0)], "", disk(&[("$$$.sub", 128)])).0, [0, 0]);
}

#[test]
fn a_protected_drive_takes_no_write() {
    let there = || disk(&[("a", 128)]);
    // 28 sets the bit of 29, reading goes on, and 13 or 37 end it.
    let steps = [Call(29, 0), Call(28, 0), Call(29, 0), Call(20, FCB), Call(13, 0), Call(29, 0)];
    assert_eq!(run(&steps, "a", there()).0, [0, 0, 1, 0, 0, 0]);
    let steps = [Call(28, 0), Call(37, 1), Call(29, 0), Call(21, FCB)];
    assert_eq!(run(&steps, "a", there()).0, [0, 0, 0, 0]);
    for function in [19, 21, 22, 23, 30, 34, 40] {
        let text = message(&[Put(FCB + 35, 0), Call(28, 0), Call(function, FCB)], "a b", there());
        assert_eq!(
            text,
            "at 0115h: a write to drive A, which BDOS function 28 protects (on a real machine \"Bdos Err On A: R/O\")",
            "{function}"
        );
    }
}

#[test]
fn attributes() {
    let there = || disk(&[("a.txt", 128), ("b.txt", 128)]);
    // t1', read only, and t2', which hides from DIR: in the entry, and in the FCB that is opened; a name is found without.
    let steps =
        [Put(FCB + 9, b'T' | 0x80), Put(FCB + 10, b'X' | 0x80), Call(30, FCB), Call(26, DMA), Call(17, FCB)];
    let (results, mut machine) = run(&steps, "a.txt", there());
    assert_eq!(results, [0, 0, 0]);
    assert_eq!(memory(&machine, DMA, 12), b"\0A       \xD4\xD8T");
    assert_eq!(machine.disk().names(), ["A.TXT", "B.TXT"]);
    let protected = machine.disk().clone();
    let (results, machine) = run(&[Call(15, FCB), Call(20, FCB)], "a.txt", protected.clone());
    assert_eq!(results, [0, 0]);
    assert_eq!(memory(&machine, FCB, 12), b"\0A       \xD4\xD8T");
    for function in [19, 21, 22, 23, 34, 40] {
        let text = message(&[Put(FCB + 35, 0), Call(function, FCB)], "a.txt c.txt", protected.clone());
        assert_eq!(
            text,
            "at 010Ah: a write to a file with the attribute R/O (on a real machine \"Bdos Err On A: File R/O\")",
            "{function}"
        );
    }
    // The other file is as it was; without the bits the first one is as well.
    assert_eq!(run(&[Call(21, FCB)], "b.txt", protected.clone()).0, [0]);
    assert_eq!(run(&[Call(30, FCB), Call(21, FCB)], "a.txt", protected).0, [0, 0]);
    assert_eq!(run(&[Call(30, FCB)], "c.txt", there()).0, [0xFF]);
}

#[test]
fn users_have_files_of_their_own() {
    let steps = [
        Call(32, 0xFF),
        Call(32, 5),
        Call(32, 0xFF),
        Call(15, FCB),
        Call(22, FCB),
        Call(21, FCB),
        Call(32, 0),
        Call(35, FCB),
    ];
    let (results, mut machine) = run(&steps, "a", disk(&[("a", 1000)]));
    assert_eq!(results, [0, 0, 5, 0xFF, 0, 0, 0, 0]);
    assert_eq!(memory(&machine, FCB + 33, 3), [8, 0, 0]);
    assert_eq!(machine.disk().names(), ["A", "5:A"]);
    // `?` for the drive finds those of all users; the entry begins with the user's number.
    let all = machine.disk().clone();
    let steps =
        [Put(FCB, b'?'), Call(26, DMA), Call(17, FCB), Call(26, DMA + 128), Call(18, FCB), Call(18, FCB)];
    let (results, machine) = run(&steps, "none", all);
    assert_eq!(results, [0, 0, 0, 0, 0xFF]);
    assert_eq!((memory(&machine, DMA, 2), memory(&machine, DMA + 128, 2)), (&b"\0A"[..], &b"\x05A"[..]));
}

/// Each extent of 16 KB is an entry, with its number and its blocks of 2 KB.
#[test]
fn searching_for_extents() {
    let there = disk(&[("a", 1), ("big", 33 * 16384 + 3 * 128)]);
    let steps = [Put(FCB + 12, b'?'), Call(26, DMA), Call(17, FCB), Call(26, DMA + 128), Call(18, FCB)];
    let (results, machine) = run(&steps, "big", there.clone());
    assert_eq!(results, [0, 0, 0, 0]);
    let numbers = |at: u16| [12, 14, 15].map(|field| machine.memory().byte(at + field));
    assert_eq!((numbers(DMA), numbers(DMA + 128)), ([0, 0, 128], [1, 0, 128]));
    // Behind the directory's 8 blocks and the other file's one.
    assert_eq!(machine.memory().word(DMA + 16), 9);
    assert_eq!(machine.memory().word(DMA + 128 + 30), 9 + 15);
    // The last one has the number 33: 1 in the second module, and one block.
    let steps: Vec<_> =
        [Put(FCB + 12, b'?'), Call(26, DMA), Call(17, FCB)].into_iter().chain([Call(18, FCB); 34]).collect();
    let (results, machine) = run(&steps, "big", there.clone());
    assert_eq!(results[33..], [0, 0, 0xFF]);
    let numbers = [12, 14, 15].map(|field| machine.memory().byte(DMA + field));
    assert_eq!(numbers, [1, 1, 3]);
    assert_eq!(memory(&machine, DMA + 18, 14), [0; 14]);
    // By its number one, and 0 is that of the first.
    let (results, machine) =
        run(&[Put(FCB + 12, 2), Call(26, DMA), Call(17, FCB), Call(18, FCB)], "big", there);
    assert_eq!((results, machine.memory().byte(DMA + 12)), (vec![0, 0, 0xFF], 2));
}

#[test]
fn what_the_drive_is() {
    let (results, machine) = run(&[Call(31, 0), Call(27, 0)], "", disk(&[("a", 2049), ("b", 5 * 2048)]));
    let [parameters, vector] = results[..] else { panic!("two results") };
    assert!((0xE406..0xF200).contains(&parameters) && (0xE406..0xF000).contains(&vector));
    // 128 records a track, blocks of 2 KB, 4,096 of them, 512 entries in the first 8.
    let block = [128, 0, 4, 15, 0, 0xFF, 0x0F, 0xFF, 0x01, 0xFF, 0x00, 0, 0, 0, 0];
    assert_eq!(memory(&machine, parameters, 15), block);
    // The directory's 8 blocks, 2 and 5.
    assert_eq!(memory(&machine, vector, 3), [0xFF, 0b1111_1110, 0]);
    assert_eq!(memory(&machine, vector, 512).iter().map(|byte| byte.count_ones()).sum::<u32>(), 15);
    // Its memory is the BDOS's.
    let text = message(&[Put(parameters, 0)], "", Disk::default());
    assert_eq!(text, "at 0102h: a write to E706h, which belongs to the BDOS");
}

#[test]
fn a_full_disk() {
    const SPACE: usize = 8_372_224;
    let there = || disk(&[("a", SPACE - 2048)]);
    // A new file gets the last block and no second: 16 records, by sequential and random writes.
    let steps: Vec<_> = [Put(FCB + 35, 0), Call(22, FCB)]
        .into_iter()
        .chain([Call(21, FCB); 17])
        .chain([
            Put(FCB + 33, 16),
            Put(FCB + 34, 0),
            Call(34, FCB),
            Call(40, FCB),
            Put(FCB + 33, 15),
            Call(34, FCB),
        ])
        .collect();
    let (results, mut machine) = run(&steps, "b", there());
    assert_eq!(results[1..17], [0; 16]);
    assert_eq!(results[17..], [2, 2, 2, 0]);
    assert_eq!(machine.disk().get("b").map(<[u8]>::len), Some(2048));
    let mut full = Disk::default();
    (0..511).for_each(|i| full.insert(&format!("f{i}"), vec![]).unwrap());
    // The last entry of the directory, and none for a second file or a second extent.
    let steps =
        [Call(22, FCB), Put(FCB + 33, 128), Put(FCB + 34, 0), Put(FCB + 35, 0), Call(34, FCB), Call(40, FCB)];
    assert_eq!(run(&steps, "last", full.clone()).0, [0, 5, 5]);
    assert_eq!(run(&[Call(22, FCB), Put(FCB + 1, b'X'), Call(22, FCB)], "last", full).0, [0, 0xFF]);
}

#[test]
fn random_reads_tell_what_is_not_there() {
    let at = |record: u8| [Put(FCB + 33, record), Put(FCB + 34, 0), Put(FCB + 35, 0), Call(33, FCB)];
    let there = || disk(&[("a", 3 * 128), ("empty", 0)]);
    // 1: behind the end of the extent. 4: an extent that is not there.
    for (record, result) in [(2, 0), (3, 1), (127, 1), (128, 4)] {
        assert_eq!(run(&at(record), "a", there()).0, [result], "{record}");
    }
    assert_eq!(run(&at(0), "empty", there()).0, [1]);
    assert_eq!(run(&at(0), "none", there()).0, [4]);
}

/// Function 40: records between the old end and the new one read as zeros.
#[test]
fn writing_with_zeros() {
    let steps = [Put(FCB + 33, 3), Put(FCB + 34, 0), Put(FCB + 35, 0), Call(26, 0x0100), Call(40, FCB)];
    let (results, mut machine) = run(&steps, "z", disk(&[("z", 100)]));
    assert_eq!(results, [0, 0]);
    let record = memory(&machine, 0x0100, 128).to_vec();
    let contents = machine.disk().get("z").unwrap();
    assert_eq!((contents[..100].to_vec(), contents[128..384].to_vec()), (vec![7; 100], vec![0; 256]));
    assert_eq!((contents.len(), &contents[384..]), (512, &record[..]));
}
