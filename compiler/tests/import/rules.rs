//! Rules of a model that hold for every format, and the caps on files.

use super::npz::{Members, archive, bytes, members, npy, options, set, stored, zip_of};
use super::parts::{self, chat_mut, layers_mut};
use super::{shown, small_chat};
use mlc_compiler::import::{Options, load, ron};
use mlc_compiler::model::{Layer, Model};
use zip::CompressionMethod;

#[track_caller]
fn broken(change: impl Fn(&mut Model), expected: &str) {
    let mut model = small_chat();
    change(&mut model);
    let e = model.check().expect_err("the change breaks a rule");
    assert_eq!(format!("{e}\nhelp: {}", e.help()), expected);
}

fn charset(model: &mut Model, charset: &[u8]) {
    chat_mut(model).charset = charset.to_vec();
}

fn labels(model: &mut Model, labels: &[&str]) {
    parts::classify(model, 7, labels);
}

#[test]
fn an_output_has_a_character_or_label_of_its_own() {
    broken(
        |m| charset(m, b"aa\0"),
        "charset: character 1 is 'a', as character 0 is already\n\
         help: every output has a character of its own: correct the charset",
    );
    broken(
        |m| charset(m, b"a\0\0"),
        "charset: character 2 is the end mark (NUL), as character 1 is already\n\
         help: the end mark comes once, at the end: take the others out",
    );
    broken(
        |m| labels(m, &["ON", "ON", "X"]),
        "labels[1] is \"ON\", as labels[0] is already\nhelp: give every class a label of its own",
    );
    // Labels and characters that differ in case only are two.
    let mut model = small_chat();
    charset(&mut model, b"aA\0");
    assert_eq!(model.check(), Ok(()));
    labels(&mut model, &["on", "ON", "On"]);
    assert_eq!(model.check(), Ok(()));
}

#[test]
fn the_same_in_files_and_options() {
    let mut arrays = members(&small_chat());
    set(&mut arrays, "_charset", bytes("aa\0"));
    let error =
        |file: &[u8], options: &Options| shown(load(file, "m", options).expect_err("a rule is broken"));
    let file = stored(&arrays);
    assert!(error(&file, &options()).starts_with("m: charset: character 1 is 'a', as character 0"));
    let typed = Options { charset: Some("bb".to_string()), ..options() };
    assert!(error(&file, &typed).starts_with("m: charset: character 1 is 'b', as character 0"));
    let typed = Options { labels: Some(["x", "y", "x"].map(str::to_string).to_vec()), ..Options::default() };
    assert!(error(&file, &typed).starts_with("m: labels[2] is \"x\", as labels[0]"));
    // In a model.ron with the place.
    let text = ron::write(&small_chat()).replace("ab\\u{0}", "aa\\u{0}");
    assert!(error(text.as_bytes(), &options()).starts_with("m:17:18: charset: character 1 is 'a'"));
    let mut classifier = small_chat();
    labels(&mut classifier, &["yes", "no", "maybe"]);
    let text = ron::write(&classifier).replace("maybe", "yes");
    assert!(error(text.as_bytes(), &options()).starts_with("m:18:9: labels[2] is \"yes\", as labels[0]"));
}

#[test]
fn texts_are_short_and_printable() {
    let limits = "help: change the field; docs/model-format.md has its limits";
    let printable = "help: write it as printable text on one line";
    broken(
        |m| labels(m, &["a", &"x".repeat(256), "b"]),
        "labels[1] has 256 characters, at most 255 are possible\nhelp: shorten the label",
    );
    let label =
        "is empty or holds something else than printable ASCII\nhelp: give every class a printable label";
    for bad in ["", "\u{1b}[2J", "a\nb", "\u{7f}"] {
        broken(|m| labels(m, &["a", "b", bad]), &format!("labels[2] {label}"));
    }
    broken(
        |m| m.head.about = "a\u{1b}[31m".into(),
        &format!("about holds '\\u{{1b}}', a control character\n{printable}"),
    );
    broken(|m| m.head.about = "a\nb".into(), &format!("about holds '\\n', a control character\n{printable}"));
    broken(
        |m| m.head.about = "x".repeat(4001),
        &format!("about: its length is 4001, outside 0..4000\n{limits}"),
    );
    broken(
        |m| m.head.training.push(("loss".into(), "\u{9b}2J".into())),
        &format!("training[3] holds '\\u{{9b}}', a control character\n{printable}"),
    );
    broken(
        |m| m.head.training[0].0 = "x".repeat(4001),
        &format!("training[1]: its length is 4001, outside 0..4000\n{limits}"),
    );
    broken(
        |m| m.head.training = vec![(String::new(), String::new()); 257],
        &format!("training: their number is 257, outside 0..256\n{limits}"),
    );
    let name = "help: use 1 to 32 letters, digits, '-' and '_'";
    broken(|m| m.head.name = "a/b".into(), &format!("name: \"a/b\" is no name for a model\n{name}"));
    broken(
        |m| m.head.name = "\u{1b}[2J".into(),
        &format!("name: \"\\u{{1b}}[2J\" is no name for a model\n{name}"),
    );
    broken(
        |m| m.head.name = "x".repeat(10_000_000),
        &format!("name: \"{}…\" is no name for a model\n{name}", "x".repeat(60)),
    );
    // A place in the file for each.
    let text = ron::write(&small_chat());
    for (from, to, place) in [
        ("Says a", "Says\\u{7} a", "m:6:16: about holds"),
        ("\"seed\"", "\"\\u{7}\"", "m:9:13: training[2] holds"),
    ] {
        let e = ron::read(&text.replace(from, to), "m").expect_err("a control character");
        assert!(e.to_string().starts_with(place), "{e}");
    }
}

