//! What networks cost: fewer weights, fewer visits, budgets.

use super::{SMALL_TALK, pairs, run, small};
use mlc_trainer::{Budget, CostModel, NonzeroWeights, Task, Training, VisitedWeights, train};
use std::sync::atomic::AtomicBool;

#[test]
fn sparsity_saves_weights_and_economy_visits() {
    let task = Task::chat(&pairs(SMALL_TALK), &small()).unwrap();
    let budgets = [Budget { model: &VisitedWeights, limit: f64::MAX }];
    let costs = |sparsity: f32, economy: f32| {
        let settings = small().with(|s| {
            s.shape.sparsity = sparsity;
            s.shape.economy = economy;
        });
        let training = Training { budgets: &budgets, ..Training::new(&task, &settings) };
        let trained = train(&training, &AtomicBool::new(false), &mut |_| {}).unwrap();
        assert_eq!(trained.train.replies_right, 13);
        (trained.nonzero, trained.costs[0])
    };
    let (free, sparse, economic) = (costs(0.0, 0.0), costs(3.0, 0.0), costs(0.0, 6.0));
    assert!(sparse.0 * 2 < free.0, "{sparse:?} of {free:?}");
    assert!(economic.1 * 2.0 < free.1, "{economic:?} of {free:?}");
}

#[test]
fn budgets_are_kept() {
    let settings = small().with(|s| s.schedule.epochs = Some(150));
    let task = Task::chat(&pairs(SMALL_TALK), &settings).unwrap();
    let free = run(&task, &settings, None);
    let rows = |model: &dyn CostModel, limit: f64| {
        let budgets = [Budget { model, limit }];
        let training = Training { budgets: &budgets, ..Training::new(&task, &settings) };
        train(&training, &AtomicBool::new(false), &mut |_| {}).unwrap()
    };
    let limit = (free.nonzero / 2) as f64;
    let trained = rows(&NonzeroWeights, limit);
    assert!(trained.within_budget && trained.nonzero as f64 <= limit, "{} of {limit}", trained.nonzero);
    assert_eq!(trained.costs, [trained.nonzero as f64]);
    assert_eq!(trained.train.replies_right, 13, "half of the weights are enough");
    // Sampled activity of the very network that is kept.
    let visits = rows(&VisitedWeights, f64::MAX).costs[0];
    let trained = rows(&VisitedWeights, visits / 2.0);
    assert!(trained.within_budget && trained.costs[0] <= visits / 2.0, "{:?} of {visits}", trained.costs);
    // A model that is too large may be trained until it fits: it is not kept for its better figures.
    let budgets = [Budget { model: &NonzeroWeights, limit }];
    let start = Some(&free.model);
    let smaller = Training { start, budgets: &budgets, ..Training::new(&task, &settings) };
    let smaller = train(&smaller, &AtomicBool::new(false), &mut |_| {}).unwrap();
    assert!(smaller.within_budget && smaller.epoch > 0 && smaller.nonzero as f64 <= limit);
    let impossible = rows(&NonzeroWeights, 1.0);
    assert!(!impossible.within_budget, "what cannot be is said");
    // The model that training went on from is the best beyond the limit, with its own figures.
    let beyond = smaller.beyond.unwrap();
    assert_eq!((beyond.train.replies_right, free.beyond), (13, None));
    assert!(beyond.costs[0] > limit, "{beyond:?}");
}
