//! Examples in an `.npz`: `x` with a row an example, labels, and arrays of what is expected.

use super::{Examples, Expected, MAX_BYTES, Values, bad};
use crate::import::npz::{self, Header, NumberKind};
use crate::import::sensors::error::NetworkProblem;
use crate::import::tensor::{DType, Values as Numbers};
use crate::shown::shown;
use crate::words::count;
use std::io::Read;

/// Names of the array of labels.
const LABELS: [&str; 2] = ["label", "labels"];

/// An array of the file.
struct Array {
    name: String,
    shape: Vec<usize>,
    content: Content,
}

enum Content {
    Reals(Vec<f64>),
    Bytes(Vec<i8>),
    Texts(Vec<String>),
    /// Nobody reads it; the kind as NumPy writes it.
    Other(String),
}

impl Array {
    /// Values of a row.
    fn width(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    fn is_label(&self) -> bool {
        LABELS.contains(&self.name.as_str())
    }
}

pub fn read(bytes: &[u8]) -> Result<Examples, NetworkProblem> {
    let mut arrays = all(bytes)?;
    let place = |name: &str| arrays.iter().position(|array| array.name == name);
    let Some(at) = place("x").or_else(|| place("X")) else {
        return bad("there is no array x of numbers");
    };
    let x = arrays.swap_remove(at);
    let (rows, width) = (x.rows(), x.width());
    let values = match x.content {
        Content::Reals(values) => Values::Reals(values),
        Content::Bytes(values) => Values::Bytes(values),
        Content::Texts(_) => return bad("array x has text, not numbers"),
        Content::Other(kind) => return bad(format!("array x is of kind {kind}: {KINDS}")),
    };
    arrays.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut labels, mut expected, mut notes) = (None, Vec::new(), Vec::new());
    for array in arrays {
        if array.is_label() && labels.is_none() {
            labels = Some(labels_of(array, rows)?);
            continue;
        }
        let (name, width) = (array.name.clone(), array.width());
        let found = array.rows();
        match array.content {
            Content::Reals(values) if found == rows => expected.push(Expected { name, width, values }),
            Content::Bytes(values) if found == rows => {
                expected.push(Expected { name, width, values: values.into_iter().map(f64::from).collect() });
            }
            Content::Texts(_) => notes.push(format!("array {name} has text and is not compared")),
            Content::Other(kind) => notes.push(format!("array {name} is of kind {kind} and is not compared")),
            Content::Reals(_) | Content::Bytes(_) => {
                let (found, rows) = (count(found, "row"), count(rows, "row"));
                notes.push(format!("array {name} has {found} beside the {rows} of x and is not compared"));
            }
        }
    }
    Ok(Examples { rows, width, values, columns: Vec::new(), labels, expected, lines: Vec::new(), notes })
}

/// What is read.
const KINDS: &str = "floats, and integers of 8 to 64 bits, are read: save it with astype('float32')";

fn labels_of(array: Array, rows: usize) -> Result<Vec<String>, NetworkProblem> {
    let Array { name, shape, content } = array;
    let found: usize = shape.iter().product();
    if found != rows || shape.first() != Some(&rows) {
        return bad(format!(
            "array {name} has {} for the {} of x",
            count(found, "value"),
            count(rows, "row")
        ));
    }
    match content {
        Content::Reals(values) => Ok(values.iter().map(f64::to_string).collect()),
        Content::Bytes(values) => Ok(values.iter().map(i8::to_string).collect()),
        Content::Texts(texts) => match texts.iter().position(String::is_empty) {
            Some(at) => bad(format!("array {name}: the label of row {} is empty", at + 1)),
            None => Ok(texts),
        },
        Content::Other(kind) => bad(format!(
            "array {name} is of kind {kind}: numbers and texts of a fixed width (<U9) are read: save it with \
             astype(str)"
        )),
    }
}

fn all(bytes: &[u8]) -> Result<Vec<Array>, NetworkProblem> {
    let damaged = || NetworkProblem::Data("the archive is damaged".into());
    let mut archive = npz::open(bytes).map_err(|_| damaged())?;
    let mut arrays = Vec::new();
    let mut left = MAX_BYTES;
    for i in 0..archive.len() {
        let file = archive.by_index(i).map_err(|_| damaged())?;
        let name = String::from_utf8_lossy(file.name_raw()).into_owned();
        let Some(name) = name.strip_suffix(".npy") else { continue };
        arrays.push(array(shown(name), file, &mut left)?);
    }
    Ok(arrays)
}

