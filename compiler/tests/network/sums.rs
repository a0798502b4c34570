//! Sums of tensors and means of windows of `.onnx` files whose tensors are quantized. What is expected is what ONNX Runtime 1.32 gives
//! on x86-64, for every pair of bytes.

use crate::onnx::{M, attribute, file, floats, ints, node, port, tensor};
use mlc_compiler::eval;
use mlc_compiler::import::sensors::{Settings, import};
use mlc_compiler::model::{Kind, Model};

fn scalar(name: &str, value: f32) -> M {
    floats(name, &[], &[value])
}

/// A zero point: a byte with or without a sign.
fn zero(name: &str, value: i16, is_unsigned: bool) -> M {
    tensor(name, &[], if is_unsigned { 2 } else { 3 }, vec![value as u8])
}

fn read(bytes: &[u8]) -> Model {
    import(bytes, "s.onnx", &Settings::default(), None).unwrap_or_else(|e| panic!("{e}")).model
}

fn refused(bytes: &[u8]) -> String {
    import(bytes, "s.onnx", &Settings::default(), None).expect_err("it is refused").to_string()
}

/// Scales and zero points of both sides, the second with that of the first, and of the sum.
#[derive(Clone, Copy)]
struct Case {
    scales: [f32; 3],
    zeros: [i16; 2],
    is_unsigned: bool,
}

impl Case {
    /// Two values, the same two the other way round, and such a node for the sum of both.
    fn file(self, nodes: Vec<M>, output: &str) -> Vec<u8> {
        let [a, b, sum] = self.scales;
        let [from, to] = self.zeros;
        // A product with 1 that makes the same byte of another scale: (b / a) · a / b.
        let weights = tensor("w", &[2, 2], 3, vec![0, 1, 1, 0]);
        let quantized = |name: &str, what: &str, as_: &str| {
            let inputs = [what, &format!("{as_}s"), &format!("{as_}z")].map(str::to_string);
            let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
            let operator = if name.ends_with('q') { "QuantizeLinear" } else { "DequantizeLinear" };
            node(operator, &inputs, &[name], vec![])
        };
        let mut all = vec![
            quantized("aq", "x", "a"),
            quantized("af", "aq", "a"),
            node("DequantizeLinear", &["w", "ws", "wz"], &["wf"], vec![]),
            node("MatMul", &["af", "wf"], &["m"], vec![]),
            quantized("bq", "m", "b"),
            quantized("bf", "bq", "b"),
        ];
        all.extend(nodes);
        let known = vec![
            weights,
            scalar("ws", b / a),
            zero("wz", 0, false),
            scalar("as", a),
            zero("az", from, self.is_unsigned),
            scalar("bs", b),
            zero("bz", from, self.is_unsigned),
            scalar("cs", sum),
            zero("cz", to, self.is_unsigned),
        ];
        file(all, known, port("x", &[0, 2]), &[output])
    }

    fn apart(self) -> Vec<u8> {
        let add = node("Add", &["af", "bf"], &["s"], vec![]);
        self.file(vec![add, node("QuantizeLinear", &["s", "cs", "cz"], &["y"], vec![])], "y")
    }

    fn fused(self) -> Vec<u8> {
        let inputs = ["aq", "as", "az", "bq", "bs", "bz", "cs", "cz"];
        self.file(vec![node("QLinearAdd", &inputs, &["y"], vec![])], "y")
    }
}

/// Case by case what ONNX Runtime gives, as a hash of its bytes for all pairs, the second side's byte running first.
const CASES: [(Case, u32); 7] = [
    // Sums that lie between two results, with the zero point among what is rounded.
    (Case { scales: [0.1, 0.1, 0.2], zeros: [-7, 3], is_unsigned: false }, 1_783_949_833),
    (Case { scales: [0.05, 0.05, 0.2], zeros: [13, -101], is_unsigned: false }, 2_812_822_086),
    // Floats decide 47 pairs otherwise than exact numbers.
    (Case { scales: [0.37, 0.113, 0.61], zeros: [-7, 5], is_unsigned: false }, 3_457_959_147),
    (Case { scales: [0.0217, 0.0533, 0.0471], zeros: [121, 99], is_unsigned: true }, 3_060_302_595),
    (Case { scales: [2.7, 0.0011, 0.9], zeros: [3, 0], is_unsigned: false }, 2_324_619_264),
    // Nearly every sum is cut.
    (Case { scales: [30.0, 40.0, 0.01], zeros: [1, -1], is_unsigned: false }, 1_393_391_488),
    (Case { scales: [0.3, 0.3, 0.3], zeros: [200, 200], is_unsigned: true }, 2_911_824_636),
];

