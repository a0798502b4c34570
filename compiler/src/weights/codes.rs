//! Columns in codes of four bits that say how far and with which sign, two a byte, the lower one first.
//!
//! A code `c` below 15 steps over `c & 7` outputs; at the one behind them, unless that is 7, the weight is
//! +1, or -1 with bit 3 set. 15 makes the last weight -2. A byte that the column's last code leaves half
//! empty ends in 7. There is no code for the end: a table has where each column starts.

use super::Column;

/// Outputs that one code steps over at most.
pub const STEP: u16 = 7;
const MINUS: u8 = 8;
const AGAIN: u8 = 15;

/// The bytes of a column.
pub fn bytes(column: &Column) -> Vec<u8> {
    let mut weights: Vec<(u16, bool)> =
        column.plus.iter().map(|&o| (o, false)).chain(column.minus.iter().map(|&o| (o, true))).collect();
    weights.sort_unstable();
    let mut codes = Vec::new();
    let mut next = 0;
    for (i, &(output, minus)) in weights.iter().enumerate() {
        if i > 0 && weights[i - 1] == (output, minus) {
            codes.push(AGAIN);
            continue;
        }
        let gap = output - next;
        codes.extend((0..gap / STEP).map(|_| STEP as u8));
        codes.push((gap % STEP) as u8 | if minus { MINUS } else { 0 });
        next = output + 1;
    }
    codes.chunks(2).map(|two| two[0] | two.get(1).copied().unwrap_or(STEP as u8) << 4).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the generated C does with the bytes of a column.
    fn read(bytes: &[u8]) -> Column {
        let mut column = Column::default();
        let mut output = 0;
        for code in bytes.iter().flat_map(|b| [b & 15, b >> 4]) {
            if code == AGAIN {
                column.minus.push(output - 1);
                continue;
            }
            output += u16::from(code & 7);
            if code & 7 != 7 {
                if code & 8 == 0 { &mut column.plus } else { &mut column.minus }.push(output);
                output += 1;
            }
        }
        column
    }

    #[test]
    fn a_column_is_read_back_as_it_was() {
        let columns = [
            (vec![], vec![]),
            (vec![0], vec![]),
            (vec![], vec![0, 0]),
            (vec![6, 7, 14, 1023], vec![5, 5, 13, 22]),
            (vec![7], vec![]),
            (vec![1, 3], vec![0, 2, 2]),
        ];
        for (plus, minus) in columns {
            let column = Column { plus, minus };
            assert_eq!(read(&bytes(&column)), column);
        }
    }

    #[test]
    fn codes_are_what_they_are() {
        assert_eq!(bytes(&Column { plus: vec![0, 7], minus: vec![1, 1] }), [0x80, 0x5F]);
        assert_eq!(
            bytes(&Column { plus: vec![15], minus: vec![] }),
            [0x77, 0x71],
            "15 = 7 + 7 + 1, and a rest"
        );
    }
}
