//! Every error of .npz, to the letter.

use super::npz::{Members, archive, bytes, members, npy, npy_text, options, set, stored};
use super::{shown, small_chat};
use mlc_compiler::import::{Options, load};
use zip::CompressionMethod;

#[track_caller]
fn case(members: &Members, options: &Options, expected: &str) {
    let e = load(&stored(members), "small.npz", options).expect_err("the change breaks the file");
    assert_eq!(e.position, None);
    assert_eq!(shown(e), format!("small.npz: {expected}"));
}

/// Checks the error of the small model's file with another array `name`.
#[track_caller]
fn with(name: &str, array: Vec<u8>, expected: &str) {
    let mut members = members(&small_chat());
    set(&mut members, name, array);
    case(&members, &options(), expected);
}

/// Checks the error of the small model's file without the array `name`.
#[track_caller]
fn without(name: &str, expected: &str) {
    let mut members = members(&small_chat());
    members.retain(|(n, _)| n != name);
    case(&members, &options(), &format!("{expected}\n{ARRAYS}"));
}

pub const NO_OUTPUT: &str = "the file says neither by charset nor by labels what the 3 outputs of the network mean\n\
     help: say it: `mlc import FILE --charset \" ABC\"`, a character an output but the last, which is the end mark, or \
     --labels yes,no, one an output";

const ARRAYS: &str =
    "help: an .npz has fc1_weight, fc1_bias, fc2_weight and so on, _architecture and _charset";
const AGAIN: &str = "help: fetch or save the file again";
const SAVE: &str = "help: save integer weights [outputs, inputs], integer biases [outputs] and 0-d strings";
const TOO_LARGE: &str = "help: no 8-bit machine holds such a network: train a smaller one";
const STRINGS: &str = "help: _architecture is JSON, _charset is text; save both as 0-d strings";

#[test]
fn archives() {
    let file = stored(&members(&small_chat()));
    let error = |bytes: &[u8]| shown(load(bytes, "small.npz", &options()).expect_err("a broken archive"));
    assert_eq!(
        error(&file[..file.len() - 30]),
        format!("small.npz: the archive is damaged: Could not find EOCD\n{AGAIN}")
    );
    let mut flipped = file.clone();
    let at = flipped.windows(10).position(|w| w == [1, 0, 255, 254, 0, 1, 0, 255, 254, 0]).unwrap();
    flipped[at] = 0;
    assert_eq!(error(&flipped), format!("small.npz: array fc1_weight is damaged: Invalid checksum\n{AGAIN}"));

    let no_model = "help: give a model.ron, an .npz, a .pt, a .safetensors, a .tflite or an .onnx; docs/import.md says what is read from each";
    let empty = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    assert_eq!(
        error(empty),
        format!("small.npz: not a model: this is a zip archive without NumPy arrays\n{no_model}")
    );
    // The same name twice, in both of the archive's lists: a writer does not make that.
    let mut twice = file.clone();
    for at in 0..twice.len() - 8 {
        if twice[at..].starts_with(b"fc2_bias") {
            twice[at..at + 8].copy_from_slice(b"fc1_bias");
        }
    }
    assert_eq!(
        error(&twice),
        format!("small.npz: the archive is damaged: two members have the same name\n{AGAIN}")
    );
}

#[test]
fn missing_and_unknown_arrays() {
    let mut members_without = members(&small_chat());
    members_without.retain(|(n, _)| n != "_charset");
    case(&members_without, &options(), NO_OUTPUT);
    without("fc1_bias", "array fc1_bias is missing");
    without("fc2_weight", "array fc2_weight is missing");
    let mut members = members(&small_chat());
    members.retain(|(n, _)| n.starts_with('_'));
    case(&members, &options(), &format!("array fc1_weight is missing\n{ARRAYS}"));
    members.push(("conv1_weight".to_string(), Vec::new()));
    case(&members, &options(), &format!("array conv1_weight is no part of this format\n{ARRAYS}"));
}

#[test]
fn a_gap_in_the_layers() {
    let mut members = members(&small_chat());
    for (name, _) in &mut members {
        *name = name.replace("fc2", "fc10");
    }
    case(
        &members,
        &options(),
        "the layers are numbered with a gap: fc10 is there, fc2 is not\n\
         help: number the layers fc1, fc2, fc3 and so on",
    );
}

