//! Seeds of networks of hashed text: `.npz` and `.safetensors`.

use crate::Put;
use mlc_compiler::import::{self, Options, npz};
use mlc_compiler::model::{Answer, Body, Model};
use safetensors::tensor::{Dtype, TensorView};

/// A network in the formats that can say it.
pub fn put(put: Put, seed: u64, model: &Model) {
    if let Ok(bytes) = npz::write(model) {
        put("model", &format!("{seed}.npz"), bytes);
    }
    let bytes = safetensors(model);
    if import::load(&bytes, "x", &Options::default()).is_ok() {
        put("model", &format!("{seed}.safetensors"), bytes);
    }
}

/// Integers, and what the network answers in the metadata.
fn safetensors(model: &Model) -> Vec<u8> {
    let Body::Layers(layers) = &model.body else { unreachable!("it reads hashed text") };
    let mut tensors = Vec::new();
    for (i, layer) in layers.iter().enumerate() {
        let weights: Vec<u8> = layer.weights.iter().map(|&w| w as u8).collect();
        let bias: Vec<u8> = layer.bias.iter().flat_map(|b| b.to_le_bytes()).collect();
        tensors.push((format!("layers.{i}.weight"), Dtype::I8, vec![layer.outputs, layer.inputs], weights));
        tensors.push((format!("layers.{i}.bias"), Dtype::I16, vec![layer.outputs], bias));
    }
    let views = tensors.iter().map(|(name, kind, shape, data)| {
        (name, TensorView::new(*kind, shape.clone(), data).expect("the bytes are those of the shape"))
    });
    let answer = match &model.answer {
        Answer::Chat(chat) => ("charset", chat.charset.iter().map(|&c| char::from(c)).collect()),
        Answer::Label { labels, .. } => ("labels", serde_json::to_string(labels).expect("labels are texts")),
        _ => unreachable!("a network of hashed text writes or names a label"),
    };
    let metadata = [(answer.0.to_string(), answer.1)].into_iter().collect();
    safetensors::serialize(views, Some(metadata)).expect("tensors lie one behind the other")
}
