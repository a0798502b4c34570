//! Checkpoints as people save them: wrapped modules, state dicts by themselves and under other names, and what
//! PyTorch notes at a tensor.

use super::npz::{archive, members, options};
use super::npz_errors::NO_OUTPUT;
use super::parts::{layers, layers_mut};
use super::pickle::{Checkpoint, Py, dict, pickle, set, text};
use super::pt::imported;
use super::safetensors::{file, plain};
use super::{shown, small_chat};
use mlc_compiler::import::{Options, import};
use zip::CompressionMethod;

const NAMES: &str =
    "help: a layer has layers.N.weight and layers.N.bias (or fcN.weight, fcN_weight), and nothing else";
const NO_ARCHITECTURE: &str = "it states no architecture: the shapes are those of the tensors";

/// Checks that the file gives the small model, with these notes.
#[track_caller]
fn same(file: &[u8], name: &str, notes: &[&str]) {
    let typed = Options { charset: Some("ab".to_string()), ..options() };
    let read = import(file, name, &typed).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(read.model, imported(name));
    assert_eq!(read.notes, notes);
}

fn error(file: &[u8], name: &str) -> String {
    shown(import(file, name, &options()).expect_err("the change breaks the file"))
}

/// The state dict with its names changed.
fn renamed(name: impl Fn(&str) -> String) -> Checkpoint {
    let mut checkpoint = Checkpoint::of(&small_chat());
    checkpoint.add("layers.0.max_accum_seen", "FloatStorage", &[], vec![0; 4]);
    for (old, _) in &mut checkpoint.state {
        let Py::Str(old) = old else { panic!("a name") };
        *old = name(old);
    }
    checkpoint
}

#[test]
fn prefixes_of_wrapped_modules() {
    for prefix in [
        "_orig_mod.",
        "module.",
        "module._orig_mod.",
        "_orig_mod.module.",
        "model.",
        "net.",
        "model._orig_mod.",
        "_fsdp_wrapped_module.module.",
    ] {
        let note = format!("left out of the names of all tensors: {prefix}");
        same(&renamed(|name| format!("{prefix}{name}")).file(2), "small.pt", &[&note]);
        let mut tensors = plain();
        tensors.iter_mut().for_each(|(name, ..)| *name = format!("{prefix}{name}"));
        same(&file(&tensors), "small.safetensors", &[&note, NO_ARCHITECTURE]);
        let mut arrays = members(&small_chat());
        for (name, _) in arrays.iter_mut().filter(|(name, _)| name.starts_with("fc")) {
            *name = format!("{prefix}{name}");
        }
        same(&archive(&arrays, CompressionMethod::Deflated), "small.npz", &[&note]);
    }
    let inner = renamed(|name| name.replace("layers.1.", "layers.1._orig_mod."));
    same(&inner.file(2), "small.pt", &["left out of the names of tensors: _orig_mod."]);
    let both = renamed(|name| format!("module.{}", name.replace("layers.1.", "layers.1._orig_mod.")));
    same(
        &both.file(2),
        "small.pt",
        &["left out of the names of all tensors: module.; inside them: _orig_mod."],
    );
}

#[test]
fn parts_of_two_networks_are_not_mixed() {
    let mixed = renamed(|name| name.replace("layers.1", "module.layers.1"));
    assert_eq!(
        error(&mixed.file(2), "small.pt"),
        format!(
            "small.pt: tensors layers.0.bias and module.layers.1.bias start differently: they are not parts of one \
             network\n{NAMES}"
        )
    );
    let mut twice = Checkpoint::of(&small_chat());
    twice.add("layers.1._orig_mod.bias", "ShortStorage", &[3], vec![0; 6]);
    assert_eq!(
        error(&twice.file(2), "small.pt"),
        format!(
            "small.pt: tensors layers.1._orig_mod.bias and layers.1.bias are the same part of the network\n{NAMES}"
        )
    );
    let other = renamed(|name| format!("encoder.{name}"));
    assert_eq!(
        error(&other.file(2), "small.pt"),
        format!("small.pt: tensor encoder.layers.0.bias is no part of a plain network of layers\n{NAMES}")
    );
    let mut arrays = members(&small_chat());
    arrays[0].0 = "module.fc1_weight".to_string();
    assert!(
        error(&archive(&arrays, CompressionMethod::Stored), "small.npz")
            .starts_with("small.npz: tensors module.fc1_weight and fc1_bias start differently")
    );
}

