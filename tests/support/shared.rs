//! The public networks with their prompts and pairs. They are not in the repository: `../shared/z80ai` beside it.

use std::path::{Path, PathBuf};

#[allow(dead_code, reason = "not every test target runs tools")]
#[path = "tools.rs"]
pub mod tools;

/// A file of the public networks, or `None` with a message where it is missing.
#[allow(dead_code, reason = "not every test target reads those")]
pub fn file(name: &str) -> Option<PathBuf> {
    beside("z80ai", name)
}

/// A file of a folder of public data, likewise.
pub fn beside(folder: &str, name: &str) -> Option<PathBuf> {
    // Tests of every crate of the workspace look here.
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let root = crates.into_iter().find(|folder| folder.join("Cargo.lock").is_file());
    let path = root.expect("the repository has a Cargo.lock").join("../shared").join(folder).join(name);
    let what = format!("the public file ../shared/{folder}/{name}, beside the repository");
    tools::there(path.is_file(), &what).then_some(path)
}
