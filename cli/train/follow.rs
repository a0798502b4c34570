//! What goes along with a training, whatever is trained: the log, the rows for a curve, the display, the snapshots.

use super::log::Log;
use super::snapshot::Snapshots;
use mlc_trainer::Measure;
use mlc_trainer::outcome::{EpochRow, Event};
use mlc_trainer::sequence::Adapter;
use serde::Serialize;
use std::path::Path;

/// How a training shows on standard error.
pub trait Show<M> {
    fn show(&mut self, event: &Event<M>);

    /// A line that the bar does not run through.
    fn say(&self, line: &str);
}

/// Follows a training.
pub struct Follower<'a, M> {
    pub log: Option<Log>,
    /// Rows with their seeds, if a curve is to be drawn.
    pub rows: Vec<(u64, EpochRow<M>)>,
    draws: bool,
    pub snapshots: Snapshots<'a>,
    /// The last epoch without a network.
    unfit: Option<usize>,
}

impl<'a, M: Measure + Serialize> Follower<'a, M> {
    /// `output`: where the model goes. `draws`: rows are kept; a million are a lot for nobody.
    pub fn new(log: Option<Log>, output: &'a Path, draws: bool) -> Self {
        Self { log, rows: Vec::new(), draws, snapshots: Snapshots::new(output), unfit: None }
    }

    /// Takes note of an event. `adapter`: that of the best network, where that is a base with one.
    pub fn see(
        &mut self,
        seed: u64,
        event: &Event<M>,
        adapter: Option<&Adapter>,
        display: &mut (impl Show<M> + ?Sized),
    ) {
        if let Event::Epoch(row) = event {
            self.log.iter_mut().for_each(|log| log.row(seed, row));
            self.rows.extend(self.draws.then(|| (seed, (*row).clone())));
        }
        display.show(event);
        if let Event::Unfit { epoch, what } = event {
            // Once for all that follow each other.
            if self.unfit.is_none_or(|last| last + 1 != *epoch) {
                display.say(&format!(
                    "warning: integers cannot hold the network of epoch {epoch}, and the best one so far is kept: {what}; \
                     --decay 0.1 or a smaller --lr may help"
                ));
            }
            self.unfit = Some(*epoch);
        }
        if let Err(e) = self.snapshots.see(event, adapter, &|line| display.say(line)) {
            display.say(&format!("warning: no snapshot: {e}; training goes on"));
        }
    }
}
