//! `mlc.ron`: many programs at once, and checks of them.

use crate::{Folder, json, models};
use insta::assert_snapshot;

const PROJECT: &str = "(\n    models: [\"model.ron\", \"sorter.ron\"],\n    \
                       targets: [\"z80-cpm\", \"zx48 --optimize size\", \"atmega328p --profile lilypad\"],\n)\n";

fn folder() -> Folder {
    let folder = Folder::with_models();
    folder.write("mlc.ron", PROJECT);
    folder
}

#[test]
fn every_model_is_compiled_for_every_target() {
    let folder = folder();
    let said = folder.mlc(["compile", "--all"]).ok();
    assert_snapshot!("all", said);
    // Each is what the same options give by themselves.
    let alone = |args: &[&str]| folder.mlc([&["compile"], args].concat()).ok();
    alone(&["-o", "a.com", "-o", "a.asm"]);
    assert_eq!(folder.read("build/tiny/z80-cpm/tiny.com"), folder.read("a.com"));
    assert_eq!(folder.read("build/tiny/z80-cpm/tiny.asm"), folder.read("a.asm"));
    alone(&["sorter.ron", "-t", "zx48", "--optimize", "size", "-o", "s.tap"]);
    assert_eq!(folder.read("build/sorter/zx48-optimize-size/sorter.tap"), folder.read("s.tap"));
    alone(&["-t", "atmega328p", "--profile", "lilypad", "-o", "l.hex"]);
    assert_eq!(folder.read("build/tiny/atmega328p-profile-lilypad/tiny.hex"), folder.read("l.hex"));
    let rows = json(&folder.mlc(["compile", "--all", "--json"]).ok());
    assert_eq!(rows.as_array().map(Vec::len), Some(6));
    assert_eq!(rows[0]["image_bytes"], folder.read("a.com").len());
    // A screen that a tape shows is part of the program, and entry points are assembly alone.
    folder.write("s.scr", [0xA5; 6912]);
    let project = "(models: [\"model.ron\"], targets: [\"zx48 --screen s.scr\", \"z80-cpm --no-console\"])";
    folder.write("mlc.ron", project);
    folder.mlc(["compile", "--all"]).ok();
    alone(&["-t", "zx48", "--screen", "s.scr", "-o", "s.tap"]);
    assert_eq!(folder.read("build/tiny/zx48-screen-s.scr/tiny.tap"), folder.read("s.tap"));
    alone(&["--no-console", "-o", "called.asm"]);
    assert_eq!(folder.read("build/tiny/z80-cpm-no-console/tiny.asm"), folder.read("called.asm"));
    assert!(!folder.path("build/tiny/z80-cpm-no-console/tiny.com").exists());
    folder.write("mlc.ron", "(models: [\"model.ron\"], targets: [\"z80-cpm --screen s.scr\"])");
    let refused = folder.mlc(["compile", "--all"]);
    assert!(refused.stderr.contains("--screen is shown by a tape of a ZX Spectrum"), "{}", refused.stderr);
    // A model that mlc brings is one, too.
    folder.write("mlc.ron", "(models: [\"commands\"], targets: [\"zx48\"], options: \"--optimize size\")");
    folder.mlc(["compile", "--all", "-o", "other/"]).ok();
    assert!(folder.path("other/commands/zx48/commands.tap").is_file());
}

