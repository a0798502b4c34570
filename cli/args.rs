//! Everything that can be typed.

use crate::bench::args::BenchArgs;
use crate::error::CliError;
use crate::help;
use crate::limit::LimitArg;
use crate::pair_args::{DataArgs, EvalArgs, SweepArgs, TrainArgs};
use crate::profile::args::ProfileArgs;
use crate::values::{file_of, whole};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use mlc_compiler::ir::Form;
use mlc_compiler::plan::{Demands, Layer, Optimize};
use mlc_compiler::target::{ImageKind, cpm};
use mlc_compiler::{Target, pass};
use std::path::PathBuf;
use std::str::FromStr;

/// Cross-compiler from small trained neural networks to 8-bit machines.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = help::MLC
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Turn an .npz, .pt or .safetensors network into a model.ron
    Import(ImportArgs),
    /// Compile a model to a program: image, assembly, listing, symbols
    Compile(CompileArgs),
    /// Run a model on the simulated machine, or any CP/M program
    Run(RunArgs),
    /// Compare the machine with the reference: every reply, every logit
    Verify(VerifyArgs),
    /// Measure T-states a step, by phase, beside the prediction
    Bench(BenchArgs),
    /// Show where the time goes: by symbol, source line and stack
    Profile(ProfileArgs),
    /// Show what a model consists of and where it fits
    Inspect(InspectArgs),
    /// List the machines that mlc compiles for
    Targets(TargetsArgs),
    /// Train a model from conversation pairs
    Train(Box<TrainArgs>),
    /// Train with many settings, as commands for a batch system, and compare what they gave
    Sweep(SweepArgs),
    /// Measure a model on conversation pairs: what comes out right, and what instead
    Eval(EvalArgs),
    /// Look into conversation pairs, and make better lists of them
    Data(DataArgs),
}

/// A model, as every verb takes it.
#[derive(Debug, Args)]
pub struct ModelArg {
    /// A model.ron, .npz, .pt or .safetensors, a folder with a model.ron, or a name below models/
    #[arg(value_name = "MODEL")]
    pub path: PathBuf,
}

#[derive(Debug, Args)]
pub struct TargetArg {
    /// Machine to compile for: a name from `mlc targets`, or FILE.ron with a description
    #[arg(short = 't', long = "target", value_name = "TARGET", default_value = "z80-cpm")]
    pub name: String,
    /// Board that an AVR chip is on: uno, nano, lilypad, mega, micro, or FILE.ron with a description
    #[arg(long, value_name = "BOARD")]
    pub profile: Option<String>,
    /// Where the BDOS of the CP/M system begins, as the word at 0006h says: D806h [default: E406h, a system of 62 KB]
    #[arg(long, value_name = "ADDRESS")]
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
#[command(after_help = help::IMPORT)]
pub struct ImportArgs {
    /// The .npz, .pt or .safetensors file, or a model.ron to write anew in its canonical form
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where the model goes
    #[arg(short, long, value_name = "FILE.ron", default_value = "model.ron", value_parser = file_of("RON", "ron"))]
    pub output: PathBuf,
    /// Name of the model [default: the file's name]
    #[arg(long)]
    pub name: Option<String>,
    /// What the model is, in a sentence
    #[arg(long, value_name = "TEXT")]
    pub about: Option<String>,
    /// How many inputs count the query's trigrams; the rest counts the context [default: half]
    #[arg(long, value_name = "N")]
    pub query_buckets: Option<u16>,
    /// Position bands of the query's trigrams [default: 1]
    #[arg(long, value_name = "N")]
    pub position_bands: Option<u8>,
    /// Window of the context encoder in characters [default: 8]
    #[arg(long, value_name = "N")]
    pub context_length: Option<u8>,
    /// Longest reply in characters [default: 50]
    #[arg(long, value_name = "N")]
    pub max_reply: Option<u8>,
    /// Longest line that the program's own prompt takes, in bytes [default: 62]
    #[arg(long, value_name = "N")]
    pub max_query: Option<u8>,
    /// Labels of the outputs: makes the network a classifier
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub labels: Option<Vec<String>>,
    /// Characters of the outputs in order, for a file that does not say; the end mark is added
    #[arg(long, value_name = "TEXT", conflicts_with = "labels")]
    pub charset: Option<String>,
    /// A key of the file that mlc does not know, and that changes nothing in the answers; may repeat
    #[arg(long, value_name = "KEY")]
    pub ignore: Vec<String>,
}

/// `auto`, or a form for all weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding(Option<Form>);

impl Encoding {
    const AUTO: &str = "auto";

    /// The form of all weights, `None` for the fastest plan that fits.
    pub fn form(self) -> Option<Form> {
        self.0
    }

