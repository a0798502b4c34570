//! The ZX Spectrum's tape and snapshot on somebody else's ROM: the free OpenSE BASIC in a machine that traps nothing but
//! the loading of blocks. Keys go through the keyboard matrix; what is read is the screen.

use super::support;
use super::support::shared::tools;
use mlc_compiler::target::ImageKind;
use mlc_compiler::{Compiled, Image, eval, reference};
use mlc_runtime_z80::{FullSpectrum, Memory, NoObserver, Observer, SpectrumConfig, Z80};

const ROM: &str = "/usr/share/spectrum-roms/opense.rom";
/// Frames from switching on to the copyright message, and for the tape's program to start.
const BOOT: u64 = 150;
const LOAD: u64 = 100;
/// Frames in which every answer of the tests comes.
const ANSWER: u64 = 150;
/// Bytes of the program's stack that nothing may have touched.
const STACK_MARGIN: usize = 32;

/// The ROM, or `None` with a message where it is not installed.
pub fn rom() -> Option<Vec<u8>> {
    let rom = std::fs::read(ROM).ok();
    tools::there(rom.is_some(), &format!("{ROM} (Debian package opense-basic)"));
    rom
}

fn compiled(name: &str) -> Compiled {
    let (model, _) = support::own(name);
    support::compile_for("zx48", &model, None, &[]).unwrap_or_else(|e| panic!("{e}\n{}", e.help()))
}

/// A machine with a ROM, and a person before it.
pub struct Session(FullSpectrum);

impl Session {
    fn switched_on(rom: &[u8]) -> Self {
        Self::with(rom, None, SpectrumConfig::default())
    }

    /// With 128 KB if there is a ROM for its editor.
    pub fn with(rom: &[u8], editor: Option<&[u8]>, config: SpectrumConfig) -> Self {
        let mut session = Self(FullSpectrum::new(rom, editor, config).expect("the ROM has 16 KB"));
        session.wait(BOOT);
        session
    }

    fn from_tape(rom: &[u8], image: &Image) -> Self {
        let mut session = Self::switched_on(rom);
        session.load(image);
        session
    }

    pub fn load(&mut self, image: &Image) {
        self.0.insert_tape(&image.file(ImageKind::Tap, "a program")).expect("the tape is whole");
        // This BASIC takes keywords letter by letter.
        self.keys("load \"\"\r");
        self.wait(LOAD);
    }

    fn from_snapshot(rom: &[u8], image: &Image) -> Self {
        let mut session = Self::switched_on(rom);
        session.0.load_snapshot(&image.file(ImageKind::Sna, "a program")).expect("the snapshot is whole");
        session.wait(LOAD);
        session
    }

    pub fn wait(&mut self, frames: u64) {
        self.0.run_frames(frames, &mut NoObserver).unwrap_or_else(|end| panic!("{end:?}\n{}", self.shown()));
    }

    fn keys(&mut self, keys: &str) {
        let typed = self.0.type_text(keys.as_bytes(), &mut NoObserver);
        typed.unwrap_or_else(|end| panic!("{end:?}\n{}", self.shown()));
    }

    pub fn ask(&mut self, query: &str) {
        self.keys(query);
        self.keys("\r");
        self.wait(ANSWER);
    }

    pub fn shown(&self) -> String {
        self.0.screen().join("\n").trim_end().to_string()
    }

    /// The last row of the upper screen with something on it.
    fn line(&self) -> String {
        self.shown().lines().last().unwrap_or("").to_string()
    }

    /// Leaves the program and has BASIC count.
    #[track_caller]
    pub fn back_to_basic(&mut self) {
        self.ask("!");
        self.ask("print 6*7");
        assert!(self.0.screen().iter().any(|row| row == "42"), "BASIC is gone:\n{}", self.shown());
    }
}

/// Texts as the screen breaks them.
fn rows<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let row = |text: &str| -> Vec<String> {
        text.as_bytes().chunks(32).map(|row| String::from_utf8_lossy(row).trim_end().to_string()).collect()
    };
    texts.into_iter().flat_map(row).collect::<Vec<_>>().join("\n")
}

#[test]
fn load_quote_quote_and_it_talks() {
    let Some(rom) = rom() else { return };
    for name in ["commands", "guess"] {
        let compiled = compiled(name);
        let (model, prompts) = support::own(name);
        let graph = reference(&model).expect("the model was checked");
        let mut session = Session::from_tape(&rom, &compiled.image);
        assert_eq!(session.shown(), format!("{name}. Type a line; ! ends.\n>"));
        let mut texts = vec![format!("{name}. Type a line; ! ends.")];
        for prompt in &prompts[..4] {
            let prompt = String::from_utf8_lossy(prompt);
            session.ask(&prompt);
            texts.extend([format!("> {prompt}"), eval::run(&graph, prompt.as_bytes()).text()]);
        }
        texts.push(">".into());
        assert_eq!(session.shown(), rows(texts.iter().map(String::as_str)), "{name}");
        session.back_to_basic();
    }
}

