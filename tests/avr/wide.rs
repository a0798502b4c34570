//! Networks at the edges of the kernels, in every form and whichever way the planner chooses: on the small chip where
//! they fit it, else on the large one.

use super::machine::Chip;
use super::random::compare;
use super::support::{cores, parts, wide};
use mlc_compiler::CompileError;
use mlc_compiler::plan::LayerError;

/// Networks of a run: `MLC_WIDE_NETWORKS` and `MLC_WIDE_FROM` choose others.
const NETWORKS: u64 = 40;
/// Neurons of the widest layer.
const WIDEST: usize = 512;

#[test]
fn wide_networks_are_exact() {
    let chips = [Chip::atmega328p(), Chip::atmega2560()];
    let counts = cores::each(wide::seeds(NETWORKS), |seed| {
        let mut compared = [0, 0];
        let (mut refused, mut whole) = (0, 0);
        let model = wide::model(seed, WIDEST);
        let queries = wide::queries(seed);
        for (what, demands) in wide::demands(seed, parts::layers(&model).len()) {
            let fits = chips.iter().enumerate().find_map(|(i, chip)| {
                match chip.compile_as(&model, &demands, false, &queries) {
                    Ok(compiled) => Some((i, chip, compiled)),
                    Err(CompileError::TooLarge { .. } | CompileError::Layer(LayerError::Nowhere { .. })) => {
                        None
                    }
                    Err(error) => panic!("{} {what}: {error}\n{}", model.head.name, error.help()),
                }
            });
            let Some((i, chip, compiled)) = fits else {
                refused += 1;
                continue;
            };
            compare(chip, &model, &compiled, &queries, &format!("{what} on {}", chip.target.name));
            compared[i] += 1;
            whole += usize::from(wide::scans_whole_tile(&compiled));
        }
        [compared[0], compared[1], whole, refused]
    });
    let [small, large, whole, refused] =
        std::array::from_fn(|i| counts.iter().map(|count| count[i]).sum::<usize>());
    eprintln!(
        "{small} programs on the small chip, {large} on the large one, {whole} with whole tiles, {refused} too large"
    );
    assert!(whole * 4 >= small + large, "only {whole} programs scan a whole tile");
    assert!(large * 10 >= small && refused * 2 <= small + large, "{small} and {large} fit, {refused} do not");
}
