//! The same network once more, as plainly as possible: whole texts, no cache, 64-bit floats, the standard library.

use mlc_compiler::import::sequence::float::Window;
use mlc_compiler::import::sequence::{Activation, Checkpoint, Layer, Layout, Linear, Norm, Position};

type Rows = Vec<Vec<f64>>;

/// The logits at each position of a text.
pub fn logits(c: &Checkpoint, window: Window, tokens: &[usize]) -> Rows {
    let dim = c.shape.dim;
    let row = |table: &[f32], at: usize| -> Vec<f64> {
        table[at * dim..][..dim].iter().map(|&v| v.into()).collect()
    };
    let embedded: Rows = tokens
        .iter()
        .enumerate()
        .map(|(p, &token)| {
            let x = row(&c.embedding, token);
            c.learnt_positions.as_ref().map_or(x.clone(), |learnt| sum(&x, &row(learnt, p)))
        })
        .collect();
    let start = c.start.as_ref().map_or(vec![0.0; dim], |z| z.iter().map(|&v| v.into()).collect());
    let mut z: Rows = vec![start; tokens.len()];
    for _ in 0..c.shape.recursion {
        z = z.iter().zip(&embedded).map(|(z, e)| sum(z, e)).collect();
        for layer in &c.layers {
            z = part(c, &layer.attention_norm, &z, &|x| attention(c, layer, window, x));
            z = part(c, &layer.feed_norm, &z, &|x| x.iter().map(|x| feed(c, layer, x)).collect());
        }
    }
    z.iter()
        .map(|z| {
            let x = c.final_norm.as_ref().map_or(z.clone(), |gains| norm(z, Some(gains), c.shape.norm_eps));
            match &c.output {
                Some(output) => apply(output, &x),
                None => c
                    .embedding
                    .chunks(dim)
                    .map(|row| row.iter().zip(&x).map(|(&w, x)| f64::from(w) * x).sum())
                    .collect(),
            }
        })
        .collect()
}

fn part(c: &Checkpoint, gains: &[f32], z: &Rows, f: &dyn Fn(&Rows) -> Rows) -> Rows {
    let normed =
        |rows: &Rows| -> Rows { rows.iter().map(|z| norm(z, Some(gains), c.shape.norm_eps)).collect() };
    let add = |y: Rows| -> Rows { z.iter().zip(&y).map(|(z, y)| sum(z, y)).collect() };
    match c.shape.norm {
        Norm::Pre => add(f(&normed(z))),
        Norm::Post => normed(&add(f(z))),
    }
}

fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn norm(x: &[f64], gains: Option<&[f32]>, eps: f32) -> Vec<f64> {
    let rms = (x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64 + f64::from(eps)).sqrt();
    x.iter().enumerate().map(|(i, v)| v / rms * gains.map_or(1.0, |g| g[i].into())).collect()
}

fn apply(m: &Linear, x: &[f64]) -> Vec<f64> {
    let out = |o: usize| {
        let row = &m.weights[o * m.inputs..][..m.inputs];
        let bias = m.bias.as_ref().map_or(0.0, |b| b[o].into());
        row.iter().zip(x).map(|(&w, x)| f64::from(w) * x).sum::<f64>() + bias
    };
    (0..m.outputs).map(out).collect()
}

/// Queries or keys of one head, as they are scored.
fn head(c: &Checkpoint, values: &[f64], at: usize, gains: Option<&[f32]>, p: usize) -> Vec<f64> {
    let size = c.shape.head_size;
    let mut x = values[at * size..][..size].to_vec();
    if c.shape.qk_norm {
        x = norm(&x, gains, c.shape.norm_eps);
    }
    let Position::Rope { theta, layout } = c.shape.position else { return x };
    let mut turned = x.clone();
    for pair in 0..size / 2 {
        let angle = p as f64 * f64::from(theta).powf(-2.0 * pair as f64 / size as f64);
        let (a, b) = match layout {
            Layout::Adjacent => (2 * pair, 2 * pair + 1),
            Layout::Half => (pair, pair + size / 2),
        };
        turned[a] = x[a] * angle.cos() - x[b] * angle.sin();
        turned[b] = x[a] * angle.sin() + x[b] * angle.cos();
    }
    turned
}

fn attention(c: &Checkpoint, l: &Layer, window: Window, x: &Rows) -> Rows {
    let (shape, size) = (&c.shape, c.shape.head_size);
    let project = |m: &Linear| -> Rows { x.iter().map(|x| apply(m, x)).collect() };
    let (q, k, v) = (project(&l.wq), project(&l.wk), project(&l.wv));
    let seen = |p: usize| -> Vec<usize> {
        match window {
            Window::Rolling { size } if p >= size => std::iter::once(0).chain(p + 2 - size..=p).collect(),
            _ => (0..=p).collect(),
        }
    };
    let mix = |p: usize| {
        let mut mixed = Vec::new();
        for h in 0..shape.heads {
            let kh = h * shape.kv_heads / shape.heads;
            let query = head(c, &q[p], h, l.q_norm.as_deref(), p);
            let score = |&at: &usize| {
                let key = head(c, &k[at], kh, l.k_norm.as_deref(), at);
                (query.iter().zip(&key).map(|(a, b)| a * b).sum::<f64>() / (size as f64).sqrt()).exp()
            };
            let weights: Vec<f64> = seen(p).iter().map(score).collect();
            let total: f64 = weights.iter().sum();
            mixed.extend((0..size).map(|i| {
                let values = seen(p).into_iter().map(|at| v[at][kh * size + i]);
                weights.iter().zip(values).map(|(w, v)| w / total * v).sum::<f64>()
            }));
        }
        apply(&l.wo, &mixed)
    };
    (0..x.len()).map(mix).collect()
}

fn feed(c: &Checkpoint, l: &Layer, x: &[f64]) -> Vec<f64> {
    let up = apply(&l.up, x);
    let gate = l.gate.as_ref().map_or(up.clone(), |m| apply(m, x));
    let hidden: Vec<f64> = (0..up.len())
        .map(|i| match c.shape.activation {
            Activation::SwiGlu => gate[i] / (1.0 + (-gate[i]).exp()) * up[i],
            Activation::ReluGate => gate[i].max(0.0) * up[i],
            Activation::Relu => up[i].max(0.0),
            Activation::SquaredRelu => up[i].max(0.0).powi(2),
        })
        .collect();
    apply(&l.down, &hidden)
}
