//! `mlc train` that does not end by itself: what is on the disk then, and how to go on.

use crate::Folder;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PAIRS: &str = "is it raining|YES\nis it sunny|NO\nwill it snow|MAYBE\nhello|HI\n";

fn weather() -> Folder {
    let folder = Folder::new();
    folder.write("pairs.txt", PAIRS);
    folder
}

/// Waits for `done`, but not for ever.
fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn endless(folder: &Folder, args: &[&str]) -> Child {
    let fixed = ["train", "pairs.txt", "--hidden", "16", "--epochs", "1000000"];
    let mut command = folder.command(fixed.iter().chain(args));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("mlc starts")
}

#[test]
fn a_killed_training_leaves_a_whole_model_to_go_on_with() {
    let folder = weather();
    let said = folder.mlc(["train", "pairs.txt", "--resume"]).fails(1);
    assert!(said.contains("no model.ron yet: there is nothing to go on with"), "{said}");
    let mut child = endless(&folder, &[]);
    wait_for("the first snapshot", || folder.path("model.ron").exists());
    let first = folder.read("model.ron");
    wait_for("a better one", || folder.read("model.ron") != first);
    // Child::kill is SIGKILL: nothing can be tidied up.
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(folder.mlc(["inspect", "model.ron"]).ok().starts_with("chat: chat 256→16→"));
    let said = folder.mlc(["train", "pairs.txt", "--resume", "--epochs", "40"]).ok();
    assert!(said.starts_with("model.ron: chat, chat 256→16→"), "{said}");
    assert!(said.contains("100.0 % of replies right"), "{said}");
    let said = folder.mlc(["train", "--resume", "pairs.txt"]).fails(2);
    assert!(said.contains("<PAIRS>"), "{said}");
}

#[test]
fn what_was_there_is_kept_once() {
    let folder = weather();
    let train = |more: &[&str]| {
        let args = ["train", "pairs.txt", "--hidden", "16", "--epochs", "3"];
        let ran = folder.mlc(args.iter().chain(more));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stderr
    };
    assert!(!train(&[]).contains(".bak"));
    let old = folder.read("model.ron");
    let said = train(&["--seed", "7"]);
    assert_eq!(said.matches("note: what was in model.ron is now in model.ron.bak").count(), 1, "{said}");
    assert!(folder.read("model.ron.bak") == old && folder.read("model.ron") != old);
    // What a training goes on with is no other one's.
    let said = folder.mlc(["train", "pairs.txt", "--epochs", "2", "--resume"]);
    assert!(!said.stderr.contains(".bak"), "{}", said.stderr);
    assert!(folder.read("model.ron.bak") == old);
}

/// A file may not grow beyond 512 bytes, as on a disk that is full.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_old_model_whole() {
    let folder = weather();
    folder.mlc(["train", "pairs.txt", "--hidden", "16", "--epochs", "3"]).ok();
    let old = folder.read("model.ron");
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
    let mlc = env!("CARGO_BIN_EXE_mlc");
    let mut command = Command::new("sh");
    command.args(["-c", script, mlc, "train", "pairs.txt", "--hidden", "16", "--epochs", "60"]);
    let output = command.current_dir(folder.path("")).stdin(Stdio::null()).output().expect("there is sh");
    let said = String::from_utf8(output.stderr).expect("mlc writes text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    let warning = "warning: no snapshot: model.ron: cannot be written: ";
    assert_eq!(said.matches(warning).count(), 1, "{said}");
    assert!(said.contains("training goes on\n") && said.contains("epoch 60 of 60"), "{said}");
    assert!(said.contains("x model.ron: cannot be written: "), "{said}");
    assert!(folder.read("model.ron") == old, "the old model is as it was");
    assert_eq!(folder.names(), ["model.ron", "pairs.txt"]);
}
