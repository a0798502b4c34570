//! Fuse, a Spectrum that others wrote, without a window. Its debugger presses keys and says what the program prints, its
//! logits, and when.

use mlc_compiler::Image;
use std::path::Path;
use std::process::Command;

const ROMS: &str = "/usr/share/spectrum-roms";
/// Variables of BASIC: the last key, and bit 5 of the other says that it is new.
const LAST_K: u16 = 0x5C08;
const FLAGS: u16 = 0x5C3B;
/// What numbers it prints are for.
const CHARACTER: u32 = 0x1_0000;
const LOGIT: u32 = 0x2_0000;
const TIME: u32 = 0x4_0000;
/// Seconds until it is ended by force: where it has something to say to a person it waits for ever.
const PATIENCE: &str = "300";

/// What a program did.
#[derive(Debug, Default)]
pub struct Seen {
    /// What it has printed.
    pub text: Vec<u8>,
    pub logits: Vec<i16>,
    /// From the end of the query to the next prompt: frames of the picture, and T-states.
    pub frames: i64,
    pub t_states: i64,
}

/// Commands of its debugger.
#[derive(Default)]
struct Debugger {
    text: String,
    breakpoints: usize,
}

impl Debugger {
    /// Has commands run at an address whenever it was passed so often. (Fuse crashes where it deletes a breakpoint that is
    /// reached.)
    fn at(&mut self, address: u32, passed: usize, commands: &[&str]) {
        self.breakpoints += 1;
        let number = self.breakpoints;
        self.text += &format!("break 0x{address:04x}\n");
        if passed > 0 {
            self.text += &format!("ignore {number} {passed}\n");
        }
        self.text += &format!("commands {number}\n{}\nend\n", commands.join("\n"));
    }
}

/// Runs a snapshot on a machine with 128 KB and types a query, up to the next prompt.
pub fn ask(snapshot: &Path, image: &Image, query: &[u8]) -> Seen {
    let symbol = |name: &str| image.assembly.table[name].value;
    let mut debugger = Debugger::default();
    let times = [format!("print {TIME}"), "print spectrum:frames".into(), "print ula:tstates".into()];
    let times = times.iter().map(String::as_str);
    let typed = [query, b"\r"].concat();
    // All that come before are reached as well: the last key counts.
    for (passed, key) in typed.iter().enumerate() {
        let keys = [format!("set {LAST_K} {key}"), format!("set {FLAGS} ([{FLAGS}] | 0x20)")];
        let keys = keys.iter().map(String::as_str);
        let last = times.clone().filter(|_| passed + 1 == typed.len());
        debugger.at(symbol("read_wait"), passed, &keys.chain(last).chain(["continue"]).collect::<Vec<_>>());
    }
    debugger.at(symbol("put"), 0, &[&format!("print ({CHARACTER} + z80:a)"), "continue"]);
    for &(low, high) in &image.logits.accumulators {
        let logit = format!("print ({LOGIT} + [{low}] + (256 * [{high}]))");
        debugger.at(image.logits.ready, 0, &[&logit, "continue"]);
    }
    debugger.at(symbol("read_wait"), typed.len(), &times.chain(["exit 0"]).collect::<Vec<_>>());
    let folder = snapshot.parent().expect("it is in a folder");
    let mut fuse = Command::new("timeout");
    fuse.args(["-s", "KILL", PATIENCE, "fuse-sdl", "--machine", "128", "--no-sound", "--speed", "100000"]);
    for (option, rom) in [
        ("128-0", "opense-stub"),
        ("128-1", "opense"),
        ("pentagon-0", "opense-stub"),
        ("pentagon-1", "opense"),
        ("pentagon-2", "opense"),
        ("48", "opense"),
    ] {
        fuse.args([format!("--rom-{option}"), format!("{ROMS}/{rom}.rom")]);
    }
    fuse.args(["--debugger-command", debugger.text.trim_end(), "--snapshot"]).arg(snapshot);
    fuse.env("HOME", folder).env("SDL_VIDEODRIVER", "dummy").env("SDL_AUDIODRIVER", "dummy");
    let ran = fuse.output().expect("it was there before");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{:?}\n{said}\n{}", ran.status, String::from_utf8_lossy(&ran.stderr));
    read(&said)
}

fn read(said: &str) -> Seen {
    let numbers =
        said.lines().filter_map(|line| u32::from_str_radix(line.trim().strip_prefix("0x")?, 16).ok());
    let mut numbers = numbers.peekable();
    let mut seen = Seen::default();
    let mut times = Vec::new();
    while let Some(number) = numbers.next() {
        match number {
            TIME => {
                times.push([numbers.next(), numbers.next()].map(|n| i64::from(n.expect("both are printed"))))
            }
            LOGIT.. => seen.logits.push(((number - LOGIT) & 0xFFFF) as u16 as i16),
            _ => seen.text.push((number & 0xFF) as u8),
        }
    }
    // The last key's are printed at the end, too.
    let [[f0, t0], .., [f1, t1]] = times[..] else { panic!("it was not asked, or did not answer:\n{said}") };
    (seen.frames, seen.t_states) = (f1 - f0, t1 - t0);
    seen
}
