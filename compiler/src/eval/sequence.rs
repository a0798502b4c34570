//! What the operations of sequence models compute. The arithmetic is in [`crate::arithmetic`].

use super::session::restart;
use super::{Input, Machine, Queue, Value};
use crate::arithmetic::{self, choose};
use crate::ir::{ConstId, Data, Elem, NodeId, Op, StateId, StateType};
use crate::model::{Action, ToolTable, Turns};

/// Most tokens that a penalty looks back at.
const RECENT: usize = 255;

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
            Op::Turn { state, tokens, turns } => {
                let (Data::Turns(turns), Value::Tokens(line)) =
                    (&self.graph.consts[*turns].data, &self.values[tokens.index()])
                else {
                    unreachable!("validated: the tokens of a line, and what frames them")
                };
                let line = line.clone();
                self.turn(*state, &line, turns);
                Value::Unit
            }
            Op::Act { state, index, tools } => {
                let Data::Tools(table) = &self.graph.consts[*tools].data else {
                    unreachable!("validated: tools")
                };
                Value::Text(self.act(*state, self.index(*index) as u32, table))
            }
            Op::Prior { input, state, prior } => {
                let Data::Prior(prior) = &self.graph.consts[*prior].data else {
                    unreachable!("validated: what tokens cost")
                };
                let mut logits = self.vector(*input).to_vec();
                let mut latest = self.queue(*state).recent.iter().rev().copied();
                let (last, before) = (latest.next(), latest.next());
                prior.apply(&mut logits, before, last);
                Value::Vector(logits)
            }
            Op::Random { state } => {
                let Value::Random(last) = &mut self.states[state.index()] else {
                    unreachable!("validated: random numbers")
                };
                *last = choose::next_random(*last);
                Value::Index(usize::from(*last))
            }
            Op::Choose { input, state, random, rules } => {
                Value::Index(self.choose(*input, *state, *random, *rules))
            }
            Op::Take { state } => {
                let queue = self.queue(*state);
                let token = queue.waiting.pop_front();
                // So there are never more than `most`, the bound of positions: `feed` lets no more in.
                queue.taken += usize::from(token.is_some());
                if queue.recent.len() == RECENT {
                    queue.recent.pop_front();
                }
                queue.recent.extend(token);
                Value::Index(token.unwrap_or(0) as usize)
            }
            Op::Position { state } => Value::Index(self.queue(*state).taken.saturating_sub(1)),
            Op::Waiting { state } => Value::Index(usize::from(!self.queue(*state).waiting.is_empty())),
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

    fn queue(&mut self, state: StateId) -> &mut Queue {
        match &mut self.states[state.index()] {
            Value::Queue(queue) => queue,
            other => unreachable!("validated: tokens, not {other:?}"),
        }
    }

    /// Lets tokens wait while there is room.
    fn feed(&mut self, state: StateId, tokens: &[u32]) {
        let most = self.most(state);
        let queue = self.queue(state);
        let room = most.saturating_sub(queue.taken + queue.waiting.len());
        queue.waiting.extend(tokens.iter().take(room));
    }

    /// Does what a token names; gives what is printed of that.
    fn act(&mut self, state: StateId, token: u32, table: &ToolTable) -> Vec<u8> {
        let Some(tool) = table.tools.iter().find(|tool| tool.token == token) else { return Vec::new() };
        match &tool.action {
            Action::Switch { on } => {
                self.run.switched.push((tool.name.clone(), *on));
                Vec::new()
            }
            Action::Read { close } => {
                let text = self.inputs.get(&tool.name).copied().unwrap_or(0).to_string().into_bytes();
                let digits = table.digits.expect("validated: what is read has tokens");
                let tokens: Vec<u32> = text.iter().map(|digit| digits[usize::from(digit - b'0')]).collect();
                self.feed(state, &tokens);
                self.feed(state, close);
                text
            }
        }
    }

    /// Most tokens that a state of them takes.
    fn most(&self, state: StateId) -> usize {
        match self.graph.states[state].ty {
            StateType::Tokens { most, .. } => most,
            ref other => unreachable!("validated: a state of tokens, not {other:?}"),
        }
    }

    /// Lets a turn wait; clears the conversation before it where too little room is left.
    fn turn(&mut self, state: StateId, line: &[u32], turns: &Turns) {
        if line.is_empty() {
            return;
        }
        if turns.is_full(self.queue(state).taken, line.len(), self.most(state)) {
            restart(self.graph, &mut self.states);
        }
        let begins = self.queue(state).taken == 0;
        self.feed(state, &turns.framed(line, begins));
    }

    /// The index that the rules choose; its logits are kept, as those of the largest are.
    fn choose(&mut self, input: NodeId, state: StateId, random: Option<NodeId>, rules: ConstId) -> usize {
        let Data::Choice(rules) = &self.graph.consts[rules].data else {
            unreachable!("validated: rules of a choice")
        };
        let logits: Vec<i16> = self.vector(input).iter().map(|&y| y as i16).collect();
        let random = random.map_or(0, |id| self.index(id) as u16);
        let recent = rules.penalty.map_or(0, |(_, recent)| usize::from(recent));
        let queue = self.queue(state);
        let latest: Vec<u32> = queue.recent.iter().rev().take(recent).copied().collect();
        let index = choose::choose(&logits, &latest, random, rules);
        if let Input::Text(_) = self.input {
            self.run.logits.push(logits);
        }
        index
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
