//! How a machine to compile for is named, and what can be typed behind `mlc targets`.

use super::help;
use clap::Args;
use mlc_compiler::target::cpm;
use std::str::FromStr;

#[derive(Debug, Args)]
pub struct TargetArg {
    /// Machine to compile for: a name from `mlc targets`, or FILE.ron with a description
    #[arg(short = 't', long = "target", value_name = "TARGET", default_value = "z80-cpm")]
    pub name: String,
    #[arg(long, value_name = "BOARD", help = help::BOARD)]
    pub profile: Option<String>,
    #[arg(long, value_name = "ADDRESS", help = help::BDOS)]
    pub bdos: Option<Bdos>,
}

/// The entry of a CP/M system's BDOS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bdos(pub u16);

impl FromStr for Bdos {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        let digits = lower.strip_prefix("0x").or_else(|| lower.strip_suffix('h'));
        let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(Ok(address)) = digits.map(|digits| u32::from_str_radix(digits, 16)) else {
            return Err("write a hexadecimal address as D806h or 0xD806".into());
        };
        let (least, most) = (cpm::LOWEST_BDOS, cpm::HIGHEST_BDOS);
        match u16::try_from(address) {
            Ok(address) if (least..=most).contains(&address) => Ok(Self(address)),
            _ => Err(format!("a BDOS begins at {least:04X}h to {most:04X}h")),
        }
    }
}

#[derive(Debug, Args)]
pub struct TargetsArgs {
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bdos_is_a_hexadecimal_address_in_memory() {
        let address = |text: &str| text.parse::<Bdos>().map(|bdos| bdos.0);
        for text in ["D806h", "d806H", "0D806h", "0xD806", "0XD806"] {
            assert_eq!(address(text), Ok(0xD806), "{text}");
        }
        for text in ["", "h", "0x", "D806", "55302", "+D806h", "0xD806h", "D8 06h"] {
            assert_eq!(address(text), Err("write a hexadecimal address as D806h or 0xD806".into()), "{text}");
        }
        for text in ["0h", "0B05h", "F1D1h", "10000h", "FFFFFFFFh"] {
            assert_eq!(address(text), Err("a BDOS begins at 0B06h to F1D0h".into()), "{text}");
        }
    }
}
