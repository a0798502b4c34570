//! BDOS file functions, on an FCB at 005Ch parsed from the tail.

mod machine;

use machine::config;
use mlc_runtime_z80::{CpmMachine, Disk, DiskError, End, Exit, NoObserver, Script};

const RESULTS: usize = 0x0300;

/// Calls function after function with a DE each, stores every A from 0300h on, and returns.
fn calls(list: &[(u8, u16)]) -> Vec<u8> {
    let mut program = Vec::new();
    for (i, &(function, de)) in list.iter().enumerate() {
        let ([e, d], at) = (de.to_le_bytes(), 0x0300 + i as u16);
        program.extend([0x11, e, d, 0x0E, function, 0xCD, 0x05, 0x00]); // LD DE,de / LD C,function / CALL 5
        program.extend([0x32, at as u8, (at >> 8) as u8]); // LD (at),A
    }
    program.push(0xC9); // RET
    assert!(program.len() <= 0x0200, "the results would overwrite the program");
    program
}

/// Runs `list` with `tail`; the machine afterwards.
fn run(list: &[(u8, u16)], tail: &str, disk: Disk) -> CpmMachine<Script> {
    let mut machine = CpmMachine::load(&calls(list), tail.as_bytes(), Script::default(), config()).unwrap();
    *machine.disk() = disk;
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    machine
}

fn results(machine: &CpmMachine<Script>, count: usize) -> Vec<u8> {
    machine.memory().bytes()[RESULTS..RESULTS + count].to_vec()
}

fn disk(files: &[(&str, Vec<u8>)]) -> Disk {
    let mut disk = Disk::default();
    for (name, contents) in files {
        disk.insert(name, contents.clone()).unwrap();
    }
    disk
}

const FCB: u16 = 0x5C;
const DMA: u16 = 0x0400;

fn numbered(records: usize, size: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..records).flat_map(|record| [record as u8; 128]).collect();
    bytes.truncate(size);
    bytes
}

#[test]
fn sequential_reading() {
    let there = disk(&[("data.bin", numbered(3, 300))]);
    let list = [(26, DMA), (15, FCB), (20, FCB), (20, FCB), (20, FCB), (20, FCB), (16, FCB)];
    let machine = run(&list, "data.bin", there);
    assert_eq!(results(&machine, 7)[1..], [0, 0, 0, 0, 1, 0]);
    // The last record is filled up with end-of-text marks.
    let dma = &machine.memory().bytes()[usize::from(DMA)..][..128];
    assert_eq!(dma[..44], [2; 44]);
    assert_eq!(dma[44..], [0x1A; 84]);
    // The FCB: record count 3, current record 3.
    assert_eq!((machine.memory().byte(FCB + 15), machine.memory().byte(FCB + 32)), (3, 3));
}

#[test]
fn what_is_not_there() {
    let list = [(15, FCB), (16, FCB), (17, FCB), (19, FCB), (20, FCB), (23, FCB), (35, FCB)];
    let machine = run(&list, "nothing", Disk::default());
    assert_eq!(results(&machine, 7), [0xFF, 0xFF, 0xFF, 0xFF, 1, 0xFF, 0xFF]);
}

#[test]
fn making_and_writing() {
    // Two records from 0100h on, the program's own first bytes.
    let list = [(26, 0x0100), (22, FCB), (21, FCB), (21, FCB), (16, FCB), (35, FCB)];
    let mut machine = run(&list, "out.txt", Disk::default());
    assert_eq!(results(&machine, 6)[1..], [0, 0, 0, 0, 0]);
    assert_eq!(machine.memory().bytes()[usize::from(FCB) + 33..][..3], [2, 0, 0]);
    let record = machine.memory().bytes()[0x100..0x180].to_vec();
    assert_eq!(machine.disk().names(), ["OUT.TXT"]);
    assert_eq!(machine.disk().get("out.txt"), Some([record.clone(), record].concat().as_slice()));
}

/// Sequential access goes on from extent to extent: 128 records each.
#[test]
fn extents() {
    let there = disk(&[("big", numbered(200, 200 * 128))]);
    // Random record 126, then three sequential reads: 126 again, 127, 128.
    let list = [(26, DMA), (15, FCB), (33, FCB), (20, FCB), (20, FCB), (20, FCB), (36, FCB)];
    let mut program = vec![0x21, 126, 0, 0x22, 0x7D, 0x00, 0xAF, 0x32, 0x7F, 0x00]; // LD HL,126 / LD (007Dh),HL / XOR A / LD (007Fh),A
    program.extend(calls(&list));
    let mut machine = CpmMachine::load(&program, b"big", Script::default(), config()).unwrap();
    *machine.disk() = there;
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    assert_eq!(results(&machine, 6)[1..], [0, 0, 0, 0, 0]);
    let memory = machine.memory();
    assert_eq!(memory.byte(DMA), 128);
    assert_eq!((memory.byte(FCB + 12), memory.byte(FCB + 15), memory.byte(FCB + 32)), (1, 72, 1));
    assert_eq!(memory.word(FCB + 33), 129);
}

