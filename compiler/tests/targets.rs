//! Target descriptions: what each field may be, and how a wrong one is named.

use mlc_compiler::target::{Machine, cpm};
use mlc_compiler::{Assets, Target};

const CPM: &str = include_str!("../../runtime-z80/targets/z80-cpm.ron");
const SPECTRUM: &str = include_str!("../../runtime-z80/targets/zx48.ron");
const TAPES: &str = "[Tap, Tzx, Wav, Sna]";
const SPECTRUM_128: &str = include_str!("../../runtime-z80/targets/zx128.ron");
const MSX: &str = include_str!("../../runtime-z80/targets/msx.ron");
const CPC_6128: &str = include_str!("../../runtime-z80/targets/cpc6128.ron");
const CPC: &str = include_str!("../../runtime-z80/targets/cpc464.ron");

/// A description with one thing changed.
#[track_caller]
fn changed(text: &str, from: &str, to: &str) -> Result<Target, String> {
    assert!(text.contains(from), "there is no {from:?}");
    Assets::builtin().read_target(&text.replacen(from, to, 1), "t.ron").map_err(|error| error.to_string())
}

/// What is said against it.
#[track_caller]
fn refused(text: &str, from: &str, to: &str, wants: &str) {
    match changed(text, from, to) {
        Err(said) => assert_eq!(said, format!("t.ron: {wants}")),
        Ok(_) => panic!("{to} is taken"),
    }
}

#[test]
fn names_and_texts() {
    let wants = "name: use 1 to 40 letters, digits and '-', and no '-' at its start";
    let long = "x".repeat(41);
    for name in ["", "a b", "a/b", "ä", "..", "-o", &long] {
        refused(CPM, "z80-cpm", name, wants);
    }
    refused(CPM, "z80-cpm", "reference", "name: `reference` is the interpreter: choose another");
    assert!(changed(CPM, "z80-cpm", &"x".repeat(40)).is_ok());
    let wants = "about: use one line of up to 200 characters";
    refused(CPM, "CP/M 2.2 on", "a\\nb", wants);
    refused(CPM, "CP/M 2.2 on", "\\u{1b}[31m", wants);
    refused(CPM, "CP/M 2.2 on", &"ä".repeat(200), wants);
}

#[test]
fn clocks() {
    let wants = "clock_hz: must be 1000 to 1000000000";
    for clock in ["clock_hz: 0", "clock_hz: 999", "clock_hz: 1000000001"] {
        refused(CPM, "clock_hz: 4000000", clock, wants);
    }
    assert!(changed(CPM, "clock_hz: 4000000", "clock_hz: 1000").is_ok());
    for (clock, column) in [("-1", 16), ("4294967296", 15)] {
        let said = changed(CPM, "clock_hz: 4000000", &format!("clock_hz: {clock}")).unwrap_err();
        assert_eq!(said, format!("t.ron:6:{column}: clock_hz: the number is negative or too large"));
    }
    let said = changed(CPM, "clock_hz: 4000000", "clock_hz: 3.5").unwrap_err();
    assert_eq!(said, "t.ron:6:16: clock_hz: a whole number is wanted");
}

#[test]
fn kinds_of_files() {
    refused(CPM, "[Com]", "[]", "images: name one kind of file at least; Cpm loads Com");
    refused(CPM, "[Com]", "[Com, Tap]", "images: Cpm does not load Tap, but Com");
    refused(CPM, "[Com]", "[Hex]", "images: Cpm does not load Hex, but Com");
    refused(CPM, "[Com]", "[Com, Com]", "images: Com is named twice");
    refused(SPECTRUM, TAPES, "[Bin]", "images: Spectrum48 does not load Bin, but Tap, Tzx, Wav, Sna");
    refused(SPECTRUM, TAPES, "[Sna, Tap, Sna]", "images: Sna is named twice");
    assert!(changed(SPECTRUM, TAPES, "[Sna]").is_ok());
}

