//! `mlc train --family sequence|recursive`.

use crate::Folder;

pub const SMALL: [&str; 18] = [
    "--family",
    "sequence",
    "--dim",
    "16",
    "--heads",
    "2",
    "--layers",
    "1",
    "--hidden",
    "16",
    "--steps",
    "60",
    "--batch",
    "8",
    "--lr",
    "0.02",
    "--weights",
    "8",
];

/// A short training of another one, within a limit of cycles.
const LIMITED: [&str; 16] = [
    "--family",
    "sequence",
    "--dim",
    "16",
    "--heads",
    "2",
    "--layers",
    "1",
    "--steps",
    "1",
    "--weights",
    "8",
    "--target",
    "atmega1284p",
    "--max-tstates",
    "60000",
];

pub fn pairs() -> Folder {
    let folder = Folder::new();
    let words = ["on", "off", "red", "dim", "up", "low"];
    let lines = words.iter().map(|word| format!("say {word}|{word}\nis it {word}|no\n"));
    folder.write("pairs.txt", lines.collect::<String>());
    folder
}

/// Nats a token of the texts that were trained on, as they are printed.
pub fn nats(ran: &crate::Ran) -> String {
    let words: Vec<&str> = ran.stdout.split_whitespace().collect();
    let at = words.windows(3).position(|w| w[0] == "training" && w[1] == "texts:");
    words[at.unwrap_or_else(|| panic!("{}{}", ran.stdout, ran.stderr)) + 2].to_string()
}

#[test]
fn pairs_are_learnt_and_the_seed_decides() {
    let folder = pairs();
    let train = |output: &str, seed: &str, threads: &str| {
        let args = ["train", "pairs.txt", "-o", output, "--seed", seed, "--threads", threads];
        let ran = folder.mlc(args.into_iter().chain(SMALL));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran
    };
    let ran = train("a.ron", "1", "1");
    assert!(ran.stderr.contains("12 texts with "), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("a.ron: sequence, "), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("\ntraining texts: ") && ran.stdout.contains(" nats a token, "),
        "{}",
        ran.stdout
    );
    train("b.ron", "1", "2");
    train("c.ron", "2", "2");
    assert_eq!(folder.read("a.ron"), folder.read("b.ron"), "threads change nothing");
    assert_ne!(folder.read("a.ron"), folder.read("c.ron"));
}

