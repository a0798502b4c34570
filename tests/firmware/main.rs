//! Start-up, chat loop and serial line of AVR programs, around a small network written for the purpose: under the
//! machine here, under simavr, and through avr-gcc.

mod avr8js;
mod flash;
mod judges;
mod models;
mod sequence;
#[path = "../support/shared.rs"]
mod shared;
mod simavr;
#[allow(dead_code, reason = "cycles are compared where no serial line disturbs them")]
#[path = "../support/simavr.rs"]
mod simulator;

use judges::{dump, run, simavr};
use mlc_compiler::Assets;
use mlc_compiler::asm::{self, Assembly, AvrCore, Isa, Options};
use mlc_compiler::image::{elf, hex};
use mlc_compiler::render::board::BoardContext;
use mlc_compiler::target::{Core, Device};
use mlc_runtime_avr::{Avr, AvrConfig, AvrMachine, End, NoObserver, Observer, Pins, Program, Script, Typing};
use shared::tools::installed;

/// Answers a query with itself in capitals, each letter after a while; a classifier's label is the digit that the
/// query starts with. What an answer is made from and how long it takes is all that a network is to the code around it.
const NETWORK: &str = r#"
set_query:
        sts query_length, r24
        ldi r30, lo8(query_text)
        ldi r31, hi8(query_text)
        mov r25, r24
copy:   tst r25
        breq copied
        ld r24, X+
        cpi r24, 'a'
        brlo keep
        cpi r24, 'z'+1
        brsh keep
        subi r24, 32
keep:   st Z+, r24
        dec r25
        rjmp copy
copied: lds r24, query_length
        tst r24
        ret

net_answer:
        lds r16, query_length
        ldi r28, lo8(query_text)
        ldi r29, hi8(query_text)
say:    ldi r18, 80                     ; some 60,000 cycles
think:  clr r19
wait:   dec r19
        brne wait
        dec r18
        brne think
        ld r24, Y+
        CLASSIFY
        rcall emit
        dec r16
        brne say
        ret
done:   subi r24, '0'
        clr r25
        ret

        .section .noinit,"aw",@nobits
query_text:     .skip 64
query_length:   .skip 1
"#;

/// The last is longer than what may wait to be sent.
const LABELS: [&str; 5] =
    ["ON", "OFF", "UP; \"/* \\", "STATUS", "a label of so many characters that sending waits"];

/// A program for a board, a classifier or not.
struct Firmware {
    source: String,
    assembly: Assembly,
    core: AvrCore,
    device: Device,
    /// The line that it starts with.
    greeting: String,
}

fn core(device: &Device) -> AvrCore {
    match device.core {
        Core::Avr25 => AvrCore::Avr25,
        Core::Avr5 => AvrCore::Avr5,
        Core::Avr51 => AvrCore::Avr51,
        Core::Avr6 => AvrCore::Avr6,
    }
}

fn firmware(profile: &str, classifier: bool) -> Firmware {
    let assets = Assets::builtin();
    let profile = assets.profiles().unwrap().into_iter().find(|p| p.name == profile).unwrap();
    let device = assets.devices().unwrap().into_iter().find(|d| d.name == profile.device).unwrap();
    let labels: Vec<String> = LABELS.iter().map(|label| label.to_string()).collect();
    let labels = if classifier { &labels[..] } else { &[] };
    let board = BoardContext::new(&device, &profile, "test", labels, 62).unwrap();
    let template = assets.templates().find(|(name, _)| *name == "uart.S").unwrap().1;
    let mut context = tera::Context::new();
    context.insert("board", &board);
    let console = tera::Tera::one_off(template, &context, false).unwrap();
    let classify = if classifier { "rjmp done" } else { "" };
    let source = console + &NETWORK.replace("CLASSIFY", classify);
    let core = core(&device);
    let options = Options { ram_start: device.sram_start, ..Options::default() };
    let assembly = asm::assemble_with(&source, "t.S", Isa::Avr(core), &options).unwrap();
    Firmware { source, assembly, core, device, greeting: "test. Type a line.\r\n".into() }
}

impl Firmware {
    fn elf(&self) -> Vec<u8> {
        elf(&self.assembly, self.core)
    }

    fn machine(&self, input: &[u8], typing: Typing) -> AvrMachine<Script> {
        let device = mlc_runtime_avr::Device::by_name(&self.device.name).unwrap();
        let program = Program::from_elf(&self.elf(), device).unwrap();
        let from_hex = Program::from_hex(&hex(&self.assembly.bytes), device).unwrap();
        assert_eq!(program.flash, from_hex.flash);
        let config = AvrConfig { typing, limit: Some(400_000_000), ..AvrConfig::default() };
        AvrMachine::new(program, Script::new(input), config)
    }

