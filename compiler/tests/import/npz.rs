//! What the .npz reader takes. The files are built here, byte by byte, as NumPy writes them.

pub use super::arrays::{Members, archive, npy, npy_text, stored, zip_of};
use super::parts::{self, chat, context, layers, layers_mut, reader};
use super::{seeded, small_chat};
use mlc_compiler::import::{Options, load, npz};
use mlc_compiler::model::{Answer, Layer, Model, WeightSet};
use proptest::prelude::*;
use zip::CompressionMethod;

fn int8(values: &[i8]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// 0-d bytes, as the published files have them.
pub fn bytes(text: &str) -> Vec<u8> {
    npy(&format!("|S{}", text.len()), false, "()", text.as_bytes())
}

fn layer_members(n: usize, layer: &Layer) -> Members {
    let Layer { inputs, outputs, weights, bias, .. } = layer;
    let bias: Vec<u8> = bias.iter().flat_map(|v| v.to_le_bytes()).collect();
    vec![
        (format!("fc{n}_weight"), npy("|i1", false, &format!("({outputs}, {inputs})"), &int8(weights))),
        (format!("fc{n}_bias"), npy("<i2", false, &format!("({outputs},)"), &bias)),
    ]
}

/// The arrays of a model as the published files have them.
pub fn members(model: &Model) -> Members {
    let layers = layers(model);
    let mut members: Members =
        layers.iter().enumerate().flat_map(|(i, layer)| layer_members(i + 1, layer)).collect();
    let outputs: Vec<usize> = layers.iter().map(|l| l.outputs).collect();
    let (classes, hidden) = outputs.split_last().unwrap();
    let architecture = format!(
        "{{\"input_size\": {}, \"hidden_sizes\": {hidden:?}, \"num_classes\": {classes}}}",
        layers[0].inputs
    );
    members.push(("_architecture".to_string(), bytes(&architecture)));
    if let Answer::Chat(chat) = &model.answer {
        let charset: String = chat.charset.iter().map(|&c| char::from(c)).collect();
        members.push(("_charset".to_string(), bytes(&charset)));
    }
    members
}

pub fn set(members: &mut Members, name: &str, bytes: Vec<u8>) {
    members.iter_mut().find(|(n, _)| n == name).expect("the array is there").1 = bytes;
}

/// What an import of [`small_chat`]'s arrays gives.
fn imported() -> Model {
    let mut model = small_chat();
    model.head.about = "imported from small.npz".to_string();
    model.head.training.clear();
    model
}

/// The small model has an odd number of inputs.
pub fn options() -> Options {
    Options { query_buckets: Some(4), ..Options::default() }
}

#[test]
fn stored_and_deflated() {
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let file = archive(&members(&small_chat()), method);
        assert_eq!(load(&file, "a/b\\small.npz", &options()), Ok(imported()));
        let read = npz::read(&file, "small.npz", &options()).map(|imported| (imported.model, imported.notes));
        assert_eq!(read, Ok((imported(), Vec::new())));
    }
}

#[test]
fn fortran_order() {
    let model = small_chat();
    let mut members = members(&model);
    let layer = &layers(&model)[0];
    let columns: Vec<i8> =
        (0..layer.inputs).flat_map(|i| (0..layer.outputs).map(move |o| layer.row(o)[i])).collect();
    assert_ne!(columns, layer.weights);
    set(&mut members, "fc1_weight", npy("|i1", true, "(5, 7)", &int8(&columns)));
    assert_eq!(load(&stored(&members), "small.npz", &options()), Ok(imported()));
}

#[test]
fn other_integers_and_byte_orders() {
    let model = small_chat();
    let layer = &layers(&model)[0];
    let weights = layer.weights.iter().map(|&w| i64::from(w));
    let bias = layer.bias.iter().map(|&b| i64::from(b));
    for (descr, size) in [("<i2", 2), (">i2", 2), ("<i4", 4), (">i4", 4), ("<i8", 8), (">i8", 8), ("=i8", 8)]
    {
        let pack = |v: i64| {
            let (le, be) = (v.to_le_bytes(), v.to_be_bytes());
            if descr.starts_with('>') { be[8 - size..].to_vec() } else { le[..size].to_vec() }
        };
        let mut members = members(&model);
        let data: Vec<u8> = weights.clone().flat_map(pack).collect();
        set(&mut members, "fc1_weight", npy(descr, false, "(5, 7)", &data));
        let data: Vec<u8> = bias.clone().flat_map(pack).collect();
        set(&mut members, "fc1_bias", npy(descr, false, "(5,)", &data));
        assert_eq!(load(&stored(&members), "small.npz", &options()), Ok(imported()), "{descr}");
    }
    // Unsigned, where no value is negative.
    let mut members = members(&model);
    set(&mut members, "fc2_bias", npy(">u2", false, "(3,)", &[0, 5, 0, 6, 1, 0]));
    let read = load(&stored(&members), "small.npz", &options()).unwrap();
    assert_eq!(layers(&read)[1].bias, [5, 6, 256]);
}

#[test]
fn unicode_strings() {
    let mut members = members(&small_chat());
    let le: Vec<u8> = "a\u{e9}\0".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    let be: Vec<u8> = "a\u{e9}\0".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
    for charset in [npy("<U3", false, "()", &le), npy(">U3", false, "()", &be), bytes("a\u{e9}\0")] {
        set(&mut members, "_charset", charset);
        let read = load(&stored(&members), "small.npz", &options()).unwrap();
        assert_eq!(chat(&read).charset, b"a\xe9\0");
    }
}

