//! Published networks of TensorFlow Lite, if they lie beside the repository: every output of every input is that of the
//! tools, bit for bit.

use crate::shared;
use mlc_compiler::arithmetic::softmax::softmax;
use mlc_compiler::eval;
use mlc_compiler::import::ron;
use mlc_compiler::import::sensors::data::{Examples, Values};
use mlc_compiler::import::sensors::{Floats, Settings, import};
use mlc_compiler::model::{Answer, Class, Model, Rounding};

fn bytes(name: &str) -> Option<Vec<u8>> {
    let path = shared::beside("import-models", name)?;
    Some(std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

fn read(name: &str, rounding: Rounding) -> Option<Model> {
    let settings = Settings { rounding: Some(rounding), ..Settings::default() };
    let file = format!("{name}.tflite");
    let bytes = bytes(&format!("tflite/{file}"))?;
    let model = import(&bytes, &file, &settings, None).unwrap_or_else(|e| panic!("{e}")).model;
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

/// Files of scikit-learn: quantized by their training half, and compared on the other half with what ONNX Runtime says.
/// Rows whose label differs, rows, rows that are right in floats and in integers.
fn labels(name: &str) -> Option<[usize; 4]> {
    let file = format!("{name}.onnx");
    let network = bytes(&format!("onnx/{file}"))?;
    let floats = Floats::read(&network, &file).unwrap_or_else(|e| panic!("{e}")).expect("it has floats");
    let data = |part: &str| {
        let bytes = bytes(&format!("expected/{part}.npz"))?;
        Some(Examples::read(&bytes, floats.inputs()).unwrap_or_else(|e| panic!("{e}")))
    };
    let (calibration, data) = (data(&format!("{name}_calib"))?, data(name)?);
    let model = import(&network, &file, &Settings::default(), Some(&calibration));
    let model = model.unwrap_or_else(|e| panic!("{e}")).model;
    let (sensors, _) = model.network().expect("a network on numbers");
    let graph = mlc_compiler::reference(&model).unwrap_or_else(|e| panic!("{e}"));
    let said = data.expected.iter().find(|e| e.name == "y0" && e.width == 1).expect("labels of ONNX Runtime");
    let known = data.labels.as_ref().expect("labels");
    let [mut differ, mut before, mut after] = [0; 3];
    for (row, label) in known.iter().enumerate() {
        let x = data.reals(row).expect("numbers");
        let found = eval::classify(&graph, &sensors.bytes(x, false)).text();
        assert_eq!(
            floats.label(x, &model.answer),
            Some(said.values[row].to_string()),
            "{name}: floats, row {row}"
        );
        differ += usize::from(found != said.values[row].to_string());
        before += usize::from(said.values[row].to_string() == *label);
        after += usize::from(found == *label);
    }
    println!("{name}: {differ} of {} differ, {before} right in floats, {after} in integers", data.rows);
    Some([differ, data.rows, before, after])
}

#[test]
fn networks_of_scikit_learn_keep_their_labels() {
    for name in ["sk_iris_mlp", "sk_iris_logreg", "sk_digits_mlp32", "sk_digits_mlp64_32_tanh"] {
        if let Some([differ, rows, before, after]) = labels(name) {
            assert!(differ * 100 <= rows, "{name}: {differ} of {rows} labels differ");
            assert!(
                after * 200 + rows >= before * 200,
                "{name}: {before} right in floats, {after} in integers"
            );
        }
    }
}

#[test]
fn trees_of_scikit_learn_keep_every_label() {
    let name = "sk_iris_tree";
    let Some(network) = bytes(&format!("onnx/{name}.onnx")) else { return };
    let model = import(&network, name, &Settings::default(), None).unwrap_or_else(|e| panic!("{e}")).model;
    let (sensors, _) = model.network().expect("a network on numbers");
    let graph = mlc_compiler::reference(&model).unwrap_or_else(|e| panic!("{e}"));
    for part in [name.to_string(), format!("{name}_calib")] {
        let Some(data) = bytes(&format!("expected/{part}.npz")) else { return };
        let data = Examples::read(&data, sensors.shape.len()).unwrap_or_else(|e| panic!("{e}"));
        let said = data.expected.iter().find(|e| e.name == "y0" && e.width == 1);
        for row in 0..data.rows {
            let x = data.reals(row).expect("numbers");
            let found = eval::classify(&graph, &sensors.bytes(x, true)).text();
            let typed: Vec<String> = x.iter().map(|&x| (x as f32).to_string()).collect();
            assert_eq!(
                eval::run(&graph, typed.join(",").as_bytes()).text(),
                found,
                "{part}: row {row} as a line"
            );
            if let Some(said) = said {
                assert_eq!(found, said.values[row].to_string(), "{part}: row {row}");
            }
        }
    }
}

#[test]
fn quantized_gemm_is_that_of_onnx_runtime() {
    let name = "gemm_digits_int8_qdq";
    let Some(network) = bytes(&format!("onnx/{name}.onnx")) else { return };
    let Some(data) = bytes(&format!("expected/{name}.npz")) else { return };
    let model = import(&network, name, &Settings::default(), None).unwrap_or_else(|e| panic!("{e}")).model;
    let (sensors, network) = model.network().expect("a network on numbers");
    let data = Examples::read(&data, sensors.shape.len()).unwrap_or_else(|e| panic!("{e}"));
    let graph = mlc_compiler::reference(&model).unwrap_or_else(|e| panic!("{e}"));
    let output = network.operators.last().expect("it has layers").output;
    let wants = data.expected.iter().find(|e| e.name == "y").expect("outputs of ONNX Runtime");
    let mut wrong = 0;
    for row in 0..data.rows {
        let x = data.reals(row).expect("numbers");
        let run = eval::classify(&graph, &sensors.bytes(x, true));
        for (y, wants) in run.logits[0].iter().zip(&wants.values[row * wants.width..]) {
            let real = f32::from(y - output.zero) * output.scale.0 as f32;
            wrong += usize::from(f64::from(real) != *wants);
        }
    }
    assert_eq!(wrong, 0, "of {}", data.rows * wants.width);
}

#[test]
fn what_does_not_work_is_refused_by_name() {
    let Some(network) = bytes("onnx/sk_iris_svc.onnx") else { return };
    let e = import(&network, "sk_iris_svc", &Settings::default(), None).expect_err("it is refused");
    assert!(e.to_string().contains("SVMClassifier"), "{e}");
    assert!(e.help().contains("works") || e.help().contains("work"), "{}", e.help());
}

#[test]
fn floats_of_tensorflow_lite_keep_their_answers() {
    for (name, rows) in [("tflm_hello_world_float", 256), ("tinymaix_mnist_dw_f", 40)] {
        let file = format!("{name}.tflite");
        let Some(network) = bytes(&format!("tflite/{file}")) else { return };
        let Some(data) = bytes(&format!("expected/{name}.npz")) else { return };
        let floats = Floats::read(&network, &file).unwrap_or_else(|e| panic!("{e}")).expect("it has floats");
        let data = Examples::read(&data, floats.inputs()).unwrap_or_else(|e| panic!("{e}"));
        let imported = import(&network, &file, &Settings::default(), Some(&data));
        let model = imported.unwrap_or_else(|e| panic!("{e}")).model;
        let (sensors, network) = model.network().expect("a network on numbers");
        let output = network.operators.last().expect("it has layers").output;
        let graph = mlc_compiler::reference(&model).unwrap_or_else(|e| panic!("{e}"));
        let wants = data.expected.iter().find(|e| e.name == "y").expect("outputs of TensorFlow Lite");
        let mut differ = 0;
        for row in 0..rows {
            let x = data.reals(row).expect("numbers");
            let y = &wants.values[row * wants.width..][..wants.width];
            let run = eval::classify(&graph, &sensors.bytes(x, false));
            match &model.answer {
                Answer::Class(class) => {
                    let largest = y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let best = y.iter().position(|&p| p == largest).expect("it is one of them");
                    assert_eq!(floats.label(x, &model.answer).as_ref(), Some(&class.labels[best]), "{name}");
                    differ += usize::from(run.text() != class.labels[best]);
                }
                _ => {
                    assert!((f64::from(floats.run(x)[0]) - y[0]).abs() < 1e-5, "{name}");
                    let found = f64::from(run.logits[0][0] - output.zero) * output.scale.0;
                    assert!((found - y[0]).abs() < 0.08, "{name}: {found} for {}", y[0]);
                }
            }
        }
        assert!(differ * 20 <= rows, "{name}: {differ} of {rows} labels differ");
    }
}
