//! What can be typed behind `mlc compile`, and what that verb can write.

use super::choice::{ChoiceArgs, DrawSeed};
use super::disk::disk_format;
use super::help;
use super::plan::PlanArgs;
use super::target::TargetArg;
use clap::builder::PossibleValuesParser;
use clap::{ArgAction, Args, ValueEnum};
use mlc_compiler::image::{DISK_FORMATS, DiskFormat};
use mlc_compiler::target::ImageKind;
use mlc_compiler::{Target, pass};
use std::path::PathBuf;
use std::str::FromStr;

/// What `mlc compile` can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Artifact {
    /// What the machine loads; only into a file
    #[value(skip)]
    Image(ImageKind),
    /// The model as C with its header, or as an Arduino library; only into a file
    #[value(skip)]
    C,
    #[value(skip)]
    Library,
    /// The file of weights beside a program; only into a file
    #[value(skip)]
    Weights,
    /// A disk of a CP/M system with the program; only into a file
    #[value(skip)]
    Disk,
    /// A folder for the Wokwi simulator
    #[value(skip)]
    Wokwi,
    /// A page with the program and an emulator; only into a file
    #[value(skip)]
    Page,
    Asm,
    Lst,
    Map,
    Ir,
    Plan,
}

impl Artifact {
    const OTHERS: [Self; 10] = [
        Self::C,
        Self::Library,
        Self::Weights,
        Self::Disk,
        Self::Page,
        Self::Asm,
        Self::Lst,
        Self::Map,
        Self::Ir,
        Self::Plan,
    ];

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
            Self::Weights => "dat",
            Self::Disk => "img",
            Self::Wokwi => "",
            Self::Page => "html",
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
pub struct ArtifactFile {
    pub path: PathBuf,
    pub kind: Artifact,
}

impl FromStr for ArtifactFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        if text.ends_with('/') {
            return Ok(Self { path, kind: Artifact::Wokwi });
        }
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
        // Assembly for AVR chips is called .S, as its assembler wants it.
        let extension = if extension == "s" { "asm".to_string() } else { extension };
        if let Some(kind) = Artifact::all().find(|kind| kind.extension() == extension) {
            return Ok(Self { path, kind });
        }
        let images: Vec<_> = ImageKind::ALL.iter().map(|kind| format!(".{}", kind.extension())).collect();
        Err(format!(
            "the extension decides what is written: {} (image), .dat (its weights, where they are in a file), .img \
             (a CP/M disk), .asm (assembly), .lst (listing), .map (symbols), .ir (graph), .plan, .html (a page that runs the program), .c (portable C with its header), .zip (Arduino library) or a folder/ (for \
             Wokwi)",
            images.join(", ")
        ))
    }
}

#[derive(Debug, Args)]
#[command(after_help = help::COMPILE)]
pub struct CompileArgs {
    #[arg(value_name = "MODEL", default_value = "model.ron", help = help::MODEL)]
    pub model: PathBuf,
    /// Adapters that `mlc train --lora` made for the model
    #[arg(long, value_name = "FILE.ron")]
    pub lora: Option<PathBuf>,
    /// The tokenizer of a float network that the adapters were trained beside [default: in a folder, the one there]
    #[arg(long, value_name = "FILE", requires = "lora")]
    pub tokenizer: Option<PathBuf>,
    #[command(flatten)]
    pub target: TargetArg,
    /// Write to FILE; may repeat. The kind follows the extension: .com .img .tap .tzx .wav .sna .dsk .cdt .bin .rom .hex .elf
    /// .asm (.S) .lst .map .ir .plan .c .zip .html; FOLDER/ is one for the Wokwi simulator. A .com that reads its weights comes
    /// with a .dat
    #[arg(short, long = "output", value_name = "FILE")]
    pub outputs: Vec<ArtifactFile>,
    /// Entry points in the place of a console, for a program of your own: .asm to include on a Z80, .S for C on an AVR
    #[arg(long)]
    pub no_console: bool,
    /// A screen of a ZX Spectrum, 6,912 bytes, that the tape shows while it loads
    #[arg(long, value_name = "FILE.scr")]
    pub screen: Option<PathBuf>,
    /// Format of the CP/M disk in FILE.img, as cpmtools calls it [default: ibm-3740]
    #[arg(long, value_name = "FORMAT", value_parser = disk_format())]
    pub disk: Option<&'static DiskFormat>,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    #[command(flatten)]
    pub draw: DrawSeed,
    /// Compile every program that mlc.ron names; -o FOLDER/ says where to, --check FOLDER/ compares with those there
    #[arg(long, conflicts_with_all = ["model", "emit", "print_after", "verbose", "no_console", "screen", "name", "profile", "bdos", "disk", "PlanArgs", "ChoiceArgs", "DrawSeed", "calibrate", "templates"])]
    pub all: bool,
    /// Print one thing to standard output instead of writing files
    #[arg(long, value_name = "KIND", conflicts_with_all = ["check", "json"])]
    pub emit: Option<Artifact>,
    /// Print the graph after a pass, or after each
    #[arg(long, value_name = "PASS", conflicts_with_all = ["emit", "json"])]
    #[arg(value_parser = PossibleValuesParser::new(pass::NAMES.into_iter().chain(["all"])))]
    pub print_after: Option<String>,
    /// Compare FILE with what -o FILE would write, and write nothing; a difference is shown and exits with 1
    #[arg(long, value_name = "FILE", conflicts_with = "outputs")]
    pub check: Option<ArtifactFile>,
    /// Queries to measure densities on, one a line [default: some small talk]
    #[arg(long, value_name = "FILE")]
    pub calibrate: Option<PathBuf>,
    /// Templates to take in place of the built-in ones of the same name
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
    /// Say what each pass did; -vv: and the whole plan, how each layer's weights are stored and why not otherwise
    #[arg(short, long, action = ArgAction::Count, conflicts_with_all = ["emit", "check", "json"])]
    pub verbose: u8,
    /// Print what was done as JSON
    #[arg(long)]
    pub json: bool,
}

impl CompileArgs {
    /// The format of disk images.
    pub fn disk(&self) -> &'static DiskFormat {
        self.disk.unwrap_or(&DISK_FORMATS[0])
    }

    /// The files to write or to compare; none means the usual ones.
    pub fn files(&self) -> &[ArtifactFile] {
        if self.check.is_some() { self.check.as_slice() } else { &self.outputs }
    }
}
