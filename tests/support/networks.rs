//! Random small networks on numbers, of every operator, and what a test needs to build its own.
//!
//! Whoever includes this includes `random.rs` as the module `random` beside it.

#![allow(dead_code, reason = "each test target uses a part of it")]

#[path = "forests.rs"]
pub mod forests;
#[path = "row_networks.rs"]
pub mod row_networks;

use super::random::Random;
use forests::{ranks, trees};
use mlc_compiler::model::{
    Answer, Body, Class, Head, Kind, Linear, Model, Network, Numbers, Operator, Pooling, Quantization,
    Reader, Real, Requantization, Rounding, Sensors, Shape, Steps, Term, Window,
};

pub const ALL_STEPS: [Steps; 3] = [Steps::Twice, Steps::Up, Steps::Even];

pub fn quantization(scale: f64, zero: i16) -> Quantization {
    Quantization { scale: Real(scale), zero }
}

/// A byte anywhere, often at the ends.
pub fn byte(r: &mut Random) -> i8 {
    match r.within(0, 5) {
        0 => [-128, -127, -1, 0, 1, 127][r.within(0, 5)],
        _ => r.next() as i8,
    }
}

pub fn bytes(r: &mut Random, count: usize) -> Vec<i8> {
    (0..count).map(|_| byte(r)).collect()
}

/// A multiplier and a shift that make bytes of sums of about this magnitude.
fn scale(r: &mut Random, magnitude: i64, steps: Steps) -> (i32, i8) {
    let mut multiplier = (1 << 30) + (r.next() % (1 << 30)) as i32;
    if r.chance(4) {
        multiplier = [0, 1 << 30, i32::MAX][r.within(0, 2)];
    }
    if steps == Steps::Even {
        multiplier &= !127;
    }
    let bits = 64 - magnitude.max(1).leading_zeros() as i32;
    // The largest sums become 2^6 to 2^8.
    (multiplier, (7 + r.within(0, 2) as i32 - bits).clamp(-31, 7) as i8)
}

/// How sums of this magnitude become outputs of `channels`.
pub fn requantization(r: &mut Random, channels: usize, magnitude: i64, steps: Steps) -> Requantization {
    let each = if r.chance(50) { channels } else { 1 };
    let (multipliers, shifts) = (0..each).map(|_| scale(r, magnitude, steps)).unzip();
    let zero = byte(r).into();
    let (least, most) = match r.within(0, 2) {
        0 => (-128, 127),
        1 => (zero, 127),
        _ => (zero.max(-100) - 20, zero.max(-100) + 100),
    };
    let (least, most) = (least.clamp(-128, 127), most.clamp(-128, 127));
    Requantization { steps, multipliers, shifts, zero, least, most }
}

/// The largest magnitude of `Σ w·(x - zero) + bias`.
fn magnitude(weights: &[i8], rows: usize, bias: &[i32]) -> i64 {
    let row = |row: &[i8]| row.iter().map(|w| i64::from(w.unsigned_abs())).sum::<i64>() * 100;
    let largest = weights.chunks(weights.len() / rows).map(row).max().unwrap_or(0);
    largest + bias.iter().map(|b| i64::from(b.unsigned_abs())).max().unwrap_or(0)
}

/// Values for the bytes of two tensors: any, along a line, or nearly so.
fn tables(r: &mut Random) -> Box<[Vec<i32>; 2]> {
    let bits = r.within(8, 28);
    let mut table = || {
        let (way, slope) = (r.within(0, 2), r.within(0, 1 << (bits - 7)) as i32 - (1 << (bits - 8)));
        let mut entry = |byte: u8| {
            let any = r.within(0, 1 << bits) as i32 - (1 << (bits - 1));
            let line = i32::from(byte as i8) * slope;
            [any, line, line + any % 9][way]
        };
        let mut table: Vec<i32> = (0..=255).map(&mut entry).collect();
        if r.chance(25) {
            table[r.within(0, 255)] = [(1 << 30) - 1, 1 - (1 << 30), 0][r.within(0, 2)];
        }
        table
    };
    Box::new([table(), table()])
}

/// A network in the making.
pub struct Maker {
    pub r: Random,
    pub input: Shape,
    pub steps: Steps,
    /// Sums have tables, and some depthwise convolutions weights of 1.
    pub as_onnx: bool,
    pub operators: Vec<Operator>,
}