    /// All there are, auto first.
    fn all() -> impl Iterator<Item = Self> {
        std::iter::once(None).chain(Form::ALL.map(Some)).map(Self)
    }

    fn name(self) -> &'static str {
        self.0.map_or(Self::AUTO, Form::name)
    }

    /// Takes every form there is by its name.
    fn parser() -> impl TypedValueParser<Value = Self> {
        let names = Self::all().map(Self::name);
        PossibleValuesParser::new(names).map(|text| Self(Form::ALL.into_iter().find(|f| f.name() == text)))
    }
}

/// `N=FORM`: a layer's number or a stage's name, and the form of its weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerForm(Layer, Form);

impl FromStr for LayerForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = Form::ALL.map(Form::name).join(", ");
        let (layer, form) = text
            .split_once('=')
            .ok_or("write the layer's number, or a stage's name, and a form: 2=packed")?;
        let layer = match layer.parse() {
            Ok(0) => return Err("layers are counted from 1 on".into()),
            Ok(number) => Layer::Number(number),
            Err(_) if layer.is_empty() => return Err("there is no layer before the =".into()),
            Err(_) => Layer::Stage(layer.into()),
        };
        let form = Form::ALL.into_iter().find(|f| f.name() == form);
        form.map(|form| Self(layer, form)).ok_or_else(|| format!("the forms are {names}"))
    }
}

/// What a plan is best in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal(Optimize);

impl Goal {
    fn parser() -> impl TypedValueParser<Value = Self> {
        let goal =
            |text: String| Self(Optimize::ALL.into_iter().find(|o| o.name() == text).unwrap_or_default());
        PossibleValuesParser::new(Optimize::ALL.map(Optimize::name)).map(goal)
    }
}

/// What to plan for, and what of it is decided already.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// How weights are stored; auto chooses for each layer
    #[arg(long, value_name = "FORM", default_value = Encoding::AUTO, value_parser = Encoding::parser())]
    pub encoding: Encoding,
    /// The form of one layer, by its number or the name of one of its stages; may repeat
    #[arg(long = "layer", value_name = "N=FORM", allow_hyphen_values = true)]
    pub layers: Vec<LayerForm>,
    /// Which of the plans that fit: the fastest program, or the smallest image
    #[arg(long, value_name = "GOAL", default_value = Optimize::Speed.name(), value_parser = Goal::parser())]
    pub optimize: Goal,
    /// Largest image, in bytes
    #[arg(long, value_name = "N", value_parser = whole(1usize, usize::MAX))]
    pub max_bytes: Option<usize>,
}

impl PlanArgs {
    /// What the planner is asked for.
    ///
    /// # Errors
    /// A layer that is named twice: wrong usage.
    pub fn demands(&self) -> Result<Demands, CliError> {
        for (i, LayerForm(layer, _)) in self.layers.iter().enumerate() {
            if self.layers[..i].iter().any(|LayerForm(before, _)| before == layer) {
                return Err(CliError::Usage(format!("--layer {layer} is given twice")));
            }
        }
        Ok(Demands {
            encoding: self.encoding.form(),
            layers: self.layers.iter().map(|LayerForm(layer, form)| (layer.clone(), *form)).collect(),
            optimize: self.optimize.0,
            max_bytes: self.max_bytes,
        })
    }
}

/// What `mlc compile` can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// What the machine loads; only into a file
    #[value(skip)]
    Image(ImageKind),
    /// The model as C with its header, or as an Arduino library; only into a file
    #[value(skip)]
    C,
    #[value(skip)]
    Library,
    /// A folder for the Wokwi simulator
    #[value(skip)]
    Wokwi,
    Asm,
    Lst,
    Map,
    Ir,
    Plan,
}

impl Kind {
    const OTHERS: [Self; 7] = [Self::C, Self::Library, Self::Asm, Self::Lst, Self::Map, Self::Ir, Self::Plan];

    /// All kinds for any target.
    fn all() -> impl Iterator<Item = Self> {
        ImageKind::ALL.into_iter().map(Self::Image).chain(Self::OTHERS)
    }

    /// The kinds written without `-o`.
    pub fn default(target: &Target) -> impl Iterator<Item = Self> {
        let image = target.images.first().copied();
        image.map(Self::Image).into_iter().chain([Self::Asm, Self::Lst, Self::Map])
    }

    /// The extension of its files; a folder has none.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Image(kind) => kind.extension(),
            Self::C => "c",
            Self::Library => "zip",
            Self::Wokwi => "",
            Self::Asm => "asm",
            Self::Lst => "lst",
            Self::Map => "map",
            Self::Ir => "ir",
            Self::Plan => "plan",
        }
    }
}

/// A file whose extension says what goes into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    pub path: PathBuf,
    pub kind: Kind,
}

