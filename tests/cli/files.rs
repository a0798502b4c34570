//! What is read and written: no output is an input, nothing is read without end, and files are what their names say.

use crate::{Folder, models};
use std::fs;
use std::path::Path;

const PAIRS: &str = "is it raining|YES\nis it sunny|NO\nhello|HI\n";
const SMALL: [&str; 5] = ["--classifier", "--hidden", "4", "--epochs", "2"];

fn tiny() -> Folder {
    let folder = Folder::new();
    folder.write("model.ron", models::text(&models::chat())).write("pairs.txt", PAIRS);
    folder
}

/// A command that would overwrite something is wrong usage and leaves everything as it was. Gives what is said.
#[track_caller]
fn refused(folder: &Folder, args: &[&str]) -> String {
    let content = || -> Vec<_> {
        let file = |name: String| fs::read(folder.path(&name)).ok().map(|bytes| (name, bytes));
        folder.names().into_iter().filter_map(file).collect()
    };
    let before = content();
    let said = folder.mlc(args).fails(2);
    assert_eq!(content(), before, "{args:?}");
    said
}

#[cfg(unix)]
fn links(folder: &Folder, to: &str, soft: &str, hard: &str) {
    std::os::unix::fs::symlink(folder.path(to), folder.path(soft)).expect("links can be made");
    fs::hard_link(folder.path(to), folder.path(hard)).expect("links can be made");
}

#[test]
fn an_output_of_a_training_is_none_of_its_inputs() {
    let folder = tiny();
    folder.write("pairs.ron", PAIRS).write("pairs.csv", PAIRS).write("pairs.json", PAIRS);
    folder.write("train.ron", "(pairs: [\"pairs.ron\"])").write("mine.ron", "(nonsense)");
    for args in [
        &["pairs.ron", "-o", "pairs.ron"][..],
        &["pairs.csv", "--log", "pairs.csv"],
        &["pairs.txt", "pairs.json", "--result", "pairs.json"],
        &["--config", "train.ron", "-o", "train.ron"],
        &["--config", "train.ron", "-o", "pairs.ron"],
    ] {
        let said = refused(&folder, &[&["train"], args, &SMALL[..]].concat());
        let name = args.last().expect("there are arguments");
        let wants = format!(
            "error: {name} is read by this command and would be overwritten: name another file to write\n"
        );
        assert!(said.starts_with(&wants), "{args:?}: {said}");
    }
    let said = refused(&folder, &["train", "pairs.ron", "-o", "./pairs.ron"]);
    assert!(
        said.starts_with(
            "error: ./pairs.ron is pairs.ron, which this command reads: name another file to write\n"
        ),
        "{said}"
    );
    // A sweep is refused before its commands run.
    folder.write("runs/run.ron", PAIRS);
    let said = refused(&folder, &["sweep", "--print", "runs", "runs/run.ron", "--epochs", "2"]);
    assert!(said.contains("runs/run.ron is read by this command"), "{said}");
}

#[cfg(unix)]
#[test]
fn links_hide_no_file() {
    let folder = tiny();
    folder.write("list.ron", PAIRS);
    links(&folder, "list.ron", "soft.ron", "hard.ron");
    links(&folder, "model.ron", "curve.svg", "copy.svg");
    for (output, input) in [("soft.ron", "list.ron"), ("hard.ron", "list.ron"), ("list.ron", "soft.ron")] {
        let said = refused(&folder, &[&["train", input, "-o", output], &SMALL[..]].concat());
        assert!(said.contains(&format!("{output} is {input}, which this command reads")), "{said}");
    }
    for curve in ["curve.svg", "copy.svg"] {
        let said = refused(&folder, &[&["train", "pairs.txt", "--curve", curve], &SMALL[..]].concat());
        let wants = format!("model.ron and {curve} are the same file: each output needs one of its own");
        assert!(said.contains(&wants), "{said}");
    }
}

#[test]
fn the_model_that_training_goes_on_with_may_be_replaced() {
    let folder = tiny();
    let train = |more: &[&str]| folder.mlc([&["train", "pairs.txt", "--epochs", "2"], more].concat());
    train(&["--classifier", "--hidden", "4", "-o", "a.ron"]).ok();
    train(&["--resume", "a.ron", "-o", "a.ron"]).ok();
    train(&["--resume", "-o", "a.ron"]).ok();
    let said = refused(&folder, &["train", "a.ron", "--resume", "a.ron", "-o", "a.ron"]);
    assert!(said.contains("a.ron is read by this command"), "{said}");
}

