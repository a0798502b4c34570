//! How lines of numbers become bytes, and what is answered: the contexts of `numbers.S` and `answer.S`.

use super::border;
use super::writer::Writer;
use crate::CompileError;
use crate::arithmetic::network;
use crate::kernel::lines::gnu_bytes;
use crate::kernel::sensors::about::{Reading, ranks, record};
use crate::kernel::sensors::net::Array;
use crate::model::{Answer, Linear, Scaling, Sensors};
use serde::Serialize;

#[derive(Serialize)]
struct Read {
    #[serde(flatten)]
    reading: Reading,
    /// Lines of numbers are read; else a program calls with readings.
    streams: bool,
    /// What a line should be, in words.
    wanted: String,
    call: &'static str,
}

#[derive(Serialize)]
struct Tell {
    count: usize,
    decimals: u8,
    several: bool,
    call: &'static str,
}

#[derive(Serialize)]
struct Line {
    multiplies: bool,
}

#[derive(Serialize)]
struct Decide {
    count: usize,
    margin: u8,
}

/// Records of lines, and the routine that computes them.
fn lines(w: &mut Writer, label: &str, lines: &[Linear]) -> Result<(), CompileError> {
    let bytes: Vec<u8> = lines.iter().flat_map(record).collect();
    let count = bytes.len();
    w.data(label, &gnu_bytes(bytes), count);
    if !std::mem::replace(&mut w.lines, true) {
        w.routine("answer.S", "line", Line { multiplies: w.multiplies() })?;
    }
    Ok(())
}

/// What takes values. `streams`: lines of numbers too. `rows`: row by row, where each row begins and what happens before all.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn read(
    w: &mut Writer,
    reader: &Sensors,
    (array, first): (&Array, &str),
    streams: bool,
    rows: Option<(String, String)>,
) -> Result<String, CompileError> {
    match reader.scaling() {
        Scaling::Lines(all) => lines(w, "net_scaling", all)?,
        Scaling::Ranks(_) => {
            let bytes: Vec<u8> = ranks(&reader.thresholds());
            let count = bytes.len();
            w.data("net_scaling", &gnu_bytes(bytes), count);
        }
    }
    let wanted = network::wanted(reader.numbers());
    if streams {
        let text: Vec<u8> = wanted.bytes().chain([0]).collect();
        let size = text.len();
        w.data("net_wanted", &gnu_bytes(text), size);
    }
    let reading = match rows {
        Some((at, begin)) => Reading::new(reader, array, first, String::new()).by_rows(at, begin, w.jumps()),
        None => Reading::new(reader, array, first, border::text(w, array, "net_input", first)?),
    };
    let wanted = wanted.trim_start_matches("? ").into();
    w.call("numbers.S", "read", Read { reading, streams, wanted, call: w.calls() })
}

/// What is made of results: a routine that decides, or one that sends them.
#[derive(Default)]
pub struct Answering {
    pub decide: Option<String>,
    pub tell: Option<String>,
}

/// What is made of the results: of numbers nothing where nobody reads them (`streams` is not set).
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn answer(
    w: &mut Writer,
    answer: &Answer,
    count: usize,
    streams: bool,
) -> Result<Answering, CompileError> {
    match answer {
        Answer::Class(class) => {
            let decide = w.call("answer.S", "decide", Decide { count, margin: class.margin })?;
            Ok(Answering { decide: Some(decide), tell: None })
        }
        Answer::Numbers(_) if !streams => Ok(Answering::default()),
        Answer::Numbers(numbers) => {
            lines(w, "net_format", &numbers.format)?;
            let several = numbers.format.len() > 1;
            let context = Tell { count, decimals: numbers.decimals, several, call: w.calls() };
            let tell = w.call("answer.S", "tell", context)?;
            Ok(Answering { decide: None, tell: Some(tell) })
        }
        Answer::Chat(_) | Answer::Label { .. } | Answer::Story(_) => {
            unreachable!("a network on numbers answers with a label or with numbers")
        }
    }
}
