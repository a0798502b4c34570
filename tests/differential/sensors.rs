//! Networks on numbers: every result and every answer of every line equals the reference.

use super::support::{self, Random, cores, networks};
use mlc_compiler::model::{Answer, Model, Pooling, Reader, Sensors, Shape};
use mlc_compiler::plan::{Demands, Optimize};
use mlc_compiler::target::ImageKind;
use mlc_compiler::{Assets, CompileError, Compiled, Image, Request, Target, compile, eval, reference};
use mlc_runtime_z80::{
    ClockInterrupt, CpcConfig, CpcMachine, CpmConfig, CpmMachine, Dos, End, Isr, Memory, MsxConfig,
    MsxMachine, Observer, Script, SpectrumConfig, SpectrumMachine, Symbols, Z80,
};

/// How many networks; their seeds are 0, 1, 2, …
const NETWORKS: u64 = 160;
/// T-states of a run, at most.
const LIMIT: u64 = 2_000_000_000;

/// What a program did with lines that were typed one after the other.
pub struct Asked {
    /// Results of each that is well formed.
    pub logits: Vec<Vec<i16>>,
    /// T-states from its values to its results.
    pub t_states: Vec<u64>,
    /// All that the program wrote.
    pub output: Vec<u8>,
}

/// Takes down results.
struct Watch<'a> {
    image: &'a Image,
    run: u16,
    from: u64,
    logits: Vec<Vec<i16>>,
    t_states: Vec<u64>,
}

impl Observer<Z80> for Watch<'_> {
    fn on_watch(&mut self, address: u16, memory: &Memory, t: u64) {
        if address == self.run {
            self.from = t;
            return;
        }
        self.logits.push(self.image.logits.read(|address| memory.byte(address)));
        self.t_states.push(t - self.from);
    }
}

/// Types lines one after the other. `interrupt`: the system's clock interrupts the program again and again.
pub fn ask(compiled: &Compiled, target: &str, lines: &[String], interrupt: bool) -> Asked {
    let image = &compiled.image;
    let symbols: Symbols = image.assembly.symbols.iter().map(|(n, &a)| (a, n.clone())).collect();
    let script = Script::lines(lines);
    let run = image.assembly.table["net_run"].value as u16;
    let mut watch = Watch { image, run, from: 0, logits: vec![], t_states: vec![] };
    let (ready, limit) = (image.logits.ready as u16, Some(LIMIT));
    macro_rules! run {
        ($machine:expr) => {{
            let mut machine = $machine.expect("the image loads");
            machine.watch(ready);
            machine.watch(run);
            assert_eq!(machine.run(&mut watch), End::EndOfInput, "{target} asks again");
            machine.console().output().to_vec()
        }};
    }
    let output = match target {
        "z80-cpm" | "msxdos" => {
            let interrupt = interrupt.then_some(ClockInterrupt { every: 1009, isr: Isr::PushAll });
            let dos = if target == "msxdos" { Dos::Msx } else { Dos::Cpm };
            let bdos = support::target_named(target).memory_end;
            let config = CpmConfig { symbols, limit, interrupt, dos, bdos, ..CpmConfig::default() };
            run!(CpmMachine::load(&image.bytes, b"", script, config))
        }
        "zx48" => {
            let config = SpectrumConfig { symbols, limit, ..SpectrumConfig::default() };
            run!(SpectrumMachine::load_tape(&image.file(ImageKind::Tap, "n"), script, config))
        }
        "cpc464" => {
            let config = CpcConfig { symbols, limit, ..CpcConfig::default() };
            run!(CpcMachine::load(&image.file(ImageKind::Bin, "n"), script, config))
        }
        _ => {
            let bottom = if image.memory_start >= 0xE000 { 0xE000 } else { 0xC000 };
            let config = MsxConfig { symbols, limit, bottom, ..MsxConfig::default() };
            run!(MsxMachine::load(&image.file(ImageKind::Rom, ""), script, config))
        }
    };
    Asked { logits: watch.logits, t_states: watch.t_states, output }
}

/// The program of a network, if it fits.
pub fn program(target: &str, model: &Model, optimize: Optimize) -> Option<Compiled> {
    let (target, assets) = (support::target_named(target), Assets::builtin());
    let demands = &Demands { optimize, ..Demands::default() };
    let request = Request { model, target: &target, assets: &assets, demands, wide: false, calibration: &[] };
    match compile(&request) {
        Ok(compiled) => Some(compiled),
        Err(CompileError::SensorsTooLarge { .. }) => None,
        // Of a few steps of 65,536 no factor of 32 bits is near enough.
        Err(CompileError::Sequence { what, .. }) if what.contains("no multiplication") => None,
        Err(e) => panic!("{}: {e}", model.head.name),
    }
}

