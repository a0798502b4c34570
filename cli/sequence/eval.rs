//! `mlc eval` of a sequence model: how well it foretells texts, in floats and in integers.

use super::load::{Opened, Source, no_model, open, quantize, texts};
use crate::args::EvalArgs;
use crate::error::CliError;
use crate::say::say;
use crate::table::{Align, count, grouped, table};
use crate::{files, progress, targets};
use mlc_compiler::CompileError;
use mlc_compiler::eval::score;
use mlc_compiler::import::Options;
use mlc_compiler::import::sequence::float::{Session, Window, log_probability};
use mlc_compiler::import::sequence::model::NoModel;
use mlc_compiler::ir;
use mlc_compiler::model::{Answer, Body, Head, Model, Positions, Reader, Transformer};
use mlc_compiler::tokens::Tokenizer;
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// How well a network foretells texts.
#[derive(Debug, Clone, Serialize)]
struct Score {
    network: String,
    /// Tokens that were foretold: all but the first of each text.
    tokens: usize,
    /// Mean negative log likelihood of a token.
    nats: f64,
    perplexity: f64,
    bits_a_byte: f64,
    /// Share of tokens that were the likeliest, 0 to 1.
    top_1: f64,
}

/// Sums over tokens.
#[derive(Default)]
struct Sums {
    tokens: usize,
    nats: f64,
    right: usize,
}

impl Sums {
    fn add(&mut self, logits: &[f32], token: u32) {
        self.tokens += 1;
        self.nats -= log_probability(logits, token as usize);
        let best = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        // The first of equals is taken, as everywhere.
        self.right += usize::from(logits.iter().position(|&l| l == best) == Some(token as usize));
    }

    fn score(&self, network: String, bytes: usize) -> Score {
        let nats = self.nats / self.tokens.max(1) as f64;
        Score {
            network,
            tokens: self.tokens,
            nats,
            perplexity: nats.exp(),
            bits_a_byte: self.nats / std::f64::consts::LN_2 / bytes.max(1) as f64,
            top_1: self.right as f64 / self.tokens.max(1) as f64,
        }
    }
}

/// Measures the network that the user named. One that writes no text, of another family or a classifier, is given back.
///
/// # Errors
/// Files that cannot be read; a text with a character without a token.
pub fn eval(args: &EvalArgs, out: &mut dyn Write) -> Result<Option<Model>, CliError> {
    let Opened { path, bytes, is_network } = open(&args.model.path)?;
    let scores = if is_network {
        network(args, &path, &bytes)?
    } else {
        let model = files::parse_model(&bytes, &path, &Options::default())?;
        let Reader::Tokens(reader) = &model.reader else { return Ok(Some(model)) };
        no_options(args)?;
        if model.sequence_labels().is_some() {
            return Ok(Some(model));
        }
        quantized(args, &model, &reader.tokenizer)?
    };
    match args.json {
        true => writeln!(out, "{}", targets::json(&scores))?,
        false => print(&scores, out)?,
    }
    Ok(None)
}

/// A float network, and beside it what each number of bits makes of it.
fn network(args: &EvalArgs, path: &Path, bytes: &[u8]) -> Result<Vec<Score>, CliError> {
    let source = Source::read(path, bytes, &args.sequence, &[])?;
    let positions = source.checkpoint.learnt_positions.as_ref().and(source.checkpoint.shape.positions);
    let (texts, bytes) = tokens(args, &source.tokenizer, positions)?;
    let bar = progress::bar(texts.len() * (1 + args.bits.len()), "eval");
    let failed = |e| no_model(NoModel::Network(e));
    let window = args.sequence.window.map_or(Window::Full, |size| Window::Rolling { size });
    let mut session = Session::new(&source.checkpoint, window).map_err(failed)?;
    let mut sums = Sums::default();
    for text in &texts {
        session.reset();
        for pair in text.windows(2) {
            let step = session.step(pair[0] as usize);
            let logits = step.map_err(|e| no_model(NoModel::Unsuitable(e.into())))?;
            sums.add(logits, pair[1]);
        }
        bar.inc(1);
    }
    let mut scores = vec![sums.score("float".into(), bytes)];
    for &bits in &args.bits {
        let head = Head { name: "network".into(), ..Head::default() };
        let longest = texts.iter().map(Vec::len).max().unwrap_or(2).clamp(2, u16::MAX.into());
        let most = source.checkpoint.learnt_positions.is_none().then_some(longest as u16);
        // As many positions as the float network sees, where nothing else is said.
        let mut args = args.sequence.clone();
        args.window.get_or_insert(longest.min(4096));
        let model = quantize(&source, head, bits, &args, most)?;
        scores.push(integer(&model, bits.name().into(), &texts, bytes, &mut || bar.inc(1))?);
    }
    bar.finish_and_clear();
    Ok(scores)
}

