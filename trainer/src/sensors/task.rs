//! What is learned: rows as bytes with their labels, those that are trained on and those that are held out.

use super::error::DataError;
use super::scaling::Scaling;
use super::split::{groups, held_out, sizes};
use crate::family::Data;
use mlc_compiler::arithmetic::hash::{FNV_START, fnv1a};
use mlc_compiler::import::sensors::data::{Examples, Values, plain};
use mlc_compiler::model::{MAX_LABEL, Sensors, Shape};
use mlc_compiler::words::{count, grouped};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::io;

/// Most labels.
pub(super) const MAX_LABELS: usize = 256;
/// Fewer rows are nothing to learn from.
const MIN_ROWS: usize = 4;

/// Rows as the network reads them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    width: usize,
    bytes: Vec<i8>,
    /// The output of each row's label.
    pub targets: Vec<u16>,
    /// The number of each row in the data.
    pub numbers: Vec<usize>,
    steps: Vec<u32>,
}

impl Rows {
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    pub(super) fn bytes(&self, row: usize) -> &[i8] {
        &self.bytes[row * self.width..][..self.width]
    }

    /// What tells these rows, in whatever order, from others.
    fn hashes(&self) -> impl Iterator<Item = u64> {
        let one = |(row, target): (usize, &u16)| {
            let bytes = self.bytes(row).iter().map(|&b| b as u8);
            fnv1a(FNV_START, bytes.chain(target.to_le_bytes()))
        };
        self.targets.iter().enumerate().map(one)
    }

    /// The rows of these numbers; `targets` are those of all rows.
    fn of(data: &Examples, reader: &Sensors, targets: &[u16], numbers: Vec<usize>) -> Self {
        let targets = numbers.iter().map(|&row| targets[row]).collect();
        Self::with_targets(data, reader, targets, numbers)
    }

    /// The rows of these numbers, with their targets.
    pub(super) fn with_targets(
        data: &Examples,
        reader: &Sensors,
        targets: Vec<u16>,
        numbers: Vec<usize>,
    ) -> Self {
        let bytes = |&row: &usize| match &data.values {
            Values::Bytes(values) => values[row * data.width..][..data.width].to_vec(),
            Values::Reals(values) => reader.bytes(&values[row * data.width..][..data.width], false),
        };
        Self {
            // Readings may have several bytes.
            width: if matches!(data.values, Values::Bytes(_)) { data.width } else { reader.shape.len() },
            bytes: numbers.iter().flat_map(bytes).collect(),
            targets,
            steps: (0..numbers.len() as u32).collect(),
            numbers,
        }
    }
}

impl Data for Rows {
    type Part = Self;
    type Step = u32;

    fn parts(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        Box::new(std::iter::once(self.len()))
    }

    fn load(&self, _: usize) -> io::Result<Cow<'_, Self>> {
        Ok(Cow::Borrowed(self))
    }

    fn steps_of(part: &Self) -> &[u32] {
        &part.steps
    }
}

/// How rows become a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The labels in the order of the outputs; sorted where there are none: as numbers if all are, else by their bytes.
    pub labels: Option<Vec<String>>,
    /// Share of the rows that is held out of training, 0 to 1.
    pub hold_out: f64,
    /// Share of the training rows by which the best network is chosen, 0 to 1; 0: by all of them.
    pub validation: f64,
    /// Same seed, same rows.
    pub seed: u64,
}

/// What is to be learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    pub reader: Sensors,
    pub labels: Vec<String>,
    pub train: Rows,
    /// Rows of the training side by which the best network is chosen; none where all of them do so.
    pub validation: Option<Rows>,
    /// Rows that no part of the training looks at.
    pub held_out: Rows,
    /// Columns that have one value in all training rows.
    pub(super) constant: Vec<bool>,
    /// What people should know of the data, a sentence each.
    pub notes: Vec<String>,
    /// By which the rows were chosen.
    pub(super) seed: u64,
    /// Tells the rows of the training side from others, in whatever order they are.
    pub learned_rows: String,
}

