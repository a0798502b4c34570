//! Progress bars: on standard error, and only where that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of `length` things.
pub fn bar(length: usize, what: &str) -> ProgressBar {
    styled(length, what, "{prefix} [{bar:24}] {percent:>3} %  {eta} left")
}

/// A bar of `length` things over a line with its message; what that has beyond the terminal's width is cut off.
pub fn bar_and_line(length: usize, what: &str) -> ProgressBar {
    styled(length, what, "{prefix} [{bar:24}] {percent:>3} %  {eta} left\n{wide_msg}")
}

fn styled(length: usize, what: &str, template: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template(template).expect("the templates above are constants and well-formed");
    ProgressBar::new(length as u64).with_style(style.progress_chars("=> ")).with_prefix(what.to_string())
}
