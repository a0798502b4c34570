//! How well a network on numbers does on examples.

use crate::error::CliError;
use crate::table::{count, grouped};
use mlc_compiler::arithmetic::softmax::softmax;
use mlc_compiler::eval::classify;
use mlc_compiler::import::sensors::Floats;
use mlc_compiler::import::sensors::data::{Examples, Expected, Values};
use mlc_compiler::model::{Answer, Class, Model, Numbers, Rounding};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is not sure.
const UNSURE: &str = "?";

/// Examples of one label.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ByLabel {
    pub rows: usize,
    pub right: usize,
    /// What was answered instead, and how often.
    pub instead: BTreeMap<String, usize>,
}

/// How outputs compare with an array of expected ones.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    pub array: String,
    /// What is compared: `outputs`, `probabilities`, `labels`, `numbers`.
    pub what: &'static str,
    pub rows: usize,
    pub differ: usize,
    /// The largest difference of an output.
    pub largest: f64,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct Figures {
    pub rows: usize,
    /// Rows whose label is right; none without labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right: Option<usize>,
    /// Rows that are answered with `?`.
    pub unsure: usize,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_label: BTreeMap<String, ByLabel>,
    /// Of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_absolute_error: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_error: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<Difference>,
}

impl Figures {
    /// In sentences.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(right) = self.right {
            let share = 100.0 * right as f64 / self.rows.max(1) as f64;
            let (right, rows) = (grouped(right as u64), grouped(self.rows as u64));
            let unsure =
                if self.unsure > 0 { format!(", {} answered ?", self.unsure) } else { String::new() };
            lines.push(format!("{share:.1} % right, {right} of {rows}{unsure}"));
        }
        if let (Some(mean), Some(largest)) = (self.mean_absolute_error, self.largest_error) {
            lines.push(format!("mean absolute error {mean:.4}, largest {largest:.4}"));
        }
        for Difference { array, what, rows, differ, largest } in &self.expected {
            let largest = if *differ > 0 && *largest > 0.0 {
                format!(", by {largest:.4} at most")
            } else {
                String::new()
            };
            lines
                .push(format!("{what} against {array}: {differ} of {} differ{largest}", count(*rows, "row")));
        }
        lines
    }
}

/// Runs the reference on all rows.
///
/// # Errors
/// A model that was never checked.
pub fn measure(model: &Model, data: &Examples) -> Result<Figures, CliError> {
    let graph = mlc_compiler::reference(model)?;
    let Some((sensors, network)) = model.network() else {
        unreachable!("the caller has a network on numbers")
    };
    let mut all = Vec::with_capacity(data.rows);
    for row in 0..data.rows {
        let bytes = match &data.values {
            Values::Bytes(values) => values[row * data.width..][..data.width].to_vec(),
            Values::Reals(values) => sensors
                .bytes(&values[row * data.width..][..data.width], network.rounding == Rounding::OnnxRuntime),
        };
        let mut run = classify(&graph, &bytes);
        all.push((run.logits.swap_remove(0), String::from_utf8_lossy(&run.reply).into_owned()));
    }
    let mut figures = Figures { rows: data.rows, ..Figures::default() };
    match &model.answer {
        Answer::Class(class) => labels(class, data, &all, &mut figures),
        Answer::Numbers(answer) => numbers(answer, data, &all, &mut figures),
        Answer::Chat(_) | Answer::Label { .. } | Answer::Story(_) => {
            unreachable!("checked: a network on numbers answers with a label or with numbers")
        }
    }
    Ok(figures)
}

/// Outputs, and what is answered.
type Row = (Vec<i16>, String);