impl Task {
    /// Of rows with labels. `known`: reader and labels of the model that training goes on from.
    ///
    /// # Errors
    /// Rows from which nothing can be learned.
    pub fn new(
        data: &Examples,
        options: &Options,
        known: Option<(&Sensors, &[String])>,
    ) -> Result<Self, DataError> {
        let (labels, targets) = targets(data, options.labels.as_deref(), known.map(|(_, labels)| labels))?;
        let numbers: Cow<[f64]> = match &data.values {
            Values::Reals(values) => Cow::Borrowed(values),
            Values::Bytes(values) => values.iter().map(|&b| f64::from(b)).collect(),
        };
        let groups = groups(&numbers, data.width);
        let held = held_out(&targets, &groups, options.hold_out, options.seed);
        let (held, mut train): (Vec<usize>, Vec<usize>) = (0..data.rows).partition(|&row| held[row]);
        let scaling = Scaling::of(data, &train)?;
        let reader = match known {
            Some((reader, _)) if [reader.shape.len(), reader.numbers()] == [data.width; 2] => {
                data.check_order(&reader.inputs)?;
                reader.clone()
            }
            Some((reader, _)) => {
                return Err(DataError::OtherInputs { found: data.width, wants: reader.numbers() });
            }
            None => reader(data, &scaling),
        };
        let mut validation = None;
        if options.validation > 0.0 {
            let (own, of): (Vec<u16>, Vec<usize>) =
                train.iter().map(|&row| (targets[row], groups[row])).unzip();
            let chosen = held_out(&own, &of, options.validation, options.seed.wrapping_add(1));
            let (some, rest): (Vec<_>, Vec<_>) =
                train.into_iter().zip(chosen).partition(|(_, chosen)| *chosen);
            train = rest.into_iter().map(|(row, _)| row).collect();
            let some: Vec<usize> = some.into_iter().map(|(row, _)| row).collect();
            validation = (!some.is_empty()).then(|| Rows::of(data, &reader, &targets, some));
        }
        let mut notes = notes(data, &labels, &targets, &groups);
        notes.extend(scaling.notes);
        let train = Rows::of(data, &reader, &targets, train);
        Ok(Self {
            learned_rows: learned_rows([Some(&train), validation.as_ref()]),
            train,
            held_out: Rows::of(data, &reader, &targets, held),
            validation,
            constant: scaling.constant,
            reader,
            labels,
            notes,
            seed: options.seed,
        })
    }

    /// The same with other rows held out: those of a file of their own.
    ///
    /// # Errors
    /// Rows of other columns; a label that is not trained on.
    pub fn with_held_out(self, data: &Examples) -> Result<Self, DataError> {
        if data.width != self.reader.shape.len() {
            return Err(columns(data.width, self.reader.shape.len()));
        }
        data.check_order(&self.reader.inputs)?;
        let targets = targets(data, None, Some(&self.labels));
        let (_, targets) = targets.map_err(|error| match error {
            DataError::OtherLabels(label) => DataError::Untrained(label),
            other => other,
        })?;
        let held_out = Rows::of(data, &self.reader, &targets, (0..data.rows).collect());
        Ok(Self { held_out, ..self })
    }
}

impl Task {
    /// How many of the rows that are held out stand on the training side too, with the same label, as the network reads them.
    pub fn held_out_and_learned(&self) -> usize {
        let sides = [Some(&self.train), self.validation.as_ref()].into_iter().flatten();
        let learned: HashSet<(&[i8], u16)> = sides
            .flat_map(|rows| rows.targets.iter().enumerate().map(|(row, &target)| (rows.bytes(row), target)))
            .collect();
        let held = self.held_out.targets.iter().enumerate();
        held.filter(|(row, target)| learned.contains(&(self.held_out.bytes(*row), **target))).count()
    }
}

/// What [`Task::learned_rows`] is of rows on these sides.
fn learned_rows(sides: [Option<&Rows>; 2]) -> String {
    let mut all: Vec<u64> = sides.into_iter().flatten().flat_map(Rows::hashes).collect();
    all.sort_unstable();
    format!("{:016x}", fnv1a(FNV_START, all.into_iter().flat_map(u64::to_le_bytes)))
}

/// Rows of several files as those of one.
///
/// # Errors
/// Files whose columns are not as many.
pub fn joined(mut all: Vec<Examples>) -> Result<Option<Examples>, DataError> {
    let mut rest = all.split_off(1.min(all.len()));
    let Some(mut first) = all.pop() else { return Ok(None) };
    for other in rest.drain(..) {
        if other.width != first.width {
            return Err(columns(other.width, first.width));
        }
        other.check_order(&first.names())?;
        match (&mut first.values, other.values) {
            (Values::Reals(values), Values::Reals(more)) => values.extend(more),
            (Values::Bytes(values), Values::Bytes(more)) => values.extend(more),
            _ => return Err(DataError::Bytes),
        }
        first.rows += other.rows;
        first.lines.clear();
        first.labels.get_or_insert_default().extend(other.labels.unwrap_or_default());
    }
    Ok(Some(first))
}

fn columns(found: usize, wants: usize) -> DataError {
    DataError::Columns { found, wants }
}

fn reader(data: &Examples, scaling: &Scaling) -> Sensors {
    let inputs = data.names();
    let Scaling { decimals, lines, quantization, .. } = scaling.clone();
    let ranks = Vec::new();
    Sensors { inputs, shape: Shape::vector(data.width), decimals, scaling: lines, quantization, ranks }
}

