//! Networks on numbers as C: what `templates/c99/sensors.h` and `sensors.c` are given.
//!
//! The steps are those of [`crate::kernel::sensors`]. What becomes of a sum is a product of 64 bits where that is proven to
//! be right, thresholds elsewhere.

mod by_rows;
mod steps;

use super::context::{c_label, comment};
use super::names::identifier;
use super::readings::{Ranks, line, ranks};
use super::sequence::arrays::{Array, Arrays};
use crate::arithmetic::network;
use crate::kernel::sensors::about::are_parted;
use crate::kernel::sensors::net::Net;
use crate::kernel::sensors::rows::{self, Rows};
use crate::kernel::sensors::{lower, memory};
use crate::model::{Answer, Model, Network, Sensors};
use by_rows::ByRows;
use serde::Serialize;
use steps::{ScaleContext, StepContext, Writer};

/// Most bytes of constants that an AVR reads with 16-bit addresses, and of one array there.
const AVR_FLASH: usize = 0xff00;
const AVR_ARRAY: usize = 0x7fff;
/// Most bytes of arrays: places have 16 bits.
const ARRAYS: usize = 0xffff;
/// Bytes of a scale, a layer and a line, on a machine of 32 bits.
const SCALE: usize = 20;
const LAYER: usize = 56;
const LINE: usize = 16;
/// Digits of a number, its sign, its point and a space.
const NUMBER: usize = 24;

/// Context of both templates.
#[derive(Serialize)]
pub struct Program {
    pub name: String,
    guard: String,
    title: String,
    /// A line about the network.
    about: String,
    inputs: usize,
    /// Numbers of a line, where they are not as many.
    numbers: Option<usize>,
    /// The answer to a line that is not so many numbers.
    wanted: String,
    decimals: u8,
    outputs: usize,
    answer_size: usize,
    arrays_size: usize,
    /// How many labels there are, if there are any.
    classes: Option<usize>,
    margin: u8,
    labels: Vec<String>,
    number_decimals: u8,
    format: Vec<String>,
    scaling: Vec<String>,
    ranks: Option<Ranks>,
    input: Input,
    steps: Vec<StepContext>,
    /// How many of them run while values come, and what happens then.
    behind: usize,
    rows: Option<ByRows>,
    /// Where the last array lies, if results are its bytes.
    bytes: Option<At>,
    arrays: Vec<Array>,
    scales: Vec<ScaleContext>,
    has_layers: bool,
    /// Not all of them gather.
    runs_layers: bool,
    has_sums: bool,
    has_tables: bool,
    has_lines: bool,
    beyond_avr: bool,
    flash_bytes: usize,
    state_bytes: usize,
    /// Row by row: the state of whole arrays.
    state_of_whole: Option<usize>,
}

#[derive(Serialize)]
struct At {
    at: usize,
}

/// The place of the values, and what lies around them.
#[derive(Serialize)]
struct Input {
    at: usize,
    first: usize,
    row: usize,
    pitch: usize,
    /// Bytes with the border; 0 where there is none.
    fill: usize,
    byte: u8,
}

impl Program {
    /// Bytes of constants and of state, on a machine of 32 bits.
    pub fn bytes(&self) -> (usize, usize) {
        (self.flash_bytes, self.state_bytes)
    }

    /// Row by row: the bytes of state of whole arrays.
    pub fn state_of_whole(&self) -> Option<usize> {
        self.state_of_whole
    }

    fn all(&self) -> usize {
        self.flash_bytes + self.state_bytes
    }
}

/// Everything that the templates need of a network on numbers: on whole arrays, or, where constants and state together become less by
/// it, row by row.
///
/// # Errors
/// What there is no C for, by its name.
pub fn context(model: &Model, reader: &Sensors, body: &Network) -> Result<Program, String> {
    let net = lower(reader, body)?;
    let whole = program(model, (reader, body), &net, None);
    let Some((net, rows)) = Rows::smallest(&net) else { return whole };
    match (whole, program(model, (reader, body), &net, Some(&rows))) {
        (Ok(whole), Ok(rows)) if rows.all() < whole.all() => {
            Ok(Program { state_of_whole: Some(whole.state_bytes), ..rows })
        }
        (Err(_), Ok(rows)) => Ok(rows),
        (whole, _) => whole,
    }
}

