//! Kernels of networks on numbers on the Z80, each in a network that has little else.

use super::support::Random;
use super::support::networks::{Maker, random};
use mlc_compiler::model::{Model, Pooling, Reader, Real, Shape};
use mlc_compiler::plan::{Demands, Optimize};
use mlc_compiler::{Assets, Compiled, Request, Target, compile};

fn compiled(model: &Model, optimize: Optimize) -> Compiled {
    let assets = Assets::builtin();
    let targets = assets.targets().expect("the targets that mlc brings are right");
    let target = &targets.into_iter().find(|t| t.name == "z80-cpm").expect("mlc brings it");
    let demands = &Demands { optimize, ..Demands::default() };
    let request = Request { model, target, assets: &assets, demands, wide: false, calibration: &[] };
    compile(&request).unwrap_or_else(|e| panic!("{e}"))
}

/// What runs from the values to the results, the routines that it calls, and the first constants.
fn kernel(model: &Model, optimize: Optimize) -> String {
    let text = compiled(model, optimize).assembly;
    let from = text.find("\nnet_run:").expect("every program has it");
    let to = text.find("\nnet_scaling:").expect("every program has it");
    let steps = &text[from..to];
    // What decides is the same in all.
    let (run, rest) = steps.split_once("\nnet_results:").expect("every program has it");
    let routines = rest.split_once("\nnet_shared:").map_or("", |(_, shared)| shared);
    format!("{run}\n{routines}\n")
}

/// Two rows of three places of two channels.
fn maker(seed: u64) -> Maker {
    Maker::new(seed, Shape { height: 2, width: 3, channels: 2 })
}

fn made(seed: u64, make: impl FnOnce(&mut Maker)) -> Model {
    let mut maker = maker(seed);
    make(&mut maker);
    let model = maker.model();
    model.check().expect("the generator keeps the rules");
    model
}

#[test]
fn kernels_on_numbers() {
    let dense = made(2, |m| m.dense(2));
    let convolution = made(3, |m| m.convolution(2, 1));
    let apart = made(4, |m| m.convolution(2, 2));
    let trees = made(10, |m| m.trees(3));
    let all = [
        ("dense-as-code", &dense, Optimize::Speed),
        ("dense-by-subsets", &dense, Optimize::Size),
        ("convolution-as-code", &convolution, Optimize::Speed),
        ("convolution-by-subsets", &convolution, Optimize::Size),
        ("depthwise-as-code", &apart, Optimize::Speed),
        ("depthwise-by-subsets", &apart, Optimize::Size),
        ("largest", &made(5, |m| m.pool(Pooling::Max)), Optimize::Speed),
        ("mean-of-windows", &made(6, |m| m.pool(Pooling::Average)), Optimize::Speed),
        ("mean", &made(7, Maker::mean), Optimize::Speed),
        ("sum", &made(8, Maker::add), Optimize::Speed),
        ("table", &made(9, Maker::table), Optimize::Speed),
        ("trees-as-code", &trees, Optimize::Speed),
        ("trees-as-tables", &trees, Optimize::Size),
    ];
    for (name, model, optimize) in all {
        insta::assert_snapshot!(format!("z80-numbers-{name}"), kernel(model, optimize));
    }
}

/// What runs on an AVR while rows come, with a byte less RAM than whole arrays take.
#[test]
fn rows_on_the_avr() {
    let mut maker = Maker::new(11, Shape { height: 8, width: 3, channels: 1 });
    maker.convolution(2, 1);
    maker.mean();
    maker.dense(2);
    let model = &maker.model();
    let assets = Assets::builtin();
    let targets = assets.targets().expect("the targets that mlc brings are right");
    let mut target = targets.into_iter().find(|t| t.name == "atmega328p").expect("mlc brings it");
    let built = |target: &Target| {
        let demands = &Demands::default();
        let request = Request { model, target, assets: &assets, demands, wide: false, calibration: &[] };
        compile(&request).unwrap_or_else(|e| panic!("{e}"))
    };
    target.memory_end = target.origin + built(&target).image.needs().buffers as u16 - 1;
    let text = built(&target).assembly;
    let part = |from: &str, to: &str| {
        let behind = &text[text.find(from).expect("every program by rows has it")..];
        &behind[..behind.find(to).expect("every program by rows has it")]
    };
    let data = part("\nnet_schedule:", "\ns");
    let begin = part("\n; Begins with new values", "\n; Takes the next character");
    let rows = part("\n; A row of values is there", "\nnet_run:");
    insta::assert_snapshot!("avr-numbers-rows", format!("{data}\n{begin}{rows}"));
}

/// What counts the thresholds that a reading is above, of one byte each and where some have several.
#[test]
fn ranks_of_readings() {
    let list = |count: i32| (0..count).map(|t| Real(f64::from(t) - 2.5)).collect::<Vec<_>>();
    for (name, large) in [("ranks", false), ("ranks-of-several-bytes", true)] {
        let mut model = made(10, |m| m.trees(2));
        if let Reader::Sensors(sensors) = &mut model.reader {
            (sensors.scaling, sensors.quantization) = (vec![], vec![]);
            sensors.ranks = vec![vec![Real(-2.5), Real(0.25)]; sensors.shape.len()];
            if large {
                sensors.ranks.pop();
                sensors.ranks[0] = list(257);
            }
        }
        let text = compiled(&model, Optimize::Speed).assembly;
        let behind = &text[text.find("\nnet_number:").expect("every program has it")..];
        let number = &behind[..behind.find("\nnet_run:").expect("every program has it")];
        let data = &text[text.find("\nnet_scaling:").expect("every program has it")..];
        let data: Vec<&str> = data.lines().take(3).collect();
        insta::assert_snapshot!(format!("z80-numbers-{name}"), format!("{number}{}\n", data.join("\n")));
    }
}

/// What reads lines and what answers, with a label and with numbers.
#[test]
fn lines_of_numbers() {
    let mut shown = [false; 2];
    for seed in 0..40 {
        let model = random(Random(seed).next());
        if model.network().is_some_and(|(sensors, _)| !sensors.ranks.is_empty()) {
            continue;
        }
        let text = compiled(&model, Optimize::Speed).assembly;
        let tells = usize::from(text.contains("\nnet_tell:"));
        if std::mem::replace(&mut shown[tells], true) {
            continue;
        }
        let part = |from: &str, to: &str| {
            let behind = &text[text.find(from).expect("every program has it")..];
            behind[..behind.find(to).expect("every program has it")].to_string()
        };
        let read = part("\n; Takes a line as it was typed", "\nnet_run:");
        let answer = part("\nlogits_ready:", "\n; ---- what stages share");
        insta::assert_snapshot!(
            format!("z80-numbers-line-{}", ["label", "text"][tells]),
            format!("{read}{answer}\n")
        );
    }
    assert_eq!(shown, [true; 2]);
}
