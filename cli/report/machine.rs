//! The program in the report: where it lies in memory, where its time goes, and how its weights could be stored.

use super::parts::{Cell, bar, broad, label, paragraph, picture, table};
use crate::bench::{Figures, Phase, Read};
use crate::table::{grouped, whole};
use crate::targets;
use mlc_compiler::kernel::sequence::{self, Home, Step};
use mlc_compiler::weights::Form;
use mlc_compiler::{Compiled, Target};

/// A stretch of memory: its name, its bytes, and the class that gives it its colour.
struct Stretch {
    name: String,
    bytes: usize,
    class: &'static str,
}

fn stretch(name: impl Into<String>, bytes: usize, class: &'static str) -> Stretch {
    Stretch { name: name.into(), bytes, class }
}

/// Memory to scale, and its bytes in a table.
pub fn memory(compiled: &Compiled, target: &Target, figures: &Figures) -> String {
    let image = &compiled.image;
    let buffers = image.memory_end - image.memory_start;
    let code = image.bytes.len();
    let mut html = match compiled.plan.flash(target) {
        None => {
            let origin = usize::from(target.origin);
            // Buffers need not begin where the image ends.
            let gap = image.memory_start.saturating_sub(origin + code);
            let end = usize::from(target.memory_end);
            let all = [
                stretch("the system’s, below", origin, "system"),
                stretch("program and weights", code, "image"),
                stretch("up to the buffers", gap, "free"),
                stretch("buffers and stack", buffers, "buffers"),
                stretch("free", end.saturating_sub(image.memory_end), "free"),
                stretch("the system’s, above", 0x1_0000 - end, "system"),
            ];
            scale("memory", "The 64 KB of memory", &all, 0x1_0000)
        }
        Some(flash) => {
            let (stack, sram) = (usize::from(target.stack), target.memory());
            let used = image.memory_end - usize::from(target.origin);
            let code = [
                stretch("program and weights", code, "image"),
                stretch("free", flash.saturating_sub(code), "free"),
            ];
            let data = [
                stretch("buffers", used.saturating_sub(stack), "buffers"),
                stretch("kept for the stack", stack, "image"),
                stretch("free", sram.saturating_sub(used), "free"),
            ];
            let flash = scale("flash", "Flash, without the boot loader", &code, flash);
            let stack = figures.stack_bytes.map_or(String::new(), |bytes| {
                paragraph(&format!("The stack had {} bytes at most.", grouped(bytes.into())))
            });
            flash + &scale("sram", "SRAM", &data, sram) + &stack
        }
    };
    html += &image_by_layer(compiled);
    html
}

/// Stretches side by side, as wide as they are large, with a letter that the table tells.
fn scale(id: &str, caption: &str, stretches: &[Stretch], all: usize) -> String {
    let (wide, high) = (398.0, 32.0);
    let (mut x, mut shapes) = (1.0, String::new());
    let there: Vec<&Stretch> = stretches.iter().filter(|stretch| stretch.bytes > 0).collect();
    let mut rows = Vec::new();
    for (letter, stretch) in ('A'..='Z').zip(&there) {
        let width = wide * stretch.bytes as f64 / all.max(1) as f64;
        shapes += &bar(stretch.class, (x, 1.0), (width, high));
        if width > 10.0 {
            shapes += &label(x + width / 2.0, 21.0, "middle", &letter.to_string());
        }
        x += width;
        rows.push(vec![
            Cell::text(letter.to_string()),
            Cell::text(stretch.name.clone()),
            Cell::count(stretch.bytes),
            Cell::share(stretch.bytes as f64, all as f64),
        ]);
    }
    let told: Vec<String> =
        there.iter().map(|s| format!("{} {} bytes", s.name, grouped(s.bytes as u64))).collect();
    let title = format!("{caption}, to scale: {}", told.join(", "));
    broad(&title, (400.0, 34.0), &shapes) + &table(id, caption, &["", "what", "bytes", "share"], &rows)
}