impl Maker {
    pub fn new(seed: u64, input: Shape) -> Self {
        let mut r = Random(seed);
        let steps = ALL_STEPS[r.within(0, 2)];
        Self { r, input, steps, as_onnx: false, operators: Vec::new() }
    }

    /// The last tensor and its shape.
    pub fn last(&self) -> (usize, Shape) {
        let tensor = self.operators.len();
        (tensor, self.shape(tensor))
    }

    pub fn shape(&self, tensor: usize) -> Shape {
        tensor.checked_sub(1).map_or(self.input, |at| self.operators[at].shape)
    }

    pub fn push(&mut self, shape: Shape, kind: Kind) {
        let name = format!("{}{}", kind.name().replace(' ', "_"), self.operators.len() + 1);
        let output = quantization(0.05, 3);
        self.operators.push(Operator { name, shape, kind, output });
    }

    fn parameters(&mut self, rows: usize, cols: usize) -> (i16, Vec<i8>, Vec<i32>, Requantization) {
        let zero = if self.r.chance(50) { -128 } else { byte(&mut self.r).into() };
        let zeros = self.r.within(0, 60) as u64;
        let mut weights = bytes(&mut self.r, rows * cols);
        weights.iter_mut().for_each(|w| *w = if self.r.chance(zeros) { 0 } else { *w });
        let bias: Vec<i32> = (0..rows).map(|_| self.r.within(0, 20_000) as i32 - 10_000).collect();
        let size = magnitude(&weights, rows, &bias);
        let requantization = requantization(&mut self.r, rows, size, self.steps);
        (zero, weights, bias, requantization)
    }

    pub fn dense(&mut self, outputs: usize) {
        let (input, shape) = self.last();
        let (zero, weights, bias, requantization) = self.parameters(outputs, shape.len());
        let kind = Kind::Dense { input, zero, weights, bias, requantization };
        self.push(Shape::vector(outputs), kind);
    }

    /// A window over the last tensor that shows something at every position.
    pub fn window(&mut self) -> Window {
        let (_, input) = self.last();
        let mut window = Window::whole(input);
        for (axis, size) in [input.height, input.width].into_iter().enumerate() {
            let kernel = self.r.within(1, size.min(4));
            let stride = self.r.within(1, 3);
            let before = if self.r.chance(50) { self.r.within(0, kernel - 1) } else { 0 };
            let most = (size + before - 1) / stride + 1;
            let full = if size + before >= kernel { (size + before - kernel) / stride + 1 } else { 1 };
            let output = if self.r.chance(60) { full } else { self.r.within(full.min(most), most) };
            (window.kernel[axis], window.stride[axis]) = (kernel, stride);
            (window.before[axis], window.output[axis]) = (before, output.max(1));
        }
        window
    }

    pub fn convolution(&mut self, outputs: usize, groups: usize) {
        let window = self.window();
        self.convolve(window, outputs, groups);
    }

    pub fn convolve(&mut self, window: Window, outputs: usize, groups: usize) {
        let (input, shape) = self.last();
        let taps = window.kernel[0] * window.kernel[1] * (shape.channels / groups);
        let (zero, mut weights, mut bias, mut requantization) = self.parameters(outputs, taps);
        if self.as_onnx && groups == outputs && self.r.chance(60) {
            // A sum of what the window shows, as means of windows come from ONNX.
            weights.fill(1);
            bias.fill(self.r.within(0, 400) as i32 - 200);
            requantization = self::requantization(&mut self.r, outputs, 128 * taps as i64, self.steps);
        }
        let kind = Kind::Convolution { input, zero, window, groups, weights, bias, requantization };
        self.push(Shape { height: window.output[0], width: window.output[1], channels: outputs }, kind);
    }

    pub fn pool(&mut self, pooling: Pooling) {
        let (input, shape) = self.last();
        let window = self.window();
        let kind = Kind::Pool { input, window, pooling };
        self.push(
            Shape { height: window.output[0], width: window.output[1], channels: shape.channels },
            kind,
        );
    }