#[test]
fn no_verb_writes_over_what_it_reads() {
    let folder = tiny();
    let model = models::text(&models::chat());
    folder.write("m.asm", &model).write("q.lst", "hello\n").write("p.png", &model);
    folder.write("t/argmax.asm", "").write("own.ron", models::text(&models::chat()));
    for args in [
        &["import", "own.ron", "-o", "own.ron"][..],
        &["compile", "m.asm", "-o", "m.asm"],
        &["compile", "--calibrate", "q.lst", "-o", "q.lst"],
        &["profile", "model.ron", "--prompts", "q.lst", "-o", "q.lst"],
        &["run", "p.png", "hello", "-t", "zx48", "--screenshot", "p.png"],
        &["data", "dedup", "pairs.txt", "-o", "pairs.txt"],
        &["data", "balance", "pairs.txt", "--count", "2", "-o", "pairs.txt"],
        &["data", "split", "pairs.txt", "-o", "pairs.txt", "--held-out", "rest.txt"],
        &["data", "split", "pairs.txt", "-o", "rest.txt", "--held-out", "pairs.txt"],
    ] {
        let said = refused(&folder, args);
        assert!(said.contains(" is read by this command"), "{args:?}: {said}");
    }
    let said = refused(&folder, &["compile", "--templates", "t", "-o", "t/argmax.asm"]);
    assert!(said.contains("t/argmax.asm is read by this command"), "{said}");
    let said = refused(&folder, &["data", "split", "pairs.txt", "-o", "a", "--held-out", "./a"]);
    assert!(said.contains("a and ./a are the same file"), "{said}");
}

