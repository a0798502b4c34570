//! Numbers in sentences, for every message of mlc.

/// `343,052`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 step`, `2,000 steps`, `3 queries`. `what` is the singular; its last word is the one that changes.
pub fn count(n: usize, what: &str) -> String {
    let number = grouped(n as u64);
    match (n, what.strip_suffix('y')) {
        (1, _) => format!("{number} {what}"),
        (_, Some(stem)) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{number} {stem}ies"),
        _ if what.ends_with('s') => format!("{number} {what}es"),
        _ => format!("{number} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_group_by_three() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn one_is_one_thing() {
        let said = [0, 1, 2000].map(|n| count(n, "step"));
        assert_eq!(said, ["0 steps", "1 step", "2,000 steps"]);
        let said = [0, 1, 2].map(|n| count(n, "more query"));
        assert_eq!(said, ["0 more queries", "1 more query", "2 more queries"]);
        let said = [count(2, "key"), count(2, "address"), count(1, "bias"), count(5, "bias")];
        assert_eq!(said, ["2 keys", "2 addresses", "1 bias", "5 biases"]);
    }
}
