//! `train.ron`: a model's settings and data, kept beside it so that it can be made again.

use crate::args::TrainSettings;
use crate::error::CliError;
use crate::files;
use ron::extensions::Extensions;
use std::path::Path;

/// Reads the file at `path`; the pairs' paths in it are relative to it.
///
/// # Errors
/// It cannot be read, or is no such file; with the place.
pub fn read(path: &Path) -> Result<TrainSettings, CliError> {
    let mut settings =
        parse(&files::read_text(path, files::Kind::Settings)?).map_err(|(place, problem)| {
            CliError::TrainFile { place: format!("{}:{place}", files::shown(path)), problem }
        })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let paths = settings.pairs.iter_mut().chain(&mut settings.held_out);
    paths.for_each(|path| *path = folder.join(&*path));
    Ok(settings)
}

/// On an error: `line:column`, and what is wrong.
fn parse(text: &str) -> Result<TrainSettings, (String, String)> {
    // `name: "x"` instead of `name: Some("x")`.
    let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    options
        .from_str(text)
        .map_err(|e| (format!("{}:{}", e.span.start.line, e.span.start.col), e.code.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_unknown_ones_named() {
        let file = parse("(\n pairs: [\"a.txt\"], name: \"tiny\",\n hidden: [4, 2], lr: 0.02,\n)").unwrap();
        assert_eq!(file.pairs, [Path::new("a.txt")]);
        assert_eq!(file.name.as_deref(), Some("tiny"));
        assert_eq!(file.hidden, Some(vec![4, 2]));
        assert_eq!((file.lr, file.seed), (Some(0.02), None));
        let file =
            parse("(shift: \"learn\", weights: \"full,binary\", position_bands: 3, chunk: 9)").unwrap();
        assert_eq!(file.shift.map(|shift| shift.0), Some(mlc_trainer::Shifts::Learnt));
        assert_eq!(file.weights.map(|sets| sets.0.len()), Some(2));
        assert_eq!((file.position_bands, file.chunk), (Some(3), Some(9)));
        let (place, problem) = parse("(\n  shift: \"some\",\n)").unwrap_err();
        assert!(place.starts_with("2:") && problem.contains("\"some\" is no shift"), "{place}: {problem}");
        let (place, problem) = parse("(\n  rate: 1,\n)").unwrap_err();
        assert!(place.starts_with("2:"), "{place}");
        assert!(problem.contains("rate"), "{problem}");
    }
}
