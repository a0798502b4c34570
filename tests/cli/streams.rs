//! Standard streams that are closed or full, and terminals.

use crate::{Folder, Ran, models, parts};
use std::fs::File;
use std::process::{Command, Stdio};

fn tiny() -> Folder {
    let folder = Folder::new();
    folder.write("model.ron", models::text(&models::chat()));
    folder.write("pairs.txt", "is it raining|YES\nis it sunny|NO\nno bar\nhello|HI\n");
    folder
}

fn train<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["train", "pairs.txt", "--classifier", "--hidden", "4", "--epochs", "40", "--seeds", "2"];
    [&fixed[..], &["-o", "a.ron", "--result", "r.json"], more].concat()
}

/// A pipe that nobody reads.
fn closed(folder: &Folder) -> Stdio {
    let mut reader = Command::new(env!("CARGO_BIN_EXE_mlc"));
    let child = reader.arg("--version").current_dir(folder.path("")).stdin(Stdio::piped());
    let mut child = child.stdout(Stdio::null()).spawn().expect("mlc starts");
    let pipe = child.stdin.take().expect("it is a pipe");
    child.wait().expect("mlc ends");
    pipe.into()
}

#[test]
fn nobody_need_listen_to_what_is_said() {
    let folder = tiny();
    let mut command = folder.command(train(&[]));
    let said = Ran::from(command.stderr(closed(&folder)).output().expect("mlc starts")).ok();
    assert!(said.contains("\nseeds 1 to 2: training "), "{said}");
    assert!(folder.text("r.json").contains("\"seed\""));
    // What is wrong is told by the exit code, at least.
    for args in [&["inspect", "none.ron"][..], &["compile", "-o", "x.y"], &["data", "dedup", "pairs.txt"]] {
        let mut command = folder.command(args);
        let code = command.stderr(closed(&folder)).output().expect("mlc starts").status.code();
        let wants = Folder::mlc(&folder, args).code;
        assert_eq!(code, wants, "{args:?}");
    }
}

#[cfg(target_os = "linux")]
fn full() -> File {
    File::options().write(true).open("/dev/full").expect("it is there")
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_error_costs_nothing() {
    let folder = tiny();
    let mut command = folder.command(train(&[]));
    let said = Ran::from(command.stderr(full()).output().expect("mlc starts")).ok();
    assert!(said.contains("\nseeds 1 to 2: training "), "{said}");
}

#[test]
fn a_reader_who_has_gone_costs_no_file() {
    let folder = tiny();
    let mut command = folder.command(train(&["--curve", "c.svg"]));
    let ended = command.stdout(closed(&folder)).output().expect("mlc starts");
    assert_eq!(ended.status.code(), Some(141));
    assert!(folder.text("r.json").contains("\"seed\"") && folder.text("c.svg").starts_with("<svg "));
}

#[cfg(target_os = "linux")]
#[test]
fn results_that_cannot_be_written_are_no_success() {
    let folder = tiny();
    for args in
        [&["--help"][..], &["train", "--help"], &["--version"], &["targets"], &["inspect", "model.ron"]]
    {
        let mut command = folder.command(args);
        let ended = command.stdout(full()).output().expect("mlc starts");
        let said = String::from_utf8(ended.stderr).expect("it is text");
        assert_eq!(ended.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.starts_with("  x standard output: cannot be written: "), "{args:?}: {said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_on_a_full_disk_costs_neither_report_nor_result() {
    let folder = tiny();
    std::os::unix::fs::symlink("/dev/full", folder.path("l.csv")).expect("links can be made");
    let ran = folder.mlc(train(&["--log", "l.csv"]));
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.contains("\nseeds 1 to 2: training "), "{}", ran.stdout);
    assert!(
        ran.stderr
            .ends_with("  x l.csv: cannot be written: the disk is full\n  help: make room and try again\n")
    );
    assert!(folder.text("r.json").contains("\"seed\"") && folder.path("a.ron").exists());
}

/// The log is a pipe, so that training waits while the curve's folder goes away.
#[cfg(target_os = "linux")]
#[test]
fn a_curve_that_cannot_be_written_costs_neither_report_nor_result() {
    let folder = tiny();
    folder.write("c/x", "");
    let made = Command::new("mkfifo").arg(folder.path("l.csv")).status().expect("coreutils are there");
    assert!(made.success());
    let args =
        train(&["--log", "l.csv", "--curve", "c/c.svg"]).join(" ").replace("--epochs 40", "--epochs 3000");
    let mut command = folder.command(args.split(' '));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("mlc starts");
    let mut log = File::open(folder.path("l.csv")).expect("mlc opens the other end");
    std::fs::remove_dir_all(folder.path("c")).expect("it is our folder");
    // More than a pipe holds: mlc is not done before this is read.
    let read = std::io::copy(&mut log, &mut std::io::sink()).expect("mlc writes");
    assert!(read > 1 << 17, "{read}");
    let ran = Ran::from(child.wait_with_output().expect("mlc ends"));
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.contains("\nseeds 1 to 2: training "), "{}", ran.stdout);
    let wants = "  x c/c.svg: cannot be written: its folder is not there\n  help: create the folder first\n";
    assert!(ran.stderr.ends_with(wants), "{}", ran.stderr);
    assert!(folder.text("r.json").contains("\"seed\"") && folder.path("a.ron").exists());
}

/// Output on a terminal. `None`, and a message, where the tool that makes one is missing.
#[cfg(target_os = "linux")]
fn on_terminal(folder: &Folder, command: &str) -> Option<String> {
    let line = format!("{} {command}", env!("CARGO_BIN_EXE_mlc"));
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).current_dir(folder.path("")).stdin(Stdio::null());
    script.env("NO_COLOR", "1").env("TERM", "dumb");
    let Ok(ended) = script.output() else {
        eprintln!("skipped: there is no `script`");
        return None;
    };
    Some(String::from_utf8(ended.stdout).expect("mlc writes UTF-8"))
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_obeys_nothing_that_a_model_says() {
    let folder = tiny();
    let mut model = models::chat();
    parts::chat_mut(&mut model).charset[1] = 0x1B;
    folder.write("red.ron", models::text(&model)).write("bad\u{1b}[31m.ron", "hello");
    // Elsewhere every byte stays.
    let reply = folder.mlc(["run", "-t", "reference", "red.ron", "hello"]).ok();
    assert!(reply.contains('\u{1b}'), "{reply:?}");
    let visible = reply.trim_end().replace('\u{1b}', "\\x1B");
    let shown = [
        ("run -t reference red.ron hello", visible.as_str()),
        ("inspect bad*.ron", "bad\\x1B[31m.ron: not a model"),
        ("run model.ron \"$(printf 'a\\033[31m')\"", "prompt \"a\\x1B[31m\""),
    ];
    for (command, wants) in shown {
        let Some(said) = on_terminal(&folder, command) else { return };
        assert!(said.contains(wants), "{command}: {said:?}");
        assert!(!said.contains('\u{1b}'), "{command}: {said:?}");
    }
}
