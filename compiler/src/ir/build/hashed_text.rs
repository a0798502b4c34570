//! Hashed text: trigrams of the query and n-grams of the last characters, counted in buckets, into dense layers.

use crate::ir::{
    BlockId, Const, ConstId, Data, Elem, Encoder, Graph, NodeId, Op, State, StateType, TypeError,
};
use crate::model::{Answer, HashedText, Layer, Model, with_unsure};
use crate::text::COUNT_SCALE;

/// The graph of a model that has these parts.
///
/// # Errors
/// See [`crate::ir::build`].
pub fn build(model: &Model, reader: &HashedText, body: &[Layer]) -> Result<Graph, TypeError> {
    let mut g = Graph::new(&model.head.name);
    let entry = Graph::ENTRY;
    let query =
        g.add(entry, "query", Op::Query { max_length: reader.query.max_length.into(), as_typed: false })?;
    let encoder = Encoder::Trigrams { buckets: reader.query.buckets, bands: reader.query.bands };
    let trigrams = encoded(&mut g, entry, "query", query, encoder)?;
    match &model.answer {
        Answer::Label { labels, margin } => {
            let index = layers(&mut g, entry, trigrams, (body, *margin))?;
            let table = constant(&mut g, "labels", Data::Labels(with_unsure(labels, *margin)));
            let text = g.add(entry, "label", Op::Lookup { index, table })?;
            g.add(entry, "reply", Op::Emit { text })?;
        }
        Answer::Chat(chat) => {
            let context = reader.context.as_ref().expect("`Model::check` saw to it that a chat has one");
            // Weights and biases do not depend on the round: their nodes stand before the loop.
            let parameters = parameters(&mut g, body)?;
            let steps = g.add_loop(entry, "steps", chat.max_reply.into())?;
            let ty = StateType::Text { length: context.length.into() };
            let state = g.states.push(State { name: "context".into(), owner: steps, ty, kept: false });
            let window = g.add(steps, "context", Op::Read { state })?;
            let encoder = Encoder::Ngrams { buckets: context.buckets };
            let ngrams = encoded(&mut g, steps, "context", window, encoder)?;
            let input = g.add(steps, "input", Op::Concat { inputs: vec![trigrams, ngrams] })?;
            let input = chain(&mut g, steps, input, body, &parameters)?;
            let index = g.add(steps, "argmax", Op::ArgMax { input })?;
            // The last index is the end mark; `Model::check` saw to it that the charset is not empty.
            g.add(steps, "end", Op::ExitIf { index, equals: chat.charset.len() - 1 })?;
            let table = constant(&mut g, "charset", Data::Charset(chat.charset.clone()));
            let text = g.add(steps, "character", Op::Lookup { index, table })?;
            g.add(steps, "reply", Op::Emit { text })?;
            g.add(steps, "context", Op::Push { state, text })?;
        }
        Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => {
            unreachable!("checked: all parts of a model are of one family")
        }
    }
    Ok(g)
}

fn constant(g: &mut Graph, name: &str, data: Data) -> ConstId {
    g.consts.push(Const { name: name.to_string(), data })
}

fn encoded(
    g: &mut Graph,
    block: BlockId,
    name: &str,
    text: NodeId,
    encoder: Encoder,
) -> Result<NodeId, TypeError> {
    let counts = g.add(block, name, Op::Encode { text, encoder })?;
    g.add(block, name, Op::Scale { input: counts, factor: COUNT_SCALE })
}

/// The index of a label; that behind the last where none is `margin` above all others.
fn layers(
    g: &mut Graph,
    block: BlockId,
    input: NodeId,
    (layers, margin): (&[Layer], u8),
) -> Result<NodeId, TypeError> {
    let parameters = parameters(g, layers)?;
    let input = chain(g, block, input, layers, &parameters)?;
    match margin {
        0 => g.add(block, "argmax", Op::ArgMax { input }),
        margin => g.add(block, "argmax", Op::Decide { input, margin }),
    }
}

/// A matrix and a bias node for each layer.
fn parameters(g: &mut Graph, layers: &[Layer]) -> Result<Vec<(NodeId, NodeId)>, TypeError> {
    let mut nodes = Vec::new();
    for (i, layer) in layers.iter().enumerate() {
        let n = i + 1;
        let values = layer.weights.clone();
        let data = Data::Matrix { rows: layer.outputs, cols: layer.inputs, bits: 2, values };
        let weights = constant(g, &format!("fc{n}.weight"), data);
        let bias = constant(g, &format!("fc{n}.bias"), Data::Vector(layer.bias.clone()));
        nodes.push((
            g.add(Graph::ENTRY, &format!("fc{n}"), Op::Constant { values: vec![weights] })?,
            g.add(Graph::ENTRY, &format!("fc{n}"), Op::Constant { values: vec![bias] })?,
        ));
    }
    Ok(nodes)
}

/// The logits.
fn chain(
    g: &mut Graph,
    block: BlockId,
    input: NodeId,
    layers: &[Layer],
    parameters: &[(NodeId, NodeId)],
) -> Result<NodeId, TypeError> {
    let mut x = input;
    for (i, (layer, &(weights, bias))) in layers.iter().zip(parameters).enumerate() {
        let name = &format!("fc{}", i + 1);
        let product = g.add(block, name, Op::Product { input: x, weights, sum: Elem::I16 })?;
        let acc = g.add(block, name, Op::Sum { terms: vec![product, bias] })?;
        x = g.add(block, name, Op::Shift { input: acc, bits: layer.shift })?;
        if i + 1 < layers.len() {
            x = g.add(block, name, Op::Relu { input: x })?;
        }
    }
    Ok(x)
}
