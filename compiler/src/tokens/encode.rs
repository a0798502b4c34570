//! Text → tokens.

use super::{EncodeError, MOST_TEXT, Rule, Scheme, Tokenizer, special, split};
use std::ops::Range;

/// A part of a prompt. Parts are joined before they become tokens, as if they were one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Of a template: special tokens are recognized.
    Template(&'a [u8]),
    /// Of a user: special tokens are plain text.
    Text(&'a [u8]),
}

impl Tokenizer {
    /// The tokens of a text, without those that frame it ([`framed`](Self::framed)). Special tokens are plain text,
    /// but those that are `everywhere`. n bytes take O(n log n) steps.
    ///
    /// Errors: a character without a token, the text is too long, or its normal form is not known.
    pub fn encode(&self, text: &[u8]) -> Result<Vec<u32>, EncodeError> {
        self.encode_parts(&[Part::Text(text)])
    }

    /// The same, but special tokens are recognized by their written form.
    pub fn encode_with_specials(&self, text: &[u8]) -> Result<Vec<u32>, EncodeError> {
        self.encode_parts(&[Part::Template(text)])
    }

    /// The same of parts that a template and a user wrote. A special token is recognized where all of it lies in one
    /// part of the template.
    pub fn encode_parts(&self, parts: &[Part<'_>]) -> Result<Vec<u32>, EncodeError> {
        let bytes = parts.iter().map(|part| part.text().len()).sum();
        if bytes > MOST_TEXT {
            return Err(EncodeError::TooLong { bytes });
        }
        let text = parts.iter().map(Part::text).collect::<Vec<_>>().concat();
        let mut end = 0;
        let mut open: Vec<Range<usize>> = Vec::new();
        for part in parts {
            let start = end;
            end += part.text().len();
            if let Part::Template(_) = part {
                open.push(start..end);
            }
        }
        let is_open = |range: &Range<usize>| {
            let behind = open.partition_point(|open| open.start <= range.start);
            behind > 0 && range.end <= open[behind - 1].end
        };
        let mut tokens = Vec::new();
        for (range, special) in special::segments(&self.specials, &text, is_open) {
            match special {
                Some(special) => tokens.push(special.id),
                None => self.encode_segment(&text[range.clone()], range.start, &mut tokens)?,
            }
        }
        Ok(tokens)
    }

    /// The framed tokens of a text as a machine makes them: characters without a token are left out.
    pub fn tokens(&self, text: &[u8]) -> Vec<u32> {
        let mut text = text.to_vec();
        loop {
            match self.encode(&text) {
                Ok(tokens) => return self.framed(&tokens),
                Err(EncodeError::Unknown { at, .. } | EncodeError::NotNormal { at, .. }) => {
                    // As it was before the rules. Where these have added it themselves, nothing of the text is kept.
                    let length = self.alphabet.unit.first(&text[at..]).max(1);
                    text.drain(at..(at + length).min(text.len()));
                }
                Err(EncodeError::TooLong { .. }) => text.truncate(MOST_TEXT / 8),
            }
        }
    }

    /// Tokens between those that frame a text: `bos` and `eos`, where the tokenizer adds them.
    pub fn framed(&self, tokens: &[u32]) -> Vec<u32> {
        let bos = self.bos.filter(|_| self.adds_bos);
        let eos = self.eos.filter(|_| self.adds_eos);
        bos.into_iter().chain(tokens.iter().copied()).chain(eos).collect()
    }

    /// Appends the tokens of a text without special ones. `start`: where it is in the whole.
    fn encode_segment(&self, text: &[u8], start: usize, tokens: &mut Vec<u32>) -> Result<(), EncodeError> {
        let mut prepared = text.to_vec();
        for rule in &self.rules {
            prepared = rule.apply(prepared).map_err(|error| match error {
                EncodeError::NotNormal { form, found, .. } => {
                    let at = start + self.find_in_source(text, &found);
                    EncodeError::NotNormal { form, found, at }
                }
                other => other,
            })?;
        }
        if let Some(prefix) = &self.prefix {
            prepared = prefix.apply(prepared, start == 0);
        }
        let mut word_tokens = Vec::new();
        for word in split::words(&self.splits, &prepared) {
            let word = &prepared[word];
            if let Scheme::Merged { whole, .. } = &self.scheme
                && let Some(&id) = whole.get(word)
            {
                tokens.push(id);
                continue;
            }
            word_tokens.clear();
            self.alphabet.begin(word, &mut word_tokens).map_err(|found| {
                let found = word[found].to_vec();
                let at = start + self.find_in_source(text, &found);
                EncodeError::Unknown { found, at }
            })?;
            if let Scheme::Merged { merges, .. } = &self.scheme {
                merges.apply(&mut word_tokens);
            }
            tokens.extend_from_slice(&word_tokens);
        }
        Ok(())
    }

    /// Where a character that the rules have left in a text comes from: the first character of the source that they
    /// make it of. 0 where the rules have added it themselves.
    fn find_in_source(&self, source: &[u8], found: &[u8]) -> usize {
        let rewritten = |at: usize, length: usize| {
            let mut text = source[at..at + length].to_vec();
            let rules = self.rules.iter().filter(|rule| !matches!(rule, Rule::Prepend(_) | Rule::Normal(_)));
            for rule in rules {
                text = rule.apply(text).ok()?;
            }
            Some(text)
        };
        let mut at = 0;
        while at < source.len() {
            let length = self.alphabet.unit.first(&source[at..]);
            if rewritten(at, length).is_some_and(|text| text.windows(found.len()).any(|part| part == found)) {
                return at;
            }
            at += length;
        }
        // A character that a rule looks at as a whole is several bytes where the alphabet has bytes.
        source.windows(found.len()).position(|part| part == found).unwrap_or(0)
    }
}

impl<'a> Part<'a> {
    /// The bytes of the part.
    pub fn text(&self) -> &'a [u8] {
        match self {
            Self::Template(text) | Self::Text(text) => text,
        }
    }
}
