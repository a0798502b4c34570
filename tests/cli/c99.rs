//! `mlc compile -o FILE.c` and `-o FILE.zip`. Whether the C is right is for `tests/c99`.

use crate::{Folder, models};

#[test]
fn code_and_header_or_a_library() {
    let folder = Folder::new();
    folder.write("model.ron", models::text(&models::chat()));
    let said = folder.mlc(["compile", "-o", "net.c", "-o", "lib.zip"]).ok();
    let name = models::chat().name.replace('-', "_");
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
