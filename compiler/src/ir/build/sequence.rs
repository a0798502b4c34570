//! Sequence models: tokens of the query, then of the reply, through the blocks of a transformer.
//!
//! The outer loop chooses a token in each round. The inner one reads the tokens that wait: those of the query first, later
//! the one that was chosen. Only the last of them needs an output. Of the last block all others need keys and values
//! alone, so the rest of it stands behind the inner loop.

use super::parameters::{BlockParameters, Parameters, Weights};
use crate::ir::{
    BlockId, Const, ConstId, Data, Elem, Graph, NodeId, Op, State, StateId, StateType, TypeError,
};
use crate::model::{
    Activation, Attention, FeedForward, Model, Norm, NormOrder, Positions, Story, Tokens, ToolTable,
    Transformer, Turns,
};

/// The graph of a model that has these parts.
///
/// # Errors
/// See [`crate::ir::build`].
pub fn build(model: &Model, reader: &Tokens, body: &Transformer, story: &Story) -> Result<Graph, TypeError> {
    let entry = Graph::ENTRY;
    let turns = story.turns.as_ref();
    let (mut b, parameters) = begin(model, reader, body, (story.most, turns, Turns::is_kept(turns)))?;
    let tokens = b.tokens;
    let zeros = b.constant("zeros", Data::Vector(vec![0; body.dim]));
    let ty = StateType::Vector { elem: Elem::I16, start: zeros };
    let carried = b.g.states.push(State { name: "x".into(), owner: entry, ty, kept: false });

    let steps = b.g.add_loop(entry, "steps", story.most.into())?;
    b.exit_unless_waiting(steps)?;
    let read = b.g.add_loop(steps, "read", story.most.into())?;
    let x = b.read(read, &parameters)?;
    b.add(read, "x", Op::Write { state: carried, value: x })?;
    b.exit_unless_waiting(read)?;

    let x = b.add(steps, "x", Op::Read { state: carried })?;
    let logits = b.rest(steps, x, &parameters)?;
    let index = b.choose(steps, logits, story)?;
    for &end in &story.ends {
        b.add(steps, "end", Op::ExitIf { index, equals: end as usize })?;
    }
    let table = b.constant("pieces", Data::Pieces(story.printed(&reader.tokenizer)));
    let text = b.add(steps, "piece", Op::Lookup { index, table })?;
    b.add(steps, "reply", Op::Emit { text })?;
    if story.classifies() {
        // Nothing waits: the next round leaves the loop.
        return Ok(b.g);
    }
    b.add(steps, "reply", Op::Feed { state: tokens, tokens: index })?;
    if !story.tools.is_empty() {
        let digits = reader.tokenizer.digits().filter(|_| !story.inputs().is_empty());
        let tools = ToolTable { tools: story.tools.clone(), digits };
        let tools = b.constant("tools", Data::Tools(tools));
        let text = b.add(steps, "result", Op::Act { state: tokens, index, tools })?;
        b.add(steps, "result", Op::Emit { text })?;
    }
    Ok(b.g)
}

/// A graph that writes nothing: it reads the tokens of the query, behind those of earlier ones, and has logits for each of them.
///
/// # Errors
/// See [`crate::ir::build`].
pub fn scoring(
    model: &Model,
    reader: &Tokens,
    body: &Transformer,
    story: &Story,
) -> Result<Graph, TypeError> {
    let (mut b, parameters) = begin(model, reader, body, (story.most, None, true))?;
    let read = b.g.add_loop(Graph::ENTRY, "read", story.most.into())?;
    b.exit_unless_waiting(read)?;
    let x = b.read(read, &parameters)?;
    let logits = b.rest(read, x, &parameters)?;
    b.add(read, "argmax", Op::ArgMax { input: logits })?;
    Ok(b.g)
}

