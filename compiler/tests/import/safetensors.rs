//! What the .safetensors reader takes, and its errors to the letter.

use super::npz::options;
use super::npz_errors::NO_OUTPUT;
use super::parts::{label, layers};
use super::pt::imported;
use super::{seeded, shown, small_chat};
use mlc_compiler::import::{Options, load, safetensors};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Name, dtype, shape and bytes.
pub type Tensors = Vec<(String, &'static str, Vec<usize>, Vec<u8>)>;

/// The tensors of the small model in I8 and I16.
fn tensors(weight: fn(usize) -> String, bias: fn(usize) -> String) -> Tensors {
    let mut tensors = Vec::new();
    for (i, layer) in layers(&small_chat()).iter().enumerate() {
        let weights = layer.weights.iter().map(|&w| w as u8).collect();
        tensors.push((weight(i), "I8", vec![layer.outputs, layer.inputs], weights));
        let values = layer.bias.iter().flat_map(|b| b.to_le_bytes()).collect();
        tensors.push((bias(i), "I16", vec![layer.outputs], values));
    }
    tensors
}

pub fn plain() -> Tensors {
    tensors(|i| format!("layers.{i}.weight"), |i| format!("layers.{i}.bias"))
}

/// A file by hand: the length of the header, the header, the data.
fn framed(header: &Value, data: &[u8]) -> Vec<u8> {
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

pub fn file_with(tensors: &Tensors, metadata: Value) -> Vec<u8> {
    let mut header = json!({ "__metadata__": metadata });
    let mut data = Vec::new();
    for (name, dtype, shape, bytes) in tensors {
        let start = data.len();
        data.extend(bytes);
        header[name] = json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, data.len()] });
    }
    framed(&header, &data)
}

pub fn file(tensors: &Tensors) -> Vec<u8> {
    file_with(tensors, json!({ "charset": "ab\0" }))
}

fn read(file: &[u8]) -> Result<mlc_compiler::model::Model, String> {
    load(file, "small.safetensors", &options()).map_err(shown)
}

#[track_caller]
fn error(file: &[u8], expected: &str) {
    assert_eq!(read(file), Err(format!("small.safetensors: {expected}")));
}

/// Checks the error of the small model's file with another tensor in the place of one.
#[track_caller]
fn with(at: usize, name: &str, dtype: &'static str, shape: &[usize], bytes: usize, expected: &str) {
    let mut tensors = plain();
    tensors[at] = (name.to_string(), dtype, shape.to_vec(), vec![0; bytes]);
    error(&file(&tensors), expected);
}

const AGAIN: &str = "help: fetch or save the file again";
const NAMES: &str =
    "help: a layer has layers.N.weight and layers.N.bias (or fcN.weight, fcN_weight), and nothing else";

#[test]
fn every_way_to_name_layers() {
    for tensors in [
        plain(),
        tensors(|i| format!("layers.{}.weight", 2 * i), |i| format!("layers.{}.bias", 2 * i)),
        tensors(|i| format!("fc{}.weight", i + 1), |i| format!("fc{}.bias", i + 1)),
        tensors(|i| format!("fc{i}_weight"), |i| format!("fc{i}_bias")),
    ] {
        assert_eq!(read(&file(&tensors)), Ok(imported("small.safetensors")));
    }
    let file = file(&plain());
    let imported = safetensors::read(&file, "small.safetensors", &options()).map(|imported| imported.model);
    assert_eq!(imported.map_err(shown), read(&file));
}

#[test]
fn the_crate_writes_such_files() {
    use ::safetensors::{Dtype, tensor::TensorView};
    let plain = plain();
    let views = plain.iter().map(|(name, dtype, shape, bytes)| {
        let dtype = if *dtype == "I8" { Dtype::I8 } else { Dtype::I16 };
        (name.as_str(), TensorView::new(dtype, shape.clone(), bytes).unwrap())
    });
    let metadata = [("charset".to_string(), "ab\0".to_string())].into_iter().collect();
    let file = ::safetensors::serialize(views, Some(metadata)).unwrap();
    assert_eq!(read(&file), Ok(imported("small.safetensors")));
}

#[test]
fn floats_are_quantized() {
    let bytes = |dtype: &str, v: f32| match dtype {
        "F64" => f64::from(v).to_le_bytes().to_vec(),
        "F32" => v.to_le_bytes().to_vec(),
        "BF16" => v.to_le_bytes()[2..].to_vec(),
        // Only powers of two, and 0.
        _ if v == 0.0 => vec![0, 0],
        _ => {
            let bits = v.to_bits();
            (((bits >> 16) as u16 & 0x8000) | (((bits >> 23 & 255) as u16 - 112) << 10))
                .to_le_bytes()
                .to_vec()
        }
    };
    for dtype in ["F16", "BF16", "F32", "F64"] {
        let mut tensors = plain();
        let weights = [0.5, -0.5, 0.25, -1.0, 0.125].repeat(3);
        tensors[2].1 = dtype;
        tensors[2].3 = weights.iter().flat_map(|&v| bytes(dtype, v)).collect();
        tensors[3].1 = dtype;
        tensors[3].3 = [2.0, -0.25, 0.0].iter().flat_map(|&v| bytes(dtype, v)).collect();
        let read = read(&file(&tensors)).unwrap();
        let layer = &layers(&read)[1];
        // The scale is 1; halves round to the even 0.
        assert_eq!(layer.weights, [0, 0, 0, -1, 0].repeat(3), "{dtype}");
        assert_eq!(layer.bias, [64, -8, 0], "{dtype}");
    }
}

