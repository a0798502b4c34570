//! The rules of networks on numbers.

use super::answer::Answer;
use super::body::MAX_WEIGHTS;
use super::check::in_range;
use super::error::ModelError;
use super::network::{
    Kind, MAX_ELEMENTS, MAX_OPERATORS, Network, Operator, Pooling, Requantization, Shape, Term, Window,
};
use super::sensor::{Numbers, Quantization, Real, Scaling, Sensors};
use super::trees::MAX_THRESHOLDS;
use crate::arithmetic::network::Linear;
use crate::arithmetic::network::ranked_bytes;
use crate::model::MAX_DECIMALS;
use std::collections::HashSet;

/// Largest side of a tensor, a kernel, a stride.
const MAX_SIDE: usize = 4096;
/// Most products in one run: two seconds of the reference, hours of an 8-bit machine.
const MAX_PRODUCTS: usize = 1 << 28;

/// Checks every rule of a network on numbers, but those on labels.
///
/// # Errors
/// The first rule broken, with the field.
pub fn check(sensors: &Sensors, network: &Network, answer: &Answer) -> Result<(), ModelError> {
    check_sensors(sensors)?;
    in_range("operators: their number", network.operators.len(), 1, MAX_OPERATORS)?;
    let weights = network.weights().map(<[i8]>::len).sum();
    if weights > MAX_WEIGHTS {
        return Err(ModelError::TooManyWeights(weights));
    }
    let mut products = 0usize;
    for (i, operator) in network.operators.iter().enumerate() {
        let site = Site { field: format!("operators[{}]", i + 1), sensors, network, at: i };
        site.check(operator)?;
        products = products.saturating_add(products_of(operator));
    }
    if products > MAX_PRODUCTS {
        return rule("operators", "of at most 268,435,456 products together");
    }
    let last = network.operators.last().expect("their number was checked");
    check_answer(answer, last)
}

fn rule<T>(field: &str, rule: &'static str) -> Result<T, ModelError> {
    Err(ModelError::Rule { field: field.into(), rule })
}

fn length(field: String, found: usize, wants: usize) -> Result<(), ModelError> {
    if found == wants { Ok(()) } else { Err(ModelError::Length { field, found, wants }) }
}

fn check_sensors(sensors: &Sensors) -> Result<(), ModelError> {
    check_shape("reader.shape", sensors.shape)?;
    let values = sensors.shape.len();
    in_range("reader.decimals", sensors.decimals.into(), 0, MAX_DECIMALS.into())?;
    if !sensors.inputs.is_empty() {
        length("reader.inputs".into(), sensors.inputs.len(), sensors.numbers())?;
        if sensors.inputs.iter().any(|name| !is_name(name)) {
            return rule(
                "reader.inputs",
                "of 1 to 40 printable ASCII characters, without spaces, commas and quotes",
            );
        }
        if sensors.inputs.iter().collect::<HashSet<_>>().len() < sensors.inputs.len() {
            return rule("reader.inputs", "each another one");
        }
    }
    if let Scaling::Ranks(ranks) = sensors.scaling() {
        return check_ranks(sensors, ranks);
    }
    check_each("reader.scaling", &sensors.scaling, values)?;
    check_linears("reader.scaling", &sensors.scaling)?;
    check_each("reader.quantization", &sensors.quantization, values)?;
    sensors.quantization.iter().try_for_each(|q| check_quantization("reader.quantization", *q))
}

fn check_ranks(sensors: &Sensors, ranks: &[Vec<Real>]) -> Result<(), ModelError> {
    let (values, bytes) = (sensors.shape.len(), ranked_bytes(ranks));
    if bytes == ranks.len() {
        length("reader.ranks".into(), bytes, values)?;
    } else {
        length("reader.shape".into(), values, bytes)?;
    }
    if !sensors.scaling.is_empty() || !sensors.quantization.is_empty() {
        return rule("reader.ranks", "without a scaling and a quantization beside them");
    }
    let is_float = |t: &Real| t.0.is_finite() && f64::from(t.0 as f32) == t.0;
    let fits = |list: &Vec<Real>| {
        list.len() <= MAX_THRESHOLDS
            && list.iter().all(is_float)
            && list.windows(2).all(|pair| pair[0].0 < pair[1].0)
    };
    match ranks.iter().all(fits) {
        true => Ok(()),
        false => rule("reader.ranks", "of lists of 30,000 rising 32-bit floats at most"),
    }
}

