//! Writes flatbuffers: enough for small `.tflite` files, field numbers as the schema has them.

#![allow(dead_code, reason = "each test target uses a part of it")]

/// A field's value.
pub enum V {
    Byte(u8),
    I32(i32),
    F32(f32),
    Text(&'static str),
    Bytes(Vec<u8>),
    I32s(Vec<i32>),
    F32s(Vec<f32>),
    I64s(Vec<i64>),
    Table(T),
    Tables(Vec<T>),
}

/// A table: its fields by number.
pub struct T(pub Vec<(usize, V)>);

/// A file with an identifier.
pub fn file(root: T, identifier: &[u8; 4]) -> Vec<u8> {
    let mut out = vec![0; 4];
    out.extend(identifier);
    let at = table(&mut out, &root);
    out[..4].copy_from_slice(&(at as u32).to_le_bytes());
    out
}

fn patch(out: &mut [u8], at: usize, to: usize) {
    out[at..at + 4].copy_from_slice(&((to - at) as u32).to_le_bytes());
}

/// Appends a table; gives where it begins.
fn table(out: &mut Vec<u8>, T(fields): &T) -> usize {
    let slots = fields.iter().map(|(number, _)| number + 1).max().unwrap_or(0);
    let vtable = out.len();
    out.resize(vtable + 4 + 2 * slots, 0);
    let at = out.len();
    out[vtable..vtable + 2].copy_from_slice(&((4 + 2 * slots) as u16).to_le_bytes());
    out[vtable + 2..vtable + 4].copy_from_slice(&((4 + 4 * fields.len()) as u16).to_le_bytes());
    out.extend(((at - vtable) as i32).to_le_bytes());
    for (i, (number, value)) in fields.iter().enumerate() {
        let entry = vtable + 4 + 2 * number;
        out[entry..entry + 2].copy_from_slice(&((4 + 4 * i) as u16).to_le_bytes());
        match value {
            V::Byte(b) => out.extend([*b, 0, 0, 0]),
            V::I32(n) => out.extend(n.to_le_bytes()),
            V::F32(n) => out.extend(n.to_le_bytes()),
            _ => out.extend([0; 4]),
        }
    }
    for (i, (_, value)) in fields.iter().enumerate() {
        let field = at + 4 + 4 * i;
        if let Some(to) = beside(out, value) {
            patch(out, field, to);
        }
    }
    at
}

/// Appends what does not stand in the table itself.
fn beside(out: &mut Vec<u8>, value: &V) -> Option<usize> {
    let vector = |out: &mut Vec<u8>, count: usize, bytes: Vec<u8>| {
        let at = out.len();
        out.extend((count as u32).to_le_bytes());
        out.extend(bytes);
        Some(at)
    };
    match value {
        V::Byte(_) | V::I32(_) | V::F32(_) => None,
        V::Text(text) => vector(out, text.len(), text.as_bytes().to_vec()),
        V::Bytes(bytes) => vector(out, bytes.len(), bytes.clone()),
        V::I32s(n) => vector(out, n.len(), n.iter().flat_map(|n| n.to_le_bytes()).collect()),
        V::F32s(n) => vector(out, n.len(), n.iter().flat_map(|n| n.to_le_bytes()).collect()),
        V::I64s(n) => vector(out, n.len(), n.iter().flat_map(|n| n.to_le_bytes()).collect()),
        V::Table(t) => Some(table(out, t)),
        V::Tables(tables) => {
            let at = out.len();
            out.extend((tables.len() as u32).to_le_bytes());
            out.resize(at + 4 + 4 * tables.len(), 0);
            for (i, t) in tables.iter().enumerate() {
                let to = table(out, t);
                patch(out, at + 4 + 4 * i, to);
            }
            Some(at)
        }
    }
}
