//! `mlc diff`: what two models, or two programs, differ in.

use crate::args::DiffArgs;
use crate::error::CliError;
use crate::files::{self, Loaded};
use crate::import::widths;
use crate::models::family;
use crate::prompts::{self, Chosen, Place};
use crate::table::{Align, count, fold, grouped, table, whole};
use crate::{Outcome, sequence, sim, targets};
use mlc_compiler::eval::Session;
use mlc_compiler::model::{Body, Model, Operator};
use mlc_compiler::plan::Demands;
use mlc_compiler::{Assets, Request, Target};
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// Replies that are shown.
const REPLIES: usize = 10;

/// A model and its fastest program.
#[derive(Serialize)]
struct Side {
    path: String,
    model: String,
    family: &'static str,
    shape: String,
    weights: usize,
    nonzero: usize,
    /// `None`: it does not fit the target.
    image_bytes: Option<usize>,
    /// None as well of a program that nothing predicts.
    predicted_cycles_a_step: Option<f64>,
}

/// Two models.
#[derive(Serialize)]
struct Difference {
    /// Whether both compute and say the same; names and what is told of the training change no answer.
    equal: bool,
    /// Whether all else that stands in them is the same, too.
    head_equal: bool,
    target: String,
    a: Side,
    b: Side,
    /// Whether what is read, and what answers mean, is the same.
    reader_equal: bool,
    answer_equal: bool,
    /// Layers or matrices that are not equal; none where not all have the same names and shapes.
    layers: Option<Vec<Changed>>,
    prompts: usize,
    replies: Vec<Replies>,
}

/// How many numbers of a layer changed.
#[derive(Serialize)]
struct Changed {
    layer: String,
    weights: usize,
    of: usize,
    biases: usize,
    scale: bool,
}

/// A prompt that is answered differently.
#[derive(Serialize)]
struct Replies {
    prompt: String,
    a: String,
    b: String,
}

/// A layer or a matrix.
struct Part<'a> {
    name: String,
    shape: (usize, usize),
    weights: &'a [i8],
    biases: &'a [i16],
    /// What its sums are multiplied with, and shifted by.
    scale: (&'a [u8], u8),
}

/// Exit code 1 where they differ.
pub fn run(args: &DiffArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let equal = match [&args.a, &args.b].map(|path| sim::loaded_kind(path)) {
        [None, None] => models(args, out)?,
        [Some(_), Some(_)] => programs(args, out)?,
        kinds => {
            // What cannot be read is the better reason.
            for (path, kind) in [&args.a, &args.b].into_iter().zip(kinds) {
                match kind {
                    None => files::model(path).map(|_| ())?,
                    Some(_) => files::read(path, files::Kind::Program).map(|_| ())?,
                }
            }
            let message = "one of them is a model and the other a program: compile the model first";
            return Err(CliError::Usage(message.into()));
        }
    };
    Ok(if equal { Outcome::Done } else { Outcome::Difference })
}

fn models(args: &DiffArgs, out: &mut dyn Write) -> Result<bool, CliError> {
    let assets = Assets::builtin();
    let (a, b) = (files::model(&args.a)?, files::model(&args.b)?);
    if a.model.network().is_some() || b.model.network().is_some() {
        let message = "networks on numbers are not compared: `mlc inspect` and `mlc eval` tell about each";
        return Err(CliError::Usage(message.into()));
    }
    let target = targets::find(&args.target.name, args.target.profile.as_deref(), &assets)?;
    let target = targets::at_bdos(target, args.target.bdos)?;
    let longest =
        [&a.model, &b.model].map(|model| sim::longest(model, &target)).into_iter().min().unwrap_or(0);
    let place = Place::new(&a.model, &target, longest);
    let Chosen { prompts, .. } = prompts::choose(args.prompts.as_deref(), &a.found, place)?;
    let queries: Vec<String> = prompts.into_iter().map(|prompt| prompt.query).collect();
    let difference = Difference {
        head_equal: a.model.head == b.model.head,
        equal: (&a.model.reader, &a.model.body, &a.model.answer)
            == (&b.model.reader, &b.model.body, &b.model.answer),
        target: target.name.clone(),
        reader_equal: a.model.reader == b.model.reader,
        answer_equal: a.model.answer == b.model.answer,
        layers: layers(&a.model, &b.model),
        prompts: queries.len(),
        replies: replies(&a.model, &b.model, &queries)?,
        a: Side::new(&a, &target, &assets)?,
        b: Side::new(&b, &target, &assets)?,
    };
    match args.json {
        true => writeln!(out, "{}", targets::json(&difference))?,
        false => difference.print(&target, out)?,
    }
    Ok(difference.equal)
}

