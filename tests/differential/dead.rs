//! Programs without what never contributes, against the reference with it.

use super::sequence::{ask, compile};
use super::support::{Random, sequence};
use super::talk::stories;
use mlc_compiler::model::Dead;
use mlc_compiler::reference;
use mlc_runtime_z80::CpmConfig;

#[test]
fn dead_neurons_and_heads_change_nothing() {
    let (mut compared, mut neurons, mut heads) = (0, 0, 0);
    for seed in 0..16 {
        let mut model = sequence::model(seed);
        stories::kill(&mut model, &mut Random(seed));
        let Dead { neurons: of_neurons, heads: of_heads } = model.without_dead().1;
        let Some(compiled) = compile("z80-cpm", &model) else { continue };
        let told = &compiled.reports[0].summary;
        assert_eq!(told.contains("never contribute"), of_neurons + of_heads > 0, "{told}");
        let graph = reference(&model).expect("the model was checked");
        for query in sequence::queries(seed, 20).into_iter().filter(|q| !q.is_empty()).take(3) {
            let upper = query.to_ascii_uppercase();
            let wants = mlc_compiler::eval::run(&graph, &upper);
            let found = ask(&compiled.image, &upper, CpmConfig::default());
            assert_eq!(found.logits, wants.logits, "{}: \"{}\"", model.head.name, query.escape_ascii());
            compared += 1;
        }
        (neurons, heads) = (neurons + of_neurons, heads + of_heads);
    }
    assert!(
        compared > 20 && neurons > 50 && heads > 4,
        "{compared} compared, {neurons} neurons, {heads} heads"
    );
}
