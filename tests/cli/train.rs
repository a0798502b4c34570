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
            "warning: too long, and so cut at a word: 1 query",
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

/// Labels are numbered in an order of their own, whatever that of the pairs, and everybody says so.
#[test]
fn labels_have_an_order() {
    let folder = weather();
    folder.write("turned.txt", PAIRS.lines().rev().map(|line| format!("{line}\n")).collect::<String>());
    let train = |pairs: &str, more: &[&str]| {
        let fixed = ["train", pairs, "--classifier", "--epochs", "1", "--hidden", "4"];
        folder.mlc(fixed.iter().chain(more))
    };
    for pairs in ["pairs.txt", "turned.txt"] {
        let said = train(pairs, &[]).ok();
        assert!(said.contains("\nlabels: 0 HI, 1 MAYBE, 2 NO, 3 YES\n"), "{said}");
        let said = folder.mlc(["inspect", "model.ron"]).ok();
        assert!(said.contains("\nlabels: 0 HI, 1 MAYBE, 2 NO, 3 YES\n"), "{said}");
    }
    folder.mlc(["compile", "model.ron", "-o", "net.c"]).ok();
    let header = folder.text("classifier.h");
    for line in ["CLASSIFIER_LABEL_HI = 0, /* HI */", "CLASSIFIER_LABEL_YES = 3 /* YES */"] {
        assert!(header.contains(line), "{header}");
    }
    let said = train("pairs.txt", &["--labels", "YES,NO,MAYBE,HI"]).ok();
    assert!(said.contains("\nlabels: 0 YES, 1 NO, 2 MAYBE, 3 HI\n"), "{said}");
    // A model that is trained on keeps them; new ones come behind.
    folder.write("more.txt", "good bye|BYE\nbad|AWFUL\n");
    let said = folder.mlc(["train", "pairs.txt", "more.txt", "--resume", "--epochs", "1"]).ok();
    assert!(said.contains("\nlabels: 0 YES, 1 NO, 2 MAYBE, 3 HI, 4 AWFUL, 5 BYE\n"), "{said}");

    for (labels, problem) in [
        ("YES,NO,MAYBE", "label \"HI\" of the pairs is not in the list of labels"),
        ("YES,NO,MAYBE,HI,HO", "label \"HO\" is in the list of labels, but no pair has it"),
        ("YES,NO,MAYBE,HI,NO", "label \"NO\" stands twice in the list of labels"),
    ] {
        let said = train("pairs.txt", &["--labels", labels, "-o", "none.ron"]).fails(1);
        assert!(said.contains(problem), "{said}");
    }
    let said = folder.mlc(["train", "pairs.txt", "--labels", "YES,NO,MAYBE,HI"]).fails(2);
    assert!(said.contains("--labels are those of a classifier: give --classifier as well"), "{said}");
}

/// The last line of a training is about the network that is kept, not about one before it.
#[test]
fn progress_tells_of_the_best_network() {
    let folder = weather();
    let ran = folder.mlc(["train", "pairs.txt", "--classifier", "--epochs", "200", "--hidden", "16"]);
    let line = ran.stderr.lines().find(|line| line.starts_with("epoch 200 of 200: "));
    let line = line.unwrap_or_else(|| panic!("{}", ran.stderr));
    let (_, told) = line.rsplit_once("; the best, of epoch ").expect("the line tells of the best");
    let (epoch, told) = told.split_once(": ").expect("and of its cost");
    let training = folder.text("model.ron");
    assert!(training.contains(&format!("(\"epoch\", \"{epoch} of 200\")")), "{line}");
    let said = ran.stdout.as_str();
    let reported = said.split_once("on z80-cpm: ").and_then(|(_, rest)| rest.split_once(" (predicted)"));
    assert_eq!(reported.map(|(cost, _)| cost), Some(told), "{said}");
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
        said.contains("invalid value '2000' for '--hidden <N,N,…>': write a whole number from 0 to 1024")
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
#[track_caller]
fn kill(child: &std::process::Child, signal: &str) {
    let id = child.id().to_string();
    let kill = std::process::Command::new("kill").args([signal, &id]).status().expect("there is kill");
    assert!(kill.success());
}

/// Starts a command that trains for a long time; gives it when it is at it, and what it says from then on.
#[cfg(unix)]
fn at_it(
    mut command: std::process::Command,
) -> (std::process::Child, impl Iterator<Item = std::io::Result<String>>) {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("mlc starts");
    let mut said = BufReader::new(child.stderr.take().expect("it is a pipe")).lines();
    // It listens to signals before it says how much there is to do.
    let line = said.find(|line| line.as_ref().is_ok_and(|l| l.contains(" steps, ")));
    line.expect("mlc says what it trains on").expect("mlc writes text");
    (child, said)
}

#[cfg(unix)]
const ENDLESS: [&str; 8] = ["train", "pairs.txt", "--hidden", "16", "--epochs", "1000000", "-o", "best.ron"];

#[cfg(unix)]
#[test]
fn a_signal_saves_the_best_network() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let folder = weather();
        let (child, said) = at_it(folder.command(ENDLESS));
        kill(&child, signal);
        let rest: Vec<_> = said.map(|line| line.expect("mlc writes text")).collect();
        let output = child.wait_with_output().expect("mlc ends");
        assert_eq!(output.status.code(), Some(code), "{rest:?}");
        assert!(rest.iter().any(|l| l.starts_with("stopped; this is the best network so far, ")), "{rest:?}");
        let report = String::from_utf8(output.stdout).expect("mlc writes text");
        assert!(report.starts_with("best.ron: chat, chat 256→16→"), "{report}");
        assert!(folder.mlc(["inspect", "best.ron"]).ok().starts_with("chat: chat 256→16→"));
    }
}

/// A signal that was ignored at the start stays so: `nohup mlc train …` goes on when its terminal is closed.
#[cfg(target_os = "linux")]
#[test]
fn nohup_is_respected() {
    let folder = weather();
    let mlc = folder.command(ENDLESS);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(mlc.get_program()).args(mlc.get_args());
    command.current_dir(folder.path("")).stdin(std::process::Stdio::null());
    let (mut child, said) = at_it(command);
    kill(&child, "-HUP");
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(child.try_wait().expect("it can be asked").is_none(), "it goes on");
    kill(&child, "-TERM");
    assert!(said.count() > 0);
    assert_eq!(child.wait().expect("mlc ends").code(), Some(143));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_other_verbs_with_130() {
    use std::process::Stdio;
    let folder = weather();
    folder.write("loop.com", [0x3E, 0x01, 0xC3, 0x00, 0x01]); // LD A,1 / JP 0100h
    let args = ["run", "loop.com", "--max-cycles", "1000000000000"];
    let mut child = folder.command(args).stdout(Stdio::null()).spawn().expect("mlc starts");
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(child.try_wait().expect("it can be asked").is_none(), "the program never ends by itself");
    kill(&child, "-INT");
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
