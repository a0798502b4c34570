//! What people see of a network on numbers.

use crate::error::CliError;
use crate::inspect::Fit;
use crate::models::family;
use crate::table::{Align, count, fold, grouped, table};
use crate::targets;
use mlc_compiler::ir::Op;
use mlc_compiler::model::{Answer, Kind, Model, Network, Operator, Sensors, Shape, Trees};
use mlc_compiler::pass;
use mlc_compiler::{Assets, CompileError, c99};
use serde::Serialize;
use std::io::Write;

/// One operator in figures.
#[derive(Serialize)]
struct Layer {
    name: String,
    kind: &'static str,
    inputs: Vec<usize>,
    /// Height, width, channels of what it gives.
    shape: [usize; 3],
    weights: usize,
    nonzero: usize,
    products: usize,
    /// Bits that its sums need, proven; none where nothing is summed.
    #[serde(skip_serializing_if = "Option::is_none")]
    sum_bits: Option<u32>,
    scale: f64,
    zero: i16,
    /// Of trees: how many there are, and how many comparisons.
    #[serde(skip_serializing_if = "Option::is_none")]
    trees: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    splits: Option<usize>,
}

#[derive(Serialize)]
struct Facts<'a> {
    name: &'a str,
    about: &'a str,
    kind: &'static str,
    inputs: [usize; 3],
    input_names: &'a [String],
    decimals: u8,
    rounding: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<&'a [String]>,
    weights: usize,
    products: usize,
    /// Bytes of all tensors that are there at once, at most.
    activation_bytes: usize,
    operators: Vec<Layer>,
    targets: Vec<Fit>,
    c99: InC,
    training: Vec<(&'a str, &'a str)>,
}

/// What its C takes.
#[derive(Serialize, Default)]
struct InC {
    #[serde(skip_serializing_if = "Option::is_none")]
    constants: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<usize>,
    /// Where rows are computed while values come.
    #[serde(skip_serializing_if = "Option::is_none")]
    state_of_whole_arrays: Option<usize>,
    /// Why there is no C.
    #[serde(skip)]
    refusal: Option<String>,
}

impl InC {
    fn of(model: &Model, assets: &Assets) -> Self {
        match c99::sources(model, assets) {
            Ok(sources) => Self {
                constants: Some(sources.flash),
                state: Some(sources.ram),
                state_of_whole_arrays: sources.ram_of_whole,
                refusal: None,
            },
            Err(error) => Self { refusal: Some(error.to_string()), ..Self::default() },
        }
    }

    fn line(&self) -> String {
        let (Some(constants), Some(state)) = (self.constants, self.state) else {
            return format!("c99: {}", self.refusal.as_deref().unwrap_or_default());
        };
        let by_rows = if self.state_of_whole_arrays.is_some() { "; row by row" } else { "" };
        let [constants, state] = [constants, state].map(|n| grouped(n as u64));
        format!("c99: {constants} bytes of constants, {state} of state{by_rows}")
    }
}

fn sides(shape: Shape) -> [usize; 3] {
    [shape.height, shape.width, shape.channels]
}

/// `28x28x1`, or a number of values.
fn shown(shape: Shape) -> String {
    match sides(shape) {
        [1, 1, channels] => channels.to_string(),
        [1, width, channels] => format!("{width}x{channels}"),
        [height, width, channels] => format!("{height}x{width}x{channels}"),
    }
}

fn trees(operator: &Operator) -> Option<&Trees> {
    match &operator.kind {
        Kind::Trees { trees, .. } => Some(trees),
        _ => None,
    }
}

/// What it reads: the sides of a tensor, or how many numbers where some become several bytes.
fn numbers(sensors: &Sensors) -> String {
    match sensors.numbers() {
        n if n == sensors.shape.len() => shown(sensors.shape),
        n => count(n, "number"),
    }
}

/// A model in a line: `sine, 1 number to 1, 3 operators, 288 weights, rounds as tflm`. Trees have splits in the place of weights.
pub fn summary(model: &Model, sensors: &Sensors, network: &Network) -> String {
    let outputs = network.operators.last().map_or(0, |last| last.shape.len());
    format!(
        "{}, {} to {outputs}, {}, {}, rounds as {}",
        model.head.name,
        numbers(sensors),
        count(network.operators.len(), "operator"),
        learned(model, network),
        network.rounding.name()
    )
}

/// What was learned, in figures.
fn learned(model: &Model, network: &Network) -> String {
    let weights = model.body.weights();
    let splits = network.operators.iter().filter_map(trees).map(|trees| trees.splits.len());
    let splits = splits.reduce(|a, b| a + b).map(|n| count(n, "split"));
    let weights = (weights > 0 || splits.is_none()).then(|| count(weights, "weight"));
    weights.into_iter().chain(splits).collect::<Vec<_>>().join(", ")
}

/// A scale with six digits or so.
fn step(scale: f64) -> String {
    if (1e-3..1e6).contains(&scale) { format!("{scale:.6}") } else { format!("{scale:.4e}") }
}