/// One for each of `count`, or one for all of them.
fn check_each<T>(field: &str, list: &[T], count: usize) -> Result<(), ModelError> {
    if list.len() == 1 { Ok(()) } else { length(field.into(), list.len(), count) }
}

fn check_linears(field: &str, linears: &[Linear]) -> Result<(), ModelError> {
    let fits = |l: &Linear| {
        l.multiplier.unsigned_abs() < 1 << 23 && l.offset.unsigned_abs() < 1 << 47 && l.shift <= 31
    };
    match linears.iter().all(fits) {
        true => Ok(()),
        false => rule(field, "of multipliers of 24 bits, offsets of 48 bits and shifts of 31 at most"),
    }
}

fn check_quantization(field: &str, quantization: Quantization) -> Result<(), ModelError> {
    let scale = quantization.scale.0;
    if scale.is_finite() && scale > 0.0 { Ok(()) } else { rule(field, "of a scale above 0") }
}

fn check_shape(field: &str, shape: Shape) -> Result<(), ModelError> {
    for (side, value) in [("height", shape.height), ("width", shape.width)] {
        in_range(&format!("{field}.{side}"), value, 1, MAX_SIDE)?;
    }
    in_range(&format!("{field}.channels"), shape.channels, 1, MAX_ELEMENTS)?;
    in_range(&format!("{field}: its elements"), shape.len(), 1, MAX_ELEMENTS)
}

/// Whether a name of a value or an operator can stand in comments and in columns.
fn is_name(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic() && b != b',' && b != b'"')
}

fn products_of(operator: &Operator) -> usize {
    match &operator.kind {
        Kind::Dense { weights, .. } => weights.len(),
        Kind::Convolution { window, weights, .. } => {
            weights.len().saturating_mul(window.output[0] * window.output[1])
        }
        Kind::Pool { window, .. } => {
            window.kernel.iter().chain(&window.output).product::<usize>() * window.input.channels
        }
        Kind::Mean { .. } | Kind::Add { .. } | Kind::Sum { .. } | Kind::Table { .. } => operator.shape.len(),
        Kind::Trees { trees, .. } => trees.splits.len() + trees.roots.len(),
    }
}

/// An operator's place.
struct Site<'a> {
    field: String,
    sensors: &'a Sensors,
    network: &'a Network,
    at: usize,
}