/// How the bytes of an array are read.
enum Element {
    Number(DType),
    /// Code points of four bytes, or bytes.
    Text(NumberKind),
}

fn element(header: &Header) -> Option<Element> {
    let number = match (header.kind, header.size) {
        (NumberKind::Float, 4) => DType::F32,
        (NumberKind::Float, 8) => DType::F64,
        (NumberKind::Float, 2) => DType::F16,
        (NumberKind::Signed, 1) => DType::I8,
        (NumberKind::Signed, 2) => DType::I16,
        (NumberKind::Signed, 4) => DType::I32,
        (NumberKind::Signed, 8) => DType::I64,
        (NumberKind::Unsigned, 1) => DType::U8,
        (NumberKind::Bytes | NumberKind::Unicode, 1..) => return Some(Element::Text(header.kind)),
        _ => return None,
    };
    Some(Element::Number(number))
}

fn array(name: String, mut file: impl Read, left: &mut usize) -> Result<Array, NetworkProblem> {
    let of = |what: &str| NetworkProblem::Data(format!("array {name}: {what}"));
    let header = Header::read(&mut file).map_err(|_| of("it does not begin as an array does"))?;
    let sizes: Option<Vec<usize>> = header.shape.iter().map(|&n| usize::try_from(n).ok()).collect();
    let shape = sizes.ok_or_else(|| of("it is too large"))?;
    let Some(element) = element(&header) else {
        let content = Content::Other(shown(&header.descr));
        return Ok(Array { name, shape, content });
    };
    if header.fortran && header.shape.len() > 1 {
        return Err(of("its first index runs fastest: save it with numpy.ascontiguousarray"));
    }
    let values = shape.iter().try_fold(1usize, |n, &side| n.checked_mul(side));
    // Each number becomes a float of eight bytes, each text one with as many bytes, and a place for it.
    let place = match element {
        Element::Number(_) => 8,
        Element::Text(_) => header.size.saturating_add(size_of::<String>()),
    };
    let size = values.and_then(|n| n.checked_mul(place)).filter(|size| *size <= *left);
    let Some(size) = size else { return Err(of("it is too large: 64 MiB of floats are possible")) };
    *left -= size;
    let width = match &element {
        Element::Number(dtype) => dtype.size(),
        Element::Text(_) => header.size,
    };
    let bytes = size / place * width;
    let mut data = Vec::new();
    file.take(bytes as u64).read_to_end(&mut data).map_err(|_| of("it is damaged"))?;
    if data.len() != bytes {
        return Err(of("it ends early"));
    }
    let content = match element {
        Element::Text(kind) => {
            Content::Texts(texts(&data, &header, kind).ok_or_else(|| of("its text is no Unicode"))?)
        }
        Element::Number(DType::I8) => Content::Bytes(data.into_iter().map(|b| b as i8).collect()),
        Element::Number(dtype) => Content::Reals(numbers(&name, dtype, &data, &header, &shape)?),
    };
    Ok(Array { name, shape, content })
}

fn numbers(
    name: &str,
    dtype: DType,
    data: &[u8],
    header: &Header,
    shape: &[usize],
) -> Result<Vec<f64>, NetworkProblem> {
    let values: Vec<f64> = match dtype.decode(data, header.big_endian) {
        Numbers::Single(values) => values.into_iter().map(f64::from).collect(),
        Numbers::Double(values) => values,
        Numbers::Integers(values) => values.into_iter().map(|v| v as f64).collect(),
    };
    let Some(at) = values.iter().position(|v| !v.is_finite()) else { return Ok(values) };
    let width = shape.iter().skip(1).product::<usize>().max(1);
    bad(format!(
        "array {name}: value {} of row {} is {}, which is no number",
        at % width + 1,
        at / width + 1,
        values[at]
    ))
}

/// Texts of a fixed width, without the NULs behind them.
fn texts(data: &[u8], header: &Header, kind: NumberKind) -> Option<Vec<String>> {
    let text = |bytes: &[u8]| -> Option<String> {
        let text = if kind == NumberKind::Bytes {
            String::from_utf8(bytes.to_vec()).ok()?
        } else {
            let point = |b: &[u8]| {
                let b = b.try_into().ok()?;
                char::from_u32(if header.big_endian { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) })
            };
            bytes.chunks(4).map(point).collect::<Option<String>>()?
        };
        Some(text.trim_end_matches('\0').trim().to_string())
    };
    data.chunks(header.size).map(text).collect()
}
