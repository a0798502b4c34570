//! The weights of one input, without the zeros.

/// The weights for one input that are not zero: outputs to add it to and to subtract it from, ascending. A weight of -2
/// stands twice in `minus`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    pub plus: Vec<u16>,
    pub minus: Vec<u16>,
}

impl Column {
    /// The column of weights in -2..=1, one for each output.
    pub fn of<'w>(weights: impl IntoIterator<Item = &'w i8>) -> Self {
        let mut column = Self::default();
        for (o, &w) in weights.into_iter().enumerate() {
            let o = o as u16;
            match w {
                1.. => column.plus.push(o),
                0 => {}
                -1 => column.minus.push(o),
                ..-1 => column.minus.extend([o, o]),
            }
        }
        column
    }

    /// The columns of a matrix of weights in -2..=1, `[rows, cols]` row by row.
    pub fn of_matrix(cols: usize, values: &[i8]) -> Vec<Self> {
        (0..cols).map(|c| Self::of(values.iter().skip(c).step_by(cols))).collect()
    }

    /// A weight for each of so many outputs.
    pub fn weights(&self, outputs: usize) -> Vec<i8> {
        let mut weights = vec![0i8; outputs];
        self.plus.iter().for_each(|&o| weights[usize::from(o)] += 1);
        self.minus.iter().for_each(|&o| weights[usize::from(o)] -= 1);
        weights
    }

    /// Additions and subtractions that one use of the column makes.
    pub fn len(&self) -> usize {
        self.plus.len() + self.minus.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Outputs with a weight of ±1, and with one of -2.
    pub fn singles_and_doubles(&self) -> (usize, usize) {
        let doubles = self.minus.windows(2).filter(|w| w[0] == w[1]).count();
        (self.len() - 2 * doubles, doubles)
    }

    /// The part in a tile of 256 outputs, counted from the tile's first.
    pub fn tile(&self, t: usize) -> Self {
        let inside = |list: &[u16]| -> Vec<u16> {
            let of_tile = list.iter().filter(|&&o| usize::from(o) / super::TILE == t);
            of_tile.map(|o| o % super::TILE as u16).collect()
        };
        Self { plus: inside(&self.plus), minus: inside(&self.minus) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_comes_back_from_its_columns() {
        let values = [1, 0, -2, -1, 1, 0, 0, -2];
        let columns = Column::of_matrix(2, &values);
        assert_eq!(columns[0], Column { plus: vec![0, 2], minus: vec![1, 1] });
        let rows = columns[0].weights(4).into_iter().zip(columns[1].weights(4));
        assert_eq!(rows.flat_map(|(a, b)| [a, b]).collect::<Vec<_>>(), values);
    }

    #[test]
    fn a_tile_counts_from_its_first_output() {
        let column = Column { plus: vec![0, 255, 256, 700], minus: vec![257, 257] };
        assert_eq!(column.tile(1), Column { plus: vec![0], minus: vec![1, 1] });
        assert_eq!(column.tile(2), Column { plus: vec![188], minus: vec![] });
        assert_eq!(column.singles_and_doubles(), (4, 1));
    }
}