#[test]
fn machines_and_fields_that_are_not_there() {
    let said = changed(CPM, "machine: Cpm", "machine: Avr").unwrap_err();
    assert!(said.contains("`Avr`") && said.contains("`Cpm`"), "{said}");
    let said = changed(CPM, "clock_hz:", "clock:").unwrap_err();
    assert!(said.contains("`clock`") && said.contains("`clock_hz`"), "{said}");
    let said = changed(CPM, "    stack: 96,\n", "").unwrap_err();
    assert!(said.contains("`stack`"), "{said}");
    let said = changed(CPM, "stack: 96", "stack: 96, stack: 97").unwrap_err();
    assert!(said.contains("`stack`"), "{said}");
    let nested = format!("about: {}", "(".repeat(500));
    let said = changed(CPM, "about: ", &nested).unwrap_err();
    assert!(said.ends_with(": nested too deeply") || !said.contains("recursion"), "{said}");
}

#[test]
fn origins() {
    for origin in ["0x0000", "0x00FF", "0x0101", "0x0200", "0xFFFF"] {
        let shown = &origin[2..];
        let wants = format!("origin: {shown}h must be 0100h: CP/M loads programs to 0100h");
        refused(CPM, "origin: 0x0100", &format!("origin: {origin}"), &wants);
    }
    let wants = "origin: 5DFFh must be 5E00h to FE00h: BASIC, its loader and its stack lie below";
    refused(SPECTRUM, "origin: 0x5E00", "origin: 0x5DFF", wants);
    assert!(changed(SPECTRUM, "origin: 0x5E00", "origin: 0x8000").is_ok());
    let wants = "origin: 003Fh must be 0040h to A500h: the restarts lie below 0040h";
    refused(CPC, "origin: 0x0170", "origin: 0x003F", wants);
    let said = changed(CPM, "origin: 0x0100", "origin: 0x10000").unwrap_err();
    assert_eq!(said, "t.ron:8:15: origin: the number is negative or too large");
}

#[test]
fn ends_of_memory() {
    let image_end = |end: &str, wants: &str| {
        refused(CPM, "image_end: 0xDB80", &format!("image_end: {end}"), &format!("image_end: {wants}"));
    };
    image_end("0x0101", "0101h must be 0200h or more: no program is smaller than that");
    image_end("0", "0000h must be 0200h or more: no program is smaller than that");
    image_end("0xE407", "E407h must not lie above memory_end, E406h");
    image_end(
        "0xDB81",
        "DB81h must not lie above DB80h: the command processor, at DC00h with a BDOS at E406h, refuses a file that \
         reaches it",
    );
    assert!(changed(CPM, "image_end: 0xDB80", "image_end: 0x0200").is_ok());
    let memory_end = |end: &str, wants: &str| refused(CPM, "memory_end: 0xE406", end, wants);
    memory_end(
        "memory_end: 0xF1D1",
        "memory_end: F1D1h must not lie above F1D0h: above it the BIOS would not fit",
    );
    memory_end("memory_end: 0xDB7F", "image_end: DB80h must not lie above memory_end, DB7Fh");
    assert!(changed(CPM, "memory_end: 0xE406", "memory_end: 0xF1D0").is_ok());
    let why = "the disk system's memory begins at A700h while it loads, the firmware's at B100h";
    refused(
        CPC,
        "image_end: 0xA67B",
        "image_end: 0xA701",
        &format!("image_end: A701h must not lie above A700h: {why}"),
    );
    refused(
        CPC,
        "memory_end: 0xB100",
        "memory_end: 0xB101",
        &format!("memory_end: B101h must not lie above B100h: {why}"),
    );
}

