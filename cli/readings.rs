//! Lines of numbers for networks that read them, where nobody gives any.

use crate::prompts::Prompt;
use crate::say::say;
use mlc_compiler::arithmetic::network::Line;
use mlc_compiler::model::{Model, Sensors};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Bytes of a line for each number: a sign, digits, a point and what stands between.
const NUMBER: usize = 9;
/// Lines that a network is measured on.
const MEASURED: usize = 16;
/// The shortest line that may be longer than it needs to be.
const SHORT: usize = 127;

/// How many numbers a line has, of readings and of the bytes themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub readings: usize,
    /// As many, or more.
    pub bytes: usize,
}

/// How many numbers a model reads; `None` for a model that reads text.
pub fn count(model: &Model) -> Option<Count> {
    model.network().map(|(reader, _)| Count { readings: reader.numbers(), bytes: reader.shape.len() })
}

/// Says why a network on numbers does not read a line, where it does not.
pub fn tell(model: &Model, line: &str) {
    let Some((reader, _)) = model.network() else { return };
    let read = reader.measure(line.as_bytes());
    if let Line::Other(fault) = read {
        say!("note: the network cannot read this line: {fault}");
    }
}

/// Bytes of the longest line of so many numbers.
pub fn longest(count: Count) -> usize {
    (NUMBER * count.bytes).max(SHORT)
}

/// The lines that a network is measured on.
pub fn measured(count: Count) -> Vec<Prompt> {
    random(MEASURED, 1, count).collect()
}

/// `wanted` lines of so many numbers: half of them the bytes themselves, half readings. The same seed gives the same.
pub fn random(wanted: usize, seed: u64, count: Count) -> impl Iterator<Item = Prompt> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let one = move |at: usize| {
        if at.is_multiple_of(2) {
            let values: Vec<i8> = (0..count.bytes).map(|_| rng.random_range(-128..=127)).collect();
            return Prompt { query: Sensors::line(&values), reply: None };
        }
        let mut number = |_| {
            let whole = rng.random_range(-99i32..=255);
            if rng.random_ratio(1, 2) {
                whole.to_string()
            } else {
                format!("{whole}.{}", rng.random_range(0..100))
            }
        };
        let numbers: Vec<String> = (0..count.readings).map(&mut number).collect();
        Prompt { query: numbers.join(","), reply: None }
    };
    (0..wanted).map(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_depend_on_the_seed_only() {
        for count in [1, 9, 784] {
            let of = Count { readings: count, bytes: count + 2 };
            let lines = |seed| random(20, seed, of).collect::<Vec<_>>();
            assert_eq!(lines(3), lines(3));
            assert_ne!(lines(3), lines(4));
            for line in lines(3) {
                assert!(line.query.len() <= longest(of), "{}", line.query);
                let wants = if line.query.starts_with('#') { of.bytes } else { of.readings };
                assert_eq!(line.query.split(',').count(), wants);
            }
        }
    }
}
