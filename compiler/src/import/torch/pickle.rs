//! A pickle reader that executes nothing: a stack machine for the opcodes that torch.save writes.
//!
//! Opcodes: Lib/pickletools.py in CPython; classes and persistent ids: torch/serialization.py and
//! torch/_utils.py in PyTorch. An opcode makes at most one value, and strings stay where they are, so
//! memory is bounded by the size of the pickle, which the archive's reader bounds.

use super::value::{Class, Element, Graph, Storage, Value};
use super::{opcode as op, rebuild};
use crate::import::Problem;
use crate::import::tensor::DType;
use std::collections::BTreeMap;

/// Most values remembered for later use. A checkpoint needs about six a tensor.
const MAX_MEMO: usize = 65536;

/// Reads the values of a pickle of protocol 2 to 5; the last one is the root.
///
/// # Errors
/// The first byte at which it is damaged, or needs an opcode or a class that is refused.
pub fn read(pickle: &[u8]) -> Result<(Graph<'_>, Value<'_>), Problem> {
    let mut machine = Machine { input: pickle, ..Machine::default() };
    match machine.take(2)? {
        [op::PROTO, 2..=5] => {}
        [op::PROTO, version] => {
            return Err(machine.damaged(&format!("pickle protocol {version} is none of 2 to 5")));
        }
        _ => return Err(machine.damaged("no pickle of protocol 2 to 5 starts here")),
    }
    loop {
        machine.op_at = machine.at;
        let [opcode] = machine.array()?;
        if opcode == op::STOP {
            break;
        }
        machine.step(opcode)?;
    }
    let root = machine.pop()?;
    if !machine.stack.is_empty() || machine.at != pickle.len() {
        return Err(machine.damaged("more follows after the end"));
    }
    Ok((machine.graph, root))
}

#[derive(Default)]
struct Machine<'a> {
    input: &'a [u8],
    /// The next byte.
    at: usize,
    /// The opcode at work, for messages.
    op_at: usize,
    stack: Vec<Value<'a>>,
    /// Heights of the stack at the marks.
    marks: Vec<usize>,
    memo: BTreeMap<u32, Value<'a>>,
    /// What each storage has, by its key: all that name it must say the same.
    storages: BTreeMap<&'a str, (Element, u64)>,
    graph: Graph<'a>,
}

impl<'a> Machine<'a> {
    fn step(&mut self, opcode: u8) -> Result<(), Problem> {
        match opcode {
            // A frame only says how far to read ahead.
            op::FRAME => drop(self.array::<8>()?),
            op::MARK => self.marks.push(self.stack.len()),
            op::POP => drop(self.pop()?),
            op::POP_MARK => drop(self.pop_mark()?),
            op::NONE => self.stack.push(Value::None),
            op::NEWTRUE => self.stack.push(Value::Bool(true)),
            op::NEWFALSE => self.stack.push(Value::Bool(false)),
            op::BININT | op::BININT1 | op::BININT2 | op::LONG1 | op::LONG4 => {
                let value = self.int(opcode)?;
                self.stack.push(value);
            }
            op::BINFLOAT => {
                let value = Value::Float(f64::from_be_bytes(self.array()?));
                self.stack.push(value);
            }
            op::SHORT_BINUNICODE | op::BINUNICODE | op::BINUNICODE8 => {
                let bytes = self.counted(opcode)?;
                let text = std::str::from_utf8(bytes).map_err(|_| self.damaged("a string is no UTF-8"))?;
                self.stack.push(Value::Str(text));
            }
            op::SHORT_BINBYTES | op::BINBYTES | op::BINBYTES8 => {
                self.counted(opcode)?;
                self.stack.push(Value::Bytes);
            }
            op::EMPTY_LIST | op::APPEND | op::APPENDS => self.list(opcode)?,
            op::EMPTY_TUPLE | op::TUPLE | op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => self.tuple(opcode)?,
            op::EMPTY_DICT => self.new_dict(),
            op::SETITEM | op::SETITEMS => self.set_items(opcode)?,
            op::GLOBAL | op::STACK_GLOBAL => self.class(opcode)?,
            op::REDUCE => self.reduce()?,
            op::BUILD => self.build()?,
            op::BINPERSID => self.storage()?,
            op::BINGET | op::LONG_BINGET | op::BINPUT | op::LONG_BINPUT | op::MEMOIZE => {
                self.memory(opcode)?;
            }
            _ => return Err(Problem::Opcode { at: self.op_at, name: op::name(opcode) }),
        }
        Ok(())
    }

    fn damaged(&self, what: &str) -> Problem {
        Problem::Pickle { at: self.op_at, what: what.to_string() }
    }

