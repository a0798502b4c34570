//! `mlc import` and `mlc compile`.

use crate::{Folder, models};
use mlc_compiler::weights::Form;

#[test]
fn import_writes_a_model_and_says_so() {
    let folder = Folder::new();
    folder.write("two.npz", models::npz([1, 0, -2, 1], "a\0"));
    let said = folder.mlc(["import", "two.npz", "--query-buckets", "1", "--about", "Two of them."]).ok();
    let size = folder.read("model.ron").len();
    assert_eq!(said, format!("model.ron: two, chat 2→2, 4 weights, 75 % of them not zero, {size} bytes\n"));
    assert!(folder.text("model.ron").contains("about: \"Two of them.\""));
    let said = folder.mlc(["import", "two.npz", "--labels", "no,yes", "--name", "both", "-o", "b.ron"]).ok();
    assert!(said.starts_with("b.ron: both, classifier 2→2, "), "{said}");
}

#[test]
fn options_say_what_safetensors_do_not() {
    let header = r#"{"fc1.weight":{"dtype":"I8","shape":[2,2],"data_offsets":[0,4]},"fc1.bias":{"dtype":"I16","shape":[2],"data_offsets":[4,8]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend([1, 0, 0xFE, 1, 5, 0, 0, 0]);
    let folder = Folder::new();
    folder.write("net.safetensors", bytes);
    let said = folder.mlc(["import", "net.safetensors", "--labels", "no,yes", "--name", "pair"]).ok();
    assert!(said.starts_with("model.ron: pair, classifier 2→2, 4 weights"), "{said}");
}

#[test]
fn importing_a_model_again_changes_nothing() {
    let folder = Folder::with_chat();
    let text = folder.text("model.ron");
    folder
        .write("loose.ron", text.replace("\n    ", "\n  "))
        .mlc(["import", "loose.ron", "-o", "again.ron"])
        .ok();
    assert_eq!(folder.text("again.ron"), text);
}

#[test]
fn everything_goes_to_the_build_folder() {
    let folder = Folder::with_chat();
    let said = folder.mlc(["compile"]).ok();
    let files = ["asm", "com", "lst", "map"].map(|e| format!("build/tiny/z80-cpm/tiny.{e}"));
    let mut wants: Vec<String> =
        ["build", "build/tiny", "build/tiny/z80-cpm", "model.ron"].map(Into::into).into();
    wants.extend(files.clone());
    wants.sort();
    assert_eq!(folder.names(), wants);
    for file in &files {
        assert!(said.contains(&format!("{file}: ")), "{said}");
    }
}

/// What was made, in ten lines; more of it on request.
#[test]
fn compile_says_little_unless_it_is_asked() {
    let folder = Folder::with_models();
    let said = |more: &[&str]| folder.mlc([&["compile"], more].concat()).ok();
    let passes = |said: &str| {
        ["split", "hoist", "range", "dead"].iter().all(|pass| said.contains(&format!("\n{pass} ")))
    };
    let plan = |said: &str| said.contains("layer stage ") && said.contains("  taken\n");
    for (target, file) in
        [("z80-cpm", "com"), ("zx48", "tap"), ("cpc464", "dsk"), ("msx", "rom"), ("atmega328p", "hex")]
    {
        let quiet = said(&["-t", target]);
        assert!(quiet.lines().count() <= 10, "{quiet}");
        // The command that flashes is one line.
        let mut lines = quiet.lines().filter(|line| !line.starts_with("avrdude "));
        assert!(lines.all(|line| line.chars().count() <= 80), "{quiet}");
        assert!(quiet.starts_with(&format!("tiny for {target}: ")), "{quiet}");
        assert!(quiet.contains("\npredicted: "), "{quiet}");
        assert!(!passes(&quiet) && !plan(&quiet), "{quiet}");
        // What it says next is a command that works.
        let next = quiet.lines().last().and_then(|line| line.strip_prefix("next: mlc ")).expect("a command");
        assert!(next.contains(&format!("tiny.{file}")), "{next}");
        assert!(!folder.mlc(next.split(' ')).ok().is_empty());
    }
    let (some, all) = (said(&["-v"]), said(&["-vv"]));
    assert!(passes(&some) && !plan(&some), "{some}");
    assert!(passes(&all) && plan(&all), "{all}");
    assert!(all.ends_with(&said(&[])), "{all}");
    assert_eq!(all, said(&["--verbose", "-v", "-v"]));
    for other in [&["--json"][..], &["--emit", "asm"], &["--check", "a.asm"]] {
        folder.mlc([&["compile", "-v"], other].concat()).fails(2);
    }
    insta::assert_snapshot!("quiet", said(&["sorter.ron", "-o", "s.com"]));
}

