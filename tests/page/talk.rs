//! Pages that run programs, beside `mlc run` and `mlc bench` on the same prompts.

use super::browser::{Answer, Found, drive, modules};
use super::{ROOT, mlc, near, ran, sequence};
use mlc_compiler::import::ron;
use serde_json::{Value, json};
use std::path::Path;

/// Model, machine and number of prompts.
type Talk = (&'static str, &'static str, usize);

/// Models and machines, with the number of prompts: each kind of machine, and each kind of model that it takes.
const PAGES: [Talk; 18] = [
    ("guess", "z80-cpm", 62),
    ("tinychat", "z80-cpm", 12),
    ("commands", "z80-cpm", 12),
    ("parrot", "z80-cpm", 2),
    ("guess", "zx48", 12),
    ("tinychat", "zx48 --optimize size", 4),
    ("commands", "cpc464", 12),
    ("guess", "cpc464", 8),
    ("commands", "zx128", 4),
    ("guess", "cpc6128", 4),
    ("commands", "atmega328p --profile lilypad", 20),
    ("guess", "atmega328p --profile uno", 12),
    ("tinychat", "atmega1284p", 6),
    ("commands", "atmega2560", 6),
    ("guess", "atmega32u4", 4),
    ("guess", "msx", 8),
    ("tinychat", "msx --optimize size", 2),
    ("commands", "msxdos", 4),
];

/// The same of programs that have their weights in banks: pages of RAM that they load, and the cartridge's.
const BANKED: [Talk; 3] =
    [("teller", "zx128 --weights banks", 1), ("teller", "cpc6128", 1), ("teller", "msx --weights banks", 1)];

/// The first prompts of a model that mlc brings, without the replies beside them.
fn prompts(model: &str, most: usize) -> Vec<String> {
    let path = Path::new(ROOT).join("models").join(model).join("prompts.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split('|').next().unwrap().trim().to_string()).take(most).collect()
}

/// What `mlc run --json` says of each prompt for itself: reply, steps, and cycles where they are known.
fn run(folder: &Path, words: &str, prompts: &[String]) -> Vec<(String, u64, Option<u64>)> {
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        (row["reply"].as_str().unwrap().to_string(), row["steps"].as_u64().unwrap(), row["cycles"].as_u64())
    };
    // Models that keep a conversation are asked in several.
    let keeps = words.split(' ').next().is_some_and(reads_tokens);
    let size = if keeps { 1 } else { prompts.len() };
    let ask = |prompts: &[String]| mlc(folder, &format!("run {words} --json"), &refs(prompts));
    prompts.chunks(size).flat_map(|part| ask(part).lines().map(row).collect::<Vec<_>>()).collect()
}

fn name(at: usize) -> String {
    format!("{at}.html")
}

/// A job: each prompt on a machine that was just switched on.
fn job(folder: &Path, at: usize, prompts: &[String]) -> Value {
    json!({ "page": folder.join(name(at)), "prompts": prompts, "again": true })
}

/// The least and the most cycles of a step, and the mean, as `mlc bench` has them: of models that read tokens that of these
/// steps, of others that of the whole.
fn spread(model: &str, answers: &[Answer]) -> [f64; 3] {
    let steps = answers.iter().flat_map(|answer| &answer.between);
    let whole: u64 = answers.iter().map(|answer| answer.cycles).sum();
    let count: usize = answers.iter().map(|answer| answer.steps).sum();
    let mean = match reads_tokens(model) {
        true => steps.clone().sum::<u64>() as f64 / steps.clone().count() as f64,
        false => whole as f64 / count as f64,
    };
    let [least, most] = [steps.clone().min(), steps.max()].map(|t| *t.expect("there is a step") as f64);
    [least, mean, most]
}

fn reads_tokens(model: &str) -> bool {
    ["parrot", "teller", "thermo"].contains(&model)
}

#[test]
fn pages_say_what_the_machine_says_in_the_same_time() {
    agree(&PAGES);
}

#[test]
fn programs_with_banks_take_the_same_time_as_well() {
    agree(&BANKED);
}

