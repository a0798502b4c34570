//! The tensors of a `model.safetensors`, each taken once.

use super::super::Problem;
use super::super::bytes::check_finite;
use super::File;
use super::fields::cut;
use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Longest header that is read, in bytes: one of 256 layers with biases has 400 KB.
const MAX_HEADER: u64 = 1 << 20;

/// What is left of the file's tensors.
pub(super) struct Tensors<'a>(BTreeMap<String, TensorView<'a>>);

impl<'a> Tensors<'a> {
    pub fn open(file: &File<'a>) -> Result<Self, Problem> {
        let bytes = file.bytes;
        if bytes.starts_with(b"version https://git-lfs") {
            return Err(Problem::Pointer);
        }
        if is_shard(file.name) || bytes.starts_with(b"{") {
            return Err(Problem::Sharded);
        }
        check_places(bytes)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| Problem::SafeTensors(what(&e)))?;
        // The crate has them in the order of hashes.
        Ok(Self(tensors.tensors().into_iter().collect()))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Takes the tensor of this name as floats.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Problem> {
        let tensor = name.to_string();
        let Some(view) = self.0.remove(name) else { return Err(Problem::MissingTensor(tensor)) };
        if view.shape() != shape {
            let (found, wants) = (sides(view.shape()), sides(shape));
            return Err(Problem::TensorShape { tensor, found, wants });
        }
        let data = view.data();
        let values: Vec<f32> = match view.dtype() {
            Dtype::F32 => data.as_chunks().0.iter().map(|&v| f32::from_le_bytes(v)).collect(),
            Dtype::F16 => data.as_chunks().0.iter().map(|&v| half(u16::from_le_bytes(v))).collect(),
            // The upper half of a float.
            Dtype::BF16 => {
                data.as_chunks().0.iter().map(|&[low, high]| f32::from_le_bytes([0, 0, low, high])).collect()
            }
            other => {
                let (found, wants) = (other.to_string(), "F32, F16 or BF16");
                return Err(Problem::TensorType { tensor, found, wants });
            }
        };
        check_finite(name, &values, if shape.len() == 2 { shape[1] } else { 1 })?;
        Ok(values)
    }

    /// Refuses what is left, but the angles that old files have for each layer.
    pub fn end(&self, layers: usize) -> Result<(), Problem> {
        let angles = |name: &str| {
            let index = name
                .strip_prefix("model.layers.")
                .and_then(|name| name.strip_suffix(".self_attn.rotary_emb.inv_freq"));
            index.and_then(|index| index.parse().ok()).is_some_and(|index: usize| index < layers)
        };
        match self.0.keys().find(|name| !angles(name)) {
            Some(name) => Err(Problem::UnknownTensor(cut(name))),
            None => Ok(()),
        }
    }
}

/// Whether a name is one of several: `model-00001-of-00002.safetensors`, or their index.
fn is_shard(name: &str) -> bool {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.ends_with(".index.json")
        || name
            .split_once("-of-")
            .is_some_and(|(_, count)| count.starts_with("0") && !count.starts_with("00001."))
}

/// A shape for a message.
fn sides(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" by ")
}

/// Where a tensor lies; other keys, and those of the metadata, are left alone.
#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    data_offsets: (u64, u64),
}

/// Checks that all tensors lie inside the file. The crate (0.8.0) adds the end of the last one to the length of the
/// header before it compares, so that an end near 2^64 would overflow.
fn check_places(bytes: &[u8]) -> Result<(), Problem> {
    let early = || Problem::SafeTensors("it ends early".to_string());
    let (length, rest) = bytes.split_first_chunk().ok_or_else(early)?;
    if u64::from_le_bytes(*length) > MAX_HEADER {
        return Err(Problem::SafeTensors(format!("its header has more than {} MiB", MAX_HEADER >> 20)));
    }
    let header = rest.get(..u64::from_le_bytes(*length) as usize).ok_or_else(early)?;
    let places: BTreeMap<String, Place> = serde_json::from_slice(header)
        .map_err(|e| Problem::SafeTensors(format!("its header: {}", cut(&e.to_string()))))?;
    let size = (rest.len() - header.len()) as u64;
    match places.values().find(|place| place.data_offsets.0.max(place.data_offsets.1) > size) {
        Some(_) => Err(early()),
        None => Ok(()),
    }
}

/// The crate's error without a name that depends on the order of hashes.
fn what(e: &SafeTensorError) -> String {
    match e {
        SafeTensorError::InvalidOffset(_) => "its tensors do not lie one behind the other".to_string(),
        SafeTensorError::TensorInvalidInfo => "the shape of a tensor does not fit its place".to_string(),
        SafeTensorError::MetadataIncompleteBuffer => "it has more data than its tensors".to_string(),
        e => cut(&e.to_string()),
    }
}

/// IEEE 754 binary16, exactly.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (u32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let power = |exponent: u32| f32::from_bits(exponent << 23);
    let magnitude = match exponent {
        // 2^-24, whose exponent is stored as -24 + 127.
        0 => fraction * power(103),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        e => (1024.0 + fraction) * power(e + 102),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}
