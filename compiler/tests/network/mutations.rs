//! Damaged files: no panic, no endless loop, and an error or a model that keeps every rule.

use crate::files::dense;
use crate::onnx;
use crate::random::Random;
use crate::shared;
use crate::trees;
use mlc_compiler::import::sensors::data::Examples;
use mlc_compiler::import::sensors::{Floats, Settings, import, is_network};
use std::time::{Duration, Instant};

/// What a file says after a few of its bytes have been changed, it has been cut, or a part of it stands twice.
fn mutated(bytes: &[u8], r: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..r.within(1, 6) {
        let at = r.within(0, bytes.len() - 1);
        match r.within(0, 7) {
            0 => bytes.truncate(at.max(16)),
            1 => bytes[at] = [0, 1, 127, 128, 255][r.within(0, 4)],
            2 => bytes[at] ^= 1 << r.within(0, 7),
            3 => {
                let value = [0u32, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX][r.within(0, 4)];
                let end = (at + 4).min(bytes.len());
                bytes[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
            }
            4 => {
                let from = r.within(0, bytes.len() - 1);
                let count = r.within(1, 32).min(bytes.len() - from.max(at));
                bytes.copy_within(from..from + count, at);
            }
            5 => {
                let part = bytes[at..(at + r.within(1, 64)).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            _ => bytes[at] = r.next() as u8,
        }
    }
    bytes
}

/// Tries a number of mutations; gives how many were read, and how many refused.
fn torment(bytes: &[u8], name: &str, count: usize, seed: u64) -> (usize, usize) {
    let mut r = Random(seed);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..count {
        let bytes = mutated(bytes, &mut r);
        if !is_network(&bytes, "") {
            refused += 1;
            continue;
        }
        let begin = Instant::now();
        let inputs = Floats::read(&bytes, name).ok().flatten().map_or(1, |floats| floats.inputs());
        let row = vec!["0.5"; inputs].join(",");
        let examples = Examples::read(format!("{row}\n{row}\n").as_bytes(), inputs).ok();
        match import(&bytes, name, &Settings::default(), examples.as_ref()) {
            Ok(imported) => {
                imported.model.check().expect("what is read keeps every rule");
                read += 1;
            }
            Err(e) => {
                assert!(!e.to_string().is_empty() && !e.help().is_empty());
                refused += 1;
            }
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{name} takes too long");
    }
    (read, refused)
}

#[test]
fn small_damaged_files_are_refused_or_read() {
    let tflite = torment(&dense(9).bytes(), "small.tflite", 500, 1);
    let onnx = torment(&onnx::mlp(), "small.onnx", 500, 2);
    let forest = torment(&trees::small(), "forest.onnx", 500, 3);
    for (read, refused) in [tflite, onnx, forest] {
        assert!(read > 10 && refused > 100, "{tflite:?} {onnx:?} {forest:?}");
    }
}

#[test]
fn published_damaged_files_are_refused_or_read() {
    let files = [
        ("tflite", "tflm_hello_world_int8.tflite"),
        ("tflite", "tflm_hello_world_float.tflite"),
        ("tflite", "tinymaix_mnist_arduino_q.tflite"),
        ("onnx", "sk_iris_mlp.onnx"),
        ("onnx", "gemm_digits_int8_qdq.onnx"),
        ("onnx", "sk_iris_logreg.onnx"),
        ("onnx", "sk_iris_tree.onnx"),
    ];
    for (seed, (folder, name)) in (10..).zip(files) {
        if let Some(path) = shared::beside("import-models", &format!("{folder}/{name}")) {
            let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let (_, refused) = torment(&bytes, name, 100, seed);
            assert!(refused > 0, "{name}");
        }
    }
}

/// The tests above in a process that has no more than 200 MB of addresses, its program included.
#[cfg(target_os = "linux")]
#[test]
fn damaged_files_take_little_memory() {
    use std::process::Command;
    for test in ["small_damaged_files_are_refused_or_read", "published_damaged_files_are_refused_or_read"] {
        let program = std::env::current_exe().expect("it runs");
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -v 204800; exec \"$0\" \"$@\""]).arg(program);
        limited.args(["--exact", &format!("mutations::{test}")]);
        // Memory that an allocator only reserves for threads is none that files take.
        let output = limited.env("MALLOC_ARENA_MAX", "1").output().expect("there is sh");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{test}: {output:?}");
    }
}
