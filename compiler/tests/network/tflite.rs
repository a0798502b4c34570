//! Small `.tflite` files made here: what is read of them, and what is refused by name.

use crate::files::{Small, dense, floats, i8s, i32s, tensor};
use crate::flat::V;
use mlc_compiler::eval;
use mlc_compiler::import::sensors::data::Examples;
use mlc_compiler::import::sensors::{Settings, import};
use mlc_compiler::model::{Answer, Kind, Model, Rounding, Steps};

fn read(small: Small, settings: &Settings) -> Result<Model, String> {
    import(&small.bytes(), "small.tflite", settings, None).map(|i| i.model).map_err(|e| {
        assert!(!e.help().is_empty());
        e.to_string()
    })
}

#[test]
fn a_dense_layer_is_what_its_integers_say() {
    let model = read(dense(9), &Settings::default()).expect("it is right");
    let graph = mlc_compiler::reference(&model).expect("it was checked");
    // (x + 3) · w + b: 13·4 - 2·2 + 8 = 56, 13·3 + 2 - 40 = 1, times 0.25: 14, and 1, as 0.5 is what the first
    // rounding leaves of 0.25, above -128.
    let run = eval::classify(&graph, &[10, -1]);
    assert_eq!((run.logits, run.reply.as_slice()), (vec![vec![-114, -127]], b"0".as_slice()));
    // The same by a line: readings in units of the scale.
    assert_eq!(eval::run(&graph, b"6.5, 1").logits, [[-114, -127]]);
    let Answer::Class(class) = &model.answer else { panic!("a softmax means labels") };
    assert!(class.softmax.is_some());
}

#[test]
fn the_rounding_is_the_users() {
    for (rounding, steps) in
        [(Rounding::Tflm, Steps::Twice), (Rounding::Builtin, Steps::Up), (Rounding::Xnnpack, Steps::Even)]
    {
        let settings = Settings { rounding: Some(rounding), ..Settings::default() };
        let model = read(dense(9), &settings).expect("it is right");
        let (_, network) = model.network().expect("it is one");
        let Kind::Dense { requantization, .. } = &network.operators[0].kind else { panic!("a dense layer") };
        assert_eq!((network.rounding, requantization.steps), (rounding, steps));
    }
}

#[test]
fn a_convolution_pads_and_strides_as_its_options_say() {
    let small = Small {
        tensors: vec![
            tensor("in", &[1, 3, 3, 1], 9, 0, Some((1.0, 2))),
            tensor("w", &[1, 2, 2, 1], 9, 1, Some((1.0, 0))),
            tensor("b", &[1], 2, 2, Some((1.0, 0))),
            tensor("conv", &[1, 2, 2, 1], 9, 0, Some((1.0, 0))),
            tensor("axes", &[2], 2, 3, None),
            tensor("mean", &[1, 1], 9, 0, Some((0.5, 1))),
        ],
        operators: vec![
            // SAME, strides of 2, ReLU6.
            (
                3,
                vec![0, 1, 2],
                vec![3],
                vec![(0, V::Byte(0)), (1, V::I32(2)), (2, V::I32(2)), (3, V::Byte(3))],
            ),
            (40, vec![3, 4], vec![5], vec![]),
        ],
        buffers: vec![vec![], i8s(&[1, 2, 3, 4]), i32s(&[-3]), i32s(&[1, 2])],
        input: 0,
        output: 5,
    };
    let model = read(small, &Settings::default()).expect("it is right");
    let (_, network) = model.network().expect("it is one");
    let names: Vec<&str> = network.operators.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(names, ["conv1", "mean2"]);
    let graph = mlc_compiler::reference(&model).expect("it was checked");
    // Of x - 2 = 0 1 0 / 0 0 0 / 0 0 1: 2 - 3 → 0, 0 - 3 → 0, 0 → 0, 1 - 3 → 0; a mean of 0 is 1.
    assert_eq!(eval::classify(&graph, &[2, 3, 2, 2, 2, 2, 2, 2, 3]).logits, [[1]]);
    // 12·1 + 2·12 …: everything is cut at 6, whose mean is 6 / 0.5 + 1.
    assert_eq!(eval::classify(&graph, &[14; 9]).logits, [[13]]);
}

