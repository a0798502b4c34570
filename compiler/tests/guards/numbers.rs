//! Every rule of networks on numbers, broken once, and the error; what their operations cannot take; and constants.

use crate::graphs::{add, add_const, ill_typed, node};
use crate::networks::{Maker, quantization};
use mlc_compiler::ir::{Data, Elem, Graph, NodeId, Op, Type};
use mlc_compiler::model::{
    Answer, Body, Branch, Class, Kind, Linear, Model, Network, Operator, Pooling, Reader, Real,
    Requantization, Sensors, Shape, Split, Steps, Trees, Window,
};
use mlc_compiler::valid::validate;

/// A network of a convolution, a mean, a table and a dense layer, which breaks no rule.
pub fn good() -> Model {
    let mut maker = Maker::new(3, Shape { height: 4, width: 5, channels: 2 });
    let window =
        Window { input: maker.input, kernel: [3, 2], stride: [1, 2], before: [1, 0], output: [4, 3] };
    maker.convolve(window, 4, 2);
    maker.add();
    maker.pool(Pooling::Max);
    maker.mean();
    maker.table();
    maker.dense(3);
    let mut model = maker.model();
    let labels = ["a", "b", "c"].map(String::from).to_vec();
    let output = quantization(0.1, 0);
    model.answer = Answer::Class(Class { labels, margin: 0, output, softmax: None });
    model
}

pub fn sensors(model: &mut Model) -> &mut Sensors {
    match &mut model.reader {
        Reader::Sensors(sensors) => sensors,
        _ => unreachable!("a network on numbers"),
    }
}

fn network(model: &mut Model) -> &mut Network {
    match &mut model.body {
        Body::Network(network) => network,
        _ => unreachable!("a network on numbers"),
    }
}

pub fn operator(model: &mut Model, at: usize) -> &mut Operator {
    &mut network(model).operators[at]
}

fn convolution(
    model: &mut Model,
) -> (&mut Window, &mut usize, &mut Vec<i8>, &mut Vec<i32>, &mut Requantization) {
    match &mut operator(model, 0).kind {
        Kind::Convolution { window, groups, weights, bias, requantization, .. } => {
            (window, groups, weights, bias, requantization)
        }
        _ => unreachable!("the first one is a convolution"),
    }
}

#[track_caller]
fn refused(change: impl FnOnce(&mut Model), error: &str) {
    let mut model = good();
    assert_eq!(model.check(), Ok(()));
    change(&mut model);
    let e = model.check().expect_err("the change breaks a rule");
    assert!(!e.help().is_empty());
    assert_eq!(e.to_string(), error);
}

#[test]
fn what_is_read() {
    refused(|m| sensors(m).shape.height = 0, "reader.shape.height is 0, outside 1..4096");
    refused(|m| sensors(m).shape.channels = 20_000, "reader.shape.channels is 20000, outside 1..16384");
    refused(|m| sensors(m).decimals = 7, "reader.decimals is 7, outside 0..6");
    refused(|m| sensors(m).inputs = vec!["x".into()], "reader.inputs has 1 values, its place wants 40");
    let names =
        "reader.inputs must be of 1 to 40 printable ASCII characters, without spaces, commas and quotes";
    refused(|m| sensors(m).inputs = vec!["a,b".into(); 40], names);
    refused(|m| sensors(m).scaling.clear(), "reader.scaling has 0 values, its place wants 40");
    let lines =
        "reader.scaling must be of multipliers of 24 bits, offsets of 48 bits and shifts of 31 at most";
    for line in [
        Linear { multiplier: 1 << 23, offset: 0, shift: 0 },
        Linear { multiplier: 0, offset: 1 << 47, shift: 0 },
        Linear { multiplier: 0, offset: 0, shift: 32 },
        Linear { multiplier: i32::MIN, offset: 0, shift: 0 },
        Linear { multiplier: 0, offset: i64::MIN, shift: 0 },
    ] {
        refused(|m| sensors(m).scaling = vec![line], lines);
    }
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refused(
            |m| sensors(m).quantization[0].scale = Real(scale),
            "reader.quantization must be of a scale above 0",
        );
    }
}