#[test]
fn metadata() {
    let architecture = r#"{"input_size": 7, "hidden_sizes": [5], "num_classes": 3}"#;
    let all = json!({ "architecture": architecture, "labels": r#"["x", "y", "z"]"#, "charset": "ab\0" });
    let classifier = load(&file_with(&plain(), all), "m.safetensors", &Options::default()).unwrap();
    assert_eq!(classifier.answer, label(["x", "y", "z"]));

    let typed = Options { charset: Some("ab".to_string()), ..options() };
    let labelled = file_with(&plain(), json!({ "labels": r#"["x", "y", "z"]"# }));
    assert_eq!(load(&labelled, "small.safetensors", &typed), Ok(imported("small.safetensors")));

    error(&file_with(&plain(), json!({ "format": "pt" })), NO_OUTPUT);
    error(
        &file_with(&plain(), json!({ "labels": "x, y" })),
        "__metadata__: labels: expected value at line 1 column 1\n\
         help: charset is text, architecture and labels are JSON in a text",
    );
    error(
        &file_with(&plain(), json!({ "architecture": architecture.replace('7', "8") })),
        "__metadata__: architecture: input_size is 8, but the layers have 7\n\
         help: the file is damaged or was put together wrongly: save it again",
    );
}

#[test]
fn damaged_files() {
    let damaged = |file: &[u8], what: &str| error(file, &format!("the file is damaged: {what}\n{AGAIN}"));
    let whole = file(&plain());
    damaged(&whole[..20], "it ends early");
    damaged(&whole[..whole.len() - 1], "it ends early");
    damaged(&[&whole[..], b"x"].concat(), "it has more data than its tensors");
    damaged(b"\x02\0\0\0\0\0\0\0{x", "its header: key must be a string at line 1 column 2");
    let place = |dtype: &str, shape: Value, offsets: Value| {
        framed(&json!({ "fc1.weight": { "dtype": dtype, "shape": shape, "data_offsets": offsets } }), &[0; 4])
    };
    damaged(&place("I8", json!([2, 3]), json!([0, 4])), "the shape of a tensor does not fit its place");
    damaged(&place("I8", json!([3]), json!([1, 4])), "its tensors do not lie one behind the other");
    damaged(
        &place("I8", json!([u64::MAX, 2]), json!([0, 4])),
        "overflow computing buffer size from shape and/or element type",
    );
    damaged(&place("I8", json!([4]), json!([0, u64::MAX])), "it ends early");
    // One behind the other up to 2^64 - 8: that and the 8 bytes of the length are 2^64.
    let size = (1u64 << 61) - 1;
    let mut header = json!({});
    for i in 0..8 {
        header[format!("fc{i}.weight")] =
            json!({ "dtype": "U8", "shape": [size], "data_offsets": [i * size, (i + 1) * size] });
    }
    damaged(&framed(&header, &[]), "it ends early");
}

#[test]
fn names_types_and_shapes() {
    let no_part = |name: &str| format!("tensor {name} is no part of a plain network of layers\n{NAMES}");
    with(3, "embedding.weight", "I8", &[3], 3, &no_part("embedding.weight"));
    with(3, "layers.1", "I8", &[3], 3, &no_part("layers.1"));
    with(3, "layers.2.bias", "I8", &[3], 3, &format!("tensor layers.1.bias is missing\n{NAMES}"));
    error(&file(&Vec::new()), &format!("tensor layers.0.weight is missing\n{NAMES}"));
    let gap = tensors(|i| format!("fc{}.weight", 1 + 2 * i), |i| format!("fc{}.bias", 1 + 2 * i));
    error(
        &file(&gap),
        "the layers are numbered with a gap: fc3 is there, fc2 is not\n\
         help: number the layers fc1, fc2, fc3 and so on",
    );
    with(
        2,
        "layers.1.weight",
        "F8_E4M3",
        &[3, 5],
        15,
        "tensor layers.1.weight has dtype F8_E4M3, F16, BF16, F32, F64, U8, I8, I16, I32 or I64 wanted\n\
         help: convert the tensor, with .float() for one, and save again",
    );
    with(
        3,
        "layers.1.bias",
        "F32",
        &[3],
        12,
        "tensor layers.1.bias has dtype float, integer (as its weight has) wanted\n\
         help: convert the tensor, with .float() for one, and save again",
    );
    let shape = "help: a layer has a weight [outputs, inputs] and a bias [outputs]";
    with(
        3,
        "layers.1.bias",
        "I8",
        &[2],
        2,
        &format!("tensor layers.1.bias has shape (2,), (3,) wanted\n{shape}"),
    );
    with(
        2,
        "layers.1.weight",
        "I8",
        &[1025, 1],
        1025,
        "tensor layers.1.weight has shape (1025, 1), at most 1024 by 1024 is possible\n\
         help: no 8-bit machine holds such a network: train a smaller one",
    );
}

proptest! {
    #![proptest_config(seeded(2000))]

    #[test]
    fn damaged_files_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        cuts in prop::bool::weighted(0.2),
    ) {
        let mut file = file(&plain());
        for (at, new) in changes {
            let at = at.index(file.len());
            file[at] = new;
        }
        if cuts {
            file.truncate(cut.index(file.len()));
        }
        if let Ok(model) = load(&file, "small.safetensors", &options()) {
            prop_assert_eq!(model.check(), Ok(()));
        }
    }
}
