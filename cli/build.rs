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
///
/// Files are copied beside the table, and it names the copies: the compiler counts the bytes of every source before a place in it, and puts
/// such places into programs, so that a table with names of folders would make other bytes in other folders.
fn models() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let folder = root.join("models");
    // New folders are seen, too, and all files in them.
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap_or_else(|e| panic!("{}: {e}", folder.display())).path())
        .filter(|path| path.join("model.ron").is_file())
        .collect();
    found.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let mut text = String::from("/// By name.\npub static SHIPPED: &[Shipped] = &[\n");
    for path in &found {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a model's name is ASCII");
        // A model without prompts could not be measured.
        let [model, prompts] = ["model.ron", "prompts.txt"].map(|file| copied(&path.join(file), &out, name));
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "    Shipped {{ name: {name:?}, model: include_bytes!({model:?}), prompts: include_str!({prompts:?}) }},"
        );
    }
    text.push_str("];\n");
    write(&out.join("shipped.rs"), text.as_bytes());
}

/// Copies a file of a model, and gives the name of the copy beside the table.
fn copied(file: &Path, out: &Path, model: &str) -> String {
    let bytes = fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let name = format!("{model}-{}", file.file_name().expect("a file").display());
    write(&out.join(&name), &bytes);
    name
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}