    /// What it says to some input, behind its greeting.
    fn says(&self, input: &str, typing: Typing) -> String {
        let mut machine = self.machine(input.as_bytes(), typing);
        assert_eq!(machine.run(&mut NoObserver), End::EndOfInput);
        assert_eq!(machine.lost_bytes(), 0);
        let said = String::from_utf8(machine.console().output().to_vec()).unwrap();
        said.strip_prefix(&self.greeting).unwrap_or_else(|| panic!("{said:?}")).to_string()
    }
}

#[test]
fn lines_are_read_and_answered() {
    let uno = firmware("uno", false);
    let cases = [
        ("", "> "),
        ("hello\r", "> HELLO\r\n> "),
        ("hello\n", "> HELLO\r\n> "),
        ("a\r\nb\r\n", "> A\r\n> B\r\n> "),
        ("a\n\rb\n", "> A\r\n> \r\n> B\r\n> "),
        ("\r\r", "> \r\n> \r\n> "),
        ("helk\u{8}lx\u{7f}o\r", "> HELLO\r\n> "),
        ("\u{8}\u{7f}a\u{8}\u{8}b\r", "> B\r\n> "),
    ];
    for (input, output) in cases {
        assert_eq!(uno.says(input, Typing::WhenWaiting), output, "{input:?}");
    }
    // Room for 62 bytes; what is beyond is dropped, and taken back after that is what was kept.
    let long = "x".repeat(80);
    assert_eq!(uno.says(&format!("{long}\r"), Typing::WhenWaiting), format!("> {}\r\n> ", "X".repeat(62)));
    assert_eq!(
        uno.says(&format!("{long}\u{8}\r"), Typing::WhenWaiting),
        format!("> {}\r\n> ", "X".repeat(61))
    );
}

#[test]
fn every_board_talks_at_its_speed() {
    for (board, bit_cycles) in [("uno", 136), ("nano", 136), ("lilypad", 208), ("mega", 136), ("micro", 136)]
    {
        let firmware = firmware(board, false);
        assert_eq!(firmware.says("hello\r\n", Typing::WhenWaiting), "> HELLO\r\n> ", "{board}");
        let mut machine = firmware.machine(b"hello\r", Typing::WhenWaiting);
        machine.run(&mut NoObserver);
        assert_eq!(machine.bit_cycles(), bit_cycles, "{board}");
    }
}

/// Sixty keys come while it thinks about the first line, without a pause between them.
#[test]
fn no_key_is_lost_while_it_thinks() {
    let uno = firmware("uno", false);
    let second = "the second line is typed while the first one is thought of";
    let input = format!("go\r{second}\r");
    assert!(second.len() > 55);
    let expected = format!("> GO\r\n> {}\r\n> ", second.to_uppercase());
    for gap in [0, 500, 3_000] {
        assert_eq!(uno.says(&input, Typing::Every(gap)), expected, "{gap}");
    }
    // More than the ring holds: the first 63 stay, none is garbled and the program goes on.
    let letters: String = (0..100u8).map(|n| char::from(b'a' + n % 26)).collect();
    let mut machine = uno.machine(format!("gogogogogo\r{letters}").as_bytes(), Typing::Every(0));
    assert_eq!(machine.run(&mut NoObserver), End::EndOfInput);
    assert_eq!(machine.console().output(), (uno.greeting.clone() + "> GOGOGOGOGO\r\n> ").as_bytes());
    let line = uno.assembly.table["line"].value - 0x80_0000;
    let kept: String = (0..62).map(|n| char::from(machine.memory().byte(line as u16 + n))).collect();
    assert_eq!(kept, letters[..62]);
}

#[test]
fn between_keys_it_sleeps() {
    let uno = firmware("uno", false);
    let mut machine = uno.machine(b"hello\r", Typing::Every(1_600_000));
    assert_eq!(machine.run(&mut NoObserver), End::EndOfInput);
    let (asleep, all) = (machine.sleep_cycles(), machine.cycles());
    assert!(asleep > 5 * 1_600_000 - 50_000, "{asleep} of {all}");
    // While a label of many characters goes out, too: a character takes 1,360 cycles on the line, and sending it
    // takes less than 200.
    let classifier = firmware("uno", true);
    let mut machine = classifier.machine(b"4\r", Typing::WhenWaiting);
    let mut awake = Awake::default();
    assert_eq!(machine.run(&mut awake), End::EndOfInput);
    let (last, label, asked) = (awake.0.len(), LABELS[4].len(), classifier.greeting.len() + "> ".len());
    assert_eq!(last, asked + label + "\r\n> ".len());
    let sending = awake.0[last - 1] - awake.0[asked];
    assert!(sending < 200 * label as u64, "{sending} cycles awake for {label} characters");
}

/// What waits in the ring keeps its order and is whole, wherever the ring begins, and whenever keys come in between.
#[test]
fn keys_that_come_while_it_sends_disturb_nothing() {
    let classifier = firmware("uno", true);
    let input = "4\r1 with many more keys behind\r3\r4\r\r2\r";
    let said = [4, 1, 3, 4].map(|label| format!("> {}\r\n", LABELS[label])).concat();
    let said = format!("{said}> \r\n> {}\r\n> ", LABELS[2]);
    // A frame has 1,360 cycles; the keys fall into every part of the code that sends.
    for gap in (1_360..3_000).step_by(41) {
        assert_eq!(classifier.says(input, Typing::Every(gap)), said, "{gap}");
    }
}