#[test]
fn state_dicts_by_themselves_and_under_other_names() {
    let c = Checkpoint::of(&small_chat());
    let of = |root: Py| c.around(pickle(&root, 2));
    let alone = of(Py::Ordered(c.state.clone()));
    same(&alone, "small.pt", &["it is a state dict by itself", NO_ARCHITECTURE]);
    // What it lacks is named.
    assert_eq!(error(&alone, "small.pt"), format!("small.pt: {NO_OUTPUT}"));
    let mut beside = c.state.clone();
    beside.extend([(text("charset"), text("ab\0")), (text("epoch"), Py::Int(3))]);
    let read = import(&of(Py::Dict(beside)), "small.pt", &options()).unwrap();
    assert_eq!(read.model, imported("small.pt"));

    let mut rest = c.rest.clone();
    for key in ["model_state_dict", "state_dict", "model"] {
        set(&mut rest, key, Py::Ordered(c.state.clone()));
        same(&of(Py::Dict(rest.clone())), "small.pt", &[&format!("its state dict is {key}")]);
        rest.pop();
    }
    let inner = dict(&[("state_dict", Py::Ordered(c.state.clone())), ("epoch", Py::Int(2))]);
    set(&mut rest, "model", inner);
    same(&of(Py::Dict(rest.clone())), "small.pt", &["its state dict is model.state_dict"]);

    set(&mut rest, "state_dict", Py::Ordered(c.state.clone()));
    assert_eq!(
        error(&of(Py::Dict(rest)), "small.pt"),
        "small.pt: state_dict and model are both state dicts: which of them is the network?\n\
         help: save a checkpoint with only one of them"
    );
    // One that holds itself.
    let e = error(&c.around(b"\x80\x02}q\x01X\x05\0\0\0modelh\x01s.".to_vec()), "small.pt");
    assert!(e.starts_with("small.pt: tensor model is no part of a plain network of layers\n"), "{e}");
}

/// The small model's checkpoint with other arguments at the end of `_rebuild_tensor_v2` for one tensor: opcodes in place
/// of requires_grad, hooks and metadata.
fn rebuilt(name: &str, arguments: &[u8]) -> Vec<u8> {
    let mut checkpoint = Checkpoint::of(&small_chat());
    let mut bytes = Vec::new();
    super::pickle::write(&Py::Tensor(checkpoint.tensor(name).clone()), 2, &mut bytes);
    let usual = b"\x89ccollections\nOrderedDict\n)RtR";
    assert!(bytes.ends_with(usual));
    bytes.truncate(bytes.len() - usual.len());
    bytes.extend(arguments);
    bytes.extend(b"tR");
    checkpoint.set(name, Py::Raw(bytes));
    checkpoint.file(2)
}

/// `{key: value}` behind requires_grad and no hooks.
fn metadata(key: &str, value: &[u8]) -> Vec<u8> {
    [b"\x88}}X".as_slice(), &(key.len() as u32).to_le_bytes(), key.as_bytes(), value, b"s"].concat()
}