/// Compares all lines with the reference. Whether the network fits.
fn compare(target: &str, model: &Model, optimize: Optimize, lines: &[String], what: &str) -> bool {
    let Some(compiled) = program(target, model, optimize) else { return false };
    let what = format!("{what} on {target} for {optimize:?}");
    let graph = reference(model).expect("the model was checked");
    let Asked { logits, output, .. } = ask(&compiled, target, lines, optimize == Optimize::Size);
    let wants: Vec<_> = lines.iter().map(|line| eval::run(&graph, line.as_bytes())).collect();
    let results: Vec<_> = wants.iter().flat_map(|run| run.logits.clone()).collect();
    assert_eq!(logits, results, "{what}: results of {lines:?}");
    let title = format!("{}. Type a line; ! ends.\r\n> ", model.head.name);
    let answers = lines.iter().zip(&wants).map(|(line, run)| match line.is_empty() {
        true => "\r\n> ".into(),
        false => format!("\r\n{}\r\n> ", run.text()),
    });
    let all = title + &answers.collect::<String>();
    assert_eq!(String::from_utf8_lossy(&output), all, "{what}: {lines:?}");
    true
}

fn values(model: &Model) -> usize {
    match &model.reader {
        Reader::Sensors(sensors) => sensors.shape.len(),
        _ => unreachable!("a network on numbers"),
    }
}

#[test]
fn random_networks_on_numbers_are_exact() {
    let done = cores::each(0..NETWORKS, |seed| {
        let model = networks::random(seed);
        let lines = networks::lines(seed, values(&model));
        let what = format!("seed {seed}");
        [Optimize::Speed, Optimize::Size]
            .into_iter()
            .filter(|optimize| compare("z80-cpm", &model, *optimize, &lines, &what))
            .count()
    });
    assert!(done.iter().all(|ran| *ran == 2), "{done:?}");
}

/// Windows of more bytes than tables are there for at once, of more than 16 bits count, sums of 32 bits, and more outputs than a
/// register counts.
#[test]
fn large_networks_on_numbers_are_exact() {
    let dense = |inputs: usize, outputs: &[usize]| {
        let mut maker = networks::Maker::new(inputs as u64, Shape::vector(inputs));
        outputs.iter().for_each(|outputs| maker.dense(*outputs));
        maker.model()
    };
    let wide = |height: usize, width: usize, outputs: usize| {
        let shape = Shape { height, width, channels: 3 };
        let mut maker = networks::Maker::new((height * width) as u64, shape);
        maker.convolution(outputs, 1);
        maker.pool(Pooling::Max);
        maker.mean();
        maker.dense(3);
        maker.model()
    };
    let models = [
        dense(256, &[5]),
        dense(257, &[2, 3]),
        dense(258, &[1]),
        dense(700, &[4]),
        dense(1300, &[2]),
        dense(3000, &[1]),
        dense(3, &[256, 2]),
        dense(2, &[300]),
        wide(9, 30, 8),
        wide(20, 20, 24),
    ];
    let done = cores::each(models.into_iter().enumerate(), |(at, model)| {
        model.check().expect("the generator keeps the rules");
        let count = values(&model);
        let mut r = Random(at as u64);
        let mut lines: Vec<String> =
            [-128, 127].map(|value| Sensors::line(&vec![value; count])).into_iter().collect();
        lines.extend((0..2).map(|_| Sensors::line(&networks::bytes(&mut r, count))));
        lines.push(vec!["1"; count + 1].join(" "));
        let ran = [Optimize::Speed, Optimize::Size]
            .into_iter()
            .filter(|optimize| compare("z80-cpm", &model, *optimize, &lines, &format!("large {at}")))
            .count();
        let small = program("z80-cpm", &model, Optimize::Size).expect("it fits").assembly;
        (ran, small.contains("_part:\n"))
    });
    assert!(done.iter().all(|(ran, _)| *ran == 2), "{done:?}");
    let looped = done.iter().filter(|(_, looped)| *looped).count();
    assert!(looped >= 3, "parts of a window in a loop: {done:?}");
}

