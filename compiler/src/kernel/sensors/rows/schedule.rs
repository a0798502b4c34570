//! Which step computes which row next: found by playing it, each step as soon as its rows are there, the last one first.

use super::{Event, Reach, gathers, reach};
use crate::kernel::sensors::net::Net;

/// What [`super::Rows`] has of a schedule.
pub struct Schedule {
    pub kept: Vec<usize>,
    pub slots: Vec<Vec<usize>>,
    pub events: Vec<Event>,
}

/// Rows on their way.
struct Play<'a> {
    net: &'a Net,
    reaches: Vec<Reach>,
    /// Of each array: rows that were begun, and rows that are there, those of its lower border too.
    begun: Vec<usize>,
    there: Vec<usize>,
    /// Of each step: its next position.
    next: Vec<usize>,
    /// Of each step and array that it reads: how far above the end of the newest row its window begins, which is always the same.
    depths: Vec<Vec<Option<usize>>>,
    /// Events, and with each step's the first row that it reads of each array.
    events: Vec<(Event, Vec<i64>)>,
}

impl Schedule {
    /// That of the first `steps` steps. `None`: one of them only reads whole arrays; an array is written by some of them and by
    /// others behind them; or a window does not always begin as far above the newest row, as of two branches of different length.
    pub fn of(net: &Net, steps: usize) -> Option<Self> {
        let is_cut = |array: usize| {
            let writes = |step: &crate::kernel::sensors::net::Step| step.writes == Some(array);
            net.steps[..steps].iter().any(writes) && net.steps[steps..].iter().any(writes)
        };
        if (0..net.arrays.len()).any(is_cut) {
            return None;
        }
        let reaches: Option<Vec<Reach>> = net.steps[..steps].iter().map(|step| reach(net, step)).collect();
        let count = net.arrays.len();
        let mut play = Play {
            net,
            reaches: reaches?,
            begun: vec![0; count],
            there: vec![0; count],
            next: vec![0; steps],
            depths: net.steps[..steps].iter().map(|step| vec![None; step.reads.len()]).collect(),
            events: Vec::new(),
        };
        play.all()?;
        let whole = play.whole()?;
        play.finished(&whole)
    }
}

