//! Published networks of TensorFlow Lite, if they lie beside the repository: every output of every input is that of the
//! tools, bit for bit.

use crate::shared;
use mlc_compiler::arithmetic::softmax::softmax;
use mlc_compiler::eval;
use mlc_compiler::import::ron;
use mlc_compiler::import::sensors::data::{Examples, Values};
use mlc_compiler::import::sensors::{Settings, import};
use mlc_compiler::model::{Answer, Class, Model, Rounding};

fn bytes(name: &str) -> Option<Vec<u8>> {
    let path = shared::beside("import-models", name)?;
    Some(std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

fn read(name: &str, rounding: Rounding) -> Option<Model> {
    let settings = Settings { rounding: Some(rounding), ..Settings::default() };
    let file = format!("{name}.tflite");
    let bytes = bytes(&format!("tflite/{file}"))?;
    let model = import(&bytes, &file, &settings).unwrap_or_else(|e| panic!("{e}")).model;
    let text = ron::write(&model);
    assert_eq!(ron::read(&text, "model.ron").unwrap_or_else(|e| panic!("{e}")), model);
    Some(model)
}

/// How many of the first rows of an expected array differ from what the network gives with this rounding, and how many
/// there are.
fn differences(name: &str, rounding: Rounding, wants: &str, most: usize) -> Option<(usize, usize)> {
    let model = read(name, rounding)?;
    let (sensors, _) = model.network().expect("a network on numbers");
    let examples = Examples::read(&bytes(&format!("expected/{name}.npz"))?, sensors.shape.len());
    let examples = examples.unwrap_or_else(|e| panic!("{e}"));
    let expected = examples.expected.iter().find(|e| e.name == wants).expect("the array is there");
    let Values::Bytes(values) = &examples.values else { panic!("the inputs are bytes") };
    let graph = mlc_compiler::reference(&model).unwrap_or_else(|e| panic!("{e}"));
    let rows = examples.rows.min(most);
    let wrong = (0..rows).filter(|row| {
        let run = eval::classify(&graph, &values[row * examples.width..][..examples.width]);
        let found: Vec<f64> = match &model.answer {
            Answer::Class(Class { softmax: Some(s), .. }) => {
                softmax(&run.logits[0], s.multiplier, s.shift).iter().map(|&p| p.into()).collect()
            }
            _ => run.logits[0].iter().map(|&y| y.into()).collect(),
        };
        found != expected.values[row * expected.width..][..expected.width]
    });
    Some((wrong.count(), rows))
}

/// The arithmetics, and the arrays that hold what they give.
const TOOLS: [(Rounding, &str); 3] =
    [(Rounding::Tflm, "y_tflm"), (Rounding::Builtin, "y"), (Rounding::Xnnpack, "y_xnnpack")];

#[track_caller]
fn equal(name: &str, rows: usize) {
    for (rounding, wants) in TOOLS {
        if let Some((wrong, rows)) = differences(name, rounding, wants, rows) {
            assert_eq!(wrong, 0, "{name}: {wrong} of {rows} rows differ from {wants}");
        }
    }
}

#[test]
fn dense_networks_are_those_of_all_tools() {
    equal("microflow_sine", usize::MAX);
    equal("tflm_hello_world_int8", usize::MAX);
}

#[test]
fn convolutions_are_those_of_all_tools() {
    equal("tinymaix_mnist_arduino_q", usize::MAX);
    equal("tinymaix_mnist_dw_q", 20);
    equal("tinymaix_mnist_resnet_q", 4);
    equal("microflow_speech", 4);
}

#[test]
#[ignore = "minutes without optimisation: for a release build"]
fn every_row_is_that_of_all_tools() {
    for name in ["tinymaix_mnist_dw_q", "tinymaix_mnist_resnet_q", "microflow_speech", "tinymaix_cifar10_q"] {
        equal(name, usize::MAX);
    }
}

#[test]
fn networks_without_expected_outputs_are_read() {
    for name in ["tinymaix_mnist_rect_q", "tinymaix_mnist_valid_q"] {
        for rounding in Rounding::ALL {
            read(name, rounding);
        }
    }
}
