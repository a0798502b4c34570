//! `config.json` → shape.

use super::super::{Activation, Layout, Position, Problem, Shape};
use super::fields::{Fields, wrong};
use super::keys;
use serde_json::Value;

/// Which matrices of the attention have a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Biases {
    None,
    /// Queries, keys and values (Qwen2).
    Inner,
    /// The matrix behind the attention too.
    All,
}

/// What the file says.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub shape: Shape,
    pub attention_bias: Biases,
    pub mlp_bias: bool,
    /// Whether the output is the embedding, where it is said.
    pub tied: Option<bool>,
    pub begin: Option<u32>,
    pub end: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Llama,
    Mistral,
    Qwen2,
    Qwen3,
}

const READ: &str = "Llama, Mistral, Qwen2 and Qwen3 (…ForCausalLM)";

pub(super) fn read(bytes: &[u8], ignore: &[String]) -> Result<Config, Problem> {
    let fields = Fields::parse(bytes)?;
    let kind = kind(&fields)?;
    // A window that is not used changes nothing; nor does one that no text of the trained length leaves.
    let positions = fields.whole("max_position_embeddings")?;
    let unused = kind == Kind::Qwen2 || kind == Kind::Qwen3;
    let wide = kind == Kind::Mistral && positions.is_some() && fields.whole("sliding_window")? >= positions;
    keys::check(&fields, unused || wide, ignore)?;
    check_layer_types(&fields)?;

    let (dim, layers) = (fields.size("hidden_size")?, fields.size("num_hidden_layers")?);
    let heads = fields.size("num_attention_heads")?;
    // What a configuration of another kind leaves out is no matter of the number of heads.
    let kv_heads = match fields.whole("num_key_value_heads")? {
        None if kind == Kind::Llama => heads,
        None => return Err(Problem::MissingKey("num_key_value_heads")),
        Some(kv_heads) => kv_heads,
    };
    let llama = Shape::llama(dim, layers, heads, kv_heads);
    let shape = Shape {
        head_size: match fields.whole("head_dim")? {
            None if kind == Kind::Qwen3 => return Err(Problem::MissingKey("head_dim")),
            None if llama.head_size == 0 && heads > 0 => {
                let wants = &format!("a divisor of hidden_size {dim}, where there is no head_dim");
                return Err(wrong("num_attention_heads", &heads.into(), wants));
            }
            None => llama.head_size,
            Some(size) => size,
        },
        hidden: fields.size("intermediate_size")?,
        vocabulary: fields.size("vocab_size")?,
        positions,
        norm_eps: fields.number("rms_norm_eps")?.unwrap_or(1e-6),
        position: Position::Rope { theta: theta(&fields)?, layout: Layout::Half },
        activation: activation(&fields)?,
        qk_norm: kind == Kind::Qwen3,
        ..llama
    };
    shape.check().map_err(by_key)?;
    let attention_bias = match (kind, fields.flag("attention_bias")?) {
        (Kind::Qwen2, _) => Biases::Inner,
        (Kind::Mistral, Some(true)) => {
            return Err(wrong("attention_bias", &Value::Bool(true), "false in a Mistral"));
        }
        (_, Some(true)) => Biases::All,
        _ => Biases::None,
    };
    let mlp_bias = fields.flag("mlp_bias")?.unwrap_or(false);
    if mlp_bias && kind != Kind::Llama {
        return Err(wrong("mlp_bias", &Value::Bool(true), "false in all but a Llama"));
    }
    Ok(Config {
        shape,
        attention_bias,
        mlp_bias,
        tied: fields.flag("tie_word_embeddings")?,
        begin: fields.tokens("bos_token_id", shape.vocabulary)?.first().copied(),
        end: fields.tokens("eos_token_id", shape.vocabulary)?,
    })
}

