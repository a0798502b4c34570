//! Networks that a program calls, which has a console of its own: replies, labels and logits are those of the reference, on
//! each machine with a Z80.

use super::support::called::{expected, labels, shows_logits};
use super::support::networks::{bytes, random as on_numbers};
use super::support::{self, Random, sequence};
use super::talk::stories;
use mlc_compiler::asm::{Isa, Options, assemble_with};
use mlc_compiler::eval::{self, Session};
use mlc_compiler::model::{Answer, Model, Sensors};
use mlc_compiler::plan::Demands;
use mlc_compiler::target::ImageKind;
use mlc_compiler::{Assets, CompileError, Compiled, Image, Request, Target, compile, reference};
use mlc_runtime_z80::{
    CpcConfig, CpcMachine, CpmConfig, CpmMachine, End, MsxConfig, MsxMachine, NoObserver, Script,
    SpectrumConfig, SpectrumMachine,
};

const LIMIT: u64 = 4_000_000_000;

/// A system: how a program for it begins, prints the character in A and ends.
struct System {
    target: &'static str,
    begin: &'static str,
    put: &'static str,
    end: &'static str,
    /// The first address behind what a program may have here.
    most: usize,
    run: fn(&Image) -> Vec<u8>,
}

const SYSTEMS: [System; 4] = [
    System {
        target: "z80-cpm",
        begin: "",
        put: " ld e,a\n ld c,2\n jp 5\n",
        end: " jp 0\n",
        most: 0xE400,
        run: on_cpm,
    },
    System {
        target: "zx48",
        begin: " ld a,2\n call 1601h\n",
        put: " ld (iy+52h),255\n rst 10h\n ret\n",
        end: " ret\n",
        most: 0xFF00,
        run: on_spectrum,
    },
    System {
        target: "msx",
        begin: " db \"AB\"\n dw t_start,0,0,0,0,0,0\nt_start: call 6Ch\n call 138h\n rrca\n rrca\n and 3\n ld \
                h,80h\n call 24h\n ei\n",
        put: " jp 0A2h\n",
        end: " jp 9Fh\n",
        most: 0xC000,
        run: on_msx,
    },
    System {
        target: "cpc464",
        begin: "",
        put: " jp 0BB5Ah\n",
        end: " jp 0BB06h\n",
        most: 0xA600,
        run: on_cpc,
    },
];

fn on_cpm(image: &Image) -> Vec<u8> {
    let config = CpmConfig { limit: Some(LIMIT), ..CpmConfig::default() };
    let mut machine = CpmMachine::load(&image.bytes, b"", Script::new(b""), config).expect("the image loads");
    let end = machine.run(&mut NoObserver);
    assert!(matches!(end, End::Exit(_)), "{end:?}");
    machine.console().output().to_vec()
}

fn on_spectrum(image: &Image) -> Vec<u8> {
    let config = SpectrumConfig { limit: Some(LIMIT), ..SpectrumConfig::default() };
    let tape = image.file(ImageKind::Tap, "test");
    let mut machine = SpectrumMachine::load_tape(&tape, Script::new(b""), config).expect("the file is whole");
    let end = machine.run(&mut NoObserver);
    assert!(matches!(end, End::Exit(_)), "{end:?}");
    machine.console().output().to_vec()
}

fn on_msx(image: &Image) -> Vec<u8> {
    let config = MsxConfig { limit: Some(LIMIT), bottom: 0xC000, ..MsxConfig::default() };
    let rom = image.file(ImageKind::Rom, "");
    let mut machine = MsxMachine::load(&rom, Script::new(b""), config).expect("the file is whole");
    assert_eq!(machine.run(&mut NoObserver), End::EndOfInput);
    machine.console().output().to_vec()
}

