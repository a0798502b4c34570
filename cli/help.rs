//! `mlc help`: what `--help` says, and topics, which are pages of the documents or parts of them, for who is offline.

use crate::args::HelpArgs;
use crate::error::CliError;
use crate::nearest::nearest;
use crate::table::{Align, fold_to, table, width};
use crate::{Outcome, parse};
use clap::Command;
use std::io::Write;

/// A page of the documents, or what stands below one of its headings.
struct Topic {
    name: &'static str,
    about: &'static str,
    page: &'static str,
    heading: Option<&'static str>,
}

const COMMAND_LINE: &str = include_str!("../docs/command-line.md");
const DATA: &str = include_str!("../docs/data.md");

const fn part(name: &'static str, about: &'static str, page: &'static str, heading: &'static str) -> Topic {
    Topic { name, about, page, heading: Some(heading) }
}

const fn page(name: &'static str, about: &'static str, page: &'static str) -> Topic {
    Topic { name, about, page, heading: None }
}

const TOPICS: [Topic; 22] = [
    part("models", "how a model is named, and where it is looked for", COMMAND_LINE, "Models"),
    part("targets", "machines, chips and boards to compile for", COMMAND_LINE, "Targets"),
    part("exit-codes", "what a command's exit code says", COMMAND_LINE, "Exit codes"),
    part("completions", "completions for shells, and man pages", COMMAND_LINE, "Completions and man pages"),
    part("project", "mlc.ron: many programs at once, and checks of them", COMMAND_LINE, "Projects"),
    part("environment", "variables that mlc heeds", COMMAND_LINE, "Environment"),
    page("json", "what --json and --message-format json print", include_str!("../docs/json.md")),
    part("pairs", "what a network learns from: pairs and other kinds of files", DATA, "Kinds of files"),
    part("templates", "pages that thousands of pairs are made of", DATA, "Templates"),
    page("model", "the format of model.ron", include_str!("../docs/model-format.md")),
    page("training", "making a network from pairs", include_str!("../docs/training.md")),
    page("sequence", "sequence models", include_str!("../docs/sequence.md")),
    page("sensors", "networks on numbers", include_str!("../docs/sensors.md")),
    page("cpm", "the program on a CP/M machine", include_str!("../docs/cpm.md")),
    page("spectrum", "the program on a ZX Spectrum", include_str!("../docs/zx-spectrum.md")),
    page("zx128", "the program on a ZX Spectrum 128", include_str!("../docs/zx128.md")),
    page("cpc", "the program on an Amstrad CPC", include_str!("../docs/cpc.md")),
    page("cpc6128", "the program on an Amstrad CPC 6128", include_str!("../docs/cpc6128.md")),
    page("msx", "cartridges for the MSX, and MSX-DOS", include_str!("../docs/msx.md")),
    page("avr", "firmware for AVR boards", include_str!("../docs/avr.md")),
    page("calling", "calling a network from a program of your own", include_str!("../docs/calling.md")),
    page("page", "pages to share that run a program, and reports", include_str!("../docs/page.md")),
];

pub fn run(args: &HelpArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    if let [word] = args.words.as_slice()
        && let Some(topic) = TOPICS.iter().find(|topic| topic.name == *word)
    {
        write!(out, "{}", topic.text(width()))?;
        return Ok(Outcome::Done);
    }
    find(&mut parse::command(), &args.words)?;
    // What `--help` says, with its colours where there are any.
    let words = ["mlc"].into_iter().chain(args.words.iter().map(String::as_str)).chain(["--help"]);
    if let Err(help) = parse::command().try_get_matches_from(words) {
        help.print()?;
    }
    if args.words.is_empty() {
        let row = |topic: &Topic| vec![format!("  {}", topic.name), topic.about.to_string()];
        let rows: Vec<_> = TOPICS.iter().map(row).collect();
        write!(
            out,
            "\nTopics, for `mlc help TOPIC`:\n{}",
            table(&[("", Align::Left), ("", Align::Fold)], &rows)
        )?;
    }
    Ok(Outcome::Done)
}

/// A command by the words that it is called with, its help ready to be printed.
///
/// # Errors
/// There is none of that name: wrong usage.
pub fn find<'a>(command: &'a mut Command, words: &[String]) -> Result<&'a mut Command, CliError> {
    command.build();
    let mut found = command;
    for word in words {
        let known: Vec<String> = found.get_subcommands().map(|c| c.get_name().to_string()).collect();
        if !known.contains(word) {
            let topics = TOPICS.iter().map(|topic| topic.name.to_string());
            let hint = match nearest(word, known.into_iter().chain(topics)) {
                Some(meant) => format!("is it {meant}?"),
                None => "`mlc help` lists commands and topics".to_string(),
            };
            return Err(CliError::Usage(format!("there is no command and no topic \"{word}\": {hint}")));
        }
        found = found.find_subcommand_mut(word).expect("its name is among those of all");
    }
    Ok(found)
}

impl Topic {
    /// For a terminal of that width.
    fn text(&self, width: usize) -> String {
        let page = match self.heading {
            Some(heading) => section(self.page, heading).expect("a test looks for every heading"),
            None => self.page,
        };
        plain(page, width)
    }
}

