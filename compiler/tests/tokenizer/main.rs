//! Tests with files: those of `../shared/sequence`, and small ones beside this.

mod huggingface;
mod llama2c;
mod mutations;
#[path = "../../src/tokens/random.rs"]
mod random;
mod refused;
mod soul;
mod written;

use random::Random;
use std::path::Path;

/// A file of `../shared/sequence` beside the repository, or a message that the test is skipped.
/// With `MLC_REQUIRE_TOOLS=1` it must be there.
fn shared(name: &str) -> Option<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/sequence");
    if !folder.is_dir() {
        let required = std::env::var_os("MLC_REQUIRE_TOOLS").is_some_and(|value| value == "1");
        assert!(!required, "missing, and MLC_REQUIRE_TOOLS=1 demands it: {}", folder.display());
        println!("skipped: {} is missing", folder.display());
        return None;
    }
    Some(std::fs::read(folder.join(name)).expect("the file is in the folder"))
}

/// The same as text.
fn shared_text(name: &str) -> Option<String> {
    shared(name).map(|bytes| String::from_utf8(bytes).expect("the file is UTF-8"))
}
