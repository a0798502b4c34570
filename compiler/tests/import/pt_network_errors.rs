//! Errors of .pt, to the letter: a checkpoint whose content is no network.

use super::npz_errors::NO_OUTPUT;
use super::pickle::{Checkpoint, Py, dict, set, text};
use super::pt_errors::{TOO_LARGE, case, pickle};
use super::{shown, small_chat};
use mlc_compiler::import::{Options, load};

const ENTRIES: &str =
    "help: a checkpoint is a dict of model_state, architecture and charset; docs/import.md describes it";
const VALUES: &str = "help: mlc computes nothing else; docs/import.md says what a file may state";
const TOGETHER: &str = "help: the file is damaged or was put together wrongly: save it again";
const NAMES: &str =
    "help: a layer has layers.N.weight and layers.N.bias (or fcN.weight, fcN_weight), and nothing else";
const SHAPES: &str = "help: a layer has a weight [outputs, inputs] and a bias [outputs]";

#[test]
fn entries() {
    case(
        |c| set(&mut c.rest, "model_state", Py::None),
        &format!("model_state is None, a dict wanted\n{ENTRIES}"),
    );
    let entry = |name: &str, value: Py, expected: &str| {
        case(|c| set(&mut c.rest, name, value.clone()), expected);
    };
    entry("architecture", text("256"), &format!("architecture is \"256\", a dict wanted\n{ENTRIES}"));
    entry("charset", Py::List(vec![]), &format!("charset is [], a string wanted\n{VALUES}"));
    let architecture = |input: Py, hidden: Py| dict(&[("input_size", input), ("hidden_sizes", hidden)]);
    let (seven, five) = (Py::Int(7), Py::List(vec![Py::Int(5)]));
    let long = Py::Raw([&[0x8a, 9][..], &[1; 9]].concat());
    for (input, hidden, expected) in [
        (Py::Float(7.0), five.clone(), "input_size is 7.0, a number from 0 on wanted"),
        (Py::Int(-7), five.clone(), "input_size is -7, a number from 0 on wanted"),
        (long, five.clone(), "input_size is an int of more than 64 bits, a number from 0 on wanted"),
        (seven.clone(), seven.clone(), "hidden_sizes is 7, a list of numbers from 0 on wanted"),
        (
            seven.clone(),
            Py::Tuple(vec![Py::Bool(true)]),
            "hidden_sizes is [true], a list of numbers from 0 on wanted",
        ),
    ] {
        let mut value = architecture(input, hidden);
        if let Py::Dict(items) = &mut value {
            items.push((text("num_classes"), Py::Int(3)));
        }
        entry("architecture", value, &format!("architecture: {expected}\n{VALUES}"));
    }
    entry(
        "architecture",
        architecture(seven, five),
        &format!("architecture: num_classes is missing\n{TOGETHER}"),
    );
    pickle(b"\x80\x02].", &format!("the checkpoint is a list, a dict wanted\n{ENTRIES}"));
    let none = "the checkpoint has no tensors: neither model_state, model_state_dict, state_dict, model nor a state dict \
                by itself";
    pickle(b"\x80\x02}.", &format!("{none}\n{ENTRIES}"));
    case(|c| c.rest.truncate(1), NO_OUTPUT);
    case(
        |c| c.set("layers.1.bias", Py::Float(1.0)),
        &format!("tensor layers.1.bias is 1.0, a tensor wanted\n{ENTRIES}"),
    );
    case(
        |c| c.state.push((Py::Int(1), Py::None)),
        &format!("a name in model_state is 1, a string wanted\n{ENTRIES}"),
    );
}

#[test]
fn names() {
    let named = |from: &str, to: &str, expected: &str| {
        case(
            |c| {
                for (name, _) in &mut c.state {
                    let Py::Str(name) = name else { panic!("a name") };
                    *name = name.replace(from, to);
                }
            },
            &format!("{expected}\n{NAMES}"),
        );
    };
    named("layers.1.bias", "layers.1.mean", "tensor layers.1.mean is no part of a plain network of layers");
    named("layers.1", "layers.01", "tensor layers.01.bias is no part of a plain network of layers");
    named("layers.1", "fc1", "tensor layers.0.bias is no part of a plain network of layers");
    named("layers.1", "layers.x", "tensor layers.x.bias is no part of a plain network of layers");
    named("layers.1.bias", "layers.2.bias", "tensor layers.1.bias is missing");
    named("layers.0.weight", "layers.3.weight", "tensor layers.0.weight is missing");
    case(|c| c.state.clear(), &format!("tensor layers.0.weight is missing\n{NAMES}"));
}

