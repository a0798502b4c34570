//! Reads the texts that were named, and makes of them the task to train on.

use super::base::Base;
use super::baselines::Rivals;
use crate::args::{PriorArg, RecordsArg, TrainSettings};
use crate::error::CliError;
use crate::records;
use crate::say::say;
use crate::table::{count, grouped};
use crate::train::prepare::NO_MARGIN;
use mlc_compiler::model::{Answer, Body, Model, Reader, Story, Tokens, Tool, Turns};
use mlc_trainer::TaskError;
use mlc_trainer::sequence::{MAX_PRIOR_BYTES, Prior, Task, Texts, least_prior_bytes};
use mlc_trainer::texts::tokenizer::{Choice, TokenizerKind};
use mlc_trainer::texts::{Framing, FramingError, Record, Records, edit, labels};

/// Positions that are kept where nobody says how many: what machines of 64 KB have room for.
const WINDOW: usize = 64;
/// Bytes of a prior where nobody says how many it may have.
const PRIOR_BYTES: usize = 16_384;
/// Longest line of the program's own prompt.
const MAX_QUERY: u8 = 62;

/// What is to be learned.
pub struct Learned {
    pub task: Task,
    /// What it is compared with, where that was asked for.
    pub rivals: Option<Rivals>,
    /// Positions that are kept.
    pub window: usize,
}

/// Reads everything, and tells what was found. `compares`: with what networks of hashed text make of it.
///
/// # Errors
/// A file that cannot be read; texts of which nothing can be learned.
pub fn learned(given: &TrainSettings, base: Option<&Base>, compares: bool) -> Result<Learned, CliError> {
    let paths = given.pairs.iter().chain(&given.held_out).cloned().collect();
    let all = records::read(&RecordsArg { paths, kind: None, cut: given.cut })?;
    let sources: Vec<_> =
        all.sources.iter().map(|(name, kind)| format!("{name} ({})", kind.name())).collect();
    say!("{}: {}", sources.join(", "), count(all.records.len(), "record"));
    let framing = framing(given, base, &all)?;
    let base = base.and_then(Base::model);
    let known = Known::of(base);
    let window = given.window.or(known.window).unwrap_or(WINDOW);
    let keeps = framing.turns.as_ref().is_some_and(|turns| turns.keeps);
    let usual = if keeps { 2 * window } else { window };
    let most = given.most.or(known.most).unwrap_or(usual.min(4096) as u16);
    let (train, held_out) = sides(given, &all)?;
    let side = |records: Vec<Record>| {
        let mut side = all.clone();
        side.records = records;
        side
    };
    let (train, held_out) = (side(train), held_out.map(side));
    let classifies = !framing.labels.is_empty();
    let rivals = compares.then(|| Rivals::new(&train, held_out.as_ref(), classifies)).transpose()?;
    let train = examples(&framing, &train, most)?;
    let held_out = held_out.map(|side| examples(&framing, &side, most)).transpose()?;
    let mut max_length = given.max_query.or(known.length).unwrap_or(MAX_QUERY);
    if !framing.labels.is_empty() {
        let whole = read_whole(&framing, most);
        if given.max_query.is_some_and(|asked| asked > whole) {
            return Err(CliError::Usage(format!(
                "--max-query {max_length}: --most {most} reads {whole} bytes at most"
            )));
        }
        max_length = max_length.min(whole);
    }
    let reader = Tokens { tokenizer: framing.tokenizer.clone(), max_length };
    let story = story(&framing, most);
    let kept = base.and_then(|model| model.sequence()).map_or(0, |(_, _, story)| story.margin);
    let story = match given.margin {
        Some(_) if !story.classifies() => return Err(CliError::Usage(NO_MARGIN.into())),
        margin => Story { margin: margin.unwrap_or(kept), ..story },
    };
    if given.prior.is_some() && story.classifies() {
        let message = "--prior says what tokens cost, and --classifier gives labels";
        return Err(CliError::Usage(message.into()));
    }
    let prior = prior((given.prior, given.prior_bytes), &train, &reader)?;
    Ok(Learned { task: Task { reader, story, train, held_out, prior }, rivals, window })
}

/// What tokens cost behind others, where `--prior` asks for that, and `--prior-bytes` says how many bytes it has.
///
/// # Errors
/// Bytes without a prior, or too few for one; too many tokens.
pub fn prior(
    (order, bytes): (Option<PriorArg>, Option<usize>),
    train: &Texts,
    reader: &Tokens,
) -> Result<Option<Prior>, CliError> {
    let usage = |message: String| Err(CliError::Usage(message));
    let Some(order) = order else {
        return match bytes {
            Some(_) => usage("--prior-bytes is the size of a prior: give --prior as well".into()),
            None => Ok(None),
        };
    };
    let bytes = bytes.unwrap_or(PRIOR_BYTES);
    let tokens = reader.tokenizer.pieces.len();
    let least = least_prior_bytes(tokens);
    if least > MAX_PRIOR_BYTES {
        return usage(format!(
            "--prior is not there for so many tokens, {}: leave it out",
            grouped(tokens as u64)
        ));
    }
    if least > bytes {
        let (tokens, least) = (count(tokens, "token"), grouped(least as u64));
        return usage(format!("--prior-bytes {bytes}: a prior of {tokens} has {least} bytes at least"));
    }
    // Where there is no text, that is what the training says.
    let Some(prior) = Prior::count(train, tokens, order.order(), bytes) else { return Ok(None) };
    let (rows, pairs) = prior.rows();
    let rows = count(rows, "row");
    say!("a prior of {rows}, {pairs} of them for pairs: {} bytes", grouped(prior.bytes() as u64));
    Ok(Some(prior))
}

