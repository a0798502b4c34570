//! From a model to a [`Net`]: zero points into biases, padding into borders, rounding into step functions.

use super::forest::Forest;
use super::net::{Array, Border, Net, Product, Step, Window, Work};
use super::steps::Steps;
use crate::arithmetic::network::mean;
use crate::model::{self, Kind, Network, Operator, Pooling, Requantization, Sensors, Shape, Term};

/// A byte for a value.
const HALF: i64 = 128;

/// A network as kernels see it.
///
/// # Errors
/// What no kernel computes, by its name.
pub fn lower(sensors: &Sensors, network: &Network) -> Result<Net, String> {
    let array = |shape: Shape| Array {
        rows: shape.height,
        cols: shape.width,
        channels: shape.channels,
        border: Border::default(),
    };
    let mut arrays = vec![array(sensors.shape)];
    arrays.extend(network.operators.iter().map(|operator| array(operator.shape)));
    shape_input(network, &mut arrays)?;
    borders(network, &mut arrays)?;
    let mut steps = Vec::new();
    for (at, operator) in network.operators.iter().enumerate() {
        match &operator.kind {
            Kind::Pool { window, pooling: Pooling::Average, .. } => {
                steps.extend(averages(at, operator, *window))
            }
            _ => steps.push(step(&arrays, at, operator)),
        }
    }
    Ok(Net { arrays, steps })
}

/// The values that are read have the shape that windows see; others must have it already.
fn shape_input(network: &Network, arrays: &mut [Array]) -> Result<(), String> {
    let mut is_shaped = false;
    for operator in &network.operators {
        let (Kind::Convolution { input, window, .. } | Kind::Pool { input, window, .. }) = &operator.kind
        else {
            continue;
        };
        let array = &mut arrays[*input];
        let Shape { height, width, channels } = window.input;
        if (array.rows, array.cols, array.channels) == (height, width, channels) {
            continue;
        }
        if *input > 0 || is_shaped {
            return Err("values that are read in another shape than they are written in".into());
        }
        is_shaped = true;
        (array.rows, array.cols, array.channels) = (height, width, channels);
    }
    Ok(())
}

/// What windows read over the edges of arrays.
fn borders(network: &Network, arrays: &mut [Array]) -> Result<(), String> {
    for operator in &network.operators {
        let (input, window, byte) = match &operator.kind {
            Kind::Convolution { input, window, zero, .. } => (*input, window, i64::from(*zero) + HALF),
            // Less than any byte is not more than the largest; zero adds nothing to a sum.
            Kind::Pool { input, window, pooling } => match pooling {
                Pooling::Max => (*input, window, 0),
                _ => (*input, window, HALF),
            },
            _ => continue,
        };
        if !window.is_padded() {
            continue;
        }
        let byte = byte as u8;
        let border = &mut arrays[input].border;
        if *border != Border::default() && border.byte != byte {
            return Err("two windows over the edge of the same values that read different bytes there".into());
        }
        let behind = |axis: usize, size: usize| {
            let end = (window.output[axis] - 1) * window.stride[axis] + window.kernel[axis];
            end.saturating_sub(window.before[axis] + size)
        };
        *border = Border {
            top: border.top.max(window.before[0]),
            left: border.left.max(window.before[1]),
            bottom: border.bottom.max(behind(0, window.input.height)),
            right: border.right.max(behind(1, window.input.width)),
            byte,
        };
    }
    Ok(())
}

/// An operator's step that does some work.
fn named(at: usize, operator: &Operator, work: Work) -> Step {
    let words = operator.kind.gives_words();
    Step {
        name: format!("s{}_{}", at + 1, crate::stage::label(operator.kind.name())),
        kind: operator.kind.name(),
        reads: operator.kind.inputs(),
        writes: (!words).then_some(at + 1),
        origin: (0, 0),
        work,
    }
}

