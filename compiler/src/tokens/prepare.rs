//! What a text goes through before it is cut: rules, and a prefix.

use super::classes::char_at;
use super::{EncodeError, MOST_TEXT};
use std::fmt;

/// A step of rewriting a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Bytes in front of a text that is not empty.
    Prepend(Vec<u8>),
    /// Each `from`, left to right and without overlap, becomes `to`. `from` is not empty.
    Replace { from: Vec<u8>, to: Vec<u8> },
    /// Each code point in lower case, by Unicode; bytes that are not UTF-8 stay.
    Lower,
    /// `A`–`Z` in lower case.
    LowerAscii,
    /// `a`–`z` in upper case.
    UpperAscii,
    /// Unicode normalization. Nothing is changed: a text that it might change is refused.
    Normal(Form),
}

/// A normalization form of Unicode (UAX #15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nfc => "NFC",
            Self::Nfd => "NFD",
            Self::Nfkc => "NFKC",
            Self::Nfkd => "NFKD",
        })
    }
}

/// Ranges of code points that NFC leaves alone, whatever stands around them.
const NFC_KEEPS: [(u32, u32); 27] = [
    (0x0, 0x2ff),
    (0x370, 0x373),
    (0x391, 0x3a1),
    (0x3a3, 0x3ff),
    (0x400, 0x482),
    (0x48a, 0x52f),
    (0x531, 0x556),
    (0x561, 0x587),
    (0x5d0, 0x5ea),
    (0x10a0, 0x10c5),
    (0x10d0, 0x10ff),
    (0x1e00, 0x1eff),
    (0x2002, 0x2027),
    (0x202a, 0x2064),
    (0x2070, 0x20c0),
    (0x2100, 0x2125),
    (0x212c, 0x2328),
    (0x232b, 0x2adb),
    (0x2add, 0x2b73),
    (0x3000, 0x3029),
    (0x3030, 0x303f),
    (0x3041, 0x3096),
    (0x309b, 0x30ff),
    (0x3400, 0x4dbf),
    (0x4e00, 0x9fff),
    (0xac00, 0xd7a3),
    (0x1f300, 0x1faff),
];

impl Form {
    /// Whether the form is known to leave a character alone in every text. All ASCII is.
    pub fn keeps(self, c: char) -> bool {
        let c = c as u32;
        match self {
            Self::Nfc => NFC_KEEPS.iter().any(|&(first, last)| (first..=last).contains(&c)),
            // The first characters that these change are U+00C0 and U+00A0.
            Self::Nfd => c < 0xc0,
            Self::Nfkc | Self::Nfkd => c < 0xa0,
        }
    }
}

impl Rule {
    /// The text that a rule makes of another. Errors: it is too long; it has a character whose normal form mlc does not
    /// know, with its place in the text given here.
    pub(super) fn apply(&self, text: Vec<u8>) -> Result<Vec<u8>, EncodeError> {
        let longer = match self {
            Self::Prepend(front) if !text.is_empty() => text.len() + front.len(),
            Self::Replace { from, to } if to.len() > from.len() => {
                text.len() + finds(&text, from).count() * (to.len() - from.len())
            }
            _ => text.len(),
        };
        if longer > MOST_TEXT {
            return Err(EncodeError::TooLong { bytes: longer });
        }
        Ok(match self {
            Self::Prepend(_) if text.is_empty() => text,
            Self::Prepend(front) => [front.as_slice(), &text].concat(),
            Self::Replace { from, to } => replace(&text, from, to),
            Self::Lower => lower(&text),
            Self::LowerAscii => text.to_ascii_lowercase(),
            Self::UpperAscii => text.to_ascii_uppercase(),
            &Self::Normal(form) => {
                let changes = |&(_, c): &(usize, Option<char>)| c.is_none_or(|c| !form.keeps(c));
                let changed = chars(&text).find(changes);
                if let Some((at, c)) = changed {
                    let end = at + c.map_or(1, char::len_utf8);
                    return Err(EncodeError::NotNormal { form, found: text[at..end].to_vec(), at });
                }
                text
            }
        })
    }
}