#[test]
fn results_of_sixteen_bits_are_exact() {
    let models: Vec<(u64, Model)> =
        (0..100).filter_map(|seed| Some((seed, networks::in_words(seed)?))).collect();
    let count = models.len();
    assert!(count > 20, "{count}");
    let exact = cores::each(models, |(seed, model)| {
        let lines = networks::lines(seed, values(&model));
        compare("z80-cpm", &model, Optimize::Speed, &lines, &format!("seed {seed} in words"))
    });
    let exact = exact.into_iter().filter(|exact| *exact).count();
    assert!(exact * 10 > count * 8, "{exact} of {count}");
}

#[test]
fn networks_on_numbers_are_exact_on_every_machine() {
    for target in ["zx48", "cpc464", "msx", "msxdos"] {
        let done = cores::each(0..24, |seed| {
            let model = networks::random(seed);
            // Keyboards have no tabs.
            let lines: Vec<_> =
                networks::lines(seed, values(&model)).iter().map(|line| line.replace('\t', " ")).collect();
            compare(target, &model, Optimize::Speed, &lines, &format!("seed {seed}"))
        });
        assert!(done.iter().filter(|fits| **fits).count() >= 20, "{target}: {done:?}");
    }
}

/// A program of one's own around the network: it hands over values, computes, and keeps which label it is.
fn caller(values: &[i8]) -> String {
    let values: Vec<String> = values.iter().map(|value| (*value as u8).to_string()).collect();
    format!(
        "start:
        ld (caller_stack),sp
        ld sp,stack_top
        call net_begin
        ld hl,values
        ld bc,{}
next:
        ld a,(hl)
        inc hl
        push hl
        push bc
        call net_input
        pop bc
        pop hl
        dec bc
        ld a,b
        or c
        jr nz,next
        call net_run
        ld (query_text),hl
called:
        ld sp,(caller_stack)
emit:
        ret
values:
        db {}
",
        values.len(),
        values.join(",")
    )
}

#[test]
fn a_program_of_one_s_own_calls_a_network() {
    struct Called<'a> {
        compiled: &'a Compiled,
        called: u16,
        logits: Vec<i16>,
        label: u16,
    }
    impl Observer<Z80> for Called<'_> {
        fn on_watch(&mut self, address: u16, memory: &Memory, _: u64) {
            let image = &self.compiled.image;
            if address != self.called {
                self.logits = image.logits.read(|address| memory.byte(address));
                return;
            }
            self.label = memory.word(image.assembly.table["query_text"].value as u16);
        }
    }
    let mut labels = 0;
    for seed in 0..20 {
        let model = networks::random(seed);
        let mut r = Random(seed);
        for _ in 0..3 {
            let values = networks::bytes(&mut r, values(&model));
            let mut assets = Assets::builtin();
            assets.set_template("caller.asm", &caller(&values));
            let target = Target { console: "caller.asm".into(), ..support::target_named("z80-cpm") };
            let demands = &Demands::default();
            let (model, target) = (&model, &target);
            let request = Request { model, target, assets: &assets, demands, wide: false, calibration: &[] };
            let compiled = compile(&request).unwrap_or_else(|e| panic!("{seed}: {e}"));
            let image = &compiled.image;
            let config = CpmConfig { limit: Some(LIMIT), ..CpmConfig::default() };
            let mut machine =
                CpmMachine::load(&image.bytes, b"", Script::new(b""), config).expect("the image loads");
            let called = image.assembly.table["called"].value as u16;
            machine.watch(image.logits.ready as u16);
            machine.watch(called);
            let mut watch = Called { compiled: &compiled, called, logits: vec![], label: 0 };
            assert!(matches!(machine.run(&mut watch), End::Exit(_)), "{seed}: it returns");
            let run = eval::classify(&reference(model).expect("the model was checked"), &values);
            assert_eq!([watch.logits], run.logits[..], "{seed}: {values:?}");
            if let Answer::Class(class) = &model.answer {
                let label = class.labels.get(usize::from(watch.label)).map_or("?", String::as_str);
                assert_eq!(label, run.text(), "{seed}: {values:?}");
                labels += 1;
            }
        }
    }
    assert!(labels > 20, "{labels}");
}

#[test]
fn readings_of_several_bytes_are_exact() {
    let done = cores::each(0..24, |seed| {
        let model = networks::forests::parted(seed);
        let (sensors, _) = model.network().expect("a network on numbers");
        let lines = networks::forests::lines(seed, sensors);
        let what = format!("seed {seed}");
        let is_exact = |(target, optimize)| compare(target, &model, optimize, &lines, &what);
        [("z80-cpm", Optimize::Speed), ("zx48", Optimize::Size)].into_iter().all(is_exact)
    });
    assert!(done.iter().all(|ran| *ran), "{done:?}");
}