/// Means of windows: a step for each rectangle of positions whose windows show as many places.
fn averages(at: usize, operator: &Operator, window: model::Window) -> Vec<Step> {
    // Positions of an axis, in runs that show as many rows or columns: the first, how many, and what they show.
    let runs = |axis: usize, size: usize| {
        let mut runs: Vec<(usize, usize, usize)> = Vec::new();
        for position in 0..window.output[axis] {
            let from = position * window.stride[axis];
            let end = (from + window.kernel[axis]).min(size + window.before[axis]);
            let shown = end - from.max(window.before[axis]);
            match runs.last_mut() {
                Some((_, count, same)) if *same == shown => *count += 1,
                _ => runs.push((position, 1, shown)),
            }
        }
        runs
    };
    let taps = (window.kernel[0] * window.kernel[1]) as i64;
    let mut steps = Vec::new();
    for (row, down, high) in runs(0, window.input.height) {
        for (col, across, wide) in runs(1, window.input.width) {
            let count = (high * wide) as i32;
            // What lies outside is a byte that stands for 0.
            let of = |sum: i64| i64::from(mean((sum - HALF * taps) as i32, count)) + HALF;
            let least = HALF * (taps - i64::from(count));
            let bounds = (least, least + 255 * i64::from(count));
            let function = Steps::of(bounds, (0, 255), of);
            let window = Window { places: (down, across), ..window_of(window) };
            let step = named(at, operator, Work::Sum { window, steps: vec![function] });
            let name = if row + col > 0 { format!("{}_{row}_{col}", step.name) } else { step.name };
            steps.push(Step { name, origin: (row, col), ..step });
        }
    }
    steps
}

fn step(arrays: &[Array], at: usize, operator: &Operator) -> Step {
    let outputs = operator.shape.channels;
    let work = match &operator.kind {
        Kind::Dense { input, zero, weights, bias, requantization } => {
            let array = &arrays[*input];
            let rows = weights.chunks(array.values()).map(<[i8]>::to_vec).collect();
            product(Window::whole(array), false, rows, (bias, *zero), requantization)
        }
        Kind::Convolution { zero, window, bias, requantization, .. } if is_sum(&operator.kind) => {
            let window = window_of(*window);
            let count = (window.rows * window.cols) as i64;
            let steps = sums(count, i64::from(bias[0]) - zeros(*zero, count), requantization);
            Work::Sum { window, steps }
        }
        Kind::Convolution { zero, window, groups, weights, bias, requantization, .. } => {
            let taps = window.kernel[0] * window.kernel[1];
            let channels = window.input.channels;
            let apart = *groups == channels && channels > 1;
            let rows = weights.chunks(taps * (channels / groups));
            let rows = match apart || *groups == 1 {
                true => rows.map(<[i8]>::to_vec).collect(),
                false => rows
                    .enumerate()
                    .map(|(o, row)| spread(row, taps, channels, *groups, o * groups / outputs))
                    .collect(),
            };
            product(window_of(*window), apart, rows, (bias, *zero), requantization)
        }
        Kind::Pool { window, pooling: Pooling::Max, .. } => Work::Max(window_of(*window)),
        Kind::Pool { .. } => {
            unreachable!("means have steps of their own, and sums are none of a model's pools")
        }
        Kind::Mean { input, zero, requantization } => {
            let array = &arrays[*input];
            let count = (array.rows * array.cols) as i64;
            let steps = sums(count, -zeros(*zero, count), requantization);
            Work::Sum { window: Window::whole(array), steps }
        }
        Kind::Add { terms, requantization } => sum([0, 1].map(|side| table(&terms[side])), requantization),
        Kind::Sum { tables, requantization, .. } => {
            let table = |side: usize| std::array::from_fn(|byte| tables[side][byte ^ 0x80]);
            sum([0, 1].map(table), requantization)
        }
        Kind::Table { values, .. } => {
            let entry = |byte: usize| (i64::from(values[byte ^ 0x80]) + HALF) as u8;
            Work::Table(Box::new(std::array::from_fn(entry)))
        }
        Kind::Trees { input, trees } => Work::Trees(Forest::new(trees, &arrays[*input])),
    };
    named(at, operator, work)
}

fn window_of(window: model::Window) -> Window {
    Window {
        rows: window.kernel[0],
        cols: window.kernel[1],
        down: window.stride[0],
        right: window.stride[1],
        above: window.before[0],
        before: window.before[1],
        places: (window.output[0], window.output[1]),
    }
}

