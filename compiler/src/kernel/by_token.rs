//! What the first block makes of a token before positions and other tokens come into it: queries, keys and values follow from
//! the token alone, so where a vocabulary is small a table has them, and no product is computed for them.

use crate::arithmetic::{narrow, norm, rescale, round_shift, sat8, sat16};
use crate::model::{Matrix, Norm, NormOrder, Positions, Transformer};

/// Of one token.
pub struct OfToken {
    /// Of all heads, behind their norms, before they are turned.
    pub keys: Vec<i16>,
    pub values: Vec<i8>,
    pub queries: Vec<i16>,
}

/// Bytes of a token's queries, keys and values.
pub fn stride(body: &Transformer) -> usize {
    (2 * body.heads + 3 * body.kv_heads) * body.head_size
}

/// Whether the first block's queries, keys and values follow from the token alone.
pub fn is_by_token(body: &Transformer) -> bool {
    let learnt = matches!(body.positions, Positions::Learnt(_));
    !learnt && body.rounds == 1 && body.start.is_empty() && !body.blocks.is_empty()
}

/// Those of all tokens, one after the other.
///
/// # Panics
/// Where they do not follow from the token alone ([`is_by_token`]).
pub fn all(body: &Transformer) -> impl Iterator<Item = OfToken> {
    assert!(is_by_token(body), "the caller has asked");
    let attention = &body.blocks[0].attention;
    let heads = attention.head_norms.as_ref();
    let [query, key] = [heads.map(|(query, _)| query), heads.map(|(_, key)| key)];
    let embedding = &body.embedding;
    embedding.values.chunks(embedding.cols).zip(&embedding.mantissas).map(move |(row, &mantissa)| {
        let latent: Vec<i32> =
            row.iter().map(|&w| sat16(rescale(w.into(), mantissa, embedding.shift.into()))).collect();
        let input = match body.order {
            NormOrder::Pre => normed(&latent, Some(&attention.norm), body.dim),
            NormOrder::Post => latent,
        };
        let input = narrow(&input, attention.norm.narrow.into());
        let words = |matrix: &Matrix, norm| {
            let words = normed(&product(matrix, &input, sat16), norm, body.head_size);
            words.iter().map(|&v| v as i16).collect()
        };
        OfToken {
            keys: words(&attention.key, key),
            values: product(&attention.value, &input, sat8).iter().map(|&v| v as i8).collect(),
            queries: words(&attention.query, query),
        }
    })
}

/// Norms of groups of so many values, with their gains, if there is a norm.
fn normed(x: &[i32], of: Option<&Norm>, group: usize) -> Vec<i32> {
    let Some(of) = of else { return x.to_vec() };
    let norms = x.chunks(group).flat_map(|x| norm(x, of.down.into()));
    match &of.gain {
        None => norms.collect(),
        Some((mantissas, shift)) => {
            let gain = |(v, &m): (i32, &u8)| sat16(round_shift(v * i32::from(m), (*shift).into()));
            norms.zip(mantissas.iter().cycle()).map(gain).collect()
        }
    }
}

fn product(matrix: &Matrix, x: &[i32], sat: fn(i32) -> i32) -> Vec<i32> {
    let rows = matrix.values.chunks(matrix.cols).zip(&matrix.mantissas).enumerate();
    let of = |(at, (row, &mantissa)): (usize, (&[i8], &u8))| {
        let sum = row.iter().zip(x).map(|(&w, &x)| i32::from(w) * x).sum();
        let y = rescale(sum, mantissa, matrix.shift.into());
        sat(matrix.bias.get(at).map_or(y, |&bias| sat16(sat16(y) + i32::from(bias))))
    };
    rows.map(of).collect()
}
