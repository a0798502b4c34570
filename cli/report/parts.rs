//! Parts of the report's page: headings, tables whose figures scripts can read, and pictures with a text in their place.

use crate::html::escape;
use crate::table::{grouped, whole};

/// A cell of a table.
#[derive(Debug, Clone)]
pub enum Cell {
    Text(String),
    /// A figure: as it is, and as people read it.
    Figure(f64, String),
    /// There is none.
    Nothing,
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub fn count(count: usize) -> Self {
        Self::Figure(count as f64, grouped(count as u64))
    }

    /// A number of cycles, or nothing.
    pub fn cycles(cycles: Option<f64>) -> Self {
        cycles.map_or(Self::Nothing, |cycles| Self::Figure(cycles, whole(cycles)))
    }

    /// A part of a whole, in percent.
    pub fn share(part: f64, of: f64) -> Self {
        let share = if of == 0.0 { 0.0 } else { part / of };
        Self::Figure(share, format!("{:.1} %", 100.0 * share))
    }

    pub fn signed(number: i64) -> Self {
        let sign = if number < 0 { "−" } else { "" };
        Self::Figure(number as f64, format!("{sign}{}", grouped(number.unsigned_abs())))
    }

    fn html(&self, tag: &str) -> String {
        match self {
            Self::Text(text) => format!("<{tag}>{}</{tag}>", escape(text)),
            Self::Figure(value, shown) => {
                format!("<{tag} class=\"n\"><data value=\"{value}\">{}</data></{tag}>", escape(shown))
            }
            Self::Nothing => format!("<{tag} class=\"n\">–</{tag}>"),
        }
    }
}

/// A table with its caption; the first cell of a row is its heading. `id` names it for scripts.
pub fn table(id: &str, caption: &str, columns: &[&str], rows: &[Vec<Cell>]) -> String {
    let head: String = columns
        .iter()
        .enumerate()
        .map(|(at, title)| {
            let counts = at > 0 && !rows.iter().any(|row| matches!(row.get(at), Some(Cell::Text(_))));
            let class = if counts { " class=\"n\"" } else { "" };
            format!("<th scope=\"col\"{class}>{}</th>", escape(title))
        })
        .collect();
    let row = |cells: &Vec<Cell>| {
        let (first, rest) = cells.split_first().expect("a row has a heading");
        let first = match first {
            Cell::Text(text) | Cell::Figure(_, text) => text.as_str(),
            Cell::Nothing => "–",
        };
        let rest: String = rest.iter().map(|cell| cell.html("td")).collect();
        format!("<tr><th scope=\"row\">{}</th>{rest}</tr>\n", escape(first))
    };
    let body: String = rows.iter().map(row).collect();
    let caption = escape(caption);
    format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n<table id=\"{id}\">\n\
         <caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n"
    )
}

/// A list of terms with their figures.
pub fn facts(id: &str, facts: &[(&str, Cell)]) -> String {
    let one = |(term, cell): &(&str, Cell)| format!("<dt>{}</dt>{}\n", escape(term), cell.html("dd"));
    format!("<dl id=\"{id}\">\n{}</dl>\n", facts.iter().map(one).collect::<String>())
}

pub fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape(text))
}

/// A section of the page.
pub fn section(id: &str, heading: &str, content: &str) -> String {
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-heading\">\n<h2 id=\"{id}-heading\">{}</h2>\n{content}</section>\n",
        escape(heading)
    )
}

/// A picture of the size that its points have, with what it shows in words. It is not drawn much smaller: it scrolls.
pub fn picture(title: &str, (width, height): (f64, f64), shapes: &str) -> String {
    let title = escape(title);
    format!(
        "<figure class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"{title}\">\n<svg role=\"img\" aria-label=\"{title}\" \
         viewBox=\"0 0 {width} {height}\" style=\"min-width:{:.0}px;max-width:{width}px\">\n{shapes}</svg>\n</figure>\n",
        width * 0.75
    )
}

/// A picture without small print, as wide as there is room.
pub fn broad(title: &str, (width, height): (f64, f64), shapes: &str) -> String {
    let title = escape(title);
    format!(
        "<figure class=\"broad\">\n<svg role=\"img\" aria-label=\"{title}\" viewBox=\"0 0 {width} {height}\">\n{shapes}</svg>\n\
         </figure>\n"
    )
}

/// A text in a picture.
pub fn label(x: f64, y: f64, anchor: &str, text: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>\n", escape(text))
}

/// A filled rectangle; `class` gives it its colour.
pub fn bar(class: &str, (x, y): (f64, f64), (width, height): (f64, f64)) -> String {
    format!(
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>\n",
        width.max(0.0)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_can_be_read_by_people_and_scripts() {
        let row = vec![Cell::text("a<b"), Cell::count(1234), Cell::share(1.0, 4.0), Cell::Nothing];
        let html = table("t", "c", &["x", "y", "z", "w"], &[row]);
        assert!(html.contains("<th scope=\"row\">a&lt;b</th>"), "{html}");
        assert!(html.contains("<td class=\"n\"><data value=\"1234\">1,234</data></td>"), "{html}");
        assert!(html.contains("<data value=\"0.25\">25.0 %</data></td><td class=\"n\">–</td>"), "{html}");
    }
}
