//! Checks a schedule without trusting what made it: plays it and notes which row of which array each byte is of.

use super::{Event, Rows, gathers, reach};
use crate::kernel::sensors::net::Net;

/// What a byte is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Nothing,
    /// A row of an array; rows of its border are above 0 and behind its last.
    Row(usize, i64),
}

struct Player<'a> {
    net: &'a Net,
    rows: &'a Rows,
    places: &'a [usize],
    bytes: Vec<Of>,
    /// Of each array: rows that came; of each step: positions.
    came: Vec<i64>,
    ran: Vec<usize>,
    finished: Vec<bool>,
}

/// Plays a schedule in memory where arrays lie at these places, and the steps behind it.
///
/// # Errors
/// What is not as the network has it: a row that a step does not find, a row too many, or one that never comes.
pub fn check(net: &Net, rows: &Rows, places: &[usize], end: usize) -> Result<(), String> {
    let mut player = Player {
        net,
        rows,
        places,
        bytes: vec![Of::Nothing; end],
        came: vec![0; net.arrays.len()],
        ran: vec![0; rows.steps],
        finished: vec![false; rows.steps],
    };
    player.begin()?;
    rows.events.iter().try_for_each(|event| player.play(*event))?;
    player.is_done()?;
    player.behind()
}

impl Player<'_> {
    /// Before the first row buffers are border, where an array has one.
    fn begin(&mut self) -> Result<(), String> {
        for array in (0..self.net.arrays.len()).filter(|&array| self.rows.kept[array] > 0) {
            let kept = self.rows.kept[array];
            let has_border = self.net.arrays[array].size() > self.net.arrays[array].values();
            for slot in 0..kept {
                let of = if has_border { Of::Row(array, slot as i64 - kept as i64) } else { Of::Nothing };
                self.row(array, slot)?.fill(of);
            }
        }
        Ok(())
    }

    /// A row of a buffer.
    fn row(&mut self, array: usize, slot: usize) -> Result<&mut [Of], String> {
        let pitch = self.net.arrays[array].pitch();
        let at = self.places[array] + slot * pitch;
        if slot >= self.rows.kept[array] {
            return Err(format!("array {array} has no row {slot}"));
        }
        self.bytes.get_mut(at..at + pitch).ok_or_else(|| format!("array {array} lies behind the end"))
    }

    /// Whether a row of a buffer is this one. All rows above the first are alike.
    fn is_there(&mut self, array: usize, slot: usize, row: i64) -> Result<bool, String> {
        let is = |of: &Of| match *of {
            Of::Row(other, there) => other == array && (there == row || (there < 0 && row < 0)),
            Of::Nothing => false,
        };
        Ok(self.row(array, slot)?.iter().all(is))
    }

    /// The newest row of an array is written.
    fn put(&mut self, array: usize) -> Result<(), String> {
        let (row, last) = (self.came[array], self.rows.kept[array].wrapping_sub(1));
        self.row(array, last)?.fill(Of::Row(array, row));
        self.came[array] += 1;
        Ok(())
    }

    fn play(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Take => self.take(),
            Event::Move(array) => {
                let (pitch, from) = (self.net.arrays[array].pitch(), self.places[array]);
                let end = from + self.rows.size(array);
                if self.rows.kept[array] < 2 || end > self.bytes.len() {
                    return Err(format!("array {array} has no rows to move"));
                }
                self.bytes.copy_within(from + pitch..end, from);
                Ok(())
            }
            Event::Edge(array) => {
                if self.came[array] < self.net.arrays[array].rows as i64 {
                    return Err(format!("a border comes before row {} of array {array}", self.came[array]));
                }
                self.put(array)
            }
            Event::Run(step) => self.run(step),
            Event::Finish(step) => self.finish(step),
        }
    }

    fn take(&mut self) -> Result<(), String> {
        if self.came[0] >= self.net.arrays[0].rows as i64 {
            return Err("more rows are taken than there are".into());
        }
        self.put(0)
    }

    fn run(&mut self, at: usize) -> Result<(), String> {
        let step = &self.net.steps[at];
        let reach = reach(self.net, step).ok_or_else(|| format!("{} reads whole arrays", step.name))?;
        if self.ran[at] >= reach.count {
            return Err(format!("{} has no row {}", step.name, self.ran[at]));
        }
        let position = self.ran[at];
        self.ran[at] += 1;
        if let Some(array) = step.writes.filter(|_| !gathers(self.net, step)) {
            self.wrote(array, step.origin.0 + position)?;
        }
        // What it reads is there even when all that it writes is written.
        let (first, end) = reach.at(position);
        for (&array, &slot) in step.reads.iter().zip(&self.rows.slots[at]) {
            for (i, row) in (first..end).enumerate() {
                if !self.is_there(array, slot + i, row)? {
                    return Err(format!("{} does not find row {row} of array {array}", step.name));
                }
            }
        }
        Ok(())
    }

    /// A step wrote its part of a row: the first of several begins it.
    fn wrote(&mut self, array: usize, row: usize) -> Result<(), String> {
        match row as i64 - self.came[array] {
            0 => self.put(array),
            -1 => Ok(()),
            _ => Err(format!("row {row} of array {array} comes behind {} others", self.came[array])),
        }
    }

    fn finish(&mut self, at: usize) -> Result<(), String> {
        let step = &self.net.steps[at];
        let reach = reach(self.net, step).filter(|_| gathers(self.net, step));
        if reach.is_none_or(|reach| reach.count != self.ran[at])
            || std::mem::replace(&mut self.finished[at], true)
        {
            return Err(format!("{} has no results yet, or had them", step.name));
        }
        step.writes.map_or(Ok(()), |array| self.wrote(array, 0))
    }

    fn is_done(&self) -> Result<(), String> {
        for (at, step) in self.net.steps[..self.rows.steps].iter().enumerate() {
            let count = reach(self.net, step).map_or(0, |reach| reach.count);
            if self.ran[at] != count || self.finished[at] != gathers(self.net, step) {
                return Err(format!("{} ran {} times in the place of {count}", step.name, self.ran[at]));
            }
        }
        let taken = self.came[0];
        let rows = self.net.arrays[0].rows as i64;
        if taken < rows { Err(format!("{taken} of {rows} rows are taken")) } else { Ok(()) }
    }

    /// The steps behind, on whole arrays.
    fn behind(&mut self) -> Result<(), String> {
        for step in &self.net.steps[self.rows.steps..] {
            if let Some(array) = step.writes {
                let size = self.net.arrays[array].size();
                let from = self.places[array];
                let bytes = self.bytes.get_mut(from..from + size);
                bytes.ok_or_else(|| format!("array {array} lies behind the end"))?.fill(Of::Row(array, 0));
            }
            for &array in &step.reads {
                self.is_whole(array, &step.name)?;
            }
        }
        match self.net.steps.last() {
            Some(last) => last.writes.map_or(Ok(()), |array| self.is_whole(array, "whoever takes results")),
            None => Ok(()),
        }
    }

    fn is_whole(&mut self, array: usize, who: &str) -> Result<(), String> {
        let missing = || format!("{who} does not find array {array}");
        let shape = &self.net.arrays[array];
        if self.rows.kept[array] == 0 {
            let bytes = &self.bytes[self.places[array]..][..shape.size()];
            return if bytes.iter().all(|of| *of == Of::Row(array, 0)) { Ok(()) } else { Err(missing()) };
        }
        let top = shape.border.top;
        for slot in 0..top + shape.rows + shape.border.bottom {
            if !self.is_there(array, slot, slot as i64 - top as i64)? {
                return Err(missing());
            }
        }
        Ok(())
    }
}