#[test]
fn shapes_and_values() {
    let add = |name: &str, class: &'static str, shape: &[i32], bytes: &[u8], expected: &str| {
        case(|c| c.add(name, class, shape, bytes.to_vec()), expected);
    };
    let shape = |name: &str, shape: &[i32], what: &str| {
        let bytes = vec![0; shape.iter().product::<i32>() as usize];
        let expected = format!("tensor {name} has shape {what} wanted\n{SHAPES}");
        add(name, "CharStorage", shape, &bytes, &expected);
    };
    shape("layers.0.weight", &[35], "(35,), (outputs, inputs)");
    shape("layers.0.weight", &[0, 7], "(0, 7), (outputs, inputs)");
    shape("layers.0.bias", &[5, 1], "(5, 1), (outputs,)");
    shape("layers.0.bias", &[6], "(6,), (5,)");
    add(
        "layers.0.weight",
        "CharStorage",
        &[5, 1025],
        &[],
        &format!("tensor layers.0.weight has shape (5, 1025), at most 1024 by 1024 is possible\n{TOO_LARGE}"),
    );
    add(
        "layers.1.weight",
        "CharStorage",
        &[3, 6],
        &[0; 18],
        "layers[2] takes 6 inputs, but layer 1 gives 5\n\
         help: a layer takes what the one before gives; the file is damaged or was put together wrongly",
    );
}

#[test]
fn values() {
    let add = |name: &str, class: &'static str, bytes: Vec<u8>, expected: &str| {
        let shape: &[i32] = if name.ends_with("bias") { &[3] } else { &[3, 5] };
        case(|c| c.add(name, class, shape, bytes.clone()), expected);
    };
    let floats = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    add(
        "layers.1.bias",
        "FloatStorage",
        floats(&[0.0; 3]),
        "tensor layers.1.bias has dtype float, integer (as its weight has) wanted\n\
         help: convert the tensor, with .float() for one, and save again",
    );
    case(
        |c| c.add("layers.1.weight", "FloatStorage", &[3, 5], floats(&[0.5; 15])),
        "tensor layers.1.bias has dtype integer, float (as its weight has) wanted\n\
         help: convert the tensor, with .float() for one, and save again",
    );
    let mut weights = [0.5; 15];
    let diverged = "help: the training diverged: train again, with a smaller learning rate";
    for (value, name) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
        weights[7] = value;
        case(
            |c| {
                c.add("layers.1.weight", "FloatStorage", &[3, 5], floats(&weights));
                c.add("layers.1.bias", "FloatStorage", &[3], floats(&[0.0; 3]));
            },
            &format!("tensor layers.1.weight: the value at index [1, 2] is {name}\n{diverged}"),
        );
    }
    let bias = |values: &[f32], expected: &str| {
        case(
            |c| {
                c.add("layers.1.weight", "FloatStorage", &[3, 5], floats(&[0.5; 15]));
                c.add("layers.1.bias", "FloatStorage", &[3], floats(values));
            },
            &format!("tensor layers.1.bias: {expected}"),
        );
    };
    bias(&[0.0, f32::NAN, 0.0], &format!("the value at index [1] is NaN\n{diverged}"));
    let range = "times 32 outside -32768..32767\n\
                 help: a bias must lie between -1024 and 1023.98: train with weight decay on the biases";
    bias(&[0.0, 0.0, 1024.0], &format!("the bias of output 2 is 1024, {range}"));
    bias(&[0.0, -1024.5, 0.0], &format!("the bias of output 1 is -1024.5, {range}"));
    add(
        "layers.1.weight",
        "CharStorage",
        [[0; 7].as_slice(), &[2], &[0; 7]].concat(),
        "tensor layers.1.weight: the weight of output 1 for input 2 is 2, outside -2..1\n\
         help: quantize the weights to -2, -1, 0, +1 first",
    );
    add(
        "layers.1.bias",
        "IntStorage",
        [[0; 4], 32768i32.to_le_bytes(), [0; 4]].concat(),
        "tensor layers.1.bias: the bias of output 1 is 32768, outside -32768..32767\n\
         help: biases are 16-bit integers: scale or clamp them when quantizing",
    );
}

#[test]
fn architecture_and_charset() {
    let again = TOGETHER;
    case(
        |c| {
            set(
                &mut c.rest,
                "architecture",
                dict(&[
                    ("input_size", Py::Int(7)),
                    ("hidden_sizes", Py::List(vec![Py::Int(5), Py::Int(4)])),
                    ("num_classes", Py::Int(3)),
                ]),
            )
        },
        &format!("architecture: hidden_sizes is [5, 4], but the layers have [5]\n{again}"),
    );
    case(
        |c| set(&mut c.rest, "charset", text("abc")),
        "charset does not end with the end mark (NUL)\n\
         help: append NUL to the charset: the last output is the end of the reply",
    );
    let file = Checkpoint::of(&small_chat()).file(2);
    assert_eq!(
        shown(load(&file, "small.pt", &Options::default()).expect_err("7 inputs")),
        "small.pt: an odd number of inputs, 7, does not split into halves for query and context\n\
         help: say how many of them count the query: `mlc import FILE --query-buckets N`"
    );
}
