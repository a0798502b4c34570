//! Errors of .pt, to the letter: the archive, the pickle and the tensors in it.

use super::npz::{options, zip_of};
use super::pickle::{Checkpoint, Py, Tensor};
use super::{shown, small_chat};
use mlc_compiler::import::load;
use zip::CompressionMethod;

const AGAIN: &str = "help: fetch or save the file again";
const PLAIN: &str =
    "help: save only dicts, lists, strings, Python numbers and tensors (a NumPy value: use its .item())";
const TORCH: &str = "help: the file is damaged, or was not written by torch.save: save it again";
pub const TOO_LARGE: &str = "help: no 8-bit machine holds such a network: train a smaller one";

fn error(file: &[u8]) -> String {
    shown(load(file, "small.pt", &options()).expect_err("the change breaks the file"))
}

/// Checks the error of the small model's checkpoint after a change.
#[track_caller]
pub fn case(change: impl Fn(&mut Checkpoint), expected: &str) {
    let mut checkpoint = Checkpoint::of(&small_chat());
    change(&mut checkpoint);
    assert_eq!(error(&checkpoint.file(2)), format!("small.pt: {expected}"));
}

/// Checks the error of these bytes as data.pkl.
#[track_caller]
pub fn pickle(bytes: &[u8], expected: &str) {
    let file = Checkpoint::of(&small_chat()).around(bytes.to_vec());
    assert_eq!(error(&file), format!("small.pt: {expected}"));
}

/// Checks the error of a pickle of protocol 2 with these opcodes; `at` is that of the opcode to blame.
#[track_caller]
fn damaged(opcodes: &[u8], at: usize, what: &str) {
    pickle(&[b"\x80\x02", opcodes].concat(), &format!("data.pkl, byte {at}: {what}\n{AGAIN}"));
}

#[test]
fn not_a_checkpoint() {
    assert_eq!(
        error(b"\x80\x02\x8a\x0a\x6c\xfc"),
        "small.pt: not a model for mlc: this is a bare pickle, as torch.save wrote before PyTorch 1.6\n\
         help: load it in a newer PyTorch and save it again with torch.save"
    );
    let archive = |members: &[(&str, &[u8])]| {
        let members = members.iter().map(|(name, bytes)| (name.to_string(), bytes.to_vec())).collect();
        error(&zip_of(&members, CompressionMethod::Stored))
    };
    assert_eq!(
        archive(&[("a/data.pkl", b""), ("b/data.pkl", b"")]),
        format!("small.pt: the archive is damaged: it has more than one data.pkl\n{AGAIN}")
    );
    assert_eq!(
        archive(&[("a/data.pkl", b""), ("a/byteorder", b"middle")]),
        format!("small.pt: the archive is damaged: its byteorder is neither little nor big\n{AGAIN}")
    );
    assert_eq!(
        archive(&[("a/data.pkl", &vec![0; (1 << 20) + 1])]),
        format!("small.pt: the archive is damaged: data.pkl has more than 1024 KiB\n{AGAIN}")
    );
    // Another name that only ends so.
    assert!(archive(&[("a/mydata.pkl", b"")]).contains("a zip archive without NumPy arrays"));
}

#[test]
fn no_pickle() {
    pickle(b"", &format!("data.pkl, byte 0: it ends early\n{AGAIN}"));
    pickle(b"\x80\x01.", &format!("data.pkl, byte 0: pickle protocol 1 is none of 2 to 5\n{AGAIN}"));
    pickle(b"\x80\x06.", &format!("data.pkl, byte 0: pickle protocol 6 is none of 2 to 5\n{AGAIN}"));
    pickle(b"(dp0\n.", &format!("data.pkl, byte 0: no pickle of protocol 2 to 5 starts here\n{AGAIN}"));
}

#[test]
fn opcodes_that_are_refused() {
    let refused = |code: u8, name: &str| {
        let what = format!(
            "data.pkl, byte 3: opcode {name} is refused: a checkpoint of plain data has none\n{PLAIN}"
        );
        pickle(&[0x80, 2, b'N', code, b'.'], &what);
    };
    for (code, name) in [
        (b'I', "INT"),
        (b'i', "INST"),
        (b'o', "OBJ"),
        (b'P', "PERSID"),
        (b'2', "DUP"),
        (0x80, "PROTO (again)"),
        (0x81, "NEWOBJ"),
        (0x82, "EXT1"),
        (0x8f, "EMPTY_SET"),
        (0x92, "NEWOBJ_EX"),
        (0x97, "NEXT_BUFFER"),
        (0x00, "0x00"),
        (0xff, "0xff"),
        (b'\n', "0x0a"),
    ] {
        refused(code, name);
    }
}