#[test]
fn dtypes() {
    let floats = npy("<f4", false, "(5, 7)", &[0; 4 * 35]);
    with(
        "fc1_weight",
        floats,
        "array fc1_weight has dtype '<f4': floats are not taken, rounding them is the quantizer's work\n\
         help: quantize first: weights to the integers -2..1, biases to int16",
    );
    with(
        "fc1_weight",
        npy("|b1", false, "(5, 7)", &[0; 35]),
        &format!("array fc1_weight has dtype '|b1', integers wanted\n{SAVE}"),
    );
    with(
        "_charset",
        npy("|O", false, "()", &[0; 9]),
        &format!("array _charset has dtype '|O', a string wanted\n{SAVE}"),
    );
    let fields = npy_text("{'descr': [('a', '<i2')], 'fortran_order': False, 'shape': (3,), }", &[0; 6]);
    with("fc2_bias", fields, &format!("array fc2_bias has dtype '[('a', '<i2')]', integers wanted\n{SAVE}"));
}

#[test]
fn shapes() {
    let array = |shape| npy("|i1", false, shape, &[0; 35]);
    let wrong = |name: &str, array, error: &str| with(name, array, &format!("{error}\n{SAVE}"));
    wrong("fc1_weight", array("(35,)"), "array fc1_weight has shape (35,), (outputs, inputs) wanted");
    wrong(
        "fc1_weight",
        array("(5, 7, 1)"),
        "array fc1_weight has shape (5, 7, 1), at most two dimensions wanted",
    );
    wrong(
        "fc1_weight",
        npy("|i1", false, "(0, 7)", &[]),
        "array fc1_weight has shape (0, 7), at least (1, 1) wanted",
    );
    wrong("fc1_bias", npy("<i2", false, "(6,)", &[0; 12]), "array fc1_bias has shape (6,), (5,) wanted");
    wrong("fc1_bias", npy("<i2", false, "()", &[0; 2]), "array fc1_bias has shape (), (5,) wanted");
    wrong("_charset", npy("|S1", false, "(3,)", b"ab\0"), "array _charset has shape (3,), () wanted");
    let chain =
        "help: a layer takes what the one before gives; the file is damaged or was put together wrongly";
    let six = npy("|i1", false, "(3, 6)", &[0; 18]);
    with("fc2_weight", six, &format!("layers[2] takes 6 inputs, but layer 1 gives 5\n{chain}"));
}

#[test]
fn absurd_sizes() {
    let too_large = |shape: &str, shown: &str| {
        let error =
            format!("array fc1_weight has shape {shown}, at most 1024 by 1024 is possible\n{TOO_LARGE}");
        with("fc1_weight", npy("|i1", false, shape, &[0; 35]), &error);
    };
    too_large("(1025, 7)", "(1025, 7)");
    too_large("(4294967296, 4294967296)", "(4294967296, 4294967296)");
    too_large("(99999999999999999999, 7)", "(18446744073709551615, 7)");
    with(
        "_charset",
        npy("|S100000", false, "()", b"ab\0"),
        &format!("array _charset is damaged: its header announces 100000 bytes\n{AGAIN}"),
    );
}

#[test]
fn a_zip_bomb_stops() {
    // Nine layers of 8 MiB each, a few KiB deflated.
    let zeros = npy("<i8", false, "(1024, 1024)", &vec![0; 8 << 20]);
    let mut bomb = Members::new();
    for n in 1..=9 {
        bomb.push((format!("fc{n}_weight"), zeros.clone()));
        bomb.push((format!("fc{n}_bias"), npy("|i1", false, "(1024,)", &[0; 1024])));
    }
    let file = archive(&bomb, CompressionMethod::Deflated);
    assert!(file.len() < 1 << 20);
    let e = load(&file, "bomb.npz", &options()).expect_err("too much");
    assert_eq!(shown(e), format!("bomb.npz: the arrays have more than 64 MiB together\n{TOO_LARGE}"));
}

#[test]
fn damaged_arrays() {
    let damaged = |array, what: &str| {
        with("fc1_weight", array, &format!("array fc1_weight is damaged: {what}\n{AGAIN}"));
    };
    let no_dict = "its header is no dict of descr, fortran_order and shape";
    damaged(npy("|i1", false, "(5, 7)", &[0; 34]), "it ends early");
    damaged(npy("|i1", false, "(5, 7)", &[0; 36]), "it has more data than its shape");
    damaged(b"\x93NUMPY".to_vec(), "it ends early");
    damaged(b"a text of some length".to_vec(), "it does not start as a .npy");
    damaged(b"\x93NUMPY\x09\x00\x00\x00\x00\x00".to_vec(), ".npy version 9 is unknown");
    damaged(b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), "its header has 4294967295 bytes");
    damaged(npy("|i1", false, "(5, -7)", &[0; 35]), no_dict);
    damaged(npy_text("{'descr': '|i1', 'shape': (5, 7)}", &[0; 35]), no_dict);
    damaged(npy_text(&format!("{{'descr': {}", "[".repeat(2000)), &[]), no_dict);
}

