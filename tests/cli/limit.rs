//! `--max-cycles`: an endless loop has an end, a chat has none.

use crate::{Folder, models};
use std::io::{Read, Write};
use std::process::Stdio;

/// LD A,1 / JP back, at START.
fn endless(start: u16) -> Vec<u8> {
    let [low, high] = start.to_le_bytes();
    vec![0x3E, 0x01, 0xC3, low, high]
}

/// A block of a Spectrum's tape.
fn block(flag: u8, data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u16 + 2).to_le_bytes();
    let sum = data.iter().fold(flag, |sum, byte| sum ^ byte);
    [&length[..], &[flag], data, &[sum]].concat()
}

/// A tape with the code in a file at 8000h.
fn tape() -> Vec<u8> {
    let code = endless(0x8000);
    let header = [&[3][..], b"loop      ", &[code.len() as u8, 0], &[0, 0x80], &[0, 0x80]].concat();
    [block(0, &header), block(0xFF, &code)].concat()
}

/// A snapshot whose stack, at 6000h, has the address 8000h on it.
fn snapshot() -> Vec<u8> {
    let mut file = vec![0; 27 + 0xC000];
    file[23..25].copy_from_slice(&0x6000u16.to_le_bytes());
    file[25] = 1;
    let at = |address: usize| 27 + address - 0x4000;
    file[at(0x6000)..at(0x6002)].copy_from_slice(&0x8000u16.to_le_bytes());
    file[at(0x8000)..at(0x8005)].copy_from_slice(&endless(0x8000));
    file
}

/// A binary file of the CPC with its header, at 4000h.
fn amsdos() -> Vec<u8> {
    let code = endless(0x4000);
    let mut header = [0; 128];
    header[18] = 2;
    for (at, word) in [(21, 0x4000), (24, code.len() as u16), (26, 0x4000)] {
        header[at..at + 2].copy_from_slice(&u16::to_le_bytes(word));
    }
    let sum: u16 = header[..67].iter().map(|&byte| u16::from(byte)).sum();
    header[67..69].copy_from_slice(&sum.to_le_bytes());
    [&header[..], &code].concat()
}

/// NOP / RJMP back.
const HEX: &str = ":040000000000FECF2F\n:00000001FF\n";

#[test]
fn a_loop_ends_with_its_place_on_every_machine() {
    let folder = Folder::new();
    folder.write("loop.com", endless(0x0100)).write("loop.tap", tape()).write("loop.sna", snapshot());
    folder.write("loop.bin", amsdos()).write("loop.hex", HEX);
    let said = folder.mlc(["run", "loop.com", "--max-cycles", "1000000"]).fails(1);
    insta::assert_snapshot!("endless-loop", said);
    for (args, wants) in [
        (&["loop.tap"][..], "loop.tap still runs on the ZX Spectrum 128 1,000,000 T-states after its start"),
        (&["loop.sna"], "loop.sna still runs on the ZX Spectrum 128 1,000,000 T-states after its start"),
        (&["loop.bin"], "loop.bin still runs on the CPC 464 1,000,000 T-states after its start"),
        (
            &["loop.hex", "--target", "atmega328p"],
            "loop.hex still runs on the AVR board 1,000,000 cycles after its start",
        ),
    ] {
        let said = folder.mlc([&["run", "--max-cycles", "1000000"], args].concat()).fails(1);
        assert!(said.contains(wants), "{said}");
    }
    let said = folder.mlc(["profile", "loop.com", "--max-tstates", "1000000"]).fails(1);
    assert!(said.contains("1,000,000 T-states after its start or its last input, at 010"), "{said}");
    folder.mlc(["run", "loop.com", "--max-cycles", "0"]).fails(2);
}

#[test]
fn verbs_that_run_models_take_the_limit_for_an_answer() {
    let folder = Folder::new();
    folder.write("model.ron", models::text(&models::chat()));
    for target in ["z80-cpm", "zx48", "cpc464", "msx", "atmega328p"] {
        for verb in ["run", "verify", "bench", "profile"] {
            let args = [verb, "model.ron", "--target", target, "--max-cycles", "1500"];
            let prompt = ["run", "profile"].contains(&verb).then_some("hello");
            let said = folder.mlc(args.into_iter().chain(prompt)).fails(1);
            assert!(said.contains(&format!("tiny still runs on {target} 1,500 ")), "{verb}: {said}");
            assert!(said.contains("--max-cycles 15000"), "{said}");
        }
        let enough = ["run", "model.ron", "hello", "--target", target, "--max-cycles", "10000000"];
        folder.mlc(enough).ok();
    }
    let said = folder.mlc(["run", "model.ron", "--target", "reference", "--max-cycles", "9", "x"]).fails(2);
    assert!(said.contains("leave --speed, --screenshot and --max-cycles out"), "{said}");
}

/// Each key begins the count anew, and waiting for one does not count, however the program waits.
#[test]
fn a_chat_never_meets_the_limit() {
    let folder = Folder::new();
    // LD B,0 / DJNZ $ / LD C,1 / CALL 5 / JR back: some 3,400 T-states a key
    folder.write("keys.com", [0x06, 0, 0x10, 0xFE, 0x0E, 1, 0xCD, 5, 0, 0x18, 0xF5]);
    let keys = "x".repeat(1000);
    let said = folder.piped(&["run", "keys.com", "--max-cycles", "5000"], keys.as_bytes()).ok();
    assert_eq!(said, "");
    // LD E,FFh / LD C,6 / CALL 5 / OR A / JR Z,back / LD E,A / LD C,2 / JP 5: asks until a key is there, and shows it.
    let polls = [0x1E, 0xFF, 0x0E, 6, 0xCD, 5, 0, 0xB7, 0x28, 0xF6, 0x5F, 0x0E, 2, 0xC3, 5, 0].as_slice();
    folder.write("polls.com", polls);
    let mut command = folder.command(["run", "polls.com", "--max-cycles", "5000"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("mlc starts");
    // A person who thinks: millions of T-states.
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(child.try_wait().expect("it can be asked").is_none(), "it waits for a key");
    child.stdin.take().expect("it is a pipe").write_all(b"k").expect("mlc reads");
    let mut said = String::new();
    child.stdout.take().expect("it is a pipe").read_to_string(&mut said).expect("mlc writes text");
    assert_eq!((child.wait().expect("mlc ends").code(), said.as_str()), (Some(0), "k\n"));
}
