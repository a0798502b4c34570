//! `mlc train --family sequence|recursive`.

use crate::Folder;

const SMALL: [&str; 18] = [
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

fn pairs() -> Folder {
    let folder = Folder::new();
    let words = ["on", "off", "red", "dim", "up", "low"];
    let lines = words.iter().map(|word| format!("say {word}|{word}\nis it {word}|no\n"));
    folder.write("pairs.txt", lines.collect::<String>());
    folder
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

/// A folder says in its chat template what stands around a line, and the model that is made of it knows.
#[test]
fn turns_go_out_and_come_back() {
    let folder = pairs();
    folder.mlc(["train", "pairs.txt", "-o", "a.ron"].into_iter().chain(SMALL)).ok();
    let turns = |name: &str| {
        let text = folder.text(name);
        let line = text.lines().find(|line| line.trim_start().starts_with("turns: (")).expect("it has turns");
        line.replace("keeps: false", "keeps: true")
    };
    folder.mlc(["export", "a.ron", "-o", "out"]).ok();
    assert!(folder.text("out/chat_template.jinja").contains("<sep>"));
    let import = || folder.mlc(["import", "out", "-o", "b.ron"]);
    let ran = import();
    assert!(ran.stderr.contains("note: the folder's chat template became turns"), "{}", ran.stderr);
    assert_eq!(turns("b.ron"), turns("a.ron"));
    folder.mlc(["export", "out", "-o", "copy"]).ok();
    assert_eq!(folder.read("copy/chat_template.jinja"), folder.read("out/chat_template.jinja"));

    folder.write(
        "out/chat_template.jinja",
        "{% for m in messages %}{{ loop.index }}{{ m['content'] }}{% endfor %}",
    );
    let ran = import();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("chat template is not used, the model continues text: what it sets"),
        "{}",
        ran.stderr
    );
    assert!(!folder.text("b.ron").contains("turns: ("));
    // One without an end of its time, of its stack, of its memory.
    for endless in [
        "{% set n = namespace(s=[1, 2]) %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}{{ n.s | length }}",
        "{% set n = namespace(s=1) %}{% set n.s = n %}{{ n }}",
    ] {
        folder.write("out/chat_template.jinja", endless);
        let ran = import();
        assert_eq!(ran.code, Some(0), "{endless}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("chat template is not used, the model continues text: it cannot be"),
            "{}",
            ran.stderr
        );
    }
    folder.write("out/tokenizer_config.json", "{");
    assert!(import().fails(1).contains("tokenizer_config.json: the file is no JSON object"));
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
        (&["--device", "torch-cpu"], "--device"),
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
    assert!(refused(&["--weights", "4"]).contains("--weights 4"));
    let ran = folder.mlc(["train", "empty.txt", "--family", "sequence", "-o", "x.ron"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let ran = folder.mlc(["distill", "pairs.txt", "-o", "x.ron"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("is no float network"), "{}", ran.stderr);
}

/// From pairs to a program that names a label, and what a model that writes no text refuses.
#[test]
fn labels_are_learnt() {
    let folder = pairs();
    let lines =
        "put it on|ON\nmake it on|ON\nlet it be on|ON\nput it off|OFF\nmake it off|OFF\nlet it be off|OFF\n";
    folder.write("labels.txt", lines);
    folder.write("turns.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \
        \"content\": \"b\"}, {\"role\": \"user\", \"content\": \"c\"}, {\"role\": \"assistant\", \"content\": \"d\"}]}\n");
    let train = |more: &[&str]| folder.mlc(["train"].iter().chain(more).copied().chain(SMALL));
    let ran = train(&["labels.txt", "--classifier", "-o", "c.ron"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("6 texts with 6 tokens that count"), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("c.ron: classifier, "), "{}", ran.stdout);
    assert!(ran.stdout.contains(" nats a label, 100.0 % of labels right"), "{}", ran.stdout);
    assert!(folder.text("c.ron").contains("labels: [\"OFF\", \"ON\"]"), "sorted by their bytes");
    let said = folder.mlc(["run", "c.ron", "--target", "z80-cpm", "PUT IT ON", "PUT IT OFF"]).ok();
    assert_eq!(said, "ON\nOFF\n", "letters that are typed become small as those of the queries");
    let measured = folder.mlc(["eval", "c.ron", "labels.txt"]).ok();
    assert!(measured.contains("exact replies") && measured.contains("6 of 6"), "{measured}");
    folder.mlc(["verify", "c.ron", "--target", "atmega1284p", "--prompts", "labels.txt"]).ok();
    assert!(folder.mlc(["inspect", "c.ron"]).ok().contains("gives a label: OFF, ON"));

    // Labels of a model stay; a model of text gets an output for labels.
    let goes_on = |args: &[&str]| {
        folder.mlc(["train"].iter().chain(args).copied().chain(["--steps", "2", "--family", "sequence"]))
    };
    goes_on(&["labels.txt", "--resume", "c.ron", "-o", "c.ron"]).ok();
    let other = goes_on(&["pairs.txt", "--from", "c.ron", "-o", "d.ron"]);
    assert!(
        other.code == Some(1) && other.stderr.contains("the label \"on\" is none of those"),
        "{}",
        other.stderr
    );
    train(&["labels.txt", "-o", "text.ron"]).ok();
    goes_on(&["labels.txt", "--classifier", "--from", "text.ron", "-o", "d.ron"]).ok();
    assert!(folder.text("d.ron").contains("labels: [\"OFF\", \"ON\"]"));

    for (args, says) in [
        (&["export", "c.ron", "-o", "folder/"][..], "a classifier is written as model.ron only"),
        (&["run", "c.ron", "--temperature", "0.5", "put it on"], "this one gives a label"),
        (
            &["train", "turns.jsonl", "--family", "sequence", "--classifier", "-o", "d.ron"],
            "turns.jsonl:1: a label is wanted",
        ),
        (
            &[
                "train",
                "labels.txt",
                "--family",
                "sequence",
                "--from",
                "text.ron",
                "--lora",
                "2",
                "--classifier",
                "-o",
                "d.ron",
            ],
            "--classifier does not go with --lora",
        ),
        (&["eval", "c.ron", "turns.jsonl"], "turns.jsonl:1: here is no question with one reply"),
    ] {
        let ran = folder.mlc(args);
        assert!(matches!(ran.code, Some(1 | 2)) && ran.stderr.contains(says), "{args:?}: {}", ran.stderr);
    }
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
    let nats = |ran: &crate::Ran| {
        let words: Vec<String> = ran.stdout.split_whitespace().map(str::to_string).collect();
        let at = words.windows(3).position(|w| w[0] == "training" && w[1] == "texts:").unwrap();
        words[at + 2].clone()
    };
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
