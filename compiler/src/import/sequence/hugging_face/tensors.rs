//! The tensors of a `model.safetensors`, each taken once.

use super::super::Problem;
use super::super::bytes::check_finite;
use super::File;
use crate::import::safetensors::{check_places, what};
use crate::import::tensor::half;
use crate::shown::shown;
use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;

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
        check_places(bytes).map_err(Problem::SafeTensors)?;
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
            Some(name) => Err(Problem::UnknownTensor(shown(name))),
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
