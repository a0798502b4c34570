//! An Arduino library as a `.zip`: the layout of the Arduino library specification 1.5
//! (`library.properties`, `keywords.txt`, `src`, `examples`), with a `library.json` for PlatformIO.

use super::{Sources, render};
use crate::model::{Answer, Model, Sensors, Story};
use crate::{Assets, CompileError};
use std::io::{Cursor, Write};
use tera::Context;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Version that the library calls itself: a model has none.
const VERSION: &str = "1.0.0";

/// The library of a model, as the bytes of a `.zip`. The same model gives the same bytes.
///
/// # Errors
/// [`CompileError`] for a damaged template.
pub fn library(model: &Model, sources: &Sources, assets: &Assets) -> Result<Vec<u8>, CompileError> {
    let name = &sources.name;
    let mut values = Context::new();
    values.insert("name", name);
    values.insert("guard", &name.to_ascii_uppercase());
    values.insert("chat", &matches!(model.answer, Answer::Chat(_)));
    values.insert("sensors", &model.network().is_some());
    values.insert("decimals", &model.network().map_or(0, |(reader, _)| reader.decimals));
    let unit = model.network().map_or(1, |(reader, _)| 10u32.pow(reader.decimals.into()));
    values.insert("unit", &unit);
    values.insert("inputs", &model.network().map_or(0, |(reader, _)| reader.shape.len()));
    // Readings of several bytes: there are fewer of them than of inputs.
    let parts = |(reader, _): (&Sensors, _)| reader.numbers() < reader.shape.len();
    values.insert("parts", &model.network().is_some_and(parts));
    values.insert("story", &matches!(model.answer, Answer::Story(_)));
    let story = model.sequence().map(|(.., story)| story);
    let has = |some: fn(&Story) -> bool| story.is_some_and(some);
    values.insert("names_label", &has(Story::classifies));
    values.insert("reads", &has(|story| !story.inputs().is_empty()));
    values.insert("switches", &has(|story| !story.switches().is_empty()));
    values.insert("version", VERSION);
    let about = model.head.about.replace(char::is_control, " ");
    values.insert("about", if about.trim().is_empty() { name.as_str() } else { about.trim() });
    let values = values.into_json();
    let text = |template| render(assets, template, &values);
    let files = [
        ("library.properties".to_string(), text("c99/library.properties")?),
        ("library.json".to_string(), text("c99/library.json")?),
        ("keywords.txt".to_string(), text("c99/keywords.txt")?),
        (format!("src/{name}.h"), sources.header.clone()),
        (format!("src/{name}.c"), sources.code.clone()),
        match model.network() {
            Some(_) => ("examples/Sense/Sense.ino".to_string(), text("c99/Sense.ino")?),
            None => ("examples/Talk/Talk.ino".to_string(), text("c99/Talk.ino")?),
        },
    ];
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // The default time of a file in the archive is 1980-01-01, not now.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (path, text) in files {
        zip.start_file(format!("{name}/{path}"), options).expect("the names are short and differ");
        zip.write_all(text.as_bytes()).expect("memory takes every write");
    }
    Ok(zip.finish().expect("memory takes every write").into_inner())
}