#[test]
fn contended_memory() {
    let wants = "contended: 8000h, its first address, lies behind 7FFFh, its last";
    refused(SPECTRUM, "(0x4000, 0x7FFF)", "(0x8000, 0x7FFF)", wants);
    assert!(changed(SPECTRUM, "(0x4000, 0x7FFF)", "(0x4000, 0x4000)").is_ok());
    assert!(changed(SPECTRUM, "Some((0x4000, 0x7FFF))", "None").is_ok());
}

#[test]
fn stacks() {
    let why = "the system's calls and interrupts need them";
    let stack = |bytes: u16| format!("stack: {bytes}");
    for (text, own, least) in [(CPM, 96, 32), (SPECTRUM, 96, 96)] {
        let wants = |bytes: u16| format!("stack: {bytes} must be {least} to 4096 bytes: {why}");
        for wrong in [0, least - 1, 4097] {
            refused(text, &stack(own), &stack(wrong), &wants(wrong));
        }
        assert!(changed(text, &stack(own), &stack(least)).is_ok());
    }
    // The console of the CPC takes the firmware's.
    for wrong in [1, 159, 4097] {
        let or = "0, where the console takes the system's, or 160 to 4096 bytes";
        refused(CPC, &stack(0), &stack(wrong), &format!("stack: {wrong} must be {or}: {why}"));
    }
    assert!(changed(CPC, &stack(0), &stack(160)).is_ok());
}

/// A Spectrum's description with memory up to C000h, and banks.
fn banked(banks: &str) -> Result<Target, String> {
    let text = SPECTRUM.replace("image_end: 0xFFFF", "image_end: 0xC000");
    changed(&text, "memory_end: 0xFFFF", &format!("memory_end: 0xC000, banks: [{banks}]"))
}

fn bank(name: &str, size: u16, window: u16, value: u8) -> String {
    format!("(name: {name:?}, size: {size}, window: {window}, select: (port: 0x7FFD, value: {value})),")
}

#[test]
fn banks_are_read() {
    let list = [bank("ram1", 0x4000, 0xC000, 0x11), bank("ram3", 0x4000, 0xC000, 0x13)].concat();
    let target = banked(&list).expect("the banks are right");
    let found: Vec<_> = target.banks.iter().map(|bank| (bank.name.as_str(), bank.addresses())).collect();
    assert_eq!(found, [("ram1", 0xC000..0x1_0000), ("ram3", 0xC000..0x1_0000)]);
    let selects = target.banks.iter().map(|bank| (bank.select.port, bank.select.value));
    assert_eq!(selects.collect::<Vec<_>>(), [(0x7FFD, 0x11), (0x7FFD, 0x13)]);
    // One output may show two banks in two windows; below the program there is room for windows as well.
    let list = [bank("a", 0x2000, 0xC000, 1), bank("b", 0x2000, 0xE000, 1), bank("c", 0x1000, 0x4000, 2)];
    assert!(banked(&list.concat()).is_ok());
    assert_eq!(changed(SPECTRUM, "stack: 96", "stack: 96").map(|target| target.banks), Ok(Vec::new()));
}