#[test]
fn training_goes_on_from_a_model_and_learns_new_characters() {
    let folder = pairs();
    folder.mlc(["train", "pairs.txt", "-o", "a.ron"].into_iter().chain(SMALL)).ok();
    let before = folder.read("a.ron");
    let ran = folder.mlc([
        "train",
        "pairs.txt",
        "--family",
        "sequence",
        "--from",
        "a.ron",
        "--steps",
        "1",
        "--batch",
        "8",
        "--lr",
        "0.000001",
        "-o",
        "b.ron",
        "--log",
        "log.csv",
        "--curve",
        "curve.svg",
        "--result",
        "result.json",
        "--hold-out",
        "0.2",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(folder.read("a.ron"), before, "the model that it comes from stays");
    assert!(folder.text("log.csv").starts_with("seed,epoch,"));
    assert!(folder.text("result.json").contains("\"family\": \"sequence\""));
    assert!(!folder.text("result.json").contains("\"cycles\""), "no machine was named");
    assert!(folder.text("curve.svg").starts_with("<svg"));
    folder
        .mlc(["train", "pairs.txt", "--family", "sequence", "--resume", "--steps", "1", "-o", "a.ron"])
        .ok();
    let ran = folder.mlc(["train", "pairs.txt", "--family", "recursive", "--resume", "-o", "none.ron"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("no none.ron yet"), "{}", ran.stderr);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let folder = pairs();
    folder.write("empty.txt", "");
    let refused = |args: &[&str]| {
        let ran = folder.mlc(["train", "pairs.txt", "-o", "x.ron"].iter().chain(args));
        assert_ne!(ran.code, Some(0), "{args:?}");
        assert!(!folder.path("x.ron").exists(), "{args:?}");
        ran.stderr
    };
    let sequence = ["--family", "sequence"];
    for (args, says) in [
        (&["--max-nonzero", "1000"][..], "--max-nonzero does not go with --family sequence"),
        (&["--max-tstates", "0"], "--max-tstates 0 leaves no network"),
        (&["--labels", "a,b"], "--labels are those of a classifier: give --classifier as well"),
        (&["--classifier", "--labels", "on,off"], "the label \"no\" is none of those that are learned"),
        (&["--classifier", "--labels", "on,off,extra"], "--labels: no pair has \"extra\""),
        (&["--classifier", "--labels", "no,no"], "label"),
        (&["--prior-bytes", "900"], "--prior-bytes is the size of a prior: give --prior as well"),
        (&["--prior", "bigram", "--prior-bytes", "9"], "--prior-bytes 9: a prior of "),
        (
            &["--prior", "bigram", "--classifier"],
            "--prior says what tokens cost, and --classifier gives labels",
        ),
        (
            &["--precision", "bf16"],
            "--precision bf16 is for LibTorch: give --device torch-cpu or --device cuda as well",
        ),
        (&["--recompute"], "--recompute is for LibTorch"),
        (&["--weights", "full"], "--weights full"),
        (&["--heads", "3", "--dim", "16"], "no multiple of --heads"),
        (&["--hidden", "8,8"], "--hidden of a sequence model is one number"),
        (&["--patience", "2"], "--patience"),
        (&["--dim", "1"], "write a whole number from 2"),
        (&["--hold-out", "2"], "a share of 2 cannot be held out"),
        (&["--from", "nothing.ron"], "nothing.ron"),
    ] {
        let stderr = refused(&[&sequence[..], args].concat());
        assert!(stderr.contains(says), "{args:?}: {stderr}");
    }
    assert!(refused(&["--dim", "8"]).contains("--dim is for sequence models"));
    assert!(refused(&["--precision", "f32"]).contains("--precision is for sequence models"));
    assert!(refused(&["--recompute"]).contains("--recompute is for sequence models"));
    assert!(refused(&["--precision", "f64"]).contains("f32, bf16"));
    folder.write("rows.csv", "1,2,a\n3,4,b\n");
    let ran = folder.mlc(["train", "rows.csv", "--classifier", "--recompute", "-o", "x.ron"]);
    assert!(
        ran.code == Some(2) && ran.stderr.contains("--recompute is not for networks on numbers"),
        "{}",
        ran.stderr
    );
    assert!(refused(&["--weights", "4"]).contains("--weights 4"));
    let ran = folder.mlc(["train", "empty.txt", "--family", "sequence", "-o", "x.ron"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let ran = folder.mlc(["distill", "pairs.txt", "-o", "x.ron"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("is no float network"), "{}", ran.stderr);
}

/// The default is the same in every build; what is not built in says so before anything else happens.
#[test]
fn devices() {
    let folder = pairs();
    let train = |more: &[&str]| folder.mlc(["train", "pairs.txt"].iter().chain(&SMALL).chain(more));
    train(&["-o", "a.ron"]).ok();
    train(&["-o", "b.ron", "--device", "cpu", "--precision", "f32"]).ok();
    assert_eq!(folder.text("a.ron"), folder.text("b.ron"));
    let torch = ["--device", "torch-cpu", "--precision", "bf16", "--recompute"];
    let ran = train(&[&torch[..], &["-o", "c.ron"]].concat());
    if cfg!(feature = "tch") {
        ran.ok();
        let on = |more: &[&str]| train(&[&["--device", "torch-cpu"][..], more].concat());
        let again = ["train", "pairs.txt", "--family", "sequence", "--steps", "2", "-o", "c.ron", "--resume"];
        folder.mlc(again.iter().chain(&torch)).ok();
        on(&["--warmup", "1", "--dropout", "0.1", "-o", "d.ron"]).ok();
        folder.mlc(["run", "d.ron", "--target", "reference", "is it on"]).ok();
        return;
    }
    let said = ran.fails(1);
    assert!(said.contains("\"torch-cpu\" is LibTorch's") && said.contains("--features tch"), "{said}");
    let said = folder.mlc(["distill", "pairs.txt", "-o", "c.ron", "--device", "cuda"]).fails(1);
    assert!(said.contains("\"cuda\" is LibTorch's"), "{said}");
    let said = folder.mlc(["distill", "pairs.txt", "-o", "c.ron", "--recompute"]).fails(2);
    assert!(said.contains("--recompute is for LibTorch"), "{said}");
    assert_eq!(folder.names(), ["a.ron", "b.ron", "pairs.txt"]);
}

#[test]
fn a_shape_that_costs_too_much_is_refused_with_one_that_does_not() {
    let folder = pairs();
    let train =
        |more: &[&str]| folder.mlc(["train", "pairs.txt", "-o", "x.ron"].iter().chain(&SMALL).chain(more));
    let ran = train(&["--max-bytes", "100"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("on z80-cpm: ") && ran.stderr.contains("T-states a token (predicted)"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("neither a smaller --hidden nor fewer --layers"), "{}", ran.stderr);
    assert!(!folder.path("x.ron").exists());

    let shape = |hidden: usize| {
        let hidden = hidden.to_string();
        folder.mlc(["train", "pairs.txt", "-o", "x.ron", "--hidden", &hidden].iter().chain(&LIMITED))
    };
    let ran = shape(200);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let stderr = ran.stderr;
    let fits: usize = stderr
        .split_once("--hidden ")
        .and_then(|(_, rest)| rest.split_once(" would keep the limits")?.0.parse().ok())
        .unwrap_or_else(|| panic!("{stderr}"));
    assert!((2..200).contains(&fits), "{stderr}");
    // It keeps them, and one more would not.
    let kept = shape(fits);
    assert_eq!(kept.code, Some(0), "{}", kept.stderr);
    assert!(
        kept.stdout.contains(" of at most 60,000 cycles a token on atmega1284p (predicted)"),
        "{}",
        kept.stdout
    );
    assert_eq!(shape(fits + 1).code, Some(1));
}

/// A folder with a base, and pairs that it has not seen.
fn based() -> Folder {
    let folder = pairs();
    folder.mlc(["train", "pairs.txt", "-o", "base.ron"].into_iter().chain(SMALL)).ok();
    folder.write("more.txt", "say red|on\nsay dim|up\nis it red|on\nis it on|no\n");
    folder
}

/// Trains an adapter of the base.
fn lora(folder: &Folder, more: &[&str]) -> crate::Ran {
    let args = ["train", "more.txt", "--family", "sequence", "--from", "base.ron", "--lora", "2"];
    let fast = ["--steps", "40", "--batch", "4", "--lr", "0.02"];
    folder.mlc(args.iter().chain(&fast).chain(more))
}

#[test]
fn a_prior_is_counted_and_stays_with_its_model() {
    let folder = pairs();
    let train = |more: &[&str]| folder.mlc(["train", "pairs.txt"].iter().chain(&SMALL).chain(more));
    let ran = train(&["--prior", "trigram", "--prior-bytes", "400", "-o", "base.ron"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("a prior of "), "{}", ran.stderr);
    let shown = |model: &str| {
        let ran = folder.mlc(["inspect", model]).ok();
        let line = ran.lines().find(|line| line.starts_with("an n-gram prior: "));
        line.unwrap_or_else(|| panic!("{ran}")).to_string()
    };
    let before = shown("base.ron");
    let verified = folder.mlc(["verify", "base.ron", "--target", "z80-cpm", "--random", "2"]).ok();
    assert!(verified.contains("all equal"), "{verified}");
    // Training that goes on, and adapters, leave it as it is.
    let on = ["train", "pairs.txt", "--family", "sequence", "--from", "base.ron", "--steps", "2"];
    folder.mlc(on.iter().chain(&["-o", "on.ron"])).ok();
    assert_eq!(shown("on.ron"), before);
    folder.mlc(on.iter().chain(&["--lora", "1", "-o", "a.ron"])).ok();
    folder.mlc(["export", "base.ron", "--lora", "a.ron", "-o", "merged.ron"]).ok();
    assert_eq!(shown("merged.ron"), before);
    // The marks of pairs are tokens that a text has not, and new tokens have no costs.
    folder.write("text.txt", folder.text("pairs.txt").replace('|', " "));
    let text = ["train", "text.txt", "--prior", "bigram", "-o", "text.ron"];
    folder.mlc(text.iter().chain(&SMALL)).ok();
    let new = ["train", "pairs.txt", "--family", "sequence", "--from", "text.ron", "--steps", "1"];
    let ran = folder.mlc(new.iter().chain(&["-o", "x.ron"]));
    assert!(ran.code == Some(1) && ran.stderr.contains("count it anew"), "{}", ran.stderr);
    folder.mlc(new.iter().chain(&["-o", "x.ron", "--prior", "bigram"])).ok();
    let ran = folder.mlc(on.iter().chain(&["--lora", "1", "-o", "b.ron", "--prior", "bigram"]));
    assert!(ran.stderr.contains("--prior does not go with --lora"), "{}", ran.stderr);
    let ran = folder.mlc(["export", "base.ron", "-o", "folder/"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("an n-gram prior"), "{}", ran.stderr);
}

#[test]
fn adapters_stand_beside_their_base_and_merge_with_it() {
    let folder = based();
    let before = folder.read("base.ron");
    let lora = |more: &[&str]| lora(&folder, more);
    let ran = lora(&["-o", "a.ron", "--lora-targets", "down,wq,wv", "--log", "log.csv"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    // Queries 16 x 16, values 8 x 16, results 16 x 16.
    assert!(
        ran.stdout.contains("an adapter of rank 2 on wq, wv, down: 176 numbers, for base.ron"),
        "{}",
        ran.stdout
    );
    assert_eq!(folder.read("base.ron"), before, "the base stays");
    assert!(folder.read("a.ron").len() * 2 < before.len(), "an adapter is small");
    assert!(folder.text("log.csv").starts_with("seed,epoch,"));
    folder.mlc(["export", "base.ron", "--lora", "a.ron", "-o", "merged.ron"]).ok();
    assert_ne!(folder.read("merged.ron"), before);
    // The figures were those of the merged network, and it compiles to the same program.
    let again = ["train", "more.txt", "--family", "sequence", "--from", "merged.ron", "--steps", "1"];
    let again = folder.mlc(again.into_iter().chain(["--lr", "0.000001", "-o", "c.ron"]));
    assert_eq!(nats(&again)[..4], nats(&ran)[..4], "{}{}", again.stdout, ran.stdout);
    let compile = ["--target", "z80-cpm", "--emit", "asm"];
    let whole = folder.mlc(["compile", "merged.ron"].into_iter().chain(compile));
    let both = folder.mlc(["compile", "base.ron", "--lora", "a.ron"].into_iter().chain(compile));
    assert_eq!((whole.code, both.code), (Some(0), Some(0)), "{}{}", whole.stderr, both.stderr);
    assert_eq!(whole.stdout, both.stdout);

    // Training goes on where it ended.
    let adapter = folder.read("a.ron");
    let ran = lora(&["-o", "a.ron", "--lora-targets", "wq,wv,down", "--resume"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_ne!(folder.read("a.ron"), adapter);
}

#[test]
fn adapters_are_held_to_limits() {
    let folder = based();
    let ran = lora(&folder, &["-o", "a.ron", "--max-tstates", "100"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("the model that training goes on from has its own sizes"), "{}", ran.stderr);
    assert!(!folder.path("a.ron").exists());
    let limited = ["--target", "atmega1284p", "--max-tstates", "1000000", "--result", "r.json"];
    let ran = lora(&folder, &[&["-o", "a.ron"][..], &limited].concat());
    assert_eq!(ran.code, Some(0), "{}{}", ran.stderr, ran.stdout);
    let result = folder.text("r.json");
    for part in ["\"target\": \"atmega1284p\"", "\"cycles\": ", "\"bytes\": ", "\"limits_kept\": true"] {
        assert!(result.contains(part), "{result}");
    }
    let says = " of at most 1,000,000 cycles a token on atmega1284p (predicted)";
    assert!(ran.stdout.contains(says), "{}", ran.stdout);
}

#[test]
fn adapters_of_other_networks_and_damaged_ones_are_refused() {
    let folder = based();
    lora(&folder, &["-o", "a.ron", "--lora-targets", "wq,wv,down"]).ok();
    // Another base, other numbers, another file.
    let refused = |args: &[&str], says: &str| {
        let ran = folder.mlc(args.iter().copied());
        assert!(ran.code != Some(0) && ran.stderr.contains(says), "{args:?}: {}", ran.stderr);
        assert!(!folder.path("x.ron").exists() && !folder.path("x").exists(), "{args:?}");
    };
    let other = ["train", "pairs.txt", "-o", "other.ron", "--seed", "2"];
    folder.mlc(other.into_iter().chain(SMALL)).ok();
    refused(&["export", "other.ron", "--lora", "a.ron", "-o", "x.ron"], "another network");
    refused(&["run", "a.ron", "hello"], "an adapter is no model by itself");
    refused(&["compile", "other.ron", "--lora", "a.ron", "--emit", "asm"], "a.ron: the adapter's base is ");
    refused(&["export", "base.ron", "--lora", "base.ron", "-o", "x"], "base.ron: no adapter: ");
    let text = folder.text("a.ron");
    folder.write("b.ron", text.replace("rank: 2", "rank: 3"));
    refused(
        &["export", "base.ron", "--lora", "b.ron", "-o", "x.ron"],
        "the adapter has 176 values, its base",
    );
    folder.write("b.ron", text.replace("adapter: 1", "adapter: 9"));
    refused(&["export", "base.ron", "--lora", "b.ron", "-o", "x.ron"], "the adapter has format 9");
    let (head, values) = text.split_once("values: [").unwrap();
    let (_, others) = values.split_once(',').unwrap();
    folder.write("b.ron", format!("{head}values: [inf,{others}"));
    refused(&["export", "base.ron", "--lora", "b.ron", "-o", "x.ron"], "value 0 of the adapter is no finite");
    folder.write("b.ron", text.replace("stream: ", "stream: -"));
    refused(
        &["export", "base.ron", "--lora", "b.ron", "-o", "x.ron"],
        "a range of the adapter is not between",
    );
    // A base of texts has no marks of replies.
    folder.write("text.txt", "say red on dim up is it no\n".repeat(40));
    folder.mlc(["train", "text.txt", "-o", "text.ron"].into_iter().chain(SMALL)).ok();
    let text =
        ["train", "more.txt", "--family", "sequence", "--from", "text.ron", "--lora", "2", "-o", "x.ron"];
    refused(&text, "that text.ron does not have");
    for (option, says) in [
        (&["--window", "8"][..], "--window does not go with --lora"),
        (&["--weights", "4"], "--weights"),
        (&["--seeds", "2"], "--seeds does not go with --lora"),
        (&["--lora-alpha", "0"], "write a number from 0.001 to 10000"),
    ] {
        let base =
            ["train", "more.txt", "--family", "sequence", "--from", "base.ron", "--lora", "2", "-o", "x.ron"];
        refused(&base.iter().copied().chain(option.iter().copied()).collect::<Vec<_>>(), says);
    }
    refused(&["train", "more.txt", "--family", "sequence", "--lora", "2", "-o", "x.ron"], "--from");
    refused(
        &["train", "more.txt", "--family", "sequence", "--from", "base.ron", "--resume", "-o", "x.ron"],
        "--from and --resume both name a model",
    );
}