#[test]
fn what_is_computed() {
    refused(|m| network(m).operators.clear(), "operators: their number is 0, outside 1..128");
    let names =
        "operators[2].name must be of 1 to 40 printable ASCII characters, without spaces, commas and quotes";
    refused(|m| operator(m, 1).name = String::new(), names);
    let shape = "operators[1].shape must be the shape that the operator gives";
    refused(|m| operator(m, 0).shape.height = 3, shape);
    let (kernel, stride) = (
        "operators[1].window.kernel is 0, outside 1..4096",
        "operators[1].window.stride is 0, outside 1..4096",
    );
    refused(|m| convolution(m).0.kernel[1] = 0, kernel);
    refused(|m| convolution(m).0.stride[0] = 0, stride);
    refused(|m| convolution(m).0.before[0] = 3, "operators[1].window.before is 3, outside 0..2");
    refused(
        |m| convolution(m).0.stride[1] = 3,
        "operators[1].window.output must be a number of positions that all show a part of the tensor",
    );
    refused(|m| convolution(m).0.input.width = 6, "operators[1].window.input must be as large as its tensor");
    for groups in [0, 3] {
        let rule = "operators[1].groups must be a divisor of the channels and of the outputs";
        refused(|m| *convolution(m).1 = groups, rule);
    }
    refused(|m| _ = convolution(m).2.pop(), "operators[1].weights has 23 values, its place wants 24");
    refused(|m| convolution(m).3.push(0), "operators[1].bias has 5 values, its place wants 4");
    refused(
        |m| convolution(m).3[2] = i32::MAX,
        &format!("operators[1].weights: the sum of row 2 can be {}, which 32 bits do not hold", {
            let mut m = good();
            let (_, _, weights, _, r) = convolution(&mut m);
            let most: i64 = weights[12..18].iter().map(|w| i64::from(w.unsigned_abs()) * 256).sum();
            (most + i64::from(i32::MAX)) << r.shifts.iter().max().map_or(0, |s| *s.max(&0))
        }),
    );
    let multipliers =
        "operators[1].requantization must be of multipliers that are not negative, and shifts of -31 to 30";
    refused(|m| convolution(m).4.multipliers[0] = -1, multipliers);
    refused(|m| convolution(m).4.shifts[0] = -32, multipliers);
    refused(|m| convolution(m).4.shifts.push(0), &{
        let mut m = good();
        let count = convolution(&mut m).4.shifts.len();
        format!("operators[1].requantization.shifts has {} values, its place wants {count}", count + 1)
    });
    refused(|m| convolution(m).4.least = 128, "operators[1].requantization.least must be at most `most`");
    refused(
        |m| match &mut operator(m, 1).kind {
            Kind::Add { terms, .. } => terms[0].left = 21,
            _ => unreachable!("an addition"),
        },
        "operators[2].terms.left is 21, outside 0..20",
    );
    refused(
        |m| match &mut operator(m, 2).kind {
            Kind::Pool { pooling, .. } => *pooling = Pooling::Sum,
            _ => unreachable!("a pool"),
        },
        "operators[3].pooling must be Max or Average",
    );
    refused(
        |m| match &mut operator(m, 3).kind {
            Kind::Mean { input, .. } => *input = 4,
            _ => unreachable!("a mean"),
        },
        "operators[4].input is 4, outside 0..3",
    );
    refused(
        |m| match &mut operator(m, 4).kind {
            Kind::Table { values, .. } => _ = values.pop(),
            _ => unreachable!("a table"),
        },
        "operators[5].values has 255 values, its place wants 256",
    );
    // Only the last operator's outputs may have 16 bits.
    refused(|m| convolution(m).4.most = 300, "operators[2].input must be a tensor of bytes");
}

