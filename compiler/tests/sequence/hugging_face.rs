//! Folders of Hugging Face.

use crate::small::{self, network};
use crate::writers::{self, Named};
use mlc_compiler::import::sequence::hugging_face::{File, Folder, Generation, Imported, is_config, read};
use mlc_compiler::import::sequence::{Activation, Checkpoint, CheckpointError, Position, Shape};
use serde_json::{Value, json};

fn import(config: &Value, weights: &[u8], generation: Option<&Value>) -> Result<Imported, CheckpointError> {
    folder(config.to_string().as_bytes(), weights, "model.safetensors", generation, &[])
}

fn folder(
    config: &[u8],
    weights: &[u8],
    name: &str,
    generation: Option<&Value>,
    ignore: &[String],
) -> Result<Imported, CheckpointError> {
    let generation = generation.map(Value::to_string);
    read(&Folder {
        config: File { name: "config.json", bytes: config },
        weights: File { name, bytes: weights },
        generation: generation
            .as_ref()
            .map(|text| File { name: "generation_config.json", bytes: text.as_bytes() }),
        ignore,
    })
}

/// A network whose weights a bf16 holds.
fn short(shape: Shape, tied: bool, biased: [bool; 3]) -> Checkpoint {
    let mut c = network(shape, tied, biased, 5);
    let cut = |values: &mut Vec<f32>| {
        values.iter_mut().for_each(|v| *v = f32::from_bits(v.to_bits() & 0xffff_0000))
    };
    cut(&mut c.embedding);
    c.final_norm.iter_mut().for_each(cut);
    c.output.iter_mut().for_each(|m| cut(&mut m.weights));
    for l in &mut c.layers {
        cut(&mut l.attention_norm);
        cut(&mut l.feed_norm);
        let matrices = [&mut l.wq, &mut l.wk, &mut l.wv, &mut l.wo, &mut l.down, &mut l.up];
        for m in matrices.into_iter().chain(&mut l.gate) {
            cut(&mut m.weights);
            m.bias.iter_mut().for_each(cut);
        }
        l.q_norm.iter_mut().chain(&mut l.k_norm).for_each(cut);
    }
    c
}

fn with(config: &Value, key: &str, value: Value) -> Value {
    let mut config = config.clone();
    config[key] = value;
    config
}

fn without(config: &Value, key: &str) -> Value {
    let mut config = config.clone();
    config.as_object_mut().unwrap().remove(key);
    config
}

#[test]
fn folders_give_the_network_in_adjacent_pairs() {
    let qwen = Shape { qk_norm: true, head_size: 6, ..small::llama() };
    for (shape, biased) in
        [(small::llama(), [false; 3]), (small::llama(), [true; 3]), (qwen, [true, true, false])]
    {
        for tied in [true, false] {
            let wants = short(shape, tied, biased);
            let (config, tensors) = (writers::config(&wants), writers::tensors(&wants));
            assert!(is_config(config.to_string().as_bytes()));
            for dtype in ["F32", "BF16"] {
                let found = import(&config, &writers::safetensors(&tensors, dtype), None).unwrap();
                assert_eq!(found.checkpoint, wants);
                assert_eq!((found.generation.begin, found.generation.end), (Some(1), vec![2]));
            }
        }
    }
    // 8 bits of mantissa fit a binary16 where the exponent does.
    let mut halves = short(small::llama(), true, [false; 3]);
    halves.embedding.iter_mut().for_each(|v| *v = if v.abs() < 1e-3 { 0.0 } else { *v });
    let tensors: Named = writers::tensors(&halves);
    let tensors =
        tensors.into_iter().map(|(n, s, v)| (n, s, v.iter().map(|&v| large(v)).collect())).collect();
    let by_half = import(&writers::config(&halves), &writers::safetensors(&tensors, "F16"), None).unwrap();
    let by_float = import(&writers::config(&halves), &writers::safetensors(&tensors, "F32"), None).unwrap();
    assert_eq!(by_half.checkpoint, by_float.checkpoint);
}

fn large(v: f32) -> f32 {
    if v.abs() < 1e-3 { 0.0 } else { v }
}

#[test]
fn qwen2_has_inner_biases_and_mistral_none() {
    let wants = short(small::llama(), true, [true, false, false]);
    let weights = writers::safetensors(&writers::tensors(&wants), "F32");
    let mut config = without(&writers::config(&wants), "attention_bias");
    config["architectures"] = json!(["Qwen2ForCausalLM"]);
    config["model_type"] = json!("qwen2");
    config["sliding_window"] = json!(8);
    config["use_sliding_window"] = json!(false);
    config["max_window_layers"] = json!(1);
    assert_eq!(import(&config, &weights, None).unwrap().checkpoint, wants);
    let error = import(&with(&config, "use_sliding_window", json!(true)), &weights, None).unwrap_err();
    assert_eq!(error.to_string(), "config.json: use_sliding_window is true, nothing, null or false wanted");

    let wants = short(small::llama(), true, [false; 3]);
    let weights = writers::safetensors(&writers::tensors(&wants), "F32");
    let mut config = writers::config(&wants);
    config["architectures"] = json!(["MistralForCausalLM"]);
    config["model_type"] = json!("mistral");
    for (window, reads) in [(json!(null), true), (json!(32), true), (json!(31), false)] {
        assert_eq!(import(&with(&config, "sliding_window", window), &weights, None).is_ok(), reads);
    }
}