/// A square layer of five.
fn square() -> Layer {
    let mut layer = layers_mut(&mut small_chat()).remove(1);
    (layer.outputs, layer.weights, layer.bias) = (5, vec![1; 25], vec![0; 5]);
    layer
}

#[test]
fn there_are_at_most_64_layers() {
    let with = |layers: usize| {
        let mut model = small_chat();
        let several = layers_mut(&mut model);
        let last = several.pop().expect("there are two");
        several.extend((0..layers - 2).map(|_| square()));
        several.push(last);
        model
    };
    assert_eq!(with(64).check(), Ok(()));
    let expected = "layers: their number is 65, outside 1..64\n\
                    help: change the field; docs/model-format.md has its limits";
    let error = |file: &[u8]| shown(load(file, "m", &options()).expect_err("too many layers"));
    assert_eq!(error(ron::write(&with(65)).as_bytes()), format!("m:21:17: {expected}"));
    assert_eq!(error(&stored(&members(&with(65)))), format!("m: {expected}"));
    assert_eq!(error(&super::pickle::Checkpoint::of(&with(65)).file(2)), format!("m: {expected}"));
}

#[test]
fn all_layers_together_have_a_limit() {
    let wide = |layers: usize| {
        let mut arrays = Members::new();
        for n in 1..=layers {
            arrays.push((format!("fc{n}_weight"), npy("|i1", false, "(1024, 1024)", &vec![0; 1 << 20])));
            arrays.push((format!("fc{n}_bias"), npy("|i1", false, "(1024,)", &[0; 1024])));
        }
        archive(&arrays, CompressionMethod::Deflated)
    };
    let labels = Some((0..1024).map(|i| i.to_string()).collect());
    let options = Options { labels, ..Options::default() };
    assert!(load(&wide(4), "m", &options).is_ok());
    assert_eq!(
        shown(load(&wide(5), "m", &options).expect_err("too many weights")),
        "m: the layers have 5242880 weights together, at most 4194304 are possible\n\
         help: no 8-bit machine holds such a network: train a smaller one"
    );
}

#[test]
fn files_have_a_largest_size() {
    let error = |file: &[u8]| shown(load(file, "m", &options()).expect_err("too large"));
    let help = "help: this is no network for an 8-bit machine: give another file";
    let spaces = vec![b' '; (64 << 20) + 1];
    assert_eq!(error(&spaces), format!("m: a model.ron has at most 64 MiB, this one is larger\n{help}"));
    let mut zeros = vec![0; (128 << 20) + 1];
    zeros[..4].copy_from_slice(b"PK\x03\x04");
    assert_eq!(
        error(&zeros),
        format!("m: a file with a network has at most 128 MiB, this one is larger\n{help}")
    );
    let many: Vec<(String, Vec<u8>)> = (0..4097).map(|n| (format!("{n}.npy"), Vec::new())).collect();
    assert_eq!(
        error(&zip_of(&many, CompressionMethod::Stored)),
        "m: the archive has more than 4096 files\n\
         help: this is no network: give the archive that the trainer wrote"
    );
    let header = (1u64 << 20) + 1;
    let long = [&header.to_le_bytes()[..], b"{", &vec![b' '; header as usize]].concat();
    assert_eq!(
        error(&long),
        "m: the file is damaged: its header has more than 1 MiB\nhelp: fetch or save the file again"
    );
}

#[test]
fn errors_of_text_are_short_whatever_is_in_it() {
    let error = |text: &str| ron::read(text, "m").expect_err("no model").to_string();
    let text = ron::write(&small_chat());
    let long = "y".repeat(1 << 20);
    for broken in [
        text.replace("\"small\"", &format!("\"{long}\"")),
        text.replace("name:", &format!("{long}:")),
        text.replace("Chat(", &format!("{long}(")),
        text.replace("buckets: 4", &format!("buckets: {}", "9".repeat(1 << 20))),
        text.replace("buckets: 4", &format!("buckets: 1.{}", "9".repeat(1 << 20))),
        text.replace("format: 2", &format!("format: 2, {long}-{long}: 1")),
        "(".repeat(1 << 20),
        format!("(a: {}", "[".repeat(1 << 20)),
    ] {
        let e = error(&broken);
        assert!(e.len() < 400, "{} bytes: {}", e.len(), &e[..400]);
    }
}