#[test]
fn models_are_found_by_file_folder_and_name() {
    let folder = Folder::new();
    folder.write("models/tiny/model.ron", models::text(&models::chat()));
    for named in ["models/tiny/model.ron", "models/tiny", "tiny"] {
        assert!(folder.mlc(["compile", named, "-o", "t.com"]).code == Some(0), "{named}");
    }
    // A folder without a model does not hide the model of that name.
    folder.write("tiny/notes.txt", "");
    assert_eq!(folder.mlc(["compile", "tiny", "-o", "t.com"]).code, Some(0));
}

#[test]
fn the_extension_decides_and_the_same_input_gives_the_same_bytes() {
    let folder = Folder::with_chat();
    let kinds = ["com", "asm", "lst", "map", "ir", "plan"];
    let args = kinds.iter().flat_map(|kind| ["-o".to_string(), format!("a.{kind}")]);
    folder.mlc(["compile".to_string()].into_iter().chain(args)).ok();
    for kind in ["asm", "lst", "map", "ir", "plan"] {
        let written = folder.text(&format!("a.{kind}"));
        assert!(!written.is_empty());
        assert_eq!(folder.mlc(["compile", "--emit", kind]).ok(), written, "--emit {kind}");
    }
    assert_eq!(folder.read("a.com")[0..1], folder.read("a.com")[0..1]);
    folder.mlc(["compile", "-o", "b.COM"]).ok();
    assert_eq!(folder.read("a.com"), folder.read("b.COM"));
    assert_eq!(folder.names().len(), kinds.len() + 2, "{:?}", folder.names());
}

#[test]
fn a_failure_leaves_nothing_behind() {
    let folder = Folder::with_chat();
    let before = folder.write("old.asm", "old").names();
    let ran = folder.mlc(["compile", "-o", "new.com", "-o", "old.asm", "-o", "nowhere/new.lst"]);
    assert!(ran.fails(1).contains("nowhere/new.lst: cannot be written"));
    assert_eq!(folder.names(), before);
    assert_eq!(folder.text("old.asm"), "old");
}

#[cfg(unix)]
#[test]
fn outputs_have_ordinary_permissions_and_links_stay() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with_chat();
    folder.write("real.asm", "old").write("plain", "");
    std::os::unix::fs::symlink("real.asm", folder.path("link.asm")).expect("links can be made");
    folder.mlc(["compile", "-o", "link.asm"]).ok();
    assert!(folder.path("link.asm").is_symlink());
    assert!(folder.text("real.asm").starts_with("; tiny for z80-cpm"));
    let mode = |name| std::fs::metadata(folder.path(name)).expect("it is there").permissions().mode();
    assert_eq!(mode("real.asm"), mode("plain"));
}

