//! Reads a description, and checks each of its fields. Code behind this relies on it and does not check again.

use super::cpm;
use super::description::{Bank, ImageKind, Machine, Target};
use super::error::TargetError;
use super::read;
use super::rom;
use super::selector::GATE_ARRAY_BASE;
use std::ops::Range;

/// A field, and what is wrong with it.
pub(super) type Problem = (&'static str, String);

/// Longest name and longest text about a target, in characters.
const LONGEST_NAME: usize = 40;
const LONGEST_ABOUT: usize = 200;
/// Clocks of simulated machines, in hertz; `mlc run --speed` has the same.
const CLOCKS: std::ops::RangeInclusive<u32> = 1_000..=1_000_000_000;
/// No program is smaller.
const SMALLEST_IMAGE: u16 = 0x0100;
/// More would be taken from buffers for nothing.
const LARGEST_STACK: u16 = 4096;
/// A page: switching to less would not pay.
const SMALLEST_BANK: u16 = 0x0100;
/// No machine adds more to each fetch.
const MOST_WAITS: u8 = 4;
/// What selects a page of a Spectrum 128 that is not shown elsewhere, and the ROM of BASIC.
const PAGES: [u8; 6] = [0x10, 0x11, 0x13, 0x14, 0x16, 0x17];
/// What selects a page at 4000h of a CPC 6128.
const CPC_PAGES: [u8; 5] = [GATE_ARRAY_BASE, 0xC4, 0xC5, 0xC6, 0xC7];
/// 4 MB in pieces of 16 KB.
const MOST_BANKS: usize = 256;

impl Target {
    /// Reads a description. `file` names it in errors. [`crate::Assets::read_target`] knows the templates, too.
    ///
    /// # Errors
    /// Where it is no RON, has unknown or missing fields, or values that cannot be or contradict each other.
    pub fn read(text: &str, file: &str) -> Result<Self, TargetError> {
        let mut target: Self = read::ron(text, file)?;
        target.flash = target.rom.as_ref().map(|rom| rom.size.into());
        check(&target).map_err(|(field, problem)| read::fail(file, field, &problem))?;
        Ok(target)
    }
}

/// What is known of a machine, whatever a description says.
struct Facts {
    /// Lowest and highest origin, and why it is so.
    origin: (u16, u16),
    why_origin: &'static str,
    /// Highest `image_end` and `memory_end`, where they do not depend on each other.
    image_end: u16,
    memory_end: u16,
    why_end: &'static str,
    /// Fewest bytes of stack: what the system's calls and interrupts take on it, and the program's own calls.
    stack: u16,
    /// Whether a console can run on the system's stack instead: then a description says 0.
    system_stack: bool,
    /// The console that comes with mlc.
    console: &'static str,
}

fn facts(machine: Machine) -> Facts {
    match machine {
        Machine::Cpm => Facts {
            origin: (0x0100, 0x0100),
            why_origin: "CP/M loads programs to 0100h",
            image_end: cpm::HIGHEST_BDOS,
            memory_end: cpm::HIGHEST_BDOS,
            why_end: "above it the BIOS would not fit",
            stack: 32,
            system_stack: false,
            console: "cpm.asm",
        },
        Machine::Spectrum48 | Machine::Spectrum128 => Facts {
            origin: (0x5E00, 0xFE00),
            why_origin: "BASIC, its loader and its stack lie below",
            image_end: 0xFFFF,
            memory_end: 0xFFFF,
            why_end: "memory ends there",
            stack: 96,
            system_stack: false,
            console: if machine == Machine::Spectrum48 { "zx48.asm" } else { "zx128.asm" },
        },
        Machine::Cpc464 | Machine::Cpc6128 => Facts {
            origin: (0x0040, 0xA500),
            why_origin: "the restarts lie below 0040h",
            image_end: 0xA700,
            memory_end: 0xB100,
            why_end: "the disk system's memory begins at A700h while it loads, the firmware's at B100h",
            stack: 160,
            system_stack: true,
            console: if machine == Machine::Cpc464 { "cpc464.asm" } else { "cpc6128.asm" },
        },
        Machine::Msx => Facts {
            origin: (0xC000, 0xE000),
            why_origin: "RAM begins there, in a machine of 16 KB or of 8 KB",
            image_end: 0xF2C0,
            memory_end: 0xF2C0,
            why_end: "the BIOS's stack lies above, and its variables",
            stack: 160,
            system_stack: false,
            console: "msx.asm",
        },
        Machine::Avr => unreachable!("a description cannot name it: serde skips the variant"),
    }
}

/// Whether a machine loads files of a kind.
fn loads(machine: Machine, kind: ImageKind) -> bool {
    let loaders: &[Machine] = match kind {
        ImageKind::Com => &[Machine::Cpm],
        ImageKind::Tap | ImageKind::Tzx | ImageKind::Wav | ImageKind::Sna => {
            &[Machine::Spectrum48, Machine::Spectrum128]
        }
        ImageKind::Bin | ImageKind::Dsk | ImageKind::Cdt => &[Machine::Cpc464, Machine::Cpc6128],
        ImageKind::Rom => &[Machine::Msx],
        ImageKind::Hex | ImageKind::Elf => &[Machine::Avr],
    };
    loaders.contains(&machine)
}

/// The first field that cannot be so.
fn check(target: &Target) -> Result<(), Problem> {
    names(target)?;
    images(target)?;
    memory(target)?;
    rom::check(target)?;
    banks(target)?;
    if !CLOCKS.contains(&target.clock_hz) {
        return problem("clock_hz", "must be 1000 to 1000000000");
    }
    if target.fetch_wait > MOST_WAITS {
        return problem("fetch_wait", "must be 0 to 4 T-states");
    }
    if let Some((first, last)) = target.contended
        && first > last
    {
        return Err((
            "contended",
            format!("{first:04X}h, its first address, lies behind {last:04X}h, its last"),
        ));
    }
    if !(1..=127).contains(&target.longest_query) {
        return problem("longest_query", "must be 1 to 127 bytes");
    }
    console(target)
}

fn problem(field: &'static str, problem: &str) -> Result<(), Problem> {
    Err((field, problem.to_string()))
}

fn names(target: &Target) -> Result<(), Problem> {
    let Target { name, about, .. } = target;
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_legal) || name.starts_with('-') {
        let problem = format!("use 1 to {LONGEST_NAME} letters, digits and '-', and no '-' at its start");
        return Err(("name", problem));
    }
    if name == "reference" {
        return problem("name", "`reference` is the interpreter: choose another");
    }
    if about.chars().count() > LONGEST_ABOUT || about.chars().any(char::is_control) {
        return Err(("about", format!("use one line of up to {LONGEST_ABOUT} characters")));
    }
    Ok(())
}

fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-'
}

fn images(target: &Target) -> Result<(), Problem> {
    let own = |kind: &&ImageKind| loads(target.machine, **kind);
    let known: Vec<_> = ImageKind::ALL.iter().filter(own).map(|kind| format!("{kind:?}")).collect();
    let known = known.join(", ");
    if target.images.is_empty() {
        return Err((
            "images",
            format!("name one kind of file at least; {:?} loads {known}", target.machine),
        ));
    }
    for (i, kind) in target.images.iter().enumerate() {
        if !own(&kind) {
            return Err(("images", format!("{:?} does not load {kind:?}, but {known}", target.machine)));
        }
        if target.images[..i].contains(kind) {
            return Err(("images", format!("{kind:?} is named twice")));
        }
    }
    Ok(())
}

fn memory(target: &Target) -> Result<(), Problem> {
    let Target { origin, image_end, memory_end, stack, .. } = *target;
    let facts = facts(target.machine);
    let (lowest, highest) = facts.origin;
    if !(lowest..=highest).contains(&origin) {
        let wanted = if lowest == highest {
            format!("must be {lowest:04X}h")
        } else {
            format!("must be {lowest:04X}h to {highest:04X}h")
        };
        return Err(("origin", format!("{origin:04X}h {wanted}: {}", facts.why_origin)));
    }
    if memory_end > facts.memory_end {
        let problem =
            format!("{memory_end:04X}h must not lie above {:04X}h: {}", facts.memory_end, facts.why_end);
        return Err(("memory_end", problem));
    }
    // origin.1 of every machine and a page more are below 64 KiB.
    let lowest = origin + SMALLEST_IMAGE;
    if image_end < lowest {
        let problem =
            format!("{image_end:04X}h must be {lowest:04X}h or more: no program is smaller than that");
        return Err(("image_end", problem));
    }
    if image_end > memory_end {
        let problem = format!("{image_end:04X}h must not lie above memory_end, {memory_end:04X}h");
        return Err(("image_end", problem));
    }
    if image_end > facts.image_end {
        let problem =
            format!("{image_end:04X}h must not lie above {:04X}h: {}", facts.image_end, facts.why_end);
        return Err(("image_end", problem));
    }
    if target.machine == Machine::Cpm {
        let most = cpm::image_end(memory_end);
        if image_end > most {
            let ccp = cpm::ccp(memory_end);
            let problem = format!(
                "{image_end:04X}h must not lie above {most:04X}h: the command processor, at {ccp:04X}h with a BDOS at \
                 {memory_end:04X}h, refuses a file that reaches it"
            );
            return Err(("image_end", problem));
        }
    }
    let none = facts.system_stack && stack == 0;
    if !none && !(facts.stack..=LARGEST_STACK).contains(&stack) {
        let or = if facts.system_stack { "0, where the console takes the system's, or " } else { "" };
        let problem = format!(
            "{stack} must be {or}{} to {LARGEST_STACK} bytes: the system's calls and interrupts need them",
            facts.stack
        );
        return Err(("stack", problem));
    }
    Ok(())
}

