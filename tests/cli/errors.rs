//! Every error with file, place and remedy, to the letter.

use crate::{Folder, models};
use insta::assert_snapshot;

/// What `mlc inspect` says of a file.
#[track_caller]
fn inspect(name: &str, content: impl AsRef<[u8]>) -> String {
    Folder::new().write(name, content).mlc(["inspect", name]).fails(1)
}

/// A model.ron with a change in it.
#[track_caller]
fn changed(from: &str, to: &str) -> String {
    let text = models::text(&models::chat());
    assert!(text.contains(from), "the model has no {from:?}");
    inspect("model.ron", text.replacen(from, to, 1))
}

#[test]
fn missing_files() {
    let folder = Folder::new();
    assert_snapshot!("missing-model", folder.mlc(["compile"]).fails(1));
    assert_snapshot!("missing-path", folder.mlc(["run", "models/none.ron", "hi"]).fails(1));
    assert_snapshot!("missing-npz", folder.mlc(["import", "none.npz"]).fails(1));
    assert_snapshot!("missing-program", folder.mlc(["run", "none.com"]).fails(1));
    folder.write("empty/readme", "");
    assert_snapshot!("folder-without-model", folder.mlc(["inspect", "empty"]).fails(1));
    assert_snapshot!("folder-for-file", folder.mlc(["import", "empty"]).fails(1));
    assert_eq!(folder.names(), ["empty", "empty/readme"]);
}

#[test]
fn files_that_are_no_model() {
    assert_snapshot!("not-a-model-text", inspect("notes.txt", "hello, world\n"));
    assert_snapshot!("not-a-model-binary", inspect("image.png", b"\x89PNG\r\n\x1a\n\0\0"));
    assert_snapshot!("not-a-model-empty", inspect("empty.ron", ""));
    assert_snapshot!("not-a-model-zip", inspect("cut.npz", &models::npz([1, 0, 0, 1], "a\0")[..100]));
}

#[test]
fn wrong_version() {
    assert_snapshot!("newer-version", changed("format: 2,", "format: 3,"));
    assert_snapshot!("older-version", changed("format: 2,", "format: 0,"));
}

#[test]
fn truncated_and_oversized_weights() {
    let text = models::text(&models::chat());
    let half = &text[..text.len() * 2 / 3];
    assert_snapshot!("truncated-file", inspect("model.ron", half));
    // The first row of the second layer: 12 weights are 4 characters.
    let second = text.find("// layer 2").expect("there is a second layer");
    let row = second + text[second..].find("\"").expect("a layer has rows") + 1;
    let short = [&text[..row], &text[row + 1..]].concat();
    assert_snapshot!("truncated-row", inspect("model.ron", short));
    let long = [&text[..row], "AAAA", &text[row..]].concat();
    assert_snapshot!("oversized-row", inspect("model.ron", long));
    let more_rows = [&text[..row - 1], "\"AAAA\",\n                    ", &text[row - 1..]].concat();
    assert_snapshot!("oversized-layer", inspect("model.ron", more_rows));
}

#[test]
fn shapes_that_do_not_chain() {
    assert_snapshot!("chain", changed("(inputs: 12, outputs: 7,", "(inputs: 11, outputs: 7,"));
    assert_snapshot!("chain-encoders", changed("query: (buckets: 24,", "query: (buckets: 25,"));
    assert_snapshot!("chain-charset", changed("abcdef\\u{0}", "abcde\\u{0}"));
}

#[test]
fn weights_outside_the_range() {
    let folder = Folder::new();
    folder.write("wide.npz", models::npz([1, 0, 3, 1], "a\0"));
    assert_snapshot!("weight-outside", folder.mlc(["import", "wide.npz"]).fails(1));
    assert_eq!(folder.names(), ["wide.npz"]);
}

#[test]
fn charsets() {
    let wide: String = (b'a'..=b'z').map(char::from).cycle().take(257).collect();
    assert_snapshot!("charset-over-256", changed("abcdef\\u{0}", &wide));
    assert_snapshot!("charset-without-end-mark", changed("abcdef\\u{0}", "abcdefg"));
    assert_snapshot!("charset-beyond-a-byte", changed("abcdef\\u{0}", "abcde€\\u{0}"));
}

#[test]
fn unknown_targets() {
    let folder = Folder::new();
    folder.write("model.ron", models::text(&models::chat()));
    assert_snapshot!("unknown-target", folder.mlc(["compile", "--target", "z80-cmp"]).fails(1));
    assert_snapshot!("missing-target-file", folder.mlc(["compile", "--target", "mine.ron"]).fails(1));
    folder.write("mine.ron", "(\n    name: \"mine\",\n    speed: 3,\n)\n");
    assert_snapshot!("wrong-target-file", folder.mlc(["compile", "--target", "mine.ron"]).fails(1));
    assert_eq!(folder.names(), ["mine.ron", "model.ron"]);
}

#[test]
fn unwritable_outputs() {
    let folder = Folder::new();
    folder.write("model.ron", models::text(&models::chat())).write("a-file", "").write("folder.com/x", "");
    let into = |path: &str| folder.mlc(["compile", "-o", path]).fails(1);
    assert_snapshot!("no-folder", into("nowhere/tiny.com"));
    assert_snapshot!("file-for-folder", into("a-file/tiny.com"));
    assert_snapshot!("folder-for-output", into("folder.com"));
    assert_snapshot!(
        "train-finds-out-first",
        folder.write("p.txt", "a|B\nc|D\n").mlc(["train", "p.txt", "-o", "nowhere/model.ron"]).fails(1)
    );
}

