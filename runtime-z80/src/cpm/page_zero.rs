//! The command tail and the default FCBs, as the CCP leaves them.

use super::LoadError;
use crate::core::Core;

const FCB1: u16 = 0x005C;
const FCB2: u16 = 0x006C;
const TAIL: u16 = 0x0080;
/// One length byte and this many characters fit in 0080h–00FFh.
const LONGEST: usize = 127;

/// A command tail that fits, with its leading space, upper-cased.
pub(super) struct Tail(Vec<u8>);

impl Tail {
    pub(super) fn new(text: &[u8]) -> Result<Self, LoadError> {
        // The CCP refuses control characters in names; none can be typed elsewhere but by accident.
        if let Some(position) = text.iter().position(|&byte| byte < b' ') {
            return Err(LoadError::TailControl { byte: text[position], position });
        }
        let mut tail = Vec::with_capacity(text.len() + 1);
        if text.first().is_some_and(|&byte| byte != b' ') {
            tail.push(b' ');
        }
        tail.extend(text.iter().map(u8::to_ascii_uppercase));
        if tail.len() > LONGEST {
            return Err(LoadError::TailTooLong { length: tail.len() });
        }
        Ok(Tail(tail))
    }

    pub(super) fn place(&self, core: &mut Core) {
        let Tail(tail) = self;
        // The length fits: checked in `new`. The CCP copies the end mark of its line, a zero, too; behind
        // 127 characters it would lie at 0100h, where the program is loaded afterwards.
        core.load(TAIL, &[tail.len() as u8]);
        core.load(TAIL + 1, tail);
        if tail.len() < LONGEST {
            core.load(TAIL + 1 + tail.len() as u16, &[0]);
        }
        let (first, rest) = fcb(tail);
        let (second, _) = fcb(rest);
        core.load(FCB1, &first);
        core.load(FCB2, &second);
        // The byte after the second FCB's 16 is the first one's current record.
        core.load(FCB2 + 16, &[0]);
    }
}

/// Drive, name, type and four zeros from the first word of `text`, and what follows the word.
/// As the CCP does it: blanks are skipped; `*` fills its field with `?`; what is too long is dropped.
fn fcb(text: &[u8]) -> ([u8; 16], &[u8]) {
    let mut fcb = [0; 16];
    fcb[1..12].fill(b' ');
    let mut rest = text.trim_ascii_start();
    if let [drive @ b'A'..=b'P', b':', after @ ..] = rest {
        fcb[0] = drive - b'A' + 1;
        rest = after;
    }
    rest = field(rest, &mut fcb[1..9]);
    if let [b'.', after @ ..] = rest {
        rest = field(after, &mut fcb[9..12]);
    }
    (fcb, rest)
}

fn field<'a>(text: &'a [u8], into: &mut [u8]) -> &'a [u8] {
    let end = text.iter().position(|byte| b" =_.:;<>".contains(byte)).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    for (at, &byte) in word.iter().take(into.len()).enumerate() {
        if byte == b'*' {
            into[at..].fill(b'?');
            break;
        }
        into[at] = byte;
    }
    rest
}
