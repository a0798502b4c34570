//! `mlc compile -o FILE.c` and `-o FILE.zip`. Whether the C is right is for `tests/c99`.

use crate::{Folder, models};

#[test]
fn code_and_header_or_a_library() {
    let folder = Folder::new();
    folder.write("model.ron", models::text(&models::chat()));
    let said = folder.mlc(["compile", "-o", "net.c", "-o", "lib.zip"]).ok();
    let name = models::chat().head.name.replace('-', "_");
    assert!(
        folder.text("net.c").contains(&format!("#include \"{name}.h\"")),
        "the header is beside the code"
    );
    assert!(folder.text(&format!("{name}.h")).contains(&format!("int {name}_next(")));
    assert!(folder.read("lib.zip").starts_with(b"PK"));
    assert!(said.contains(" bytes of constants, "), "{said}");
    let again = Folder::new();
    again.write("model.ron", models::text(&models::chat()));
    again.mlc(["compile", "-o", "lib.zip"]).ok();
    assert_eq!(again.read("lib.zip"), folder.read("lib.zip"), "no time stamp gets into the archive");
}

#[test]
fn c_has_no_target_so_it_comes_alone() {
    let folder = Folder::new();
    folder.write("model.ron", models::text(&models::chat()));
    for more in [["-o", "net.com"], ["--emit", "plan"], ["--print-after", "all"]] {
        let said = folder.mlc([&["compile", "-o", "net.c"], &more[..]].concat()).fails(2);
        assert!(said.contains("C has no target"), "{said}");
    }
    assert_eq!(folder.names(), ["model.ron"]);
}

#[test]
fn files_can_be_checked_with_their_header() {
    let folder = Folder::new();
    folder.write("model.ron", models::text(&models::chat()));
    folder.mlc(["compile", "-o", "net.c"]).ok();
    folder.mlc(["compile", "-o", "lib.zip"]).ok();
    let check = |file: &str| folder.mlc(["compile", "--check", file]);
    assert_eq!(check("net.c").ok(), "net.c: up to date\ntiny.h: up to date\n");
    assert_eq!(check("lib.zip").ok(), "lib.zip: up to date\n");
    folder
        .write("tiny.h", folder.text("tiny.h").replace("MAX_REPLY 5", "MAX_REPLY 6"))
        .write("lib.zip", "PK");
    let ran = check("net.c");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.starts_with("net.c: up to date\n--- tiny.h\n+++ as compiled now\n"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("\n-#define TINY_MAX_REPLY 6\n+#define TINY_MAX_REPLY 5\n"),
        "{}",
        ran.stdout
    );
    let ran = check("lib.zip");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.starts_with("lib.zip: differs from byte 2 on; it has 2 bytes, as compiled now "));
    assert_eq!(folder.names(), ["lib.zip", "model.ron", "net.c", "tiny.h"]);
}

#[test]
fn a_model_called_as_a_header_gets_another_name() {
    let folder = Folder::new();
    let model = models::text(&models::chat()).replace("\"tiny\"", "\"stdint\"");
    folder.write("model.ron", model).mlc(["compile", "-o", "net.c"]).ok();
    assert_eq!(folder.names(), ["model.ron", "net.c", "net_stdint.h"]);
    let code = folder.text("net.c");
    assert!(code.contains("#include \"net_stdint.h\"") && code.contains("int net_stdint_next("), "{code}");
}

#[test]
fn own_templates_of_c_count_as_well() {
    let folder = Folder::new();
    folder
        .write("model.ron", models::text(&models::chat()))
        .write("own/c99/network.h", "/* mine {{ name }} */\n");
    folder.mlc(["compile", "--templates", "own", "-o", "net.c"]).ok();
    assert_eq!(folder.text("tiny.h"), "/* mine tiny */\n");
}

#[test]
fn two_copies_share_a_header_and_the_header_is_no_input() {
    let folder = Folder::new();
    let model = models::text(&models::chat());
    folder.write("tiny.h", &model).write("model.ron", &model);
    let said = folder.mlc(["compile", "tiny.h", "-o", "t.c"]).fails(2);
    assert!(said.contains("tiny.h is read by this command and would be overwritten"), "{said}");
    assert_eq!(folder.text("tiny.h"), model);
    folder.mlc(["compile", "-o", "a.c", "-o", "b.c"]).ok();
    assert_eq!(folder.read("a.c"), folder.read("b.c"));
}
