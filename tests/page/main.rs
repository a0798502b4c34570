//! Pages in headless Chromium: `mlc compile -o FILE.html` says what the machine here says, in the same time, and
//! `mlc report` shows what `mlc inspect` and `mlc bench` print.

#[path = "../support/random.rs"]
mod random;
#[allow(dead_code, reason = "its queries are for other tests")]
#[path = "../support/sequence.rs"]
mod sequence;
#[path = "../support/tools.rs"]
mod tools;

mod browser;
mod bundles;
mod pictures;
mod processor;
mod report;
mod talk;

use random::Random;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Whether two figures are the same but for the last digit that a reader of JSON may lose.
fn near(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-12 * a.abs().max(b.abs()))
}

/// Runs `mlc` in `folder`; gives standard output. Words are parted at spaces.
fn mlc(folder: &Path, words: &str, prompts: &[&str]) -> String {
    let (code, out, err) = ran(folder, words, prompts);
    assert_eq!(code, Some(0), "mlc {words}: {err}");
    out
}

/// The same with the exit code, and standard error.
fn ran(folder: &Path, words: &str, prompts: &[&str]) -> (Option<i32>, String, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_mlc"))
        .args(words.split_whitespace())
        .args(prompts)
        .current_dir(folder)
        .output()
        .expect("the binary was built");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("mlc prints UTF-8");
    (ran.status.code(), text(&ran.stdout), text(&ran.stderr))
}
