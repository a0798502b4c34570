//! The training curve in the report, from the log that `mlc train --log FILE.csv` writes.

use super::parts::{Cell, label, picture, table};
use crate::error::CliError;
use crate::files;
use std::path::Path;

/// Shares that are drawn, by their columns. The rest of a name is what is measured.
const SIDES: [(&str, &str); 2] = [("train_", ""), ("held_out_", ", held out")];

/// A column of shares: its name, and a value for each epoch that has one.
struct Series {
    name: String,
    points: Vec<(f64, f64)>,
}

/// # Errors
/// A file that cannot be read, or that is no such log.
pub fn curve(path: &Path) -> Result<String, CliError> {
    let text = files::read_text(path, files::Kind::Settings)?;
    let refuse = |problem: String| CliError::Read {
        path: path.to_path_buf(),
        problem,
        help: "give the log that `mlc train --log FILE.csv` wrote",
    };
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
    let column = |name: &str| header.iter().position(|other| *other == name);
    let (Some(seed), Some(epoch), Some(loss)) = (column("seed"), column("epoch"), column("loss")) else {
        return Err(refuse("its first line does not name the columns of a training’s log".into()));
    };
    let mut rows: Vec<Vec<&str>> = Vec::new();
    for (at, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        let cells: Vec<&str> = line.split(',').collect();
        if cells.len() != header.len() || cells[epoch].parse::<f64>().is_err() {
            return Err(refuse(format!("line {} has not the columns of the first one", at + 2)));
        }
        rows.push(cells);
    }
    // Of several trainings the first.
    let first = rows.first().map(|row| row[seed]);
    rows.retain(|row| Some(row[seed]) == first);
    let values = |at: usize| -> Vec<(f64, f64)> {
        rows.iter().filter_map(|row| Some((row[epoch].parse().ok()?, row[at].parse().ok()?))).collect()
    };
    let named = |name: &str| {
        let side = SIDES.iter().find_map(|(start, end)| Some((name.strip_prefix(start)?, end)));
        side.map(|(what, end)| format!("{what}{end}"))
    };
    let series: Vec<Series> = header
        .iter()
        .enumerate()
        .filter_map(|(at, name)| Some(Series { name: named(name)?, points: values(at) }))
        .filter(|series| !series.points.is_empty())
        .collect();
    let losses = values(loss);
    let (Some(last), false) = (losses.last(), series.is_empty()) else {
        return Err(refuse("there is no epoch with figures in it".into()));
    };
    let mut end = vec![vec![
        Cell::text("loss, in nats"),
        Cell::Figure(losses[0].1, format!("{:.3}", losses[0].1)),
        Cell::Figure(last.1, format!("{:.3}", last.1)),
    ]];
    end.extend(series.iter().map(|series| {
        let of = |(_, share): &(f64, f64)| Cell::share(*share, 1.0);
        let (first, last) = (series.points.first(), series.points.last());
        vec![Cell::text(series.name.clone()), first.map_or(Cell::Nothing, of), last.map_or(Cell::Nothing, of)]
    }));
    let caption = format!("Training, {} epochs", last.0);
    Ok(draw(&series, last.0) + &table("training-curve", &caption, &["figure", "first", "last"], &end))
}

/// A line for each series, each with its own dashes and its name at its end.
fn draw(series: &[Series], epochs: f64) -> String {
    let (left, top, wide, high) = (48.0, 12.0, 500.0, 220.0);
    let all = series.iter().flat_map(|series| &series.points).map(|(_, share)| *share);
    let least = (all.fold(1.0, f64::min) * 10.0).floor().min(9.0) / 10.0;
    let x = |epoch: f64| left + wide * epoch / epochs.max(1.0);
    let y = |share: f64| top + high * (1.0 - share) / (1.0 - least);
    let mut shapes = String::new();
    for tenth in (least * 10.0).round() as u32..=10 {
        let at = y(f64::from(tenth) / 10.0);
        shapes += &format!("<path class=\"rule\" d=\"M{left} {at:.1}h{wide}\"/>\n");
        shapes += &label(left - 6.0, at + 4.0, "end", &format!("{} %", 10 * tenth));
    }
    shapes += &label(left, top + high + 20.0, "start", "epoch 0");
    shapes += &label(left + wide, top + high + 20.0, "end", &epochs.to_string());
    // Names stand below one another where lines end close to each other.
    let mut free = 0.0;
    let mut by_end: Vec<(usize, &Series, f64)> = series
        .iter()
        .enumerate()
        .map(|(at, series)| (at, series, y(series.points.last().map_or(least, |(_, share)| *share))))
        .collect();
    by_end.sort_by(|a, b| a.2.total_cmp(&b.2));
    for (at, series, end) in by_end {
        let points: Vec<String> =
            series.points.iter().map(|(epoch, share)| format!("{:.1},{:.1}", x(*epoch), y(*share))).collect();
        let dashes = ["none", "6 3", "2 3", "10 3 2 3"][at % 4];
        shapes += &format!(
            "<polyline class=\"line\" stroke-dasharray=\"{dashes}\" points=\"{}\"/>\n",
            points.join(" ")
        );
        let name = f64::max(end + 4.0, free);
        shapes += &label(left + wide + 8.0, name, "start", &series.name);
        free = name + 16.0;
    }
    let title = "Shares that came out right, by epoch; the table has the first and the last values";
    picture(title, (720.0, 256.0), &shapes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, CliError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.csv");
        std::fs::write(&path, text).unwrap();
        curve(&path)
    }

    #[test]
    fn a_log_becomes_a_picture_and_a_table() {
        let html =
            of("seed,epoch,loss,train_replies,held_out_replies\n1,1,2.5,0.25,\n1,2,0.5,1,0.5\n2,1,9,0,0\n")
                .unwrap();
        assert_eq!(html.matches("<polyline").count(), 2);
        assert!(
            html.contains("<data value=\"0.25\">25.0 %</data></td><td class=\"n\"><data value=\"1\">100.0 %"),
            "{html}"
        );
        assert!(html.contains("replies, held out") && html.contains("Training, 2 epochs"), "{html}");
    }

    #[test]
    fn what_is_no_log_is_refused() {
        for (text, says) in [
            ("", "does not name the columns"),
            ("seed,epoch\n", "does not name the columns"),
            ("seed,epoch,loss,train_replies\n1,1,2\n", "line 2 has not the columns"),
            ("seed,epoch,loss,train_replies\n1,x,2,3\n", "line 2 has not the columns"),
            ("seed,epoch,loss,train_replies\n", "no epoch with figures"),
        ] {
            let said = of(text).unwrap_err().to_string();
            assert!(said.contains(says), "{text}: {said}");
        }
    }
}
