//! The parts of an `.onnx` that a network is made of. Field numbers are those of `onnx/onnx.proto`.

use super::protobuf::{Damaged, Field, Fields, floats, numbers};
use crate::import::sensors::error::NetworkProblem;
use std::collections::BTreeMap;

/// Most nodes, initializers and attributes.
const MOST: usize = 4096;
/// Most values of a tensor.
const MOST_VALUES: usize = 1 << 22;

/// Known values.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    Floats(Vec<f32>),
    Integers(Vec<i64>),
    Texts(Vec<String>),
}

/// A tensor whose values the file has.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    pub dims: Vec<usize>,
    /// The type's number: 1 floats, 2 bytes without a sign, 3 bytes with one.
    pub element: u64,
    pub values: Values,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attribute {
    pub number: Option<i64>,
    pub float: Option<f32>,
    pub text: Option<String>,
    pub numbers: Vec<i64>,
    pub floats: Vec<f32>,
    pub texts: Vec<String>,
    pub tensor: Option<Tensor>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    pub name: String,
    pub operator: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub attributes: BTreeMap<String, Attribute>,
}

/// An input or output: its dimensions, 0 for one that is open.
#[derive(Debug, Clone, PartialEq)]
pub struct Port {
    pub name: String,
    pub dims: Vec<usize>,
}

#[derive(Debug, Default)]
pub struct File {
    pub nodes: Vec<Node>,
    pub known: BTreeMap<String, Tensor>,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
}

type Result<T> = std::result::Result<T, NetworkProblem>;

impl From<Damaged> for NetworkProblem {
    fn from(Damaged(at): Damaged) -> Self {
        Self::Damaged(at)
    }
}

fn too_many<T>(what: &str) -> Result<T> {
    Err(NetworkProblem::Inconsistent(format!("it has too many {what}")))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl File {
    /// # Errors
    /// A damaged file.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut graph = None;
        for field in Fields::new(bytes, 0) {
            if let (7, Field::Bytes(bytes, at)) = field? {
                graph = Some((bytes, at));
            }
        }
        let Some((bytes, at)) = graph else {
            return Err(NetworkProblem::Inconsistent("it has no graph".into()));
        };
        let mut file = Self::default();
        let mut left = MOST_VALUES;
        for field in Fields::new(bytes, at) {
            let (number, Field::Bytes(bytes, at)) = field? else { continue };
            match number {
                1 => file.nodes.push(Node::read(bytes, at, &mut left)?),
                5 => {
                    let (name, tensor) = Tensor::read(bytes, at, &mut left)?;
                    file.known.insert(name, tensor);
                }
                11 => file.inputs.push(Port::read(bytes, at)?),
                12 => file.outputs.push(Port::read(bytes, at)?),
                _ => {}
            }
            if file.nodes.len() > MOST
                || file.known.len() > MOST
                || file.inputs.len() + file.outputs.len() > MOST
            {
                return too_many("nodes");
            }
        }
        // Older files name known tensors as inputs, too.
        file.inputs.retain(|port| !file.known.contains_key(&port.name));
        Ok(file)
    }
}

impl Port {
    fn read(bytes: &[u8], at: usize) -> Result<Self> {
        let (mut name, mut dims) = (String::new(), Vec::new());
        for field in Fields::new(bytes, at) {
            match field? {
                (1, Field::Bytes(bytes, _)) => name = text(bytes),
                (2, Field::Bytes(bytes, at)) => dims = shape(bytes, at)?,
                _ => {}
            }
        }
        Ok(Self { name, dims })
    }
}

/// The dimensions of a type.
fn shape(bytes: &[u8], at: usize) -> Result<Vec<usize>> {
    let mut dims = Vec::new();
    for field in Fields::new(bytes, at) {
        let (1, Field::Bytes(tensor, at)) = field? else { continue };
        for field in Fields::new(tensor, at) {
            let (2, Field::Bytes(shape, at)) = field? else { continue };
            for field in Fields::new(shape, at) {
                let (1, Field::Bytes(dim, at)) = field? else { continue };
                let mut size = 0;
                for field in Fields::new(dim, at) {
                    if let (1, Field::Number(n)) = field? {
                        size = usize::try_from(n).unwrap_or(0);
                    }
                }
                dims.push(size);
                if dims.len() > 8 {
                    return too_many("dimensions");
                }
            }
        }
    }
    Ok(dims)
}

impl Node {
    fn read(bytes: &[u8], at: usize, left: &mut usize) -> Result<Self> {
        let mut node = Self::default();
        for field in Fields::new(bytes, at) {
            match field? {
                (1, Field::Bytes(bytes, _)) => node.inputs.push(text(bytes)),
                (2, Field::Bytes(bytes, _)) => node.outputs.push(text(bytes)),
                (3, Field::Bytes(bytes, _)) => node.name = text(bytes),
                (4, Field::Bytes(bytes, _)) => node.operator = text(bytes),
                (5, Field::Bytes(bytes, at)) => {
                    let (name, attribute) = Attribute::read(bytes, at, left)?;
                    node.attributes.insert(name, attribute);
                }
                _ => {}
            }
            if node.inputs.len() + node.outputs.len() + node.attributes.len() > MOST {
                return too_many("inputs");
            }
        }
        Ok(node)
    }