#[test]
fn on_16_kb_basic_reports_what_is_missing() {
    let Some(rom) = rom() else { return };
    let mut session =
        Session::with(&rom, None, SpectrumConfig { memory_last: 0x7FFF, ..SpectrumConfig::default() });
    session.load(&compiled("commands").image);
    assert!(session.line().contains("Out of memory, 10:3"), "{}", session.shown());
}

#[test]
fn the_line_can_be_edited() {
    let Some(rom) = rom() else { return };
    let mut session = Session::from_tape(&rom, &compiled("commands").image);
    session.keys("hallo\x08\x08\x08\x08ello");
    assert_eq!(session.line(), "> hello");
    session.keys(" Big\x06 small\x06 ?[~}");
    assert_eq!(session.line(), "> hello Big SMALL ?[~}");
    // Edit clears the line, across rows as well.
    session.keys("\x07");
    assert_eq!(session.line(), ">");
    session.keys(&"0123456789".repeat(5));
    assert_eq!(session.line(), "01234567890123456789");
    session.keys(&"\x08".repeat(30));
    assert_eq!(session.line(), "> 01234567890123456789");
    session.keys(&"\x08".repeat(30));
    assert_eq!(session.line(), ">");
    // Held for a second and a half: a pause, then some a second; how many differs from ROM to ROM.
    session.0.hold(b'x', 75, &mut NoObserver).expect("the program waits");
    let repeated = session.line().matches('x').count();
    assert!((5..=40).contains(&repeated), "{}", session.line());
    session.0.hold(8, 150, &mut NoObserver).expect("the program waits");
    assert_eq!(session.line(), ">", "Delete repeats, too");
    // A line is as long as the model says.
    session.keys(&"w".repeat(70));
    let typed = session.0.screen().iter().map(|row| row.matches('w').count()).sum::<usize>();
    assert_eq!(typed, 62);
}

#[test]
fn a_snapshot_talks_and_goes_back_to_basic() {
    let Some(rom) = rom() else { return };
    let compiled = compiled("commands");
    let mut session = Session::from_snapshot(&rom, &compiled.image);
    session.ask("turn on the light");
    assert_eq!(session.shown(), "commands. Type a line; ! ends.\n> turn on the light\nON\n>");
    session.back_to_basic();
}

#[test]
fn a_full_screen_scrolls_without_a_question() {
    let Some(rom) = rom() else { return };
    let mut session = Session::from_tape(&rom, &compiled("commands").image);
    for _ in 0..14 {
        session.ask("turn on the light");
    }
    assert_eq!(session.line(), ">");
    assert_eq!(session.shown().lines().count(), 22);
    assert!(session.shown().starts_with("ON\n> turn on the light\n"), "{}", session.shown());
}

/// Logits of each step.
struct Watch<'a> {
    image: &'a Image,
    logits: Vec<Vec<i16>>,
    at: Vec<u64>,
}

impl Observer<Z80> for Watch<'_> {
    fn on_watch(&mut self, _: u16, memory: &Memory, t: u64) {
        self.logits.push(self.image.logits.read(|address| memory.byte(address)));
        self.at.push(t);
    }
}

#[test]
fn logits_are_exact_under_the_rom_s_interrupts_and_its_stack_suffices() {
    let Some(rom) = rom() else { return };
    let mut models: Vec<_> = ["guess", "tinychat"].map(|name| support::own(name).0).into();
    models.extend(["tinychat", "guess"].into_iter().filter_map(support::published));
    for model in models {
        let compiled = support::compile_for("zx48", &model, None, &[]).expect("it fits");
        let image = &compiled.image;
        let graph = reference(&model).expect("the model was checked");
        let before = Session::switched_on(&rom).0.memory().bytes().to_vec();
        let mut session = Session::from_tape(&rom, image);
        session.0.watch(image.logits.ready as u16);
        let query = "are you a robot?";
        session.keys(query);
        let run = eval::run(&graph, query.as_bytes());
        let mut watch = Watch { image, logits: vec![], at: vec![] };
        session.0.type_text(b"\r", &mut watch).expect("the program answers");
        session.0.run_frames(ANSWER + 12 * run.steps() as u64, &mut watch).expect("the program answers");
        assert_eq!(watch.logits, run.logits, "{}", model.head.name);
        let text = run.text();
        let reply = rows([text.as_str()]);
        assert!(
            session.shown().ends_with(&format!("{reply}\n>")),
            "{}\n{}",
            model.head.name,
            session.shown()
        );
        if let [first, .., last] = watch.at[..] {
            let step = (last - first) / (watch.at.len() as u64 - 1);
            eprintln!("{}: {step} T-states a step with the ROM's printing and interrupts", model.head.name);
        }
        let symbol = |name: &str| image.assembly.symbols[name];
        let (bottom, top) = (symbol("stack"), symbol("stack_top"));
        let untouched = |at: &u16| session.0.memory().byte(*at) == before[usize::from(*at)];
        // Further up BASIC's stack was, before CLEAR moved it.
        if top < 0xF000 {
            let untouched = (bottom..top).take_while(untouched).count();
            eprintln!("{}: {untouched} of {} bytes of stack untouched", model.head.name, top - bottom);
            assert!(untouched >= STACK_MARGIN, "{}: the stack is too small", model.head.name);
        }
    }
}

