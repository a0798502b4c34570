//! Networks on numbers: a line of numbers becomes bytes, then every operator in order.

use crate::ir::{Const, ConstId, Data, Elem, Graph, NodeId, Op, TypeError};
use crate::model::{
    Answer, Kind, Model, Network, Operator, Pooling, Requantization, Scaling, Sensors, Term, Window,
    with_unsure,
};

/// Bytes of a line for each value: a sign, digits, a point and what stands between.
const LINE: usize = 9;

/// The graph of a model that has these parts.
///
/// # Errors
/// See [`crate::ir::build`].
pub fn build(model: &Model, reader: &Sensors, body: &Network) -> Result<Graph, TypeError> {
    let mut b = Builder { g: Graph::new(&model.head.name), tensors: Vec::new(), reader, body };
    let count = reader.shape.len();
    let text = b.add("line", Op::Query { max_length: LINE * count, as_typed: true })?;
    let decimals = reader.decimals;
    let scaling = match reader.scaling() {
        Scaling::Lines(lines) => {
            b.constant("scaling", Data::Lines { count, decimals, lines: lines.to_vec() })
        }
        Scaling::Ranks(_) => b.constant("ranks", Data::Ranks { decimals, ranks: reader.thresholds() }),
    };
    let input = b.add("input", Op::Measure { text, scaling })?;
    b.tensors.push(input);
    for operator in &body.operators {
        let value = b.operator(operator)?;
        b.tensors.push(value);
    }
    b.answer(&model.answer)?;
    Ok(b.g)
}

struct Builder<'a> {
    g: Graph,
    /// The node of each tensor.
    tensors: Vec<NodeId>,
    reader: &'a Sensors,
    body: &'a Network,
}

