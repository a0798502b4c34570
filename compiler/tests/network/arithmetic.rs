//! The arithmetic of networks on numbers.

use crate::networks::ALL_STEPS;
use crate::plain::plain_step;
use crate::random::Random;
use mlc_compiler::arithmetic::network::{MOST_READING, decide, measure, numbers, step};
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

fn read(line: &str, decimals: u8, count: usize) -> Vec<i8> {
    measure(line.as_bytes(), decimals, &[Linear { multiplier: 1, offset: 0, shift: 0 }], count)
}

#[test]
fn lines_become_bytes() {
    assert_eq!(read("1,-2, 3.9;4\t5", 0, 5), [1, -2, 3, 4, 5]);
    assert_eq!(read("1.25 -0.5 .75 7 1.2.3", 1, 5), [12, -5, 7, 70, 12]);
    assert_eq!(read("", 2, 2), [0, 0], "values that are missing are 0");
    assert_eq!(read("1 2 3", 0, 2), [1, 2], "those too many are nothing");
    assert_eq!(read("x1y-2z", 0, 2), [1, -2], "other bytes stand between numbers");
    assert_eq!(read("200,-200,99999999999999999999", 0, 3), [127, -128, 127]);
    assert_eq!(read("5-3", 0, 2), [-53, 0], "a minus makes the whole number negative");
    assert_eq!(read("#1,-2,300,1.5", 3, 4), [1, -2, 127, 15], "behind # are the bytes themselves");
    let shifted = [Linear { multiplier: 1, offset: 0, shift: 16 }];
    assert_eq!(measure(b"99999999", 0, &shifted, 1), [(MOST_READING >> 16) as i8], "magnitudes have 23 bits");
    let lines =
        [Linear { multiplier: 3, offset: 1, shift: 1 }, Linear { multiplier: -1, offset: 5, shift: 0 }];
    assert_eq!(measure(b"4 4 -3 -3", 0, &lines, 4), [6, 1, -4, 8], "each value has its line, rounding down");
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
