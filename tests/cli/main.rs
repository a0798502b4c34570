//! The `mlc` binary from outside: what it prints, its exit codes, and what it leaves on the disk.

#[allow(dead_code, reason = "other tests make headers that are wrong")]
#[path = "../support/arrays.rs"]
mod arrays;
mod avr;
mod bench;
mod c99;
mod called;
mod calling;
mod compile;
mod cpm;
mod data;
mod diff;
mod errors;
mod errors_page;
mod eval;
mod faults;
mod files;
#[path = "../support/flat.rs"]
mod flat;
mod forest;
mod help;
mod import;
mod json;
mod limit;
mod manual;
mod measured;
mod models;
mod newcomer;
#[path = "../support/parts.rs"]
mod parts;
mod plan;
mod profile;
mod project;
#[path = "../support/random.rs"]
mod random;
mod records;
mod run;
mod sensors;
#[allow(dead_code, reason = "its queries are for other tests")]
#[path = "../support/sequence.rs"]
mod sequence;
mod sequence_labels;
#[path = "../support/shared.rs"]
mod shared;
mod spectrum;
mod streams;
mod sweep;
mod talk;
mod tape;
mod targets;
#[path = "../support/tflite.rs"]
mod tflite;
mod tools;
mod train;
mod train_baselines;
mod train_floats;
mod train_numbers;
mod train_options;
mod train_sequence;
mod train_snapshot;
mod train_tables;
mod verify;
mod weights;

use random::Random;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a run of `mlc` gave.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("mlc writes UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ran {
    /// Standard output of a run that succeeded.
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout
    }

    /// Standard error of a run that ended with `code` and printed no result.
    #[track_caller]
    fn fails(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""), "{}", self.stderr);
        self.stderr
    }
}

/// What `--json` printed.
fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("it is JSON")
}

/// Lines that were folded at 80 columns, whole again.
fn unfolded(text: &str) -> String {
    text.replace("\n  ", " ")
}

/// A folder of its own to run `mlc` in; gone at the end.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("the system has a folder for temporary files"))
    }

    /// With a small chat model in `model.ron`.
    fn with_chat() -> Self {
        let folder = Self::new();
        folder.write("model.ron", models::text(&models::chat()));
        folder
    }

    /// With a small classifier in `sorter.ron` as well.
    fn with_models() -> Self {
        let folder = Self::with_chat();
        folder.write("sorter.ron", models::text(&models::classifier()));
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("folders can be made");
        std::fs::write(path, content).expect("files can be written");
        self
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("the file is text")
    }

    /// Names of all files and folders, sorted, hidden ones included.
    fn names(&self) -> Vec<String> {
        fn walk(folder: &Path, prefix: &str, names: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).expect("the folder can be read") {
                let entry = entry.expect("the folder can be read");
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.path().is_dir() {
                    walk(&entry.path(), &format!("{name}/"), names);
                }
                names.push(name);
            }
        }
        let mut names = Vec::new();
        walk(self.0.path(), "", &mut names);
        names.sort();
        names
    }

    fn command<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mlc"));
        command.args(args).current_dir(self.0.path()).stdin(Stdio::null());
        ["COLUMNS", "NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR"].iter().for_each(|name| {
            command.env_remove(name);
        });
        command
    }

    fn mlc<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Ran {
        self.command(args).output().expect("mlc starts").into()
    }

    /// With `input` on a pipe.
    fn piped(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("mlc starts");
        let mut pipe = child.stdin.take().expect("it is a pipe");
        let input = input.to_vec();
        let writer = std::thread::spawn(move || pipe.write_all(&input));
        let ran = child.wait_with_output().expect("mlc ends").into();
        // A program that ends early does not read everything; that is no failure of the test.
        let _ = writer.join().expect("the writer does not panic");
        ran
    }
}