#[test]
fn what_sums_by_tables_are_made_of() {
    let by_tables = |change: fn(&mut [Vec<i32>; 2])| {
        move |m: &mut Model| match &mut operator(m, 1).kind {
            kind @ Kind::Add { .. } => {
                let Kind::Add { terms, requantization } = kind.clone() else { unreachable!("it is one") };
                let mut tables = Box::new([vec![(1 << 30) - 1; 256], vec![1 - (1 << 30); 256]]);
                change(&mut tables);
                *kind = Kind::Sum { inputs: terms.map(|term| term.input), tables, requantization };
            }
            _ => unreachable!("an addition"),
        }
    };
    let mut model = good();
    by_tables(|_| {})(&mut model);
    assert_eq!(model.check(), Ok(()));
    refused(by_tables(|t| t[1].truncate(255)), "operators[2].tables has 255 values, its place wants 256");
    refused(by_tables(|t| t[0][7] = 1 << 30), "operators[2].tables must be of values below 2^30");
    refused(by_tables(|t| t[1][255] = -(1 << 30)), "operators[2].tables must be of values below 2^30");
}

#[test]
fn what_is_answered() {
    let labels = |labels: &'static [&'static str]| {
        move |m: &mut Model| match &mut m.answer {
            Answer::Class(class) => class.labels = labels.iter().map(|l| (*l).to_string()).collect(),
            _ => unreachable!("labels"),
        }
    };
    refused(labels(&["a", "b"]), "the last layer gives 3 outputs, but charset or labels have 2");
    refused(labels(&["a", "b", "a"]), "labels[2] is \"a\", as labels[0] is already");
    refused(
        |m| m.answer = Answer::Label { labels: vec!["a".into()], margin: 0 },
        "reader, body and answer are parts of different families of networks",
    );
}

/// `%0` is text, `%1` 12 bytes, `%2` a matrix of 2 × 4, `%3` 24 sums, `%4` 12 words.
fn graph() -> Graph {
    let mut g = Graph::new("test");
    let text = add(&mut g, Graph::ENTRY, Op::Query { max_length: 9, as_typed: true });
    let lines = vec![Linear { multiplier: 1, offset: 0, shift: 0 }];
    let scaling = add_const(&mut g, "lines", Data::Lines { count: 12, decimals: 0, lines });
    let input = add(&mut g, Graph::ENTRY, Op::Measure { text, scaling });
    let values = vec![1, -2, 3, 4, 5, 6, -7, 8];
    let weights = add_const(&mut g, "weights", Data::Matrix { rows: 2, cols: 4, bits: 8, values });
    let weights = add(&mut g, Graph::ENTRY, Op::Constant { values: vec![weights] });
    add(&mut g, Graph::ENTRY, convolve(input, weights, window(), 1));
    let table = add_const(&mut g, "words", Data::Words((0..256).collect()));
    add(&mut g, Graph::ENTRY, Op::Widen { input, table });
    add_const(&mut g, "bias", Data::Words(vec![1, 2]));
    add_const(&mut g, "steps", Data::Requantization(steps(2)));
    add_const(&mut g, "ranks", Data::Ranks { decimals: 0, ranks: vec![vec![3]; 7] });
    let split = Split { feature: 11, most: 0, low: Branch::Leaf(0), high: Branch::Leaf(0) };
    let trees = |split| Trees {
        roots: vec![Branch::Split(0)],
        splits: vec![split],
        leaves: vec![vec![]],
        base: vec![0; 5],
    };
    add_const(&mut g, "trees", Data::Trees(trees(split)));
    add_const(&mut g, "far", Data::Trees(trees(Split { feature: 12, ..split })));
    g
}

fn window() -> Window {
    let input = Shape { height: 3, width: 4, channels: 1 };
    Window { input, kernel: [2, 2], stride: [1, 1], before: [1, 0], output: [3, 4] }
}

fn convolve(input: NodeId, weights: NodeId, window: Window, groups: usize) -> Op {
    Op::Convolve { input, weights, window, groups, padding: 0 }
}

