//! The steps of a network as C: their constants, and what calls them.

use super::super::sequence::arrays::Arrays;
use super::super::trees::{Trees, trees};
use crate::kernel::sensors::net::{self, Net, Product, Step, Window, Work};
use crate::kernel::sensors::steps::{Class, Scale, Steps};
use serde::Serialize;

/// Bytes that are filled.
#[derive(Serialize)]
pub struct Fill {
    pub at: usize,
    pub byte: u8,
    pub size: usize,
}

#[derive(Serialize)]
pub struct StepContext {
    pub name: String,
    pub kind: &'static str,
    pub fill: Option<Fill>,
    /// Initializers.
    fields: Vec<String>,
    from: usize,
    /// What runs it.
    pub call: String,
    /// It adds a row to sums, instead.
    pub gathers: bool,
    trees: Option<Trees>,
}

#[derive(Serialize)]
pub struct ScaleContext {
    name: String,
    pub lines: Vec<String>,
}

/// A step, and where it reads and writes.
pub struct Site<'a> {
    pub net: &'a Net,
    pub at: usize,
    /// The first bytes of what it reads, within the first window if it has any.
    pub from: usize,
    pub other: usize,
    pub to: usize,
    /// What it fills first.
    pub fill: Option<Fill>,
    /// It adds a row to sums.
    pub gathers: bool,
}

/// Constants in the making.
pub struct Writer<'a> {
    /// Where arrays lie.
    pub places: &'a [usize],
    pub arrays: Arrays,
    pub scales: Vec<ScaleContext>,
}

