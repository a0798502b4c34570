//! Words as a POSIX shell reads them.

use crate::error::CliError;

/// Words as a shell reads them: one line, each word in single quotes where it needs them (POSIX shells, 2.2.2).
///
/// # Errors
/// A word with a line end: there is one command a line.
pub fn line(words: &[String]) -> Result<String, CliError> {
    let mut quoted = Vec::new();
    for word in words {
        if word.contains(['\n', '\r', '\0']) {
            return Err(CliError::Usage(format!("{word:?} has a line end: there is one command a line")));
        }
        quoted.push(self::word(word));
    }
    Ok(quoted.join(" "))
}

/// A word as a shell reads it.
pub fn word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_read_words_as_they_were() {
        let quoted = |word: &str| line(&[word.to_string()]).unwrap();
        assert_eq!(quoted("a-b_c.txt"), "a-b_c.txt");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("it's $HOME `x` \"\\\""), r#"'it'\''s $HOME `x` "\"'"#);
        assert_eq!(quoted("~"), "'~'");
        assert!(line(&["a\nb".to_string()]).is_err());
    }
}
