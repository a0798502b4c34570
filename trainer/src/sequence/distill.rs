//! Distillation: a quantized network is trained to agree with a float network, whose weights it starts from.

use super::example::Example;
use super::figures::Figures;
use super::layout::Layout;
use super::ops::rotate::Rotation;
use super::resume::Parameters;
use super::settings::Settings;
use super::shape::Shape;
use super::start::{imported, settle};
use super::task::Task;
use super::teacher::Teacher;
use super::train::{Beside, Training, run_with};
use crate::error::TrainError;
use crate::outcome::{Event, Trained};
use crate::threads;
use mlc_compiler::import::sequence::float::{Session, Window};
use mlc_compiler::import::sequence::quantize::trained::rotary_steps;
use mlc_compiler::import::sequence::{Checkpoint, Problem};
use mlc_compiler::math::exp;
use mlc_compiler::model::Grid;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::{AtomicBool, Ordering};

/// The shape of a student: its teacher's, with these weights.
pub fn student(teacher: &Checkpoint, weights: Grid, embedding: Grid, window: usize) -> Shape {
    let tied = teacher.output.is_none();
    let gain = tied && teacher.final_norm.is_some();
    Shape { network: teacher.shape, tied, labels: None, gain, weights, embedding, window }
}

/// Trains a student of `settings.shape`, which [`student`] has made, on the texts of `task`.
///
/// Looks at `stop` after every batch.
///
/// # Errors
/// A teacher with something that the trainer does not have; see [`super::train()`].
pub fn distill(
    network: &Checkpoint,
    task: &Task,
    settings: &Settings,
    stop: &AtomicBool,
    observer: &mut dyn FnMut(Event<Figures>),
) -> Result<Trained<Figures>, TrainError> {
    let wrong = |problem: Problem| TrainError::Data(problem.to_string());
    network.check().map_err(wrong)?;
    let layout = Layout::new(&settings.shape);
    let weights = imported(&layout, network).map_err(wrong)?;
    let sides = task.held_out.iter().chain([&task.train]);
    let longest = sides.map(super::Texts::longest).max().unwrap_or(1);
    let steps = rotary_steps(&network.shape);
    let rotation = (!steps.is_empty()).then(|| Rotation::exact(&steps, longest));
    // The teacher sees all of a text, whatever the student's window.
    let shape = Shape { window: longest.max(2), ..settings.shape.clone() };
    let mut values = weights.clone();
    settle(&layout, network, (settings.shape.weights, settings.method), &task.train, &mut values)
        .map_err(|e| TrainError::Data(e.to_string()))?;
    let start = Parameters { values, ranges: None, prior: None };
    let teacher = Teacher { shape, layout, weights, rotation };
    let training = Training { task, settings, start: Some(&start) };
    let beside = Beside { teacher: Some(&teacher), ..Beside::default() };
    run_with(&training, beside, stop, observer)
}

/// Texts that a network writes itself, drawn at temperature 1: `count` of up to `length` tokens, each from `start` to where that
/// or one of `ends` comes. The same seed gives the same texts. Fewer once `stop` is set.
///
/// # Errors
/// A network that breaks a rule.
pub fn written(
    network: &Checkpoint,
    (start, ends): (u32, &[u32]),
    (count, length): (usize, usize),
    (seed, threads): (u64, usize),
    stop: &AtomicBool,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<Example>, Problem> {
    let length = length.min(network.shape.positions.unwrap_or(length)).max(2);
    let mut texts = vec![Example::default(); count];
    Session::new(network, Window::Full)?;
    let share = threads::share(count, threads);
    let parts = texts.chunks_mut(share).enumerate().collect();
    threads::each(parts, |(part, texts): (usize, &mut [Example])| {
        let mut session = Session::new(network, Window::Full).expect("a session began before");
        for (i, text) in texts.iter_mut().enumerate() {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let number = (part * share + i) as u64;
            let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
            session.reset();
            let tokens = &mut text.tokens;
            tokens.push(start);
            while tokens.len() < length {
                let last = *tokens.last().expect("it has a start");
                let Ok(logits) = session.step(last as usize) else { break };
                let next = draw(logits, rng.random::<f64>());
                tokens.push(next);
                if next == start || ends.contains(&next) {
                    break;
                }
            }
            text.counts = (0..tokens.len()).map(|i| i > 0).collect();
            done();
        }
    });
    Ok(texts.into_iter().filter(|text| text.tokens.len() > 1).collect())
}

/// The token at `point`, 0 to 1, of the running sum of probabilities.
fn draw(logits: &[f32], point: f64) -> u32 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let share = |&l: &f32| exp(f64::from(l) - f64::from(most));
    let mut rest = point * logits.iter().map(share).sum::<f64>();
    for (token, l) in logits.iter().enumerate() {
        rest -= share(l);
        if rest < 0.0 {
            return token as u32;
        }
    }
    logits.len() as u32 - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_drawn_by_their_probabilities() {
        let logits = [0.0, 2f32.ln(), f32::NEG_INFINITY.max(-80.0), 1f32.ln()];
        let counts = (0..1000).fold([0; 4], |mut counts, i| {
            counts[draw(&logits, (f64::from(i) + 0.5) / 1000.0) as usize] += 1;
            counts
        });
        assert_eq!(counts, [250, 500, 0, 250]);
        assert_eq!(draw(&logits, 1.0), 3);
    }
}
