//! Texts of sequence models with one thing damaged: an error or a model that keeps the rules, never a panic, and soon.

use super::random::Random;
use super::sequence_small::small_story;
use super::transformers::story;
use mlc_compiler::model::Model;
use mlc_compiler::valid::validate;
use mlc_compiler::{eval, import::ron, ir};
use std::time::{Duration, Instant};

const SEEDS: u64 = 500;

/// A text with a few bytes, a line or a number changed.
fn damaged(text: &str, r: &mut Random) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = r.within(0, chars.len() - 1);
    let lines: Vec<&str> = text.lines().collect();
    let line = r.within(0, lines.len() - 1);
    match r.within(0, 8) {
        0 => {
            chars[at] =
                ['(', ')', '[', ']', ',', ':', '"', '\\', '0', '9', '-', 'A', '/', '\u{0}', 'é', '\u{1f600}']
                    [r.within(0, 15)];
        }
        1 => chars.truncate(at),
        2 => drop(chars.drain(at..(at + r.within(1, 60)).min(text.chars().count()))),
        3 => {
            let part: Vec<char> = chars[at..(at + r.within(1, 60)).min(chars.len())].to_vec();
            chars.splice(at..at, part);
        }
        4 => chars.insert(at, ['"', '(', 'x', '1', '\n'][r.within(0, 4)]),
        5 => return [&lines[..line], &lines[line + 1..]].concat().join("\n"),
        6 => return [&lines[..=line], &lines[line..]].concat().join("\n"),
        7 => {
            let other = r.within(0, lines.len() - 1);
            let mut lines = lines;
            lines.swap(line, other);
            return lines.join("\n");
        }
        _ => return another_number(text, r),
    }
    chars.into_iter().collect()
}

/// A text with one of its numbers changed.
fn another_number(text: &str, r: &mut Random) -> String {
    let digit = |c: char| c.is_ascii_digit();
    let starts: Vec<usize> = text
        .char_indices()
        .filter(|&(at, c)| digit(c) && text[..at].ends_with([' ', '[', '(', '-']))
        .map(|(at, _)| at)
        .collect();
    let start = starts[r.within(0, starts.len() - 1)];
    let length = text[start..].find(|c| !digit(c)).expect("a bracket behind it");
    let numbers = [
        "0",
        "1",
        "2",
        "3",
        "7",
        "255",
        "256",
        "4096",
        "65535",
        "65536",
        "4294967295",
        "4294967296",
        "1.5",
        "-1",
    ];
    format!("{}{}{}", &text[..start], numbers[r.within(0, numbers.len() - 1)], &text[start + length..])
}

/// What is read is a model: its graph is right, and runs.
fn runs(model: &Model) {
    assert_eq!(model.check(), Ok(()));
    let graph = ir::build(model).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(validate(&graph, "build"), Ok(()));
    if story(model).most < 100 {
        eval::run(&graph, "aé ab\n".as_bytes());
    }
    assert_eq!(ron::read(&ron::write(model), "model.ron").as_ref(), Ok(model));
}

#[test]
fn damaged_texts_are_refused_or_read() {
    let good = ron::write(&small_story());
    let (mut refused, mut placed, mut read, mut longest) = (0, 0, 0, Duration::ZERO);
    for seed in 0..SEEDS {
        let mut r = Random(seed);
        let mut text = damaged(&good, &mut r);
        if r.chance(30) {
            text = damaged(&text, &mut r);
        }
        let start = Instant::now();
        match ron::read(&text, "model.ron") {
            Ok(model) => {
                read += 1;
                runs(&model);
            }
            Err(e) => {
                refused += 1;
                placed += usize::from(e.position.is_some_and(|at| at.line > 2));
                assert!(!e.to_string().contains('\n') && e.to_string().len() < 500, "{e}");
                assert!(!e.help().is_empty());
                let lines = text.lines().count().max(1);
                assert!(e.position.is_none_or(|at| at.line <= lines + 1), "{e}");
            }
        }
        longest = longest.max(start.elapsed());
    }
    println!(
        "{refused} refused, {placed} of them with a place inside, {read} read, the longest took {longest:?}"
    );
    assert!(refused > 300 && placed > 200 && read > 20);
    assert!(longest < Duration::from_secs(10), "{longest:?}");
}