#[cfg(unix)]
#[test]
fn folders_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.write("model.ron", models::text(&models::chat())).write("closed/x", "");
    let set = |mode| std::fs::set_permissions(folder.path("closed"), PermissionsExt::from_mode(mode));
    set(0o500).expect("it is our folder");
    let permitted = std::fs::write(folder.path("closed/probe"), "").is_ok();
    let ran = folder.mlc(["compile", "-o", "closed/tiny.com"]);
    set(0o700).expect("it is our folder");
    if permitted {
        eprintln!("skipped: this user may write everywhere");
        return;
    }
    assert_snapshot!("no-permission", ran.fails(1));
    assert_eq!(folder.names(), ["closed", "closed/x", "model.ron"]);
}

#[test]
fn models_too_large() {
    let folder = Folder::new();
    folder.write("huge.ron", models::text(&models::huge()));
    assert_snapshot!("too-large", folder.mlc(["compile", "huge.ron"]).fails(1));
    assert_eq!(folder.names(), ["huge.ron"]);
}

#[test]
fn wrong_usage_exits_with_2() {
    let folder = Folder::new();
    folder.write("model.ron", models::text(&models::chat())).write("x.com", [0xC9]);
    let wrong = |args: &[&str]| folder.mlc(args).fails(2);
    assert_snapshot!("usage-extension", wrong(&["compile", "-o", "tiny.exe"]));
    assert_snapshot!("usage-twice", wrong(&["compile", "-o", "a.com", "-o", "a.com"]));
    assert_snapshot!("usage-pass", wrong(&["compile", "--print-after", "magic"]));
    assert_snapshot!("usage-clock", wrong(&["run", "model.ron", "--speed", "fast"]));
    assert_snapshot!("usage-negative", wrong(&["train", "p.txt", "--epochs", "-1"]));
    let said = wrong(&["run", "model.ron", "--speed", "-4MHz"]);
    assert!(said.contains("write a clock as 4MHz") || said.contains("a clock has 1kHz to 1000MHz"), "{said}");
    assert_snapshot!(
        "usage-reference-clock",
        wrong(&["run", "model.ron", "-t", "reference", "--speed", "4MHz"])
    );
    assert_snapshot!("usage-verify-reference", wrong(&["verify", "model.ron", "-t", "reference"]));
    assert_snapshot!("usage-program-json", wrong(&["run", "x.com", "--json"]));
    assert_snapshot!("usage-import", wrong(&["import", "model.ron", "--labels", "a,b"]));
    assert_snapshot!("usage-train", wrong(&["train"]));
    assert_snapshot!("usage-verb", wrong(&["complie"]));
    assert_eq!(folder.names(), ["model.ron", "x.com"]);
}

#[test]
fn templates_that_do_not_work() {
    let folder = Folder::new();
    folder
        .write("model.ron", models::text(&models::chat()))
        .write("t/argmax.asm", "{% if %}")
        .write("u/.hidden", "");
    let with = |templates: &str| folder.mlc(["compile", "--templates", templates]).fails(1);
    assert_snapshot!("template-missing-folder", with("none"));
    assert_snapshot!("template-empty-folder", with("u"));
    assert_snapshot!("template-syntax", with("t"));
    folder.write("v/argmx.asm", "").write("w/cpm.asm", "").write("w/notes.txt", "").write("x/c99/net.c", "");
    // Behind it come all names, which other templates change.
    let said = with("v");
    assert!(said.starts_with(
        "  x v/argmx.asm: mlc has no template of this name; it has activation.S, activation.asm, "
    ));
    assert!(
        said.ends_with("\n  help: rename the file, take it away, or include it in a template\n"),
        "{said}"
    );
    assert!(
        with("w").starts_with("  x w/notes.txt: mlc has no template of this name; it has activation.S, ")
    );
    assert!(with("x").starts_with("  x x/c99/net.c: mlc has no template of this name; "));
    folder.write("t/argmax.asm", "{% macro argmax(s) %}\nargmax:\n        ld a,(hl)+\n{% endmacro argmax %}");
    // The line is where the template lands in the program, which other templates move.
    let said = with("t");
    let head =
        "  x the generated assembly does not assemble: error: an operand that starts with a parenthesis";
    assert!(said.starts_with(head) && said.contains("\n  |    --> tiny.asm:"), "{said}");
    assert!(
        said.contains(" |         ld a,(hl)+\n") && said.contains("  help: with --templates: correct"),
        "{said}"
    );
}

#[test]
fn messages_quote_no_more_than_helps() {
    let folder = Folder::new();
    let text = models::text(&models::chat());
    let long = "x".repeat(10_000_000);
    folder.write("long.ron", text.replace("\"tiny\"", &format!("\"{long}\"")));
    let said = folder.mlc(["inspect", "long.ron"]).fails(1);
    assert!(said.contains(&format!("\"{}…\"", "x".repeat(60))), "{}", &said[..said.len().min(500)]);
    assert!(said.len() < 600, "{} bytes", said.len());
    let said = folder.mlc(["train", "p.txt", "--epochs", &"7".repeat(90_000)]).fails(2);
    assert!(said.len() < 600 && said.contains(&format!("'{}…'", "7".repeat(80))), "{} bytes", said.len());
    let said =
        folder.mlc(["data", "split", "p.txt", "-o", &long[..90_000], "--held-out", &long[..90_000]]).fails(2);
    assert!(said.len() < 1600, "{} bytes", said.len());
}
