//! Targets: those that mlc brings, and one of docs/add-a-target.md.

use crate::Folder;
use serde_json::Value;

/// The description on the page, as a reader would copy it.
fn description() -> &'static str {
    let page = include_str!("../../docs/add-a-target.md");
    let from = page.find("```ron\n(\n    name: \"small-cpm\"").expect("the page has the description");
    let text = &page[from + "```ron\n".len()..];
    &text[..text.find("```").expect("the block ends")]
}

#[test]
fn a_machine_with_less_memory_is_a_file() {
    let folder = Folder::with_chat();
    folder.write("small-cpm.ron", description());
    let wants = folder.mlc(["run", "--target", "reference", "model.ron", "hello"]).ok();
    assert_eq!(folder.mlc(["run", "--target", "small-cpm.ron", "model.ron", "hello"]).ok(), wants);
    let said = folder.mlc(["verify", "model.ron", "--target", "small-cpm.ron", "--random", "5"]).ok();
    assert!(said.contains(" on small-cpm: ") && said.ends_with(": all equal\n"), "{said}");
    let bench = folder.mlc(["bench", "model.ron", "--target", "small-cpm.ron", "--json"]).ok();
    let value: Value = serde_json::from_str(&bench).expect("it is JSON");
    assert_eq!((&value["target"], &value["clock_hz"]), (&"small-cpm".into(), &2_000_000.into()));
    folder.mlc(["compile", "--target", "small-cpm.ron", "-o", "t.com"]).ok();
    assert_eq!(folder.mlc(["run", "t.com", "hello", "--target", "small-cpm.ron"]).ok(), wants);
    // Its BDOS lies where the file says, and a program for a larger machine notices.
    folder.write("tiny-cpm.ron", description().replace("0xAC06", "0x0C06").replace("0xA380", "0x0380"));
    let said = folder.mlc(["compile", "--target", "tiny-cpm.ron"]).fails(1);
    assert!(said.contains("2822 bytes are free there"), "{said}");
}

#[test]
fn wrong_descriptions_are_named() {
    let folder = Folder::with_chat();
    let refused = |from: &str, to: &str| {
        folder.write("wrong.ron", description().replace(from, to));
        folder.mlc(["compile", "--target", "wrong.ron"]).fails(1)
    };
    let said = [
        refused("[Com]", "[]"),
        refused("[Com]", "[Tap]"),
        refused("cpu: Z80,", "cpu: Z80, contended: Some((5, 4)),"),
        refused("0xA380", "0xB380"),
    ];
    insta::assert_snapshot!("wrong-descriptions", said.join(""));
}

#[test]
fn damaged_disks_and_tapes_are_named() {
    let folder = Folder::with_chat();
    folder.mlc(["compile", "--target", "cpc464", "-o", "t.dsk", "-o", "t.cdt"]).ok();
    let cut = |name: &str, length: usize| {
        folder.write(&format!("cut-{name}"), &folder.read(name)[..length]);
        folder.mlc(["run", &format!("cut-{name}")]).fails(1)
    };
    let texts = [cut("t.dsk", 100), cut("t.dsk", 5000), cut("t.cdt", 5), cut("t.cdt", 400)];
    let wrong = folder.mlc(["compile", "--target", "z80-cpm", "-o", "t.dsk"]).fails(2);
    assert!(wrong.contains("t.dsk: z80-cpm loads .com"), "{wrong}");
    insta::assert_snapshot!("damaged-cpc-files", texts.join(""));
}

#[test]
fn the_cpc_answers_like_the_reference() {
    let folder = Folder::with_chat();
    let wants = folder.mlc(["run", "--target", "reference", "model.ron", "hello"]).ok();
    assert_eq!(folder.mlc(["run", "--target", "cpc464", "model.ron", "hello"]).ok(), wants);
    folder.mlc(["compile", "--target", "cpc464"]).ok();
    assert!(folder.names().iter().any(|name| name.ends_with("/cpc464/tiny.dsk")), "{:?}", folder.names());
    let files = ["-o", "t.dsk", "-o", "T.CDT", "-o", "t.bin"];
    let said = folder.mlc(["compile", "--target", "cpc464"].into_iter().chain(files)).ok();
    assert!(said.contains("\nt.dsk: 194,816 bytes; on the machine type RUN\"TINY\nT.CDT: "), "{said}");
    assert!(said.contains(" bytes; on the machine type RUN\"\nt.bin: "), "{said}");
    for file in ["t.dsk", "T.CDT", "t.bin"] {
        assert_eq!(
            folder.mlc(["run", file, "hello"]).ok(),
            format!("tiny. Type a line; ! ends.\n> \n{wants}> \n"),
            "{file}"
        );
    }
    assert_eq!(
        folder.piped(&["run", "t.dsk"], b"hello\n!\n").ok(),
        format!("tiny. Type a line; ! ends.\n> \n{wants}> \n")
    );
    let said = folder.mlc(["verify", "model.ron", "--target", "cpc464", "--random", "10"]).ok();
    assert!(said.ends_with(": all equal\n"), "{said}");
}
