//! Every command that writes, ended at any moment or on a disk that is full: no file is there in part.
#![cfg(unix)]

use crate::{Folder, Random};
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Moments at which each command is ended by each signal.
const MOMENTS: usize = 3;
const SIGNALS: [&str; 3] = ["KILL", "TERM", "INT"];
/// How the names of temporary files begin.
const TEMPORARY: &str = ".mlc-";

/// Commands that write, each with files that are larger than a block of the disk.
const COMMANDS: [&str; 16] = [
    "compile model.ron -o t.com -o t.asm",
    "compile model.ron --target zx48 -o t.tap",
    "compile model.ron --target z80-cpm -o t.html",
    "compile sorter.ron --target atmega328p -o s.hex",
    "compile model.ron -o net.zip",
    "compile --all",
    "import model.ron -o again.ron",
    "export model.ron -o m.npz",
    "export thermo -o talk",
    "report model.ron -o r.html",
    "profile model.ron hello -o p.svg",
    "data dedup pairs.txt -o d.txt",
    "data expand t.txt --count 400 -o e.txt",
    "new chatty",
    "train pairs.txt --hidden 16 --epochs 3 -o m.ron",
    "sweep --print runs pairs.txt --hidden 8 --hidden 16",
];

/// A folder with all that the commands read, and outputs of another time.
fn folder() -> Folder {
    let folder = Folder::with_models();
    folder.write("mlc.ron", "(models: [\"model.ron\", \"sorter.ron\"], targets: [\"z80-cpm\", \"zx48\"])");
    folder.write("t.txt", "list n = A | B | C\npair HELLO {n} | HI {n}\npair {n} AND {n} | SO {n}\n");
    let pairs: String = (0..300).map(|i| format!("hello number {i} of them|HI {}\n", i % 7)).collect();
    folder.write("pairs.txt", pairs);
    for old in ["t.com", "t.tap", "s.hex", "m.npz", "d.txt", "r.html"] {
        folder.write(old, format!("what was in {old} before"));
    }
    folder
}

type Files = BTreeMap<String, Vec<u8>>;

fn files(folder: &Folder) -> Files {
    let names = folder.names().into_iter().filter(|name| folder.path(name).is_file());
    names.map(|name| (name.clone(), folder.read(&name))).collect()
}

/// What a command leaves when nothing hinders it, and how long that takes.
fn whole(line: &str) -> (Files, Duration) {
    let folder = folder();
    let before = Instant::now();
    let ran = folder.mlc(line.split(' '));
    let took = before.elapsed();
    assert_eq!(ran.code, Some(0), "{line}: {}", ran.stderr);
    (files(&folder), took)
}

#[test]
fn a_command_that_is_ended_leaves_whole_files() {
    let mut r = Random(1);
    for line in COMMANDS {
        let ((after, took), before) = (whole(line), files(&folder()));
        assert!(after != before, "{line} writes something");
        for (signal, _) in SIGNALS.iter().flat_map(|signal| (0..MOMENTS).map(move |i| (signal, i))) {
            let folder = folder();
            let mut command = folder.command(line.split(' '));
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("mlc starts");
            std::thread::sleep(took.mul_f64(r.within(0, 1000) as f64 / 900.0));
            let kill = ["-s", signal, &child.id().to_string()].map(str::to_string);
            // It may have ended.
            Command::new("kill").args(kill).stderr(Stdio::null()).status().expect("there is kill");
            child.wait().expect("it ends");
            for (name, content) in files(&folder) {
                let is_temporary = name.split('/').any(|part| part.starts_with(TEMPORARY));
                if is_temporary {
                    assert_eq!(*signal, "KILL", "{line}: {name} is left");
                    continue;
                }
                let is_whole = before.get(&name) == Some(&content) || after.get(&name) == Some(&content);
                // A training that is ended leaves the best network so far.
                let is_model = || line.starts_with("train") && folder.mlc(["inspect", &name]).code == Some(0);
                assert!(is_whole || is_model(), "{line}, ended by {signal}: {name} is there in part");
            }
            for name in before.keys() {
                assert!(folder.path(name).is_file(), "{line}, ended by {signal}: {name} is gone");
            }
        }
    }
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    // No file may have a byte, as on a disk that is full.
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"";
    for line in COMMANDS {
        let folder = folder();
        let before = files(&folder);
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_mlc")]).args(line.split(' '));
        let output = command.current_dir(folder.path("")).stdin(Stdio::null()).output().expect("there is sh");
        let said = String::from_utf8(output.stderr).expect("mlc writes text");
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
        assert!(said.contains("cannot be written: "), "{line}: {said}");
        assert!(files(&folder) == before, "{line}: {:?}", folder.names());
    }
}