#[test]
fn headers_of_other_versions() {
    let mut members = members(&small_chat());
    // Version 2 and 3 have a longer length field; keys in any order; Python 2 integers; no last comma.
    let header = "{\"shape\":(3L,),\"descr\":'<i2','fortran_order':False}\n";
    for version in [2, 3] {
        let mut array = vec![0x93, b'N', b'U', b'M', b'P', b'Y', version, 0];
        array.extend((header.len() as u32).to_le_bytes());
        array.extend(header.as_bytes());
        array.extend([5, 0, 250, 255, 7, 0]);
        set(&mut members, "fc2_bias", array);
        assert_eq!(load(&stored(&members), "small.npz", &options()), Ok(imported()));
    }
}

#[test]
fn layers_are_ordered_as_numbers() {
    let mut model = small_chat();
    let square = |n: i16| Layer {
        inputs: 5,
        outputs: 5,
        weights: vec![1; 25],
        bias: vec![n; 5],
        shift: 2,
        set: WeightSet::Full,
    };
    let several = layers_mut(&mut model);
    let last = several.pop().unwrap();
    several.extend((2..=11).map(square));
    several.push(last);
    let mut members = members(&model);
    members.sort();
    assert_eq!(members[2].0, "fc10_bias");
    let read = load(&stored(&members), "small.npz", &options()).unwrap();
    assert_eq!(layers(&read), layers(&model));
}

#[test]
fn options_fill_in_what_the_file_lacks() {
    let file = stored(&members(&small_chat()));
    let labels = ["a", "b", "c"].map(str::to_string).to_vec();
    let options = Options {
        name: Some("mine".to_string()),
        query_buckets: None,
        max_query: Some(20),
        labels: Some(labels.clone()),
        ..Options::default()
    };
    let model = load(&file, "small.npz", &options).unwrap();
    let query = &reader(&model).query;
    assert_eq!((model.head.name.as_str(), query.buckets, query.max_length), ("mine", 7, 20));
    assert_eq!((&reader(&model).context, &model.answer), (&None, &Answer::Label { labels, margin: 0 }));

    let options =
        Options { query_buckets: Some(6), context_length: Some(5), max_reply: Some(9), ..Options::default() };
    let model = load(&file, "small.npz", &options).unwrap();
    let (query, context) = (&reader(&model).query, context(&model));
    assert_eq!((query.buckets, context.buckets, context.length, chat(&model).max_reply), (6, 1, 5, 9));
}

#[test]
fn a_classifier_needs_no_charset() {
    let mut model = small_chat();
    parts::classify(&mut model, 7, ["a", "b", "c"]);
    let labels = Some(["a", "b", "c"].map(str::to_string).to_vec());
    let options = Options { labels, ..Options::default() };
    assert_eq!(load(&stored(&members(&model)), "m.npz", &options).unwrap().answer, model.answer);
}

#[test]
fn names_from_file_names() {
    let file = stored(&members(&small_chat()));
    let long = format!("{}.npz", "x".repeat(40));
    for (file_name, name) in [
        ("dir/tiny chat (2).npz", "tiny-chat--2"),
        ("C:\\nets\\v1.2.npz", "v1-2"),
        ("\u{e9}.npz", "model"),
        ("", "model"),
        ("plain", "plain"),
        (".npz", "model"),
        (long.as_str(), &"x".repeat(32)),
    ] {
        assert_eq!(load(&file, file_name, &options()).unwrap().head.name, name);
    }
}

proptest! {
    #![proptest_config(seeded(500))]

    #[test]
    fn damaged_archives_never_panic(at in any::<prop::sample::Index>(), new in any::<u8>(), cut in any::<bool>()) {
        let mut file = stored(&members(&small_chat()));
        let at = at.index(file.len());
        if cut { file.truncate(at) } else { file[at] = new }
        if let Ok(model) = load(&file, "small.npz", &options()) {
            prop_assert_eq!(model.check(), Ok(()));
        }
    }

    #[test]
    fn damaged_arrays_never_panic(
        array in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), new in any::<u8>(),
    ) {
        // Damage inside the archive's checksums.
        let mut members = members(&small_chat());
        let array = array.index(members.len());
        let bytes = &mut members[array].1;
        let at = at.index(bytes.len());
        bytes[at] = new;
        if let Ok(model) = load(&stored(&members), "small.npz", &options()) {
            prop_assert_eq!(model.check(), Ok(()));
        }
    }
}

#[test]
fn what_is_written_is_read_again() {
    let mut model = small_chat();
    for layer in layers_mut(&mut model) {
        (layer.shift, layer.set) = (2, WeightSet::Full);
    }
    let bytes = npz::write(&model).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(npz::write(&model), Ok(bytes.clone()));
    let found = load(&bytes, "small.npz", &Options::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(Model { head: model.head.clone(), ..found }, model);
    layers_mut(&mut model)[0].shift = 3;
    let said = npz::write(&model).expect_err("the format has no shifts");
    assert_eq!(said, "layer 1 shifts by 3: the format has no shifts, all are 2");
}
