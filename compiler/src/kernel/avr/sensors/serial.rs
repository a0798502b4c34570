//! Whether the characters of a line wait long enough while a row is computed.

use crate::kernel::avr::board::RING;
use crate::target::Target;

/// Bits of a character on the line.
const BITS: f64 = 10.0;
/// The shortest text of a value: a digit, and what parts it from the next.
const SHORTEST: f64 = 2.0;
/// Cycles that the console takes for a value of that length, at most.
const READS: f64 = 1_200.0;
/// Most characters that wait, and one: their places are counted by a byte.
const MOST: u16 = 256;
/// Bytes of RAM for characters to be sent, and where they are in both rings.
const OTHERS: usize = 16 + 5;

/// The serial line of a program that computes rows while they come.
pub struct Serial {
    /// Cycles of the work behind each row but the last.
    pub works: Vec<f64>,
    /// Characters that may wait, and one; `None`: there is no serial line.
    pub ring: Option<u16>,
    /// Characters are lost when the next row is sent at once.
    pub loses: bool,
}

impl Serial {
    /// Of the work behind each row of so many values, for a program with so many bytes of memory beside the console. What comes behind
    /// the last row waits for an answer.
    pub fn of(target: &Target, works: &[f64], values: usize, memory: usize) -> Self {
        let works = works[..works.len() - 1].to_vec();
        let baud = target.board.as_ref().and_then(|board| board.profile.baud);
        let Some(baud) = baud else { return Self { works, ring: None, loses: false } };
        let character = BITS * f64::from(target.clock_hz) / f64::from(baud);
        let wanted = waiting(&works, values as f64 * (SHORTEST * character - READS)) / character + 2.0;
        let taken = memory + usize::from(target.stack) + OTHERS;
        let fits = |ring: u16| taken + usize::from(ring) <= target.memory();
        let mut ring = RING;
        while f64::from(ring) < wanted && ring < MOST && fits(2 * ring) {
            ring *= 2;
        }
        Self { works, ring: Some(ring), loses: f64::from(ring) < wanted }
    }
}

/// Cycles of characters that wait, at most, when a line comes without a pause: behind each row `less` cycles are made up for.
fn waiting(works: &[f64], less: f64) -> f64 {
    let (mut late, mut most) = (0.0, 0.0_f64);
    for work in works {
        late += work;
        most = most.max(late);
        late = (late - less).max(0.0);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::waiting;

    #[test]
    fn what_waits_is_made_up_for_or_adds_up() {
        assert_eq!(waiting(&[], 10.0), 0.0);
        assert_eq!(waiting(&[5.0, 30.0, 5.0], 100.0), 30.0);
        assert_eq!(waiting(&[30.0, 30.0, 5.0], 20.0), 40.0);
        assert_eq!(waiting(&[30.0, 30.0, 30.0], -5.0), 100.0);
    }
}
