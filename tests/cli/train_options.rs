//! `mlc train`: going on, several seeds, logs, baselines and limits.

use crate::{Folder, Ran};
use serde_json::Value;

const PAIRS: &str =
    "is it raining|YES\nis it sunny|NO\nwill it snow|MAYBE\nhello|HI\ncan it rain|YES\nis it hot|NO\n";

fn weather() -> Folder {
    let folder = Folder::new();
    folder.write("pairs.txt", PAIRS);
    folder
}

/// A small classifier.
fn train(folder: &Folder, args: &[&str]) -> Ran {
    let fixed = ["train", "pairs.txt", "--classifier", "--hidden", "8"];
    let epochs = if args.contains(&"--epochs=200") { &[][..] } else { &["--epochs=100"] };
    folder.mlc(fixed.iter().chain(epochs).chain(args))
}

#[test]
fn training_goes_on_with_more_pairs() {
    let folder = weather();
    train(&folder, &["--name", "weather", "--about", "What it is like outside"]).ok();
    folder.write("more.txt", "good bye|BYE\n");
    let args = ["train", "pairs.txt", "more.txt", "--resume", "model.ron", "--epochs", "200", "-o", "b.ron"];
    let ran = folder.mlc(args);
    let said = ran.ok();
    assert!(said.starts_with("b.ron: weather, classifier 64→8→5, "), "{said}");
    assert!(said.contains("\ntraining pairs: 100.0 % of characters, 100.0 % of replies right\n"), "{said}");
    assert_eq!(folder.mlc(["run", "b.ron", "good bye", "hello"]).ok(), "BYE\nHI\n");
    assert!(folder.text("b.ron").contains("What it is like outside"));
    let said = folder.mlc(["train", "pairs.txt", "--resume", "model.ron", "--hidden", "4"]).fails(2);
    assert!(said.contains("cannot be used with"), "{said}");
    let said = folder.mlc(["train", "pairs.txt", "--resume", "gone/model.ron"]).fails(1);
    assert!(said.contains("gone/model.ron: there is no such file"), "{said}");
}

#[test]
fn rows_go_to_a_log_and_a_curve() {
    let folder = weather();
    let said = train(&folder, &["--seeds", "2", "--log", "log.csv", "--curve", "curve.svg"]).ok();
    assert!(said.contains("\nseeds 1 to 2: training "), "{said}");
    let log = folder.text("log.csv");
    let columns = log.lines().next().expect("there is a header").split(',').count();
    assert!(log.starts_with("seed,epoch,epochs,"), "{log}");
    assert_eq!(log.lines().count(), 1 + 2 * 100);
    assert!(log.lines().all(|line| line.split(',').count() == columns), "{log}");
    assert!(log.contains("\n2,100,100,"), "{log}");
    assert!(folder.text("curve.svg").starts_with("<svg "));

    train(&folder, &["--log", "log.jsonl"]).ok();
    let rows: Vec<Value> =
        folder.text("log.jsonl").lines().map(|l| serde_json::from_str(l).expect("it is JSON")).collect();
    assert_eq!((rows.len(), &rows[99]["epoch"], &rows[99]["seed"]), (100, &100.into(), &1.into()));
    assert!(rows[99]["train"]["replies"].as_u64() == Some(6));

    let said = train(&folder, &["--log", "log.txt"]).fails(2);
    assert!(said.contains(".csv or .jsonl"), "{said}");
    let said = train(&folder, &["--log", "no/log.csv"]).fails(1);
    assert!(said.contains("no/log.csv: cannot be written: its folder is not there"), "{said}");
    train(&folder, &["--seeds", "0"]).fails(2);
}

#[test]
fn baselines_stand_beside_the_network() {
    let folder = weather();
    let said = train(&folder, &["--hold-out", "0.34", "--baselines"]).ok();
    let rows: Vec<&str> = said.lines().rev().take(6).collect();
    assert!(rows[5].starts_with("method ") && rows[5].ends_with("held-out replies"), "{said}");
    assert!(rows[0].starts_with("this network ") && rows[0].ends_with('%'), "{said}");
    assert!(rows[1].starts_with("1-nearest neighbour ") && rows[1].contains("100.0 %"), "{said}");
    let said = train(&folder, &["--patience", "3"]).fails(2);
    assert!(said.contains("give --hold-out as well"), "{said}");
}