/// A label of a file as it is compared: `2.0` is `2`.
fn plain(label: &str) -> String {
    match label.parse::<f64>() {
        Ok(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        _ => label.to_string(),
    }
}

/// The label that a text of a file means: one of the model's, or the number of an output.
fn meant(class: &Class, label: &str) -> String {
    let label = plain(label);
    if class.labels.iter().any(|known| plain(known) == label) {
        return label;
    }
    match label.parse::<usize>().ok().and_then(|at| class.labels.get(at)) {
        Some(known) => plain(known),
        None => label,
    }
}

/// Counts the rows whose label is right.
fn count_labels(class: &Class, data: &Examples, replies: &[&str], figures: &mut Figures) {
    let Some(labels) = &data.labels else { return };
    let mut right = 0;
    for (reply, label) in replies.iter().zip(labels) {
        let (wants, reply) = (meant(class, label), plain(reply));
        let by = figures.by_label.entry(wants.clone()).or_default();
        by.rows += 1;
        if wants == reply {
            by.right += 1;
            right += 1;
        } else {
            *by.instead.entry(reply).or_default() += 1;
        }
    }
    figures.right = Some(right);
}

fn labels(class: &Class, data: &Examples, all: &[Row], figures: &mut Figures) {
    figures.unsure = all.iter().filter(|(_, reply)| reply == UNSURE && class.margin > 0).count();
    let replies: Vec<&str> = all.iter().map(|(_, reply)| reply.as_str()).collect();
    count_labels(class, data, &replies, figures);
    for expected in &data.expected {
        figures.expected.extend(class_difference(class, data, all, expected));
    }
}

fn class_difference(class: &Class, data: &Examples, all: &[Row], expected: &Expected) -> Option<Difference> {
    let is_bytes = matches!(data.values, Values::Bytes(_));
    let array = expected.name.clone();
    let rows = all.iter().zip(expected.values.chunks(expected.width.max(1)));
    let count = all.len();
    if expected.width == class.labels.len() && is_bytes {
        let what = if class.softmax.is_some() { "probabilities" } else { "outputs" };
        let of = |y: &[i16]| -> Vec<f64> {
            match class.softmax {
                Some(s) => softmax(y, s.multiplier, s.shift).iter().map(|&p| p.into()).collect(),
                None => y.iter().map(|&y| y.into()).collect(),
            }
        };
        let (differ, largest) = distance(rows.map(|((outputs, _), wants)| (of(outputs), wants)));
        return Some(Difference { array, what, rows: count, differ, largest });
    }
    let best = |values: &[f64]| {
        let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        values.iter().position(|&v| v == largest).unwrap_or(0)
    };
    let differ = match expected.width {
        n if n == class.labels.len() => {
            rows.filter(|((_, reply), wants)| class.labels[best(wants)] != *reply).count()
        }
        1 => rows.filter(|((_, reply), wants)| meant(class, &wants[0].to_string()) != plain(reply)).count(),
        _ => return None,
    };
    Some(Difference { array, what: "labels", rows: count, differ, largest: 0.0 })
}

/// How many rows differ, and by how much at most.
fn distance<'e>(rows: impl Iterator<Item = (Vec<f64>, &'e [f64])>) -> (usize, f64) {
    let largest = |(found, wants): (Vec<f64>, &[f64])| {
        found.iter().zip(wants).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let all: Vec<f64> = rows.map(largest).collect();
    (all.iter().filter(|&&d| d > 0.0).count(), all.iter().copied().fold(0.0, f64::max))
}

/// Compares outputs with the numbers that rows are examples of.
fn count_errors(data: &Examples, outputs: &[Vec<f64>], figures: &mut Figures) {
    let parsed = data.labels.as_ref().map(|labels| labels.iter().map(|l| l.parse().ok()).collect());
    let Some(Some(targets)) = parsed else { return };
    let targets: Vec<f64> = targets;
    let errors: Vec<f64> =
        outputs.iter().zip(&targets).filter_map(|(y, wants)| Some((y.first()? - wants).abs())).collect();
    figures.mean_absolute_error = Some(errors.iter().sum::<f64>() / errors.len().max(1) as f64);
    figures.largest_error = Some(errors.iter().copied().fold(0.0, f64::max));
}

fn numbers(answer: &Numbers, data: &Examples, all: &[Row], figures: &mut Figures) {
    let real = |&y: &i16| (f64::from(y) - f64::from(answer.output.zero)) * answer.output.scale.0;
    let reals: Vec<Vec<f64>> = all.iter().map(|(outputs, _)| outputs.iter().map(real).collect()).collect();
    count_errors(data, &reals, figures);
    let width = reals.first().map_or(0, Vec::len);
    let is_bytes = matches!(data.values, Values::Bytes(_));
    for expected in data.expected.iter().filter(|expected| expected.width == width) {
        let rows = all.iter().zip(&reals).zip(expected.values.chunks(width));
        let rows = rows.map(|(((outputs, _), reals), wants)| match is_bytes {
            true => (outputs.iter().map(|&y| f64::from(y)).collect(), wants),
            false => (reals.clone(), wants),
        });
        let (differ, largest) = distance(rows);
        let what = if is_bytes { "outputs" } else { "numbers" };
        figures.expected.push(Difference {
            array: expected.name.clone(),
            what,
            rows: all.len(),
            differ,
            largest,
        });
    }
}

/// What the network of floats that a model was made of does on the same rows.
pub fn measure_floats(model: &Model, floats: &Floats, data: &Examples) -> Figures {
    let mut figures = Figures { rows: data.rows, ..Figures::default() };
    let rows = (0..data.rows).filter_map(|row| data.reals(row));
    if let Answer::Class(class) = &model.answer {
        let replies: Vec<String> =
            rows.map(|values| floats.label(values, &model.answer).unwrap_or_default()).collect();
        let replies: Vec<&str> = replies.iter().map(String::as_str).collect();
        count_labels(class, data, &replies, &mut figures);
    } else {
        let outputs: Vec<Vec<f64>> =
            rows.map(|values| floats.run(values).into_iter().map(f64::from).collect()).collect();
        count_errors(data, &outputs, &mut figures);
    }
    figures
}
