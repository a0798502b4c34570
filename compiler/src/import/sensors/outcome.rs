//! What the readers of all formats give, and the model that is made of it.

use super::error::NetworkProblem;
use crate::model::{
    Answer, Body, Class, Head, Kind, Linear, MAX_DECIMALS, Model, Network, Numbers, Operator, Quantization,
    Reader, Real, Requantization, Rounding, Sensors, Shape, Softmax, rank_decimals,
};

/// What the network reads.
#[derive(Debug, Clone)]
pub struct Source {
    /// A name for each value, or none.
    pub names: Vec<String>,
    pub shape: Shape,
    /// What bytes stand for: one for each value, or one for all of them; none where they are ranks.
    pub quantization: Vec<Quantization>,
    /// See [`Sensors::ranks`].
    pub ranks: Vec<Vec<Real>>,
}

/// What it ends with.
#[derive(Debug, Clone)]
pub struct Ending {
    pub softmax: Option<Softmax>,
    pub output: Quantization,
    /// The file says that the largest output is the answer.
    pub classifies: bool,
    /// What a single output must be above to be the second of two labels: the half of a probability, else 0.
    pub middle: f64,
    /// Labels that the file has.
    pub labels: Option<Vec<String>>,
}

impl Ending {
    /// The end of a network that gives logits or numbers.
    pub fn of(output: Quantization, classifies: bool, labels: Option<Vec<String>>) -> Self {
        Self { softmax: None, output, classifies, middle: 0.0, labels }
    }
}

/// A network as it was read.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub source: Source,
    pub network: Network,
    pub ending: Ending,
    pub notes: Vec<String>,
}

/// What the user decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Name of the model; made from the file's name if `None`.
    pub name: Option<String>,
    pub labels: Option<Vec<String>>,
    /// Names of the values.
    pub inputs: Option<Vec<String>>,
    /// Whose arithmetic is followed, for a file that can have several.
    pub rounding: Option<Rounding>,
    /// See [`Class::margin`].
    pub margin: u8,
    /// Digits behind the point of a reading; as many as its steps need if `None`.
    pub decimals: Option<u8>,
    /// The outputs are numbers, not scores of labels.
    pub numbers: bool,
}

/// The model of a network.
///
/// # Errors
/// Labels that are not as many as outputs; a scale that no line of integers is near to.
pub fn model(
    outcome: Outcome,
    settings: &Settings,
    name: String,
    about: String,
) -> Result<(Model, Vec<String>), NetworkProblem> {
    let Outcome { source, mut network, ending, mut notes } = outcome;
    if let Some([_, _]) = settings.labels.as_deref()
        && !ending.classifies
    {
        split(&mut network, &ending);
    }
    let outputs = network.operators.last().map_or(0, |last| last.shape.len());
    let reader = sensors(source, settings, &mut notes)?;
    if settings.labels.is_some() && outputs == 1 && !ending.classifies {
        let why = "the network has one output, which is a number";
        return Err(NetworkProblem::Needless { option: "--labels", why });
    }
    let labels = settings.labels.clone().or(ending.labels.clone());
    let classifies = labels.is_some() || ending.classifies || outputs > 1;
    let answer = if classifies && !settings.numbers {
        let labels = labels.unwrap_or_else(|| {
            notes.push(format!("labels are 0 to {}: --labels names them", outputs - 1));
            (0..outputs).map(|i| i.to_string()).collect()
        });
        if labels.len() != outputs {
            return Err(NetworkProblem::Labels(labels.len(), outputs));
        }
        let (margin, output, softmax) = (settings.margin, ending.output, ending.softmax);
        Answer::Class(Class { labels, margin, output, softmax })
    } else if settings.margin > 0 {
        let why = "the network answers with a number";
        return Err(NetworkProblem::Needless { option: "--margin", why });
    } else {
        Answer::Numbers(numbers(ending.output)?)
    };
    let head = Head { name, about, ..Head::default() };
    let model = Model { head, reader: Reader::Sensors(reader), body: Body::Network(network), answer };
    Ok((model, notes))
}

/// Gives a network of one output of 8 bits two: the middle, and what it gave.
fn split(network: &mut Network, ending: &Ending) {
    let is_byte = |last: &&Operator| last.shape.len() == 1 && !matches!(last.kind, Kind::Trees { .. });
    let Some(last) = network.operators.last().filter(is_byte) else { return };
    let Quantization { scale, zero } = ending.output;
    let requantization = Requantization {
        steps: network.rounding.steps(),
        // 2^30 · 2^(1 - 31): the sum itself.
        multipliers: vec![1 << 30],
        shifts: vec![1],
        zero,
        least: -128,
        most: 127,
    };
    let middle = (ending.middle / scale.0).round() as i32;
    let kind = Kind::Dense {
        input: network.operators.len(),
        zero,
        weights: vec![0, 1],
        bias: vec![middle, 0],
        requantization,
    };
    let output = last.output;
    network.operators.push(Operator { name: "labels".into(), shape: Shape::vector(2), kind, output });
}

/// The digits behind the point that steps of this size show in.
fn digits(scale: f64) -> u8 {
    (0..MAX_DECIMALS).find(|&d| 10f64.powi(-i32::from(d)) <= scale * 1.000_001).unwrap_or(MAX_DECIMALS)
}

fn unit(decimals: u8) -> f64 {
    10f64.powi(-i32::from(decimals))
}

fn far(scale: f64) -> NetworkProblem {
    let what = format!("a scale of {scale}, which lines of 24-bit integers do not reach");
    NetworkProblem::Tensor { name: "input or output".into(), what }
}

fn sensors(source: Source, settings: &Settings, notes: &mut Vec<String>) -> Result<Sensors, NetworkProblem> {
    let Source { names, shape, quantization, ranks } = source;
    let (fit, wants) = rank_decimals(&ranks);
    let decimals = settings.decimals.unwrap_or_else(|| match ranks.is_empty() {
        true => digits(quantization.iter().map(|q| q.scale.0).fold(f64::INFINITY, f64::min)),
        false => fit,
    });
    if wants > decimals {
        notes.push(format!(
            "thresholds have more digits than the {decimals} that count in a line: a reading that is nearer to one may go the \
             other way"
        ));
    }
    let line = |q: &Quantization| {
        Linear::near(unit(decimals) / q.scale.0, q.zero.into()).ok_or_else(|| far(q.scale.0))
    };
    let scaling = quantization.iter().map(line).collect::<Result<_, _>>()?;
    let inputs = settings.inputs.clone().unwrap_or(names);
    Ok(Sensors { inputs, shape, decimals, scaling, quantization, ranks })
}

fn numbers(output: Quantization) -> Result<Numbers, NetworkProblem> {
    let scale = output.scale.0;
    let decimals = digits(scale);
    let step = scale / unit(decimals);
    let format = Linear::near(step, -f64::from(output.zero) * step).ok_or_else(|| far(scale))?;
    Ok(Numbers { names: Vec::new(), decimals, format: vec![format], output })
}