#[test]
fn keys_are_read_in_all_their_forms() {
    let wants = short(small::llama(), true, [false; 3]);
    let mut tensors = writers::tensors(&wants);
    let config = writers::config(&wants);
    let weights = writers::safetensors(&tensors, "F32");
    let theta = |config: &Value| match import(config, &weights, None).unwrap().checkpoint.shape.position {
        Position::Rope { theta, .. } => theta,
        other => panic!("{other:?}"),
    };
    let bare = without(&config, "rope_theta");
    assert_eq!(theta(&bare), 10_000.0);
    assert_eq!(theta(&with(&bare, "rope_base", json!(5000))), 5000.0);
    let parameters = json!({"rope_type": "default", "rope_theta": 777.0});
    assert_eq!(theta(&with(&bare, "rope_parameters", parameters)), 777.0);
    assert_eq!(theta(&with(&config, "rope_scaling", json!({"type": "default", "factor": 1.0}))), 10_000.0);
    let relu = import(&with(&config, "hidden_act", json!("relu")), &weights, None).unwrap();
    assert_eq!(relu.checkpoint.shape.activation, Activation::ReluGate);
    let all = import(&without(&without(&config, "head_dim"), "model_type"), &weights, None).unwrap();
    assert_eq!(all.checkpoint, wants);
    // A head that is said to be tied may be given, and one of which nothing is said may be left out.
    assert_eq!(import(&without(&config, "tie_word_embeddings"), &weights, None).unwrap().checkpoint, wants);
    tensors.push(("lm_head.weight".into(), vec![20, 16], wants.embedding.clone()));
    let angles = "model.layers.1.self_attn.rotary_emb.inv_freq";
    tensors.push((angles.into(), vec![2], vec![1.0, 0.01]));
    let weights = writers::safetensors(&tensors, "F32");
    assert_eq!(import(&config, &weights, None).unwrap().checkpoint, wants);
}

#[test]
fn what_changes_the_meaning_is_refused_by_name() {
    let c = short(small::llama(), true, [false; 3]);
    let (config, weights) = (writers::config(&c), writers::safetensors(&writers::tensors(&c), "F32"));
    let fails = |key: &str, value: Value| {
        import(&with(&config, key, value), &weights, None)
            .unwrap_err()
            .to_string()
            .replace("config.json: ", "")
    };
    let scaling = fails("rope_scaling", json!({"rope_type": "linear", "factor": 2.0}));
    assert_eq!(
        scaling,
        "rope_scaling is {\"factor\":2.0,\"rope_type\":\"linear\"}, null, or an object whose rope_type is \"default\" wanted"
    );
    assert!(
        fails("architectures", json!(["GemmaForCausalLM"]))
            .starts_with("the architecture is GemmaForCausalLM, only")
    );
    assert!(
        fails("architectures", json!(["Qwen3ForCausalLM"])).starts_with("model_type is llama, the same as")
    );
    assert!(fails("architectures", json!([])).starts_with("architectures is [], a list of one text"));
    assert_eq!(
        fails("hidden_act", json!("gelu")),
        "hidden_act is \"gelu\", \"silu\", \"swish\" or \"relu\" wanted"
    );
    assert_eq!(fails("hidden_size", json!(16.5)), "hidden_size is 16.5, a whole number wanted");
    assert_eq!(fails("hidden_size", Value::Null), "hidden_size is missing");
    assert_eq!(fails("num_hidden_layers", json!(300)), "num_hidden_layers is 300, possible is 1 to 256");
    assert_eq!(fails("rope_base", json!(5.0)), "rope_theta is 10000 and 5, one base wanted");
    assert_eq!(
        fails("quantization_config", json!({"bits": 4})),
        "quantization_config is {\"bits\":4}, nothing, null or false wanted"
    );
    assert_eq!(fails("sliding_window", json!(8)), "sliding_window is 8, nothing, null or false wanted");
    assert!(fails("layer_types", json!(["sliding_attention"])).contains("\"full_attention\" for each layer"));
    assert_eq!(fails("rms_norm_eps", json!(7)), "rms_norm_eps is 7, a number from 0 to 1 wanted");
    assert_eq!(
        fails("eos_token_id", json!([2, 20])),
        "eos_token_id is [2,20], a token below 20, or a list of them wanted"
    );
    let unknown = fails("use_mup", json!(true));
    assert_eq!(
        unknown,
        "use_mup is true: mlc does not know this key, and it may change what the network computes"
    );
    let text = with(&config, "use_mup", json!(true)).to_string();
    let ignore = ["use_mup".to_string()];
    assert_eq!(folder(text.as_bytes(), &weights, "m", None, &ignore).unwrap().checkpoint, c);
    assert_eq!(import(&with(&config, "use_mup", json!(false)), &weights, None).unwrap().checkpoint, c);
}

