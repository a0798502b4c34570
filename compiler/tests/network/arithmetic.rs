//! The arithmetic of networks on numbers.

use crate::networks::ALL_STEPS;
use crate::plain::plain_step;
use crate::random::Random;
use mlc_compiler::arithmetic::network::{Bytes, Line, MOST_READING, decide, measure, numbers, step};
use mlc_compiler::model::{Linear, Steps};

#[test]
fn steps_are_those_of_the_definition_and_never_fall() {
    let mut r = Random(7);
    for _ in 0..60_000 {
        let steps = ALL_STEPS[r.within(0, 2)];
        let mut multiplier = (1 << 30) + (r.next() % (1 << 30)) as i32;
        match r.within(0, 9) {
            0 => multiplier = [0, 1 << 30, i32::MAX, 3 << 29][r.within(0, 3)],
            1 => multiplier = (1 << 30) + (1 << r.within(7, 29)),
            _ => {}
        }
        if steps == Steps::Even {
            multiplier &= !127;
        }
        let shift = r.within(0, 26) as i8 - 25;
        let bits = r.within(1, 30);
        let sum = (r.next() as i64 & ((1 << bits) - 1)) * if r.chance(50) { 1 } else { -1 };
        // Ties: halves of the last step.
        let sum = if r.chance(30) { sum >> 8 << 8 } else { sum };
        let found = step(sum as i32, multiplier, shift, steps);
        assert_eq!(
            i64::from(found),
            plain_step(sum, multiplier, shift, steps),
            "{sum} {multiplier} {shift} {steps:?}"
        );
        assert!(
            found <= step(sum as i32 + 1, multiplier, shift, steps),
            "{sum} {multiplier} {shift} {steps:?}"
        );
    }
}

#[test]
fn sums_at_the_ends_are_cut_not_wrapped() {
    for steps in ALL_STEPS {
        let most = i32::MAX & !127;
        let (low, high) = (step(i32::MIN, most, 3, steps), step(i32::MAX, most, 3, steps));
        assert!(low < -2_100_000_000 && high > 2_100_000_000, "{steps:?}: {low}, {high}");
    }
}

const AS_IT_IS: [Linear; 1] = [Linear { multiplier: 1, offset: 0, shift: 0 }];

fn read(line: &str, decimals: u8, count: usize) -> Vec<i8> {
    values(measure(line.as_bytes(), decimals, Bytes::Lines(&AS_IT_IS), count))
}

fn values(line: Line) -> Vec<i8> {
    match line {
        Line::Values(values) => values,
        other => panic!("{other:?}"),
    }
}

#[test]
fn lines_become_bytes() {
    assert_eq!(read("1,-2, 3.9;4\t5", 0, 5), [1, -2, 3, 4, 5]);
    assert_eq!(read("1.25 -0.5 .75 7 1.", 1, 5), [12, -5, 7, 70, 10]);
    assert_eq!(read("  ,;1 ,\t;, 2 ", 0, 2), [1, 2], "what stands between may be several");
    assert_eq!(read("200,-200,99999999999999999999", 0, 3), [127, -128, 127]);
    assert_eq!(read("#1,-2,300,-0", 3, 4), [1, -2, 127, 0], "behind # are the bytes themselves");
    let shifted = [Linear { multiplier: 1, offset: 0, shift: 16 }];
    assert_eq!(
        values(measure(b"99999999", 0, Bytes::Lines(&shifted), 1)),
        [(MOST_READING >> 16) as i8],
        "magnitudes have 23 bits"
    );
    let lines =
        [Linear { multiplier: 3, offset: 1, shift: 1 }, Linear { multiplier: -1, offset: 5, shift: 0 }];
    assert_eq!(
        values(measure(b"4 4 -3 -3", 0, Bytes::Lines(&lines), 4)),
        [6, 1, -4, 8],
        "each value has its line, rounding down"
    );
}

#[test]
fn lines_that_are_something_else_are_not_guessed_at() {
    assert_eq!(measure(b"", 2, Bytes::Lines(&AS_IT_IS), 2), Line::Empty);
    let fault = |line: &str| match measure(line.as_bytes(), 2, Bytes::Lines(&AS_IT_IS), 2) {
        Line::Other(fault) => fault.to_string(),
        other => panic!("{line}: {other:?}"),
    };
    for (line, wants) in [
        (" ", "it has 0 numbers"),
        ("1", "it has 1 number"),
        ("1 2 3", "it has 3 numbers"),
        ("#1 2 3", "bytes are wanted behind #, 2 of them, and it has 3"),
        ("#", "bytes are wanted behind #, 2 of them, and it has 0"),
        ("abc", "value 1 is \"abc\"; machines read numbers like 12, -3 and 0.25"),
    ] {
        assert_eq!(fault(line), wants, "{line}");
    }
    for (line, place) in [
        ("1e1 2", 1),
        ("1 5-3", 2),
        ("1 --3", 2),
        ("1 -", 2),
        ("1 .", 2),
        ("1.2.3 1", 1),
        ("+1 1", 1),
        ("1/2", 1),
        ("#1 2.0", 2),
        ("1 #2", 2),
        ("1 2\u{a0}", 2),
    ] {
        assert!(fault(line).starts_with(&format!("value {place} is")), "{line}: {}", fault(line));
    }
}

#[test]
fn numbers_become_text() {
    let one = [Linear { multiplier: 1, offset: 0, shift: 0 }];
    assert_eq!(numbers(&[5, -7, 0, 120], 0, &one), "5 -7 0 120");
    assert_eq!(numbers(&[5, -7, 0, 1205], 2, &one), "0.05 -0.07 0.00 12.05");
    let scaled = Linear::near(2.5, 10.0).expect("a small factor");
    assert_eq!(numbers(&[4, -4, 1], 1, &[scaled]), "2.0 0.0 1.3", "halves go up");
}

#[test]
fn a_line_is_near_what_it_stands_for() {
    let mut r = Random(3);
    for _ in 0..20_000 {
        let factor = (r.within(1, 1_000_000) as f64 / 1000.0) * 10f64.powi(-(r.within(0, 7) as i32));
        let zero = r.within(0, 255) as f64 - 128.0;
        let line = Linear::near(factor, zero).expect("factors are below a million");
        let x = r.within(0, 255) as f64 / factor;
        if x < f64::from(MOST_READING) {
            let x = x as i32;
            let (found, wants) = (line.at(x) as f64, f64::from(x) * factor + zero);
            assert!((found - wants).abs() <= 0.52, "{factor} {zero} {x}: {found} for {wants}");
        }
    }
    for wrong in [f64::NAN, f64::INFINITY, 1e30] {
        assert_eq!(Linear::near(wrong, 0.0), None);
        assert_eq!(Linear::near(1.0, wrong), None);
    }
}

#[test]
fn an_answer_needs_its_margin() {
    assert_eq!(decide(&[3, 9, 9], 0), 1, "the first of the largest");
    assert_eq!(decide(&[3, 9, 9], 1), 3);
    assert_eq!(decide(&[3, 9, 5], 4), 1);
    assert_eq!(decide(&[3, 9, 5], 5), 3);
    assert_eq!(decide(&[9], 255), 0, "nothing is near the only one");
}
