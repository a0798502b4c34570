//! Damaged files: none is read as if it were whole, none makes a panic.

use crate::small::{self, network};
use crate::support::Random;
use crate::writers;
use mlc_compiler::import::sequence::float::{Session, Window};
use mlc_compiler::import::sequence::hugging_face::{File, Folder, read};
use mlc_compiler::import::sequence::{Checkpoint, llama2c, soul};

/// Reads bytes of a format.
type Read<'r> = &'r dyn Fn(&[u8]) -> Option<Checkpoint>;

/// What was done to a file.
enum Damage {
    /// As long as before.
    Changed,
    Shorter,
    /// Longer, or with bytes moved.
    Other,
}

fn damage(good: &[u8], r: &mut Random) -> (Vec<u8>, Damage) {
    let mut bytes = good.to_vec();
    let at = r.below(good.len());
    // Half of the damage is where most is decided.
    let near = if r.below(2) == 0 { at } else { r.below(good.len().min(300)) };
    match r.below(7) {
        0 => bytes[near] ^= 1 << r.below(8),
        1 => bytes[near] = [0, 1, 0x7f, 0x80, 0xff][r.below(5)],
        2 => (0..1 + r.below(8)).for_each(|_| bytes[r.below(good.len())] = r.next() as u8),
        3 => {
            let end = (near + 4).min(good.len());
            let value = [0, 1, -1, i32::MAX, i32::MIN, 65_536][r.below(6)];
            bytes[near..end].copy_from_slice(&i32::to_le_bytes(value)[..end - near]);
        }
        4 => {
            bytes.truncate(at);
            return (bytes, Damage::Shorter);
        }
        5 => {
            let count = 1 + r.below(64);
            bytes.extend((0..count).map(|_| r.next() as u8));
            return (bytes, Damage::Other);
        }
        _ => {
            let end = (near + 1 + r.below(16)).min(good.len());
            drop(bytes.drain(near..end));
            return (bytes, Damage::Other);
        }
    }
    (bytes, Damage::Changed)
}

/// 500 mutations and every shorter file. `exact` formats say how long they are.
fn try_all(good: &[u8], exact: bool, seed: u64, read: Read) {
    assert!(read(good).is_some());
    let step = 1 + good.len() / 2000;
    for length in (0..good.len()).step_by(step).chain(good.len().saturating_sub(20)..good.len()) {
        assert!(read(&good[..length]).is_none(), "{length} of {} bytes were read", good.len());
    }
    let mut r = Random(seed);
    for number in 0..500 {
        let (bytes, damage) = damage(good, &mut r);
        let Some(checkpoint) = read(&bytes) else { continue };
        let whole = match damage {
            Damage::Changed => true,
            Damage::Shorter => false,
            Damage::Other => !exact,
        };
        assert!(whole, "mutation {number}: {} of {} bytes were read", bytes.len(), good.len());
        checkpoint.check().unwrap();
        let mut session = Session::new(&checkpoint, Window::Rolling { size: 2 }).unwrap();
        for token in [0, 1, 1] {
            assert_eq!(session.step(token).unwrap().len(), checkpoint.shape.vocabulary);
        }
    }
}

#[test]
fn llama2c_survives() {
    let c = network(small::llama(), true, [false; 3], 5);
    let read = |bytes: &[u8]| llama2c::read(bytes, "f").ok();
    try_all(&writers::legacy(&c), true, 1, &read);
    try_all(&writers::version1(&c), true, 2, &read);
    try_all(&writers::version2(&c, 8, false), true, 3, &read);
}

#[test]
fn souls_survive() {
    let c = network(small::soul(), false, [false, false, true], 5);
    try_all(&writers::soul(&c, 6), true, 4, &|bytes| soul::read(bytes, "f").ok());
}

#[test]
fn folders_survive() {
    let c = network(small::llama(), false, [false; 3], 5);
    let weights = writers::safetensors(&writers::tensors(&c), "F32");
    let config = writers::config(&c).to_string().into_bytes();
    let generation = br#"{"do_sample": true, "temperature": 0.7, "top_k": 40, "eos_token_id": [1, 2]}"#;
    let import = |config: &[u8], weights: &[u8], generation: &[u8]| {
        let file = |bytes| File { name: "f", bytes };
        let generation = Some(file(generation));
        let folder = Folder { config: file(config), weights: file(weights), generation, ignore: &[] };
        read(&folder).ok().map(|imported| imported.checkpoint)
    };
    try_all(&weights, true, 5, &|bytes| import(&config, bytes, generation));
    try_all(&config, false, 6, &|bytes| import(bytes, &weights, generation));
    try_all(generation, false, 7, &|bytes| import(&config, &weights, bytes));
}
