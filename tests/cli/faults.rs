//! Every command that writes, ended at any moment, on a disk that is full, in a folder that is read only or that vanishes: no file
//! is there in part.
#![cfg(unix)]

use crate::{Folder, Random};
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
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

/// How a program begins that may not write into folders of others: root may, so it becomes somebody else.
fn as_nobody(program: &Path) -> Command {
    let id = Command::new("id").arg("-u").output().expect("there is id");
    if id.stdout != b"0\n" {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    command
}

#[test]
fn a_folder_that_is_read_only_stays_as_it_was() {
    // Where the program lies at home, nobody else may look.
    let bin = Folder::new();
    std::fs::copy(env!("CARGO_BIN_EXE_mlc"), bin.path("mlc")).expect("there is room");
    let may = |folder: &Folder, mode: u32| {
        let some = folder.names().into_iter().map(|name| folder.path(&name)).filter(|path| path.is_dir());
        for path in some.chain([folder.path("")]) {
            std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
        }
    };
    may(&bin, 0o755);
    for line in COMMANDS {
        let folder = folder();
        let before = files(&folder);
        may(&folder, 0o555);
        let mut command = as_nobody(&bin.path("mlc"));
        let output = command.args(line.split(' ')).current_dir(folder.path("")).stdin(Stdio::null()).output();
        may(&folder, 0o755);
        let output = output.expect("there is setpriv");
        let said = String::from_utf8(output.stderr).expect("mlc writes text");
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
        assert!(said.contains("cannot be written: no permission"), "{line}: {said}");
        assert!(files(&folder) == before, "{line}: {:?}", folder.names());
    }
}

#[test]
fn what_vanishes_is_missed_or_not_needed_any_more() {
    let mut r = Random(2);
    for line in COMMANDS {
        let (_, took) = whole(line);
        for all in [false, true].repeat(MOMENTS) {
            let folder = folder();
            let mut command = folder.command(line.split(' '));
            let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("mlc starts");
            std::thread::sleep(took.mul_f64(r.within(0, 1000) as f64 / 900.0));
            // The folder as a whole, or the files in it. What is written at this moment may be left.
            if all {
                std::fs::remove_dir_all(folder.path("")).unwrap_or_default();
            } else {
                // They come and go while they are listed.
                let entries = std::fs::read_dir(folder.path("")).expect("the folder is there");
                let files = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file());
                files.for_each(|path| std::fs::remove_file(path).unwrap_or_default());
            }
            let output = child.wait_with_output().expect("it ends");
            let said = String::from_utf8(output.stderr).expect("mlc writes text");
            let is_told = output.status.code() == Some(1) && !said.is_empty();
            assert!(output.status.code() == Some(0) || is_told, "{line}: {:?} {said}", output.status);
            assert!(!said.contains("bug in mlc"), "{line}: {said}");
        }
    }
}