/// Cycles awake when each character has gone out.
#[derive(Default)]
struct Awake(Vec<u64>, u64);

impl Observer<Avr> for Awake {
    fn on_sleep(&mut self, _pc: u32, before: u64, after: u64) {
        self.1 += after - before;
    }

    fn on_console_out(&mut self, _byte: u8, t: u64) {
        self.0.push(t - self.1);
    }
}

/// Every change of a pin.
#[derive(Default)]
struct Levels(Vec<(char, u8, u8)>);

impl Observer<Avr> for Levels {
    fn on_pins(&mut self, pins: Pins, _t: u64) {
        self.0.push((pins.port, pins.outputs, pins.levels));
    }
}

#[test]
fn a_label_is_told_and_drives_its_pin() {
    for (board, port, bit) in
        [("uno", 'B', 0x20), ("lilypad", 'B', 0x20), ("mega", 'B', 0x80), ("micro", 'C', 0x80)]
    {
        let classifier = firmware(board, true);
        let mut machine = classifier.machine(b"0 on\r1 off\r2\r0\r3\r", Typing::WhenWaiting);
        let mut levels = Levels::default();
        assert_eq!(machine.run(&mut levels), End::EndOfInput, "{board}");
        let text = String::from_utf8(machine.console().output().to_vec()).unwrap();
        let expected = classifier.greeting + "> ON\r\n> OFF\r\n> UP; \"/* \\\r\n> ON\r\n> STATUS\r\n> ";
        assert_eq!(text, expected, "{board}");
        let only = |level: u8| (port, bit, level);
        assert_eq!(levels.0, [only(0), only(bit), only(0), only(bit)], "{board}");
        // Three or four bytes of return addresses, and six of the interrupt's.
        assert!((6..24).contains(&machine.stack_high_water()), "{board}: {}", machine.stack_high_water());
    }
}

/// The arguments of the line for avr-gcc in docs/avr.md.
fn documented(chip: &str) -> Vec<String> {
    let page = include_str!("../../docs/avr.md");
    let start = page.find("`avr-gcc -mmcu=CHIP").expect("the page has the line") + 1;
    let line = page[start..].split('`').next().unwrap();
    let words = line.split_whitespace().skip(1);
    words.map(|word| word.replace("CHIP", chip).replace("NAME", "t")).collect()
}

/// The source, as avr-gcc takes it by the documented line: the same bytes, and an entry at 0, which QEMU asks for.
#[test]
fn avr_gcc_makes_the_same_bytes() {
    if !installed("avr-gcc") {
        return;
    }
    for board in ["uno", "lilypad", "mega", "micro"] {
        for classifier in [false, true] {
            let firmware = firmware(board, classifier);
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("t.S"), &firmware.source).unwrap();
            let arguments = documented(&firmware.device.name);
            let said =
                run(folder.path(), "avr-gcc", &arguments.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(said, "", "{board}");
            let elf = std::fs::read(folder.path().join("t.elf")).unwrap();
            assert_eq!(elf[0x18..0x1C], [0; 4], "{board}: the entry");
            run(folder.path(), "avr-objcopy", &["-O", "binary", "-j", ".text", "t.elf", "t.bin"]);
            let theirs = std::fs::read(folder.path().join("t.bin")).unwrap();
            assert_eq!(theirs, firmware.assembly.bytes, "{board}");
        }
    }
}

#[test]
fn simavr_sees_the_same_text() {
    if !installed("simavr") {
        return;
    }
    let input = "hello there\rhow are you\r\r0 x\r";
    for (board, clock) in [("uno", "16000000"), ("lilypad", "8000000"), ("mega", "16000000")] {
        let firmware = firmware(board, false);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("in.vcd"), dump(input)).unwrap();
        std::fs::write(folder.path().join("t.elf"), firmware.elf()).unwrap();
        std::fs::write(folder.path().join("t.hex"), hex(&firmware.assembly.bytes)).unwrap();
        let ours = firmware.greeting.clone() + &firmware.says(input, Typing::WhenWaiting);
        let mut ours: Vec<&str> = ours.lines().collect();
        // The last prompt has no line end yet, so that simavr does not show it.
        assert_eq!(ours.pop(), Some("> "), "{board}");
        assert_eq!(ours, ["test. Type a line.", "> HELLO THERE", "> HOW ARE YOU", "> ", "> 0 X"], "{board}");
        for file in ["t.elf", "t.hex"] {
            let theirs = simavr(folder.path(), file, &firmware.device.name, clock, ours.len());
            assert_eq!(theirs, ours, "{board}: {file}");
        }
    }
}
