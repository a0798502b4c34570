//! Compares the kept figures with new ones, so that nothing gets slower or larger by accident, and shows them in documents.
//!
//! `tests/benchmarks.json` holds what `mlc bench --all --json` printed. `MLC_BLESS=1 cargo test --bin mlc kept` measures
//! anew, keeps that, and writes the tables in the documents.

use super::all::{self, Figures, Row};
use super::support::{cores, shared};
use crate::args::{BenchArgs, Cli, Command};
use crate::files;
use crate::table::grouped;
use clap::Parser;
use mlc_compiler::weights::Form;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

const KEPT: &str = "tests/benchmarks.json";
/// Documents with tables between `<!-- benchmarks: SECTION WORD… -->` and `<!-- end of benchmarks -->`. A word is a
/// network, a target or an encoding; a table has all of a kind that no word names.
const DOCUMENTS: [&str; 13] = [
    "README.md",
    "docs/benchmarks.md",
    "docs/zx-spectrum.md",
    "docs/zx128.md",
    "docs/cpc6128.md",
    "docs/msx.md",
    "docs/add-a-target.md",
    "models/commands/README.md",
    "models/guess/README.md",
    "models/parrot/README.md",
    "models/teller/README.md",
    "models/thermo/README.md",
    "models/tinychat/README.md",
];
/// Targets whose figures are kept: one of each processor and machine. Other chips of a family have the same kernels.
const TARGETS: [&str; 7] = ["z80-cpm", "zx48", "zx128", "cpc464", "cpc6128", "msx", "atmega328p"];
const BEGIN: &str = "<!-- benchmarks: ";
const END: &str = "<!-- end of benchmarks -->";
const HOW: &str = "if that is meant, run `MLC_BLESS=1 cargo test --bin mlc kept` and commit what it changes";

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// Those below `models/`.
    models: Vec<Row>,
    /// The public networks.
    published: Vec<Row>,
}

impl Kept {
    fn read() -> Self {
        serde_json::from_str(&text(KEPT)).unwrap_or_else(|e| panic!("{KEPT}: {e}"))
    }