/// LD HL,record / LD (FCB+33),HL / LD A,high / LD (FCB+35),A before the calls.
fn random(record: u16, high: u8, list: &[(u8, u16)], there: Disk) -> CpmMachine<Script> {
    let [low, middle] = record.to_le_bytes();
    let mut program = vec![0x21, low, middle, 0x22, 0x7D, 0x00, 0x3E, high, 0x32, 0x7F, 0x00];
    program.extend(calls(list));
    let mut machine = CpmMachine::load(&program, b"r.dat", Script::default(), config()).unwrap();
    *machine.disk() = there;
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    machine
}

#[test]
fn random_access() {
    let there = disk(&[("r.dat", numbered(2, 200))]);
    let mut machine = random(4, 0, &[(26, 0x0100), (34, FCB)], there.clone());
    assert_eq!(results(&machine, 2)[1], 0);
    let written = machine.memory().bytes()[0x100..0x180].to_vec();
    let contents = machine.disk().get("R.DAT").unwrap();
    assert_eq!(contents.len(), 5 * 128);
    assert_eq!(contents[200..256], [0x1A; 56]);
    assert_eq!(contents[256..512], [0; 256]);
    assert_eq!(contents[512..], written);
    let machine = random(2, 0, &[(26, DMA), (33, FCB)], there.clone());
    assert_eq!(results(&machine, 2)[1], 1);
    let machine = random(0, 1, &[(26, DMA), (33, FCB), (34, FCB)], there);
    assert_eq!(results(&machine, 3)[1..], [6, 6]);
}

#[test]
fn searching() {
    let there = disk(&[("a.txt", vec![1; 129]), ("b.txt", vec![]), ("c.bin", vec![1])]);
    let list = [(26, DMA), (17, FCB), (18, FCB), (18, FCB)];
    let machine = run(&list, "*.txt", there.clone());
    assert_eq!(results(&machine, 4)[1..], [0, 0, 0xFF]);
    let entry = &machine.memory().bytes()[usize::from(DMA)..][..33];
    assert_eq!(entry[..12], *b"\0B       TXT");
    assert_eq!((entry[15], entry[32]), (0, 0xE5));
    // 13 puts the DMA buffer back to 0080h.
    let machine = run(&[(26, DMA), (13, 0), (17, FCB)], "a.txt", there);
    assert_eq!(&machine.memory().bytes()[0x81..0x8C], b"A       TXT");
    assert_eq!(machine.memory().byte(0x8F), 2);
}

#[test]
fn deleting_and_renaming() {
    let there = disk(&[("a.txt", vec![1]), ("b.txt", vec![2]), ("c.bin", vec![3])]);
    assert_eq!(run(&[(19, FCB)], "?.txt", there.clone()).disk().names(), ["C.BIN"]);
    let mut machine = run(&[(23, FCB)], "c.bin d.new", there);
    assert_eq!(machine.disk().names(), ["A.TXT", "B.TXT", "D.NEW"]);
    assert_eq!(machine.disk().get("d.new"), Some(&[3][..]));
}

#[test]
fn drives() {
    let machine = run(&[(14, 0), (25, 0)], "", Disk::default());
    assert_eq!(results(&machine, 2), [0, 0]);
    for (list, tail) in [([(14, 1)], ""), ([(15, FCB)], "b:x")] {
        let mut machine =
            CpmMachine::load(&calls(&list), tail.as_bytes(), Script::default(), config()).unwrap();
        let text = machine::fault(machine.run(&mut NoObserver)).to_string();
        assert_eq!(text, "at 0105h: drive B, but only drive A is there");
    }
}

#[test]
fn names() {
    let mut disk = Disk::default();
    for name in ["", ".x", "a.", "ninechars", "a.four", "a b", "a.b.c", "x*", "ä"] {
        let error = disk.insert(name, vec![]).unwrap_err();
        assert_eq!(error, DiskError::Name { name: name.to_owned() }, "{name}");
    }
    let size = 8_372_225;
    let error = disk.insert("x", vec![0; size]).unwrap_err();
    assert_eq!(error, DiskError::Full { name: "x".to_owned(), size });
    assert_eq!(
        error.to_string(),
        "\"x\" with its 8372225 bytes does not fit on the disk, which has 8372224 bytes in 512 extents"
    );
    assert!(disk.clone().insert("x", vec![0; size - 1]).is_ok());
    assert_eq!(disk.names(), [""; 0]);
    disk.insert("Lower.Ext", vec![7]).unwrap();
    assert_eq!((disk.names(), disk.get("LOWER.EXT")), (vec!["LOWER.EXT".to_owned()], Some(&[7][..])));
}

/// A record takes what the services of Digital Research's BDOS take, and a copy of its bytes.
#[test]
fn records_take_time() {
    let time =
        |list: &[(u8, u16)]| run(list, "A.DAT", disk(&[("A.DAT", numbered(300, 38_400))])).t_states() as i64;
    let open = time(&[(15, FCB)]);
    let call = time(&[(15, FCB), (25, 0)]) - open;
    let service = |list: &[(u8, u16)]| {
        let all: Vec<_> = [(15, FCB)].into_iter().chain(list.iter().copied()).collect();
        time(&all) - open - call * list.len() as i64
    };
    let copy = 127 * 21 + 16;
    assert_eq!(service(&[(20, FCB)]), 2600 + copy);
    assert_eq!(service(&[(26, DMA)]), 425);
    // The FCB asks for record 0, in the extent that is open, as long as nothing was put there.
    assert_eq!(service(&[(20, FCB), (36, FCB), (33, FCB)]), 2600 + copy + 2920 + copy);
}
