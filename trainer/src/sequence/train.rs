//! Sequence models as the training loop sees them.

use super::export::quantized;
use super::figures::{self, Figures};
use super::layout::Layout;
use super::learner::Learner;
use super::resume::Parameters;
use super::settings::Settings;
use super::start;
use super::task::{Task, Texts};
use super::teacher::Teacher;
use crate::error::TrainError;
use crate::family::{BatchResult, Costs, Family, Progress, Sample};
use crate::outcome::{EpochRow, Event, Trained};
use crate::seeds::{self, Seeds};
use crate::train::{Sides, run};
use mlc_compiler::import::sequence::quantize::Quantized;
use mlc_compiler::model::{Answer, Body, Head, Model, Reader, Story};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::AtomicBool;

/// Texts that are looked at where all would take too long: to place ranges, and for figures of the training side, of so many
/// tokens at most.
const SAMPLE: usize = 64;
const JUDGED: usize = 2048;
const JUDGED_TOKENS: usize = 1 << 16;

/// What to train, and how.
#[derive(Clone, Copy)]
pub struct Training<'a> {
    pub task: &'a Task,
    pub settings: &'a Settings,
    /// Parameters to go on with; `None`: fresh ones.
    pub start: Option<&'a Parameters>,
}

/// Trains a network.
///
/// Looks at `stop` after every batch: once it is set, training ends with the best network up to there.
///
/// # Errors
/// Settings out of range, a task that does not fit them, or a network that integers cannot hold.
pub fn train(
    training: &Training,
    stop: &AtomicBool,
    observer: &mut dyn FnMut(Event<Figures>),
) -> Result<Trained<Figures>, TrainError> {
    run_with(training, None, stop, observer)
}

/// Trains with `count` seeds, from that of the settings on, one after the other.
///
/// # Errors
/// Those of [`train`].
pub fn train_seeds(
    training: &Training,
    count: usize,
    stop: &AtomicBool,
    observer: &mut dyn FnMut(u64, Event<Figures>),
) -> Result<Seeds<Figures>, TrainError> {
    let with = |seed, observer: &mut dyn FnMut(Event<Figures>)| {
        let settings = training.settings.clone().with(|s| s.schedule.seed = seed);
        train(&Training { settings: &settings, ..*training }, stop, observer)
    };
    seeds::train_seeds((training.settings.schedule.seed, count), with, observer)
}

pub(crate) fn run_with(
    &Training { task, settings, start }: &Training,
    teacher: Option<&Teacher>,
    stop: &AtomicBool,
    observer: &mut dyn FnMut(Event<Figures>),
) -> Result<Trained<Figures>, TrainError> {
    settings.check()?;
    settings.schedule.device.check()?;
    check(task, settings)?;
    let mut rng = ChaCha8Rng::seed_from_u64(settings.schedule.seed);
    let shadows = match start {
        Some(start) => start.values.clone(),
        None => start::fresh(&Layout::new(&settings.shape), &mut rng),
    };
    let mut learner = Learner::new(settings, shadows, task.longest(), teacher);
    let ranges = start.and_then(|start| start.ranges.clone());
    let calibrates = ranges.is_none();
    learner.ranges = ranges.unwrap_or(learner.ranges);
    let data = Sides { train: &task.train, held_out: task.held_out.as_ref() };
    run(
        Trainee { task, settings, learner, calibrates },
        data,
        &settings.schedule,
        (rng, start.is_some()),
        stop,
        observer,
    )
}

fn check(task: &Task, settings: &Settings) -> Result<(), TrainError> {
    let wrong = |what: String| Err(TrainError::Data(what));
    let (tokens, wants) = (task.reader.tokenizer.pieces.len(), settings.shape.network.vocabulary);
    if tokens != wants {
        return wrong(format!("the tokenizer has {tokens} tokens, the network {wants}"));
    }
    if task.train.is_empty() {
        return wrong("there is no text of two tokens or more to train on".to_string());
    }
    let longest = task.longest();
    match settings.shape.network.positions {
        Some(positions) if longest > positions => {
            wrong(format!("a text has {longest} tokens, and the network learns {positions} positions"))
        }
        _ => Ok(()),
    }
}