fn on_cpc(image: &Image) -> Vec<u8> {
    let config = CpcConfig { limit: Some(LIMIT), ..CpcConfig::default() };
    let file = image.file(ImageKind::Bin, "test");
    let mut machine = CpcMachine::load(&file, Script::new(b""), config).expect("the file is whole");
    assert_eq!(machine.run(&mut NoObserver), End::EndOfInput);
    machine.console().output().to_vec()
}

fn called(target: &str) -> Target {
    support::target_named(target).called()
}

fn compiled(target: &Target, model: &Model) -> Option<Compiled> {
    let (assets, demands) = (Assets::builtin(), Demands::default());
    let request =
        Request { model, target, assets: &assets, demands: &demands, wide: false, calibration: &[] };
    match compile(&request) {
        Ok(compiled) => Some(compiled),
        Err(
            CompileError::TooLarge { .. }
            | CompileError::SequenceTooLarge { .. }
            | CompileError::Sequence { .. },
        ) => None,
        Err(error) => panic!("{}: {error}", model.head.name),
    }
}

/// Gives a classifier a margin.
fn hesitate(model: &mut Model, of: u8) {
    match &mut model.answer {
        Answer::Story(story) if story.classifies() => story.margin = of,
        Answer::Label { margin, .. } => *margin = of,
        _ => {}
    }
}

/// What differs between programs that call a network.
struct Calls<'a> {
    lines: &'a [Vec<u8>],
    labels: bool,
    /// Logits behind each call of `net_run`, where they are shown.
    logits: usize,
    quiet: bool,
    /// A new conversation begins before the line of this number.
    reset: Option<usize>,
}

/// A program that gives the lines to a network, and prints in hexadecimal what comes back: two digits of a character, four of a
/// label or a logit, `-` where there is nothing more.
fn driver(system: &System, calls: &Calls) -> String {
    let quiet = if calls.quiet { " di\n call net_keep_di\n" } else { "" };
    let mut code = format!("{}{quiet} call net_start\n", system.begin);
    for (at, line) in calls.lines.iter().enumerate() {
        if calls.reset == Some(at) {
            code += " call net_reset\n";
        }
        code += &format!(" call net_begin\n ld hl,t_line{at}\n ld b,{}\n call t_ask\n", line.len());
    }
    if calls.quiet {
        code += " ld a,i\n ld a,'!'\n call pe,t_put\n";
    }
    code += system.end;
    // B characters at HL; none of a line that is empty.
    code += "t_ask: inc b\nt_ask_next: dec b\n jr z,t_run\n ld a,(hl)\n inc hl\n push hl\n push bc\n call net_input\n pop bc\n \
             pop hl\n jr t_ask_next\n";
    let logits = match calls.logits {
        0 => String::new(),
        count => format!(
            " ld hl,net_logits\n ld b,{count}\nt_logit: ld e,(hl)\n inc hl\n ld d,(hl)\n inc hl\n push hl\n push bc\n ex de,hl\n \
             call t_word\n pop bc\n pop hl\n djnz t_logit\n"
        ),
    };
    let again = if calls.labels { "jr t_over" } else { "jr t_run" };
    let show = if calls.labels { "call t_word" } else { "call t_byte" };
    code += &format!(
        "t_run: call net_run\n jr c,t_over\n {show}\n{logits} {again}\nt_over: ld a,'-'\n jp t_put\n"
    );
    code += "t_word: ld a,h\n push hl\n call t_byte\n pop hl\n ld a,l\nt_byte: push af\n rrca\n rrca\n rrca\n rrca\n call t_digit\n pop \
             af\nt_digit: and 15\n add a,'0'\n cp ':'\n jr c,t_put\n add a,7\nt_put: ";
    code += system.put;
    for (at, line) in calls.lines.iter().enumerate() {
        let bytes: Vec<_> = line.iter().chain(&[0]).map(u8::to_string).collect();
        code += &format!("t_line{at}: db {}\n", bytes.join(","));
    }
    code
}

