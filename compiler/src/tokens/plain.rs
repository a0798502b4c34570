//! What of a tokenizer no program computes, whatever it is written in.

use super::{Rule, Scheme, Split, Tokenizer};

impl Tokenizer {
    /// The first thing that programs leave to this machine, by its name. `cuts`: whether the program can cut texts into words
    /// like this.
    pub fn lacking(&self, cuts: impl FnOnce(&[Split]) -> Option<&'static str>) -> Option<&'static str> {
        if self.rules.iter().any(|rule| matches!(rule, Rule::Normal(_))) {
            return Some("Unicode's normal forms");
        }
        if self.specials.iter().any(|special| special.everywhere) {
            return Some("special tokens that are recognized in every text");
        }
        cuts(&self.splits).or(match &self.scheme {
            Scheme::Merged { whole, .. } if !whole.is_empty() => {
                Some("words that are tokens whatever the merges say")
            }
            Scheme::Merged { .. } | Scheme::Characters => None,
        })
    }

    /// The same for a program that cuts no texts.
    pub fn lacking_uncut(&self) -> Option<&'static str> {
        self.lacking(|splits| (!splits.is_empty()).then_some("text that is cut into words"))
    }
}
