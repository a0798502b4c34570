//! The zip archive around the arrays.

use super::npy::{Array, Header, Kind, NpyError};
use crate::import::Problem;
use crate::import::facts::Stated;
use crate::import::names::{Bare, LeftOut, Pair};
use crate::model::check_layer_count;
use crate::shown::shown;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use zip::ZipArchive;
use zip::result::ZipError;

/// Most files in an archive: an entry costs many times its bytes in memory. The largest checkpoint has 500.
const MAX_MEMBERS: usize = 4096;
/// What an entry of an archive's directory starts with.
const ENTRY: &[u8] = b"PK\x01\x02";

/// All arrays together, decompressed, in MiB. 60 layers of the widest kind in int8 are as much.
const MAX_TOTAL_MIB: u64 = 64;

/// An open `.npz`.
pub struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes that may still be decompressed.
    budget: u64,
}

/// Names of arrays.
pub struct Contents {
    /// In order, at least one.
    pub layers: Vec<Pair>,
    /// Of those that state something about the network.
    pub facts: Vec<String>,
    /// What was left out of the names, for the user.
    pub note: Option<String>,
}

impl<'a> Archive<'a> {
    /// # Errors
    /// No archive, or one of another program.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Problem> {
        let zip = open(bytes)?;
        if !zip.file_names_raw().any(|name| name.ends_with(b".npy")) {
            return Err(Problem::NotAModel("a zip archive without NumPy arrays".to_string()));
        }
        Ok(Self { zip, budget: MAX_TOTAL_MIB << 20 })
    }

    /// What each array is, by its name.
    ///
    /// # Errors
    /// A gap in the numbers, half a layer, no layer or too many, an array that is not of this format.
    pub fn contents(&self) -> Result<Contents, Problem> {
        let mut numbers: BTreeMap<usize, [Option<String>; 2]> = BTreeMap::new();
        let (mut facts, mut left_out) = (Vec::new(), LeftOut::default());
        for name in self.zip.file_names_raw() {
            let name = String::from_utf8_lossy(name);
            let array = name.strip_suffix(".npy").unwrap_or(&name);
            let bare = Bare::of(array);
            let Some((n, part)) = layer_array(&bare.name) else {
                // Names with `_` in front, that of a wrapper aside, are facts about the network.
                if !bare.name.starts_with('_') || !bare.front.is_empty() {
                    return Err(Problem::UnknownArray(array.to_string()));
                }
                facts.push(array.to_string());
                continue;
            };
            left_out.add(array, &bare)?;
            if let Some(first) = numbers.entry(n).or_default()[part].replace(array.to_string()) {
                return Err(Problem::SameTensor { first, other: array.to_string() });
            }
        }
        if numbers.is_empty() {
            return Err(Problem::MissingArray("fc1_weight".to_string()));
        }
        check_layer_count(numbers.len())?;
        let mut layers = Vec::new();
        for (missing, (found, parts)) in (1..).zip(numbers) {
            if found != missing {
                return Err(Problem::Gap { missing, found });
            }
            let [Some(weight), Some(bias)] = parts else {
                let suffix = if parts[0].is_none() { "weight" } else { "bias" };
                return Err(Problem::MissingArray(format!("fc{found}_{suffix}")));
            };
            layers.push(Pair { weight, bias });
        }
        Ok(Contents { layers, facts, note: left_out.note() })
    }

    /// What the array `name` states: a number, a text, or else its dtype and shape.
    ///
    /// # Errors
    /// It is damaged or too large.
    pub fn stated(&mut self, name: &str) -> Result<Stated, Problem> {
        let (header, mut member) = self.open_array(name)?;
        let what =
            format!("an array of dtype '{}' and shape {}", shown(&header.descr), shown(&header.shape_text()));
        if !header.shape.is_empty() || matches!(header.kind, Kind::Float | Kind::Other) {
            return Ok(Stated::Other(what));
        }
        let array = Array::read(header, &mut member).map_err(|e| npy_problem(e, name, None))?;
        if matches!(array.header.kind, Kind::Bytes | Kind::Unicode) {
            let text = array.text().map(|text| text.trim_end_matches('\0').to_string());
            return Ok(text.map_or(Stated::Other(what), |text| Stated::Json(Value::String(text))));
        }
        let n = array.integer(0);
        let json = u64::try_from(n).map(Value::from).or_else(|_| i64::try_from(n).map(Value::from));
        Ok(json.map_or(Stated::Other(n.to_string()), Stated::Json))
    }

    /// An array up to its first byte of data.
    fn open_array(&mut self, name: &str) -> Result<(Header, impl Read + use<'_, 'a>), Problem> {
        let mut member = match self.zip.by_name(&format!("{name}.npy")) {
            Ok(member) => member,
            Err(ZipError::FileNotFound) => return Err(Problem::MissingArray(name.to_string())),
            Err(e) => return Err(damaged(&e)),
        };
        let header = Header::read(&mut member).map_err(|e| npy_problem(e, name, None))?;
        Ok((header, member))
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
        let budget = self.budget;
        let (header, mut member) = self.open_array(name)?;
        let array = name.to_string();
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
        let too_much = Problem::TooMuch { what: "arrays", limit: MAX_TOTAL_MIB };
        let left = budget.checked_sub(bytes).ok_or(too_much)?;
        let array = Array::read(header, &mut member).map_err(|e| npy_problem(e, name, Some(shape)))?;
        drop(member);
        self.budget = left;
        Ok(array)
    }
}

/// Opens an archive, of which not more than [`MAX_MEMBERS`] files are listed.
///
/// # Errors
/// No archive, too many files, or two of the same name.
pub fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, Problem> {
    // Before anything is taken into memory: no file is listed without its entry.
    if bytes.windows(ENTRY.len()).filter(|w| *w == ENTRY).count() > MAX_MEMBERS {
        return Err(Problem::Members(MAX_MEMBERS));
    }
    let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    if zip.has_duplicate_names() {
        return Err(Problem::Zip("two members have the same name".to_string()));
    }
    Ok(zip)
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
