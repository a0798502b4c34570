//! Training on LibTorch through the public functions. Only in builds with the feature `tch`, where LibTorch is.
#![cfg(feature = "tch")]

use mlc_trainer::{
    Device, DeviceError, Pairs, Settings, Task, TrainError, Trained, Training, evaluate, train,
};
use std::sync::atomic::AtomicBool;

const LIGHTS: &str = "\
light on|YES
light off|NO
lamp on please|YES
lamp off please|NO
is it dark|MAYBE
is it night|MAYBE
open the door|OPEN
close the door|CLOSED
";

fn on(device: Device, settings: Settings) -> Result<(Task, Trained), TrainError> {
    let settings = settings.with(|s| s.schedule.device = device);
    let mut pairs = Pairs::default();
    pairs.read(&mut LIGHTS.as_bytes(), "inline", &settings.limits()).unwrap();
    let task = Task::chat(&pairs, &settings).unwrap();
    let trained = train(&Training::new(&task, &settings), &AtomicBool::new(false), &mut |_| {})?;
    Ok((task, trained))
}

fn small() -> Settings {
    Settings::default().with(|s| {
        s.shape.hidden = vec![30, 21];
        s.schedule.epochs = Some(80);
        s.schedule.batch = 16;
        s.schedule.threads = 1;
    })
}

#[test]
fn learns_all_and_keeps_what_it_counted() {
    for warmup in [0, 20] {
        let (task, trained) = on(Device::TorchCpu, small().with(|s| s.schedule.warmup = warmup)).unwrap();
        assert_eq!(trained.train.replies_right, 8, "after a warm-up of {warmup}");
        assert_eq!(evaluate(&trained.model, task.train.held().unwrap(), 1), trained.train);
    }
}

#[test]
fn the_same_seed_gives_the_same_model() {
    let again = |seed| on(Device::TorchCpu, small().with(|s| s.schedule.seed = seed)).unwrap().1.model;
    assert_eq!(again(1), again(1));
    assert_ne!(again(1).body, again(2).body);
}

/// Where there is a CUDA device it is used; where there is none, that is the error.
#[test]
fn cuda_works_or_is_missed() {
    match on(Device::Cuda, small()) {
        Ok((_, trained)) => assert_eq!(trained.train.replies_right, 8),
        Err(e) => assert_eq!(e, TrainError::Device(DeviceError::NoCuda)),
    }
}
