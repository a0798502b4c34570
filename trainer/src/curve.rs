//! The training curve as a picture (SVG), one file that a browser or a README shows.

use crate::measure::Measure;
use crate::outcome::EpochRow;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 52.0;
const TOP: f64 = 16.0;
const RIGHT: f64 = 190.0;
const BOTTOM: f64 = 40.0;
/// Colours of the shares, in their order.
const TRAINING: [&str; 2] = ["#1f77b4", "#d62728"];
/// The same, paler.
const HELD_OUT: [&str; 2] = ["#7fb5dd", "#f29a9b"];

/// Draws the exact figures of all rows that have them: each share, training and held-out, in percent.
pub fn svg<M: Measure>(title: &str, rows: &[EpochRow<M>]) -> String {
    let epochs = rows.iter().map(|row| row.epoch).max().unwrap_or(1).max(1) as f64;
    let x = |epoch: f64| LEFT + (WIDTH - LEFT - RIGHT) * epoch / epochs;
    let y = |share: f64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - share);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        escape(title)
    );
    for tenth in 0..=10 {
        let (share, at) = (f64::from(tenth) / 10.0, y(f64::from(tenth) / 10.0));
        out += &format!(
            "<path d=\"M{LEFT} {at:.1}H{:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{:.0} %</text>\n",
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 4.0,
            100.0 * share
        );
    }
    for quarter in 0..=4 {
        let epoch = epochs * f64::from(quarter) / 4.0;
        out += &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{epoch:.0}</text>\n",
            x(epoch),
            HEIGHT - BOTTOM + 18.0
        );
    }
    out += &format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">epoch</text>\n",
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 6.0
    );
    let side = |behind: &'static str, colours: &'static [&str; 2], of: fn(&EpochRow<M>) -> Option<M>| {
        let lines = M::NAMES.iter().zip(colours.iter().cycle()).enumerate();
        lines.map(move |(share, (name, &colour))| (format!("{name}{behind}"), colour, of, share))
    };
    let lines = side("", &TRAINING, |row| row.train).chain(side(", held out", &HELD_OUT, |row| row.held_out));
    let mut legend = TOP + 12.0;
    for (name, colour, of, share) in lines {
        let points: Vec<(usize, f64)> =
            rows.iter().filter_map(|row| Some((row.epoch, of(row)?.shares()[share]))).collect();
        let Some(&(_, last)) = points.last() else { continue };
        let points: Vec<String> =
            points.iter().map(|&(epoch, share)| format!("{:.1},{:.1}", x(epoch as f64), y(share))).collect();
        out += &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>\n\
             <text x=\"{:.1}\" y=\"{legend:.1}\" fill=\"{colour}\">{name} {:.2} %</text>\n",
            points.join(" "),
            WIDTH - RIGHT + 10.0,
            100.0 * last
        );
        legend += 18.0;
    }
    out + "</svg>\n"
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashed_text::Figures;

    #[test]
    fn a_line_for_each_figure_that_was_taken() {
        let figures = |right| Some(Figures { steps: 10, steps_right: right, replies: 4, replies_right: 1 });
        let row = |epoch, train| EpochRow { epoch, train, ..EpochRow::default() };
        let picture = svg("a < b", &[row(1, figures(5)), row(2, None), row(4, figures(10))]);
        assert!(picture.contains("<title>a &lt; b</title>"));
        assert_eq!(picture.matches("<polyline").count(), 2, "nothing was held out");
        // Half the plot's height at a quarter of its width, then the upper right corner.
        assert!(picture.contains("<polyline points=\"171.5,168.0 530.0,16.0\""), "{picture}");
        assert!(picture.contains(">characters 100.00 %<") && picture.contains(">replies 25.00 %<"));
        assert!(svg::<Figures>("empty", &[]).ends_with("</svg>\n"));
    }
}
