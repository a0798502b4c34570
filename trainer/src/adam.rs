//! Adam (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1 with the efficient form of its section 2).

pub(crate) const BETA1: f32 = 0.9;
pub(crate) const BETA2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// The step size of one update, the same for all parameters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub size: f32,
    pub epsilon: f32,
}

impl Step {
    /// `number` counts from 1.
    pub(crate) fn new(learning_rate: f32, number: u64) -> Self {
        let power = |beta: f32| 1.0 - f64::from(beta).powf(number as f64);
        let root = power(BETA2).sqrt();
        Self {
            size: (f64::from(learning_rate) * root / power(BETA1)) as f32,
            epsilon: (f64::from(EPSILON) * root) as f32,
        }
    }

    /// New value of one parameter.
    #[inline(always)]
    pub(crate) fn update(self, value: f32, gradient: f32, first: &mut f32, second: &mut f32) -> f32 {
        *first = BETA1 * *first + (1.0 - BETA1) * gradient;
        *second = BETA2 * *second + (1.0 - BETA2) * gradient * gradient;
        value - self.size * *first / (second.sqrt() + self.epsilon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_size_of_the_learning_rate() {
        for gradient in [1e-3, -40.0] {
            let (mut first, mut second) = (0.0, 0.0);
            let value = Step::new(0.01, 1).update(1.0, gradient, &mut first, &mut second);
            assert!((value - (1.0 - 0.01 * gradient.signum())).abs() < 1e-5, "{value}");
        }
    }

    #[test]
    fn finds_the_bottom_of_a_parabola() {
        let (mut x, mut first, mut second) = (3.0f32, 0.0, 0.0);
        for number in 1..=2000 {
            x = Step::new(0.01, number).update(x, 2.0 * (x - 1.0), &mut first, &mut second);
        }
        assert!((x - 1.0).abs() < 1e-3, "{x}");
    }
}
