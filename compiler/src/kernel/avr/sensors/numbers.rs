//! How lines of numbers become bytes, and what is answered: the contexts of `numbers.S` and `answer.S`.

use super::border;
use super::writer::Writer;
use crate::CompileError;
use crate::arithmetic::network;
use crate::kernel::lines::gnu_bytes;
use crate::kernel::sensors::about::{Reading, record};
use crate::kernel::sensors::net::Array;
use crate::model::{Answer, Linear, Sensors};
use serde::Serialize;

#[derive(Serialize)]
struct Read {
    #[serde(flatten)]
    reading: Reading,
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
struct Decide {
    count: usize,
    margin: u8,
}

fn lines(w: &mut Writer, label: &str, lines: &[Linear]) {
    let bytes: Vec<u8> = lines.iter().flat_map(record).collect();
    let count = bytes.len();
    w.data(label, &gnu_bytes(bytes), count);
}

/// What takes values.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn read(w: &mut Writer, reader: &Sensors, array: &Array, first: &str) -> Result<String, CompileError> {
    lines(w, "net_scaling", &reader.scaling);
    let wanted = network::wanted(array.values());
    let text: Vec<u8> = wanted.bytes().chain([0]).collect();
    let size = text.len();
    w.data("net_wanted", &gnu_bytes(text), size);
    w.routine("answer.S", "line", ())?;
    let edge = border::text(w, array, "net_input", first)?;
    let reading = Reading::new(reader, array, first, edge);
    let wanted = wanted.trim_start_matches("? ").into();
    w.call("numbers.S", "read", Read { reading, wanted, call: "call" })
}

/// What is made of the results: a routine that decides, if there are labels; otherwise one that sends them is added.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn answer(w: &mut Writer, answer: &Answer, count: usize) -> Result<Option<String>, CompileError> {
    match answer {
        Answer::Class(class) => {
            w.call("answer.S", "decide", Decide { count, margin: class.margin }).map(Some)
        }
        Answer::Numbers(numbers) => {
            lines(w, "net_format", &numbers.format);
            let several = numbers.format.len() > 1;
            let context = Tell { count, decimals: numbers.decimals, several, call: "call" };
            w.routine("answer.S", "tell", context)?;
            Ok(None)
        }
        Answer::Chat(_) | Answer::Label { .. } | Answer::Story(_) => {
            unreachable!("a network on numbers answers with a label or with numbers")
        }
    }
}