/// Everything in front of the loops: the tokens of the query wait, and the parameters are there.
fn begin<'a>(
    model: &Model,
    reader: &Tokens,
    body: &'a Transformer,
    (most, turns, kept): (u16, Option<&Turns>, bool),
) -> Result<(Builder<'a>, Parameters), TypeError> {
    let mut g = Graph::new(&model.head.name);
    let entry = Graph::ENTRY;
    let below = reader.tokenizer.pieces.len();
    let ty = StateType::Tokens { below, most: most.into() };
    let tokens = g.states.push(State { name: "tokens".into(), owner: entry, ty, kept });
    let mut b = Builder { g, model: body, tokens, caches: Vec::new(), next: 0 };
    b.caches(kept);
    let query = b.add(entry, "query", Op::Query { max_length: reader.max_length.into(), as_typed: true })?;
    let tokenizer = if turns.is_some() { reader.tokenizer.bare() } else { reader.tokenizer.clone() };
    let tokenizer = b.constant("tokenizer", Data::Tokenizer(tokenizer));
    let prompt = b.add(entry, "query", Op::Tokenize { text: query, tokenizer })?;
    let waits = match turns {
        Some(turns) => {
            let turns = b.constant("turns", Data::Turns(turns.clone()));
            Op::Turn { state: tokens, tokens: prompt, turns }
        }
        None => Op::Feed { state: tokens, tokens: prompt },
    };
    b.add(entry, "query", waits)?;
    let parameters = b.parameters(entry)?;
    Ok((b, parameters))
}

pub(super) struct Builder<'a> {
    pub(super) g: Graph,
    pub(super) model: &'a Transformer,
    tokens: StateId,
    /// Keys and values of each block, in each round of its own.
    caches: Vec<[StateId; 2]>,
    /// Blocks that have been built: which caches are next.
    next: usize,
}

