//! The runs of a sweep as a picture (SVG): accuracy against cycles.

use super::collect::Collect;
use crate::html::escape;
use crate::table::whole;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 34.0;
const RIGHT: f64 = 160.0;
const BOTTOM: f64 = 48.0;

/// Colours of a share, and of the same of what was held out.
const COLOURS: [(&str, &str); 3] = [("#1f77b4", "#7fb5dd"), ("#d62728", "#f29a9b"), ("#2ca02c", "#98df8a")];

/// What is drawn of each run.
struct Series {
    name: String,
    colour: &'static str,
    /// Of the share, among those that its family has.
    of: &'static str,
    held_out: bool,
}

impl Series {
    fn share(&self, run: &Collect) -> Option<f64> {
        run.result.shares().of(self.of, self.held_out)
    }
}

/// A series for each share of each family, and for that of what was held out.
fn series(runs: &[(f64, &Collect)]) -> Vec<Series> {
    let mut names: Vec<&'static str> = Vec::new();
    for name in runs.iter().flat_map(|(_, run)| run.result.shares().names) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let one = |held_out: bool| {
        names.iter().zip(COLOURS.iter().cycle()).map(move |(&of, colours)| {
            let (name, colour) = match held_out {
                false => (of.to_string(), colours.0),
                true => (format!("{of}, held out"), colours.1),
            };
            Series { name, colour, of, held_out }
        })
    };
    one(false).chain(one(true)).collect()
}

/// Draws all runs that have cycles: what they get right, training and held-out, against cycles a step. Lines go
/// through the runs on the front, the others are hollow. `target` is the machine.
pub fn svg(runs: &[Collect], target: &str) -> String {
    let mut runs: Vec<(f64, &Collect)> =
        runs.iter().filter_map(|run| Some((run.result.common().cycles?, run))).collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.name.cmp(&b.1.name)));
    let series = series(&runs);
    let shares = series.iter().flat_map(|series| runs.iter().filter_map(|(_, run)| series.share(run)));
    // Down to the tenth below the worst figure.
    let least = (shares.fold(0.9, f64::min) * 10.0).floor() / 10.0;
    let step = step(runs.last().map_or(1.0, |(cycles, _)| *cycles));
    let most = runs.last().map_or(step, |(cycles, _)| (cycles / step).ceil().max(1.0) * step);
    let x = |cycles: f64| LEFT + (WIDTH - LEFT - RIGHT) * cycles / most;
    let y = |share: f64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - share) / (1.0 - least);

    let names: std::collections::BTreeSet<&str> = runs.iter().map(|(_, r)| r.result.common().model).collect();
    let title = format!("{}: accuracy against time", names.into_iter().collect::<Vec<_>>().join(", "));
    let title = escape(&title);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<title>{title}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"14\">{title}</text>\n"
    );
    for percent in ((100.0 * least).round() as u32..=100).step_by(if least < 0.5 { 10 } else { 5 }) {
        let at = y(f64::from(percent) / 100.0);
        out += &format!(
            "<path d=\"M{LEFT} {at:.1}H{:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{percent} %</text>\n",
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 4.0
        );
    }
    let base = HEIGHT - BOTTOM;
    for tick in 0..=(most / step).round() as u32 {
        let cycles = f64::from(tick) * step;
        out += &format!(
            "<path d=\"M{:.1} {base}v4\" stroke=\"#888\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
            x(cycles),
            x(cycles),
            base + 18.0,
            whole(cycles.floor())
        );
    }
    out += &format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">cycles a step on {}, predicted</text>\n",
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 10.0,
        escape(target)
    );
    let mut legend = TOP + 12.0;
    for series in &series {
        let Series { name, colour, .. } = series;
        let points: Vec<(f64, f64, &Collect)> =
            runs.iter().filter_map(|(cycles, run)| Some((x(*cycles), y(series.share(run)?), *run))).collect();
        if points.is_empty() {
            continue;
        }
        let line: Vec<String> =
            points.iter().filter(|(_, _, run)| run.front).map(|(x, y, _)| format!("{x:.1},{y:.1}")).collect();
        out += &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>\n\
             <text x=\"{:.1}\" y=\"{legend:.1}\" fill=\"{colour}\">{name}</text>\n",
            line.join(" "),
            WIDTH - RIGHT + 10.0
        );
        legend += 18.0;
        for (x, y, run) in points {
            let fill = if run.front { colour } else { "white" };
            let value = series.share(run).unwrap_or_default();
            out += &format!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{fill}\" stroke=\"{colour}\">\
                 <title>{}: {:.1} %, {} cycles</title></circle>\n",
                escape(&run.name),
                100.0 * value,
                whole(run.result.common().cycles.unwrap_or_default())
            );
        }
    }
    out + "</svg>\n"
}

/// A round distance of ticks, of which four to ten make `most`: 1, 2 or 5 times a power of ten.
fn step(most: f64) -> f64 {
    let power = 10f64.powf((most.max(1.0) / 4.0).log10().floor());
    let fits = |factor: &&f64| most.max(1.0) / (*factor * power) >= 4.0;
    [5.0, 2.0, 1.0].iter().find(fits).copied().unwrap_or(1.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_a_handful() {
        for (most, wants) in [(1.0, 0.2), (162_530.0, 20_000.0), (40_000.0, 10_000.0), (399_000.0, 50_000.0)]
        {
            assert_eq!(step(most), wants, "{most}");
        }
        assert!((4.0..10.1).contains(&(7.3e5 / step(7.3e5))));
    }
}
