//! Why a stage takes one form and not another.

use super::demands::{Demands, LayerError, Optimize};
use super::survey::{Combination, Survey};
use crate::weights::Form;
use std::cmp::Ordering;

/// Why a form was taken for a stage, or not, the other stages being as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Taken,
    /// Taken because the user says so.
    Asked,
    /// The user asked for another one.
    NotAsked,
    /// As fast and as large as the one that was taken.
    Same,
    Slower,
    Larger,
    SlowerAndLarger,
    /// Faster, but by less than the bytes are worth that it takes more.
    HardlyFaster,
    /// Faster, and by its estimate so many bytes larger than what fits.
    TooLarge(usize),
    /// Faster, and too large once it was built.
    DidNotFit,
    /// Smaller by its estimate, but not once it was built.
    NoSmaller,
}

impl Why {
    /// Whether it says that the program would be larger.
    pub fn is_larger(self) -> bool {
        matches!(self, Self::Larger | Self::SlowerAndLarger)
    }
}

/// For each stage, why each of [`Survey::options`] was taken or not.
///
/// # Errors
/// A demand for a layer that is not there.
pub fn reasons(survey: &Survey, demands: &Demands, taken: &Combination) -> Result<Vec<Vec<Why>>, LayerError> {
    let asked = survey.asked(demands)?;
    let forms = survey.forms(taken);
    let reason = |stage: usize, form: Option<Form>| match (asked[stage], form == forms[stage]) {
        (None, true) => Why::Taken,
        (Some(_), true) => Why::Asked,
        (Some(_), false) => Why::NotAsked,
        (None, false) => {
            let mut other = forms.clone();
            other[stage] = form;
            let other = survey.find(taken.variant, &other).expect("an option is an offer of some variant");
            against(survey, demands, taken, &other)
        }
    };
    let stage = |at| survey.options(taken.variant, at).iter().map(|option| reason(at, option.form)).collect();
    Ok((0..forms.len()).map(stage).collect())
}

/// Why `other` is not the plan, but `taken` is.
fn against(survey: &Survey, demands: &Demands, taken: &Combination, other: &Combination) -> Why {
    let ((needs, cost), (other_needs, other_cost)) = (survey.estimate(taken), survey.estimate(other));
    let (slower, larger) = (other_cost.total_cmp(&cost), other_needs.image.cmp(&needs.image));
    match (slower, larger, demands.optimize) {
        (Ordering::Greater, Ordering::Greater, _) => Why::SlowerAndLarger,
        (Ordering::Equal, Ordering::Equal, _) => Why::Same,
        (Ordering::Greater, _, Optimize::Speed) | (Ordering::Greater, Ordering::Equal, _) => Why::Slower,
        (Ordering::Equal, Ordering::Greater, _) | (_, Ordering::Greater, Optimize::Size) => Why::Larger,
        (_, _, Optimize::Size) => Why::NoSmaller,
        (_, _, Optimize::Speed) => match demands.excess(&survey.target, other_needs) {
            0 if survey.processor().slack() > 1.0 => Why::HardlyFaster,
            0 => Why::DidNotFit,
            bytes => Why::TooLarge(bytes),
        },
    }
}