/// What stands below a heading of the second level, the heading included.
fn section<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let line = format!("\n## {heading}\n");
    let text = &page[page.find(&line)? + 1..];
    Some(text[3..].find("\n## ").map_or(text, |end| &text[..end + 4]))
}

/// Markdown as text for a terminal: paragraphs folded, links without their addresses, tables aligned, comments and pictures left out.
fn plain(page: &str, width: usize) -> String {
    let (mut out, mut lines) = (String::new(), page.lines().peekable());
    while let Some(line) = lines.next() {
        let next_is = |lines: &mut std::iter::Peekable<std::str::Lines>, begins: fn(&str) -> bool| {
            lines.next_if(|next| begins(next)).map(str::to_string)
        };
        if line.is_empty() {
            // Where a comment stood there is one already.
            if !out.is_empty() && !out.ends_with("\n\n") {
                out.push('\n');
            }
        } else if line.starts_with("![") {
            // A terminal shows no pictures.
        } else if line.starts_with('#') {
            out += &line.trim_start_matches('#').trim().to_uppercase();
            out.push('\n');
        } else if line.starts_with("```") {
            for line in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                out += format!("    {line}").trim_end();
                out.push('\n');
            }
        } else if line.starts_with("<!--") {
            let mut last = line;
            while !last.contains("-->")
                && let Some(next) = lines.next()
            {
                last = next;
            }
        } else if line.starts_with('|') {
            let mut rows = vec![line.to_string()];
            while let Some(row) = next_is(&mut lines, |next| next.starts_with('|')) {
                rows.push(row);
            }
            out += &aligned(&rows);
        } else {
            let mut text = line.to_string();
            while let Some(more) = next_is(&mut lines, goes_on) {
                text += &format!(" {}", more.trim_start());
            }
            let indent = if line.starts_with("- ") { "  " } else { "" };
            out += &fold_to(width, &unlinked(&text), indent);
            out.push('\n');
        }
    }
    out
}

/// Whether a line goes on with the paragraph before it.
fn goes_on(line: &str) -> bool {
    !line.is_empty() && !["#", "- ", "```", "|", "<!--", "!["].iter().any(|begin| line.starts_with(begin))
}

/// A table of Markdown, its widest column folded.
fn aligned(rows: &[String]) -> String {
    // A bar in a cell has a backslash before it.
    let cells = |row: &String| -> Vec<String> {
        let row = row.trim().trim_start_matches('|').replace("\\|", "\u{0}");
        let row = row.strip_suffix('|').unwrap_or(&row);
        row.split('|').map(|cell| unlinked(&cell.trim().replace('\u{0}', "|"))).collect()
    };
    let mut rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let is_rule = |row: &Vec<String>| row.iter().all(|cell| cell.trim_matches(['-', ':']).is_empty());
    if rows.get(1).is_some_and(is_rule) {
        rows.remove(1);
    }
    let header = rows.remove(0);
    let wide = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widest = (0..header.len()).max_by_key(|at| wide(*at));
    let align = |at: usize| if Some(at) == widest { Align::Fold } else { Align::Left };
    let columns: Vec<_> = header.iter().enumerate().map(|(at, title)| (title.as_str(), align(at))).collect();
    table(&columns, &rows)
}

/// `[text](address)` becomes `text`.
fn unlinked(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(open) = rest.find('[') {
        let link = rest[open..].find("](").and_then(|middle| {
            let end = rest[open + middle..].find(')')?;
            Some((open + middle, open + middle + end + 1))
        });
        let Some((middle, end)) = link.filter(|(middle, _)| !rest[open + 1..*middle].contains('[')) else {
            out += &rest[..=open];
            rest = &rest[open + 1..];
            continue;
        };
        out += &rest[..open];
        out += &rest[open + 1..middle];
        rest = &rest[end..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_is_there_and_fits_a_terminal() {
        for topic in &TOPICS {
            let text = topic.text(80);
            assert!(text.lines().count() > 4, "{}: {text}", topic.name);
            assert!(!text.contains("](") && !text.contains("<!--"), "{}: {text}", topic.name);
            // What is indented is shown as it is written.
            let prose = text.lines().filter(|line| !line.starts_with(' ') && !line.contains("  "));
            let wide = prose.into_iter().find(|line| line.contains(' ') && line.chars().count() > 80);
            assert_eq!(wide, None, "{}", topic.name);
        }
        let mut names: Vec<_> = TOPICS.iter().map(|topic| topic.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TOPICS.len());
    }

    #[test]
    fn markdown_becomes_text() {
        let page = "# A page\n\nSome [words](there.md#at) that\ngo on, and [some] more.\n![a picture](x.png)\n\n<!-- a\ncomment -->\n\
                    - one\n  of it\n- two\n\n```sh\nmlc run\n```\n| a | b |\n|---|--:|\n| `x\\|y` | [z](w) |\n\n## Other\nx\n";
        let wants = "A PAGE\n\nSome words that go\n\
                     on, and [some]\n\
                     more.\n\n- one of it\n- two\n\n    mlc run\na      b\n`x|y`  z\n\nOTHER\nx\n";
        assert_eq!(plain(page, 18), wants);
        assert_eq!(section(page, "Other"), Some("## Other\nx\n"));
        assert_eq!(section("\n## A\nx\n## B\ny\n", "A"), Some("## A\nx\n"));
        assert_eq!(section(page, "None"), None);
    }
}