#[test]
fn check_compares_and_shows_a_diff() {
    let folder = Folder::with_chat();
    folder.mlc(["compile", "-o", "tiny.asm"]).ok();
    let before = folder.names();
    assert_eq!(folder.mlc(["compile", "--check", "tiny.asm"]).ok(), "tiny.asm: up to date\n");
    let text = folder.text("tiny.asm");
    let line = text.lines().position(|l| l.starts_with("bdos ")).expect("the program calls the BDOS");
    folder.write("tiny.asm", text.replace("bdos            equ 0005h", "bdos            equ 0006h"));
    let ran = folder.mlc(["compile", "--check", "tiny.asm"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let head = format!("--- tiny.asm\n+++ as compiled now\n@@ -{0},7 +{0},7 @@\n", line + 1 - 3);
    assert!(ran.stdout.starts_with(&head), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("\n-bdos            equ 0006h\n+bdos            equ 0005h\n"),
        "{}",
        ran.stdout
    );
    assert_eq!(folder.names(), before);
}

#[test]
fn check_goes_by_the_kind_of_the_file() {
    let folder = Folder::with_chat();
    let kinds = ["com", "asm", "lst", "map", "ir", "plan"].map(|kind| format!("t.{kind}"));
    let outputs = kinds.iter().flat_map(|file| ["-o", file]);
    folder.mlc(["compile"].into_iter().chain(outputs)).ok();
    for file in &kinds {
        assert_eq!(folder.mlc(["compile", "--check", file]).ok(), format!("{file}: up to date\n"));
    }
    folder.write("t.com", &folder.read("t.com")[..100]);
    let ran = folder.mlc(["compile", "--check", "t.com"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("t.com: differs from byte 100 on; it has 100 bytes, as compiled now "));
    let said = folder.mlc(["compile", "--check", "t.txt"]).fails(2);
    assert!(said.contains("the extension decides what is written: .com, "), "{said}");
    for option in ["--check", "-o"] {
        let said = folder.mlc(["compile", option, "t.S"]).fails(2);
        assert!(said.contains("t.S: .S is assembly for AVR chips; that of z80-cpm is .asm\n"), "{said}");
    }
}

#[test]
fn check_tells_line_ends_from_other_differences() {
    let folder = Folder::with_chat();
    folder.mlc(["compile", "-o", "t.asm"]).ok();
    let text = folder.text("t.asm");
    let crlf = text.replace('\n', "\r\n");
    folder.write("t.asm", &crlf);
    let ran = folder.mlc(["compile", "--check", "t.asm"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert_eq!(
        ran.stdout,
        "t.asm: only its line ends differ: they are CRLF, those written are LF\n\
         Git does that with core.autocrlf; `*.asm text eol=lf` in .gitattributes keeps LF\n"
    );
    let ran = folder.mlc(["compile", "--check", "t.asm", "--json"]);
    assert_eq!(ran.stdout, "{\"file\":\"t.asm\",\"equal\":false,\"only_line_ends\":true}\n");
    assert!(ran.stderr.contains("run the same command with -o in place of --check"), "{}", ran.stderr);
    folder.write("t.asm", crlf.replacen("bdos            equ 0005h", "bdos            equ 0006h", 1));
    let ran = folder.mlc(["compile", "--check", "t.asm"]);
    assert!(
        ran.stdout.starts_with("t.asm: its line ends are CRLF, those written are LF; what else differs:\n")
    );
    assert_eq!(ran.stdout.lines().filter(|line| line.starts_with(['-', '+'])).count(), 4, "{}", ran.stdout);
}

#[test]
fn templates_may_include_others_that_mlc_has_not() {
    let folder = Folder::with_chat();
    let cpm = include_str!("../../runtime-z80/cpm.asm");
    folder
        .write("own/cpm.asm", format!("{cpm}\n{{% include \"more.asm\" %}}\n"))
        .write("own/more.asm", "; more\n");
    folder.write("own/.gitignore", "").mlc(["compile", "--templates", "own", "-o", "t.asm"]).ok();
    assert!(folder.text("t.asm").contains("; more\n"));
}

#[test]
fn passes_can_be_watched() {
    let folder = Folder::with_chat();
    let all = folder.mlc(["compile", "--print-after", "all", "-o", "t.com"]).ok();
    for pass in ["build", "split", "hoist", "range", "dead"] {
        assert!(all.contains(&format!("; after {pass}: ")), "{pass}");
    }
    let one = folder.mlc(["compile", "--print-after", "hoist", "-o", "t.com"]).ok();
    assert_eq!(one.matches("; after ").count(), 1);
}

#[test]
fn encodings_can_be_forced() {
    let folder = Folder::with_chat();
    for encoding in Form::ALL.map(Form::name) {
        let said = folder.mlc(["compile", "--encoding", encoding, "--json"]).ok();
        // Kernels look sums up where a layer reads another one.
        let stages = if encoding == "planes" { 1 } else { 3 };
        assert_eq!(said.matches(&format!("\"encoding\": \"{encoding}\"")).count(), stages, "{said}");
    }
    folder.write("one.ron", models::text(&models::one_layer()));
    let said = folder.mlc(["compile", "one.ron", "--encoding", "planes"]).fails(1);
    assert!(said.contains("no layer of this model can have planes weights"), "{said}");
    let said = folder.mlc(["compile", "--layer", "1=planes"]).fails(1);
    assert!(said.contains("fc1_query cannot have planes weights: it can have packed, "), "{said}");
}

#[test]
fn neurons_that_can_wrap_are_named_five_at_most() {
    let folder = Folder::new();
    folder.write("model.ron", models::text(&models::wrapping()));
    let ran = folder.mlc(["compile", "-o", "w.com"]);
    assert_eq!(ran.code, Some(0));
    let wants: String = (0..5)
        .map(|n| format!("warning: fc2, neuron {n}: its sum can reach 0..130048 and wraps at 16 bits\n"))
        .collect();
    assert_eq!(ran.stderr, format!("{wants}warning: and 3 more\n"));
}

#[test]
fn json_says_what_was_done() {
    let folder = Folder::with_chat();
    let said = folder.mlc(["compile", "--json", "-o", "t.com"]).ok();
    let value: serde_json::Value = serde_json::from_str(&said).expect("it is JSON");
    assert_eq!(value["model"], "tiny");
    assert_eq!(value["target"], "z80-cpm");
    assert_eq!(value["image_bytes"], folder.read("t.com").len());
    assert_eq!(value["files"][0]["path"], "t.com");
    assert_eq!(value["passes"][0]["pass"], "build");
    assert_eq!(value["stages"].as_array().map(Vec::len), Some(3));
    assert!(value["predicted_cycles_a_step"].as_f64().is_some_and(|t| t > 0.0));
}

#[test]
fn templates_can_be_replaced() {
    let folder = Folder::with_chat();
    let cpm = include_str!("../../runtime-z80/cpm.asm").replace("not enough memory", "too little memory");
    folder.write("own/cpm.asm", cpm).mlc(["compile", "--templates", "own", "-o", "t.asm"]).ok();
    assert!(folder.text("t.asm").contains("too little memory"));
}

#[test]
fn a_reader_that_leaves_early_ends_it_quietly_but_not_as_a_success() {
    let folder = Folder::with_chat();
    let mut child = folder
        .command(["compile", "--emit", "lst"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("mlc starts");
    // Closed before anything was read.
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("mlc ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(141), &b""[..]));
}

#[cfg(unix)]
#[test]
fn devices_pipes_and_protected_files_are_not_replaced() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    let folder = Folder::with_chat();
    let said = folder.mlc(["compile", "-o", "talk.com"]).ok();
    assert!(said.contains("talk.com"), "{said}");
    let path = folder.path("talk.com");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).expect("it is ours");
    let before = folder.read("talk.com");
    let said = folder.mlc(["compile", "--encoding", "packed", "-o", "talk.com"]).fails(1);
    assert!(said.contains("this file is read-only"), "{said}");
    assert_eq!(folder.read("talk.com"), before);
    std::os::unix::fs::symlink("/dev/null", folder.path("null.com")).expect("a link");
    let said = folder.mlc(["compile", "-o", "null.com"]).fails(1);
    assert!(said.contains("this is a device or a pipe"), "{said}");
    let null = std::fs::metadata("/dev/null").expect("it is there");
    assert!(null.file_type().is_char_device(), "/dev/null is still a device");
}