#[test]
fn sums_of_tensors_are_those_of_onnx_runtime_for_every_pair_of_bytes() {
    for (case, wants) in CASES {
        let model = read(&case.apart());
        assert_eq!(read(&case.fused()), model, "{:?}", case.scales);
        let graph = mlc_compiler::reference(&model).expect("it was checked");
        let mut hash = 0u32;
        for a in -128..=127i8 {
            for b in -128..=127i8 {
                let run = eval::classify(&graph, &[a, b]);
                hash = hash.wrapping_mul(31).wrapping_add(u32::from(run.logits[0][0] as u8));
            }
        }
        assert_eq!(hash, wants, "{:?}", case.scales);
    }
}

#[test]
fn a_relu_behind_a_sum_is_its_zero_point() {
    let behind = |zeros| {
        let case = Case { scales: [0.37, 0.113, 0.61], zeros, is_unsigned: false };
        let add = node("Add", &["af", "bf"], &["s"], vec![]);
        let relu = node("Relu", &["s"], &["r"], vec![]);
        (case, case.file(vec![add, relu, node("QuantizeLinear", &["r", "cs", "cz"], &["y"], vec![])], "y"))
    };
    let (case, bytes) = behind([-7, -128]);
    assert_eq!(read(&bytes), read(&case.apart()));
    let said = "mlc does not compute a ReLU behind a sum whose zero point is not the least byte";
    assert_eq!(refused(&behind([-7, -127]).1), format!("s.onnx: QuantizeLinear (y): {said}"));
}

#[test]
fn sums_that_floats_alone_give_are_refused_by_name() {
    let case = CASES[0].0;
    let far = Case { scales: [0.1, 0.1, 0.000_001], ..case };
    let said = "scales so far apart: no integers give the sums that its floats give";
    assert_eq!(refused(&far.apart()), format!("s.onnx: QuantizeLinear (y): mlc does not compute {said}"));
    // Known values as a side of the sum.
    let constant = vec![node("Add", &["af", "wf"], &["s"], vec![])];
    let said = "a constant behind anything but a product";
    assert_eq!(refused(&case.file(constant, "s")), format!("s.onnx: Add (s): mlc does not compute {said}"));
    // Bytes of two kinds: ONNX Runtime does not fuse them.
    let mixed = ["aq", "as", "az", "bq", "bs", "bz", "cs", "wz"];
    let mixed = Case { is_unsigned: true, zeros: [121, 0], ..case }
        .file(vec![node("QLinearAdd", &mixed, &["y"], vec![])], "y");
    let said = "bytes with and without a sign together";
    assert_eq!(refused(&mixed), format!("s.onnx: QLinearAdd (y): mlc does not compute {said}"));
}

/// Scales, and zero points, of what goes in and of what comes out.
type Scales = ([f32; 2], i16, i16);
/// What comes out of each row.
type Rows = &'static [&'static [i16]];

#[test]
fn long_networks_are_refused_before_they_are_read_to_their_end() {
    let case = Case { scales: [0.3, 0.3, 0.3], zeros: [200, 200], is_unsigned: true };
    let sum = |n: usize| {
        let (a, y) = (if n == 0 { "aq".into() } else { format!("y{}", n - 1) }, format!("y{n}"));
        node("QLinearAdd", &[&a, "as", "az", "bq", "bs", "bz", "cs", "cz"], &[&y], vec![])
    };
    let e = refused(&case.file((0..4000).map(sum).collect(), "y3999"));
    assert!(e.ends_with("mlc does not compute networks of more than 128 operators"), "{e}");
}

/// Means of windows over 4 x 6 bytes, between nodes that quantize or with scales of their own.
fn means(attributes: &[M], (scale, from, to): Scales, fused: bool) -> Vec<u8> {
    let nodes = match fused {
        true => {
            vec![node("QLinearAveragePool", &["x", "xs", "xz", "us", "uz"], &["u"], attributes.to_vec())]
        }
        false => vec![
            node("QuantizeLinear", &["x", "xs", "xz"], &["q"], vec![]),
            node("DequantizeLinear", &["q", "xs", "xz"], &["f"], vec![]),
            node("AveragePool", &["f"], &["p"], attributes.to_vec()),
            node("QuantizeLinear", &["p", "us", "uz"], &["u"], vec![]),
        ],
    };
    let known =
        vec![scalar("xs", scale[0]), zero("xz", from, false), scalar("us", scale[1]), zero("uz", to, false)];
    file(nodes, known, port("x", &[0, 1, 4, 6]), &["u"])
}