/// Refuses the options of float networks.
fn no_options(args: &EvalArgs) -> Result<(), CliError> {
    match args.sequence.given().or((!args.bits.is_empty()).then_some("--bits")) {
        Some(option) => Err(CliError::Usage(format!(
            "{option} is for float networks: a model.ron has its tokens, bits and window"
        ))),
        None => Ok(()),
    }
}

/// A model that is quantized already.
fn quantized(args: &EvalArgs, model: &Model, tokenizer: &Tokenizer) -> Result<Vec<Score>, CliError> {
    let positions = match &model.body {
        Body::Transformer(Transformer { positions: Positions::Learnt(rows), .. }) => Some(rows.rows),
        _ => None,
    };
    let (texts, bytes) = tokens(args, tokenizer, positions)?;
    let bar = progress::bar(texts.len(), "eval");
    let score = integer(model, model.head.name.clone(), &texts, bytes, &mut || bar.inc(1));
    bar.finish_and_clear();
    score.map(|score| vec![score])
}

/// The tokens of all texts, framed, and the bytes that they stand for. Behind the last learnt position there is no token.
fn tokens(
    args: &EvalArgs,
    tokenizer: &Tokenizer,
    positions: Option<usize>,
) -> Result<(Vec<Vec<u32>>, usize), CliError> {
    // The last token of a text is foretold, not read.
    let most = positions.map_or(usize::from(u16::MAX), |positions| positions + 1);
    let (mut all, mut bytes, mut cut) = (Vec::new(), 0, 0);
    for path in &args.pairs {
        for (line, text) in (1..).zip(texts(path)?) {
            let tokens = tokenizer.encode(&text).map_err(|e| CliError::Network {
                problem: format!("{}: text {line}: {e}", files::shown(path)),
                help: e.help(),
            })?;
            let mut tokens = tokenizer.framed(&tokens);
            cut += usize::from(tokens.len() > most);
            tokens.truncate(most);
            bytes += if tokens.len() < most { text.len() } else { tokenizer.decode(&tokens).len() };
            all.push(tokens);
        }
    }
    if cut > 0 {
        let positions = count(most - 1, "position");
        say!(
            "note: {} longer than {positions}: the rest of them does not count",
            verb(cut, "text is", "texts are")
        );
    }
    Ok((all, bytes))
}

/// `1 text is`, `2 texts are`.
fn verb(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n as u64), if n == 1 { one } else { many })
}

fn integer(
    model: &Model,
    name: String,
    texts: &[Vec<u32>],
    bytes: usize,
    done: &mut dyn FnMut(),
) -> Result<Score, CliError> {
    // However many tokens a program reads: a text is read to its end.
    let mut model = model.clone();
    let Answer::Story(story) = &mut model.answer else { unreachable!("the caller has a sequence model") };
    // The last token is foretold, not read.
    let longest = texts.iter().map(|text| text.len().saturating_sub(1)).max().unwrap_or(2);
    story.most = longest.clamp(2, u16::MAX.into()) as u16;
    let unit = 1.0 / f32::from(1u16 << story.logit_bits);
    let graph = ir::build_scoring(&model).map_err(CompileError::from)?.expect("a sequence model has one");
    let mut sums = Sums::default();
    for text in texts {
        let mut next = text.iter().skip(1);
        let inputs = &text[..text.len().saturating_sub(1)];
        score(&graph, inputs, &mut |logits| {
            let logits: Vec<f32> = logits.iter().map(|&l| l as f32 * unit).collect();
            if let Some(&token) = next.next() {
                sums.add(&logits, token);
            }
        });
        done();
    }
    Ok(sums.score(name, bytes))
}

fn print(scores: &[Score], out: &mut dyn Write) -> Result<(), CliError> {
    let row = |s: &Score| {
        vec![
            s.network.clone(),
            format!("{:.4}", s.nats),
            format!("{:.2}", s.perplexity),
            format!("{:.3}", s.bits_a_byte),
            format!("{:.1} %", 100.0 * s.top_1),
        ]
    };
    let rows: Vec<_> = scores.iter().map(row).collect();
    let columns = [
        ("", Align::Left),
        ("nats a token", Align::Right),
        ("perplexity", Align::Right),
        ("bits a byte", Align::Right),
        ("top 1", Align::Right),
    ];
    write!(out, "{}", table(&columns, &rows))?;
    let tokens = scores.first().map_or(0, |s| s.tokens);
    writeln!(out, "{}, {} foretold", count(scores.len(), "network"), grouped(tokens as u64))?;
    Ok(())
}
