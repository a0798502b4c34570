//! The published networks, if they lie beside the repository.

use crate::parts::{chat, context, layers, reader};
use crate::shared;
use mlc_compiler::import::{Options, load, ron};
use mlc_compiler::model::Model;

fn import(name: &str) -> Option<Model> {
    let path = shared::file(name)?;
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Some(load(&bytes, name, &Options::default()).unwrap_or_else(|e| panic!("{e}")))
}

fn check(model: &Model, name: &str, classes: usize, charset: &[u8]) {
    assert_eq!(model.head.name, name);
    assert_eq!(model.head.about, format!("imported from {name}.npz"));
    let shapes: Vec<[usize; 2]> = layers(model).iter().map(|l| [l.inputs, l.outputs]).collect();
    assert_eq!(shapes, [[256, 256], [256, 192], [192, 128], [128, classes]]);
    assert!(layers(model).iter().all(|l| l.shift == 2));
    let (query, context, chat) = (&reader(model).query, context(model), chat(model));
    assert_eq!((query.buckets, context.buckets, context.length), (128, 128, 8));
    assert_eq!((query.max_length, chat.max_reply), (62, 50));
    assert_eq!(chat.charset, charset);
    // Through model.ron and back: nothing lost, and the same bytes again.
    let text = ron::write(model);
    assert_eq!(ron::read(&text, "model.ron").as_ref(), Ok(model));
    assert!(text.lines().any(|line| line.trim().len() == 86 + "\"\",".len()));
}

#[test]
fn tinychat() {
    if let Some(model) = import("tinychat.npz") {
        check(&model, "tinychat", 40, b" ABCDEFGHIJKLMNOPQRSTUVWXYZ012345678!/?\0");
    }
}

#[test]
fn guess() {
    if let Some(model) = import("guess.npz") {
        check(&model, "guess", 11, b"ABEIMNOSWY\0");
    }
}