#[test]
fn what_is_not_computed_is_named_with_what_works() {
    let said = |small: Small| read(small, &Settings::default()).expect_err("it is refused");
    for (code, name) in [
        (16, "LSTM"),
        (27, "SVDF"),
        (44, "UNIDIRECTIONAL_SEQUENCE_LSTM"),
        (98, "LEAKY_RELU"),
        (2, "CONCATENATION"),
        (126, "operator 126"),
    ] {
        assert_eq!(
            said(dense(code)),
            format!("small.tflite: {name} (hidden) is an operator that mlc does not compute")
        );
    }
    let mut small = dense(9);
    small.operators[0].3 = vec![(0, V::Byte(4))];
    assert_eq!(
        said(small),
        "small.tflite: FULLY_CONNECTED (hidden): mlc does not compute an activation other than ReLU and ReLU6 inside of it"
    );
    let mut small = dense(9);
    small.tensors[1] = tensor("w", &[2, 2], 9, 1, Some((0.25, 1)));
    assert_eq!(said(small), "small.tflite: tensor w: weights with a zero point other than 0");
    let mut small = dense(9);
    small.tensors[0] = tensor("in", &[1, 2], 3, 0, Some((0.5, 3)));
    assert_eq!(
        said(small),
        "small.tflite: tensor in: 8-bit integers without a sign, not 8-bit integers with a sign"
    );
    let mut small = dense(9);
    small.buffers[1].pop();
    assert_eq!(said(small), "small.tflite: tensor w: 3 bytes of values, its shape wants 4");
    let mut small = dense(9);
    small.output = 0;
    assert_eq!(
        said(small),
        "small.tflite: SOFTMAX (out): mlc does not compute SOFTMAX anywhere but at the end"
    );
    let labels = Settings { labels: Some(vec!["a".into()]), ..Settings::default() };
    assert_eq!(read(dense(9), &labels), Err("small.tflite: 1 labels for 2 outputs".into()));
}

/// The same layer, with a conversion in front and one behind: kinds of tensors and what their bytes stand for.
fn converted(front: (u8, Option<(f32, i64)>), behind: (u8, Option<(f32, i64)>), code: i32) -> Small {
    let mut small = dense(9);
    small.tensors.push(tensor("front", &[1, 2], front.0, 0, front.1));
    small.tensors.push(tensor("behind", &[1, 2], behind.0, 0, behind.1));
    small.operators.insert(0, (114, vec![5], vec![0], vec![]));
    small.operators.push((code, vec![4], vec![6], vec![]));
    (small.input, small.output) = (5, 6);
    small
}

#[test]
fn conversions_at_the_ends_change_nothing() {
    let whole = read(dense(9), &Settings::default()).expect("it is right");
    let (float, unsigned) = ((0, None), (3, Some((0.5, 125))));
    for (front, behind, code) in [
        (float, float, 6),
        (unsigned, float, 6),
        (unsigned, (3, Some((1.0 / 256.0, 0))), 114),
        (float, (3, Some((1.0 / 256.0, 0))), 114),
    ] {
        assert_eq!(read(converted(front, behind, code), &Settings::default()).as_ref(), Ok(&whole));
    }
    // Other steps are other values.
    for (front, behind) in [
        ((3, Some((0.5, 124))), (3, Some((1.0 / 256.0, 0)))),
        ((3, Some((0.25, 125))), (3, Some((1.0 / 256.0, 0)))),
        (unsigned, (3, Some((1.0 / 128.0, 0)))),
        (unsigned, (3, Some((1.0 / 256.0, 1)))),
    ] {
        read(converted(front, behind, 114), &Settings::default()).expect_err("it converts values");
    }
    // From bytes to bytes with other steps is a table.
    let mut small = converted((9, Some((0.25, 0))), float, 6);
    small.operators.truncate(3);
    small.output = 4;
    let model = read(small, &Settings::default()).expect("it is right");
    assert_eq!(model.network().expect("it is one").1.operators.len(), 2);
}

