//! What the tools of a sequence model read.

use clap::Args;
use std::str::FromStr;

#[derive(Debug, Clone, Default, Args)]
pub struct ToolArgs {
    /// What a tool of the model reads, 0 to 65535, as temp=23; may repeat [default: 0]
    #[arg(long = "tool", value_name = "NAME=NUMBER")]
    pub tools: Vec<Reading>,
}

/// A value of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub name: String,
    pub value: u16,
}

impl FromStr for Reading {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a name and a whole number from 0 to 65535, as temp=23".to_string();
        let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(wrong)?;
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let value = value.parse().ok().filter(|_| is_number).ok_or_else(wrong)?;
        Ok(Self { name: name.to_string(), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbers_with_a_name() {
        let read = |text: &str| text.parse::<Reading>().map(|reading| (reading.name, reading.value));
        assert_eq!(read("temp=23"), Ok(("temp".into(), 23)));
        assert_eq!(read("a-b=65535"), Ok(("a-b".into(), 65_535)));
        for wrong in ["temp", "=3", "temp=", "temp=-1", "temp=+1", "temp=65536", "temp=2 3", "temp=warm"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