/// Windows that a plan can rely on: what is selected there takes nothing away from the program, and is known.
fn banks(target: &Target) -> Result<(), Problem> {
    let wrong = |problem: String| Err(("banks", problem));
    if target.banks.len() > MOST_BANKS {
        return wrong(format!("use {MOST_BANKS} banks at most"));
    }
    let memory = usize::from(target.origin)..usize::from(target.memory_end);
    for (i, bank) in target.banks.iter().enumerate() {
        let Bank { name, size, window, select, of_system: _ } = bank;
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_legal) {
            return wrong(format!(
                "{name:?} is no name of a bank: use 1 to {LONGEST_NAME} letters, digits and '-'"
            ));
        }
        let addresses = bank.addresses();
        if *size < SMALLEST_BANK || addresses.end > 0x1_0000 {
            return wrong(format!(
                "{name} has {size} bytes from {window:04X}h on; a bank has {SMALLEST_BANK} at least and ends at FFFFh at \
                 the latest"
            ));
        }
        if target.machine == Machine::Spectrum128 {
            // They lie at its end: a program that selects them has no more than what lies before.
            is_page(target, bank)?;
        } else if target.machine == Machine::Cpc6128 {
            // They lie inside of it: a program that selects them lies around them.
            is_cpc_page(target, i, bank)?;
        } else if overlap(&addresses, &memory) {
            return wrong(format!(
                "the window of {name} from {window:04X}h on meets the program's memory, {:04X}h to memory_end {:04X}h",
                target.origin, target.memory_end
            ));
        }
        for other in &target.banks[..i] {
            if other.name == *name {
                return wrong(format!("{name} is named twice"));
            }
            if other.select == *select && overlap(&addresses, &other.addresses()) {
                let problem = format!(
                    "{} and {name} would show at the same addresses: {:02X}h at port {:04X}h selects both",
                    other.name, select.value, select.port
                );
                return wrong(problem);
            }
        }
    }
    Ok(())
}

/// A page that a program can have shown: not one that is always there.
fn is_page(target: &Target, bank: &Bank) -> Result<(), Problem> {
    let Bank { name, size, window, select, .. } = bank;
    let is_one = (*window, *size, select.port) == (0xC000, 0x4000, 0x7FFD) && PAGES.contains(&select.value);
    if !is_one || target.origin > window - SMALLEST_IMAGE {
        let problem = format!(
            "{name} is no page of a Spectrum 128 behind a program: 4000h bytes at C000h, selected at port 7FFDh by 10h, 11h, \
             13h, 14h, 16h or 17h"
        );
        return Err(("banks", problem));
    }
    Ok(())
}

/// A page of a CPC 6128 that a program can have shown in its midst, that which shows when it is loaded before the others.
fn is_cpc_page(target: &Target, place: usize, bank: &Bank) -> Result<(), Problem> {
    let Bank { name, size, window, select, .. } = bank;
    let is_known = CPC_PAGES.contains(&select.value) && (select.value == GATE_ARRAY_BASE) == (place == 0);
    let is_one = (*window, *size, select.port) == (0x4000, 0x4000, 0x7F00) && is_known;
    let around = target.origin <= window - SMALLEST_IMAGE
        && bank.addresses().end + usize::from(SMALLEST_IMAGE) <= target.image_end.into();
    if !is_one || !around {
        let problem = format!(
            "{name} is no page of a CPC 6128 inside of a program: 4000h bytes at 4000h, selected at port 7F00h by C0h, which \
             comes first, or C4h to C7h"
        );
        return Err(("banks", problem));
    }
    Ok(())
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

/// A console of one's own may have any name but those of the other machines' consoles. Whether there is such a template
/// is known with the templates only: [`crate::Assets::read_target`].
fn console(target: &Target) -> Result<(), Problem> {
    let name = target.console.as_str();
    let stem = name.strip_suffix(".asm").unwrap_or("");
    if stem.is_empty() || name.contains(['/', '\\']) {
        let own = facts(target.machine).console;
        let problem =
            format!("{name:?} is no name of a template, which ends in .asm and has no folder: {own}");
        return Err(("console", problem));
    }
    let others = [
        Machine::Cpm,
        Machine::Spectrum48,
        Machine::Spectrum128,
        Machine::Cpc464,
        Machine::Cpc6128,
        Machine::Msx,
    ];
    let other = others.into_iter().find(|&other| other != target.machine && facts(other).console == name);
    match other {
        Some(other) => {
            let own = facts(target.machine).console;
            let problem =
                format!("{name} is the console of {other:?}; that of {:?} is {own}", target.machine);
            Err(("console", problem))
        }
        None => Ok(()),
    }
}