#[test]
fn changes_are_reported_and_accepted() {
    let folder = folder();
    let check = || folder.mlc(["compile", "--all", "--check", "golden/"]);
    let first = check();
    assert_eq!(first.code, Some(1), "nothing is kept yet");
    assert!(first.stdout.contains("is not kept yet"), "{}", first.stdout);
    assert!(!folder.path("golden").exists(), "a check writes nothing");
    // What it says is typed as it is.
    let accept = "To accept what is compiled now: mlc ";
    let command = first.stdout.lines().find_map(|line| line.strip_prefix(accept)).expect("it says how");
    folder.mlc(command.split(' ')).ok();
    let equal = check().ok();
    assert_eq!(equal.matches("up to date").count(), 6, "{equal}");
    assert!(!equal.contains("accept"), "{equal}");
    // Line ends are Git's business.
    let assembly = "golden/tiny/zx48-optimize-size/tiny.asm";
    let text = folder.text(assembly);
    folder.write(assembly, text.replace('\n', "\r\n"));
    check().ok();
    let mut changed = models::chat();
    changed.head.name = "tiny".into();
    if let mlc_compiler::model::Body::Layers(layers) = &mut changed.body {
        layers[0].bias[0] += 1;
    }
    folder.write("model.ron", models::text(&changed));
    let before = folder.names();
    let report = check();
    assert_eq!(report.code, Some(1));
    assert_snapshot!("report", report.stdout);
    assert_eq!(folder.names(), before);
    let rows = json(&folder.mlc(["compile", "--all", "--check", "golden/", "--json"]).stdout);
    assert_eq!(
        (&rows[0]["files"][0]["state"], &rows[3]["files"][0]["state"]),
        (&"changed".into(), &"equal".into())
    );
    folder.mlc(["compile", "--all", "-o", "golden/"]).ok();
    check().ok();
    // What is kept and no longer made is named.
    folder.write("mlc.ron", PROJECT.replace("\"z80-cpm\", ", ""));
    let report = check();
    assert_eq!(report.code, Some(1));
    assert!(report.stdout.contains("tiny/z80-cpm"), "{}", report.stdout);
    assert_eq!(report.stdout.matches("no longer in mlc.ron").count(), 3, "{}", report.stdout);
    let rows = json(&folder.mlc(["compile", "--all", "--check", "golden/", "--json"]).stdout);
    assert_eq!(rows[4]["refusal"], "kept, but no longer in mlc.ron");
}

#[test]
fn folders_of_a_full_disk_are_gone() {
    let folder = folder();
    // A file where a folder should be hinders writing as a full disk does.
    folder.write("out/sorter", "in the way");
    folder.mlc(["compile", "--all", "-o", "out/"]).fails(1);
    assert!(!folder.path("out/tiny").exists());
    assert!(folder.path("out/sorter").is_file());
}

#[test]
fn what_does_not_fit_stops_all_of_it() {
    let folder = folder();
    folder.write("huge.ron", models::text(&models::huge()));
    folder.write("mlc.ron", PROJECT.replace("sorter.ron", "huge.ron"));
    let ran = folder.mlc(["compile", "--all"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stdout.contains("huge/z80-cpm  ")
            && ran.stdout.contains("refused")
            && ran.stdout.contains("huge does not fit"),
        "{}",
        ran.stdout
    );
    assert!(!folder.path("build").exists());
    // Two models of one name would take each other's place.
    folder.write("again.ron", folder.text("model.ron"));
    folder.write("mlc.ron", PROJECT.replace("sorter.ron", "again.ron"));
    let said = folder.mlc(["compile", "--all"]).fails(1);
    assert!(said.contains("again.ron would both be in tiny/z80-cpm"), "{said}");
    // Some disks make no difference between large and small letters.
    folder.write("again.ron", folder.text("model.ron").replace("\"tiny\"", "\"Tiny\""));
    let said = folder.mlc(["compile", "--all"]).fails(1);
    assert!(said.contains("again.ron would both be in Tiny/z80-cpm"), "{said}");
    assert!(!folder.path("build").exists());
}

#[test]
fn wrong_projects_are_named() {
    let folder = Folder::with_models();
    let mut said = folder.mlc(["compile", "--all"]).fails(1);
    for text in [
        "(models: [\"model.ron\"], targets: [\"zx49\"])",
        "(models: [\"modle.ron\"], targets: [\"zx48\"])",
        "(models: [\"model.ron\"],\n target: [\"zx48\"])",
        "(models: [\"model.ron\"], targets: [\"zx48 --optimise size\"])",
    ] {
        folder.write("mlc.ron", text);
        said += &folder.mlc(["compile", "--all"]).fails(1);
    }
    folder.write("mlc.ron", PROJECT);
    for args in [
        &["model.ron"][..],
        &["-t", "zx48"],
        &["-o", "a.com"],
        &["--check", "a.com"],
        &["-v"],
        &["--optimize", "size"],
    ] {
        folder.mlc([&["compile", "--all"], args].concat()).fails(2);
    }
    assert_snapshot!("wrong-projects", said);
    assert_eq!(folder.names(), ["mlc.ron", "model.ron", "sorter.ron"]);
}

#[test]
fn the_workflow_is_on_the_page() {
    let page = include_str!("../../docs/command-line.md");
    assert!(page.contains(concat!("```yaml\n", include_str!("../../cli/new/workflow.yml"), "```\n")));
}