impl Play<'_> {
    /// Plays all rows of values, and then the borders below arrays.
    fn all(&mut self) -> Option<()> {
        for _ in 0..self.net.arrays[0].rows {
            self.begin(0);
            self.events.push((Event::Take, vec![]));
            self.there[0] += 1;
            self.settle()?;
        }
        for array in 0..self.net.arrays.len() {
            let end = self.net.arrays[array].rows + self.net.arrays[array].border.bottom;
            while self.is_wanted(array) && self.there[array] < end {
                self.edge(array)?;
                self.settle()?;
            }
        }
        (0..self.reaches.len()).all(|step| self.next[step] == self.reaches[step].count).then_some(())
    }

    /// Whether a step waits for another row of an array.
    fn is_wanted(&self, array: usize) -> bool {
        let waits = |step: usize| {
            let (_, end) = self.reaches[step].at(self.next[step]);
            self.next[step] < self.reaches[step].count
                && self.net.steps[step].reads.contains(&array)
                && (self.there[array] as i64) < end
        };
        (0..self.reaches.len()).any(waits)
    }

    /// A row of an array is going to be written.
    fn begin(&mut self, array: usize) {
        self.events.push((Event::Move(array), vec![]));
        self.begun[array] += 1;
    }

    /// A row comes that is below the last one.
    fn edge(&mut self, array: usize) -> Option<()> {
        if self.there[array] < self.net.arrays[array].rows {
            return None;
        }
        self.begin(array);
        self.events.push((Event::Edge(array), vec![]));
        self.there[array] += 1;
        Some(())
    }

    /// Runs steps until none can.
    fn settle(&mut self) -> Option<()> {
        while let Some(step) = (0..self.reaches.len()).rev().find(|&step| self.is_ready(step)) {
            self.run(step)?;
        }
        Some(())
    }

    /// The row that a step writes next, if it writes one at each position.
    fn writes(&self, step: usize) -> Option<(usize, usize)> {
        let gathers = gathers(self.net, &self.net.steps[step]);
        let array = self.net.steps[step].writes?;
        let is_last = self.next[step] + 1 == self.reaches[step].count;
        match gathers {
            true => is_last.then_some((array, 0)),
            false => Some((array, self.net.steps[step].origin.0 + self.next[step])),
        }
    }

    fn is_ready(&self, step: usize) -> bool {
        let reach = &self.reaches[step];
        if self.next[step] == reach.count {
            return false;
        }
        let (_, end) = reach.at(self.next[step]);
        let is_there = |array: &usize| self.there[*array] as i64 >= end;
        // Rows of an array come in their order.
        let is_next = self.writes(step).is_none_or(|(array, row)| self.there[array] == row);
        is_next && self.net.steps[step].reads.iter().all(is_there)
    }

    /// A step at its next position.
    fn run(&mut self, step: usize) -> Option<()> {
        let (first, _) = self.reaches[step].at(self.next[step]);
        let reads = &self.net.steps[step].reads;
        for (at, &array) in reads.iter().enumerate() {
            // A branch that is ahead stays so behind its last row: nobody reads the rows that come then.
            while self.depths[step][at].is_some_and(|depth| (self.begun[array] as i64 - first) < depth as i64)
            {
                self.edge(array)?;
            }
            let depth = usize::try_from(self.begun[array] as i64 - first).ok()?;
            if *self.depths[step][at].get_or_insert(depth) != depth {
                return None;
            }
        }
        let written = self.writes(step);
        let gathers = gathers(self.net, &self.net.steps[step]);
        self.events.push((Event::Run(step), vec![first; reads.len()]));
        if let Some((array, row)) = written
            && self.begun[array] == row
        {
            // A row is begun before it is written.
            let run = self.events.pop().expect("it was pushed");
            if gathers {
                self.events.push(run);
                self.begin(array);
            } else {
                self.begin(array);
                self.events.push(run);
            }
        }
        self.next[step] += 1;
        if gathers && self.next[step] == self.reaches[step].count {
            self.events.push((Event::Finish(step), vec![]));
        }
        if let Some((array, row)) = written
            && self.is_written(array, row)
        {
            self.there[array] += 1;
        }
        Some(())
    }

    /// Whether all steps have written a row that write some of it.
    fn is_written(&self, array: usize, row: usize) -> bool {
        let done = |step: usize| {
            let (origin, reach) = (self.net.steps[step].origin.0, &self.reaches[step]);
            let writes = self.net.steps[step].writes == Some(array);
            let gathers = gathers(self.net, &self.net.steps[step]);
            let rows = if gathers { 1 } else { reach.count };
            !writes || !(origin..origin + rows).contains(&row) || gathers || self.next[step] > row - origin
        };
        (0..self.reaches.len()).all(done)
    }

    /// The arrays that steps behind these read, or whoever takes the results, are whole in the end, with their borders.
    fn whole(&mut self) -> Option<Vec<bool>> {
        let steps = self.reaches.len();
        let is_read = |array: usize| {
            let read = self.net.steps[steps..].iter().any(|step| step.reads.contains(&array));
            read || self.net.steps.last().is_some_and(|last| last.writes == Some(array))
        };
        let is_here = |array: usize| {
            array == 0 || self.net.steps[..steps].iter().any(|step| step.writes == Some(array))
        };
        let whole: Vec<bool> =
            (0..self.net.arrays.len()).map(|array| is_read(array) && is_here(array)).collect();
        for array in (0..whole.len()).filter(|&array| whole[array]) {
            let Net { arrays, .. } = self.net;
            while self.there[array] < arrays[array].rows + arrays[array].border.bottom {
                self.edge(array)?;
            }
        }
        Some(whole)
    }

    /// How many rows each array keeps, and the events without moves of what nobody reads any more.
    fn finished(self, whole: &[bool]) -> Option<Schedule> {
        let count = self.net.arrays.len();
        let mut kept: Vec<usize> = self.begun.iter().map(|&rows| rows.min(1)).collect();
        for (step, depths) in self.depths.iter().enumerate() {
            for (array, depth) in self.net.steps[step].reads.iter().zip(depths) {
                kept[*array] = kept[*array].max(depth.unwrap_or(0));
            }
        }
        for array in (0..count).filter(|&array| whole[array]) {
            let whole = &self.net.arrays[array];
            let rows = whole.border.top + whole.rows + whole.border.bottom;
            // It begins where its buffer does, and ends with it.
            if kept[array] > rows || self.begun[array] + whole.border.top != rows {
                return None;
            }
            kept[array] = rows;
        }
        let slot = |(array, depth): (&usize, &Option<usize>)| kept[*array] - depth.unwrap_or(0);
        let slots = self.depths.iter().enumerate();
        let slots =
            slots.map(|(step, depths)| self.net.steps[step].reads.iter().zip(depths).map(slot).collect());
        let slots = slots.collect();
        let events = self.moves(&kept, whole);
        Some(Schedule { kept, slots, events })
    }

    /// The events, with those moves alone whose rows are read later: from the last event back, the first row of each array that is.
    fn moves(&self, kept: &[usize], whole: &[bool]) -> Vec<Event> {
        let mut read: Vec<Option<i64>> = whole.iter().map(|&whole| whole.then_some(0)).collect();
        let mut rows = self.begun.clone();
        let mut events = Vec::new();
        for (event, first) in self.events.iter().rev() {
            match *event {
                Event::Run(step) => {
                    for (&array, &first) in self.net.steps[step].reads.iter().zip(first) {
                        read[array] = Some(read[array].map_or(first, |known| known.min(first)));
                    }
                    events.push(*event);
                }
                Event::Move(array) => {
                    rows[array] -= 1;
                    let row = rows[array] as i64;
                    // Above the first row are those of the border, which are all alike.
                    let is_needed = row > 0 && read[array].is_some_and(|first| first < row);
                    if is_needed && kept[array] > 1 {
                        events.push(*event);
                    }
                }
                Event::Take | Event::Edge(_) | Event::Finish(_) => events.push(*event),
            }
        }
        events.reverse();
        events
    }
}
