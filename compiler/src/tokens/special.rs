//! Special tokens: finding their written form in a text.

use super::classes::char_at;
use std::collections::BTreeMap;
use std::ops::Range;

/// A token that is known by its written form: `<|user|>`, `</s>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Special {
    pub id: u32,
    /// Not empty.
    pub text: String,
    /// It is recognized in every text, a user's too: a token of ordinary text that was added to a vocabulary.
    pub everywhere: bool,
    /// It is looked for in what is left when the others were found (`normalized` of Hugging Face).
    pub late: bool,
    /// White space before it belongs to it.
    pub strip_left: bool,
    /// White space behind it belongs to it.
    pub strip_right: bool,
}

impl Special {
    /// A control token without peculiarities.
    pub fn control(id: u32, text: &str) -> Self {
        let text = text.to_string();
        Self { id, text, everywhere: false, late: false, strip_left: false, strip_right: false }
    }
}

/// A part of a text, and the special token that it is.
pub(super) type Segment<'a> = (Range<usize>, Option<&'a Special>);

/// Cuts special tokens out of a text: of those that start first the longest. `is_open` says of a range whether special
/// tokens are recognized in it; those of `everywhere` are everywhere.
pub(super) fn segments<'a>(
    specials: &'a [Special],
    text: &[u8],
    is_open: impl Fn(&Range<usize>) -> bool,
) -> Vec<Segment<'a>> {
    let mut segments: Vec<Segment> = vec![(0..text.len(), None)];
    for late in [false, true] {
        let tree = Tree::new(specials.iter().filter(|special| special.late == late));
        let mut cut = Vec::with_capacity(segments.len());
        for segment in segments {
            match segment {
                (range, None) => tree.cut(text, range, &is_open, &mut cut),
                found => cut.push(found),
            }
        }
        segments = cut;
    }
    segments.retain(|(range, _)| !range.is_empty());
    segments
}

/// Written forms by their bytes.
struct Tree<'a> {
    nodes: Vec<(BTreeMap<u8, usize>, Option<&'a Special>)>,
}

impl<'a> Tree<'a> {
    fn new(specials: impl Iterator<Item = &'a Special>) -> Self {
        let mut nodes = vec![(BTreeMap::new(), None)];
        for special in specials {
            let mut node = 0;
            for &byte in special.text.as_bytes() {
                let fresh = nodes.len();
                node = *nodes[node].0.entry(byte).or_insert(fresh);
                if node == fresh {
                    nodes.push((BTreeMap::new(), None));
                }
            }
            nodes[node].1 = Some(special);
        }
        Self { nodes }
    }

    /// The longest one at the start of a range.
    fn find(
        &self,
        text: &[u8],
        range: Range<usize>,
        is_open: impl Fn(&Range<usize>) -> bool,
    ) -> Option<&'a Special> {
        let mut node = 0;
        let mut found = None;
        for at in range.clone() {
            let Some(&next) = self.nodes[node].0.get(&text[at]) else { break };
            node = next;
            if let Some(special) = self.nodes[node].1
                && (special.everywhere || is_open(&(range.start..at + 1)))
            {
                found = Some(special);
            }
        }
        found
    }

    fn cut(
        &self,
        text: &[u8],
        range: Range<usize>,
        is_open: impl Fn(&Range<usize>) -> bool,
        into: &mut Vec<Segment<'a>>,
    ) {
        let mut from = range.start;
        let mut at = range.start;
        while at < range.end {
            let Some(special) = self.find(text, at..range.end, &is_open) else {
                at += 1;
                continue;
            };
            let mut token = at..at + special.text.len();
            if special.strip_left {
                token.start = space_before(text, from..at);
            }
            if special.strip_right {
                token.end = space_behind(text, token.end..range.end);
            }
            into.push((from..token.start, None));
            (from, at) = (token.end, token.end);
            into.push((token, Some(special)));
        }
        into.push((from..range.end, None));
    }
}

/// Where the white space starts that a range ends with.
fn space_before(text: &[u8], range: Range<usize>) -> usize {
    let is_space = |&at: &usize| {
        let (c, length) = char_at(&text[..range.end], at);
        c.is_some_and(char::is_whitespace).then_some(at + length)
    };
    let mut start = range.end;
    // A character has at most four bytes, one of white space at most three.
    while let Some(before) =
        (range.start.max(start.saturating_sub(3))..start).find(|at| is_space(at) == Some(start))
    {
        start = before;
    }
    start
}

/// Where the white space ends that a range starts with.
fn space_behind(text: &[u8], range: Range<usize>) -> usize {
    let mut end = range.start;
    while end < range.end {
        match char_at(&text[..range.end], end) {
            (Some(c), length) if c.is_whitespace() => end += length,
            _ => break,
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(specials: &[Special], text: &str, open: Range<usize>) -> Vec<(String, Option<u32>)> {
        let is_open = |range: &Range<usize>| open.start <= range.start && range.end <= open.end;
        let segments = segments(specials, text.as_bytes(), is_open).into_iter();
        segments
            .map(|(range, special)| (text[range].to_string(), special.map(|special| special.id)))
            .collect()
    }

    fn of(found: &[(&str, Option<u32>)]) -> Vec<(String, Option<u32>)> {
        found.iter().map(|&(text, id)| (text.to_string(), id)).collect()
    }

    #[test]
    fn the_first_and_of_those_the_longest_is_found() {
        let specials =
            [Special::control(1, "<a>"), Special::control(2, "<a><b>"), Special::control(3, "a><b")];
        assert_eq!(cut(&specials, "x<a><b>", 0..7), of(&[("x", None), ("<a><b>", Some(2))]));
        assert_eq!(cut(&specials, "<a><a><", 0..7), of(&[("<a>", Some(1)), ("<a>", Some(1)), ("<", None)]));
        assert_eq!(cut(&specials, "a><b", 0..4), of(&[("a><b", Some(3))]));
        assert_eq!(cut(&specials, "", 0..0), of(&[]));
    }

    #[test]
    fn a_user_writes_no_special_token() {
        let specials =
            [Special::control(1, "<a>"), Special { everywhere: true, ..Special::control(2, "<b>") }];
        assert_eq!(
            cut(&specials, "<a><a><b>", 0..3),
            of(&[("<a>", Some(1)), ("<a>", None), ("<b>", Some(2))])
        );
        // Half of it in the template is not enough, and what is shut does not hide what is shorter and open.
        assert_eq!(cut(&specials, "<a>", 0..2), of(&[("<a>", None)]));
        let nested = [Special::control(1, "<a>"), Special::control(2, "<a>x")];
        assert_eq!(cut(&nested, "<a>x", 0..3), of(&[("<a>", Some(1)), ("x", None)]));
    }

    #[test]
    fn white_space_around_belongs_to_tokens_that_strip() {
        let both = Special { strip_left: true, strip_right: true, ..Special::control(1, "<a>") };
        let found = cut(std::slice::from_ref(&both), "x \u{3000}<a>\n <a> y", 0..99);
        assert_eq!(found, of(&[("x", None), (" \u{3000}<a>\n ", Some(1)), ("<a> ", Some(1)), ("y", None)]));
    }

    #[test]
    fn late_ones_find_what_is_left() {
        let specials = [Special { late: true, ..Special::control(1, "<<a") }, Special::control(2, "<a>")];
        assert_eq!(cut(&specials, "<<a>", 0..4), of(&[("<", None), ("<a>", Some(2))]));
    }
}
