//! What a file states beside its tensors: the same rules in all three formats.

use super::npz::{bytes, members, npy, options, set as set_array, stored};
use super::parts::{chat, context, label, reader};
use super::pickle::{Checkpoint, Py, dict, set, text};
use super::safetensors::{file_with, plain};
use super::{shown, small_chat};
use mlc_compiler::import::{Imported, Options, import};
use mlc_compiler::model::Model;
use serde_json::{Value, json};

const SIZES: [(&str, &str); 3] = [("input_size", "7"), ("hidden_sizes", "[5]"), ("num_classes", "3")];

/// A Python value of JSON without objects.
fn py(value: &Value) -> Py {
    match value {
        Value::Null => Py::None,
        Value::Bool(b) => Py::Bool(*b),
        Value::Number(n) => n.as_i64().map_or_else(|| Py::Float(n.as_f64().unwrap()), |n| Py::Int(n as i32)),
        Value::String(s) => text(s),
        Value::Array(items) => Py::List(items.iter().map(py).collect()),
        Value::Object(_) => panic!("no object in these tests"),
    }
}

/// The small model's architecture with a key more, as JSON text.
fn architecture(key: &str, value: &Value) -> String {
    let sizes: Vec<String> = SIZES.iter().map(|(k, v)| format!("\"{k}\": {v}")).collect();
    format!("{{{}, \"{key}\": {value}}}", sizes.join(", "))
}

