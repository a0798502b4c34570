//! Puts the project's models into the binary, and does what the build.rs at the root does for LibTorch.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../build.rs"]
mod libtorch;

fn main() {
    models();
    libtorch::main();
}

/// Writes the table of `cli/shipped.rs`: every folder of `models/` with a `model.ron`, by name. A folder without one has
/// templates or pairs of a model that is still to be trained.
fn models() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let folder = root.join("models");
    // New folders are seen, too.
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap_or_else(|e| panic!("{}: {e}", folder.display())).path())
        .filter(|path| path.join("model.ron").is_file())
        .collect();
    found.sort();
    let mut text = String::from("/// By name.\npub static SHIPPED: &[Shipped] = &[\n");
    for path in &found {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a model's name is ASCII");
        let model = quoted(&path.join("model.ron"));
        let prompts = match path.join("prompts.txt") {
            file if file.is_file() => format!("include_str!({})", quoted(&file)),
            file => panic!("{}: a model needs prompts to be measured with", file.display()),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "    Shipped {{ name: {name:?}, model: include_bytes!({model}), prompts: {prompts} }},"
        );
    }
    text.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("shipped.rs");
    fs::write(&out, text).unwrap_or_else(|e| panic!("{}: {e}", out.display()));
}

/// A path as a string of Rust.
fn quoted(path: &Path) -> String {
    format!("{:?}", path.to_str().expect("cargo needs paths in UTF-8, too"))
}
