//! Several trainings that differ in the seed only: how much of a figure is luck.

use crate::error::TrainError;
use crate::measure::Measure;
use crate::outcome::{Event, StopReason, Trained};

/// Results of one training for each seed.
#[derive(Debug, Clone)]
pub struct Seeds<M> {
    /// In order of the seeds; fewer than asked for if training was stopped.
    pub runs: Vec<(u64, Trained<M>)>,
    /// Index into `runs`: within its budgets if any is, and then by held-out figures where there are any.
    pub best: usize,
    /// Of the headlines of the figures (shares, 0 to 1): training and held-out.
    pub train: Spread,
    pub held_out: Option<Spread>,
}

/// Mean and sample standard deviation (0 for a single value).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub mean: f64,
    pub deviation: f64,
}

/// Trains with `count` seeds, from `first` on, one after the other: `train` trains with one of them. The observer also
/// gets the seed; [`Event::Best`] comes for networks that are better than those of all seeds before.
///
/// # Errors
/// Those of `train`.
pub(crate) fn train_seeds<M: Measure>(
    (first, count): (u64, usize),
    train: impl Fn(u64, &mut dyn FnMut(Event<M>)) -> Result<Trained<M>, TrainError>,
    observer: &mut dyn FnMut(u64, Event<M>),
) -> Result<Seeds<M>, TrainError> {
    let mut runs = Vec::new();
    for offset in 0..count.max(1) as u64 {
        let seed = first.wrapping_add(offset);
        let earlier = runs.iter().map(|(_, trained): &(u64, Trained<M>)| trained.rank());
        let earlier = earlier.reduce(|best, rank| if rank > best { rank } else { best });
        let trained = train(seed, &mut |event| match &event {
            Event::Best { row, .. } if earlier.is_some() && row.rank() <= earlier => {}
            _ => observer(seed, event),
        })?;
        let stopped = trained.stop == StopReason::Requested;
        runs.push((seed, trained));
        if stopped {
            break;
        }
    }
    let rank = |i: usize| runs[i].1.rank();
    let best = (1..runs.len()).fold(0, |best, i| if rank(i) > rank(best) { i } else { best });
    let train = Spread::of(&runs.iter().map(|(_, trained)| trained.train.headline()).collect::<Vec<_>>());
    let held_out: Vec<f64> =
        runs.iter().filter_map(|(_, trained)| trained.held_out).map(|figures| figures.headline()).collect();
    Ok(Seeds { best, train, held_out: (!held_out.is_empty()).then(|| Spread::of(&held_out)), runs })
}

impl Spread {
    /// Of one value at least.
    pub fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        Self { mean, deviation: if values.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_of_a_few_values() {
        assert_eq!(Spread::of(&[0.5]), Spread { mean: 0.5, deviation: 0.0 });
        assert_eq!(Spread::of(&[1.0, 3.0]), Spread { mean: 2.0, deviation: 2f64.sqrt() });
    }
}
