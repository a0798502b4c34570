//! Float networks with their tokenizers, from a file or a folder.

use crate::args::{Bits, SequenceArgs};
use crate::error::CliError;
use crate::files;
use crate::sequence::rendered;
use mlc_compiler::import::sequence::hugging_face::chat::{self, Template};
use mlc_compiler::import::sequence::hugging_face::{File, Folder, Generation, read as read_folder};
use mlc_compiler::import::sequence::model::{NoModel, Wanted, check_vocabulary, model};
use mlc_compiler::import::sequence::quantize::Quantization;
use mlc_compiler::import::sequence::{self, Checkpoint, CheckpointError, llama2c, soul};
use mlc_compiler::import::tokenizer;
use mlc_compiler::model::{Head, Model};
use mlc_compiler::tokens::{Tokenizer, TokensError};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Window where nothing says how many positions are kept: what machines of 64 KB have room for.
pub const WINDOW: usize = 64;
/// Longest line that a program's own prompt takes.
pub const MAX_LENGTH: u8 = 127;

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const GENERATION: &str = "generation_config.json";
const TOKENIZER: &str = "tokenizer.json";
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
const TEMPLATE: &str = "chat_template.jinja";

/// A float network and its tokenizer.
pub struct Source {
    pub checkpoint: Checkpoint,
    pub tokenizer: Tokenizer,
    pub generation: Generation,
}

/// A model or a float network that was named, not parsed yet.
pub struct Opened {
    /// For messages.
    pub path: PathBuf,
    /// None of a folder: its files are still to be read.
    pub bytes: Cow<'static, [u8]>,
    /// A float network; a folder of Hugging Face is one.
    pub is_network: bool,
}

/// Opens the network that the user named, a folder of Hugging Face too.
///
/// # Errors
/// There is none of that name; a file that cannot be read; a folder of another kind.
pub fn open(named: &Path) -> Result<Opened, CliError> {
    if is_folder(named) {
        return Ok(Opened { path: named.to_path_buf(), bytes: Cow::Borrowed(&[]), is_network: true });
    }
    let found = files::find_model(named)?;
    let bytes = found.read()?;
    let is_sensors = mlc_compiler::import::sensors::is_network(&bytes, &files::shown(found.path()));
    let is_network = !is_sensors && (llama2c::is_llama2c(&bytes) || soul::is_soul(&bytes));
    Ok(Opened { path: found.path().to_path_buf(), bytes, is_network })
}

/// Whether a path leads to a folder of Hugging Face.
fn is_folder(path: &Path) -> bool {
    path.is_dir() && path.join(CONFIG).is_file()
}

impl Source {
    /// Reads a network, of which [`open`] has given the `bytes`, and its tokenizer. `ignore`: keys of `config.json` that
    /// somebody knows to change nothing.
    ///
    /// # Errors
    /// A file that is not there, is no network or no tokenizer; both do not belong together.
    pub fn read(path: &Path, bytes: &[u8], args: &SequenceArgs, ignore: &[String]) -> Result<Self, CliError> {
        let (checkpoint, generation) = match path.is_dir() {
            true => folder(path, ignore)?,
            false => (sequence::read(bytes, &files::shown(path)).map_err(network)?, Generation::default()),
        };
        let file = tokenizer_of(path, args)?;
        let bytes = files::read(&file, files::Kind::Model)?;
        let tokenizer = read_tokenizer(&file, &bytes, checkpoint.shape.vocabulary)?;
        check_vocabulary(&checkpoint, &tokenizer).map_err(no_model)?;
        Ok(Self { checkpoint, tokenizer, generation })
    }
}

fn folder(path: &Path, ignore: &[String]) -> Result<(Checkpoint, Generation), CliError> {
    let read = |name: &str| files::read(&path.join(name), files::Kind::Model);
    // They belong to the network, whether or not they are needed: no output takes their place.
    [TOKENIZER_CONFIG, TEMPLATE].iter().for_each(|name| files::reads(&path.join(name)));
    let shown = |name: &str| files::shown(&path.join(name));
    let (config, weights) = (read(CONFIG)?, read(WEIGHTS)?);
    let generation = path.join(GENERATION).is_file().then(|| read(GENERATION)).transpose()?;
    let names = [shown(CONFIG), shown(WEIGHTS), shown(GENERATION)];
    let folder = Folder {
        config: File { name: &names[0], bytes: &config },
        weights: File { name: &names[1], bytes: &weights },
        generation: generation.as_ref().map(|bytes| File { name: &names[2], bytes }),
        ignore,
    };
    let imported = read_folder(&folder).map_err(network)?;
    Ok((imported.checkpoint, imported.generation))
}