#[test]
fn values() {
    let mut weights = [0; 35];
    weights[9] = 2;
    let weight = |array, value: &str| {
        with(
            "fc1_weight",
            array,
            &format!(
                "array fc1_weight: the weight of output 1 for input 2 is {value}, outside -2..1\n\
                 help: quantize the weights to -2, -1, 0, +1 first"
            ),
        );
    };
    weight(npy("|i1", false, "(5, 7)", &weights), "2");
    weights[9] = 0xfd;
    weight(npy("|i1", false, "(5, 7)", &weights), "-3");
    weight(npy("|u1", false, "(5, 7)", &weights), "253");
    let mut wide = [0; 8 * 35];
    wide[9 * 8 + 7] = 0x80;
    weight(npy("<i8", false, "(5, 7)", &wide), "-9223372036854775808");
    weight(npy("<u8", false, "(5, 7)", &wide), "9223372036854775808");
    // In Fortran order output 1 of input 2 is number 2 * 5 + 1.
    let mut columns = [0; 35];
    columns[11] = 3;
    weight(npy("|i1", true, "(5, 7)", &columns), "3");
    with(
        "fc2_bias",
        npy("<i4", false, "(3,)", &[0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0]),
        "array fc2_bias: the bias of output 1 is 32768, outside -32768..32767\n\
         help: biases are 16-bit integers: scale or clamp them when quantizing",
    );
}

#[test]
fn charsets() {
    with(
        "_charset",
        bytes("abc"),
        "charset does not end with the end mark (NUL)\n\
         help: append NUL to the charset: the last output is the end of the reply",
    );
    with(
        "_charset",
        bytes("a\u{20ac}\0"),
        "charset: character 1 is '\u{20ac}' (U+20AC), beyond U+00FF\n\
         help: a character is one byte: use characters up to U+00FF (Latin-1) only",
    );
    with(
        "_charset",
        bytes(&format!("{}\0", "a".repeat(256))),
        "charset has 257 characters, at most 256 are possible\n\
         help: train with fewer distinct characters in the replies",
    );
    with(
        "_charset",
        bytes("abc\0"),
        "the last layer gives 3 outputs, but charset or labels have 4\n\
         help: the last layer has one output a character or label",
    );
    with(
        "_charset",
        npy("|S3", false, "()", b"a\xff\0"),
        &format!("array _charset: the text is no valid Unicode\n{STRINGS}"),
    );
    with(
        "_charset",
        npy("<U1", false, "()", &[0, 0, 0, 1]),
        &format!("array _charset: the text is no valid Unicode\n{STRINGS}"),
    );
}

#[test]
fn architectures() {
    let differs = |input: usize, hidden: &str, classes: usize, error: &str| {
        let json =
            format!("{{\"input_size\": {input}, \"hidden_sizes\": {hidden}, \"num_classes\": {classes}}}");
        with(
            "_architecture",
            bytes(&json),
            &format!(
                "_architecture: {error}\n\
                 help: the file is damaged or was put together wrongly: save it again"
            ),
        );
    };
    differs(256, "[5]", 3, "input_size is 256, but the layers have 7");
    differs(7, "[5, 4]", 3, "hidden_sizes is [5, 4], but the layers have [5]");
    differs(7, "[5]", 40, "num_classes is 40, but the layers have 3");
    with(
        "_architecture",
        bytes("7, 5, 3"),
        &format!(
            "array _architecture: invalid type: integer `7`, expected an object of input_size, hidden_sizes and \
             num_classes at line 1 column 1\n{STRINGS}"
        ),
    );
}

#[test]
fn splits() {
    let members = members(&small_chat());
    let options = |query_buckets, labels| Options { query_buckets, labels, ..Options::default() };
    case(
        &members,
        &options(None, None),
        "an odd number of inputs, 7, does not split into halves for query and context\n\
         help: say how many of them count the query: `mlc import FILE --query-buckets N`",
    );
    case(
        &members,
        &options(Some(7), None),
        "a query of 7 buckets leaves none of the network's 7 inputs to the context\n\
         help: give --query-buckets a smaller number",
    );
    let labels = Some(["a", "b", "c"].map(str::to_string).to_vec());
    case(
        &members,
        &options(Some(4), labels),
        "a query of 4 buckets does not match the network's 7 inputs: a classifier has no context\n\
         help: leave --query-buckets out",
    );
    case(
        &members,
        &Options { labels: Some(vec!["a".to_string()]), ..Options::default() },
        "the last layer gives 3 outputs, but charset or labels have 1\n\
         help: the last layer has one output a character or label",
    );
    case(
        &members,
        &Options { name: Some("a b".to_string()), ..options(Some(4), None) },
        "name: \"a b\" is no name for a model\nhelp: use 1 to 32 letters, digits, '-' and '_'",
    );
}