/// A network in training, and what it is trained for.
struct Trainee<'a> {
    task: &'a Task,
    settings: &'a Settings,
    learner: Learner<'a>,
    /// Whether the ranges of activations are still to be found.
    calibrates: bool,
}

impl Family for Trainee<'_> {
    type Data = Texts;
    type Network = Quantized;
    type Figures = Figures;

    fn weights(&self) -> usize {
        self.learner.layout.block_weights()
    }

    fn prepare(&mut self, sample: Sample<Texts>, _: bool) -> Result<(), TrainError> {
        if self.calibrates {
            let steps = &sample.steps[..sample.steps.len().min(SAMPLE)];
            self.learner.calibrate(&sample.part.get(steps));
        }
        Ok(())
    }

    fn set_relaxed(&mut self, relaxed: bool) {
        self.learner.set_relaxed(relaxed);
    }

    fn update(&mut self, part: &Texts, batch: &[u32], rate: f32) -> BatchResult {
        self.learner.update(&part.get(batch), rate)
    }

    fn settle(&mut self, _: Sample<Texts>) -> Result<(), TrainError> {
        Ok(())
    }

    fn network(&self) -> Result<Quantized, TrainError> {
        let Learner { layout, ranges, .. } = &self.learner;
        quantized(&self.settings.shape, layout, self.learner.parameters(), ranges)
    }

    fn regulate(&mut self, network: &Quantized, _: Sample<Texts>, _: Progress, _: bool) -> Costs {
        let blocks = network.body.blocks.iter().flat_map(|block| block.matrices());
        let nonzero = blocks.flat_map(|matrix| &matrix.values).filter(|&&w| w != 0).count();
        Costs { nonzero, costs: Vec::new(), used: None }
    }

    fn figures(&self, network: &Quantized, data: &Texts) -> Result<Figures, TrainError> {
        // All of what was held out; of the training side so many, evenly.
        let held_out = self.task.held_out.as_ref().is_some_and(|texts| std::ptr::eq(texts, data));
        let most = data.len().div_ceil(JUDGED).max(data.counted().div_ceil(JUDGED_TOKENS));
        let every = if held_out { 1 } else { most.max(1) };
        let examples: Vec<_> = data.examples.iter().step_by(every).collect();
        let threads = self.settings.schedule.threads;
        Ok(figures::figures(&network.body, network.logit_bits, &examples, threads))
    }

    fn model(&self, network: &Quantized, row: &EpochRow<Figures>) -> Result<Model, TrainError> {
        let model = Model {
            head: Head {
                name: self.settings.name.clone(),
                about: self.settings.about.clone(),
                training: self.facts(row),
                ..Head::default()
            },
            reader: Reader::Tokens(self.task.reader.clone()),
            body: Body::Transformer(network.body.clone()),
            answer: Answer::Story(Story { logit_bits: network.logit_bits, ..self.task.story.clone() }),
        };
        model.check()?;
        Ok(model)
    }
}

impl Trainee<'_> {
    /// For [`Head::training`].
    fn facts(&self, row: &EpochRow<Figures>) -> Vec<(String, String)> {
        let percent = |share: f64| format!("{:.2}", 100.0 * share);
        let mut facts = vec![
            ("texts".to_string(), self.task.train.len().to_string()),
            ("seed".to_string(), self.settings.schedule.seed.to_string()),
            ("epoch".to_string(), format!("{} of {}", row.epoch, row.epochs)),
        ];
        let sides = [("", &row.train), ("held-out ", &row.held_out)];
        for (side, figures) in sides.iter().filter_map(|(side, figures)| figures.map(|f| (side, f))) {
            facts.push((format!("{side}nats a token"), format!("{:.4}", figures.loss())));
            facts.push((format!("{side}tokens right, %"), percent(figures.token_share())));
            facts.push((format!("{side}replies right, %"), percent(figures.reply_share())));
        }
        facts
    }
}
