//! Networks on numbers as C: what `templates/c99/sensors.h` and `sensors.c` are given.
//!
//! The steps are those of [`crate::kernel::sensors`]. What becomes of a sum is a product of 64 bits where that is proven to
//! be right, thresholds elsewhere.

use super::context::{c_label, comment};
use super::names::identifier;
use super::readings::{Ranks, line, ranks};
use super::sequence::arrays::{Array, Arrays};
use super::trees::{Trees, trees};
use crate::arithmetic::network;
use crate::kernel::sensors::net::{self, Net, Product, Step, Window, Work};
use crate::kernel::sensors::steps::{Class, Scale, Steps};
use crate::kernel::sensors::{lower, memory};
use crate::model::{Answer, Model, Network, Sensors};
use serde::Serialize;

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
    /// Where the last array lies, if results are its bytes.
    bytes: Option<At>,
    arrays: Vec<Array>,
    scales: Vec<ScaleContext>,
    has_layers: bool,
    has_sums: bool,
    has_lines: bool,
    /// Functions of each sum of two arrays.
    sum_scales: usize,
    beyond_avr: bool,
    flash_bytes: usize,
    state_bytes: usize,
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

#[derive(Serialize)]
struct Fill {
    at: usize,
    byte: u8,
    size: usize,
}

#[derive(Serialize)]
struct StepContext {
    name: String,
    kind: &'static str,
    fill: Option<Fill>,
    /// Initializers.
    fields: Vec<String>,
    rows: usize,
    run: usize,
    from: usize,
    from_row: usize,
    to: usize,
    to_row: usize,
    trees: Option<Trees>,
}

#[derive(Serialize)]
struct ScaleContext {
    name: String,
    lines: Vec<String>,
}

impl Program {
    /// Bytes of constants and of state, on a machine of 32 bits.
    pub fn bytes(&self) -> (usize, usize) {
        (self.flash_bytes, self.state_bytes)
    }
}

/// Everything that the templates need of a network on numbers.
///
/// # Errors
/// What there is no C for, by its name.
pub fn context(model: &Model, reader: &Sensors, body: &Network) -> Result<Program, String> {
    let net = lower(reader, body)?;
    let (places, end) = memory::place(&net);
    memory::check(&net, &places, end)?;
    if end > ARRAYS {
        return Err(format!("{end} bytes of values at once, above {ARRAYS}"));
    }
    let mut writer =
        Writer { net: &net, places: &places, arrays: Arrays::default(), scales: vec![], sum_scales: 1 };
    let mut steps = Vec::new();
    for at in 0..net.steps.len() {
        steps.push(writer.step(at)?);
    }
    let (classes, margin, labels, number_decimals, format) = match &model.answer {
        Answer::Class(class) => {
            let labels = class.labels.iter().map(String::as_str).chain(["?"]).map(c_label).collect();
            (Some(class.labels.len()), class.margin, labels, 0, vec![])
        }
        Answer::Numbers(numbers) => {
            (None, 0, vec![], numbers.decimals, numbers.format.iter().map(line).collect())
        }
        Answer::Chat(_) | Answer::Label { .. } | Answer::Story(_) => {
            unreachable!("a network on numbers answers with a label or with numbers")
        }
    };
    let answer_size = match &model.answer {
        Answer::Class(class) => class.labels.iter().map(String::len).max().unwrap_or(1).max(1) + 1,
        _ => NUMBER * net.outputs(),
    };
    let scaling: Vec<String> = reader.scaling.iter().map(line).collect();
    let ranks = ranks(&reader.thresholds(), &mut writer.arrays)?;
    let scales: usize = writer.scales.iter().map(|scale| scale.lines.len()).sum();
    let texts = 2 + model.answer.labels().iter().map(|label| label.len() + 1).sum::<usize>();
    let lines = LINE * (scaling.len() + format.len());
    let flash_bytes = writer.arrays.bytes + SCALE * scales + LAYER * steps.len() + lines + texts;
    let name = identifier(&model.head.name);
    let about = comment(&model.head.about);
    let is = |kind: &str| steps.iter().any(|step| step.kind == kind);
    Ok(Program {
        title: format!("{}: {about}", model.head.name).trim_end_matches([' ', ':']).to_string(),
        about: format!("{} operators, {} multiplications", body.operators.len(), net.multiplications()),
        guard: name.to_ascii_uppercase(),
        name,
        inputs: reader.shape.len(),
        wanted: network::wanted(reader.shape.len()),
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
        input: writer.input(),
        bytes: net
            .steps
            .last()
            .and_then(|step| step.writes)
            .map(|array| At { at: places[array] + net.arrays[array].first() }),
        has_layers: is("layer"),
        has_sums: is("both"),
        sum_scales: writer.sum_scales,
        beyond_avr: flash_bytes > AVR_FLASH || writer.arrays.largest > AVR_ARRAY,
        state_bytes: (8 + 2 * net.outputs() + end).next_multiple_of(4),
        steps,
        scales: writer.scales,
        arrays: writer.arrays.into_list(),
        flash_bytes,
    })
}

