//! Lower case beyond ASCII: of all letters of Unicode only those for which a tokenizer can tell the difference.

use super::{Fallback, Rule, Scheme, Tokenizer, Unit};

/// Most letters in a table.
const MOST: usize = 64;

/// Letters beyond ASCII and what they are in lower case, where that makes other tokens. `None` for more than [`MOST`],
/// or where the order in which they are replaced would show.
pub fn table(tokenizer: &Tokenizer) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let known = known(tokenizer);
    let is_known = |text: &[u8]| known.iter().any(|known| contains(known, text) || contains(text, known));
    let is_unknown_alike = |from: &[u8], to: &[u8]| {
        matches!(tokenizer.alphabet.fallback, Fallback::Unknown { .. })
            && tokenizer.alphabet.unit == Unit::Character
            && from.len() == to.len()
            && !is_known(from)
            && !is_known(to)
    };
    let mut table = Vec::new();
    for c in ('\u{80}'..=char::MAX).filter(|&c| !c.to_lowercase().eq([c])) {
        let (from, to) = (c.to_string().into_bytes(), c.to_lowercase().to_string().into_bytes());
        if is_unknown_alike(&from, &to) {
            continue;
        }
        table.push((from, to));
        if table.len() > MOST {
            return None;
        }
    }
    let from = |text: &[u8]| table.iter().any(|(from, _)| contains(text, from));
    table.iter().all(|(_, to)| !from(to)).then_some(table)
}

/// Everything that a character can be found in after this rule, ASCII left out.
fn known(tokenizer: &Tokenizer) -> Vec<&[u8]> {
    let replaced = tokenizer.rules.iter().filter_map(|rule| match rule {
        Rule::Replace { from, .. } => Some(from),
        _ => None,
    });
    let whole = match &tokenizer.scheme {
        Scheme::Merged { whole, .. } => Some(whole.keys()),
        Scheme::Characters => None,
    };
    let prefix = tokenizer.prefix.iter().map(|prefix| &prefix.text);
    let all =
        tokenizer.alphabet.start.keys().chain(replaced).chain(whole.into_iter().flatten()).chain(prefix);
    all.map(Vec::as_slice).filter(|text| !text.is_ascii()).collect()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::Tokenizer;

    #[test]
    fn letters_without_a_token_are_left_out() {
        let pieces = |text: &str| text.chars().map(|c| c.to_string().into_bytes()).collect::<Vec<_>>();
        let tokenizer = |text: &str, unknown| {
            let mut tokenizer = Tokenizer::characters(pieces(text), unknown).expect("characters differ");
            tokenizer.alphabet.unit = Unit::Character;
            tokenizer.rules.push(Rule::Lower);
            table(&tokenizer)
        };
        let found = tokenizer("abk", Some(0)).expect("few");
        let is_there = |from: &str, to: &str| found.contains(&(from.into(), to.into()));
        assert!(is_there("\u{212a}", "k") && is_there("\u{130}", "i\u{307}"));
        assert!(found.iter().all(|(from, to)| from.len() != to.len()));
        let found = tokenizer("ab\u{e9}", Some(0)).expect("few");
        assert!(found.contains(&("\u{c9}".into(), "\u{e9}".into())));
        assert_eq!(tokenizer("ab\u{e9}", None), None);
    }
}