impl Builder<'_> {
    pub(super) fn add(&mut self, block: BlockId, name: &str, op: Op) -> Result<NodeId, TypeError> {
        self.g.add(block, name, op)
    }

    pub(super) fn constant(&mut self, name: &str, data: Data) -> ConstId {
        self.g.consts.push(Const { name: name.to_string(), data })
    }

    fn caches(&mut self, kept: bool) {
        let len = self.model.kv_heads * self.model.head_size;
        for i in 0..self.model.blocks.len() * self.model.rounds {
            let mut cache = |what: &str| {
                let ty = StateType::Cache { rows: self.model.window, len };
                let name = format!("block{}.{what}", i + 1);
                self.g.states.push(State { name, owner: Graph::ENTRY, ty, kept })
            };
            let caches = [cache("keys"), cache("values")];
            self.caches.push(caches);
        }
    }

    /// The token that is chosen.
    fn choose(&mut self, block: BlockId, input: NodeId, story: &Story) -> Result<NodeId, TypeError> {
        if story.margin > 0 {
            return self.add(block, "argmax", Op::Decide { input, margin: story.margin });
        }
        let rules = story.choice.rules(story.logit_bits);
        if rules.draw.is_none() && rules.penalty.is_none() {
            return self.add(block, "argmax", Op::ArgMax { input });
        }
        let random = match &rules.draw {
            Some(draw) => {
                let ty = StateType::Random { seed: draw.seed };
                let state = State { name: "random".into(), owner: Graph::ENTRY, ty, kept: true };
                let state = self.g.states.push(state);
                Some(self.add(block, "random", Op::Random { state })?)
            }
            None => None,
        };
        let rules = self.constant("choice", Data::Choice(rules));
        self.add(block, "choice", Op::Choose { input, state: self.tokens, random, rules })
    }

    fn exit_unless_waiting(&mut self, block: BlockId) -> Result<(), TypeError> {
        let index = self.add(block, "waiting", Op::Waiting { state: self.tokens })?;
        self.add(block, "waiting", Op::ExitIf { index, equals: 0 }).map(|_| ())
    }

    /// Rows of a product with their scale and bias.
    fn product(
        &mut self,
        block: BlockId,
        name: &str,
        input: NodeId,
        w: Weights,
        elem: Elem,
    ) -> Result<NodeId, TypeError> {
        let product = self.add(block, name, Op::Product { input, weights: w.weights, sum: Elem::I24 })?;
        let Some(bias) = w.bias else {
            return self.add(block, name, Op::Rescale { input: product, scale: w.scale, elem });
        };
        let scaled =
            self.add(block, name, Op::Rescale { input: product, scale: w.scale, elem: Elem::I16 })?;
        let sum = self.add(block, name, Op::Add { a: scaled, b: bias })?;
        match elem {
            Elem::I8 => self.add(block, name, Op::Narrow { input: sum, bits: 0 }),
            Elem::I16 | Elem::I24 | Elem::I32 => Ok(sum),
        }
    }

    /// A norm of groups of elements, with its gain, in 16 bits.
    fn norm(
        &mut self,
        block: BlockId,
        name: &str,
        input: NodeId,
        norm: &Norm,
        group: usize,
    ) -> Result<NodeId, TypeError> {
        let x = self.add(block, name, Op::Norm { input, group, down: norm.down })?;
        let Some((mantissas, shift)) = &norm.gain else { return Ok(x) };
        let heads = self.g.width(x) / mantissas.len();
        let scale = self.scale(name, &mantissas.repeat(heads), *shift);
        self.add(block, name, Op::Rescale { input: x, scale, elem: Elem::I16 })
    }

    /// The input of a layer in 8 bits: normalised where norms stand before layers.
    fn input(&mut self, block: BlockId, name: &str, x: NodeId, norm: &Norm) -> Result<NodeId, TypeError> {
        let name = &format!("{name}.norm");
        let x = match self.model.order {
            NormOrder::Pre => self.norm(block, name, x, norm, self.model.dim)?,
            NormOrder::Post => x,
        };
        self.add(block, name, Op::Narrow { input: x, bits: norm.narrow })
    }

    /// What a layer gives, added to the residual stream: normalised where norms stand behind layers.
    fn residual(
        &mut self,
        block: BlockId,
        name: &str,
        [x, y]: [NodeId; 2],
        norm: &Norm,
    ) -> Result<NodeId, TypeError> {
        let sum = self.add(block, &format!("{name}.sum"), Op::Add { a: x, b: y })?;
        match self.model.order {
            NormOrder::Pre => Ok(sum),
            NormOrder::Post => self.norm(block, &format!("{name}.norm"), sum, norm, self.model.dim),
        }
    }

    /// Reads a token: everything up to the keys and values of the last block. Gives the residual stream.
    fn read(&mut self, block: BlockId, parameters: &Parameters) -> Result<NodeId, TypeError> {
        let index = self.add(block, "token", Op::Take { state: self.tokens })?;
        let w = parameters.embedding;
        let gather = Op::Gather { index, weights: w.weights, scale: w.scale };
        let mut embedding = self.add(block, "embedding", gather)?;
        if let Some(w) = parameters.positions {
            let index = self.add(block, "position", Op::Position { state: self.tokens })?;
            let gather = Op::Gather { index, weights: w.weights, scale: w.scale };
            let row = self.add(block, "position", gather)?;
            embedding = self.add(block, "embedding", Op::Add { a: embedding, b: row })?;
        }
        let mut x = parameters.start.unwrap_or(embedding);
        for round in 0..self.model.rounds {
            if parameters.start.is_some() {
                x = self.add(block, "again", Op::Add { a: x, b: embedding })?;
            }
            for (i, p) in parameters.blocks.iter().enumerate() {
                let is_last = round + 1 == self.model.rounds && i + 1 == parameters.blocks.len();
                let input = self.keys_and_values(block, x, i, p)?;
                if !is_last {
                    x = self.attend(block, x, input, i, p)?;
                    x = self.feed_forward(block, x, i, p)?;
                    self.next += 1;
                }
            }
        }
        Ok(x)
    }

    /// The rest of the last block, and the logits.
    fn rest(&mut self, block: BlockId, x: NodeId, parameters: &Parameters) -> Result<NodeId, TypeError> {
        let model = self.model;
        let last = model.blocks.len() - 1;
        let p = &parameters.blocks[last];
        let input =
            self.input(block, &self.name(last, "attention"), x, &model.blocks[last].attention.norm)?;
        let mut x = self.attend(block, x, input, last, p)?;
        x = self.feed_forward(block, x, last, p)?;
        let input = match &model.norm {
            Some(norm) => {
                let x = self.norm(block, "norm", x, norm, model.dim)?;
                self.add(block, "norm", Op::Narrow { input: x, bits: norm.narrow })?
            }
            None => self.add(
                block,
                "norm",
                Op::Narrow { input: x, bits: model.blocks[last].feed_forward.norm.narrow },
            )?,
        };
        let logits = self.product(block, "logits", input, parameters.output, Elem::I16)?;
        let Some(prior) = &model.prior else { return Ok(logits) };
        let prior = self.constant("prior", Data::Prior(prior.clone()));
        self.add(block, "prior", Op::Prior { input: logits, state: self.tokens, prior })
    }

    fn name(&self, block: usize, what: &str) -> String {
        format!("block{}.{what}", block + 1)
    }

    /// Appends keys and values of a block; gives the layer's input.
    fn keys_and_values(
        &mut self,
        block: BlockId,
        x: NodeId,
        at: usize,
        p: &BlockParameters,
    ) -> Result<NodeId, TypeError> {
        let attention = &self.model.blocks[at].attention;
        let input = self.input(block, &self.name(at, "attention"), x, &attention.norm)?;
        let [keys, values] = self.caches[self.next];
        let norm = attention.head_norms.as_ref().map(|(_, key)| key);
        let key = self.heads(block, &self.name(at, "key"), input, p.key, (attention, norm))?;
        self.add(block, &self.name(at, "key"), Op::Append { state: keys, value: key })?;
        let name = self.name(at, "value");
        let value = self.product(block, &name, input, p.value, Elem::I8)?;
        self.add(block, &name, Op::Append { state: values, value })?;
        Ok(input)
    }

    /// Queries or keys in 8 bits.
    fn heads(
        &mut self,
        block: BlockId,
        name: &str,
        input: NodeId,
        w: Weights,
        (attention, norm): (&Attention, Option<&Norm>),
    ) -> Result<NodeId, TypeError> {
        let mut x = self.product(block, name, input, w, Elem::I16)?;
        if let Some(norm) = norm {
            x = self.norm(block, name, x, norm, self.model.head_size)?;
        }
        let bits = attention.rotate_bits;
        match &self.model.positions {
            Positions::Rotary { steps } => {
                let steps = self.constant("steps", Data::Steps(steps.clone()));
                let position = self.add(block, "position", Op::Position { state: self.tokens })?;
                self.add(block, name, Op::Rotate { input: x, position, steps, bits })
            }
            Positions::Learnt(_) | Positions::None => self.add(block, name, Op::Narrow { input: x, bits }),
        }
    }

    fn attend(
        &mut self,
        block: BlockId,
        x: NodeId,
        input: NodeId,
        at: usize,
        p: &BlockParameters,
    ) -> Result<NodeId, TypeError> {
        let attention = &self.model.blocks[at].attention;
        let norm = attention.head_norms.as_ref().map(|(query, _)| query);
        let query = self.heads(block, &self.name(at, "query"), input, p.query, (attention, norm))?;
        let name = self.name(at, "attention");
        let [keys, values] = self.caches[self.next];
        let keys = self.add(block, &name, Op::Read { state: keys })?;
        let values = self.add(block, &name, Op::Read { state: values })?;
        let (head, table, bits) = (self.model.head_size, p.table, attention.score_bits);
        let mixed = self.add(block, &name, Op::Attend { query, keys, values, head, table, bits })?;
        let y = self.product(block, &self.name(at, "mix"), mixed, p.output, Elem::I16)?;
        self.residual(block, &name, [x, y], &attention.norm)
    }

    fn feed_forward(
        &mut self,
        block: BlockId,
        x: NodeId,
        at: usize,
        p: &BlockParameters,
    ) -> Result<NodeId, TypeError> {
        let model = self.model;
        let FeedForward { norm, activation, .. } = &model.blocks[at].feed_forward;
        let name = self.name(at, "feed_forward");
        let input = self.input(block, &name, x, norm)?;
        let up = self.product(block, &self.name(at, "up"), input, p.up, Elem::I8)?;
        let hidden = match (activation, p.activation, p.gate) {
            (Activation::Gate { bits, .. }, Some(table), Some(gate)) => {
                let gate = self.product(block, &self.name(at, "gate"), input, gate, Elem::I8)?;
                let a = self.add(block, &self.name(at, "gate"), Op::Table { input: gate, table })?;
                self.add(block, &name, Op::Multiply { a, b: up, bits: *bits })?
            }
            (_, Some(table), _) => self.add(block, &name, Op::Table { input: up, table })?,
            _ => self.add(block, &name, Op::Relu { input: up })?,
        };
        let y = self.product(block, &self.name(at, "down"), hidden, p.down, Elem::I16)?;
        self.residual(block, &name, [x, y], norm)
    }
}
