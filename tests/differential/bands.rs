//! Position bands and binary layers at every edge: number of bands, lengths of queries, widths of layers.

use super::support::{self, Random};
use mlc_compiler::model::Model;
use mlc_compiler::{eval, reference, weights::Form};
use mlc_runtime_z80::CpmConfig;

/// Compares logits for all queries; the mean T-states a query must be predicted to within `percent`.
fn exact(model: &Model, form: Form, queries: &[Vec<u8>], percent: f64) {
    let compiled = support::compile_for_cpm(model, Some(form), queries)
        .unwrap_or_else(|e| panic!("{}: {e}", model.head.name));
    let graph = reference(model).expect("the model was checked");
    let mut t_states = 0;
    for query in queries {
        let run = eval::run(&graph, query);
        let ran = support::run(&compiled.image, query, CpmConfig::default());
        assert_eq!(ran.logits, run.logits, "{} {form}: \"{}\"", model.head.name, query.escape_ascii());
        t_states += ran.t_states;
    }
    let simulated = t_states as f64 / queries.len() as f64;
    let predicted = compiled.plan.prediction.total();
    let error = 100.0 * (predicted / simulated - 1.0).abs();
    assert!(
        error < percent,
        "{} {form}: predicted {predicted:.0}, simulated {simulated:.0}",
        model.head.name
    );
}

/// Queries of one letter: every trigram but the first and the last is the same, so bands alone tell them apart.
fn queries_of(lengths: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    lengths.into_iter().map(|n| vec![b'q'; n]).collect()
}

/// T-states of hashing a query: predicted, and as the machine counts them.
fn hashing(model: &Model, queries: &[Vec<u8>]) -> (f64, f64) {
    let compiled = support::compile_for_cpm(model, None, queries).expect("the model is small");
    support::phase(&compiled, queries, &CpmConfig::default(), "encode")
}

#[test]
fn every_number_of_bands_with_both_hashes() {
    for bands in 1..=16 {
        // One byte of hash is enough for 64; 60 and 512 need two, 512 a table of words.
        for buckets in [64, 60, 512] {
            let model =
                support::classifier(&format!("bands-{bands}-{buckets}"), buckets, bands, &[9, 4], &[]);
            let edge = usize::from(bands) * 8;
            let lengths = [1, 7, 8, 9, edge - 1, edge, edge + 1, 112, 119, 120, 121, 126];
            let queries = queries_of(lengths.map(|n: usize| n.min(126)));
            exact(&model, Form::Columns, &queries, 10.0);
            let (predicted, simulated) = hashing(&model, &queries);
            // A jump over the subroutine is not counted. How often a division subtracts is a guess.
            let error = (predicted - simulated).abs();
            let most = if buckets == 60 { 0.05 * simulated } else { 11.0 };
            assert!(
                error < most,
                "{}: hashing predicted {predicted:.1}, simulated {simulated:.1}",
                model.head.name
            );
        }
    }
}

#[test]
fn bands_tell_words_in_another_order_apart() {
    let inputs = |bands| {
        let graph = reference(&support::classifier("order", 128, bands, &[9, 4], &[]))
            .expect("the model was checked");
        [b"put key in box", b"put box in key"].map(|q| eval::run(&graph, q).logits)
    };
    let [a, b] = inputs(4);
    assert_ne!(a, b);
}

#[test]
fn binary_layers_of_every_width() {
    let widths = (1..=20).chain([255, 256, 257, 264, 300]);
    for width in widths {
        let model = support::classifier(&format!("binary-{width}"), 64, 1, &[12, width, 3], &[1]);
        let queries = [b"hello there".to_vec(), b"what is your name?".to_vec()];
        exact(&model, Form::Packed, &queries, 2.0);
    }
}

#[test]
fn a_binary_first_and_last_layer() {
    // Sums of a dense binary layer leave a byte, so activations have high bytes as well.
    let model = support::classifier("binary-ends", 64, 2, &[40, 33, 19], &[0, 1, 2]);
    let mut r = Random(5);
    let queries: Vec<_> =
        (0..6).map(|_| support::query(&mut r, 126)).filter(|q| q.iter().any(|&b| b != b' ')).collect();
    for form in Form::ALL {
        exact(&model, form, &queries, 2.0);
    }
}