#[test]
fn files_that_are_found_beside_a_program_are_read_as_well() {
    let folder = tiny();
    folder.mlc(["compile", "-o", "t.com", "-o", "t.lst"]).ok();
    let said = refused(&folder, &["profile", "t.com", "hello", "-o", "t.lst"]);
    assert!(said.contains("t.lst is read by this command"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_file_on_standard_input_is_one_that_is_read() {
    let folder = tiny();
    let mut command = folder.command(["data", "dedup", "-", "-o", "pairs.txt"]);
    command.stdin(fs::File::open(folder.path("pairs.txt")).expect("it is there"));
    let said = crate::Ran::from(command.output().expect("mlc starts")).fails(2);
    assert!(said.contains("pairs.txt is standard input, which this command reads"), "{said}");
    assert_eq!(folder.text("pairs.txt"), PAIRS);
}

/// Every option and argument that names a file to read.
#[cfg(target_os = "linux")]
#[test]
fn a_device_has_no_end_so_it_is_not_read() {
    let folder = tiny();
    let link = |name: &str| {
        std::os::unix::fs::symlink("/dev/zero", folder.path(name)).expect("links can be made");
    };
    ["z.ron", "z.com", "z.tap", "z.hex", "t/argmax.asm"].iter().for_each(|name| {
        fs::create_dir_all(folder.path("t")).expect("folders can be made");
        link(name);
    });
    folder.mlc(["compile", "-o", "t.com"]).ok();
    for args in [
        &["inspect", "/dev/zero"][..],
        &["inspect", "z.ron"],
        &["import", "/dev/zero"],
        &["compile", "--target", "z.ron"],
        &["compile", "--calibrate", "/dev/zero"],
        &["compile", "--templates", "t"],
        &["compile", "-t", "atmega328p", "--profile", "z.ron"],
        &["compile", "--check", "z.com"],
        &["run", "z.com"],
        &["run", "z.tap"],
        &["run", "-t", "atmega328p", "z.hex"],
        &["verify", "model.ron", "--prompts", "/dev/zero"],
        &["profile", "t.com", "--symbols", "/dev/zero"],
        &["train", "/dev/zero"],
        &["train", "--config", "z.ron"],
        &["train", "pairs.txt", "--resume", "z.ron"],
        &["eval", "model.ron", "/dev/zero"],
        &["data", "stats", "/dev/zero"],
    ] {
        let said = folder.mlc(args).fails(1);
        assert!(said.contains(": this is a device, not a file\n"), "{args:?}: {said}");
    }
}

#[test]
fn what_is_read_whole_has_a_cap() {
    let folder = tiny();
    let sparse = |name: &str, mebibytes: u64| {
        let file = fs::File::create(folder.path(name)).expect("files can be written");
        file.set_len((mebibytes << 20) + 1).expect("a file may have holes");
    };
    sparse("large.npz", 256);
    sparse("large.ron", 1);
    sparse("large.txt", 16);
    sparse("large.com", 16);
    sparse("large.lst", 64);
    let cases = [
        (&["inspect", "large.npz"][..], "large.npz: larger than 256 MiB, the most that a model may have"),
        (
            &["compile", "-t", "large.ron"],
            "large.ron: larger than 1 MiB, the most that a description may have",
        ),
        (
            &["train", "--config", "large.ron"],
            "large.ron: larger than 1 MiB, the most that settings and results",
        ),
        (
            &["verify", "model.ron", "--prompts", "large.txt"],
            "large.txt: larger than 16 MiB, the most that a list",
        ),
        (&["run", "large.com"], "large.com: larger than 16 MiB, the most that a program may have"),
        (
            &["compile", "--check", "large.lst"],
            "large.lst: larger than 64 MiB, the most that a file that mlc",
        ),
    ];
    for (args, wants) in cases {
        let said = folder.mlc(args).fails(1);
        assert!(said.contains(wants), "{args:?}: {said}");
        assert!(said.ends_with("  help: check that this is the file you mean\n"), "{said}");
    }
    folder.write("spaces.ron", vec![b' '; (65 << 20) + 1]);
    let said = folder.mlc(["inspect", "spaces.ron"]).fails(1);
    assert!(
        said.contains("spaces.ron: larger than 65 MiB, the most that a model written as text may have"),
        "{said}"
    );
}

#[cfg(unix)]
#[test]
fn pipes_are_read_up_to_the_cap() {
    let folder = tiny();
    let model = folder.read("model.ron");
    assert!(folder.piped(&["inspect", "/dev/stdin"], &model).ok().contains("tiny"));
    let verify = ["verify", "model.ron", "--prompts", "/dev/stdin"];
    assert!(folder.piped(&verify, b"hello\n").ok().contains("1 prompt,"));
    let said = folder.piped(&verify, &[b'x'; (16 << 20) + 1]).fails(1);
    assert!(said.contains("/dev/stdin: larger than 16 MiB"), "{said}");
}

#[test]
fn a_line_of_standard_input_ends_somewhere() {
    let folder = tiny();
    for more in [&[][..], &["-t", "reference"], &["--json"]] {
        let args = [&["run", "model.ron"], more].concat();
        let said = folder.piped(&args, &vec![b'x'; 1 << 20]).fails(1);
        assert!(
            said.starts_with(
                "  x standard input: a line of more than 65536 bytes\n  help: write one prompt a line\n"
            ),
            "{said}"
        );
    }
    let long = [vec![b'x'; 1 << 16], b"\n".to_vec()].concat();
    folder.piped(&["run", "model.ron", "-t", "reference"], &long[1..]).ok();
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_file_is_not_missing() {
    let folder = tiny();
    if !Path::new("/proc/version").exists() {
        eprintln!("skipped: there is no /proc");
        return;
    }
    let said = folder.mlc(["compile", "-o", "/proc/a.com"]).fails(1);
    assert!(
        said.contains("/proc/a.com: cannot be written: the system refuses to make a file in this folder\n")
            || said.contains("/proc/a.com: cannot be written: no permission\n"),
        "{said}"
    );
}

#[test]
fn names_say_what_is_written() {
    let folder = tiny();
    for (args, wants) in [
        (&["train", "pairs.txt", "--curve", "x.png"][..], "as SVG: give it a name that ends in .svg"),
        (&["train", "pairs.txt", "--result", "x.txt"], "as JSON: give it a name that ends in .json"),
        (&["train", "pairs.txt", "-o", "pairs.txt"], "as RON: give it a name that ends in .ron"),
        (&["import", "g.npz", "-o", "g.npz"], "as RON: give it a name that ends in .ron"),
        (&["sweep", "--collect", ".", "--curve", "x.pdf"], "as SVG: give it a name that ends in .svg"),
        (
            &["run", "model.ron", "hi", "-t", "zx48", "--screenshot", "a.jpg"],
            "as PNG: give it a name that ends in .png",
        ),
        (
            &["data", "dedup", "pairs.txt", "-o", "x.gz"],
            "as plain text: give it a name that does not end in .gz",
        ),
    ] {
        let said = refused(&folder, args);
        assert!(said.contains(&format!("it is written {wants}\n")), "{args:?}: {said}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_that_is_not_there_yet_is_that_file() {
    use std::os::unix::fs::symlink;
    let folder = tiny();
    for (option, link) in [("--curve", "late.svg"), ("--log", "late.csv"), ("--result", "late.json")] {
        symlink("new.ron", folder.path(link)).expect("links can be made");
        let args = ["train", "pairs.txt", "-o", "new.ron", option, link];
        let said = refused(&folder, &[&args, &SMALL[..]].concat());
        assert!(said.contains(" are the same file: each output needs one of its own"), "{said}");
    }
    // What is written goes behind the link, which stays one.
    symlink("behind.com", folder.path("link.com")).expect("links can be made");
    folder.mlc(["compile", "-o", "link.com"]).ok();
    assert!(folder.path("link.com").is_symlink() && folder.path("behind.com").is_file());
}
