//! Results that are asked for again and again.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{LazyLock, Mutex, PoisonError};

/// How many results are kept: those of some hundred stages.
const MOST: usize = 4096;

/// Results by what they depend on, so that each is computed once. Whether one is kept changes nothing but time.
pub struct Memo<K, V>(LazyLock<Mutex<HashMap<K, V>>>);

impl<K: Eq + Hash, V: Clone> Memo<K, V> {
    pub const fn new() -> Self {
        Self(LazyLock::new(Mutex::default))
    }

    /// The result for `key`, which `compute` gives if it is not known.
    pub fn get(&self, key: K, compute: impl FnOnce() -> V) -> V {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&key) {
            return known.clone();
        }
        let value = compute();
        let mut results = lock();
        if results.len() >= MOST {
            results.clear();
        }
        results.insert(key, value.clone());
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_computed_once_and_not_all_are_kept() {
        static SQUARES: Memo<usize, usize> = Memo::new();
        let mut computed = 0;
        let mut square = |n: usize| {
            SQUARES.get(n, || {
                computed += 1;
                n * n
            })
        };
        assert_eq!([3, 4, 3].map(&mut square), [9, 16, 9]);
        let all: usize = (0..2 * MOST).map(&mut square).sum();
        assert_eq!(all, (0..2 * MOST).map(|n| n * n).sum::<usize>());
        // 3 and 4 were known.
        assert_eq!(computed, 2 * MOST);
        assert!(SQUARES.0.lock().is_ok_and(|results| results.len() <= MOST));
    }
}