/// What the weights of each layer take of the image.
fn image_by_layer(compiled: &Compiled) -> String {
    let plan = &compiled.plan;
    let weights: Vec<(String, usize)> = if plan.is_whole() {
        let taken = plan.steps.iter().filter_map(|step| Some((step, step.offers.first()?)));
        let inside = taken.filter(|(_, offer)| offer.home == Home::Image);
        inside.map(|(step, offer)| (format!("{}, {}", step.name, offer.name()), offer.bytes)).collect()
    } else {
        let taken = plan.forms().filter_map(|(stage, form)| {
            let at = plan.stages().iter().position(|other| other.name == stage)?;
            let taken = plan.options[at].iter().find(|offer| offer.form == Some(form))?;
            Some((format!("weights of {stage}, {}", form.name()), taken.bytes))
        });
        taken.collect()
    };
    if weights.is_empty() {
        return String::new();
    }
    let all = compiled.image.bytes.len();
    let rest = all.saturating_sub(weights.iter().map(|(_, bytes)| bytes).sum());
    let mut stretches: Vec<Stretch> = weights
        .into_iter()
        .enumerate()
        .map(|(at, (name, bytes))| stretch(name, bytes, ["image", "buffers"][at % 2]))
        .collect();
    stretches.push(stretch("code, tables and texts", rest, "system"));
    scale("image", "The image by what is in it", &stretches, all)
}

/// Cycles a step by phase, predicted beside measured.
pub fn time(figures: &Figures, target: &Target) -> String {
    let unit = targets::cycles(target);
    let (step, ms) = (&figures.step, &figures.step_milliseconds);
    let row = |name: &str, cycles: f64, milliseconds: f64| {
        let milliseconds = Cell::Figure(milliseconds, format!("{milliseconds:.1}"));
        vec![Cell::text(name), Cell::cycles(Some(cycles)), milliseconds]
    };
    let mut rows = vec![
        row("least", step.least, ms.least),
        row("mean", step.mean, ms.mean),
        row("most", step.most, ms.most),
    ];
    if let Some(first) = figures.first_character {
        let at = |name: &str, cycles: f64| row(name, cycles, target.milliseconds(cycles));
        rows.push(at("first character, on the mean", first.mean));
        rows.push(at("first character, at most", first.most));
    }
    let mut html = table("steps", &format!("A step in {unit}"), &["step", unit, "milliseconds"], &rows);
    html += &bars(&figures.phases, unit);
    let row = |phase: &Phase| {
        let difference = phase.predicted.filter(|_| phase.simulated > 0.0).map(|p| p / phase.simulated - 1.0);
        let difference = difference
            .map_or(Cell::Nothing, |d| Cell::Figure(d, format!("{:+.1} %", 100.0 * d).replace('-', "−")));
        vec![
            Cell::text(phase.phase.clone()),
            Cell::cycles(phase.predicted),
            Cell::cycles(Some(phase.simulated)),
            difference,
            Cell::share(phase.simulated, step.mean),
        ]
    };
    let predicted = figures.phases.iter().any(|phase| phase.predicted.is_some());
    let mut rows: Vec<_> = figures.phases.iter().map(row).collect();
    rows.push(row(&Phase {
        phase: "all".into(),
        predicted: predicted.then_some(figures.predicted),
        simulated: step.mean,
    }));
    let columns = ["phase", "predicted", "measured", "difference", "share"];
    html += &table("phases", &format!("{unit} a step by phase"), &columns, &rows);
    if !predicted {
        html += &paragraph(
            "Left out: predictions. This program is made as a whole, and mlc predicts none of its time.",
        );
    }
    html + &figures.tokens.as_ref().map_or(String::new(), |tokens| read(tokens, unit))
}