    fn section(&mut self, name: &str) -> &mut Vec<Row> {
        match name {
            "models" => &mut self.models,
            "published" => &mut self.published,
            other => panic!("there is no section {other:?} in {KEPT}"),
        }
    }
}

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(root(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn blessing() -> bool {
    std::env::var_os("MLC_BLESS").is_some_and(|value| !value.is_empty() && value != "0")
}

/// How rows differ from kept ones: what is worse or was never kept, and what got better.
#[derive(Debug, Default, PartialEq)]
struct Changes {
    worse: Vec<String>,
    better: Vec<String>,
}

fn compare(kept: &[Row], now: &[Row]) -> Changes {
    let key = |row: &Row| (row.network.clone(), row.target.clone(), row.encoding.clone());
    let mut changes = Changes::default();
    for row in now {
        let name = format!("{} on {}, {}", row.network, row.target, row.encoding);
        match kept.iter().find(|old| key(old) == key(row)) {
            Some(old) => changes.add(&name, old.figures.as_ref(), row.figures.as_ref()),
            None => changes.worse.push(format!("{name}: not kept yet")),
        }
    }
    for old in kept.iter().filter(|old| !now.iter().any(|row| key(old) == key(row))) {
        let name = format!("{} on {}, {}", old.network, old.target, old.encoding);
        changes.worse.push(format!("{name}: kept, but not measured any more"));
    }
    changes
}

impl Changes {
    fn add(&mut self, name: &str, old: Option<&Figures>, new: Option<&Figures>) {
        let (old, new) = match (old, new) {
            (None, None) => return,
            (None, Some(_)) => return self.better.push(format!("{name}: fits now")),
            (Some(_), None) => return self.worse.push(format!("{name}: does not fit any more")),
            (Some(old), Some(new)) => (old, new),
        };
        if (old.prompts, old.steps) != (new.prompts, new.steps) {
            let counts = |f: &Figures| format!("{} prompts and {} steps", f.prompts, f.steps);
            self.worse.push(format!("{name}: {}, kept {}", counts(new), counts(old)));
            return;
        }
        for (what, old, new) in
            [("cycles", old.cycles, new.cycles), ("bytes", old.bytes as u64, new.bytes as u64)]
        {
            let percent = 100.0 * (new as f64 / old.max(1) as f64 - 1.0);
            let said = format!("{name}: {} {what}, kept {} ({percent:+.2} %)", grouped(new), grouped(old));
            match new.cmp(&old) {
                std::cmp::Ordering::Greater => self.worse.push(said),
                std::cmp::Ordering::Less => self.better.push(said),
                std::cmp::Ordering::Equal => {}
            }
        }
    }
}

/// Measures models and compares with what is kept of them, or keeps it.
#[track_caller]
fn check(section: &str, models: Vec<PathBuf>, prompts: Option<PathBuf>) {
    let on = |target| {
        let cli = Cli::parse_from(["mlc", "bench", "--all", "--target", target]);
        let Command::Bench(args) = cli.command else { panic!("the command line says bench") };
        let args = BenchArgs { models: models.clone(), prompts: prompts.clone(), ..args };
        all::rows(&args).unwrap_or_else(|e| panic!("{target}: {e}"))
    };
    let now: Vec<Row> = cores::each(TARGETS, on).concat();
    for row in &now {
        expect_sound(section, row);
    }
    // All models of the project are measured at once, each public network by itself.
    let of_these = |row: &Row| section == "models" || now.iter().any(|new| new.network == row.network);
    assert!(now.len() >= TARGETS.len() * Form::ALL.len(), "{} programs only were measured", now.len());
    if blessing() {
        return bless(section, &now);
    }
    let mut kept = Kept::read();
    let kept: Vec<Row> = kept.section(section).iter().filter(|row| of_these(row)).cloned().collect();
    let Changes { worse, better } = compare(&kept, &now);
    if !better.is_empty() {
        eprintln!("better than kept in {KEPT}:\n  {}\n{HOW}", better.join("\n  "));
    }
    assert!(worse.is_empty(), "not as kept in {KEPT}:\n  {}\n{HOW}", worse.join("\n  "));
}

/// What holds for every network and encoding.
#[track_caller]
fn expect_sound(section: &str, row: &Row) {
    let name = format!("{} on {}, {}", row.network, row.target, row.encoding);
    let Some(f) = &row.figures else { return };
    // The serial line of a firmware is its runtime's, and not predicted: so many cycles a query, a hundred a character.
    let console = if row.target.starts_with("atmega") { 900.0 * f.prompts as f64 } else { 0.0 };
    let beyond = f.cycles as f64 - console - f.predicted_a_step * f.steps as f64;
    let off = f.error_percent.abs() > 5.0 && beyond > 0.0;
    assert!(!off, "{name}: the prediction is {} % off", f.error_percent);
    let Some((mean, most)) = f.first_character else { panic!("{name}: no answer has a character") };
    // A sequence model reads its whole question first.
    let reads_tokens = || files::model(Path::new(&row.network)).is_ok_and(|it| it.model.sequence().is_some());
    if section != "models" || reads_tokens() {
        return;
    }
    // The query half costs a step at most: on the average whatever the encoding, always with the one that is chosen.
    let line = console / f.prompts as f64;
    assert!(mean <= 2.0 * f.cycles_a_step + line, "{name}: the first character comes after {mean} cycles");
    // A chip that takes some milliseconds for all of it may take a little longer.
    if row.encoding == "auto" && console == 0.0 {
        assert!(most <= 2 * f.longest_step, "{name}: a first character comes after {most} cycles");
    }
}

/// Keeps `now`, and writes the tables in the documents.
fn bless(section: &str, now: &[Row]) {
    let _guard = alone();
    let mut kept = if root(KEPT).exists() { Kept::read() } else { Kept::default() };
    let rows = kept.section(section);
    rows.retain(|row| section != "models" && !now.iter().any(|new| new.network == row.network));
    rows.extend(now.iter().cloned());
    // Encodings stay in the order in which they were measured.
    rows.sort_by(|a, b| (&a.network, &a.target).cmp(&(&b.network, &b.target)));
    let json = serde_json::to_string_pretty(&kept).expect("rows have string keys only");
    write(KEPT, json + "\n");
    write_tables(&mut kept);
}

/// Tests run side by side, and all write the same files.
fn alone() -> MutexGuard<'static, ()> {
    static FILES: Mutex<()> = Mutex::new(());
    FILES.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn write(name: &str, text: String) {
    std::fs::write(root(name), text).unwrap_or_else(|e| panic!("{name}: {e}"));
}

/// Writes the tables in the documents.
fn write_tables(kept: &mut Kept) {
    for name in DOCUMENTS {
        write(name, with_tables(&text(name), kept));
    }
}

/// Whether a row is one of those that words choose.
fn chosen(rows: &[Row], words: &[&str]) -> impl Fn(&&Row) -> bool {
    let kinds: [fn(&Row) -> &str; 3] = [|row| &row.network, |row| &row.target, |row| &row.encoding];
    let of_kind = |kind: fn(&Row) -> &str| -> Vec<String> {
        let named = words.iter().filter(|word| rows.iter().any(|row| kind(row) == **word));
        named.map(|word| word.to_string()).collect()
    };
    let named = kinds.map(|kind| (kind, of_kind(kind)));
    let known = named.iter().map(|(_, words)| words.len()).sum::<usize>();
    assert_eq!(
        known,
        words.len(),
        "each of {words:?} is a network, a target or an encoding of a table's section"
    );
    move |row| {
        named.iter().all(|(kind, words)| words.is_empty() || words.iter().any(|word| word == kind(row)))
    }
}

/// A document with the tables of `kept` in the place of its own.
fn with_tables(document: &str, kept: &mut Kept) -> String {
    let mut out = String::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        out += line;
        out.push('\n');
        let Some(wanted) = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(" -->")) else {
            continue;
        };
        let mut words = wanted.split_whitespace();
        let section = words.next().expect("a table names its section");
        let rows = kept.section(section);
        out += &all::markdown(rows.iter().filter(chosen(rows, &words.collect::<Vec<_>>())));
        assert!(lines.any(|line| line == END), "a table in a document has no end");
        out += END;
        out.push('\n');
    }
    out
}

