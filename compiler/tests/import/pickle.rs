//! A small pickle writer, and checkpoints made with it as torch.save makes them.

use super::npz::zip_of;
use super::parts::{chat, layers};
use mlc_compiler::model::Model;
use zip::CompressionMethod;

/// A Python value.
#[derive(Clone)]
pub enum Py {
    None,
    Bool(bool),
    Int(i32),
    Float(f64),
    Str(String),
    List(Vec<Py>),
    Tuple(Vec<Py>),
    Dict(Vec<(Py, Py)>),
    /// With a `_metadata`, as a state dict has it.
    Ordered(Vec<(Py, Py)>),
    Tensor(Tensor),
    /// Opcodes as they are; they must leave one value on the stack.
    Raw(Vec<u8>),
}

/// A tensor and its storage.
#[derive(Clone)]
pub struct Tensor {
    pub class: &'static str,
    pub key: String,
    pub count: i32,
    pub offset: i32,
    pub shape: Vec<i32>,
    pub strides: Vec<i32>,
}

pub fn text(text: &str) -> Py {
    Py::Str(text.to_string())
}

pub fn dict(items: &[(&str, Py)]) -> Py {
    Py::Dict(items.iter().map(|(key, value)| (text(key), value.clone())).collect())
}

/// A contiguous tensor that is a storage of its own.
pub fn tensor(class: &'static str, key: &str, shape: &[i32]) -> Tensor {
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i];
    }
    let count = shape.iter().product();
    Tensor { class, key: key.to_string(), count, offset: 0, shape: shape.to_vec(), strides }
}

fn ints(numbers: &[i32]) -> Py {
    Py::Tuple(numbers.iter().map(|&n| Py::Int(n)).collect())
}

/// The opcodes of a value, for a protocol: the long forms in 2 and 3, the short ones from 4 on.
pub fn write(value: &Py, protocol: u8, out: &mut Vec<u8>) {
    match value {
        Py::None => out.push(b'N'),
        Py::Bool(b) => out.push(if *b { 0x88 } else { 0x89 }),
        Py::Int(n) => match n {
            0..256 => out.extend([b'K', *n as u8]),
            256..65536 => out.extend([b'M', *n as u8, (n >> 8) as u8]),
            n if protocol == 3 => out.extend([&[0x8a, 4][..], &n.to_le_bytes()].concat()),
            n => out.extend([&b"J"[..], &n.to_le_bytes()].concat()),
        },
        Py::Float(x) => out.extend([&b"G"[..], &x.to_be_bytes()].concat()),
        Py::Str(s) => {
            if protocol >= 4 {
                out.extend([0x8c, s.len() as u8]);
            } else {
                out.push(b'X');
                out.extend((s.len() as u32).to_le_bytes());
            }
            out.extend(s.as_bytes());
            if protocol >= 4 {
                out.push(0x94);
            }
        }
        Py::List(items) => {
            out.extend(b"](");
            items.iter().for_each(|item| write(item, protocol, out));
            out.push(b'e');
        }
        Py::Tuple(items) => {
            if !(1..=3).contains(&items.len()) {
                out.push(b'(');
            }
            items.iter().for_each(|item| write(item, protocol, out));
            out.push([b't', 0x85, 0x86, 0x87].get(items.len()).copied().unwrap_or(b't'));
        }
        Py::Dict(items) => {
            out.push(b'}');
            pairs(items, protocol, out);
        }
        Py::Ordered(items) => {
            class("collections", "OrderedDict", protocol, out);
            out.extend(b")R");
            pairs(items, protocol, out);
            write(&dict(&[("_metadata", Py::None)]), protocol, out);
            out.push(b'b');
        }
        Py::Tensor(t) => {
            class("torch._utils", "_rebuild_tensor_v2", protocol, out);
            out.push(b'(');
            out.push(b'(');
            write(&text("storage"), protocol, out);
            class("torch", t.class, protocol, out);
            [text(&t.key), text("cpu"), Py::Int(t.count)].iter().for_each(|v| write(v, protocol, out));
            out.extend(b"tQ");
            [Py::Int(t.offset), ints(&t.shape), ints(&t.strides), Py::Bool(false)]
                .iter()
                .for_each(|v| write(v, protocol, out));
            class("collections", "OrderedDict", protocol, out);
            out.extend(b")RtR");
        }
        Py::Raw(bytes) => out.extend(bytes),
    }
}