impl Builder<'_> {
    fn add(&mut self, name: &str, op: Op) -> Result<NodeId, TypeError> {
        self.g.add(Graph::ENTRY, name, op)
    }

    fn constant(&mut self, name: &str, data: Data) -> ConstId {
        self.g.consts.push(Const { name: name.to_string(), data })
    }

    fn operator(&mut self, operator: &Operator) -> Result<NodeId, TypeError> {
        let name = operator.name.as_str();
        match &operator.kind {
            Kind::Dense { input, zero, weights, bias, requantization } => {
                let cols = self.body.shape(self.reader.shape, *input).len();
                let input = self.tensors[*input];
                let matrix = self.matrix(name, cols, weights)?;
                let sum = self.add(name, Op::Product { input, weights: matrix, sum: Elem::I32 })?;
                let bias = folded(bias, *zero, weights.chunks(cols));
                self.layer(name, sum, bias, requantization)
            }
            Kind::Convolution { input, zero, window, groups, weights, bias, requantization } => {
                let input = self.tensors[*input];
                let taps = window.kernel[0] * window.kernel[1] * (window.input.channels / groups);
                let matrix = self.matrix(name, taps, weights)?;
                let (window, groups) = (*window, *groups);
                // Padding is what stands for 0: then it adds nothing but what the folded bias takes away.
                let padding = *zero as i8;
                let sum = self.add(name, Op::Convolve { input, weights: matrix, window, groups, padding })?;
                let bias = folded(bias, *zero, weights.chunks(taps));
                self.layer(name, sum, bias, requantization)
            }
            Kind::Pool { input, window, pooling } => {
                let (input, window, pooling) = (self.tensors[*input], *window, *pooling);
                self.add(name, Op::Pool { input, window, pooling })
            }
            Kind::Mean { input, zero, requantization } => {
                let shape = self.body.shape(self.reader.shape, *input);
                let (input, window) = (self.tensors[*input], Window::whole(shape));
                let sum = self.add(name, Op::Pool { input, window, pooling: Pooling::Sum })?;
                let places = (shape.height * shape.width) as i32;
                self.layer(name, sum, vec![-places * i32::from(*zero)], requantization)
            }
            Kind::Add { terms, requantization } => {
                let table = |term: &Term| (0..=255u8).map(|byte| term.at((byte as i8).into())).collect();
                let sides = [0, 1].map(|side| (terms[side].input, table(&terms[side])));
                self.sum(name, sides, requantization)
            }
            Kind::Sum { inputs, tables, requantization } => {
                let sides = [0, 1].map(|side| (inputs[side], tables[side].clone()));
                self.sum(name, sides, requantization)
            }
            Kind::Table { input, values } => {
                let table = self.constant(name, Data::Bytes(values.clone()));
                self.add(name, Op::Table { input: self.tensors[*input], table })
            }
            Kind::Trees { input, trees } => {
                let trees = self.constant(&format!("{name}.trees"), Data::Trees(trees.clone()));
                self.add(name, Op::Vote { input: self.tensors[*input], trees })
            }
        }
    }

    /// The sum of what tables have for the bytes of two tensors.
    fn sum(
        &mut self,
        name: &str,
        sides: [(usize, Vec<i32>); 2],
        r: &Requantization,
    ) -> Result<NodeId, TypeError> {
        let mut terms = Vec::new();
        for (side, (input, table)) in ["a", "b"].iter().zip(sides) {
            let name = format!("{name}.{side}");
            let table = self.constant(&name, Data::Words(table));
            terms.push(self.add(&name, Op::Widen { input: self.tensors[input], table })?);
        }
        let sum = self.add(name, Op::Sum { terms })?;
        self.requantize(name, sum, r)
    }

    fn matrix(&mut self, name: &str, cols: usize, weights: &[i8]) -> Result<NodeId, TypeError> {
        let name = format!("{name}.weights");
        let data = Data::Matrix { rows: weights.len() / cols, cols, bits: 8, values: weights.to_vec() };
        let matrix = self.constant(&name, data);
        self.add(&name, Op::Constant { values: vec![matrix] })
    }

    /// The end of a layer: what is added to its sums, and what they become.
    fn layer(
        &mut self,
        name: &str,
        sum: NodeId,
        bias: Vec<i32>,
        r: &Requantization,
    ) -> Result<NodeId, TypeError> {
        let bias = self.constant(&format!("{name}.bias"), Data::Words(bias));
        let sum = self.add(name, Op::Bias { input: sum, bias })?;
        self.requantize(name, sum, r)
    }

    fn requantize(&mut self, name: &str, input: NodeId, r: &Requantization) -> Result<NodeId, TypeError> {
        let steps = self.constant(&format!("{name}.steps"), Data::Requantization(r.clone()));
        self.add(name, Op::Requantize { input, steps })
    }

    fn answer(&mut self, answer: &Answer) -> Result<(), TypeError> {
        let input = *self.tensors.last().expect("the input is a tensor");
        let text = match answer {
            Answer::Class(class) => {
                let index = match class.margin {
                    0 => self.add("answer", Op::ArgMax { input })?,
                    margin => self.add("answer", Op::Decide { input, margin })?,
                };
                let labels = with_unsure(&class.labels, class.margin);
                let table = self.constant("labels", Data::Labels(labels));
                self.add("label", Op::Lookup { index, table })?
            }
            Answer::Numbers(numbers) => {
                let (decimals, lines) = (numbers.decimals, numbers.format.clone());
                let count = self.g.width(input);
                let format = self.constant("format", Data::Lines { count, decimals, lines });
                self.add("answer", Op::Numbers { input, format })?
            }
            Answer::Chat(_) | Answer::Label { .. } | Answer::Story(_) => {
                unreachable!("checked: all parts of a model are of one family")
            }
        };
        self.add("reply", Op::Emit { text })?;
        Ok(())
    }
}

/// Biases for products of the bytes themselves: `Σ w·(x - zero) + b = Σ w·x + (b - zero·Σ w)`.
fn folded<'w>(bias: &[i32], zero: i16, rows: impl Iterator<Item = &'w [i8]>) -> Vec<i32> {
    let sum = |row: &[i8]| row.iter().map(|&w| i32::from(w)).sum::<i32>();
    bias.iter().zip(rows).map(|(b, row)| b.wrapping_sub(sum(row).wrapping_mul(zero.into()))).collect()
}
