//! What training goes on from: a model, or a float network.

use crate::adapter::OWN_TOKENIZER;
use crate::args::{SequenceArgs, TrainArgs};
use crate::error::CliError;
use crate::files;
use crate::import::model_name;
use crate::sequence::{Opened, Source, open};
use mlc_compiler::import::Options;
use mlc_compiler::model::{Model, Reader};
use mlc_compiler::tokens::Tokenizer;
use mlc_trainer::sequence::{Parameters, Settings, Task, floats_of, parameters_of};
use std::path::{Path, PathBuf};

/// A network to go on with, and where it came from.
pub struct Base {
    pub path: PathBuf,
    pub network: Network,
}

pub enum Network {
    Model(Box<Model>),
    Floats(Box<Source>),
}

impl Base {
    /// The network that was named, if one was.
    ///
    /// # Errors
    /// It cannot be read, or is none of this family.
    pub fn named(args: &TrainArgs) -> Result<Option<Self>, CliError> {
        let path = match (&args.from, &args.resume) {
            (Some(path), _) => return Self::read(path, args.tokenizer.as_deref()).map(Some),
            (None, Some(named)) => named.as_ref().unwrap_or(&args.output),
            (None, None) => return Ok(None),
        };
        if matches!(args.resume, Some(None)) && !path.exists() {
            let problem = format!("no {} yet: there is nothing to go on with", files::shown(path));
            return Err(CliError::Resume { problem, help: "train without --resume first, or name a model" });
        }
        let opened = open(path)?;
        if opened.is_network {
            let problem = format!("{} is a float network", files::shown(&opened.path));
            return Err(CliError::Resume {
                problem,
                help: "a training begins with it: name it behind --from",
            });
        }
        let base = Self::of(opened, None)?;
        files::may_replace(&base.path);
        Ok(Some(base))
    }

    /// The network at a path.
    ///
    /// # Errors
    /// It cannot be read, or is none of this family.
    pub fn read(named: &Path, tokenizer: Option<&Path>) -> Result<Self, CliError> {
        Self::of(open(named)?, tokenizer)
    }

    fn of(opened: Opened, tokenizer: Option<&Path>) -> Result<Self, CliError> {
        let Opened { path, bytes, is_network } = opened;
        if is_network {
            let source = Source::read(&path, &bytes, &SequenceArgs::of_tokenizer(tokenizer), &[])?;
            return Ok(Self { path, network: Network::Floats(Box::new(source)) });
        }
        if tokenizer.is_some() {
            return Err(CliError::Usage(OWN_TOKENIZER.into()));
        }
        let model = files::parse_model(&bytes, &path, &Options::default())?;
        if !matches!(model.reader, Reader::Tokens(_)) {
            let problem = format!("{} is a network of hashed text", files::shown(&path));
            return Err(CliError::Resume { problem, help: "go on with it without --family sequence" });
        }
        Ok(Self { path, network: Network::Model(Box::new(model)) })
    }

    /// The model; `None` of a float network.
    pub fn model(&self) -> Option<&Model> {
        match &self.network {
            Network::Model(model) => Some(model),
            Network::Floats(_) => None,
        }
    }

    pub fn tokenizer(&self) -> &Tokenizer {
        match &self.network {
            Network::Floats(source) => &source.tokenizer,
            Network::Model(model) => match &model.reader {
                Reader::Tokens(tokens) => &tokens.tokenizer,
                Reader::HashedText(_) | Reader::Sensors(_) => {
                    unreachable!("`read` refuses models that read no tokens")
                }
            },
        }
    }

    /// Name and description of what is made of it.
    pub fn texts(&self) -> (String, String) {
        match &self.network {
            Network::Model(model) => (model.head.name.clone(), model.head.about.clone()),
            Network::Floats(_) => (model_name(&self.path), String::new()),
        }
    }

    /// Its parameters, with rows for tokens that are new.
    ///
    /// # Errors
    /// A part of it that the trainer does not have.
    pub fn parameters(&self, settings: &Settings, task: &Task) -> Result<Parameters, CliError> {
        let (shape, seed) = (&settings.shape, settings.schedule.seed);
        Ok(match &self.network {
            Network::Model(model) => parameters_of(model, shape, seed)?,
            Network::Floats(source) => {
                floats_of(&source.checkpoint, shape, &task.train, seed).map_err(|e| CliError::Resume {
                    problem: format!("{}: {e}", files::shown(&self.path)),
                    help: "`mlc import` takes more networks than training: go on with another one",
                })?
            }
        })
    }
}
