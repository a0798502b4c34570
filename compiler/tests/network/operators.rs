//! Operators that name their scales themselves, means of all places, constants around layers, and padding in front of them.

use crate::files::{Small, f32s, i8s, i32s, tensor as entry};
use crate::flat::V;
use crate::onnx::{M, attribute, file, floats, ints, node, port, tensor};
use mlc_compiler::eval;
use mlc_compiler::import::sensors::data::Examples;
use mlc_compiler::import::sensors::{Floats, Settings, import};
use mlc_compiler::model::{Kind, Model};

fn scalar(name: &str, value: f32) -> M {
    floats(name, &[], &[value])
}

fn byte(name: &str, value: i8) -> M {
    tensor(name, &[], 3, vec![value as u8])
}

fn signed(name: &str, dims: &[u64], values: &[i8]) -> M {
    tensor(name, dims, 3, values.iter().map(|&v| v as u8).collect())
}

fn words(name: &str, values: &[i32]) -> M {
    tensor(name, &[values.len() as u64], 6, values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

fn read(bytes: &[u8]) -> Model {
    import(bytes, "o.onnx", &Settings::default(), None).unwrap_or_else(|e| panic!("{e}")).model
}

fn refused(bytes: &[u8]) -> String {
    import(bytes, "o.onnx", &Settings::default(), None).expect_err("it is refused").to_string()
}

/// Two products of bytes without a sign, the second with such weights, whose zero is `zero`.
fn products(zero: u8) -> Vec<u8> {
    let nodes = vec![
        node("QLinearMatMul", &["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"], &["y"], vec![]),
        node(
            "QGemm",
            &["y", "ys", "yz", "v", "vs", "vz", "b", "us", "uz"],
            &["u"],
            vec![attribute("transB").number(3, 1)],
        ),
    ];
    let unsigned = |name: &str, value: u8| tensor(name, &[], 2, vec![value]);
    let known = vec![
        scalar("xs", 0.1),
        unsigned("xz", 121),
        scalar("ys", 0.25),
        unsigned("yz", 133),
        scalar("us", 0.5),
        unsigned("uz", 125),
        signed("w", &[2, 3], &[30, -50, 100, 27, -128, 64]),
        floats("ws", &[3], &[0.02, 0.03, 0.01]),
        signed("wz", &[3], &[0, 0, 0]),
        tensor("v", &[2, 3], 2, vec![138, 108, 158, 88, 178, 68]),
        scalar("vs", 0.05),
        unsigned("vz", zero),
        words("b", &[100, -200]),
    ];
    file(nodes, known, port("x", &[0, 2]), &["u"])
}

#[test]
fn products_that_name_their_scales_are_those_of_onnx_runtime() {
    let model = read(&products(128));
    let graph = mlc_compiler::reference(&model).expect("it was checked");
    // What ONNX Runtime 1.32 gives on a CPU.
    for (x, wants) in [
        ([0, 0], [11, -37]),
        ([10, -20], [-3, -1]),
        ([-128, 127], [55, -128]),
        ([127, -128], [-34, 83]),
        ([50, 51], [96, -128]),
        ([-7, -7], [-1, -8]),
    ] {
        assert_eq!(eval::classify(&graph, &x).logits, [wants], "{x:?}");
    }
    // What is read stands for the scale of the first operand.
    let (sensors, _) = model.network().expect("it is one");
    assert_eq!(sensors.bytes(&[0.35, -1.0], true), [-3, -17]);
    let e = refused(&products(127));
    assert_eq!(e, "o.onnx: QGemm (u): mlc does not compute weights with a zero point other than 128");
}

#[test]
fn convolutions_and_means_that_name_their_scales_are_those_of_onnx_runtime() {
    let made = |behind: Vec<M>, outputs: &[&str]| {
        let convolution = vec![ints("kernel_shape", &[2, 2])];
        let mut nodes = vec![node(
            "QLinearConv",
            &["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"],
            &["y"],
            convolution,
        )];
        nodes.extend(behind);
        let known = vec![
            scalar("xs", 0.1),
            byte("xz", -7),
            signed("w", &[2, 1, 2, 2], &[3, -5, 100, 27, -60, 8, 9, -2]),
            floats("ws", &[2], &[0.02, 0.03]),
            signed("wz", &[2], &[0, 0]),
            scalar("ys", 0.5),
            byte("yz", -20),
            words("b", &[40, -90]),
            scalar("us", 0.15),
            byte("uz", 11),
        ];
        file(nodes, known, port("x", &[0, 1, 3, 3]), outputs)
    };
    let fused = vec![node("QLinearGlobalAveragePool", &["y", "ys", "yz", "us", "uz"], &["u"], vec![])];
    let apart = vec![
        node("DequantizeLinear", &["y", "ys", "yz"], &["f"], vec![]),
        node("GlobalAveragePool", &["f"], &["m"], vec![]),
        node("QuantizeLinear", &["m", "us", "uz"], &["u"], vec![]),
    ];
    for behind in [fused, apart] {
        let model = read(&made(behind, &["u"]));
        let graph = mlc_compiler::reference(&model).expect("it was checked");
        let rows: [[i8; 9]; 4] = [
            [0; 9],
            [-40, -30, -20, -10, 0, 10, 20, 30, 40],
            [127, -128, 127, -128, 127, -128, 127, -128, 127],
            [5, 9, -3, 77, 20, -100, 64, 31, 2],
        ];
        for (x, wants) in rows.iter().zip([[24, 4], [44, 26], [23, 3], [85, -25]]) {
            assert_eq!(eval::classify(&graph, x).logits, [wants], "{x:?}");
        }
    }
    let behind = vec![attribute("channels_last").number(3, 1)];
    let last = vec![node("QLinearGlobalAveragePool", &["y", "ys", "yz", "us", "uz"], &["u"], behind)];
    let e = refused(&made(last, &["u"]));
    assert_eq!(e, "o.onnx: QLinearGlobalAveragePool (u): mlc does not compute channels behind rows");
    let product = vec![node("QLinearMul", &["y", "ys", "yz", "y", "ys", "yz", "us", "uz"], &["u"], vec![])];
    assert_eq!(
        refused(&made(product, &["u"])),
        "o.onnx: QLinearMul (u) is an operator that mlc does not compute"
    );
}

fn run(nodes: Vec<M>, known: Vec<M>, dims: &[u64], x: &[f64]) -> Vec<f32> {
    let bytes = file(nodes, known, port("x", dims), &["y"]);
    Floats::read(&bytes, "o.onnx").unwrap_or_else(|e| panic!("{e}")).expect("it has floats").run(x)
}

#[track_caller]
fn near(found: &[f32], wants: &[f64]) {
    let is_near = |(f, w): (&f32, &f64)| (f64::from(*f) - w).abs() < 1e-4 * w.abs().max(1.0);
    assert!(found.len() == wants.len() && found.iter().zip(wants).all(is_near), "{found:?} for {wants:?}");
}

#[test]
fn constants_are_folded_into_scaling_and_layers() {
    // ((x - 10) / 4 + 1) · 2, then a layer, then 3 - y, normalized.
    let nodes = vec![
        node("Sub", &["x", "ten"], &["a"], vec![]),
        node("Div", &["a", "four"], &["b"], vec![]),
        node("Add", &["one", "b"], &["c"], vec![]),
        node("Mul", &["c", "two"], &["d"], vec![]),
        node("MatMul", &["d", "w"], &["e"], vec![]),
        node("Add", &["e", "bias"], &["f"], vec![]),
        node("Sub", &["three", "f"], &["g"], vec![]),
        node(
            "BatchNormalization",
            &["g", "s", "b0", "m", "v"],
            &["y"],
            vec![attribute("epsilon").number(0, 0)],
        ),
    ];
    let known = vec![
        floats("ten", &[2], &[10.0, 20.0]),
        scalar("four", 4.0),
        floats("one", &[1, 2], &[1.0, -1.0]),
        floats("two", &[1], &[2.0]),
        floats("w", &[2, 2], &[1.0, -0.5, 0.25, 2.0]),
        floats("bias", &[2], &[0.5, -1.5]),
        scalar("three", 3.0),
        floats("s", &[2], &[2.0, 0.5]),
        floats("b0", &[2], &[0.1, 0.2]),
        floats("m", &[2], &[1.0, -1.0]),
        floats("v", &[2], &[4.0, 0.25]),
    ];
    let x = [7.0, 33.0];
    let d = [((x[0] - 10.0) / 4.0 + 1.0) * 2.0, ((x[1] - 20.0) / 4.0 - 1.0) * 2.0];
    let f = [d[0] + 0.25 * d[1] + 0.5, -0.5 * d[0] + 2.0 * d[1] - 1.5];
    let g = [3.0 - f[0], 3.0 - f[1]];
    let y = [
        (g[0] - 1.0) / (4.0f64 + 1e-5).sqrt() * 2.0 + 0.1,
        (g[1] + 1.0) / (0.25f64 + 1e-5).sqrt() * 0.5 + 0.2,
    ];
    near(&run(nodes, known, &[0, 2], &x), &y);
}

#[test]
fn channels_of_convolutions_have_constants_of_their_own() {
    let nodes = vec![
        node("Div", &["x", "most"], &["n"], vec![]),
        node("Conv", &["n", "w"], &["c"], vec![ints("kernel_shape", &[2, 2]), ints("pads", &[1, 1, 0, 0])]),
        node("Mul", &["c", "m"], &["d"], vec![]),
        node("Add", &["d", "p"], &["e"], vec![]),
        node("GlobalAveragePool", &["e"], &["y"], vec![]),
    ];
    let weights = [1.0, 2.0, -1.0, 0.5, -3.0, 0.25, 1.5, 1.0];
    let known = || {
        vec![
            scalar("most", 255.0),
            floats("w", &[2, 1, 2, 2], &weights),
            floats("m", &[2, 1, 1], &[2.0, -4.0]),
            floats("p", &[1, 2, 1, 1], &[0.5, 0.75]),
        ]
    };
    let x = [0.0, 255.0, 51.0, 102.0];
    let at = |y: i32, c: i32| if y < 0 || c < 0 { 0.0 } else { x[(2 * y + c) as usize] / 255.0 };
    let mean = |o: usize| {
        let mut sum = 0.0;
        for (row, col) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            for (k, &w) in weights[4 * o..][..4].iter().enumerate() {
                sum += f64::from(w) * at(row + k as i32 / 2 - 1, col + k as i32 % 2 - 1);
            }
        }
        sum / 4.0
    };
    let wants = [2.0 * mean(0) + 0.5, -4.0 * mean(1) + 0.75];
    near(&run(nodes.clone(), known(), &[0, 1, 2, 2], &x), &wants);
    // One factor for all is in the scale of the bytes that are read.
    let bytes = file(nodes, known(), port("x", &[0, 1, 2, 2]), &["y"]);
    let rows: String = (0..64).map(|i| format!("{},{},{},{}\n", i * 4, 255 - i, 7 * i % 256, 128)).collect();
    let data = Examples::read(rows.as_bytes(), 4).expect("four columns");
    let settings = Settings { numbers: true, ..Settings::default() };
    let model = import(&bytes, "o.onnx", &settings, Some(&data)).unwrap_or_else(|e| panic!("{e}")).model;
    let (sensors, network) = model.network().expect("it is one");
    assert!((sensors.quantization[0].scale.0 - 1.0).abs() < 0.01, "{:?}", sensors.quantization);
    let graph = mlc_compiler::reference(&model).expect("it was checked");
    let run = eval::classify(&graph, &sensors.bytes(&x, false));
    let output = network.operators.last().expect("it has layers").output;
    for (found, wants) in run.logits[0].iter().zip(wants) {
        let real = f64::from(found - output.zero) * output.scale.0;
        assert!((real - wants).abs() < 0.1, "{real} for {wants}");
    }
}

#[test]
fn constants_that_cannot_be_folded_are_told() {
    let said = |nodes: Vec<M>, dims: &[u64]| {
        let known = vec![
            floats("three", &[3], &[1.0, 2.0, 3.0]),
            floats("column", &[2, 1], &[1.0, 2.0]),
            scalar("zero", 0.0),
            floats("w", &[2, 2], &[1.0; 4]),
        ];
        let bytes = file(nodes, known, port("x", dims), &["y"]);
        let e = Floats::read(&bytes, "o.onnx").err().expect("it is refused").to_string();
        e.strip_prefix("o.onnx: ").expect("the file is named").to_string()
    };
    let one = |operator: &str, inputs: &[&str]| said(vec![node(operator, inputs, &["y"], vec![])], &[0, 2]);
    assert_eq!(one("Mul", &["x", "three"]), "Mul (y): mlc does not compute 3 constants for 2 values");
    assert_eq!(one("Mul", &["x", "column"]), "Mul (y): mlc does not compute 2 constants for 2 values");
    assert_eq!(one("Mul", &["x", "zero"]), "Mul (y): mlc does not compute a factor of 0");
    let by = "Div (y): mlc does not compute a division by what is computed, or by 0";
    assert_eq!([one("Div", &["x", "zero"]), one("Div", &["three", "x"])], [by, by]);
    assert_eq!(one("Mul", &["x", "x"]), "Mul (y): mlc does not compute two tensors that are both computed");
    let layer = || node("MatMul", &["x", "w"], &["a"], vec![]);
    let behind = "Mul (y): mlc does not compute constants behind anything but a layer, with one for each of its outputs";
    let clamped =
        vec![layer(), node("Tanh", &["a"], &["t"], vec![]), node("Mul", &["t", "w"], &["y"], vec![])];
    assert_eq!(said(clamped, &[0, 2]), behind);
    assert_eq!(said(vec![layer(), node("Mul", &["a", "column"], &["y"], vec![])], &[0, 2]), behind);
    let twice = vec![layer(), node("Sub", &["x", "zero"], &["y"], vec![])];
    let some = "Sub (y): mlc does not compute values that are scaled for some layers and not for others";
    assert_eq!(said(twice, &[0, 2]), some);
}

/// A convolution of 3 x 3 over 4 x 3 places of one channel: SAME, or VALID behind a PAD of the places `list`.
fn padded(list: Option<[i32; 8]>, is_float: bool, output: [i32; 2]) -> Small {
    let scale = |scale: f32, zero: i64| if is_float { None } else { Some((scale, zero)) };
    let (element, bias) = if is_float { (0, 0) } else { (9, 2) };
    let pads = list.unwrap_or_default();
    let [height, width] = [4 + pads[2] + pads[3], 3 + pads[4] + pads[5]];
    let weights: [i8; 9] = [1, -2, 3, 4, 5, -6, 7, 8, 9];
    let reals: Vec<f32> = weights.iter().map(|&w| f32::from(w) / 8.0).collect();
    let from = if list.is_some() { 4 } else { 0 };
    let same = V::Byte(u8::from(list.is_some()));
    let convolution =
        (3, vec![from, 1, 2], vec![3], vec![(0, same), (1, V::I32(1)), (2, V::I32(1)), (3, V::Byte(1))]);
    let pad = (34, vec![0, 5], vec![4], vec![]);
    Small {
        tensors: vec![
            entry("in", &[1, 4, 3, 1], element, 0, scale(0.5, -3)),
            entry("w", &[1, 3, 3, 1], element, 1, scale(0.25, 0)),
            entry("b", &[1], bias, 2, scale(0.125, 0)),
            entry("conv", &[1, output[0], output[1], 1], element, 0, scale(2.0, -9)),
            entry("pad", &[1, height, width, 1], element, 0, scale(0.5, -3)),
            entry("list", &[4, 2], 2, 3, None),
        ],
        operators: if list.is_some() { vec![pad, convolution] } else { vec![convolution] },
        buffers: vec![
            vec![],
            if is_float { f32s(&reals) } else { i8s(&weights) },
            if is_float { f32s(&[0.5]) } else { i32s(&[-30]) },
            i32s(&pads),
        ],
        input: 0,
        output: 3,
    }
}

#[test]
fn padding_in_front_of_a_convolution_is_its_own() {
    let settings = Settings { numbers: true, ..Settings::default() };
    let read = |small: Small| import(&small.bytes(), "p.tflite", &settings, None).map(|i| i.model);
    let around = [0, 0, 1, 1, 1, 1, 0, 0];
    let same = read(padded(None, false, [4, 3])).expect("it is right");
    let valid = read(padded(Some(around), false, [4, 3])).expect("it is right");
    let kinds = |model: &Model| model.network().map(|(_, n)| n.operators[0].kind.clone());
    assert_eq!(kinds(&same), kinds(&valid));
    // More above and to the left, as a stride would want it.
    let uneven = read(padded(Some([0, 0, 2, 0, 2, 1, 0, 0]), false, [4, 4])).expect("it is right");
    let Some(Kind::Convolution { window, .. }) = kinds(&uneven) else { panic!("a convolution") };
    assert_eq!((window.before, window.output, window.input.height), ([2, 2], [4, 4], 4));
    let x: Vec<f64> = (0..12).map(|i| f64::from(i * 5 % 7) - 3.0).collect();
    let run = |small: Small| {
        Floats::read(&small.bytes(), "p.tflite").expect("it is right").expect("floats").run(&x)
    };
    assert_eq!(run(padded(None, true, [4, 3])), run(padded(Some(around), true, [4, 3])));
    let said = |list, output| read(padded(Some(list), false, output)).expect_err("it is refused").to_string();
    let far = "p.tflite: CONV_2D (conv): mlc does not compute padding in front of anything but a convolution whose windows all \
               show a value";
    assert_eq!(said([0, 0, 3, 0, 1, 1, 0, 0], [5, 3]), far);
    assert_eq!(said([0, 0, 1, 3, 1, 1, 0, 0], [6, 3]), far);
    let batches =
        "p.tflite: PAD (pad): mlc does not compute anything but rows and columns around the same values";
    assert_eq!(said([0, 0, 1, 1, 1, 1, 0, 1], [4, 3]), batches);
}