    pub fn mean(&mut self) {
        let (input, shape) = self.last();
        let size = (shape.height * shape.width * 128) as i64;
        let requantization = requantization(&mut self.r, shape.channels, size, self.steps);
        let zero = byte(&mut self.r).into();
        self.push(Shape::vector(shape.channels), Kind::Mean { input, zero, requantization });
    }

    /// The last tensor and another one of its shape, or itself.
    pub fn add(&mut self) {
        let (last, shape) = self.last();
        let others: Vec<usize> = (0..=last).filter(|&tensor| self.shape(tensor) == shape).collect();
        let other = others[self.r.within(0, others.len() - 1)];
        let terms = [last, other].map(|input| {
            let (multiplier, _) = scale(&mut self.r, 1, self.steps);
            let (left, shift) = (self.r.within(16, 20) as u8, -(self.r.within(0, 2) as i8));
            Term { input, zero: byte(&mut self.r).into(), left, steps: self.steps, multiplier, shift }
        });
        let requantization = requantization(&mut self.r, shape.channels, 1 << 27, self.steps);
        // By tables in the place of terms, as sums come from ONNX.
        let kind = match self.as_onnx {
            true => Kind::Sum { inputs: [last, other], tables: tables(&mut self.r), requantization },
            false => Kind::Add { terms, requantization },
        };
        self.push(shape, kind);
    }

    pub fn table(&mut self) {
        let (input, shape) = self.last();
        let values = bytes(&mut self.r, 256);
        self.push(shape, Kind::Table { input, values });
    }

    /// One operator of any kind.
    pub fn any(&mut self) {
        let (_, shape) = self.last();
        let flat = shape.height * shape.width == 1;
        match self.r.within(0, 9) {
            0 | 1 => {
                let outputs = self.r.within(1, 9);
                self.dense(outputs);
            }
            2 | 3 if !flat => {
                let outputs = self.r.within(1, 5);
                self.convolution(outputs, 1);
            }
            4 if !flat => {
                let times = self.r.within(1, 2);
                self.convolution(shape.channels * times, shape.channels);
            }
            5 if !flat => self.pool(Pooling::Max),
            6 if !flat => self.pool(Pooling::Average),
            7 if !flat => self.mean(),
            8 => self.add(),
            _ => self.table(),
        }
    }

    pub fn sensors(&mut self) -> Sensors {
        let count = self.input.len();
        let each = if self.r.chance(30) { count } else { 1 };
        let inputs = if self.r.chance(30) { (0..count).map(|i| format!("in{i}")).collect() } else { vec![] };
        let mut scaling = Vec::new();
        for _ in 0..each {
            let factor = (self.r.within(1, 4000) as f64) / 1000.0;
            scaling.push(Linear::near(factor, f64::from(byte(&mut self.r))).expect("a small factor"));
        }
        let decimals = self.r.within(0, 3) as u8;
        let shape = self.input;
        let quantization = vec![quantization(0.1, -128)];
        Sensors { inputs, shape, decimals, scaling, quantization, ranks: vec![] }
    }

    /// Trees over the last tensor: none deeper than a few splits, or one that is a long chain.
    pub fn trees(&mut self, outputs: usize) {
        let (input, shape) = self.last();
        let trees = trees(&mut self.r, shape.len(), outputs);
        self.push(Shape::vector(outputs), Kind::Trees { input, trees });
    }

    /// The network with an answer: a label of the largest, or numbers.
    pub fn model(mut self) -> Model {
        let reader = Reader::Sensors(self.sensors());
        let outputs = self.last().1.len();
        let answer = if self.r.chance(70) {
            let labels = (0..outputs).map(|i| format!("label{i}")).collect();
            let margin = if self.r.chance(50) { self.r.within(1, 40) as u8 } else { 0 };
            Answer::Class(Class { labels, margin, output: quantization(0.1, 2), softmax: None })
        } else {
            let decimals = self.r.within(0, 3) as u8;
            let format = vec![Linear::near(7.25, -3.5).expect("a small factor")];
            Answer::Numbers(Numbers { names: vec![], decimals, format, output: quantization(0.1, 2) })
        };
        let body = Body::Network(Network { rounding: Rounding::Tflm, operators: self.operators });
        let head = Head { name: "random".into(), ..Head::default() };
        Model { head, reader, body, answer }
    }
}

