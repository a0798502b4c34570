//! Examples: rows of numbers with what is expected of them, from `.npz` and `.csv`.

use super::error::NetworkProblem;
use crate::import::npz::{self, Header, NumberKind};
use crate::import::tensor::{DType, Values as Numbers};
use std::io::Read;

/// Most bytes of all arrays together.
const MAX_BYTES: usize = 64 << 20;
/// Most rows of a table.
const MAX_ROWS: usize = 1 << 20;

/// The numbers of all rows, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Bytes as the network gets them: an array `x` of 8-bit integers.
    Bytes(Vec<i8>),
    /// What bytes stand for.
    Reals(Vec<f64>),
}

/// What an array holds of each row.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    pub name: String,
    pub width: usize,
    pub values: Vec<f64>,
}

/// Rows of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    pub rows: usize,
    /// Numbers of a row.
    pub width: usize,
    pub values: Values,
    /// Names of the columns of a `.csv` with a header, without that of the label.
    pub columns: Vec<String>,
    /// What a row is an example of: a label, or a number.
    pub labels: Option<Vec<String>>,
    /// Outputs that are expected: other arrays of the file.
    pub expected: Vec<Expected>,
}

impl Examples {
    /// Reads a file; its content decides whether it is an `.npz` or a `.csv`. `inputs` is how many numbers the network
    /// reads: a column more is the label.
    ///
    /// # Errors
    /// What is wrong, with the row or the array.
    pub fn read(bytes: &[u8], inputs: usize) -> Result<Self, NetworkProblem> {
        let examples = if npz::is_zip(bytes) { from_npz(bytes)? } else { from_csv(bytes, inputs)? };
        if examples.rows == 0 {
            return Err(NetworkProblem::NoRows);
        }
        if examples.width != inputs {
            return Err(NetworkProblem::Columns { found: examples.width, wants: inputs });
        }
        Ok(examples)
    }

    /// Numbers of a row as they stand for something; `None` where the file has bytes.
    pub fn reals(&self, row: usize) -> Option<&[f64]> {
        match &self.values {
            Values::Reals(values) => Some(&values[row * self.width..][..self.width]),
            Values::Bytes(_) => None,
        }
    }
}

fn bad<T>(what: String) -> Result<T, NetworkProblem> {
    Err(NetworkProblem::Data(what))
}

/// An array: its shape, whether its values are 8-bit integers, and the values.
struct Array {
    name: String,
    shape: Vec<usize>,
    is_bytes: bool,
    values: Vec<f64>,
}

impl Array {
    /// Values of a row.
    fn width(&self) -> usize {
        self.shape.iter().skip(1).product()
    }
}

fn from_npz(bytes: &[u8]) -> Result<Examples, NetworkProblem> {
    let damaged = |_| NetworkProblem::Data("the archive is damaged".into());
    let mut archive = npz::open(bytes).map_err(damaged)?;
    let mut arrays = Vec::new();
    let mut left = MAX_BYTES;
    for i in 0..archive.len() {
        let file = archive.by_index(i).map_err(|_| NetworkProblem::Data("the archive is damaged".into()))?;
        let name = String::from_utf8_lossy(file.name_raw()).into_owned();
        let Some(name) = name.strip_suffix(".npy").map(str::to_string) else { continue };
        if let Some(array) = array(name, file, &mut left)? {
            arrays.push(array);
        }
    }
    let place = |name: &str| arrays.iter().position(|array| array.name == name);
    let Some(at) = place("x").or_else(|| place("X")) else {
        return bad("there is no array x of numbers".into());
    };
    let x = arrays.swap_remove(at);
    let rows = x.shape.first().copied().unwrap_or(0);
    let width = x.width();
    let values = match x.is_bytes {
        true => Values::Bytes(x.values.iter().map(|&v| v as i8).collect()),
        false => Values::Reals(x.values),
    };
    arrays.retain(|array| array.shape.first() == Some(&rows));
    arrays.sort_by(|a, b| a.name.cmp(&b.name));
    let is_label = |array: &&Array| array.name == "label" || array.name == "labels";
    let labels = arrays.iter().find(is_label).filter(|array| array.width() == 1);
    let labels = labels.map(|array| array.values.iter().map(|v| v.to_string()).collect());
    arrays.retain(|array| !is_label(&array));
    let expected =
        arrays.into_iter().map(|a| Expected { width: a.width(), name: a.name, values: a.values }).collect();
    Ok(Examples { rows, width, values, columns: Vec::new(), labels, expected })
}

