//! The public networks with their prompts and pairs. They are not in the repository: `../shared/z80ai` beside it.

use std::path::{Path, PathBuf};

/// A file of the public networks. Where it is not, the test says so and passes, but with MLC_REQUIRE_TOOLS=1 it fails.
pub fn file(name: &str) -> Option<PathBuf> {
    // Tests of every crate of the workspace look here.
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let root = crates.into_iter().find(|folder| folder.join("Cargo.lock").is_file());
    let path = root.expect("the repository has a Cargo.lock").join("../shared/z80ai").join(name);
    if path.is_file() {
        return Some(path);
    }
    let required = std::env::var_os("MLC_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    let missing = format!("the public file ../shared/z80ai/{name} is not beside the repository");
    assert!(!required, "{missing}, and MLC_REQUIRE_TOOLS=1 demands it");
    eprintln!("skipped: {missing}");
    None
}
