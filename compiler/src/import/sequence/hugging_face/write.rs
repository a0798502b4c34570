//! A float network as a Hugging Face folder, which the library transformers loads as a Llama, or as a Qwen3 where heads are
//! normalised. What is read from it again is the same network, each float equal.

use super::super::{Activation, Checkpoint, Linear, Norm, Position, Shape};
use super::Generation;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Map, Value, json};

/// The files of a folder, by name.
pub struct Written {
    pub config: Vec<u8>,
    pub weights: Vec<u8>,
    pub generation: Vec<u8>,
}

/// Writes a network. `generation`: its first and last tokens, and how tokens are drawn. `positions`: most that it is used for,
/// where the network does not say.
///
/// # Errors
/// What of the network neither architecture has.
pub fn write(checkpoint: &Checkpoint, generation: &Generation, positions: usize) -> Result<Written, String> {
    check(checkpoint)?;
    let tensors = tensors(checkpoint);
    let bytes: Vec<(&String, &Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, shape, values)| (name, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect()))
        .collect();
    let views = bytes
        .iter()
        .map(|(name, shape, data)| Ok((name.as_str(), TensorView::new(Dtype::F32, (*shape).clone(), data)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
    // One entry: the crate's map has no order that could show.
    let metadata = [("format".to_string(), "pt".to_string())].into_iter().collect();
    let weights = views.and_then(|views| safetensors::serialize(views, Some(metadata)));
    Ok(Written {
        config: text(&config(checkpoint, generation, positions)),
        weights: weights.map_err(|e| e.to_string())?,
        generation: text(&sampling(generation)),
    })
}

fn text(value: &Value) -> Vec<u8> {
    let text = serde_json::to_string_pretty(value).expect("numbers and texts can be written");
    (text + "\n").into_bytes()
}

fn check(checkpoint: &Checkpoint) -> Result<(), String> {
    let shape = &checkpoint.shape;
    checkpoint.check().map_err(|problem| problem.to_string())?;
    let wrong = [
        (shape.norm == Norm::Post, "norms behind layers"),
        (shape.recursion != 1 || checkpoint.start.is_some(), "blocks that run several times"),
        (!matches!(shape.position, Position::Rope { .. }), "positions that do not rotate"),
        (!shape.activation.is_gated(), "a feed-forward layer without a gate"),
        (checkpoint.final_norm.is_none(), "no norm before the output"),
        (checkpoint.output.as_ref().is_some_and(|output| output.bias.is_some()), "a bias of the output"),
        (
            shape.qk_norm && feed_bias(checkpoint),
            "norms of heads together with a bias of a feed-forward layer",
        ),
    ];
    match wrong.iter().find(|(is_there, _)| *is_there) {
        Some((_, what)) => Err(format!("{what}: transformers' Llama and Qwen3 have no such thing")),
        None => Ok(()),
    }
}

fn attention_bias(checkpoint: &Checkpoint) -> bool {
    let has = |layer: &super::super::Layer| {
        [&layer.wq, &layer.wk, &layer.wv, &layer.wo].iter().any(|matrix| matrix.bias.is_some())
    };
    checkpoint.layers.iter().any(has)
}

fn feed_bias(checkpoint: &Checkpoint) -> bool {
    let has = |layer: &super::super::Layer| {
        [Some(&layer.up), Some(&layer.down), layer.gate.as_ref()]
            .into_iter()
            .flatten()
            .any(|m| m.bias.is_some())
    };
    checkpoint.layers.iter().any(has)
}

/// A float as the shortest number that reads as it.
fn number(value: f32) -> Value {
    json!(value.to_string().parse::<f64>().expect("a float prints as a number"))
}

fn config(checkpoint: &Checkpoint, generation: &Generation, positions: usize) -> Value {
    let Shape { dim, layers, heads, kv_heads, head_size, hidden, vocabulary, norm_eps, qk_norm, .. } =
        checkpoint.shape;
    let Position::Rope { theta, .. } = checkpoint.shape.position else {
        unreachable!("`check` refuses others")
    };
    let (class, kind) = if qk_norm { ("Qwen3ForCausalLM", "qwen3") } else { ("LlamaForCausalLM", "llama") };
    let act = if checkpoint.shape.activation == Activation::SwiGlu { "silu" } else { "relu" };
    let mut config = json!({
        "architectures": [class],
        "model_type": kind,
        "hidden_size": dim,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": head_size,
        "intermediate_size": hidden,
        "vocab_size": vocabulary,
        "max_position_embeddings": checkpoint.shape.positions.unwrap_or(positions),
        "rms_norm_eps": number(norm_eps),
        "rope_theta": number(theta),
        "hidden_act": act,
        "tie_word_embeddings": checkpoint.output.is_none(),
        "attention_bias": attention_bias(checkpoint),
        "torch_dtype": "float32",
    });
    let map = config.as_object_mut().expect("it is an object");
    if !qk_norm {
        map.insert("mlp_bias".into(), json!(feed_bias(checkpoint)));
    }
    ends(generation, map);
    config
}

/// The first and the last tokens.
fn ends(generation: &Generation, map: &mut Map<String, Value>) {
    map.insert("bos_token_id".into(), json!(generation.begin));
    let end = match generation.end[..] {
        [] => Value::Null,
        [one] => json!(one),
        ref several => json!(several),
    };
    map.insert("eos_token_id".into(), end);
}

fn sampling(generation: &Generation) -> Value {
    let mut map = Map::new();
    ends(generation, &mut map);
    let floats = [
        ("temperature", generation.temperature),
        ("top_p", generation.top_p),
        ("min_p", generation.min_p),
        ("repetition_penalty", generation.repetition_penalty),
    ];
    for (key, value) in floats {
        map.extend(value.map(|value| (key.to_string(), number(value))));
    }
    let numbers = [
        ("top_k", generation.top_k),
        ("max_length", generation.max_length),
        ("max_new_tokens", generation.max_new_tokens),
    ];
    for (key, value) in numbers {
        map.extend(value.map(|value| (key.to_string(), json!(value))));
    }
    map.insert("do_sample".into(), json!(generation.sample.unwrap_or(false)));
    Value::Object(map)
}

type Tensor = (String, Vec<usize>, Vec<f32>);

/// All tensors with their names and shapes, in the order of Hugging Face: pairs that rotate are halves of a head.
fn tensors(checkpoint: &Checkpoint) -> Vec<Tensor> {
    let mut half = checkpoint.clone();
    half.pair_half();
    let shape = &half.shape;
    let (attention, feed) = (attention_bias(checkpoint), feed_bias(checkpoint));
    let mut all: Vec<Tensor> =
        vec![("model.embed_tokens.weight".into(), vec![shape.vocabulary, shape.dim], half.embedding.clone())];
    for (index, layer) in half.layers.iter().enumerate() {
        let name = |part: &str| format!("model.layers.{index}.{part}");
        let mut vector =
            |part: &str, values: &[f32]| all.push((name(part), vec![values.len()], values.to_vec()));
        vector("input_layernorm.weight", &layer.attention_norm);
        vector("post_attention_layernorm.weight", &layer.feed_norm);
        if shape.qk_norm {
            let ones = vec![1.0; shape.head_size];
            vector("self_attn.q_norm.weight", layer.q_norm.as_ref().unwrap_or(&ones));
            vector("self_attn.k_norm.weight", layer.k_norm.as_ref().unwrap_or(&ones));
        }
        let parts = [
            ("self_attn.q_proj", Some(&layer.wq), attention),
            ("self_attn.k_proj", Some(&layer.wk), attention),
            ("self_attn.v_proj", Some(&layer.wv), attention),
            ("self_attn.o_proj", Some(&layer.wo), attention),
            ("mlp.gate_proj", layer.gate.as_ref(), feed),
            ("mlp.up_proj", Some(&layer.up), feed),
            ("mlp.down_proj", Some(&layer.down), feed),
        ];
        for (part, matrix, biased) in parts {
            all.extend(matrix.into_iter().flat_map(|matrix| linear(&name(part), matrix, biased)));
        }
    }
    let norm = half.final_norm.as_ref().expect("`check` refuses networks without it");
    all.push(("model.norm.weight".into(), vec![shape.dim], norm.clone()));
    all.extend(half.output.iter().flat_map(|output| linear("lm_head", output, false)));
    all
}

/// A matrix, and its bias where all of its kind have one.
fn linear(name: &str, matrix: &Linear, biased: bool) -> Vec<Tensor> {
    let weights = (format!("{name}.weight"), vec![matrix.outputs, matrix.inputs], matrix.weights.clone());
    let bias = || matrix.bias.clone().unwrap_or_else(|| vec![0.0; matrix.outputs]);
    let bias = biased.then(|| (format!("{name}.bias"), vec![matrix.outputs], bias()));
    [weights].into_iter().chain(bias).collect()
}
