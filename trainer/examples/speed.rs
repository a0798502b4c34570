//! How long a step of training a sequence model takes, and how much memory: by default the network of docs/train-sequence.md, 256 texts
//! of 48 tokens, all of which count.
//!
//! `cargo run --release -p mlc-trainer --example speed [THREADS] [key=value]…`, with `--features tch` for the devices of LibTorch:
//!
//! - `device=cpu,torch-cpu`: devices to compute on, one after the other in every round; `rounds=3`, `steps=60`
//! - `dim=64 layers=2 heads=4 hidden=128 window=64 batch=256 length=48`
//! - `precision=bf16`, `recompute=true`

use mlc_compiler::model::{Story, Tokens};
use mlc_compiler::tokens::Tokenizer;
use mlc_trainer::sequence::{Event, Example, Settings, Task, Texts, Training, train};
use mlc_trainer::{Device, Precision};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

const VOCABULARY: usize = 64;

/// What is measured.
struct Options {
    settings: Settings,
    devices: Vec<Device>,
    rounds: usize,
    steps: usize,
    length: usize,
}

fn main() {
    let Options { settings, devices, rounds, steps, length } = options();
    let task = task(settings.schedule.batch, length, settings.shape.window);
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); devices.len()];
    for _ in 0..rounds {
        for (device, times) in devices.iter().zip(&mut times) {
            let settings = settings.clone().with(|s| s.schedule.device = *device);
            times.extend(measured(&task, &settings, steps));
        }
    }
    for (device, times) in devices.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        println!(
            "{device}: a step of {} x {length} tokens, {} threads: least {:.3} s, median {:.3} s",
            settings.schedule.batch,
            settings.schedule.threads,
            times[0],
            times[times.len() / 2]
        );
    }
    if let Some(most) = most_memory() {
        println!("most memory: {most}");
    }
}

fn options() -> Options {
    let mut settings = Settings::default();
    settings.shape.network.vocabulary = VOCABULARY;
    settings.schedule.threads = 2;
    let mut options = Options { settings, devices: vec![Device::Cpu], rounds: 1, steps: 60, length: 48 };
    for argument in std::env::args().skip(1) {
        let (key, value) = argument.split_once('=').unwrap_or(("threads", &argument));
        let number = || value.parse().unwrap_or_else(|_| panic!("{key}: {value} is no number"));
        let net = &mut options.settings.shape.network;
        match key {
            "threads" => options.settings.schedule.threads = number(),
            "rounds" => options.rounds = number(),
            "steps" => options.steps = number(),
            "length" => options.length = number(),
            "batch" => options.settings.schedule.batch = number(),
            "dim" => net.dim = number(),
            "layers" => net.layers = number(),
            "heads" => net.heads = number(),
            "hidden" => net.hidden = number(),
            "window" => options.settings.shape.window = number(),
            "recompute" => options.settings.recompute = value == "true",
            "precision" => {
                let found = Precision::ALL.into_iter().find(|precision| precision.name() == value);
                options.settings.precision = found.unwrap_or_else(|| panic!("{value}: no such precision"));
            }
            "device" => {
                let named = |name: &str| Device::ALL.into_iter().find(|device| device.name() == name);
                let found = value.split(',').map(|name| named(name).expect("cpu, torch-cpu or cuda"));
                options.devices = found.collect();
            }
            _ => panic!("{key}: no such option"),
        }
    }
    let net = &mut options.settings.shape.network;
    (net.kv_heads, net.head_size) = (net.heads / 2, net.dim / net.heads);
    options
}

fn task(texts: usize, length: usize, window: usize) -> Task {
    let token = |i: usize| (i * i * 7 + i / 3) as u32 % VOCABULARY as u32;
    let text = |t: usize| Example {
        tokens: (0..=length).map(|i| token(t * (length + 1) + i)).collect(),
        counts: vec![true; length + 1],
    };
    let pieces = (0..VOCABULARY as u8).map(|i| vec![b'0' + i]).collect();
    let tokenizer = Tokenizer::characters(pieces, None).expect("64 different characters");
    Task {
        reader: Tokens { tokenizer, max_length: 62 },
        story: Story::plain(vec![0], window as u16, 0),
        train: Texts::new((0..texts).map(text).collect()),
        held_out: None,
        prior: None,
    }
}

/// Seconds of steps. An epoch is one: there is one batch of texts.
fn measured(task: &Task, settings: &Settings, steps: usize) -> Vec<f64> {
    let settings = settings.clone().with(|s| {
        (s.schedule.updates, s.schedule.evaluate_every) = (Some(steps), steps);
    });
    let mut times = Vec::new();
    let mut last = Instant::now();
    let training = Training { task, settings: &settings, start: None };
    let trained = train(&training, &AtomicBool::new(false), &mut |event| {
        if let Event::Epoch(row) = event {
            // The last tenth is judged after every step.
            if row.epoch * 10 <= steps * 9 {
                times.push(last.elapsed().as_secs_f64());
            }
            last = Instant::now();
        }
    });
    trained.unwrap_or_else(|e| panic!("{e}"));
    times
}

/// The most memory that this process has had, where the system says it.
fn most_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_string())
}
