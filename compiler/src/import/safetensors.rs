//! `.safetensors` of a plain network of layers: the tensors `layers.N.weight` and `layers.N.bias`, or
//! `fcN.weight`, or `fcN_weight`; charset, labels and architecture in `__metadata__`.

use super::facts::{Entries, Facts, Stated};
use super::tensor::{self, DType, Part, Tensor};
use super::{ImportError, Imported, Options, Problem, names, network};
use crate::shown::cut;
use ::safetensors::{Dtype as FileType, SafeTensorError, SafeTensors};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Longest header that the format allows, in bytes.
const FORMAT_HEADER: u64 = 100_000_000;
/// Longest one that is read, in MiB. One of 64 layers has 20 KB, one of 256 blocks
/// of a transformer 400 KB; what it says takes a few times its size in memory.
const MAX_HEADER_MIB: u64 = 1;

/// Whether `bytes` start as a `.safetensors` does: the length of the header, then its `{`.
pub(super) fn is_safetensors(bytes: &[u8]) -> bool {
    let length = bytes.first_chunk().map(|length| u64::from_le_bytes(*length));
    // The upper bytes of the length are 0, so no text starts so.
    length.is_some_and(|n| n <= FORMAT_HEADER) && bytes.get(8) == Some(&b'{')
}

/// Reads a model from the bytes of a `.safetensors`; `file` names it in errors, and names the model unless
/// `options` do. Float parameters are quantized (docs/import.md), integers are taken as they are.
///
/// # Errors
/// The first thing found wrong, with the tensor or the key.
pub fn read(bytes: &[u8], file: &str, options: &Options) -> Result<Imported, ImportError> {
    model(bytes, file, options).map_err(|problem| ImportError::new(file, None, problem))
}

fn model(bytes: &[u8], file: &str, options: &Options) -> Result<Imported, Problem> {
    check_places(bytes).map_err(Problem::SafeTensors)?;
    let damaged = |e: SafeTensorError| Problem::SafeTensors(what(&e));
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let file_tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
    // The crate has them in the order of hashes.
    let tensors: BTreeMap<String, _> = file_tensors.tensors().into_iter().collect();

    let (pairs, note) = names::pairs(tensors.keys().map(String::as_str))?;
    let mut facts = Facts::with(note);
    // The crate has the keys in the order of hashes.
    state(&mut facts, &header.metadata().iter().flatten().collect(), options)?;
    let mut layers = Vec::new();
    for pair in pairs {
        let tensor = |name: &str, part| {
            let view = &tensors[name];
            let shape: Vec<u64> = view.shape().iter().map(|&n| n as u64).collect();
            tensor::check_shape(name, &shape, part)?;
            let Some(dtype) = dtype(view.dtype()) else {
                let (tensor, found) = (name.to_string(), view.dtype().to_string());
                let wants = "F16, BF16, F32, F64, U8, I8, I16, I32 or I64";
                return Err(Problem::TensorType { tensor, found, wants });
            };
            Ok(Tensor { name: name.to_string(), shape, values: dtype.decode(view.data(), false) })
        };
        layers.push(tensor::layer(&tensor(&pair.weight, Part::Weight)?, &tensor(&pair.bias, Part::Bias)?)?);
    }

    network::model(layers, facts, file, options)
}

/// Takes what `__metadata__` states: a text, which is JSON or what it says.
fn state(facts: &mut Facts, metadata: &BTreeMap<&String, &String>, options: &Options) -> Result<(), Problem> {
    const PLACE: &str = "__metadata__";
    for (key, text) in metadata {
        let stated = match key.as_str() {
            "charset" | "labels" if options.says_outputs() => continue,
            "architecture" => {
                let Entries(entries) = json("architecture", text)?;
                facts.architecture("__metadata__: architecture", &entries, options)?;
                continue;
            }
            "charset" => Value::String(text.to_string()),
            "labels" => json("labels", text)?,
            _ => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_string())),
        };
        facts.state(PLACE, key, &Stated::Json(stated), options)?;
    }
    Ok(())
}

/// The value of a key of the metadata, which is JSON in a text.
fn json<T: for<'de> Deserialize<'de>>(key: &'static str, text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|e| Problem::Metadata { key, what: cut(&e.to_string(), 200) })
}

/// Where a tensor lies; other keys, and those of the metadata, are left alone.
#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    data_offsets: (u64, u64),
}

/// Checks that all tensors lie inside the file. The crate (0.8.0) adds the end of the last one to the
/// length of the header before it compares, so that an end near 2^64 would overflow.
pub(super) fn check_places(bytes: &[u8]) -> Result<(), String> {
    let early = || "it ends early".to_string();
    let (length, rest) = bytes.split_first_chunk().ok_or_else(early)?;
    if u64::from_le_bytes(*length) > MAX_HEADER_MIB << 20 {
        return Err(format!("its header has more than {MAX_HEADER_MIB} MiB"));
    }
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| early())?;
    let header = rest.get(..length).ok_or_else(early)?;
    let places: BTreeMap<String, Place> =
        serde_json::from_slice(header).map_err(|e| format!("its header: {}", cut(&e.to_string(), 200)))?;
    let size = (rest.len() - length) as u64;
    match places.iter().find(|(_, place)| place.data_offsets.0.max(place.data_offsets.1) > size) {
        Some(_) => Err(early()),
        None => Ok(()),
    }
}

/// The crate's error without a name that depends on the order of hashes.
pub(super) fn what(e: &SafeTensorError) -> String {
    match e {
        SafeTensorError::InvalidOffset(_) => "its tensors do not lie one behind the other".to_string(),
        SafeTensorError::TensorInvalidInfo => "the shape of a tensor does not fit its place".to_string(),
        SafeTensorError::MetadataIncompleteBuffer => "it has more data than its tensors".to_string(),
        e => cut(&e.to_string(), 200),
    }
}

fn dtype(dtype: FileType) -> Option<DType> {
    Some(match dtype {
        FileType::F16 => DType::F16,
        FileType::BF16 => DType::BF16,
        FileType::F32 => DType::F32,
        FileType::F64 => DType::F64,
        FileType::U8 => DType::U8,
        FileType::I8 => DType::I8,
        FileType::I16 => DType::I16,
        FileType::I32 => DType::I32,
        FileType::I64 => DType::I64,
        _ => return None,
    })
}
