//! Writers of the formats that are read.

use mlc_compiler::import::sequence::{Checkpoint, Linear, Shape};
use serde_json::{Value, json};

fn put(to: &mut Vec<u8>, values: &[f32]) {
    to.extend(values.iter().flat_map(|v| v.to_le_bytes()));
}

fn sizes(shape: &Shape, vocabulary: i32) -> Vec<u8> {
    let n = |v: usize| v as i32;
    let heads = [n(shape.heads), n(shape.kv_heads), vocabulary, n(shape.positions.unwrap())];
    [n(shape.dim), n(shape.hidden), n(shape.layers)]
        .iter()
        .chain(&heads)
        .flat_map(|v| v.to_le_bytes())
        .collect()
}

/// The matrices of the layers in llama2.c's order.
fn matrices(c: &Checkpoint) -> [Vec<&Linear>; 7] {
    let all =
        |pick: fn(&mlc_compiler::import::sequence::Layer) -> &Linear| c.layers.iter().map(pick).collect();
    [
        all(|l| &l.wq),
        all(|l| &l.wk),
        all(|l| &l.wv),
        all(|l| &l.wo),
        all(|l| l.gate.as_ref().unwrap()),
        all(|l| &l.down),
        all(|l| &l.up),
    ]
}

pub fn legacy(c: &Checkpoint) -> Vec<u8> {
    let vocabulary = c.shape.vocabulary as i32;
    let mut to = sizes(&c.shape, if c.output.is_none() { vocabulary } else { -vocabulary });
    put(&mut to, &c.embedding);
    c.layers.iter().for_each(|l| put(&mut to, &l.attention_norm));
    let matrices = matrices(c);
    matrices[..4].iter().flatten().for_each(|m| put(&mut to, &m.weights));
    c.layers.iter().for_each(|l| put(&mut to, &l.feed_norm));
    matrices[4..].iter().flatten().for_each(|m| put(&mut to, &m.weights));
    put(&mut to, c.final_norm.as_ref().unwrap());
    put(&mut to, &vec![0.25; c.shape.positions.unwrap() * c.shape.head_size]);
    c.output.iter().for_each(|m| put(&mut to, &m.weights));
    to
}

fn header(c: &Checkpoint, version: i32, group: Option<i32>) -> Vec<u8> {
    let mut to = 0x616b_3432u32.to_le_bytes().to_vec();
    to.extend(version.to_le_bytes());
    to.extend(sizes(&c.shape, c.shape.vocabulary as i32));
    to.push(u8::from(c.output.is_none()));
    to.extend(group.iter().flat_map(|g| g.to_le_bytes()));
    to.resize(256, 0);
    c.layers.iter().for_each(|l| put(&mut to, &l.attention_norm));
    c.layers.iter().for_each(|l| put(&mut to, &l.feed_norm));
    put(&mut to, c.final_norm.as_ref().unwrap());
    to
}

/// Embedding, matrices, output.
fn tables(c: &Checkpoint) -> Vec<&[f32]> {
    let matrices = matrices(c).into_iter().flatten().chain(&c.output).map(|m| m.weights.as_slice());
    std::iter::once(c.embedding.as_slice()).chain(matrices).collect()
}

pub fn version1(c: &Checkpoint) -> Vec<u8> {
    let mut to = header(c, 1, None);
    tables(c).iter().for_each(|t| put(&mut to, t));
    to
}

/// Q8_0. With `scales_last` as an earlier export.py wrote it.
pub fn version2(c: &Checkpoint, group: usize, scales_last: bool) -> Vec<u8> {
    let mut to = header(c, 2, Some(group as i32));
    let mut last = Vec::new();
    for table in tables(c) {
        let scales: Vec<f32> =
            table.chunks(group).map(|g| g.iter().fold(0f32, |m, v| m.max(v.abs())) / 127.0).collect();
        let values = table.chunks(group).zip(&scales);
        to.extend(values.flat_map(|(g, s)| g.iter().map(move |v| (v / s).round_ties_even() as i8 as u8)));
        put(if scales_last { &mut last } else { &mut to }, &scales);
    }
    to.extend(last);
    to
}

/// Rows of heads in Hugging Face's order.
fn half_split(rows: &[f32], columns: usize, head_size: usize) -> Vec<f32> {
    let mut out = vec![0.0; rows.len()];
    for (index, row) in rows.chunks_exact(columns).enumerate() {
        let (head, at) = (index / head_size, index % head_size);
        let to = head * head_size + at / 2 + if at % 2 == 1 { head_size / 2 } else { 0 };
        out[to * columns..][..columns].copy_from_slice(row);
    }
    out
}

/// The tensors of a folder: name, shape, values; queries and keys half-split.
pub type Named = Vec<(String, Vec<usize>, Vec<f32>)>;