/// The context of whole arrays, or of rows.
fn program(
    model: &Model,
    (reader, body): (&Sensors, &Network),
    net: &Net,
    by_rows: Option<&Rows>,
) -> Result<Program, String> {
    let (places, end) = placed(net, by_rows)?;
    if end > ARRAYS {
        return Err(format!("{end} bytes of values at once, above {ARRAYS}"));
    }
    let mut writer = Writer { places: &places, arrays: Arrays::default(), scales: vec![] };
    let rows = by_rows.map(|rows| writer.by_rows(net, rows)).transpose()?;
    let (rows, mut steps) = rows.unzip();
    let steps: &mut Vec<StepContext> = steps.get_or_insert_default();
    let first = steps.len();
    for at in first..net.steps.len() {
        steps.push(writer.step(&writer.whole(net, at))?);
    }
    let Answered { classes, margin, labels, number_decimals, format, answer_size } =
        Answered::of(model, net.outputs());
    let scaling: Vec<String> = reader.scaling.iter().map(line).collect();
    let ranks = ranks(&reader.thresholds(), &mut writer.arrays)?;
    let scales: usize = writer.scales.iter().map(|scale| scale.lines.len()).sum();
    let texts = 2 + model.answer.labels().iter().map(|label| label.len() + 1).sum::<usize>();
    let lines = LINE * (scaling.len() + format.len());
    let flash_bytes = writer.arrays.bytes + SCALE * scales + LAYER * steps.len() + lines + texts;
    let name = identifier(&model.head.name);
    let about = comment(&model.head.about);
    let is = |kind: &str| steps.iter().any(|step| step.kind == kind);
    let state = 8 + 2 * net.outputs() + end + rows.as_ref().map_or(0, ByRows::state);
    Ok(Program {
        title: format!("{}: {about}", model.head.name).trim_end_matches([' ', ':']).to_string(),
        about: format!("{} operators, {} multiplications", body.operators.len(), net.multiplications()),
        guard: name.to_ascii_uppercase(),
        name,
        inputs: reader.shape.len(),
        numbers: are_parted(&reader.ranks).then(|| reader.numbers()),
        wanted: network::wanted(reader.numbers()),
        decimals: reader.decimals,
        outputs: net.outputs(),
        answer_size,
        arrays_size: end,
        classes,
        margin,
        labels,
        number_decimals,
        has_lines: !scaling.is_empty() || !format.is_empty(),
        format,
        scaling,
        ranks,
        input: input(&places, net, by_rows),
        bytes: net
            .steps
            .last()
            .and_then(|step| step.writes)
            .map(|array| At { at: places[array] + net.arrays[array].first() }),
        has_layers: is("layer"),
        runs_layers: steps.iter().any(|step| step.kind == "layer" && !step.gathers),
        has_sums: is("both"),
        has_tables: is("table"),
        beyond_avr: flash_bytes > AVR_FLASH || writer.arrays.largest > AVR_ARRAY,
        state_bytes: state.next_multiple_of(4),
        state_of_whole: None,
        steps: std::mem::take(steps),
        behind: first,
        rows,
        scales: writer.scales,
        arrays: writer.arrays.into_list(),
        flash_bytes,
    })
}

/// Where arrays lie, by whole arrays or rows, and where they end.
fn placed(net: &Net, by_rows: Option<&Rows>) -> Result<(Vec<usize>, usize), String> {
    let (places, end) = by_rows.map_or_else(|| memory::place(net), |rows| rows.place(net));
    match by_rows {
        Some(rows) => rows::check::check(net, rows, &places, end)?,
        None => memory::check(net, &places, end)?,
    }
    Ok((places, end))
}

/// Where values go.
fn input(places: &[usize], net: &Net, by_rows: Option<&Rows>) -> Input {
    let (array, at) = (&net.arrays[0], places[0]);
    let has_border = array.size() > array.values() && by_rows.is_none();
    Input {
        at,
        first: at + by_rows.map_or(array.first(), |rows| rows.newest(0, 0)),
        row: array.cols * array.channels,
        pitch: array.pitch(),
        fill: if has_border { array.size() } else { 0 },
        byte: array.border.byte,
    }
}

/// What becomes of results.
struct Answered {
    classes: Option<usize>,
    margin: u8,
    labels: Vec<String>,
    number_decimals: u8,
    format: Vec<String>,
    answer_size: usize,
}

impl Answered {
    fn of(model: &Model, outputs: usize) -> Self {
        match &model.answer {
            Answer::Class(class) => Self {
                classes: Some(class.labels.len()),
                margin: class.margin,
                labels: class.labels.iter().map(String::as_str).chain(["?"]).map(c_label).collect(),
                number_decimals: 0,
                format: vec![],
                answer_size: class.labels.iter().map(String::len).max().unwrap_or(1).max(1) + 1,
            },
            Answer::Numbers(numbers) => Self {
                classes: None,
                margin: 0,
                labels: vec![],
                number_decimals: numbers.decimals,
                format: numbers.format.iter().map(line).collect(),
                answer_size: NUMBER * outputs,
            },
            Answer::Chat(_) | Answer::Label { .. } | Answer::Story(_) => {
                unreachable!("a network on numbers answers with a label or with numbers")
            }
        }
    }
}
