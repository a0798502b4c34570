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
        (&["--max-tstates", "1000"][..], "--max-tstates does not go with --family sequence"),
        (&["--classifier"], "--classifier does not go with"),
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