/// A picture with all kinds of bytes.
fn picture() -> Vec<u8> {
    (0..6912u32).map(|n| (n * 37 + n / 256) as u8).collect()
}

/// What the screen shows where the program begins.
struct Seen(Vec<u8>);

impl Observer<Z80> for Seen {
    fn on_watch(&mut self, _: u16, memory: &Memory, _: u64) {
        if self.0.is_empty() {
            self.0 = (0x4000..0x4000 + 6912).map(|at| memory.byte(at)).collect();
        }
    }
}

/// The tape with a picture in front: it is on the screen while the program loads, without a word over it, and the program talks.
#[test]
fn a_picture_is_shown_while_the_program_loads() {
    let Some(rom) = rom() else { return };
    let compiled = compiled("commands");
    let (screen, image) = (picture(), &compiled.image);
    for kind in [ImageKind::Tap, ImageKind::Tzx] {
        let mut session = Session::switched_on(&rom);
        session.0.insert_tape(&image.tape(kind, "a program", Some(&screen))).expect("the tape is whole");
        session.0.watch(image.origin);
        let mut seen = Seen(Vec::new());
        session.0.type_text(b"load \"\"\r", &mut seen).expect("it takes the line");
        session.0.run_frames(LOAD, &mut seen).expect("the program loads");
        let differs = seen.0.iter().zip(&screen).filter(|(a, b)| a != b).count();
        assert_eq!((seen.0.len(), differs), (6912, 0), "{kind:?}: where the program begins");
        assert_eq!(session.shown(), "commands. Type a line; ! ends.\n>", "{kind:?}");
        session.ask("turn on the light");
        assert!(session.shown().contains("\nON\n"), "{}", session.shown());
        session.back_to_basic();
    }
}

/// Lengths of equal levels of a sound, in samples: the sign of each.
fn runs(wav: &[u8]) -> Vec<usize> {
    let at = wav.windows(4).position(|part| part == b"data").expect("it has samples");
    let length = u32::from_le_bytes(wav[at + 4..at + 8].try_into().expect("four bytes")) as usize;
    let samples = &wav[at + 8..(at + 8 + length).min(wav.len())];
    samples.chunk_by(|a, b| (*a >= 128) == (*b >= 128)).map(<[u8]>::len).collect()
}

/// Fuse's utilities read the tape, and make the same sound of it.
#[test]
fn fuse_s_tools_read_the_tape_and_make_the_same_sound_of_it() {
    if !["tzxlist", "tapeconv", "tape2wav"].into_iter().all(super::installed) {
        return;
    }
    let compiled = compiled("commands");
    let screen = picture();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let run = |tool: &str, arguments: &[&str]| {
        let ran = std::process::Command::new(tool).args(arguments).current_dir(folder.path()).output();
        let ran = ran.expect("it is installed");
        let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
        assert!(ran.status.success(), "{tool}: {said}");
        said
    };
    for screen in [None, Some(&screen[..])] {
        for kind in [ImageKind::Tap, ImageKind::Tzx, ImageKind::Wav] {
            let file = compiled.image.tape(kind, "a program", screen);
            std::fs::write(path(&format!("t.{}", kind.extension())), file).expect("the folder is writable");
        }
        let said = run("tzxlist", &["t.tzx"]);
        let blocks = if screen.is_some() { 6 } else { 4 };
        assert_eq!(said.matches("Standard Speed Data").count(), blocks, "{said}");
        run("tapeconv", &["t.tzx", "made.tap"]);
        let read = |name: &str| std::fs::read(path(name)).expect("it was written");
        assert_eq!(read("made.tap"), read("t.tap"));
        run("tape2wav", &["-r", "44100", "t.tzx", "made.wav"]);
        let [mut theirs, ours] = [runs(&read("made.wav")), runs(&read("t.wav"))];
        // Some versions begin with a sample of silence.
        if theirs.first().is_some_and(|&first| first < 5) {
            theirs.remove(0);
        }
        assert!(ours.len().abs_diff(theirs.len()) <= 1, "{} pulses, theirs {}", ours.len(), theirs.len());
        // A pulse ends at the nearest sample; pauses have a second, about.
        let differs =
            ours.iter().zip(&theirs).position(|(a, b)| a.abs_diff(*b) > if *a > 1000 { 441 } else { 1 });
        assert_eq!(differs.map(|at| (at, &ours[at..at + 3], &theirs[at..at + 3])), None);
    }
}
