//! Names of files as the disk system of an Amstrad CPC has them.

/// Characters of a name without its type.
pub const NAME: usize = 8;

/// The name of a model: one to eight letters and digits in upper case.
pub fn file_name(model: &str) -> String {
    let letters = model.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase());
    let short: String = letters.take(NAME).collect();
    if short.is_empty() { "MODEL".into() } else { short }
}

/// The type of the file that has a page of memory, by what the gate array is sent to have it shown: C4h to C7h.
pub fn page_type(select: u8) -> String {
    format!("P{}", select & 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_amsdos_takes() {
        for (model, wants) in [
            ("guess", "GUESS"),
            ("tiny-model_2", "TINYMODE"),
            ("a-1", "A1"),
            ("-_-", "MODEL"),
            ("twelve-letters", "TWELVELE"),
        ] {
            assert_eq!(file_name(model), wants);
        }
        assert_eq!(page_type(0xC5), "P5");
    }
}
