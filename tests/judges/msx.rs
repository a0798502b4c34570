//! The MSX's cartridge in openMSX with the free C-BIOS: another processor, another BIOS, another mapper. Keys go through the
//! keyboard matrix; what is read is the video memory.

use super::support::shared::tools;
use super::{installed, support};
use mlc_compiler::model::Model;
use mlc_compiler::plan::{Demands, Storage};
use mlc_compiler::target::ImageKind;
use mlc_compiler::{Assets, CompileError, Compiled, Image, Request, eval, reference};
use mlc_runtime_z80::{Memory, MsxConfig, MsxMachine, Observer, Script, Z80};
use std::path::Path;
use std::process::Command;

const BIOS: &str = "/usr/share/cbios/cbios_main_msx1.rom";
/// Columns of the screen.
const WIDTH: usize = 39;
/// Rows that texts have.
const ROWS: usize = 23;
/// Real seconds after which openMSX gives up.
const PATIENCE: u32 = 240;

/// Whether openMSX can run here, or a message that it cannot.
fn can_run() -> bool {
    installed("openmsx") && tools::there(Path::new(BIOS).is_file(), &format!("{BIOS} (Debian package cbios)"))
}

/// What openMSX did: its screen at the end, and T-states from `net_answer` to the first `logits_ready` of each prompt.
struct Seen {
    screen: String,
    times: Vec<u64>,
}

/// Has openMSX run a cartridge, type `prompts` one by one when it asks, and tell.
fn session(image: &Image, prompts: &[&str]) -> Seen {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a.rom"), image.file(ImageKind::Rom, "")).expect("the folder is writable");
    let [from, to] =
        ["net_answer", "logits_ready"].map(|name| image.assembly.symbols.get(name).expect("it is a label"));
    let lines: Vec<String> = prompts.iter().map(|prompt| format!("{{{prompt}}}")).collect();
    let script = format!(
        r#"
set renderer none
set throttle off
set save_settings_on_exit off
set prompts [list {lines}]
set state asks
set begun 0
debug set_bp {from} {{}} {{set begun [machine_info time]}}
debug set_bp {to} {{}} {{
    if {{$begun > 0}} {{puts stderr "time [expr {{round(([machine_info time] - $begun) * 3579545)}}]"}}
    set begun 0
}}
proc look {{}} {{
    global prompts state
    if {{[catch {{get_screen}} text]}} {{set text ""}}
    set row [string trim [lindex [split [string trimright $text] "\n"] end]]
    if {{$state eq "asks" && $row eq ">"}} {{
        if {{[llength $prompts] == 0}} {{
            puts stderr "screen"
            puts stderr [get_screen]
            exit
        }}
        type "[lindex $prompts 0]\r"
        set prompts [lrange $prompts 1 end]
        set state typed
    }} elseif {{$state eq "typed" && $row ne ">"}} {{
        set state asks
    }}
    after time 0.2 look
}}
after time 7 look
after realtime {PATIENCE} {{puts stderr "too slow\n[get_screen]"; exit 1}}
"#,
        lines = lines.join(" ")
    );
    std::fs::write(path("look.tcl"), script).expect("the folder is writable");
    let ran = Command::new("openmsx")
        .args(["-machine", "C-BIOS_MSX1", "-carta"])
        .arg(path("a.rom"))
        .arg("-script")
        .arg(path("look.tcl"))
        .env("HOME", folder.path())
        .env("SDL_VIDEODRIVER", "dummy")
        .env("SDL_AUDIODRIVER", "dummy")
        .output()
        .expect("it was there before");
    // What it prints there is not lost when it exits.
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let (times, screen) = said.split_once("screen\n").unwrap_or_else(|| panic!("{said}"));
    let times = times.lines().filter_map(|line| line.strip_prefix("time ")?.parse().ok()).collect();
    Seen { screen: screen.to_string(), times }
}

/// Texts as the screen breaks them: the last rows of it.
fn rows<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let row = |text: &str| -> Vec<String> {
        text.as_bytes().chunks(WIDTH).map(|row| String::from_utf8_lossy(row).trim_end().to_string()).collect()
    };
    let all: Vec<String> = texts.into_iter().flat_map(row).collect();
    all[all.len().saturating_sub(ROWS)..].to_vec()
}

/// Compares what the screen shows with the reference.
fn same(model: &Model, image: &Image, prompts: &[&str]) -> Seen {
    let graph = reference(model).expect("the model was checked");
    let mut reader = eval::Session::new(&graph);
    let mut texts = vec![format!("{}. Type a line; ! ends.", model.head.name)];
    for prompt in prompts {
        texts.extend([format!("> {prompt}"), reader.ask(prompt.as_bytes()).text()]);
    }
    texts.push(">".into());
    let seen = session(image, prompts);
    // The BIOS leaves the first of 40 columns free.
    let shown = seen.screen.trim_end().lines().map(|row| row.strip_prefix(' ').unwrap_or(row).trim_end());
    let shown: Vec<&str> = shown.collect();
    let wants = rows(texts.iter().flat_map(|text| text.lines()));
    assert!(shown.ends_with(&wants.iter().map(String::as_str).collect::<Vec<_>>()), "{shown:#?}\n{wants:#?}");
    seen
}