/// The whole program as an image.
fn program(target: &Target, compiled: &Compiled, text: &str) -> Image {
    let options = Options { origin: target.code_origin(), ..Options::default() };
    let assembly =
        assemble_with(text, "main.asm", Isa::Z80, &options).unwrap_or_else(|e| panic!("{e}\n{text}"));
    Image { origin: assembly.origin, bytes: assembly.bytes.clone(), assembly, ..compiled.image.clone() }
}

/// Compares a network on a system with the reference, if it fits: whether it did.
fn check(system: &System, model: &Model, lines: &[Vec<u8>], number: usize) -> bool {
    let target = called(system.target);
    let Some(compiled) = compiled(&target, model) else { return false };
    let graph = reference(model).expect("the model was checked");
    let symbols = &compiled.image.assembly.symbols;
    let count = compiled.image.logits.count;
    // Of a sequence model all of them are needed to know the token; the program here counts up to 255.
    let shows = shows_logits(model) && (model.sequence().is_none() || count <= 255);
    let calls = Calls {
        lines,
        labels: !labels(model).is_empty(),
        // On screens there is less room, and less time.
        logits: if shows && system.target == "z80-cpm" { count.min(255) } else { 0 },
        quiet: number % 2 == 1 && system.target == "z80-cpm" && symbols.contains_key("net_keep_di"),
        reset: symbols.contains_key("net_reset").then_some(lines.len() / 2),
    };
    let text = format!("{}{}", driver(system, &calls), compiled.assembly);
    let image = program(&target, &compiled, &text);
    let end = image.assembly.table.get("memory_end").expect("it has one").value as usize;
    let code = usize::from(image.origin) + image.bytes.len();
    if if target.rom.is_some() { code } else { end.max(code) } > system.most {
        return false;
    }
    let mut session = Session::new(&graph);
    let mut wants = String::new();
    for (at, line) in lines.iter().enumerate() {
        if calls.reset == Some(at) {
            session.clear();
        }
        let mut run = session.ask(line);
        run.logits.iter_mut().for_each(|logits| logits.truncate(calls.logits.max(1)));
        wants += &expected(model, &run, calls.logits > 0);
    }
    let printed = (system.run)(&image);
    let printed: String =
        printed.into_iter().filter(|byte| !byte.is_ascii_whitespace()).map(char::from).collect();
    assert_eq!(printed, wants, "{} on {}", model.head.name, system.target);
    true
}

#[test]
fn random_networks_on_hashed_text_are_called() {
    for (salt, system) in SYSTEMS.iter().enumerate() {
        let (mut chats, mut classifiers) = (0, 0);
        for seed in 0..24 {
            let mut model = support::model(seed);
            if let Answer::Chat(chat) = &mut model.answer {
                // The reply's end by its length and by its mark.
                chat.max_reply = chat.max_reply.max(2);
            }
            hesitate(&mut model, [0, 30][seed as usize % 2]);
            let mut r = Random(seed ^ 0xE17 ^ (salt as u64) << 8);
            let longest = usize::from(model.reader.max_query());
            let mut lines: Vec<_> = (0..2).map(|_| support::query(&mut r, longest)).collect();
            lines.push(b"  Aa aZ ".to_vec());
            lines.push(vec![]);
            // What is too long is cut.
            lines[2].truncate(longest);
            if check(system, &model, &lines, seed as usize) {
                *if labels(&model).is_empty() { &mut chats } else { &mut classifiers } += 1;
            }
        }
        println!("{}: {chats} chats, {classifiers} classifiers", system.target);
        assert!(chats >= 5 && classifiers >= 2, "{}: {chats}, {classifiers}", system.target);
    }
}