/// An array of numbers; `None` for one of another kind.
fn array(name: String, mut file: impl Read, left: &mut usize) -> Result<Option<Array>, NetworkProblem> {
    let of = |what: &str| NetworkProblem::Data(format!("array {name}: {what}"));
    let header = Header::read(&mut file).map_err(|_| of("it does not begin as an array does"))?;
    let element = match (header.kind, header.size) {
        (NumberKind::Float, 4) => DType::F32,
        (NumberKind::Float, 8) => DType::F64,
        (NumberKind::Float, 2) => DType::F16,
        (NumberKind::Signed, 1) => DType::I8,
        (NumberKind::Signed, 2) => DType::I16,
        (NumberKind::Signed, 4) => DType::I32,
        (NumberKind::Signed, 8) => DType::I64,
        (NumberKind::Unsigned, 1) => DType::U8,
        _ => return Ok(None),
    };
    if header.fortran && header.shape.len() > 1 {
        return Err(of("its first index runs fastest: save it with numpy.ascontiguousarray"));
    }
    let sizes: Option<Vec<usize>> = header.shape.iter().map(|&n| usize::try_from(n).ok()).collect();
    let shape = sizes.ok_or_else(|| of("it is too large"))?;
    let count = shape.iter().try_fold(1usize, |n, &side| n.checked_mul(side));
    // Each becomes a float of eight bytes.
    let size = count.and_then(|n| n.checked_mul(8)).filter(|size| *size <= *left);
    let Some(size) = size else { return Err(of("it is too large: 64 MiB of floats are possible")) };
    *left -= size;
    let bytes = size / 8 * element.size();
    let mut data = Vec::new();
    file.take(bytes as u64).read_to_end(&mut data).map_err(|_| of("it is damaged"))?;
    if data.len() != bytes {
        return Err(of("it ends early"));
    }
    let values = match element.decode(&data, header.big_endian) {
        Numbers::Single(values) => values.into_iter().map(f64::from).collect(),
        Numbers::Double(values) => values,
        Numbers::Integers(values) => values.into_iter().map(|v| v as f64).collect(),
    };
    Ok(Some(Array { name, shape, is_bytes: element == DType::I8, values }))
}

fn from_csv(bytes: &[u8], inputs: usize) -> Result<Examples, NetworkProblem> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return bad("neither an .npz nor text".into());
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).peekable();
    let Some(&(_, first)) = lines.peek() else { return Err(NetworkProblem::NoRows) };
    let separator = [';', '\t'].into_iter().find(|&c| first.contains(c)).unwrap_or(',');
    let cells = |line: &str| -> Vec<String> {
        line.split(separator).map(|cell| cell.trim().trim_matches('"').to_string()).collect()
    };
    let mut columns = cells(first);
    let features = columns.len().min(inputs);
    let has_header = columns[..features].iter().any(|cell| cell.parse::<f64>().is_err());
    if has_header {
        lines.next();
    }
    let has_label = columns.len() == inputs + 1;
    let wants = columns.len();
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    let mut rows = 0;
    for (number, line) in lines {
        let cells = cells(line);
        if cells.len() != wants {
            return bad(format!("line {number} has {} values, the first has {wants}", cells.len()));
        }
        if rows == MAX_ROWS {
            return bad(format!("more than {MAX_ROWS} rows"));
        }
        let (numbers, label) = cells.split_at(wants - usize::from(has_label));
        for cell in numbers {
            match cell.parse::<f64>() {
                Ok(value) if value.is_finite() => values.push(value),
                _ => return bad(format!("line {number}: \"{}\" is no number", crate::shown::shown(cell))),
            }
        }
        labels.extend(label.iter().cloned());
        rows += 1;
    }
    let width = wants - usize::from(has_label);
    columns.truncate(width);
    let columns = if has_header { columns } else { Vec::new() };
    let labels = has_label.then_some(labels);
    Ok(Examples { rows, width, values: Values::Reals(values), columns, labels, expected: Vec::new() })
}