fn agree(pages: &[Talk]) {
    let Some(modules) = modules() else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut jobs = Vec::new();
    for (at, &(model, target, most)) in pages.iter().enumerate() {
        mlc(folder, &format!("compile {model} --target {target} -o {}", name(at)), &[]);
        jobs.push(job(folder, at, &prompts(model, most)));
    }
    for (&(model, target, most), found) in pages.iter().zip(drive(&modules, &jobs)) {
        let place = format!("{model} for {target}");
        let (prompts, words) = (prompts(model, most), format!("{model} --target {target}"));
        assert_eq!((found.state.as_str(), found.answers.len()), ("waiting", prompts.len()), "{place}");
        for ((answer, prompt), (reply, steps, cycles)) in
            found.answers.iter().zip(&prompts).zip(run(folder, &words, &prompts))
        {
            let seen = (&answer.reply, answer.steps as u64, cycles.map(|_| answer.cycles));
            assert_eq!(seen, (&reply, steps, cycles), "{place}: {prompt}");
        }
        std::fs::write(folder.join("prompts.txt"), prompts.join("\n")).unwrap();
        let bench: Value =
            serde_json::from_str(&mlc(folder, &format!("bench {words} --prompts prompts.txt --json"), &[]))
                .unwrap();
        let of = |field: &str| ["least", "mean", "most"].map(|part| bench[field][part].as_f64().unwrap());
        let spread = spread(model, &found.answers);
        assert!(near(&spread, &of("step")), "{place}: {spread:?} {bench}");
        let firsts: Vec<f64> =
            found.answers.iter().filter_map(|answer| answer.first).map(|t| t as f64).collect();
        let mean = firsts.iter().sum::<f64>() / firsts.len() as f64;
        let (least, most) =
            (firsts.iter().fold(f64::MAX, |a, &b| a.min(b)), firsts.iter().fold(0.0, |a: f64, &b| a.max(b)));
        let first = [least, mean, most];
        assert!(near(&first, &of("first_character")), "{place}: {first:?} {bench}");
    }
}

