//! Finds words that are held back in what training would see.

use crate::texts::Content;

/// The first of the words that `content` says, as a word of its own, in any case.
pub fn leak<'w>(content: &Content, words: &'w [String]) -> Option<&'w str> {
    let says = |text: &str| {
        let text = text.to_lowercase();
        words.iter().find(|word| has_word(&text, &word.to_lowercase())).map(String::as_str)
    };
    match content {
        Content::Text(text) => says(text),
        Content::Conversation(messages) => messages.iter().find_map(|message| says(&message.content)),
    }
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let ends = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        ends(text[..at].chars().next_back()) && ends(text[at + word.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_for_themselves() {
        assert!(
            has_word("my name is kim.", "kim") && has_word("kim", "kim") && has_word("a red box", "red box")
        );
        assert!(!has_word("kimono", "kim") && !has_word("akim", "kim") && !has_word("k-i-m", "kim"));
    }
}
