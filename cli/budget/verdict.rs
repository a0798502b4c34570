//! What became of limits when the network was there.

use crate::table::whole;

/// What became of the limits.
pub struct Verdict {
    pub lines: Vec<String>,
    pub kept: bool,
}

impl Verdict {
    /// `cost` of `what` is within `limit`, or the limits are not kept.
    pub(super) fn add(&mut self, what: &str, cost: f64, limit: f64) {
        let within = cost <= limit;
        self.kept &= within;
        let tail = if within { "" } else { ": NOT KEPT" };
        let [cost, limit] = [cost, limit].map(|n| whole(n.ceil()));
        self.lines.push(format!("limit: {cost} of at most {limit} {what}{tail}"));
    }
}
