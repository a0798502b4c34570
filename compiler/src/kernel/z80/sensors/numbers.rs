//! How lines of numbers become bytes, and what is answered: the contexts of `numbers.asm` and `answer.asm`.

use super::border;
use super::writer::{Writer, db};
use crate::CompileError;
use crate::kernel::sensors::about::{Reading, ranks, record};
use crate::kernel::sensors::net::Array;
use crate::model::{Answer, Linear, Scaling, Sensors};
use serde::Serialize;

#[derive(Serialize)]
struct Tell {
    count: usize,
    decimals: u8,
    several: bool,
}

#[derive(Serialize)]
struct Decide {
    count: usize,
    low: usize,
    high: usize,
    margin: u8,
}

/// What is made of results: a routine that decides, or one that prints them.
#[derive(Default)]
pub struct Answering {
    pub decide: Option<String>,
    pub tell: Option<String>,
}

/// Records of lines, and the routine that computes them.
fn lines(w: &mut Writer, label: &str, lines: &[Linear]) -> Result<(), CompileError> {
    w.data(label, &db(lines.iter().flat_map(record)));
    w.routine("net_line", ("answer.asm", "line"), ())
}

/// What takes values.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn read(w: &mut Writer, reader: &Sensors, array: &Array, first: &str) -> Result<String, CompileError> {
    match reader.scaling() {
        Scaling::Lines(all) => lines(w, "net_scaling", all)?,
        Scaling::Ranks(_) => {
            w.data("net_scaling", &db(ranks(&reader.thresholds())));
        }
    }
    let edge = border::text(w, array, "net_input", first)?;
    w.call("numbers.asm", "read", Reading::new(reader, array, first, edge))
}

/// What is made of the results.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn answer(w: &mut Writer, answer: &Answer, count: usize) -> Result<Answering, CompileError> {
    match answer {
        Answer::Class(class) => {
            let context = Decide { count, low: count % 256, high: count / 256, margin: class.margin };
            let decide = Some(w.call("answer.asm", "decide", context)?);
            Ok(Answering { decide, tell: None })
        }
        Answer::Numbers(numbers) => {
            lines(w, "net_format", &numbers.format)?;
            let several = numbers.format.len() > 1;
            let tell = w.call("answer.asm", "tell", Tell { count, decimals: numbers.decimals, several })?;
            Ok(Answering { decide: None, tell: Some(tell) })
        }
        Answer::Chat(_) | Answer::Label { .. } | Answer::Story(_) => {
            unreachable!("a network on numbers answers with a label or with numbers")
        }
    }
}
