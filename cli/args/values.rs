//! Parsers of option values. The message about a wrong value says which values the option takes.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A whole number from `least` to `most`.
pub fn whole<T>(least: T, most: T) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Copy + Send + Sync,
{
    move |text| match text.trim().parse::<T>() {
        Ok(number) if least <= number && number <= most => Ok(number),
        _ => Err(format!("write a whole number from {least} to {most}")),
    }
}

/// A label, without space around it.
pub fn label(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a label is empty".into()),
        label => Ok(label.into()),
    }
}

/// A number from `least` to `most`.
pub fn real(least: f32, most: f32) -> impl Fn(&str) -> Result<f32, String> + Clone {
    move |text| match text.trim().parse::<f32>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("write a number from {least} to {most}")),
    }
}

/// A number with three decimals at most, in thousandths, from `least` to `most` of them.
pub fn thousandths(least: u16, most: u16) -> impl Fn(&str) -> Result<u16, String> + Clone {
    move |text| {
        let number = text.trim().parse::<f64>().unwrap_or(f64::NAN) * 1000.0;
        let whole = number.round();
        match (f64::from(least)..=f64::from(most)).contains(&whole) && (number - whole).abs() < 1e-6 {
            true => Ok(whole as u16),
            false => {
                let [least, most] = [least, most].map(|n| f64::from(n) / 1000.0);
                Err(format!("write a number from {least} to {most}, with three decimals at most"))
            }
        }
    }
}

/// A file that is written in one format, which its extension names.
pub fn file_of(
    format: &'static str,
    extension: &'static str,
) -> impl Fn(&str) -> Result<PathBuf, String> + Clone {
    move |text| match has_extension(text, extension) {
        true => Ok(PathBuf::from(text)),
        false => Err(format!("it is written as {format}: give it a name that ends in .{extension}")),
    }
}

/// A file of pairs to write. Names that end in .gz are read as packed.
pub fn list_file(text: &str) -> Result<PathBuf, String> {
    match has_extension(text, "gz") {
        true => Err("it is written as plain text: give it a name that does not end in .gz".into()),
        false => Ok(PathBuf::from(text)),
    }
}

fn has_extension(text: &str, extension: &str) -> bool {
    Path::new(text).extension().is_some_and(|e| e.eq_ignore_ascii_case(extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_range() {
        let parse = whole(1u8, 16);
        assert_eq!((parse("1"), parse(" 16 ")), (Ok(1), Ok(16)));
        for wrong in ["0", "17", "-1", "256", "1.5", "", "x"] {
            assert_eq!(parse(wrong), Err("write a whole number from 1 to 16".into()), "{wrong}");
        }
    }

    #[test]
    fn decimals_become_thousandths() {
        let parse = thousandths(1, 10_000);
        assert_eq!(
            ["0.001", "0.8", " 1 ", "10", "0.067"].map(parse),
            [Ok(1), Ok(800), Ok(1000), Ok(10_000), Ok(67)]
        );
        for wrong in ["0", "10.001", "-1", "0.0005", "1e9", "NaN", "inf", "", "x"] {
            let said = "write a number from 0.001 to 10, with three decimals at most";
            assert_eq!(thousandths(1, 10_000)(wrong), Err(said.into()), "{wrong}");
        }
    }

    #[test]
    fn names_say_the_format() {
        let parse = file_of("SVG", "svg");
        assert_eq!(parse("a/b.SVG"), Ok(PathBuf::from("a/b.SVG")));
        for wrong in ["b.png", "b", "svg", ".svg", "b.svg.gz"] {
            let said = "it is written as SVG: give it a name that ends in .svg";
            assert_eq!(parse(wrong), Err(said.into()), "{wrong}");
        }
        assert!(list_file("pairs.txt").is_ok() && list_file("pairs").is_ok());
        assert!(list_file("pairs.txt.GZ").unwrap_err().contains("plain text"));
    }
}
