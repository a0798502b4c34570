//! What the .pt reader takes.

use super::npz::{options, zip_of};
use super::parts::{chat, context, label, layers, reader};
use super::pickle::{Checkpoint, Py, pickle, set, text};
use super::{seeded, small_chat};
use mlc_compiler::import::{Options, load, torch};
use mlc_compiler::model::{Layer, Model, WeightSet};
use proptest::prelude::*;
use zip::CompressionMethod;

/// What an import of [`small_chat`]'s tensors gives.
pub fn imported(file: &str) -> Model {
    let mut model = small_chat();
    model.head.about = format!("imported from {file}");
    model.head.training.clear();
    model
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// The second layer of the small model's checkpoint after a change.
fn second_layer(change: impl Fn(&mut Checkpoint)) -> Layer {
    let mut checkpoint = Checkpoint::of(&small_chat());
    change(&mut checkpoint);
    let read = load(&checkpoint.file(2), "small.pt", &options()).unwrap_or_else(|e| panic!("{e}"));
    layers(&read)[1].clone()
}

#[test]
fn a_checkpoint_of_pytorch_itself() {
    // data/torch-2.13.py wrote it, and printed the integers that PyTorch makes of it.
    let model = load(include_bytes!("data/torch-2.13.pt"), "torch-2.13.pt", &Options::default()).unwrap();
    assert_eq!(model.head.name, "torch-2-13");
    let buckets = (reader(&model).query.buckets, context(&model).buckets);
    assert_eq!((chat(&model).charset.as_slice(), buckets), (&b"AB?\0"[..], (4, 4)));
    let first = [
        [0, 0, 0, -1, 0, 0, 0, 0],
        [0, 0, -1, 0, 0, 1, 0, 1],
        [-1, 0, 1, 0, 0, 0, 1, 0],
        [0, 0, -1, 0, -1, 0, -1, -1],
        [0, 0, 0, 1, 1, 0, 0, 0],
        [-1, 1, 1, -1, 0, 0, 0, 0],
    ];
    let second = [[0, 0, -1, 0, 0, 0], [0, 0, 0, -1, 1, 1], [0, 1, 0, 0, 0, 0], [0, 1, 1, -1, 0, 0]];
    let layer = |inputs, outputs, weights: Vec<i8>, bias: &[i16]| Layer {
        inputs,
        outputs,
        weights,
        bias: bias.to_vec(),
        shift: 2,
        set: WeightSet::Full,
    };
    assert_eq!(
        layers(&model),
        [
            layer(8, 6, first.concat(), &[123, -95, 174, -58, 155, 185]),
            layer(6, 4, second.concat(), &[92, 13, 53, 205])
        ]
    );
}

#[test]
fn every_protocol() {
    for protocol in 2..=5 {
        let file = Checkpoint::of(&small_chat()).file(protocol);
        assert_eq!(load(&file, "a/small.pt", &options()), Ok(imported("small.pt")), "{protocol}");
        let read =
            torch::read(&file, "small.pt", &options()).map(|imported| (imported.model, imported.notes));
        assert_eq!(read, Ok((imported("small.pt"), Vec::new())));
    }
}

#[test]
fn layers_are_ordered_as_numbers_and_may_leave_some_out() {
    let mut checkpoint = Checkpoint::of(&small_chat());
    for (name, _) in &mut checkpoint.state {
        let Py::Str(name) = name else { panic!("a name") };
        *name = name.replace("layers.1", "layers.10").replace("layers.0", "layers.9");
    }
    checkpoint.state.reverse();
    checkpoint.add("layers.9.max_accum_seen", "FloatStorage", &[], floats(&[7.0]));
    assert_eq!(load(&checkpoint.file(2), "small.pt", &options()), Ok(imported("small.pt")));
}

#[test]
fn views_with_offset_and_strides_and_a_shared_storage() {
    let model = small_chat();
    let layer = &layers(&model)[0];
    let mut checkpoint = Checkpoint::of(&model);
    // Columns of the first weight, behind three values of something else.
    let mut bytes = vec![99; 3];
    for input in 0..layer.inputs {
        bytes.extend((0..layer.outputs).map(|output| layer.row(output)[input] as u8));
    }
    let all = bytes.len();
    bytes.extend(layers(&model)[1].weights.iter().map(|&w| w as u8));
    let count = bytes.len() as i32;
    checkpoint.storages[0].1 = bytes;
    let first = checkpoint.tensor("layers.0.weight");
    (first.count, first.offset, first.strides) = (count, 3, vec![1, layer.outputs as i32]);
    let second = checkpoint.tensor("layers.1.weight");
    (second.key, second.count, second.offset) = ("0".to_string(), count, all as i32);
    assert_eq!(load(&checkpoint.file(2), "small.pt", &options()), Ok(imported("small.pt")));
    // Stride 0: one value for all.
    let ones = second_layer(|c| {
        c.tensor("layers.1.weight").strides = vec![0, 0];
        c.tensor("layers.1.weight").offset = 3;
    });
    assert_eq!(ones.weights, [-2; 15]);
}

#[test]
fn floats_are_quantized() {
    // 15 weights: rank 13.3, 0.95 of the way from |-1.2| to |4.0|... at 0.3: 1.2 + 0.3 * 2.8 = 2.04.
    let weights: [f32; 15] =
        [4.0, -1.2, 1.02, -1.02, 1.03, -1.03, 0.0, 0.1, -0.1, 0.5, 1.1, -1.1, 1.15, 0.9, -0.9];
    let bias = [0.5 / 32.0, 1.5 / 32.0, -1023.99];
    let expected = [1, -1, 0, 0, 1, -1, 0, 0, 0, 0, 1, -1, 1, 0, 0];
    let layer = second_layer(|c| {
        c.add("layers.1.weight", "FloatStorage", &[3, 5], floats(&weights));
        c.add("layers.1.bias", "FloatStorage", &[3], floats(&bias));
    });
    assert_eq!(layer.weights, expected);
    assert_eq!(layer.bias, [0, 2, -32768]);
    // The largest one negative.
    let mirrored = weights.map(|w| if w == 4.0 { -4.0 } else { w });
    let layer = second_layer(|c| {
        let wide = mirrored.iter().flat_map(|&v| f64::from(v).to_le_bytes()).collect();
        c.add("layers.1.weight", "DoubleStorage", &[3, 5], wide);
        c.add("layers.1.bias", "FloatStorage", &[3], floats(&bias));
    });
    assert_eq!(layer.weights[0], -2);
    assert_eq!(layer.weights[4..], expected[4..]);
}

#[test]
fn a_layer_of_zeros_stays_one() {
    let layer = second_layer(|c| {
        c.add("layers.1.weight", "FloatStorage", &[3, 5], floats(&[0.0; 15]));
        c.add("layers.1.bias", "FloatStorage", &[3], floats(&[0.0; 3]));
    });
    assert_eq!((layer.weights, layer.bias), (vec![0; 15], vec![0; 3]));
}

#[test]
fn floats_of_16_bits() {
    // 1, -1, 2^-24 (the least half), -2, 0.
    let halves: [u16; 5] = [0x3c00, 0xbc00, 0x0001, 0xc000, 0x8000];
    // 1, -1, 2^-24, -2, -0.
    let brains: [u16; 5] = [0x3f80, 0xbf80, 0x3380, 0xc000, 0x8000];
    for (class, values) in [("HalfStorage", halves), ("BFloat16Storage", brains)] {
        // |w| sorted ends in 1, 1, 1, 1, 1, 1, 2, 2, 2: the scale is 2; 1/2 rounds to the even 0.
        let layer = second_layer(|c| {
            let bytes = (0..15).flat_map(|i| values[i % 5].to_le_bytes()).collect();
            c.add("layers.1.weight", class, &[3, 5], bytes);
            let bias = values[..3].iter().flat_map(|v| v.to_le_bytes()).collect();
            c.add("layers.1.bias", class, &[3], bias);
        });
        assert_eq!(layer.weights, [0, 0, 0, -1, 0].repeat(3));
        assert_eq!(layer.bias, [32, -32, 0]);
    }
}

#[test]
fn big_endian() {
    let checkpoint = Checkpoint::of(&small_chat());
    let mut members = vec![("data.pkl".to_string(), pickle(&checkpoint.root(), 2))];
    members.push(("byteorder".to_string(), b"big".to_vec()));
    for (i, (key, bytes)) in checkpoint.storages.iter().enumerate() {
        let mut bytes = bytes.clone();
        if i % 2 == 1 {
            bytes.chunks_mut(2).for_each(<[u8]>::reverse);
        }
        members.push((format!("data/{key}"), bytes));
    }
    let file = zip_of(&members, CompressionMethod::Deflated);
    assert_eq!(load(&file, "small.pt", &options()), Ok(imported("small.pt")));
}

#[test]
fn other_values_beside_the_network() {
    let mut checkpoint = Checkpoint::of(&small_chat());
    // A Parameter in place of a tensor.
    let mut parameter = b"ctorch._utils\n_rebuild_parameter\n".to_vec();
    let bias = Py::Tensor(checkpoint.tensor("layers.1.bias").clone());
    super::pickle::write(&bias, 2, &mut parameter);
    parameter.extend(b"\x88ccollections\nOrderedDict\n)R\x87R");
    checkpoint.set("layers.1.bias", Py::Raw(parameter));
    // A list that holds itself, a dict that is its own value, a number of 9 bytes, bytes, nesting.
    for (name, raw) in [
        ("notes", b"]q\x01h\x01a".to_vec()),
        ("optimizer_state", b"}q\x02X\x01\0\0\0ah\x02s".to_vec()),
        ("seed", [&[0x8a, 9][..], &[1; 9]].concat()),
        ("loss", vec![0x8b, 0, 0, 0, 0]),
        ("rng_state", b"C\x02ab".to_vec()),
        ("history", b"K\x01K\x020(K\x031".to_vec()),
        ("comment", [vec![b']'; 20_000], vec![b'a'; 19_999]].concat()),
    ] {
        set(&mut checkpoint.rest, name, Py::Raw(raw));
    }
    let device = Py::Tuple(vec![text("cuda:0"), Py::None, Py::Bool(true), Py::List(vec![])]);
    set(&mut checkpoint.rest, "callbacks", device);
    assert_eq!(load(&checkpoint.file(2), "small.pt", &options()), Ok(imported("small.pt")));
}

#[test]
fn options_go_before_the_file() {
    let file = Checkpoint::of(&small_chat()).file(2);
    let charset = |typed: &str| {
        let options = Options { charset: Some(typed.to_string()), ..options() };
        chat(&load(&file, "small.pt", &options).unwrap()).charset.clone()
    };
    assert_eq!(charset("x\u{e9}"), b"x\xe9\0");
    assert_eq!(charset("xy\0"), b"xy\0");
    let labels = ["a", "b", "c"].map(str::to_string).to_vec();
    let options = Options {
        labels: Some(labels.clone()),
        charset: Some("never read \u{20ac}".to_string()),
        ..Options::default()
    };
    let model = load(&file, "small.pt", &options).unwrap();
    assert_eq!((reader(&model).query.buckets, model.answer), (7, label(labels)));
}

proptest! {
    #![proptest_config(seeded(2000))]

    #[test]
    fn damaged_pickles_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        protocol in 2..=5u8,
        cut in any::<prop::sample::Index>(),
        cuts in prop::bool::weighted(0.2),
    ) {
        // Damage inside the archive's checksums.
        let checkpoint = Checkpoint::of(&small_chat());
        let mut pickle = pickle(&checkpoint.root(), protocol);
        for (at, new) in changes {
            let at = at.index(pickle.len());
            pickle[at] = new;
        }
        if cuts {
            pickle.truncate(cut.index(pickle.len()));
        }
        if let Ok(model) = load(&checkpoint.around(pickle), "small.pt", &options()) {
            prop_assert_eq!(model.check(), Ok(()));
        }
    }

    #[test]
    fn random_opcodes_never_panic(
        codes in prop::collection::vec(prop::sample::select(b"N\x88\x89K\x01(01]ae)t\x85\x86\x87}suRbQh\x01q\x01\x94\x93.".to_vec()), 0..60),
    ) {
        let pickle = [&b"\x80\x02ccollections\nOrderedDict\nq\x01"[..], &codes, b"."].concat();
        let _ = load(&Checkpoint::of(&small_chat()).around(pickle), "small.pt", &options());
    }

    #[test]
    fn damaged_archives_never_panic(at in any::<prop::sample::Index>(), new in any::<u8>(), cut in any::<bool>()) {
        let mut file = Checkpoint::of(&small_chat()).file(2);
        let at = at.index(file.len());
        if cut { file.truncate(at) } else { file[at] = new }
        if let Ok(model) = load(&file, "small.pt", &options()) {
            prop_assert_eq!(model.check(), Ok(()));
        }
    }
}