impl Side {
    /// # Errors
    /// A bug of mlc. A model that does not fit has no program.
    fn new(loaded: &Loaded, target: &Target, assets: &Assets) -> Result<Self, CliError> {
        let model = &loaded.model;
        let demands = &Demands::default();
        let request = Request { model, target, assets, demands, wide: false, calibration: &[] };
        let compiled = match mlc_compiler::compile(&request) {
            Ok(compiled) => Some(compiled),
            Err(e) if !e.is_bug() => None,
            Err(e) => return Err(e.into()),
        };
        let plan = compiled.as_ref().map(|compiled| &compiled.plan).filter(|plan| plan.is_predicted());
        Ok(Self {
            path: files::shown(&loaded.path),
            model: model.head.name.clone(),
            family: family(model),
            shape: match model.sequence() {
                Some((_, body, _)) => format!("{} of {}", count(body.blocks.len(), "block"), body.dim),
                None => widths(model),
            },
            weights: model.body.weights(),
            nonzero: model.body.nonzero(),
            image_bytes: compiled.as_ref().map(|compiled| compiled.image.bytes.len()),
            predicted_cycles_a_step: plan.map(|plan| plan.prediction.total()),
        })
    }
}

/// All that a model multiplies with, in the order of its layers.
fn parts<'a>(model: &'a Model) -> Vec<Part<'a>> {
    match &model.body {
        Body::Layers(layers) => {
            let all = layers.iter().enumerate().map(|(n, layer)| Part {
                name: format!("fc{}", n + 1),
                shape: (layer.inputs, layer.outputs),
                weights: &layer.weights,
                biases: &layer.bias,
                scale: (&[], layer.shift),
            });
            all.collect()
        }
        Body::Network(body) => {
            let of = |operator: &'a Operator| Part {
                name: operator.name.clone(),
                shape: (operator.kind.weights().len() / operator.shape.channels, operator.shape.channels),
                weights: operator.kind.weights(),
                biases: &[],
                scale: (&[], 0),
            };
            body.operators.iter().filter(|operator| !operator.kind.weights().is_empty()).map(of).collect()
        }
        Body::Transformer(body) => {
            let all = sequence::named(body).into_iter().map(|(name, matrix)| Part {
                name,
                shape: (matrix.cols, matrix.rows),
                weights: &matrix.values,
                biases: &matrix.bias,
                scale: (&matrix.mantissas, matrix.shift),
            });
            all.collect()
        }
    }
}

fn layers(a: &Model, b: &Model) -> Option<Vec<Changed>> {
    let (a, b) = (parts(a), parts(b));
    let alike =
        |(a, b): (&Part, &Part)| a.name == b.name && a.shape == b.shape && a.biases.len() == b.biases.len();
    if a.len() != b.len() || !a.iter().zip(&b).all(alike) {
        return None;
    }
    let changed = |(a, b): (&Part, &Part)| Changed {
        layer: a.name.clone(),
        weights: a.weights.iter().zip(b.weights).filter(|(a, b)| a != b).count(),
        of: a.weights.len(),
        biases: a.biases.iter().zip(b.biases).filter(|(a, b)| a != b).count(),
        scale: a.scale != b.scale,
    };
    let changed = a.iter().zip(&b).map(changed);
    Some(changed.filter(|layer| layer.weights > 0 || layer.biases > 0 || layer.scale).collect())
}

/// The prompts that are answered differently, each by itself.
fn replies(a: &Model, b: &Model, queries: &[String]) -> Result<Vec<Replies>, CliError> {
    let graphs = [mlc_compiler::reference(a)?, mlc_compiler::reference(b)?];
    let both = |query: &String| {
        let [a, b] = [&graphs[0], &graphs[1]].map(|graph| Session::new(graph).ask(query.as_bytes()).text());
        (a != b).then(|| Replies { prompt: query.clone(), a, b })
    };
    Ok(queries.iter().filter_map(both).collect())
}

