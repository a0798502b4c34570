//! Bit planes at the edges of tables and tiles.

use super::machine::Chip;
use super::random::exact;
use super::support::planes;
use mlc_compiler::model::WeightSet;
use mlc_compiler::weights::Form;

#[test]
fn layers_of_every_width_are_exact_and_predicted() {
    let chip = Chip::atmega2560();
    let queries = [b"a".to_vec(), b"hello there".to_vec()];
    for (inputs, outputs, shift) in planes::SHAPES {
        for set in WeightSet::ALL {
            let model = planes::model(inputs, outputs, shift, set);
            let compiled = chip
                .compile(&model, Some(Form::Planes), &queries)
                .unwrap_or_else(|e| panic!("{}: {e}\n{}", model.head.name, e.help()));
            assert!(planes::looks_up(&compiled, inputs), "{}: {}", model.head.name, compiled.plan.table());
            exact(&chip, &model, &compiled, &queries, "planes");
        }
    }
}
