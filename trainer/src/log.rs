//! The training log as a table that spreadsheets and notebooks read.

use crate::measure::Measure;
use crate::outcome::EpochRow;

/// The first line of the log of a family with these figures, with its line end.
pub fn csv_header<M: Measure>() -> String {
    let mut line =
        "epoch,epochs,seconds,learning_rate,loss,running_share,nonzero,overflows,budget_used".to_string();
    for side in ["train", "held_out"] {
        M::NAMES.iter().for_each(|name| line.push_str(&format!(",{side}_{name}")));
    }
    line + "\n"
}

/// A row as a line of comma-separated values. Shares are 0 to 1; figures that weren't taken are empty.
pub fn csv<M: Measure>(row: &EpochRow<M>) -> String {
    let mut line = format!(
        "{},{},{:.3},{},{:.6},{:.6},{},{}",
        row.epoch,
        row.epochs,
        row.seconds,
        row.learning_rate,
        row.loss,
        row.running_share,
        row.nonzero,
        row.overflows
    );
    line.push_str(&row.budget_used.map_or(",".into(), |used| format!(",{used:.4}")));
    for figures in [row.train, row.held_out] {
        match figures {
            Some(figures) => {
                figures.shares().iter().for_each(|share| line.push_str(&format!(",{share:.6}")));
            }
            None => line.push_str(&",".repeat(M::NAMES.len())),
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashed_text::Figures;

    #[test]
    fn a_row_has_a_value_for_each_column() {
        let row = EpochRow {
            epoch: 3,
            epochs: 20,
            seconds: 1.5,
            learning_rate: 0.01,
            loss: 0.25,
            running_share: 0.5,
            nonzero: 1234,
            overflows: 1,
            costs: vec![900.0],
            budget_used: Some(0.9),
            train: Some(Figures { steps: 8, steps_right: 6, replies: 2, replies_right: 1 }),
            held_out: None,
        };
        assert_eq!(csv(&row), "3,20,1.500,0.01,0.250000,0.500000,1234,1,0.9000,0.750000,0.500000,,\n");
        let header = csv_header::<Figures>();
        assert!(header.ends_with(",train_characters,train_replies,held_out_characters,held_out_replies\n"));
        assert_eq!(csv(&row).matches(',').count(), header.matches(',').count());
    }
}
