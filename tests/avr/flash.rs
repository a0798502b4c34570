//! Sequence models whose weights a flash chip at the SPI has, against the reference: replies and every logit.

use super::judges;
use super::machine::{Chip, Ran};
use super::sequence::{exact, number};
use super::support::sequence as random;
use mlc_compiler::CompileError;
use mlc_compiler::plan::{Demands, Storage};

/// Networks of a run: `MLC_FLASH_NETWORKS` and `MLC_FLASH_FROM` choose others.
const NETWORKS: u64 = 30;

/// All weights in the flash chip.
fn streamed() -> Demands {
    Demands { storage: Storage::File, ..Demands::default() }
}

#[test]
fn random_transformers_are_streamed_exactly() {
    let chips = [Chip::atmega328p(), Chip::atmega1284p(), Chip::atmega2560()].map(Chip::with_flash);
    let mut compared = [0; 3];
    let mut forms = std::collections::BTreeSet::new();
    let from = number("MLC_FLASH_FROM", 0);
    for seed in from..from + number("MLC_FLASH_NETWORKS", NETWORKS) {
        let model = random::model(seed);
        let lines = random::queries(seed, model.reader.max_query().into());
        for (chip, compared) in chips.iter().zip(&mut compared) {
            match chip.compile_as(&model, &streamed(), false, &[]) {
                Ok(compiled) => {
                    let file = compiled.image.beside.as_ref().expect("its weights are beside it");
                    assert!(file.matrices.iter().all(|matrix| !matrix.inside));
                    forms.extend(compiled.plan.steps.iter().map(|step| step.offers[0].name()));
                    exact(chip, &model, &compiled, &lines);
                    *compared += 1;
                }
                Err(CompileError::SequenceTooLarge { .. }) if chip.target.name == "atmega328p" => {}
                Err(error) => panic!("{}: {error}\n{}", model.head.name, error.help()),
            }
        }
    }
    eprintln!("{compared:?} programs, in {forms:?}");
    assert!(compared[0] * 3 >= compared[1], "{compared:?}");
}

#[test]
fn what_has_room_stays_in_the_chip() {
    let chip = Chip::atmega1284p().with_flash();
    let mut mixed = 0;
    for seed in 0..6 {
        let model = random::large(seed, 72, 120);
        let beside = |demands: &Demands| {
            let compiled =
                chip.compile_as(&model, demands, false, &[]).unwrap_or_else(|e| panic!("{seed}: {e}"));
            let file = compiled.image.beside.clone().expect("not all has room");
            (compiled, file)
        };
        let (least, all) = beside(&streamed());
        let room =
            least.image.bytes.len() + all.matrices.iter().map(|matrix| matrix.bytes).sum::<usize>() / 2;
        let (compiled, some) = beside(&Demands { max_bytes: Some(room), ..Demands::default() });
        assert!(compiled.image.bytes.len() <= room, "{seed}");
        let lines = random::queries(seed, model.reader.max_query().into());
        exact(&chip, &model, &compiled, &lines);
        mixed += usize::from(some.matrices.iter().any(|matrix| matrix.inside));
        assert!(
            some.matrices.iter().any(|matrix| !matrix.inside) && some.bytes.len() < all.bytes.len(),
            "{seed}"
        );
    }
    assert!(mixed >= 5, "{mixed}");
}

/// Networks with more weights than the small chip has flash: the seed, and the width of the stream.
const WIDE: [(u64, usize); 2] = [(4, 200), (10, 200)];

#[test]
fn the_small_chip_runs_what_it_has_no_room_for() {
    let (chip, large) = (Chip::atmega328p().with_flash(), Chip::atmega2560());
    for (seed, dim) in WIDE {
        let model = random::large(seed, dim, 256);
        let compiled = chip.compile_as(&model, &streamed(), false, &[]).unwrap_or_else(|e| panic!("{e}"));
        let file = compiled.image.beside.as_ref().expect("its weights are beside it");
        // Addresses have three bytes.
        assert!(file.bytes.len() > 0x2_0000);
        let weights: usize = compiled.plan.steps.iter().map(|step| step.rows * step.cols).sum();
        let lines = random::queries(seed, model.reader.max_query().into());
        let here = mean(&exact(&chip, &model, &compiled, &lines));
        // With the same weights in flash of its own.
        let inside = large.compile(&model, None, &[]).unwrap_or_else(|e| panic!("{e}"));
        assert!(inside.image.beside.is_none());
        let there = mean(&exact(&large, &model, &inside, &lines));
        let reads: usize = file.matrices.iter().map(|matrix| matrix.reads).sum();
        let bus = 18 * reads;
        assert!(bus < here && here < bus * 5 / 4, "{here} cycles a token, the bus alone {bus}");
        let (flash, ram) = (compiled.image.bytes.len(), compiled.image.memory_end - 0x100);
        eprintln!(
            "{seed}: {weights} weights, {} bytes beside {flash} of flash, RAM {ram}: {here} cycles a token, {reads} bytes \
             take {bus} of them; {there} from flash of its own",
            file.bytes.len(),
        );
    }
}

/// Cycles of a token.
fn mean(ran: &[Ran]) -> usize {
    let answered = ran.iter().filter(|ran| !ran.logits.is_empty());
    let (tokens, cycles) = answered
        .fold((0, 0), |(tokens, cycles), ran| (tokens + ran.logits.len(), cycles + ran.cycles as usize));
    cycles / tokens
}

/// Rows of 256 bytes, 256 values, and 255: the widest that there are.
#[test]
fn the_widest_networks_are_exact() {
    for chip in [Chip::atmega2560(), Chip::atmega2560().with_flash()] {
        for seed in [0, 5] {
            let model = random::large(seed, 255, 256);
            let demands = if chip.target.spi_flash.is_some() { streamed() } else { Demands::default() };
            let compiled = chip.compile_as(&model, &demands, false, &[]).unwrap_or_else(|e| panic!("{e}"));
            let lines = random::queries(seed, model.reader.max_query().into());
            exact(&chip, &model, &compiled, &lines[..2]);
        }
    }
}

#[test]
fn more_than_the_chip_has_is_refused() {
    let mut chip = Chip::atmega328p().with_flash();
    if let Some(flash) = &mut chip.target.spi_flash {
        flash.bytes = 0x1_0000;
    }
    let model = random::large(4, 200, 256);
    let error = chip.compile_as(&model, &streamed(), false, &[]).expect_err("it has 64 KB");
    let message = "random-4 cannot be compiled for atmega328p: mlc has no kernels for 133760 bytes of weights in a flash chip \
                   of 65536 there yet";
    assert_eq!(error.to_string(), message);
}

#[test]
fn gnu_as_makes_the_same_bytes_of_streams() {
    if !judges::available() {
        return;
    }
    for chip in [Chip::atmega1284p(), Chip::atmega2560()].map(Chip::with_flash) {
        for seed in 0..2 {
            let model = random::model(seed);
            let compiled =
                chip.compile_as(&model, &streamed(), false, &[]).unwrap_or_else(|e| panic!("{seed}: {e}"));
            let core = chip.core.name();
            let theirs = judges::gnu(&compiled.assembly, core, chip.target.origin)
                .unwrap_or_else(|e| panic!("{}: {e}", model.head.name));
            assert_eq!(theirs.flash, compiled.image.bytes, "{} on {core}", model.head.name);
        }
    }
}
