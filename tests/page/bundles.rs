//! What pages run is what `page/build.mjs` makes of `page/src`.

use super::ROOT;
use super::browser::packages;
use std::path::Path;
use std::process::Command;

#[test]
fn bundles_are_what_the_script_makes() {
    if packages().is_none() {
        return;
    }
    let script = Path::new(ROOT).join("page/build.mjs");
    let ran = Command::new("node").arg(script).arg("--check").output().expect("node is installed");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

/// Nothing of the network is named in what pages run, but namespaces that nobody fetches.
#[test]
fn bundles_fetch_nothing() {
    for name in ["z80.js", "avr.js"] {
        let text = std::fs::read_to_string(Path::new(ROOT).join("page/dist").join(name)).unwrap();
        for word in ["http://", "https://", "fetch(", "XMLHttpRequest", "WebSocket", "import("] {
            assert!(!text.contains(word), "{name}: {word}");
        }
    }
}