#[test]
fn means_of_windows_are_those_of_onnx_runtime() {
    let kernel = |size: &[i64]| ints("kernel_shape", size);
    let padded = vec![kernel(&[3, 3]), ints("pads", &[1; 4]), attribute("count_include_pad").number(3, 1)];
    let cases: [(Vec<M>, Scales, Rows); 6] = [
        (
            vec![kernel(&[2, 2]), ints("strides", &[2, 2])],
            ([0.5, 0.5], -7, -7),
            &[&[-82, 62, 38, -10, 22, 14], &[19, -29, -53, 27, -5, -13], &[56, 8, -16, 0, 32, 24]],
        ),
        (
            vec![kernel(&[2, 2])],
            ([0.25, 0.5], 6, -11),
            &[
                &[-55, -24, 17, 6, 5, -27, -26, 17, 8, 9, -19, -48, -3, 22, -7],
                &[-4, -6, -28, -40, -40, -8, -8, -28, -38, -36, 0, 2, -16, -24, -20],
                &[14, 12, -10, -22, -22, 10, 10, -10, -20, -18, -14, -12, 2, -6, -2],
            ],
        ),
        (
            padded,
            ([0.1, 0.0341], -7, 12),
            &[
                &[
                    -86, -51, 48, 107, 125, 71, -76, -43, 49, 122, 127, 91, -26, -25, 36, 127, 127, 88, 8,
                    -27, 4, 78, 112, 39,
                ],
                &[
                    46, 63, -4, -29, -94, -48, 38, 86, 11, 1, -112, -45, 88, 104, -1, -41, -101, -48, 56, 87,
                    35, 26, -24, 4,
                ],
                &[
                    94, 94, 110, 2, 20, 0, 127, 127, 127, -37, 18, -15, 35, 66, 127, 88, 112, 66, 21, 34, 65,
                    56, 90, 52,
                ],
            ],
        ),
        (
            vec![kernel(&[2, 3])],
            ([0.0713, 0.0347], 5, -3),
            &[
                &[-93, 11, 72, 92, -18, 7, 76, 104, -69, -36, 42, 78],
                &[26, -45, -71, -128, 14, -49, -67, -127, 51, -4, -13, -65],
                &[59, 75, -39, -19, 46, 71, -35, -7, -4, 29, 19, 55],
            ],
        ),
        (
            vec![kernel(&[2, 3])],
            ([0.25, 0.5], 5, -3),
            &[
                &[-25, 0, 15, 20, -7, -1, 16, 23, -19, -11, 8, 17],
                &[4, -13, -20, -36, 1, -14, -18, -33, 10, -3, -6, -18],
                &[12, 16, -12, -7, 9, 15, -11, -4, -3, 5, 2, 11],
            ],
        ),
        (vec![kernel(&[4, 6])], ([0.1, 0.1], 5, -3), &[&[-1], &[-17], &[9]]),
    ];
    for (attributes, scales, wants) in cases {
        let model = read(&means(&attributes, scales, false));
        assert_eq!(read(&means(&attributes, scales, true)), model);
        let (_, network) = model.network().expect("it is one");
        let kind = &network.operators[0].kind;
        // The whole is no window.
        let is_whole = wants[0].len() == 1;
        assert!(matches!(kind, Kind::Mean { .. }) == is_whole && network.operators.len() == 1);
        let graph = mlc_compiler::reference(&model).expect("it was checked");
        for (t, wants) in wants.iter().enumerate() {
            let byte = |i: usize| ((i * 37 + i * i * 11 + t * 101) % 256) as i32 - 128;
            let x: Vec<i8> = (0..24).map(|i| byte(i) as i8).collect();
            assert_eq!(eval::classify(&graph, &x).logits, [wants.to_vec()], "{scales:?}");
        }
    }
}

#[test]
fn means_that_floats_alone_give_are_refused() {
    let padded = [ints("kernel_shape", &[3, 3]), ints("pads", &[1; 4])];
    let e = refused(&means(&padded, ([0.1, 0.1], -7, -7), false));
    let said = "means that leave padding out (count_include_pad is 0)";
    assert_eq!(e, format!("s.onnx: AveragePool (p): mlc does not compute {said}"));
    // A quarter of all sums lies between two bytes, and a tenth is no float: the order of the values decides.
    let even = [ints("kernel_shape", &[2, 2])];
    let e = refused(&means(&even, ([0.1, 0.1], -7, -7), true));
    let said = "means in the middle between two bytes, where the order in which ONNX Runtime adds its floats decides";
    assert_eq!(e, format!("s.onnx: QLinearAveragePool (u): mlc does not compute {said}"));
}

/// Values that are 100,000,000 times as large as what the output holds: the search for their integers ends without one.
#[test]
fn means_of_scales_that_are_far_apart_are_refused() {
    let window = [ints("kernel_shape", &[2, 3])];
    let e = refused(&means(&window, ([1.0, 1e-8], 0, 0), true));
    assert!(e.ends_with("which 32 bits do not hold"), "{e}");
}