impl Site<'_> {
    fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.field)
    }

    fn check(&self, operator: &Operator) -> Result<(), ModelError> {
        if !is_name(&operator.name) {
            let rule = "of 1 to 40 printable ASCII characters, without spaces, commas and quotes";
            return Err(ModelError::Rule { field: self.field("name"), rule });
        }
        check_shape(&self.field("shape"), operator.shape)?;
        check_quantization(&self.field("output"), operator.output)?;
        let shape = operator.shape;
        match &operator.kind {
            Kind::Dense { input, weights, bias, requantization, zero } => {
                let inputs = self.input(*input)?.len();
                self.zero(*zero)?;
                self.gives(shape, Shape::vector(shape.channels))?;
                length(self.field("weights"), weights.len(), inputs * shape.channels)?;
                length(self.field("bias"), bias.len(), shape.channels)?;
                self.sums(weights.chunks(inputs), bias, requantization)?;
                self.requantization(requantization, shape.channels)
            }
            Kind::Convolution { input, zero, window, groups, weights, bias, requantization } => {
                self.zero(*zero)?;
                self.window(*input, *window, shape)?;
                self.groups(*groups, window.input.channels, shape.channels)?;
                let taps = window.kernel[0] * window.kernel[1] * (window.input.channels / groups);
                length(self.field("weights"), weights.len(), taps * shape.channels)?;
                length(self.field("bias"), bias.len(), shape.channels)?;
                self.sums(weights.chunks(taps), bias, requantization)?;
                self.requantization(requantization, shape.channels)
            }
            Kind::Pool { input, window, pooling } => {
                self.window(*input, *window, shape)?;
                self.gives(shape, Shape { channels: window.input.channels, ..shape })?;
                self.pool(*window, *pooling)
            }
            Kind::Mean { input, zero, requantization } => {
                self.zero(*zero)?;
                let shown = self.input(*input)?;
                self.gives(shape, Shape::vector(shown.channels))?;
                let ones = vec![1i8; shown.height * shown.width];
                self.sums(std::iter::once(ones.as_slice()), &[0], requantization)?;
                self.requantization(requantization, shape.channels)
            }
            Kind::Add { terms, requantization } => {
                for term in terms {
                    self.gives_as_many(shape, self.input(term.input)?)?;
                    self.term(term)?;
                }
                self.requantization(requantization, shape.channels)
            }
            Kind::Sum { inputs, tables, requantization } => {
                for (input, table) in inputs.iter().zip(tables.iter()) {
                    self.gives_as_many(shape, self.input(*input)?)?;
                    length(self.field("tables"), table.len(), 256)?;
                    self.terms("tables", table.iter().copied())?;
                }
                self.requantization(requantization, shape.channels)
            }
            Kind::Table { input, values } => {
                self.gives_as_many(shape, self.input(*input)?)?;
                length(self.field("values"), values.len(), 256)
            }
            Kind::Trees { input, trees } => {
                let values = self.input(*input)?.len();
                self.gives(shape, Shape::vector(shape.channels))?;
                length(self.field("trees.base"), trees.base.len(), shape.channels)?;
                let problem = trees.problem(values);
                problem.map_or(Ok(()), |what| Err(ModelError::Trees { field: self.field("trees"), what }))
            }
        }
    }

    /// The shape of a tensor that this operator takes: bytes, of an operator before it.
    fn input(&self, tensor: usize) -> Result<Shape, ModelError> {
        in_range(&self.field("input"), tensor, 0, self.at)?;
        let before = tensor.checked_sub(1).map(|at| &self.network.operators[at]);
        if before.is_some_and(|o| o.kind.gives_words()) {
            return Err(ModelError::Rule { field: self.field("input"), rule: "a tensor of bytes" });
        }
        Ok(self.network.shape(self.sensors.shape, tensor))
    }

    fn gives(&self, found: Shape, wants: Shape) -> Result<(), ModelError> {
        if found == wants {
            return Ok(());
        }
        Err(ModelError::Rule { field: self.field("shape"), rule: "the shape that the operator gives" })
    }

    fn gives_as_many(&self, found: Shape, wants: Shape) -> Result<(), ModelError> {
        length(self.field("shape"), found.len(), wants.len())
    }

    fn zero(&self, zero: i16) -> Result<(), ModelError> {
        if (-128..=127).contains(&zero) {
            return Ok(());
        }
        Err(ModelError::Rule { field: self.field("zero"), rule: "-128 to 127" })
    }

    fn window(&self, input: usize, window: Window, shape: Shape) -> Result<(), ModelError> {
        check_shape(&self.field("window.input"), window.input)?;
        // Its values may be shown in another shape.
        if self.input(input)?.len() != window.input.len() {
            return Err(ModelError::Rule {
                field: self.field("window.input"),
                rule: "as large as its tensor",
            });
        }
        for axis in 0..2 {
            in_range(&self.field("window.kernel"), window.kernel[axis], 1, MAX_SIDE)?;
            in_range(&self.field("window.stride"), window.stride[axis], 1, MAX_SIDE)?;
            in_range(&self.field("window.before"), window.before[axis], 0, window.kernel[axis] - 1)?;
            in_range(&self.field("window.output"), window.output[axis], 1, MAX_SIDE)?;
            // So each position shows a place of the tensor.
            let size = [window.input.height, window.input.width][axis];
            let last = (window.output[axis] - 1) * window.stride[axis];
            if last >= size + window.before[axis] {
                let rule = "a number of positions that all show a part of the tensor";
                return Err(ModelError::Rule { field: self.field("window.output"), rule });
            }
        }
        let [height, width] = window.output;
        self.gives(shape, Shape { height, width, ..shape })
    }

    fn groups(&self, groups: usize, channels: usize, outputs: usize) -> Result<(), ModelError> {
        let divides = |n: usize| groups > 0 && n.is_multiple_of(groups);
        if divides(channels) && divides(outputs) {
            return Ok(());
        }
        Err(ModelError::Rule {
            field: self.field("groups"),
            rule: "a divisor of the channels and of the outputs",
        })
    }

    fn pool(&self, window: Window, pooling: Pooling) -> Result<(), ModelError> {
        let field = self.field("window");
        match pooling {
            Pooling::Sum => Err(ModelError::Rule { field: self.field("pooling"), rule: "Max or Average" }),
            _ if window.kernel[0] * window.kernel[1] > 65_536 => {
                Err(ModelError::Rule { field, rule: "of 65,536 places at most" })
            }
            _ => Ok(()),
        }
    }

    /// Every sum fits 32 bits, shifted left too.
    fn sums<'w>(
        &self,
        rows: impl Iterator<Item = &'w [i8]>,
        bias: &[i32],
        requantization: &Requantization,
    ) -> Result<(), ModelError> {
        let left = requantization.shifts.iter().copied().max().unwrap_or(0).max(0);
        for (row, (weights, bias)) in rows.zip(bias).enumerate() {
            // `x - zero` has 9 bits.
            let most: i64 = weights.iter().map(|w| i64::from(w.unsigned_abs()) * 256).sum();
            let sum = (most + i64::from(bias.unsigned_abs())) << left.min(30);
            if sum > i64::from(i32::MAX) {
                return Err(ModelError::WideSum { field: self.field("weights"), row, sum });
            }
        }
        Ok(())
    }

    fn term(&self, term: &Term) -> Result<(), ModelError> {
        self.zero(term.zero)?;
        in_range(&self.field("terms.left"), term.left.into(), 0, 20)?;
        self.multiplier(term.multiplier, term.shift)?;
        self.terms("terms", (-128..=127).map(|x| term.at(x)))
    }

    /// Values of which two are added have half of 32 bits.
    fn terms(&self, field: &str, mut values: impl Iterator<Item = i32>) -> Result<(), ModelError> {
        if values.all(|value| value.unsigned_abs() < 1 << 30) {
            return Ok(());
        }
        Err(ModelError::Rule { field: self.field(field), rule: "of values below 2^30" })
    }

    fn multiplier(&self, multiplier: i32, shift: i8) -> Result<(), ModelError> {
        if multiplier >= 0 && (-31..=30).contains(&shift) {
            return Ok(());
        }
        let rule = "of multipliers that are not negative, and shifts of -31 to 30";
        Err(ModelError::Rule { field: self.field("requantization"), rule })
    }

    fn requantization(&self, r: &Requantization, channels: usize) -> Result<(), ModelError> {
        check_each(&self.field("requantization.multipliers"), &r.multipliers, channels)?;
        length(self.field("requantization.shifts"), r.shifts.len(), r.multipliers.len())?;
        r.multipliers.iter().zip(&r.shifts).try_for_each(|(&m, &s)| self.multiplier(m, s))?;
        if r.least > r.most {
            return Err(ModelError::Rule {
                field: self.field("requantization.least"),
                rule: "at most `most`",
            });
        }
        Ok(())
    }
}

/// The last tensor is what the answer takes.
fn check_answer(answer: &Answer, last: &Operator) -> Result<(), ModelError> {
    let outputs = last.shape.len();
    match answer {
        Answer::Class(class) => {
            if class.labels.len() != outputs {
                return Err(ModelError::Classes { gives: outputs, wants: class.labels.len() });
            }
            check_quantization("answer.output", class.output)
        }
        Answer::Numbers(Numbers { names, decimals, format, output }) => {
            in_range("answer.decimals", (*decimals).into(), 0, MAX_DECIMALS.into())?;
            in_range("answer: its numbers", outputs, 1, 256)?;
            if !names.is_empty() {
                length("answer.names".into(), names.len(), outputs)?;
                if names.iter().any(|name| !is_name(name)) {
                    return rule(
                        "answer.names",
                        "of 1 to 40 printable ASCII characters, without spaces, commas and quotes",
                    );
                }
            }
            check_each("answer.format", format, outputs)?;
            check_linears("answer.format", format)?;
            check_quantization("answer.output", *output)
        }
        Answer::Chat(_) | Answer::Label { .. } | Answer::Story(_) => Err(ModelError::Families),
    }
}