/// Characters of a text and where they are; `None` for a byte that is not UTF-8.
pub(super) fn chars(text: &[u8]) -> impl Iterator<Item = (usize, Option<char>)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let here = Some(at).filter(|&at| at < text.len())?;
        let (c, length) = char_at(text, here);
        at += length;
        Some((here, c))
    })
}

fn lower(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (at, c) in chars(text) {
        match c {
            Some(c) => c.to_lowercase().for_each(|c| out.extend(c.encode_utf8(&mut [0; 4]).as_bytes())),
            None => out.push(text[at]),
        }
    }
    out
}

/// Where `what` is found in a text, left to right and without overlap. `what` is not empty.
pub(super) fn finds<'a>(text: &'a [u8], what: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let found = (from..text.len()).find(|&at| text[at..].starts_with(what))?;
        from = found + what.len();
        Some(found)
    })
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut behind = 0;
    for at in finds(text, from) {
        out.extend_from_slice(&text[behind..at]);
        out.extend_from_slice(to);
        behind = at + from.len();
    }
    out.extend_from_slice(&text[behind..]);
    out
}

/// What a text gets in front where it is not empty and does not start with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    pub text: Vec<u8>,
    /// Only at the start of all text, not behind a special token.
    pub first_only: bool,
}

impl Prefix {
    /// `is_first`: the text is at the start of all.
    pub(super) fn apply(&self, text: Vec<u8>, is_first: bool) -> Vec<u8> {
        if text.is_empty() || text.starts_with(&self.text) || (self.first_only && !is_first) {
            return text;
        }
        [self.text.as_slice(), &text].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_rewrite_bytes() {
        let apply = |rule: Rule, text: &[u8]| rule.apply(text.to_vec()).expect("the text is short and plain");
        let replace = |from: &str, to: &str| Rule::Replace { from: from.into(), to: to.into() };
        assert_eq!(apply(replace(" ", "▁"), b" a  b"), "▁a▁▁b".as_bytes());
        assert_eq!(apply(replace("aa", "b"), b"aaaaa"), b"bba");
        assert_eq!(apply(Rule::Prepend(b" ".to_vec()), b" a"), b"  a");
        assert_eq!(apply(Rule::Prepend(b" ".to_vec()), b""), b"");
        assert_eq!(apply(Rule::Lower, "ÀB\u{130}".as_bytes()), "àbi\u{307}".as_bytes());
        assert_eq!(apply(Rule::Lower, b"A\xffB\xc3"), b"a\xffb\xc3");
        assert_eq!(apply(Rule::LowerAscii, "ÀB".as_bytes()), "Àb".as_bytes());
        assert_eq!(apply(Rule::UpperAscii, b"a1\xe9"), b"A1\xe9");
    }

    #[test]
    fn what_normalization_might_change_is_refused() {
        let normal = |form, text: &str| Rule::Normal(form).apply(text.as_bytes().to_vec());
        assert_eq!(normal(Form::Nfc, "naïve – ’中한😀"), Ok("naïve – ’中한😀".as_bytes().to_vec()));
        let refused = |form, found: &str, at| {
            Err(EncodeError::NotNormal { form, found: found.as_bytes().to_vec(), at })
        };
        assert_eq!(normal(Form::Nfc, "ae\u{301}"), refused(Form::Nfc, "\u{301}", 2));
        assert_eq!(normal(Form::Nfd, "é"), refused(Form::Nfd, "é", 0));
        assert_eq!(normal(Form::Nfkc, "a\u{a0}"), refused(Form::Nfkc, "\u{a0}", 1));
    }

    #[test]
    fn a_prefix_is_not_set_twice() {
        let prefix = Prefix { text: b" ".to_vec(), first_only: true };
        let apply = |text: &[u8], is_first| prefix.apply(text.to_vec(), is_first);
        assert_eq!([apply(b"a", true), apply(b"a", false)], [b" a".to_vec(), b"a".to_vec()]);
        assert_eq!([apply(b" a", true), apply(b"", true)], [b" a".to_vec(), b"".to_vec()]);
    }
}
