//! What the operations of sequence models compute. The arithmetic is in [`crate::arithmetic`].

use super::{Input, Machine, Value};
use crate::arithmetic;
use crate::ir::{ConstId, Data, Elem, Op, StateId, StateType};
use std::collections::VecDeque;

impl Machine<'_> {
    /// The value of one of these operations.
    pub(super) fn sequence(&mut self, op: &Op) -> Value {
        match op {
            Op::Tokenize { text, tokenizer } => match (&self.input, &self.graph.consts[*tokenizer].data) {
                (Input::Tokens(tokens), _) => Value::Tokens(tokens.clone()),
                (_, Data::Tokenizer(tokenizer)) => Value::Tokens(tokenizer.tokens(self.text(*text))),
                (_, other) => unreachable!("validated: a tokenizer, not {other:?}"),
            },
            Op::Feed { state, tokens } => {
                let fed = match &self.values[tokens.index()] {
                    Value::Tokens(tokens) => tokens.clone(),
                    Value::Index(token) => vec![*token as u32],
                    other => unreachable!("validated: tokens are fed, not {other:?}"),
                };
                self.feed(*state, &fed);
                Value::Unit
            }
            Op::Take { state } => {
                let (waiting, taken) = self.queue(*state);
                let token = waiting.pop_front();
                // So there are never more than `most`, the bound of positions: `feed` lets no more in.
                *taken += usize::from(token.is_some());
                Value::Index(token.unwrap_or(0) as usize)
            }
            Op::Position { state } => Value::Index(self.queue(*state).1.saturating_sub(1)),
            Op::Waiting { state } => Value::Index(usize::from(!self.queue(*state).0.is_empty())),
            Op::Append { state, value } => {
                let row = self.vector(*value).iter().map(|&v| v as i8).collect();
                self.append(*state, row);
                Value::Unit
            }
            Op::Attend { query, keys, values, head, table, bits } => {
                let (Value::Rows(keys, _), Value::Rows(values, _)) =
                    (&self.values[keys.index()], &self.values[values.index()])
                else {
                    unreachable!("validated: keys and values are rows")
                };
                let Data::Weights(table) = &self.graph.consts[*table].data else {
                    unreachable!("validated: a table of weights")
                };
                let query = self.vector(*query);
                Value::Vector(arithmetic::attend(query, keys, values, *head, (*bits).into(), table))
            }
            _ => Value::Vector(self.elementwise(op)),
        }
    }

    fn elementwise(&mut self, op: &Op) -> Vec<i32> {
        match op {
            Op::Gather { index, weights, scale } => {
                let (mantissas, shift) = self.scale(*scale);
                let row = self.index(*index);
                let Value::Matrix(weights) = self.values[weights.index()] else {
                    unreachable!("validated: rows of a matrix")
                };
                let Data::Matrix { cols, values, .. } = &self.graph.consts[weights].data else {
                    unreachable!("validated: rows of a matrix")
                };
                let scaled =
                    |&w: &i8| arithmetic::sat16(arithmetic::rescale(w.into(), mantissas[row], shift));
                values[row * cols..(row + 1) * cols].iter().map(scaled).collect()
            }
            Op::Rescale { input, scale, elem } => {
                let (mantissas, shift) = self.scale(*scale);
                let scaled = |(&sum, &m)| saturated(arithmetic::rescale(sum, m, shift), *elem);
                self.vector(*input).iter().zip(mantissas).map(scaled).collect()
            }
            Op::Add { a, b } => {
                let elem = self.elem(*a);
                self.vector(*a).iter().zip(self.vector(*b)).map(|(a, b)| saturated(a + b, elem)).collect()
            }
            Op::Norm { input, group, down } => {
                self.vector(*input).chunks(*group).flat_map(|x| arithmetic::norm(x, (*down).into())).collect()
            }
            Op::Narrow { input, bits } => arithmetic::narrow(self.vector(*input), (*bits).into()),
            Op::Rotate { input, position, steps, bits } => {
                let Data::Steps(steps) = &self.graph.consts[*steps].data else {
                    unreachable!("validated: steps")
                };
                let position = self.index(*position);
                let phases: Vec<u8> = steps.iter().map(|&step| arithmetic::phase(position, step)).collect();
                arithmetic::rotate(self.vector(*input), &phases, (*bits).into())
            }
            Op::Table { input, table } => {
                let Data::Bytes(table) = &self.graph.consts[*table].data else {
                    unreachable!("validated: a table of bytes")
                };
                self.vector(*input).iter().map(|&x| arithmetic::look_up(table, x)).collect()
            }
            Op::Multiply { a, b, bits } => {
                let product = |(&a, &b): (&i32, &i32)| arithmetic::multiply(a, b, (*bits).into());
                self.vector(*a).iter().zip(self.vector(*b)).map(product).collect()
            }
            other => unreachable!("{} is none of these operations", other.name()),
        }
    }

    fn scale(&self, id: ConstId) -> (&[u8], u32) {
        match &self.graph.consts[id].data {
            Data::Scale { mantissas, shift } => (mantissas, u32::from(*shift)),
            other => unreachable!("validated: a scale, not {other:?}"),
        }
    }

    fn queue(&mut self, state: StateId) -> (&mut VecDeque<u32>, &mut usize) {
        match &mut self.states[state.index()] {
            Value::Queue(waiting, taken) => (waiting, taken),
            other => unreachable!("validated: tokens, not {other:?}"),
        }
    }

    /// Lets tokens wait while there is room.
    fn feed(&mut self, state: StateId, tokens: &[u32]) {
        let StateType::Tokens { most, .. } = self.graph.states[state].ty else {
            unreachable!("validated: a state of tokens")
        };
        let (waiting, taken) = self.queue(state);
        let room = most.saturating_sub(*taken + waiting.len());
        waiting.extend(tokens.iter().take(room));
    }

    /// Puts a row where its position lies: see [`StateType::Cache`].
    fn append(&mut self, state: StateId, row: Vec<i8>) {
        let StateType::Cache { rows: window, .. } = self.graph.states[state].ty else {
            unreachable!("validated: a cache")
        };
        let Value::Rows(rows, appended) = &mut self.states[state.index()] else {
            unreachable!("validated: a cache holds rows")
        };
        match *appended {
            position if position < window => rows.push(row),
            position => rows[1 + (position - 1) % (window - 1)] = row,
        }
        *appended += 1;
    }
}

fn saturated(value: i32, elem: Elem) -> i32 {
    let (least, most) = elem.limits();
    value.clamp(least, most)
}
