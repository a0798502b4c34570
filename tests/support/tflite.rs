//! Small `.tflite` files.
//!
//! Whoever includes this includes `flat.rs` as the module `flat` beside it.

#![allow(dead_code, reason = "each test target uses a part of it")]

use super::flat::{T, V, file};

/// A tensor: shape, type, buffer, and scale with zero point where it has one.
pub fn tensor(name: &'static str, shape: &[i32], ty: u8, buffer: i32, scale: Option<(f32, i64)>) -> T {
    let mut fields =
        vec![(0, V::I32s(shape.to_vec())), (1, V::Byte(ty)), (2, V::I32(buffer)), (3, V::Text(name))];
    if let Some((scale, zero)) = scale {
        fields.push((4, V::Table(T(vec![(2, V::F32s(vec![scale])), (3, V::I64s(vec![zero]))]))));
    }
    T(fields)
}

/// Its code, inputs, outputs and options.
pub type Operator = (i32, Vec<i32>, Vec<i32>, Vec<(usize, V)>);

pub struct Small {
    pub tensors: Vec<T>,
    pub operators: Vec<Operator>,
    pub buffers: Vec<Vec<u8>>,
    pub input: i32,
    pub output: i32,
}

impl Small {
    pub fn bytes(self) -> Vec<u8> {
        let codes = self.operators.iter().map(|(code, ..)| {
            T(vec![(0, V::Byte((*code).min(127) as u8)), (2, V::I32(1)), (3, V::I32(*code))])
        });
        let codes = codes.collect();
        let buffers = self.buffers.into_iter().map(|b| T(vec![(0, V::Bytes(b))])).collect();
        let operators = self.operators.into_iter().enumerate().map(|(i, (_, inputs, outputs, options))| {
            T(vec![
                (0, V::I32(i as i32)),
                (1, V::I32s(inputs)),
                (2, V::I32s(outputs)),
                (4, V::Table(T(options))),
            ])
        });
        let graph = T(vec![
            (0, V::Tables(self.tensors)),
            (1, V::I32s(vec![self.input])),
            (2, V::I32s(vec![self.output])),
            (3, V::Tables(operators.collect())),
        ]);
        let root = T(vec![
            (0, V::I32(3)),
            (1, V::Tables(codes)),
            (2, V::Tables(vec![graph])),
            (4, V::Tables(buffers)),
        ]);
        file(root, b"TFL3")
    }
}

pub fn i32s(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

pub fn f32s(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

pub fn i8s(values: &[i8]) -> Vec<u8> {
    values.iter().map(|&v| v as u8).collect()
}

/// Two values into two outputs with ReLU, then softmax; `code` in the place of the dense layer's.
pub fn dense(code: i32) -> Small {
    Small {
        tensors: vec![
            tensor("in", &[1, 2], 9, 0, Some((0.5, -3))),
            tensor("w", &[2, 2], 9, 1, Some((0.25, 0))),
            tensor("b", &[2], 2, 2, Some((0.125, 0))),
            tensor("hidden", &[1, 2], 9, 0, Some((0.5, -128))),
            tensor("out", &[1, 2], 9, 0, Some((1.0 / 256.0, -128))),
        ],
        operators: vec![
            (code, vec![0, 1, 2], vec![3], vec![(0, V::Byte(1))]),
            (25, vec![3], vec![4], vec![(0, V::F32(1.0))]),
        ],
        buffers: vec![vec![], i8s(&[4, -2, 3, 1]), i32s(&[8, -40])],
        input: 0,
        output: 4,
    }
}

/// A dense layer of so many values: 2 outputs.
pub fn wide(values: usize) -> Small {
    let weights: Vec<i8> = (0..2 * values).map(|at| (at * 37 % 101) as i8 - 50).collect();
    let tensors = vec![
        tensor("in", &[1, values as i32], 9, 0, Some((0.5, -3))),
        tensor("w", &[2, values as i32], 9, 1, Some((0.0625, 0))),
        tensor("b", &[2], 2, 2, Some((0.03125, 0))),
        tensor("out", &[1, 2], 9, 0, Some((16.0, 4))),
    ];
    let operators = vec![(9, vec![0, 1, 2], vec![3], vec![])];
    let buffers = vec![vec![], i8s(&weights), i32s(&[8, -40])];
    Small { tensors, operators, buffers, input: 0, output: 3 }
}

/// The same layer of floats.
pub fn floats() -> Small {
    Small {
        tensors: vec![
            tensor("in", &[1, 2], 0, 0, None),
            tensor("w", &[2, 2], 0, 1, None),
            tensor("b", &[2], 0, 2, None),
            tensor("hidden", &[1, 2], 0, 0, None),
            tensor("out", &[1, 2], 0, 0, None),
        ],
        operators: vec![(9, vec![0, 1, 2], vec![3], vec![]), (25, vec![3], vec![4], vec![(0, V::F32(1.0))])],
        buffers: vec![vec![], f32s(&[1.0, -0.5, -1.0, 0.5]), f32s(&[0.1, 0.2])],
        input: 0,
        output: 4,
    }
}
