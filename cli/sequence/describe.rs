//! What people see of a sequence model.

use crate::error::CliError;
use crate::table::{Align, count, fold, grouped, table};
use mlc_compiler::kernel::beams;
use mlc_compiler::model::{
    Action, Activation, Choice, Grid, MOST_WIDE, Matrix, Model, NormOrder, Positions, Story, Tokens,
    Transformer,
};
use std::io::Write;

/// A model in a line: `stories, 5 blocks of 64, 8 heads (4 for keys), hidden 172, 260,032 weights of 5 bits`.
pub fn summary(model: &Model, body: &Transformer) -> String {
    let hidden = body.blocks.iter().map(|block| block.feed_forward.up.rows).max().unwrap_or(0);
    let rounds = if body.rounds > 1 { format!(" in {} rounds", body.rounds) } else { String::new() };
    format!(
        "{}, {} of {}{rounds}, {} ({} for keys), hidden {hidden}, {}",
        model.head.name,
        count(body.blocks.len(), "block"),
        body.dim,
        count(body.heads, "head"),
        body.kv_heads,
        count(model.body.weights(), "weight"),
    )
}

/// Everything about a sequence model.
///
/// # Errors
/// Output that cannot be written.
pub fn inspect(
    model: &Model,
    (tokens, body, story): (&Tokens, &Transformer, &Story),
    out: &mut dyn Write,
) -> Result<(), CliError> {
    writeln!(out, "{}", summary(model, body))?;
    if !model.head.about.is_empty() {
        writeln!(out, "{}", model.head.about)?;
    }
    let tokenizer = &tokens.tokenizer;
    let merges = tokenizer.merges().len();
    writeln!(out, "reads: {}, {}", count(tokenizer.pieces.len(), "token"), count(merges, "merge"))?;
    let positions = match &body.positions {
        Positions::Rotary { .. } => "rotary positions".to_string(),
        Positions::Learnt(rows) => format!("{} learnt positions", rows.rows),
        Positions::None => "no positions".to_string(),
    };
    let norms = match body.order {
        NormOrder::Pre => "norms before layers",
        NormOrder::Post => "norms behind layers",
    };
    writeln!(out, "looks back at {} positions, {positions}, {norms}", body.window)?;
    writeln!(out, "reads: up to {} tokens for a question, its own and those written", story.most)?;
    answer(story, out)?;
    if let Some(prior) = &body.prior {
        let (rows, pairs) = (count(prior.rows(), "row"), count(prior.pairs.len(), "pair"));
        writeln!(out, "an n-gram prior: {rows}, {pairs}, {} bytes", grouped(prior.bytes() as u64))?;
    }
    writeln!(out, "keys and values: {} bytes{}\n", grouped(cache_bytes(body) as u64), beams(body, story))?;
    matrices(body, out)?;
    if !model.head.training.is_empty() {
        writeln!(out, "training:")?;
        let rows: Vec<_> =
            model.head.training.iter().map(|(k, v)| vec![format!("  {k}"), v.clone()]).collect();
        write!(out, "{}", table(&[("", Align::Left), ("", Align::Left)], &rows))?;
    }
    Ok(())
}

/// Turns, how tokens are chosen, tools: what of it the model has.
fn answer(story: &Story, out: &mut dyn Write) -> Result<(), CliError> {
    if story.classifies() {
        writeln!(
            out,
            "{}",
            fold(&format!("gives a label: {}{}", story.labels.join(", "), unsure(story.margin)))
        )?;
    }
    let decimal = |thousandths: u16| f64::from(thousandths) / 1000.0;
    if let Some(turns) = &story.turns {
        let (first, later) = turns.framing();
        let keeps = if turns.keeps { "a conversation goes on" } else { "each line for itself" };
        let line = format!("chat: {first} tokens around the first line, {later} around a later one, {keeps}");
        writeln!(out, "{}", fold(&line))?;
    }
    if let Some(draw) = &story.choice.draw {
        writeln!(
            out,
            "draws tokens: temperature {}, of the {} likeliest, top-p {}, min-p {}, seed {}",
            decimal(draw.temperature),
            draw.top_k,
            decimal(draw.top_p),
            decimal(draw.min_p),
            draw.seed
        )?;
    }
    if let Some(penalty) = &story.choice.penalty {
        let strength = decimal(penalty.strength);
        writeln!(out, "repetition penalty: {strength}, on the last {} tokens", penalty.recent)?;
    }
    for tool in &story.tools {
        let does = match &tool.action {
            Action::Read { .. } => "reads",
            Action::Switch { on: true } => "switches on",
            Action::Switch { on: false } => "switches off",
        };
        writeln!(out, "tool: token {} {does} {}", tool.token, tool.name)?;
    }
    Ok(())
}

