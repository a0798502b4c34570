//! Tells people what a CP/M program needs of its system: enough memory, and a file name that CP/M can have.

use mlc_compiler::Image;
use mlc_compiler::target::{Machine, Target, cpm};
use std::path::Path;

/// The lowest BDOS of systems that load and run an image. `None`: the target is no CP/M system.
pub fn lowest_bdos(image: &Image, target: &Target) -> Option<u16> {
    if target.machine != Machine::Cpm {
        return None;
    }
    cpm::lowest_bdos(image.bytes.len(), image.memory_end)
}

/// [`lowest_bdos`] in a sentence.
pub fn needs(image: &Image, target: &Target) -> Option<String> {
    let bdos = lowest_bdos(image, target)?;
    let system = match cpm::kilobytes(bdos) {
        Some(kilobytes) => format!("a standard system of {kilobytes} KB has it there"),
        None => "no standard system has it there".to_string(),
    };
    Some(format!(
        "needs a BDOS at {bdos:04X}h or above: {system}; for less, --bdos ADDRESS or --optimize size"
    ))
}

/// A word about a file's name that CP/M cannot have: up to eight characters, a point, and three more.
pub fn note(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let (stem, kind) = name.split_once('.')?;
    let legal = |part: &str| part.bytes().all(|b| b.is_ascii_graphic() && !b"<>.,;:=?*_".contains(&b));
    if (1..=8).contains(&stem.len()) && (1..=3).contains(&kind.len()) && legal(stem) && legal(kind) {
        return None;
    }
    let short = cpm::file_name(stem);
    Some(format!(
        "note: {name} is no name on CP/M, which has 8 characters and 3 more: call it {short}.COM there"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cpm_has_not_get_a_note() {
        for name in ["talk.com", "TALK.COM", "a.com", "x/y/8letters.com", "A-1.com"] {
            assert_eq!(note(Path::new(name)), None, "{name}");
        }
        let noted = |name: &str| note(Path::new(name)).unwrap_or_default();
        let text = "note: talkative-2.com is no name on CP/M, which has 8 characters and 3 more: call it TALKATIV.COM there";
        assert_eq!(noted("build/talkative-2.com"), text);
        for (name, short) in [("a_b.com", "AB"), ("a.b.com", "A"), ("ä.com", "TALK"), (".com", "TALK")] {
            assert!(noted(name).ends_with(&format!(" call it {short}.COM there")), "{name}");
        }
    }
}
