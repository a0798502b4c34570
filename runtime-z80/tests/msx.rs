//! An MSX: its wait states, the mappers of its cartridges, and what it refuses.

use mlc_runtime_z80::{End, Exit, FaultKind, FileError, MsxConfig, MsxMachine, NoObserver, Script};

/// A cartridge of `bytes` bytes with code at 4010h.
fn cartridge(bytes: usize, code: &[u8]) -> Vec<u8> {
    let mut file = vec![0xFF; bytes];
    file[..16].copy_from_slice(&[b'A', b'B', 0x10, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file[16..16 + code.len()].copy_from_slice(code);
    file
}

fn run(file: &[u8]) -> (End, MsxMachine<Script>) {
    let config = MsxConfig { limit: Some(100_000), ..MsxConfig::default() };
    let mut machine = MsxMachine::load(file, Script::new(b""), config).expect("it is a cartridge");
    (machine.run(&mut NoObserver), machine)
}

fn fault(code: &[u8]) -> FaultKind {
    match run(&cartridge(0x4000, code)).0 {
        End::Fault(fault) => fault.kind,
        end => panic!("{end:?}"),
    }
}

/// Each with its fetches of opcodes: LD A,1 (7 + 1), LD B,(IX+5) (19 + 2), RLC (IX+5) (23 + 2), PUSH HL and POP HL (21 + 2),
/// LDIR of two bytes (21 + 16 + 4), RET (10 + 1).
#[test]
fn every_opcode_fetch_takes_one_more() {
    let code = [
        [0x3E, 1].to_vec(),
        vec![0xDD, 0x46, 5],
        vec![0xDD, 0x21, 0, 0xC0],
        vec![0xDD, 0xCB, 5, 6],
        vec![0xE5, 0xE1],
        vec![0x21, 0, 0xC0, 0x11, 0, 0xC1, 0x01, 2, 0],
        vec![0xED, 0xB0],
        vec![0xC9],
    ];
    let (end, machine) = run(&cartridge(0x4000, &code.concat()));
    assert_eq!(end, End::Exit(Exit::Return));
    let manual = 7 + 19 + 14 + 23 + 21 + 30 + 21 + 16 + 10;
    let fetches = 1 + 2 + 2 + 2 + 2 + 3 + 2 + 2 + 1;
    assert_eq!(machine.t_states(), manual + fetches);
}

/// `LD A,bank` / `LD (register),A`
fn select(register: u16, bank: u8) -> Vec<u8> {
    let [low, high] = register.to_le_bytes();
    vec![0x3E, bank, 0x32, low, high]
}

/// `LD A,(from)` / `LD (to),A`
fn copy(from: u16, to: u16) -> Vec<u8> {
    let ([a, b], [c, d]) = (from.to_le_bytes(), to.to_le_bytes());
    vec![0x3A, a, b, 0x32, c, d]
}

/// Page 2 shows the cartridge: `LD A,slot` / `LD H,80h` / `CALL 0024h`
fn show(slot: u8) -> Vec<u8> {
    vec![0x3E, slot, 0x26, 0x80, 0xCD, 0x24, 0x00]
}

#[test]
fn mappers_show_the_banks_that_are_selected() {
    // Registers, windows and the size of a bank.
    let ascii8: [(u16, u16); 4] = [(0x6000, 0x4000), (0x6800, 0x6000), (0x7000, 0x8000), (0x7800, 0xA000)];
    let ascii16: [(u16, u16); 2] = [(0x6000, 0x4000), (0x77FF, 0x8000)];
    for (size, registers) in [(0x2000, &ascii8[..]), (0x4000, &ascii16[..])] {
        let mut code = show(1);
        // The window that the code is in stays.
        for (number, &(register, window)) in registers.iter().enumerate().skip(1) {
            let bank = 3 + number as u8;
            code.extend(select(register, bank));
            code.extend(copy(window + 0x1000, 0xC000 + number as u16));
            code.extend(copy(window + size as u16 - 1, 0xC010 + number as u16));
        }
        code.extend(show(3));
        code.push(0xC9);
        let mut file = cartridge(0x2_0000, &code);
        for bank in 0..file.len() / size {
            file[bank * size + 0x1000] = bank as u8;
            file[(bank + 1) * size - 1] = 0x80 | bank as u8;
        }
        let (end, machine) = run(&file);
        assert_eq!(end, End::Exit(Exit::Return));
        for number in 1..registers.len() as u16 {
            let bank = 3 + number as u8;
            let at = |address| machine.memory().byte(address);
            assert_eq!((at(0xC000 + number), at(0xC010 + number)), (bank, 0x80 | bank), "{size}");
        }
    }
}

#[test]
fn what_the_bios_could_not_do_is_a_fault() {
    let call = |entry: u16| vec![0xCD, entry as u8, (entry >> 8) as u8];
    assert_eq!(fault(&call(0x00A2)), FaultKind::NoText);
    assert_eq!(fault(&call(0x009F)), FaultKind::KeysWithoutInterrupts);
    let printed = [call(0x006C), vec![0x3E, 7], call(0x00A2)].concat();
    assert_eq!(fault(&printed), FaultKind::UnprintableCode { code: 7 });
    assert_eq!(fault(&show(2)), FaultKind::Slot { slot: 2, page: 2 });
    let page_1 = [vec![0x3E, 1, 0x26, 0x40], call(0x0024)].concat();
    assert_eq!(fault(&page_1), FaultKind::Slot { slot: 1, page: 1 });
    assert_eq!(fault(&[show(1), vec![0xC9]].concat()), FaultKind::SlotLeft);
    let far = [vec![0x31, 0, 0xB0], call(0x0138)].concat();
    assert_eq!(fault(&far), FaultKind::BiosStack { sp: 0xAFFE });
    let write = vec![0x32, 0, 0x50];
    assert_eq!(fault(&write), FaultKind::ProtectedWrite { address: 0x5000, area: "the cartridge" });
}

#[test]
fn files_that_are_no_cartridge() {
    let load = |file: &[u8]| MsxMachine::load(file, Script::new(b""), MsxConfig::default()).map(|_| ());
    assert_eq!(load(b""), Err(FileError::NoCartridge));
    assert_eq!(load(b"BA\x10\x40"), Err(FileError::NoCartridge));
    for bytes in [0x2000, 0x4001, 0xC000, 0x3_0000, 0x80_0000] {
        assert_eq!(load(&cartridge(bytes, &[])), Err(FileError::CartridgeSize { bytes }));
    }
    for (bytes, start) in [(0x4000, 0x3FFF), (0x4000, 0x8000), (0x2_0000, 0x6000)] {
        let mut file = cartridge(bytes, &[]);
        file[2..4].copy_from_slice(&u16::to_le_bytes(start));
        assert_eq!(load(&file), Err(FileError::CartridgeStart { start }));
    }
}