/// Bytes of a query that `most` tokens read to its end, whatever it says: a token has a byte at least, and a space may be added in
/// front.
fn read_whole(framing: &Framing, most: u16) -> u8 {
    let marks = framing.start.len() + framing.end.iter().len() + 1;
    usize::from(most).saturating_sub(marks).min(u8::MAX.into()) as u8
}

/// What a model to go on with says where nothing else does.
#[derive(Default)]
struct Known {
    window: Option<usize>,
    most: Option<u16>,
    length: Option<u8>,
}

impl Known {
    fn of(base: Option<&Model>) -> Self {
        let Some(Model { reader: Reader::Tokens(tokens), body: Body::Transformer(body), answer, .. }) = base
        else {
            return Self::default();
        };
        let most = match answer {
            Answer::Story(story) => Some(story.most),
            _ => None,
        };
        Self { window: Some(body.window), most, length: Some(tokens.max_length) }
    }
}

/// Records to train on, and to measure on.
fn sides(given: &TrainSettings, all: &Records) -> Result<(Vec<Record>, Option<Vec<Record>>), CliError> {
    if !given.held_out.is_empty() {
        let is_held_out = |record: &Record| record.source >= given.pairs.len();
        let (held_out, train) = all.records.iter().cloned().partition(is_held_out);
        return Ok((train, Some(held_out)));
    }
    let Some(share) = given.hold_out else { return Ok((all.records.clone(), None)) };
    let (train, held_out) = edit::split(all, share, given.seed.unwrap_or(1)).map_err(TaskError::from)?;
    Ok((train, Some(held_out)))
}

fn framing(given: &TrainSettings, base: Option<&Base>, records: &Records) -> Result<Framing, CliError> {
    let model = base.and_then(Base::model);
    let framing = match base.map(Base::tokenizer) {
        Some(tokenizer) => {
            if given.bpe.is_some() {
                let message = "--bpe makes new tokens, and a model that training goes on from has its own";
                return Err(CliError::Usage(message.into()));
            }
            match classes(given, model, records)? {
                Some(labels) => Framing::classifier(records, tokenizer.clone(), labels),
                None => Framing::new(records, tokenizer.clone()),
            }
        }
        None => {
            let kind = given.bpe.map_or(TokenizerKind::Characters, |tokens| TokenizerKind::Bpe { tokens });
            let choice = Choice { kind, ..Choice::default() };
            match classes(given, None, records)? {
                Some(labels) => Framing::fresh_classifier(records, choice, labels),
                None => Framing::fresh(records, choice),
            }
        }
    };
    framing.map_err(framing_error)
}

/// The labels of a classifier: those of the model to go on with, those that were named, or the replies.
fn classes(
    given: &TrainSettings,
    base: Option<&Model>,
    records: &Records,
) -> Result<Option<Vec<String>>, CliError> {
    if let Some(labels) = base.and_then(Model::sequence_labels) {
        if given.labels.is_some() {
            let message = "--labels: the model that training goes on from has its own";
            return Err(CliError::Usage(message.into()));
        }
        return Ok(Some(labels.to_vec()));
    }
    match (given.classifier, &given.labels) {
        (false, Some(_)) => {
            Err(CliError::Usage("--labels are those of a classifier: give --classifier as well".into()))
        }
        (false, None) => Ok(None),
        (true, named) => {
            // What is held out is not learned.
            let mut learned = records.clone();
            learned.records.retain(|record| record.source < given.pairs.len());
            let found = labels(&learned).map_err(framing_error)?;
            let Some(named) = named else { return Ok(Some(found)) };
            match named.iter().find(|label| !found.contains(label)) {
                Some(label) => Err(CliError::Usage(format!("--labels: no pair has {label:?}"))),
                None => Ok(Some(named.clone())),
            }
        }
    }
}

fn framing_error(e: FramingError) -> CliError {
    CliError::Data { problem: e.to_string(), help: e.help() }
}

fn examples(framing: &Framing, records: &Records, most: u16) -> Result<Texts, CliError> {
    // The last token is foretold, not read.
    let found = framing.examples(records, usize::from(most) + 1).map_err(framing_error)?;
    if let (1.., Some(place)) = (found.too_long, &found.first_too_long) {
        let turns = count(found.too_long, "turn");
        let most = grouped(most.into());
        say!(
            "warning: {turns} longer than {most} tokens, the first at {place}: left out; --most takes longer ones"
        );
    }
    Ok(Texts::new(found.examples))
}

/// How the model answers. Its logits' unit is the network's.
fn story(framing: &Framing, most: u16) -> Story {
    if !framing.labels.is_empty() {
        return Story { labels: framing.labels.clone(), ..Story::plain(Vec::new(), most, 0) };
    }
    let ends: Vec<u32> = framing.end.into_iter().collect();
    let turns = framing.turns.as_ref().map(|marks| Turns {
        start: framing.start.clone(),
        before: marks.before.clone(),
        after: marks.after.clone(),
        close: ends.clone(),
        keeps: marks.keeps,
    });
    let tool = |(name, token): &(String, u32)| {
        let (name, action) = framing.action(name);
        Tool { token: *token, name, action }
    };
    let tools = framing.tools.iter().map(tool).collect();
    Story { turns, tools, ..Story::plain(ends, most, 0) }
}