/// Constants in the making.
struct Writer<'a> {
    net: &'a Net,
    places: &'a [usize],
    arrays: Arrays,
    scales: Vec<ScaleContext>,
    sum_scales: usize,
}

impl Writer<'_> {
    fn input(&self) -> Input {
        let (array, at) = (&self.net.arrays[0], self.places[0]);
        let has_border = array.size() > array.values();
        Input {
            at,
            first: at + array.first(),
            row: array.cols * array.channels,
            pitch: array.pitch(),
            fill: if has_border { array.size() } else { 0 },
            byte: array.border.byte,
        }
    }

    fn step(&mut self, at: usize) -> Result<StepContext, String> {
        let net = self.net;
        let step = &net.steps[at];
        let from = &net.arrays[step.reads[0]];
        let written = step.writes.map(|array| (&net.arrays[array], self.places[array]));
        let is_first = !net.steps[..at].iter().any(|before| before.writes == step.writes);
        let fill = written.filter(|(array, _)| is_first && array.size() > array.values());
        let mut context = StepContext {
            name: step.name.clone(),
            kind: "layer",
            fill: fill.map(|(array, at)| Fill { at, byte: array.border.byte, size: array.size() }),
            fields: vec![],
            rows: from.rows,
            run: from.cols * from.channels,
            from: self.places[step.reads[0]] + from.first(),
            from_row: from.pitch(),
            to: written.map_or(0, |(array, at)| at + array.at(step.origin)),
            to_row: written.map_or(0, |(array, _)| array.pitch()),
            trees: None,
        };
        match &step.work {
            Work::Product(product) => {
                context.fields = self.product(step, &context, product)?;
            }
            Work::Sum { window, steps } => {
                let count = 255 * (window.rows * window.cols) as i64;
                let bounds = vec![(0, count); steps.len()];
                let scales = self.scales(step, &steps.iter().collect::<Vec<_>>(), &bounds);
                let of = (steps[0].low, steps[0].span());
                context.fields =
                    self.layer(step, &context, *window, ("0".into(), "0".into(), scales, steps.len()), of, 1);
            }
            Work::Max(window) => {
                context.fields =
                    self.layer(step, &context, *window, ("0".into(), "0".into(), "0".into(), 1), (0, 0), 1);
                context.fields.pop();
                context.fields.push("1u".into());
            }
            Work::Add { tables, steps } => {
                context.kind = "both";
                let end = |pick: fn(i32, i32) -> i32| {
                    tables.iter().filter_map(|t| t.iter().copied().reduce(pick)).map(i64::from).sum()
                };
                let bounds = vec![(end(i32::min), end(i32::max)); steps.len()];
                let scales = self.scales(step, &steps.iter().collect::<Vec<_>>(), &bounds);
                let table = |arrays: &mut Arrays, n: usize| {
                    arrays.add("int32_t", &format!("{}_{n}", step.name), tables[n].iter().map(|&x| x.into()))
                };
                let names = [table(&mut self.arrays, 0), table(&mut self.arrays, 1)];
                let other = &net.arrays[step.reads[1]];
                self.sum_scales = self.sum_scales.max(steps.len());
                let numbers = [
                    context.from,
                    self.places[step.reads[1]] + other.first(),
                    context.to,
                    context.rows,
                    context.run,
                    context.from_row,
                    other.pitch(),
                    if step.writes.is_some() { context.to_row } else { context.run },
                ];
                context.fields = names.into_iter().chain([scales]).collect();
                context.fields.extend(numbers.iter().map(|n| format!("{n}u")));
                context.fields.extend(ends(step, steps[0].low, steps[0].span()));
            }
            Work::Table(values) => {
                context.kind = "table";
                context.name = self.arrays.bytes(&step.name, &values[..]);
            }
            Work::Trees(forest) => {
                context.kind = "trees";
                context.trees = Some(trees(&step.name, forest, &mut self.arrays)?);
            }
        }
        Ok(context)
    }

    fn product(
        &mut self,
        step: &Step,
        context: &StepContext,
        product: &Product,
    ) -> Result<Vec<String>, String> {
        let outputs = product.weights.len();
        let name = |what: &str| format!("{}_{what}", step.name);
        let weights = product.weights.iter().flatten().map(|&w| w.into());
        let weights = self.arrays.add("int8_t", &name("weights"), weights);
        if product.biases.iter().any(|&bias| i32::try_from(bias).is_err()) {
            return Err("sums of more than 32 bits".into());
        }
        let starts = self.arrays.add("int32_t", &name("starts"), product.biases.iter().copied());
        let steps: Vec<&Steps> = product.steps.iter().collect();
        let bounds: Vec<(i64, i64)> = (0..steps.len())
            .map(|i| {
                let of = (i..outputs).step_by(steps.len()).map(|o| product.bounds(o));
                of.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0, 0))
            })
            .collect();
        let scales = self.scales(step, &steps, &bounds);
        let each = if product.apart { outputs / self.net.arrays[step.reads[0]].channels } else { 0 };
        let tables = (weights, starts, scales, steps.len());
        let fields = self.layer(step, context, product.window, tables, (steps[0].low, steps[0].span()), each);
        Ok(fields)
    }

    /// What a step of windows is initialized with.
    fn layer(
        &self,
        step: &Step,
        context: &StepContext,
        window: Window,
        (weights, starts, scales, count): (String, String, String, usize),
        (low, span): (i32, usize),
        each: usize,
    ) -> Vec<String> {
        let array: &net::Array = &self.net.arrays[step.reads[0]];
        let (apart, channels) = (each > 0, array.channels);
        let outputs = match &step.work {
            Work::Product(product) => product.weights.len(),
            _ => channels,
        };
        let (run, by) = if apart { (window.cols, channels) } else { (window.cols * channels, 1) };
        let numbers = [
            self.places[step.reads[0]] + window.first(array, step.origin),
            context.to,
            window.rows,
            run,
            by,
            array.pitch(),
            window.places.0,
            window.places.1,
            window.down * array.pitch(),
            window.right * channels,
            if step.writes.is_some() { context.to_row } else { window.places.1 * outputs },
            outputs,
            each,
            count,
        ];
        let mut fields = vec![weights, starts, scales];
        fields.extend(numbers.iter().map(|n| format!("{}u", n & 0xffff)));
        fields.extend(ends(step, low, span));
        fields.push("0u".into());
        fields
    }

    /// The scales of a step's functions, by name.
    fn scales(&mut self, step: &Step, steps: &[&Steps], bounds: &[(i64, i64)]) -> String {
        let name = format!("{}_scales", step.name);
        let mut lines = Vec::new();
        for (i, (steps, bounds)) in steps.iter().zip(bounds).enumerate() {
            let found = Class::all().find_map(|class| Scale::find(steps, *bounds, class));
            let found = found.filter(|scale| i32::try_from(scale.k).is_ok());
            lines.push(match found {
                Some(s) => format!("0, {}u, {}u, {}, {}u", s.m, s.c, s.k, s.class.shift),
                None => {
                    let never = i64::from(i32::MAX);
                    let from = steps.from.iter().map(|from| (*from).clamp(-never, never));
                    let from = self.arrays.add("int32_t", &format!("{name}{i}"), from);
                    format!("{from}, 0, 0, 0, 0")
                }
            });
        }
        self.scales.push(ScaleContext { name: name.clone(), lines });
        name
    }
}

/// The last fields of what makes results of sums.
fn ends(step: &Step, low: i32, span: usize) -> [String; 3] {
    [format!("{low}"), format!("{span}u"), format!("{}u", u8::from(step.writes.is_none()))]
}
