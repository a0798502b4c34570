//! `mlc import` of what people have: wrapped and bare state dicts, keys that mlc does not know, hostile values.

use crate::{Folder, models};
use insta::assert_snapshot;

/// A `.safetensors` of 4 inputs and 2 outputs, its tensors named with `prefix`, with this `__metadata__`.
fn tensors(prefix: &str, metadata: &str) -> Vec<u8> {
    let header = format!(
        r#"{{"__metadata__":{metadata},"{prefix}fc1.weight":{{"dtype":"I8","shape":[2,4],"data_offsets":[0,8]}},"{prefix}fc1.bias":{{"dtype":"I16","shape":[2],"data_offsets":[8,12]}}}}"#
    );
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend([1, 0, 0xFE, 1, 0, 0xFF, 1, 1, 5, 0, 0, 0]);
    bytes
}

#[test]
fn what_is_left_out_is_said() {
    let folder = Folder::new();
    folder.write("wrapped.safetensors", tensors("module._orig_mod.", "{}"));
    let ran = folder.mlc(["import", "wrapped.safetensors", "--charset", "a"]);
    assert_eq!(
        ran.stderr,
        "note: wrapped.safetensors: left out of the names of all tensors: module._orig_mod.\n\
         note: wrapped.safetensors: it states no architecture: the shapes are those of the tensors\n"
    );
    assert!(ran.ok().starts_with("model.ron: wrapped, chat 4→2, 8 weights"));
    assert_snapshot!(
        "import-no-output",
        folder.mlc(["import", "wrapped.safetensors", "-o", "x.ron"]).fails(1)
    );
    assert_eq!(folder.names(), ["model.ron", "wrapped.safetensors"]);
}

#[test]
fn position_bands_of_a_file_are_those_of_the_option() {
    let folder = Folder::new();
    folder
        .write("net.safetensors", tensors("", r#"{"position_bands":"2"}"#))
        .write("bare/net.safetensors", tensors("", "{}"));
    folder.mlc(["import", "net.safetensors", "--charset", "a", "-o", "a.ron"]).ok();
    folder
        .mlc(["import", "bare/net.safetensors", "--charset", "a", "--position-bands", "2", "-o", "b.ron"])
        .ok();
    assert!(folder.text("a.ron").contains("query: (buckets: 2, bands: 2, max_length: 62)"));
    assert_eq!(folder.text("a.ron"), folder.text("b.ron"));
    // What is typed goes before it.
    folder.mlc(["import", "net.safetensors", "--charset", "a", "--position-bands", "1", "-o", "c.ron"]).ok();
    assert!(folder.text("c.ron").contains("query: (buckets: 2, max_length: 62)"));
}

#[test]
fn keys_that_mlc_does_not_know() {
    let folder = Folder::new();
    folder.write("net.safetensors", tensors("", r#"{"phrases":"3","epoch":"9"}"#));
    let import =
        |more: &[&str]| folder.mlc([&["import", "net.safetensors", "--charset", "a"], more].concat());
    assert_snapshot!("import-unknown-key", import(&[]).fails(1));
    let ran = import(&["--ignore", "phrases"]);
    assert!(
        ran.stderr.contains("note: net.safetensors: phrases is 3: ignored, as --ignore says\n"),
        "{}",
        ran.stderr
    );
    ran.ok();
}

#[test]
fn outputs_of_the_same_name() {
    let folder = Folder::new();
    folder.write("net.safetensors", tensors("", "{}"));
    let import =
        |option: &str, value: &str| folder.mlc(["import", "net.safetensors", option, value]).fails(1);
    assert_snapshot!("import-same-labels", import("--labels", "ON,ON"));
    folder.write("three.npz", models::npz([1, 0, 0, 1], "\0\0"));
    assert_snapshot!("import-same-characters", folder.mlc(["import", "three.npz"]).fails(1));
    assert_snapshot!(
        "import-about",
        folder.mlc(["import", "three.npz", "--labels", "a,b", "--about", "a\nb"]).fails(2)
    );
    assert_eq!(folder.names(), ["net.safetensors", "three.npz"]);
}

#[test]
fn errors_stay_short() {
    let folder = Folder::new();
    let text = models::text(&models::chat());
    let long = text.replace("\"tiny\"", &format!("\"{}\"", "x\u{1b}".repeat(100_000)));
    let said = folder.write("long.ron", long).mlc(["inspect", "long.ron"]).fails(1);
    assert!(said.len() < 500 && said.starts_with("  x long.ron:5:15: name: \"x\\u{1b}x"), "{said}");
}