    pub fn attribute(&self, name: &str) -> Attribute {
        self.attributes.get(name).cloned().unwrap_or_default()
    }

    pub fn number(&self, name: &str, default: i64) -> i64 {
        self.attributes.get(name).and_then(|a| a.number).unwrap_or(default)
    }

    pub fn input(&self, at: usize) -> Option<&str> {
        self.inputs.get(at).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The name of what it gives first, for messages.
    pub fn gives(&self) -> String {
        self.outputs.first().cloned().unwrap_or_default()
    }
}

/// Takes room for so many more values.
fn take(left: &mut usize, count: usize) -> Result<()> {
    match left.checked_sub(count) {
        Some(rest) => {
            *left = rest;
            Ok(())
        }
        None => too_many("values"),
    }
}

impl Attribute {
    fn read(bytes: &[u8], at: usize, left: &mut usize) -> Result<(String, Self)> {
        let (mut name, mut attribute) = (String::new(), Self::default());
        for field in Fields::new(bytes, at) {
            match field? {
                (1, Field::Bytes(bytes, _)) => name = text(bytes),
                (2, Field::Four(b)) => attribute.float = Some(f32::from_le_bytes(b)),
                (3, Field::Number(n)) => attribute.number = Some(n as i64),
                (4, Field::Bytes(bytes, _)) => attribute.text = Some(text(bytes)),
                (5, Field::Bytes(bytes, at)) => attribute.tensor = Some(Tensor::read(bytes, at, left)?.1),
                (7, field) => {
                    let before = attribute.floats.len();
                    floats(field, &mut attribute.floats);
                    take(left, attribute.floats.len() - before)?;
                }
                (8, field) => {
                    let before = attribute.numbers.len();
                    numbers(field, |n| attribute.numbers.push(n as i64))?;
                    take(left, attribute.numbers.len() - before)?;
                }
                (9, Field::Bytes(bytes, _)) => {
                    take(left, 1)?;
                    attribute.texts.push(text(bytes));
                }
                _ => {}
            }
        }
        Ok((name, attribute))
    }
}

impl Tensor {
    fn read(bytes: &[u8], at: usize, left: &mut usize) -> Result<(String, Self)> {
        let (mut name, mut dims, mut element, mut raw) = (String::new(), Vec::new(), 0, None);
        let (mut reals, mut integers, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for field in Fields::new(bytes, at) {
            match field? {
                (1, field) => numbers(field, |n| dims.push(usize::try_from(n).unwrap_or(usize::MAX)))?,
                (2, Field::Number(n)) => element = n,
                (4, field) => floats(field, &mut reals),
                // 32 bits with a sign are written as 64.
                (5 | 7, field) => numbers(field, |n| integers.push(n as i64))?,
                (6, Field::Bytes(bytes, _)) => texts.push(text(bytes)),
                (8, Field::Bytes(bytes, _)) => name = text(bytes),
                (9, Field::Bytes(bytes, _)) => raw = Some(bytes),
                (13 | 14, _) => {
                    return Err(NetworkProblem::Tensor {
                        name,
                        what: "its values are in another file".into(),
                    });
                }
                _ => {}
            }
        }
        if dims.len() > 8 {
            return too_many("dimensions");
        }
        let count = dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d)).unwrap_or(usize::MAX);
        take(left, count.min(MOST_VALUES + 1))?;
        let values = match raw {
            Some(raw) => from_raw(element, raw),
            None if element == 1 => Some(Values::Floats(reals)),
            None if element == 8 => Some(Values::Texts(texts)),
            None => Some(Values::Integers(integers)),
        };
        let found = match &values {
            Some(Values::Floats(v)) => v.len(),
            Some(Values::Integers(v)) => v.len(),
            Some(Values::Texts(v)) => v.len(),
            None => 0,
        };
        match values {
            Some(values) if found == count => Ok((name, Self { dims, element, values })),
            Some(_) => {
                Err(NetworkProblem::Tensor { name, what: format!("{found} values, its shape wants {count}") })
            }
            None => Err(NetworkProblem::Tensor { name, what: "values of a type that is not read".into() }),
        }
    }

    pub fn floats(&self) -> Option<&[f32]> {
        match &self.values {
            Values::Floats(values) => Some(values),
            _ => None,
        }
    }

    pub fn integers(&self) -> Option<&[i64]> {
        match &self.values {
            Values::Integers(values) => Some(values),
            _ => None,
        }
    }
}

/// Values that lie one after the other, little endian.
fn from_raw(element: u64, raw: &[u8]) -> Option<Values> {
    Some(match element {
        1 => Values::Floats(
            raw.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four"))).collect(),
        ),
        2 | 9 => Values::Integers(raw.iter().map(|&b| b.into()).collect()),
        3 => Values::Integers(raw.iter().map(|&b| (b as i8).into()).collect()),
        6 => Values::Integers(
            raw.chunks_exact(4).map(|b| i32::from_le_bytes(b.try_into().expect("four")).into()).collect(),
        ),
        7 => Values::Integers(
            raw.chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().expect("eight"))).collect(),
        ),
        11 => Values::Floats(
            raw.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("eight")) as f32).collect(),
        ),
        _ => return None,
    })
}
