//! A Hugging Face folder of a Llama-like network: `config.json`, `model.safetensors`, perhaps
//! `generation_config.json`.
//!
//! Read are the architectures Llama, Mistral, Qwen2 and Qwen3, as the library transformers computes them. Keys of the
//! configuration that would change what is computed are refused by name unless they say what is computed anyway, and
//! so are keys that nobody here knows: `config.rs` has them all.

pub mod chat;
mod config;
mod fields;
mod generation;
mod keys;
mod tensors;
mod write;

use super::{Checkpoint, CheckpointError, Linear, Problem, Shape};
use config::{Biases, Config};
pub use generation::Generation;
use tensors::Tensors;
pub use write::{Written, write};

/// A file of the folder, read by the caller.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Its name, for messages.
    pub name: &'a str,
    /// All of it.
    pub bytes: &'a [u8],
}

/// The files of the folder.
#[derive(Debug, Clone, Copy)]
pub struct Folder<'a> {
    /// `config.json`.
    pub config: File<'a>,
    /// `model.safetensors`, with values of bf16, f16 or f32.
    pub weights: File<'a>,
    /// `generation_config.json`, if there is one.
    pub generation: Option<File<'a>>,
    /// Keys of `config.json` whose owner says that they change nothing.
    pub ignore: &'a [String],
}

/// What a folder gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The network, its rotations in adjacent pairs.
    pub checkpoint: Checkpoint,
    /// How its owner would sample from it; the first and the last tokens from `config.json` where the other file has
    /// none.
    pub generation: Generation,
}

/// Reads a folder.
///
/// # Errors
/// The first thing found wrong, with the file and the key or the tensor: another architecture, a key that changes
/// what is computed, a tensor that is missing, unknown, of another shape, or has a value that is not finite; weights
/// in several files.
pub fn read(folder: &Folder) -> Result<Imported, CheckpointError> {
    let fail = |file: &File, problem| CheckpointError::new(file.name, problem);
    let config = config::read(folder.config.bytes, folder.ignore).map_err(|p| fail(&folder.config, p))?;
    let checkpoint = checkpoint(&config, &folder.weights).map_err(|p| fail(&folder.weights, p))?;
    let mut generation = match &folder.generation {
        Some(file) => {
            generation::read(file.bytes, config.shape.vocabulary).map_err(|problem| fail(file, problem))?
        }
        None => Generation::default(),
    };
    generation.begin = generation.begin.or(config.begin);
    if generation.end.is_empty() {
        generation.end = config.end;
    }
    Ok(Imported { checkpoint, generation })
}

/// Whether `bytes` are a `config.json` with an architecture or a model type.
pub fn is_config(bytes: &[u8]) -> bool {
    fields::Fields::parse(bytes).is_ok_and(|fields| fields.has("architectures") || fields.has("model_type"))
}

fn checkpoint(config: &Config, weights: &File) -> Result<Checkpoint, Problem> {
    let mut tensors = Tensors::open(weights)?;
    let shape = &config.shape;
    let dim = shape.dim;
    let mut checkpoint = Checkpoint::blank(*shape);
    checkpoint.embedding = tensors.take("model.embed_tokens.weight", &[shape.vocabulary, dim])?;
    for index in 0..shape.layers {
        fill_layer(&mut checkpoint, index, config, &mut tensors)?;
    }
    checkpoint.final_norm = Some(tensors.take("model.norm.weight", &[dim])?);
    checkpoint.output = output(config, shape, &checkpoint.embedding, &mut tensors)?;
    tensors.end(shape.layers)?;
    checkpoint.pair_adjacent();
    Ok(checkpoint)
}

fn fill_layer(
    to: &mut Checkpoint,
    index: usize,
    config: &Config,
    tensors: &mut Tensors,
) -> Result<(), Problem> {
    let shape = to.shape;
    let layer = &mut to.layers[index];
    let name = |part: &str| format!("model.layers.{index}.{part}");
    layer.attention_norm = tensors.take(&name("input_layernorm.weight"), &[shape.dim])?;
    layer.feed_norm = tensors.take(&name("post_attention_layernorm.weight"), &[shape.dim])?;
    if shape.qk_norm {
        layer.q_norm = Some(tensors.take(&name("self_attn.q_norm.weight"), &[shape.head_size])?);
        layer.k_norm = Some(tensors.take(&name("self_attn.k_norm.weight"), &[shape.head_size])?);
    }
    let biased =
        [config.attention_bias != Biases::None, config.attention_bias == Biases::All, config.mlp_bias];
    let [inner, outer, feed] = biased;
    let mut parts = vec![
        ("self_attn.q_proj", &mut layer.wq, inner),
        ("self_attn.k_proj", &mut layer.wk, inner),
        ("self_attn.v_proj", &mut layer.wv, inner),
        ("self_attn.o_proj", &mut layer.wo, outer),
        ("mlp.down_proj", &mut layer.down, feed),
        ("mlp.up_proj", &mut layer.up, feed),
    ];
    parts.extend(layer.gate.as_mut().map(|gate| ("mlp.gate_proj", gate, feed)));
    for (part, matrix, biased) in parts {
        matrix.weights = tensors.take(&name(&format!("{part}.weight")), &[matrix.outputs, matrix.inputs])?;
        if biased {
            matrix.bias = Some(tensors.take(&name(&format!("{part}.bias")), &[matrix.outputs])?);
        }
    }
    Ok(())
}

/// The output matrix; `None` if it is the embedding, whether it is left out or given.
fn output(
    config: &Config,
    shape: &Shape,
    embedding: &[f32],
    tensors: &mut Tensors,
) -> Result<Option<Linear>, Problem> {
    const NAME: &str = "lm_head.weight";
    if !tensors.has(NAME) && config.tied != Some(false) {
        return Ok(None);
    }
    let weights = tensors.take(NAME, &[shape.vocabulary, shape.dim])?;
    match (weights == embedding, config.tied) {
        (true, _) => Ok(None),
        (false, Some(true)) => Err(Problem::NotTied),
        (false, _) => Ok(Some(Linear { weights, ..Linear::blank(shape.vocabulary, shape.dim) })),
    }
}
