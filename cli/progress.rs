//! Progress bars: on standard error, and only where that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of `length` things, with a message behind it.
pub fn bar(length: usize, what: &str) -> ProgressBar {
    let template = "{prefix:>10} [{bar:30}] {pos}/{len}  {eta} left  {msg}";
    let style = ProgressStyle::with_template(template).expect("the template is a constant and well-formed");
    ProgressBar::new(length as u64).with_style(style.progress_chars("=> ")).with_prefix(what.to_string())
}