fn pairs(items: &[(Py, Py)], protocol: u8, out: &mut Vec<u8>) {
    out.push(b'(');
    for (key, value) in items {
        write(key, protocol, out);
        write(value, protocol, out);
    }
    out.push(b'u');
}

fn class(module: &str, name: &str, protocol: u8, out: &mut Vec<u8>) {
    if protocol >= 4 {
        write(&text(module), protocol, out);
        write(&text(name), protocol, out);
        out.push(0x93);
    } else {
        out.extend(format!("c{module}\n{name}\n").as_bytes());
    }
}

/// A whole pickle.
pub fn pickle(value: &Py, protocol: u8) -> Vec<u8> {
    let mut out = vec![0x80, protocol];
    if protocol >= 4 {
        out.extend([0x95, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    write(value, protocol, &mut out);
    out.push(b'.');
    out
}

/// What goes into a `.pt`.
#[derive(Clone)]
pub struct Checkpoint {
    pub state: Vec<(Py, Py)>,
    /// All entries but `model_state`.
    pub rest: Vec<(Py, Py)>,
    /// Key and bytes.
    pub storages: Vec<(String, Vec<u8>)>,
}

impl Checkpoint {
    /// The integers of a model, in int8 and int16.
    pub fn of(model: &Model) -> Self {
        let mut new = Self { state: Vec::new(), rest: Vec::new(), storages: Vec::new() };
        for (i, layer) in layers(model).iter().enumerate() {
            let (outputs, inputs) = (layer.outputs as i32, layer.inputs as i32);
            let weights = layer.weights.iter().map(|&w| w as u8).collect();
            let bias = layer.bias.iter().flat_map(|b| b.to_le_bytes()).collect();
            new.add(&format!("layers.{i}.weight"), "CharStorage", &[outputs, inputs], weights);
            new.add(&format!("layers.{i}.bias"), "ShortStorage", &[outputs], bias);
        }
        let outputs: Vec<Py> = layers(model).iter().map(|l| Py::Int(l.outputs as i32)).collect();
        let (classes, hidden) = outputs.split_last().unwrap();
        let architecture = dict(&[
            ("input_size", Py::Int(layers(model)[0].inputs as i32)),
            ("hidden_sizes", Py::List(hidden.to_vec())),
            ("num_classes", classes.clone()),
        ]);
        new.rest.push((text("architecture"), architecture));
        new.rest
            .push((text("charset"), Py::Str(chat(model).charset.iter().map(|&c| char::from(c)).collect())));
        new.rest.push((text("best_int_acc"), Py::Float(0.5)));
        new.rest.push((text("total_epochs"), Py::Int(-70000)));
        new
    }

    /// A tensor more, with a storage of its own; or another one in its place.
    pub fn add(&mut self, name: &str, class: &'static str, shape: &[i32], bytes: Vec<u8>) {
        let key = self.storages.len().to_string();
        self.set(name, Py::Tensor(tensor(class, &key, shape)));
        self.storages.push((key, bytes));
    }

    pub fn set(&mut self, name: &str, value: Py) {
        set(&mut self.state, name, value);
    }

    /// The tensor `name`, to be changed.
    pub fn tensor(&mut self, name: &str) -> &mut Tensor {
        let found = self.state.iter_mut().find(|(key, _)| matches!(key, Py::Str(k) if k == name));
        let Some((_, Py::Tensor(tensor))) = found else { panic!("{name} is a tensor") };
        tensor
    }

    pub fn root(&self) -> Py {
        let mut top = vec![(text("model_state"), Py::Ordered(self.state.clone()))];
        top.extend(self.rest.clone());
        Py::Dict(top)
    }

    pub fn file(&self, protocol: u8) -> Vec<u8> {
        self.around(pickle(&self.root(), protocol))
    }

    /// The archive with another data.pkl.
    pub fn around(&self, pickle: Vec<u8>) -> Vec<u8> {
        let mut members = vec![("net/data.pkl".to_string(), pickle)];
        members.push(("net/byteorder".to_string(), b"little".to_vec()));
        members.extend(self.storages.iter().map(|(key, bytes)| (format!("net/data/{key}"), bytes.clone())));
        members.push(("net/version".to_string(), b"3\n".to_vec()));
        zip_of(&members, CompressionMethod::Stored)
    }
}

pub fn set(items: &mut Vec<(Py, Py)>, name: &str, value: Py) {
    match items.iter_mut().find(|(key, _)| matches!(key, Py::Str(k) if k == name)) {
        Some((_, old)) => *old = value,
        None => items.push((text(name), value)),
    }
}