/// The labels, and the output of each row's.
fn targets(
    data: &Examples,
    order: Option<&[String]>,
    known: Option<&[String]>,
) -> Result<(Vec<String>, Vec<u16>), DataError> {
    let given: Vec<String> = data.labels.iter().flatten().map(|label| plain(label)).collect();
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    given.iter().enumerate().rev().for_each(|(row, label)| _ = rows.insert(label, row));
    for (label, &row) in &rows {
        if let Some(what) = wrong(label) {
            let label = mlc_compiler::shown::shown(label);
            return Err(DataError::Label { place: data.place(row), label, what });
        }
    }
    if known.is_none() {
        check_count(&rows, given.len())?;
    }
    let mut labels: Vec<String> = rows.keys().map(|label| label.to_string()).collect();
    let number = |label: &String| label.parse::<f64>().ok();
    if labels.iter().all(|label| number(label).is_some()) {
        labels.sort_by(|a, b| number(a).partial_cmp(&number(b)).unwrap_or(Ordering::Equal));
    }
    if let Some(order) = order {
        labels = ordered(&labels, order)?;
    }
    if let Some(known) = known {
        if let Some(other) = labels.iter().find(|label| !known.iter().any(|k| plain(k) == **label)) {
            return Err(DataError::OtherLabels(other.clone()));
        }
        labels = known.to_vec();
    }
    let outputs: BTreeMap<String, u16> =
        (0u16..).zip(&labels).map(|(at, label)| (plain(label), at)).collect();
    let targets = given.iter().map(|label| outputs[label]).collect();
    Ok((labels, targets))
}

fn check_count(rows: &BTreeMap<&str, usize>, count: usize) -> Result<(), DataError> {
    if count < MIN_ROWS {
        return Err(DataError::FewRows(count));
    }
    match rows.keys().next() {
        Some(only) if rows.len() == 1 => Err(DataError::OneLabel(only.to_string())),
        _ if rows.len() > MAX_LABELS || rows.len() * 2 > count => {
            Err(DataError::ManyLabels { labels: rows.len(), rows: count })
        }
        _ => Ok(()),
    }
}

/// Why a text is no label of a model.
fn wrong(label: &str) -> Option<&'static str> {
    match label {
        "?" => Some("is what a network answers that is not sure"),
        label if label.len() > MAX_LABEL => Some("is longer than 255 characters"),
        label if !label.bytes().all(|b| (b' '..=b'~').contains(&b)) => Some("is no printable ASCII"),
        _ => None,
    }
}

/// The order that was given, if it has each label once.
fn ordered(labels: &[String], order: &[String]) -> Result<Vec<String>, DataError> {
    let order: Vec<String> = order.iter().map(|label| plain(label)).collect();
    let fail = |label: &String, what| Err(DataError::Order { label: label.clone(), what });
    for (at, label) in order.iter().enumerate() {
        if order[..at].contains(label) {
            return fail(label, "stands twice in the list of labels");
        }
        if !labels.contains(label) {
            return fail(label, "is in the list of labels, but no row has it");
        }
    }
    match labels.iter().find(|label| !order.contains(label)) {
        Some(label) => fail(label, "of the data is not in the list of labels"),
        None => Ok(order),
    }
}

/// What people should know of the data.
fn notes(data: &Examples, labels: &[String], targets: &[u16], groups: &[usize]) -> Vec<String> {
    let mut notes = Vec::new();
    let of_label = sizes(targets.iter().map(|&t| usize::from(t)));
    let rare: Vec<&str> =
        labels.iter().zip(&of_label).filter(|(_, n)| **n < 3).map(|(l, _)| l.as_str()).collect();
    if !rare.is_empty() {
        let shown = rare.iter().take(5).map(|label| format!("\"{label}\"")).collect::<Vec<_>>().join(", ");
        notes.push(format!(
            "fewer than three rows, all of them trained on: {}, {shown}",
            count(rare.len(), "label")
        ));
    }
    // Of rows that are equal one label can be right.
    let mut by_group: BTreeMap<usize, BTreeMap<u16, usize>> = BTreeMap::new();
    for (&group, &target) in groups.iter().zip(targets) {
        *by_group.entry(group).or_default().entry(target).or_default() += 1;
    }
    let best: usize = by_group.values().filter_map(|labels| labels.values().max()).sum();
    if best < targets.len() {
        notes.push(format!(
            "rows of the same numbers have different labels: at most {} of {} can be right",
            grouped(best as u64),
            grouped(targets.len() as u64)
        ));
    }
    if let Values::Reals(values) = &data.values {
        let counts = |from: f64| {
            let first = values.iter().step_by(data.width);
            data.rows >= 10 && first.zip(0..).all(|(x, i)| *x == from + f64::from(i))
        };
        if counts(0.0) || counts(1.0) {
            notes.push(format!(
                "{} counts the rows: leave it out, unless the order says what a row is",
                data.column(0)
            ));
        }
    }
    notes
}