/// A bar for each phase; a line where it was predicted to end.
fn bars(phases: &[Phase], unit: &str) -> String {
    let there: Vec<&Phase> = phases.iter().filter(|phase| phase.simulated > 0.0).collect();
    let most = there.iter().map(|p| p.simulated.max(p.predicted.unwrap_or(0.0))).fold(1.0, f64::max);
    let (left, wide, row) = (150.0, 460.0, 26.0);
    let mut shapes = String::new();
    for (at, phase) in there.iter().enumerate() {
        let y = 8.0 + row * at as f64;
        let width = wide * phase.simulated / most;
        shapes += &label(left - 8.0, y + 14.0, "end", &phase.phase);
        shapes += &bar("bar", (left, y), (width, 18.0));
        shapes += &label(left + width + 8.0, y + 14.0, "start", &whole(phase.simulated));
        if let Some(predicted) = phase.predicted {
            let x = left + wide * predicted / most;
            shapes += &format!("<path class=\"mark\" d=\"M{x:.1} {:.1}v22\"/>\n", y - 2.0);
        }
    }
    let told: Vec<String> = there.iter().map(|p| format!("{} {}", p.phase, whole(p.simulated))).collect();
    let title =
        format!("Measured {unit} a step by phase; a line marks what was predicted: {}", told.join(", "));
    picture(&title, (720.0, 16.0 + row * there.len() as f64), &shapes)
}

/// Tokens that a sequence model reads.
fn read(tokens: &Read, unit: &str) -> String {
    let mut columns = vec!["a token that is read".to_string()];
    columns.extend(tokens.positions.iter().map(|at| format!("at {}", at.position)));
    columns.push(format!("mean of the first {}", tokens.first));
    columns.push("mean, predicted".into());
    let row = |name: &str, of: &dyn Fn(&[Phase], f64) -> f64, predicted: Option<f64>| {
        let mut cells = vec![Cell::text(name)];
        cells.extend(tokens.positions.iter().map(|at| Cell::cycles(Some(of(&at.phases, at.cycles)))));
        cells.push(Cell::cycles(Some(of(&tokens.mean.phases, tokens.mean.cycles))));
        cells.push(Cell::cycles(predicted));
        cells
    };
    let used = (0..tokens.mean.phases.len()).filter(|&at| tokens.mean.phases[at].simulated > 0.0);
    let mut rows: Vec<_> = used
        .map(|at| {
            let phase = &tokens.mean.phases[at];
            row(&phase.phase, &|phases, _| phases[at].simulated, phase.predicted)
        })
        .collect();
    rows.push(row("all", &|_, cycles| cycles, None));
    if tokens.mean.phases.iter().all(|phase| phase.predicted.is_none()) {
        columns.pop();
        rows.iter_mut().for_each(|row| _ = row.pop());
    }
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    table("tokens", &format!("{unit} of a token that is read, by position"), &columns, &rows)
}

/// Every form of each layer's weights, or of each matrix: what it would take, and why it was taken or not.
pub fn forms(compiled: &Compiled, target: &Target) -> String {
    let plan = &compiled.plan;
    let row = |layer: &str, form: String, bytes: usize, cost: f64, why: String| {
        vec![
            Cell::text(layer),
            Cell::text(form),
            Cell::count(bytes),
            Cell::cycles(Some(cost)),
            Cell::text(why),
        ]
    };
    let unit = targets::cycles(target);
    let (rows, cost): (Vec<_>, _) = if plan.is_whole() {
        let offers =
            plan.steps.iter().flat_map(|step| step.offers.iter().enumerate().map(move |of| (step, of)));
        let row = |(step, (n, offer)): (&Step, (usize, &sequence::Offer))| {
            row(&step.name, offer.name(), offer.bytes, offer.cycles, step.why(n).into())
        };
        (offers.map(row).collect(), format!("{unit} a token"))
    } else {
        let stages = plan.stages().iter().enumerate().filter(|(_, stage)| stage.layer > 0);
        let offers = stages.flat_map(|(at, stage)| {
            plan.options[at].iter().zip(&plan.why[at]).map(move |(offer, why)| (stage, offer, why))
        });
        let rows = offers.map(|(stage, offer, why)| {
            let form = offer.form.map_or("", Form::name).to_string();
            row(&stage.name, form, offer.bytes, offer.cost, why.to_string())
        });
        (rows.collect(), format!("{unit} a step"))
    };
    if rows.is_empty() {
        return paragraph("Left out: forms. The weights of such a network are stored in one way.");
    }
    let caption = "Forms of weights. Bytes are those of the weights alone, without code that layers share";
    table("forms", caption, &["layer", "form", "bytes", &cost, "why"], &rows)
}
