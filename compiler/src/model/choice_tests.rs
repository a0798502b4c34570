//! What is chosen by the rules that a model's choice gives.

use super::{Choice, Draw, Penalty};
use crate::arithmetic::choose::{ChoiceRules, choose, next_random, penalized};

fn rules(draw: Option<Draw>, penalty: Option<Penalty>) -> ChoiceRules {
    Choice { draw, penalty, beam: None }.rules(8)
}

#[test]
fn random_numbers_come_round_after_all_of_them() {
    let mut x = 1;
    let mut seen = vec![false; 1 << 16];
    for _ in 0..65_535 {
        assert!(x != 0 && !std::mem::replace(&mut seen[usize::from(x)], true), "{x} twice");
        x = next_random(x);
    }
    assert_eq!(x, 1);
}

#[test]
fn tokens_are_drawn_as_often_as_they_weigh() {
    // One nat between neighbours: 1 : 0.37 : 0.14, and a fourth that is too unlikely.
    let logits = [-256, 0, -512, -2048];
    let drawn = |draw: Draw| {
        let rules = rules(Some(draw), None);
        let mut counts = [0; 4];
        (1..=u16::MAX).for_each(|random| counts[choose(&logits, &[], random, &rules)] += 1);
        counts
    };
    let near = |found: [i32; 4], wants: [i32; 4]| {
        let far = found.iter().zip(wants).any(|(f, w)| (f - w).abs() > 350);
        assert!(!far, "{found:?}, not {wants:?}");
    };
    near(drawn(Draw::default()), [16_034, 43_586, 5_899, 15]);
    near(drawn(Draw { top_k: 2, ..Draw::default() }), [17_625, 47_910, 0, 0]);
    near(drawn(Draw { min_p: 200, ..Draw::default() }), [17_625, 47_910, 0, 0]);
    near(drawn(Draw { top_p: 700, ..Draw::default() }), [17_625, 47_910, 0, 0]);
    near(drawn(Draw { top_p: 600, ..Draw::default() }), [0, 65_535, 0, 0]);
    near(drawn(Draw { temperature: 500, ..Draw::default() }), [7_690, 56_790, 1_040, 0]);
    near(drawn(Draw { top_k: 1, ..Draw::default() }), [0, 65_535, 0, 0]);
}

#[test]
fn equal_logits_are_taken_in_their_order() {
    let rules = rules(Some(Draw { top_k: 3, ..Draw::default() }), None);
    let logits = [i16::MIN, 7, 7, 7, 7, i16::MAX];
    assert_eq!(choose(&logits, &[], 1, &rules), 5);
    let mut seen = [0; 5];
    (1..=u16::MAX).for_each(|random| seen[choose(&logits[..5], &[], random, &rules)] += 1);
    assert_eq!(seen, [0, 21_845, 21_845, 21_845, 0]);
}

#[test]
fn a_penalty_makes_logits_smaller() {
    let mantissas = Penalty { strength: 2000, recent: 4 }.mantissas();
    let of = |logit| penalized(logit, mantissas);
    assert_eq!([100, 1, 0, -1, -100, -20_000, i16::MIN].map(of), [50, 0, 0, -2, -200, i16::MIN, i16::MIN]);
    for strength in [1001, 1100, 3900] {
        let mantissas = Penalty { strength, recent: 1 }.mantissas();
        (i16::MIN..=i16::MAX).for_each(|l| assert!(penalized(l, mantissas) <= l, "{l} by {strength}"));
    }
    let rules = rules(None, Some(Penalty { strength: 2000, recent: 4 }));
    assert_eq!(choose(&[3, 10, 6, 9], &[], 1, &rules), 1);
    assert_eq!(choose(&[3, 10, 6, 9], &[1, 1], 1, &rules), 3);
    assert_eq!(choose(&[3, 10, 6, 9], &[3, 1], 1, &rules), 2);
}
