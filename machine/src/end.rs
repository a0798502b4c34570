//! How a run ends, and when it must.

use std::fmt;

use crate::symbols::{Address, Location};

/// What a slice of a run came back with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State<E> {
    /// The slice is used up; the program goes on at the next call.
    Running,
    Ended(E),
}

/// Why a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End<X, F> {
    /// By itself.
    Exit(X),
    /// It waited for input and there is none left.
    EndOfInput,
    /// It did something that would not work on a real machine, or ran into a limit.
    Fault(F),
}

/// A fault of kind `K` and the instruction that caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault<A, K> {
    pub at: Location<A>,
    pub kind: K,
}

impl<A: Address, K: fmt::Display> fmt::Display for Fault<A, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: {}", self.at, self.kind)
    }
}

impl<A: Address, K: fmt::Debug + fmt::Display> std::error::Error for Fault<A, K> {}

/// Runs one more slice, unless the program has ended before: then it is that end again.
pub fn resume<E: Clone>(ended: &mut Option<E>, slice: impl FnOnce() -> State<E>) -> State<E> {
    if let Some(end) = ended {
        return State::Ended(end.clone());
    }
    let state = slice();
    if let State::Ended(end) = &state {
        *ended = Some(end.clone());
    }
    state
}

/// Runs slice after slice to the end.
pub fn run_to_end<E>(mut slice: impl FnMut() -> State<E>) -> E {
    loop {
        if let State::Ended(end) = slice() {
            return end;
        }
    }
}

/// How many cycles a program may run without input.
#[derive(Debug, Clone)]
pub struct Limit {
    cycles: u64,
    deadline: u64,
}

impl Limit {
    /// `cycles` from `now` on, and after each input anew. `None`: any number.
    pub fn new(cycles: Option<u64>, now: u64) -> Self {
        let mut limit = Limit { cycles: cycles.unwrap_or(u64::MAX), deadline: 0 };
        limit.restart(now);
        limit
    }

    /// The program was given input, or has a reason to wait for some.
    pub fn restart(&mut self, now: u64) {
        self.deadline = now.saturating_add(self.cycles);
    }

    /// The cycle at which the time is over.
    #[inline]
    pub fn deadline(&self) -> u64 {
        self.deadline
    }

    /// The cycles that [`Limit::new`] was given.
    pub fn cycles(&self) -> u64 {
        self.cycles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_final() {
        let mut ended = None;
        assert_eq!(resume(&mut ended, || State::Running), State::Running);
        assert_eq!(resume(&mut ended, || State::Ended(1)), State::Ended(1));
        assert_eq!(resume(&mut ended, || State::Ended(2)), State::Ended(1));
        let mut slices = [State::Running, State::Running, State::Ended(3)].into_iter();
        assert_eq!(run_to_end(|| slices.next().expect("the last one ends the run")), 3);
    }

    #[test]
    fn a_limit_counts_from_the_last_input() {
        let mut limit = Limit::new(Some(10), 5);
        assert_eq!((limit.cycles(), limit.deadline()), (10, 15));
        limit.restart(12);
        assert_eq!(limit.deadline(), 22);
        assert_eq!(Limit::new(None, 5).deadline(), u64::MAX);
    }
}
