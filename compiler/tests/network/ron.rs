//! Networks on numbers as `model.ron`.

use crate::networks::random;
use mlc_compiler::import::ron::{read, write};

#[test]
fn what_is_written_is_read_again() {
    for seed in 0..200 {
        let model = random(seed);
        let text = write(&model);
        let again = read(&text, "model.ron").unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
        assert_eq!(again, model, "seed {seed}");
        assert_eq!(write(&again), text, "seed {seed}");
    }
}
