//! What becomes of every key of `config.json` that [`super::config`] does not read: it changes nothing, it says what
//! is computed in any case, or it is refused by name.

use super::super::Problem;
use super::fields::{Fields, short, wrong};
use serde_json::{Value, json};

/// Keys that `config.rs` reads.
const READ: [&str; 22] = [
    "architectures",
    "attention_bias",
    "bos_token_id",
    "eos_token_id",
    "head_dim",
    "hidden_act",
    "hidden_size",
    "intermediate_size",
    "layer_types",
    "max_position_embeddings",
    "mlp_bias",
    "model_type",
    "num_attention_heads",
    "num_hidden_layers",
    "num_key_value_heads",
    "rms_norm_eps",
    "rope_base",
    "rope_parameters",
    "rope_scaling",
    "rope_theta",
    "tie_word_embeddings",
    "vocab_size",
];

/// Keys that change nothing in what a network computes: training, storage, classifiers, and how text was generated
/// before `generation_config.json` was.
const IDLE: [&str; 59] = [
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_name_or_path",
    "attention_dropout",
    "attn_implementation",
    "bad_words_ids",
    "begin_suppress_tokens",
    "chunk_size_feed_forward",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "dtype",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "exponential_decay_length_penalty",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "hidden_dropout",
    "id2label",
    "initializer_range",
    "is_decoder",
    "is_llama_config",
    "keys_to_ignore_at_inference",
    "label2id",
    "length_penalty",
    "max_length",
    "max_sequence_length",
    "max_window_layers",
    "min_length",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "pad_token_id",
    "prefix",
    "pretraining_tp",
    "problem_type",
    "remove_invalid_values",
    "repetition_penalty",
    "return_dict",
    "return_dict_in_generate",
    "sep_token_id",
    "suppress_tokens",
    "task_specific_params",
    "temperature",
    "tokenizer_class",
    "top_k",
    "top_p",
    "torch_dtype",
    "transformers.js_config",
    "transformers_version",
    "typical_p",
    "unk_token_id",
    "unsloth_version",
    "use_cache",
];

/// Keys that may say only this (or null, or false).
fn same(key: &str) -> Option<Value> {
    Some(match key {
        "partial_rotary_factor"
        | "attention_multiplier"
        | "residual_multiplier"
        | "embedding_multiplier"
        | "logits_scaling" => json!(1.0),
        "pruned_heads" => json!({}),
        "add_cross_attention"
        | "is_encoder_decoder"
        | "rope_interleaved"
        | "sliding_window"
        | "tf_legacy_loss"
        | "tie_encoder_decoder"
        | "torchscript"
        | "use_bfloat16"
        | "use_sliding_window"
        | "attn_logit_softcapping"
        | "final_logit_softcapping"
        | "quantization_config" => Value::Null,
        _ => return None,
    })
}

/// Refuses the first key, by the alphabet, that changes what is computed or that nobody here knows. `reads_window`
/// says that `sliding_window` was looked at already; `ignore` are keys whose owner says that they change nothing.
pub(super) fn check(fields: &Fields, reads_window: bool, ignore: &[String]) -> Result<(), Problem> {
    for (key, value) in fields.all() {
        let empty = matches!(value, Value::Null | Value::Bool(false));
        let known = READ.contains(&key) || IDLE.contains(&key) || (key == "sliding_window" && reads_window);
        if known || empty || ignore.iter().any(|name| name == key) {
            continue;
        }
        match same(key) {
            Some(Value::Null) => return Err(wrong(key, value, "nothing, null or false")),
            Some(only) if *value == only || value.as_f64().is_some_and(|v| only.as_f64() == Some(v)) => {}
            Some(only) => return Err(wrong(key, value, &only.to_string())),
            None => {
                let (key, value) = (crate::shown::shown(key), short(value));
                return Err(Problem::UnknownKey { key, value });
            }
        }
    }
    Ok(())
}