/// Random networks in banks: of 8 and of 16 KB, with keys and values among them.
#[test]
fn random_networks_in_banks_say_the_same_in_the_same_time() {
    let Some(modules) = modules() else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let prompts = ["ab".to_string()];
    let (mut jobs, mut wants) = (Vec::new(), Vec::new());
    for target in ["zx128", "cpc6128", "msx"] {
        let words = format!("talk.ron --target {target} --weights banks");
        let compiles = |seed: &u64| {
            std::fs::write(folder.join("talk.ron"), ron::write(&sequence::model(*seed))).unwrap();
            ran(folder, &format!("compile {words} -o talk.html"), &[]).0 == Some(0)
        };
        for _ in (0..).filter(compiles).take(4) {
            std::fs::rename(folder.join("talk.html"), folder.join(name(jobs.len()))).unwrap();
            jobs.push(job(folder, jobs.len(), &prompts));
            wants.push(run(folder, &words, &prompts).remove(0));
        }
    }
    let is_banked =
        |at: usize| std::fs::read_to_string(folder.join(name(at))).unwrap().contains(r#""mapper":"ASCII16""#);
    assert!((0..jobs.len()).any(is_banked), "no cartridge has banks of 16 KB");
    let timed = wants.iter().filter(|(reply, _, cycles)| reply.len() > 4 && cycles.is_some());
    assert!(timed.count() > 2, "{wants:?}");
    for (found, (reply, steps, cycles)) in drive(&modules, &jobs).iter().zip(wants) {
        let answer = &found.answers[0];
        assert_eq!((&answer.reply, answer.steps as u64), (&reply, steps));
        assert!(cycles.is_none_or(|cycles| cycles == answer.cycles), "{cycles:?} {answer:?}");
    }
}

/// At its own pace a machine is as slow as the one that it stands for.
#[test]
fn a_machine_keeps_its_own_pace() {
    let Some(modules) = modules() else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let machines = [
        ("tinychat --target z80-cpm", "tell me a joke", 4e6),
        ("tinychat --target zx48 --optimize size", "tell me a joke", 3.5e6),
        ("parrot --target atmega1284p", "SAY GALAXY", 16e6),
    ];
    let mut jobs = Vec::new();
    for (at, (program, prompt, _)) in machines.iter().enumerate() {
        mlc(folder, &format!("compile {program} -o {}", name(at)), &[]);
        jobs.push(json!({ "page": folder.join(name(at)), "prompts": [prompt], "own": true }));
    }
    for ((program, _, clock), found) in machines.iter().zip(drive(&modules, &jobs)) {
        let (answer, took) = (&found.answers[0], found.took[0]);
        let wants = answer.cycles as f64 / clock * 1000.0;
        // It may have saved up as much as it may lag behind: 100 ms. Above, a busy computer has no bound; a stopped clock would.
        assert!(wants > 200.0, "{program} takes {wants} ms");
        assert!(took > wants - 100.0 && took < 60_000.0 + 20.0 * wants, "{program}: {took} ms for {wants}");
    }
}

/// A conversation on one machine that stays on; what is seen of it, and its listing.
#[test]
fn a_conversation_goes_on_and_the_listing_is_there() {
    let Some(modules) = modules() else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    mlc(folder, "compile guess --target z80-cpm -o talk.html -o talk.lst", &[]);
    // The same program is the same page, byte for byte.
    mlc(folder, "compile guess --target z80-cpm --check talk.html", &[]);
    mlc(folder, "compile commands --target atmega328p -o 1.html", &[]);
    let jobs = [
        json!({ "page": folder.join("talk.html"), "prompts": ["is it alive", "", "is it tall", "!", "Is it OLD"], "listing": true }),
        json!({ "page": folder.join("1.html"), "prompts": ["turn on the light"] }),
    ];
    let found = drive(&modules, &jobs);
    let Found { answers, terminal, last, listing, .. } = &found[0];
    let replies: Vec<&str> = answers.iter().map(|answer| answer.reply.as_str()).collect();
    let questions: Vec<&str> = answers.iter().map(|answer| answer.question.as_str()).collect();
    assert_eq!(replies, ["NO", "YES", "MAYBE"]);
    assert_eq!(questions, ["is it alive", "is it tall", "Is it OLD"]);
    assert_eq!(
        terminal,
        concat!(
            "A>GUESS is it alive\nNO\nA>GUESS \nguess. Type a line; ! ends.\n> is it tall\nYES\n> !\n",
            "A>GUESS Is it OLD\nMAYBE\nA>GUESS "
        )
    );
    assert_eq!(*last, answers[2].between.last().copied());
    let kept = std::fs::read_to_string(folder.join("talk.lst")).unwrap();
    assert!(listing.as_ref() == Some(&kept), "the listing is not that of -o talk.lst");
    assert_eq!(found[1].lamps, ["PB5 (ON): on"]);
    assert!(found[1].terminal.ends_with("> turn on the light\nON\n> "), "{}", found[1].terminal);
}

/// The Spectrum's screen is that of `--screenshot`, point by point.
#[test]
fn the_spectrums_screen_is_that_of_the_machine_here() {
    let Some(modules) = modules() else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    mlc(folder, "compile guess --target zx48 -o talk.html", &[]);
    let prompts: Vec<String> = prompts("guess", 14);
    mlc(folder, "run guess --target zx48 --screenshot here.png", &refs(&prompts));
    let screen = folder.join("there.png");
    let job =
        json!({ "page": folder.join("talk.html"), "prompts": prompts, "screen": screen, "still": true });
    drive(&modules, &[job]);
    let (here, there) = (points(&folder.join("here.png")), points(&screen));
    assert_eq!((here.0, here.1), (320, 240));
    assert!(here == there, "the pictures differ");
}

fn refs(prompts: &[String]) -> Vec<&str> {
    prompts.iter().map(String::as_str).collect()
}

/// Width, height, and red, green and blue of each point.
fn points(path: &Path) -> (u32, u32, Vec<u8>) {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut decoder = png::Decoder::new(file);
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let each = info.color_type.samples();
    let rgb = bytes[..info.buffer_size()].chunks(each).flat_map(|point| point[..3].to_vec()).collect();
    (info.width, info.height, rgb)
}

/// What is measured on a board is what the sliders say.
#[test]
fn a_board_measures_what_the_page_says() {
    let Some(modules) = modules() else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    mlc(folder, "compile thermo --target atmega328p --profile lilypad -o 0.html", &[]);
    mlc(folder, "compile thermo --target z80-cpm -o 1.html", &[]);
    let prompts = prompts("thermo", 3);
    let page = |at: usize, inputs: &[u16]| json!({ "page": folder.join(name(at)), "prompts": prompts, "again": true, "inputs": inputs });
    let found = drive(&modules, &[page(0, &[0, 0]), page(1, &[60, 21])]);
    for (at, words) in
        ["thermo --target atmega328p --profile lilypad", "thermo --tool temp=21 --tool light=60"]
            .into_iter()
            .enumerate()
    {
        let wants: Vec<String> = run(folder, words, &prompts).into_iter().map(|(reply, ..)| reply).collect();
        let seen: Vec<&str> = found[at].answers.iter().map(|answer| answer.reply.as_str()).collect();
        assert_eq!(seen, wants, "{words}");
    }
}

#[test]
fn what_a_page_cannot_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, said) = ran(folder.path(), "compile guess -o talk.html -o talk.c", &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "nothing is half-written");
}