#[test]
fn floats_need_examples_and_become_integers() {
    let e = import(&floats().bytes(), "f.tflite", &Settings::default(), None).expect_err("floats");
    assert!(e.to_string().contains("computes with floats") && e.help().contains("--calibrate"), "{e}");
    let rows: String = (0..200).map(|i| format!("{},{}\n", i % 20, 1000 + 7 * (i % 13))).collect();
    let examples = Examples::read(format!("a,b\n{rows}").as_bytes(), 2).expect("two columns");
    let model = import(&floats().bytes(), "f.tflite", &Settings::default(), Some(&examples))
        .expect("it is right")
        .model;
    let (sensors, network) = model.network().expect("it is one");
    assert_eq!(
        (sensors.inputs.as_slice(), sensors.quantization.len()),
        (["a", "b"].map(String::from).as_slice(), 2)
    );
    let graph = mlc_compiler::reference(&model).expect("it was checked");
    let output = network.operators[0].output;
    for row in 0..examples.rows {
        let x = examples.reals(row).expect("numbers");
        let run = eval::classify(&graph, &sensors.bytes(x, false));
        let wants = [x[0] - 0.5 * x[1] + 0.1, -x[0] + 0.5 * x[1] + 0.2];
        for (y, wants) in run.logits[0].iter().zip(wants) {
            let found = f64::from(*y - output.zero) * output.scale.0;
            // Weights have 7 bits, readings 8.
            assert!((found - wants).abs() < 6.0, "{x:?}: {found} for {wants}");
        }
        assert_eq!(run.text(), if wants[0] >= wants[1] { "0" } else { "1" });
    }
}

/// A network with one output becomes one with two labels, where two are given: by the half of a probability, or by 0.
#[test]
fn two_labels_of_one_output() {
    let one = |behind: bool| {
        let mut small = dense(9);
        small.tensors[1] = tensor("w", &[1, 2], 9, 1, Some((0.25, 0)));
        small.tensors[2] = tensor("b", &[1], 2, 2, Some((0.125, 0)));
        small.tensors[3] = tensor("hidden", &[1, 1], 9, 0, Some((0.5, 2)));
        small.tensors[4] = tensor("out", &[1, 1], 9, 0, Some((1.0 / 256.0, -128)));
        small.buffers = vec![vec![], i8s(&[4, -2]), i32s(&[8])];
        small.operators[0].3 = vec![];
        small.operators[1].0 = 14;
        if !behind {
            small.operators.pop();
            small.output = 3;
        }
        small
    };
    let labels = Settings { labels: Some(vec!["off".into(), "on".into()]), ..Settings::default() };
    for behind in [false, true] {
        let model = read(one(behind), &labels).expect("it is right");
        let plain = read(one(behind), &Settings::default()).expect("it is right");
        let graphs = [&model, &plain].map(|model| mlc_compiler::reference(model).expect("it was checked"));
        let mut seen = [0; 2];
        for byte in -128..=127 {
            let [run, number] = [0, 1].map(|i| eval::classify(&graphs[i], &[byte, 5]));
            let is_on = number.logits[0][0] > if behind { 0 } else { 2 };
            assert_eq!(run.text(), ["off", "on"][usize::from(is_on)], "{byte}");
            assert_eq!(run.logits[0][1], number.logits[0][0]);
            seen[usize::from(is_on)] += 1;
        }
        assert!(seen[0] > 10 && seen[1] > 10, "{seen:?}");
    }
    let three = Settings { labels: Some(["a", "b", "c"].map(String::from).to_vec()), ..Settings::default() };
    assert!(read(one(true), &three).is_err_and(|e| e.contains("one output")));
}