impl FromStr for OutputFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        if text.ends_with('/') {
            return Ok(Self { path, kind: Kind::Wokwi });
        }
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
        // Assembly for AVR chips is called .S, as its assembler wants it.
        let extension = if extension == "s" { "asm".to_string() } else { extension };
        if let Some(kind) = Kind::all().find(|kind| kind.extension() == extension) {
            return Ok(Self { path, kind });
        }
        let images: Vec<_> = ImageKind::ALL.iter().map(|kind| format!(".{}", kind.extension())).collect();
        Err(format!(
            "the extension decides what is written: {} (image), .asm (assembly), .lst (listing), .map (symbols), \
             .ir (graph), .plan, .c (portable C with its header), .zip (Arduino library) or a folder/ (for Wokwi)",
            images.join(", ")
        ))
    }
}

#[derive(Debug, Args)]
#[command(after_help = help::COMPILE)]
pub struct CompileArgs {
    /// A model.ron, .npz, .pt or .safetensors, a folder with a model.ron, or a name below models/
    #[arg(value_name = "MODEL", default_value = "model.ron")]
    pub model: PathBuf,
    #[command(flatten)]
    pub target: TargetArg,
    /// Write to FILE; may repeat. The kind follows the extension: .com .tap .sna .dsk .cdt .bin .hex .elf .asm (.S)
    /// .lst .map .ir .plan .c .zip; FOLDER/ is one for the Wokwi simulator
    #[arg(short, long = "output", value_name = "FILE")]
    pub outputs: Vec<OutputFile>,
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Print one thing to standard output instead of writing files
    #[arg(long, value_name = "KIND", conflicts_with_all = ["check", "json"])]
    pub emit: Option<Kind>,
    /// Print the graph after a pass, or after each
    #[arg(long, value_name = "PASS", conflicts_with_all = ["emit", "json"])]
    #[arg(value_parser = PossibleValuesParser::new(pass::NAMES.into_iter().chain(["all"])))]
    pub print_after: Option<String>,
    /// Compare FILE with what -o FILE would write, and write nothing; a difference is shown and exits with 1
    #[arg(long, value_name = "FILE", conflicts_with = "outputs")]
    pub check: Option<OutputFile>,
    /// Queries to measure densities on, one a line [default: some small talk]
    #[arg(long, value_name = "FILE")]
    pub calibrate: Option<PathBuf>,
    /// Templates to take in place of the built-in ones of the same name
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
    /// Print what was done as JSON
    #[arg(long)]
    pub json: bool,
}

impl CompileArgs {
    /// The files to write or to compare; none means the usual ones.
    pub fn files(&self) -> &[OutputFile] {
        if self.check.is_some() { self.check.as_slice() } else { &self.outputs }
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = help::RUN
)]
pub struct RunArgs {
    /// A model as for `mlc compile`, or a program that a machine loads: .com, .tap, .sna, .dsk, .cdt, .bin, .hex, .elf
    #[arg(value_name = "MODEL|PROGRAM")]
    pub program: PathBuf,
    /// Prompts, one an argument; for a .com file, the words of its command tail; for other files, lines to type
    #[arg(value_name = "PROMPT")]
    pub prompts: Vec<String>,
    /// Machine to run on: a name from `mlc targets`, FILE.ron, or `reference` (the interpreter)
    /// [default: z80-cpm; for a program file the first that loads it]
    #[arg(short = 't', long = "target", value_name = "TARGET")]
    pub target: Option<String>,
    /// Board that an AVR chip is on: uno, nano, lilypad, mega, micro, or FILE.ron with a description
    #[arg(long, value_name = "BOARD")]
    pub profile: Option<String>,
    /// Where the BDOS of the CP/M system begins, as the word at 0006h says: D806h [default: E406h, a system of 62 KB]
    #[arg(long, value_name = "ADDRESS")]
    pub bdos: Option<Bdos>,
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
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::INSPECT)]
pub struct InspectArgs {
    #[command(flatten)]
    pub model: ModelArg,
    /// Where the BDOS of the CP/M system begins, as the word at 0006h says: D806h [default: E406h, a system of 62 KB]
    #[arg(long, value_name = "ADDRESS")]
    pub bdos: Option<Bdos>,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
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
    fn the_definition_holds_together() {
        crate::parse::command().debug_assert();
    }

    #[test]
    fn a_layer_and_its_form() {
        let parsed = |text: &str| text.parse::<LayerForm>();
        assert_eq!(parsed("2=packed"), Ok(LayerForm(Layer::Number(2), Form::Packed)));
        assert_eq!(parsed("fc1_query=gaps"), Ok(LayerForm(Layer::Stage("fc1_query".into()), Form::Gaps)));
        for wrong in ["2", "=packed", "2=", "2=Packed", "0=gaps", "2=packed=gaps"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

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
