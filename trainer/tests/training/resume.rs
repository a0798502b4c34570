//! Training that goes on with a model.

use super::{LIGHTS, SMALL_TALK, chat, pairs, run, small};
use mlc_trainer::{LabelOrder, Settings, Task, TrainError, Training, evaluate, train};
use std::sync::atomic::AtomicBool;

#[test]
fn a_model_learns_more_without_forgetting() {
    let task = Task::chat(&pairs(SMALL_TALK), &small()).unwrap();
    let first = run(&task, &small(), None).model;
    let more = pairs(&format!("{SMALL_TALK}what is 2 and 2|4\nwhat is 3 and 3|6\n"));
    let (task, wider) = Task::resume(&more, &first).unwrap();
    wider.check().unwrap();
    let (old, new) = (chat(&first).charset.len(), chat(&wider).charset.len());
    assert_eq!(new, old + 2);
    assert_eq!(&chat(&wider).charset[old - 1..], b"46\0");
    let before = evaluate(&wider, task.train.held().unwrap(), 1);
    assert_eq!((before.replies_right, before.replies), (13, 15), "nothing is lost by going on");
    let settings = small().with(|s| s.schedule.epochs = Some(150));
    let trained = run(&task, &settings, Some(&wider));
    assert_eq!(trained.train.replies_right, 15);

    let hopeless = small().with(|s| {
        s.schedule.learning_rate = 1.0;
        s.schedule.epochs = Some(2);
    });
    let trained = run(&task, &hopeless, Some(&wider));
    assert_eq!((trained.epoch, trained.model.body), (0, wider.body), "never worse than the start");

    let other = Training { start: Some(&first), ..Training::new(&task, &settings) };
    let error = train(&other, &AtomicBool::new(false), &mut |_| {}).unwrap_err();
    assert!(matches!(error, TrainError::OtherModel { .. }), "{error}");
}

#[test]
fn a_classifier_learns_a_new_label() {
    let settings = Settings::classifier().with(|s| {
        s.schedule.epochs = Some(100);
        s.schedule.batch = 4;
    });
    let task = Task::classifier(&pairs(LIGHTS), &settings, LabelOrder::FirstSeen).unwrap();
    let first = run(&task, &settings, None).model;
    let more = pairs(&format!("{LIGHTS}what colour is it|ASK\nwhich colour|ASK\n"));
    let (task, wider) = Task::resume(&more, &first).unwrap();
    let trained = run(&task, &settings.with(|s| s.schedule.learning_rate = 0.005), Some(&wider));
    assert_eq!(trained.train.replies_right, 14);
}
