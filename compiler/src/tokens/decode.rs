//! Tokens → text.

use super::{Special, Tokenizer};

/// What becomes of a space in front when tokens are printed: the one that the rules set before a text is not wanted back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeadingSpace {
    /// It is printed.
    Keep,
    /// A token right behind `bos` loses one (`decode` in `run.c` of llama2.c).
    AfterBos,
    /// The first token that prints something loses one (`Strip` of Hugging Face).
    First,
    /// The first token that is not special loses all that it has (`Metaspace` of Hugging Face).
    FirstToken,
}

impl Tokenizer {
    /// The bytes that tokens print. Special tokens and ids that do not exist print nothing. The result need not be
    /// UTF-8: byte tokens stand for themselves, where Hugging Face prints U+FFFD for those that are no character.
    pub fn decode(&self, tokens: &[u32]) -> Vec<u8> {
        let mut out = Vec::new();
        // Whether the next token may lose its space.
        let mut is_first = matches!(self.leading, LeadingSpace::First | LeadingSpace::FirstToken);
        for &id in tokens {
            let piece = self.pieces.get(id as usize).map_or(&[][..], Vec::as_slice);
            if is_first && self.leading == LeadingSpace::FirstToken && !self.is_control(id) {
                out.extend(piece.iter().filter(|&&byte| byte != b' '));
            } else if is_first && piece.first() == Some(&b' ') {
                out.extend_from_slice(&piece[1..]);
            } else {
                out.extend_from_slice(piece);
            }
            is_first = match self.leading {
                LeadingSpace::Keep => false,
                LeadingSpace::AfterBos => self.bos == Some(id),
                LeadingSpace::First => is_first && piece.is_empty(),
                LeadingSpace::FirstToken => is_first && self.is_control(id),
            };
        }
        out
    }

    /// Whether a token is special and prints nothing.
    fn is_control(&self, id: u32) -> bool {
        let is_control = |special: &Special| special.id == id && !special.everywhere;
        self.pieces.get(id as usize).is_none_or(Vec::is_empty) || self.specials.iter().any(is_control)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_space_in_front_is_dropped_by_the_rule() {
        let pieces = ["", " a", " ", "  b"].map(|piece| piece.as_bytes().to_vec()).to_vec();
        let mut tokenizer =
            Tokenizer { bos: Some(0), ..Tokenizer::characters(vec![Vec::new()], None).expect("plain") };
        tokenizer.pieces = pieces;
        let mut decode = |leading, tokens: &[u32]| {
            tokenizer.leading = leading;
            String::from_utf8(tokenizer.decode(tokens)).expect("all pieces are ASCII")
        };
        assert_eq!(decode(LeadingSpace::Keep, &[0, 1, 1]), " a a");
        assert_eq!(decode(LeadingSpace::AfterBos, &[0, 1, 1, 0, 3]), "a a b");
        assert_eq!(decode(LeadingSpace::AfterBos, &[1, 1]), " a a");
        assert_eq!(decode(LeadingSpace::First, &[0, 2, 1]), " a");
        assert_eq!(decode(LeadingSpace::First, &[0, 3, 9, 3]), " b  b");
        assert_eq!(decode(LeadingSpace::FirstToken, &[0, 3, 3]), "b  b");
    }
}