fn steps(count: usize) -> Requantization {
    let (multipliers, shifts) = (vec![1 << 30; count], vec![-3; count]);
    Requantization { steps: Steps::Twice, multipliers, shifts, zero: 0, least: -128, most: 127 }
}

fn constant(g: &Graph, name: &str) -> mlc_compiler::ir::ConstId {
    crate::graphs::constant(g, name)
}

#[track_caller]
fn ill(op: impl FnOnce(&Graph) -> Op, error: &str) {
    let mut g = graph();
    let op = op(&g);
    assert_eq!(ill_typed(&mut g, op).to_string(), error);
}

fn typed(op: impl FnOnce(&Graph) -> Op) -> Type {
    let mut g = graph();
    let op = op(&g);
    let id = add(&mut g, Graph::ENTRY, op);
    g.nodes[id].ty
}

#[test]
fn operations_have_the_types_of_their_windows_and_channels() {
    let vector = |elem, len| Type::Vector { elem, len };
    let g = graph();
    let of = |number| g.nodes[node(&g, number)].ty;
    assert_eq!([of(1), of(3), of(4)], [vector(Elem::I8, 12), vector(Elem::I32, 24), vector(Elem::I32, 12)]);
    let pool = |pooling| move |g: &Graph| Op::Pool { input: node(g, 1), window: window(), pooling };
    assert_eq!(typed(pool(Pooling::Max)), vector(Elem::I8, 12));
    assert_eq!(typed(pool(Pooling::Sum)), vector(Elem::I32, 12));
    assert_eq!(typed(|g| Op::Bias { input: node(g, 3), bias: constant(g, "bias") }), vector(Elem::I32, 24));
    assert_eq!(
        typed(|g| Op::Requantize { input: node(g, 3), steps: constant(g, "steps") }),
        vector(Elem::I8, 24)
    );
    assert_eq!(typed(|g| Op::Vote { input: node(g, 1), trees: constant(g, "trees") }), vector(Elem::I16, 5));
    assert_eq!(
        typed(|g| Op::Measure { text: node(g, 0), scaling: constant(g, "ranks") }),
        vector(Elem::I8, 7)
    );
    assert_eq!(typed(|g| Op::Decide { input: node(g, 1), margin: 3 }), Type::Index { below: 13 });
    assert_eq!(
        typed(|g| Op::Numbers { input: node(g, 1), format: constant(g, "lines") }),
        Type::Text { max: 23 * 12 }
    );
}

