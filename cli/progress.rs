//! Progress bars: on standard error, and only where that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of `length` things; what its message has beyond the terminal's width is cut off.
pub fn bar(length: usize, what: &str) -> ProgressBar {
    let template = "{prefix} [{bar:24}] {percent:>3} %  {eta} left  {wide_msg}";
    let style = ProgressStyle::with_template(template).expect("the template is a constant and well-formed");
    ProgressBar::new(length as u64).with_style(style.progress_chars("=> ")).with_prefix(what.to_string())
}