    /// The next `count` bytes.
    fn take(&mut self, count: usize) -> Result<&'a [u8], Problem> {
        let bytes = self.input[self.at..].get(..count).ok_or_else(|| self.damaged("it ends early"))?;
        self.at += count;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        Ok(self.take(N)?.try_into().expect("take() gives as many bytes as it is asked for"))
    }

    /// Bytes behind their count, which has 1, 4 or 8 bytes.
    fn counted(&mut self, opcode: u8) -> Result<&'a [u8], Problem> {
        let count = match opcode {
            op::SHORT_BINUNICODE | op::SHORT_BINBYTES | op::LONG1 => self.array::<1>()?[0].into(),
            op::BINUNICODE8 | op::BINBYTES8 => u64::from_le_bytes(self.array()?),
            _ => u32::from_le_bytes(self.array()?).into(),
        };
        self.take(usize::try_from(count).unwrap_or(usize::MAX))
    }

    fn int(&mut self, opcode: u8) -> Result<Value<'a>, Problem> {
        Ok(Value::Int(match opcode {
            op::BININT => i32::from_le_bytes(self.array()?).into(),
            op::BININT1 => self.array::<1>()?[0].into(),
            op::BININT2 => u16::from_le_bytes(self.array()?).into(),
            _ => {
                // Two's complement of as many bytes as needed; none at all is 0.
                let bytes = self.counted(opcode)?;
                if bytes.len() > 8 {
                    return Ok(Value::BigInt);
                }
                let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
                let mut wide = [if negative { 0xff } else { 0 }; 8];
                wide[..bytes.len()].copy_from_slice(bytes);
                i64::from_le_bytes(wide)
            }
        }))
    }

    /// Takes the uppermost value, above the last mark.
    fn pop(&mut self) -> Result<Value<'a>, Problem> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let value = if self.stack.len() > floor { self.stack.pop() } else { None };
        value.ok_or_else(|| self.damaged("a value is missing on the stack"))
    }

    /// The uppermost value, above the last mark.
    fn top(&self) -> Result<Value<'a>, Problem> {
        let floor = self.marks.last().copied().unwrap_or(0);
        self.stack[floor..].last().copied().ok_or_else(|| self.damaged("a value is missing on the stack"))
    }

    /// Takes the last mark and all values above it.
    fn pop_mark(&mut self) -> Result<Vec<Value<'a>>, Problem> {
        let floor = self.marks.pop().ok_or_else(|| self.damaged("a mark is missing on the stack"))?;
        // No value below a mark is ever taken, so the stack is at least as high.
        Ok(self.stack.split_off(floor))
    }

    fn list(&mut self, opcode: u8) -> Result<(), Problem> {
        let items = match opcode {
            op::EMPTY_LIST => {
                self.stack.push(Value::List(self.graph.lists.len()));
                self.graph.lists.push(Vec::new());
                return Ok(());
            }
            op::APPEND => vec![self.pop()?],
            _ => self.pop_mark()?,
        };
        let Value::List(list) = self.top()? else {
            return Err(self.damaged("items for something that is no list"));
        };
        self.graph.lists[list].extend(items);
        Ok(())
    }

    fn tuple(&mut self, opcode: u8) -> Result<(), Problem> {
        let items = match opcode {
            op::EMPTY_TUPLE => Vec::new(),
            op::TUPLE => self.pop_mark()?,
            _ => {
                let mut items = Vec::new();
                for _ in 0..=opcode - op::TUPLE1 {
                    items.push(self.pop()?);
                }
                items.reverse();
                items
            }
        };
        self.stack.push(Value::Tuple(self.graph.lists.len()));
        self.graph.lists.push(items);
        Ok(())
    }

    fn new_dict(&mut self) {
        self.stack.push(Value::Dict(self.graph.dicts.len()));
        self.graph.dicts.push(Vec::new());
    }

    fn set_items(&mut self, opcode: u8) -> Result<(), Problem> {
        let items = if opcode == op::SETITEMS {
            self.pop_mark()?
        } else {
            let value = self.pop()?;
            vec![self.pop()?, value]
        };
        let Value::Dict(dict) = self.top()? else {
            return Err(self.damaged("items for something that is no dict"));
        };
        let (pairs, rest) = items.as_chunks();
        if !rest.is_empty() {
            return Err(self.damaged("a key without a value"));
        }
        self.graph.dicts[dict].extend(pairs.iter().map(|&[key, value]| (key, value)));
        Ok(())
    }

    fn class(&mut self, opcode: u8) -> Result<(), Problem> {
        let (module, name) = if opcode == op::GLOBAL {
            (self.line()?, self.line()?)
        } else {
            match (self.pop()?, self.pop()?) {
                (Value::Str(name), Value::Str(module)) => (module, name),
                _ => return Err(self.damaged("the name of a class is no string")),
            }
        };
        let class = match (module, name) {
            ("collections", "OrderedDict") => Class::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Class::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Class::RebuildParameter,
            ("torch", name) | ("torch.storage", name @ "UntypedStorage") => match element(name) {
                Some(element) => Class::Storage(element),
                None => return Err(self.refused(module, name)),
            },
            _ => return Err(self.refused(module, name)),
        };
        self.stack.push(Value::Class(class));
        Ok(())
    }

    fn refused(&self, module: &str, name: &str) -> Problem {
        // A hostile name may be long, and of any characters.
        let class: String = format!("{module}.{name}").escape_debug().take(100).collect();
        Problem::Class { at: self.op_at, class }
    }

    /// Text up to the end of the line.
    fn line(&mut self) -> Result<&'a str, Problem> {
        let rest = &self.input[self.at..];
        let end = rest.iter().position(|&b| b == b'\n').ok_or_else(|| self.damaged("it ends early"))?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).map_err(|_| self.damaged("the name of a class is no UTF-8"))
    }

    /// Builds what a known class makes of its arguments.
    fn reduce(&mut self) -> Result<(), Problem> {
        let (Value::Tuple(arguments), Value::Class(class)) = (self.pop()?, self.pop()?) else {
            return Err(self.damaged("a call of something that is no class"));
        };
        let arguments = &self.graph.lists[arguments];
        match (class, arguments.as_slice()) {
            (Class::OrderedDict, []) => self.new_dict(),
            (Class::RebuildTensor, arguments) => {
                let view = rebuild::tensor(&self.graph, arguments).map_err(|e| e.at(self.op_at))?;
                self.stack.push(Value::Tensor(self.graph.tensors.len()));
                self.graph.tensors.push(view);
            }
            (Class::RebuildParameter, arguments) => {
                let tensor = rebuild::parameter(&self.graph, arguments).map_err(|e| e.at(self.op_at))?;
                self.stack.push(tensor);
            }
            _ => return Err(self.damaged("a class is called with other arguments than it takes")),
        }
        Ok(())
    }

    /// Attributes of an object: a state dict has its `_metadata` there, which is of no use here.
    fn build(&mut self) -> Result<(), Problem> {
        self.pop()?;
        match self.top()? {
            Value::Dict(_) => Ok(()),
            _ => Err(self.damaged("attributes for something that is no OrderedDict")),
        }
    }

    /// `('storage', class, key, device, count)` to what it stands for.
    fn storage(&mut self) -> Result<(), Problem> {
        let id = match self.pop()? {
            Value::Tuple(id) => self.graph.lists[id].as_slice(),
            _ => &[],
        };
        let &[
            Value::Str("storage"),
            Value::Class(Class::Storage(element)),
            Value::Str(key),
            Value::Str(_),
            Value::Int(count),
        ] = id
        else {
            return Err(self.damaged("a persistent id is no storage's"));
        };
        let count = u64::try_from(count).map_err(|_| self.damaged("a storage has less than no values"))?;
        // PyTorch takes the type of whichever is named first.
        if *self.storages.entry(key).or_insert((element, count)) != (element, count) {
            return Err(self.damaged("a storage has two types or two sizes"));
        }
        self.stack.push(Value::Storage(self.graph.storages.len()));
        self.graph.storages.push(Storage { element, key, count });
        Ok(())
    }

    fn memory(&mut self, opcode: u8) -> Result<(), Problem> {
        let index = match opcode {
            op::BINGET | op::BINPUT => self.array::<1>()?[0].into(),
            op::LONG_BINGET | op::LONG_BINPUT => u32::from_le_bytes(self.array()?),
            // Never more than MAX_MEMO.
            _ => self.memo.len() as u32,
        };
        if matches!(opcode, op::BINGET | op::LONG_BINGET) {
            let value = self.memo.get(&index).copied();
            let value = value.ok_or_else(|| self.damaged(&format!("nothing was stored as {index}")))?;
            self.stack.push(value);
            return Ok(());
        }
        let value = self.top()?;
        self.memo.insert(index, value);
        if self.memo.len() > MAX_MEMO {
            return Err(self.damaged(&format!("more than {MAX_MEMO} values are stored")));
        }
        Ok(())
    }
}

/// The values of a storage class of PyTorch.
fn element(class: &str) -> Option<Element> {
    let types: [(&'static str, Option<DType>); 11] = [
        ("FloatStorage", Some(DType::F32)),
        ("DoubleStorage", Some(DType::F64)),
        ("HalfStorage", Some(DType::F16)),
        ("BFloat16Storage", Some(DType::BF16)),
        ("LongStorage", Some(DType::I64)),
        ("IntStorage", Some(DType::I32)),
        ("ShortStorage", Some(DType::I16)),
        ("CharStorage", Some(DType::I8)),
        ("ByteStorage", Some(DType::U8)),
        ("BoolStorage", None),
        ("UntypedStorage", None),
    ];
    types.into_iter().find(|(name, _)| *name == class).map(|(class, dtype)| Element { class, dtype })
}