#[test]
fn classes_that_are_refused() {
    let refused = |name: &[u8], shown: &str| {
        let call = [b"\x80\x02c", name, b"(X\x02\0\0\0lstR."].concat();
        let what =
            format!("data.pkl, byte 2: {shown} is refused: a checkpoint of plain data needs no such class");
        pickle(&call, &format!("{what}\n{PLAIN}"));
    };
    refused(b"os\nsystem\n", "os.system");
    refused(b"builtins\neval\n", "builtins.eval");
    refused(b"torch\nload\n", "torch.load");
    refused(b"torch\nUntypedStorage2\n", "torch.UntypedStorage2");
    refused(b"torch.storage\nFloatStorage\n", "torch.storage.FloatStorage");
    refused(b"torch._utils\n_rebuild_tensor_v2.__globals__\n", "torch._utils._rebuild_tensor_v2.__globals__");
    refused(b"numpy._core.multiarray\nscalar\n", "numpy._core.multiarray.scalar");
    refused(b"\x1b[2J\nx\n", "\\u{1b}[2J.x");
    refused(&[&[b'x'; 300][..], b"\ny\n"].concat(), &"x".repeat(100));
    // The same of protocol 4.
    pickle(
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.",
        &format!(
            "data.pkl, byte 14: os.system is refused: a checkpoint of plain data needs no such class\n{PLAIN}"
        ),
    );
}

#[test]
fn damaged_pickles() {
    damaged(b"", 2, "it ends early");
    damaged(b"NX\xff\xff\xff\xff", 3, "it ends early");
    damaged(b"N\x8d\xff\xff\xff\xff\xff\xff\xff\xff", 3, "it ends early");
    damaged(b"\x8b\xff\xff\xff\xff\x01", 2, "it ends early");
    damaged(b"ctorch", 2, "it ends early");
    damaged(b"c\xff\n\n", 2, "the name of a class is no UTF-8");
    damaged(b"NN\x93", 4, "the name of a class is no string");
    damaged(b"X\x01\0\0\0\xff", 2, "a string is no UTF-8");
    damaged(b".", 2, "a value is missing on the stack");
    damaged(b"N(.", 4, "a value is missing on the stack");
    damaged(b"]0a", 4, "a value is missing on the stack");
    damaged(b"](0", 4, "a value is missing on the stack");
    damaged(b"K\x01\x86", 4, "a value is missing on the stack");
    damaged(b"q\x01", 2, "a value is missing on the stack");
    damaged(b"t", 2, "a mark is missing on the stack");
    damaged(b"}NNNu", 6, "a mark is missing on the stack");
    damaged(b"}(NNNu", 7, "a key without a value");
    damaged(b"N(u", 4, "items for something that is no dict");
    damaged(b"}Na", 4, "items for something that is no list");
    damaged(b"]Nb", 4, "attributes for something that is no OrderedDict");
    damaged(b"h\x07", 2, "nothing was stored as 7");
    damaged(b"j\xff\xff\xff\xff", 2, "nothing was stored as 4294967295");
    damaged(b"NN.", 4, "more follows after the end");
    damaged(b"N.N", 3, "more follows after the end");
    damaged(b"N)R", 4, "a call of something that is no class");
    damaged(b"ccollections\nOrderedDict\nN\x85R", 29, "a class is called with other arguments than it takes");
    damaged(b"ctorch\nFloatStorage\n)R", 23, "a class is called with other arguments than it takes");
    damaged(b"NQ", 3, "a persistent id is no storage's");
    damaged(b"(X\x06\0\0\0moduleNNNNtQ", 19, "a persistent id is no storage's");
    let memory = [b'N', 0x94].repeat(65537);
    damaged(&memory, 2 + 2 * 65536 + 1, "more than 65536 values are stored");
}