#[test]
fn operations_refuse_what_they_cannot_take() {
    let lines = "@bias holds no lines of numbers";
    ill(
        |g| Op::Measure { text: node(g, 1), scaling: constant(g, "lines") },
        "measure: %1 is i8[12], not a text",
    );
    ill(|g| Op::Measure { text: node(g, 0), scaling: constant(g, "bias") }, &format!("measure: {lines}"));
    ill(|g| convolve(node(g, 3), node(g, 2), window(), 1), "convolve: of i32; 8 bits are possible");
    ill(|g| convolve(node(g, 1), node(g, 1), window(), 1), "convolve: by i8[12], not a matrix");
    ill(|g| convolve(node(g, 1), node(g, 2), window(), 0), "convolve: 0 groups of 1 channels and 2 rows");
    ill(|g| convolve(node(g, 1), node(g, 2), window(), 2), "convolve: 2 groups of 1 channels and 2 rows");
    let wide = Window { kernel: [2, 3], ..window() };
    ill(|g| convolve(node(g, 1), node(g, 2), wide, 1), "convolve: 6 elements in a window for 4 columns");
    let large = Window { input: Shape { height: 4, width: 4, channels: 1 }, ..window() };
    ill(|g| convolve(node(g, 1), node(g, 2), large, 1), "convolve: 12 elements for a window over 16");
    for nothing in [
        Window { output: [5, 4], ..window() },
        Window { output: [0, 4], ..window() },
        Window { stride: [1, 0], ..window() },
        Window { before: [2, 0], ..window() },
    ] {
        ill(|g| convolve(node(g, 1), node(g, 2), nothing, 1), "convolve: a window that shows nothing");
    }
    ill(|g| Op::Bias { input: node(g, 1), bias: constant(g, "bias") }, "bias: of i8; 32 bits are possible");
    ill(
        |g| Op::Bias { input: node(g, 3), bias: constant(g, "lines") },
        "bias: @lines holds no integers of 32 bits",
    );
    ill(
        |g| Op::Bias { input: node(g, 3), bias: constant(g, "words") },
        "bias: a bias for 256 channels of 24 elements",
    );
    ill(
        |g| Op::Requantize { input: node(g, 3), steps: constant(g, "bias") },
        "requantize: @bias makes no bytes of sums",
    );
    ill(
        |g| Op::Widen { input: node(g, 1), table: constant(g, "bias") },
        "widen: @bias is no table of 256 integers of 32 bits",
    );
    ill(|g| Op::Vote { input: node(g, 3), trees: constant(g, "trees") }, "vote: of i32; 8 bits are possible");
    ill(|g| Op::Vote { input: node(g, 1), trees: constant(g, "bias") }, "vote: @bias holds no trees");
    ill(
        |g| Op::Vote { input: node(g, 1), trees: constant(g, "far") },
        "vote: split 0 of value 12 at 0, for 12 values and -128 to 126",
    );
    ill(|g| Op::Decide { input: node(g, 3), margin: 0 }, "decide: of 32 bits; logits have 16 at most");
    ill(|g| Op::ArgMax { input: node(g, 3) }, "argmax: of 32 bits; logits have 16 at most");
    ill(
        |g| Op::Rescale { input: node(g, 3), scale: constant(g, "bias"), elem: Elem::I8 },
        "rescale: of 32 bits; sums of 24 are possible",
    );
    ill(|g| Op::Numbers { input: node(g, 1), format: constant(g, "bias") }, &format!("numbers: {lines}"));
}

#[test]
fn constants_keep_requantizing_from_falling() {
    let said = |data: Data| {
        let mut g = graph();
        add_const(&mut g, "new", data);
        let problem = |text: String| text.strip_prefix("after pass: @new: ").map(str::to_string);
        validate(&g, "pass").map_err(|e| problem(e.to_string()).unwrap_or_else(|| panic!("{e}")))
    };
    let r = |change: fn(&mut Requantization)| {
        let mut r = steps(2);
        change(&mut r);
        said(Data::Requantization(r))
    };
    assert_eq!(r(|_| {}), Ok(()));
    assert_eq!(r(|r| r.multipliers.clear()), Err("has 0 multipliers and 2 shifts".into()));
    assert_eq!(r(|r| r.shifts.push(0)), Err("has 2 multipliers and 3 shifts".into()));
    assert_eq!(r(|r| r.multipliers[1] = -5), Err("multiplies with -5".into()));
    assert_eq!(r(|r| r.shifts[0] = 31), Err("shifts by 31".into()));
    assert_eq!(r(|r| r.least = 128), Err("cuts to 128..127".into()));
    let ranks =
        |counts: &[usize]| Data::Ranks { decimals: 0, ranks: counts.iter().map(|&n| vec![0; n]).collect() };
    assert_eq!(said(ranks(&[0, 30_000])), Ok(()));
    assert_eq!(said(ranks(&[0, 30_001])), Err("has 30001 thresholds for number 1, above 30000".into()));
    let line = Linear { multiplier: 1, offset: 0, shift: 0 };
    let lines = |count, lines: usize| said(Data::Lines { count, decimals: 0, lines: vec![line; lines] });
    assert_eq!([lines(3, 1), lines(3, 3)], [Ok(()), Ok(())]);
    assert_eq!(lines(3, 2), Err("has 2 lines for 3 numbers".into()));
}
