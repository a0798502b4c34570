//! A column as a stream of nibbles that say how far it is to the next output.
//!
//! A column is cut into tiles of outputs, on machines where one byte addresses an accumulator, or is one tile. A tile
//! is two lists, the outputs to add to and then those to subtract from, ascending. A list is walked from one before
//! the tile's first output on:
//!
//! | nibbles | meaning |
//! |---|---|
//! | `d`, 1 to 15 | go on by `d`, use the output there |
//! | 0, `k` with `k` 1 to 13 | go on by `15 + k`, use the output there |
//! | 0, 14 | use the same output once more: a weight of -2 |
//! | 0, 15 | go on by 28 |
//! | 0, 0 | the list ends |
//!
//! The low nibble of a byte comes first. Lists follow each other nibble by nibble; each tile starts a byte, so behind
//! its second end there may be a nibble without meaning, which is 0.
//!
//! Why like this: the signs are in the order of the lists, so a kernel has no bit to test for each weight, and the
//! mask that cuts a nibble out tells the escapes, too. A weight takes about 4.6 bits where a quarter of the weights is
//! not 0; a code with a sign in each nibble takes as many.

use super::Column;

/// The farthest output that one nibble reaches, and that an escape reaches.
pub const NEAR: u16 = 15;
pub const FAR: u16 = 28;

/// Second nibbles of escapes.
pub const END: u8 = 0;
pub const AGAIN: u8 = 14;
pub const STEP: u8 = 15;

/// What stands in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbol {
    /// Go on by 1 to [`NEAR`] and use the output there.
    Near(u8),
    /// Go on by `NEAR + 1` to [`FAR`] and use the output there.
    Far(u8),
    /// Use the same output once more.
    Again,
    /// Go on by [`FAR`].
    Step,
    /// The list ends.
    End,
}

impl Symbol {
    /// The nibble, and the second one of an escape.
    fn nibbles(self) -> (u8, Option<u8>) {
        match self {
            Self::Near(distance) => (distance, None),
            Self::Far(distance) => (0, Some(distance - NEAR as u8)),
            Self::Again => (0, Some(AGAIN)),
            Self::Step => (0, Some(STEP)),
            Self::End => (0, Some(END)),
        }
    }

    /// Nibbles it takes.
    pub fn width(self) -> usize {
        if matches!(self, Self::Near(_)) { 1 } else { 2 }
    }
}

/// The two lists of each tile of a column, their ends included. There are as many tiles as `tiles` has lengths.
pub fn symbols(column: &Column, tiles: &[usize]) -> Vec<[Vec<Symbol>; 2]> {
    let mut first = 0;
    let tile = |&length: &usize| {
        let start = first;
        first += length;
        [&column.plus, &column.minus].map(|outputs| {
            let inside = outputs.iter().map(|&o| usize::from(o)).filter(|o| (start..first).contains(o));
            // As many outputs as 16 bits count fit a tile.
            list(inside.map(|o| (o - start) as u16))
        })
    };
    tiles.iter().map(tile).collect()
}

/// One list: outputs ascending, one that stands twice in two places.
fn list(outputs: impl Iterator<Item = u16>) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    // One more than the output before.
    let mut behind = 0;
    for output in outputs {
        let mut distance = output + 1 - behind;
        while distance > FAR {
            symbols.push(Symbol::Step);
            distance -= FAR;
        }
        symbols.push(match distance {
            0 => Symbol::Again,
            1..=NEAR => Symbol::Near(distance as u8),
            _ => Symbol::Far(distance as u8),
        });
        behind = output + 1;
    }
    symbols.push(Symbol::End);
    symbols
}

/// The bytes of a column, cut into tiles of these lengths.
pub fn encode(column: &Column, tiles: &[usize]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for lists in symbols(column, tiles) {
        let nibbles: Vec<u8> = lists
            .iter()
            .flatten()
            .map(|symbol| symbol.nibbles())
            .flat_map(|(nibble, second)| std::iter::once(nibble).chain(second))
            .collect();
        bytes.extend(nibbles.chunks(2).map(|pair| pair[0] | pair.get(1).unwrap_or(&0) << 4));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a column as kernels do, from the table above and not from the code.
    fn decode(bytes: &[u8], tiles: &[usize]) -> Column {
        let mut column = Column::default();
        let mut bytes = bytes.iter();
        let mut first = 0;
        for &length in tiles {
            let mut nibbles = Vec::new();
            let mut next = || {
                if nibbles.is_empty() {
                    let byte = bytes.next().expect("a stream ends behind its last end");
                    nibbles = vec![byte >> 4, byte & 15];
                }
                nibbles.pop().expect("there are two")
            };
            for outputs in [&mut column.plus, &mut column.minus] {
                let mut at = first as i32 - 1;
                loop {
                    let used = match next() {
                        0 => match next() {
                            0 => break,
                            14 => true,
                            15 => {
                                at += 28;
                                false
                            }
                            k => {
                                at += 15 + i32::from(k);
                                true
                            }
                        },
                        d => {
                            at += i32::from(d);
                            true
                        }
                    };
                    if used {
                        outputs.push(at as u16);
                    }
                }
            }
            assert!(nibbles.iter().all(|&n| n == 0), "a nibble without meaning is 0");
            first += length;
        }
        assert_eq!(bytes.next(), None, "nothing stands behind the last end");
        column
    }

    #[test]
    fn a_column_reads_as_documented() {
        let column = Column { plus: vec![0, 15, 31, 59, 88], minus: vec![14, 14] };
        // +1; +15; escape 1: +16; escape 13: +28; step, +1; end; +15; again; end.
        let nibbles = [1, 15, 0, 1, 0, 13, 0, 15, 1, 0, 0, 15, 0, 14, 0, 0];
        let bytes: Vec<u8> = nibbles.chunks(2).map(|n| n[0] | n[1] << 4).collect();
        assert_eq!(encode(&column, &[100]), bytes);
        assert_eq!(decode(&bytes, &[100]), column);
    }

    #[test]
    fn an_empty_column_is_two_ends_a_tile() {
        assert_eq!(encode(&Column::default(), &[256, 3]), [0; 4]);
    }

    #[test]
    fn every_column_comes_back() {
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        for tiles in [vec![1], vec![2], vec![15], vec![256], vec![256, 256, 88], vec![1000]] {
            for chance in [1, 2, 5, 20, 100, 300] {
                let mut column = Column::default();
                for o in 0..tiles.iter().sum::<usize>() as u16 {
                    if random() % chance > 0 {
                        continue;
                    }
                    match random() % 5 {
                        0 => column.minus.extend([o, o]),
                        1 | 2 => column.minus.push(o),
                        _ => column.plus.push(o),
                    }
                }
                assert_eq!(decode(&encode(&column, &tiles), &tiles), column, "{tiles:?}, one of {chance}");
            }
        }
    }

    #[test]
    fn symbols_take_the_nibbles_that_are_written() {
        let column = Column { plus: (0..256).step_by(17).collect(), minus: vec![1, 1, 90] };
        let nibbles: usize = symbols(&column, &[256]).iter().flatten().flatten().map(|s| s.width()).sum();
        assert_eq!(encode(&column, &[256]).len(), nibbles.div_ceil(2));
    }
}