/// How a conversation becomes a text, where a folder says it.
///
/// # Errors
/// A file that cannot be read, or is none of its kind.
pub fn template(path: &Path) -> Result<Option<Template>, CliError> {
    if !path.is_dir() {
        return Ok(None);
    }
    let read = |name: &str| -> Result<_, CliError> {
        let path = path.join(name);
        let bytes = path.is_file().then(|| files::read(&path, files::Kind::Model)).transpose()?;
        Ok(bytes.map(|bytes| (files::shown(&path), bytes)))
    };
    let (config, own) = (read(TOKENIZER_CONFIG)?, read(TEMPLATE)?);
    Template::read(config.as_ref().map(as_file).as_ref(), own.as_ref().map(as_file).as_ref()).map_err(network)
}

/// Gives a model the turns of its folder's chat template, if there is one. Says what became of it.
///
/// # Errors
/// A template that cannot be read.
pub fn turns(path: &Path, tokenizer: &Tokenizer, model: &mut Model) -> Result<Option<String>, CliError> {
    Ok(template(path)?.map(|template| {
        let chat = rendered(&template).and_then(|all| chat::turns(&all, tokenizer));
        match chat.and_then(|chat| chat.give(model)) {
            Ok(()) => {
                "the folder's chat template became turns: the model replies to what is typed".to_string()
            }
            Err(why) => format!("the folder's chat template is not used, the model continues text: {why}"),
        }
    }))
}

fn as_file((name, bytes): &(String, Vec<u8>)) -> File<'_> {
    File { name, bytes }
}

/// The file of the tokenizer: the one that was named, or the one in a folder.
fn tokenizer_of(path: &Path, args: &SequenceArgs) -> Result<PathBuf, CliError> {
    match &args.tokenizer {
        Some(file) => Ok(file.clone()),
        None if path.is_dir() => Ok(path.join(TOKENIZER)),
        None => Err(CliError::Usage(format!(
            "{}: name the network's tokenizer: --tokenizer tokenizer.bin or tokenizer.json",
            files::shown(path)
        ))),
    }
}

/// Reads a tokenizer of any kind; its content decides which.
fn read_tokenizer(path: &Path, bytes: &[u8], vocabulary: usize) -> Result<Tokenizer, CliError> {
    let file = files::shown(path);
    let is_json = bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
    let read = match is_json {
        false => tokenizer::llama2c::read(&file, bytes, vocabulary),
        true if tokenizer::soul::is_soul(bytes) => tokenizer::soul::read(&file, bytes),
        true => tokenizer::huggingface::read(&file, bytes),
    };
    read.map_err(|e: TokensError| CliError::Network { problem: e.to_string(), help: e.help() })
}

fn network(error: CheckpointError) -> CliError {
    CliError::Network { problem: error.to_string(), help: error.help() }
}

pub(super) fn no_model(error: NoModel) -> CliError {
    CliError::Network { problem: error.to_string(), help: error.help() }
}

/// The texts of a file, one a line, empty lines left out.
///
/// # Errors
/// The file cannot be read, or has no text.
pub fn texts(path: &Path) -> Result<Vec<Vec<u8>>, CliError> {
    let bytes = files::read(path, files::Kind::Texts)?;
    let lines = bytes.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let texts: Vec<Vec<u8>> = lines.map(<[u8]>::to_vec).collect();
    if texts.is_empty() {
        let (path, problem) = (path.to_path_buf(), "there is no text in it".to_string());
        return Err(CliError::Read { path, problem, help: "write a text a line" });
    }
    Ok(texts)
}

/// Quantizes a network.
///
/// # Errors
/// See [`model`]; texts to calibrate on that cannot be read.
pub fn quantize(
    source: &Source,
    head: Head,
    bits: Bits,
    args: &SequenceArgs,
    most: Option<u16>,
) -> Result<Model, CliError> {
    let texts = match &args.calibrate {
        Some(path) => self::texts(path)?,
        None => Vec::new(),
    };
    let wanted = Wanted {
        head,
        how: Quantization {
            weights: bits.grid(),
            embedding: args.embedding_bits.unwrap_or(bits.of_embedding()).grid(),
            window: args.window.unwrap_or(WINDOW),
        },
        most,
        max_length: MAX_LENGTH,
        texts,
    };
    let Source { checkpoint, tokenizer, generation } = source;
    model(checkpoint, tokenizer.clone(), generation, &wanted).map_err(no_model)
}
