//! `mlc compile --no-console`: what is written, and what is refused.

use crate::{Folder, unfolded};

#[test]
fn a_network_without_a_console_is_assembly_alone() {
    let folder = Folder::with_models();
    let said = folder.mlc(["compile", "model.ron", "--no-console", "-o", "net.asm"]).ok();
    assert!(unfolded(&said).contains("its first lines have what a program calls that includes it"), "{said}");
    let text = folder.text("net.asm");
    assert!(text.contains("\nnet_run:\n") && text.contains("net_logits"), "{text}");
    assert!(
        !text.contains("bdos") && !text.lines().any(|line| line.trim_start().starts_with("org ")),
        "{text}"
    );
    let said = folder.mlc(["compile", "-t", "atmega328p", "model.ron", "--no-console", "-o", "net.S"]).ok();
    assert!(said.contains("avr-gcc -mmcu=atmega328p -Os net.S main.c -o main.elf"), "{said}");
    assert!(!folder.text("net.S").contains("UDR"));
}

#[test]
fn there_is_no_image_without_a_console() {
    let folder = Folder::with_models();
    let compile =
        |target, file| folder.mlc(["compile", "model.ron", "--no-console", "-t", target, "-o", file]);
    for file in ["a.com", "a.html"] {
        let said = unfolded(&compile("z80-cpm", file).fails(2));
        assert!(said.contains("without a console there is no program: write NAME.asm"), "{said}");
    }
    let said = unfolded(&compile("atmega328p", "a.hex").fails(2));
    assert!(said.contains("is called from C: write NAME.S"), "{said}");
    let said = folder.mlc(["compile", "model.ron", "--no-console", "-o", "a.c"]).fails(2);
    assert!(unfolded(&said).contains("C never has a console: leave --no-console out"), "{said}");
}