#[test]
fn banks_that_cannot_be() {
    let refused = |list: &[String], wants: &str| {
        assert_eq!(banked(&list.concat()).map(|_| ()), Err(format!("t.ron: banks: {wants}")));
    };
    for name in ["", "a b", "ä"] {
        let wants = format!("{name:?} is no name of a bank: use 1 to 40 letters, digits and '-'");
        refused(&[bank(name, 0x4000, 0xC000, 1)], &wants);
    }
    for (size, window) in [(0, 0xC000), (255, 0xC000), (0x4001, 0xC000), (0x0100, 0xFF01)] {
        let wants = format!(
            "x has {size} bytes from {window:04X}h on; a bank has 256 at least and ends at FFFFh at the latest"
        );
        refused(&[bank("x", size, window, 1)], &wants);
    }
    for (size, window) in [(0x4000, 0xBFFF), (0x0100, 0x8000), (0x8000, 0x4000), (0x1E01, 0x4000)] {
        let wants = format!(
            "the window of x from {window:04X}h on meets the program's memory, 5E00h to memory_end C000h"
        );
        refused(&[bank("x", size, window, 1)], &wants);
    }
    assert!(banked(&bank("x", 0x1E00, 0x4000, 1)).is_ok());
    let two = |name: &str, value| [bank("a", 0x4000, 0xC000, 1), bank(name, 0x2000, 0xE000, value)];
    refused(&two("a", 2), "a is named twice");
    refused(&two("b", 1), "a and b would show at the same addresses: 01h at port 7FFDh selects both");
    let list: Vec<_> = (0..=256u16).map(|n| bank(&format!("b{n}"), 0x4000, 0xC000, n as u8)).collect();
    refused(&list, "use 256 banks at most");
    let said = banked("(name: \"a\", size: 0x4000, window: 0xC000)").unwrap_err();
    assert!(said.contains("`select`"), "{said}");
    let said = banked("(name: \"a\", size: 0x10000, window: 0xC000)").unwrap_err();
    assert!(said.ends_with("the number is negative or too large"), "{said}");
}

#[test]
fn pages_of_a_cpc_6128() {
    let target = changed(CPC_6128, "cpc6128", "cpc6128").expect("it is whole");
    let [(all, None), (rest, Some(0x4000)), (shared, Some(0x4000))] = target.selectors()[..] else {
        panic!("three ways")
    };
    assert_eq!((all.most(), rest.most(), shared.most(), rest.bank()), (5, 4, 5, 0x4000));
    assert_eq!(
        (rest.caches().map(|bank| bank.name.as_str()), rest.name().as_str()),
        (Some("page1"), "port 7F00h")
    );
    assert_eq!([0, 1, 2, 3, 4].map(|bank| all.select(bank)), [0xC0, 0xC4, 0xC5, 0xC6, 0xC7]);
    // The program goes on behind the window, and the loader needs memory behind the image.
    assert!(all.is_inside(&target));
    let left = all.rest(&target);
    assert_eq!((left.image_end, left.memory_end), (0xA67B - 0x0900, 0xB100));
    let wants = |name: &str| {
        format!(
            "banks: {name} is no page of a CPC 6128 inside of a program: 4000h bytes at 4000h, selected at port 7F00h by C0h, \
             which comes first, or C4h to C7h"
        )
    };
    // C1h to C3h show pages elsewhere, too; others are no choice of memory.
    for value in ["0xC1", "0xC3", "0x84", "0xC0"] {
        refused(CPC_6128, "value: 0xC4", &format!("value: {value}"), &wants("page4"));
    }
    refused(CPC_6128, "value: 0xC0", "value: 0xC4", &wants("page1"));
    refused(CPC_6128, "port: 0x7F00", "port: 0x7FFD", &wants("page1"));
    refused(CPC_6128, "size: 0x4000", "size: 0x2000", &wants("page1"));
    refused(CPC_6128, "origin: 0x0170", "origin: 0x4000", &wants("page1"));
    refused(CPC_6128, "image_end: 0xA67B", "image_end: 0x8000", &wants("page1"));
}