#[test]
fn tensors_are_named_when_they_are_wrong() {
    let c = short(small::llama(), false, [false; 3]);
    let (config, tensors) = (writers::config(&c), writers::tensors(&c));
    let fails = |change: &dyn Fn(&mut Named)| {
        let mut tensors = tensors.clone();
        change(&mut tensors);
        let error = import(&config, &writers::safetensors(&tensors, "F32"), None).unwrap_err();
        error.to_string().replace("model.safetensors: ", "")
    };
    let key = "model.layers.1.self_attn.k_proj.weight";
    let at = tensors.iter().position(|(name, ..)| name == key).unwrap();
    assert_eq!(fails(&|t| drop(t.remove(at))), format!("tensor {key} is missing"));
    assert_eq!(fails(&|t| t[at].1 = vec![16, 8]), format!("tensor {key} has shape 16 by 8, 8 by 16 wanted"));
    assert_eq!(fails(&|t| t[at].2[19] = f32::NAN), format!("tensor {key}: the value at [1, 3] is NaN"));
    let extra = "model.layers.1.self_attn.q_norm.weight";
    assert_eq!(
        fails(&|t| t.push((extra.into(), vec![4], vec![1.0; 4]))),
        format!("tensor {extra} is no part of such a network")
    );
    let tied = with(&config, "tie_word_embeddings", json!(true));
    let error = import(&tied, &writers::safetensors(&tensors, "F32"), None).unwrap_err();
    assert!(error.to_string().contains("differs from the embedding"));
    let weights = writers::safetensors(&tensors, "F32");
    let header = String::from_utf8_lossy(&weights[8..]).find("F32").unwrap() + 8;
    let mut integers = weights.clone();
    integers[header..header + 3].copy_from_slice(b"I32");
    let error = import(&config, &integers, None).unwrap_err().to_string();
    assert!(error.ends_with("has values of type I32, F32, F16 or BF16 wanted"), "{error}");
}

#[test]
fn several_files_and_pointers_are_refused() {
    let c = short(small::llama(), false, [false; 3]);
    let config = writers::config(&c).to_string();
    let weights = writers::safetensors(&writers::tensors(&c), "F32");
    let fails = |name: &str, bytes: &[u8]| {
        let error = folder(config.as_bytes(), bytes, name, None, &[]).unwrap_err();
        assert!(!error.help().is_empty());
        error.to_string()
    };
    let shard = "model-00001-of-00002.safetensors";
    assert_eq!(fails(shard, &weights), format!("{shard}: the weights are in several files, mlc reads one"));
    assert!(fails("m", b"{\"weight_map\": {}}").ends_with("in several files, mlc reads one"));
    let one = folder(config.as_bytes(), &weights, "model-00001-of-00001.safetensors", None, &[]);
    assert_eq!(one.unwrap().checkpoint, c);
    assert!(fails("m", b"version https://git-lfs.github.com/spec/v1\n").contains("Git LFS"));
    assert_eq!(fails("m", b""), "m: the file is damaged: it ends early");
}

#[test]
fn generation_is_read_and_the_rest_of_it_named() {
    let c = short(small::llama(), true, [false; 3]);
    let (config, weights) = (writers::config(&c), writers::safetensors(&writers::tensors(&c), "F32"));
    let file = json!({
        "bos_token_id": 3, "eos_token_id": [4, 5], "do_sample": true, "temperature": 0.7, "top_k": 40, "top_p": 0.9,
        "min_p": 0.05, "repetition_penalty": 1.1, "max_length": 64, "max_new_tokens": 32, "pad_token_id": 0,
        "num_beams": 3, "use_cache": true, "guidance": null, "transformers_version": "4.46.0",
    });
    let wants = Generation {
        sample: Some(true),
        temperature: Some(0.7),
        top_k: Some(40),
        top_p: Some(0.9),
        min_p: Some(0.05),
        repetition_penalty: Some(1.1),
        begin: Some(3),
        end: vec![4, 5],
        max_length: Some(64),
        max_new_tokens: Some(32),
        not_read: vec!["num_beams: 3".to_string()],
    };
    assert_eq!(import(&config, &weights, Some(&file)).unwrap().generation, wants);
    let cold = import(&config, &weights, Some(&json!({"temperature": 0, "top_k": 0}))).unwrap().generation;
    assert_eq!((cold.sample, cold.temperature, cold.top_k), (Some(false), None, None));
    assert_eq!((cold.begin, cold.end), (Some(1), vec![2]));
    for (key, value) in
        [("temperature", json!(-1)), ("top_p", json!(0)), ("top_k", json!(-1)), ("eos_token_id", json!("a"))]
    {
        let error = import(&config, &weights, Some(&json!({ key: value }))).unwrap_err().to_string();
        assert!(error.starts_with(&format!("generation_config.json: {key} is ")), "{error}");
    }
}