/// The architecture, which `architectures` and `model_type` may both say.
fn kind(fields: &Fields) -> Result<Kind, Problem> {
    let class = match fields.get("architectures") {
        None => None,
        Some(Value::Array(list)) if list.len() == 1 && list[0].is_string() => list[0].as_str(),
        Some(other) => return Err(wrong("architectures", other, "a list of one text")),
    };
    let by_class = |name: &str| match name {
        "LlamaForCausalLM" => Some(Kind::Llama),
        "MistralForCausalLM" => Some(Kind::Mistral),
        "Qwen2ForCausalLM" => Some(Kind::Qwen2),
        "Qwen3ForCausalLM" => Some(Kind::Qwen3),
        _ => None,
    };
    let by_type = |name: &str| match name {
        "llama" => Some(Kind::Llama),
        "mistral" => Some(Kind::Mistral),
        "qwen2" => Some(Kind::Qwen2),
        "qwen3" => Some(Kind::Qwen3),
        _ => None,
    };
    let other = |found: &str| Problem::Architecture { found: crate::shown::shown(found), read: READ };
    let class = class.map(|name| by_class(name).ok_or_else(|| other(name))).transpose()?;
    let model_type = fields.text("model_type")?;
    let named = model_type.as_deref().map(|name| by_type(name).ok_or_else(|| other(name))).transpose()?;
    match (class, named) {
        (Some(one), Some(two)) if one != two => Err(Problem::Value {
            field: "model_type".to_string(),
            value: crate::shown::shown(&model_type.unwrap_or_default()),
            wants: "the same as architectures says".to_string(),
        }),
        (Some(kind), _) | (None, Some(kind)) => Ok(kind),
        (None, None) => Err(Problem::MissingKey("architectures")),
    }
}

/// The same problem, with the key of the file in place of the field of the shape.
fn by_key(problem: Problem) -> Problem {
    let key = |field: &str| match field {
        "dim" => "hidden_size",
        "layers" => "num_hidden_layers",
        "heads" => "num_attention_heads",
        "kv_heads" => "num_key_value_heads",
        "head_size" => "head_dim",
        "hidden" => "intermediate_size",
        "vocabulary" => "vocab_size",
        "positions" => "max_position_embeddings",
        "norm_eps" => "rms_norm_eps",
        _ => "rope_theta",
    };
    match problem {
        Problem::Size { field, value, most } => Problem::Size { field: key(field), value, most },
        Problem::Value { field, value, wants } => {
            Problem::Value { field: key(&field).to_string(), value, wants }
        }
        other => other,
    }
}

/// All layers must see every position.
fn check_layer_types(fields: &Fields) -> Result<(), Problem> {
    match fields.get("layer_types") {
        None => Ok(()),
        Some(Value::Array(types)) if types.iter().all(|v| v == "full_attention") => Ok(()),
        Some(other) => Err(wrong("layer_types", other, "\"full_attention\" for each layer")),
    }
}

/// The base of the angles: `rope_theta` or `rope_base`, or within `rope_parameters`; nothing may scale them.
fn theta(fields: &Fields) -> Result<f32, Problem> {
    let mut thetas = vec![fields.number("rope_theta")?, fields.number("rope_base")?];
    for key in ["rope_scaling", "rope_parameters"] {
        let Some(value) = fields.get(key) else { continue };
        let Value::Object(map) = value else {
            return Err(wrong(key, value, "null, or an object whose rope_type is \"default\""));
        };
        let inner = Fields::of(map);
        for (name, said) in inner.all() {
            let plain = match name {
                "type" | "rope_type" => said == "default",
                "rope_theta" => true,
                "factor" | "partial_rotary_factor" => said.as_f64() == Some(1.0),
                _ => false,
            };
            if !plain && !said.is_null() {
                return Err(wrong(key, value, "null, or an object whose rope_type is \"default\""));
            }
        }
        thetas.push(inner.number("rope_theta")?);
    }
    let mut said = thetas.into_iter().flatten();
    let theta = said.next().unwrap_or(10_000.0);
    match said.find(|&other| other != theta) {
        Some(other) => Err(Problem::Value {
            field: "rope_theta".to_string(),
            value: format!("{theta} and {other}"),
            wants: "one base".to_string(),
        }),
        None => Ok(theta),
    }
}

fn activation(fields: &Fields) -> Result<Activation, Problem> {
    match fields.text("hidden_act")?.as_deref() {
        None | Some("silu" | "swish") => Ok(Activation::SwiGlu),
        Some("relu") => Ok(Activation::ReluGate),
        Some(other) => Err(wrong("hidden_act", &other.into(), "\"silu\", \"swish\" or \"relu\"")),
    }
}
