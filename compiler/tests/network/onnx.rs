//! Small `.onnx` files made here: what is read of them, and what is refused by name.

use mlc_compiler::eval;
use mlc_compiler::import::sensors::data::Examples;
use mlc_compiler::import::sensors::{Floats, Settings, import};
use mlc_compiler::model::{Answer, Kind, Rounding, Steps};

/// A message in the making.
#[derive(Default, Clone)]
pub struct M(pub Vec<u8>);

impl M {
    pub fn varint(&mut self, mut n: u64) {
        while n >= 128 {
            self.0.push((n as u8) | 128);
            n >>= 7;
        }
        self.0.push(n as u8);
    }

    pub fn number(mut self, field: u64, n: u64) -> Self {
        self.varint(field << 3);
        self.varint(n);
        self
    }

    pub fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    pub fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub fn message(self, field: u64, message: M) -> Self {
        self.bytes(field, &message.0)
    }
}

/// A tensor of a type, with its raw bytes.
pub fn tensor(name: &str, dims: &[u64], element: u64, raw: Vec<u8>) -> M {
    let dims = dims.iter().fold(M::default(), |m, &d| m.number(1, d));
    dims.number(2, element).text(8, name).bytes(9, &raw)
}

pub fn floats(name: &str, dims: &[u64], values: &[f32]) -> M {
    tensor(name, dims, 1, values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

pub fn attribute(name: &str) -> M {
    M::default().text(1, name)
}

/// An attribute of floats.
pub fn list(name: &str, values: &[f32]) -> M {
    values.iter().fold(attribute(name), |mut m, v| {
        m.varint(7 << 3 | 5);
        m.0.extend(v.to_le_bytes());
        m
    })
}

/// An attribute of integers.
pub fn ints(name: &str, values: &[i64]) -> M {
    values.iter().fold(attribute(name), |m, &v| m.number(8, v as u64))
}

pub fn node(operator: &str, inputs: &[&str], outputs: &[&str], attributes: Vec<M>) -> M {
    let m = inputs.iter().fold(M::default(), |m, name| m.text(1, name));
    let m = outputs.iter().fold(m, |m, name| m.text(2, name)).text(4, operator);
    attributes.into_iter().fold(m, |m, attribute| m.message(5, attribute))
}

/// A port of floats; a dimension of 0 is open.
pub fn port(name: &str, dims: &[u64]) -> M {
    let shape = dims.iter().fold(M::default(), |m, &d| {
        m.message(1, if d == 0 { M::default().text(2, "N") } else { M::default().number(1, d) })
    });
    M::default()
        .text(1, name)
        .message(2, M::default().message(1, M::default().number(1, 1).message(2, shape)))
}

pub fn file(nodes: Vec<M>, known: Vec<M>, input: M, outputs: &[&str]) -> Vec<u8> {
    let graph = nodes.into_iter().fold(M::default(), |m, node| m.message(1, node));
    let graph = known.into_iter().fold(graph, |m, tensor| m.message(5, tensor)).message(11, input);
    let graph = outputs.iter().fold(graph, |m, name| m.message(12, port(name, &[0])));
    M::default().number(1, 8).text(2, "test").message(7, graph).0
}

/// A scaler and two dense layers as skl2onnx writes them, with labels.
pub fn mlp() -> Vec<u8> {
    let classes = tensor("classes", &[2], 6, [7i32, 9].iter().flat_map(|v| v.to_le_bytes()).collect());
    let scaler = vec![list("offset", &[10.0, 0.5]), list("scale", &[0.1, 4.0])];
    let nodes = vec![
        node("Scaler", &["x"], &["s"], scaler),
        node("Cast", &["s"], &["c"], vec![attribute("to").number(3, 1)]),
        node("MatMul", &["c", "w0"], &["m0"], vec![]),
        node("Add", &["m0", "b0"], &["a0"], vec![]),
        node("Tanh", &["a0"], &["t0"], vec![]),
        node("MatMul", &["t0", "w1"], &["m1"], vec![]),
        node("Add", &["m1", "b1"], &["a1"], vec![]),
        node("Softmax", &["a1"], &["p"], vec![]),
        node("ArgMax", &["p"], &["i"], vec![]),
        node("ArrayFeatureExtractor", &["classes", "i"], &["l"], vec![]),
    ];
    let known = vec![
        floats("w0", &[2, 3], &[1.0, -0.5, 0.25, 0.5, 1.0, -1.0]),
        floats("b0", &[1, 3], &[0.1, 0.0, -0.2]),
        floats("w1", &[3, 2], &[1.0, -1.0, -0.5, 0.5, 0.75, -0.75]),
        floats("b1", &[1, 2], &[0.05, -0.05]),
        classes,
    ];
    file(nodes, known, port("x", &[0, 2]), &["l", "p"])
}

fn rows() -> Examples {
    let rows: String = (0..300).map(|i| format!("{},{}\n", 5 + i % 11, f64::from(i % 17) / 16.0)).collect();
    Examples::read(rows.as_bytes(), 2).expect("two columns")
}

#[test]
fn a_network_of_scikit_learn_keeps_its_answers() {
    let data = rows();
    let floats = Floats::read(&mlp(), "m.onnx").expect("it is right").expect("it has floats");
    let model = import(&mlp(), "m.onnx", &Settings::default(), Some(&data)).expect("it is right").model;
    let Answer::Class(class) = &model.answer else { panic!("it classifies") };
    assert_eq!(class.labels, ["7", "9"]);
    let (sensors, network) = model.network().expect("it is one");
    let kinds: Vec<&str> = network.operators.iter().map(|o| o.kind.name()).collect();
    assert_eq!(kinds, ["dense", "table", "dense"]);
    let graph = mlc_compiler::reference(&model).expect("it was checked");
    let mut near = 0;
    for row in 0..data.rows {
        let x = data.reals(row).expect("numbers");
        let run = eval::classify(&graph, &sensors.bytes(x, false));
        let outputs = floats.run(x);
        // By hand: the scaler, the first layer's first neuron and so on.
        let s = [(x[0] - 10.0) * 0.1, (x[1] - 0.5) * 4.0];
        let h = [
            (s[0] + 0.5 * s[1] + 0.1).tanh(),
            (-0.5 * s[0] + s[1]).tanh(),
            (0.25 * s[0] - s[1] - 0.2).tanh(),
        ];
        let y = h[0] - 0.5 * h[1] + 0.75 * h[2];
        assert!(
            (f64::from(outputs[0]) - (y + 0.05)).abs() < 1e-4
                && (f64::from(outputs[1]) + y + 0.05).abs() < 1e-4
        );
        near += usize::from(floats.label(x, &model.answer) == Some(run.text()));
    }
    assert!(near * 100 >= data.rows * 98, "{near} of {}", data.rows);
}

#[test]
fn convolutions_have_their_channels_behind() {
    // Two filters over 3 x 3, flattened with channels in front, into one output that tells every value apart.
    let weights: Vec<f32> = (0..8).map(|i| (i as f32 - 3.0) / 4.0).collect();
    let last: Vec<f32> = (0..8).map(|i| 1.0 + i as f32).collect();
    let nodes = vec![
        node("Conv", &["x", "w"], &["c"], vec![ints("kernel_shape", &[2, 2])]),
        node("Relu", &["c"], &["r"], vec![]),
        node("Flatten", &["r"], &["f"], vec![]),
        node("Gemm", &["f", "g", "b"], &["y"], vec![attribute("transB").number(3, 1)]),
    ];
    let known =
        vec![floats("w", &[2, 1, 2, 2], &weights), floats("g", &[1, 8], &last), floats("b", &[1], &[0.5])];
    let bytes = file(nodes, known, port("x", &[1, 1, 3, 3]), &["y"]);
    let floats = Floats::read(&bytes, "c.onnx").expect("it is right").expect("it has floats");
    let x: Vec<f64> = (0..9).map(|i| f64::from(i * i % 7) - 2.0).collect();
    let mut wants = 0.5;
    for filter in 0..2 {
        for (row, col) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let tap = |k: usize| f64::from(weights[4 * filter + k]) * x[(row + k / 2) * 3 + col + k % 2];
            let sum = (0..4).map(tap).sum::<f64>().max(0.0);
            wants += sum * f64::from(last[4 * filter + 2 * row + col]);
        }
    }
    assert!((f64::from(floats.run(&x)[0]) - wants).abs() < 1e-3, "{:?} for {wants}", floats.run(&x));
}

/// A dense layer between nodes that quantize.
fn quantized() -> Vec<u8> {
    let scalar = |name: &str, value: f32| floats(name, &[], &[value]);
    let byte = |name: &str, value: i8| tensor(name, &[], 3, vec![value as u8]);
    let q = |name: &str, to: &str, part: &str| {
        node(name, &[to, &format!("{part}s"), &format!("{part}z")], &[&format!("{to}.{name}")], vec![])
    };
    let weights = tensor("w", &[2, 2], 3, [3i8, -5, 100, 27].iter().map(|&v| v as u8).collect());
    let bias = tensor("b", &[2], 6, [40i32, -90].iter().flat_map(|v| v.to_le_bytes()).collect());
    let rows = vec![attribute("axis").number(3, 0)];
    let nodes = vec![
        q("QuantizeLinear", "x", "x"),
        q("DequantizeLinear", "x.QuantizeLinear", "x"),
        node("DequantizeLinear", &["w", "ws", "wz"], &["wd"], rows.clone()),
        node("DequantizeLinear", &["b", "bs", "bz"], &["bd"], rows),
        node(
            "Gemm",
            &["x.QuantizeLinear.DequantizeLinear", "wd", "bd"],
            &["g"],
            vec![attribute("transB").number(3, 1)],
        ),
        node("Relu", &["g"], &["r"], vec![]),
        q("QuantizeLinear", "r", "y"),
        q("DequantizeLinear", "r.QuantizeLinear", "y"),
    ];
    let known = vec![
        scalar("xs", 0.1),
        byte("xz", -7),
        weights,
        floats("ws", &[2], &[0.02, 0.03]),
        tensor("wz", &[2], 3, vec![0, 0]),
        bias,
        floats("bs", &[2], &[0.002, 0.003]),
        tensor("bz", &[2], 6, vec![0; 8]),
        scalar("ys", 0.7),
        byte("yz", -100),
    ];
    file(nodes, known, port("x", &[0, 2]), &["r.QuantizeLinear.DequantizeLinear"])
}

#[test]
fn quantized_nodes_are_computed_as_onnx_runtime_does() {
    let model = import(&quantized(), "q.onnx", &Settings::default(), None).expect("it is right").model;
    let (_, network) = model.network().expect("it is one");
    let Kind::Dense { requantization, .. } = &network.operators[0].kind else { panic!("a dense layer") };
    assert_eq!((network.rounding, requantization.steps), (Rounding::OnnxRuntime, Steps::Even));
    let graph = mlc_compiler::reference(&model).expect("it was checked");
    for a in (-128..=127).step_by(5) {
        for b in (-128..=127).step_by(3) {
            let run = eval::classify(&graph, &[a as i8, b as i8]);
            let rows = [([3, -5], 40, 0.02f32), ([100, 27], -90, 0.03)];
            let wants = rows.map(|(w, bias, scale)| {
                let sum: i32 = w[0] * (a + 7) + w[1] * (b + 7) + bias;
                let real = sum as f32 * (0.1f32 * scale / 0.7f32);
                (real.round_ties_even() as i32 - 100).clamp(-100, 127) as i16
            });
            assert_eq!(run.logits, [wants], "{a} {b}");
        }
    }
}

#[test]
fn what_is_not_computed_is_named_with_what_works() {
    for operator in
        ["LSTM", "SVMClassifier", "TreeEnsemble", "LeakyRelu", "ConvInteger", "QLinearMul", "Whatever"]
    {
        let bytes = file(vec![node(operator, &["x"], &["y"], vec![])], vec![], port("x", &[0, 2]), &["y"]);
        let e = import(&bytes, "n.onnx", &Settings::default(), Some(&rows())).expect_err("it is refused");
        assert_eq!(e.to_string(), format!("n.onnx: {operator} (y) is an operator that mlc does not compute"));
        assert!(e.help().contains("work") || e.help().contains("use"), "{}", e.help());
    }
    let e = import(&mlp(), "m.onnx", &Settings::default(), None).expect_err("floats");
    assert!(e.help().contains("--calibrate"), "{}", e.help());
}
