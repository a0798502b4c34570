//! Model → graph: exactly what the model means, nothing clever.

use super::{Const, Data, Encoder, Graph, NodeId, Op, Region, RegionId, State, TypeError};
use crate::model::{Layer, Model, Output};
use crate::text::COUNT_SCALE;

/// The graph of a model, before any pass.
///
/// # Errors
/// A [`TypeError`] would mean that the model was not checked: a bug in mlc.
pub fn build(model: &Model) -> Result<Graph, TypeError> {
    let mut g = Graph::new(&model.name);
    let entry = Graph::ENTRY;
    let query = g.add(entry, "query", Op::Query { max_length: model.query.max_length.into() })?;
    let encoder = Encoder::Trigrams { buckets: model.query.buckets };
    let trigrams = encoded(&mut g, entry, "query", query, encoder)?;
    match &model.output {
        Output::Classifier { labels } => {
            let index = layers(&mut g, entry, trigrams, &model.layers)?;
            let table = constant(&mut g, "labels", Data::Labels(labels.clone()));
            let text = g.add(entry, "label", Op::Lookup { index, table })?;
            g.add(entry, "reply", Op::Emit { text })?;
        }
        Output::Chat(chat) => {
            let steps = g.regions.push(Region { parent: Some(entry), max_steps: chat.max_reply.into() });
            let length = chat.context.length.into();
            let state = g.states.push(State { name: "context".into(), region: steps, length });
            // Weights and biases do not depend on the round: their nodes stand before the loop.
            let parameters = parameters(&mut g, &model.layers)?;
            let window = g.add(steps, "context", Op::State { state })?;
            let encoder = Encoder::Ngrams { buckets: chat.context.buckets };
            let ngrams = encoded(&mut g, steps, "context", window, encoder)?;
            let input = g.add(steps, "input", Op::Concat { inputs: vec![trigrams, ngrams] })?;
            let index = chain(&mut g, steps, input, &model.layers, &parameters)?;
            // The last index is the end mark; `Model::check` saw to it that the charset is not empty.
            g.add(steps, "end", Op::ExitIf { index, equals: chat.charset.len() - 1 })?;
            let table = constant(&mut g, "charset", Data::Charset(chat.charset.clone()));
            let text = g.add(steps, "character", Op::Lookup { index, table })?;
            g.add(steps, "reply", Op::Emit { text })?;
            g.add(steps, "context", Op::Push { state, text })?;
        }
    }
    Ok(g)
}

fn constant(g: &mut Graph, name: &str, data: Data) -> super::ConstId {
    g.consts.push(Const { name: name.to_string(), data })
}

fn encoded(
    g: &mut Graph,
    r: RegionId,
    name: &str,
    text: NodeId,
    encoder: Encoder,
) -> Result<NodeId, TypeError> {
    let counts = g.add(r, name, Op::Encode { text, encoder })?;
    g.add(r, name, Op::Scale { input: counts, factor: COUNT_SCALE })
}

fn layers(g: &mut Graph, r: RegionId, input: NodeId, layers: &[Layer]) -> Result<NodeId, TypeError> {
    let parameters = parameters(g, layers)?;
    chain(g, r, input, layers, &parameters)
}

/// A matrix and a bias node for each layer.
fn parameters(g: &mut Graph, layers: &[Layer]) -> Result<Vec<(NodeId, NodeId)>, TypeError> {
    let mut nodes = Vec::new();
    for (i, layer) in layers.iter().enumerate() {
        let n = i + 1;
        let values = layer.weights.clone();
        let data = Data::Matrix { rows: layer.outputs, cols: layer.inputs, values };
        let weights = constant(g, &format!("fc{n}.weight"), data);
        let bias = constant(g, &format!("fc{n}.bias"), Data::Vector(layer.bias.clone()));
        nodes.push((
            g.add(Graph::ENTRY, &format!("fc{n}"), Op::Unpack { weights })?,
            g.add(Graph::ENTRY, &format!("fc{n}"), Op::Constant { value: bias })?,
        ));
    }
    Ok(nodes)
}

fn chain(
    g: &mut Graph,
    r: RegionId,
    input: NodeId,
    layers: &[Layer],
    parameters: &[(NodeId, NodeId)],
) -> Result<NodeId, TypeError> {
    let mut x = input;
    for (i, (layer, &(weights, bias))) in layers.iter().zip(parameters).enumerate() {
        let name = &format!("fc{}", i + 1);
        let product = g.add(r, name, Op::Dense { input: x, weights })?;
        let acc = g.add(r, name, Op::Sum { terms: vec![product, bias] })?;
        x = g.add(r, name, Op::Shift { input: acc, bits: layer.shift })?;
        if i + 1 < layers.len() {
            x = g.add(r, name, Op::Relu { input: x })?;
        }
    }
    g.add(r, "argmax", Op::ArgMax { input: x })
}
