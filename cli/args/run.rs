//! What can be typed behind `mlc run` and `mlc verify`: prompts for a program, and how long it may run.

use super::choice::{ChoiceArgs, DrawSeed};
use super::disk::DiskArgs;
use super::help;
use super::model::ModelArg;
use super::plan::PlanArgs;
use super::target::{Bdos, TargetArg};
use super::tools::ToolArgs;
use super::values::{file_of, whole};
use clap::Args;
use std::path::PathBuf;
use std::str::FromStr;

#[derive(Debug, Args)]
#[command(
    after_help = help::RUN
)]
pub struct RunArgs {
    /// A model as for `mlc compile`, or a program that a machine loads: .com, .img (a CP/M disk), .tap, .sna, .dsk, .cdt,
    /// .bin, .rom, .hex, .elf
    #[arg(value_name = "MODEL|PROGRAM")]
    pub program: PathBuf,
    /// Prompts, one an argument; for a .com file or one on a CP/M disk, the words of its command tail; for other files, lines to type
    #[arg(value_name = "PROMPT")]
    pub prompts: Vec<String>,
    /// Machine to run on: a name from `mlc targets`, FILE.ron, or `reference` (the interpreter)
    /// [default: z80-cpm; for a program file the first that loads it]
    #[arg(short = 't', long = "target", value_name = "TARGET")]
    pub target: Option<String>,
    #[arg(long, value_name = "BOARD", help = help::BOARD)]
    pub profile: Option<String>,
    #[arg(long, value_name = "ADDRESS", help = help::BDOS)]
    pub bdos: Option<Bdos>,
    #[command(flatten)]
    pub disk: DiskArgs,
    /// Write what stands on the screen at the end to FILE, a PNG; for machines with a picture
    #[arg(long, value_name = "FILE.png", value_parser = file_of("PNG", "png"))]
    pub screenshot: Option<PathBuf>,
    /// Run at the machine's pace: 4MHz, 3.5MHz, 500kHz
    #[arg(long, value_name = "CLOCK", allow_hyphen_values = true)]
    pub speed: Option<Clock>,
    #[command(flatten)]
    pub limit: LimitArg,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    #[command(flatten)]
    pub draw: DrawSeed,
    #[command(flatten)]
    pub tools: ToolArgs,
    /// Print a JSON object a reply
    #[arg(long)]
    pub json: bool,
}

/// A frequency in hertz.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock(pub f64);

impl FromStr for Clock {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.trim().to_ascii_lowercase();
        let units = [("mhz", 1e6), ("khz", 1e3), ("hz", 1.0), ("m", 1e6), ("k", 1e3), ("", 1.0)];
        let parsed = units.iter().find_map(|(unit, factor)| {
            let number: f64 = lower.strip_suffix(unit)?.trim_end().parse().ok()?;
            Some(number * factor)
        });
        match parsed {
            Some(hertz) if (1000.0..=1e9).contains(&hertz) => Ok(Self(hertz)),
            Some(_) => Err("a clock has 1kHz to 1000MHz".into()),
            None => Err("write a clock as 4MHz, 3.5MHz or 500kHz".into()),
        }
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = help::VERIFY
)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub model: ModelArg,
    #[command(flatten)]
    pub target: TargetArg,
    /// Prompts to run, one a line: `query` or `query|reply`
    #[arg(long, value_name = "FILE")]
    pub prompts: Option<PathBuf>,
    /// Rows to run of a network on numbers: an .npz with x, or a .csv
    #[arg(long, value_name = "FILE", conflicts_with = "prompts")]
    pub data: Option<PathBuf>,
    /// So many random prompts besides, a million at most
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole(0u32, 1_000_000))]
    pub random: u32,
    /// Seed of the random prompts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(0u64, u64::MAX))]
    pub seed: u64,
    #[command(flatten)]
    pub limit: LimitArg,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    #[command(flatten)]
    pub tools: ToolArgs,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// For a program of its own: more than any network that fits into a machine takes for its longest reply, so that a
/// program made by mlc never meets it.
const DEFAULT: u64 = 10_000_000_000;

#[derive(Debug, Clone, Copy, Args)]
pub struct LimitArg {
    /// End a program that runs for so many cycles without being given input [default: 10000000000; for the program of a
    /// model what its longest reply can take]
    #[arg(long, visible_alias = "max-tstates", value_name = "N", value_parser = whole(1u64, u64::MAX))]
    pub max_cycles: Option<u64>,
}

impl LimitArg {
    /// For a program of its own.
    pub fn of_program(self) -> u64 {
        self.max_cycles.unwrap_or(DEFAULT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_have_units() {
        let hertz = |text: &str| text.parse::<Clock>().map(|c| c.0);
        assert_eq!(hertz("4MHz"), Ok(4e6));
        assert_eq!(hertz("3.5 mhz"), Ok(3.5e6));
        assert_eq!(hertz("500k"), Ok(500e3));
        assert_eq!(hertz("4000000"), Ok(4e6));
        for wrong in ["fast", "MHz", "-4MHz", "0", "NaN", "inf", "4THz"] {
            assert!(hertz(wrong).is_err(), "{wrong}");
        }
    }
}