#[test]
fn kept_models_have_not_got_worse() {
    check("models", Vec::new(), None);
}

#[test]
fn kept_published_tinychat_has_not_got_worse() {
    published("tinychat");
}

#[test]
fn kept_published_guess_has_not_got_worse() {
    published("guess");
}

#[track_caller]
fn published(name: &str) {
    let files = [".npz", "-expected.txt"].map(|end| shared::file(&format!("{name}{end}")));
    let [Some(model), Some(prompts)] = files else { return };
    check("published", vec![model], Some(prompts));
}

#[test]
fn kept_figures_are_those_in_documents() {
    if blessing() {
        let _guard = alone();
        return write_tables(&mut Kept::read());
    }
    let mut kept = Kept::read();
    for name in DOCUMENTS {
        let document = text(name);
        assert!(document.contains(BEGIN), "{name}: there is no table in it");
        assert!(
            with_tables(&document, &mut kept) == document,
            "{name}: its tables are not those of {KEPT}: {HOW}"
        );
    }
}

#[test]
fn kept_and_new_figures_are_compared() {
    let figures = |cycles, bytes| Figures {
        bytes,
        prompts: 2,
        steps: 10,
        cycles,
        cycles_a_step: cycles as f64 / 10.0,
        milliseconds_a_step: 1.0,
        predicted_a_step: 1.0,
        error_percent: 0.0,
        first_character: None,
        longest_step: 1,
    };
    let row = |encoding: &str, figures| Row {
        network: "net".into(),
        target: "z80-cpm".into(),
        encoding: encoding.into(),
        figures,
    };
    let kept = [row("auto", Some(figures(10_000, 50))), row("packed", None)];
    let with = |auto, packed| compare(&kept, &[row("auto", auto), row("packed", packed)]);
    assert_eq!(with(Some(figures(10_000, 50)), None), Changes::default());
    let both = with(Some(figures(10_100, 49)), None);
    assert_eq!(both.worse, ["net on z80-cpm, auto: 10,100 cycles, kept 10,000 (+1.00 %)"]);
    assert_eq!(both.better, ["net on z80-cpm, auto: 49 bytes, kept 50 (-2.00 %)"]);
    let larger = with(Some(figures(10_000, 51)), Some(figures(1, 1)));
    assert_eq!(larger.worse, ["net on z80-cpm, auto: 51 bytes, kept 50 (+2.00 %)"]);
    assert_eq!(larger.better, ["net on z80-cpm, packed: fits now"]);
    assert_eq!(with(None, None).worse, ["net on z80-cpm, auto: does not fit any more"]);
    let steps = Figures { steps: 11, ..figures(9_000, 50) };
    assert_eq!(
        with(Some(steps), None).worse,
        ["net on z80-cpm, auto: 2 prompts and 11 steps, kept 2 prompts and 10 steps"]
    );
    let other = compare(&kept, &[row("auto", Some(figures(10_000, 50))), row("gaps", None)]);
    assert_eq!(
        other.worse,
        ["net on z80-cpm, gaps: not kept yet", "net on z80-cpm, packed: kept, but not measured any more"]
    );
}

#[test]
fn kept_tables_replace_those_of_a_document() {
    let row = |encoding: &str| Row {
        network: "net".into(),
        target: "z80-cpm".into(),
        encoding: encoding.into(),
        figures: None,
    };
    let elsewhere = Row { target: "zx48".into(), ..row("auto") };
    let mut kept = Kept { models: vec![row("auto"), row("packed"), elsewhere], published: vec![] };
    let document = format!("before\n\n{BEGIN}models packed -->\nold\n{END}\nafter\n");
    let new = with_tables(&document, &mut kept);
    assert!(new.starts_with("before\n\n") && new.ends_with(&format!("\n{END}\nafter\n")), "{new}");
    assert!(new.contains("| net | z80-cpm | packed | does not fit |"), "{new}");
    assert!(!new.contains("old") && !new.contains("auto"), "{new}");
    assert_eq!(with_tables(&new, &mut kept), new);
    // Words of several kinds.
    let document = format!("{BEGIN}models zx48 auto net -->\n{END}\n");
    let new = with_tables(&document, &mut kept);
    assert!(new.contains("| net | zx48 | auto |") && !new.contains("z80-cpm"), "{new}");
}