#[test]
fn damaged_tensors() {
    // The opcode to blame ends the first of these sequences.
    let tensor = |change: &dyn Fn(&mut Tensor), opcodes: &[u8], what: &str| {
        let mut checkpoint = Checkpoint::of(&small_chat());
        change(checkpoint.tensor("layers.0.weight"));
        let pickle = super::pickle::pickle(&checkpoint.root(), 2);
        let at = pickle.windows(opcodes.len()).position(|w| w == opcodes).unwrap() + opcodes.len() - 1;
        case(|c| change(c.tensor("layers.0.weight")), &format!("data.pkl, byte {at}: {what}\n{AGAIN}"));
    };
    tensor(&|t| t.count = -1, b"tQ", "a storage has less than no values");
    let no_tensor = "offset, size or strides are no tensor's";
    tensor(&|t| t.offset = -1, b")RtR", no_tensor);
    tensor(&|t| t.shape = vec![5, -7], b")RtR", no_tensor);
    tensor(&|t| t.strides = vec![1], b")RtR", no_tensor);
    tensor(&|t| (t.shape, t.strides) = (vec![1; 7], vec![1; 7]), b")RtR", no_tensor);
}

#[test]
fn tensors_beyond_their_storage() {
    let beyond = |change: &dyn Fn(&mut Tensor), place: &str| {
        case(
            |c| change(c.tensor("layers.0.weight")),
            &format!("tensor layers.0.weight: {place} reach beyond the 35 values of its storage\n{TORCH}"),
        );
    };
    beyond(&|t| t.offset = 1, "offset 1, size [5, 7] and strides [7, 1]");
    beyond(&|t| t.strides = vec![1, 6], "offset 0, size [5, 7] and strides [1, 6]");
    beyond(&|t| t.strides = vec![i32::MAX, 1], "offset 0, size [5, 7] and strides [2147483647, 1]");
    // A stride of 2^63 - 1: its multiples do not fit into 64 bits.
    let largest = [&[0x8a, 8][..], &i64::MAX.to_le_bytes()].concat();
    let mut bytes = Vec::new();
    let mut checkpoint = Checkpoint::of(&small_chat());
    let contiguous = Py::Tensor(checkpoint.tensor("layers.0.weight").clone());
    super::pickle::write(&contiguous, 2, &mut bytes);
    let at = bytes.windows(5).position(|w| w == b"K\x07K\x01\x86").unwrap();
    bytes.splice(at..at + 2, largest);
    checkpoint.set("layers.0.weight", Py::Raw(bytes));
    assert_eq!(
        error(&checkpoint.file(2)),
        format!(
            "small.pt: tensor layers.0.weight: offset 0, size [5, 7] and strides [9223372036854775807, 1] reach \
             beyond the 35 values of its storage\n{TORCH}"
        )
    );
}

#[test]
fn storages() {
    let with = |key: &str, bytes: Option<usize>, what: &str| {
        case(
            |c| {
                c.tensor("layers.0.weight").key = key.to_string();
                if let Some(bytes) = bytes {
                    c.storages[0].1 = vec![0; bytes];
                }
            },
            &format!("tensor layers.0.weight: its storage data/{what}\n{TORCH}"),
        );
    };
    with("0", Some(34), "0 has less than 35 bytes");
    with("0", Some(36), "0 has more than 35 bytes");
    with("77", None, "77 is missing");
    with("../version", None, "../version is missing");
    with("\n", None, "\\n is missing");
    case(
        |c| c.tensor("layers.0.weight").class = "BoolStorage",
        "tensor layers.0.weight has dtype BoolStorage, floats or integers wanted\n\
         help: convert the tensor, with .float() for one, and save again",
    );
    let too_much = format!("the tensors have more than 64 MiB together\n{TOO_LARGE}");
    case(|c| c.tensor("layers.0.weight").count = (64 << 20) + 1, &too_much);
    let mut bomb = Checkpoint::of(&small_chat());
    for n in 0..9 {
        bomb.add(&format!("layers.{n}.weight"), "DoubleStorage", &[1024, 1024], vec![0; 8 << 20]);
        bomb.add(&format!("layers.{n}.bias"), "DoubleStorage", &[1024], vec![0; 8192]);
    }
    assert_eq!(error(&bomb.file(2)), format!("small.pt: {too_much}"));
    // One value that is all the weights of nine layers.
    for n in 0..9 {
        let tensor = bomb.tensor(&format!("layers.{n}.weight"));
        (tensor.key, tensor.count, tensor.strides) = ("one".to_string(), 1, vec![0, 0]);
    }
    bomb.storages.push(("one".to_string(), vec![0; 8]));
    assert_eq!(error(&bomb.file(2)), format!("small.pt: {too_much}"));
}