#[test]
fn negative_views_are_applied() {
    let negated = |name: &str, file: &[u8]| {
        let mut wants = imported("small.pt");
        if name == "layers.1.bias" {
            layers_mut(&mut wants)[1].bias = vec![-5, 6, -7];
        } else {
            // -(-32768) wraps to itself in 16 bits, as in PyTorch.
            layers_mut(&mut wants)[0].bias = vec![0, -1, 1, -300, -32768];
        }
        let read = import(file, "small.pt", &options()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(read.model, wants);
    };
    for name in ["layers.1.bias", "layers.0.bias"] {
        negated(name, &rebuilt(name, &metadata("neg", b"\x88")));
    }
    // Nothing is negated without the bit, nor without metadata.
    for arguments in
        [metadata("neg", b"\x89"), metadata("conj", b"\x89"), b"\x89}N".to_vec(), b"\x88N}".to_vec()]
    {
        same(&rebuilt("layers.1.bias", &arguments), "small.pt", &[]);
    }
    // Bytes wrap too: 255 as a byte is -1 with the other sign, 1.
    let mut checkpoint = Checkpoint::of(&small_chat());
    checkpoint.add("layers.1.bias", "ByteStorage", &[3], vec![251, 6, 0]);
    let tensor = Py::Tensor(checkpoint.tensor("layers.1.bias").clone());
    let mut bytes = Vec::new();
    super::pickle::write(&tensor, 2, &mut bytes);
    bytes.truncate(bytes.len() - b"\x89ccollections\nOrderedDict\n)RtR".len());
    bytes.extend([&metadata("neg", b"\x88")[..], b"tR"].concat());
    checkpoint.set("layers.1.bias", Py::Raw(bytes));
    let read = import(&checkpoint.file(2), "small.pt", &options()).unwrap();
    assert_eq!(layers(&read.model)[1].bias, [5, 250, 0]);
}

#[test]
fn floats_of_negative_views() {
    let mut checkpoint = Checkpoint::of(&small_chat());
    let floats = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    checkpoint.add("layers.1.weight", "FloatStorage", &[3, 5], floats(&[1.0; 15]));
    checkpoint.add("layers.1.bias", "FloatStorage", &[3], floats(&[1.0, -2.0, 0.5]));
    for name in ["layers.1.weight", "layers.1.bias"] {
        let mut bytes = Vec::new();
        super::pickle::write(&Py::Tensor(checkpoint.tensor(name).clone()), 2, &mut bytes);
        bytes.truncate(bytes.len() - b"\x89ccollections\nOrderedDict\n)RtR".len());
        bytes.extend([&metadata("neg", b"\x88")[..], b"tR"].concat());
        checkpoint.set(name, Py::Raw(bytes));
    }
    let mut model = import(&checkpoint.file(2), "small.pt", &options()).unwrap().model;
    let layer = layers_mut(&mut model).remove(1);
    assert_eq!((layer.weights, layer.bias), (vec![-1; 15], vec![-32, 64, -16]));
}

#[test]
fn what_else_a_tensor_may_say_is_refused() {
    let save = "help: save the tensor itself: t.detach().resolve_conj().resolve_neg().clone() for each of the state dict";
    let view = |arguments: &[u8], what: &str| {
        let e = error(&rebuilt("layers.1.bias", arguments), "small.pt");
        let told = e.split_once(": a tensor ").unwrap_or_else(|| panic!("{e}")).1;
        assert!(e.starts_with("small.pt: data.pkl, byte "), "{e}");
        assert_eq!(told, format!("{what} is refused\n{save}"));
    };
    view(&metadata("conj", b"\x88"), "that is a conjugate view");
    view(&metadata("zero", b"\x88"), "with metadata that mlc does not know");
    view(&metadata("neg", b"K\x01"), "with metadata that mlc does not know");
    view(b"\x89}K\x01Ns", "with backward hooks");
    let damaged = |arguments: &[u8], what: &str| {
        let e = error(&rebuilt("layers.1.bias", arguments), "small.pt");
        assert!(e.ends_with(&format!(": {what}\nhelp: fetch or save the file again")), "{e}");
    };
    let other = "a class is called with other arguments than it takes";
    damaged(b"K\x01}", other);
    damaged(b"\x89}}N", other);
    damaged(b"\x89", other);
    damaged(b"\x89}]", "the metadata of a tensor is no dict");

    let mut parameter = b"ctorch._utils\n_rebuild_parameter\n".to_vec();
    let mut checkpoint = Checkpoint::of(&small_chat());
    let bias = Py::Tensor(checkpoint.tensor("layers.1.bias").clone());
    super::pickle::write(&bias, 2, &mut parameter);
    checkpoint.set("layers.1.bias", Py::Raw([&parameter[..], b"\x88}K\x01Ns\x87R"].concat()));
    let e = error(&checkpoint.file(2), "small.pt");
    assert!(e.contains(": a tensor with backward hooks is refused\n"), "{e}");

    let mut shared = Checkpoint::of(&small_chat());
    let key = shared.tensor("layers.0.bias").key.clone();
    shared.tensor("layers.1.bias").key = key;
    let e = error(&shared.file(2), "small.pt");
    assert!(e.contains(": a storage has two types or two sizes\n"), "{e}");
}
