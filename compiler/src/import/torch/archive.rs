//! The zip archive of torch.save: `NAME/data.pkl`, `NAME/byteorder`, `NAME/data/0` and so on.

use super::value::{Graph, View};
use crate::import::Problem;
use crate::import::npz::{damaged, open};
use crate::import::tensor::{Tensor, Values};
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use zip::ZipArchive;
use zip::result::ZipError;

/// Largest data.pkl, in KiB. A network of 60 layers has 20, with the optimizer's state 100.
const MAX_PICKLE_KIB: u64 = 1024;
/// All storages that are read together, in MiB.
const MAX_TOTAL_MIB: u64 = 64;
const PICKLE: &str = "data.pkl";

/// An open checkpoint.
pub struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// What all names start with, `NAME/`.
    prefix: String,
    big_endian: bool,
    /// The storages read so far: tensors share them.
    storages: BTreeMap<String, Vec<u8>>,
    /// Bytes of storages that may still be read.
    budget: u64,
    /// Bytes that tensors may still have: a small storage can serve many large ones.
    values: u64,
}

/// Whether a zip archive is a checkpoint of PyTorch.
pub fn is_checkpoint(bytes: &[u8]) -> bool {
    open(bytes).is_ok_and(|zip| prefixes(&zip).next().is_some())
}

/// What stands before `data.pkl`.
fn prefixes<'a>(zip: &'a ZipArchive<Cursor<&[u8]>>) -> impl Iterator<Item = &'a str> {
    zip.file_names_raw()
        .filter_map(|name| std::str::from_utf8(name).ok()?.strip_suffix(PICKLE))
        .filter(|prefix| prefix.is_empty() || prefix.ends_with('/'))
}

impl<'a> Archive<'a> {
    /// # Errors
    /// No archive, or not one that torch.save wrote.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Problem> {
        let zip = open(bytes)?;
        let mut found = prefixes(&zip);
        let prefix = match (found.next(), found.next()) {
            (Some(prefix), None) => prefix.to_string(),
            (Some(_), Some(_)) => return Err(Problem::Zip(format!("it has more than one {PICKLE}"))),
            (None, _) => return Err(Problem::NotAModel(format!("a zip archive without {PICKLE}"))),
        };
        drop(found);
        let storages = BTreeMap::new();
        let mut archive = Self {
            zip,
            prefix,
            big_endian: false,
            storages,
            budget: MAX_TOTAL_MIB << 20,
            values: MAX_TOTAL_MIB << 20,
        };
        archive.big_endian = match archive.member("byteorder", 16)?.as_deref() {
            // Written since PyTorch 2.1; before that, little was the order in practice.
            None | Some(b"little") => false,
            Some(b"big") => true,
            Some(_) => return Err(Problem::Zip("its byteorder is neither little nor big".to_string())),
        };
        Ok(archive)
    }

    /// # Errors
    /// A damaged archive, or more than 1 MiB.
    pub fn pickle(&mut self) -> Result<Vec<u8>, Problem> {
        let limit = MAX_PICKLE_KIB << 10;
        let pickle = self.member(PICKLE, limit + 1)?.unwrap_or_default();
        if pickle.len() as u64 > limit {
            return Err(Problem::Zip(format!("{PICKLE} has more than {MAX_PICKLE_KIB} KiB")));
        }
        Ok(pickle)
    }

    /// At most `limit` bytes of a member; `None` if it is not there.
    fn member(&mut self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, Problem> {
        let member = match self.zip.by_name(&format!("{}{name}", self.prefix)) {
            Ok(member) => member,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(e) => return Err(damaged(&e)),
        };
        let mut bytes = Vec::new();
        let read = member.take(limit).read_to_end(&mut bytes);
        read.map_err(|e| Problem::Zip(format!("{name}: {e}")))?;
        Ok(Some(bytes))
    }

    /// The tensor of a view; its shape must have been checked: at most 1,024 by 1,024.
    ///
    /// # Errors
    /// The storage is missing, damaged or of another type, or the view reaches beyond it.
    pub fn tensor(&mut self, name: &str, graph: &Graph<'_>, view: &View) -> Result<Tensor, Problem> {
        let storage = graph.storages[view.storage];
        let Some(dtype) = storage.element.dtype else {
            let (tensor, found) = (name.to_string(), storage.element.class.to_string());
            return Err(Problem::TensorType { tensor, found, wants: "floats or integers" });
        };
        let broken = |what: String| Problem::Storage { tensor: name.to_string(), what };
        let size = dtype.size();
        // At most two sides of 1,024.
        let bytes = view.shape.iter().product::<u64>() * size as u64;
        charge(&mut self.values, bytes)?;
        let indices = indices(view, storage.count).ok_or_else(|| {
            broken(format!(
                "offset {}, size {:?} and strides {:?} reach beyond the {} values of its storage",
                view.offset, view.shape, view.strides, storage.count
            ))
        })?;
        // Beyond 64 bits is beyond every budget too.
        let wants = storage.count.saturating_mul(size as u64);

        let key = storage.key;
        if !self.storages.contains_key(key) {
            charge(&mut self.budget, wants)?;
            let bytes = self.member(&format!("data/{key}"), wants + 1)?;
            let bytes = bytes.ok_or_else(|| broken(format!("its storage data/{} is missing", shown(key))))?;
            self.storages.insert(key.to_string(), bytes);
        }
        let bytes = &self.storages[key];
        if bytes.len() as u64 != wants {
            let found = if bytes.len() as u64 > wants { "more" } else { "less" };
            return Err(broken(format!("its storage data/{} has {found} than {wants} bytes", shown(key))));
        }
        let mut values = Vec::with_capacity(indices.len() * size);
        for i in indices {
            values.extend(&bytes[i * size..(i + 1) * size]);
        }
        let values: Values = dtype.decode(&values, self.big_endian);
        let values = if view.negated { values.negated(dtype) } else { values };
        Ok(Tensor { name: name.to_string(), shape: view.shape.clone(), values })
    }
}

/// Takes `bytes` from what is left.
fn charge(left: &mut u64, bytes: u64) -> Result<(), Problem> {
    *left = left.checked_sub(bytes).ok_or(Problem::TooMuch { what: "tensors", limit: MAX_TOTAL_MIB })?;
    Ok(())
}

/// A hostile key may be long, and of any characters.
fn shown(key: &str) -> String {
    key.escape_debug().take(40).collect()
}

/// Indices into the storage in C order; `None` if one lies beyond `count`. No side is 0 or beyond 1,024,
/// and there are at most two.
fn indices(view: &View, count: u64) -> Option<Vec<usize>> {
    let mut last = view.offset;
    for (n, stride) in view.shape.iter().zip(&view.strides) {
        last = last.checked_add((n - 1).checked_mul(*stride)?)?;
    }
    if last >= count {
        return None;
    }
    // Nothing below overflows: no index is beyond `last`.
    let mut indices = vec![usize::try_from(view.offset).ok()?];
    usize::try_from(last).ok()?;
    for (n, stride) in view.shape.iter().zip(&view.strides) {
        let steps = |i: usize| (0..*n).map(move |k| i + (k * stride) as usize);
        indices = indices.into_iter().flat_map(steps).collect();
    }
    Some(indices)
}
