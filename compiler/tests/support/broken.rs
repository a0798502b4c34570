//! What both instruction sets' tests with broken texts share.

use mlc_compiler::asm::{AsmError, Assembly};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Pieces put into a text: where, which, and how many characters go for it.
pub type Edits = Vec<(prop::sample::Index, &'static str, usize)>;

/// The same texts every time.
pub fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 4000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    }
}

/// Texts of `pieces`.
pub fn texts(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(pieces), 0..60).prop_map(|pieces| pieces.concat())
}

/// A few `pieces` to put into a text.
pub fn edits(pieces: &'static [&'static str]) -> impl Strategy<Value = Edits> {
    prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(pieces), 0usize..4), 1..6)
}

/// A good text with a few pieces put into it and a few characters taken out.
pub fn damaged(good: &str, edits: Edits) -> String {
    let mut text: Vec<char> = good.chars().collect();
    for (place, piece, cut) in edits {
        let at = place.index(text.len());
        let end = (at + cut).min(text.len());
        text.splice(at..end, piece.chars());
    }
    text.iter().collect()
}

/// What was assembled lies in 64 KB and within its own bytes; what is reported lies within `source`.
pub fn check(source: &str, assembled: Result<Assembly, AsmError>) -> Result<(), TestCaseError> {
    match assembled {
        Ok(assembly) => {
            prop_assert!(usize::from(assembly.origin) + assembly.bytes.len() <= 0x1_0000);
            prop_assert!(assembly.lines.iter().all(|line| line.bytes.end <= assembly.bytes.len()));
            prop_assert!(!assembly.listing(source).is_empty());
        }
        Err(error) => {
            prop_assert!((1..=20).contains(&error.diagnostics.len()));
            prop_assert!(!error.to_string().is_empty());
            for diagnostic in &error.diagnostics {
                prop_assert!(source.get(diagnostic.span.clone()).is_some(), "{diagnostic:?}");
                prop_assert!(!diagnostic.message().contains('\n'));
            }
        }
    }
    Ok(())
}