/// A random network of a few operators.
pub fn random(seed: u64) -> Model {
    let mut r = Random(seed);
    let shape = match r.within(0, 2) {
        0 => Shape::vector(r.within(1, 12)),
        _ => Shape { height: r.within(1, 6), width: r.within(2, 7), channels: r.within(1, 3) },
    };
    let mut maker = Maker::new(seed ^ 0x55, shape);
    maker.as_onnx = seed % 3 == 1;
    for _ in 0..r.within(1, 5) {
        maker.any();
    }
    let mut more = Random(seed ^ 0x7EE5);
    if more.chance(25) {
        let outputs = [1, 2, more.within(3, 9), 127][more.within(0, 3)];
        maker.trees(outputs);
    } else if maker.last().1.len() > 20 {
        maker.dense(4);
    }
    let outputs = maker.last().1.len();
    let mut model = maker.model();
    if more.chance(25)
        && let Reader::Sensors(sensors) = &mut model.reader
    {
        sensors.ranks = (0..sensors.shape.len()).map(|_| ranks(&mut more)).collect();
        (sensors.scaling, sensors.quantization) = (vec![], vec![]);
    }
    if let Answer::Numbers(_) = model.answer
        && outputs > 20
    {
        // So many numbers are a long text for a chip.
        let labels = (0..outputs).map(|i| format!("label{i}")).collect();
        model.answer =
            Answer::Class(Class { labels, margin: 0, output: quantization(0.1, 2), softmax: None });
    }
    if let Err(e) = model.check() {
        panic!("seed {seed}: {e}");
    }
    model
}

/// A random network whose last operator has results of 16 bits; `None` where that is no product.
pub fn in_words(seed: u64) -> Option<Model> {
    let mut model = random(seed);
    let mut r = Random(seed ^ 0x16);
    let Body::Network(body) = &mut model.body else { return None };
    let last = body.operators.last_mut()?;
    let (Kind::Dense { requantization, .. } | Kind::Convolution { requantization, .. }) = &mut last.kind
    else {
        return None;
    };
    requantization.steps = Steps::Up;
    let each = requantization.multipliers.len();
    requantization.multipliers = (0..each).map(|_| (1 << 30) + (r.next() % (1 << 30)) as i32).collect();
    requantization.shifts = (0..each).map(|_| -(r.within(0, 3) as i8)).collect();
    (requantization.zero, requantization.least, requantization.most) =
        (r.within(0, 600) as i16 - 300, -32_768, 32_767);
    model.check().ok().map(|()| model)
}

/// Lines for a network of `count` values: its bytes as they are, corners first, numbers in every form, and lines that are
/// something else.
pub fn lines(seed: u64, count: usize) -> Vec<String> {
    let mut r = Random(seed ^ 0x5E45);
    let mut lines: Vec<String> =
        [-128, 127, 0, -1].map(|value| Sensors::line(&vec![value; count])).into_iter().collect();
    lines.extend((0..3).map(|_| Sensors::line(&bytes(&mut r, count))));
    for _ in 0..2 {
        let numbers: Vec<String> = (0..count).map(|_| number(&mut r)).collect();
        lines.push(format!("{} ", numbers.join([",", " ", ", ", ";\t"][r.within(0, 3)])));
    }
    let faults = ["1e1", "-", ".", "5-3", "--1", "1.2.3", "+1", "x", "#1", "", "1 1", "-.", "1/2", "9:"];
    let mut numbers = vec!["1"; count];
    numbers[r.within(0, count - 1)] = faults[r.within(0, faults.len() - 1)];
    lines.extend([
        numbers.join(","),
        String::new(),
        " ".into(),
        format!("#{}", vec!["1.0"; count].join(" ")),
    ]);
    lines
}

/// A number in one of its forms.
fn number(r: &mut Random) -> String {
    let digits = r.within(1, 4);
    let text: String = (0..digits).map(|_| char::from(b'0' + r.within(0, 9) as u8)).collect();
    match r.within(0, 7) {
        0 => format!("-{text}"),
        1 => format!("{text}.{}", r.within(0, 9999)),
        2 => format!("-0.{text}"),
        3 => format!(".{text}"),
        4 => "99999999.5".into(),
        5 => format!("-{text}."),
        _ => text,
    }
}