pub fn tensors(c: &Checkpoint) -> Named {
    let (shape, size) = (&c.shape, c.shape.head_size);
    let mut all: Named = Vec::new();
    all.push(("model.embed_tokens.weight".into(), vec![shape.vocabulary, shape.dim], c.embedding.clone()));
    all.push(("model.norm.weight".into(), vec![shape.dim], c.final_norm.clone().unwrap()));
    for (index, l) in c.layers.iter().enumerate() {
        let mut put = |name: &str, sides: Vec<usize>, values: Vec<f32>| {
            all.push((format!("model.layers.{index}.{name}"), sides, values));
        };
        put("input_layernorm.weight", vec![shape.dim], l.attention_norm.clone());
        put("post_attention_layernorm.weight", vec![shape.dim], l.feed_norm.clone());
        for (name, gains) in [("q_norm", &l.q_norm), ("k_norm", &l.k_norm)] {
            if let Some(gains) = gains {
                put(&format!("self_attn.{name}.weight"), vec![size], half_split(gains, 1, size));
            }
        }
        let parts = [
            ("self_attn.q_proj", &l.wq, true),
            ("self_attn.k_proj", &l.wk, true),
            ("self_attn.v_proj", &l.wv, false),
            ("self_attn.o_proj", &l.wo, false),
            ("mlp.gate_proj", l.gate.as_ref().unwrap(), false),
            ("mlp.down_proj", &l.down, false),
            ("mlp.up_proj", &l.up, false),
        ];
        for (name, m, split) in parts {
            let order = |v: &[f32], columns| if split { half_split(v, columns, size) } else { v.to_vec() };
            put(&format!("{name}.weight"), vec![m.outputs, m.inputs], order(&m.weights, m.inputs));
            if let Some(bias) = &m.bias {
                put(&format!("{name}.bias"), vec![m.outputs], order(bias, 1));
            }
        }
    }
    if let Some(output) = &c.output {
        all.push(("lm_head.weight".into(), vec![shape.vocabulary, shape.dim], output.weights.clone()));
    }
    all
}

/// A `.safetensors` of these tensors, of type F32, BF16 or F16 (values that fit it exactly).
pub fn safetensors(tensors: &Named, dtype: &str) -> Vec<u8> {
    let (mut data, mut places) = (Vec::new(), serde_json::Map::new());
    for (name, shape, values) in tensors {
        let start = data.len();
        match dtype {
            "F32" => put(&mut data, values),
            "BF16" => data.extend(values.iter().flat_map(|v| ((v.to_bits() >> 16) as u16).to_le_bytes())),
            "F16" => data.extend(values.iter().flat_map(|&v| f16(v).to_le_bytes())),
            other => panic!("{other}"),
        }
        let place = json!({"dtype": dtype, "shape": shape, "data_offsets": [start, data.len()]});
        places.insert(name.clone(), place);
    }
    let mut header = serde_json::to_vec(&places).unwrap();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

/// The binary16 that holds `v`, cut off.
pub fn f16(v: f32) -> u16 {
    let bits = v.to_bits();
    let exponent = (bits >> 23 & 255) as i32 - 127 + 15;
    let sign = (bits >> 16 & 0x8000) as u16;
    match exponent {
        1..31 => sign | (exponent as u16) << 10 | (bits >> 13 & 1023) as u16,
        -10..1 => sign | ((bits & 0x7f_ffff | 0x80_0000) >> (14 - exponent)) as u16,
        _ => sign,
    }
}

/// `config.json` of a Llama or a Qwen3.
pub fn config(c: &Checkpoint) -> Value {
    let s = &c.shape;
    let name = if s.qk_norm { "Qwen3" } else { "Llama" };
    json!({
        "architectures": [format!("{name}ForCausalLM")],
        "model_type": name.to_lowercase(),
        "attention_bias": c.layers[0].wo.bias.is_some(),
        "bos_token_id": 1,
        "eos_token_id": 2,
        "head_dim": s.head_size,
        "hidden_act": "silu",
        "hidden_size": s.dim,
        "initializer_range": 0.02,
        "intermediate_size": s.hidden,
        "max_position_embeddings": s.positions,
        "mlp_bias": c.layers[0].up.bias.is_some(),
        "num_attention_heads": s.heads,
        "num_hidden_layers": s.layers,
        "num_key_value_heads": s.kv_heads,
        "rms_norm_eps": 1e-5,
        "rope_scaling": null,
        "rope_theta": 10000.0,
        "tie_word_embeddings": c.output.is_none(),
        "torch_dtype": "float32",
        "transformers_version": "4.46.0",
        "use_cache": true,
        "vocab_size": s.vocabulary,
    })
}

/// `soul.bin` with these shifts of matrices; values are rounded.
pub fn soul(c: &Checkpoint, shift: i8) -> Vec<u8> {
    let mut to = Vec::new();
    let mut put = |kind: u8, rows: usize, columns: usize, values: &[f32], exponent: i32| {
        to.push(kind);
        to.extend((rows as u16).to_le_bytes());
        to.extend((columns as u16).to_le_bytes());
        to.push(shift as u8);
        for v in values {
            let v = (v * 2f32.powi(exponent)).round();
            if kind == 0 { to.push(v as i8 as u8) } else { to.extend((v as i16).to_le_bytes()) }
        }
    };
    let (s, shift) = (&c.shape, i32::from(shift));
    put(0, s.vocabulary, s.dim, &c.embedding, shift);
    put(0, s.positions.unwrap(), s.dim, c.learnt_positions.as_ref().unwrap(), shift);
    for l in &c.layers {
        put(0, s.dim, 1, &l.attention_norm, shift);
        let sharp: Vec<f32> = l.wq.weights.iter().map(|w| w * 2f32.sqrt()).collect();
        put(0, l.wq.outputs, l.wq.inputs, &sharp, shift + 1);
        for m in [&l.wk, &l.wv, &l.wo] {
            put(0, m.outputs, m.inputs, &m.weights, shift + 1);
        }
        put(0, s.dim, 1, &l.feed_norm, shift);
        for m in [&l.up, &l.down] {
            put(0, m.outputs, m.inputs, &m.weights, shift + 1);
            put(1, m.outputs, 1, m.bias.as_ref().unwrap(), shift + 9);
        }
    }
    put(0, s.dim, 1, c.final_norm.as_ref().unwrap(), shift);
    put(0, s.vocabulary, s.dim, &c.output.as_ref().unwrap().weights, shift);
    to
}