#[test]
fn pages_of_a_spectrum_128() {
    let target = changed(SPECTRUM_128, "zx128", "zx128").expect("it is whole");
    let [(all, None), (rest, Some(0xC000)), (shared, Some(0xC000))] = target.selectors()[..] else {
        panic!("three ways")
    };
    assert_eq!(shared.shared().map(|banks| banks.len()), Some(6));
    assert!(all.shared().is_none() && shared.caches().is_none() && !shared.is_inside(&target));
    assert_eq!((all.most(), rest.most(), rest.bank(), rest.name().as_str()), (6, 5, 0x4000, "port 7FFDh"));
    assert_eq!((rest.caches().map(|bank| bank.name.as_str()), all.caches()), (Some("page0"), None));
    // Fast ones come first; the last is the system's.
    assert_eq!([0, 1, 2, 3, 4].map(|bank| rest.select(bank)), [0x14, 0x16, 0x11, 0x13, 0x17]);
    assert_eq!(
        target.banks.iter().map(|bank| bank.of_system).collect::<Vec<_>>(),
        [[false; 5].as_slice(), &[true]].concat()
    );
    let left = rest.rest(&target);
    assert_eq!((left.image_end, left.memory_end, target.memory_end), (0xC000, 0xC000, 0xFFFF));
    let wants = |name: &str| {
        format!(
            "banks: {name} is no page of a Spectrum 128 behind a program: 4000h bytes at C000h, selected at port 7FFDh by 10h, 11h, \
             13h, 14h, 16h or 17h"
        )
    };
    // Pages 2 and 5 are always shown, 0Xh selects the other ROM, 20h locks the port.
    for value in ["0x12", "0x15", "0x04", "0x34"] {
        refused(SPECTRUM_128, "value: 0x14", &format!("value: {value}"), &wants("page4"));
    }
    refused(SPECTRUM_128, "port: 0x7FFD", "port: 0x1FFD", &wants("page0"));
    refused(SPECTRUM_128, "size: 0x4000", "size: 0x2000", &wants("page0"));
    refused(SPECTRUM_128, "origin: 0x5E00", "origin: 0xC000", &wants("page0"));
    // Only consoles of that machine show pages.
    let banks = bank("x", 0x4000, 0xC000, 0x10);
    assert!(banked(&banks).expect("it is whole").selectors().is_empty());
}

#[test]
fn roms_that_cannot_be() {
    let rom = |from: &str, to: &str, wants: &str| refused(MSX, from, to, &format!("rom: {wants}"));
    let place = "a cartridge begins at 4000h and has 4000h or 8000h bytes";
    rom("first: 0x4000", "first: 0x8000", place);
    rom("size: 0x8000", "size: 0x6000", place);
    let least = |at: &str| format!("least_ram, {at}h, must lie in C000h to memory_end, F2C0h");
    rom("least_ram: 0xE000", "least_ram: 0xBFFF", &least("BFFF"));
    rom("least_ram: 0xE000", "least_ram: 0xF2C0", &least("F2C0"));
    rom("second_ram: 0x8000", "second_ram: 0xA000", "second_ram must be 8000h: RAM lies in pages of 16 KB");
    let mapper = |from: &str, to: &str, wants: &str| rom(from, to, &format!("mapper ASCII16: {wants}"));
    mapper("bank: 0x4000", "bank: 0x1000", "a bank has 2000h or 4000h bytes");
    for window in ["0x4000", "0xA000", "0xC000"] {
        let to = format!("window: {window}");
        mapper("window: 0x8000", &to, "its window must be the last bank of 4000h to BFFFh");
    }
    mapper("others: [0x6000]", "others: []", "name a register for each bank before the window");
    mapper("register: 0x77FF", "register: 0x3FFF", "registers lie at 4000h to BFFFh");
    mapper("others: [0x6000]", "others: [0xC000]", "registers lie at 4000h to BFFFh");
    let text = "rom: (first: 0x4000, size: 0x8000),\n    console";
    refused(SPECTRUM, "console", text, "rom: Spectrum48 loads programs into RAM");
    let (from, to) = (MSX.find("    rom: (").unwrap(), MSX.find("    // The BIOS's routines").unwrap());
    let without = [&MSX[..from], &MSX[to..]].concat();
    refused(&without, "cpu", "cpu", "rom: an MSX has its program in one: say where");
    refused(MSX, "fetch_wait: 1", "fetch_wait: 5", "fetch_wait: must be 0 to 4 T-states");
}

