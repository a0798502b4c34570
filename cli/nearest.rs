//! Finds what was meant by a word that is not known.

/// The longest word that is compared: nobody mistypes a text.
const LONGEST: usize = 64;

/// That of `known` which differs least from `typed`, if it differs little: letters that are missing, too many, wrong or
/// swapped, one in three at most. Capitals do not count.
pub fn nearest(typed: &str, known: impl IntoIterator<Item = String>) -> Option<String> {
    if typed.len() > LONGEST {
        return None;
    }
    let typed = typed.to_lowercase();
    let near = known.into_iter().map(|known| (strsim::damerau_levenshtein(&typed, &known), known));
    near.filter(|(distance, known)| 3 * distance <= known.chars().count()).min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_what_was_meant() {
        let known = || ["commands", "guess", "tinychat"].map(str::to_string);
        for (typed, meant) in [
            ("tinychta", Some("tinychat")),
            ("TinyChat", Some("tinychat")),
            ("tinycat", Some("tinychat")),
            ("gues", Some("guess")),
            ("comands", Some("commands")),
            ("model.ron", None),
            ("chat", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known()).as_deref(), meant, "{typed}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), known()), None);
        assert_eq!(nearest("guess", []), None);
    }
}