/// Everything about a network on numbers.
///
/// # Errors
/// A bug in mlc; output that cannot be written.
pub fn inspect(
    (model, assets): (&Model, &Assets),
    (sensors, network): (&Sensors, &Network),
    targets: Vec<Fit>,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let facts = facts((model, assets), sensors, network, targets)?;
    if json {
        return Ok(writeln!(out, "{}", targets::json(&facts))?);
    }
    writeln!(out, "{}", fold(&summary(model, sensors, network)))?;
    if !model.head.about.is_empty() {
        writeln!(out, "{}", fold(&model.head.about))?;
    }
    let steps = match sensors.stands_for(0) {
        Some(quantization) => {
            let each = if sensors.quantization.len() > 1 { ", each its own scale" } else { "" };
            format!("a step is {}{each}", step(quantization.scale.0))
        }
        None => {
            let thresholds = sensors.ranks.iter().map(Vec::len).sum();
            format!("compared with {}", count(thresholds, "threshold"))
        }
    };
    writeln!(
        out,
        "reads: {}, {} counted, {steps}",
        count(sensors.numbers(), "number"),
        count(sensors.decimals.into(), "decimal"),
    )?;
    if !sensors.inputs.is_empty() {
        writeln!(out, "{}", fold(&format!("inputs: {}", sensors.inputs.join(", "))))?;
    }
    let answers = match &model.answer {
        Answer::Class(class) if class.margin > 0 => {
            format!("{}, or ? below a margin of {}", class.labels.join(", "), class.margin)
        }
        Answer::Class(class) => class.labels.join(", "),
        _ => "numbers".into(),
    };
    writeln!(out, "{}", fold(&format!("answers: {answers}")))?;
    writeln!(out, "tensors at once: {} bytes at most\n", grouped(facts.activation_bytes as u64))?;
    let columns = [
        ("operator", Align::Left),
        ("kind", Align::Left),
        ("gives", Align::Right),
        ("weights", Align::Right),
        ("not 0", Align::Right),
        ("products", Align::Right),
        ("sum bits", Align::Right),
    ];
    let row = |(layer, operator): (&Layer, &Operator)| {
        let number = |n: usize| if n == 0 { String::new() } else { grouped(n as u64) };
        vec![
            layer.name.clone(),
            match (layer.trees, layer.splits) {
                (Some(trees), Some(splits)) => {
                    format!("{}, {}", count(trees, "tree"), count(splits, "split"))
                }
                _ => layer.kind.to_string(),
            },
            shown(operator.shape),
            number(layer.weights),
            number(layer.nonzero),
            number(layer.products),
            layer.sum_bits.map(|bits| bits.to_string()).unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = facts.operators.iter().zip(&network.operators).map(row).collect();
    write!(out, "{}", table(&columns, &rows))?;
    writeln!(out, "products: {}\n", grouped(facts.products as u64))?;
    facts.targets.iter().try_for_each(|fit| writeln!(out, "{}", fold(&fit.line())))?;
    Ok(writeln!(out, "{}", fold(&facts.c99.line()))?)
}

fn facts<'a>(
    (model, assets): (&'a Model, &Assets),
    sensors: &'a Sensors,
    network: &'a Network,
    targets: Vec<Fit>,
) -> Result<Facts<'a>, CliError> {
    let graph = mlc_compiler::reference(model)?;
    let (reports, _) =
        pass::optimise(graph, usize::from(model.reader.max_query())).map_err(CompileError::from)?;
    let graph = &reports.last().expect("optimise() records every pass").graph;
    let bits = |name: &str| {
        let mut sums = graph.nodes.iter().filter(|(_, node)| node.name == name);
        let sum = sums.rfind(|(_, node)| matches!(node.op, Op::Bias { .. } | Op::Sum { .. }))?;
        let range = sum.1.facts.hull()?;
        let magnitude = range.most.max(-1 - range.least).max(0);
        Some(65 - magnitude.leading_zeros())
    };
    let layer = |operator: &Operator| Layer {
        name: operator.name.clone(),
        kind: operator.kind.name(),
        inputs: operator.kind.inputs(),
        shape: sides(operator.shape),
        weights: operator.kind.weights().len(),
        nonzero: operator.kind.weights().iter().filter(|&&w| w != 0).count(),
        products: products(operator),
        sum_bits: bits(&operator.name),
        scale: operator.output.scale.0,
        zero: operator.output.zero,
        trees: trees(operator).map(|trees| trees.roots.len()),
        splits: trees(operator).map(|trees| trees.splits.len()),
    };
    let operators: Vec<Layer> = network.operators.iter().map(layer).collect();
    let labels = match &model.answer {
        Answer::Class(class) => Some(class.labels.as_slice()),
        _ => None,
    };
    Ok(Facts {
        name: &model.head.name,
        about: &model.head.about,
        kind: family(model),
        inputs: sides(sensors.shape),
        input_names: &sensors.inputs,
        decimals: sensors.decimals,
        rounding: network.rounding.name(),
        labels,
        weights: model.body.weights(),
        products: operators.iter().map(|layer| layer.products).sum(),
        activation_bytes: at_once(sensors, network),
        operators,
        targets,
        c99: InC::of(model, assets),
        training: model.head.training.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect(),
    })
}

fn products(operator: &Operator) -> usize {
    match &operator.kind {
        Kind::Dense { weights, .. } => weights.len(),
        Kind::Convolution { window, weights, .. } => weights.len() * window.output[0] * window.output[1],
        _ => 0,
    }
}

/// Bytes of the tensors that are there while an operator runs: what it takes and gives, and what is still needed.
fn at_once(sensors: &Sensors, network: &Network) -> usize {
    let last_use = |tensor: usize| {
        let users = network.operators.iter().enumerate().filter(|(_, o)| o.kind.inputs().contains(&tensor));
        users.map(|(at, _)| at).next_back()
    };
    let lives = |tensor: usize, at: usize| tensor <= at && last_use(tensor).is_some_and(|last| last >= at);
    let size = |tensor: usize| network.shape(sensors.shape, tensor).len();
    let while_running =
        |at: usize| size(at + 1) + (0..=at).filter(|&t| lives(t, at)).map(size).sum::<usize>();
    (0..network.operators.len()).map(while_running).max().unwrap_or(0)
}