/// Small programs run in a machine of 8 KB.
#[test]
fn buffers_lie_where_the_smallest_machine_has_memory_if_they_fit() {
    let target = changed(MSX, "msx", "msx").expect("it is whole");
    assert_eq!(target.code_origin(), 0x4000);
    assert_eq!(target.ram_start(0x12C0), Some(0xE000));
    assert_eq!(target.ram_start(0x12C1), Some(0xC000));
    assert_eq!(changed(CPM, "z80", "z80").expect("it is whole").ram_start(1), None);
}

#[test]
fn longest_queries() {
    for wrong in ["longest_query: 0", "longest_query: 128"] {
        refused(CPM, "longest_query: 127", wrong, "longest_query: must be 1 to 127 bytes");
    }
}

#[test]
fn consoles() {
    let console = |name: &str, wants: &str| refused(CPM, "\"cpm.asm\"", &format!("{name:?}"), wants);
    let no_name = |name: &str| {
        format!("console: {name:?} is no name of a template, which ends in .asm and has no folder: cpm.asm")
    };
    for name in ["", ".asm", "cpm", "uart.S", "../cpm.asm", "a\\b.asm"] {
        console(name, &no_name(name));
    }
    console("zx48.asm", "console: zx48.asm is the console of Spectrum48; that of Cpm is cpm.asm");
    console(
        "x.asm",
        "console: there is no template x.asm; one of your own comes with `mlc compile --templates DIR`",
    );
    console("network.asm", "console: network.asm is a part of every program, no console");
    console("chat.asm", "console: chat.asm is a part of every program, no console");
    let mut assets = Assets::builtin();
    assets.set_template("x.asm", "");
    assert!(assets.read_target(&CPM.replace("cpm.asm", "x.asm"), "t.ron").is_ok());
}

#[test]
fn another_bdos() {
    let target = |text: &str| Target::read(text, "t.ron").expect("it is built in");
    let cpm62 = target(CPM);
    assert_eq!(cpm62.clone().with_bdos(0xE406), Some(cpm62.clone()));
    let moved = cpm62.clone().with_bdos(0xD806).expect("it is an address of a BDOS");
    assert_eq!((moved.machine, moved.image_end, moved.memory_end), (Machine::Cpm, 0xCF80, 0xD806));
    for bdos in [0, cpm::LOWEST_BDOS - 1, cpm::HIGHEST_BDOS + 1] {
        assert_eq!(cpm62.clone().with_bdos(bdos), None);
    }
    // A target that was moved is one that a description could have.
    for bdos in [cpm::LOWEST_BDOS, 0xAC11, cpm::HIGHEST_BDOS] {
        let moved = cpm62.clone().with_bdos(bdos).expect("it is an address of a BDOS");
        let (image, memory) = (format!("{:#06x}", moved.image_end), format!("{:#06x}", moved.memory_end));
        let text = CPM.replace("0xDB80", &image).replace("0xE406", &memory);
        assert_eq!(target(&text), moved);
    }
    assert_eq!(target(SPECTRUM).with_bdos(0xD806), None);
}

#[test]
fn what_is_called_has_no_image_and_no_banks() {
    for target in Assets::builtin().targets().expect("they are well formed") {
        assert!(!target.is_library(), "{}", target.name);
        let memory = target.memory_end;
        let called = target.called();
        assert!(called.is_library() && called.stack > 0 && called.memory_end <= memory, "{}", called.name);
        assert_eq!((called.images.len(), called.banks.len()), (0, 0), "{}", called.name);
        assert!(called.selectors().is_empty() && called.spi_flash.is_none(), "{}", called.name);
    }
}

#[test]
fn what_is_called_leaves_memory_to_its_caller() {
    let small = |target: Target| Target {
        memory_end: target.origin + 0x200,
        image_end: target.origin + 0x200,
        ..target
    };
    let targets = Assets::builtin().targets().expect("they are well formed");
    for target in targets.into_iter().filter(|t| t.board.is_none()) {
        let called = small(target).called();
        assert!(called.memory_end > called.origin, "{}", called.name);
    }
}
