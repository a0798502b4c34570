//! `mlc train`.

use crate::Folder;

const PAIRS: &str =
    "# weather\nis it raining|YES\nis it sunny|NO\nwill it snow|MAYBE\nno bar here\nhello|HI\n";
const SMALL: [&str; 10] =
    ["--hidden", "16", "--query-buckets", "32", "--context-buckets", "32", "--epochs", "60", "--batch", "2"];

fn weather() -> Folder {
    let folder = Folder::new();
    folder.write("pairs.txt", PAIRS);
    folder
}

#[test]
fn a_trained_model_talks_and_the_seed_decides() {
    let folder = weather();
    let train = |output: &str, seed: &str| {
        let args = ["train", "pairs.txt", "--name", "weather", "-o", output, "--seed", seed];
        let ran = folder.mlc(args.into_iter().chain(SMALL));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran
    };
    let ran = train("a.ron", "1");
    assert!(
        ran.stderr
            .starts_with("warning: pairs.txt:5: no '|' between query and reply; the line is left out\n")
    );
    assert!(ran.stderr.contains("\n4 pairs, 16 steps, "), "{}", ran.stderr);
    assert!(ran.stderr.contains("\nepoch 60 of 60: loss "), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("a.ron: weather, chat 64→16→"), "{}", ran.stdout);
    assert!(ran.stderr.contains("\npairs.txt: 6 lines, 1 comment, 0 blank, 1 left out\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains(" T-states a step\n"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("contradict"), "{}", ran.stderr);
    let (_, rest) = ran.stdout.split_once("training pairs: ").expect("figures are printed");
    let cost = rest.strip_prefix("100.0 % of characters, 100.0 % of replies right\non z80-cpm: ");
    assert!(cost.is_some_and(|c| c.contains(" T-states a step (predicted), ")), "{}", ran.stdout);
    assert_eq!(folder.mlc(["run", "a.ron", "is it raining", "hello"]).ok(), "YES\nHI\n");
    train("b.ron", "1");
    train("c.ron", "2");
    assert_eq!(folder.read("a.ron"), folder.read("b.ron"));
    assert_ne!(folder.read("a.ron"), folder.read("c.ron"));
}

#[test]
fn pairs_come_from_a_pipe_or_packed_and_settings_from_a_file() {
    let folder = weather();
    folder.mlc(["train", "pairs.txt", "-o", "a.ron"].into_iter().chain(SMALL)).ok();
    let args: Vec<&str> = ["train", "-", "-o", "b.ron"].into_iter().chain(SMALL).collect();
    folder.piped(&args, PAIRS.as_bytes()).ok();
    assert_eq!(folder.read("a.ron"), folder.read("b.ron"));

    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gz, PAIRS.as_bytes()).expect("memory takes it");
    folder.write("data/pairs.txt.gz", gz.finish().expect("memory takes it"));
    let settings = "(\n    pairs: [\"pairs.txt.gz\"],\n    hidden: [16],\n    query_buckets: 32,\n    \
                    context_buckets: 32,\n    epochs: 1,\n    batch: 2,\n)\n";
    folder.write("data/train.ron", settings);
    folder.mlc(["train", "--config", "data/train.ron", "--epochs", "60", "-o", "c.ron"]).ok();
    assert_eq!(folder.read("a.ron"), folder.read("c.ron"));
}

#[test]
fn contradictions_and_cuts_are_reported() {
    let folder = weather();
    let long = "word ".repeat(20);
    let pairs = format!("# note\n\nhi|A\nhi|B\nhi|B\n{long}|C\nno bar\n");
    let args = ["train", "-", "-o", "a.ron", "--epochs", "1", "--hidden", "4"];
    let ran = folder.piped(&args, pairs.as_bytes());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let said: Vec<&str> = ran.stderr.lines().take(4).collect();
    assert_eq!(
        said,
        [
            "warning: standard input:7: no '|' between query and reply; the line is left out",
            "warning: 1 queries and replies are too long and were cut at a word",
            "standard input: 7 lines, 1 comment, 1 blank, 1 left out",
            "warning: pairs contradict: at most 3 of 4 replies (75.0 %) can come out right; `mlc data lint` names them, \
             `mlc data dedup --resolve` drops them",
        ]
    );
}

#[test]
fn a_chat_follows_the_training() {
    let folder = weather();
    let args = ["train", "pairs.txt", "--chat", "-o", "a.ron"];
    let args: Vec<&str> = args.into_iter().chain(SMALL).collect();
    let said = folder.piped(&args, b"is it raining\nhello\n").ok();
    assert!(said.ends_with(" bytes\nYES\nHI\n"), "{said}");
    assert!(folder.path("a.ron").exists());
    let said = folder.piped(&["train", "-", "--chat"], PAIRS.as_bytes()).fails(2);
    assert!(said.contains("--chat takes lines from standard input, and so do the PAIRS `-`"), "{said}");
}

#[test]
fn a_classifier_learns_labels() {
    let folder = weather();
    let args = ["train", "pairs.txt", "--classifier", "--epochs", "200", "--hidden", "8"];
    let said = folder.mlc(args).ok();
    assert!(said.starts_with("model.ron: classifier, classifier 64→8→4, "), "{said}");
    assert_eq!(folder.mlc(["run", "model.ron", "will it snow"]).ok(), "MAYBE\n");
}

#[test]
fn errors_name_the_place() {
    let folder = weather();
    let fails = |args: &[&str]| folder.mlc(["train"].iter().chain(args)).fails(1);
    insta::assert_snapshot!("train-missing", fails(&["none.txt"]));
    folder.write("same.txt", "a|B\nc|B\n").write("none.txt", "nothing\n").write("bin.txt", "a\0b");
    insta::assert_snapshot!("train-one-reply", fails(&["same.txt"]));
    insta::assert_snapshot!("train-no-pair", fails(&["none.txt"]));
    insta::assert_snapshot!("train-binary", fails(&["bin.txt"]));
    folder.write("wide.ron", "(pairs: [\"pairs.txt\"], hidden: [2000])");
    insta::assert_snapshot!("train-setting", fails(&["--config", "wide.ron"]));
    let said = folder.mlc(["train", "pairs.txt", "--hidden", "16,2000"]).fails(2);
    assert!(
        said.contains("invalid value '2000' for '--hidden <N,N,…>': write a whole number from 1 to 1024")
    );
    insta::assert_snapshot!(
        "train-name",
        fails(&["pairs.txt", "--name", "no name", "--epochs", "1", "--hidden", "4"])
    );
    folder.write("train.ron", "(\n    pairs: [\"pairs.txt\"],\n    rate: 1,\n)\n");
    insta::assert_snapshot!("train-config", fails(&["--config", "train.ron"]));
    assert!(!folder.path("model.ron").exists());
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_the_best_network() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let folder = weather();
    let args = ["train", "pairs.txt", "--hidden", "16", "--epochs", "1000000", "-o", "best.ron"];
    let mut command = folder.command(args);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("mlc starts");
    let mut said = BufReader::new(child.stderr.take().expect("it is a pipe")).lines();
    // It listens to Ctrl-C before it says how much there is to do.
    let line = said.find(|line| line.as_ref().is_ok_and(|l| l.contains(" steps, ")));
    line.expect("mlc says what it trains on").expect("mlc writes text");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("there is kill");
    assert!(kill.success());
    let rest: Vec<_> = said.map(|line| line.expect("mlc writes text")).collect();
    let output = child.wait_with_output().expect("mlc ends");
    assert_eq!(output.status.code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|l| l.starts_with("stopped; this is the best network so far, ")), "{rest:?}");
    assert!(folder.mlc(["inspect", "best.ron"]).ok().starts_with("chat: chat 256→16→"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_other_verbs_with_130() {
    use std::process::{Command, Stdio};
    let folder = weather();
    folder.write("loop.com", [0x3E, 0x01, 0xC3, 0x00, 0x01]); // LD A,1 / JP 0100h
    let mut child = folder.command(["run", "loop.com"]).stdout(Stdio::null()).spawn().expect("mlc starts");
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(child.try_wait().expect("it can be asked").is_none(), "the program never ends by itself");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("there is kill");
    assert!(kill.success());
    assert_eq!(child.wait().expect("mlc ends").code(), Some(130));
}

#[test]
fn too_many_inputs_are_refused_before_training() {
    let folder = Folder::new();
    folder.write("pairs.txt", "a|B\nb|C\n");
    let args = ["train", "pairs.txt", "--query-buckets", "1000", "--context-buckets", "1000"];
    let said = folder.mlc(args).fails(1);
    assert!(
        said.contains("query buckets (1000) and context buckets (1000) are more than 1024 inputs together"),
        "{said}"
    );
    assert_eq!(folder.names(), ["pairs.txt"]);
}
