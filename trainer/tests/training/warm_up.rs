//! Epochs without rounding.

use super::{SMALL_TALK, pairs, run, small};
use mlc_trainer::{Task, evaluate};

#[test]
fn warm_up_ends_in_an_integer_network() {
    let task = Task::chat(&pairs(SMALL_TALK), &small()).unwrap();
    let trained = run(&task, &small().with(|s| s.schedule.warmup = 20), None);
    assert_eq!(trained.train.replies_right, 13);
    assert_eq!(evaluate(&trained.model, task.train.held().unwrap(), 2), trained.train);
}

#[test]
fn a_network_kept_in_warm_up_is_the_one_that_was_counted() {
    let pairs = pairs(SMALL_TALK);
    let settings = small().with(|s| {
        s.schedule.epochs = Some(10);
        s.schedule.warmup = 10;
    });
    let task = Task::chat(&pairs, &settings).unwrap();
    let trained = run(&task, &settings, None);
    assert_eq!(evaluate(&trained.model, task.train.held().unwrap(), 1), trained.train);
    let nonzero = trained.model.body.nonzero();
    assert_eq!(nonzero, trained.nonzero);
}
