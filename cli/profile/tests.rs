//! Tests of names and sources, for which no machine need run.

use super::names::Names;
use super::report::{Report, Sample};
use super::source::{Label, Source};
use mlc_compiler::asm::{self, Isa};
use mlc_machine::Count;
use std::collections::BTreeSet;

const TEXT: &str = "        org 100h
limit   equ 105h
start:  call fc1_apply
        ret
fc1:    ld hl,limit
fc1_scan: nop
fc1_c0: nop
fc1_c1: nop
fc1_apply:
fc1_apply_next: ret
add_half_1: nop
add_half_2: nop
add_1:  nop
add_2:  nop             ; twice: a family
print_9: nop
print:  nop
table:  db 1,2,3,4,5,6,7,8,9,10,11,12
        ds 20,7
        end
";

fn assembled() -> (Source, String, Vec<u8>) {
    let assembly = asm::assemble(TEXT, "test.asm", Isa::Z80).expect("the text assembles");
    (Source::assembled(&assembly, TEXT), assembly.listing(TEXT), assembly.bytes)
}

fn show(address: u32) -> String {
    format!("{address:04X}h")
}

fn names(labels: &[Label], called: &[u32]) -> Names {
    Names::new(labels, &called.iter().copied().collect::<BTreeSet<_>>(), 0x100..0x1000, show)
}

/// Routine and symbol of the label `name`.
fn folded(names: &Names, source: &Source, name: &str) -> (String, String) {
    let label = source.labels.iter().find(|label| label.name == name).expect("the label is there");
    let name = names.name(label.address).expect("a label is there");
    (name.routine.to_string(), name.symbol.to_string())
}

#[test]
fn constants_are_no_labels() {
    let (source, ..) = assembled();
    let labels: Vec<&str> = source.labels.iter().map(|label| label.name.as_str()).collect();
    assert!(labels.contains(&"start") && labels.contains(&"table"), "{labels:?}");
    assert!(!labels.contains(&"limit"), "{labels:?}");
}

#[test]
fn a_listing_says_what_the_assembler_says() {
    let (source, listing, bytes) = assembled();
    let (read, image) = Source::listing(&listing).expect("it is a listing");
    assert_eq!(read, source);
    assert_eq!(image, (0x100..).zip(bytes).collect::<Vec<_>>());
}

#[test]
fn a_symbol_file_has_labels_only() {
    let source = Source::map("0100 start\n0108 fc1\n").expect("it is a symbol file");
    assert_eq!(source.lines, []);
    assert_eq!(source.labels[1], Label { address: 0x108, name: "fc1".into() });
    for other in ["", "hello world\n", "start 0100\n"] {
        assert_eq!(Source::map(other), None, "{other:?}");
    }
    assert_eq!(Source::listing("0100 start\n"), None);
}

#[test]
fn local_labels_belong_to_the_one_above() {
    let text = "one:    nop\n.x:     nop\n.y:     nop\ntwo:    nop\n.x:     nop\n";
    let assembly = asm::assemble(text, "test.asm", Isa::Z80).expect("the text assembles");
    let source = Source::assembled(&assembly, text);
    let labels: Vec<&str> = source.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(labels, ["one", "one.x", "one.y", "two", "two.x"]);
    assert!(labels.iter().all(|name| assembly.symbols.contains_key(*name)));
    let start = source.labels[0].address;
    let names = Names::new(&source.labels, &BTreeSet::new(), start..start + 5, show);
    assert_eq!(folded(&names, &source, "two.x"), ("two".into(), "two.x".into()));
}

#[test]
fn labels_fold_by_name() {
    let (source, ..) = assembled();
    let fold = |called: &[u32], name| folded(&names(&source.labels, called), &source, name);
    let pair = |routine: &str, symbol: &str| (routine.to_string(), symbol.to_string());
    assert_eq!(fold(&[], "start"), pair("start", "start"));
    assert_eq!(fold(&[], "fc1_scan"), pair("fc1", "fc1_scan"));
    assert_eq!(fold(&[], "fc1_c1"), pair("fc1", "fc1_c*"));
    assert_eq!(fold(&[], "add_2"), pair("add_*", "add_*"));
    assert_eq!(fold(&[], "add_half_1"), pair("add_*", "add_half_*"));
    // A number alone is no family.
    assert_eq!(fold(&[], "print_9"), pair("print", "print_9"));
    // Two labels at one address: code belongs to the later one, unless the first is a routine.
    assert_eq!(fold(&[], "fc1_apply"), pair("fc1", "fc1_apply_next"));
    let apply = source.labels.iter().find(|label| label.name == "fc1_apply").expect("it is there").address;
    assert_eq!(names(&source.labels, &[apply]).entry(apply), "fc1_apply");
}

#[test]
fn code_outside_the_program_is_the_systems() {
    let (source, ..) = assembled();
    let names = names(&source.labels, &[]);
    assert_eq!(names.name(5).map(|name| name.symbol), Some("system"));
    assert_eq!((names.entry(5), names.entry(0xE406)), ("system".into(), "system".into()));
    let none = Names::new(&[], &BTreeSet::new(), 0x100..0x1000, show);
    assert_eq!((none.name(0x234), none.entry(0x234)), (None, "0234h".into()));
}

#[test]
fn everything_adds_up_to_the_whole() {
    let (source, ..) = assembled();
    let count = |runs, cycles| Count { runs, cycles };
    let samples = [
        Sample { phase: 0, calls: vec![], counts: vec![(0x100, count(1, 17)), (0x103, count(1, 10))] },
        Sample { phase: 1, calls: vec![0x109], counts: vec![(0x109, count(2, 20)), (5, count(1, 10))] },
    ];
    let names = names(&source.labels, &[0x109]);
    let phases = ["console".to_string(), "fc1".to_string()];
    let report = Report::new(&samples, &names, &source.lines, &phases, "0100h");
    assert_eq!(report.total, count(5, 57));
    let sum = |counts: &mut dyn Iterator<Item = u64>| counts.sum::<u64>();
    assert_eq!(sum(&mut report.phases.iter().map(|p| p.count.cycles)), 57);
    assert_eq!(sum(&mut report.symbols.iter().map(|p| p.count.cycles)), 57);
    assert_eq!(sum(&mut report.lines.iter().map(|p| p.count.cycles)), 57);
    assert_eq!(sum(&mut report.stacks.values().copied()), 57);
    let stacks: Vec<_> = report.stacks.iter().map(|(stack, cycles)| (stack.as_str(), *cycles)).collect();
    assert_eq!(stacks, [("console;start", 27), ("fc1;fc1_c*", 20), ("fc1;fc1_c*;system", 10)]);
}