fn compiled(model: &Model, storage: Storage) -> Image {
    compile(model, storage).unwrap_or_else(|e| panic!("{e}\n{}", e.help())).image
}

/// `None` where the machine cannot have it.
fn try_compile(model: &Model, storage: Storage) -> Option<Image> {
    compile(model, storage).ok().map(|compiled| compiled.image)
}

fn compile(model: &Model, storage: Storage) -> Result<Compiled, CompileError> {
    let assets = Assets::builtin();
    let targets = assets.targets().expect("the targets are whole");
    let target = targets.iter().find(|target| target.name == "msx").expect("it is one of them");
    let demands = &Demands { storage, ..Demands::default() };
    let request = Request { model, target, assets: &assets, demands, wide: false, calibration: &[] };
    mlc_compiler::compile(&request)
}

#[test]
fn a_cartridge_talks_in_openmsx() {
    if !can_run() {
        return;
    }
    for name in ["commands", "guess", "tinychat"] {
        let (model, prompts) = support::own(name);
        let image = compiled(&model, Storage::Auto);
        let prompts: Vec<_> = prompts[..5].iter().map(|prompt| String::from_utf8_lossy(prompt)).collect();
        let prompts: Vec<&str> = prompts.iter().map(|prompt| &**prompt).collect();
        let seen = same(&model, &image, &prompts);
        let ours: Vec<u64> = prompts.iter().map(|prompt| time(&image, prompt)).collect();
        assert_eq!(seen.times.len(), ours.len());
        // What openMSX takes more is its BIOS's interrupt.
        let more: Vec<_> =
            seen.times.iter().zip(&ours).map(|(theirs, ours)| theirs.checked_sub(*ours)).collect();
        eprintln!("{name}: {ours:?} T-states here, {more:?} more in openMSX");
        assert!(more.iter().all(Option::is_some), "{name} is faster there: {:?} and {ours:?}", seen.times);
        if name == "commands" {
            assert!(more.contains(&Some(0)), "{name}: no time without an interrupt");
        }
    }
}

/// T-states from `net_answer` to the first `logits_ready`.
fn time(image: &Image, prompt: &str) -> u64 {
    struct Watch {
        from: u16,
        times: [Option<u64>; 2],
    }
    impl Observer<Z80> for Watch {
        fn on_watch(&mut self, address: u16, _: &Memory, t: u64) {
            self.times[usize::from(address != self.from)].get_or_insert(t);
        }
    }
    let typed = [prompt.as_bytes(), b"\r"].concat();
    let file = image.file(ImageKind::Rom, "");
    let mut machine =
        MsxMachine::load(&file, Script::new(&typed), MsxConfig::default()).expect("the file is whole");
    let from = image.assembly.symbols["net_answer"];
    machine.watch(from);
    machine.watch(image.logits.ready as u16);
    let mut watch = Watch { from, times: [None; 2] };
    machine.run(&mut watch);
    match watch.times {
        [Some(from), Some(to)] => to - from,
        _ => panic!("\"{prompt}\" was not answered"),
    }
}

/// Weights in banks of 16 KB, with the mapper that openMSX takes the file for: of the first random network whose reply can be
/// compared.
#[test]
fn a_large_cartridge_talks_in_openmsx() {
    if !can_run() {
        return;
    }
    let prompt = "HELLO THERE";
    let is_shown = |reply: &[u8]| reply.len() > 8 && reply.iter().all(|byte| (33..127).contains(byte));
    for seed in 0..200 {
        let model = support::sequence::model(seed);
        if usize::from(model.reader.max_query()) < prompt.len() {
            continue;
        }
        let graph = reference(&model).expect("the model was checked");
        if !is_shown(&eval::run(&graph, prompt.as_bytes()).reply) {
            continue;
        }
        let Some(image) = try_compile(&model, Storage::Banks) else { continue };
        let banked = image.banked.as_ref().expect("it was asked for");
        assert_eq!(banked.selector, "ASCII16");
        same(&model, &image, &[prompt]);
        return;
    }
    panic!("no network's reply can be compared");
}

/// A story of 260,000 weights from banks of 8 KB.
#[test]
fn a_cartridge_tells_a_story_in_openmsx() {
    let Some(model) = support::stories::stories(5, 32, 32) else { return };
    if !can_run() {
        return;
    }
    let image = compiled(&model, Storage::Auto);
    let banked = image.banked.as_ref().expect("no image has room for it");
    assert_eq!((banked.selector.as_str(), banked.caches.is_some()), ("ASCII8", true));
    same(&model, &image, &["Once upon a time"]);
}