#[test]
fn random_sequence_models_are_called() {
    for (salt, system) in SYSTEMS.iter().enumerate() {
        let (mut talkers, mut classifiers, mut shown) = (0, 0, 0);
        for seed in 0..16 {
            let seed = seed + 100 * salt as u64;
            let mut model = sequence::model(seed);
            stories::talk_or_labels(&mut model, seed, &mut Random(seed ^ 0x7A1C));
            hesitate(&mut model, [30, 0][seed as usize / 4 % 2]);
            let longest = usize::from(model.reader.max_query()).min(20);
            let mut lines = sequence::queries(seed, longest);
            lines.retain(|line| !line.is_empty());
            lines.truncate(4);
            if check(system, &model, &lines, seed as usize) {
                shown += usize::from(system.target == "z80-cpm" && shows_logits(&model));
                *if labels(&model).is_empty() { &mut talkers } else { &mut classifiers } += 1;
            }
        }
        println!("{}: {talkers} talkers, {classifiers} classifiers, {shown} with logits", system.target);
        assert!(talkers >= 4 && classifiers >= 1, "{}: {talkers}, {classifiers}", system.target);
        assert!(shown >= 4 || system.target != "z80-cpm", "{shown} with logits");
    }
}

/// Gives values to a network on numbers, and prints its results.
fn numbers_driver(rows: &[Vec<i8>], results: usize) -> String {
    let mut code = String::new();
    for (at, row) in rows.iter().enumerate() {
        code += &format!(" call net_begin\n ld hl,t_row{at}\n ld bc,{}\n call t_ask\n", row.len());
    }
    code += " jp 0\nt_ask: ld a,(hl)\n inc hl\n push hl\n push bc\n call net_input\n pop bc\n pop hl\n dec bc\n ld a,b\n or c\n jr \
             nz,t_ask\n call net_run\n";
    code += &format!(" ld hl,net_logits\n ld bc,{}\n", 2 * results);
    code += "t_next: ld a,(hl)\n inc hl\n push hl\n push bc\n call t_byte\n pop bc\n pop hl\n dec bc\n ld a,b\n or c\n jr nz,t_next\n \
             ret\nt_byte: push af\n rrca\n rrca\n rrca\n rrca\n call t_digit\n pop af\nt_digit: and 15\n add a,'0'\n cp ':'\n jr \
             c,t_put\n add a,7\nt_put: ld e,a\n ld c,2\n jp 5\n";
    for (at, row) in rows.iter().enumerate() {
        let bytes: Vec<_> = row.iter().map(|&value| (value as u8).to_string()).collect();
        code += &format!("t_row{at}: db {}\n", bytes.join(","));
    }
    code
}

#[test]
fn random_networks_on_numbers_are_called() {
    let target = called("z80-cpm");
    let mut done = 0;
    for seed in 700..724 {
        let model = on_numbers(seed);
        let (sensors, _) = model.network().expect("a network on numbers");
        let (mut r, count) = (Random(seed), sensors.shape.len());
        let rows = [vec![-128; count], bytes(&mut r, count), bytes(&mut r, count)];
        let (assets, demands) = (Assets::builtin(), Demands::default());
        let (model, target) = (&model, &target);
        let request =
            Request { model, target, assets: &assets, demands: &demands, wide: false, calibration: &[] };
        let compiled = match compile(&request) {
            Ok(compiled) => compiled,
            Err(CompileError::SensorsTooLarge { .. }) => continue,
            Err(error) => panic!("{}: {error}", model.head.name),
        };
        let results = compiled.image.logits.count;
        let text = format!("{}{}", numbers_driver(&rows, results), compiled.assembly);
        let printed = on_cpm(&program(target, &compiled, &text));
        let graph = reference(model).expect("the model was checked");
        let mut wants = String::new();
        for row in &rows {
            let run = eval::run(&graph, Sensors::line(row).as_bytes());
            let words = run.logits[0].iter().flat_map(|logit| logit.to_le_bytes());
            words.for_each(|byte| wants += &format!("{byte:02X}"));
        }
        assert_eq!(String::from_utf8_lossy(&printed), wants, "{}", model.head.name);
        done += 1;
    }
    assert!(done >= 15, "{done}");
}
