//! The zip archive around the arrays.

use super::npy::{Array, Header, Kind, NpyError};
use crate::import::Problem;
use std::collections::BTreeMap;
use std::io::Cursor;
use zip::ZipArchive;
use zip::result::ZipError;

/// All arrays together, decompressed, in MiB. 60 layers of the widest kind in int8 are as much.
const MAX_TOTAL_MIB: u64 = 64;

/// An open `.npz`.
pub struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes that may still be decompressed.
    budget: u64,
}

impl<'a> Archive<'a> {
    /// # Errors
    /// No archive, or one of another program.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Problem> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
        if zip.has_duplicate_names() {
            return Err(Problem::Zip("two members have the same name".to_string()));
        }
        if !zip.file_names_raw().any(|name| name.ends_with(b".npy")) {
            return Err(Problem::NotAModel("a zip archive without NumPy arrays".to_string()));
        }
        Ok(Self { zip, budget: MAX_TOTAL_MIB << 20 })
    }

    /// How many layers there are; at least one.
    ///
    /// # Errors
    /// A gap in the numbers, half a layer, no layer, an array that is not of this format.
    pub fn layers(&self) -> Result<usize, Problem> {
        let mut numbers: BTreeMap<usize, [bool; 2]> = BTreeMap::new();
        for name in self.zip.file_names_raw() {
            let name = String::from_utf8_lossy(name);
            let array = name.strip_suffix(".npy").unwrap_or(&name);
            match layer_array(array) {
                Some((n, part)) => numbers.entry(n).or_default()[part] = true,
                // Names with `_` in front are facts about the network.
                None if array.starts_with('_') => {}
                None => return Err(Problem::UnknownArray(array.to_string())),
            }
        }
        for (missing, (&found, parts)) in (1..).zip(&numbers) {
            if found != missing {
                return Err(Problem::Gap { missing, found });
            }
            for (part, suffix) in parts.iter().zip(["weight", "bias"]) {
                if !part {
                    return Err(Problem::MissingArray(format!("fc{found}_{suffix}")));
                }
            }
        }
        if numbers.is_empty() {
            return Err(Problem::MissingArray("fc1_weight".to_string()));
        }
        Ok(numbers.len())
    }

    /// The array `name`, whose dtype must be of a kind that `takes` takes; errors call those `wants`.
    ///
    /// # Errors
    /// It is missing, damaged, too large or of another dtype.
    pub fn array(
        &mut self,
        name: &str,
        wants: &'static str,
        takes: fn(Kind) -> bool,
    ) -> Result<Array, Problem> {
        let mut member = match self.zip.by_name(&format!("{name}.npy")) {
            Ok(member) => member,
            Err(ZipError::FileNotFound) => return Err(Problem::MissingArray(name.to_string())),
            Err(e) => return Err(damaged(&e)),
        };
        let array = name.to_string();
        let header = Header::read(&mut member).map_err(|e| npy_problem(e, name, None))?;
        if !takes(header.kind) {
            let found = format!("'{}'", header.descr);
            return Err(match header.kind {
                Kind::Float if wants == "integers" => Problem::Float { array, found },
                _ => Problem::DType { array, found, wants },
            });
        }
        let shape = header.shape_text();
        if header.shape.len() > 2 {
            return Err(Problem::Shape { array, found: shape, wants: "at most two dimensions".to_string() });
        }
        let bytes = header.count().map_or(0, |count| count.saturating_mul(header.size)) as u64;
        match self.budget.checked_sub(bytes) {
            Some(left) => self.budget = left,
            None => return Err(Problem::TooMuch { what: "arrays", limit: MAX_TOTAL_MIB }),
        }
        Array::read(header, &mut member).map_err(|e| npy_problem(e, name, Some(shape)))
    }
}

/// The number of the layer and the part (0: weights, 1: biases) that an array of this name holds.
fn layer_array(name: &str) -> Option<(usize, usize)> {
    let (number, part) = name.strip_prefix("fc")?.split_once('_')?;
    let part = ["weight", "bias"].iter().position(|&p| p == part)?;
    let n: usize = number.parse().ok()?;
    // `fc01` would be a second name of `fc1`; `fc0` does not exist.
    (n > 0 && n.to_string() == number).then_some((n, part))
}

/// A problem of the archive in the words of the `zip` crate.
pub fn damaged(e: &ZipError) -> Problem {
    Problem::Zip(match e {
        ZipError::InvalidArchive(what) => what.to_string(),
        e => e.to_string(),
    })
}

fn npy_problem(e: NpyError, array: &str, shape: Option<String>) -> Problem {
    let array = array.to_string();
    match e {
        NpyError::Read(e) => Problem::Array { array, what: e.to_string() },
        NpyError::Damaged(what) => Problem::Array { array, what },
        NpyError::TooLarge => {
            Problem::TooLarge { place: format!("array {array}"), found: shape.unwrap_or_default() }
        }
    }
}