#[test]
fn limits_are_kept_or_said_to_be_broken() {
    let folder = weather();
    let roomy =
        ["--max-nonzero", "400", "--max-tstates", "900000", "--max-bytes", "50000", "--target", "z80-cpm"];
    let said = train(&folder, &roomy).ok();
    let limits: Vec<&str> = said.lines().filter(|line| line.starts_with("limit: ")).collect();
    assert_eq!(limits.len(), 3, "{said}");
    assert!(limits[0].ends_with(" of at most 400 weights not zero"), "{said}");
    assert!(
        limits[1]
            .contains(" of at most 900,000 T-states a step on z80-cpm with --max-bytes 50000 (predicted)"),
        "{said}"
    );
    assert!(!said.contains("NOT KEPT"), "{said}");

    let ran = train(&folder, &["--max-bytes", "20", "-o", "tight.ron"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.ends_with(": NOT KEPT\n"), "{}", ran.stdout);
    folder.mlc(["run", "tight.ron", "hello"]).ok();
}

#[test]
fn what_limits_cost_is_said() {
    let folder = weather();
    let said = train(&folder, &["--max-nonzero", "60", "--cost-of-limits"]).ok();
    let lines: Vec<&str> = said.lines().rev().take(3).collect();
    assert!(lines[2].starts_with("best beyond the limits, in epoch "), "{said}");
    assert!(lines[2].ends_with(" weights not zero"), "{said}");
    let cost = lines[2].rsplit("; ").next().and_then(|cost| cost.split(' ').next());
    let cost: u32 = cost.and_then(|cost| cost.parse().ok()).expect("a line ends with a cost");
    assert!(cost > 60, "{said}");
    assert_eq!(lines[1], "without the limits: 100.0 % of characters, 100.0 % of replies right");
    let replies = |line: &str| -> f64 {
        let share = line.rsplit("of characters, ").next().and_then(|rest| rest.split(' ').next());
        share.and_then(|share| share.parse().ok()).expect("a share of replies")
    };
    let kept = said.lines().find(|line| line.starts_with("training pairs: ")).expect("figures are said");
    let points = format!("{:+.1} of replies", replies(kept) - 100.0);
    assert!(lines[0].starts_with("the limits change this by ") && lines[0].ends_with(&points), "{said}");
    let said = train(&folder, &["--cost-of-limits"]).fails(2);
    assert!(said.contains("--cost-of-limits is about a limit: give one"), "{said}");
}

/// A limit below what the free network takes: it must change the network, and be kept.
#[test]
fn a_limit_makes_the_network_cheaper() {
    let folder = weather();
    let cost = |option: &str, limit: u32| -> u32 {
        let limit = limit.to_string();
        let said = train(&folder, &["--epochs=200", "--economy", "0", "--l1", "0", option, &limit]).ok();
        let line = said.lines().find_map(|line| line.strip_prefix("limit: ")).expect("there is a limit");
        let number = line.split(' ').next().expect("a line has a word").replace(',', "");
        number.parse().expect("it is a number")
    };
    for (option, percent) in [("--max-nonzero", 50), ("--max-bytes", 97), ("--max-tstates", 98)] {
        let free = cost(option, 1_000_000);
        let limit = free * percent / 100;
        let kept = cost(option, limit);
        assert!(kept <= limit, "{option} {limit}: {kept}, free {free}");
    }
}

#[test]
fn wrong_limits_are_usage_errors() {
    let folder = weather();
    let said = train(&folder, &["--max-bytes", "0"]).fails(2);
    assert!(said.contains("--max-bytes 0 leaves no network"), "{said}");
    let said = train(&folder, &["--target", "z81"]).fails(1);
    assert!(said.contains("there is no target \"z81\""), "{said}");
    assert_eq!(folder.names(), ["pairs.txt"]);
}

/// Queries that differ in the order of their words only, as far as trigrams go.
#[test]
fn position_bands_tell_the_order_and_are_kept() {
    let folder = Folder::new();
    folder.write("pairs.txt", "up down up left up|DOWN\nup left up down up|LEFT\nup jump up left up|JUMP\n");
    folder.write("train.ron", "(pairs: [\"pairs.txt\"], classifier: true, hidden: [8], position_bands: 2)");
    let said = folder.mlc(["train", "--config", "train.ron", "--epochs", "200"]).ok();
    assert!(said.contains(" 100.0 % of characters, 100.0 % of replies right\n"), "{said}");
    let said = folder.mlc(["eval", "model.ron", "pairs.txt"]).ok();
    assert!(said.contains("100.0 %"), "{said}");
    folder.write("prompts.txt", folder.text("pairs.txt"));
    folder.mlc(["verify", "model.ron", "--prompts", "prompts.txt", "--random", "20"]).ok();
    // A limit is priced with bands, and training goes on with them.
    let args = ["train", "pairs.txt", "--resume", "--epochs", "20", "--max-tstates", "900000"];
    let said = folder.mlc(args).ok();
    assert!(said.contains("100.0 % of replies right\n") && said.contains("\nlimit: "), "{said}");
    assert!(folder.text("model.ron").contains("query: (buckets: 64, bands: 2, "));

    let lint = |bands: &str| {
        folder.mlc(["data", "lint", "pairs.txt", "--classifier", "--position-bands", bands]).ok()
    };
    assert_ne!(lint("1"), lint("2"), "colliding queries are found, and gone");
    let said = folder.mlc(["train", "--config", "train.ron", "--position-bands", "1"]).ok();
    assert!(said.contains(" 66.7 % of replies right"), "{said}");
    let said = folder.mlc(["train", "pairs.txt", "--position-bands", "17"]).fails(2);
    assert!(said.contains("'17' for '--position-bands <N>': write a whole number from 1 to 16"), "{said}");
    folder.mlc(["train", "pairs.txt", "--resume", "--position-bands", "2"]).fails(2);
}

/// More pairs than memory should hold.
#[test]
fn pairs_are_trained_on_a_chunk_at_a_time() {
    let folder = weather();
    let lines: String = (0..40).map(|i| format!("is {i} odd|{}\n", ["NO", "YES"][i % 2])).collect();
    folder.write("pairs.txt", &lines);
    train(&folder, &["-o", "whole.ron"]).ok();
    let ran = train(&folder, &["--chunk", "40", "-o", "one.ron"]);
    assert!(!ran.stderr.contains("at a time"), "{}", ran.stderr);
    assert_eq!(folder.read("whole.ron"), folder.read("one.ron"), "what fits changes nothing");

    let ran = train(&folder, &["--chunk", "16", "--hold-out", "0.2", "-o", "a.ron"]);
    assert!(ran.stderr.starts_with("40 pairs, too many for memory: 16 at a time\n"), "{}", ran.stderr);
    assert!(ran.ok().contains("\nheld-out pairs: "));
    train(&folder, &["--chunk", "16", "--hold-out", "0.2", "--seeds", "1", "-o", "b.ron"]).ok();
    assert_eq!(folder.read("a.ron"), folder.read("b.ron"));
    let args = ["train", "-", "--resume", "a.ron", "--chunk", "30", "--epochs", "2", "-o", "c.ron"];
    folder.piped(&args, lines.as_bytes()).ok();
    assert!(folder.text("c.ron").contains("(\"chunk\", \"30\")"));

    let said = train(&folder, &["--chunk", "16", "--baselines"]).fails(2);
    assert!(said.contains("--baselines compares all pairs in memory"), "{said}");
    train(&folder, &["--chunk", "0"]).fails(2);
    let mut command = folder.command(["train", "pairs.txt", "--classifier", "--chunk", "16", "-o", "d.ron"]);
    let ran = Ran::from(command.env("TMPDIR", "nowhere").output().expect("mlc starts"));
    assert!(ran.fails(1).contains("pairs cannot be put aside in a temporary file: "));
    assert!(!folder.path("d.ron").exists());
}

/// What layers may be, from training to the machine.
#[test]
fn layers_have_the_weights_and_shifts_that_were_asked_for() {
    let folder = weather();
    folder.write("prompts.txt", PAIRS);
    let verify = |model: &str| {
        folder.mlc(["verify", model, "--prompts", "prompts.txt", "--random", "40"]).ok();
        for encoding in ["packed", "columns", "unrolled"] {
            folder.mlc(["verify", model, "--prompts", "prompts.txt", "--encoding", encoding]).ok();
        }
    };
    for (sets, shift) in [("ternary,ternary", "1"), ("binary,binary", "3,0"), ("full,binary", "learn")] {
        let args = ["--epochs=200", "--hidden=16", "--weights", sets, "--shift", shift];
        let fixed = ["train", "pairs.txt", "--classifier"];
        let said = folder.mlc(fixed.iter().chain(&args)).ok();
        assert!(said.contains("100.0 % of replies right\n"), "{sets}: {said}");
        assert_eq!(said.contains("\nshifts learnt: "), shift == "learn", "{said}");
        verify("model.ron");
        let text = folder.text("model.ron");
        let layers: Vec<&str> =
            text.lines().filter(|line| line.trim_start().starts_with("(inputs: ")).collect();
        assert_eq!(layers.len(), 2);
        for (line, set) in layers.iter().zip(sets.split(',')) {
            let named = format!("set: {}{}", set[..1].to_uppercase(), &set[1..]);
            assert_eq!(line.contains(&named), set != "full", "{line}");
        }
        // More pairs for the same layers; a limit that counts them.
        folder.write("more.txt", "good bye|BYE\n");
        let more = ["train", "pairs.txt", "more.txt", "--resume", "--epochs=100", "--max-bytes=50000"];
        assert!(folder.mlc(more).ok().starts_with("model.ron: classifier, classifier 64→16→5, "), "{sets}");
        verify("model.ron");
    }
    let chat = ["train", "pairs.txt", "--hidden=24,16", "--epochs=150", "--batch=8"];
    let said = folder.mlc(chat.iter().chain(&["--weights=ternary,binary,ternary", "--shift=learn"])).ok();
    assert!(said.contains("100.0 % of replies right\n"), "{said}");
    verify("model.ron");
}

#[test]
fn wrong_layers_are_refused() {
    let folder = weather();
    let said = train(&folder, &["--weights", "full,half"]).fails(2);
    assert!(said.contains("\"half\" is no set of weights: there are full, ternary and binary"), "{said}");
    let said = train(&folder, &["--shift", "much"]).fails(2);
    assert!(said.contains("\"much\" is no shift: write learn, a number from 0 to 7"), "{said}");
    let said = train(&folder, &["--shift", "2,2,2"]).fails(1);
    assert!(said.contains("shift has 3 values, but the network has 2 layers"), "{said}");
    let said = train(&folder, &["--weights", "binary,full,full"]).fails(1);
    assert!(said.contains("weights has 3 values, but the network has 2 layers"), "{said}");
    let said = train(&folder, &["--shift", "9"]).fails(1);
    assert!(said.contains("shift is 9, outside 0..7"), "{said}");
    let said = folder.mlc(["train", "pairs.txt", "--resume", "--shift", "1"]).fails(2);
    assert!(said.contains("cannot be used with"), "{said}");
    assert_eq!(folder.names(), ["pairs.txt"]);
}

/// The default is the same in every build; what is not built in says so before anything else happens.
#[test]
fn devices() {
    let folder = weather();
    train(&folder, &["-o", "a.ron"]).ok();
    train(&folder, &["-o", "b.ron", "--device", "cpu"]).ok();
    assert_eq!(folder.text("a.ron"), folder.text("b.ron"));
    let said = train(&folder, &["--device", "gpu"]).fails(2);
    assert!(said.contains("cpu, torch-cpu, cuda"), "{said}");
    let torch = train(&folder, &["-o", "c.ron", "--device", "torch-cpu"]);
    if cfg!(feature = "tch") {
        assert!(torch.ok().contains("100.0 % of replies right"));
        folder.mlc(["run", "c.ron", "is it hot"]).ok();
    } else {
        let said = torch.fails(1);
        assert!(said.contains("this program was built without LibTorch"), "{said}");
        assert!(said.contains("--features tch"), "{said}");
    }
    if !cfg!(feature = "tch") {
        let said = train(&folder, &["--device", "cuda"]).fails(1);
        assert!(said.contains("\"cuda\""), "{said}");
        assert_eq!(folder.names(), ["a.ron", "b.ron", "pairs.txt"]);
    }
}