impl Writer<'_> {
    /// A step on whole arrays.
    pub fn whole<'n>(&self, net: &'n Net, at: usize) -> Site<'n> {
        let step = &net.steps[at];
        let first = |read: usize| {
            let array = &net.arrays[step.reads[read]];
            let window = step.window().filter(|_| read == 0);
            self.places[step.reads[read]]
                + window.map_or(array.first(), |window| window.first(array, step.origin))
        };
        let written = step.writes.map(|array| (&net.arrays[array], self.places[array]));
        let is_first = !net.steps[..at].iter().any(|before| before.writes == step.writes);
        let fill = written.filter(|(array, _)| is_first && array.size() > array.values());
        Site {
            net,
            at,
            from: first(0),
            other: if step.reads.len() > 1 { first(1) } else { 0 },
            to: written.map_or(0, |(array, at)| at + array.at(step.origin)),
            fill: fill.map(|(array, at)| Fill { at, byte: array.border.byte, size: array.size() }),
            gathers: false,
        }
    }

    /// The constants of a step.
    ///
    /// # Errors
    /// What there is no C for.
    pub fn step(&mut self, site: &Site) -> Result<StepContext, String> {
        let (net, step) = (site.net, &site.net.steps[site.at]);
        let from = &net.arrays[step.reads[0]];
        let to_row = step.writes.map_or(0, |array| net.arrays[array].pitch());
        let (rows, run) = (from.rows, from.cols * from.channels);
        let mut context = StepContext {
            name: step.name.clone(),
            kind: "layer",
            fill: site.fill.as_ref().map(|fill| Fill { ..*fill }),
            fields: vec![],
            from: site.from,
            call: format!("run_layer(net, &{})", step.name),
            gathers: site.gathers,
            trees: None,
        };
        match &step.work {
            Work::Product(product) => {
                context.fields = self.product(site, product)?;
            }
            Work::Sum { window, steps } => {
                let count = 255 * (window.rows * window.cols) as i64;
                let bounds = vec![(0, count); steps.len()];
                let scales = self.scales(step, &steps.iter().collect::<Vec<_>>(), &bounds);
                let of = (steps[0].low, steps[0].span());
                context.fields =
                    self.layer(site, *window, ("0".into(), "0".into(), scales, steps.len()), of, 1);
            }
            Work::Max(window) => {
                context.fields =
                    self.layer(site, *window, ("0".into(), "0".into(), "0".into(), 1), (0, 0), 1);
                context.fields.pop();
                context.fields.push("1u".into());
            }
            Work::Add { tables, steps } => {
                context.kind = "both";
                context.call = format!("run_both(net, &{})", step.name);
                let end = |pick: fn(i32, i32) -> i32| {
                    tables.iter().filter_map(|t| t.iter().copied().reduce(pick)).map(i64::from).sum()
                };
                let bounds = vec![(end(i32::min), end(i32::max)); steps.len()];
                let scales = self.scales(step, &steps.iter().collect::<Vec<_>>(), &bounds);
                let table = |arrays: &mut Arrays, n: usize| {
                    arrays.add("int32_t", &format!("{}_{n}", step.name), tables[n].iter().map(|&x| x.into()))
                };
                let names = [table(&mut self.arrays, 0), table(&mut self.arrays, 1)];
                let other = &net.arrays[step.reads[1]];
                let numbers = [
                    site.from,
                    site.other,
                    site.to,
                    rows,
                    run,
                    from.pitch(),
                    other.pitch(),
                    if step.writes.is_some() { to_row } else { run },
                    steps.len(),
                ];
                context.fields = names.into_iter().chain([scales]).collect();
                context.fields.extend(numbers.iter().map(|n| format!("{n}u")));
                context.fields.extend(ends(step, steps[0].low, steps[0].span()));
            }
            Work::Table(values) => {
                context.kind = "table";
                let table = self.arrays.bytes(&step.name, &values[..]);
                let numbers = [site.from, from.pitch(), site.to, to_row, rows, run].map(|n| format!("{n}u"));
                context.call = format!("run_table(net, {table}, {})", numbers.join(", "));
            }
            Work::Trees(forest) => {
                context.kind = "trees";
                context.call = format!("{}_vote(net)", step.name);
                context.trees = Some(trees(&step.name, forest, &mut self.arrays)?);
            }
        }
        Ok(context)
    }

    fn product(&mut self, site: &Site, product: &Product) -> Result<Vec<String>, String> {
        let step = &site.net.steps[site.at];
        let outputs = product.weights.len();
        let name = |what: &str| format!("{}_{what}", step.name);
        let weights = product.weights.iter().flatten().map(|&w| w.into());
        let weights = self.arrays.add("int8_t", &name("weights"), weights);
        if product.biases.iter().any(|&bias| i32::try_from(bias).is_err()) {
            return Err("sums of more than 32 bits".into());
        }
        let starts = self.arrays.add("int32_t", &name("starts"), product.biases.iter().copied());
        let steps: Vec<&Steps> = product.steps.iter().collect();
        let bounds: Vec<(i64, i64)> = (0..steps.len())
            .map(|i| {
                let of = (i..outputs).step_by(steps.len()).map(|o| product.bounds(o));
                of.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0, 0))
            })
            .collect();
        let scales = self.scales(step, &steps, &bounds);
        let each = if product.apart { outputs / site.net.arrays[step.reads[0]].channels } else { 0 };
        let tables = (weights, starts, scales, steps.len());
        let fields = self.layer(site, product.window, tables, (steps[0].low, steps[0].span()), each);
        Ok(fields)
    }

    /// What a step of windows is initialized with.
    fn layer(
        &self,
        site: &Site,
        window: Window,
        (weights, starts, scales, count): (String, String, String, usize),
        (low, span): (i32, usize),
        each: usize,
    ) -> Vec<String> {
        let (net, step) = (site.net, &site.net.steps[site.at]);
        let array: &net::Array = &net.arrays[step.reads[0]];
        let (apart, channels) = (each > 0, array.channels);
        let outputs = match &step.work {
            Work::Product(product) => product.weights.len(),
            _ => channels,
        };
        let (run, by) = if apart { (window.cols, channels) } else { (window.cols * channels, 1) };
        let numbers = [
            site.from,
            site.to,
            if site.gathers { 1 } else { window.rows },
            run,
            by,
            array.pitch(),
            window.places.0,
            window.places.1,
            window.down * array.pitch(),
            window.right * channels,
            step.writes.map_or(window.places.1 * outputs, |array| net.arrays[array].pitch()),
            outputs,
            each,
            count,
        ];
        let mut fields = vec![weights, starts, scales];
        fields.extend(numbers.iter().map(|n| format!("{}u", n & 0xffff)));
        fields.extend(ends(step, low, span));
        fields.push("0u".into());
        fields
    }

    /// The scales of a step's functions, by name.
    fn scales(&mut self, step: &Step, steps: &[&Steps], bounds: &[(i64, i64)]) -> String {
        let name = format!("{}_scales", step.name);
        let mut lines = Vec::new();
        for (i, (steps, bounds)) in steps.iter().zip(bounds).enumerate() {
            let found = Class::all().find_map(|class| Scale::find(steps, *bounds, class));
            let found = found.filter(|scale| i32::try_from(scale.k).is_ok());
            lines.push(match found {
                Some(s) => format!("0, {}u, {}u, {}, {}u", s.m, s.c, s.k, s.class.shift),
                None => {
                    let never = i64::from(i32::MAX);
                    let from = steps.from.iter().map(|from| (*from).clamp(-never, never));
                    let from = self.arrays.add("int32_t", &format!("{name}{i}"), from);
                    format!("{from}, 0, 0, 0, 0")
                }
            });
        }
        self.scales.push(ScaleContext { name: name.clone(), lines });
        name
    }
}

/// The last fields of what makes results of sums.
fn ends(step: &Step, low: i32, span: usize) -> [String; 3] {
    [format!("{low}"), format!("{span}u"), format!("{}u", u8::from(step.writes.is_none()))]
}