/// The small model in each format, with a key more in its architecture: a name and bytes.
fn in_architecture(key: &str, value: &Value) -> [(&'static str, Vec<u8>); 3] {
    let json = architecture(key, value);
    let mut arrays = members(&small_chat());
    set_array(&mut arrays, "_architecture", bytes(&json));
    let mut checkpoint = Checkpoint::of(&small_chat());
    let mut entries: Vec<(&str, Py)> =
        SIZES.iter().map(|(k, v)| (*k, py(&serde_json::from_str(v).unwrap()))).collect();
    entries.push((key, py(value)));
    set(&mut checkpoint.rest, "architecture", dict(&entries));
    let tensors = file_with(&plain(), json!({ "charset": "ab\0", "architecture": json }));
    [("n.npz", stored(&arrays)), ("n.pt", checkpoint.file(2)), ("n.safetensors", tensors)]
}

/// The same with the key beside the architecture.
fn beside(key: &str, value: &Value) -> [(&'static str, Vec<u8>); 3] {
    let mut arrays = members(&small_chat());
    let array = match value {
        Value::String(s) => bytes(s),
        value => npy("<i8", false, "()", &value.as_i64().unwrap().to_le_bytes()),
    };
    arrays.push((format!("_{key}"), array));
    let mut checkpoint = Checkpoint::of(&small_chat());
    set(&mut checkpoint.rest, key, py(value));
    let said = value.as_str().map_or_else(|| value.to_string(), str::to_string);
    let tensors = file_with(&plain(), json!({ "charset": "ab\0", key: said }));
    [("n.npz", stored(&arrays)), ("n.pt", checkpoint.file(2)), ("n.safetensors", tensors)]
}

fn read(file: &(&str, Vec<u8>), options: &Options) -> Result<Imported, String> {
    import(&file.1, file.0, options).map_err(shown)
}

/// The notes but that on a missing architecture, which some of the files lack.
fn notes(imported: &Imported) -> Vec<&str> {
    imported.notes.iter().map(String::as_str).filter(|note| *note != NO_ARCHITECTURE).collect()
}

/// Checks the errors of the three files, each without its name; `place` has what goes before the key in each.
#[track_caller]
fn refused(files: &[(&str, Vec<u8>); 3], places: [&str; 3], expected: &str) {
    for (file, place) in files.iter().zip(places) {
        assert_eq!(read(file, &options()), Err(format!("{}: {place}{expected}", file.0)));
    }
}

const NO_ARCHITECTURE: &str = "it states no architecture: the shapes are those of the tensors";
const IN_ARCHITECTURE: [&str; 3] = ["_architecture: ", "architecture: ", "__metadata__: architecture: "];
const BESIDE: [&str; 3] = ["_", "", "__metadata__: "];

#[test]
fn position_bands_are_applied() {
    let expected = |model: &Model, bands| {
        assert_eq!((reader(model).query.bands, &model.body), (bands, &small_chat().body));
    };
    for files in [in_architecture("position_bands", &json!(2)), beside("position_bands", &json!(2))] {
        for file in &files {
            expected(&read(file, &options()).unwrap().model, 2);
            // What is typed goes before it.
            let typed = Options { position_bands: Some(3), ..options() };
            expected(&read(file, &typed).unwrap().model, 3);
        }
    }
    let values = "help: mlc computes nothing else; docs/import.md says what a file may state";
    for (value, shown) in [(json!(0), "0"), (json!(17), "17"), (json!(1.5), "1.5"), (json!("2"), "\"2\"")] {
        let expected = format!("position_bands is {shown}, 1 to 16 wanted\n{values}");
        refused(&in_architecture("position_bands", &value), IN_ARCHITECTURE, &expected);
    }
}

#[test]
fn other_numbers_of_the_encoders_are_applied() {
    let value = |key: &str, model: &Model| match key {
        "query_buckets" => u64::from(reader(model).query.buckets),
        "context_length" => context(model).length.into(),
        "max_reply" => chat(model).max_reply.into(),
        _ => reader(model).query.max_length.into(),
    };
    for (key, stated, standing) in
        [("query_buckets", 5, 4), ("context_length", 6, 8), ("max_reply", 9, 50), ("max_query", 20, 62)]
    {
        for file in in_architecture(key, &json!(stated)).iter().chain(&beside(key, &json!(stated))) {
            let free = read(file, &Options { query_buckets: None, ..options() });
            let model = match key {
                "query_buckets" => free.unwrap().model,
                _ => read(file, &options()).unwrap().model,
            };
            assert_eq!(value(key, &model), stated, "{key}");
        }
        let file = &in_architecture("epoch", &json!(1))[0];
        assert_eq!(value(key, &read(file, &options()).unwrap().model), standing, "{key}");
    }
}

#[test]
fn labels_are_read_in_every_format() {
    let mut arrays = members(&small_chat());
    arrays.push(("_labels".to_string(), bytes(r#"["x", "y", "z"]"#)));
    let mut checkpoint = Checkpoint::of(&small_chat());
    set(&mut checkpoint.rest, "labels", py(&json!(["x", "y", "z"])));
    let tensors = file_with(&plain(), json!({ "labels": r#"["x", "y", "z"]"# }));
    for file in [("n.npz", stored(&arrays)), ("n.pt", checkpoint.file(2)), ("n.safetensors", tensors)] {
        let model = read(&file, &Options::default()).unwrap().model;
        assert_eq!(model.answer, label(["x", "y", "z"]));
    }
}

#[test]
fn what_says_only_what_mlc_computes_is_taken() {
    let values = "help: mlc computes nothing else; docs/import.md says what a file may state";
    for (key, same, other, shown, wants) in [
        ("activation", json!("relu"), json!("gelu"), "\"gelu\"", "\"relu\""),
        ("shift", json!(2), json!(3), "3", "2"),
        ("accum_bits", json!(16), json!(24), "24", "16"),
        ("accumulator_bits", json!(16), json!(8), "8", "16"),
        ("weight_bits", json!(2), json!(4), "4", "2"),
    ] {
        for file in in_architecture(key, &same).iter().chain(&beside(key, &same)) {
            assert_eq!(read(file, &options()).unwrap().model.body, small_chat().body, "{key}");
        }
        let expected = format!("{key} is {shown}, {wants} wanted\n{values}");
        refused(&in_architecture(key, &other), IN_ARCHITECTURE, &expected);
        refused(&beside(key, &other), BESIDE, &expected);
    }
    refused(
        &in_architecture("bias", &json!(false)),
        IN_ARCHITECTURE,
        &format!("bias is false, true wanted\n{values}"),
    );
}

#[test]
fn what_changes_nothing_is_taken() {
    for key in ["total_epochs", "best_int_acc", "val_loss", "optimizer", "notes", "epoch", "torch_version"] {
        for file in in_architecture(key, &json!(3)).iter().chain(&beside(key, &json!(3))) {
            let read = read(file, &options()).unwrap();
            assert_eq!((&read.model.body, notes(&read)), (&small_chat().body, Vec::new()), "{key}");
        }
    }
    // Who saves with transformers says so.
    let file = ("n.safetensors", file_with(&plain(), json!({ "charset": "ab\0", "format": "pt" })));
    assert!(read(&file, &options()).is_ok());
}

#[test]
fn what_mlc_does_not_know_is_refused_by_name() {
    const UNKNOWN: &str = "mlc does not know this key, and it may change what the network computes\n\
        help: if it changes nothing, say so: `mlc import FILE --ignore KEY`; else mlc cannot compute this network";
    for (key, value) in [
        ("phrases", "3"),
        ("acc_bits", "24"),
        ("hash_multiplier", "33"),
        ("hidden_size", "5"),
        ("epochs_of_delay", "1"),
    ] {
        let expected = format!("{key} is {value}: {UNKNOWN}");
        let value: Value = serde_json::from_str(value).unwrap();
        refused(&in_architecture(key, &value), IN_ARCHITECTURE, &expected);
        refused(&beside(key, &value), BESIDE, &expected);
        for file in in_architecture(key, &value).iter().chain(&beside(key, &value)) {
            let ignoring = Options { ignore: vec![key.to_string()], ..options() };
            let read = read(file, &ignoring).unwrap();
            let note = format!("{key} is {value}: ignored, as --ignore says");
            assert_eq!(notes(&read).iter().map(|n| n.trim_start_matches('_')).collect::<Vec<_>>(), [note]);
            assert_eq!(read.model.body, small_chat().body);
        }
    }
    for (value, shown) in
        [(json!(null), "null"), (json!(["a", 1]), "[\"a\",1]"), (json!("\u{1b}[2J"), "\"\\u{1b}[2J\"")]
    {
        refused(
            &in_architecture("phrases", &value),
            IN_ARCHITECTURE,
            &format!("phrases is {shown}: {UNKNOWN}"),
        );
    }
    let long = json!("x".repeat(200));
    let cut = format!("phrases is \"{}…\": {UNKNOWN}", "x".repeat(60));
    refused(&beside("phrases", &long), BESIDE, &cut);
    // Values that JSON has not.
    let mut arrays = members(&small_chat());
    arrays.push(("_phrases".to_string(), npy("<f4", false, "(2,)", &[0; 8])));
    let file = ("n.npz", stored(&arrays));
    let array = "_phrases is an array of dtype '<f4' and shape (2,)";
    assert_eq!(read(&file, &options()), Err(format!("n.npz: {array}: {UNKNOWN}")));
    let mut checkpoint = Checkpoint::of(&small_chat());
    set(&mut checkpoint.rest, "config", dict(&[("lr", Py::Float(0.1))]));
    assert_eq!(
        read(&("n.pt", checkpoint.file(2)), &options()),
        Err(format!("n.pt: config is a dict: {UNKNOWN}"))
    );
}

#[test]
fn a_key_has_one_value() {
    let mut checkpoint = Checkpoint::of(&small_chat());
    set(&mut checkpoint.rest, "context_length", Py::Int(6));
    set(&mut checkpoint.rest, "_context_length", Py::Int(7));
    let e = read(&("n.pt", checkpoint.file(2)), &options()).expect_err("two values");
    assert!(e.starts_with("n.pt: context_length is 6, 7 as elsewhere in the file wanted\n"), "{e}");
    let mut arrays = members(&small_chat());
    let json = architecture("num_classes", &json!(3));
    set_array(&mut arrays, "_architecture", bytes(&json));
    let e = read(&("n.npz", stored(&arrays)), &options()).expect_err("one key twice");
    assert!(
        e.starts_with("n.npz: array _architecture: the key num_classes is there twice at line 1 column"),
        "{e}"
    );
}

#[test]
fn a_file_without_architecture_is_noted() {
    let mut arrays = members(&small_chat());
    arrays.retain(|(name, _)| name != "_architecture");
    let mut checkpoint = Checkpoint::of(&small_chat());
    checkpoint.rest.remove(0);
    let tensors = file_with(&plain(), json!({ "charset": "ab\0" }));
    for file in [("n.npz", stored(&arrays)), ("n.pt", checkpoint.file(2)), ("n.safetensors", tensors)] {
        let read = read(&file, &options()).unwrap();
        assert_eq!((read.model.body, read.notes), (small_chat().body, vec![NO_ARCHITECTURE.to_string()]));
    }
}