impl Difference {
    fn print(&self, target: &Target, out: &mut dyn Write) -> Result<(), CliError> {
        if self.equal {
            let but = if self.head_equal { "" } else { " but for their names or what is told of them" };
            writeln!(out, "{}", fold(&format!("{} and {} are equal{but}", self.a.path, self.b.path)))?;
            return Ok(());
        }
        let row = |what: &str, of: fn(&Side, &Target) -> String| {
            vec![what.to_string(), of(&self.a, target), of(&self.b, target)]
        };
        let rows = [
            row("name", |side, _| side.model.clone()),
            row("family", |side, _| side.family.to_string()),
            row("shape", |side, _| side.shape.clone()),
            row("weights", |side, _| grouped(side.weights as u64)),
            row("not 0", |side, _| grouped(side.nonzero as u64)),
            row(&format!("bytes on {}", target.name), |side, _| {
                side.image_bytes.map_or("does not fit".into(), |bytes| grouped(bytes as u64))
            }),
            row(&format!("{} a step", targets::cycles(target)), |side, target| {
                let said = |cycles| format!("{}, {:.1} ms", whole(cycles), target.milliseconds(cycles));
                side.predicted_cycles_a_step.map_or(String::new(), said)
            }),
        ];
        let columns = [("", Align::Left), (&*self.a.path, Align::Left), (&*self.b.path, Align::Fold)];
        writeln!(out, "{}", table(&columns, &rows))?;
        for (equal, what) in [(self.reader_equal, "what is read"), (self.answer_equal, "what answers mean")] {
            if !equal {
                writeln!(out, "{what} differs: `mlc inspect` shows it")?;
            }
        }
        self.print_layers(out)?;
        let (differ, all) = (self.replies.len(), count(self.prompts, "prompt"));
        writeln!(out, "replies: {} of {all} answered differently", grouped(differ as u64))?;
        let shown = self.replies.iter().take(REPLIES);
        let rows: Vec<_> = shown.map(|r| vec![r.prompt.clone(), r.a.clone(), r.b.clone()]).collect();
        if !rows.is_empty() {
            let columns =
                [("prompt", Align::Left), (&*self.a.path, Align::Left), (&*self.b.path, Align::Fold)];
            write!(out, "{}", table(&columns, &rows))?;
        }
        if let Some(more @ 1..) = differ.checked_sub(REPLIES) {
            writeln!(out, "and {} more; --json shows all", grouped(more as u64))?;
        }
        Ok(())
    }

    fn print_layers(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let Some(layers) = &self.layers else {
            writeln!(out, "the layers are not of the same shapes")?;
            return Ok(());
        };
        if layers.is_empty() {
            writeln!(out, "all weights are the same")?;
            return Ok(());
        }
        let row = |layer: &Changed| {
            vec![
                layer.layer.clone(),
                format!("{} of {}", grouped(layer.weights as u64), grouped(layer.of as u64)),
                grouped(layer.biases as u64),
                if layer.scale { "changed".into() } else { String::new() },
            ]
        };
        let columns = [
            ("layer", Align::Left),
            ("weights changed", Align::Right),
            ("biases", Align::Right),
            ("scale", Align::Left),
        ];
        Ok(writeln!(out, "{}", table(&columns, &layers.iter().map(row).collect::<Vec<_>>()))?)
    }
}

/// Two files that machines load.
#[derive(Serialize)]
struct Programs {
    equal: bool,
    a_bytes: usize,
    b_bytes: usize,
    /// Bytes that differ, of those that both have.
    bytes_changed: usize,
    /// The first of them, from 0 on.
    differs_at: Option<usize>,
}

fn programs(args: &DiffArgs, out: &mut dyn Write) -> Result<bool, CliError> {
    if args.prompts.is_some() {
        return Err(CliError::Usage("--prompts is for models: programs are compared as they are".into()));
    }
    let read = |path: &Path| files::read(path, files::Kind::Program);
    let (a, b) = (read(&args.a)?, read(&args.b)?);
    let differs = |(_, (a, b)): &(usize, (&u8, &u8))| a != b;
    let found = Programs {
        equal: a == b,
        a_bytes: a.len(),
        b_bytes: b.len(),
        bytes_changed: a.iter().zip(&b).enumerate().filter(differs).count(),
        differs_at: a.iter().zip(&b).enumerate().find(differs).map(|(at, _)| at),
    };
    if args.json {
        writeln!(out, "{}", targets::json(&found))?;
        return Ok(found.equal);
    }
    let [name_a, name_b] = [&args.a, &args.b].map(|path| files::shown(path));
    let line = match found.equal {
        true => format!("{name_a} and {name_b} are equal"),
        false => {
            let [size_a, size_b, changed] =
                [a.len(), b.len(), found.bytes_changed].map(|n| grouped(n as u64));
            let first =
                found.differs_at.map_or(String::new(), |at| format!(", from byte {} on", grouped(at as u64)));
            format!(
                "{name_a} has {size_a} bytes, {name_b} {size_b}; {changed} of those that both have differ{first}"
            )
        }
    };
    writeln!(out, "{}", fold(&line))?;
    Ok(found.equal)
}
