//! Every instruction against `instructions.txt`, and that file's encodings against `avr-as`.

mod support;

use std::collections::BTreeMap;

use mlc_runtime_avr::{AvrConfig, AvrMachine, Device, NoObserver, Program, Script, State};
use support::tools;

const TABLE: &str = include_str!("instructions.txt");
const FLAGS: &str = "CZNVSHTI";
const SREG: u16 = 0x5F;

struct Row {
    line: usize,
    device: &'static Device,
    assembly: String,
    words: Vec<u16>,
    /// Data-space address to value; SP as its two bytes.
    before: BTreeMap<u16, u8>,
    after: BTreeMap<u16, u8>,
    pc: u32,
    cycles: u64,
    steps: u64,
}

fn rows() -> Vec<Row> {
    let mut device = Device::by_name("atmega328p").unwrap();
    let mut rows = Vec::new();
    for (index, line) in TABLE.lines().enumerate() {
        if let Some(name) = line.strip_prefix('@') {
            device = Device::by_name(name).unwrap();
        } else if !line.is_empty() && !line.starts_with('#') {
            rows.push(row(index + 1, device, line));
        }
    }
    assert!(rows.len() >= 170, "only {} instructions", rows.len());
    rows
}

fn row(line: usize, device: &'static Device, text: &str) -> Row {
    let columns: Vec<&str> = text.split('|').map(str::trim).collect();
    let &[assembly, words, before, after, time] = columns.as_slice() else { panic!("line {line}: columns") };
    let words: Vec<u16> = words.split_whitespace().map(|w| u16::from_str_radix(w, 16).unwrap()).collect();
    let (before, _) = state(before);
    let (after, pc) = state(after);
    let (cycles, steps) = time.split_once('/').unwrap_or((time, "1"));
    Row {
        line,
        device,
        assembly: assembly.to_owned(),
        pc: pc.unwrap_or(2 * words.len() as u32),
        words,
        before,
        after,
        cycles: cycles.trim().parse().unwrap(),
        steps: steps.trim().parse().unwrap(),
    }
}

fn state(text: &str) -> (BTreeMap<u16, u8>, Option<u32>) {
    let (mut bytes, mut pc) = (BTreeMap::new(), None);
    for token in text.split_whitespace() {
        let (name, value) = token.split_once('=').unwrap();
        let number = || u32::from_str_radix(value, 16).unwrap();
        match name {
            "s" => {
                let bits = value.chars().map(|c| 1 << FLAGS.find(c).unwrap());
                bytes.insert(SREG, bits.sum());
            }
            "sp" => {
                bytes.insert(0x5D, number() as u8);
                bytes.insert(0x5E, (number() >> 8) as u8);
            }
            "pc" => pc = Some(number()),
            _ if name.starts_with('r') => {
                bytes.insert(name[1..].parse().unwrap(), number() as u8);
            }
            _ => {
                let address = name.trim_start_matches('[').trim_end_matches(']');
                bytes.insert(u16::from_str_radix(address, 16).unwrap(), number() as u8);
            }
        }
    }
    (bytes, pc)
}

fn addresses(device: &Device) -> impl Iterator<Item = u16> {
    (0..0x20).chain(0x5D..=SREG).chain(device.sram_start..=device.ram_end())
}

#[test]
fn results_flags_and_cycles() {
    for row in rows() {
        let what = format!("line {}: {}", row.line, row.assembly);
        let bytes: Vec<u8> = row.words.iter().flat_map(|w| w.to_le_bytes()).collect();
        let program = Program::from_bytes(&bytes, row.device).unwrap();
        let mut machine = AvrMachine::new(program, Script::default(), AvrConfig::default());
        for (&address, &value) in &row.before {
            assert!(machine.poke(address, value), "{what}");
        }
        let snapshot = |m: &AvrMachine<Script>| -> BTreeMap<u16, u8> {
            addresses(row.device).map(|a| (a, m.memory().byte(a))).collect()
        };
        let mut expected = snapshot(&machine);
        expected.extend(&row.after);
        for step in 1..=row.steps {
            let state = machine.run_for(1, &mut NoObserver);
            assert_eq!(state, State::Running, "{what}, step {step}");
        }
        assert_eq!(machine.pc(), row.pc, "{what}: pc");
        assert_eq!(machine.cycles(), row.cycles, "{what}: cycles");
        for (address, value) in snapshot(&machine) {
            assert_eq!(value, expected[&address], "{what}: the byte at {address:#x}");
        }
    }
}

/// The words stand for the assembly beside them.
#[test]
fn encodings() {
    if !tools::have("avr-as") || !tools::have("avr-objcopy") || !tools::have("avr-ld") {
        return;
    }
    for device in mlc_runtime_avr::DEVICES {
        let rows: Vec<Row> = rows().into_iter().filter(|row| row.device.name == device.name).collect();
        assert!(!rows.is_empty() || device.name == "atmega32u4", "{}", device.name);
        let mut source = String::new();
        for row in &rows {
            source += &row.assembly.replace(" ; ", "\n");
            source.push('\n');
        }
        let expected: Vec<u8> = rows.iter().flat_map(|r| &r.words).flat_map(|w| w.to_le_bytes()).collect();
        let found = tools::assemble(&source, device.name);
        assert_eq!(found, expected, "{}", device.name);
    }
}