/// `; with --beam 2: 16,384, 3: 24,576, 4: 32,768`: what several replies need, where a model can have them.
fn beams(body: &Transformer, story: &Story) -> String {
    if story.classifies() || !story.tools.is_empty() {
        return String::new();
    }
    let of = |width: u8| {
        let mut story = story.clone();
        story.choice = Choice { beam: Some(width), ..Choice::default() };
        format!("{width}: {}", grouped((beams::caches(&story) * cache_bytes(body)) as u64))
    };
    format!("; with --beam {}", (2..=MOST_WIDE).map(of).collect::<Vec<_>>().join(", "))
}

/// Bytes of the keys and values of all positions.
pub fn cache_bytes(body: &Transformer) -> usize {
    2 * body.window * body.kv_heads * body.head_size * body.blocks.len() * body.rounds
}

/// All matrices by name.
pub fn named(body: &Transformer) -> Vec<(String, &Matrix)> {
    let mut found = vec![("embedding".to_string(), &body.embedding)];
    for (i, block) in body.blocks.iter().enumerate() {
        let of = |name: &str| format!("block {} {name}", i + 1);
        let (attention, feed) = (&block.attention, &block.feed_forward);
        found.push((of("query"), &attention.query));
        found.push((of("key"), &attention.key));
        found.push((of("value"), &attention.value));
        found.push((of("mix"), &attention.output));
        found.push((of("up"), &feed.up));
        if let Activation::Gate { matrix, .. } = &feed.activation {
            found.push((of("gate"), matrix));
        }
        found.push((of("down"), &feed.down));
    }
    if let mlc_compiler::model::Output::Own(matrix) = &body.output {
        found.push(("output".into(), matrix));
    }
    found
}

fn matrices(body: &Transformer, out: &mut dyn Write) -> Result<(), CliError> {
    let rows: Vec<_> = named(body).iter().map(|(name, matrix)| row(name, matrix)).collect();
    let columns = [
        ("matrix", Align::Left),
        ("shape", Align::Right),
        ("weights", Align::Right),
        ("grid", Align::Right),
        ("not 0", Align::Right),
        ("bytes", Align::Right),
    ];
    Ok(writeln!(out, "{}", table(&columns, &rows))?)
}

/// The integers that its weights are of, in words.
pub fn grid(matrix: &Matrix) -> String {
    match matrix.grid {
        Grid::Symmetric { bits } => format!("{bits} bits"),
        Grid::Ternary => "ternary".into(),
        Grid::TwoBits => "2 bits".into(),
    }
}

fn row(name: &str, matrix: &Matrix) -> Vec<String> {
    let weights = matrix.values.len();
    let nonzero = matrix.values.iter().filter(|&&w| w != 0).count();
    let bytes = (weights * usize::from(matrix.grid.bits())).div_ceil(8);
    vec![
        name.to_string(),
        format!("{}→{}", matrix.cols, matrix.rows),
        grouped(weights as u64),
        grid(matrix),
        format!("{:.1} %", 100.0 * nonzero as f64 / weights.max(1) as f64),
        grouped(bytes as u64),
    ]
}

/// Behind labels: when none of them is given.
fn unsure(margin: u8) -> String {
    if margin > 0 { format!(", or ? below a margin of {margin}") } else { String::new() }
}