/// The weights of an output that reads the channels of one group, over all channels.
fn spread(row: &[i8], taps: usize, channels: usize, groups: usize, group: usize) -> Vec<i8> {
    let size = channels / groups;
    let mut all = vec![0; taps * channels];
    for tap in 0..taps {
        let from = tap * channels + group * size;
        all[from..from + size].copy_from_slice(&row[tap * size..][..size]);
    }
    all
}

/// The result of a sum: a byte, or, where results have 16 bits, the value itself.
fn result(requantization: &Requantization, output: usize, sum: i64) -> i64 {
    let half = if requantization.is_bytes() { HALF } else { 0 };
    i64::from(requantization.at(output, sum as i32)) + half
}

/// The least and the largest result.
fn range(requantization: &Requantization) -> (i64, i64) {
    let half = if requantization.is_bytes() { HALF } else { 0 };
    (i64::from(requantization.least) + half, i64::from(requantization.most) + half)
}

fn product(
    window: Window,
    apart: bool,
    weights: Vec<Vec<i8>>,
    (bias, zero): (&[i32], i16),
    requantization: &Requantization,
) -> Work {
    let less = |row: &[i8]| (HALF + i64::from(zero)) * row.iter().map(|&w| i64::from(w)).sum::<i64>();
    let biases = weights.iter().zip(bias).map(|(row, &bias)| i64::from(bias) - less(row)).collect();
    let mut product = Product { window, apart, weights, biases, steps: Vec::new() };
    let count = requantization.multipliers.len();
    product.steps = (0..count)
        .map(|i| {
            let of = (0..product.weights.len()).filter(|o| o % count == i).map(|o| product.bounds(o));
            let bounds = of.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0, 0));
            Steps::of(bounds, range(requantization), |sum| result(requantization, i, sum))
        })
        .collect();
    for output in 0..product.weights.len() {
        let bounds = product.bounds(output);
        if product.steps(output).is_constant(bounds) {
            product.weights[output].fill(0);
            product.biases[output] = bounds.0;
        }
    }
    Work::Product(product)
}

/// Whether it adds up what a window shows, channel by channel: a depthwise convolution whose weights are all 1 and whose biases are
/// the same, as means of windows come from ONNX. Padding stands for 0 in both.
fn is_sum(kind: &Kind) -> bool {
    let Kind::Convolution { window, groups, weights, bias, .. } = kind else { return false };
    let channels = window.input.channels;
    *groups == channels
        && bias.len() == channels
        && weights.iter().all(|&w| w == 1)
        && bias.windows(2).all(|pair| pair[0] == pair[1])
}

/// What so many bytes that stand for 0 add to a sum.
fn zeros(zero: i16, count: i64) -> i64 {
    (HALF + i64::from(zero)) * count
}

/// What sums of so many bytes, and `more`, become, for each function of a requantization.
fn sums(count: i64, more: i64, requantization: &Requantization) -> Vec<Steps> {
    let one = |i: usize| {
        Steps::of((0, 255 * count), range(requantization), |sum| result(requantization, i, sum + more))
    };
    (0..requantization.multipliers.len()).map(one).collect()
}

/// Sums of entries for pairs of bytes.
fn sum(tables: [[i32; 256]; 2], requantization: &Requantization) -> Work {
    let most = |pick: fn(&[i32; 256]) -> i32| tables.iter().map(|t| i64::from(pick(t))).sum::<i64>();
    let bounds =
        (most(|t| t.iter().copied().min().unwrap_or(0)), most(|t| t.iter().copied().max().unwrap_or(0)));
    let one = |i: usize| Steps::of(bounds, range(requantization), |sum| result(requantization, i, sum));
    let steps = (0..requantization.multipliers.len()).map(one).collect();
    Work::Add { tables: Box::new(tables), steps }
}

/// What a term gives for each byte.
fn table(term: &Term) -> [i32; 256] {
    std::array::from_fn(|byte| term.at(byte as i32 - HALF as i32))
}
